//! What a key of a certificate was at some time.
//!
//! Enter a certificate, one of its keys and a time; leaves a [`Standing`]: fit to sign, or why not. Rules R5 and R6. A
//! hard revocation (compromised, or without a reason) counts at every time, a soft one (retired, superseded) from its
//! date. What binds a key is looked up at the time in question, not today; when gpg has dropped the self-signatures of
//! that time, the earliest later ones at which the key was fit are used, which is a function of the certificate alone.
//! Deliberately absent: whether anybody has signed anything.

use super::keyring::{Certificate, Keyring};
use super::openpgp::{Rules, seconds_of, time_of};
use crate::code::Code;
use crate::date::iso_utc;
use crate::refusal::Refusal;
use sequoia_openpgp as pgp;
use sequoia_openpgp::cert::amalgamation::key::{ErasedKeyAmalgamation, PrimaryKey as _};
use sequoia_openpgp::cert::amalgamation::{ValidAmalgamation as _, ValidateAmalgamation as _};
use sequoia_openpgp::packet::{Signature, key};
use sequoia_openpgp::types::{ReasonForRevocation, RevocationStatus, RevocationType, SignatureType};
use std::collections::BTreeSet;

/// Where to look up what is needed besides the certificate.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    /// For the certificates of designated revokers.
    pub(super) keyring: &'a Keyring,
    /// Which algorithms are good enough.
    pub(super) rules: &'a Rules,
}

/// What a key of a certificate was at some time.
pub(super) enum Standing {
    /// Bound, alive, not revoked and meant for signing.
    Fit,
    /// Nothing binds it to the certificate; with the reason when the policy is the reason.
    Unbound(Option<String>),
    /// It had expired.
    Expired(Option<u64>),
    /// It was revoked.
    Revoked(Revocation),
    /// It is not meant for signing.
    NotForSigning,
}

pub(super) struct Revocation {
    pub(super) time: u64,
    pub(super) hard: bool,
    pub(super) reason: String,
    /// Whether it is about a subkey alone.
    of_subkey: bool,
}

impl Revocation {
    fn of(signature: &Signature) -> Self {
        let (reason, text) = match signature.reason_for_revocation() {
            Some((reason, text)) => (reason, String::from_utf8_lossy(text).into_owned()),
            None => (ReasonForRevocation::Unspecified, String::new()),
        };
        let name = match reason {
            ReasonForRevocation::KeyCompromised => "the key was compromised".to_owned(),
            ReasonForRevocation::KeySuperseded => "the key is superseded".to_owned(),
            ReasonForRevocation::KeyRetired => "the key is retired".to_owned(),
            ReasonForRevocation::Unspecified => "no reason given".to_owned(),
            other => other.to_string(),
        };
        Self {
            time: signature.signature_creation_time().map_or(0, seconds_of),
            hard: reason.revocation_type() == RevocationType::Hard,
            of_subkey: signature.typ() == SignatureType::SubkeyRevocation,
            reason: if text.is_empty() { name } else { format!("{name}: {text}") },
        }
    }
}

pub(super) type KeyOfCert<'a> = ErasedKeyAmalgamation<'a, key::PublicParts>;

/// What `key` of `certificate` was at the time `at`.
pub(super) fn standing(look: Look<'_>, certificate: &Certificate, key: &KeyOfCert<'_>, at: u64) -> Standing {
    let primary = certificate.cert().primary_key();
    let hard = primary
        .self_revocations()
        .chain(key.self_revocations())
        .map(Revocation::of)
        .filter(|revocation| revocation.hard)
        .min_by_key(|revocation| revocation.time);
    if let Some(revocation) = hard {
        return Standing::Revoked(revocation);
    }
    let valid = match key.clone().with_policy(look.rules, time_of(at)) {
        Ok(valid) => valid,
        Err(error) => return unbound_because(&error),
    };
    for status in [valid.valid_cert().revocation_status(), valid.revocation_status()] {
        let signatures = match status {
            RevocationStatus::Revoked(signatures) => signatures,
            RevocationStatus::CouldBe(signatures) => signatures
                .into_iter()
                .filter(|signature| look.keyring.is_designated(certificate, signature, look.rules))
                .collect(),
            RevocationStatus::NotAsFarAsWeKnow => Vec::new(),
        };
        if let Some(revocation) = signatures.into_iter().map(Revocation::of).min_by_key(|revocation| revocation.time) {
            return Standing::Revoked(revocation);
        }
    }
    if let Err(error) = valid.alive() {
        return Standing::Expired(expiry(&error));
    }
    if valid.for_signing() { Standing::Fit } else { Standing::NotForSigning }
}

