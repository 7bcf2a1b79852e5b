//! `rustvenv manifest` and `rustvenv sign`, with the real gpg and sq: what grows, what stays, and what is never put in place.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]

#[path = "support/wheel.rs"]
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use wheel::Wheel;

/// A directory with wheels, a keyring, and a home for gpg.
struct Desk {
    directory: TempDir,
}

struct Done {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Done {
    #[track_caller]
    fn ok(self) -> Self {
        assert_eq!(self.status, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn refused(self, code: &str) -> Self {
        assert!(self.status != 0 && self.stderr.contains(&format!("error[{code}]")), "{}", self.stderr);
        self
    }
}

impl Desk {
    fn new() -> Self {
        let desk = Self { directory: tempfile::Builder::new().prefix("signing desk ").tempdir().unwrap() };
        for name in ["wheels", "signers"] {
            fs::create_dir(desk.path(name)).unwrap();
        }
        desk.wheel("hello", "1.0");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn wheel(&self, name: &str, version: &str) {
        let wheel = Wheel::new(name, version).file(&format!("{name}.py"), format!("version = '{version}'\n"));
        fs::write(self.path("wheels").join(wheel.file_name()), wheel.build()).unwrap();
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Done {
        let output = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LC_ALL", "C.UTF-8")])
            .env("HOME", self.directory.path())
            .env("GNUPGHOME", self.path("gnupg"))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Done {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    fn rustvenv(&self, arguments: &[&str]) -> Done {
        self.run(env!("CARGO_BIN_EXE_rustvenv"), arguments)
    }

    fn manifest(&self) -> Done {
        self.rustvenv(&["manifest", "--wheels", "wheels", "--project", "hello"])
    }

    /// A new key of `name` in gpg's keyring, its certificate among the signers if it may sign.
    fn gpg_key(&self, name: &str, may_sign: bool) {
        use std::os::unix::fs::DirBuilderExt as _;
        let home = self.path("gnupg");
        if !home.exists() {
            fs::DirBuilder::new().mode(0o700).create(&home).unwrap();
        }
        let user = format!("{name} <{name}@example.org>");
        let quiet = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
        self.run("gpg", &[&quiet[..], &["--quick-generate-key", &user, "ed25519", "sign", "never"]].concat()).ok();
        if may_sign {
            let place = self.path(&format!("signers/{name}.asc"));
            let export = ["--batch", "--armor", "--output", place.to_str().unwrap(), "--export", name];
            self.run("gpg", &export).ok();
        }
    }

    fn sign(&self, further: &[&str]) -> Done {
        let arguments = ["sign", "--manifest", "wheels/sha256sums.txt", "--keyring", "signers"];
        self.rustvenv(&[&arguments[..], further].concat())
    }

    fn verify(&self, threshold: &str) -> Done {
        let arguments = ["verify", "--manifest", "wheels/sha256sums.txt", "--keyring", "signers", "--wheels", "wheels"];
        self.rustvenv(&[&arguments[..], &["--threshold", threshold, "--reference-time", "2040-01-01"]].concat())
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // gpg-agent outlives who started it, and holds the directory
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.path("gnupg")).status();
    }
}

#[test]
fn two_people_sign_one_list_that_grows() {
    let desk = Desk::new();
    let added = desk.manifest().ok();
    assert!(added.stdout.ends_with("  hello-1.0-py3-none-any.whl\n"), "{}", added.stdout);
    assert!(desk.read("wheels/sha256sums.txt").starts_with("# rustvenv-manifest: project=hello serial=1\n"));
    desk.gpg_key("ann", true);
    desk.gpg_key("bob", true);

    let one = desk.sign(&["--local-user", "ann", "--threshold", "2"]).ok();
    assert!(one.stderr.contains("1 of 2 signatures") && one.stdout.contains("ann@example.org"), "{}", one.stderr);
    desk.verify("1").ok();
    desk.verify("2").refused("threshold-not-met");
    let two = desk.sign(&["--local-user", "bob", "--threshold", "2"]).ok();
    assert_eq!(two.stdout.lines().count(), 2, "{}", two.stdout);
    desk.verify("2").ok();
    let signed = desk.read("wheels/sha256sums.txt.asc");
    // gpg reads both as well
    let gpg = desk.run("gpg", &["--batch", "--verify", "wheels/sha256sums.txt.asc", "wheels/sha256sums.txt"]).ok();
    assert_eq!(gpg.stderr.matches("Good signature").count(), 2, "{}", gpg.stderr);

    desk.wheel("world", "2.0");
    let before = desk.read("wheels/sha256sums.txt");
    desk.rustvenv(&["manifest", "--wheels", "wheels", "--dry-run"]).ok();
    assert_eq!(desk.read("wheels/sha256sums.txt"), before);
    desk.manifest().ok();
    let after = desk.read("wheels/sha256sums.txt");
    let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert!(after.starts_with("# rustvenv-manifest: project=hello serial=2\n") && lines(&after)[..1] == lines(&before));
    desk.verify("1").refused("signature-mismatch");
    // the signatures of the old list do not count for the new one, and do not stay
    let again = desk.sign(&["--local-user", "ann"]).ok();
    assert!(again.stderr.contains("over another list") && again.stdout.lines().count() == 1, "{}", again.stderr);
    assert_ne!(desk.read("wheels/sha256sums.txt.asc"), signed);
    desk.verify("1").ok();
    assert_eq!(desk.manifest().ok().stdout, "", "nothing is new");
    desk.verify("1").ok();
    // signing twice adds a second signature of the same person, who still counts once
    assert_eq!(desk.sign(&["--local-user", "ann"]).ok().stdout.lines().count(), 1);
    desk.verify("2").refused("threshold-not-met");
}

#[test]
fn a_signature_that_would_not_count_is_not_put_in_place() {
    let desk = Desk::new();
    desk.manifest().ok();
    desk.gpg_key("ann", true);
    desk.gpg_key("eve", false);
    desk.sign(&["--local-user", "eve"]).refused("signer-unknown");
    assert!(!desk.path("wheels/sha256sums.txt.asc").exists());
    let ann = desk.sign(&["--local-user", "ann"]).ok().stdout.split(' ').next().unwrap().to_owned();
    let signed = desk.read("wheels/sha256sums.txt.asc");
    desk.sign(&["--local-user", "eve"]).refused("signer-unknown");
    desk.sign(&["--sign-program", "/bin/false"]);
    desk.sign(&["--sign-program", "/nonexistent/gpg"]);
    let other = "0000000000000000000000000000000000000000";
    desk.sign(&["--local-user", "ann", "--signer", other]).refused("signer-not-pinned");
    desk.sign(&["--local-user", "ann", "--signer", &ann]).ok();
    let names: Vec<String> = fs::read_dir(desk.path("wheels"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 3, "nothing is left behind: {names:?}");
    assert_ne!(signed, "");
    desk.verify("1").ok();
}

/// Somebody who may write to the directory of the list puts another list there while the passphrase is typed.
#[test]
fn no_signature_is_made_over_what_was_put_there_meanwhile() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    desk.manifest().ok();
    desk.gpg_key("ann", true);
    let evil = format!("{}  evil-1.0-py3-none-any.whl\n", "e".repeat(64));
    fs::write(desk.path("evil.txt"), &evil).unwrap();
    let program = desk.path("gpg-while-somebody-writes");
    let text = "#!/bin/sh\ncp evil.txt wheels/sha256sums.txt\ngpg \"$@\" || exit 1\n\
                while [ \"$1\" != --output ]; do shift; done\ncp \"$2\" made.asc\n";
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let done = desk.sign(&["--local-user", "ann", "--sign-program", program.to_str().unwrap()]);
    assert!(done.status == 2 && done.stderr.contains("was changed while it was signed"), "{}", done.stderr);
    assert!(!desk.path("wheels/sha256sums.txt.asc").exists());
    let over_evil = desk.run("gpg", &["--batch", "--verify", "made.asc", "evil.txt"]);
    assert_ne!(over_evil.status, 0, "there is a signature over the evil list: {}", over_evil.stderr);
}

/// Whoever signs does it today: a time that the environment has for builds does not make the signature one from the future.
#[test]
fn the_time_of_builds_is_not_that_of_signing() {
    let desk = Desk::new();
    desk.manifest().ok();
    desk.gpg_key("ann", true);
    let program = env!("CARGO_BIN_EXE_rustvenv");
    let sign = ["sign", "--manifest", "wheels/sha256sums.txt", "--keyring", "signers", "--local-user", "ann"];
    desk.run("env", &[&["SOURCE_DATE_EPOCH=1577836800", program], &sign[..]].concat()).ok();
    desk.verify("1").ok();
}

#[test]
fn a_list_that_no_build_would_read_is_not_signed() {
    let desk = Desk::new();
    desk.gpg_key("ann", true);
    fs::write(desk.path("wheels/sha256sums.txt"), "not a list\n").unwrap();
    desk.sign(&["--local-user", "ann"]).refused("manifest-malformed");
    desk.manifest().refused("manifest-malformed");
    fs::write(desk.path("wheels/sha256sums.txt"), format!("{}  hello-1.0-py3-none-any.whl\n", "1".repeat(64))).unwrap();
    desk.manifest().refused("manifest-entry-changed");
    assert!(!desk.path("wheels/sha256sums.txt.asc").exists());
}

/// sq, in whichever of its two generations is installed: with keys in files, or in a store of its own.
#[test]
fn sq_signs_as_well() {
    let desk = Desk::new();
    desk.manifest().ok();
    let key = desk.path("carol.pgp");
    let key = key.to_str().unwrap();
    let old = desk.run("sq", &["key", "generate", "--userid", "Carol <carol@example.org>", "--export", key]);
    if old.status != 0 {
        let words = ["key", "generate", "--own-key", "--userid", "Carol <carol@example.org>", "--without-password"];
        desk.run("sq", &[&words[..], &["--output", key, "--rev-cert", "carol.rev"]].concat()).ok();
    }
    let certificate = desk.path("signers/carol.asc");
    let extracted = desk.run("sq", &["key", "extract-cert", "--output", certificate.to_str().unwrap(), key]);
    if extracted.status != 0 {
        let words = ["key", "delete", "--cert-file", key, "--output", certificate.to_str().unwrap()];
        desk.run("sq", &words).ok();
    }
    let signed = desk.sign(&["--sign-program", "sq", "--key-file", key]).ok();
    assert!(signed.stdout.contains("carol@example.org"), "{}", signed.stdout);
    desk.verify("1").ok();
    assert!(Path::new(&desk.path("wheels/sha256sums.txt.asc")).exists());
}
