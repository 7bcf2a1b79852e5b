//! Any bytes as a wheel: never a panic, and whatever is accepted is what another reader of ZIP archives sees.
//!
//! Bytes that begin like a ZIP archive are one; all others are a list of edits to a well-formed wheel with everything
//! in it that the reader accepts, so that the fuzzer needs no seeds to come past the first check.

#![no_main]

#[path = "../../tests/support/wheel.rs"]
mod wheel;

use libfuzzer_sys::fuzz_target;
use rustvenv::blob::Blob;
use rustvenv::limits::Limits;
use rustvenv::wheel::archive::Archive;
use rustvenv::wheel::member_path::MemberPath;
use rustvenv::wheel::record;
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::sync::OnceLock;
use wheel::{Entry, Wheel, extra};

/// A wheel with every feature that is accepted.
fn whole() -> Vec<u8> {
    Wheel::new("evil", "1.0")
        .file("evil/x.py", "def main():\n    print('first first first')\n")
        .entry(Entry::file("evil/stored.py", "stored = 1\n").stored())
        .entry(Entry::file("evil/deferred.py", "deferred = 1\n").deferred())
        .entry(Entry::file("evil/long.py", "long = 1\n").zip64())
        .executable("evil-1.0.data/scripts/caf\u{e9}", "#!python\n")
        .directory("evil/empty/")
        .with("evil/x.py", |entry| {
            entry.both(|header| header.extra = [extra(0x5455, &[1, 0, 0, 0, 0]), extra(0xcafe, &[])].concat());
        })
        .build()
}

/// `whole` with edits of four bytes each: where (two bytes), how, and with what.
fn edited(edits: &[u8]) -> Vec<u8> {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    let mut bytes = WHOLE.get_or_init(whole).clone();
    for edit in edits.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % bytes.len();
        let value = edit[3];
        match edit[2] % 6 {
            0 => bytes[at] ^= value,
            1 => bytes[at] = bytes[at].wrapping_add(value),
            2 => bytes.insert(at, value),
            3 if bytes.len() > 1 => drop(bytes.remove(at)),
            4 => bytes.extend_from_within(at..bytes.len().min(at + usize::from(value))),
            _ => {
                let length = usize::from(value).min(bytes.len() - at);
                bytes[at..at + length].reverse();
            }
        }
    }
    bytes
}

fuzz_target!(|input: &[u8]| {
    let bytes = if input.starts_with(b"PK") { input.to_vec() } else { edited(input) };
    check(&bytes);
});

fn check(bytes: &[u8]) {
    // small enough that no input can make the fuzzer itself slow
    let limits = Limits { member_size: 1 << 20, total_size: 4 << 20, ratio_floor: 1 << 12, ..Limits::DEFAULT };
    let Ok(archive) = Archive::open("fuzz.whl", Blob::from(bytes.to_vec()), &limits) else { return };

    let mut ours = BTreeMap::new();
    let mut sound = true;
    for (index, member) in archive.members().iter().enumerate() {
        assert_eq!(archive.find(member.path().as_str()), Some(index));
        assert_eq!(MemberPath::parse(member.path().as_str(), &limits).as_ref(), Ok(member.path()));
        let mut length = 0;
        let copied = archive.copy(index, &mut |piece| {
            length += piece.len() as u64;
            assert!(!piece.is_empty() && length <= member.size());
            Ok(())
        });
        sound &= copied.is_ok();
        if copied.is_ok() {
            assert_eq!(length, member.size());
            ours.insert(member.path().to_string(), archive.read(index).unwrap());
        }
    }
    let record = MemberPath::parse("evil-1.0.dist-info/RECORD", &limits).unwrap();
    if let Ok(checked) = record::check(&archive, &record, &limits) {
        assert!(sound && checked.len() == archive.members().len());
    }
    if !sound {
        return;
    }

    let mut other = zip::ZipArchive::new(Cursor::new(bytes)).expect("another reader opens what we accept");
    assert_eq!(other.offset(), 0);
    let mut theirs = BTreeMap::new();
    let mut directories = 0;
    for index in 0..other.len() {
        let mut file = other.by_index(index).expect("another reader finds every member");
        if file.is_dir() {
            directories += 1;
            continue;
        }
        let name = String::from_utf8(file.name_raw().to_vec()).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).expect("another reader reads every member");
        theirs.insert(name, content);
    }
    assert_eq!(directories, archive.directories().len());
    assert_eq!(ours, theirs);
}
