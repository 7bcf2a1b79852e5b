//! The hostile corpus, as far as source distributions go: each case is named by its defect and has the codes that it must
//! give, and nothing may be written; the controls beside them must be accepted.
//!
//! The rows are what tar readers were seen to disagree on, the published advisories about unpacking, and what follows
//! from the formats. Archives are made here, from text, by `support/tar.rs`. Further tests compare whole trees with what
//! Python's tarfile unpacks, from archives of the tools that make them: setuptools, flit, GNU tar, git and tarfile.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]
// a row is a value that is used up; how many were refused is of interest
#![allow(clippy::needless_pass_by_value, clippy::print_stdout)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]

#[path = "support/tar.rs"]
mod tar_writer;
#[path = "support/wheel.rs"]
mod wheel;

use rustvenv::code::Code;
use rustvenv::digest::Sha256;
use rustvenv::limits::Limits;
use rustvenv::maintain::sdist::{self, Content, Unpacked};
use rustvenv::python::name::ProjectName;
use rustvenv::python::sdist_filename::SdistFilename;
use rustvenv::refusal::Failure;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tar_writer::*;
use wheel::{Entry, Zip};

const SDIST: &str = "evil-1.0.tar.gz";
const TIME: u64 = 1_700_000_000;

fn unpack(name: &str, bytes: Vec<u8>, target: &Path, limits: &Limits) -> Result<Unpacked, Failure> {
    sdist::unpack(&Arc::new(bytes), &SdistFilename::parse(name).unwrap(), target, TIME, limits)
}

/// What stands below a directory, links not followed: kind, content or target, and mode.
fn tree(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in walkdir::WalkDir::new(root).min_depth(1) {
        let entry = entry.unwrap();
        let (path, status) = (entry.path(), entry.path().symlink_metadata().unwrap());
        let mode = status.permissions().mode() & 0o7777;
        let what = if status.is_symlink() {
            format!("link to {}", std::fs::read_link(path).unwrap().display())
        } else if status.is_dir() {
            format!("directory {mode:o}")
        } else {
            format!("file {mode:o} {}", Sha256::of(&std::fs::read(path).unwrap()))
        };
        found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), what);
    }
    found
}

struct Case {
    defect: &'static str,
    name: &'static str,
    bytes: Vec<u8>,
    limits: Limits,
    codes: &'static [Code],
}

#[derive(Default)]
struct Cases(Vec<Case>);

impl Cases {
    fn bytes(&mut self, defect: &'static str, name: &'static str, bytes: Vec<u8>, codes: &'static [Code]) {
        self.0.push(Case { defect, name, bytes, limits: Limits::DEFAULT, codes });
    }
    fn refuse(&mut self, defect: &'static str, tar: Tar, codes: &'static [Code]) {
        assert!(!codes.is_empty());
        self.bytes(defect, SDIST, tar.gzip(), codes);
    }
    fn accept(&mut self, control: &'static str, tar: Tar) {
        self.bytes(control, SDIST, tar.gzip(), &[]);
    }
    fn limit(&mut self, defect: &'static str, tar: Tar, codes: &'static [Code], edit: fn(&mut Limits)) {
        let mut limits = Limits::DEFAULT;
        edit(&mut limits);
        self.0.push(Case { defect, name: SDIST, bytes: tar.gzip(), limits, codes });
    }

    /// Every case has to give exactly its codes; what is refused leaves nothing behind.
    fn judge(self) {
        let mut wrong = String::new();
        let (mut hostile, mut refused) = (0, 0);
        for Case { defect, name, bytes, limits, codes } in self.0 {
            let directory = tempfile::tempdir().unwrap();
            std::fs::write(directory.path().join("outside"), "untouched").unwrap();
            let before = tree(directory.path());
            let target = directory.path().join("target");
            let (found, text) = match unpack(name, bytes, &target, &limits) {
                Ok(unpacked) => {
                    assert_eq!(tree(&target), promised(&unpacked), "{defect}: the tree is what the listing says");
                    std::fs::remove_dir_all(&target).unwrap();
                    (BTreeSet::new(), "accepted".to_owned())
                }
                Err(Failure::Refused(refusals)) => {
                    assert!(refusals.is_sorted() && !refusals.is_empty(), "{defect}: refusals are sorted");
                    let text = refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
                    assert!(refusals.iter().all(|r| r.message.starts_with(&format!("`{name}`: "))), "{defect}: {text}");
                    assert!(!text.contains(&format!("`{name}`: `{name}`: ")), "{defect}: {text}");
                    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{defect}: text is printable");
                    (refusals.iter().map(|refusal| refusal.code).collect(), text)
                }
                Err(unable) => panic!("{defect}: {unable}"),
            };
            hostile += usize::from(!codes.is_empty());
            refused += usize::from(!found.is_empty());
            assert_eq!(
                tree(directory.path()),
                before,
                "{defect}: nothing is left behind, nothing beside it is touched"
            );
            let expected: BTreeSet<Code> = codes.iter().copied().collect();
            if found != expected {
                wrong.push_str(&format!("{defect}: expected {expected:?}, found {found:?}\n{text}\n"));
            }
        }
        assert!(wrong.is_empty(), "{refused} refused\n{wrong}");
        assert_eq!(hostile, refused);
        println!("{refused} of {hostile} refused");
    }
}

/// The tree that a listing describes, with the top.
fn promised(unpacked: &Unpacked) -> BTreeMap<String, String> {
    let listing = &unpacked.listing;
    let below = |path: &dyn std::fmt::Display| format!("{}/{path}", listing.top);
    let mut tree = BTreeMap::from([(listing.top.clone(), "directory 755".to_owned())]);
    tree.extend(listing.directories.iter().map(|path| (below(path), "directory 755".to_owned())));
    for file in &listing.files {
        let what = match &file.content {
            Content::Link(text) => format!("link to {text}"),
            Content::File { sha256, executable, .. } => {
                format!("file {} {sha256}", if *executable { "755" } else { "644" })
            }
        };
        tree.insert(below(&file.path), what);
    }
    tree
}

fn file(path: &str) -> Member {
    Member::file(path, "second = 2\n")
}

/// One directory with one module, and `more`.
fn evil(more: impl IntoIterator<Item = Member>) -> Tar {
    let start = [Member::directory("evil-1.0/"), Member::file("evil-1.0/x.py", "x = 1\n")];
    Tar::of(start.into_iter().chain(more))
}

/// A path of exactly `length` bytes.
fn long(length: usize) -> String {
    let start = format!("evil-1.0/{}/", "d".repeat(60));
    let rest = "n".repeat(length - start.len());
    start + &rest
}

