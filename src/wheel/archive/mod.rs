//! The strict reader of wheel archives.
//!
//! Enters: the very bytes of a wheel whose digest was compared ([`Blob`]). Leaves: [`Archive`], of which is known
//! that its records fill the file without gap or overlap, that everything that stands in it twice is the same twice,
//! that each member is a plain file with a path of its own below the archive's root, and what each will cost.
//! [`Archive::copy`] then gives the content and checks length, checksum and the last bit of the compressed data.
//!
//! Readers of ZIP archives differ in where they look and what they forgive, and that is how one file becomes two: one
//! for the reviewer and one for the installer. So nothing is forgiven here that a wheel on PyPI does not need.
//! Deliberately absent: other compression than deflate, encryption, links and special files, repair of any kind, and
//! writing.

mod headers;
mod inflate;

use crate::blob::{Blob, Sink};
use crate::code::Code;
use crate::limits::Limits;
use crate::refusal::{Failure, Refusal};
use crate::wheel::member_path::{MemberPath, fold};
use headers::{Entry, FLAG_DESCRIPTOR, FLAG_UTF8};
use std::collections::{BTreeMap, BTreeSet};

/// General purpose bits that wheels have: two say how hard deflate tried.
const FLAGS: u16 = 0b110 | FLAG_DESCRIPTOR | FLAG_UTF8;
/// Bits of the three kinds of encryption: traditional, strong, and of the central directory.
const FLAGS_ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// Bits of a Unix mode.
const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_SPECIAL: u32 = 0o7000;
const S_EXECUTABLE: u32 = 0o111;
/// DOS attributes: volume label, directory.
const DOS_LABEL: u32 = 0x08;
const DOS_DIRECTORY: u32 = 0x10;

/// A wheel's archive, checked in structure.
pub struct Archive {
    name: String,
    bytes: Blob,
    members: Vec<Member>,
    directories: Vec<MemberPath>,
    /// Positions in `members`, sorted by path.
    by_path: Vec<usize>,
}

/// A file of an archive.
#[derive(Clone, Debug)]
pub struct Member {
    path: MemberPath,
    size: u64,
    executable: bool,
    compression: Compression,
    compressed_size: u64,
    crc: u32,
    /// First byte of the content in the archive.
    start: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    Stored,
    Deflated,
}

impl Member {
    /// Where the file lies.
    pub fn path(&self) -> &MemberPath {
        &self.path
    }

    /// Bytes of content.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that the content takes in the archive.
    pub fn compressed_size(&self) -> u64 {
        self.compressed_size
    }

    /// Whether anyone may execute the file: any of the bits 0111 of the Unix mode, whatever system the archive says it
    /// was made on. This is what pip installs for archives made on Unix and on Windows.
    pub fn is_executable(&self) -> bool {
        self.executable
    }
}

impl Archive {
    /// Checks the structure of the archive `bytes` of the wheel `name`, which is used in messages only. No content is
    /// read.
    ///
    /// # Errors
    /// Everything that is wrong, sorted; when records cannot be found, what can be said without them. A failure when the
    /// bytes cannot be read.
    pub fn open(name: &str, bytes: Blob, limits: &Limits) -> Result<Self, Failure> {
        let mut refusals = Vec::new();
        let opened = match contents(&bytes, limits, &mut refusals) {
            Ok(contents) => Some(contents),
            Err(failure) => {
                refusals.extend(failure.refusals()?);
                None
            }
        };
        match opened {
            Some((members, directories)) if refusals.is_empty() => {
                let mut by_path: Vec<usize> = (0..members.len()).collect();
                by_path.sort_by_key(|&index| members.get(index).map(Member::path));
                Ok(Self { name: name.to_owned(), bytes, members, directories, by_path })
            }
            _ => {
                for refusal in &mut refusals {
                    refusal.message = format!("`{name}`: {}", refusal.message);
                }
                refusals.sort();
                refusals.dedup();
                Err(refusals.into())
            }
        }
    }

    /// The wheel's file name, as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The files, in the order in which they lie in the archive.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The directories that the archive names explicitly, in the order in which they lie in it. Most wheels name none.
    pub fn directories(&self) -> &[MemberPath] {
        &self.directories
    }

    /// The position in [`Self::members`] of the file `path`.
    pub fn find(&self, path: &str) -> Option<usize> {
        let position = self
            .by_path
            .binary_search_by(|&index| self.members.get(index).map(|member| member.path.as_str()).cmp(&Some(path)))
            .ok()?;
        self.by_path.get(position).copied()
    }

