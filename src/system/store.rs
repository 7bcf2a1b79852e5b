//! Directories of files that others read while they change: who may write, and whether a file is still the one that was read.
//!
//! Enters: paths. Leaves: a [`Lock`] on a directory, which ends with the process however that ends; a [`Stamp`], by which a
//! file is recognised without being read; links and copies that appear under their name as a whole or not at all.
//! Deliberately absent: lock files, which outlive the process that was killed.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use super::fs::{self, cannot};
use crate::digest::{Hasher, Sha256};
use crate::refusal::Failure;
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What changes when a file is written, replaced or moved over: a file with an equal stamp need not be read again. The time
/// of the last change of status is part of it, which no program can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Modification time: nanoseconds since 1970, which is exact until the year 2262.
    pub mtime: i64,
    /// Time of the last change of status, likewise.
    pub ctime: i64,
    /// The file system.
    pub device: u64,
    /// The file in it.
    pub inode: u64,
    /// Permission bits.
    pub mode: u32,
}

impl Stamp {
    /// Whether the content was last modified less than two seconds before `time` (nanoseconds since 1970) or after it: a clock
    /// of that coarseness would not show that it was modified once more.
    pub fn is_fresh_at(&self, time: i64) -> bool {
        self.mtime > time.saturating_sub(2_000_000_000)
    }

    /// Whether both are of one file whose content was not modified in between; its links or mode may have been.
    pub fn same_content(&self, other: &Self) -> bool {
        let of = |stamp: &Self| (stamp.size, stamp.mtime, stamp.device, stamp.inode);
        of(self) == of(other)
    }
}

/// The stamp of the regular file at `path`, links followed; `None` when nothing is there.
///
/// # Errors
/// When something else is there, or the file system refuses.
pub fn stamp(path: &Path) -> Result<Option<Stamp>, Failure> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => {
            let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
            Ok(Some(Stamp {
                size: found.len(),
                mtime: nanoseconds(found.mtime(), found.mtime_nsec()),
                ctime: nanoseconds(found.ctime(), found.ctime_nsec()),
                device: found.dev(),
                inode: found.ino(),
                mode: found.mode() & 0o7777,
            }))
        }
        Ok(_) => Err(fs::not_a_file(path)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(cannot("look at", path)(error)),
    }
}

/// The time that the file system gives to a file that is written now, in nanoseconds since 1970; asked by means of the file
/// `path`, which exists for that long.
///
/// # Errors
/// When nothing can be written there.
pub fn now_by(path: &Path) -> Result<i64, Failure> {
    fs::remove(path)?;
    fs::create(path, 0o600, &mut |_| Ok(()))?;
    let stamp = stamp(path)?;
    fs::remove(path)?;
    Ok(stamp.map_or(0, |stamp| stamp.mtime))
}

/// The right to change a directory, until the value or the process ends.
#[derive(Debug)]
pub struct Lock {
    _directory: File,
}

/// Takes the lock of the directory at `path`.
///
/// # Errors
/// When another process has it, or the directory cannot be opened.
pub fn lock(path: &Path) -> Result<Lock, Failure> {
    let directory = File::open(path).map_err(cannot("open", path))?;
    match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock { _directory: directory }),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Failure::unable_hint(
            format!("another process is changing {}", path.display()),
            "wait until it has ended, and run this again",
        )),
        Err(error) => Err(cannot("lock", path)(error.into())),
    }
}

/// Has everything that was written to the file system of `directory` reach the disk, so that what is renamed next is whole even
/// after a loss of power.
///
/// # Errors
/// When the file system refuses.
pub fn flush(directory: &Path) -> Result<(), Failure> {
    let opened = File::open(directory).map_err(cannot("open", directory))?;
    rustix::fs::syncfs(&opened).map_err(|error| cannot("flush", directory)(error.into()))
}

