//! Dependency specifiers.
//!
//! Enters: `requests[socks] >= 2, < 3 ; python_version < "3.12"`, from a requirements file or a Requires-Dist field. Leaves: a
//! [`Specifier`] and, given a [`Target`], whether its marker holds
//! (<https://packaging.python.org/en/latest/specifications/dependency-specifiers/>). Versions are pep440_rs's, markers are
//! in [`super::marker`]. Nothing is ever fetched from a URL, which stays text.

use super::marker::{Marker, Requested, Vocabulary};
use super::name::ProjectName;
use pep440_rs::VersionSpecifiers;
use std::collections::BTreeSet;
use std::str::FromStr as _;

pub use super::marker::Target;

/// Longest specifier that is read, in bytes.
const MAXIMUM_LENGTH: usize = 8192;

/// What a specifier says about versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Any version.
    Any,
    /// Versions that meet these.
    Versions(VersionSpecifiers),
    /// A direct reference (`NAME @ URL`).
    Url(String),
}

/// One dependency specifier.
#[derive(Clone, Debug)]
pub struct Specifier {
    /// The project.
    pub name: ProjectName,
    /// Its requested extras.
    pub extras: BTreeSet<ProjectName>,
    /// Which versions.
    pub wanted: Wanted,
    marker: Option<Marker>,
    text: String,
}

impl Specifier {
    /// Reads one specifier.
    ///
    /// # Errors
    /// The reason why it cannot be read, in one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(format!("longer than {MAXIMUM_LENGTH} bytes"));
        }
        if let Some(foreign) =
            text.chars().find(|c| !c.is_ascii() || (c.is_ascii_control() && !c.is_ascii_whitespace()))
        {
            return Err(format!("the character `{foreign}` has no place in it"));
        }
        let (name, rest) = take_name(text.trim_ascii_start());
        let name = name_of(name)?;
        let (extras, rest) = take_extras(rest.trim_ascii_start())?;
        let (wanted, marker) = match rest.trim_ascii_start().strip_prefix('@') {
            Some(reference) => take_url(reference.trim_ascii_start())?,
            None => {
                let (versions, marker) = rest.split_once(';').map_or((rest, None), |(a, b)| (a, Some(b)));
                (wanted_versions(versions.trim_ascii())?, marker)
            }
        };
        let marker = marker.map(|marker| Marker::parse(marker, Vocabulary::Metadata)).transpose()?;
        Ok(Self { name, extras, wanted, marker, text: text.to_owned() })
    }

    /// The specifier as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the marker holds for `target` when `extras` are requested of the project that has this dependency.
    ///
    /// # Errors
    /// When the marker depends on something that the target does not fix; the reason, in one line.
    pub fn applies(&self, target: &Target, extras: &BTreeSet<ProjectName>) -> Result<bool, String> {
        let Some(marker) = &self.marker else { return Ok(true) };
        marker.holds(target, &Requested { extras: extras.clone(), groups: BTreeSet::new() })
    }
}

fn name_of(text: &str) -> Result<ProjectName, String> {
    ProjectName::parse(text).ok_or_else(|| format!("`{text}` is no project name"))
}

/// The longest run of what names consist of, and the rest.
fn take_name(text: &str) -> (&str, &str) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// `[a, b]`, if there are any, and the rest.
fn take_extras(text: &str) -> Result<(BTreeSet<ProjectName>, &str), String> {
    let Some(inside) = text.strip_prefix('[') else { return Ok((BTreeSet::new(), text)) };
    let (extras, rest) = inside.split_once(']').ok_or("the list of extras does not end")?;
    if extras.trim_ascii().is_empty() {
        return Ok((BTreeSet::new(), rest));
    }
    let extras = extras.split(',').map(|extra| name_of(extra.trim_ascii())).collect::<Result<_, _>>()?;
    Ok((extras, rest))
}

/// A URL up to the first blank, and the marker after it.
fn take_url(text: &str) -> Result<(Wanted, Option<&str>), String> {
    let (url, rest) = text.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((text, ""));
    if url.is_empty() || url.starts_with(';') {
        return Err("no URL follows `@`".to_owned());
    }
    let rest = rest.trim_ascii();
    let marker = match rest.strip_prefix(';') {
        Some(marker) => Some(marker),
        None if rest.is_empty() => None,
        None => return Err(format!("`{rest}` follows the URL")),
    };
    Ok((Wanted::Url(url.to_owned()), marker))
}

