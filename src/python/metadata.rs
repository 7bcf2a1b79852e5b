//! METADATA and WHEEL: the header block of a distribution's own account of itself.
//!
//! Enters: the bytes of the two files. Leaves: the fields that decide whether and how a wheel is installed
//! (<https://packaging.python.org/en/latest/specifications/core-metadata/>,
//! <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>). Everything after the first blank line
//! is a description for people and is not read. A field that may occur once and occurs twice is refused: two readers would
//! take different ones.

use super::dependency::Specifier;
use super::name::ProjectName;
use super::tags::Tag;
use super::wheel_filename::parse_tags;
use pep440_rs::{Version, VersionSpecifiers};
use std::collections::BTreeSet;
use std::str::FromStr as _;

/// What is used of METADATA.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// Name.
    pub name: ProjectName,
    /// Version.
    pub version: Version,
    /// Requires-Python.
    pub requires_python: Option<VersionSpecifiers>,
    /// Requires-Dist.
    pub requires_dist: Vec<Specifier>,
    /// Provides-Extra.
    pub provides_extra: BTreeSet<ProjectName>,
    /// License-Expression (PEP 639), else License when it is one line.
    pub licence: Option<String>,
    /// Summary, of which only the first line counts. It is free text of strangers.
    pub summary: Option<String>,
}

impl Metadata {
    /// Reads METADATA.
    ///
    /// # Errors
    /// The reason why it cannot be used, in one line.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let headers = Headers::parse(bytes)?;
        let name = headers.one("Name")?.ok_or("it has no Name")?;
        let version = headers.one("Version")?.ok_or("it has no Version")?;
        let requires_python = headers
            .one("Requires-Python")?
            .filter(|text| !text.is_empty())
            .map(|text| {
                VersionSpecifiers::from_str(text).map_err(|_| format!("Requires-Python `{text}` cannot be read"))
            })
            .transpose()?;
        let requires_dist = headers
            .all("Requires-Dist")
            .map(|text| Specifier::parse(text).map_err(|why| format!("Requires-Dist `{text}` cannot be read: {why}")))
            .collect::<Result<_, _>>()?;
        // extras were free text before metadata 2.1; one that is no name cannot be requested either
        let provides_extra = headers.all("Provides-Extra").filter_map(ProjectName::parse).collect();
        let licence = headers.one("License-Expression")?.or(headers.one("License")?);
        Ok(Self {
            name: ProjectName::parse(name).ok_or_else(|| format!("its Name `{name}` is no project name"))?,
            version: Version::from_str(version).map_err(|_| format!("its Version `{version}` is no version"))?,
            requires_python,
            requires_dist,
            provides_extra,
            summary: headers.one("Summary")?.and_then(|text| text.lines().next()).map(str::to_owned),
            licence: licence.filter(|text| !text.is_empty() && !text.contains('\n')).map(str::to_owned),
        })
    }
}

/// Where the files of the archive's root go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootScheme {
    /// The root is the `purelib` scheme.
    Purelib,
    /// The root is the `platlib` scheme.
    Platlib,
}

/// What is used of WHEEL.
#[derive(Clone, Debug)]
pub struct WheelFile {
    /// Root-Is-Purelib.
    pub root: RootScheme,
    /// Every tag that the Tag lines stand for.
    pub tags: BTreeSet<Tag>,
}

impl WheelFile {
    /// Reads WHEEL.
    ///
    /// # Errors
    /// The reason why it cannot be used, in one line.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let headers = Headers::parse(bytes)?;
        let version = headers.one("Wheel-Version")?.ok_or("it has no Wheel-Version")?;
        if version != "1.0" {
            // a newer minor version may bring rules that a reviewer knows and this program does not
            return Err(format!("Wheel-Version is `{version}`, and only `1.0` is defined"));
        }
        let root = match headers.one("Root-Is-Purelib")?.map(str::to_ascii_lowercase).as_deref() {
            Some("true") => RootScheme::Purelib,
            Some("false") => RootScheme::Platlib,
            other => return Err(format!("Root-Is-Purelib is `{}`, not `true` or `false`", other.unwrap_or(""))),
        };
        let mut tags = BTreeSet::new();
        for text in headers.all("Tag") {
            tags.extend(parse_tags(text).map_err(|why| format!("Tag `{text}` is no tag: {why}"))?);
        }
        if tags.is_empty() {
            return Err("it has no Tag".to_owned());
        }
        Ok(Self { root, tags })
    }
}

/// The header block of an RFC 822 style file: names and unfolded values, in order.
struct Headers(Vec<(String, String)>);

impl Headers {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                break;
            }
            if line.contains('\0') || line.contains('\r') {
                return Err("a line holds a control character".to_owned());
            }
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut().ok_or("it begins with a continuation line")?;
                value.push('\n');
                value.push_str(line.trim());
                continue;
            }
            let (name, value) = line.split_once(':').ok_or_else(|| format!("the line `{line}` is no field"))?;
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(format!("`{name}` is no field name"));
            }
            fields.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        Ok(Self(fields))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let name = name.to_ascii_lowercase();
        self.0.iter().filter(move |field| field.0 == name).map(|field| field.1.as_str())
    }

    fn one(&self, name: &str) -> Result<Option<&str>, String> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() { Err(format!("it has more than one {name}")) } else { Ok(first) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_the_first_block() {
        let text = "Metadata-Version: 2.1\r\nName: Foo.Bar\r\nversion: 1.0\r\nRequires-Dist: a>=1;\r\n  python_version > '3'\r\n\
                    Requires-Python: >=3.8\r\nProvides-Extra: X\r\n\r\nName: evil\r\n";
        // a continuation line that splits a specifier is joined by a line break, which the grammar takes as blank
        let metadata = Metadata::parse(text.as_bytes()).unwrap();
        assert_eq!(metadata.name.as_str(), "foo-bar");
        assert_eq!(metadata.requires_dist.len(), 1);
        assert!(metadata.provides_extra.contains(&ProjectName::parse("x").unwrap()));
    }

    #[test]
    fn what_two_readers_would_read_differently_is_refused() {
        for text in [
            "Name: a\nName: b\nVersion: 1\n",
            "Name: a\nVersion: 1\nVersion: 2\n",
            "Name: a\n",
            "Version: 1\n",
            " Name: a\nVersion: 1\n",
            "Name a\nVersion: 1\n",
            "Name: a\nVersion: one\n",
            "Name: ../a\nVersion: 1\n",
            "Name: a\0b\nVersion: 1\n",
            "Name: a\nVersion: 1\nRequires-Python: about three\n",
            "Name: a\nVersion: 1\nRequires-Dist: ;;\n",
        ] {
            assert!(Metadata::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Metadata::parse(b"Name: \xff\nVersion: 1\n").is_err());
    }

    #[test]
    fn wheel_files() {
        let good = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: True\nTag: py2.py3-none-any\n";
        let wheel = WheelFile::parse(good.as_bytes()).unwrap();
        assert_eq!(wheel.root, RootScheme::Purelib);
        assert_eq!(wheel.tags.len(), 2);
        for (from, to) in
            [("1.0", "2.0"), ("1.0", "1.9"), ("True", "yes"), ("Tag: py2.py3-none-any\n", ""), ("-any", "")]
        {
            assert!(WheelFile::parse(good.replace(from, to).as_bytes()).is_err(), "{from} -> {to}");
        }
    }
}
