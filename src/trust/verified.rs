//! The proofs: what only a verification can make.
//!
//! Enter an [`UnverifiedManifest`], the keyring and the policy; leaves a [`VerifiedManifest`], whose constructor is
//! private to this module and stands next to the one function that calls it. It keeps the very bytes that were
//! verified, so that nothing is read twice. Rules R7 and R12. Deliberately absent: a way to make a proof of anything
//! else, and an accepting mode: a package without signatures does not get here.

use super::InputFile;
use super::check_size;
use super::judge::{Judge, Verdict};
use super::keyring::Keyring;
use super::manifest::{Entry, Header, Manifest};
use super::openpgp::{self, Fingerprint, Policy, Signer, Warning, WarningKind};
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::refusal::Refusal;
use std::collections::BTreeMap;

/// A manifest and what claims to be its signatures.
#[derive(Clone, Debug)]
pub struct UnverifiedManifest {
    /// The manifest.
    pub manifest: InputFile,
    /// The signature files.
    pub signatures: Vec<InputFile>,
}

/// A manifest that enough of the right people have signed.
#[derive(Clone, Debug)]
pub struct VerifiedManifest {
    content: Manifest,
    signers: Vec<Signer>,
    warnings: Vec<Warning>,
    manifest: InputFile,
    signatures: Vec<InputFile>,
}

impl VerifiedManifest {
    /// The line about a file.
    pub fn entry(&self, file_name: &str) -> Option<&Entry> {
        self.content.entry(file_name)
    }

    /// The lines with a digest, sorted by name.
    pub fn by_digest(&self, digest: &Sha256) -> impl Iterator<Item = &Entry> {
        self.content.by_digest(digest)
    }

    /// All lines, sorted by name. None is possible: such a list is authentic and authorises nothing (R12).
    pub fn entries(&self) -> &[Entry] {
        self.content.entries()
    }

    /// What the list says about itself.
    pub fn header(&self) -> Option<&Header> {
        self.content.header()
    }

    /// Who has signed, one for each certificate, sorted by fingerprint.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// What is worth saying all the same, sorted.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The manifest that was verified, byte for byte.
    pub fn manifest(&self) -> &InputFile {
        &self.manifest
    }

    /// The signature files that it was verified with, byte for byte.
    pub fn signatures(&self) -> &[InputFile] {
        &self.signatures
    }
}

/// Verifies that enough of the right people have signed the manifest, and reads it.
///
/// A pure function of its arguments and of constants of this program ([`openpgp::POLICY_DATE`]).
///
/// # Errors
/// Every reason why not, in no particular order. The manifest's lines are looked at only after it was found authentic.
pub fn verify(
    unverified: UnverifiedManifest,
    keyring: &Keyring,
    policy: &Policy,
) -> Result<VerifiedManifest, Vec<Refusal>> {
    let UnverifiedManifest { manifest, signatures } = unverified;
    let (signers, warnings) = check_signatures(&manifest, &signatures, keyring, policy)?;
    let content = Manifest::parse(&manifest)?;
    check_header(&manifest, content.header(), policy)?;
    Ok(VerifiedManifest { content, signers, warnings, manifest, signatures })
}

