//! The verdict on one signature.
//!
//! Enter a signature packet, the manifest's bytes, the keyring and the policy; leaves a [`Verdict`]: it counts, it
//! counts as nothing, or it is refused. Rules R4 to R10. The order of the questions is: can this be read, is it
//! arithmetically right, is its date possible, was the key fit to sign at that date, is it recent enough. What fails
//! first is what is said, because what follows would rest on it. Deliberately absent: counting signers, which is for
//! the caller, and today's date. A certificate is judged at the time when it signed (R5), with one fallback (R6).

use super::InputFile;
use super::armor::Checksum;
use super::keyring::{Certificate, Keyring};
use super::openpgp::{
    self, Content, FUTURE_TOLERANCE, Fingerprint, Lapsed, Policy, Rules, Signer, Unjudged, Warning, WarningKind,
    damaged_at, seconds_of, time_of,
};
use super::standing::{self, KeyOfCert, Look, Standing, weak};
use crate::code::Code;
use crate::date::iso_utc;
use crate::refusal::Refusal;
use sequoia_openpgp as pgp;
use sequoia_openpgp::crypto::hash::{Context, Hash as _};
use sequoia_openpgp::crypto::mpi;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::{Key, PublicParts, UnspecifiedRole};
use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketTag, SubpacketValue};
use sequoia_openpgp::types::{HashAlgorithm, PublicKeyAlgorithm, SignatureType};
use std::collections::BTreeSet;

/// What one signature is worth.
pub(super) enum Verdict {
    /// It counts for its signer.
    Good(Signer, Vec<Warning>),
    /// It counts as nothing and harms nothing: nobody who may sign has made it, or this program cannot check it.
    Nothing(Refusal),
    /// Somebody who may sign seems to have made it, and it must not be accepted.
    Refused(Refusal),
}

/// Everything that the verdict depends on, besides the signature.
pub(super) struct Judge<'a> {
    manifest: &'a InputFile,
    keyring: &'a Keyring,
    policy: &'a Policy,
    pinned: BTreeSet<&'a Fingerprint>,
    rules: Rules,
    /// The manifest's digests so far, which all version 4 signatures with the same algorithm begin with.
    digests: Vec<(HashAlgorithm, Context)>,
}

/// A refusal, and whether the signature was arithmetically right.
struct No {
    refusal: Refusal,
    verified: bool,
    /// Whether another build of this program could come to another verdict.
    unsupported: bool,
}

impl No {
    fn before(refusal: Refusal) -> Self {
        Self { refusal, verified: false, unsupported: false }
    }

    fn after(refusal: Refusal) -> Self {
        Self { refusal, verified: true, unsupported: false }
    }

    fn unsupported(refusal: Refusal) -> Self {
        Self { refusal, verified: false, unsupported: true }
    }
}

type PublicKey = Key<PublicParts, UnspecifiedRole>;

impl<'a> Judge<'a> {
    pub(super) fn new(manifest: &'a InputFile, keyring: &'a Keyring, policy: &'a Policy) -> Self {
        let pinned = policy.signers.iter().collect();
        Self { manifest, keyring, policy, pinned, rules: Rules::new(), digests: Vec::new() }
    }

