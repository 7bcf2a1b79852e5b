//! The records of a ZIP archive, as bytes become numbers.
//!
//! Enters: the whole archive. Leaves: where the central directory is ([`End`]), its entries ([`Entry`]) and, for each,
//! where its content begins after a local header that says the same ([`local`], [`descriptor`]). The format is
//! APPNOTE.TXT 6.3.10 (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>), read as narrowly as the wheels
//! of PyPI allow.
//!
//! A ZIP archive says most things twice, and readers differ in which copy they believe: that is the whole art of
//! hiding a file in one. Here each fact is read everywhere it stands and has to be the same everywhere. Nothing is
//! searched for: the end record is the last 22 bytes and everything else is where it says. Deliberately absent: what a
//! member may be called or be (`mod.rs`) and its content (`inflate.rs`).

use crate::blob::Blob;
use crate::code::Code;
use crate::refusal::{Failure, Refusal};
use std::fmt::Write as _;
use std::ops::Range;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
const DESCRIPTOR: &[u8] = b"PK\x07\x08";

/// Sizes of the records without their variable parts, in bytes.
const LOCAL_SIZE: u64 = 30;
const CENTRAL_SIZE: u64 = 46;
const END_SIZE: u64 = 22;
const END64_SIZE: u64 = 56;
const LOCATOR64_SIZE: u64 = 20;

/// Stands in a 32-bit field whose value is in the ZIP64 extra field.
const SENTINEL: u32 = u32::MAX;

/// Above this, Python's `zipfile` writes ZIP64 records although 32 bits would still do.
const ZIP64_LIMIT: u64 = (1 << 31) - 1;

/// General purpose bit 3: sizes and checksum follow the content.
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;
/// General purpose bit 11: the name is UTF-8.
pub(super) const FLAG_UTF8: u16 = 1 << 11;

/// Little-endian numbers, one after another.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
    fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(u8::from_le_bytes)
    }
    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }
    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }
    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

/// What the end of the archive says about the central directory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Entries of the central directory.
    pub(super) count: u64,
    /// Its first byte.
    pub(super) start: u64,
    /// Its length; the end record, or the ZIP64 end record, follows.
    pub(super) size: u64,
}

/// Reads the end record and, where sizes demand them, the ZIP64 records before it.
pub(super) fn end(bytes: &Blob) -> Result<End, Failure> {
    let at = bytes.len().saturating_sub(END_SIZE);
    let record = bytes.read(at, END_SIZE)?.filter(|record| record.starts_with(END));
    let Some((disks, here, count, size, start, comment)) = record.and_then(|record| end_fields(&record)) else {
        return Err(no_end(bytes)?.into());
    };
    if comment != 0 {
        return Err(Refusal::new(Code::ArchiveMalformed, "the archive is cut off inside its comment")
            .found(format!("announced: {comment} bytes, present: 0"))
            .into());
    }
    if disks != [0, 0] || here != count {
        return Err(multi_disk().into());
    }
    let (found, end) = match locator(bytes, at)? {
        None => (End { count: u64::from(count), start: u64::from(start), size: u64::from(size) }, at),
        Some(locator) => end64(bytes, &locator, at, (count, size, start))?,
    };
    match found.start.checked_add(found.size) {
        Some(reached) if reached == end => Ok(found),
        Some(reached) if reached < end => Err(Refusal::new(
            Code::ArchiveGap,
            format!("{} bytes before the end record belong to nothing", end - reached),
        )
        .expected(format!("the central directory ends at byte {end}"))
        .found(format!("it ends at byte {reached}"))
        .into()),
        _ => Err(Refusal::new(Code::ArchiveMalformed, "the central directory reaches beyond the end record")
            .found(format!("start: {}, size: {}, end record: {end}", found.start, found.size))
            .into()),
    }
}

