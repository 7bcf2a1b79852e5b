//! What is wanted: locks, read into one form.
//!
//! Enters: the text of requirements files and of pylock.toml, and for the maintainers' commands of poetry.lock and uv.lock. Leaves: a
//! [`Lock`], one release a project with the hashes of its wheels, or a [`resolution::Resolution`], which has files of every kind.
//! Ranges, resolution and indexes are deliberately absent: a lock that leaves a choice is not one.

mod document;

pub mod requirements;

pub mod resolution;

pub mod pylock;

pub mod uv;

mod poetry_constraint;

pub mod poetry;

use crate::digest::Sha256;
use crate::limits::Limits;
use crate::python::dependency::Target;
use crate::python::marker::Requested;
use crate::python::name::ProjectName;
use crate::refusal::{Failure, Refusal};
use pep440_rs::Version;
use resolution::OwnProject;
use std::collections::{BTreeMap, BTreeSet};

/// One project of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The project.
    pub name: ProjectName,
    /// The one version.
    pub version: Version,
    /// Extras that the lock requests of it.
    pub extras: BTreeSet<ProjectName>,
    /// SHA-256 of the files that may be used; at least one.
    pub hashes: BTreeSet<Sha256>,
    /// File and line, for messages.
    pub origin: String,
}

/// A set of releases, at most one a project, whose markers hold for the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The releases by project.
    pub releases: BTreeMap<ProjectName, Locked>,
    /// Lines whose marker is false for the target, for the log.
    pub skipped: Vec<String>,
    /// Projects of such lines.
    pub elsewhere: BTreeSet<ProjectName>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// The format of a lock, which its file name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// pip's requirements file.
    Requirements,
    /// pylock.toml, pylock.NAME.toml (PEP 751).
    Pylock,
    /// poetry.lock
    Poetry,
    /// uv.lock
    Uv,
}

impl Format {
    /// The format of the lock `path`; `None` for another file that ends in `.toml` or `.lock`.
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let of_pylock = name.strip_prefix("pylock.").and_then(|rest| {
            rest.strip_suffix("toml").map(|middle| middle.is_empty() || middle.find('.') == Some(middle.len() - 1))
        });
        match (name, of_pylock) {
            (_, Some(true)) if name != "pylock..toml" => Some(Self::Pylock),
            ("poetry.lock", _) => Some(Self::Poetry),
            ("uv.lock", _) => Some(Self::Uv),
            _ if name.ends_with(".toml") || name.ends_with(".lock") => None,
            _ => Some(Self::Requirements),
        }
    }
}

/// What locks are read for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Where it is to run.
    pub target: &'a Target,
    /// Extras and dependency groups of the project that the lock belongs to.
    pub requested: &'a Requested,
    /// The project that is built from its source.
    pub own: OwnProject,
    /// Bounds.
    pub limits: &'a Limits,
}

/// Reads `files`, each in its own format, into one lock of wheels.
///
/// # Errors
/// Everything that is refused, or the failure of `load`.
pub fn read(files: &[String], request: &Request<'_>, load: &mut requirements::Load<'_>) -> Result<Lock, Failure> {
    let is_pylock = |file: &&String| Format::of(file) == Some(Format::Pylock);
    let mut lock = Lock::default();
    let mut refusals: Vec<Refusal> = Vec::new();
    let mut declared = pylock::Declared::default();
    for file in files.iter().filter(is_pylock) {
        let (shown, text) = load("", file)?;
        match pylock::read(&shown, &text, request.target, request.requested, &mut declared)
            .and_then(|resolution| resolution.into_lock(&shown, &request.own))
        {
            Ok(more) => refusals.extend(lock.merge(more)),
            Err(more) => refusals.extend(more),
        }
    }
    refusals.extend(declared.missing(request.requested));
    let requirements: Vec<String> = files.iter().filter(|file| !is_pylock(file)).cloned().collect();
    match requirements::read_onto(lock, &requirements, request.target, request.limits, load) {
        Ok(lock) if refusals.is_empty() => Ok(lock),
        Ok(_) => Err(refusals.into()),
        Err(Failure::Refused(more)) => {
            refusals.extend(more);
            Err(refusals.into())
        }
        Err(unable) => Err(unable),
    }
}

impl Lock {
    /// Adds the releases of another lock.
    fn merge(&mut self, other: Self) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for locked in other.releases.into_values() {
            refusals.extend(self.insert(locked));
        }
        self.skipped.extend(other.skipped);
        self.elsewhere.extend(other.elsewhere);
        self.warnings.extend(other.warnings);
        refusals
    }

    /// Adds a release; the refusal when the project is there already.
    fn insert(&mut self, locked: Locked) -> Option<Refusal> {
        if let Some(earlier) = self.releases.get(&locked.name) {
            let message = format!("{}: `{}` is required twice", locked.origin, locked.name);
            return Some(
                Refusal::new(crate::code::Code::RequirementDuplicate, message)
                    .found(format!("{} in {}", earlier.version, earlier.origin))
                    .hint("remove one of the two"),
            );
        }
        self.releases.insert(locked.name.clone(), locked);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_the_format() {
        for (path, format) in [
            ("requirements.txt", Some(Format::Requirements)),
            ("a/requirements", Some(Format::Requirements)),
            ("pylock.toml", Some(Format::Pylock)),
            ("a/pylock.server.toml", Some(Format::Pylock)),
            ("poetry.lock", Some(Format::Poetry)),
            ("a/uv.lock", Some(Format::Uv)),
            ("pylock.a.b.toml", None),
            ("pylock..toml", None),
            ("pylocktoml", Some(Format::Requirements)),
            ("pylock.toml.txt", Some(Format::Requirements)),
            ("Pylock.toml", None),
            ("pyproject.toml", None),
            ("other.lock", None),
        ] {
            assert_eq!(Format::of(path), format, "{path}");
        }
    }
}