    fn look(&self) -> Look<'_> {
        Look { keyring: self.keyring, rules: &self.rules }
    }

    /// Whether signatures of this certificate count (R7).
    pub(super) fn may_sign(&self, certificate: &Certificate) -> bool {
        self.pinned.is_empty() || self.pinned.contains(&certificate.fingerprint())
    }

    /// The verdict on one signature.
    pub(super) fn judge(&mut self, unjudged: &Unjudged) -> Verdict {
        let verdict = match &unjudged.content {
            Content::Version(version) => Err((No::before(refuse_version(unjudged, *version)), false)),
            Content::Opaque { algorithm, why } => {
                let what = format!("{algorithm} ({why})");
                Err((No::unsupported(unsupported(&unjudged.site.to_string(), &what)), false))
            }
            Content::Signature(signature) => self.judge_signature(unjudged, signature),
        };
        match verdict {
            Ok((signer, warnings)) => Verdict::Good(signer, warnings),
            Err((no, listed)) => {
                let refusal = if unjudged.checksum == Checksum::Wrong && !no.verified {
                    damaged_at(&unjudged.site.to_string(), "the checksum of its armor is wrong")
                } else {
                    no.refusal
                };
                if listed && !no.unsupported { Verdict::Refused(refusal) } else { Verdict::Nothing(refusal) }
            }
        }
    }

    /// Tries every key that may have made the signature. The error says whether one of those who may sign is concerned.
    fn judge_signature(
        &mut self,
        unjudged: &Unjudged,
        signature: &Signature,
    ) -> Result<(Signer, Vec<Warning>), (No, bool)> {
        let issuers = signature.get_issuers();
        let keyring = self.keyring;
        let mut answers = Vec::new();
        for certificate in keyring.certificates() {
            for key in certificate.cert().keys() {
                if !issuers.iter().any(|issuer| issuer.aliases(key.key().key_handle())) {
                    continue;
                }
                let listed = self.may_sign(certificate);
                match self.judge_with(unjudged, signature, certificate, &key) {
                    Ok(good) if listed => return Ok(good),
                    Ok((signer, _)) => answers.push((No::after(not_pinned(unjudged, &signer, &self.pinned)), false)),
                    Err(no) => answers.push((no, listed)),
                }
            }
        }
        // Several keys can have one key ID; the one that the signature fits says the most.
        answers.sort_by_key(|(no, listed)| (!listed, !no.verified));
        Err(answers.into_iter().next().unwrap_or_else(|| (No::before(self.unknown(unjudged, &issuers)), false)))
    }

    /// The verdict on a signature as one by `key` of `certificate`.
    fn judge_with(
        &mut self,
        unjudged: &Unjudged,
        signature: &Signature,
        certificate: &Certificate,
        key: &KeyOfCert<'_>,
    ) -> Result<(Signer, Vec<Warning>), No> {
        self.check_form(unjudged, signature, certificate, key)?;
        let made = signature.signature_creation_time().map_or(0, seconds_of);
        let born = seconds_of(key.key().creation_time());
        if made < born {
            return Err(No::before(
                Refusal::new(Code::SignerUnbound, format!("{} is dated before its key was made", unjudged.site))
                    .expected(format!("a signature made after the key, which is of {}", iso_utc(born)))
                    .found(format!("a signature of {} by {}", iso_utc(made), certificate.describe()))
                    .hint("the signer's clock was wrong; have the manifest signed again"),
            ));
        }
        self.check_arithmetic(unjudged, signature, certificate, key.key())?;
        self.check_future(unjudged, made).map_err(No::after)?;
        let (judged_at, mut warnings) = self.check_standing(unjudged, certificate, key, made).map_err(No::after)?;
        warnings.extend(self.check_since(unjudged, certificate, key, made, judged_at).map_err(No::after)?);
        self.check_age(unjudged, signature, made).map_err(No::after)?;
        if let (mpi::PublicKey::RSA { .. }, Some(bits @ ..3072)) = (key.key().mpis(), key.key().mpis().bits()) {
            warnings.push(Warning {
                kind: WarningKind::Rsa2048,
                message: format!("{} signs with an RSA key of {bits} bits", certificate.describe()),
            });
        }
        let user_id = certificate
            .cert()
            .with_policy(&self.rules, time_of(judged_at))
            .ok()
            .and_then(|valid| valid.primary_userid().ok())
            .map(|user_id| String::from_utf8_lossy(user_id.userid().value()).into_owned());
        let signer = Signer {
            fingerprint: certificate.fingerprint(),
            signing_key: Fingerprint::of(&key.key().fingerprint()),
            user_id,
            time: made,
            key_file: certificate.files().join(", "),
            signature_file: unjudged.site.file.clone(),
        };
        Ok((signer, warnings))
    }

    /// R4 and R8: type, critical parts and algorithms.
    fn check_form(
        &self,
        unjudged: &Unjudged,
        signature: &Signature,
        certificate: &Certificate,
        key: &KeyOfCert<'_>,
    ) -> Result<(), No> {
        let site = unjudged.site.to_string();
        let by = certificate.describe();
        if signature.signature_creation_time().is_none() {
            return Err(No::before(
                Refusal::new(Code::SignatureFormat, format!("{site} does not say when it was made"))
                    .expected("a time of creation, which every OpenPGP signature has")
                    .found(format!("none in a signature by {by}"))
                    .hint("have the manifest signed again with `gpg --armor --detach-sign`"),
            ));
        }
        if signature.typ() != SignatureType::Binary {
            let found = match signature.typ() {
                SignatureType::Text => format!("a text-mode signature by {by}"),
                other => format!("a signature of the type {other} by {by}"),
            };
            return Err(No::before(
                Refusal::new(Code::SignatureType, format!("{site} is not over a binary document"))
                    .expected("a signature of the type binary document (0x00)")
                    .found(found)
                    .hint("sign the manifest again with `gpg --armor --detach-sign`, without `--textmode`"),
            ));
        }
        let primary = certificate.cert().primary_key();
        for key in [key.key(), primary.key().role_as_unspecified()] {
            if let Some(lacking) = lacking(key) {
                return Err(No::unsupported(unsupported(&site, &format!("{lacking} in {by}"))));
            }
            if let Some(algorithm) = weak_key(key) {
                return Err(No::before(
                    weak(&site, "a key of RSA with at least 2048 bits, of Ed25519 or of a NIST curve")
                        .found(format!("{algorithm} in {by}"))
                        .hint("the signer needs a new key; have the manifest signed with that"),
                ));
            }
        }
        if !self.rules.accepts_hash(signature.hash_algo()) {
            return Err(No::before(
                weak(&site, "SHA-256, SHA-384, SHA-512 or SHA-3")
                    .found(format!("{} in a signature by {by}", signature.hash_algo()))
                    .hint("have the manifest signed again, with `--digest-algo SHA256` when the signer's gpg is old"),
            ));
        }
        if !signature.hash_algo().is_supported() {
            return Err(No::unsupported(unsupported(
                &site,
                &format!("{} in a signature by {by}", signature.hash_algo()),
            )));
        }
        if let Some(part) = critical(signature, &self.rules) {
            return Err(No::before(
                Refusal::new(
                    Code::SignatureCritical,
                    format!("{site} demands that something is understood which is not"),
                )
                .expected("no critical parts but those of the specification")
                .found(format!("{part} in a signature by {by}"))
                .hint("have the manifest signed again without it"),
            ));
        }
        Ok(())
    }

    /// Whether the signature is one by `key` over the manifest.
    fn check_arithmetic(
        &mut self,
        unjudged: &Unjudged,
        signature: &Signature,
        certificate: &Certificate,
        key: &PublicKey,
    ) -> Result<(), No> {
        let digest = self.digest(signature).map_err(|error| {
            No::before(damaged_at(&unjudged.site.to_string(), &format!("its fields contradict each other ({error})")))
        })?;
        if signature.verify_digest(key, digest.as_slice()).is_ok() {
            return match unsigned_part(signature, key, &digest) {
                None => Ok(()),
                Some(what) => Err(No::before(damaged_at(&unjudged.site.to_string(), what))),
            };
        }
        // The signature repeats the first two octets of the digest that was signed. When they are those of the
        // manifest, it is the rest of the signature that was changed.
        if digest.starts_with(signature.digest_prefix()) {
            return Err(No::before(damaged_at(
                &unjudged.site.to_string(),
                "it names the digest of the manifest, but its own number does not fit",
            )));
        }
        Err(No::before(
            Refusal::new(Code::SignatureMismatch, format!("`{}` is not what was signed", self.manifest.name))
                .expected(format!(
                    "the bytes that {} signed on {}",
                    certificate.describe(),
                    iso_utc(signature.signature_creation_time().map_or(0, seconds_of))
                ))
                .found(format!("other bytes, by {}", unjudged.site))
                .hint(
                    "the file was edited after it was signed, or belongs to another signature: compare it with the \
                     one that was reviewed, and have it signed again only when the difference is understood",
                ),
        ))
    }

    /// The digest that the signature is about: manifest and hashed part of the signature.
    fn digest(&mut self, signature: &Signature) -> pgp::Result<Vec<u8>> {
        let algorithm = signature.hash_algo();
        let start = || pgp::Result::Ok(algorithm.context()?.for_signature(signature.version()));
        let mut context = match (signature.salt(), self.digests.iter().find(|(known, _)| *known == algorithm)) {
            (Some(salt), _) => {
                let mut context = start()?;
                context.update(salt);
                context.update(&self.manifest.bytes);
                context
            }
            (None, Some((_, context))) => context.clone(),
            (None, None) => {
                let mut context = start()?;
                context.update(&self.manifest.bytes);
                self.digests.push((algorithm, context.clone()));
                context
            }
        };
        signature.hash(&mut context)?;
        context.into_digest()
    }

    /// R9: not far in the future.
    fn check_future(&self, unjudged: &Unjudged, made: u64) -> Result<(), Refusal> {
        let latest = self.policy.reference_time.saturating_add(FUTURE_TOLERANCE);
        if made <= latest {
            return Ok(());
        }
        Err(Refusal::new(Code::SignatureFuture, format!("{} is dated far in the future", unjudged.site))
            .expected(format!(
                "a date until {}, which is 366 days after the reference time {}",
                iso_utc(latest),
                iso_utc(self.policy.reference_time)
            ))
            .found(iso_utc(made))
            .hint(
                "the reference time is the date of the top entry of debian/changelog, unless it is given: bring that \
                 up to date, or have the manifest signed again with a correct clock",
            ))
    }

    /// R5 and R6: the key at the time when it signed. Returns the time at which the certificate was looked at.
    fn check_standing(
        &self,
        unjudged: &Unjudged,
        certificate: &Certificate,
        key: &KeyOfCert<'_>,
        made: u64,
    ) -> Result<(u64, Vec<Warning>), Refusal> {
        let standing = standing::standing(self.look(), certificate, key, made);
        let Standing::Unbound(policy) = standing else {
            return standing::refuse(&unjudged.site.to_string(), certificate, key, made, standing)
                .map(|()| (made, Vec::new()));
        };
        if let Some(later) = standing::later_binding(self.look(), certificate, key, made) {
            let message = format!(
                "{} has no self-signature as old as its signature of {}; that of {} was used",
                certificate.describe(),
                iso_utc(made),
                iso_utc(later)
            );
            return Ok((later, vec![Warning { kind: WarningKind::Stripped, message }]));
        }
        standing::refuse(&unjudged.site.to_string(), certificate, key, made, Standing::Unbound(policy))
            .map(|()| (made, Vec::new()))
    }

    /// R9: what became of the key between the signature and the reference time.
    fn check_since(
        &self,
        unjudged: &Unjudged,
        certificate: &Certificate,
        key: &KeyOfCert<'_>,
        made: u64,
        judged_at: u64,
    ) -> Result<Option<Warning>, Refusal> {
        let now = self.policy.reference_time;
        if now <= judged_at {
            return Ok(None);
        }
        let (kind, what) = match standing::standing(self.look(), certificate, key, now) {
            Standing::Fit | Standing::NotForSigning => return Ok(None),
            Standing::Revoked(revocation) => (
                WarningKind::RetiredSince,
                format!("was revoked on {} ({})", iso_utc(revocation.time), revocation.reason),
            ),
            Standing::Expired(Some(time)) => (WarningKind::ExpiredSince, format!("expired on {}", iso_utc(time))),
            Standing::Expired(None) | Standing::Unbound(_) => {
                (WarningKind::ExpiredSince, format!("was no longer valid on {}", iso_utc(now)))
            }
        };
        if self.policy.lapsed == Lapsed::Warned {
            let message = format!("{} signed on {} and {what}", certificate.describe(), iso_utc(made));
            return Ok(Some(Warning { kind, message }));
        }
        let code = if kind == WarningKind::RetiredSince { Code::SignerRevoked } else { Code::SignerExpired };
        Err(Refusal::new(code, format!("{} is by a key that is no longer valid", unjudged.site))
            .expected(format!("a key that is valid at the reference time {}", iso_utc(now)))
            .found(format!("{} signed on {} and {what}", certificate.describe(), iso_utc(made)))
            .hint(
                "have the manifest signed again with a valid key, or add the signer's renewed certificate to the \
                   keyring",
            ))
    }

    /// R9 and R10: not expired, not older than the configuration allows.
    fn check_age(&self, unjudged: &Unjudged, signature: &Signature, made: u64) -> Result<(), Refusal> {
        let now = self.policy.reference_time;
        if let Some(period) = signature.signature_validity_period().map(|period| period.as_secs()) {
            let end = made.saturating_add(period);
            if period > 0 && end <= now {
                return Err(Refusal::new(Code::SignatureExpired, format!("{} has expired", unjudged.site))
                    .expected(format!("a signature that is valid at the reference time {}", iso_utc(now)))
                    .found(format!("made on {}, valid until {}", iso_utc(made), iso_utc(end)))
                    .hint("have the manifest reviewed and signed again"));
            }
        }
        if let Some(floor) = self.policy.not_before.filter(|floor| made < *floor) {
            return Err(Refusal::new(Code::ManifestRollback, format!("{} is older than allowed", unjudged.site))
                .expected(format!("a signature not older than `not-before`, {}", iso_utc(floor)))
                .found(format!("a signature of {}", iso_utc(made)))
                .hint(
                    "an older manifest was put in the place of a newer one; use the current manifest with its \
                       signature",
                ));
        }
        if let Some(max_age) = self.policy.max_age.filter(|max_age| now.saturating_sub(made) > *max_age) {
            return Err(Refusal::new(Code::ManifestTooOld, format!("{} is too old", unjudged.site))
                .expected(format!(
                    "a signature not older than `max-age`, {} days before the reference time {}",
                    max_age / 86_400,
                    iso_utc(now)
                ))
                .found(format!("a signature of {}", iso_utc(made)))
                .hint("have the manifest reviewed and signed again"));
        }
        Ok(())
    }

    fn unknown(&self, unjudged: &Unjudged, issuers: &[pgp::KeyHandle]) -> Refusal {
        const SHOWN: usize = 10;
        let names = openpgp::names(issuers);
        let found =
            if names.is_empty() { "a signature that does not name its key".into() } else { format!("key {names}") };
        let known = self.keyring.certificates().filter(|known| self.may_sign(known)).map(Certificate::describe);
        let absent = self.policy.signers.iter().filter(|signer| self.keyring.get(signer).is_none());
        let absent = absent.map(|signer| format!("{signer} (pinned, but not in the keyring)"));
        let wanted: Vec<String> = known.chain(absent).take(SHOWN).collect();
        Refusal::new(Code::SignerUnknown, format!("{} was made by a key that is not in the keyring", unjudged.site))
            .expected(format!("a signature by {}", wanted.join(" or ")))
            .found(found)
            .hint("add the signer's certificate if they may sign, or have the manifest signed by somebody who may")
    }
}

