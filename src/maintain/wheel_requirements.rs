//! From a lock of sources to a lock of wheels: the requirements file that a package build reads.
//!
//! Enters: what the project's locks select for each target, and the lines of the list that is signed. Leaves: the text of a
//! requirements file with the hash of every listed wheel of each release that fits a target, bound by parsed names and versions;
//! or every release that has none. The text depends on what is locked and listed and on nothing else, so that a second run
//! changes nothing. Choosing versions is deliberately absent: the lock has done that.

use crate::code::Code;
use crate::digest::Sha256;
use crate::python::name::ProjectName;
use crate::python::tags::CompatibleTags;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::Refusal;
use pep440_rs::Version;
use std::collections::{BTreeMap, BTreeSet};

/// A release that a lock selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The project.
    pub name: ProjectName,
    /// Its version.
    pub version: Version,
    /// Extras that are requested of it.
    pub extras: BTreeSet<ProjectName>,
    /// File and line, for messages.
    pub origin: String,
}

/// What is selected for one target.
#[derive(Debug)]
pub struct Selection<'a> {
    /// The Python, as `python_version` has it: `3.11`.
    pub python: String,
    /// The machine, as `platform_machine` has it: `x86_64`.
    pub machine: String,
    /// The tags that fit; a wheel of each release has to.
    pub tags: &'a CompatibleTags,
    /// The same Python's tags on other architectures, whose wheels are named as well where they are listed.
    pub elsewhere: &'a [CompatibleTags],
    /// The releases.
    pub releases: Vec<Selected>,
}

/// What one line requires: project, version and extras. With it go the hashes, and the numbers of the targets.
type Wanted<'a> = (&'a ProjectName, &'a Version, &'a BTreeSet<ProjectName>);

