//! Files: bounded reading, sorted listing, and writing with modes and times that are given, not inherited.
//!
//! Enters: paths. Leaves: bytes, listings in byte order, or a failure that names the path. Nothing here follows a symbolic
//! link when it writes, and a new file is created exclusively, so that a name that is already there is an error and not a
//! target.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use crate::blob::{Blob, PIECE, ReadAt, Sink};
use crate::code::Code;
use crate::digest::{Hasher, Sha256};
use crate::refusal::{Failure, Refusal, printable};
use filetime::FileTime;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What stands at a path, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, socket or FIFO.
    Special,
}

/// What stands at a path, links not followed.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its kind.
    pub kind: Kind,
    /// Its permission bits, octal 0000 to 7777.
    pub mode: u32,
    /// Its size in bytes.
    pub size: u64,
    /// Its modification time in whole seconds since 1970.
    pub mtime: i64,
}

/// One name in a directory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name alone.
    pub name: OsString,
    /// The directory and the name.
    pub path: PathBuf,
    /// What it is, links not followed.
    pub kind: Kind,
}

pub(super) fn cannot(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let text = format!("cannot {verb} {}", shown(path));
    move |error| {
        let hint = match error.kind() {
            ErrorKind::StorageFull => Some("the disk is full; make room and run it again".to_owned()),
            ErrorKind::ReadOnlyFilesystem => Some("the file system is mounted read-only".to_owned()),
            _ => None,
        };
        Failure::Unable { message: format!("{text}: {error}"), hint }
    }
}

fn too_large(path: &Path, limit: u64) -> Failure {
    Failure::unable(format!("cannot read {}: larger than {limit} bytes", shown(path)))
}

pub(super) fn not_a_file(path: &Path) -> Failure {
    Failure::unable(format!("cannot read {}: not a regular file", shown(path)))
}

/// `path` for messages: a line break in a name must not begin a line of ours.
fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// What stands at `path`, links not followed; `None` when nothing does.
///
/// # Errors
/// When the path cannot be looked at.
pub fn status(path: &Path) -> Result<Option<Status>, Failure> {
    match fs::symlink_metadata(path) {
        Ok(found) => {
            let kind = if found.is_file() {
                Kind::File
            } else if found.is_dir() {
                Kind::Directory
            } else if found.is_symlink() {
                Kind::Link
            } else {
                Kind::Special
            };
            Ok(Some(Status { kind, mode: found.mode() & 0o7777, size: found.len(), mtime: found.mtime() }))
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(cannot("look at", path)(error)),
    }
}

/// The bytes of the regular file at `path`, links followed.
///
/// # Errors
/// When it is no regular file, cannot be read, or has more than `limit` bytes.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    // looked at before it is opened: opening a FIFO would block for ever
    let found = fs::metadata(path).map_err(cannot("read", path))?;
    if !found.is_file() {
        return Err(not_a_file(path));
    }
    if found.len() > limit {
        return Err(too_large(path, limit));
    }
    let file = File::open(path).map_err(cannot("read", path))?;
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(cannot("read", path))?;
    // it may have grown since it was measured
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit { Err(too_large(path, limit)) } else { Ok(bytes) }
}

/// As [`read`], for a file that has to be UTF-8.
///
/// # Errors
/// As [`read`], and when the bytes are not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> Result<String, Failure> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| Failure::unable(format!("cannot read {}: not UTF-8 text", path.display())))
}

/// Hands the bytes of the regular file at `path` to `sink`, in pieces; links are followed.
///
/// # Errors
/// When it cannot be read, or that of the sink.
pub fn read_in_pieces(path: &Path, sink: &mut Sink<'_>) -> Result<(), Failure> {
    // looked at before it is opened: opening a FIFO would block for ever
    if !fs::metadata(path).map_err(cannot("read", path))?.is_file() {
        return Err(not_a_file(path));
    }
    let mut file = File::open(path).map_err(cannot("read", path))?;
    let mut buffer = vec![0; PIECE];
    loop {
        match file.read(&mut buffer).map_err(cannot("read", path))? {
            0 => return Ok(()),
            count => sink(buffer.get(..count).unwrap_or_default())?,
        }
    }
}