fn controls() -> Cases {
    let mut t = Cases::default();
    t.accept("ok", evil([]));
    t.accept("ok-gnu", evil([file("evil-1.0/y.py").gnu()]));
    t.accept("ok-version-7", Tar::of([file("evil-1.0/y.py").set(MAGIC, VERSION_7).set(UNAME, [0; 32])]));
    t.accept("ok-flag-nul", evil([file("evil-1.0/y.py").set(TYPE, [0])]));
    t.accept("ok-directory-without-slash", evil([Member::directory("evil-1.0/d")]));
    t.accept("ok-no-directories", Tar::of([file("evil-1.0/a/b/c.py")]));
    t.accept("ok-directory-after-its-file", Tar::of([file("evil-1.0/a/b.py"), Member::directory("evil-1.0/a/")]));
    t.accept("ok-empty-file", evil([Member::file("evil-1.0/empty", "")]));
    t.accept("ok-more-zeros-at-the-end", evil([]).end([0; 10_240]));
    t.accept("ok-end-is-no-block", evil([]).end([0; 1030]));
    t.accept("ok-prefix", evil([file("c.py").text(PREFIX, 155, "evil-1.0/a/b")]));
    t.accept("ok-numbers-with-blanks", evil([file("evil-1.0/y.py").set(MODE, "   644 \0").set(SIZE, "        13 \0")]));
    t.accept("ok-no-owner", evil([file("evil-1.0/y.py").set(UID, [0; 16])]));
    t.accept("ok-large-owner-in-binary", evil([file("evil-1.0/y.py").gnu().set(UID, b"\x80\0\0\0\x71\0\0\0")]));
    t.accept("ok-size-in-binary", evil([file("evil-1.0/y.py").gnu().set(SIZE, b"\x80\0\0\0\0\0\0\0\0\0\0\x0b")]));
    t.accept(
        "ok-whole-mode",
        evil([file("evil-1.0/y.py").mode("100644"), Member::directory("evil-1.0/d").mode("40755")]),
    );
    t.accept("ok-inherited-group", evil([Member::directory("evil-1.0/d").mode("2755")]));
    t.accept(
        "ok-modes",
        evil([file("evil-1.0/a").mode("777"), file("evil-1.0/b").mode("0"), file("evil-1.0/c").mode("601")]),
    );
    t.accept("ok-long-name", evil([Member::long_name(&long(150)), file(&long(150)).gnu()]));
    t.accept("ok-long-name-of-100-bytes", evil([Member::long_name(&long(100)), file(&long(100)).gnu()]));
    t.accept("ok-long-name-cut-to-99", evil([Member::long_name(&long(150)), file(&long(150)[..99]).gnu()]));
    t.accept("ok-pax-path", evil([Member::pax(record("path", &long(150))), file(&long(150))]));
    t.accept(
        "ok-pax-path-beyond-ascii",
        evil([Member::pax(record("path", "evil-1.0/\u{2297}.txt")), file("evil-1.0/?.txt")]),
    );
    t.accept(
        "ok-pax-path-of-git",
        evil([Member::pax(record("path", &long(150))), file("0123456789abcdef0123456789abcdef01234567.data")]),
    );
    t.accept("ok-pax-path-of-maturin", evil([Member::pax(record("path", &long(150))), file("PaxHeaders/0")]));
    t.accept("ok-pax-size", evil([Member::pax(record("size", "11")), file("evil-1.0/y.py")]));
    let without_effect = ["mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "comment", "SCHILY.xattr.user.x"];
    let records: String = without_effect.iter().map(|key| record(key, "1")).collect();
    t.accept("ok-pax-without-effect", evil([Member::pax(records), file("evil-1.0/y.py")]));
    t.accept("ok-pax-utf8", evil([Member::pax(record("hdrcharset", "ISO-IR 10646 2000 UTF-8")), file("evil-1.0/y")]));
    let commit = record("comment", "0123456789abcdef0123456789abcdef01234567");
    t.accept("ok-global-commit", Tar::of([Member::global(commit), file("evil-1.0/x.py")]));
    t.accept("ok-link", evil([Member::link("evil-1.0/l.py", "x.py")]));
    t.accept("ok-link-before-its-target", Tar::of([Member::link("evil-1.0/l", "./a/b"), file("evil-1.0/a/b")]));
    t.accept("ok-link-up", evil([file("evil-1.0/a/b"), Member::link("evil-1.0/a/c/l", "../../x.py")]));
    t.accept("ok-link-up-and-down", evil([file("evil-1.0/a/b"), Member::link("evil-1.0/a/l", "../a/../a/b")]));
    t.accept(
        "ok-long-link",
        evil([
            Member::long_name(&long(150)),
            file(&long(150)).gnu(),
            Member::long_link(&long(150)[9..]),
            Member::link("evil-1.0/l", &long(150)[9..]).gnu(),
        ]),
    );
    t.accept("ok-hard-link", evil([Member::hard_link("evil-1.0/h.py", "evil-1.0/x.py")]));
    let chain = [Member::hard_link("evil-1.0/a", "evil-1.0/x.py"), Member::hard_link("evil-1.0/b", "evil-1.0/a")];
    t.accept("ok-hard-link-to-a-hard-link", evil(chain));
    t.accept("ok-the-same-twice", evil([Member::file("evil-1.0/x.py", "x = 1\n"), Member::directory("evil-1.0/")]));
    t.accept(
        "ok-names",
        evil([file("evil-1.0/a b, c\"."), file("evil-1.0/caf\u{e9}/\u{1f40d}"), file("evil-1.0/...")]),
    );
    t.accept("ok-top-in-another-spelling", Tar::of([file("Evil-1.0.0/x.py")]));
    let plain = evil([]).write();
    t.bytes("ok-bzip2", "evil-1.0.tar.bz2", bzip2(&plain), &[]);
    let zip = Zip::of([
        Entry::directory("evil-1.0/"),
        Entry::file("evil-1.0/x.py", "x = 1\n"),
        Entry::file("evil-1.0/t", "").mode(0o100_755),
    ]);
    t.bytes("ok-zip", "evil-1.0.zip", zip.write(), &[]);
    t
}

/// What is no archive, or not one, or goes on after its end.
fn envelope() -> Cases {
    use Code::*;
    let mut t = Cases::default();
    let (plain, whole) = (evil([]).write(), evil([]).gzip());
    t.bytes("empty-file", SDIST, Vec::new(), &[SdistCompression]);
    t.bytes("not-compressed", SDIST, plain.clone(), &[SdistCompression]);
    t.bytes("bzip2-named-gzip", SDIST, bzip2(&plain), &[SdistCompression]);
    t.bytes("zip-named-gzip", SDIST, Zip::of([Entry::file("evil-1.0/x.py", "")]).write(), &[SdistCompression]);
    t.bytes("gzip-named-xz", "evil-1.0.tar.xz", whole.clone(), &[SdistCompression]);
    t.bytes("gzip-named-bzip2", "evil-1.0.tar.bz2", whole.clone(), &[SdistCompression]);
    t.bytes("gzip-named-zip", "evil-1.0.zip", whole.clone(), &[ArchiveNotZip]);
    for length in [1, 10, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
        t.bytes("gzip-cut-off", SDIST, whole[..length].to_vec(), &[SdistCompression]);
    }
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        let length = bytes.len();
        bytes[if at < 100 { at } else { length + 100 - at }] ^= 1;
        bytes
    };
    t.bytes("gzip-method", SDIST, changed(2), &[SdistCompression]);
    t.bytes("gzip-checksum", SDIST, changed(108), &[SdistCompression]);
    t.bytes("gzip-length", SDIST, changed(104), &[SdistCompression]);
    t.bytes("gzip-trailing-garbage", SDIST, [&whole[..], b"more"].concat(), &[SdistCompression]);
    t.bytes("gzip-trailing-zeros", SDIST, [&whole[..], &[0; 512]].concat(), &[SdistCompression]);
    t.bytes("gzip-two-streams", SDIST, [gzip(&plain[..1024]), gzip(&plain[1024..])].concat(), &[SdistTruncated]);
    t.bytes(
        "gzip-second-stream-hidden",
        SDIST,
        [&whole[..], &evil([file("evil-1.0/y")]).gzip()].concat(),
        &[SdistCompression],
    );
    t.bytes("bzip2-two-streams", "evil-1.0.tar.bz2", [bzip2(&plain), bzip2(b"")].concat(), &[SdistCompression]);
    t.bytes("no-tar", SDIST, gzip(&[b'x'; 2048]), &[SdistHeader]);
    t.bytes("empty-content", SDIST, gzip(b""), &[SdistTruncated]);
    t.bytes("zeros-alone", SDIST, gzip(&[0; 10_240]), &[SdistTopDirectory]);
    t.refuse("no-end", evil([]).end([]), &[SdistTruncated]);
    t.refuse("one-block-of-end", evil([]).end([0; 512]), &[SdistTruncated]);
    t.bytes("cut-in-a-header", SDIST, gzip(&plain[..700]), &[SdistTruncated]);
    t.bytes("cut-in-content", SDIST, gzip(&plain[..1026]), &[SdistTruncated]);
    let hidden = evil([file("evil-1.0/hidden.py")]).write();
    t.refuse("members-after-one-block-of-zeros", evil([]).end([&[0; 512][..], &hidden].concat()), &[SdistTrailingData]);
    t.refuse("members-after-the-end", evil([]).end([&[0; 1024][..], &hidden].concat()), &[SdistTrailingData]);
    t.refuse("a-byte-after-the-end", evil([]).end([&[0; 9000][..], b"x"].concat()), &[SdistTrailingData]);
    t.refuse("content-in-padding", evil([file("evil-1.0/y").padding(&[b'x'; 501])]), &[SdistHeader]);
    t
}

