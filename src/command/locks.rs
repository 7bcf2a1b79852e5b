//! The locks that are named on the command line or in the maintainers' settings.
//!
//! Enters: names of lock files, a target, extras and groups. Leaves: a [`Lock`] of wheels, as a package build would read it, or a
//! [`Resolution`] of sources, for which every format is read. Files that a lock includes or belongs to are found beside it, as the
//! tools that write them do.

use super::{inputs, say};
use crate::code::Code;
use crate::limits::Limits;
use crate::lock::resolution::{OwnProject, Resolution};
use crate::lock::{self, Format, Lock, poetry, pylock, requirements, uv};
use crate::python::architecture::Architecture;
use crate::python::dependency::Target;
use crate::python::interpreter::Interpreter;
use crate::python::marker::Requested;
use crate::python::name::ProjectName;
use crate::refusal::{Failure, Refusal, printable};
use crate::system::fs;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Interpreter and architecture as typed, or as the distribution has them.
///
/// # Errors
/// When one of them is none that is known, or the distribution cannot be asked.
pub(super) fn target(python: Option<&str>, architecture: Option<&str>) -> Result<(Interpreter, Architecture), Failure> {
    let interpreter = match python {
        Some(text) => {
            Interpreter::parse(text).ok_or_else(|| Failure::unable(format!("--python is no version: `{text}`")))?
        }
        None => inputs::default_interpreter()?,
    };
    let architecture = match architecture {
        Some(name) => Architecture::from_debian(name)
            .ok_or_else(|| Failure::unable(format!("--architecture is none of Debian's that is known: `{name}`")))?,
        None => inputs::host_architecture()?,
    };
    Ok((interpreter, architecture))
}

/// The names that were typed after `option`.
///
/// # Errors
/// The first that is none.
pub(super) fn names(option: &str, texts: &[String]) -> Result<BTreeSet<ProjectName>, Failure> {
    let parse = |text: &String| {
        ProjectName::parse(text).ok_or_else(|| Failure::unable(format!("{option} is no name: `{text}`")))
    };
    texts.iter().map(parse).collect()
}

/// The lock of wheels that `files` hold for `target`.
///
/// # Errors
/// As [`lock::read`].
pub(super) fn lock(
    files: &[PathBuf],
    target: &Target,
    requested: &Requested,
    limits: &Limits,
) -> Result<Lock, Failure> {
    let names: Vec<String> = files.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let is_of_wheels = |name: &&String| matches!(Format::of(name), Some(Format::Requirements | Format::Pylock));
    if let Some(name) = names.iter().find(|name| !is_of_wheels(name)) {
        return Err(Failure::unable_hint(
            format!("{name} is no lock of wheels"),
            "requirements files with hashes, pylock.toml and pylock.NAME.toml are read",
        ));
    }
    let request = lock::Request { target, requested, own: OwnProject::BesideLock, limits };
    let mut lock = lock::read(&names, &request, &mut |from, name| load(from, name, limits))?;
    for warning in lock.warnings.drain(..) {
        say(&format!("warning: {}", printable(&warning)));
    }
    Ok(lock)
}

/// What `files`, of any format, select for `target`.
///
/// # Errors
/// Everything that is wrong with one of them, and a project that two of them select.
pub(super) fn resolution(
    files: &[PathBuf],
    target: &Target,
    requested: &Requested,
    limits: &Limits,
) -> Result<Resolution, Failure> {
    let mut all = Resolution::default();
    let mut refusals = Vec::new();
    for file in files {
        let one = match one(file, target, requested, limits) {
            Ok(one) => one,
            Err(failure) => {
                refusals.extend(failure.refusals()?);
                continue;
            }
        };
        for (name, release) in one.releases {
            match all.releases.get(&name) {
                // build requirements and requirements share projects
                Some(earlier) if earlier.version == release.version => {
                    let mut merged = earlier.clone();
                    merged.files.extend(release.files);
                    merged.extras.extend(release.extras);
                    all.releases.insert(name, merged);
                }
                Some(earlier) => refusals.push(
                    Refusal::new(Code::RequirementDuplicate, format!("{}: `{name}` is locked twice", release.origin))
                        .expected(format!("version {} ({})", earlier.version, earlier.origin))
                        .found(format!("version {}", release.version))
                        .hint("lock both in one run of the tool, or remove one of the two"),
                ),
                None => {
                    all.releases.insert(name, release);
                }
            }
        }
        all.trees.extend(one.trees);
        all.skipped.extend(one.skipped);
        all.warnings.extend(one.warnings);
    }
    if refusals.is_empty() { Ok(all) } else { Err(refusals.into()) }
}

fn one(file: &Path, target: &Target, requested: &Requested, limits: &Limits) -> Result<Resolution, Failure> {
    let name = file.to_string_lossy().into_owned();
    let text = || fs::read_text(file, limits.requirements_size);
    match Format::of(&name) {
        Some(Format::Requirements) => {
            let lock = requirements::read(&[name], target, limits, &mut |from, name| load(from, name, limits))?;
            Ok(Resolution::from_lock(lock))
        }
        Some(Format::Pylock) => {
            let mut declared = pylock::Declared::default();
            let resolution = pylock::read(&name, &text()?, target, requested, &mut declared)?;
            let missing = declared.missing(requested);
            if missing.is_empty() { Ok(resolution) } else { Err(missing.into()) }
        }
        Some(Format::Uv) => Ok(uv::read(&name, &text()?, None, target, requested)?),
        Some(Format::Poetry) => {
            let pyproject = file.with_file_name("pyproject.toml");
            let shown = pyproject.to_string_lossy().into_owned();
            let project = match fs::status(&pyproject)? {
                Some(_) => Some(fs::read_text(&pyproject, limits.requirements_size)?),
                None => None,
            };
            let project = project.as_deref().map(|text| (shown.as_str(), text));
            Ok(poetry::read(&name, &text()?, project, target, requested)?)
        }
        None => Err(Failure::unable_hint(
            format!("{name} is no lock that is known"),
            "requirements files with hashes, pylock.toml, uv.lock and poetry.lock are read",
        )),
    }
}

/// Reads a file that is named in another one, relative to it, as pip does.
fn load(from: &str, name: &str, limits: &Limits) -> Result<(String, String), Failure> {
    let path = Path::new(from).parent().unwrap_or_else(|| Path::new("")).join(name);
    Ok((path.to_string_lossy().into_owned(), fs::read_text(&path, limits.requirements_size)?))
}
