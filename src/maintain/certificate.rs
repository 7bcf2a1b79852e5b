//! The certificate of a signer, from the signer's own gpg or sq.
//!
//! Enters: a fingerprint. Leaves: the certificate, armored and minimal, read back and found to be that of the fingerprint; or which keys
//! the program could sign with, for a message. No secret key is touched, and none is chosen for anybody.

use crate::limits::Limits;
use crate::refusal::{Failure, printable};
use crate::system::process::Program;
use crate::trust::InputFile;
use crate::trust::keyring::Keyring;
use crate::trust::openpgp::Fingerprint;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A key that the user has, with the name on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKey {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The first user ID, printable.
    pub user_id: String,
}

/// The certificate of `fingerprint` from the first of `programs` that has it.
///
/// # Errors
/// When none has it, or what it has cannot be read.
pub fn export(programs: &[PathBuf], fingerprint: &Fingerprint) -> Result<Vec<u8>, Failure> {
    for program in programs {
        // that it does not know the certificate is an answer, and each program has its own status for it
        let bytes = Program::new(argv(program, fingerprint)).run().unwrap_or_default();
        let small = u64::try_from(bytes.len()).is_ok_and(|length| length <= Limits::DEFAULT.certificate_size);
        if bytes.is_empty() || !small {
            continue;
        }
        let name = format!("the certificate that {} exports", program.display());
        let keyring = Keyring::read(&[InputFile { name, bytes: bytes.clone() }])?;
        if keyring.len() == 1 && keyring.get(fingerprint).is_some() {
            return Ok(bytes);
        }
    }
    let names: Vec<String> = programs.iter().map(|program| program.display().to_string()).collect();
    Err(Failure::unable_hint(
        format!("no certificate with the fingerprint {fingerprint} is known to {}", names.join(" or ")),
        "`gpg --list-secret-keys` prints the fingerprints of your keys; the certificate of another person has to be imported first",
    ))
}

fn argv(program: &Path, fingerprint: &Fingerprint) -> Vec<OsString> {
    let words: &[&str] = if program.file_name().is_some_and(|name| name == "sq") {
        &["cert", "export", "--cert"]
    } else {
        &["--batch", "--armor", "--export-options", "export-minimal", "--export"]
    };
    let words = words.iter().map(OsString::from);
    std::iter::once(program.into()).chain(words).chain([fingerprint.as_str().into()]).collect()
}

/// The keys that `program`, when it is called as gpg is, can sign with.
pub fn own_keys(program: &Path) -> Vec<OwnKey> {
    let words = ["--batch", "--with-colons", "--list-secret-keys"].map(OsString::from);
    let said = Program::new(std::iter::once(program.into()).chain(words)).run().unwrap_or_default();
    listed(&String::from_utf8_lossy(&said))
}

/// Reads gpg's listing for programs, of which the form is in its doc/DETAILS.
fn listed(said: &str) -> Vec<OwnKey> {
    let mut keys = Vec::new();
    let (mut usable, mut fingerprint) = (false, None);
    for line in said.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |number: usize| fields.get(number).copied().unwrap_or_default();
        match field(0) {
            "sec" => {
                usable = !field(1).starts_with(['r', 'e', 'i', 'd']) && field(11).contains('S');
                fingerprint = None;
            }
            // that of the primary key comes first
            "fpr" if usable && fingerprint.is_none() => fingerprint = Fingerprint::parse(field(9)).ok(),
            "uid" if usable => {
                if let Some(fingerprint) = fingerprint.take() {
                    keys.push(OwnKey { fingerprint, user_id: printable(&field(9).replace("\\x3a", ":")) });
                    usable = false;
                }
            }
            _ => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_sign() {
        let one = "sec:u:255:22:058EA95A9F4E6A8C:1795376890:::u:::scSC:::+::ed25519:::0:\n\
            fpr:::::::::937F306AAE9A192A92B8EA35058EA95A9F4E6A8C:\ngrp:::::::::1004:\nuid:u::::1795376890::FD::Ann\\x3a Ö <a@x>::::::::::0:\n\
            uid:u::::1::FE::Other::::::::::0:\nssb:u:255:18:1:1::::::e:::+::cv25519::\nfpr:::::::::AAAA306AAE9A192A92B8EA35058EA95A9F4E6A8C:\n";
        let keys = listed(one);
        assert_eq!(keys.len(), 1, "{keys:?}");
        assert_eq!(keys[0].fingerprint.as_str(), "937F306AAE9A192A92B8EA35058EA95A9F4E6A8C");
        assert_eq!(keys[0].user_id, "Ann: Ö <a@x>");
        assert!(listed(&one.replace("sec:u", "sec:e")).is_empty(), "expired");
        assert!(listed(&one.replace("scSC", "cC")).is_empty(), "certifies alone");
        assert_eq!(listed(&[one, one].concat()).len(), 2);
    }
}