/// Conditions on the version, in parentheses or not.
fn wanted_versions(text: &str) -> Result<Wanted, String> {
    let inside = match text.strip_prefix('(') {
        Some(inside) => inside.strip_suffix(')').ok_or("a parenthesis does not end")?.trim_ascii(),
        None => text,
    };
    if inside.is_empty() {
        return Ok(Wanted::Any);
    }
    // what the parser would say spans lines
    let versions =
        VersionSpecifiers::from_str(inside).map_err(|_| format!("`{inside}` is no condition on a version"))?;
    Ok(Wanted::Versions(versions))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::architecture::Architecture;
    use crate::python::interpreter::Interpreter;

    fn target(python: &str, architecture: &str) -> Target {
        Target::new(&Interpreter::parse(python).unwrap(), &Architecture::from_debian(architecture).unwrap()).unwrap()
    }

    fn applies(text: &str, target: &Target, extras: &[&str]) -> Result<bool, String> {
        let extras = extras.iter().map(|e| ProjectName::parse(e).unwrap()).collect();
        Specifier::parse(text).unwrap().applies(target, &extras)
    }

    #[test]
    fn markers_are_evaluated_for_the_target() {
        let bookworm = target("3.11", "amd64");
        for (marker, holds) in [
            ("python_version < '3.12'", true),
            ("python_version < '3.9'", false),
            ("python_version >= '3.9' and python_version < '3.11'", false),
            ("python_full_version < '3.11.3'", true),
            ("platform_machine == 'x86_64'", true),
            ("platform_machine == 'aarch64'", false),
            ("sys_platform == 'win32'", false),
            ("os_name == 'posix'", true),
            ("platform_system == 'Linux'", true),
            ("implementation_name == 'cpython'", true),
            ("platform_python_implementation != 'PyPy'", true),
            ("extra == 'socks'", false),
        ] {
            assert_eq!(applies(&format!("a; {marker}"), &bookworm, &[]), Ok(holds), "{marker}");
        }
        assert_eq!(applies("a; platform_machine == 'aarch64'", &target("3.13", "arm64"), &[]), Ok(true));
        assert_eq!(applies("a; extra == 'Socks'", &bookworm, &["socks"]), Ok(true));
    }

    #[test]
    fn what_the_target_does_not_fix_is_refused() {
        assert!(applies("a; platform_release >= '6'", &target("3.11", "amd64"), &[]).is_err());
        assert!(applies("a; python_full_version < '3.99.3'", &target("3.99", "amd64"), &[]).is_err());
        assert_eq!(applies("a; python_full_version < '3.99.3'", &target("3.99.1", "amd64"), &[]), Ok(true));
    }

    #[test]
    fn untrusted_text_is_bounded() {
        assert!(Specifier::parse(&format!("a; {}os_name == 'x'{}", "(".repeat(5000), ")".repeat(5000))).is_err());
        assert!(Specifier::parse(&"a".repeat(10_000)).is_err());
        assert!(Specifier::parse("").is_err());
        assert!(Specifier::parse("a; os_name > ").is_err());
    }

    #[test]
    fn what_is_no_specifier() {
        for text in [
            "g.=",
            "g-;",
            "g_ ==1",
            "x[a.]",
            "x[a-]==1",
            "x[a",
            "x; 'a' ~= os_name",
            "x; \"a\"~=python_version",
            "-a",
            ".",
            "a b",
            "a 1.0",
            "a (>=1",
            "a >=1)",
            "a >=1 <2",
            "a[b,]",
            "a @ ",
            "a @ ;os_name=='a'",
            "a @ https://example.org/a x",
            "a; ",
            "a @ https://example.org/a ; ",
        ] {
            assert!(Specifier::parse(text).is_err(), "{text}");
        }
        // and nothing of it stays behind
        for text in ["x[a, b]==1", "x [] ~= 1.0", "x ()", "x; python_version ~= '3.7'", "x[a]; extra == 'b'"] {
            assert!(Specifier::parse(text).is_ok(), "{text}: {:?}", Specifier::parse(text).err());
        }
    }

    #[test]
    fn a_direct_reference_stays_text() {
        let specifier = Specifier::parse("a @ file:///etc/${HOME}/passwd").unwrap();
        assert_eq!(specifier.wanted, Wanted::Url("file:///etc/${HOME}/passwd".to_owned()));
    }
}
