//! The hostile corpus at the level of the library, as far as archives, paths and RECORD go (`support/hostile/archive.rs`): each
//! case is named by its defect and has the codes that it must give; the controls beside them must be accepted. Bounds are
//! tried with small values. `tests/hostile_wheels.rs` takes the same wheels the whole way.
//!
//! Two tests go further than the table: no single byte of a wheel can be changed without a refusal or without effect, and what
//! Python's `zipfile` writes and reads is the same archive here.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]

#[path = "support/wheel.rs"]
mod wheel;

#[path = "support/hostile/mod.rs"]
mod hostile;

use hostile::archive::{controls, members, records, structure};
use hostile::*;
use rustvenv::blob::Blob;
use rustvenv::code::Code;
use rustvenv::digest::Sha256;
use rustvenv::limits::Limits;
use rustvenv::refusal::{Failure, Refusal};
use rustvenv::wheel::archive::Archive;
use rustvenv::wheel::member_path::MemberPath;
use rustvenv::wheel::record::{self, CheckedMember, Head};
use std::collections::BTreeSet;
use wheel::{End64, Entry, Header, Wheel, Zip, bytes64, extra};

/// Opens `bytes` and compares it with its RECORD.
fn judge(bytes: Vec<u8>, limits: &Limits) -> Result<(Archive, Vec<CheckedMember>), Vec<Refusal>> {
    let judged = Archive::open("evil-1.0-py3-none-any.whl", Blob::from(bytes), limits).and_then(|archive| {
        let checked = record::check(&archive, &MemberPath::parse(RECORD, limits).unwrap(), limits)?;
        Ok((archive, checked))
    });
    judged.map_err(refusals)
}

fn refusals(failure: Failure) -> Vec<Refusal> {
    failure.refusals().unwrap_or_else(|unable| panic!("{unable}"))
}

