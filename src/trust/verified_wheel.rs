//! Wheels that may be installed: the only place that makes a [`VerifiedWheel`].
//!
//! Enters: the lock, the verified manifest, and the wheel files that are there. Leaves: for each locked release one
//! wheel whose bytes have a digest that is in the lock AND on the signed list under the same file name, or the reasons
//! why not. The bytes that were hashed are the bytes that are kept: no path is ever opened a second time. This module
//! is a leaf and its constructors are private, so that code elsewhere cannot make a [`VerifiedWheel`] of bytes that
//! nobody approved.
//!
//! Choice: of the files of the locked release (whole names and parsed versions compared, never prefixes), those whose
//! tags do not fit the target are out; a file whose name is on the signed list with another digest is refused even if
//! another one would do; of the rest the best tag wins, as in pip, and a tie is refused.

use super::verified::VerifiedManifest;
use crate::blob::Blob;
use crate::code::Code;
use crate::digest::Sha256;
use crate::lock::{Lock, Locked};
use crate::python::tags::CompatibleTags;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Failure, Refusal};

/// A wheel file that is there: nothing is known of it but its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Its file name, parsed.
    pub file_name: WheelFilename,
    /// What messages call it, and the word by which the caller reads it.
    pub path: String,
}

/// Why a wheel may be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is on the signed list, in this line.
    Listed {
        /// Line of the manifest, from 1.
        line: usize,
    },
    /// It is locked, and the package says that nobody signs.
    LockedOnly,
    /// It was built from this source package, during this build.
    SourcePackage,
    /// It was built from an sdist, to build others with.
    Sdist,
}

/// Who has to approve of a wheel beside the lock.
#[derive(Clone, Copy, Debug)]
pub enum Approval<'a> {
    /// The signed list.
    Signed(&'a VerifiedManifest),
    /// Nobody: the package's configuration says `dangerously-unsigned`.
    DangerouslyUnsigned,
}

impl<'a> Approval<'a> {
    fn manifest(self) -> Option<&'a VerifiedManifest> {
        match self {
            Self::Signed(manifest) => Some(manifest),
            Self::DangerouslyUnsigned => None,
        }
    }
}

/// A wheel that may be installed. That a value of this type exists is the proof.
#[derive(Clone, Debug)]
pub struct VerifiedWheel {
    file_name: WheelFilename,
    sha256: Sha256,
    origin: Origin,
    bytes: Blob,
}

impl VerifiedWheel {
    /// Its file name.
    pub fn file_name(&self) -> &WheelFilename {
        &self.file_name
    }

    /// SHA-256 of its bytes.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Why it may be installed.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The very bytes that were verified.
    pub fn bytes(&self) -> &Blob {
        &self.bytes
    }

    /// The wheel of the source package itself, which was just built from it: its trust is that of the source package.
    ///
    /// # Errors
    /// When the back end gave it a name that is none ([`Code::WheelNameMalformed`]), or its bytes cannot be read.
    pub fn built_from_source_package(file_name: &str, bytes: Blob) -> Result<Self, Failure> {
        let file_name = WheelFilename::parse(file_name).map_err(|why| {
            Refusal::new(
                Code::WheelNameMalformed,
                format!(
                    "the project's own wheel `{file_name}` has no name of a \
                                                            wheel: {why}"
                ),
            )
        })?;
        Ok(Self { file_name, sha256: bytes.sha256()?, origin: Origin::SourcePackage, bytes })
    }

    /// A wheel that was just built twice from an sdist: it may be installed into the environment of another build, and
    /// nowhere else.
    ///
    /// # Errors
    /// As [`Self::built_from_source_package`].
    pub fn built_from_sdist(file_name: &str, bytes: Blob) -> Result<Self, Failure> {
        let built = Self::built_from_source_package(file_name, bytes)?;
        Ok(Self { origin: Origin::Sdist, ..built })
    }
}

/// Takes the bytes of a candidate to where nobody else can change them.
pub type ReadWheel<'a> = dyn FnMut(&Candidate) -> Result<Blob, Failure> + 'a;

/// Chooses and verifies a wheel for each release of `lock`; the result is in the order of the lock.
///
/// # Errors
/// Every release for which there is no wheel, or the failure of `read`.
pub fn verify_wheels(
    lock: &Lock,
    approval: Approval<'_>,
    candidates: &[Candidate],
    tags: &CompatibleTags,
    read: &mut ReadWheel<'_>,
) -> Result<Vec<VerifiedWheel>, Failure> {
    let mut wheels = Vec::new();
    let mut refusals = Vec::new();
    for locked in lock.releases.values() {
        match verify_release(locked, approval, candidates, tags, read) {
            Ok(wheel) => wheels.push(wheel),
            Err(failure) => refusals.extend(failure.refusals()?),
        }
    }
    if refusals.is_empty() { Ok(wheels) } else { Err(refusals.into()) }
}

