//! Locking a project by the tool that its developer has: uv, pip-compile, or pip.
//!
//! Enters: what is to be locked, and the Python that it is for. Leaves: the text of a lock with hashes. The tool decides about versions and
//! reaches the network by its own settings; what it writes is read as any other lock, by its hashes. It writes into a directory of
//! ours, so that nothing of the project is changed before everything is decided.

use crate::maintain::new_package::words::one_line;
use crate::python::interpreter::Interpreter;
use crate::refusal::Failure;
use crate::system::fs;
use crate::system::process::Program;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Upper bound for a lock, in bytes.
const SIZE: u64 = 64 << 20;

/// A tool that locks with hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockTool {
    /// <https://docs.astral.sh/uv/>
    Uv,
    /// <https://pip-tools.readthedocs.io/>
    PipCompile,
    /// <https://pip.pypa.io/en/stable/cli/pip_lock/>, from 25.1 on
    Pip,
}

/// What is locked.
#[derive(Clone, Copy, Debug)]
pub enum What<'a> {
    /// The dependencies of the project.
    Project {
        /// The file of the project that a tool is given.
        file: &'static str,
        /// The dependencies, where they are written down: then no back end has to run to learn them.
        written: Option<&'a [String]>,
        /// Requirements files that people wrote, and that are locked together with it.
        also: &'a [PathBuf],
    },
    /// These requirements, each a dependency specifier.
    Requirements(&'a [String]),
}

impl LockTool {
    /// The first that is installed and can lock for `python`.
    pub fn installed(python: &Interpreter) -> Option<Self> {
        let runs = |name: &str| Program::new([name, "--version"]).succeeds();
        if runs("uv") {
            return Some(Self::Uv);
        }
        if runs("pip-compile") {
            return Some(Self::PipCompile);
        }
        let said = Program::new(["pip", "--version"]).run().ok()?;
        can_lock(&String::from_utf8_lossy(&said), python).then_some(Self::Pip)
    }

    /// Where the lock of a project belongs: what is usual is found without a setting.
    pub fn lock(self) -> &'static str {
        match self {
            Self::Uv | Self::Pip => "pylock.toml",
            Self::PipCompile => "debian/lock.txt",
        }
    }

    /// The same for the lock of what builds.
    pub fn build_lock(self) -> &'static str {
        match self {
            Self::Uv | Self::Pip => "pylock.build.toml",
            Self::PipCompile => "debian/build-lock.txt",
        }
    }

    /// The command that brings the lock of a project up to date, whose dependencies are in `file` and in requirements files.
    pub fn command(self, file: &str, also: &[PathBuf]) -> String {
        let lock = self.lock();
        let word = if self == Self::Pip { " -r " } else { " " };
        let also: String = also.iter().map(|path| format!("{word}{}", path.display())).collect();
        match self {
            Self::Uv => {
                format!("uv pip compile {file}{also} --universal --format pylock.toml --output-file {lock} --upgrade")
            }
            Self::PipCompile => {
                format!(
                    "pip-compile --generate-hashes --strip-extras --no-emit-index-url --upgrade --output-file {lock} {file}{also}"
                )
            }
            Self::Pip => format!("pip lock --output {lock} .{also}"),
        }
    }

    /// Locks `what` for `python`. The working directory is that of the project.
    ///
    /// # Errors
    /// When the tool fails; what it said is in the message.
    pub fn run(self, what: What<'_>, python: &Interpreter) -> Result<Vec<u8>, Failure> {
        let room = fs::temporary_directory()?;
        let output = room.path().join(Path::new(self.lock()).file_name().unwrap_or_default());
        let input = room.path().join("requirements.in");
        let list = match what {
            // uv reads what is written there without help, and more of it than dependencies
            What::Project { file: "pyproject.toml", .. } if self == Self::Uv => None,
            What::Project { written, .. } => written,
            What::Requirements(list) => Some(list),
        };
        let mut argv: Vec<OsString> = self.options(python).iter().map(OsString::from).collect();
        match (list, what) {
            (Some(list), _) => {
                let lines: Vec<String> = list.iter().map(|one| one_line(one) + "\n").collect();
                fs::replace(&input, lines.concat().as_bytes(), 0o644)?;
                argv.extend((self == Self::Pip).then(|| "--requirement".into()));
                argv.push(input.into());
            }
            (None, What::Project { file, .. }) => argv.push(if self == Self::Pip { "." } else { file }.into()),
            (None, What::Requirements(_)) => {}
        }
        if let What::Project { also, .. } = what {
            for path in also {
                argv.extend((self == Self::Pip).then(|| "--requirement".into()));
                argv.push(path.into());
            }
        }
        let to_stdout = self == Self::Pip;
        argv.push(if to_stdout { "--output" } else { "--output-file" }.into());
        // pip writes paths relative to the lock
        argv.push(if to_stdout { "-".into() } else { output.clone().into() });
        let printed = Program::new(argv).run()?;
        let lock = if to_stdout { printed } else { fs::read(&output, SIZE)? };
        let update = match what {
            What::Project { file, also, .. } => format!(" To bring it up to date: {}", self.command(file, also)),
            What::Requirements(_) => String::new(),
        };
        let origin = format!("# Made with hashes for {}.{update}\n", python.program());
        Ok([origin.as_bytes(), &lock].concat())
    }

    fn options(self, python: &Interpreter) -> Vec<String> {
        let interpreter = python.path();
        let words: &[&str] = match self {
            Self::Uv => &[
                "uv",
                "pip",
                "compile",
                "--quiet",
                "--universal",
                "--format",
                "pylock.toml",
                "--no-header",
                "--no-python-downloads",
                "--python",
                &interpreter,
            ],
            Self::PipCompile => &[
                "pip-compile",
                "--quiet",
                "--generate-hashes",
                "--strip-extras",
                "--allow-unsafe",
                "--no-header",
                "--no-annotate",
                "--no-emit-index-url",
                "--no-emit-trusted-host",
                "--no-emit-find-links",
                "--no-emit-options",
            ],
            Self::Pip => &["pip", "lock", "--quiet"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}

/// Whether the pip that says this of itself locks, and for that Python: `pip 25.3 from PATH (python 3.11)`.
fn can_lock(said: &str, python: &Interpreter) -> bool {
    let version = said.strip_prefix("pip ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (25, 1) && said.trim_end().ends_with(&format!("(python {})", python.version()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_pip_can_lock() {
        let python = Interpreter::parse("3.11").unwrap();
        for (said, can) in [
            ("pip 25.1 from /x y/pip (python 3.11)\n", true),
            ("pip 26.0.1 from /x/pip (python 3.11)\n", true),
            ("pip 25.1.1 from /x/pip (python 3.13)\n", false),
            ("pip 25.0.1 from /x/pip (python 3.11)\n", false),
            ("pip 9.0 from /x/pip (python 3.11)\n", false),
            ("", false),
        ] {
            assert_eq!(can_lock(said, &python), can, "{said}");
        }
    }
}
