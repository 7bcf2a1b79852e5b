//! The hardened reader of source distributions.
//!
//! Enters: the bytes of a file whose digest the caller has compared with the lock, and its parsed name. Leaves: a
//! [`Listing`] of what is in it, or the same as a tree in a new directory. Nothing of it runs.
//!
//! Every archive is read twice. The first time everything is checked and hashed and nothing is written; whatever is
//! wrong is a refusal, and the disk has not been touched. The second time the same bytes, which never left memory, are
//! written ([`unpack`]). Owners and times of the archive are ignored, modes become 0644 or 0755.
//!
//! Why no file outside of the target can be reached, without `openat`: the tree is built in a directory that did not
//! exist before and belongs to the caller; every path was parsed by [`MemberPath`], so it goes down only; every file is
//! created exclusively; the only links are those of the archive, and they are made last, when nothing is written any
//! more. Besides, none of them leads out of the tree (`tree.rs`). The directory has a temporary name beside the target,
//! `.NAME.new`, and is renamed when it is complete; what an earlier run that was killed left there is removed.
//!
//! Deliberately absent: whether the file is the right one (`fetch`), and what PKG-INFO says (the wheel's METADATA is
//! compared once it is built).

mod header;
mod pax;
mod stream;
mod tar;
mod tree;
mod zip;

use crate::code::Code;
use crate::digest::{Hasher, Sha256};
use crate::limits::Limits;
use crate::python::name::ProjectName;
use crate::python::sdist_filename::SdistFilename;
use crate::refusal::{Failure, Refusal};
use crate::system::fs;
use crate::wheel::member_path::MemberPath;
use pep440_rs::Version;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stream::Stream;
use tree::{Node, Tree};

/// Refusals of members after which reading stops: the rest of such an archive is of no interest.
const ENOUGH: usize = 100;

/// What is in a source distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The one directory at the top, in the archive's spelling.
    pub top: String,
    /// Files and symbolic links, in the order of their paths.
    pub files: Vec<SdistFile>,
    /// Every directory below the top, named by the archive or not, parents first.
    pub directories: Vec<MemberPath>,
    /// Bytes of all files together.
    pub total_size: u64,
}

/// One file or symbolic link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SdistFile {
    /// Where it is, below the top, so that two versions can be compared.
    pub path: MemberPath,
    /// What it is.
    pub content: Content,
}

/// What a file or symbolic link holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A regular file; a hard link is one of its own.
    File {
        /// Its length in bytes.
        size: u64,
        /// Its digest.
        sha256: Sha256,
        /// Whether it becomes mode 0755.
        executable: bool,
    },
    /// A symbolic link and what it says, which leads to a file of the same source distribution.
    Link(String),
}

/// A source distribution in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// The directory of the sources: the target and the top.
    pub directory: PathBuf,
    /// What is in it.
    pub listing: Listing,
}

/// What a member is.
enum What {
    File { size: u64, executable: bool },
    Directory,
    HardLink(String),
    Link(String),
}

/// A member, its path complete.
struct Member {
    path: MemberPath,
    what: What,
}

/// Takes content in pieces.
type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), Failure> + 'a;

