//! Sdists in a directory: what their names say, and what is in them.
//!
//! Enters: a directory, the path of one sdist. Leaves: [`Sdist`]s in the order of their names, the files that decide how one is
//! built, and its source tree. Only the reader of `maintain::sdist` looks into the archive.

use super::super::build_system::{BuildSystem, SetupFiles};
use super::super::sdist;
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::python::name::ProjectName;
use crate::python::sdist_filename::SdistFilename;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Kind};
use pep440_rs::Version;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An sdist that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sdist {
    /// The project.
    pub name: ProjectName,
    /// Its version.
    pub version: Version,
    /// Its file name.
    pub file_name: SdistFilename,
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of the file.
    pub sha256: Sha256,
}

impl fmt::Display for Sdist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.file_name.as_str())
    }
}

/// Every sdist in `directory`, each read once for its digest.
///
/// # Errors
/// When the directory or a file cannot be read, or two are of one release ([`Code::SdistAmbiguous`]).
pub fn list(directory: &Path) -> Result<Vec<Sdist>, Failure> {
    let mut sdists: Vec<Sdist> = Vec::new();
    for entry in fs::list(directory)? {
        let file_name = entry.name.to_string_lossy();
        if entry.kind == Kind::Directory || file_name.starts_with('.') {
            continue;
        }
        // of a name that can be read in two ways, the reading with the shorter project; the wheel tells whether that was right
        let Ok(file_name) = SdistFilename::parse(&file_name) else { continue };
        let Some((name, version)) = file_name.readings().first().cloned() else { continue };
        let (sha256, _) = fs::digest(&entry.path)?;
        sdists.push(Sdist { name, version, file_name, path: entry.path, sha256 });
    }
    sdists.sort();
    let refusals: Vec<Refusal> = sdists
        .iter()
        .zip(sdists.iter().skip(1))
        .filter(|(a, b)| (&a.name, &a.version) == (&b.name, &b.version))
        .map(|(a, b)| {
            let message = format!("there are two sdists of {} {}", a.name, a.version);
            Refusal::new(Code::SdistAmbiguous, message).found(format!("`{a}` and `{b}`")).hint("remove one of them")
        })
        .collect();
    if refusals.is_empty() { Ok(sdists) } else { Err(refusals.into()) }
}

impl Sdist {
    /// Unpacks it into the new directory `target`, every time in it being `time`; leaves the root of the source tree.
    ///
    /// # Errors
    /// As [`sdist::unpack`], and when the file is not the one that was there before.
    pub fn unpack(&self, target: &Path, time: u64) -> Result<PathBuf, Failure> {
        let limits = Limits::DEFAULT;
        let bytes = Arc::new(fs::read(&self.path, limits.sdist_size)?);
        if Sha256::of(&bytes) != self.sha256 {
            return Err(Failure::unable(format!("{} was changed while it was used", self.path.display())));
        }
        Ok(sdist::unpack(&bytes, &self.file_name, target, time, &limits)?.directory)
    }

    /// How the tree in `directory`, into which it was unpacked, wants to be built.
    ///
    /// # Errors
    /// As [`BuildSystem::parse`], each said of this sdist.
    pub fn build_system(&self, directory: &Path) -> Result<BuildSystem, Failure> {
        let is_file = |name: &str| {
            fs::status(&directory.join(name)).map(|status| status.is_some_and(|status| status.kind == Kind::File))
        };
        let pyproject = if is_file("pyproject.toml")? {
            Some(fs::read_text(&directory.join("pyproject.toml"), Limits::DEFAULT.configuration_size)?)
        } else {
            None
        };
        let setup =
            if is_file("setup.py")? || is_file("setup.cfg")? { SetupFiles::Present } else { SetupFiles::Absent };
        BuildSystem::parse(pyproject.as_deref(), setup).map_err(|refusals| {
            let of_this = |mut refusal: Refusal| {
                refusal.message = format!("`{self}`: {}", refusal.message);
                refusal.hint = None;
                refusal
            };
            Failure::Refused(refusals.into_iter().map(of_this).collect())
        })
    }
}
