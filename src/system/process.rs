//! Running another program: the whole command line and environment are values, and both are in the error.
//!
//! Enters: a [`Program`]. Leaves: its standard output, or a failure that names the program, its exit status and the end of
//! what it said. Nothing goes through a shell, and nothing is inherited but what is named.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use crate::refusal::Failure;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// How many lines of a failed program's output are repeated in the error.
const TAIL_LINES: usize = 25;

/// What the program sees of our environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Ours, unchanged: for tools of the distribution that ask dpkg's variables.
    Inherited,
    /// These variables and no others.
    Only(BTreeMap<String, OsString>),
}

/// One call of another program.
#[derive(Clone, Debug)]
pub struct Program {
    /// The program and its arguments; at least one element.
    pub argv: Vec<OsString>,
    /// Its environment.
    pub environment: Environment,
    /// Its working directory; ours when absent.
    pub directory: Option<PathBuf>,
    /// Where its standard output and error go together; when absent they are captured.
    pub log: Option<PathBuf>,
}

impl Program {
    /// A call of `argv` with our environment and directory.
    pub fn new<S: Into<OsString>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            environment: Environment::Inherited,
            directory: None,
            log: None,
        }
    }

    fn shown(&self) -> String {
        self.argv.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    fn command(&self) -> Result<Command, Failure> {
        let Some((program, arguments)) = self.argv.split_first() else {
            return Err(Failure::unable("an empty command line was to be run"));
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        if let Environment::Only(variables) = &self.environment {
            command.env_clear().envs(variables);
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        Ok(command)
    }

    /// Runs the program to its end; leaves its standard output (empty when it goes to a log).
    ///
    /// # Errors
    /// When it cannot be started or does not exit with status 0; the message ends with the last lines that it printed.
    pub fn run(&self) -> Result<Vec<u8>, Failure> {
        let mut command = self.command()?;
        let cannot = |error: std::io::Error| Failure::unable(format!("cannot run `{}`: {error}", self.shown()));
        if let Some(log) = &self.log {
            let file = super::fs::create_log(log)?;
            command.stdout(file.try_clone().map_err(cannot)?).stderr(file);
            let status = command.status().map_err(cannot)?;
            if status.success() {
                return Ok(Vec::new());
            }
            let said = super::fs::read(log, u64::MAX).unwrap_or_default();
            let text = format!("`{}` failed ({status})\n{}", self.shown(), tail(&said));
            return Err(Failure::Unable {
                message: text,
                hint: Some(format!("the whole output is in {}", log.display())),
            });
        }
        let output = command.output().map_err(cannot)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(Failure::unable(format!("`{}` failed ({})\n{}", self.shown(), output.status, tail(&output.stderr))))
    }

    /// Runs the program to its end at the user's terminal: it may ask for a passphrase.
    ///
    /// # Errors
    /// When it cannot be started or does not exit with status 0.
    pub fn run_at_terminal(&self) -> Result<(), Failure> {
        let mut command = self.command()?;
        // standard output is ours, for programs that read it
        let status = command.stdin(Stdio::inherit()).stdout(std::io::stderr()).status();
        let status = status.map_err(|error| Failure::unable(format!("cannot run `{}`: {error}", self.shown())))?;
        if status.success() { Ok(()) } else { Err(Failure::unable(format!("`{}` failed ({status})", self.shown()))) }
    }

    /// Whether the program can be started and exits with status 0; what it prints is dropped.
    pub fn succeeds(&self) -> bool {
        self.command()
            .and_then(|mut command| {
                let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
                status.map_err(|error| Failure::unable(error.to_string()))
            })
            .is_ok_and(|status| status.success())
    }
}

fn tail(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.len().saturating_sub(TAIL_LINES);
    lines.get(start..).unwrap_or_default().iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
