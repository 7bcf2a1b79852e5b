//! The real programs beside which our verdicts are checked, and the real gpg as a maker of fixtures. Their clocks are
//! set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The clock of the peers when they verify: the date of the notes on their verdicts.
const NOW: &str = "2026-11-22 00:00:00";

/// A GnuPG home directory of its own, with its agent.
pub(crate) struct Gnupg {
    home: tempfile::TempDir,
}

impl Gnupg {
    pub(crate) fn new() -> Self {
        // sockets live in the directory, and their paths have to be short
        Self { home: tempfile::Builder::new().prefix("g").tempdir().unwrap() }
    }

    fn command(&self, clock: &str) -> Command {
        let mut command = Command::new("gpg");
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C.UTF-8")
            .arg("--homedir")
            .arg(self.home.path());
        command.args(["--batch", "--yes", "--quiet", "--no-options", "--no-auto-check-trustdb"]);
        command.args(["--faked-system-time", &format!("{clock}T000000!")]);
        command
    }

    /// Runs gpg with the clock at `clock` (YYYYMMDD) and returns what it prints.
    pub(crate) fn run(&self, clock: &str, arguments: &[&str]) -> Vec<u8> {
        let mut command = self.command(clock);
        command.args(["--pinentry-mode", "loopback", "--passphrase", ""]).args(arguments);
        let output = command.output().expect("gpg runs; package gnupg");
        assert!(output.status.success(), "gpg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Makes a key on 2024-01-01 and returns its fingerprint.
    pub(crate) fn key(&self, name: &str, algorithm: &str, expire: &str) -> String {
        self.key_with(name, algorithm, expire, &[])
    }

    /// As [`Self::key`], with further options.
    pub(crate) fn key_with(&self, name: &str, algorithm: &str, expire: &str, options: &[&str]) -> String {
        let user_id = format!("{name} <{name}@example.org>");
        let mut arguments = options.to_vec();
        arguments.extend(["--quick-gen-key", &user_id, algorithm, "sign,cert", expire]);
        self.run("20240101", &arguments);
        let listing = self.run("20240101", &["--with-colons", "--list-keys", &format!("={user_id}")]);
        let listing = String::from_utf8(listing).unwrap();
        let line = listing.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    /// The certificate, armored.
    pub(crate) fn export(&self, fingerprint: &str) -> Vec<u8> {
        self.run("20240101", &["--armor", "--export", fingerprint])
    }

    /// A detached armored signature over `data` on 2024-04-10.
    pub(crate) fn sign(&self, fingerprint: &str, data: &[u8], options: &[&str]) -> Vec<u8> {
        self.sign_as(fingerprint, data, "--detach-sign", options)
    }

    /// As [`Self::sign`], with another command.
    pub(crate) fn sign_as(&self, fingerprint: &str, data: &[u8], what: &str, options: &[&str]) -> Vec<u8> {
        let file = self.path("data");
        fs::write(&file, data).unwrap();
        let mut arguments = vec!["--armor", "--output", "-", "--local-user", fingerprint];
        arguments.extend(options);
        arguments.extend([what, file.to_str().unwrap()]);
        self.run("20240410", &arguments)
    }

    /// A path in the home directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

impl Drop for Gnupg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").arg("--homedir").arg(self.home.path()).args(["--kill", "gpg-agent"]).output();
    }
}

/// Whether gpg accepts: its exit status, after importing the key files.
pub(crate) fn gpg(dir: &Path, keys: &[PathBuf], signature: &Path, manifest: &Path) -> bool {
    let home = dir.join("gnupg");
    fs::create_dir(&home).unwrap();
    let gpg = |arguments: &[&std::ffi::OsStr]| -> Output {
        let mut command = Command::new("gpg");
        command.env_clear().env("PATH", "/usr/bin:/bin").arg("--homedir").arg(&home);
        command.args(["--batch", "--quiet", "--no-options", "--no-autostart", "--no-permission-warning"]);
        command.args(["--faked-system-time", "20261122T000000!", "--trust-model", "always"]);
        command.args(arguments).output().expect("gpg runs; package gnupg")
    };
    for key in keys {
        gpg(&["--import".as_ref(), key.as_os_str()]);
    }
    gpg(&["--verify".as_ref(), signature.as_os_str(), manifest.as_os_str()]).status.success()
}

/// Whether sqv accepts, for this number of signers.
pub(crate) fn sqv(keys: &[PathBuf], threshold: usize, signature: &Path, manifest: &Path) -> bool {
    let mut command = Command::new("faketime");
    command.env_clear().env("PATH", "/usr/bin:/bin").env("TZ", "UTC").args([NOW, "sqv"]);
    for key in keys {
        command.arg("--keyring").arg(key);
    }
    command.args(["--signatures", &threshold.to_string()]).arg(signature).arg(manifest);
    command.output().expect("sqv runs; packages sqv and faketime").status.success()
}
