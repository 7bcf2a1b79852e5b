//! The file name of a source distribution.
//!
//! Enters: a bare file name. Leaves: project, version and kind of archive. Names that PEP 625 describes
//! (<https://packaging.python.org/en/latest/specifications/source-distribution-format/#source-distribution-file-name>), and those that
//! were written before it, with hyphens in the project's name or a version that is not normalised. A name that can be read
//! in two ways is read in none: which project it belongs to is never guessed.

use super::name::ProjectName;
use pep440_rs::Version;
use std::fmt;
use std::str::FromStr;

/// The archive that an sdist is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SdistKind {
    /// `.tar.gz`, the only one that PEP 625 knows.
    TarGz,
    /// `.zip`
    Zip,
    /// `.tar.bz2`
    TarBz2,
    /// `.tar.xz`
    TarXz,
}

impl SdistKind {
    /// Every kind, the one to prefer first.
    pub const ALL: [Self; 4] = [Self::TarGz, Self::Zip, Self::TarBz2, Self::TarXz];

    /// The end of the file name.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::TarGz => ".tar.gz",
            Self::Zip => ".zip",
            Self::TarBz2 => ".tar.bz2",
            Self::TarXz => ".tar.xz",
        }
    }
}

/// `NAME-VERSION.tar.gz` and its elder relatives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SdistFilename {
    text: String,
    name: ProjectName,
    version: Version,
    kind: SdistKind,
}

impl SdistFilename {
    /// Reads a bare file name.
    ///
    /// # Errors
    /// The reason why it is no name of an sdist, as a clause.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut readings = readings(text)?.into_iter();
        let first = readings.next().ok_or("it is no project name, hyphen and version")?;
        match readings.next() {
            None => Ok(first),
            Some(_) => Err("where its project name ends and its version begins can be read in two ways"),
        }
    }

    /// Reads a bare file name of which the project is known, which leaves one way to read it; `None` when that project has no
    /// sdist of this name.
    pub fn parse_of(text: &str, project: &ProjectName) -> Option<Self> {
        readings(text).ok()?.into_iter().find(|reading| reading.name == *project)
    }

    /// The file name as it was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The project.
    pub fn name(&self) -> &ProjectName {
        &self.name
    }

    /// The version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The kind of archive.
    pub fn kind(&self) -> SdistKind {
        self.kind
    }
}

/// Every way to cut the name at a hyphen that leaves a project name and a version.
fn readings(text: &str) -> Result<Vec<SdistFilename>, &'static str> {
    let (stem, kind) = SdistKind::ALL
        .iter()
        .find_map(|kind| Some((text.strip_suffix(kind.suffix())?, *kind)))
        .ok_or("it ends in none of `.tar.gz`, `.zip`, `.tar.bz2` and `.tar.xz`")?;
    if text.len() > 255 || !stem.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+!".contains(&b)) {
        return Err("it has characters that no name of an sdist has");
    }
    let reading = |at: usize| {
        let (name, version) = (stem.get(..at)?, stem.get(at + 1..)?);
        let (name, version) = (ProjectName::parse(name)?, Version::from_str(version).ok()?);
        Some(SdistFilename { text: text.to_owned(), name, version, kind })
    };
    Ok(stem.match_indices('-').filter_map(|(at, _)| reading(at)).collect())
}

impl fmt::Display for SdistFilename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_parts() {
        for (text, project, version, kind) in [
            ("foo_bar-1.0.tar.gz", "foo-bar", "1.0", SdistKind::TarGz),
            ("foo-bar-1.0.zip", "foo-bar", "1.0", SdistKind::Zip),
            ("Foo.Bar-1.0rc1.tar.bz2", "foo-bar", "1.0rc1", SdistKind::TarBz2),
            (
                "backports.ssl_match_hostname-3.7.0.1.tar.xz",
                "backports-ssl-match-hostname",
                "3.7.0.1",
                SdistKind::TarXz,
            ),
            ("foo-2020.04.05+local.tar.gz", "foo", "2020.4.5+local", SdistKind::TarGz),
            ("foo-1!2.0.post1.tar.gz", "foo", "1!2.0.post1", SdistKind::TarGz),
        ] {
            let sdist = SdistFilename::parse(text).unwrap();
            assert_eq!((sdist.name().as_str(), sdist.version().to_string().as_str()), (project, version), "{text}");
            assert_eq!((sdist.kind(), sdist.as_str()), (kind, text));
        }
    }

    #[test]
    fn what_is_no_sdist_name() {
        for text in [
            "foo-1.0-py3-none-any.whl",
            "foo-1.0.tgz",
            "foo-1.0.tar",
            "foo-1.0.TAR.GZ",
            "foo-1.0.tar.gz.asc",
            "foo.tar.gz",
            "-1.0.tar.gz",
            "foo-.tar.gz",
            "foo-1.0evil.tar.gz",
            "../foo-1.0.tar.gz",
            "a/foo-1.0.tar.gz",
            "foo -1.0.tar.gz",
            "foo-1.0\n.tar.gz",
            ".foo-1.0.tar.gz",
            ".tar.gz",
            "",
        ] {
            assert!(SdistFilename::parse(text).is_err(), "{text}");
        }
        assert!(SdistFilename::parse(&format!("{}-1.0.tar.gz", "a".repeat(250))).is_err());
    }

    #[test]
    fn two_readings_are_none_unless_the_project_is_known() {
        // version 1.post2 of `foo`, or version 2 of `foo-1`
        let text = "foo-1-2.tar.gz";
        assert!(SdistFilename::parse(text).is_err());
        let of = |project| SdistFilename::parse_of(text, &ProjectName::parse(project).unwrap());
        assert_eq!(of("foo").unwrap().version().to_string(), "1.post2");
        assert_eq!(of("foo-1").unwrap().version().to_string(), "2");
        assert_eq!(of("foo-1-2"), None);
        assert_eq!(of("fo"), None);
    }
}
