//! `rustvenv requirements`: from locks of sources to the requirements that a package build reads.
//!
//! Enters: locks of any format, a list of wheels, the Pythons that they are for. Leaves: a requirements file with the hashes of the wheels,
//! on standard output or in a file that is replaced when it changes. The list has to verify when certificates are named.

use super::{inputs, locks, trust_options};
use crate::cli::RequirementsArguments;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::lock::resolution::Resolution;
use crate::maintain::wheel_requirements::{Selected, Selection, render};
use crate::python::architecture::Architecture;
use crate::python::dependency::Target;
use crate::python::interpreter::Interpreter;
use crate::python::marker::Requested;
use crate::python::tags::CompatibleTags;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::Failure;
use crate::system::fs;
use crate::trust::InputFile;
use crate::trust::manifest::{Entry, Manifest};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Carries the command out.
///
/// # Errors
/// What is wrong with a lock or the list, and every release of which the list has no wheel.
pub fn run(arguments: &RequirementsArguments) -> Result<(), Failure> {
    let limits = Limits::DEFAULT;
    let requested = Requested {
        extras: locks::names("--extra", &arguments.extras)?,
        groups: locks::names("--group", &arguments.groups)?,
    };
    let manifest = &arguments.manifest;
    let entries: Vec<Entry> = if arguments.trust.keyring.is_empty() {
        let name = manifest.to_string_lossy().into_owned();
        Manifest::parse(&InputFile { name, bytes: fs::read(manifest, limits.manifest_size)? })?.entries().to_vec()
    } else {
        trust_options::verified(manifest, &arguments.trust, &limits)?.entries().to_vec()
    };
    let pythons = pythons(&arguments.python)?;
    let text = write(&arguments.requirements, &requested, &pythons, &listed(&entries), &limits)?;
    match &arguments.output {
        None => super::print(&text),
        Some(path) => replace(path, &text).map(|_| ()),
    }
}

/// The interpreters that `texts` spell; that of the distribution when there are none.
fn pythons(texts: &[String]) -> Result<Vec<Interpreter>, Failure> {
    let parse = |text: &String| {
        Interpreter::parse(text).ok_or_else(|| Failure::unable(format!("--python is no version: `{text}`")))
    };
    if texts.is_empty() {
        return Ok(vec![inputs::default_interpreter()?]);
    }
    texts.iter().map(parse).collect()
}

/// The wheels among `entries`.
pub(super) fn listed(entries: &[Entry]) -> BTreeMap<WheelFilename, Sha256> {
    entries.iter().filter_map(|entry| Some((WheelFilename::parse(&entry.name).ok()?, entry.sha256))).collect()
}

/// The requirements for what `files` lock on each of `pythons`, of the wheels in `listed`.
///
/// # Errors
/// As [`run`].
pub(super) fn write(
    files: &[PathBuf],
    requested: &Requested,
    pythons: &[Interpreter],
    listed: &BTreeMap<WheelFilename, Sha256>,
    limits: &Limits,
) -> Result<String, Failure> {
    let architecture = inputs::host_architecture()?;
    let glibc = inputs::build_system_glibc(&architecture)?;
    let mut targets = Vec::new();
    for python in pythons {
        let target = Target::new(python, &architecture).map_err(Failure::unable)?;
        let resolution = locks::resolution(files, &target, requested, limits)?;
        let tags = CompatibleTags::of(python, &architecture, glibc);
        let elsewhere: Vec<CompatibleTags> =
            Architecture::all().map(|other| CompatibleTags::of(python, &other, glibc)).collect();
        targets.push((python, resolution, tags, elsewhere));
    }
    let selections: Vec<Selection<'_>> = targets
        .iter()
        .map(|(python, resolution, tags, elsewhere)| Selection {
            python: python.version(),
            machine: architecture.machine().to_owned(),
            tags,
            elsewhere,
            releases: selected(resolution),
        })
        .collect();
    let names: Vec<String> = files.iter().map(|file| file.to_string_lossy().into_owned()).collect();
    Ok(render(&selections, listed, &names)?)
}

fn selected(resolution: &Resolution) -> Vec<Selected> {
    let one = |release: &crate::lock::resolution::Release| Selected {
        name: release.name.clone(),
        version: release.version.clone(),
        extras: release.extras.clone(),
        origin: release.origin.clone(),
    };
    resolution.releases.values().map(one).collect()
}

/// Writes `text` to `path` unless that is what is there; whether it was written.
///
/// # Errors
/// When the file system refuses.
pub(super) fn replace(path: &std::path::Path, text: &str) -> Result<bool, Failure> {
    if fs::status(path)?.is_some() && fs::read(path, u64::MAX)? == text.as_bytes() {
        return Ok(false);
    }
    fs::replace(path, text.as_bytes(), 0o644)?;
    Ok(true)
}
