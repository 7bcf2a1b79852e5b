//! `rustvenv sign`: has a list signed by the user's own gpg or sq, judges the signature, and puts it beside the list.
//!
//! Enters: a list, the certificates that may sign, the program with the secret key. Leaves: `LIST.asc` with the new signature and those
//! that were good before, or everything as it was. What a package build would refuse is never put in place.

use super::trust_options;
use crate::cli::{ProgramArguments, SignArguments};
use crate::limits::Limits;
use crate::maintain::sign::{SignProgram, add};
use crate::refusal::Failure;
use crate::system::fs;
use crate::trust::InputFile;
use crate::trust::manifest::Manifest;
use std::path::{Path, PathBuf};

/// Carries the command out.
///
/// # Errors
/// When the list cannot be read, the program fails, or its signature would not count.
pub fn run(arguments: &SignArguments) -> Result<(), Failure> {
    let limits = Limits::DEFAULT;
    let path = fs::canonicalize(&arguments.manifest)?;
    let input = |path: &Path, limit| -> Result<InputFile, Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(InputFile { name, bytes: fs::read(path, limit)? })
    };
    let manifest = input(&path, limits.manifest_size)?;
    // nobody is asked for a passphrase for a list that no build would read
    let entries = Manifest::parse(&manifest)?.entries().len();
    let (mut policy, keyring) =
        (trust_options::policy(&arguments.trust)?, trust_options::keyring(&arguments.trust, &limits)?);
    if arguments.trust.reference_time.is_none() {
        // the signature is made today, whatever time the environment has for builds
        policy.reference_time = trust_options::today();
    }
    let program = program(&arguments.program);
    let place = beside(&path, ".asc");
    super::say(&format!("{}: {entries} wheels, to be signed by {}", path.display(), program.program.display()));
    let new = InputFile { name: file_name(&place), bytes: program.sign(&manifest)? };
    if input(&path, limits.manifest_size)?.bytes != manifest.bytes {
        return Err(Failure::unable_hint(
            format!("{} was changed while it was signed", path.display()),
            "nothing was put in place; find out who changed it",
        ));
    }
    let old = if fs::status(&place)?.is_some() { Some(input(&place, limits.signature_size)?) } else { None };
    let signed = add(&manifest, old, new, &keyring, &policy)?;
    fs::replace(&place, &signed.text, 0o644)?;
    if signed.replaced {
        super::say("the signatures that were there are over another list; they are gone");
    }
    let (have, want) = (signed.signers.len(), policy.threshold);
    super::say(&match want.checked_sub(have) {
        Some(missing) if missing > 0 => format!("{}: {have} of {want} signatures; {missing} to go", place.display()),
        _ => format!("{}: signed by {have}", place.display()),
    });
    let lines: String = signed
        .signers
        .iter()
        .map(|signer| {
            let user_id = crate::refusal::printable(signer.user_id.as_deref().unwrap_or(""));
            format!("{} {user_id}\n", signer.fingerprint)
        })
        .collect();
    super::print(&lines)
}

/// The program that `arguments` name.
pub(super) fn program(arguments: &ProgramArguments) -> SignProgram {
    SignProgram {
        program: arguments.sign_program.clone().unwrap_or_else(SignProgram::installed),
        key: arguments.local_user.clone(),
        key_file: arguments.key_file.clone(),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `path` with `suffix` after its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    path.with_file_name(file_name(path) + suffix)
}
