//! The file name of a wheel, parsed whole.
//!
//! Enters: a bare file name. Leaves: project, version, build tag and the set of compatibility tags that the name stands for
//! (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention>).

use super::name::ProjectName;
use super::tags::Tag;
use pep440_rs::Version;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// `NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WheelFilename {
    text: String,
    name: ProjectName,
    version: Version,
    stem: String,
    tags: BTreeSet<Tag>,
}

impl WheelFilename {
    /// Reads a bare file name.
    ///
    /// # Errors
    /// The reason why it is no name of a wheel, as a clause.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let stem = text.strip_suffix(".whl").ok_or("it does not end in `.whl`")?;
        if text.len() > 255 || !stem.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+!".contains(&b)) {
            return Err("it has characters that no wheel name has");
        }
        let parts: Vec<&str> = stem.split('-').collect();
        let (project, version, tags) = match *parts.as_slice() {
            [project, version, python, abi, platform] => (project, version, [python, abi, platform]),
            [project, version, build, python, abi, platform] => {
                if !build.starts_with(|c: char| c.is_ascii_digit()) {
                    return Err("its build tag does not begin with a digit");
                }
                (project, version, [python, abi, platform])
            }
            _ => return Err("it does not have five or six parts between hyphens"),
        };
        let name = ProjectName::parse(project).ok_or("its first part is no project name")?;
        let parsed = Version::from_str(version).map_err(|_| "its second part is no version")?;
        Ok(Self {
            text: text.to_owned(),
            name,
            version: parsed,
            stem: format!("{project}-{version}"),
            tags: expand(tags)?,
        })
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

    /// `NAME-VERSION` as spelt in the file name, the stem that `.dist-info` and `.data` share.
    pub fn stem(&self) -> &str {
        &self.stem
    }

    /// Every tag that the compressed set in the name stands for (PEP 425).
    pub fn tags(&self) -> &BTreeSet<Tag> {
        &self.tags
    }
}

/// The product of the dotted sets: `py2.py3-none-any` stands for two tags.
fn expand(parts: [&str; 3]) -> Result<BTreeSet<Tag>, &'static str> {
    let [pythons, abis, platforms] = parts.map(|part| part.split('.').collect::<Vec<_>>());
    if pythons.len().saturating_mul(abis.len()).saturating_mul(platforms.len()) > 1000 {
        return Err("its tags stand for more than 1000 combinations");
    }
    let mut tags = BTreeSet::new();
    for python in &pythons {
        for abi in &abis {
            for platform in &platforms {
                if [python, abi, platform].iter().any(|part| part.is_empty()) {
                    return Err("it has an empty tag");
                }
                tags.insert(Tag {
                    python: python.to_ascii_lowercase(),
                    abi: abi.to_ascii_lowercase(),
                    platform: platform.to_ascii_lowercase(),
                });
            }
        }
    }
    Ok(tags)
}

/// Reads one tag or compressed set of tags, as the `Tag` lines of a WHEEL file hold it.
///
/// # Errors
/// The reason why it is none, as a clause.
pub fn parse_tags(text: &str) -> Result<BTreeSet<Tag>, &'static str> {
    match *text.split('-').collect::<Vec<_>>().as_slice() {
        [python, abi, platform] => expand([python, abi, platform]),
        _ => Err("it does not have three parts between hyphens"),
    }
}

impl fmt::Display for WheelFilename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_parts() {
        let wheel = WheelFilename::parse("Foo.Bar-1.0+local-1build-py2.py3-none-any.whl").unwrap();
        assert_eq!(wheel.name().as_str(), "foo-bar");
        assert_eq!(wheel.version().to_string(), "1.0+local");
        assert_eq!(wheel.tags().iter().map(ToString::to_string).collect::<Vec<_>>(), ["py2-none-any", "py3-none-any"]);
    }

    #[test]
    fn what_is_no_wheel_name() {
        for text in [
            "foo-1.0.tar.gz",
            "foo-1.0-py3-none-any.whl.txt",
            "foo-1.0-py3-none.whl",
            "foo-1.0-x-py3-none-any.whl",
            "foo--py3-none-any.whl",
            "foo-1.0evil-py3-none-any.whl",
            "../foo-1.0-py3-none-any.whl",
            "foo-1.0-py3.-none-any.whl",
            "foo bar-1.0-py3-none-any.whl",
            "foo-1.0-py3-none-any.WHL",
            "foo-1.0-1-2-py3-none-any.whl",
            ".whl",
        ] {
            assert!(WheelFilename::parse(text).is_err(), "{text}");
        }
        let many = vec!["a"; 20].join(".");
        assert!(WheelFilename::parse(&format!("foo-1.0-{many}-{many}-{many}.whl")).is_err());
    }
}