/// Disks, entries here, entries in all, size, start and length of the comment.
fn end_fields(record: &[u8]) -> Option<([u16; 2], u16, u16, u32, u32, u16)> {
    let mut fields = Fields(record.get(4..)?);
    let disks = [fields.u16()?, fields.u16()?];
    Some((disks, fields.u16()?, fields.u16()?, fields.u32()?, fields.u32()?, fields.u16()?))
}

/// Why the last 22 bytes are no end record.
fn no_end(bytes: &Blob) -> Result<Refusal, Failure> {
    // only to say what is wrong: the furthest that a reader which searches would look
    let length = bytes.len().min(u64::from(u16::MAX) + END_SIZE);
    let tail = bytes.read(bytes.len() - length, length)?.unwrap_or_default();
    let found = tail.windows(4).rposition(|window| window == END).and_then(|at| tail.get(at..));
    let Some((following, announced)) =
        found.and_then(|record| Some((record.len().checked_sub(22)?, end_fields(record)?.5)))
    else {
        let mut first = [0; 4];
        let count = bytes.fill(0, &mut first)?;
        let hint = if first.get(..count) == Some(LOCAL) {
            "the file begins like a ZIP archive and may be cut off; compare its size with that of its source"
        } else {
            "fetch the file again and compare its digest with that of its source"
        };
        return Ok(Refusal::new(Code::ArchiveNotZip, "the file is not a ZIP archive")
            .expected("an end of central directory record in the last 22 bytes")
            .hint(hint));
    };
    Ok(if usize::from(announced) == following {
        Refusal::new(Code::ArchiveComment, "the archive has a comment").found(format!("{following} bytes"))
    } else {
        Refusal::new(Code::ArchiveTrailingData, "something follows the end of the archive")
            .found(format!("{following} bytes after the end record"))
    })
}

fn multi_disk() -> Refusal {
    Refusal::new(Code::ArchiveMultiDisk, "the archive says that it is one part of several")
}

/// The ZIP64 locator before the end record at `at`, without its signature, if there is one.
fn locator(bytes: &Blob, at: u64) -> Result<Option<Vec<u8>>, Failure> {
    let Some(place) = at.checked_sub(LOCATOR64_SIZE) else { return Ok(None) };
    let record = bytes.read(place, LOCATOR64_SIZE)?;
    Ok(record.and_then(|record| Some(record.strip_prefix(LOCATOR64)?.to_vec())))
}

/// Reads the ZIP64 end record before the locator at `at` - 20, which has to agree with the end record's `short` fields
/// (count, size, start), and gives with it the byte at which the central directory has to end.
fn end64(bytes: &Blob, locator: &[u8], at: u64, short: (u16, u32, u32)) -> Result<(End, u64), Failure> {
    let refuse = |why: &str| Refusal::new(Code::ArchiveZip64, format!("the ZIP64 end record {why}"));
    let place = at.checked_sub(LOCATOR64_SIZE + END64_SIZE).ok_or_else(|| refuse("is missing"))?;
    let mut locator = Fields(locator);
    let (Some(disk), Some(offset), Some(disks)) = (locator.u32(), locator.u64(), locator.u32()) else {
        return Err(refuse("is missing").into());
    };
    if offset != place {
        let refusal = refuse("is not where its locator says").expected(place.to_string()).found(offset.to_string());
        return Err(refusal.into());
    }
    let record = bytes.read(place, END64_SIZE)?.filter(|record| record.starts_with(END64));
    let parsed = record.and_then(|record| {
        let mut fields = Fields(record.get(4..)?);
        let rest = fields.u64()?;
        let _versions = fields.u32()?;
        let disks = [fields.u32()?, fields.u32()?];
        let here = fields.u64()?;
        Some((rest, disks, here, End { count: fields.u64()?, size: fields.u64()?, start: fields.u64()? }))
    });
    let Some((rest, parts, here, end)) = parsed else {
        return Err(refuse("is missing").into());
    };
    if rest != END64_SIZE - 12 {
        return Err(refuse("has an extensible data sector").found(format!("record size: {rest}")).into());
    }
    if disk != 0 || disks != 1 || parts != [0, 0] || here != end.count {
        return Err(multi_disk().into());
    }
    let (count, size, start) = short;
    // Python's zipfile writes ZIP64 records from 2 GiB on and then still puts what fits into the 32-bit fields
    let agree = (count == u16::MAX || u64::from(count) == end.count)
        && (size == SENTINEL || u64::from(size) == end.size)
        && (start == SENTINEL || u64::from(start) == end.start);
    if !agree {
        return Err(refuse("differs from the end record")
            .expected(format!("count: {count}, size: {size}, start: {start}"))
            .found(format!("count: {}, size: {}, start: {}", end.count, end.size, end.start))
            .into());
    }
    if end.count < u64::from(u16::MAX) && end.size <= ZIP64_LIMIT && end.start <= ZIP64_LIMIT {
        return Err(refuse("is there although the archive is too small to need one").into());
    }
    Ok((end, place))
}

