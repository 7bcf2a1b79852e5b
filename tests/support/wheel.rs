//! Wheels made from readable text, well-formed or with one chosen defect.
//!
//! [`Wheel`] has correct METADATA, WHEEL and RECORD unless told otherwise. Below it lies a small writer of ZIP
//! archives, [`Zip`], which writes every header field as it stands in [`Header`] and [`End`], so that a test says a
//! defect by changing one field. It shares no code with the reader that it tests.

// each test binary uses its part
#![allow(dead_code, unreachable_pub)]
// a builder that cannot build fails the test that uses it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

use rustvenv::digest::Sha256;
use std::io::Write as _;

/// A mode as archives made on Unix have it: a regular file that its owner may write.
pub const FILE: u32 = 0o100_644;
/// The same, executable.
pub const EXECUTABLE: u32 = 0o100_755;
/// A directory.
pub const DIRECTORY: u32 = 0o040_755;

type EditRecord = Box<dyn FnOnce(String) -> String>;
type EditZip = Box<dyn FnOnce(&mut Zip)>;

/// What becomes a wheel.
pub struct Wheel {
    name: String,
    version: String,
    tag: String,
    metadata: Option<String>,
    wheel: Option<String>,
    entries: Vec<Entry>,
    edit_record: Vec<EditRecord>,
    record: bool,
    edit_zip: Vec<EditZip>,
}

impl Wheel {
    /// A wheel of one empty project, `py3-none-any`.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            tag: "py3-none-any".to_owned(),
            metadata: Some(format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")),
            wheel: None,
            entries: Vec::new(),
            edit_record: Vec::new(),
            record: true,
            edit_zip: Vec::new(),
        }
    }

    /// Another tag than `py3-none-any`; compressed sets as in a file name.
    pub fn tag(mut self, tag: &str) -> Self {
        tag.clone_into(&mut self.tag);
        self
    }

    /// A file, listed in RECORD.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(Entry::file(path, content))
    }

    /// A file that may be executed.
    pub fn executable(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(Entry::file(path, content).mode(EXECUTABLE))
    }

    /// A file below `NAME-VERSION.dist-info/`.
    pub fn dist_info(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = format!("{}/{path}", self.dist_info_directory());
        self.file(&path, content)
    }

    /// A file below `NAME-VERSION.data/`, such as `scripts/x`.
    pub fn data(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = format!("{}/{path}", self.data_directory());
        self.file(&path, content)
    }

    /// An explicit directory; `path` ends in a slash.
    pub fn directory(self, path: &str) -> Self {
        self.entry(Entry::directory(path))
    }

    /// A member of any kind.
    pub fn entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// More header lines of METADATA.
    pub fn metadata(mut self, lines: &str) -> Self {
        self.metadata.as_mut().expect("METADATA was removed").push_str(lines);
        self
    }

    /// Another METADATA altogether, or none.
    pub fn whole_metadata(mut self, text: Option<&str>) -> Self {
        self.metadata = text.map(str::to_owned);
        self
    }

    /// Another WHEEL altogether; an empty one is left out.
    pub fn whole_wheel(mut self, text: &str) -> Self {
        self.wheel = Some(text.to_owned());
        self
    }

    /// The content of `entry_points.txt`.
    pub fn entry_points(self, text: &str) -> Self {
        self.dist_info("entry_points.txt", text)
    }

    /// Changes RECORD, which was made for everything added before `build`.
    pub fn record(mut self, edit: impl FnOnce(String) -> String + 'static) -> Self {
        self.edit_record.push(Box::new(edit));
        self
    }

    /// Leaves RECORD out.
    pub fn without_record(mut self) -> Self {
        self.record = false;
        self
    }

    /// Changes the archive; RECORD was made before, of what it should have been.
    pub fn zip(mut self, edit: impl FnOnce(&mut Zip) + 'static) -> Self {
        self.edit_zip.push(Box::new(edit));
        self
    }

    /// Changes the member `path` in the archive.
    pub fn with(self, path: &'static str, edit: impl FnOnce(&mut Entry) + 'static) -> Self {
        self.zip(move |zip| edit(zip.find(path)))
    }

    /// `NAME-VERSION-TAG.whl`.
    pub fn file_name(&self) -> String {
        format!("{}-{}-{}.whl", escape(&self.name), self.version, self.tag)
    }

    /// `NAME-VERSION.dist-info`.
    pub fn dist_info_directory(&self) -> String {
        format!("{}-{}.dist-info", escape(&self.name), self.version)
    }

    /// `NAME-VERSION.data`.
    pub fn data_directory(&self) -> String {
        format!("{}-{}.data", escape(&self.name), self.version)
    }

    /// The path of RECORD.
    pub fn record_path(&self) -> String {
        format!("{}/RECORD", self.dist_info_directory())
    }

    /// The bytes of the wheel.
    pub fn build(mut self) -> Vec<u8> {
        let dist_info = self.dist_info_directory();
        let mut entries = std::mem::take(&mut self.entries);
        if let Some(text) = &self.metadata {
            entries.push(Entry::file(&format!("{dist_info}/METADATA"), text));
        }
        let text = self.wheel.take().unwrap_or_else(|| wheel_file(&self.tag));
        if !text.is_empty() {
            entries.push(Entry::file(&format!("{dist_info}/WHEEL"), text));
        }
        if self.record {
            let path = self.record_path();
            let mut text: String = entries.iter().filter_map(Entry::record_row).collect();
            text.push_str(&format!("{path},,\n"));
            let text = self.edit_record.into_iter().fold(text, |text, edit| edit(text));
            entries.push(Entry::file(&path, text));
        }
        let mut zip = Zip { entries, ..Zip::default() };
        for edit in self.edit_zip {
            edit(&mut zip);
        }
        zip.write()
    }
}

