//! Archives and RECORD: where readers of the formats differ, and what escapes, hides or exhausts.

use super::*;
use crate::wheel::{End64, Zip, bytes32, bytes64, deflate, extra};

/// What has to be accepted.
pub fn controls() -> Cases {
    let mut t = Cases::default();
    t.accept("ok-deflate", evil());
    t.accept("ok-stored", evil().entry(Entry::file("evil/y.py", "stored").stored()));
    t.accept("ok-data-descriptor", evil().entry(Entry::file("evil/y.py", "deferred").deferred()));
    t.accept(
        "ok-data-descriptor-keeps-sizes",
        evil().entry(Entry::file("evil/y.py", "kept").deferred()).with("evil/y.py", |entry| {
            let central = entry.central.clone();
            (entry.local.crc, entry.local.size) = (central.crc, central.size);
        }),
    );
    t.accept("ok-dir-entries", evil().directory("evil/").directory("evil/sub/").file("evil/sub/x.py", ""));
    t.accept("ok-empty-directory", evil().directory("evil/empty/"));
    t.accept(
        "ok-directory-deflated-nothing",
        evil().directory("evil/d/").with("evil/d/", |entry| {
            entry.replace_data(deflate(b""));
            entry.both(|header| header.method = 8);
        }),
    );
    t.accept("ok-zip64-extra", evil().entry(Entry::file("evil/y.py", "as force_zip64 writes it").zip64()));
    t.accept(
        "ok-zip64-extra-beside-32-bit-sizes",
        evil().entry(Entry::file("evil/y.py", "as Bazel writes it").zip64()).with("evil/y.py", |entry| {
            let central = entry.central.clone();
            (entry.local.size, entry.local.compressed) = (central.size, central.compressed);
        }),
    );
    t.accept(
        "ok-zip64-data-descriptor",
        evil().file("evil/y.py", "as force_zip64 writes to a pipe").with("evil/y.py", |entry| {
            *entry = entry.clone().deferred();
            let central = entry.central.clone();
            (entry.local.size, entry.local.compressed) = (u32::MAX, u32::MAX);
            entry.local.extra = extra(1, &bytes64(&[0, 0]));
            let sizes = bytes64(&[central.compressed.into(), central.size.into()]);
            entry.descriptor = [&b"PK\x07\x08"[..], &central.crc.to_le_bytes(), &sizes].concat();
        }),
    );
    t.accept(
        "dd-nosig",
        evil().entry(Entry::file("evil/y.py", "no signature").deferred()).with("evil/y.py", |entry| {
            entry.descriptor.drain(..4);
        }),
    );
    t.accept("dd-stored", evil().entry(Entry::file("evil/y.py", "stored and deferred").stored().deferred()));
    t.accept("ok-directory-order-differs", evil().zip(|zip| zip.order = (0..zip.entries.len()).rev().collect()));
    t.accept("ok-empty-file", named("evil/empty.py").file("evil/__init__.py", ""));
    t.accept("mode-000", with_mode(0o100_000));
    t.accept("mode-666x", with_mode(0o100_666));
    t.accept("mode-group-x", with_mode(0o100_654));
    t.accept("mode-notype", with_mode(0o755));
    t.accept("mode-none", with_mode(0));
    t.accept("madeby-dos", evil().with(X, |entry| entry.central.made_by = 20));
    t.accept("name-trailing-dot", named("evil/y."));
    t.accept("name-comma-quote", named("evil/a,b\"c.py"));
    t.accept("name-dots", named("evil/...").file("evil/..x", ""));
    t.accept("name-utf8", named("evil/caf\u{e9}/\u{1f40d}.py"));
    t.accept("name-utf8-flag-on-ascii", both(|header| header.flags |= 1 << 11));
    t.accept("flag-deflate-effort", both(|header| header.flags |= 0b110));
    for (control, bytes) in [
        ("ok-extra-extended-timestamp", extra(0x5455, &[1, 0, 0, 0, 0])),
        ("ok-extra-unix-owner", extra(0x7875, &[1, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0])),
        ("ok-extra-ntfs-times", extra(0x000a, &[&[0, 0, 0, 0, 1, 0, 24, 0][..], &[0; 24]].concat())),
        ("ok-extra-java", extra(0xcafe, &[])),
    ] {
        t.accept(control, with_extra(bytes));
    }
    t.accept(
        "ok-extra-info-zip",
        evil().with(X, |entry| {
            let owner = extra(0x7875, &[1, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0]);
            entry.local.extra = [extra(0x5455, &[3, 0, 0, 0, 0, 0, 0, 0, 0]), owner.clone()].concat();
            entry.central.extra = [extra(0x5455, &[3, 0, 0, 0, 0]), owner].concat();
        }),
    );
    t.accept("record-crlf", evil().record(|text| text.replace('\n', "\r\n")));
    t.accept("record-no-last-line-end", evil().record(|text| text.trim_end().to_owned()));
    t.accept("record-without-itself", evil().record(|text| text.replace(&format!("{RECORD},,\n"), "")));
    t.accept("record-no-size", row(|line| format!("{},\n", line.rsplit_once(',').unwrap().0)));
    t.accept("record-all-quoted", row(|line| format!("\"{}\"\n", line.replace(',', "\",\""))));
    t.accept("record-sha384", row(|_| format!("{X},sha384={},{}\n", SHA384, 43)));
    t.accept("record-sha512", row(|_| format!("{X},sha512={},{}\n", SHA512, 43)));
    t.accept(
        "record-jws",
        evil().zip(|zip| {
            zip.entries.push(Entry::file("evil-1.0.dist-info/RECORD.jws", "{}"));
            zip.entries.push(Entry::file("evil-1.0.dist-info/RECORD.p7s", "0"));
        }),
    );
    t.accept(
        "record-jws-listed-without-hash",
        evil().dist_info("RECORD.jws", "{}").record(|text| {
            let line = |line: &str| {
                if line.contains("jws") { "evil-1.0.dist-info/RECORD.jws,,\n".to_owned() } else { format!("{line}\n") }
            };
            text.lines().map(line).collect()
        }),
    );
    t.accept("record-nested", named("evil/_vendor/other-2.0.dist-info/RECORD"));
    t
}