    /// Hands the content of a member to `sink`, in pieces of at most 64 KiB.
    ///
    /// # Errors
    /// The content is not what the headers say; or that of the sink. The sink may have had some of it by then, but never
    /// more than the announced size, so the pieces are worth nothing before this returns.
    ///
    /// `index` is a position in [`Self::members`]; another number is refused as a malformed archive.
    pub fn copy(&self, index: usize, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let located = self
            .members
            .get(index)
            .and_then(|member| Some((member, self.bytes.part(member.start, member.compressed_size)?)));
        let Some((member, content)) = located else {
            let message = format!("`{}`: there is no member {index}", self.name);
            return Err(Refusal::new(Code::ArchiveMalformed, message).into());
        };
        let result = match member.compression {
            Compression::Stored => inflate::stored(&content, member.crc, sink),
            Compression::Deflated => inflate::deflated(&content, member.size, member.crc, sink),
        };
        result.map_err(|fault| {
            let refuse =
                |code, what: &str| Refusal::new(code, format!("`{}`: member `{}` {what}", self.name, member.path));
            let damaged = "the archive is damaged or was made to be; fetch it again and compare its digest";
            let refusal = match fault {
                inflate::Fault::Deflate(why) => {
                    refuse(Code::ArchiveDeflate, "does not decompress").found(why).hint(damaged)
                }
                inflate::Fault::Size(found) => refuse(Code::ArchiveSize, "has another size than its headers say")
                    .expected(format!("{} bytes", member.size))
                    .found(if found > member.size { "more".to_owned() } else { format!("{found} bytes") }),
                inflate::Fault::Checksum(found) => {
                    refuse(Code::ArchiveCrc, "has another checksum than its headers say")
                        .expected(format!("{:08x}", member.crc))
                        .found(format!("{found:08x}"))
                        .hint(damaged)
                }
                inflate::Fault::Other(failure) => return failure,
            };
            refusal.into()
        })
    }