/// The name under which a file stands until it is whole: `.NAME.new`.
pub fn unfinished(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// Makes `path` another name of the file `from`, in the place of what is there; `false` when the file system cannot, because
/// the two are on different ones or links are forbidden.
///
/// # Errors
/// When the file system refuses for another reason.
pub fn hard_link(from: &Path, path: &Path) -> Result<bool, Failure> {
    let new = unfinished(path);
    fs::remove(&new)?;
    match std::fs::hard_link(from, &new) {
        Ok(()) => {}
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::CrossesDevices
                    | ErrorKind::PermissionDenied
                    | ErrorKind::Unsupported
                    | ErrorKind::TooManyLinks
            ) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(cannot("link to", from)(error)),
    }
    fs::rename(&new, path)?;
    // renaming a link over another link to the same file does nothing at all and leaves both
    fs::remove(&new)?;
    Ok(true)
}

/// Makes the symbolic link `path` that says `target`, in the place of what is there.
///
/// # Errors
/// When the file system refuses.
pub fn symbolic_link(target: &Path, path: &Path) -> Result<(), Failure> {
    let new = unfinished(path);
    fs::remove(&new)?;
    fs::symlink(target, &new)?;
    fs::rename(&new, path)
}

/// Copies the file `from` to `path`, with mode 0644 and in the place of what is there, if its digest is `expected`; leaves the
/// digest that it has.
///
/// # Errors
/// When the file system refuses.
pub fn copy_if(from: &Path, path: &Path, expected: Sha256) -> Result<Sha256, Failure> {
    let new = unfinished(path);
    fs::remove(&new)?;
    let mut hasher = Hasher::new();
    fs::create(&new, 0o644, &mut |write| {
        fs::read_in_pieces(from, &mut |bytes| {
            hasher.update(bytes);
            write(bytes)
        })
    })?;
    let found = hasher.finish();
    if found == expected {
        fs::rename(&new, path)?;
    } else {
        fs::remove(&new)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let held = lock(directory.path()).unwrap();
        let refused = lock(directory.path()).unwrap_err().to_string();
        assert!(refused.contains("another process is changing"), "{refused}");
        drop(held);
        lock(directory.path()).unwrap();
    }

    #[test]
    fn a_change_changes_the_stamp() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        assert_eq!(stamp(&path).unwrap(), None);
        fs::create(&path, 0o644, &mut |write| write(b"one")).unwrap();
        let first = stamp(&path).unwrap().unwrap();
        assert_eq!(stamp(&path).unwrap(), Some(first));
        // a clock that stands still is what the other fields are for
        std::thread::sleep(std::time::Duration::from_millis(20));
        std::fs::write(&path, "two").unwrap();
        filetime::set_file_mtime(&path, filetime::FileTime::from_unix_time(0, 0)).unwrap();
        let second = stamp(&path).unwrap().unwrap();
        assert_ne!((first.ctime, first.mtime), (second.ctime, second.mtime));
        assert!(first.is_fresh_at(first.mtime) && !second.is_fresh_at(first.mtime));
        assert!(!first.same_content(&second));
        assert!(stamp(directory.path()).is_err());
    }

    #[test]
    fn links_and_copies_replace() {
        let directory = tempfile::tempdir().unwrap();
        let (one, two) = (directory.path().join("one"), directory.path().join("two"));
        fs::create(&one, 0o644, &mut |write| write(b"one")).unwrap();
        for _ in 0..2 {
            assert!(hard_link(&one, &two).unwrap());
            assert!(stamp(&one).unwrap().unwrap().same_content(&stamp(&two).unwrap().unwrap()));
            assert!(fs::status(&unfinished(&two)).unwrap().is_none());
        }
        symbolic_link(Path::new("one"), &two).unwrap();
        assert_eq!(fs::read_link(&two).unwrap(), Path::new("one"));
        assert_eq!(copy_if(&one, &two, Sha256::of(b"other")).unwrap(), Sha256::of(b"one"));
        assert_eq!(fs::read_link(&two).unwrap(), Path::new("one"));
        copy_if(&one, &two, Sha256::of(b"one")).unwrap();
        assert_eq!(fs::read(&two, 10).unwrap(), b"one");
        assert_eq!(fs::list(directory.path()).unwrap().len(), 2);
    }
}