/// Of the 43 bytes of X.
const SHA384: &str = "s06xVxNVbfi33kasIS1vMIrh1OA6NQGItXwJnGrfaxsJq33C8uIQUsHMMxCuJhBi";
const SHA512: &str = "4R42ihowWHRTV7guUYgRXrbQV0GoNkOzvT8_VRFZeK8GydqLbaqu9MD59X1pupNYfqYbvp4NZBlNF_cp8ocXIw";

/// Where archive readers differ in what the archive is.
pub fn structure() -> Cases {
    use Code::*;
    let mut t = Cases::default();
    let mismatch = &[ArchiveHeaderMismatch];

    t.bytes("empty-file", Vec::new(), &[ArchiveNotZip]);
    t.bytes("shorter-than-an-end-record", b"PK\x05\x06".to_vec(), &[ArchiveNotZip]);
    t.bytes("no-archive", vec![b'x'; 1000], &[ArchiveNotZip]);
    let whole = evil().build();
    t.bytes("truncated", whole[..whole.len() - 1].to_vec(), &[ArchiveNotZip]);
    t.bytes("truncated-directory", whole[..whole.len() - 60].to_vec(), &[ArchiveNotZip]);
    t.bytes("head-cut-off", whole[1..].to_vec(), &[ArchiveMalformed]);
    t.bytes("concat", [&whole[..], &whole].concat(), &[ArchiveGap]);
    t.bytes("prefix-unadjusted", [b"#!/bin/sh\n", &whole[..]].concat(), &[ArchiveGap]);
    t.refuse("prefix", evil().with(X, |entry| entry.before = b"#!/bin/sh\n".to_vec()), &[ArchiveGap]);
    t.refuse("tar-and-zip", evil().with(X, |entry| entry.before = vec![0; 1536]), &[ArchiveGap]);
    t.refuse(
        "gap-between-members",
        evil().with("evil-1.0.dist-info/WHEEL", |e| e.before = b"?".to_vec()),
        &[ArchiveGap],
    );
    t.refuse("gap-before-cd", evil().zip(|zip| zip.before_directory = b"hidden".to_vec()), &[ArchiveGap]);
    t.refuse("gap-after-cd", evil().zip(|zip| zip.after_directory = b"hidden".to_vec()), &[ArchiveGap]);
    t.refuse("suffix", evil().zip(|zip| zip.suffix = b"more".to_vec()), &[ArchiveTrailingData]);
    t.refuse("suffix-nul", evil().zip(|zip| zip.suffix = vec![0; 512]), &[ArchiveTrailingData]);
    t.refuse("comment", evil().zip(|zip| zip.end.comment = b"hello".to_vec()), &[ArchiveComment]);
    t.refuse("comment-cut-off", evil().zip(|zip| zip.end.comment_length = Some(7)), &[ArchiveMalformed]);
    t.refuse("member-comment", central(|header| header.comment = b"hello".to_vec()), &[ArchiveComment]);
    t.refuse("zip-in-comment", evil().zip(|zip| zip.end.comment = named("evil/h.py").build()), &[ArchiveGap]);
    t.refuse(
        "zip-in-comment-adjusted",
        named("evil/h.py").with(X, |entry| {
            let outer = evil().zip(|zip| zip.end.comment_length = Some(700));
            entry.before = outer.build();
        }),
        &[ArchiveGap],
    );
    t.refuse(
        "local-only",
        evil().zip(|zip| {
            let hidden = Entry { in_directory: false, ..Entry::file("evil/hidden.py", "hidden = 1\n") };
            zip.entries.insert(1, hidden);
        }),
        &[ArchiveGap],
    );
    t.refuse(
        "local-only-last",
        evil().zip(|zip| {
            zip.entries.push(Entry { in_directory: false, ..Entry::file("evil/hidden.py", "hidden = 1\n") });
        }),
        &[ArchiveGap],
    );
    t.refuse(
        "cd-alias",
        evil().zip(|zip| {
            let mut alias = zip.entries[0].clone();
            alias.in_file = false;
            alias.central.name = b"evil/alias.py".to_vec();
            alias.central.offset = Some(0);
            zip.entries.push(alias);
        }),
        &[ArchiveHeaderMismatch, ArchiveOverlap],
    );
    t.refuse(
        "member-inside-member",
        evil().zip(|zip| {
            let inner = Entry::file("evil/inner.py", "inner = 1\n").stored();
            let record = Zip::of([inner.clone()]).write();
            let mut outer = Entry::file("evil/outer.bin", &record[..30 + 13 + 10]).stored();
            outer.before = Vec::new();
            let place = Zip::of(zip.entries.clone()).write();
            let start = u32::from_le_bytes(place[place.len() - 6..place.len() - 2].try_into().unwrap());
            zip.entries.push(outer);
            let mut inner = Entry { in_file: false, ..inner };
            inner.central.offset = Some(start + 30 + 14);
            zip.entries.push(inner);
        }),
        &[ArchiveOverlap],
    );
    t.refuse("content-reaches-into-cd", both(|header| header.compressed += 1000), &[ArchiveOverlap]);
    t.refuse("content-reaches-into-next", both(|header| header.compressed += 9), &[ArchiveOverlap]);
    t.refuse("content-ends-early", both(|header| header.compressed -= 1), &[ArchiveGap]);
    t.refuse("local-signature", local(|header| header.signature[3] = 5), &[ArchiveMalformed]);
    t.refuse("central-signature", central(|header| header.signature[3] = 5), &[ArchiveMalformed]);
    t.refuse(
        "offset-beyond-the-file",
        central(|header| header.offset = Some(u32::MAX - 1)),
        &[ArchiveGap, ArchiveMalformed],
    );

    t.refuse(
        "eocd-count-low",
        evil().zip(|zip| {
            (zip.end.count, zip.end.count_here) = (Some(3), Some(3));
        }),
        &[ArchiveMalformed],
    );
    t.refuse(
        "eocd-count-high",
        evil().zip(|zip| {
            (zip.end.count, zip.end.count_here) = (Some(5), Some(5));
        }),
        &[ArchiveMalformed],
    );
    t.refuse(
        "eocd-count-absurd",
        evil().zip(|zip| {
            (zip.end.count, zip.end.count_here) = (Some(60_000), Some(60_000));
        }),
        &[ArchiveMalformed],
    );
    t.refuse("eocd-counts-differ", evil().zip(|zip| zip.end.count_here = Some(3)), &[ArchiveMultiDisk]);
    t.refuse("eocd-disk", evil().zip(|zip| zip.end.disks = [1, 0]), &[ArchiveMultiDisk]);
    t.refuse("eocd-directory-disk", evil().zip(|zip| zip.end.disks = [0, 1]), &[ArchiveMultiDisk]);
    t.refuse("eocd-start-low", evil().zip(|zip| zip.end.start = Some(0)), &[ArchiveGap]);
    t.refuse("eocd-start-high", evil().zip(|zip| zip.end.start = Some(9999)), &[ArchiveMalformed]);
    t.refuse("eocd-start-sentinel", evil().zip(|zip| zip.end.start = Some(u32::MAX)), &[ArchiveMalformed]);
    t.refuse("member-disk", central(|header| header.disk = 1), &[ArchiveMultiDisk]);

    t.refuse("lname-differs", local(|header| header.name = b"evil/h.py".to_vec()), mismatch);
    t.refuse("lname-longer", local(|header| header.name.push(b'c')), mismatch);
    t.refuse("crc-lc-differs", local(|header| header.crc ^= 1), mismatch);
    t.refuse("usize-short-local", local(|header| header.size -= 1), mismatch);
    t.refuse("csize-local", local(|header| header.compressed -= 1), mismatch);
    t.refuse("method-differs", local(|header| header.method = 0), mismatch);
    t.refuse(
        "method-differs-central",
        evil().entry(Entry::file("evil/y", "y").stored()).with("evil/y", |e| e.local.method = 8),
        mismatch,
    );
    t.refuse("flags-differ", local(|header| header.flags = 1 << 11), mismatch);
    t.refuse("descriptor-flag-local-only", local(|header| header.flags |= 1 << 3), mismatch);
    t.refuse("time-differs", local(|header| header.time += 1), mismatch);
    t.refuse("date-differs", local(|header| header.date += 1), mismatch);
    t.refuse("sizes-zero-without-descriptor", local(|header| (header.size, header.compressed) = (0, 0)), mismatch);

    let deferred = || evil().zip(|zip| zip.entries[0] = zip.entries[0].clone().deferred());
    t.refuse("dd-bad-crc", deferred().with(X, |entry| entry.descriptor[4] ^= 1), mismatch);
    t.refuse("dd-bad-compressed-size", deferred().with(X, |entry| entry.descriptor[8] ^= 1), mismatch);
    t.refuse("dd-bad-size", deferred().with(X, |entry| entry.descriptor[12] ^= 1), mismatch);
    t.refuse("dd-bad-signature", deferred().with(X, |entry| entry.descriptor[0] ^= 1), mismatch);
    t.refuse("dd-local-crc-other", deferred().with(X, |entry| entry.local.crc = 1), mismatch);
    t.refuse("dd-missing", deferred().with(X, |entry| entry.descriptor.clear()), &[ArchiveGap]);
    t.refuse("dd-then-gap", deferred().with(X, |entry| entry.descriptor.push(0)), &[ArchiveGap]);
    t.refuse(
        "dd-wide-without-zip64",
        deferred().with(X, |entry| {
            let central = &entry.central;
            let sizes = bytes64(&[central.compressed.into(), central.size.into()]);
            entry.descriptor = [&b"PK\x07\x08"[..], &central.crc.to_le_bytes(), &sizes].concat();
        }),
        &[ArchiveGap],
    );
    t.refuse(
        "dd-without-its-flag",
        deferred().with(X, |entry| {
            let central = entry.central.clone();
            entry.local = Header { signature: entry.local.signature, ..central };
            entry.both(|header| header.flags = 0);
        }),
        &[ArchiveGap],
    );
    // the four bytes whose checksum is the signature of a data descriptor
    let confusing = b"\xac\nz\xd5";
    assert_eq!(crc32fast::hash(confusing).to_le_bytes(), *b"PK\x07\x08");
    t.refuse(
        "dd-nosig-checksum-reads-as-signature",
        evil().entry(Entry::file("evil/y", confusing).deferred()).with("evil/y", |entry| {
            entry.descriptor.drain(..4);
        }),
        mismatch,
    );

    let zip64 = &[ArchiveZip64];
    let with_end64 = |end64: End64| evil().zip(move |zip| zip.end64 = Some(end64));
    t.refuse("zip64-redundant", with_end64(End64::default()), zip64);
    t.refuse(
        "zip64-redundant-all-sentinels",
        with_end64(End64::default()).zip(|zip| {
            (zip.end.count, zip.end.count_here) = (Some(u16::MAX), Some(u16::MAX));
            (zip.end.size, zip.end.start) = (Some(u32::MAX), Some(u32::MAX));
        }),
        zip64,
    );
    t.refuse("zip64-confusion", with_end64(End64 { start: Some(0), ..End64::default() }), zip64);
    t.refuse(
        "zip64-count-differs",
        with_end64(End64 { count: Some(3), count_here: Some(3), ..End64::default() }),
        zip64,
    );
    t.refuse("zip64-size-differs", with_end64(End64 { size: Some(1), ..End64::default() }), zip64);
    t.refuse("zip64-locator-elsewhere", with_end64(End64 { locator_offset: Some(0), ..End64::default() }), zip64);
    t.refuse("zip64-sector", with_end64(End64 { sector: vec![0; 8], ..End64::default() }), zip64);
    t.refuse("zip64-rest-short", with_end64(End64 { rest: Some(12), ..End64::default() }), zip64);
    for (defect, end64) in [
        ("zip64-disk", End64 { disks: [1, 0], ..End64::default() }),
        ("zip64-directory-disk", End64 { disks: [0, 1], ..End64::default() }),
        ("zip64-locator-disk", End64 { locator_disk: 1, ..End64::default() }),
        ("zip64-disks", End64 { locator_disks: Some(2), ..End64::default() }),
        ("zip64-counts-differ", End64 { count_here: Some(3), ..End64::default() }),
    ] {
        t.refuse(defect, with_end64(end64), &[ArchiveMultiDisk]);
    }
    t.refuse(
        "zip64-locator-alone",
        evil().zip(|zip| {
            zip.after_directory = [&b"PK\x06\x07"[..], &[0; 16]].concat();
        }),
        zip64,
    );

    t.refuse("zip64-extra-lie", central(|header| header.extra = extra(1, &bytes64(&[1, 2]))), zip64);
    t.refuse(
        "zip64-extra-repeats",
        central(|header| {
            header.extra = extra(1, &bytes64(&[header.size.into(), header.compressed.into()]));
        }),
        zip64,
    );
    t.refuse("zip64-extra-empty", central(|header| header.extra = extra(1, &[])), zip64);
    t.refuse(
        "zip64-extra-needless",
        central(|header| {
            header.extra = extra(1, &bytes64(&[header.size.into()]));
            header.size = u32::MAX;
        }),
        zip64,
    );
    t.refuse(
        "zip64-extra-too-long",
        central(|header| {
            header.extra = extra(1, &bytes64(&[header.size.into(), header.compressed.into()]));
            header.size = u32::MAX;
        }),
        zip64,
    );
    t.refuse(
        "zip64-extra-offset",
        central(|header| {
            header.extra = extra(1, &bytes64(&[0]));
            header.offset = Some(u32::MAX);
        }),
        zip64,
    );
    t.refuse("zip64-sentinel-without-extra", both(|header| header.size = u32::MAX), &[ArchiveBomb]);
    t.refuse(
        "zip64-local-extra-lies",
        evil().with(X, |entry| {
            *entry = entry.clone().zip64();
            entry.local.extra[4] ^= 1;
        }),
        mismatch,
    );
    t.refuse(
        "zip64-local-extra-and-32-bit-lie",
        evil().with(X, |entry| {
            *entry = entry.clone().zip64();
            entry.local.size = 1;
        }),
        mismatch,
    );
    t.refuse("zip64-local-extra-short", local(|header| header.extra = extra(1, &bytes64(&[0]))), &[ArchiveExtraField]);
    t
}

