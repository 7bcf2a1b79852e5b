//! What a Python project needs beside itself to become a Debian package, as values: decided here, written by `rustvenv init`.
//!
//! Enters: the facts of a project, where its locks and wheels are, who signs, and what is in debian/ already. Leaves: the texts of the
//! files that are missing, and the lines that files which are there still need. Nothing is read or written here, and no file that
//! is there is ever part of what leaves.

pub mod advice;

pub mod back_end;

pub mod facts;

pub mod setup_cfg;

pub mod texts;

pub mod words;

use crate::maintain::settings::Settings;
use std::path::{Path, PathBuf};

/// Where the parts of a package are, relative to the source tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// What is installed, with upstream's hashes; none when nothing is.
    pub locks: Vec<PathBuf>,
    /// The same for what builds.
    pub build_locks: Vec<PathBuf>,
    /// Requirements files that people wrote, without hashes: a lock that is made covers them.
    pub written: Vec<PathBuf>,
    /// The hashes of the wheels that are installed; none when nothing is.
    pub requirements: Option<PathBuf>,
    /// The hashes of the wheels that build the project's own; none when the distribution has what builds.
    pub build_requirements: Option<PathBuf>,
    /// The wheels.
    pub wheels: PathBuf,
    /// The list of them.
    pub manifest: PathBuf,
    /// The certificates.
    pub keyring: PathBuf,
}

impl Layout {
    /// That of a project without settings. Everything is below debian/: names in the root of a project are often taken, and setuptools
    /// takes any directory there for a package of Python.
    pub fn new() -> Self {
        Self {
            locks: Vec::new(),
            written: Vec::new(),
            build_locks: Vec::new(),
            requirements: Some("debian/requirements.txt".into()),
            build_requirements: None,
            wheels: "debian/wheels".into(),
            manifest: "debian/wheels/sha256sums.txt".into(),
            keyring: "debian/signers".into(),
        }
    }

    /// That of a project whose settings are there.
    pub fn of(settings: &Settings) -> Self {
        Self {
            locks: settings.locks.clone(),
            written: Vec::new(),
            build_locks: settings.build_locks.clone(),
            requirements: Some(settings.requirements.clone()),
            build_requirements: settings.build_requirements.clone(),
            wheels: settings.wheels.clone(),
            manifest: settings.manifest.clone(),
            keyring: settings.keyring.first().cloned().unwrap_or_else(|| "debian/signers".into()),
        }
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::new()
    }
}

/// A file that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Where it comes to, relative to the source tree.
    pub path: PathBuf,
    /// What is in it.
    pub text: Vec<u8>,
    /// Its permission bits.
    pub mode: u32,
}

impl NewFile {
    /// A file that everybody may read.
    pub fn new(path: impl AsRef<Path>, text: impl Into<Vec<u8>>) -> Self {
        Self { path: path.as_ref().to_owned(), text: text.into(), mode: 0o644 }
    }
}