/// Every case has to give exactly its codes.
fn judge_all(cases: Cases) {
    let mut wrong = String::new();
    for Case { defect, bytes, limits, codes, .. } in cases.0 {
        let (found, text) = match judge(bytes, &limits) {
            Ok(_) => (BTreeSet::new(), "accepted".to_owned()),
            Err(refusals) => {
                assert!(refusals.is_sorted() && !refusals.is_empty(), "{defect}: refusals are sorted");
                let text = refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
                assert!(text.contains("`evil-1.0-py3-none-any.whl`"), "{defect}: the wheel is named: {text}");
                assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{defect}: text is printable");
                (refusals.iter().map(|refusal| refusal.code).collect(), text)
            }
        };
        let expected: BTreeSet<Code> = codes.iter().copied().collect();
        if found != expected {
            wrong.push_str(&format!("{defect}: expected {expected:?}, found {found:?}\n{text}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn controls_are_accepted() {
    judge_all(controls());
}

#[test]
fn archives_that_two_readers_read_differently_are_refused() {
    judge_all(structure());
}

#[test]
fn members_that_escape_hide_or_exhaust_are_refused() {
    judge_all(members());
}

#[test]
fn archives_that_differ_from_their_record_are_refused() {
    judge_all(records());
}

#[test]
fn every_code_of_archive_and_record_is_provoked() {
    let mut provoked: BTreeSet<Code> = BTreeSet::new();
    for cases in [structure(), members(), records()] {
        provoked.extend(cases.0.iter().flat_map(|case| case.codes));
    }
    for &code in Code::ALL {
        if code.name().starts_with("archive-") || code.name().starts_with("record-") {
            assert!(provoked.contains(&code), "no case gives {}", code.name());
        }
    }
}

/// What a reader sees: path, digest, executable or not.
fn view(bytes: &[u8]) -> Result<Vec<(String, Sha256, bool)>, Vec<Refusal>> {
    let (archive, checked) = judge(bytes.to_vec(), &Limits::DEFAULT)?;
    let row = |checked: &CheckedMember| {
        let member = &archive.members()[checked.index];
        (member.path().to_string(), checked.sha256, member.is_executable())
    };
    Ok(checked.iter().map(row).collect())
}

#[test]
fn what_was_put_in_comes_out() {
    let big: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    let elf = [&b"\x7fELF\x02\x01\x01\0"[..], &big].concat();
    let wheel = evil()
        .executable("evil-1.0.data/scripts/tool", "#!python\n")
        .entry(Entry::file("evil/big.bin", &big).stored())
        .file("evil/lib.so", &elf)
        .file("evil/short", "\x7fEL")
        .directory("evil/empty/")
        .build();
    let (archive, checked) = judge(wheel, &Limits::DEFAULT).unwrap();
    assert_eq!(archive.directories(), [MemberPath::parse("evil/empty", &Limits::DEFAULT).unwrap()]);
    assert_eq!(checked.len(), archive.members().len());
    for (path, content, executable, head) in [
        (X, &b"def main():\n    print('first first first')\n"[..], false, Head::Other),
        ("evil-1.0.data/scripts/tool", b"#!python\n", true, Head::Script),
        ("evil/big.bin", &big, false, Head::Other),
        ("evil/lib.so", &elf, false, Head::Elf),
        ("evil/short", b"\x7fEL", false, Head::Other),
    ] {
        let index = archive.find(path).unwrap();
        let member = &archive.members()[index];
        assert_eq!(archive.read(index).unwrap(), content, "{path}");
        assert_eq!((member.path().as_str(), member.size()), (path, content.len() as u64));
        assert_eq!(member.is_executable(), executable, "{path}");
        let mut pieces = Vec::new();
        archive
            .copy(index, &mut |piece| {
                pieces.push(piece.len());
                Ok(())
            })
            .unwrap();
        assert!(pieces.iter().all(|&length| 0 < length && length <= 64 << 10), "{path}: {pieces:?}");
        assert_eq!(checked[index], CheckedMember { index, sha256: Sha256::of(content), head }, "{path}");
    }
    assert_eq!(archive.find("evil"), None);
    assert!(archive.read(archive.members().len()).is_err());
}

#[test]
fn a_file_is_executable_if_anyone_may_execute_it() {
    for (mode, executable) in [
        (0, false),
        (0o100_000, false),
        (0o100_644, false),
        (0o100_666, false),
        (0o100_755, true),
        (0o100_744, true),
        (0o100_654, true),
        (0o100_645, true),
        (0o755, true),
        (0o644, false),
    ] {
        for made_by in [3 << 8 | 20, 20] {
            let wheel = with_mode(mode).with("evil/s.py", move |entry| entry.central.made_by = made_by).build();
            let (archive, _) = judge(wheel, &Limits::DEFAULT).unwrap();
            let member = &archive.members()[archive.find("evil/s.py").unwrap()];
            assert_eq!(member.is_executable(), executable, "{mode:o} made by {made_by}");
        }
    }
}

/// Every byte of a wheel has a meaning: whatever is changed in one is refused, or stands in a field that says nothing
/// about names and content. No changed wheel installs other files.
#[test]
fn no_byte_can_be_changed_unnoticed() {
    let wheel = Wheel::new("evil", "1.0")
        .file(X, "def main():\n    print('first first first')\n")
        .entry(Entry::file("evil/y.py", "second = 2\n").stored())
        .entry(Entry::file("evil/z.py", "third = 3\n").deferred())
        .entry(Entry::file("evil/w.py", "fourth = 4\n").zip64())
        .directory("evil/d/")
        .build();
    let good = view(&wheel).unwrap();
    let mut harmless = BTreeSet::new();
    for position in 0..wheel.len() {
        for pattern in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
            let mut changed = wheel.clone();
            changed[position] ^= pattern;
            if let Ok(found) = view(&changed) {
                harmless.insert(position);
                let files =
                    |view: &[(String, Sha256, bool)]| view.iter().map(|row| (row.0.clone(), row.1)).collect::<Vec<_>>();
                assert_eq!(files(&found), files(&good), "byte {position} ^ {pattern:#x}");
            }
        }
    }
    // what may differ: the version that made it and the one that is needed (both headers), internal and external
    // attributes, and the last byte of a deflate stream, which has bits after the last block
    let mut allowed = BTreeSet::new();
    let mut record = |signature: &[u8], fields: &[usize]| {
        let starts = (0..wheel.len()).filter(|&at| wheel[at..].starts_with(signature));
        allowed.extend(starts.flat_map(|at| fields.iter().map(move |field| at + field)));
    };
    record(b"PK\x01\x02", &[4, 5, 6, 7, 36, 37, 38, 39, 40, 41]);
    record(b"PK\x03\x04", &[4, 5]);
    for at in (0..wheel.len()).filter(|&at| wheel[at..].starts_with(b"PK\x01\x02")) {
        let number = |field: usize| usize::from(u16::from_le_bytes([wheel[field], wheel[field + 1]]));
        let (method, compressed, local) = (number(at + 10), number(at + 20), number(at + 42));
        if method == 8 {
            allowed.insert(local + 30 + number(local + 26) + number(local + 28) + compressed - 1);
        }
    }
    assert!(harmless.is_subset(&allowed), "{:?}", harmless.difference(&allowed).collect::<Vec<_>>());
}

/// A wheel that needs ZIP64 records is accepted in the forms in which writers put them. Its gigabytes are zeros that
/// are never touched, because structure is checked without reading content.
#[test]
#[cfg(target_pointer_width = "64")]
fn zip64_records_are_read_where_sizes_demand_them() {
    const LARGE: u32 = (1 << 31) + 7;
    // a stored member of zeros and, beyond 2 GiB, a small one; `edit` changes the two and the ZIP64 end record; the end
    // record has what fits into its fields, as Python writes it, or says everything in 64 bits only
    let open = |edit: &dyn Fn(&mut Entry, &mut Entry, &mut End64), short: bool| {
        let mut large = Entry::file("evil/large.bin", "").stored();
        large.both(|header| (header.size, header.compressed) = (LARGE, LARGE));
        let mut small = Entry::file("evil/small.py", "small = 1\n");
        // what stands before the zeros is a local header; `Zip` writes it and an end record of 22 bytes
        let mut head = Zip::of([Entry { in_directory: false, ..large.clone() }]).write();
        head.truncate(head.len() - 22);
        let start = head.len() + LARGE as usize;
        let directory = (start + 30 + small.local.name.len() + small.data.len()) as u64;
        let mut end64 = End64 { start: Some(directory), ..End64::default() };
        (large.central.offset, small.central.offset) = (Some(0), Some(start as u32));
        edit(&mut large, &mut small, &mut end64);

        let mut tail = Zip::of([Entry { in_file: false, ..large }, small]);
        let size = tail.write().len() as u64 - (directory - start as u64) - 22;
        end64.locator_offset = Some(directory + size);
        tail.end64 = Some(end64);
        tail.end.start = Some(if short { directory as u32 } else { u32::MAX });
        if !short {
            (tail.end.size, tail.end.count, tail.end.count_here) = (Some(u32::MAX), Some(u16::MAX), Some(u16::MAX));
        }
        let tail = tail.write();
        let mut bytes = vec![0; start + tail.len()];
        bytes[..head.len()].copy_from_slice(&head);
        bytes[start..].copy_from_slice(&tail);
        Archive::open("evil", Blob::from(bytes), &Limits::DEFAULT).map_err(refusals)
    };
    let long_sizes = |header: &mut Header| {
        header.extra = extra(1, &bytes64(&[u64::from(LARGE), LARGE.into()]));
        (header.size, header.compressed) = (u32::MAX, u32::MAX);
    };
    let long_offset = |header: &mut Header| {
        header.extra = extra(1, &bytes64(&[header.offset.unwrap().into()]));
        header.offset = Some(u32::MAX);
    };
    for short in [true, false] {
        let archive = open(&|_, _, _| (), short).unwrap();
        assert_eq!(archive.members()[0].size(), u64::from(LARGE));
        assert_eq!(archive.read(1).unwrap(), b"small = 1\n");
        let archive = open(&|_, small, _| long_offset(&mut small.central), short).unwrap();
        assert_eq!(archive.read(1).unwrap(), b"small = 1\n");
        let archive = open(&|large, _, _| long_sizes(&mut large.central), short).unwrap();
        assert_eq!(archive.members()[0].size(), u64::from(LARGE));
    }
    let refused = open(
        &|_, small, _| {
            long_offset(&mut small.central);
            small.central.extra = extra(1, &bytes64(&[0]));
        },
        true,
    );
    assert!(refused.unwrap_err().iter().any(|r| r.code == Code::ArchiveZip64), "an offset that nothing demands");
    let refused = open(&|_, _, end64| end64.start = Some(5), true).unwrap_err();
    assert_eq!(refused[0].code, Code::ArchiveZip64, "ZIP64 end record and end record differ");
}

/// From 65,536 members on, an archive has ZIP64 records; with 65,535, Python writes none and others do.
#[test]
fn archives_of_more_members_than_16_bits_count_are_read() {
    for (count, end64, accepted) in [
        (65_534, true, false),
        (65_535, false, true),
        (65_535, true, true),
        (65_536, true, true),
        (65_536, false, false),
    ] {
        let entry = Entry::file("", "").stored();
        let mut zip = Zip::of((0..count).map(|number| {
            let mut entry = entry.clone();
            entry.rename(format!("evil/{number:05}"));
            entry
        }));
        zip.end64 = end64.then(End64::default);
        let found = Archive::open("evil", Blob::from(zip.write()), &Limits::DEFAULT).map_err(refusals);
        match found {
            Ok(archive) => assert!(accepted && archive.members().len() == count, "{count} {end64}"),
            Err(refusals) => assert!(!accepted, "{count} {end64}: {}", refusals[0]),
        }
    }
}

/// What Python's zipfile reads from a control, and ours from what zipfile writes, is the same.
#[test]
fn python_reads_and_writes_the_same_archives() {
    const READ: &str = "
import hashlib, sys, zipfile
for path in sys.argv[1:]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for info in archive.infolist():
            if not info.is_dir():
                print(path, hashlib.sha256(archive.read(info)).hexdigest(), info.filename.encode().hex())
";
    const WRITE: &str = r#"
import io, sys, zipfile
class Pipe(io.RawIOBase):
    def __init__(self, path): self.file = open(path, 'wb')
    def writable(self): return True
    def write(self, data): return self.file.write(data)
    def close(self): self.file.close()
def fill(archive, force):
    archive.writestr('plain.py', 'plain = 1\n')
    archive.writestr('caf\u00e9/\u65e5\u672c.py', 'utf8 = 1\n' * 1000)
    archive.writestr('empty', '')
    archive.writestr(zipfile.ZipInfo('directory/'), '')
    info = zipfile.ZipInfo('tool', (2020, 2, 2, 2, 2, 2))
    info.external_attr = 0o100755 << 16
    with archive.open(info, 'w', force_zip64=force) as member:
        member.write(b'#!/bin/sh\n')
for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
    for force in (False, True):
        for pipe in (False, True):
            name = f'{sys.argv[1]}/{method}-{force}-{pipe}.zip'
            out = Pipe(name) if pipe else open(name, 'wb')
            with out, zipfile.ZipFile(out, 'w', method) as archive:
                fill(archive, force)
"#;
    let python = |arguments: &[&str]| {
        let output =
            std::process::Command::new("python3").arg("-c").args(arguments).output().expect("python3 is needed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().to_str().unwrap();
    let (mut paths, mut ours) = (Vec::new(), Vec::new());
    for Case { defect, bytes, .. } in controls().0 {
        let path = format!("{root}/{defect}");
        std::fs::write(&path, &bytes).unwrap();
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        ours.extend(view(&bytes).unwrap().iter().map(|(name, digest, _)| format!("{path} {digest} {}", hex(name))));
        paths.push(path);
    }
    let arguments: Vec<&str> = [READ].into_iter().chain(paths.iter().map(String::as_str)).collect();
    let theirs = python(&arguments);
    let mut theirs: Vec<&str> = theirs.lines().collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs);

    let written = tempfile::tempdir().unwrap();
    python(&[WRITE, written.path().to_str().unwrap()]);
    let mut count = 0;
    for file in std::fs::read_dir(written.path()).unwrap() {
        let path = file.unwrap().path();
        let archive = Archive::open("written", Blob::from(std::fs::read(&path).unwrap()), &Limits::DEFAULT)
            .unwrap_or_else(|failure| panic!("{}: {failure}", path.display()));
        let found: Vec<_> = (0..archive.members().len())
            .map(|index| (archive.members()[index].path().to_string(), archive.read(index).unwrap()))
            .collect();
        let expected = [
            ("plain.py", b"plain = 1\n".to_vec()),
            ("caf\u{e9}/\u{65e5}\u{672c}.py", b"utf8 = 1\n".repeat(1000)),
            ("empty", Vec::new()),
            ("tool", b"#!/bin/sh\n".to_vec()),
        ];
        assert_eq!(found, expected.map(|(path, content)| (path.to_owned(), content)), "{}", path.display());
        assert!(archive.members()[3].is_executable());
        assert_eq!(archive.directories().iter().map(MemberPath::as_str).collect::<Vec<_>>(), ["directory"]);
        count += 1;
    }
    assert_eq!(count, 8);
}
