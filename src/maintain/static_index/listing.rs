//! Which files an index is about, by their names alone.
//!
//! Enters: names of files in directories of wheels and of sdists. Leaves: a [`FileName`] for each that can be told apart into
//! project and version, and why not for the others. Names are compared as parsed values; nothing is opened here.

use crate::python::name::ProjectName;
use crate::python::sdist_filename::SdistFilename;
use crate::python::wheel_filename::WheelFilename;
use pep440_rs::Version;

/// What kind of file a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A built distribution.
    Wheel,
    /// Sources.
    Sdist,
}

/// The name of a file that an index can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// As it is spelt: ASCII letters and digits, `.`, `_`, `-`, `+` and `!`.
    pub text: String,
    /// The project.
    pub project: ProjectName,
    /// The version.
    pub version: Version,
    /// What it is.
    pub kind: Kind,
}

impl FileName {
    /// Reads the name of a file of the kind `kind`.
    ///
    /// # Errors
    /// Why it is none, as a clause.
    pub fn parse(text: &str, kind: Kind) -> Result<Self, &'static str> {
        match kind {
            Kind::Wheel => {
                let wheel = WheelFilename::parse(text)?;
                let (project, version) = (wheel.name().clone(), wheel.version().clone());
                Ok(Self { text: text.to_owned(), project, version, kind })
            }
            Kind::Sdist => {
                let sdist = SdistFilename::parse(text)?;
                let [(project, version)] = sdist.readings() else {
                    return Err("where its project name ends and its version begins can be read in several ways");
                };
                let (project, version) = (project.clone(), version.clone());
                Ok(Self { text: text.to_owned(), project, version, kind })
            }
        }
    }

    /// The name as part of a URL. `+` is a blank to some servers, so that it is not left as it is.
    pub fn in_url(&self) -> String {
        self.text.replace('+', "%2B").replace('!', "%21")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (text, kind, project, version) in [
            ("Foo.Bar-1.0+x-py3-none-any.whl", Kind::Wheel, "foo-bar", "1.0+x"),
            ("foo_bar-1.0.tar.gz", Kind::Sdist, "foo-bar", "1.0"),
            ("zope-interface-5.tar.bz2", Kind::Sdist, "zope-interface", "5"),
            ("pytz-2024.1.zip", Kind::Sdist, "pytz", "2024.1"),
            ("a-1!2.0rc1.tar.xz", Kind::Sdist, "a", "1!2.0rc1"),
        ] {
            let name = FileName::parse(text, kind).unwrap();
            assert_eq!((name.project.as_str(), name.version.to_string().as_str()), (project, version));
        }
        assert_eq!(FileName::parse("a-1!2+b.zip", Kind::Sdist).unwrap().in_url(), "a-1%212%2Bb.zip");
    }

    #[test]
    fn what_is_no_name() {
        for text in [
            "a.tar.gz",
            "a-b.tar.gz",
            "a-1.0.tgz",
            "-1.0.zip",
            "a-1.0 .zip",
            "ä-1.0.zip",
            "../a-1.0.zip",
            "a-1-2.zip",
            "<b>-1.zip",
        ] {
            assert!(FileName::parse(text, Kind::Sdist).is_err(), "{text}");
        }
        assert!(FileName::parse("a-1.0.tar.gz", Kind::Wheel).is_err());
        assert!(FileName::parse("a-1.0-py3-none-any.whl", Kind::Sdist).is_err());
    }
}