/// The requirements file for `selections`, of the wheels in `listed`. `locks` are the files that they come from.
///
/// # Errors
/// Every release of which no listed wheel fits.
pub fn render(
    selections: &[Selection<'_>],
    listed: &BTreeMap<WheelFilename, Sha256>,
    locks: &[String],
) -> Result<String, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut lines: BTreeMap<Wanted<'_>, (BTreeSet<Sha256>, BTreeSet<usize>)> = BTreeMap::new();
    for (number, selection) in selections.iter().enumerate() {
        for selected in &selection.releases {
            let of_release: Vec<(&WheelFilename, &Sha256)> = listed
                .iter()
                .filter(|(name, _)| *name.name() == selected.name && *name.version() == selected.version)
                .collect();
            let fits = |name: &WheelFilename, tags: &CompatibleTags| tags.rank(name.tags()).is_some();
            let everywhere = || std::iter::once(selection.tags).chain(selection.elsewhere);
            let hashes: BTreeSet<Sha256> = of_release
                .iter()
                .filter(|(name, _)| everywhere().any(|tags| fits(name, tags)))
                .map(|(_, sha256)| **sha256)
                .collect();
            if !of_release.iter().any(|(name, _)| fits(name, selection.tags)) {
                let release = format!("`{}=={}` ({})", selected.name, selected.version, selected.origin);
                refusals.push(
                    Refusal::new(Code::WheelMissing, format!("the list has no wheel of {release}"))
                        .expected(format!("one for {}", selection.tags.target()))
                        .hint("build it from its sdist with `rustvenv build`, and list it with `rustvenv manifest`"),
                );
            }
            let line = lines.entry((&selected.name, &selected.version, &selected.extras)).or_default();
            line.0.extend(hashes);
            line.1.insert(number);
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let mut text = format!(
        "# The wheels of {}, by their hashes. Written by `rustvenv requirements`; do not edit.\n",
        locks.join(", ")
    );
    for ((name, version, extras), (hashes, targets)) in lines {
        text.push_str(name.as_str());
        if !extras.is_empty() {
            let extras: Vec<&str> = extras.iter().map(ProjectName::as_str).collect();
            text.push_str(&format!("[{}]", extras.join(",")));
        }
        text.push_str(&format!("=={version}"));
        if let Some(marker) = marker(selections, &targets) {
            text.push_str(&format!(" ; {marker}"));
        }
        for hash in hashes {
            text.push_str(&format!(" \\\n    --hash=sha256:{hash}"));
        }
        text.push('\n');
    }
    Ok(text)
}

/// The environment marker that holds for `targets` and for no other of the selections; none when it would hold for all.
fn marker(selections: &[Selection<'_>], targets: &BTreeSet<usize>) -> Option<String> {
    if targets.len() == selections.len() {
        return None;
    }
    let pythons: BTreeSet<&str> = selections.iter().map(|selection| selection.python.as_str()).collect();
    let machines: BTreeSet<&str> = selections.iter().map(|selection| selection.machine.as_str()).collect();
    let (by_python, by_machine) = (pythons.len() > 1, machines.len() > 1);
    let wanted: Vec<&Selection<'_>> = targets.iter().filter_map(|number| selections.get(*number)).collect();
    let alternatives: BTreeSet<String> = wanted
        .iter()
        .map(|selection| {
            let python = by_python.then(|| format!("python_version == \"{}\"", selection.python));
            let machine = by_machine.then(|| format!("platform_machine == \"{}\"", selection.machine));
            python.into_iter().chain(machine).collect::<Vec<_>>().join(" and ")
        })
        .collect();
    Some(alternatives.into_iter().collect::<Vec<_>>().join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::architecture::Architecture;
    use crate::python::interpreter::Interpreter;
    use crate::python::tags::Glibc;

    const LISTED: &[&str] = &[
        "hello-1.0-py3-none-any.whl",
        "hello-1.0.1-py3-none-any.whl",
        "hello_evil-1.0-py3-none-any.whl",
        "native-2.0-cp311-cp311-linux_x86_64.whl",
        "native-2.0-cp313-cp313-linux_x86_64.whl",
        "native-2.0-cp313-cp313-linux_aarch64.whl",
        "new-3.0-py3-none-any.whl",
        "new-2.0-py3-none-any.whl",
    ];

    fn listed() -> BTreeMap<WheelFilename, Sha256> {
        LISTED.iter().map(|name| (WheelFilename::parse(name).unwrap(), Sha256::of(name.as_bytes()))).collect()
    }

    fn hash(name: &str) -> String {
        format!(" \\\n    --hash=sha256:{}", Sha256::of(name.as_bytes()))
    }

    /// The text for Pythons, and what is locked for each.
    fn text(targets: &[(&str, &str)]) -> Result<String, Vec<Refusal>> {
        let tags: Vec<CompatibleTags> = targets
            .iter()
            .map(|(python, _)| {
                let interpreter = Interpreter::parse(python).unwrap();
                CompatibleTags::of(
                    &interpreter,
                    &Architecture::from_debian("amd64").unwrap(),
                    Glibc::parse("2.36").unwrap(),
                )
            })
            .collect();
        let selected = |text: &str| {
            let (name, version) = text.split_once("==").unwrap();
            Selected {
                name: ProjectName::parse(name).unwrap(),
                version: version.parse().unwrap(),
                extras: BTreeSet::new(),
                origin: "lock line 1".to_owned(),
            }
        };
        let selections: Vec<Selection<'_>> = targets
            .iter()
            .zip(&tags)
            .map(|((python, locked), tags)| Selection {
                python: (*python).to_owned(),
                machine: "x86_64".to_owned(),
                tags,
                elsewhere: &[],
                releases: locked.split_whitespace().map(selected).collect(),
            })
            .collect();
        let text = render(&selections, &listed(), &["lock".to_owned()])?;
        Ok(text.split_once('\n').unwrap().1.to_owned())
    }

    #[test]
    fn names_and_versions_are_compared_as_what_they_are() {
        let expected = format!("hello==1.0{}\n", hash("hello-1.0-py3-none-any.whl"));
        assert_eq!(text(&[("3.11", "Hello==1.0.0")]).unwrap(), expected.replace("==1.0", "==1.0.0"));
        assert_eq!(text(&[("3.11", "hello==1.0")]).unwrap(), expected);
        assert_eq!(text(&[("3.11", "hello==1.0.2")]).unwrap_err()[0].code, Code::WheelMissing);
    }

    #[test]
    fn a_wheel_has_to_fit_the_target() {
        let expected = format!("native==2.0{}\n", hash("native-2.0-cp311-cp311-linux_x86_64.whl"));
        assert_eq!(text(&[("3.11", "native==2.0")]).unwrap(), expected);
        assert_eq!(text(&[("3.12", "native==2.0")]).unwrap_err()[0].code, Code::WheelMissing);
    }

    #[test]
    fn targets_share_a_file() {
        let found = text(&[("3.11", "native==2.0 new==2.0"), ("3.13", "native==2.0 new==3.0 hello==1.0")]).unwrap();
        let both = [hash("native-2.0-cp311-cp311-linux_x86_64.whl"), hash("native-2.0-cp313-cp313-linux_x86_64.whl")];
        for line in [
            format!("hello==1.0 ; python_version == \"3.13\"{}\n", hash("hello-1.0-py3-none-any.whl")),
            format!("new==2.0 ; python_version == \"3.11\"{}\n", hash("new-2.0-py3-none-any.whl")),
            format!("new==3.0 ; python_version == \"3.13\"{}\n", hash("new-3.0-py3-none-any.whl")),
        ] {
            assert!(found.contains(&line), "{found}");
        }
        assert!(found.contains("native==2.0 \\\n") && both.iter().all(|hash| found.contains(hash.as_str())), "{found}");
    }
}