fn refuse_version(unjudged: &Unjudged, version: u8) -> Refusal {
    Refusal::new(Code::SignatureVersion, format!("{} has a version that is not accepted", unjudged.site))
        .expected("version 4 or version 6")
        .found(format!("version {version}"))
        .hint("have the manifest signed again with a current program")
}

fn unsupported(site: &str, what: &str) -> Refusal {
    Refusal::new(Code::SignatureUnsupported, format!("{site} uses an algorithm that this build does not have"))
        .expected("RSA, Ed25519 or a NIST curve, which every build has")
        .found(format!("{what}; the backend is {}", pgp::crypto::backend()))
        .hint("have the manifest signed with another key, or build with a backend that has the algorithm")
}

fn not_pinned(unjudged: &Unjudged, signer: &Signer, pinned: &BTreeSet<&Fingerprint>) -> Refusal {
    let hint = if pinned.contains(&signer.signing_key) {
        format!("{} is a subkey; pin the primary key {}", signer.signing_key, signer.fingerprint)
    } else {
        "have the manifest signed by one of the pinned signers".to_owned()
    };
    let message = format!("{} is good, but its signer is not one of those who may sign", unjudged.site);
    Refusal::new(Code::SignerNotPinned, message)
        .expected("a signature by one of the fingerprints in `signers`")
        .found(format!("a signature by {} (`{}`)", signer.fingerprint, signer.key_file))
        .hint(hint)
}