/// What members may be, be called and contain.
pub fn members() -> Cases {
    use Code::*;
    let mut t = Cases::default();

    let duplicate = &[ArchiveDuplicateMember];
    let twice = |content: &'static str| evil().zip(move |zip| zip.entries.push(Entry::file(X, content)));
    t.refuse("dup-same", twice("def main():\n    print('first first first')\n"), duplicate);
    t.refuse("dup-diff", twice("second = 2\n"), duplicate);
    t.refuse("dup-file-and-directory", evil().directory("evil/x.py/"), duplicate);
    t.refuse("dup-directory", evil().directory("evil/").directory("evil/"), duplicate);
    t.refuse("file-is-dir", named("evil"), &[ArchiveFileAsDirectory]);
    t.refuse("file-is-dir-deeper", named("evil/x.py/y/z.py"), &[ArchiveFileAsDirectory]);
    t.refuse("file-is-explicit-dir", evil().file("evil/d", "").directory("evil/d/e/"), &[ArchiveFileAsDirectory]);

    let path = &[ArchiveMemberPath];
    t.refuse("dup-dot", renamed("evil/./x.py"), path);
    t.refuse("dup-slash", renamed("evil//x.py"), path);
    t.refuse("name-absolute", renamed("/tmp/evil.py"), path);
    t.refuse("name-absolute-twice", renamed("//tmp/evil.py"), path);
    t.refuse("name-dotdot", renamed("../../../../evil.py"), path);
    t.refuse("name-dotdot-inside", renamed("evil/../evil2/x.py"), path);
    t.refuse("name-dotdot-bin", renamed("../../../bin/evil"), path);
    t.refuse("name-dotdot-last", renamed("evil/.."), path);
    t.refuse("name-dotdot-directory", directory_named("evil/../"), path);
    t.refuse("name-prefix-sibling", renamed("../site-packages-evil/x.py"), path);
    t.refuse("data-purelib-dotdot", renamed("evil-1.0.data/purelib/../../../../x.py"), path);
    t.refuse("data-purelib-dotdot-in", renamed("evil-1.0.data/purelib/../x.py"), path);
    t.refuse("name-backslash", renamed("evil\\..\\..\\x.py"), path);
    t.refuse("name-backslash-absolute", renamed("C:\\x.py"), path);
    t.refuse("name-drive", named("C:/x.py"), path);
    t.refuse("name-drive-relative", named("c:x.py"), path);
    t.refuse("name-trailing-space", named("evil/x.py "), path);
    t.refuse("name-leading-space", named(" evil/y.py"), path);
    t.refuse("name-trailing-no-break-space", named("evil/x.py\u{a0}"), path);
    t.refuse(
        "name-dotdot-world-writable",
        renamed("../../../../sentinel").zip(|zip| zip.entries[1].central.attributes = 0o100_777 << 16),
        path,
    );
    t.refuse("name-nul", renamed("evil/a.py\0.txt"), path);
    t.refuse("name-newline", renamed("evil/a\nb.py"), path);
    t.refuse("name-carriage-return", renamed("evil/a\rb.py"), path);
    t.refuse("name-control", renamed("evil/a\x1b[31mb.py"), path);
    t.refuse("name-delete", renamed("evil/a\x7f.py"), path);
    let utf8 = |name: &'static str| renamed(name).with(name, |entry| entry.both(|header| header.flags |= 1 << 11));
    t.refuse("name-rtl", utf8("evil/a\u{202e}gpj.py"), path);
    t.refuse("name-zero-width", utf8("evil/x\u{200b}.py"), path);
    t.refuse("name-bom", utf8("\u{feff}evil/x.py"), path);
    t.refuse("name-line-separator", utf8("evil/a\u{2028}b.py"), path);
    t.refuse("name-c1-control", utf8("evil/a\u{9b}31m.py"), path);
    t.refuse("name-tag-characters", utf8("evil/x\u{e0041}.py"), path);
    t.refuse("name-latin1", renamed(b"evil/caf\xe9.py"), path);
    t.refuse(
        "name-bad-utf8",
        renamed(b"evil/caf\xe9.py").zip(|zip| {
            for entry in &mut zip.entries {
                if entry.local.name.contains(&0xe9) {
                    entry.both(|header| header.flags |= 1 << 11);
                }
            }
        }),
        path,
    );
    t.refuse("name-overlong-utf8", renamed(b"evil/\xc0\xae\xc0\xae/x.py"), path);
    t.refuse("name-utf8-noflag", renamed("evil/caf\u{e9}.py"), path);
    t.refuse("name-empty", renamed(""), path);
    t.refuse("name-slash", directory_named("/"), path);
    t.refuse("name-dot", renamed("."), path);
    t.refuse("name-leading-dot-slash", renamed("./evil/x.py"), path);
    t.refuse("name-two-trailing-slashes", directory_named("evil/y//"), path);
    t.refuse("name-long", renamed(format!("evil/{}", "x".repeat(256))), path);
    t.refuse("name-long-path", renamed(vec!["x".repeat(200); 6].join("/")), path);
    t.refuse("name-65535", renamed("x/".repeat(32_767) + "x"), path);
    t.refuse("name-deep", renamed(vec!["d"; 65].join("/")), path);

    let case = &[PathCase];
    t.refuse("name-case", named("EVIL/X.PY"), case);
    t.refuse("name-case-directory", named("Evil/y.py"), case);
    t.refuse("name-case-file-and-directory", named("EVIL"), case);
    t.refuse("name-nfc-nfd", named("evil/caf\u{e9}.py").file("evil/cafe\u{301}.py", ""), case);
    t.refuse("name-case-sharp-s", named("evil/stra\u{df}e.py").file("evil/STRASSE.py", ""), case);
    t.refuse("name-case-sigma", named("evil/\u{3c3}").file("evil/\u{3c2}", ""), case);

    let kind = &[ArchiveMemberType];
    t.refuse("symlink", with_mode(0o120_777), kind);
    t.refuse(
        "symlink-through",
        evil().entry(Entry::file("evil/link", "/etc").mode(0o120_777)).file("evil/link/x", ""),
        &[ArchiveMemberType, ArchiveFileAsDirectory],
    );
    t.refuse("symlink-directory", evil().entry(Entry::directory("evil/d/").mode(0o120_777)), kind);
    t.refuse("mode-fifo", with_mode(0o010_644), kind);
    t.refuse("mode-character-device", with_mode(0o020_644), kind);
    t.refuse("mode-block-device", with_mode(0o060_644), kind);
    t.refuse("mode-socket", with_mode(0o140_644), kind);
    t.refuse("mode-unknown", with_mode(0o170_644), kind);
    t.refuse("mode-directory-for-file", with_mode(0o040_755), kind);
    t.refuse("mode-file-for-directory", evil().entry(Entry::directory("evil/d/").mode(0o100_644)), kind);
    t.refuse("dos-directory-for-file", central(|header| header.attributes = 0x10), kind);
    t.refuse("dos-volume-label", central(|header| header.attributes = 0x08), kind);
    t.refuse("setuid", with_mode(0o104_755), &[ArchiveMemberMode]);
    t.refuse("setgid", with_mode(0o102_755), &[ArchiveMemberMode]);
    t.refuse("sticky", with_mode(0o101_644), &[ArchiveMemberMode]);
    t.refuse("setuid-without-type", with_mode(0o4755), &[ArchiveMemberMode]);
    t.refuse(
        "setuid-made-by-dos",
        with_mode(0o104_755).with("evil/s.py", |entry| entry.central.made_by = 20),
        &[ArchiveMemberMode],
    );
    t.refuse(
        "dir-with-data",
        evil().directory("evil/d/").with("evil/d/", |entry| {
            *entry = Entry {
                central: Header { attributes: 0x10, ..Entry::file("evil/d/", "hidden").central },
                ..Entry::file("evil/d/", "hidden")
            };
        }),
        &[ArchiveDirectoryContent],
    );
    t.refuse(
        "dir-with-stored-byte",
        evil().directory("evil/d/").with("evil/d/", |entry| {
            let attributes = entry.central.attributes;
            *entry = Entry::file("evil/d/", "h").stored();
            entry.central.attributes = attributes;
        }),
        &[ArchiveDirectoryContent],
    );
    t.refuse(
        "dir-with-compressed-bytes",
        evil().directory("evil/d/").with("evil/d/", |entry| {
            entry.replace_data(b"hidden".to_vec());
            entry.both(|header| header.method = 8);
        }),
        &[ArchiveDirectoryContent],
    );

    let encrypted = &[ArchiveEncrypted];
    t.refuse("encrypted-flag", both(|header| header.flags |= 1), encrypted);
    t.refuse("encrypted-strong", both(|header| header.flags |= 1 << 6), encrypted);
    t.refuse("encrypted-directory", both(|header| header.flags |= 1 << 13), encrypted);
    t.refuse("flag-patched-data", both(|header| header.flags |= 1 << 5), &[ArchiveFlags]);
    t.refuse("flag-enhanced-deflate", both(|header| header.flags |= 1 << 4), &[ArchiveFlags]);
    t.refuse("flag-reserved", both(|header| header.flags |= 1 << 15), &[ArchiveFlags]);
    t.refuse("method-bzip2", both(|header| header.method = 12), &[ArchiveMethod]);
    t.refuse("method-lzma", both(|header| header.method = 14), &[ArchiveMethod]);
    t.refuse("method-deflate64", both(|header| header.method = 9), &[ArchiveMethod]);
    t.refuse("method-zstd", both(|header| header.method = 93), &[ArchiveMethod]);
    t.refuse("version-needed", both(|header| header.needed = 63), &[ArchiveMethod]);
    t.refuse("version-needed-local", local(|header| header.needed = 63), &[ArchiveMethod]);

    let field = &[ArchiveExtraField];
    let unicode_path = |id| extra(id, &[&[1][..], &bytes32(&[crc32fast::hash(X.as_bytes())]), b"evil/h.py"].concat());
    t.refuse("unicode-path-extra", with_extra(unicode_path(0x7075)), field);
    t.refuse("unicode-path-extra-local", local(move |h| h.extra = unicode_path(0x7075)), field);
    t.refuse("unicode-path-extra-central", central(move |h| h.extra = unicode_path(0x7075)), field);
    t.refuse("unicode-comment-extra", with_extra(unicode_path(0x6375)), field);
    t.refuse("extra-aes", with_extra(extra(0x9901, &[2, 0, b'A', b'E', 3, 8, 0])), field);
    t.refuse("extra-unknown", with_extra(extra(0x6d6f, b"data")), field);
    t.refuse("extra-old-unix", with_extra(extra(0x5855, &[0; 8])), field);
    t.refuse("extra-cut-off", with_extra(b"UT\x05\0\x01".to_vec()), field);
    t.refuse("extra-padding", with_extra(vec![0; 3]), field);
    t.refuse("extra-zeros", with_extra(vec![0; 4]), field);
    t.refuse("extra-twice", with_extra(extra(0xcafe, &[]).repeat(2)), field);
    t.refuse("extra-timestamp-long", with_extra(extra(0x5455, &[1, 0, 0, 0, 0, 9])), field);
    t.refuse("extra-timestamp-bits", with_extra(extra(0x5455, &[9, 0, 0, 0, 0])), field);
    t.refuse("extra-timestamp-empty", with_extra(extra(0x5455, &[])), field);
    t.refuse("extra-owner-version", with_extra(extra(0x7875, &[2, 1, 0, 1, 0])), field);
    t.refuse("extra-owner-long", with_extra(extra(0x7875, &[1, 1, 0, 1, 0, 9])), field);
    t.refuse("extra-owner-wide", with_extra(extra(0x7875, &[&[1, 9][..], &[0; 9], &[1, 0]].concat())), field);
    t.refuse(
        "extra-ntfs-attribute",
        with_extra(extra(0x000a, &[&[0, 0, 0, 0, 2, 0, 24, 0][..], &[0; 24]].concat())),
        field,
    );
    t.refuse("extra-java-with-data", with_extra(extra(0xcafe, b"x")), field);

    t.refuse("crc-bad", both(|header| header.crc ^= 1), &[ArchiveCrc]);
    t.refuse(
        "crc-bad-stored",
        evil().entry(Entry::file("evil/y", "y").stored()).with("evil/y", |e| e.both(|h| h.crc ^= 1)),
        &[ArchiveCrc],
    );
    t.refuse("usize-short", both(|header| header.size -= 1), &[ArchiveSize]);
    t.refuse("usize-long", both(|header| header.size += 1), &[ArchiveSize]);
    t.refuse(
        "usize-stored",
        evil().entry(Entry::file("evil/y", "yy").stored()).with("evil/y", |e| e.both(|h| h.size = 1)),
        &[ArchiveSize],
    );
    t.refuse(
        "deflate-trailing",
        evil().with(X, |entry| entry.replace_data([&entry.data[..], b"hidden"].concat())),
        &[ArchiveDeflate],
    );
    t.refuse(
        "deflate-trailing-stream",
        evil().with(X, |entry| entry.replace_data([&entry.data[..], &deflate(b"second")].concat())),
        &[ArchiveDeflate],
    );
    t.refuse(
        "deflate-cut-off",
        evil().with(X, |entry| entry.replace_data(entry.data[..entry.data.len() - 2].to_vec())),
        &[ArchiveDeflate],
    );
    t.refuse("deflate-empty", evil().with(X, |entry| entry.replace_data(Vec::new())), &[ArchiveDeflate]);
    t.refuse("deflate-invalid", evil().with(X, |entry| entry.replace_data(vec![0xff; 20])), &[ArchiveDeflate]);
    t.refuse(
        "deflate-is-zlib",
        evil().with(X, |entry| entry.replace_data([b"\x78\x9c", &entry.data[..]].concat())),
        &[ArchiveDeflate],
    );

    let zeros = || {
        named("evil/big.bin").with("evil/big.bin", |entry| {
            let content = vec![0; 64 << 20];
            entry.replace_data(deflate(&content));
            entry.both(|header| (header.crc, header.size) = (crc32fast::hash(&content), content.len() as u32));
        })
    };
    t.refuse("bomb", zeros(), &[ArchiveBomb]);
    t.refuse("bomb-declared-small", zeros().with("evil/big.bin", |e| e.both(|h| h.size = 100)), &[ArchiveSize]);
    t.refuse("bomb-declared-4-gib", both(|header| header.size = u32::MAX - 1), &[ArchiveBomb]);
    // each as large as one may be without being looked at, and together 272 MiB from 270 kB
    let many = evil().zip(|zip| {
        let content = vec![0; 16 << 20];
        let one = Entry::file("evil/0", &content);
        for number in 0..17 {
            let mut entry = one.clone();
            entry.rename(format!("evil/{number}"));
            zip.entries.push(entry);
        }
    });
    t.refuse("bomb-many-members", many, &[ArchiveBomb]);
    t.limit("limit-members", evil(), &[ArchiveLimit], |limits| limits.members = 3);
    t.limit("limit-members-met", evil(), &[], |limits| limits.members = 4);
    t.limit("limit-member-size", evil(), &[ArchiveLimit], |limits| limits.member_size = 100);
    t.limit("limit-total-size", evil(), &[ArchiveLimit], |limits| limits.total_size = 300);
    t.limit("limit-wheel-size", evil(), &[ArchiveLimit], |limits| limits.wheel_size = 500);
    t.limit("limit-record-size", evil(), &[ArchiveLimit], |limits| limits.record_size = 100);
    t.limit("limit-ratio", evil(), &[ArchiveBomb], |limits| (limits.ratio, limits.ratio_floor) = (1, 40));
    t
}

