//! `rustvenv verify`: is this list signed by enough of the right people, and are these files and requirements on it?
//!
//! The same verification as in a package build, for people and for CI. One line a valid signer goes to standard output. The
//! clock is deliberately not asked: the verdict is that of the reference time, today and in ten years.

use super::{inputs, locks, trust_files};
use crate::cli::{Format, VerifyArguments};
use crate::date::{iso_utc, parse_utc};
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::lock::Lock;
use crate::python::dependency::Target;
use crate::python::marker::Requested;
use crate::refusal::{Failure, Refusal, printable};
use crate::system::fs::{self, Kind};
use crate::trust::binding::{check_files, check_lock};
use crate::trust::openpgp::{Policy, Signer};
use crate::trust::verified::{self, VerifiedManifest};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Carries the command out.
///
/// # Errors
/// Every reason why the list, a requirement or a file is not what was approved.
pub fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let limits = Limits::DEFAULT;
    let policy = policy(arguments)?;
    let places: Vec<(PathBuf, String)> =
        arguments.keyring.iter().map(|path| (path.clone(), path.display().to_string())).collect();
    let keyring = trust_files::keyring(&places, &limits)?;
    let signatures = match arguments.signature.as_slice() {
        [] => trust_files::signatures_beside(&arguments.manifest)?,
        named => named.to_vec(),
    };
    let unverified = trust_files::unverified(&arguments.manifest, &signatures, &limits)?;
    let manifest = verified::verify(unverified, &keyring, &policy)?;
    for warning in manifest.warnings() {
        super::say(&warning.to_string());
    }
    let mut refusals: Vec<Refusal> = Vec::new();
    let lock = lock(arguments, &limits)?;
    if let Some(lock) = &lock {
        refusals.extend(check_lock(lock, &manifest));
    }
    if !arguments.wheels.is_empty() {
        let files = files(&arguments.wheels, &arguments.manifest, &signatures, &limits)?;
        refusals.extend(check_files(&files, lock.as_ref(), &manifest));
    }
    if !refusals.is_empty() {
        return Err(refusals.into());
    }
    let lines: String = manifest.signers().iter().map(|signer| line(signer, &manifest, arguments.format)).collect();
    super::print(&lines)
}

fn line(signer: &Signer, manifest: &VerifiedManifest, format: Format) -> String {
    let time = iso_utc(signer.time);
    match format {
        Format::Text => {
            let user_id = printable(signer.user_id.as_deref().unwrap_or(""));
            format!("{} {time} {user_id}\n", signer.fingerprint)
        }
        Format::Json => {
            let value = serde_json::json!({
                "fingerprint": signer.fingerprint.to_string(),
                "signing-key": signer.signing_key.to_string(),
                "user-id": signer.user_id,
                "signed": time,
                "certificate": signer.key_file,
                "signature": signer.signature_file,
                "entries": manifest.entries().len(),
            });
            format!("{value}\n")
        }
    }
}

/// The time that an option gives.
fn time(option: &str, text: &str) -> Result<u64, Failure> {
    parse_utc(text).ok_or_else(|| {
        Failure::unable_hint(
            format!("{option} is no time: `{text}`"),
            "write `2024-04-10`, `2024-04-10T12:00:00Z` (UTC) or seconds since 1970",
        )
    })
}

/// The date for which signatures are judged: that of the option, else that of the source package.
pub(super) fn reference_time(option: Option<&str>) -> Result<u64, Failure> {
    match option {
        Some(text) => time("--reference-time", text),
        None => inputs::source_date_epoch(Path::new(".")).map_err(|_| {
            Failure::unable_hint(
                "there is no reference time: neither --reference-time nor SOURCE_DATE_EPOCH nor debian/changelog gives one",
                "`--reference-time` takes the date for which the question is asked, such as that of the release",
            )
        }),
    }
}

fn policy(arguments: &VerifyArguments) -> Result<Policy, Failure> {
    let reference_time = reference_time(arguments.reference_time.as_deref())?;
    Ok(Policy {
        signers: trust_files::fingerprints(&arguments.signers)?,
        threshold: arguments.threshold,
        not_before: arguments.not_before.as_deref().map(|text| time("--not-before", text)).transpose()?,
        max_age: arguments.max_age.map(|days| days.saturating_mul(86_400)),
        ..Policy::new(reference_time)
    })
}

/// The requirements for the target, when any were named.
fn lock(arguments: &VerifyArguments, limits: &Limits) -> Result<Option<Lock>, Failure> {
    if arguments.requirements.is_empty() {
        return Ok(None);
    }
    let (interpreter, architecture) = locks::target(arguments.python.as_deref(), arguments.architecture.as_deref())?;
    let target = Target::new(&interpreter, &architecture).map_err(Failure::unable)?;
    let requested = Requested {
        extras: locks::names("--extra", &arguments.extras)?,
        groups: locks::names("--group", &arguments.groups)?,
    };
    locks::lock(&arguments.requirements, &target, &requested, limits).map(Some)
}

/// Digests of the files in `directories` by name; the manifest and its signatures, where they lie among them, are left out, and
/// so are hidden files.
fn files(
    directories: &[PathBuf],
    manifest: &Path,
    signatures: &[PathBuf],
    limits: &Limits,
) -> Result<BTreeMap<String, Sha256>, Failure> {
    let own: Vec<PathBuf> = std::iter::once(manifest)
        .chain(signatures.iter().map(PathBuf::as_path))
        .map(fs::canonicalize)
        .collect::<Result<_, _>>()?;
    let mut files = BTreeMap::new();
    for directory in directories {
        for entry in fs::list(directory)? {
            let name = entry.name.to_string_lossy().into_owned();
            if name.starts_with('.') || (entry.kind == Kind::File && own.contains(&fs::canonicalize(&entry.path)?)) {
                continue;
            }
            if entry.kind == Kind::Directory {
                return Err(Failure::unable(format!("{} is a directory, and wheels lie flat", entry.path.display())));
            }
            if files.len() >= limits.wheel_files {
                return Err(Failure::unable(format!(
                    "{} has more than {} files",
                    directory.display(),
                    limits.wheel_files
                )));
            }
            let (digest, _) = fs::digest(&entry.path)?;
            if files.insert(name.clone(), digest).is_some_and(|earlier| earlier != digest) {
                return Err(Failure::unable(format!("two of the directories have different files `{name}`")));
            }
        }
    }
    Ok(files)
}
