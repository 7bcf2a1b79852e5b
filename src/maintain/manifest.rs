//! Growing a manifest: new wheels are added, and nothing that was signed for is touched.
//!
//! Enters: the manifest as it is, if there is one, and the digests of wheels. Leaves: the text of the next one, in which every
//! line of the old one stands byte for byte, or the refusal to list a name with another digest than it was signed for. The one
//! line that changes is the header's serial, which grows so that the old list cannot be put in the place of the new one (rule
//! R11 of the trust core). Removing is deliberately absent: a wheel that was signed for stays verifiable.

use crate::code::Code;
use crate::digest::Sha256;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::Refusal;
use crate::trust::InputFile;
use crate::trust::manifest::{Header, Manifest};
use std::collections::BTreeMap;

/// A manifest with more in it than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grown {
    /// The whole text.
    pub text: Vec<u8>,
    /// What the old one did not have.
    pub added: BTreeMap<WheelFilename, Sha256>,
    /// The serial, if the manifest has one.
    pub serial: Option<u64>,
}

/// Adds `wheels` to the manifest `old`. A new manifest, or one without a header line, gets one when `project` is named.
///
/// # Errors
/// Every line of `old` that cannot be read; every wheel that it lists with another digest; another project's manifest.
pub fn grow(
    old: Option<&InputFile>,
    wheels: &BTreeMap<WheelFilename, Sha256>,
    project: Option<&str>,
) -> Result<Grown, Vec<Refusal>> {
    let listed = old.map(Manifest::parse).transpose()?.unwrap_or_default();
    let mut added = BTreeMap::new();
    let mut refusals = Vec::new();
    for (name, sha256) in wheels {
        match listed.entry(name.as_str()) {
            None => {
                added.insert(name.clone(), *sha256);
            }
            Some(entry) if entry.sha256 == *sha256 => {}
            Some(entry) => refusals.push(
                Refusal::new(Code::ManifestEntryChanged, format!("`{name}` is not the wheel that was signed for"))
                    .expected(format!("sha256:{} (line {} of the manifest)", entry.sha256, entry.line))
                    .found(format!("sha256:{sha256}"))
                    .hint("fetch the listed wheel, or give the new one a build number or a version of its own"),
            ),
        }
    }
    let header = listed.header();
    let named = header.and_then(|header| header.project.as_deref());
    if let (Some(named), Some(project)) = (named, project.filter(|project| Some(*project) != named)) {
        refusals.push(
            Refusal::new(Code::ManifestProject, "the manifest is that of another project")
                .expected(format!("project={project}"))
                .found(format!("project={named}"))
                .hint("grow this project's own manifest"),
        );
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let old_text = old.map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).unwrap_or_default();
    let serial = header.and_then(|header| header.serial);
    if added.is_empty() && old.is_some() {
        return Ok(Grown { text: old_text.into_bytes(), added, serial });
    }
    let (mut text, serial) = with_header(&old_text, header, project.or(named));
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for (name, sha256) in &added {
        text.push_str(&format!("{sha256}  {name}\n"));
    }
    Ok(Grown { text: text.into_bytes(), added, serial })
}

/// `text` with the next serial in its header line, or with a header line where it had none and the project is known.
fn with_header(text: &str, header: Option<&Header>, project: Option<&str>) -> (String, Option<u64>) {
    let line = |project: Option<&str>, serial: u64| match project {
        Some(project) => format!("# rustvenv-manifest: project={project} serial={serial}\n"),
        None => format!("# rustvenv-manifest: serial={serial}\n"),
    };
    let Some(header) = header else {
        return match project {
            Some(_) => (line(project, 1) + text, Some(1)),
            None => (text.to_owned(), None),
        };
    };
    // a header without a serial gets one: it names a project, and the next list has to be told from this one
    let serial = header.serial.unwrap_or(0).saturating_add(1);
    let lines = text.split_inclusive('\n').enumerate();
    let text = lines
        .map(|(index, old)| if index + 1 == header.line { line(project, serial) } else { old.to_owned() })
        .collect();
    (text, Some(serial))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222222222222222222222222222";

    fn wheels(lines: &[(&str, &str)]) -> BTreeMap<WheelFilename, Sha256> {
        let of = |name: &str| WheelFilename::parse(&format!("{name}-1.0-py3-none-any.whl")).unwrap();
        lines.iter().map(|(name, hex)| (of(name), Sha256::from_hex(hex).unwrap())).collect()
    }

    fn grown(old: Option<&str>, new: &[(&str, &str)], project: Option<&str>) -> Result<String, Vec<&'static str>> {
        let old = old.map(|text| InputFile { name: "sums".to_owned(), bytes: text.as_bytes().to_vec() });
        match grow(old.as_ref(), &wheels(new), project) {
            Ok(grown) => Ok(String::from_utf8(grown.text).unwrap()),
            Err(refusals) => Err(refusals.iter().map(|refusal| refusal.code.name()).collect()),
        }
    }

    #[test]
    fn what_was_signed_for_stays_byte_for_byte() {
        let old = format!("# by hand\n{ONE} *b-1.0-py3-none-any.whl\n\n# more\n{TWO}  a-1.0-py3-none-any.whl");
        let text = grown(Some(&old), &[("b", ONE), ("c", TWO)], None).unwrap();
        assert_eq!(text, format!("{old}\n{TWO}  c-1.0-py3-none-any.whl\n"));
        assert_eq!(grown(Some(&old), &[("b", ONE)], None).unwrap(), old, "nothing new");
    }

    #[test]
    fn a_name_keeps_its_digest() {
        let old = format!("{ONE}  a-1.0-py3-none-any.whl\n");
        assert_eq!(grown(Some(&old), &[("a", TWO)], None).unwrap_err(), ["manifest-entry-changed"]);
    }

    #[test]
    fn the_serial_grows_with_the_list() {
        let first = grown(None, &[("a", ONE)], Some("hello")).unwrap();
        assert_eq!(first, format!("# rustvenv-manifest: project=hello serial=1\n{ONE}  a-1.0-py3-none-any.whl\n"));
        let second = grown(Some(&first), &[("a", ONE), ("b", TWO)], Some("hello")).unwrap();
        assert_eq!(second, first.replace("serial=1", "serial=2") + TWO + "  b-1.0-py3-none-any.whl\n");
        assert_eq!(grown(Some(&second), &[("a", ONE)], None).unwrap(), second, "nothing new, no new serial");
        assert_eq!(grown(Some(&second), &[], Some("other")).unwrap_err(), ["manifest-project"]);
        let headless = format!("{ONE}  a-1.0-py3-none-any.whl\n");
        let text = grown(Some(&headless), &[("b", TWO)], Some("hello")).unwrap();
        assert!(text.starts_with("# rustvenv-manifest: project=hello serial=1\n") && text.contains(&headless));
    }
}