/// One entry of the central directory.
#[derive(Clone, Debug)]
pub(super) struct Entry<'a> {
    pub(super) needed: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    /// Time and date as DOS has them.
    pub(super) modified: u32,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
    pub(super) name: &'a [u8],
    pub(super) comment: usize,
    /// Unix mode in the upper half, DOS attributes in the lowest byte.
    pub(super) attributes: u32,
    /// First byte of the local header.
    pub(super) offset: u64,
}

impl Entry<'_> {
    /// The name as messages show it: printable or not, but not without end.
    pub(super) fn shown(&self) -> String {
        let head = self.name.get(..200).unwrap_or(self.name);
        let dots = if head.len() < self.name.len() { "..." } else { "" };
        format!("`{}{dots}`", String::from_utf8_lossy(head))
    }

    fn refuse(&self, code: Code, why: &str) -> Refusal {
        Refusal::new(code, format!("member {} {why}", self.shown()))
    }
}

fn malformed(end: &End, found: impl Into<String>) -> Refusal {
    Refusal::new(Code::ArchiveMalformed, "the central directory is not what the end record says")
        .expected(format!("{} entries in {} bytes", end.count, end.size))
        .found(found)
}

/// The bytes of the central directory.
///
/// # Errors
/// The archive has no room for what `end` says, or it is more than `limit` bytes.
pub(super) fn directory(bytes: &Blob, end: &End, limit: u64) -> Result<Vec<u8>, Failure> {
    // before anything is allocated: an entry takes 46 bytes at least
    if end.count > end.size / CENTRAL_SIZE {
        return Err(malformed(end, format!("room for {} entries", end.size / CENTRAL_SIZE)).into());
    }
    let Some(part) = bytes.part(end.start, end.size) else {
        return Err(malformed(end, "a file that is shorter").into());
    };
    if end.size > limit {
        return Err(Refusal::new(Code::ArchiveLimit, "the central directory is larger than any that is known")
            .expected(format!("at most {limit} bytes"))
            .found(format!("{} bytes", end.size))
            .into());
    }
    part.to_vec()
}

/// Reads all entries of the central directory. What is wrong with a single entry is added to `refusals`.
///
/// # Errors
/// The directory is not what `end` says, so that its entries cannot be told apart.
pub(super) fn entries<'a>(
    directory: &'a [u8],
    end: &End,
    refusals: &mut Vec<Refusal>,
) -> Result<Vec<Entry<'a>>, Refusal> {
    let malformed = |found: String| malformed(end, found);
    let mut fields = Fields(directory);
    let mut found = Vec::with_capacity(usize::try_from(end.count).unwrap_or(0));
    for number in 1..=end.count {
        let entry =
            entry(&mut fields, refusals).ok_or_else(|| malformed(format!("entry {number} is cut off or none")))?;
        found.push(entry);
    }
    if !fields.0.is_empty() {
        return Err(malformed(format!("{} bytes after the last entry", fields.0.len())));
    }
    Ok(found)
}