/// A name or version as it stands in names of files and directories.
fn escape(name: &str) -> String {
    name.replace('-', "_")
}

/// WHEEL for a tag, compressed or not.
fn wheel_file(tag: &str) -> String {
    let mut text = "Wheel-Version: 1.0\nGenerator: by hand\n".to_owned();
    text.push_str(if tag.ends_with("-any") { "Root-Is-Purelib: true\n" } else { "Root-Is-Purelib: false\n" });
    let sets: Vec<Vec<&str>> = tag.split('-').map(|set| set.split('.').collect()).collect();
    for python in &sets[0] {
        for abi in &sets[1] {
            for platform in &sets[2] {
                text.push_str(&format!("Tag: {python}-{abi}-{platform}\n"));
            }
        }
    }
    text
}

/// `content` as a raw deflate stream.
pub fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// The fields of a local header, and those that the central directory adds.
#[derive(Clone, Debug)]
pub struct Header {
    pub signature: [u8; 4],
    pub made_by: u16,
    pub needed: u16,
    pub flags: u16,
    pub method: u16,
    pub time: u16,
    pub date: u16,
    pub crc: u32,
    pub compressed: u32,
    pub size: u32,
    pub name: Vec<u8>,
    pub extra: Vec<u8>,
    /// Central directory only, as are the fields below.
    pub comment: Vec<u8>,
    pub disk: u16,
    pub internal: u16,
    pub attributes: u32,
    /// `None`: where the local header is.
    pub offset: Option<u32>,
}

/// A member: both headers and what stands between them.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Bytes before the local header that belong to nothing.
    pub before: Vec<u8>,
    pub local: Header,
    /// The content as it stands in the archive.
    pub data: Vec<u8>,
    /// The data descriptor.
    pub descriptor: Vec<u8>,
    pub central: Header,
    /// Whether the member has a local header and content.
    pub in_file: bool,
    /// Whether it is in the central directory.
    pub in_directory: bool,
    /// The content as RECORD sees it.
    pub content: Vec<u8>,
}

impl Entry {
    /// A deflated regular file. A name beyond ASCII is marked as UTF-8.
    pub fn file(path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        let data = deflate(content);
        let header = Header {
            signature: *b"PK\x03\x04",
            made_by: 3 << 8 | 20,
            needed: 20,
            flags: if path.is_ascii() { 0 } else { 1 << 11 },
            method: 8,
            time: 0,
            date: 1 << 5 | 1,
            crc: crc32fast::hash(content),
            compressed: data.len() as u32,
            size: content.len() as u32,
            name: path.as_bytes().to_vec(),
            extra: Vec::new(),
            comment: Vec::new(),
            disk: 0,
            internal: 0,
            attributes: FILE << 16,
            offset: None,
        };
        Self {
            before: Vec::new(),
            central: Header { signature: *b"PK\x01\x02", ..header.clone() },
            local: header,
            data,
            descriptor: Vec::new(),
            in_file: true,
            in_directory: true,
            content: content.to_vec(),
        }
    }