fn verify_release(
    locked: &Locked,
    approval: Approval<'_>,
    candidates: &[Candidate],
    tags: &CompatibleTags,
    read: &mut ReadWheel<'_>,
) -> Result<VerifiedWheel, Failure> {
    let release = format!("`{}=={}` ({})", locked.name, locked.version, locked.origin);
    let of_release = |candidate: &&Candidate| {
        *candidate.file_name.name() == locked.name && *candidate.file_name.version() == locked.version
    };
    let files: Vec<&Candidate> = candidates.iter().filter(of_release).collect();
    if files.is_empty() {
        let entries = approval.manifest().map(VerifiedManifest::entries).unwrap_or_default();
        let listed = entries.iter().map(|entry| entry.name.as_str()).find(|name| {
            WheelFilename::parse(name)
                .is_ok_and(|name| *name.name() == locked.name && *name.version() == locked.version)
        });
        let refusal = Refusal::new(Code::WheelMissing, format!("there is no wheel of {release}"))
            .expected(listed.unwrap_or("a file of that project and version in a directory that `wheels` names"));
        return Err(refusal.hint("fetch or build the wheel; nothing is fetched while a package is built").into());
    }
    let fitting: Vec<(usize, &Candidate)> =
        files.iter().filter_map(|file| Some((tags.rank(file.file_name.tags())?, *file))).collect();
    if fitting.is_empty() {
        let found: Vec<&str> = files.iter().map(|file| file.file_name.as_str()).collect();
        return Err(Refusal::new(Code::WheelIncompatible, format!("no wheel of {release} fits the target"))
            .expected(format!("tags for {}", tags.target()))
            .found(found.join(", "))
            .hint("the tags have to fit the package's Python, architecture and C library")
            .into());
    }
    let mut approved: Vec<(usize, VerifiedWheel, &Candidate)> = Vec::new();
    let mut turned_away = Vec::new();
    for (rank, candidate) in fitting {
        let bytes = read(candidate)?;
        let sha256 = bytes.sha256()?;
        match admit((bytes, sha256), candidate, locked, approval) {
            Ok(wheel) => approved.push((rank, wheel, candidate)),
            // a file that pretends to be a listed one is refused although another one may do
            Err(refusal) if refusal.code == Code::WheelDigestMismatch => return Err(refusal.into()),
            Err(refusal) => turned_away.push(refusal),
        }
    }
    let Some(best) = approved.iter().map(|(rank, ..)| *rank).min() else { return Err(turned_away.into()) };
    approved.retain(|(rank, ..)| *rank == best);
    // the same file in two directories is one file
    approved.dedup_by(|a, b| a.1.sha256 == b.1.sha256);
    let mut rest = approved.into_iter();
    match (rest.next(), rest.next()) {
        (Some((_, wheel, _)), None) => Ok(wheel),
        (first, second) => {
            let paths: Vec<&str> =
                first.iter().chain(&second).map(|(_, _, candidate)| candidate.path.as_str()).collect();
            Err(Refusal::new(Code::WheelAmbiguous, format!("two wheels of {release} fit equally well"))
                .found(paths.join(" and "))
                .hint("take the hash of one of them out of the lock")
                .into())
        }
    }
}

/// The one way for the bytes of a file, with their digest, to become a [`VerifiedWheel`].
fn admit(
    (bytes, sha256): (Blob, Sha256),
    candidate: &Candidate,
    locked: &Locked,
    approval: Approval<'_>,
) -> Result<VerifiedWheel, Refusal> {
    let (name, path) = (candidate.file_name.as_str(), &candidate.path);
    let entry = approval.manifest().and_then(|manifest| manifest.entry(name));
    let is_locked = locked.hashes.contains(&sha256);
    let lock_says = || {
        let hashes: Vec<String> = locked.hashes.iter().map(|hash| format!("sha256:{hash}")).collect();
        format!("{} ({})", hashes.join(" or "), locked.origin)
    };
    let found = format!("sha256:{sha256} ({path})");
    if let Approval::DangerouslyUnsigned = approval {
        if is_locked {
            let file_name = candidate.file_name.clone();
            return Ok(VerifiedWheel { file_name, sha256, origin: Origin::LockedOnly, bytes });
        }
        return Err(Refusal::new(Code::WheelNotInLock, format!("`{name}` is not the file that the lock asks for"))
            .expected(lock_says())
            .found(found)
            .hint("fetch the wheel again and compare; or the lock is out of date"));
    }
    match entry {
        Some(entry) if entry.sha256 == sha256 && is_locked => Ok(VerifiedWheel {
            file_name: candidate.file_name.clone(),
            sha256,
            origin: Origin::Listed { line: entry.line },
            bytes,
        }),
        Some(entry) if entry.sha256 == sha256 => Err(Refusal::new(
            Code::WheelNotInLock,
            format!(
                "`{name}` is on the signed list, but the lock does not ask \
                                                            for it"
            ),
        )
        .expected(lock_says())
        .found(found)
        .hint(format!(
            "compare {} with line {} of the manifest; one of them is out of date or was changed",
            locked.origin, entry.line
        ))),
        Some(_) | None if is_locked => {
            let expected = match entry {
                Some(entry) => format!("sha256:{} (line {} of the manifest)", entry.sha256, entry.line),
                None => "a line for this file in the signed manifest".to_owned(),
            };
            Err(Refusal::new(Code::WheelNotInManifest, format!("`{name}` is locked, but nobody has signed for it"))
                .expected(expected)
                .found(found)
                .hint("review the wheel, add it to the manifest and have that signed"))
        }
        Some(entry) => {
            Err(Refusal::new(Code::WheelDigestMismatch, format!("`{name}` is not the file that was signed for"))
                .expected(format!("sha256:{} (line {} of the manifest)", entry.sha256, entry.line))
                .found(found)
                .hint("do not use the file; fetch it again and compare"))
        }
        None => {
            Err(Refusal::new(Code::WheelUnknown, format!("`{name}` is neither on the signed list nor in the lock"))
                .expected(lock_says())
                .found(found)
                .hint("remove the file, or review it and add it to the lock and to the manifest"))
        }
    }
}