/// Headers that readers understand in different ways.
fn headers() -> Cases {
    use Code::*;
    let mut t = Cases::default();
    let y = || file("evil-1.0/y.py");
    let one = |t: &mut Cases, defect, member: Member| t.refuse(defect, evil([member]), &[SdistHeader]);
    one(&mut t, "checksum", y().set(CHECKSUM, "001234\0 "));
    one(&mut t, "checksum-missing", y().set(CHECKSUM, [0; 8]));
    one(&mut t, "size-junk", y().set(SIZE, "0000000001x\0"));
    one(&mut t, "size-decimal", y().set(SIZE, "00000000018\0"));
    one(&mut t, "size-negative", y().set(SIZE, "-0000000013\0"));
    one(&mut t, "size-negative-in-binary", y().gnu().set(SIZE, [0xff; 12]));
    one(&mut t, "size-beyond-63-bits", y().gnu().set(SIZE, b"\x80\0\0\0\xff\0\0\0\0\0\0\0"));
    one(&mut t, "size-empty", y().set(SIZE, [0; 12]));
    one(&mut t, "size-blank", y().set(SIZE, "            "));
    one(&mut t, "size-without-end", y().set(SIZE, "000000000013"));
    one(&mut t, "size-two-numbers", y().set(SIZE, "0000013 0007"));
    one(&mut t, "size-nul-before-number", y().set(SIZE, "\x000000000013"));
    one(&mut t, "mode-junk", y().set(MODE, "rw-r--r-"));
    one(&mut t, "mode-with-more-bits", y().set(MODE, "1000644\0"));
    one(&mut t, "owner-junk", y().set(UID, "root\0\0\0\0"));
    one(&mut t, "time-negative", y().set(MTIME, "-0000000001\0"));
    one(&mut t, "device-junk", y().set(MAJOR, "x"));
    one(&mut t, "magic-unknown", y().set(MAGIC, "ustar\0\0\0"));
    one(&mut t, "magic-star", y().set(REST + 8, "tar\0"));
    one(&mut t, "name-goes-on-after-nul", y().set(NAME, "evil-1.0/y.py\0hidden"));
    one(&mut t, "name-empty", y().set(NAME, [0; 100]));
    one(&mut t, "prefix-goes-on-after-nul", y().set(PREFIX, "\0hidden"));
    one(&mut t, "user-goes-on-after-nul", y().set(UNAME, "a\0b"));
    one(&mut t, "gnu-with-prefix", y().gnu().text(PREFIX, 155, "evil-1.0/elsewhere"));
    one(&mut t, "gnu-times-in-the-prefix", y().gnu().set(PREFIX, "14524505400\0"));
    one(&mut t, "version-7-with-prefix", y().set(MAGIC, VERSION_7).set(UNAME, [0; 32]).set(PREFIX, "evil-1.0/a"));
    one(&mut t, "long-name-in-posix-form", Member::long_name("evil-1.0/y").set(MAGIC, POSIX));
    one(&mut t, "pax-in-gnu-form", Member::pax(record("path", "evil-1.0/y")).gnu());

    let conflict =
        |t: &mut Cases, defect, members: Vec<Member>| t.refuse(defect, evil(members), &[SdistHeaderConflict]);
    conflict(&mut t, "file-with-a-target", vec![y().text(LINK, 100, "/etc/passwd")]);
    conflict(&mut t, "file-with-a-slash", vec![file("evil-1.0/y/")]);
    conflict(&mut t, "old-file-with-a-slash", vec![file("evil-1.0/y/").set(TYPE, [0])]);
    conflict(&mut t, "link-with-a-slash", vec![Member::link("evil-1.0/y/", "x.py")]);
    conflict(&mut t, "file-with-the-mode-of-a-link", vec![y().mode("120777")]);
    conflict(&mut t, "directory-with-content", vec![y().set(TYPE, "5")]);
    conflict(&mut t, "link-with-content", vec![y().set(TYPE, "2").text(LINK, 100, "x.py")]);
    conflict(&mut t, "hard-link-with-content", vec![y().set(TYPE, "1").text(LINK, 100, "evil-1.0/x.py")]);
    conflict(&mut t, "long-name-of-another", vec![Member::long_name(&long(150)), y().gnu()]);
    conflict(&mut t, "long-name-that-would-fit", vec![Member::long_name("evil-1.0/z.py"), y().gnu()]);
    conflict(&mut t, "long-name-twice", vec![Member::long_name(&long(150)), Member::long_name(&long(150)), y()]);
    conflict(&mut t, "pax-path-of-another", vec![Member::pax(record("path", "evil-1.0/z.py")), y()]);
    conflict(&mut t, "pax-path-of-another-that-is-long", vec![Member::pax(record("path", &long(150))), y()]);
    conflict(
        &mut t,
        "pax-path-beside-a-stand-in-that-would-fit",
        vec![Member::pax(record("path", "evil-1.0/y")), file("PaxHeaders/0")],
    );
    conflict(
        &mut t,
        "pax-path-beside-a-prefix",
        vec![Member::pax(record("path", &long(150))), file(&long(150)).text(PREFIX, 155, "evil-1.0/a")],
    );
    conflict(&mut t, "pax-twice", vec![Member::pax(record("mtime", "1")), Member::pax(record("mtime", "1")), y()]);
    conflict(
        &mut t,
        "pax-and-long-name",
        vec![Member::pax(record("path", &long(150))), Member::long_name(&long(150)), file(&long(150)).gnu()],
    );
    conflict(
        &mut t,
        "long-name-and-pax",
        vec![Member::long_name(&long(150)), Member::pax(record("path", &long(160))), file(&long(150))],
    );
    conflict(
        &mut t,
        "global-between-pax-and-its-member",
        vec![Member::pax(record("path", "evil-1.0/y.py")), Member::global(record("comment", "x")), y()],
    );
    conflict(&mut t, "pax-size", vec![Member::pax(record("size", "512")), y()]);
    conflict(
        &mut t,
        "pax-size-hides-a-header",
        vec![Member::pax(record("size", "0")), Member::file("evil-1.0/y.py", [0; 512])],
    );
    conflict(&mut t, "pax-target-for-a-file", vec![Member::pax(record("linkpath", "x.py")), y()]);
    conflict(
        &mut t,
        "pax-target-of-another",
        vec![Member::pax(record("linkpath", "/etc/passwd")), Member::link("evil-1.0/l", "x.py")],
    );
    conflict(
        &mut t,
        "long-target-of-another",
        vec![Member::long_link(&long(150)), Member::link("evil-1.0/l", "x.py").gnu()],
    );

    let pax = |t: &mut Cases, defect, records: &str| {
        t.refuse(defect, evil([Member::pax(records), file("evil-1.0/y.py")]), &[SdistHeader]);
    };
    pax(&mut t, "pax-length-too-short", "21 path=evil-1.0/y.py\n");
    pax(&mut t, "pax-length-too-long", "23 path=evil-1.0/y.py\n");
    pax(&mut t, "pax-length-swallows-a-record", "35 comment=x\n22 path=evil-1.0/z.py\n");
    pax(&mut t, "pax-length-zero", "0 path=evil-1.0/y.py\n");
    pax(&mut t, "pax-length-missing", "path=evil-1.0/y.py\n");
    pax(&mut t, "pax-length-with-zero-in-front", "023 path=evil-1.0/y.py\n");
    pax(&mut t, "pax-length-beyond-64-bits", "99999999999999999999999 path=x\n");
    pax(&mut t, "pax-no-newline", "21 path=evil-1.0/y.py");
    pax(&mut t, "pax-nul-after-records", &(record("mtime", "1") + "\0"));
    pax(&mut t, "pax-no-key", "6 =ab\n");
    pax(&mut t, "pax-one-key-twice", &record("path", "evil-1.0/y.py").repeat(2));
    pax(&mut t, "pax-path-empty", &record("path", ""));
    pax(&mut t, "pax-size-negative", &record("size", "-11"));
    pax(&mut t, "pax-key-unknown", &record("VENDOR.filetype", "x"));
    pax(&mut t, "pax-sparse", &(record("GNU.sparse.major", "1") + &record("GNU.sparse.name", "evil-1.0/z.py")));
    pax(&mut t, "pax-realsize", &record("SCHILY.realsize", "11"));
    pax(&mut t, "pax-other-character-set", &record("hdrcharset", "BINARY"));
    for (defect, records) in [
        ("global-path", record("path", "evil-1.0/z.py")),
        ("global-size", record("size", "0")),
        ("global-target", record("linkpath", "/etc/passwd")),
        ("global-sparse", record("GNU.sparse.major", "1")),
    ] {
        one(&mut t, defect, Member::global(records));
    }
    for (defect, content) in [
        ("long-name-without-nul", "evil-1.0/y.py"),
        ("long-name-with-two-nuls", "evil-1.0/y.py\0\0"),
        ("long-name-with-nul-inside", "evil-1.0/y.py\0hidden\0"),
        ("long-name-empty", "\0"),
        ("long-name-of-no-bytes", ""),
    ] {
        one(&mut t, defect, Member::new(b'L', "././@LongLink", content).gnu());
    }
    one(&mut t, "long-name-of-nothing", Member::long_name("evil-1.0/y.py"));
    one(&mut t, "pax-of-nothing", Member::pax(record("mtime", "1")));
    t
}