fn entry<'a>(fields: &mut Fields<'a>, refusals: &mut Vec<Refusal>) -> Option<Entry<'a>> {
    if fields.take(4)? != CENTRAL {
        return None;
    }
    let _made_by = fields.u16()?;
    let (needed, flags, method, modified) = (fields.u16()?, fields.u16()?, fields.u16()?, fields.u32()?);
    let (crc, compressed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let disk = fields.u16()?;
    let _internal = fields.u16()?;
    let (attributes, offset) = (fields.u32()?, fields.u32()?);
    let name = fields.take(usize::from(name))?;
    let extra = fields.take(usize::from(extra))?;
    let comment = fields.take(usize::from(comment))?.len();
    let mut entry = Entry {
        needed,
        flags,
        method,
        modified,
        crc,
        compressed: u64::from(compressed),
        size: u64::from(size),
        name,
        comment,
        attributes,
        offset: u64::from(offset),
    };
    if disk != 0 {
        refusals.push(entry.refuse(Code::ArchiveMultiDisk, "begins on another disk"));
    }
    match extra_fields(extra, Place::Central) {
        Err(why) => refusals.push(entry.refuse(Code::ArchiveExtraField, &why)),
        Ok(None) => {}
        Ok(Some(zip64)) => {
            let short = [size, compressed, offset];
            let (size, compressed, offset) = (&mut entry.size, &mut entry.compressed, &mut entry.offset);
            if let Err(why) = central_zip64(zip64, short, [size, compressed, offset]) {
                refusals.push(entry.refuse(Code::ArchiveZip64, why));
            }
        }
    }
    Some(entry)
}

/// Replaces the 64-bit fields whose 32-bit spelling is the sentinel by those of the ZIP64 extra field: exactly these,
/// in this order, and only if one of them is large enough for a writer to want it.
fn central_zip64(extra: &[u8], short: [u32; 3], long: [&mut u64; 3]) -> Result<(), &'static str> {
    let mut fields = Fields(extra);
    let mut demanded = false;
    for (short, long) in short.into_iter().zip(long) {
        if short == SENTINEL {
            *long = fields.u64().ok_or("has a ZIP64 extra field that is too short")?;
            demanded |= *long > ZIP64_LIMIT;
        }
    }
    if !fields.0.is_empty() {
        return Err("has a ZIP64 extra field that repeats or contradicts the 32-bit fields");
    }
    if demanded { Ok(()) } else { Err("has a ZIP64 extra field although nothing in it is large") }
}

/// In which of the two headers extra fields stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Local,
    Central,
}

/// Reads extra fields and gives the content of the ZIP64 one. Accepted are those that say nothing about name or
/// content, each in the form that its definition has; everything else is refused, above all 0x7075 and 0x6375, which
/// give the member a second name and a second comment.
fn extra_fields(bytes: &[u8], place: Place) -> Result<Option<&[u8]>, String> {
    let mut fields = Fields(bytes);
    let mut seen = Vec::new();
    let mut zip64 = None;
    while !fields.0.is_empty() {
        let header = fields.u16().and_then(|id| Some((id, fields.u16()?)));
        let Some((id, Some(content))) = header.map(|(id, length)| (id, fields.take(usize::from(length)))) else {
            return Err("has extra fields that are cut off".to_owned());
        };
        if seen.contains(&id) {
            return Err(format!("has the extra field 0x{id:04x} twice"));
        }
        seen.push(id);
        let well_formed = match id {
            0x0001 => {
                zip64 = Some(content);
                place == Place::Central || content.len() == 16
            }
            0x000a => is_ntfs_times(content),
            0x5455 => is_extended_timestamp(content, place),
            0x7875 => is_unix_owner(content),
            // marks a Java archive, which some writers of ZIP archives always do
            0xcafe => content.is_empty(),
            0x7075 => return Err("has a second name in a unicode path extra field (0x7075)".to_owned()),
            0x6375 => return Err("has a second comment in a unicode comment extra field (0x6375)".to_owned()),
            other => return Err(format!("has an extra field of unknown meaning (0x{other:04x})")),
        };
        if !well_formed {
            return Err(format!("has a malformed extra field 0x{id:04x}"));
        }
    }
    Ok(zip64)
}