/// R6: the earliest later time of a self-signature at which the key was fit to sign. gpg drops the older
/// self-signatures when an expiry is extended, so that an exported certificate no longer says what it was before.
pub(super) fn later_binding(look: Look<'_>, certificate: &Certificate, key: &KeyOfCert<'_>, made: u64) -> Option<u64> {
    let cert = certificate.cert();
    let primary = cert.primary_key();
    if seconds_of(primary.key().creation_time()) > made {
        return None;
    }
    let made_time = |signature: &Signature| signature.signature_creation_time().map(seconds_of);
    // Whoever had retired the key by then has not changed their mind about that signature by using the key again.
    let retired = primary
        .self_revocations()
        .chain(key.self_revocations())
        .any(|revocation| made_time(revocation).is_some_and(|time| time <= made));
    if retired {
        return None;
    }
    let times: BTreeSet<u64> = primary
        .self_signatures()
        .chain(cert.userids().flat_map(|user_id| user_id.self_signatures()))
        .chain(key.self_signatures())
        .filter_map(made_time)
        .filter(|time| *time > made)
        .collect();
    times.into_iter().find(|time| matches!(standing(look, certificate, key, *time), Standing::Fit))
}

/// The refusal that follows from what the key was when it signed.
pub(super) fn refuse(
    site: &str,
    certificate: &Certificate,
    key: &KeyOfCert<'_>,
    made: u64,
    standing: Standing,
) -> Result<(), Refusal> {
    let by = certificate.describe();
    let (made, place) = (iso_utc(made), certificate.place());
    let which =
        if key.primary() { "the primary key".to_owned() } else { format!("the subkey {}", key.key().fingerprint()) };
    Err(match standing {
        Standing::Fit => return Ok(()),
        Standing::Unbound(None) => unbound(site, certificate)
            .expected(format!(
                "self-signatures that bind {which} when it signed on {made}, and a back-signature of a \
                               subkey"
            ))
            .found(format!("none that is valid in {place}"))
            .hint("export the certificate again from its owner's keyring and add it to the keyring"),
        Standing::Unbound(Some(why)) => {
            weak(site, "self-signatures made with SHA-256 or better").found(format!("{why} in {by}")).hint(
                "the signer renews the self-signatures, for instance by setting the expiry of the key again, and \
                   exports it",
            )
        }
        Standing::Expired(time) => {
            Refusal::new(Code::SignerExpired, format!("{site} is by a key that had expired when it signed"))
                .expected(format!("a key that was valid on {made}"))
                .found(match time {
                    Some(time) => format!("{which} of {by} expired on {}", iso_utc(time)),
                    None => format!("{which} of {by} was not valid then"),
                })
                .hint(format!(
                    "if the signer has extended the expiry, add the renewed certificate to {place} and keep the old \
                     copy beside it"
                ))
        }
        Standing::Revoked(revocation) => {
            let (expected, hint) = if revocation.hard {
                (
                    "a key that was never revoked as compromised or without a reason",
                    "this signature is worth nothing: review the manifest and have it signed with another key",
                )
            } else {
                ("a key that was not yet retired when it signed", "have the manifest signed with another key")
            };
            let what = if revocation.of_subkey { format!("{which} of {by}") } else { by };
            let Revocation { time, reason, .. } = revocation;
            Refusal::new(Code::SignerRevoked, format!("{site} is by a key that is revoked"))
                .expected(expected)
                .found(format!("{what} was revoked on {} ({reason}), the signature is of {made}", iso_utc(time)))
                .hint(hint)
        }
        Standing::NotForSigning => {
            Refusal::new(Code::SignerNotForSigning, format!("{site} is by a key that is not meant for signing data"))
                .expected("a key with the signing flag")
                .found(format!("{which} of {by}"))
                .hint("have the manifest signed with a signing key")
        }
    })
}

/// Why sequoia says that nothing binds a key at some time.
fn unbound_because(error: &pgp::anyhow::Error) -> Standing {
    for cause in error.chain() {
        match cause.downcast_ref::<pgp::Error>() {
            Some(pgp::Error::PolicyViolation(what, _)) => return Standing::Unbound(Some(what.clone())),
            Some(pgp::Error::Expired(time)) => return Standing::Expired(Some(seconds_of(*time))),
            _ => {}
        }
    }
    Standing::Unbound(None)
}

fn expiry(error: &pgp::anyhow::Error) -> Option<u64> {
    error.chain().find_map(|cause| match cause.downcast_ref::<pgp::Error>() {
        Some(pgp::Error::Expired(time)) => Some(seconds_of(*time)),
        _ => None,
    })
}

/// A refusal for an algorithm that is too weak.
pub(super) fn weak(site: &str, expected: &str) -> Refusal {
    Refusal::new(Code::SignatureWeak, format!("{site} rests on a weak algorithm")).expected(expected)
}

/// A refusal for a key that a certificate does not vouch for.
fn unbound(site: &str, certificate: &Certificate) -> Refusal {
    Refusal::new(Code::SignerUnbound, format!("{site} is by a key that {} does not vouch for", certificate.describe()))
}
