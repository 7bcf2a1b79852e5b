//! Tar archives made from readable text, well-formed or with one chosen defect.
//!
//! A [`Tar`] is a list of [`Member`]s, each a header of 512 bytes and its content, and what stands at the end. A test says
//! a defect by writing into the header; the checksum is made afterwards, unless the test sets one. It shares no code with
//! the reader that it tests.

// each test binary uses its part
#![allow(dead_code, unreachable_pub)]
// a builder that cannot build fails the test that uses it
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::io::Write as _;

/// Where the fields of a header begin.
pub const NAME: usize = 0;
pub const MODE: usize = 100;
pub const UID: usize = 108;
pub const SIZE: usize = 124;
pub const MTIME: usize = 136;
pub const CHECKSUM: usize = 148;
pub const TYPE: usize = 156;
pub const LINK: usize = 157;
pub const MAGIC: usize = 257;
pub const UNAME: usize = 265;
pub const MAJOR: usize = 329;
pub const PREFIX: usize = 345;
pub const REST: usize = 500;

pub const POSIX: &[u8] = b"ustar\x0000";
pub const GNU: &[u8] = b"ustar  \0";
pub const VERSION_7: &[u8] = &[0; 8];

/// A header and what follows it.
#[derive(Clone)]
pub struct Member {
    /// The whole name, also where it does not fit.
    name: Vec<u8>,
    header: [u8; 512],
    content: Vec<u8>,
    padding: Option<Vec<u8>>,
    own_checksum: bool,
}

impl Member {
    /// Type `flag`, in POSIX's form.
    pub fn new(flag: u8, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref().to_vec();
        let size = format!("{:011o}", content.len());
        let name = path.as_ref().to_vec();
        let member = Self { name, header: [0; 512], content, padding: None, own_checksum: false };
        member
            .text(NAME, 100, path)
            .set(MODE, b"0000644\0")
            .set(UID, b"0001750\x000001750\0")
            .set(SIZE, size)
            .set(MTIME, b"14524505400\0")
            .set(TYPE, [flag])
            .set(MAGIC, POSIX)
            .set(UNAME, b"someone")
    }

    /// A regular file.
    pub fn file(path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        Self::new(b'0', path, content)
    }

    /// A directory.
    pub fn directory(path: impl AsRef<[u8]>) -> Self {
        Self::new(b'5', path, "").set(MODE, b"0000755\0")
    }

    /// A symbolic link that says `target`.
    pub fn link(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        Self::new(b'2', path, "").set(MODE, b"0000777\0").text(LINK, 100, target)
    }

    /// A hard link to the member `target`.
    pub fn hard_link(path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        Self::new(b'1', path, "").text(LINK, 100, target)
    }

    /// Records for the next member.
    pub fn pax(records: impl AsRef<[u8]>) -> Self {
        Self::new(b'x', "./PaxHeaders/x", records)
    }

    /// Records for all members that follow.
    pub fn global(records: impl AsRef<[u8]>) -> Self {
        Self::new(b'g', "pax_global_header", records)
    }

    /// GNU tar's long name of the next member, with its NUL.
    pub fn long_name(path: &str) -> Self {
        Self::new(b'L', "././@LongLink", format!("{path}\0")).gnu()
    }

    /// GNU tar's long target of the next member, with its NUL.
    pub fn long_link(path: &str) -> Self {
        Self::new(b'K', "././@LongLink", format!("{path}\0")).gnu()
    }

    /// GNU tar's form.
    pub fn gnu(self) -> Self {
        self.set(MAGIC, GNU)
    }

    /// Writes `bytes` into the header.
    pub fn set(mut self, at: usize, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        self.header[at..at + bytes.len()].copy_from_slice(bytes);
        self.own_checksum |= at == CHECKSUM;
        self
    }

    /// Writes a text into the field of `length` bytes, cut off where it does not fit.
    pub fn text(self, at: usize, length: usize, text: impl AsRef<[u8]>) -> Self {
        let text = text.as_ref();
        self.set(at, vec![0; length]).set(at, &text[..text.len().min(length)])
    }

    /// The mode, in octal.
    pub fn mode(self, mode: &str) -> Self {
        self.set(MODE, format!("{mode:0>7}\0"))
    }

    /// Other padding than zeros up to the next block.
    pub fn padding(mut self, bytes: &[u8]) -> Self {
        self.padding = Some(bytes.to_vec());
        self
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut header = self.header;
        if !self.own_checksum {
            header[CHECKSUM..CHECKSUM + 8].copy_from_slice(b"        ");
            let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
            header[CHECKSUM..CHECKSUM + 8].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        out.extend(header);
        out.extend(&self.content);
        let missing = (512 - self.content.len() % 512) % 512;
        match &self.padding {
            Some(padding) => out.extend(padding),
            None => out.extend(vec![0; missing]),
        }
    }
}

/// A record of a pax header, its length counted.
pub fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}")
}

/// An archive.
#[derive(Clone)]
pub struct Tar {
    pub members: Vec<Member>,
    /// What follows the last member.
    pub end: Vec<u8>,
}

impl Tar {
    /// These members, and two blocks of zeros.
    pub fn of(members: impl IntoIterator<Item = Member>) -> Self {
        Self { members: members.into_iter().collect(), end: vec![0; 1024] }
    }

    /// Another end than two blocks of zeros.
    pub fn end(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.end = bytes.as_ref().to_vec();
        self
    }

    /// Gives each member whose name did not fit GNU tar's long name.
    pub fn named_long(mut self) -> Self {
        self.members = self
            .members
            .into_iter()
            .flat_map(|member| {
                let long = member.name.len() > 100;
                let name = String::from_utf8(member.name.clone()).unwrap();
                if long { vec![Member::long_name(&name), member.gnu()] } else { vec![member] }
            })
            .collect();
        self
    }

    /// The archive, not compressed.
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for member in &self.members {
            member.write(&mut out);
        }
        out.extend(&self.end);
        out
    }

    /// The archive, compressed with gzip.
    pub fn gzip(&self) -> Vec<u8> {
        gzip(&self.write())
    }
}

/// `content` as one gzip stream.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// `content` as one bzip2 stream.
pub fn bzip2(content: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