/// The regular file at `path` where it lies, links followed. In contrast to a [`Spool`] somebody else can change it while it is
/// read: for what is described, and never for what is installed.
///
/// # Errors
/// When it cannot be read, or has more than `limit` bytes.
pub fn in_place(path: &Path, limit: u64) -> Result<Blob, Failure> {
    let found = fs::metadata(path).map_err(cannot("read", path))?;
    if !found.is_file() {
        return Err(not_a_file(path));
    }
    if found.len() > limit {
        return Err(too_large(path, limit));
    }
    let file = File::open(path).map_err(cannot("read", path))?;
    Ok(Blob::new(Arc::new(SpoolFile { file, place: path.to_owned() }), 0, found.len()))
}

/// Digest and size in bytes of the regular file at `path`, links followed.
///
/// # Errors
/// When it cannot be read.
pub fn digest(path: &Path) -> Result<(Sha256, u64), Failure> {
    let mut hasher = Hasher::new();
    let mut size = 0;
    read_in_pieces(path, &mut |bytes| {
        hasher.update(bytes);
        size += bytes.len() as u64;
        Ok(())
    })?;
    Ok((hasher.finish(), size))
}

/// The names in the directory at `path`, in byte order.
///
/// # Errors
/// When it is no directory or cannot be read.
pub fn list(path: &Path) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot("list", path))? {
        let entry = entry.map_err(cannot("list", path))?;
        let path = entry.path();
        if let Some(status) = status(&path)? {
            entries.push(Entry { name: entry.file_name(), path, kind: status.kind });
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The names in the directory at `path`, in byte order; what they stand for is not looked at.
///
/// # Errors
/// When it is no directory or cannot be read.
pub fn names(path: &Path) -> Result<Vec<OsString>, Failure> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot("list", path))? {
        names.push(entry.map_err(cannot("list", path))?.file_name());
    }
    names.sort();
    Ok(names)
}