/// 0x000a: four reserved bytes and attribute 1, three times of 64 bits.
fn is_ntfs_times(content: &[u8]) -> bool {
    let mut fields = Fields(content);
    fields.u32().is_some() && fields.u16() == Some(1) && fields.u16() == Some(24) && fields.0.len() == 24
}

/// 0x5455: bits for the times that follow. The central header repeats the bits and has the first time only.
fn is_extended_timestamp(content: &[u8], place: Place) -> bool {
    let Some((&bits, times)) = content.split_first() else { return false };
    let all = usize::try_from((bits & 7).count_ones()).unwrap_or(0);
    let first = usize::from(bits & 1);
    bits & !7 == 0 && (times.len() == 4 * all || (place == Place::Central && times.len() == 4 * first))
}

/// 0x7875: version 1, then user and group, each with its own length.
fn is_unix_owner(content: &[u8]) -> bool {
    let mut fields = Fields(content);
    let version = fields.u8();
    let mut owner = || fields.u8().filter(|&length| length <= 8).and_then(|length| fields.take(usize::from(length)));
    version == Some(1) && owner().is_some() && owner().is_some() && fields.0.is_empty()
}

/// What a local header adds to its entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Local {
    /// First byte of the content.
    pub(super) content: u64,
    /// Whether the sizes of a data descriptor take eight bytes each.
    pub(super) wide: bool,
}

/// Reads the local header of `entry`. Where it says something else than the central directory, that is added to
/// `refusals`.
///
/// # Errors
/// There is no local header where the entry says, so that its content cannot be found.
pub(super) fn local(bytes: &Blob, entry: &Entry<'_>, refusals: &mut Vec<Refusal>) -> Result<Local, Failure> {
    let missing = || {
        entry
            .refuse(Code::ArchiveMalformed, "has no local header where the central directory says")
            .found(format!("byte {}", entry.offset))
    };
    let record = bytes.read(entry.offset, LOCAL_SIZE)?.filter(|record| record.starts_with(LOCAL));
    let fields = record.and_then(|record| {
        let mut fields = Fields(record.get(4..)?);
        let head = (fields.u16()?, fields.u16()?, fields.u16()?, fields.u32()?);
        let sums = (fields.u32()?, fields.u32()?, fields.u32()?);
        Some((head, sums, fields.u16()?, fields.u16()?))
    });
    let ((needed, flags, method, modified), (crc, compressed, size), name, extra) = fields.ok_or_else(missing)?;
    let (name, extra) = (u64::from(name), u64::from(extra));
    let after = entry.offset + LOCAL_SIZE;
    let content = after + name + extra;
    let variable = bytes.read(after, name + extra)?.ok_or_else(missing)?;
    let (name, extra) = variable.split_at_checked(usize::try_from(name).unwrap_or(0)).ok_or_else(missing)?;
    let zip64 = extra_fields(extra, Place::Local).unwrap_or_else(|why| {
        refusals.push(entry.refuse(Code::ArchiveExtraField, &format!("{why} (local header)")));
        None
    });

    let mut differences = String::new();
    let mut differ = |what: &str, here: u64, there: u64| {
        let separator = if differences.is_empty() { "" } else { "; " };
        // writing to a string cannot fail
        let _ = write!(differences, "{separator}{what}: {here:#x} and {there:#x}");
    };
    // a data descriptor may leave zeros here
    let deferred = entry.flags & FLAG_DESCRIPTOR != 0;
    let mut agree = |what: &str, here: u64, there: u64, may_be_zero: bool| {
        if here != there && !(may_be_zero && here == 0) {
            differ(what, here, there);
        }
    };
    agree("flags", flags.into(), entry.flags.into(), false);
    agree("method", method.into(), entry.method.into(), false);
    agree("time", modified.into(), entry.modified.into(), false);
    agree("checksum", crc.into(), entry.crc.into(), deferred);
    match zip64 {
        None => {
            agree("compressed size", compressed.into(), entry.compressed, deferred);
            agree("size", size.into(), entry.size, deferred);
        }
        Some(long) => {
            let mut long = Fields(long);
            let (long_size, long_compressed) = (long.u64().unwrap_or(0), long.u64().unwrap_or(0));
            agree("ZIP64 compressed size", long_compressed, entry.compressed, deferred);
            agree("ZIP64 size", long_size, entry.size, deferred);
            // Bazel's writer, which makes the wheels of protobuf, says the sizes in 32 bits as well
            if compressed != SENTINEL {
                agree("compressed size", compressed.into(), entry.compressed, deferred);
            }
            if size != SENTINEL {
                agree("size", size.into(), entry.size, deferred);
            }
        }
    }
    if needed & 0xff > NEEDED_LIMIT {
        refusals.push(entry.refuse(Code::ArchiveMethod, &format!("needs version {needed} of the format")));
    }
    if name != entry.name {
        let separator = if differences.is_empty() { "" } else { "; " };
        let name = Entry { name, ..entry.clone() };
        let _ = write!(differences, "{separator}name: {} and {}", name.shown(), entry.shown());
    }
    if !differences.is_empty() {
        refusals.push(
            entry
                .refuse(Code::ArchiveHeaderMismatch, "has a local header that differs from the central directory")
                .found(format!("local and central {differences}")),
        );
    }
    Ok(Local { content, wide: zip64.is_some() })
}

