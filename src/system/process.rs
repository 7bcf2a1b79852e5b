//! Running another program: the whole command line and environment are values, and both are in the error.
//!
//! Enters: a [`Program`]. Leaves: its standard output, or a failure that names the program, its exit status and the end of
//! what it said. Nothing goes through a shell, and nothing is inherited but what is named.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use crate::refusal::Failure;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

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

/// How often a program that has a limit of time is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How a program ended that was given a limit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It exited with status 0.
    Well,
    /// It exited with another status, or was killed by a signal.
    Badly(ExitStatus),
    /// It was killed by us when its time was over.
    Late,
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

    /// Runs the program to its end or for `limit`, whichever is first; its output goes to its log, or is dropped.
    ///
    /// # Errors
    /// When it cannot be started. That it fails or takes too long is an answer.
    pub fn run_for(&self, limit: Duration) -> Result<Ended, Failure> {
        let cannot = |error: std::io::Error| Failure::unable(format!("cannot run `{}`: {error}", self.shown()));
        let mut command = self.command()?;
        match &self.log {
            Some(log) => {
                let file = super::fs::create_log(log)?;
                command.stdout(file.try_clone().map_err(cannot)?).stderr(file);
            }
            None => {
                command.stdout(Stdio::null()).stderr(Stdio::null());
            }
        }
        let started = Instant::now();
        let mut child = command.spawn().map_err(cannot)?;
        loop {
            if let Some(status) = child.try_wait().map_err(cannot)? {
                return Ok(if status.success() { Ended::Well } else { Ended::Badly(status) });
            }
            if started.elapsed() >= limit {
                child.kill().map_err(cannot)?;
                child.wait().map_err(cannot)?;
                return Ok(Ended::Late);
            }
            std::thread::sleep(LOOK_EVERY);
        }
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

/// The last lines of a program's output, each indented.
pub fn tail(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.len().saturating_sub(TAIL_LINES);
    lines.get(start..).unwrap_or_default().iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