/// Every path below `root`, relative to it, in byte order of the whole path with parents first; links not followed.
///
/// # Errors
/// When a directory cannot be read.
pub fn walk(root: &Path) -> Result<Vec<(PathBuf, Status)>, Failure> {
    let mut found = Vec::new();
    let mut todo = vec![PathBuf::new()];
    while let Some(directory) = todo.pop() {
        for entry in list(&root.join(&directory))? {
            let relative = directory.join(&entry.name);
            if let Some(status) = status(&entry.path)? {
                if status.kind == Kind::Directory {
                    todo.push(relative.clone());
                }
                found.push((relative, status));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

/// Makes the directory `path` with mode 0755 and every missing one above it.
///
/// # Errors
/// When something else is in the way, or the file system refuses.
pub fn create_dir_all(path: &Path) -> Result<(), Failure> {
    // the parent of a bare file name is the empty path, which stands for the working directory
    if path.as_os_str().is_empty() || fs::metadata(path).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create_dir_all(parent)?;
    }
    create_dir(path)
}

/// Makes the directory `path` with mode 0755.
///
/// # Errors
/// When it exists, its parent does not, or the file system refuses.
pub fn create_dir(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().mode(0o755).create(path).map_err(cannot("create the directory", path))?;
    set_mode(path, 0o755)
}

/// A new empty directory outside of the source tree; it goes away with the value.
///
/// # Errors
/// When there is no place for temporary files.
pub fn temporary_directory() -> Result<tempfile::TempDir, Failure> {
    tempfile::tempdir().map_err(|error| Failure::unable(format!("cannot create a temporary directory: {error}")))
}

/// A directory of our own below `parent`, which goes away with the value.
///
/// # Errors
/// When it cannot be created.
pub fn temporary_directory_in(parent: &Path) -> Result<tempfile::TempDir, Failure> {
    tempfile::tempdir_in(parent).map_err(cannot("create a temporary directory in", parent))
}

/// A file without a name, in which bytes are kept that are too many for memory. Nobody else has a way to it that would not
/// also be a way to this process, so that what was verified in it stays what it is. It is gone with the last [`Blob`] of it.
#[derive(Debug)]
pub struct Spool {
    file: Arc<SpoolFile>,
    length: u64,
}

#[derive(Debug)]
struct SpoolFile {
    file: File,
    /// For messages: where it is, or the directory of a file without a name.
    place: PathBuf,
}

impl Spool {
    /// An empty one on the file system of `directory`, or where temporary files go if nothing can be created there.
    ///
    /// # Errors
    /// When it can be created in neither.
    pub fn new(directory: &Path) -> Result<Self, Failure> {
        let (file, directory) = match tempfile::tempfile_in(directory) {
            Ok(file) => (file, directory.to_owned()),
            Err(_) => {
                let other = std::env::temp_dir();
                (tempfile::tempfile_in(&other).map_err(cannot("create a temporary file in", &other))?, other)
            }
        };
        Ok(Self { file: Arc::new(SpoolFile { file, place: directory }), length: 0 })
    }

    /// Appends what `fill` hands over, and gives it back as it lies there.
    ///
    /// # Errors
    /// That of `fill`, or when there is no room.
    pub fn keep(&mut self, fill: &mut dyn FnMut(&mut Sink<'_>) -> Result<(), Failure>) -> Result<Blob, Failure> {
        let start = self.length;
        fill(&mut |bytes| {
            let written = self.file.file.write_all_at(bytes, self.length);
            written.map_err(cannot("write a temporary file in", &self.file.place))?;
            self.length += bytes.len() as u64;
            Ok(())
        })?;
        Ok(Blob::new(Arc::<SpoolFile>::clone(&self.file), start, self.length - start))
    }

    /// Appends the wheel at `path`, links followed, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`Code::ArchiveLimit`] when it is larger; when it is no regular file or cannot be read, or there is no room.
    pub fn keep_file(&mut self, path: &Path, limit: u64) -> Result<Blob, Failure> {
        let mut rest = limit;
        self.keep(&mut |sink| {
            read_in_pieces(path, &mut |bytes| match rest.checked_sub(bytes.len() as u64) {
                Some(less) => {
                    rest = less;
                    sink(bytes)
                }
                None => {
                    let message = format!("{} is larger than any wheel that is known", shown(path));
                    Err(Refusal::new(Code::ArchiveLimit, message).expected(format!("at most {limit} bytes")).into())
                }
            })
        })
    }
}

impl ReadAt for SpoolFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Failure> {
        self.file.read_exact_at(buffer, offset).map_err(cannot("read", &self.place))
    }
}

/// Sets the permission bits of a file or directory, whatever the umask was.
///
/// # Errors
/// When the file system refuses.
pub fn set_mode(path: &Path, mode: u32) -> Result<(), Failure> {
    fs::set_permissions(path, Permissions::from_mode(mode)).map_err(cannot("set the mode of", path))
}

/// Creates the file `path`, which must not exist, and hands it to `fill`; afterwards it has the permission bits `mode`.
///
/// # Errors
/// When it exists, cannot be written, or `fill` fails.
pub fn create(
    path: &Path,
    mode: u32,
    fill: &mut dyn FnMut(&mut Sink<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(cannot("create", path))?;
    fill(&mut |bytes| file.write_all(bytes).map_err(cannot("write", path)))?;
    file.set_permissions(Permissions::from_mode(mode)).map_err(cannot("set the mode of", path))
}

/// A file under a temporary name that grows, in this run or in several, until it is complete and gets its own.
#[derive(Debug)]
pub struct Growing {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Growing {
    /// Goes on with the regular file at `path`, or begins it; anything else that stands there is removed.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let found = status(path)?;
        if found.as_ref().is_some_and(|found| found.kind != Kind::File) {
            remove(path)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).mode(0o644);
        let options =
            if found.is_some_and(|found| found.kind == Kind::File) { &options } else { options.create_new(true) };
        let file = options.open(path).map_err(cannot("open", path))?;
        let length = file.metadata().map_err(cannot("look at", path))?.len();
        Ok(Self { file, path: path.to_owned(), length })
    }

    /// Its size in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds `bytes` at its end.
    ///
    /// # Errors
    /// When the file system refuses; a full disk, for instance.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(cannot("write", &self.path))?;
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Forgets everything in it.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.length = 0;
        self.file.set_len(0).map_err(cannot("empty", &self.path))
    }

    /// Has what was written reach the disk, sets the permission bits `mode` and gives it the name `path`, where nothing may stand.
    ///
    /// # Errors
    /// When something stands there, or the file system refuses.
    pub fn become_file(self, path: &Path, mode: u32) -> Result<(), Failure> {
        self.file.set_permissions(Permissions::from_mode(mode)).map_err(cannot("set the mode of", &self.path))?;
        self.file.sync_all().map_err(cannot("write", &self.path))?;
        // a link is made exclusively, where a rename would replace what came there in the meantime
        match fs::hard_link(&self.path, path) {
            Ok(()) => fs::remove_file(&self.path).map_err(cannot("remove", &self.path)),
            Err(error) if error.kind() != ErrorKind::AlreadyExists && status(path)?.is_none() => {
                // a file system without links
                rename(&self.path, path)
            }
            Err(error) => Err(cannot("create", path)(error)),
        }
    }
}

/// Writes `bytes` to `path` through a temporary file beside it and a rename, so that a reader sees all or nothing.
///
/// # Errors
/// When the file system refuses.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    create_dir_all(directory)?;
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let temporary = directory.join(name);
    remove(&temporary)?;
    create(&temporary, mode, &mut |write| write(bytes))?;
    rename(&temporary, path)
}

/// Creates or empties the file at `path` for the output of another program.
///
/// # Errors
/// When the file system refuses.
pub fn create_log(path: &Path) -> Result<File, Failure> {
    if let Some(directory) = path.parent() {
        create_dir_all(directory)?;
    }
    File::create(path).map_err(cannot("create", path))
}

/// Makes the symbolic link `path` that says `target`.
///
/// # Errors
/// When something is there already, or the file system refuses.
pub fn symlink(target: impl AsRef<Path>, path: &Path) -> Result<(), Failure> {
    std::os::unix::fs::symlink(target, path).map_err(cannot("create the link", path))
}

/// What the symbolic link at `path` says.
///
/// # Errors
/// When it is none.
pub fn read_link(path: &Path) -> Result<PathBuf, Failure> {
    fs::read_link(path).map_err(cannot("read the link", path))
}

/// `path` with every symbolic link resolved; it has to exist.
///
/// # Errors
/// When it does not.
pub fn canonicalize(path: &Path) -> Result<PathBuf, Failure> {
    fs::canonicalize(path).map_err(cannot("resolve", path))
}

/// Sets access and modification time of a file, directory or link (not of what it points to), in seconds since 1970.
///
/// # Errors
/// When the file system refuses.
pub fn set_mtime(path: &Path, seconds: u64) -> Result<(), Failure> {
    let time = FileTime::from_unix_time(i64::try_from(seconds).unwrap_or(i64::MAX), 0);
    filetime::set_symlink_file_times(path, time, time).map_err(cannot("set the time of", path))
}

/// Renames `from` to `to`.
///
/// # Errors
/// When the file system refuses, in particular across file systems.
pub fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::rename(from, to).map_err(cannot(&format!("rename {} to", from.display()), to))
}

/// Removes the directory at `path` if nothing is in it; whether it is gone.
///
/// # Errors
/// When the file system refuses for another reason.
pub fn remove_if_empty(path: &Path) -> Result<bool, Failure> {
    match fs::remove_dir(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(error) => Err(cannot("remove", path)(error)),
    }
}

/// Removes whatever stands at `path`, a directory with all that is in it; nothing there is no error.
///
/// # Errors
/// When the file system refuses.
pub fn remove(path: &Path) -> Result<(), Failure> {
    let result = match status(path)? {
        None => return Ok(()),
        Some(Status { kind: Kind::Directory, .. }) => fs::remove_dir_all(path),
        Some(_) => fs::remove_file(path),
    };
    result.map_err(cannot("remove", path))
}

/// Gives a file, directory or link (not what it points to) to the user and group of this number.
///
/// # Errors
/// When the file system refuses, in particular to anyone but root.
pub fn give_to(path: &Path, id: u32) -> Result<(), Failure> {
    std::os::unix::fs::lchown(path, Some(id), Some(id)).map_err(cannot("change the owner of", path))
}

/// The number of the user that this program runs as.
///
/// # Errors
/// When /proc is not there.
pub fn our_user() -> Result<u32, Failure> {
    let path = Path::new("/proc/self");
    fs::metadata(path).map(|found| found.uid()).map_err(cannot("look at", path))
}

/// As [`remove`], also for a tree that strangers made: whose directories deny their owner to list them or to change them, or stand in
/// one another deeper than a path may be long.
///
/// # Errors
/// When the file system refuses nevertheless.
pub fn remove_stubborn(path: &Path) -> Result<(), Failure> {
    if status(path)?.is_none_or(|status| status.kind != Kind::Directory) {
        return remove(path);
    }
    // what is deep is moved up, so that no path gets too long and no function calls itself too often
    let beside = path.parent().unwrap_or(Path::new("/"));
    let room = tempfile::tempdir_in(beside).map_err(cannot("create a directory in", beside))?;
    let mut roots = vec![path.to_owned()];
    let mut todo = roots.clone();
    while let Some(directory) = todo.pop() {
        set_mode(&directory, 0o700)?;
        for Entry { path, .. } in list(&directory)?.into_iter().filter(|entry| entry.kind == Kind::Directory) {
            if path.as_os_str().len() < LONG_PATH {
                todo.push(path);
                continue;
            }
            let place = room.path().join(roots.len().to_string());
            set_mode(&path, 0o700)?;
            rename(&path, &place)?;
            roots.push(place.clone());
            todo.push(place);
        }
    }
    roots.iter().try_for_each(|root| remove(root))
}

/// Far enough below the longest path that the kernel takes (4096 bytes) for one more name.
const LONG_PATH: usize = 3000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_do_not_follow_the_umask() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a/b/c");
        create_dir_all(file.parent().unwrap()).unwrap();
        create(&file, 0o755, &mut |write| write(b"x")).unwrap();
        assert_eq!(status(&file).unwrap().unwrap().mode, 0o755);
        assert_eq!(status(file.parent().unwrap()).unwrap().unwrap().mode, 0o755);
    }

    #[test]
    fn a_name_that_is_taken_is_no_target() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        symlink("elsewhere", &link).unwrap();
        assert!(create(&link, 0o644, &mut |write| write(b"x")).is_err());
        assert!(status(&directory.path().join("elsewhere")).unwrap().is_none());
    }

    #[test]
    fn reading_is_bounded_and_only_of_files() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("f");
        replace(&file, b"12345", 0o644).unwrap();
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        assert!(read(&file, 4).is_err());
        create_dir_all(Path::new("")).unwrap();
        assert!(read(directory.path(), 4).is_err());
        assert!(read_in_pieces(directory.path(), &mut |_| Ok(())).is_err());
        assert!(read_in_pieces(Path::new("/dev/zero"), &mut |_| Ok(())).is_err());
    }

    #[test]
    fn a_growing_file_goes_on_and_replaces_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (part, whole) = (directory.path().join(".f.part"), directory.path().join("f"));
        symlink("elsewhere", &part).unwrap();
        let mut growing = Growing::open(&part).unwrap();
        growing.append(b"lost").unwrap();
        growing.restart().unwrap();
        growing.append(b"one ").unwrap();
        drop(growing);
        let mut growing = Growing::open(&part).unwrap();
        assert_eq!(growing.length(), 4);
        growing.append(b"two").unwrap();
        replace(&whole, b"mine", 0o600).unwrap();
        assert!(growing.become_file(&whole, 0o644).is_err());
        assert_eq!(read(&whole, 9).unwrap(), b"mine");
        remove(&whole).unwrap();
        Growing::open(&part).unwrap().become_file(&whole, 0o644).unwrap();
        assert_eq!(read(&whole, 9).unwrap(), b"one two");
        assert_eq!(status(&whole).unwrap().unwrap().mode, 0o644);
        assert_eq!(list(directory.path()).unwrap().len(), 1);
    }

    #[test]
    fn a_tree_of_strangers_is_removed() {
        // in memory: a disk takes minutes for so many directories
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let root = directory.path().join("tree");
        // deeper than a path may be long, and than a thread has stack for: each piece is put into the next
        let piece = |n: usize| directory.path().join(n.to_string());
        let below: PathBuf = std::iter::repeat_n("d", 700).collect();
        for n in 0..40 {
            create_dir_all(&piece(n).join(&below)).unwrap();
            if n > 0 {
                rename(&piece(n - 1), &piece(n).join(&below).join("d")).unwrap();
            }
        }
        rename(&piece(39), &root).unwrap();
        for name in ["shut", "shut/in"] {
            create_dir(&root.join(name)).unwrap();
        }
        symlink("/", &root.join("shut/in/link")).unwrap();
        set_mode(&root.join("shut/in"), 0o500).unwrap();
        set_mode(&root.join("shut"), 0).unwrap();
        set_mode(&root, 0o500).unwrap();
        remove_stubborn(&root).unwrap();
        assert!(list(directory.path()).unwrap().is_empty());
        remove_stubborn(&root).unwrap();
    }

    #[test]
    fn walking_is_sorted() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["b", "a/z", "a/b/c", "a.x"] {
            replace(&directory.path().join(name), b"", 0o644).unwrap();
        }
        let names: Vec<_> = walk(directory.path()).unwrap().into_iter().map(|(path, _)| path).collect();
        assert_eq!(names, ["a", "a/b", "a/b/c", "a/z", "a.x", "b"].map(PathBuf::from));
    }
}