/// The algorithm that this build lacks for checking signatures of `key`. Sequoia itself would only say that nothing
/// binds it.
fn lacking(key: &PublicKey) -> Option<String> {
    let curve = match key.mpis() {
        mpi::PublicKey::EdDSA { curve, .. } | mpi::PublicKey::ECDSA { curve, .. } => Some(curve),
        _ => None,
    };
    if !key.pk_algo().is_supported() {
        return Some(key.pk_algo().to_string());
    }
    curve.filter(|curve| !curve.is_supported()).map(|curve| format!("{} with the curve {curve}", key.pk_algo()))
}

/// The algorithm of `key`, when it is too weak (R8).
#[allow(deprecated)] // names of algorithms that are refused
fn weak_key(key: &PublicKey) -> Option<String> {
    let bits = key.mpis().bits().unwrap_or(0);
    match key.pk_algo() {
        PublicKeyAlgorithm::DSA => Some(format!("a DSA key of {bits} bits")),
        PublicKeyAlgorithm::ElGamalEncrypt | PublicKeyAlgorithm::ElGamalEncryptSign => {
            Some(format!("an ElGamal key of {bits} bits"))
        }
        PublicKeyAlgorithm::RSAEncrypt | PublicKeyAlgorithm::RSASign | PublicKeyAlgorithm::RSAEncryptSign
            if bits < 2048 =>
        {
            Some(format!("an RSA key of {bits} bits"))
        }
        _ => None,
    }
}

