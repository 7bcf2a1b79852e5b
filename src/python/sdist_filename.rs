//! The file name of a source distribution, parsed whole.
//!
//! Enters: a bare file name, in the form that PEP 625 demands (`NAME-VERSION.tar.gz`, both normalised,
//! <https://packaging.python.org/en/latest/specifications/source-distribution-format/#source-distribution-file-name>) or
//! in one that the index has from before: names with dots, hyphens and capitals, `.zip`, `.tar.bz2` and `.tar.xz`. Leaves:
//! the format and every release that the name can stand for.
//!
//! A hyphen can separate name and version, and both could contain hyphens: `foo-1-2.tar.gz` is release 1.post2 of foo or
//! release 2 of foo-1. No guess is made. The name is bound to a project and a version by asking whether they are one
//! of its readings; the beginnings of two names are never compared.

use super::name::ProjectName;
use pep440_rs::Version;
use std::fmt;
use std::str::FromStr as _;

/// How a source distribution is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SdistFormat {
    /// `.tar.gz`, the only one that PEP 625 allows.
    TarGz,
    /// `.tar.bz2`
    TarBz2,
    /// `.tar.xz`
    TarXz,
    /// `.zip`
    Zip,
}

/// Endings and what they say; none is the end of another.
const FORMATS: &[(&str, SdistFormat)] = &[
    (".tar.gz", SdistFormat::TarGz),
    (".tar.bz2", SdistFormat::TarBz2),
    (".tar.xz", SdistFormat::TarXz),
    (".zip", SdistFormat::Zip),
];

/// `NAME-VERSION` and an ending.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SdistFilename {
    text: String,
    stem: String,
    format: SdistFormat,
    readings: Vec<(ProjectName, Version)>,
}

impl SdistFilename {
    /// Reads a bare file name.
    ///
    /// # Errors
    /// The reason why it is no name of a source distribution, as a clause.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (stem, format) = FORMATS
            .iter()
            .find_map(|&(ending, format)| Some((text.strip_suffix(ending)?, format)))
            .ok_or("it does not end in `.tar.gz`, `.tar.bz2`, `.tar.xz` or `.zip`")?;
        if text.len() > 255 || !stem.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+!".contains(&b)) {
            return Err("it has characters that no name of a source distribution has");
        }
        let readings = readings(stem);
        if readings.is_empty() {
            return Err("it is not a project name and a version with a hyphen between them");
        }
        Ok(Self { text: text.to_owned(), stem: stem.to_owned(), format, readings })
    }

    /// The file name as it was read.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The file name without its ending: `NAME-VERSION`.
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// How the file is packed, as its ending says.
    pub fn format(&self) -> SdistFormat {
        self.format
    }

    /// Every project and version that the name can stand for, the shortest project name first; there is at least one. A name
    /// as PEP 625 has it stands for exactly one.
    pub fn readings(&self) -> &[(ProjectName, Version)] {
        &self.readings
    }

    /// The version, if this is a source distribution of `project`.
    pub fn version_of(&self, project: &ProjectName) -> Option<&Version> {
        self.readings.iter().find(|(name, _)| name == project).map(|(_, version)| version)
    }

    /// Whether this is the name of a source distribution of this release.
    pub fn is_of(&self, project: &ProjectName, version: &Version) -> bool {
        self.version_of(project) == Some(version)
    }
}

/// Every project and version that `NAME-VERSION` can stand for, the shortest project name first. Two readings never have
/// one project: the one with the longer name has a letter or digit more in it.
pub fn readings(stem: &str) -> Vec<(ProjectName, Version)> {
    stem.match_indices('-')
        .filter_map(|(at, hyphen)| {
            let name = ProjectName::parse(stem.get(..at)?)?;
            let version = stem.get(at + hyphen.len()..)?;
            // a version begins with its number, and not with the second of two hyphens or a blank
            version.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some(())?;
            Some((name, Version::from_str(version).ok()?))
        })
        .collect()
}

impl fmt::Display for SdistFilename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let name = SdistFilename::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        name.readings().iter().map(|(project, version)| format!("{project} {version}")).collect()
    }

    #[test]
    fn names_of_today_and_of_before_are_read() {
        for (text, readings) in [
            ("charset_normalizer-3.4.4.tar.gz", &["charset-normalizer 3.4.4"][..]),
            ("python-dateutil-1.5.tar.gz", &["python-dateutil 1.5"]),
            ("zope.interface-4.0.5.zip", &["zope-interface 4.0.5"]),
            ("backports.ssl_match_hostname-3.4.0.2.tar.gz", &["backports-ssl-match-hostname 3.4.0.2"]),
            ("Mako-0.3.4.tar.gz", &["mako 0.3.4"]),
            ("pytz-2015.7.tar.bz2", &["pytz 2015.7"]),
            ("foo-1.0-beta-2.tar.xz", &["foo 1.0b2", "foo-1-0-beta 2"]),
            ("foo-1.0+local.7.tar.gz", &["foo 1.0+local.7"]),
            ("foo-1!2.0.tar.gz", &["foo 1!2.0"]),
            ("foo-v1.0.tar.gz", &["foo 1.0"]),
            ("foo-1-2.tar.gz", &["foo 1.post2", "foo-1 2"]),
            ("foo-1.0-2.0.tar.gz", &["foo-1-0 2.0"]),
        ] {
            assert_eq!(shown(text), readings, "{text}");
        }
    }

    #[test]
    fn what_is_no_name_of_a_source_distribution() {
        for text in [
            "",
            ".tar.gz",
            "foo.tar.gz",
            "foo-.tar.gz",
            "-1.0.tar.gz",
            "foo-bar.tar.gz",
            "foo-1.0.tar",
            "foo-1.0.tgz",
            "foo-1.0.TAR.GZ",
            "foo-1.0.tar.gz.asc",
            "foo-1.0-py3-none-any.whl",
            "foo-1.0evil.tar.gz",
            "foo--1.0.tar.gz",
            "foo-1.0-.tar.gz",
            "../foo-1.0.tar.gz",
            "foo/foo-1.0.tar.gz",
            "foo 1.0.tar.gz",
            "foo- 1.0.tar.gz",
            "fo\u{f6}-1.0.tar.gz",
            "foo-1.0\n.tar.gz",
        ] {
            assert!(SdistFilename::parse(text).is_err(), "{text}");
        }
        assert!(SdistFilename::parse(&format!("{}-1.0.tar.gz", "a".repeat(250))).is_err());
    }

    #[test]
    fn a_release_is_bound_by_parsing_and_not_by_beginnings() {
        let project = |text: &str| ProjectName::parse(text).unwrap();
        let version = |text: &str| Version::from_str(text).unwrap();
        let name = SdistFilename::parse("Requests.OAuthlib-1.30.tar.gz").unwrap();
        assert!(name.is_of(&project("requests-oauthlib"), &version("1.30.0")));
        assert!(!name.is_of(&project("requests"), &version("1.30")));
        assert!(!name.is_of(&project("requests-oauthlib"), &version("1.3")));
        let two = SdistFilename::parse("foo-1-2.tar.gz").unwrap();
        assert!(two.is_of(&project("foo"), &version("1.post2")) && two.is_of(&project("foo-1"), &version("2")));
        assert_eq!(two.version_of(&project("foo-1-2")), None);
    }
}
