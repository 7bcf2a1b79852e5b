//! Signing: the user's own program makes the signature, and the trust core judges it before it is put in place.
//!
//! Enters: a manifest, the signatures beside it, the program to sign with and the keyring of the package. Leaves: the text of one
//! signature file in which the new signature stands beside those that are still good, and who has signed by now. No secret key is ever
//! touched here: gpg, sq, or what speaks gpg's command line (split-gpg, a smartcard's wrapper) has it and asks for its passphrase.

use crate::limits::Limits;
use crate::refusal::Failure;
use crate::system::fs;
use crate::system::process::Program;
use crate::trust::InputFile;
use crate::trust::keyring::Keyring;
use crate::trust::openpgp::{Policy, Signer};
use crate::trust::signature_file::combined;
use crate::trust::verified::{self, UnverifiedManifest};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The program that has the secret key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignProgram {
    /// Its name or path; by its name it is sq, or else understands what gpg does.
    pub program: PathBuf,
    /// Which key: what gpg's `--local-user` or sq's `--signer` takes.
    pub key: Option<String>,
    /// A file with the secret key, for versions of sq that have no key store.
    pub key_file: Option<PathBuf>,
}

impl SignProgram {
    /// gpg if it is installed, else sq.
    pub fn installed() -> PathBuf {
        let is_there = |name: &&str| Program::new([*name, "--version"]).succeeds();
        ["gpg", "sq"].into_iter().find(is_there).unwrap_or("gpg").into()
    }

    fn is_sq(&self) -> bool {
        self.program.file_name().is_some_and(|name| name == "sq")
    }

    /// The command line that signs `manifest` into `output`.
    fn argv(&self, manifest: &Path, output: &Path) -> Result<Vec<OsString>, Failure> {
        let mut argv: Vec<OsString> = vec![self.program.clone().into()];
        let mut add =
            |words: &[&dyn AsRef<std::ffi::OsStr>]| argv.extend(words.iter().map(|word| word.as_ref().into()));
        if !self.is_sq() {
            add(&[&"--armor", &"--detach-sign", &"--output", &output]);
            if let Some(key) = &self.key {
                add(&[&"--local-user", key]);
            }
            add(&[&"--", &manifest]);
            return Ok(argv);
        }
        add(&[&"sign"]);
        let has_store =
            Program::new([self.program.as_os_str(), "key".as_ref(), "list".as_ref(), "--help".as_ref()]).succeeds();
        match (&self.key_file, &self.key) {
            (Some(file), _) if has_store => add(&[&"--signer-file", file]),
            (Some(file), _) => add(&[&"--signer-key", file]),
            (None, Some(key)) if has_store => add(&[&"--signer", key]),
            (None, _) if has_store => add(&[&"--signer-self"]),
            (None, _) => {
                return Err(Failure::unable_hint(
                    format!("`{}` is a version that takes its key from a file", self.program.display()),
                    "name it with --key-file, or sign with gpg",
                ));
            }
        }
        if has_store {
            add(&[&"--signature-file", &output, &manifest]);
        } else {
            add(&[&"--detached", &"--output", &output, &manifest]);
        }
        Ok(argv)
    }

    /// Has `manifest` signed; leaves the signature, and no trace of it elsewhere. The program may ask for a passphrase at the terminal.
    ///
    /// What is signed are these bytes, in a directory of our own: whoever may write to that of the list could otherwise put another list
    /// in its place while the passphrase is typed.
    ///
    /// # Errors
    /// When it fails, or leaves no file.
    pub fn sign(&self, manifest: &InputFile) -> Result<Vec<u8>, Failure> {
        let room = fs::temporary_directory()?;
        let place = fs::canonicalize(room.path())?;
        let (list, output) = (place.join(&manifest.name), place.join("signature"));
        fs::replace(&list, &manifest.bytes, 0o600)?;
        Program::new(self.argv(&list, &output)?).run_at_terminal()?;
        if fs::status(&output)?.is_none() {
            return Err(Failure::unable(format!("`{}` left no signature", self.program.display())));
        }
        fs::read(&output, Limits::DEFAULT.signature_size)
    }
}

/// A signature file that is ready to be put in place.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Its text.
    pub text: Vec<u8>,
    /// Who has signed the manifest, the newest signature's owner first.
    pub signers: Vec<Signer>,
    /// Whether signatures were left out because they are not over this manifest.
    pub replaced: bool,
}

/// Judges the new signature of `manifest` and adds it to those in `old`, as far as they are good.
///
/// # Errors
/// Why the new signature is not good: above all that the keyring does not have the certificate, or `policy` does not count it.
pub fn add(
    manifest: &InputFile,
    old: Option<InputFile>,
    new: InputFile,
    keyring: &Keyring,
    policy: &Policy,
) -> Result<Signed, Failure> {
    // one good signature is what can be asked of one person; how many there have to be is for who verifies
    let one = Policy { threshold: 1, ..policy.clone() };
    let judge = |signatures: Vec<InputFile>| {
        verified::verify(UnverifiedManifest { manifest: manifest.clone(), signatures }, keyring, &one)
    };
    let newest = judge(vec![new.clone()])?.signers().to_vec();
    let old_is_good = old.as_ref().map(|old| judge(vec![old.clone()]).is_ok());
    let kept = old.filter(|_| old_is_good == Some(true));
    let text = combined(&kept.into_iter().chain([new.clone()]).collect::<Vec<_>>())?;
    let verified = judge(vec![InputFile { name: new.name, bytes: text.clone() }])?;
    let mut signers = verified.signers().to_vec();
    signers.sort_by_key(|signer| !newest.iter().any(|new| new.fingerprint == signer.fingerprint));
    Ok(Signed { text, signers, replaced: old_is_good == Some(false) })
}
