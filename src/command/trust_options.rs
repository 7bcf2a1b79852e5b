//! The options of the maintainers' commands that say who has to have signed a list.
//!
//! Enters: [`TrustArguments`], as typed. Leaves: a policy, a keyring, a verified list. In contrast to a package build these commands
//! are about today: without another date the clock says what has expired, so that a list that a signer's lost key still vouches for
//! is warned of. The date decides whether a list is accepted; it reaches nothing that is written.

use super::trust_files;
use crate::cli::TrustArguments;
use crate::date::parse_utc;
use crate::limits::Limits;
use crate::refusal::Failure;
use crate::system::{clock, env};
use crate::trust::keyring::Keyring;
use crate::trust::openpgp::Policy;
use crate::trust::verified::{self, VerifiedManifest};
use std::path::{Path, PathBuf};

/// The policy that was typed.
///
/// # Errors
/// What of it cannot be read.
pub fn policy(arguments: &TrustArguments) -> Result<Policy, Failure> {
    let time = |option: &str, text: &str| {
        parse_utc(text).ok_or_else(|| {
            Failure::unable_hint(
                format!("{option} is no time: `{text}`"),
                "write `2024-04-10`, `2024-04-10T12:00:00Z` (UTC) or seconds since 1970",
            )
        })
    };
    let reference_time = match &arguments.reference_time {
        Some(text) => time("--reference-time", text)?,
        None => env::source_date_epoch()?.unwrap_or_else(clock::now),
    };
    Ok(Policy {
        signers: trust_files::fingerprints(&arguments.signers)?,
        threshold: arguments.threshold,
        not_before: arguments.not_before.as_deref().map(|text| time("--not-before", text)).transpose()?,
        max_age: arguments.max_age.map(|days| days.saturating_mul(86_400)),
        project: arguments.manifest_project.clone(),
        minimum_serial: arguments.minimum_serial,
        ..Policy::new(reference_time)
    })
}

/// The date by which a signature is judged that is made in this run, whatever time the environment has for builds.
pub fn today() -> u64 {
    clock::now()
}

/// The certificates that were named.
///
/// # Errors
/// When none was, or one cannot be read.
pub fn keyring(arguments: &TrustArguments, limits: &Limits) -> Result<Keyring, Failure> {
    if arguments.keyring.is_empty() {
        return Err(Failure::unable_hint(
            "nobody is named whose signature counts",
            "`--keyring PATH` takes the certificates of those who sign the list",
        ));
    }
    let places: Vec<(PathBuf, String)> =
        arguments.keyring.iter().map(|path| (path.clone(), path.display().to_string())).collect();
    trust_files::keyring(&places, limits)
}

/// The list in the file `manifest`, verified with the signatures beside it. What is worth saying all the same is said.
///
/// # Errors
/// Every reason why it is not to be believed.
pub fn verified(manifest: &Path, arguments: &TrustArguments, limits: &Limits) -> Result<VerifiedManifest, Failure> {
    let policy = policy(arguments)?;
    let keyring = keyring(arguments, limits)?;
    let signatures = trust_files::signatures_beside(manifest)?;
    let unverified = trust_files::unverified(manifest, &signatures, limits)?;
    let verified = verified::verify(unverified, &keyring, &policy)?;
    for warning in verified.warnings() {
        super::say(&warning.to_string());
    }
    Ok(verified)
}