/// ZIP64 is version 4.5; what is newer is other compression and encryption.
pub(super) const NEEDED_LIMIT: u16 = 45;

/// Reads the data descriptor of `entry`, which fills `room`, the bytes from the end of its content to the next record, and
/// gives its length. `None`: there is no room that a descriptor could fill exactly.
pub(super) fn descriptor(
    bytes: &Blob,
    room: Range<u64>,
    entry: &Entry<'_>,
    wide: bool,
    refusals: &mut Vec<Refusal>,
) -> Result<Option<u64>, Failure> {
    let bare: u64 = if wide { 20 } else { 12 };
    let length = room.end.saturating_sub(room.start);
    if length != bare && length != bare + 4 {
        return Ok(None);
    }
    let record = bytes.read(room.start, length)?;
    Ok(record.filter(|record| compare_descriptor(record, entry, wide, refusals).is_some()).map(|_| length))
}

/// Adds to `refusals` where the descriptor `record` differs from `entry`; `None` when it is too short.
fn compare_descriptor(record: &[u8], entry: &Entry<'_>, wide: bool, refusals: &mut Vec<Refusal>) -> Option<()> {
    let signed = record.len() == if wide { 24 } else { 16 };
    let mut fields = Fields(record);
    let signature = if signed { fields.take(4)? } else { DESCRIPTOR };
    let crc = fields.u32()?;
    let (compressed, size) =
        if wide { (fields.u64()?, fields.u64()?) } else { (fields.u32()?.into(), fields.u32()?.into()) };
    // without the signature, a checksum that reads like one would make streaming readers take it for one
    let ambiguous = !signed && record.starts_with(DESCRIPTOR);
    if signature != DESCRIPTOR || ambiguous || (crc, compressed, size) != (entry.crc, entry.compressed, entry.size) {
        refusals.push(
            entry
                .refuse(Code::ArchiveHeaderMismatch, "has a data descriptor that differs from the central directory")
                .expected(format!(
                    "checksum: {:#x}, compressed size: {}, size: {}",
                    entry.crc, entry.compressed, entry.size
                ))
                .found(format!("checksum: {crc:#x}, compressed size: {compressed}, size: {size}")),
        );
    }
    Some(())
}