/// The content of the member that is being visited.
trait Contents {
    /// Hands all of it to `sink`.
    fn copy(&mut self, sink: &mut Sink<'_>) -> Result<(), Failure>;
}

/// Takes members in the order of the archive.
type Visit<'a> = dyn FnMut(Member, &mut dyn Contents) -> Result<(), Failure> + 'a;

/// Reads the file name of a source distribution of a release that is known from elsewhere.
///
/// # Errors
/// It is no such name, or the name of another release.
pub fn filename(text: &str, project: &ProjectName, version: &Version) -> Result<SdistFilename, Refusal> {
    let name = SdistFilename::parse(text).map_err(|why| {
        Refusal::new(Code::SdistNameMalformed, format!("`{text}` is not the name of a source distribution: {why}"))
    })?;
    if name.is_of(project, version) {
        return Ok(name);
    }
    let readings: Vec<String> =
        name.readings().iter().map(|(project, version)| format!("{project} {version}")).collect();
    Err(Refusal::new(Code::SdistNameMismatch, format!("`{text}` is the name of another release"))
        .expected(format!("{project} {version}"))
        .found(readings.join(", or ")))
}

/// What is in the source distribution `bytes`; nothing is written.
///
/// # Errors
/// Everything that is wrong with it, sorted; after something in the structure of the archive, nothing further is known.
pub fn list(bytes: &Arc<Vec<u8>>, filename: &SdistFilename, limits: &Limits) -> Result<Listing, Failure> {
    let mut refusals = Vec::new();
    let listing = match survey(bytes, filename, limits, &mut refusals) {
        Ok(listing) => listing,
        Err(Failure::Refused(more)) => {
            refusals.extend(more);
            None
        }
        Err(unable) => return Err(unable),
    };
    match listing {
        Some(listing) if refusals.is_empty() => Ok(listing),
        _ => {
            for refusal in &mut refusals {
                refusal.message = format!("`{filename}`: {}", refusal.message);
            }
            refusals.sort();
            refusals.dedup();
            Err(Failure::Refused(refusals))
        }
    }
}

/// Writes the source distribution `bytes` into the new directory `target`, whose parent exists. Every time in the tree
/// becomes `mtime`, in seconds since 1970.
///
/// # Errors
/// As [`list`], and when something stands at `target` or the file system refuses; nothing is left behind.
pub fn unpack(
    bytes: &Arc<Vec<u8>>,
    filename: &SdistFilename,
    target: &Path,
    mtime: u64,
    limits: &Limits,
) -> Result<Unpacked, Failure> {
    let listing = list(bytes, filename, limits)?;
    if fs::status(target)?.is_some() {
        return Err(Failure::unable(format!("cannot unpack `{filename}`: {} exists already", target.display())));
    }
    let Some(name) = target.file_name() else {
        return Err(Failure::unable(format!("cannot unpack `{filename}`: {} is no new directory", target.display())));
    };
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(".new");
    let temporary = target.with_file_name(temporary);
    fs::remove(&temporary)?;
    let written =
        write(bytes, filename, &listing, &temporary, mtime, limits).and_then(|()| fs::rename(&temporary, target));
    if let Err(failure) = written {
        // the first failure is the one that says what happened
        drop(fs::remove(&temporary));
        return Err(failure);
    }
    Ok(Unpacked { directory: target.join(&listing.top), listing })
}

/// Hands every member to `take`.
fn visit(
    bytes: &Arc<Vec<u8>>,
    filename: &SdistFilename,
    limits: &Limits,
    refusals: &mut Vec<Refusal>,
    take: &mut Visit<'_>,
) -> Result<(), Failure> {
    let Some(stream) = Stream::new(filename.format(), bytes, limits) else {
        return zip::visit(filename.as_str(), bytes, limits, take);
    };
    let mut reader = tar::Reader::new(stream, limits);
    while let Some(member) = reader.next(refusals)? {
        take(member, &mut reader)?;
        if refusals.len() >= ENOUGH {
            return Ok(());
        }
    }
    Ok(reader.finish()?)
}

/// Reads everything, hashes every file and says what is there; `None` when something is wrong.
fn survey(
    bytes: &Arc<Vec<u8>>,
    filename: &SdistFilename,
    limits: &Limits,
    refusals: &mut Vec<Refusal>,
) -> Result<Option<Listing>, Failure> {
    let size = bytes.len() as u64;
    if size > limits.sdist_size {
        return Err(Refusal::new(Code::SdistLimit, "the file is larger than any that is known")
            .expected(format!("at most {} bytes", limits.sdist_size))
            .found(format!("{size} bytes"))
            .into());
    }
    let mut tree = Tree::default();
    // the visitor has refusals of its own, since the reader adds to the other ones between two visits
    let mut of_members = Vec::new();
    let result = visit(bytes, filename, limits, refusals, &mut |member, contents| {
        let Member { path, what } = member;
        let node = match what {
            What::Directory => Ok(Node::Directory),
            What::Link(text) => Ok(Node::Link(text)),
            What::HardLink(target) => tree.original(&path, &target),
            What::File { size, executable } => {
                let mut hasher = Hasher::new();
                contents.copy(&mut |piece| {
                    hasher.update(piece);
                    Ok(())
                })?;
                Ok(Node::File { size, sha256: hasher.finish(), executable })
            }
        };
        if let Err(refusal) = node.and_then(|node| tree.add(path, node, limits)) {
            // what goes beyond a bound ends the reading; anything else is said together with what comes later
            if refusal.code == Code::SdistLimit || of_members.len() >= ENOUGH {
                return Err(refusal.into());
            }
            of_members.push(refusal);
        }
        Ok(())
    });
    refusals.append(&mut of_members);
    result?;
    Ok(tree.finish(filename, limits, refusals))
}

/// Writes what `listing` says into the new directory `root`.
fn write(
    bytes: &Arc<Vec<u8>>,
    filename: &SdistFilename,
    listing: &Listing,
    root: &Path,
    mtime: u64,
    limits: &Limits,
) -> Result<(), Failure> {
    let top = root.join(&listing.top);
    fs::create_dir(root)?;
    fs::create_dir(&top)?;
    for path in &listing.directories {
        fs::create_dir(&top.join(path.as_str()))?;
    }
    let mut none = Vec::new();
    visit(bytes, filename, limits, &mut none, &mut |member, contents| {
        let path = root.join(member.path.as_str());
        // a member that is there twice is the same twice
        if fs::status(&path)?.is_some() {
            return Ok(());
        }
        match member.what {
            What::Directory | What::Link(_) => Ok(()),
            What::File { executable, .. } => {
                fs::create(&path, mode(executable), &mut |write| contents.copy(write))?;
                fs::set_mtime(&path, mtime)
            }
            // a file of its own, so that a build that changes one changes one
            What::HardLink(target) => {
                let original = root.join(target);
                let executable = fs::status(&original)?.is_some_and(|status| status.mode & 0o100 != 0);
                fs::create(&path, mode(executable), &mut |write| {
                    let mut result = Ok(());
                    fs::read_in_pieces(&original, &mut |piece| {
                        if result.is_ok() {
                            result = write(piece);
                        }
                    })?;
                    result
                })?;
                fs::set_mtime(&path, mtime)
            }
        }
    })?;
    for file in &listing.files {
        if let Content::Link(text) = &file.content {
            let path = top.join(file.path.as_str());
            fs::symlink(text, &path)?;
            fs::set_mtime(&path, mtime)?;
        }
    }
    // what is created in a directory changes its time, so the innermost come first
    for path in listing.directories.iter().rev() {
        fs::set_mtime(&top.join(path.as_str()), mtime)?;
    }
    fs::set_mtime(&top, mtime)?;
    fs::set_mtime(root, mtime)
}

fn mode(executable: bool) -> u32 {
    if executable { 0o755 } else { 0o644 }
}