/// Members that are no files of the tree.
fn members() -> Cases {
    use Code::*;
    let mut t = Cases::default();
    for (defect, path) in [
        ("path-absolute", "/etc/passwd"),
        ("path-absolute-two-slashes", "//evil-1.0/y"),
        ("path-up", "evil-1.0/../../y"),
        ("path-up-inside", "evil-1.0/a/../y"),
        ("path-begins-up", "../evil-1.0/y"),
        ("path-dot", "./evil-1.0/y"),
        ("path-dot-inside", "evil-1.0/./y"),
        ("path-two-slashes", "evil-1.0//y"),
        ("path-backslash", "evil-1.0\\..\\..\\y"),
        ("path-newline", "evil-1.0/y\nz"),
        ("path-escape-sequence", "evil-1.0/\x1b[2Jy"),
        ("path-delete", "evil-1.0/\x7fy"),
        ("path-right-to-left", "evil-1.0/\u{202e}yp.exe"),
        ("path-invisible", "evil-1.0/\u{200b}y"),
    ] {
        t.refuse(defect, evil([file(path)]), &[SdistMemberPath]);
    }
    t.refuse("path-not-utf-8", evil([Member::file(b"evil-1.0/\xff", "")]), &[SdistMemberPath]);
    t.refuse("path-utf-8-overlong", evil([Member::file(b"evil-1.0/\xc0\xaf", "")]), &[SdistMemberPath]);
    t.refuse("path-up-by-prefix", evil([file("y").text(PREFIX, 155, "evil-1.0/..")]), &[SdistMemberPath]);
    t.refuse(
        "path-up-by-long-name",
        evil([Member::long_name(&format!("{}/../../../y", long(120))), file(&long(120)).gnu()]),
        &[SdistMemberPath],
    );
    t.refuse(
        "path-up-by-pax",
        evil([Member::pax(record("path", &format!("{}/../../../y", long(120)))), file(&long(120))]),
        &[SdistMemberPath],
    );
    t.refuse(
        "path-newline-by-pax",
        evil([Member::pax(record("path", "evil-1.0/y\nz")), file("evil-1.0/y\nz")]),
        &[SdistHeader],
    );
    t.refuse("directory-up", evil([Member::directory("evil-1.0/../")]), &[SdistMemberPath]);
    t.refuse("directory-of-slashes", evil([Member::directory("evil-1.0/d//")]), &[SdistMemberPath]);
    for (defect, flag) in [
        ("character-device", b'3'),
        ("block-device", b'4'),
        ("named-pipe", b'6'),
        ("contiguous-file", b'7'),
        ("sparse-file", b'S'),
        ("multi-volume", b'M'),
        ("directory-dump", b'D'),
        ("volume-label", b'V'),
        ("solaris-records", b'X'),
        ("type-unknown", b'Z'),
        ("type-not-printable", 1),
    ] {
        t.refuse(defect, evil([Member::new(flag, "evil-1.0/y", "")]), &[SdistMemberType]);
    }
    for (defect, mode) in [("set-user-id", "4755"), ("set-group-id", "2755"), ("sticky", "1644")] {
        t.refuse(defect, evil([file("evil-1.0/y").mode(mode)]), &[SdistMemberMode]);
    }
    t.bytes(
        "zip-link",
        "evil-1.0.zip",
        Zip::of([Entry::file("evil-1.0/x.py", ""), Entry::file("evil-1.0/l", "/etc").mode(0o120_777)]).write(),
        &[ArchiveMemberType],
    );
    t.bytes(
        "zip-path-up",
        "evil-1.0.zip",
        Zip::of([Entry::file("evil-1.0/../../y", "")]).write(),
        &[ArchiveMemberPath],
    );
    t
}

