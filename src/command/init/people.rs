//! Who maintains a new package, and whose signatures count for it.
//!
//! Enters: the environment, git's settings, the fingerprints that were typed, and certificates that are there. Leaves: a [`Maintainer`],
//! fingerprints to pin, and the certificates that are missing. Nobody is chosen: who names no key is told which ones there are.

use super::{Project, is_there};
use crate::code::Code;
use crate::command::trust_files;
use crate::maintain::certificate::{self, OwnKey};
use crate::maintain::new_package::words::Maintainer;
use crate::maintain::new_package::{Layout, NewFile};
use crate::maintain::sign::SignProgram;
use crate::refusal::{Failure, Refusal};
use crate::system::process::Program;
use crate::system::{env, fs};
use crate::trust::keyring::{Certificate, FileRole, Keyring, file_role};
use crate::trust::openpgp::Fingerprint;
use std::path::PathBuf;

impl Project<'_> {
    /// Whose signatures count, and the certificates that are not there yet.
    pub(super) fn signers(&self, layout: &Layout) -> Result<(Vec<Fingerprint>, Vec<NewFile>), Failure> {
        let place = layout.keyring.display().to_string();
        let names = if is_there(&layout.keyring)? { fs::names(&layout.keyring)? } else { Vec::new() };
        // a README alone is no certificate yet
        let has_files = names.iter().any(|name| file_role(&name.to_string_lossy()) != FileRole::Ignored);
        let keyring = match has_files {
            true => Some(trust_files::keyring(&[(layout.keyring.clone(), place)], &self.limits)?),
            false => None,
        };
        let installed = SignProgram::installed();
        let programs = match &self.arguments.sign_program {
            Some(program) => vec![program.clone()],
            None if installed.as_os_str() == "gpg" => vec![installed, "sq".into()],
            None => vec![installed],
        };
        let mut typed: Vec<Fingerprint> = Vec::new();
        for fingerprint in trust_files::fingerprints(&self.arguments.signers)? {
            if !typed.contains(&fingerprint) {
                typed.push(fingerprint);
            }
        }
        if typed.is_empty() {
            return match keyring {
                Some(keyring) => Ok((keyring.certificates().map(Certificate::fingerprint).collect(), Vec::new())),
                None => {
                    Err(nobody_signs(&certificate::own_keys(programs.first().unwrap_or(&PathBuf::from("gpg")))).into())
                }
            };
        }
        let mut files = Vec::new();
        for fingerprint in &typed {
            if keyring.as_ref().is_some_and(|keyring| keyring.get(fingerprint).is_some()) {
                continue;
            }
            let bytes = certificate::export(&programs, fingerprint)?;
            files.push(NewFile::new(layout.keyring.join(format!("{fingerprint}.asc")), bytes));
        }
        let mut signers = typed;
        // those who are there already go on signing
        for there in keyring.iter().flat_map(Keyring::certificates).map(Certificate::fingerprint) {
            if !signers.contains(&there) {
                signers.push(there);
            }
        }
        Ok((signers, files))
    }
}

/// Who maintains the package, by the environment or by git.
pub(super) fn maintainer() -> Result<Maintainer, Failure> {
    let git = |key: &str| {
        let bytes = Program::new(["git", "config", "--get", key]).run().ok()?;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned()).filter(|text| !text.is_empty())
    };
    let (name, mail) = env::maintainer();
    let (name, mail) = (name.or_else(|| git("user.name")), mail.or_else(|| git("user.email")));
    Maintainer::of(name.as_deref(), mail.as_deref().unwrap_or_default()).ok_or_else(|| {
        Refusal::new(Code::MaintainerMissing, "nobody is named who maintains the package")
            .expected("a name and an address")
            .found(format!("`{}` and `{}`", name.unwrap_or_default(), mail.unwrap_or_default()))
            .hint("set DEBFULLNAME and DEBEMAIL, or git's user.name and user.email")
            .into()
    })
}

/// What somebody can do who named no key.
fn nobody_signs(keys: &[OwnKey]) -> Refusal {
    let refusal = Refusal::new(Code::SignerMissing, "nobody is named who signs for the wheels");
    match keys {
        [one] => refusal
            .found(format!("one key of yours: {}", one.user_id))
            .hint(format!("if it is to sign, run `rustvenv init --signer {}`", one.fingerprint)),
        [] => refusal.found("no secret key that signs").hint(
            "`gpg --quick-generate-key \"NAME <ADDRESS>\"` makes a key; then run init with `--signer` and its fingerprint",
        ),
        several => refusal
            .found(several.iter().map(|key| format!("{} {}", key.fingerprint, key.user_id)).collect::<Vec<_>>().join(", "))
            .hint("run init with `--signer` and the fingerprint of the key that is to sign"),
    }
}
