//! What the maintainers' commands are asked to get: from the lock files that were typed to releases with digests.
//!
//! Enters: names of lock files, and the target. Leaves: [`Wanted`] releases, sorted by project. Whatever format a lock has, it becomes
//! this one form here.

use super::inputs;
use crate::limits::Limits;
use crate::lock::{Locked, requirements};
use crate::maintain::fetch::choose::Wanted;
use crate::python::architecture::Architecture;
use crate::python::dependency::Target;
use crate::python::interpreter::Interpreter;
use crate::refusal::Failure;
use crate::system::fs;
use std::path::{Path, PathBuf};

/// Interpreter and architecture as typed, or as the distribution has them.
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

/// What the lock `files` want for a target, and what their markers exclude for it.
pub(super) fn read(
    files: &[PathBuf],
    interpreter: &Interpreter,
    architecture: &Architecture,
    limits: &Limits,
) -> Result<(Vec<Wanted>, Vec<String>), Failure> {
    let target = Target::new(interpreter, architecture).map_err(Failure::unable)?;
    let names: Vec<String> = files.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let lock = requirements::read(&names, &target, limits, &mut |from, name| {
        // as pip does: relative to the file that includes it
        let path = Path::new(from).parent().unwrap_or_else(|| Path::new("")).join(name);
        Ok((path.to_string_lossy().into_owned(), fs::read_text(&path, limits.requirements_size)?))
    })?;
    Ok((lock.releases.into_values().map(of_release).collect(), lock.skipped))
}

/// A release of requirements files, which name no files and no addresses.
fn of_release(locked: Locked) -> Wanted {
    let Locked { name, version, hashes, origin, .. } = locked;
    Wanted { name, version, hashes, files: Vec::new(), origin }
}
