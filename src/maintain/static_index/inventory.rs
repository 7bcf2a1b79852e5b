//! What lies in the directories, read and judged: digests, METADATA, and whether the signed list has a file.
//!
//! Enters: directories, the signed list if there is one, what an earlier run remembers. Leaves: one [`Item`] for each file whose
//! name can be told apart, sorted by project, version and name. A file that the signed list does not have is an item too,
//! so that people see it, but it is never opened as an archive. What is kept of a file is some hundred bytes, whatever its size.

use super::listing::{FileName, Kind};
use super::memory::{Described, Memory};
use super::yanked::Yanked;
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::python::metadata::Metadata;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Failure, Refusal};
use crate::system::fs;
use crate::system::store::{self, Stamp};
use crate::trust::verified::VerifiedManifest;
use crate::wheel::archive::Archive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the signed list says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no list, and everything is offered.
    NoList,
    /// The list has the file's name and digest, in this line.
    Listed(usize),
    /// The list does not have it, and it is not offered.
    NotListed,
}

/// One file.
#[derive(Clone, Debug)]
pub struct Item {
    /// Its name.
    pub name: FileName,
    /// The directory that it is in.
    pub directory: Arc<Path>,
    /// What it is recognised by.
    pub stamp: Stamp,
    /// Its digest.
    pub sha256: Sha256,
    /// What METADATA says: of wheels that are offered.
    pub described: Option<Described>,
    /// What the list says.
    pub state: State,
    /// Why it was withdrawn, if it was.
    pub yanked: Option<String>,
}

impl Item {
    /// Where it lies.
    pub fn path(&self) -> PathBuf {
        self.directory.join(&self.name.text)
    }

    /// Whether installers may see it.
    pub fn is_offered(&self) -> bool {
        self.state != State::NotListed
    }
}

/// A file that may become an item.
#[derive(Clone, Debug)]
pub struct Found {
    name: FileName,
    directory: Arc<Path>,
}

/// The files of `directories` that have a name of their kind, sorted, and a line about each that has none. Hidden files and
/// those called `own` are passed over.
///
/// # Errors
/// When a directory cannot be read, or two have a file of one name.
pub fn find(
    directories: &[(PathBuf, Kind)],
    own: &[String],
    limits: &Limits,
) -> Result<(Vec<Found>, Vec<String>), Failure> {
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    for (directory, kind) in directories {
        let place: Arc<Path> = Arc::from(fs::canonicalize(directory)?);
        for entry in fs::names(directory)? {
            let text = entry.to_string_lossy();
            if text.starts_with('.') || own.iter().any(|name| *name == text) {
                continue;
            }
            match FileName::parse(&text, *kind) {
                Ok(name) => found.push(Found { name, directory: Arc::clone(&place) }),
                Err(why) => left_out.push(format!("{text}: {why}")),
            }
            if found.len() > limits.wheel_files {
                let message = format!("{} has more than {} files", directory.display(), limits.wheel_files);
                return Err(Failure::unable(message));
            }
        }
    }
    let key = |file: &Found| (file.name.project.clone(), file.name.version.clone(), file.name.text.clone());
    found.sort_by_cached_key(key);
    for pair in found.windows(2) {
        if let [one, other] = pair {
            if one.name.text == other.name.text {
                return Err(Failure::unable(format!("two of the directories have a file {}", one.name.text)));
            }
        }
    }
    Ok((found, left_out))
}

/// Reads and judges the files.
///
/// # Errors
/// Every file that has another digest than the list, and every offered wheel of which METADATA cannot be told.
pub fn read(
    found: Vec<Found>,
    manifest: Option<&VerifiedManifest>,
    yanked: &Yanked,
    memory: &mut Memory,
    limits: &Limits,
) -> Result<Vec<Item>, Failure> {
    let mut items = Vec::with_capacity(found.len());
    let mut refusals = Vec::new();
    for file in found {
        match item(file, manifest, yanked, memory, limits) {
            Ok(item) => items.push(item),
            Err(Failure::Refused(more)) => refusals.extend(more),
            Err(failure) => return Err(failure),
        }
    }
    if refusals.is_empty() { Ok(items) } else { Err(refusals.into()) }
}

fn item(
    file: Found,
    manifest: Option<&VerifiedManifest>,
    yanked: &Yanked,
    memory: &mut Memory,
    limits: &Limits,
) -> Result<Item, Failure> {
    let Found { name, directory } = file;
    let path = directory.join(&name.text);
    let stamp = store::stamp(&path)?.ok_or_else(|| changed(&name))?;
    let remembered = memory.take(&name.text, &stamp);
    let sha256 = match &remembered {
        Some((sha256, _)) => *sha256,
        None => fs::digest(&path)?.0,
    };
    let state = state(&name, sha256, manifest)?;
    let mut described = remembered.and_then(|(_, described)| described);
    if name.kind == Kind::Wheel && state != State::NotListed && described.is_none() {
        let (bytes, metadata) = metadata(&path, &name, limits)?;
        described = Some(Described {
            metadata: Sha256::of(&bytes),
            requires_python: metadata.requires_python.map(|specifiers| specifiers.to_string()),
            summary: metadata.summary,
        });
    }
    // what was hashed and what was described is one file only if nobody wrote in between
    if store::stamp(&path)? != Some(stamp) {
        return Err(changed(&name));
    }
    let yanked = yanked.reason(&name).map(str::to_owned);
    Ok(Item { name, directory, stamp, sha256, described, state, yanked })
}

/// METADATA of the wheel at `path`, as bytes and as it is read. The one place where an index opens an archive.
///
/// # Errors
/// When the archive or METADATA is not sound.
pub fn metadata(path: &Path, name: &FileName, limits: &Limits) -> Result<(Vec<u8>, Metadata), Failure> {
    let refuse = |why: &str| Refusal::new(Code::WheelMetadata, format!("`{}`: {why}", name.text));
    let file_name = WheelFilename::parse(&name.text).map_err(refuse)?;
    let archive = Archive::open(&name.text, fs::in_place(path, limits.wheel_size)?, limits)?;
    Ok(crate::wheel::metadata(&archive, &file_name, limits)?)
}

fn state(name: &FileName, sha256: Sha256, manifest: Option<&VerifiedManifest>) -> Result<State, Failure> {
    let Some(manifest) = manifest else { return Ok(State::NoList) };
    match manifest.entry(&name.text) {
        None => Ok(State::NotListed),
        Some(entry) if entry.sha256 == sha256 => Ok(State::Listed(entry.line)),
        Some(entry) => Err(Refusal::new(
            Code::WheelDigestMismatch,
            format!("`{}` is not the file that the signed list has", name.text),
        )
        .expected(format!("{} (line {} of `{}`)", entry.sha256, entry.line, manifest.manifest().name))
        .found(sha256.to_string())
        .hint("find out where this file came from; put the listed one into its place, or take it away")
        .into()),
    }
}

/// The refusal of a file that did not hold still.
pub fn changed(name: &FileName) -> Failure {
    Refusal::new(Code::IndexFileChanged, format!("`{}` changed while it was read", name.text))
        .hint("let whatever writes to the directory come to its end, and make the index again")
        .into()
}