/// Members that do not fit together.
fn trees() -> Cases {
    use Code::*;
    let mut t = Cases::default();
    t.refuse("beside-the-top", evil([file("setup.py")]), &[SdistTopDirectory]);
    t.refuse("two-tops", evil([file("other-1.0/x.py")]), &[SdistTopDirectory]);
    t.refuse("second-top-empty", evil([Member::directory("other-1.0/")]), &[SdistTopDirectory]);
    t.refuse("top-of-another-version", Tar::of([file("evil-1.1/x.py")]), &[SdistTopDirectory]);
    t.refuse("top-of-another-project", Tar::of([file("evil-more-1.0/x.py")]), &[SdistTopDirectory]);
    t.refuse("top-without-version", Tar::of([file("evil/x.py")]), &[SdistTopDirectory]);
    t.refuse("no-files", Tar::of([Member::directory("evil-1.0/")]), &[SdistTopDirectory]);
    t.refuse("top-is-a-file", Tar::of([file("evil-1.0")]), &[SdistTopDirectory]);
    t.refuse(
        "top-is-a-link",
        Tar::of([Member::link("evil-1.0", "/tmp"), file("evil-1.0/x.py")]),
        &[SdistTopDirectory, SdistFileAsDirectory, SdistLink],
    );
    t.bytes(
        "zip-beside-the-top",
        "evil-1.0.zip",
        Zip::of([Entry::file("evil-1.0/x", ""), Entry::file("y", "")]).write(),
        &[SdistTopDirectory],
    );
    t.refuse("twice-with-other-content", evil([file("evil-1.0/x.py")]), &[SdistDuplicateMember]);
    t.refuse(
        "twice-with-other-mode",
        evil([Member::file("evil-1.0/x.py", "x = 1\n").mode("755")]),
        &[SdistDuplicateMember],
    );
    t.refuse("twice-as-file-and-directory", evil([Member::directory("evil-1.0/x.py")]), &[SdistDuplicateMember]);
    t.refuse("twice-as-file-and-link", evil([Member::link("evil-1.0/x.py", "y")]), &[SdistDuplicateMember]);
    t.refuse(
        "twice-as-link",
        evil([Member::link("evil-1.0/l", "x.py"), Member::link("evil-1.0/l", "./x.py")]),
        &[SdistDuplicateMember],
    );
    t.refuse("case", evil([file("evil-1.0/X.py")]), &[PathCase]);
    t.refuse("case-of-a-directory", evil([file("evil-1.0/a/x"), file("evil-1.0/A/y")]), &[PathCase]);
    t.refuse("normalisation", evil([file("evil-1.0/caf\u{e9}"), file("evil-1.0/cafe\u{301}")]), &[PathCase]);
    t.refuse("file-as-directory", evil([file("evil-1.0/x.py/y.py")]), &[SdistFileAsDirectory]);
    t.refuse("file-as-directory-first", evil([file("evil-1.0/a/b"), file("evil-1.0/a")]), &[SdistFileAsDirectory]);
    t.refuse(
        "through-a-link",
        evil([Member::link("evil-1.0/l", "x.py"), file("evil-1.0/l/y")]),
        &[SdistFileAsDirectory],
    );
    t.refuse(
        "through-a-link-to-the-outside",
        evil([Member::link("evil-1.0/l", "../.."), file("evil-1.0/l/outside")]),
        &[SdistFileAsDirectory, SdistLink],
    );
    for (defect, target) in [
        ("link-absolute", "/etc/passwd"),
        ("link-out", "../outside"),
        ("link-out-and-in", "../evil-1.0/x.py"),
        ("link-to-the-top", "."),
        ("link-to-a-directory", "d"),
        ("link-to-nothing", "nothing"),
        ("link-to-itself", "l"),
        ("link-empty", ""),
        ("link-through-a-file", "x.py/../x.py"),
        ("link-through-nothing", "nothing/../x.py"),
        ("link-to-a-file-with-a-slash", "x.py/"),
        ("link-with-two-slashes", "d//y"),
        ("link-with-a-backslash", "..\\outside"),
        ("link-with-a-newline", "x\n.py"),
    ] {
        t.refuse(defect, evil([file("evil-1.0/d/y"), Member::link("evil-1.0/l", target)]), &[SdistLink]);
    }
    t.refuse("link-not-utf-8", evil([Member::link("evil-1.0/l", b"\xff")]), &[SdistLink]);
    t.refuse(
        "link-to-a-link",
        evil([Member::link("evil-1.0/a", "x.py"), Member::link("evil-1.0/l", "a")]),
        &[SdistLink],
    );
    t.refuse(
        "links-in-a-circle",
        evil([Member::link("evil-1.0/a", "b"), Member::link("evil-1.0/b", "a")]),
        &[SdistLink],
    );
    t.refuse(
        "link-through-a-link",
        evil([file("evil-1.0/d/y"), Member::link("evil-1.0/a", "d"), Member::link("evil-1.0/l", "a/y")]),
        &[SdistLink],
    );
    t.refuse(
        "long-link-out",
        evil([Member::long_link(&"../".repeat(50)), Member::link("evil-1.0/l", "../".repeat(50)).gnu()]),
        &[SdistLink],
    );
    for (defect, target) in [
        ("hard-link-absolute", "/etc/passwd"),
        ("hard-link-out", "evil-1.0/../outside"),
        ("hard-link-to-nothing", "evil-1.0/nothing"),
        ("hard-link-relative", "x.py"),
        ("hard-link-to-a-directory", "evil-1.0"),
        ("hard-link-to-itself", "evil-1.0/h"),
        ("hard-link-repaired", "./evil-1.0/x.py"),
    ] {
        t.refuse(defect, evil([Member::hard_link("evil-1.0/h", target)]), &[SdistLink]);
    }
    let later = [Member::hard_link("evil-1.0/h", "evil-1.0/y"), file("evil-1.0/y")];
    t.refuse("hard-link-to-a-later-file", evil(later), &[SdistLink]);
    let through = [Member::link("evil-1.0/l", "x.py"), Member::hard_link("evil-1.0/h", "evil-1.0/l")];
    t.refuse("hard-link-to-a-link", evil(through), &[SdistLink]);
    t
}

