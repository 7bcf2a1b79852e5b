//! Sdists in a directory: what their names say, and what is in them.
//!
//! Enters: a directory, the path of one sdist. Leaves: [`Sdist`]s in the order of their names, the files that decide how one is
//! built, and its source tree. Only the reader of `maintain::sdist` looks into the archive.

use super::super::build_system::{BuildSystem, SetupFiles};
use crate::code::Code;
use crate::digest::{Hasher, Sha256};
use crate::limits::Limits;
use crate::python::name::ProjectName;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Kind};
use pep440_rs::Version;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

/// What the names of sdists end in (<https://packaging.python.org/en/latest/specifications/source-distribution-format/>, and what
/// was usual before).
const ENDINGS: &[&str] = &[".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz"];

/// An sdist that is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sdist {
    /// The project.
    pub name: ProjectName,
    /// Its version.
    pub version: Version,
    /// Its file name.
    pub file_name: String,
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of the file.
    pub sha256: Sha256,
}

impl fmt::Display for Sdist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_name)
    }
}

/// Project and version in the name of an sdist; `None` when it is none.
///
/// The version is what follows the last hyphen that leaves a version: before the name was normalised (PEP 625), projects had
/// hyphens in it.
fn parse(file_name: &str) -> Option<(ProjectName, Version)> {
    let stem = ENDINGS.iter().find_map(|ending| file_name.strip_suffix(ending))?;
    let (name, version) = stem.rsplit_once('-')?;
    Some((ProjectName::parse(name)?, Version::from_str(version).ok()?))
}

/// Every sdist in `directory`, each read once for its digest.
///
/// # Errors
/// When the directory or a file cannot be read, or two are of one release ([`Code::SdistAmbiguous`]).
pub fn list(directory: &Path) -> Result<Vec<Sdist>, Failure> {
    let mut sdists: Vec<Sdist> = Vec::new();
    for entry in fs::list(directory)? {
        let file_name = entry.name.to_string_lossy().into_owned();
        if entry.kind == Kind::Directory || file_name.starts_with('.') {
            continue;
        }
        let Some((name, version)) = parse(&file_name) else { continue };
        let mut hasher = Hasher::new();
        fs::read_in_pieces(&entry.path, &mut |bytes| hasher.update(bytes))?;
        sdists.push(Sdist { name, version, file_name, path: entry.path, sha256: hasher.finish() });
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
    /// Unpacks it into `directory`, which must not be there: every file with the time `time`.
    ///
    /// # Errors
    /// Every reason why the archive is not what it has to be, or what could not be done.
    pub fn unpack(&self, directory: &Path, time: u64) -> Result<(), Failure> {
        fs::create_dir(directory)?;
        crate::system::process::Program::new([
            "/usr/bin/tar".into(),
            "-xf".into(),
            self.path.clone().into_os_string(),
            "--strip-components=1".into(),
            "--no-same-owner".into(),
            "-C".into(),
            directory.to_owned().into_os_string(),
        ])
        .run()?;
        for (path, _) in fs::walk(directory)?.iter().rev() {
            fs::set_mtime(&directory.join(path), time)?;
        }
        fs::set_mtime(directory, time)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sdists() {
        for (text, name, version) in [
            ("flit_core-3.9.0.tar.gz", "flit-core", "3.9.0"),
            ("ruamel.yaml-0.18.6.tar.gz", "ruamel-yaml", "0.18.6"),
            ("python-dateutil-2.8.2.tar.gz", "python-dateutil", "2.8.2"),
            ("pytz-2024.1.zip", "pytz", "2024.1"),
            ("a-1.0.tar.xz", "a", "1.0"),
        ] {
            let (found, at) = parse(text).unwrap();
            assert_eq!((found.as_str(), at.to_string().as_str()), (name, version));
        }
        for text in ["a.tar.gz", "a-b.tar.gz", "a-1.0.whl", "a-1.0.tar", "-1.0.tar.gz", "sha256sums.txt"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