/// The signers, or why they are not enough.
fn check_signatures(
    manifest: &InputFile,
    signatures: &[InputFile],
    keyring: &Keyring,
    policy: &Policy,
) -> Result<(Vec<Signer>, Vec<Warning>), Vec<Refusal>> {
    check_settings(policy).map_err(|refusal| vec![refusal])?;
    check_size(manifest, Limits::DEFAULT.manifest_size).map_err(|refusal| vec![refusal])?;
    if signatures.is_empty() {
        return Err(vec![
            Refusal::new(Code::SignatureMissing, format!("`{}` has no signature file", manifest.name))
                .expected(format!("a detached signature, for instance `{}.asc`", manifest.name))
                .found("none")
                .hint(format!("review the manifest and sign it with `gpg --armor --detach-sign {}`", manifest.name)),
        ]);
    }
    let unjudged = openpgp::signatures(signatures)?;
    let mut judge = Judge::new(manifest, keyring, policy);
    let mut good: BTreeMap<Fingerprint, Signer> = BTreeMap::new();
    let (mut warnings, mut nothing, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for signature in &unjudged {
        match judge.judge(signature) {
            Verdict::Good(signer, said) => {
                warnings.extend(said);
                // Of several signatures by one certificate the newest is shown; they count once.
                let newest = good.get(&signer.fingerprint).is_none_or(|known| known.time < signer.time);
                if newest {
                    good.insert(signer.fingerprint.clone(), signer);
                }
            }
            Verdict::Nothing(refusal) => nothing.push(refusal),
            Verdict::Refused(refusal) => refused.push(refusal),
        }
    }
    if good.len() < policy.threshold {
        refused.append(&mut nothing);
        // With one signer wanted and none there, the other refusals have said it all.
        if policy.threshold > 1 || refused.is_empty() {
            refused.push(threshold_not_met(manifest, keyring, policy, &good, &judge));
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    warnings.extend(nothing.into_iter().map(extra));
    warnings.sort();
    warnings.dedup();
    Ok((good.into_values().collect(), warnings))
}

/// R10 and R11: refuses a list that was validly signed for another project, or before the one that is wanted.
fn check_header(manifest: &InputFile, header: Option<&Header>, policy: &Policy) -> Result<(), Vec<Refusal>> {
    let mut refusals = Vec::new();
    let place = header.map_or_else(|| "no header line".to_owned(), |header| format!("line {}", header.line));
    let named = header.and_then(|header| header.project.as_ref());
    if let Some(project) = policy.project.as_ref().filter(|project| named != Some(project)) {
        refusals.push(
            Refusal::new(Code::ManifestProject, format!("`{}` is not the list of this project", manifest.name))
                .expected(format!("a header line with `project={project}`"))
                .found(
                    named.map_or_else(|| format!("no project ({place})"), |name| format!("project={name} ({place})")),
                )
                .hint("use this project's own manifest; to name the project in it, add the line and have it signed"),
        );
    }
    let serial = header.and_then(|header| header.serial);
    if let Some(minimum) = policy.minimum_serial.filter(|minimum| serial.is_none_or(|serial| serial < *minimum)) {
        refusals.push(
            Refusal::new(Code::ManifestRollback, format!("`{}` is older than allowed", manifest.name))
                .expected(format!("a header line with `serial=` of {minimum} or more"))
                .found(serial.map_or_else(|| format!("no serial ({place})"), |serial| format!("{serial} ({place})")))
                .hint("an older manifest was put in the place of a newer one; use the current one with its signature"),
        );
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

/// Refuses a threshold that says nothing or cannot be met.
fn check_settings(policy: &Policy) -> Result<(), Refusal> {
    let mut signers: Vec<&Fingerprint> = policy.signers.iter().collect();
    signers.sort();
    signers.dedup();
    let impossible = |found: String| {
        Refusal::new(Code::ThresholdImpossible, format!("the threshold {} makes no sense", policy.threshold))
            .expected("at least 1, and not more than the number of different fingerprints in `signers`")
            .found(found)
            .hint("correct `threshold`, or add the missing signers")
    };
    if policy.threshold == 0 {
        return Err(impossible("0, so that nobody needs to have signed".into()));
    }
    if !signers.is_empty() && policy.threshold > signers.len() {
        return Err(impossible(format!("{} of {} signers", policy.threshold, signers.len())));
    }
    Ok(())
}

fn threshold_not_met(
    manifest: &InputFile,
    keyring: &Keyring,
    policy: &Policy,
    good: &BTreeMap<Fingerprint, Signer>,
    judge: &Judge<'_>,
) -> Refusal {
    const SHOWN: usize = 10;
    let mut missing: Vec<String> = keyring
        .certificates()
        .filter(|certificate| judge.may_sign(certificate) && !good.contains_key(&certificate.fingerprint()))
        .map(super::keyring::Certificate::describe)
        .collect();
    let absent = policy.signers.iter().filter(|signer| keyring.get(signer).is_none());
    missing.extend(absent.map(|signer| match keyring.owner_of_subkey(signer) {
        Some(owner) => format!("{signer} (a subkey; pin the primary key {owner})"),
        None => format!("{signer} (no certificate in the keyring)"),
    }));
    let more = missing.len().saturating_sub(SHOWN);
    missing.truncate(SHOWN);
    if more > 0 {
        missing.push(format!("{more} more"));
    }
    let have: Vec<String> =
        good.values().map(|signer| format!("{} (`{}`)", signer.fingerprint, signer.key_file)).collect();
    let found = match have.len() {
        0 => "none".to_owned(),
        count => format!("{count}: {}", have.join("; ")),
    };
    let hint = if missing.is_empty() {
        "the keyring has no other certificate: add those of the other signers, and have the manifest signed by them"
            .to_owned()
    } else {
        format!("have the manifest signed by more of: {}", missing.join("; "))
    };
    Refusal::new(Code::ThresholdNotMet, format!("too few signers have signed `{}`", manifest.name))
        .expected(format!("good signatures by {} different certificates", policy.threshold))
        .found(found)
        .hint(hint)
}

/// A signature that counts as nothing, next to enough good ones.
fn extra(refusal: Refusal) -> Warning {
    let found = refusal.found.map(|found| format!(" ({found})")).unwrap_or_default();
    Warning { kind: WarningKind::Extra, message: format!("{}{found}; it counts as nothing", refusal.message) }
}