    /// An explicit directory; `path` ends in a slash.
    pub fn directory(path: &str) -> Self {
        let mut entry = Self::file(path, "").stored();
        entry.central.attributes = DIRECTORY << 16 | 0x10;
        entry
    }

    /// The same member, not compressed.
    pub fn stored(mut self) -> Self {
        self.data.clone_from(&self.content);
        let length = self.data.len() as u32;
        self.both(|header| (header.method, header.compressed) = (0, length));
        self
    }

    /// The same member with another Unix mode.
    pub fn mode(mut self, mode: u32) -> Self {
        self.central.attributes = mode << 16;
        self
    }

    /// The same member with a data descriptor, and zeros in the local header.
    pub fn deferred(mut self) -> Self {
        self.both(|header| header.flags |= 1 << 3);
        let (crc, compressed, size) = (self.central.crc, self.central.compressed, self.central.size);
        (self.local.crc, self.local.compressed, self.local.size) = (0, 0, 0);
        self.descriptor = [&b"PK\x07\x08"[..], &bytes32(&[crc, compressed, size])].concat();
        self
    }

    /// The same member with a ZIP64 extra field in its local header, as `zipfile` writes it under `force_zip64`.
    pub fn zip64(mut self) -> Self {
        let sizes = [u64::from(self.central.size), u64::from(self.central.compressed)];
        self.local.extra = extra(1, &bytes64(&sizes));
        (self.local.compressed, self.local.size) = (u32::MAX, u32::MAX);
        self.both(|header| header.needed = 45);
        self
    }

    /// Changes both headers alike.
    pub fn both(&mut self, edit: impl Fn(&mut Header)) {
        edit(&mut self.local);
        edit(&mut self.central);
    }

    /// Other compressed bytes; the headers follow in their size, not in what they say of the content.
    pub fn replace_data(&mut self, data: Vec<u8>) {
        let length = data.len() as u32;
        self.data = data;
        self.both(|header| header.compressed = length);
    }

    /// Another name in both headers.
    pub fn rename(&mut self, name: impl AsRef<[u8]>) {
        self.both(|header| header.name = name.as_ref().to_vec());
    }

    /// The row of RECORD; directories have none.
    fn record_row(&self) -> Option<String> {
        let path = String::from_utf8_lossy(&self.central.name);
        if path.ends_with('/') {
            return None;
        }
        let quoted = if path.contains(['"', ',', '\n']) {
            format!("\"{}\"", path.replace('"', "\"\""))
        } else {
            path.into_owned()
        };
        Some(format!("{quoted},sha256={},{}\n", Sha256::of(&self.content).base64url(), self.content.len()))
    }
}