/// What would exhaust the machine.
fn bounds() -> Cases {
    use Code::*;
    let mut t = Cases::default();
    t.limit("file-too-large", evil([]), &[SdistLimit], |limits| limits.sdist_size = 50);
    t.limit("content-too-large", evil([]), &[SdistLimit], |limits| limits.sdist_total_size = 2000);
    t.limit("bomb", evil([Member::file("evil-1.0/y", vec![0; 1 << 20])]), &[SdistBomb], |limits| {
        limits.ratio_floor = 1 << 19;
    });
    t.limit("bomb-in-the-end", evil([]).end(vec![0; 1 << 20]), &[SdistBomb], |limits| limits.ratio_floor = 1 << 19);
    t.limit("member-too-large", evil([file("evil-1.0/y")]), &[SdistLimit], |limits| limits.member_size = 10);
    t.limit("too-many-members", evil([file("evil-1.0/y")]), &[SdistLimit], |limits| limits.members = 2);
    t.limit(
        "too-many-headers",
        evil([Member::long_name("evil-1.0/y"), file("evil-1.0/y").gnu()]),
        &[SdistLimit],
        |l| {
            l.members = 3;
        },
    );
    t.limit(
        "extended-header-too-large",
        evil([Member::pax(record("comment", &"x".repeat(2000)))]),
        &[SdistLimit],
        |l| {
            l.sdist_header_size = 2000;
        },
    );
    let copies = (0..9).map(|n| Member::hard_link(format!("evil-1.0/{n}"), "evil-1.0/y"));
    let copies = evil([Member::file("evil-1.0/y", [1; 1000])].into_iter().chain(copies));
    t.limit("hard-links-multiply", copies, &[SdistLimit], |limits| limits.sdist_total_size = 9000);
    t.refuse("path-too-deep", evil([file(&format!("evil-1.0/{}y", "d/".repeat(63)))]).named_long(), &[SdistMemberPath]);
    t.refuse(
        "component-too-long",
        evil([file(&format!("evil-1.0/{}", "n".repeat(256)))]).named_long(),
        &[SdistMemberPath],
    );
    let path = format!("evil-1.0/{}y", "dddddddddddddddddddd/".repeat(50));
    t.refuse("path-too-long", evil([file(&path)]).named_long(), &[SdistMemberPath]);
    // what stands here ends before the size that the header announces, and not after memory of that size was asked for
    let huge = file("evil-1.0/y").gnu().set(SIZE, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
    t.refuse("size-without-content", evil([huge]), &[SdistLimit, SdistTruncated]);
    let zip = Zip::of([Entry::file("evil-1.0/x", "x".repeat(1000))]).write();
    let limits = Limits { sdist_total_size: 999, ..Limits::DEFAULT };
    t.0.push(Case { defect: "zip-too-large", name: "evil-1.0.zip", bytes: zip, limits, codes: &[ArchiveLimit] });
    t
}

fn corpus() -> Vec<Cases> {
    vec![envelope(), headers(), members(), trees(), bounds()]
}

#[test]
fn controls_are_accepted() {
    controls().judge();
}

#[test]
fn what_is_no_archive_or_more_than_one_is_refused() {
    envelope().judge();
}

#[test]
fn headers_that_can_be_read_in_two_ways_are_refused() {
    headers().judge();
}

#[test]
fn members_that_are_no_files_of_the_tree_are_refused() {
    members().judge();
}

#[test]
fn members_that_do_not_fit_together_are_refused() {
    trees().judge();
}

#[test]
fn cost_is_bounded() {
    bounds().judge();
}

/// Each code of source distributions is provoked by a row above, apart from those of file names.
#[test]
fn the_corpus_has_every_code() {
    let provoked: BTreeSet<Code> =
        corpus().iter().flat_map(|cases| &cases.0).flat_map(|case| case.codes).copied().collect();
    // what is said of names and of locks
    let names =
        ["sdist-name-malformed", "sdist-name-mismatch", "sdist-not-locked", "sdist-not-in-lock", "sdist-ambiguous"];
    for code in Code::ALL.iter().filter(|code| code.name().starts_with("sdist-") && !names.contains(&code.name())) {
        assert!(provoked.contains(code), "{}", code.name());
    }
    let defects: Vec<&str> = corpus().iter().flat_map(|cases| &cases.0).map(|case| case.defect).collect();
    assert!(defects.len() > 150, "{}", defects.len());
}

#[test]
fn a_name_is_bound_to_its_release() {
    let version = |text: &str| rustvenv::python::sdist_filename::readings(&format!("x-{text}"))[0].1.clone();
    let judge = |text: &str, project: &str, of: &str| {
        sdist::filename(text, &ProjectName::parse(project).unwrap(), &version(of)).map_err(|refusal| refusal.code)
    };
    assert!(judge("Zope.Interface-4.0.5.zip", "zope-interface", "4.0.5").is_ok());
    assert_eq!(judge("zope-interface.tar.gz", "zope-interface", "1"), Err(Code::SdistNameMalformed));
    assert_eq!(judge("requests_oauthlib-2.0.tar.gz", "requests", "2.0"), Err(Code::SdistNameMismatch));
    assert_eq!(judge("requests-2.0.1.tar.gz", "requests", "2.0"), Err(Code::SdistNameMismatch));
}

/// xz streams, which nothing here can write but xz itself: several of them, padding, and one that asks for 4 GiB.
#[test]
fn one_xz_stream_is_read_with_bounded_memory() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    std::fs::write(root.join("plain"), evil([]).write()).unwrap();
    run("xz", &["--keep", "plain"], root);
    let whole = std::fs::read(root.join("plain.xz")).unwrap();
    let mut greedy = whole.clone();
    // the block's header: its size in words, flags, filter LZMA2, length of its properties, size of the dictionary
    assert_eq!(greedy[12..16], [2, 0, 0x21, 1]);
    greedy[16] = 40;
    let checksum = crc32fast::hash(&greedy[12..20]);
    greedy[20..24].copy_from_slice(&checksum.to_le_bytes());
    let mut other_checksum = whole.clone();
    let at = whole.len() - 12 - 8 - 1;
    other_checksum[at] ^= 1;
    for (defect, bytes, code) in [
        ("ok-xz", whole.clone(), None),
        ("xz-dictionary", greedy, Some(Code::SdistLimit)),
        ("xz-checksum", other_checksum, Some(Code::SdistCompression)),
        ("xz-two-streams", whole.repeat(2), Some(Code::SdistCompression)),
        ("xz-padding", [&whole[..], &[0; 4]].concat(), Some(Code::SdistCompression)),
        ("xz-cut-off", whole[..whole.len() - 1].to_vec(), Some(Code::SdistCompression)),
    ] {
        let name = SdistFilename::parse("evil-1.0.tar.xz").unwrap();
        let found = match sdist::list(&Arc::new(bytes), &name, &Limits::DEFAULT) {
            Ok(_) => None,
            Err(Failure::Refused(refusals)) => Some(refusals[0].code),
            Err(unable) => panic!("{unable}"),
        };
        assert_eq!(found, code, "{defect}");
    }
}

