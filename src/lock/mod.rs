//! What is wanted: locks, read into one form.
//!
//! Enters: the text of requirements files. Leaves: a [`Lock`], one release a project with the hashes of its files. Ranges,
//! resolution and indexes are deliberately absent: a lock that leaves a choice is not one.

pub mod requirements;

use crate::digest::Sha256;
use crate::python::name::ProjectName;
use pep440_rs::Version;
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
}