/// What is wrong with the part of a good signature that it does not itself protect. It may only repeat what the protected part
/// and the key say; anything else was put there, or changed, by somebody who is not the signer.
fn unsigned_part(signature: &Signature, key: &PublicKey, digest: &[u8]) -> Option<&'static str> {
    if !digest.starts_with(signature.digest_prefix()) {
        return Some("its copy of the digest's beginning is wrong");
    }
    let repeats = |part: &Subpacket| match part.value() {
        SubpacketValue::Issuer(id) => *id == key.keyid(),
        SubpacketValue::IssuerFingerprint(fingerprint) => *fingerprint == key.fingerprint(),
        _ => false,
    };
    let sound = signature.unhashed_area().iter().all(|part| !part.critical() && repeats(part));
    (!sound).then_some("its unprotected part says something else than who signed")
}

/// The first critical part of the signature that is not understood.
fn critical(signature: &Signature, rules: &Rules) -> Option<String> {
    for part in signature.hashed_area().iter().filter(|part| part.critical()) {
        match (part.tag(), part.value()) {
            (_, SubpacketValue::NotationData(notation)) => {
                return Some(format!("the critical notation `{}`", notation.name()));
            }
            (tag @ (SubpacketTag::Unknown(_) | SubpacketTag::Private(_) | SubpacketTag::Reserved(_)), _) => {
                return Some(format!("the critical subpacket {}", u8::from(tag)));
            }
            _ => {}
        }
    }
    openpgp::refused_by(rules, signature)
}