// ---- archives of the tools that make them

/// What Python's tarfile unpacks: a line for each path, its kind, digest or target, and whether its owner may execute it.
const PYTHON: &str = r#"
import hashlib, os, stat, sys, tarfile, tempfile
for path in sys.argv[1:]:
    with tempfile.TemporaryDirectory() as target, tarfile.open(path) as archive:
        # Debian 12's Python has no filters yet
        archive.extractall(target, **({'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}))
        for directory, directories, files in os.walk(target):
            for name in directories + files:
                full = os.path.join(directory, name)
                status = os.lstat(full)
                if stat.S_ISLNK(status.st_mode):
                    what = 'link to ' + os.readlink(full)
                elif stat.S_ISDIR(status.st_mode):
                    what = 'directory 755'
                else:
                    digest = hashlib.sha256(open(full, 'rb').read()).hexdigest()
                    what = f'file {"755" if status.st_mode & 0o100 else "644"} {digest}'
                relative = os.path.relpath(full, target)
                print(path, relative.encode().hex(), what, sep='\t')
"#;

/// Runs a program that has to succeed, with nothing of the environment that could change what it does.
fn run(program: &str, arguments: &[&str], directory: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", directory)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SOURCE_DATE_EPOCH", "1600000000")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn write(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// The directory tidy-1.0 with all that a source tree has: sizes around a block, long names, names beyond ASCII, an
/// executable, links.
fn sources(root: &Path) {
    let top = root.join("tidy-1.0");
    for size in [0, 1, 511, 512, 513, 1024, 100_000] {
        write(&top, &format!("sizes/{size}.bin"), &vec![b'x'; size]);
    }
    for length in [85, 90, 91, 92, 95, 120, 200] {
        write(&top, &format!("long/{}", "n".repeat(length)), b"long name");
        write(&top, &format!("long/{}/{}", "d".repeat(length), "n".repeat(length)), b"long path");
    }
    write(&top, "caf\u{e9}/\u{1f40d}.py", b"beyond ASCII");
    write(&top, "tool", b"#!/bin/sh\n");
    std::fs::set_permissions(top.join("tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("../tool", top.join("sizes/link")).unwrap();
    std::os::unix::fs::symlink(format!("../long/{}", "n".repeat(120)), top.join("sizes/long-link")).unwrap();
}

/// Unpacks each archive and compares the tree with Python's, and every time with the one that was asked for.
fn compare(root: &Path, archives: &[String]) {
    let script: Vec<&str> = ["-c", PYTHON].into_iter().chain(archives.iter().map(String::as_str)).collect();
    let mut theirs: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    let output = run("python3", &script, root);
    for line in output.lines() {
        let [archive, path, what] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let path: Vec<u8> =
            (0..path.len()).step_by(2).map(|at| u8::from_str_radix(&path[at..at + 2], 16).unwrap()).collect();
        theirs.entry(archive).or_default().insert(String::from_utf8(path).unwrap(), what.to_owned());
    }
    for archive in archives {
        let target = root.join("target");
        let name = Path::new(archive).file_name().unwrap().to_str().unwrap();
        let unpacked = unpack(name, std::fs::read(root.join(archive)).unwrap(), &target, &Limits::DEFAULT)
            .unwrap_or_else(|failure| panic!("{archive}: {failure}"));
        assert_eq!(tree(&target), theirs[archive.as_str()], "{archive}");
        assert_eq!(tree(&target), promised(&unpacked), "{archive}");
        for entry in walkdir::WalkDir::new(&target) {
            let entry = entry.unwrap();
            assert_eq!(entry.path().symlink_metadata().unwrap().mtime(), TIME as i64, "{}", entry.path().display());
        }
        std::fs::remove_dir_all(&target).unwrap();
    }
}

#[test]
fn archives_of_gnu_tar_are_unpacked_as_python_unpacks_them() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    sources(root);
    std::fs::hard_link(root.join("tidy-1.0/tool"), root.join("tidy-1.0/zz-hard-link")).unwrap();
    let mut archives = Vec::new();
    for (format, more) in [
        ("gnu", &[][..]),
        ("oldgnu", &[]),
        ("pax", &[]),
        ("pax", &["--pax-option=globexthdr.name=g,comment=hello"]),
        ("gnu", &["--numeric-owner", "--owner=3000000", "--group=3000000"]),
    ] {
        let archive = format!("{}/tidy-1.0.tar.gz", archives.len());
        std::fs::create_dir(root.join(archives.len().to_string())).unwrap();
        let format = format!("--format={format}");
        run("tar", &[&[&format, "-czf", &archive], more, &["tidy-1.0"]].concat(), root);
        archives.push(archive);
    }
    for (flag, ending) in [("-j", "bz2"), ("-J", "xz")] {
        let archive = format!("tidy-1.0.tar.{ending}");
        run("tar", &[flag, "-cf", &archive, "tidy-1.0"], root);
        archives.push(archive);
    }
    // these have no room for the longest names
    std::fs::remove_dir_all(root.join("tidy-1.0/long")).unwrap();
    std::fs::remove_file(root.join("tidy-1.0/sizes/long-link")).unwrap();
    write(root, &format!("tidy-1.0/{}/x", "d".repeat(80)), b"fits");
    compare(root, &archives.split_off(0));
    for format in ["v7", "ustar"] {
        if format == "ustar" {
            write(root, &format!("tidy-1.0/{}/{}", "d".repeat(80), "n".repeat(90)), b"needs a prefix");
        }
        std::fs::create_dir(root.join(format)).unwrap();
        let archive = format!("{format}/tidy-1.0.tar.gz");
        run("tar", &[&format!("--format={format}"), "-czf", &archive, "tidy-1.0"], root);
        archives.push(archive);
    }
    compare(root, &archives);
}

#[test]
fn archives_of_python_are_unpacked_as_python_unpacks_them() {
    const WRITE: &str = r"
import os, sys, tarfile
for number, form in enumerate((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT)):
    for mode in ('gz', 'bz2', 'xz'):
        os.makedirs(str(number), exist_ok=True)
        with tarfile.open(f'{number}/tidy-1.0.tar.{mode}', 'w:' + mode, format=form) as archive:
            archive.add('tidy-1.0', filter=lambda m: None if form == tarfile.USTAR_FORMAT and len(m.name) > 100 else m)
        print(f'{number}/tidy-1.0.tar.{mode}')
";
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    sources(root);
    std::fs::hard_link(root.join("tidy-1.0/tool"), root.join("tidy-1.0/zz-hard-link")).unwrap();
    std::fs::remove_file(root.join("tidy-1.0/sizes/long-link")).unwrap();
    let written = run("python3", &["-c", WRITE], root);
    let archives: Vec<String> = written.lines().map(str::to_owned).collect();
    assert_eq!(archives.len(), 9);
    compare(root, &archives);
}

#[test]
fn archives_of_git_are_unpacked_as_python_unpacks_them() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    sources(root);
    let top = root.join("tidy-1.0");
    run("git", &["init", "--quiet"], &top);
    run("git", &["add", "."], &top);
    let author = ["-c", "user.name=x", "-c", "user.email=x@example.org"];
    run("git", &[&author[..], &["commit", "--quiet", "--message=x"]].concat(), &top);
    run("git", &["archive", "--prefix=tidy-1.0/", "--output=../tidy-1.0.tar.gz", "HEAD"], &top);
    compare(root, &["tidy-1.0.tar.gz".to_owned()]);
}

#[test]
fn archives_of_build_tools_are_unpacked_as_python_unpacks_them() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let long = format!("tidy/{}", "n".repeat(120));
    for (path, content) in [
        ("setup.py", "from setuptools import setup\nsetup()\n"),
        (
            "setup.cfg",
            "[metadata]\nname = tidy\nversion = 1.0\n[options]\npackages = tidy\n[options.package_data]\n* = *\n",
        ),
        ("tidy/__init__.py", "\"\"\"Keeps things tidy.\"\"\"\n__version__ = '1.0'\n"),
        ("tidy/caf\u{e9}.txt", "beyond ASCII\n"),
        (&long, "long\n"),
        ("MANIFEST.in", "graft tidy\n"),
    ] {
        write(root, path, content.as_bytes());
    }
    // Debian's, which has setuptools
    run("/usr/bin/python3", &["setup.py", "--quiet", "sdist", "--formats=gztar,bztar,xztar"], root);
    let flit = "[build-system]\nrequires = ['flit_core']\nbuild-backend = 'flit_core.buildapi'\n\
                [project]\nname = 'tidy'\ndynamic = ['version', 'description']\n";
    write(root, "flit/pyproject.toml", flit.as_bytes());
    for path in ["tidy/__init__.py", "tidy/caf\u{e9}.txt", &long] {
        write(root, &format!("flit/{path}"), &std::fs::read(root.join(path)).unwrap());
    }
    run("flit", &["build", "--format=sdist"], &root.join("flit"));
    let archives =
        ["dist/tidy-1.0.tar.gz", "dist/tidy-1.0.tar.bz2", "dist/tidy-1.0.tar.xz", "flit/dist/tidy-1.0.tar.gz"];
    compare(root, &archives.map(str::to_owned));
}

// ---- the target

#[test]
fn a_target_that_exists_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("target");
    write(&target, "mine", b"mine");
    let before = tree(directory.path());
    let failure = unpack(SDIST, evil([]).gzip(), &target, &Limits::DEFAULT).unwrap_err();
    assert!(matches!(failure, Failure::Unable { .. }) && failure.to_string().contains("exists already"), "{failure}");
    assert_eq!(tree(directory.path()), before);
}

#[test]
fn what_a_killed_run_left_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), ".target.new/evil-1.0/half", b"half");
    let target = directory.path().join("target");
    let unpacked = unpack(SDIST, evil([]).gzip(), &target, &Limits::DEFAULT).unwrap();
    assert_eq!(unpacked.directory, target.join("evil-1.0"));
    assert_eq!(
        tree(directory.path()).into_keys().collect::<Vec<_>>(),
        ["target", "target/evil-1.0", "target/evil-1.0/x.py"]
    );
}