/// Little-endian 32-bit numbers.
pub fn bytes32(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// Little-endian 64-bit numbers.
pub fn bytes64(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// An extra field.
pub fn extra(id: u16, content: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &(content.len() as u16).to_le_bytes(), content].concat()
}

/// The end record; `None` is what is right.
#[derive(Clone, Debug, Default)]
pub struct End {
    pub disks: [u16; 2],
    pub count_here: Option<u16>,
    pub count: Option<u16>,
    pub size: Option<u32>,
    pub start: Option<u32>,
    /// `None`: the length of the comment.
    pub comment_length: Option<u16>,
    pub comment: Vec<u8>,
}

/// ZIP64 end record and locator; `None` is what is right.
#[derive(Clone, Debug, Default)]
pub struct End64 {
    pub rest: Option<u64>,
    pub disks: [u32; 2],
    pub count_here: Option<u64>,
    pub count: Option<u64>,
    pub size: Option<u64>,
    pub start: Option<u64>,
    pub locator_disk: u32,
    pub locator_offset: Option<u64>,
    pub locator_disks: Option<u32>,
    /// The extensible data sector.
    pub sector: Vec<u8>,
}

/// An archive, field by field.
#[derive(Clone, Debug, Default)]
pub struct Zip {
    pub entries: Vec<Entry>,
    /// Positions of the entries in the order in which the central directory has them; empty: as they are.
    pub order: Vec<usize>,
    /// Bytes between the last member and the central directory.
    pub before_directory: Vec<u8>,
    /// Bytes between the central directory and the end records.
    pub after_directory: Vec<u8>,
    pub end64: Option<End64>,
    pub end: End,
    /// Bytes behind the end record.
    pub suffix: Vec<u8>,
}

impl Zip {
    /// An archive of `entries`.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        Self { entries: entries.into_iter().collect(), ..Self::default() }
    }

    /// The first member whose central name is `path`.
    pub fn find(&mut self, path: &str) -> &mut Entry {
        let found = self.entries.iter_mut().find(|entry| entry.central.name == path.as_bytes());
        found.unwrap_or_else(|| panic!("no member {path}"))
    }

    /// The bytes of the archive.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut offsets = Vec::new();
        for entry in &self.entries {
            out.extend_from_slice(&entry.before);
            offsets.push(out.len() as u32);
            if entry.in_file {
                write_header(&mut out, &entry.local, None);
                out.extend_from_slice(&entry.data);
                out.extend_from_slice(&entry.descriptor);
            }
        }
        out.extend_from_slice(&self.before_directory);
        let start = out.len() as u64;
        let order = if self.order.is_empty() { (0..self.entries.len()).collect() } else { self.order.clone() };
        let mut count: u64 = 0;
        for index in order {
            let entry = &self.entries[index];
            if entry.in_directory {
                count += 1;
                write_header(&mut out, &entry.central, Some(entry.central.offset.unwrap_or(offsets[index])));
            }
        }
        let size = out.len() as u64 - start;
        out.extend_from_slice(&self.after_directory);
        if let Some(end) = &self.end64 {
            let place = out.len() as u64;
            out.extend_from_slice(b"PK\x06\x06");
            out.extend(bytes64(&[end.rest.unwrap_or(44 + end.sector.len() as u64)]));
            out.extend_from_slice(&[45, 3, 45, 0]);
            out.extend(bytes32(&end.disks));
            let here = end.count_here.unwrap_or(count);
            let numbers = [here, end.count.unwrap_or(count), end.size.unwrap_or(size), end.start.unwrap_or(start)];
            out.extend(bytes64(&numbers));
            out.extend_from_slice(&end.sector);
            out.extend_from_slice(b"PK\x06\x07");
            out.extend(bytes32(&[end.locator_disk]));
            out.extend(bytes64(&[end.locator_offset.unwrap_or(place)]));
            out.extend(bytes32(&[end.locator_disks.unwrap_or(1)]));
        }
        out.extend_from_slice(b"PK\x05\x06");
        let short = u16::try_from(count).unwrap_or(u16::MAX);
        for number in [
            self.end.disks[0],
            self.end.disks[1],
            self.end.count_here.unwrap_or(short),
            self.end.count.unwrap_or(short),
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend(bytes32(&[self.end.size.unwrap_or(size as u32), self.end.start.unwrap_or(start as u32)]));
        let comment = self.end.comment_length.unwrap_or(self.end.comment.len() as u16);
        out.extend_from_slice(&comment.to_le_bytes());
        out.extend_from_slice(&self.end.comment);
        out.extend_from_slice(&self.suffix);
        out
    }
}

/// Writes a local header, or, with an `offset`, a central one.
fn write_header(out: &mut Vec<u8>, header: &Header, offset: Option<u32>) {
    out.extend_from_slice(&header.signature);
    if offset.is_some() {
        out.extend_from_slice(&header.made_by.to_le_bytes());
    }
    for number in [header.needed, header.flags, header.method, header.time, header.date] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend(bytes32(&[header.crc, header.compressed, header.size]));
    out.extend_from_slice(&(header.name.len() as u16).to_le_bytes());
    out.extend_from_slice(&(header.extra.len() as u16).to_le_bytes());
    if let Some(offset) = offset {
        for number in [header.comment.len() as u16, header.disk, header.internal] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend(bytes32(&[header.attributes, offset]));
    }
    out.extend_from_slice(&header.name);
    out.extend_from_slice(&header.extra);
    if offset.is_some() {
        out.extend_from_slice(&header.comment);
    }
}
