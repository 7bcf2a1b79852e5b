//! The interpreter that the package is for, as facts: nothing asks a running Python.
//!
//! Enters: `3.11`, `3.11.2`, `python3.11` or `/usr/bin/python3.11` from the configuration, or the link that /usr/bin/python3 is.
//! Leaves: [`Interpreter`], from which tags, markers, paths and the dependency follow. The machine that builds is deliberately
//! no input beyond that link, so that the package for one release can be built on another.

use std::fmt;

/// CPython X.Y of the distribution, installed as /usr/bin/pythonX.Y.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interpreter {
    major: u32,
    minor: u32,
    patch: Option<u32>,
}

/// The patch release that each Debian and Ubuntu release ships for its whole life: its updates keep the upstream version.
const PATCH_RELEASES: &[((u32, u32), u32)] = &[((3, 11), 2), ((3, 12), 3), ((3, 13), 5)];

impl Interpreter {
    /// Reads `X.Y`, `X.Y.Z`, `pythonX.Y` or `/usr/bin/pythonX.Y`. `None` for anything else: another directory has no Debian
    /// package to depend on, and `python3` alone is not a version.
    pub fn parse(text: &str) -> Option<Self> {
        let version = text
            .strip_prefix("/usr/bin/")
            .map_or_else(|| Some(text), |rest| rest.starts_with("python").then_some(rest))?;
        let version = version.strip_prefix("python").unwrap_or(version);
        let numbers: Vec<u32> = version.split('.').map(number).collect::<Option<_>>()?;
        match *numbers.as_slice() {
            [major @ 3, minor] => Some(Self { major, minor, patch: None }),
            [major @ 3, minor, patch] => Some(Self { major, minor, patch: Some(patch) }),
            _ => None,
        }
    }

    /// Major version.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Minor version.
    pub fn minor(&self) -> u32 {
        self.minor
    }

    /// `X.Y`.
    pub fn version(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// `X.Y.Z` for environment markers: the configured patch release, else the one that the Debian release with this Python
    /// ships; `None` when neither is known.
    pub fn full_version(&self) -> Option<String> {
        let known = || PATCH_RELEASES.iter().find(|(version, _)| *version == (self.major, self.minor)).map(|row| row.1);
        self.patch.or_else(known).map(|patch| format!("{}.{}.{patch}", self.major, self.minor))
    }

    /// The program's name, which is also the name of its Debian package: `pythonX.Y`.
    pub fn program(&self) -> String {
        format!("python{}.{}", self.major, self.minor)
    }

    /// Where Debian installs it.
    pub fn path(&self) -> String {
        format!("/usr/bin/{}", self.program())
    }
}

fn number(text: &str) -> Option<u32> {
    let canonical =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| canonical && text.len() < 5)
}

impl fmt::Display for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Python {}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for text in ["3.11", "python3.11", "/usr/bin/python3.11"] {
            let interpreter = Interpreter::parse(text).unwrap();
            assert_eq!(interpreter.path(), "/usr/bin/python3.11", "{text}");
            assert_eq!(interpreter.full_version().as_deref(), Some("3.11.2"), "{text}");
        }
        assert_eq!(Interpreter::parse("3.99.1").unwrap().full_version().as_deref(), Some("3.99.1"));
        assert_eq!(Interpreter::parse("3.99").unwrap().full_version(), None);
    }

    #[test]
    fn what_names_no_interpreter_of_the_distribution() {
        for text in [
            "",
            "3",
            "python3",
            "python",
            "2.7",
            "3.011",
            "3.11.2.1",
            "/usr/local/bin/python3.11",
            "/usr/bin/3.11",
            "pypy3.9",
            "3.1١",
        ] {
            assert_eq!(Interpreter::parse(text), None, "{text}");
        }
    }
}