#[test]
fn a_listing_is_the_same_without_writing() {
    let tar = evil([
        Member::directory("evil-1.0/empty"),
        file("evil-1.0/tool").mode("755"),
        Member::link("evil-1.0/l", "x.py"),
        Member::hard_link("evil-1.0/h", "evil-1.0/x.py"),
        Member::file("evil-1.0/x.py", "x = 1\n"),
    ]);
    let bytes = Arc::new(tar.gzip());
    let name = SdistFilename::parse(SDIST).unwrap();
    let listing = sdist::list(&bytes, &name, &Limits::DEFAULT).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let unpacked = sdist::unpack(&bytes, &name, &directory.path().join("t"), TIME, &Limits::DEFAULT).unwrap();
    assert_eq!(listing, unpacked.listing);
    assert_eq!((listing.top.as_str(), listing.total_size, listing.directories.len()), ("evil-1.0", 6 + 11 + 6, 1));
    let file = |text: &str, executable| {
        let content = text.as_bytes();
        Content::File { size: content.len() as u64, sha256: Sha256::of(content), executable }
    };
    let found: Vec<_> = listing.files.iter().map(|file| (file.path.as_str(), file.content.clone())).collect();
    assert_eq!(
        found,
        [
            ("h", file("x = 1\n", false)),
            ("l", Content::Link("x.py".to_owned())),
            ("tool", file("second = 2\n", true)),
            ("x.py", file("x = 1\n", false)),
        ]
    );
}

/// No single bit of a header can be changed so that other files come out, as long as the header before it says path and
/// size as well: nothing else in a tar archive contradicts a header. The checksum is set right each time.
#[test]
fn no_bit_of_a_header_can_be_changed_unnoticed() {
    let records = record("path", "evil-1.0/y.py") + &record("size", "11");
    let whole = evil([Member::pax(records), file("evil-1.0/y.py"), file("evil-1.0/z.py").gnu()]);
    let bytes = whole.write();
    let name = SdistFilename::parse(SDIST).unwrap();
    let list = |bytes: &[u8]| sdist::list(&Arc::new(gzip(bytes)), &name, &Limits::DEFAULT);
    let good = list(&bytes).unwrap();
    // the header of y.py, after two members, a record and its header
    let start = bytes.windows(13).rposition(|window| window == b"evil-1.0/y.py").unwrap();
    let mut harmless = BTreeSet::new();
    for at in 0..512 {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[start + at] ^= 1 << bit;
            let header = &mut changed[start..start + 512];
            if !(148..156).contains(&at) {
                header[148..156].copy_from_slice(b"        ");
                let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
                header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
            if let Ok(listing) = list(&changed) {
                let files = |listing: &sdist::Listing| {
                    let is_file = |content: &Content| match content {
                        Content::File { sha256, .. } => *sha256,
                        Content::Link(text) => panic!("{text}"),
                    };
                    listing.files.iter().map(|file| (file.path.clone(), is_file(&file.content))).collect::<Vec<_>>()
                };
                assert_eq!(files(&listing), files(&good), "byte {at}, bit {bit}");
                harmless.insert(at);
            }
        }
    }
    // mode, owners and time; zeros and NULs around size and checksum, which may be blanks; type (NUL is `0`); names of
    // owners; numbers of a device
    let allowed = |at: usize| matches!(at, 100..=124 | 135..=148 | 154..=156 | 265..=344);
    assert!(harmless.iter().all(|&at| allowed(at)), "{harmless:?}");
}