/// Where RECORD and archive differ.
pub fn records() -> Cases {
    use Code::*;
    let mut t = Cases::default();
    let add = |line: &'static str| evil().record(move |text| text + line);
    t.refuse("record-none", evil().without_record(), &[RecordMissing]);
    t.refuse("record-in-other-case", evil().with(RECORD, |e| e.rename("evil-1.0.dist-info/record")), &[RecordMissing]);
    t.refuse("record-not-csv", evil().record(|_| "this is no RECORD\n".to_owned()), &[RecordMalformed]);
    t.refuse("record-open-quote", add("\"evil/z.py,,\n"), &[RecordMalformed]);
    t.refuse("record-blank-line", add("\n"), &[RecordMalformed]);
    t.refuse("record-bom", evil().record(|text| format!("\u{feff}{text}")), &[RecordMalformed]);
    t.refuse("record-empty", evil().record(|_| String::new()), &[RecordFileUnlisted]);
    t.refuse("record-missing-file", row(|_| String::new()), &[RecordFileUnlisted]);
    t.refuse(
        "record-other-case",
        row(|line| format!("{}\n", line.replace("x.py", "X.py"))),
        &[RecordFileUnlisted, RecordFileMissing],
    );
    t.refuse(
        "record-extra-file",
        add("evil/ghost.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"),
        &[RecordFileMissing],
    );
    t.refuse("record-extra-file-no-hash", add("evil/ghost.py,,\n"), &[RecordFileMissing]);
    t.refuse("record-directory-row", evil().directory("evil/").record(|text| text + "evil/,,\n"), &[RecordPath]);
    t.refuse(
        "record-wrong-hash",
        row(|_| format!("{X},sha256={},43\n", Sha256::of(b"other").base64url())),
        &[RecordDigest],
    );
    t.refuse("record-wrong-size", row(|line| format!("{line}1\n")), &[RecordDigest]);
    t.refuse("record-wrong-sha384", row(|_| format!("{X},sha384={},43\n", "A".repeat(64))), &[RecordDigest]);
    t.refuse("record-wrong-sha512", row(|_| format!("{X},sha512={},43\n", "A".repeat(85) + "A")), &[RecordDigest]);
    t.refuse(
        "content-changed-after-record",
        evil().with(X, |entry| *entry = Entry::file(X, "def main():\n    print('other')\n")),
        &[RecordDigest],
    );
    t.refuse(
        "content-changed-same-size",
        evil().with(X, |entry| {
            *entry = Entry::file(X, "def main():\n    print('fi\x72st first secon')\n");
        }),
        &[RecordDigest],
    );
    t.refuse(
        "file-added-after-record",
        evil().zip(|zip| zip.entries.push(Entry::file("evil/added.py", ""))),
        &[RecordFileUnlisted],
    );
    t.refuse("record-no-hash", row(|_| format!("{X},,43\n")), &[RecordWeakHash]);
    t.refuse("record-md5", row(|_| format!("{X},md5=1B2M2Y8AsgTpgAmY7PhCfg,43\n")), &[RecordWeakHash]);
    t.refuse("record-sha1", row(|_| format!("{X},sha1=2jmj7l5rSw0yVb_vlWAYkK_YBwk,43\n")), &[RecordWeakHash]);
    t.refuse("record-unknown-hash", row(|_| format!("{X},blake2b=AAAA,43\n")), &[RecordWeakHash]);
    t.refuse(
        "record-upper-case-hash",
        row(|line| format!("{}\n", line.replace("sha256", "SHA256"))),
        &[RecordWeakHash],
    );
    t.refuse("record-padded-hash", row(|line| format!("{}\n", line.replace(",43", "=,43"))), &[RecordMalformed]);
    t.refuse("record-hex-hash", row(|_| format!("{X},sha256={},43\n", Sha256::of(b"").hex())), &[RecordMalformed]);
    t.refuse("record-size-signed", row(|line| format!("{}\n", line.replace(",43", ",+43"))), &[RecordMalformed]);
    t.refuse("record-escape", add("../../../../etc/passwd,,\n"), &[RecordPath]);
    t.refuse("record-escape-absolute", add("/etc/passwd,,\n"), &[RecordPath]);
    t.refuse("record-escape-backslash", add("..\\x,,\n"), &[RecordPath]);
    t.refuse("record-terminal", add("evil/\x1b[2J,,\n"), &[RecordPath]);
    t.refuse("record-dup-rows", row(|line| format!("{line}\n{line}\n")), &[RecordDuplicate]);
    t.refuse("record-dup-rows-differ", row(|line| format!("{line}\n{X},,\n")), &[RecordDuplicate]);
    t.refuse(
        "record-self-hash",
        evil().record(|text| {
            text.replace(&format!("{RECORD},,"), &format!("{RECORD},sha256={},", Sha256::of(b"").base64url()))
        }),
        &[RecordMalformed],
    );
    t.refuse(
        "record-jws-elsewhere",
        evil().zip(|zip| zip.entries.push(Entry::file("evil/RECORD.jws", "{}"))),
        &[RecordFileUnlisted],
    );
    t.refuse(
        "record-jws-suffix",
        evil().zip(|zip| zip.entries.push(Entry::file("evil-1.0.dist-info/RECORD.jws2", "{}"))),
        &[RecordFileUnlisted],
    );
    t.refuse(
        "record-jws-listed-wrong",
        evil().dist_info("RECORD.jws", "{}").with("evil-1.0.dist-info/RECORD.jws", |entry| {
            *entry = Entry::file("evil-1.0.dist-info/RECORD.jws", "[]");
        }),
        &[RecordDigest],
    );
    t.refuse(
        "two-defects-at-once",
        add("evil/ghost.py,,\n").with(X, |entry| *entry = Entry::file(X, "other")),
        &[RecordDigest, RecordFileMissing],
    );
    t
}
