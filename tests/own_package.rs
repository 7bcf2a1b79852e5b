//! dh-rustvenv's own packaging, and the scripts that build in clean systems: what can be told without such a system. The builds
//! themselves are `make chroots`.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// A directory of this source tree, copied to `target`.
fn copy(directory: &str, target: &Path) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    assert!(Command::new("cp").arg("-R").arg(from).arg(target).status().unwrap().success());
}

/// Cargo refuses a vendored crate of which a file is missing, and dh_clean takes every `*.orig` for a left-over of patch.
#[test]
fn vendored_crates_survive_the_clean_step() {
    let room = tempfile::tempdir().unwrap();
    copy("debian", &room.path().join("debian"));
    let vendored = room.path().join("vendor/bzip2");
    fs::create_dir_all(&vendored).unwrap();
    fs::write(vendored.join("Cargo.toml.orig"), "").unwrap();
    fs::write(room.path().join("stray.orig"), "").unwrap();
    let mut clean = Command::new("debian/rules");
    let done = clean.arg("clean").current_dir(room.path()).env_remove("DH_OPTIONS").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(vendored.join("Cargo.toml.orig").exists());
    assert!(!room.path().join("stray.orig").exists(), "the clean step cleaned nothing");
}

fn rebuild(buildinfo: &Path) -> Output {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/rebuild.sh")).arg(buildinfo).output().unwrap()
}

/// The one who wrote a .buildinfo names files and directories, and rebuild.sh is run by root.
#[test]
fn a_buildinfo_leads_nowhere_else() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("x.buildinfo");
    let sums = "Checksums-Sha256:\n 00 1 ../x.deb\n";
    for (text, complaint) in [
        (format!("Source: x\nVersion: 1\nBuild-Path: /build/../etc\n{sums}"), "not a directory to build in"),
        (format!("Source: x\nVersion: 1\nBuild-Path: /etc\n{sums}"), "not a directory to build in"),
        (format!("Source: ../x\nVersion: 1\n{sums}"), "not a name"),
        (format!("Source: x\nVersion: 1/2\n{sums}"), "not a name"),
        (format!("Source: x\nVersion: 1\n{sums}"), "not a name: ../x.deb"),
        ("Source: x\nVersion: 1\n".to_owned(), "names no .deb"),
    ] {
        fs::write(&file, &text).unwrap();
        let done = rebuild(&file);
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{text}{said}");
        assert!(said.contains(complaint), "{text}{said}");
    }
    fs::write(&file, format!("Source: x\nVersion: 1\nBuild-Path: /etc\x1b[31m\n{sums}")).unwrap();
    assert!(!rebuild(&file).stderr.contains(&0x1b));
}

/// What was built elsewhere or for something else is said before anything is made, and the recorded packages stay.
#[test]
fn a_rebuild_begins_only_where_it_can_end() {
    let room = tempfile::tempdir().unwrap();
    let (file, deb) = (room.path().join("x.buildinfo"), room.path().join("x_1_all.deb"));
    fs::write(&deb, "").unwrap();
    fs::write(room.path().join("x_1.dsc"), "").unwrap();
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let text = |architecture: &str| {
        format!("Source: x\nArchitecture: {architecture}\nVersion: 1\nChecksums-Sha256:\n {nothing} 0 x_1_all.deb\n")
    };
    let said = |mut program: Command| {
        let done = program.output().unwrap();
        assert_eq!(done.status.code(), Some(2));
        String::from_utf8(done.stderr).unwrap()
    };
    let script = || Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/rebuild.sh"));
    fs::write(&file, text("all sparc")).unwrap();
    let mut other = script();
    other.arg(&file);
    assert!(said(other).contains("it was built for sparc"));
    fs::write(&file, text("all source")).unwrap();
    let mut beside = script();
    beside.arg("-o").arg(room.path()).arg(&file);
    assert!(said(beside).contains("what is built would replace them"));
    assert!(deb.exists());
}

/// Campaigns leave systems of gigabytes, and emulators in the kernel, if nothing cleans up after them.
#[test]
fn an_interrupted_script_cleans_up() {
    for signal in ["HUP", "INT", "TERM"] {
        let script = format!(". scripts/lib.sh; trap 'echo cleaned' EXIT; kill -{signal} $$; echo went on");
        let top = env!("CARGO_MANIFEST_DIR");
        let done = Command::new("sh").args(["-c", &script, "scripts/x.sh"]).current_dir(top).output().unwrap();
        assert_eq!((done.stdout.as_slice(), done.status.code()), (b"cleaned\n".as_slice(), Some(130)), "{signal}");
    }
}