    /// The content of a member in memory.
    ///
    /// # Errors
    /// As [`Self::copy`]. The caller has looked at [`Member::size`] before.
    pub fn read(&self, index: usize) -> Result<Vec<u8>, Failure> {
        let mut content = Vec::new();
        self.copy(index, &mut |piece| {
            content.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(content)
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Archive({}, {} members)", self.name, self.members.len())
    }
}

/// Finds all records, holds that they fill the file, and gives the files and the explicit directories.
fn contents(
    bytes: &Blob,
    limits: &Limits,
    refusals: &mut Vec<Refusal>,
) -> Result<(Vec<Member>, Vec<MemberPath>), Failure> {
    if bytes.len() > limits.wheel_size {
        return Err(Refusal::new(Code::ArchiveLimit, "the wheel is larger than any that is known")
            .expected(format!("at most {} bytes", limits.wheel_size))
            .found(format!("{} bytes", bytes.len()))
            .into());
    }
    let end = headers::end(bytes)?;
    if end.count > limits.members as u64 {
        return Err(Refusal::new(Code::ArchiveLimit, "the archive has more members than any that is known")
            .expected(format!("at most {}", limits.members))
            .found(end.count.to_string())
            .into());
    }
    let directory = headers::directory(bytes, &end, limits.directory_size)?;
    let mut entries = headers::entries(&directory, &end, refusals)?;
    entries.sort_by_key(|entry| entry.offset);
    let starts: Vec<u64> = entries.iter().skip(1).map(|entry| entry.offset).chain([end.start]).collect();
    let mut located = Vec::with_capacity(entries.len());
    let mut reached = 0;
    for (entry, next) in entries.into_iter().zip(starts) {
        meet(reached, entry.offset, &format!("before member {}", entry.shown()), refusals);
        let local = headers::local(bytes, &entry, refusals)?;
        let Some(after) = local.content.checked_add(entry.compressed).filter(|&after| after <= end.start) else {
            let message = format!("member {} reaches into the central directory", entry.shown());
            return Err(Refusal::new(Code::ArchiveOverlap, message).into());
        };
        reached = after;
        if entry.flags & FLAG_DESCRIPTOR != 0 && after <= next {
            let length = headers::descriptor(bytes, after..next, &entry, local.wide, refusals)?;
            if let Some(length) = length {
                reached += length;
            } else {
                let message = format!("member {} is not followed by its data descriptor alone", entry.shown());
                let found = format!("{} bytes before the next record", next - after);
                refusals.push(Refusal::new(Code::ArchiveGap, message).found(found));
                reached = next;
            }
        }
        located.push((entry, local.content));
    }
    meet(reached, end.start, "before the central directory", refusals);
    members(located, bytes, limits, refusals)
}

/// Records have to follow one another without gap or overlap.
fn meet(reached: u64, next: u64, place: &str, refusals: &mut Vec<Refusal>) {
    if reached < next {
        let message = format!("{} bytes {place} belong to nothing", next - reached);
        refusals.push(Refusal::new(Code::ArchiveGap, message).found(format!("bytes {reached} to {next}")));
    } else if reached > next {
        let message = format!("{} bytes {place} belong to two records", reached - next);
        refusals.push(Refusal::new(Code::ArchiveOverlap, message).found(format!("bytes {next} to {reached}")));
    }
}

/// The files and the explicit directories of `located`: entries and where their contents begin, in the order in which
/// they lie in the archive.
fn members(
    located: Vec<(Entry<'_>, u64)>,
    bytes: &Blob,
    limits: &Limits,
    refusals: &mut Vec<Refusal>,
) -> Result<(Vec<Member>, Vec<MemberPath>), Failure> {
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    let mut total: u64 = 0;
    for (entry, start) in located {
        check_encoding(&entry, refusals);
        check_cost(&entry, limits, refusals);
        total = total.saturating_add(entry.size);
        let path = member_path(&entry, limits).map_err(|refusal| refusals.push(refusal)).ok();
        let kind = check_type(&entry, refusals);
        if kind == Kind::Directory {
            // some writers deflate the nothing that a directory contains: one final, empty block
            let is_nothing = entry.compressed == 0 || bytes.read(start, entry.compressed.min(3))? == Some(vec![3, 0]);
            if entry.size != 0 || entry.crc != 0 || !is_nothing {
                refusals.push(refuse(&entry, Code::ArchiveDirectoryContent, "is a directory and has content"));
            }
            directories.extend(path);
        } else if let Some(path) = path {
            files.push(Member {
                path,
                size: entry.size,
                executable: (entry.attributes >> 16) & S_EXECUTABLE != 0,
                compression: if entry.method == 0 { Compression::Stored } else { Compression::Deflated },
                compressed_size: entry.compressed,
                crc: entry.crc,
                start,
            });
        }
    }
    if total > limits.total_size {
        refusals.push(
            Refusal::new(Code::ArchiveLimit, "the members together are larger than any wheel that is known")
                .expected(format!("at most {} bytes", limits.total_size))
                .found(format!("{total} bytes")),
        );
    }
    // many members that each stay below the bound on one
    if total > limits.total_ratio_floor && total > bytes.len().saturating_mul(limits.total_ratio) {
        refusals.push(
            Refusal::new(Code::ArchiveBomb, "the members together expand further than real content does")
                .expected(format!("at most {} times the size of the wheel", limits.total_ratio))
                .found(format!("{total} bytes from {}", bytes.len())),
        );
    }
    check_names(&files, &directories, refusals);
    Ok((files, directories))
}

fn refuse(entry: &Entry<'_>, code: Code, why: &str) -> Refusal {
    Refusal::new(code, format!("member {} {why}", entry.shown()))
}

/// Flags, method and comment: what decides how the bytes are to be read.
fn check_encoding(entry: &Entry<'_>, refusals: &mut Vec<Refusal>) {
    if entry.flags & FLAGS_ENCRYPTED != 0 {
        refusals.push(refuse(entry, Code::ArchiveEncrypted, "is encrypted"));
    } else if entry.flags & !FLAGS != 0 {
        let found = format!("{:#06x}", entry.flags & !FLAGS);
        refusals
            .push(refuse(entry, Code::ArchiveFlags, "has general purpose flags that wheels do not use").found(found));
    }
    if !matches!(entry.method, 0 | 8) {
        refusals.push(
            refuse(entry, Code::ArchiveMethod, "is compressed in a way that wheels are not")
                .expected("stored (0) or deflated (8)")
                .found(format!("method {}", entry.method)),
        );
    } else if entry.needed & 0xff > headers::NEEDED_LIMIT {
        refusals.push(refuse(entry, Code::ArchiveMethod, &format!("needs version {} of the format", entry.needed)));
    }
    if entry.comment != 0 {
        refusals.push(refuse(entry, Code::ArchiveComment, "has a comment").found(format!("{} bytes", entry.comment)));
    }
}

/// Sizes, before anything is decompressed.
fn check_cost(entry: &Entry<'_>, limits: &Limits, refusals: &mut Vec<Refusal>) {
    let sizes = format!("{} bytes from {}", entry.size, entry.compressed);
    if entry.method == 0 && entry.compressed != entry.size {
        refusals.push(refuse(entry, Code::ArchiveSize, "is stored, but changes its size").found(sizes));
    } else if entry.size > limits.member_size {
        refusals.push(
            refuse(entry, Code::ArchiveLimit, "is larger than any that is known")
                .expected(format!("at most {} bytes", limits.member_size))
                .found(sizes),
        );
    } else if entry.size > limits.ratio_floor && entry.size > entry.compressed.saturating_mul(limits.ratio) {
        refusals.push(
            refuse(entry, Code::ArchiveBomb, "expands further than real content does")
                .expected(format!("at most {} times its compressed size", limits.ratio))
                .found(sizes),
        );
    }
}

/// The path of an entry, without the slash that marks a directory.
fn member_path(entry: &Entry<'_>, limits: &Limits) -> Result<MemberPath, Refusal> {
    let path = |why: &str| refuse(entry, Code::ArchiveMemberPath, why);
    let text = std::str::from_utf8(entry.name).map_err(|_| path("has a name that is not UTF-8"))?;
    if entry.flags & FLAG_UTF8 == 0 && !text.is_ascii() {
        return Err(path("has a name beyond ASCII that is not marked as UTF-8")
            .hint("readers take the name for code page 437 or for UTF-8; rebuild the wheel with a current tool"));
    }
    let text = text.strip_suffix('/').unwrap_or(text);
    MemberPath::parse(text, limits).map_err(|why| path(&format!("has a path that {why}")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    File,
    Directory,
}

/// Whether an entry is a file or a directory, which its name, its Unix mode and its DOS attributes have to say alike.
fn check_type(entry: &Entry<'_>, refusals: &mut Vec<Refusal>) -> Kind {
    let kind = if entry.name.ends_with(b"/") { Kind::Directory } else { Kind::File };
    let mode = entry.attributes >> 16;
    let what = match mode & S_IFMT {
        0 => None,
        S_IFREG => (kind != Kind::File).then_some("a file"),
        S_IFDIR => (kind != Kind::Directory).then_some("a directory"),
        0o120_000 => Some("a symbolic link"),
        0o060_000 => Some("a block device"),
        0o020_000 => Some("a character device"),
        0o010_000 => Some("a named pipe"),
        0o140_000 => Some("a socket"),
        _ => Some("of an unknown type"),
    };
    let what = match (what, kind) {
        (None, Kind::File) if entry.attributes & DOS_DIRECTORY != 0 => Some("a directory"),
        (None, _) if entry.attributes & DOS_LABEL != 0 => Some("a volume label"),
        (what, _) => what,
    };
    if let Some(what) = what {
        let named =
            if kind == Kind::File { "a regular file, as its name says" } else { "a directory, as its name says" };
        let message = format!("is {what}");
        refusals
            .push(refuse(entry, Code::ArchiveMemberType, &message).expected(named).found(format!("mode {mode:06o}")));
    }
    if mode & S_SPECIAL != 0 {
        refusals.push(
            refuse(entry, Code::ArchiveMemberMode, "has the set-user-ID, set-group-ID or sticky bit")
                .found(format!("mode {mode:06o}")),
        );
    }
    kind
}

/// No path twice, none as file and directory, and none that differs from another only in case or normalisation. The
/// last holds for every directory on the way as well: `a/x` and `A/y` look like neighbours and are not.
fn check_names(files: &[Member], directories: &[MemberPath], refusals: &mut Vec<Refusal>) {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for path in files.iter().map(|member| &member.path).chain(directories) {
        if !names.insert(path.as_str()) {
            let message = format!("member `{path}` is there twice");
            let hint = "of two such members some tools install the first and some the last; rebuild the wheel";
            refusals.push(Refusal::new(Code::ArchiveDuplicateMember, message).hint(hint));
        }
    }
    let mut inner: BTreeSet<&str> = BTreeSet::new();
    for path in files.iter().map(|member| &member.path).chain(directories) {
        for ancestor in path.ancestors() {
            // neighbours share their ancestors, and where one was seen its own ancestors were
            if !inner.insert(ancestor) {
                break;
            }
        }
    }
    for member in files {
        if inner.contains(member.path.as_str()) {
            let message = format!("member `{}` is a file, and other members lie in it", member.path);
            refusals.push(Refusal::new(Code::ArchiveFileAsDirectory, message));
        }
    }
    let mut spellings: BTreeMap<String, &str> = BTreeMap::new();
    for &name in names.union(&inner) {
        let key = fold(name);
        match spellings.get(&key) {
            // what lies in two such directories repeats the fact; only what differs in the last component is said
            Some(&other) if parent(other) == parent(name) => {
                let message = format!("members `{other}` and `{name}` differ only in case or Unicode normalisation");
                refusals.push(Refusal::new(Code::PathCase, message));
            }
            Some(_) => {}
            None => {
                spellings.insert(key, name);
            }
        }
    }
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(parent, _)| parent)
}
