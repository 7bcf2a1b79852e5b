//! The rows: what is tried and what must come of it.

use crate::fixture::*;
use crate::peers::Gnupg;
use rustvenv::code::Code;
use rustvenv::trust::InputFile;
use rustvenv::trust::openpgp::{Fingerprint, Lapsed, Policy, WarningKind};
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::cert::CipherSuite;
use sequoia_openpgp::packet::signature::subpacket::{NotationData, NotationDataFlags, SubpacketTag, SubpacketValue};
use sequoia_openpgp::packet::{Packet, Signature};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::serialize::stream::{Message, Signer};
use sequoia_openpgp::types::{
    HashAlgorithm, KeyFlags, PublicKeyAlgorithm, ReasonForRevocation, RevocationKey, SignatureType,
};
use sequoia_openpgp::{Cert, Profile};
use std::fs;
use std::io::Write as _;

/// What a row must come to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect {
    /// Verified, with these warnings.
    Good(&'static [WarningKind]),
    /// Refused, for these reasons.
    Refused(&'static [Code]),
}

/// One set of inputs and what must come of it.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) keys: Vec<InputFile>,
    pub(crate) manifest: Vec<u8>,
    pub(crate) signatures: Vec<Vec<u8>>,
    pub(crate) policy: Policy,
    pub(crate) expect: Expect,
    /// Whether gpg and sqv can be asked the same question.
    pub(crate) peers: bool,
    /// Whether all versions of sqv give one answer.
    pub(crate) sqv: bool,
}

impl Row {
    fn no(mut self, codes: &'static [Code]) -> Self {
        self.expect = Expect::Refused(codes);
        self
    }

    fn warn(mut self, kinds: &'static [WarningKind]) -> Self {
        self.expect = Expect::Good(kinds);
        self
    }

    fn at(mut self, reference_time: u64) -> Self {
        self.policy.reference_time = reference_time;
        self
    }

    fn strict(mut self) -> Self {
        self.policy.lapsed = Lapsed::Refused;
        self.peers = false;
        self
    }

    fn threshold(mut self, threshold: usize) -> Self {
        self.policy.threshold = threshold;
        self
    }

    fn pin(mut self, certs: &[&Cert]) -> Self {
        self.policy.signers =
            certs.iter().map(|cert| Fingerprint::parse(&cert.fingerprint().to_hex()).unwrap()).collect();
        self.peers = false;
        self
    }

    fn manifest(mut self, manifest: &[u8]) -> Self {
        self.manifest = manifest.to_vec();
        self
    }

    /// gpg and sqv have no such setting, or no such input.
    fn alone(mut self) -> Self {
        self.peers = false;
        self
    }

    /// Old versions of sqv panic, or lack the algorithm.
    fn without_sqv(mut self) -> Self {
        self.sqv = false;
        self
    }
}

/// A row with certificates in a binary file each.
fn row(id: &str, certs: &[&Cert], signature: Vec<u8>) -> Row {
    let keys = certs.iter().map(|cert| cert.to_vec().unwrap()).collect();
    row_of_files(id, keys, signature)
}

/// A row with key files.
fn row_of_files(id: &str, keys: Vec<Vec<u8>>, signature: Vec<u8>) -> Row {
    let keys =
        keys.into_iter().enumerate().map(|(n, bytes)| InputFile { name: format!("key{n}.pgp"), bytes }).collect();
    Row {
        id: id.to_owned(),
        keys,
        manifest: MANIFEST.to_vec(),
        signatures: vec![signature],
        policy: Policy::new(day(110)),
        expect: Expect::Good(&[]),
        peers: true,
        sqv: true,
    }
}

/// Where gpg (by its exit status) or sqv comes to another verdict, and why ours is ours.
pub(crate) const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "gpg",
        "a04-signed-after-expiry a04-at-expiry a05b-subkey-expired",
        "gpg calls a signature that was made with an expired key good and leaves the expiry to whoever reads its \
         status lines",
    ),
    (
        "gpg",
        "a06-compromised-signed-before a06-compromised-signed-after a06-unspecified-signed-before \
         a06-unspecified-signed-after a06-no-reason a06-retired-signed-after a06-superseded-signed-after \
         a08-subkey-compromised-signed-before a08-subkey-compromised-signed-after \
         a08-subkey-unspecified-signed-before a08-subkey-unspecified-signed-after a08-subkey-retired-signed-after \
         a08-subkey-superseded-signed-after a12-stripped-then-hard-revoked a12-stripped-retired-before \
         a13-revoked-in-first-copy a13-revoked-in-second-copy a14-revoker-entitled d07-lone-revocation \
         d07-lone-revocation-first g-rev-armed",
        "gpg calls a signature by a revoked key good, whatever the reason and the date of the revocation",
    ),
    ("gpg", "a15-revocation-sha1", "gpg calls a signature by a revoked key good"),
    ("gpg", "a15-revocation-md5", "gpg passes over a revocation that it finds too weak"),
    ("sqv", "a15-revocation-md5", "sqv passes over a revocation that it finds too weak"),
    ("gpg", "a09-future a09-year-2040", "gpg does not compare the date of a signature with that of the package"),
    ("sqv", "a09-future", "sqv compares with its clock, not with the date of the package"),
    ("gpg", "a11-signature-not-yet-expired", "the date of the package decides, not the clock"),
    ("sqv", "a11-signature-not-yet-expired", "the date of the package decides, not the clock"),
    ("sqv", "a12-stripped g-bump", "sqv has no fallback for self-signatures that gpg has dropped (rule R6)"),
    ("sqv", "a14-revoker-entitled", "sqv does not look for the certificate of a designated revoker"),
    ("gpg", "b02-two-subkeys b05-same-twice b05-same-signer-twice", "gpg has no threshold"),
    (
        "gpg",
        "b03-good-and-unknown b03-unknown-and-good b22b-unknown-version-and-good c03-ml-dsa-and-good",
        "gpg fails as soon as one signature cannot be checked; here it counts as nothing when enough good ones are \
         there",
    ),
    (
        "sqv",
        "b04-good-and-mismatch b04-mismatch-and-good b10-second-block-bad",
        "sqv is content with one good signature; a bad one by somebody who may sign needs to be looked at",
    ),
    ("sqv", "b10-two-blocks", "sqv stops after the first armored block"),
    ("gpg", "g-text-mode g-text-mode-other-line-ends", "a text-mode signature fits other bytes too (rule R4)"),
    (
        "sqv",
        "b06-text-mode g-text-mode g-text-mode-other-line-ends",
        "a text-mode signature fits other bytes too (rule R4)",
    ),
    ("gpg", "b06-text-mode", "a text-mode signature fits other bytes too (rule R4)"),
    ("sqv", "b07-cleartext", "the text of a cleartext-signed file is not the manifest (rule R3)"),
    (
        "gpg",
        "b11-text-before b11-text-after b12-message-label b12-other-label",
        "a signature file holds signatures and nothing else (rule R3)",
    ),
    (
        "sqv",
        "b11-text-before b11-text-after b12-message-label b12-other-label",
        "a signature file holds signatures and nothing else (rule R3)",
    ),
    ("gpg", "b13-wrong-checksum", "RFC 9580 tells readers to ignore the checksum when the signature verifies"),
    ("gpg", "b17b-adopted-subkey-beside-owner", "gpg asks only one of the certificates that claim a key"),
    ("gpg", "c01-sha1 c01-ripemd160 c01-sha224 g-digest-sha1 g-digest-ripemd160", "too weak a digest (rule R8)"),
    ("gpg", "c04-version-3", "version 3 signatures protect too little (rule R4)"),
    (
        "gpg",
        "c05-sha1-self-signature g-sha1-self-signature",
        "a self-signature made with SHA-1 can be forged (rule R8)",
    ),
    ("gpg", "g-rsa1024 g-dsa1024 g-dsa2048", "too weak a key (rule R8)"),
    ("sqv", "g-dsa2048", "DSA is refused now and not from 2030 (rule R8)"),
    (
        "gpg",
        "c01-sha3-256 c01-sha3-512 c02-ed25519-v6 c02-ed448-v6 c02-p384-v6 c02-v6-sha256 c02-v6-sha3",
        "this gpg does not have SHA-3 and version 6",
    ),
    (
        "gpg",
        "g-brainpoolP256r1 g-brainpoolP384r1 g-brainpoolP512r1 g-secp256k1",
        "the cryptographic backend does not have these curves",
    ),
    (
        "gpg",
        "d04-secret-key d04-armored-secret-key",
        "a published secret key is an accident that must be seen (rule R1)",
    ),
    (
        "sqv",
        "d04-secret-key d04-armored-secret-key",
        "a published secret key is an accident that must be seen (rule R1)",
    ),
    (
        "gpg",
        "d06-empty-beside-good d06-text-beside-good d07-lone-revocation-of-nobody d07-damaged-revocation g-rev",
        "a key file that cannot be read or used may be a revocation, so it is never passed over (rule R1)",
    ),
    (
        "sqv",
        "d06-empty-beside-good d08-wrong-checksum",
        "a key file that cannot be read or used may be a revocation, so it is never passed over (rule R1)",
    ),
];

/// Every row.
pub(crate) fn all() -> Vec<Row> {
    [certificates(), signature_files(), algorithms(), key_files(), settings(), made_by_gpg()]
        .into_iter()
        .flatten()
        .collect()
}

const EXPIRED_SINCE: &[WarningKind] = &[WarningKind::ExpiredSince];
const RETIRED_SINCE: &[WarningKind] = &[WarningKind::RetiredSince];
const STRIPPED: &[WarningKind] = &[WarningKind::Stripped];
const EXTRA: &[WarningKind] = &[WarningKind::Extra];

/// Validity of certificates and signatures in time.
pub(crate) fn certificates() -> Vec<Row> {
    use ReasonForRevocation::{KeyCompromised, KeyRetired, KeySuperseded, Unspecified};
    let alice = person("alice");
    let bob = person("bob");
    let yearly = builder("yearly").set_validity_period(days(365)).add_signing_subkey().generate().unwrap().0;
    let short_subkey =
        builder("short").add_subkey(KeyFlags::empty().set_signing(), days(100), None).generate().unwrap().0;
    let good = signed(&alice, day(100));
    let mut rows = vec![
        row("a01-good", &[&alice], good.clone()),
        row("a01-good-among-others", &[&bob, &alice, &yearly], good.clone()),
        row("a01-reference-before-signature", &[&alice], good.clone()).at(day(50)),
        row("a02-unlisted", &[&bob], good.clone()).no(&[Code::SignerUnknown]),
        row("a03-expired-since", &[&yearly], signed(&yearly, day(100))).at(day(400)).warn(EXPIRED_SINCE),
        row("a03-not-yet-expired", &[&yearly], signed(&yearly, day(100))).at(day(200)),
        row("a03-strict", &[&yearly], signed(&yearly, day(100))).at(day(400)).strict().no(&[Code::SignerExpired]),
        row("a04-signed-after-expiry", &[&yearly], signed(&yearly, day(500))).at(day(510)).no(&[Code::SignerExpired]),
        row("a04-at-expiry", &[&yearly], signed(&yearly, day(365))).at(day(510)).no(&[Code::SignerExpired]),
        row("a04-just-before-expiry", &[&yearly], signed(&yearly, day(365) - 1)).at(day(365) - 1),
        row("a05a-subkey-expired-since", &[&short_subkey], signed(&short_subkey, day(50))).warn(EXPIRED_SINCE),
        row("a05b-subkey-expired", &[&short_subkey], signed(&short_subkey, day(200)))
            .at(day(210))
            .no(&[Code::SignerExpired]),
        row("a09-future", &[&alice], signed(&alice, day(110 + 367))).no(&[Code::SignatureFuture]),
        row("a09-dated-after-reference", &[&alice], signed(&alice, day(110 + 366))),
        row("a09-year-2040", &[&alice], signed(&alice, 2_208_988_800)).no(&[Code::SignatureFuture]),
        row("a10-before-key", &[&alice], signed(&alice, BORN - 10 * 86_400)).no(&[Code::SignerUnbound]),
        row("a12-stripped", &[&rebound(&alice, day(300), HashAlgorithm::SHA512)], good.clone())
            .at(day(310))
            .warn(STRIPPED),
        row(
            "a12-stripped-then-hard-revoked",
            &[&revoked(&rebound(&alice, day(300), HashAlgorithm::SHA512), day(400), Some(KeyCompromised))],
            good.clone(),
        )
        .no(&[Code::SignerRevoked]),
        row(
            "a12-stripped-retired-before",
            &[&revoked(&rebound(&alice, day(300), HashAlgorithm::SHA512), day(90), Some(KeyRetired))],
            good.clone(),
        )
        .no(&[Code::SignerUnbound]),
        row("a12-stripped-beside-original", &[&rebound(&alice, day(300), HashAlgorithm::SHA512), &alice], good.clone())
            .at(day(310)),
        row("a13-revoked-in-second-copy", &[&alice, &revoked(&alice, day(300), Some(KeyCompromised))], good.clone())
            .no(&[Code::SignerRevoked]),
        row("a13-revoked-in-first-copy", &[&revoked(&alice, day(300), Some(KeyCompromised)), &alice], good.clone())
            .no(&[Code::SignerRevoked]),
    ];
    for (name, reason) in [("compromised", KeyCompromised), ("unspecified", Unspecified)] {
        for (when, at) in [("before", 100), ("after", 400)] {
            let cert = revoked(&alice, day(300), Some(reason));
            let id = format!("a06-{name}-signed-{when}");
            rows.push(row(&id, &[&cert], signed(&alice, day(at))).at(day(410)).no(&[Code::SignerRevoked]));
            let cert = subkey_revoked(&alice, day(300), reason);
            let id = format!("a08-subkey-{name}-signed-{when}");
            rows.push(row(&id, &[&cert], signed(&alice, day(at))).at(day(410)).no(&[Code::SignerRevoked]));
        }
    }
    rows.push(row("a06-no-reason", &[&revoked(&alice, day(300), None)], good.clone()).no(&[Code::SignerRevoked]));
    for (name, reason) in [("retired", KeyRetired), ("superseded", KeySuperseded)] {
        let signature = |at| signed(&alice, day(at));
        for (kind, cert) in
            [("", revoked(&alice, day(300), Some(reason))), ("subkey-", subkey_revoked(&alice, day(300), reason))]
        {
            let prefix = if kind.is_empty() { "a06" } else { "a08" };
            let id = |rest: &str| format!("{prefix}-{kind}{name}-{rest}");
            rows.extend([
                row(&id("signed-before"), &[&cert], signature(100)).at(day(310)).warn(RETIRED_SINCE),
                row(&id("reference-before"), &[&cert], signature(100)).at(day(290)),
                row(&id("strict"), &[&cert], signature(100)).at(day(310)).strict().no(&[Code::SignerRevoked]),
                row(&id("signed-after"), &[&cert], signature(400)).at(day(410)).no(&[Code::SignerRevoked]),
            ]);
        }
    }
    // a revocation is obeyed whatever it was made with: forging one can only take something away
    for (name, hash) in [("sha1", HashAlgorithm::SHA1), ("md5", HashAlgorithm::MD5)] {
        let revocation = sequoia_openpgp::cert::CertRevocationBuilder::new()
            .set_signature_creation_time(time(day(50)))
            .unwrap()
            .set_reason_for_revocation(KeyCompromised, b"")
            .unwrap()
            .build(&mut primary(&alice), &alice, hash)
            .unwrap();
        assert_eq!(revocation.hash_algo(), hash);
        let cert = alice.clone().insert_packets(revocation).unwrap().0;
        rows.push(row(&format!("a15-revocation-{name}"), &[&cert], good.clone()).no(&[Code::SignerRevoked]));
    }
    // an expiry of the signature itself
    let mut pair = subkey(&alice, 0);
    let limited = Seal::new(&pair, day(100));
    let limited = limited.with(SubpacketValue::SignatureExpirationTime(days(30).try_into().unwrap()), true);
    let limited = armor(&packet(&limited.sign(&mut pair, MANIFEST)));
    rows.push(row("a11-signature-expired", &[&alice], limited.clone()).at(day(130)).no(&[Code::SignatureExpired]));
    rows.push(row("a11-signature-not-yet-expired", &[&alice], limited).at(day(129)));
    // a designated revoker, with and without its certificate
    let revoker = person("revoker");
    let entitled = RevocationKey::new(PublicKeyAlgorithm::EdDSA, revoker.fingerprint(), false);
    let ward = builder("ward").set_revocation_keys(vec![entitled]).add_signing_subkey().generate().unwrap().0;
    for (id, signer, certs) in
        [("entitled", &revoker, 2), ("entitled-but-absent", &revoker, 1), ("not-entitled", &bob, 2)]
    {
        let revocation = sequoia_openpgp::cert::CertRevocationBuilder::new()
            .set_signature_creation_time(time(day(50)))
            .unwrap()
            .set_reason_for_revocation(KeyCompromised, b"")
            .unwrap()
            .build(&mut primary(signer), &ward, None)
            .unwrap();
        let cert = ward.clone().insert_packets(revocation).unwrap().0;
        let keys: Vec<&Cert> = [&cert, signer].into_iter().take(certs).collect();
        let row = row(&format!("a14-revoker-{id}"), &keys, signed(&ward, day(100)));
        rows.push(if id == "entitled" { row.no(&[Code::SignerRevoked]) } else { row });
    }
    rows
}

/// Forms of signatures and of signature files.
pub(crate) fn signature_files() -> Vec<Row> {
    let alice = person("alice");
    let bob = person("bob");
    let mallory = person("mallory");
    let two = builder("two").add_signing_subkey().add_signing_subkey().generate().unwrap().0;
    let of = |cert: &Cert| seal(subkey(cert, 0), day(100), MANIFEST);
    let good = armor(&of(&alice));
    let other_data = seal(subkey(&bob, 0), day(100), b"other data\n");
    let joined = |parts: &[&[u8]]| armor(&parts.concat());
    let text = String::from_utf8(good.clone()).unwrap();
    let begin = "-----BEGIN PGP SIGNATURE-----\n";
    let crc = text.lines().rev().nth(1).unwrap().to_owned();
    assert!(crc.starts_with('='));
    let mut version_9 = of(&alice);
    version_9[2] = 9;
    let both = [&alice, &bob];
    let mut rows = vec![
        row("b01-two-signers", &both, joined(&[&of(&alice), &of(&bob)])).threshold(2),
        row("b02-two-subkeys", &[&two], joined(&[&of(&two), &seal(subkey(&two, 1), day(100), MANIFEST)]))
            .threshold(2)
            .no(&[Code::ThresholdNotMet]),
        row("b03-good-and-unknown", &[&alice], joined(&[&of(&alice), &of(&mallory)])).warn(EXTRA),
        row("b03-unknown-and-good", &[&alice], joined(&[&of(&mallory), &of(&alice)])).warn(EXTRA),
        row("b04-good-and-mismatch", &both, joined(&[&of(&alice), &other_data])).no(&[Code::SignatureMismatch]),
        row("b04-mismatch-and-good", &both, joined(&[&other_data, &of(&alice)])).no(&[Code::SignatureMismatch]),
        row("b05-same-twice", &[&alice], joined(&[&of(&alice), &of(&alice)])).threshold(2).no(&[Code::ThresholdNotMet]),
        row("b05-same-signer-twice", &[&alice], joined(&[&of(&alice), &seal(subkey(&alice, 0), day(101), MANIFEST)]))
            .threshold(2)
            .no(&[Code::ThresholdNotMet]),
        row("b10-two-blocks", &both, [good.clone(), armor(&of(&bob))].concat()).threshold(2),
        row("b10-second-block-bad", &both, [good.clone(), armor(&other_data)].concat()).no(&[Code::SignatureMismatch]),
        row("b22-unknown-version", &[&alice], armor(&version_9)).no(&[Code::SignatureVersion]),
        row("b22b-unknown-version-and-good", &[&alice], joined(&[&version_9, &of(&alice)])).warn(EXTRA),
        row("b09-binary", &[&alice], of(&alice)),
        row("b11-text-before", &[&alice], format!("hello\n{text}").into_bytes()).no(&[Code::SignatureFormat]),
        row("b11-text-after", &[&alice], format!("{text}hello\n").into_bytes()).no(&[Code::SignatureFormat]),
        row("b11b-binary-and-junk", &[&alice], [of(&alice), b"junk".to_vec()].concat()).no(&[Code::SignatureFormat]),
        row("b11c-other-packet", &[&alice], joined(&[&of(&alice), &[0xCB, 1, 0]])).no(&[Code::SignatureFormat]),
        row("b12-message-label", &[&alice], text.replace("SIGNATURE", "MESSAGE").into_bytes())
            .no(&[Code::SignatureFormat]),
        row("b12-other-label", &[&alice], text.replace("SIGNATURE", "PUBLIC KEY BLOCK").into_bytes())
            .no(&[Code::SignatureFormat]),
        row("b12-byte-order-mark", &[&alice], format!("\u{feff}{text}").into_bytes()).no(&[Code::SignatureFormat]),
        row("b13-wrong-checksum", &[&alice], text.replace(&crc, "=AAAA").into_bytes()),
        row("b13-no-checksum", &[&alice], text.replace(&format!("{crc}\n"), "").into_bytes()),
        row("b13-line-ends", &[&alice], text.replace('\n', "\r\n").into_bytes()),
        row(
            "b13-headers",
            &[&alice],
            text.replacen(begin, &format!("{begin}Version: 1\nComment: a: b\n"), 1).into_bytes(),
        ),
        row("b13-blank-lines-around", &[&alice], format!("\n\n{text}\n\n").into_bytes()),
        row("b18-no-issuer", &[&alice], {
            let mut pair = subkey(&alice, 0);
            let mut seal = Seal::new(&pair, day(100));
            seal.hashed.truncate(1);
            seal.unhashed.clear();
            armor(&packet(&seal.sign(&mut pair, MANIFEST)))
        })
        .no(&[Code::SignerUnknown]),
        row("b18-issuer-of-another", &both, {
            let mut pair = subkey(&alice, 0);
            let mut seal = Seal::new(&pair, day(100));
            let other = subkey(&bob, 0);
            seal.hashed.truncate(1);
            seal.unhashed = vec![(SubpacketValue::Issuer(other.public().keyid()), false)];
            armor(&packet(&seal.sign(&mut pair, MANIFEST)))
        })
        .no(&[Code::SignatureDamaged]),
        row("b20-empty", &[&alice], Vec::new()).no(&[Code::SignatureFormat]),
        row("b21-truncated", &[&alice], good[..good.len() / 2].to_vec()).no(&[Code::SignatureFormat]),
        row("b23-manifest-and-line-end", &[&alice], good.clone())
            .manifest(&[MANIFEST, b"\n"].concat())
            .no(&[Code::SignatureMismatch]),
        row("b23-another-manifest", &[&alice], good.clone()).manifest(b"").no(&[Code::SignatureMismatch]),
        row("b24-empty-manifest", &[&alice], armor(&seal(subkey(&alice, 0), day(100), b""))).manifest(b""),
        row("b24-comment-only", &[&alice], armor(&seal(subkey(&alice, 0), day(100), b"# No files\n")))
            .manifest(b"# No files\n"),
        row("b25-no-creation-time", &[&alice], {
            let mut pair = subkey(&alice, 0);
            let mut seal = Seal::new(&pair, day(100));
            seal.hashed.remove(0);
            armor(&packet(&seal.sign(&mut pair, MANIFEST)))
        })
        .no(&[Code::SignatureFormat]),
        row("b26-two-files", &both, good.clone()).threshold(2).alone(),
        row("b27-no-signature-file", &[&alice], Vec::new()).no(&[Code::SignatureMissing]).alone(),
        row("c04-version-3", &[&alice], armor(&seal_version_3(subkey(&alice, 0), day(100))))
            .no(&[Code::SignatureVersion]),
        row("c06-certify-only", &[&alice], armor(&seal(primary(&alice), day(100), MANIFEST)))
            .no(&[Code::SignerNotForSigning]),
        row("b17b-adopted-subkey", &[&adopting(&mallory, &subkey(&alice, 0))], good.clone()).no(&[Code::SignerUnbound]),
        row("b17b-adopted-subkey-beside-owner", &[&adopting(&mallory, &subkey(&alice, 0)), &alice], good.clone()),
    ];
    let no_back_signature = builder("bare").generate().unwrap().0;
    let key = constant_key(9).into_keypair().unwrap();
    rows.push(
        row("b17-no-back-signature", &[&adopting(&no_back_signature, &key)], armor(&seal(key, day(100), MANIFEST)))
            .no(&[Code::SignerUnbound]),
    );
    for row in &mut rows {
        match row.id.as_str() {
            "b26-two-files" => row.signatures.push(armor(&of(&bob))),
            "b27-no-signature-file" => row.signatures.clear(),
            _ => {}
        }
    }
    // types of signatures
    for (id, kind) in [
        ("b06-text-mode", SignatureType::Text),
        ("b19-standalone", SignatureType::Standalone),
        ("b19-timestamp", SignatureType::Timestamp),
        ("b19-certification", SignatureType::PositiveCertification),
        ("b19-direct-key", SignatureType::DirectKey),
        ("b19-key-revocation", SignatureType::KeyRevocation),
        ("b19-unknown-type", SignatureType::Unknown(0x77)),
    ] {
        let mut pair = subkey(&alice, 0);
        let mut seal = Seal::new(&pair, day(100));
        seal.kind = kind;
        // a text-mode signature is over the text with the line ends of other systems
        let data = if kind == SignatureType::Text { other_line_ends() } else { MANIFEST.to_vec() };
        let signature = armor(&packet(&seal.sign(&mut pair, &data)));
        rows.push(row(id, &[&alice], signature).no(&[Code::SignatureType]));
    }
    // parts of signatures
    let notation = |name: &str| {
        SubpacketValue::NotationData(NotationData::new(name, b"value", NotationDataFlags::empty().set_human_readable()))
    };
    let private = SubpacketValue::Unknown { tag: SubpacketTag::Private(101), body: b"x".to_vec() };
    let unknown = SubpacketValue::Unknown { tag: SubpacketTag::Unknown(77), body: b"x".to_vec() };
    for (id, value, critical) in [
        ("b14-critical-notation", notation("n@example.org"), true),
        ("b15-notation", notation("n@example.org"), false),
        ("b16-critical-private-part", private.clone(), true),
        ("b16-private-part", private, false),
        ("b16-critical-unknown-part", unknown.clone(), true),
        ("b16-unknown-part", unknown, false),
    ] {
        let mut pair = subkey(&alice, 0);
        let seal = Seal::new(&pair, day(100)).with(value, critical);
        let row = row(id, &[&alice], armor(&packet(&seal.sign(&mut pair, MANIFEST))));
        rows.push(if critical { row.no(&[Code::SignatureCritical]) } else { row });
    }
    // other things that are called signed
    let mut cleartext = Vec::new();
    let mut signer = Signer::new(Message::new(&mut cleartext), subkey(&alice, 0)).unwrap().cleartext();
    signer = signer.creation_time(time(day(100)));
    let mut message = signer.build().unwrap();
    message.write_all(MANIFEST).unwrap();
    message.finalize().unwrap();
    rows.push(row("b07-cleartext", &[&alice], cleartext).no(&[Code::SignatureFormat]));
    rows
}

/// Algorithms of signatures, keys and certificates.
pub(crate) fn algorithms() -> Vec<Row> {
    let alice = person("alice");
    let mut rows = Vec::new();
    for (hash, accepted) in [
        (HashAlgorithm::MD5, false),
        (HashAlgorithm::SHA1, false),
        (HashAlgorithm::RipeMD, false),
        (HashAlgorithm::SHA224, false),
        (HashAlgorithm::SHA256, true),
        (HashAlgorithm::SHA384, true),
        (HashAlgorithm::SHA512, true),
        (HashAlgorithm::SHA3_256, true),
        (HashAlgorithm::SHA3_512, true),
    ] {
        let mut pair = subkey(&alice, 0);
        let mut seal = Seal::new(&pair, day(100));
        seal.hash = hash;
        let id = format!("c01-{}", format!("{hash}").to_lowercase());
        let row = row(&id, &[&alice], armor(&packet(&seal.sign(&mut pair, MANIFEST)))).without_sqv();
        rows.push(if accepted { row } else { row.no(&[Code::SignatureWeak]) });
    }
    for (id, suite, profile, kinds) in [
        ("c02-rsa2048", CipherSuite::RSA2k, Profile::RFC4880, &[WarningKind::Rsa2048][..]),
        ("c02-rsa3072", CipherSuite::RSA3k, Profile::RFC4880, &[]),
        ("c02-p256", CipherSuite::P256, Profile::RFC4880, &[]),
        ("c02-p384", CipherSuite::P384, Profile::RFC4880, &[]),
        ("c02-p521", CipherSuite::P521, Profile::RFC4880, &[]),
        ("c02-ed25519-v6", CipherSuite::Cv25519, Profile::RFC9580, &[]),
        ("c02-ed448-v6", CipherSuite::Cv448, Profile::RFC9580, &[]),
        ("c02-p384-v6", CipherSuite::P384, Profile::RFC9580, &[]),
    ] {
        let cert = person_with("other", suite, profile);
        let row = row(id, &[&cert], signed_by_builder(&cert, None)).warn(kinds);
        rows.push(if profile == Profile::RFC9580 { row.without_sqv() } else { row });
    }
    for (id, hash) in [("c02-v6-sha256", HashAlgorithm::SHA256), ("c02-v6-sha3", HashAlgorithm::SHA3_512)] {
        let cert = person_with("other", CipherSuite::Cv25519, Profile::RFC9580);
        rows.push(row(id, &[&cert], signed_by_builder(&cert, Some(hash))).without_sqv());
    }
    let sha1 = rebound(&alice, BORN, HashAlgorithm::SHA1);
    rows.push(
        row("c05-sha1-self-signature", &[&sha1], signed(&alice, day(100))).no(&[Code::SignatureWeak]).without_sqv(),
    );
    let renewed = sha1.merge_public(rebound(&alice, day(300), HashAlgorithm::SHA512)).unwrap();
    rows.push(
        row("c05-sha1-self-signature-renewed", &[&renewed], signed(&alice, day(100)))
            .at(day(310))
            .warn(STRIPPED)
            .without_sqv(),
    );
    // an algorithm of RFC 9980 that most backends lack, in a key and a signature of nothing but zeros
    let supported = PublicKeyAlgorithm::MLDSA65_Ed25519.is_supported();
    let expected: &[Code] = if supported { &[Code::SignatureMismatch] } else { &[Code::SignatureUnsupported] };
    let (key, signature) = quantum();
    rows.push(row_of_files("c02-ml-dsa", vec![key.clone()], armor(&signature)).no(expected).without_sqv());
    if !supported {
        let signature = armor(&[signature, seal(subkey(&alice, 0), day(100), MANIFEST)].concat());
        rows.push(
            row_of_files("c03-ml-dsa-and-good", vec![key, alice.to_vec().unwrap()], signature)
                .warn(EXTRA)
                .without_sqv(),
        );
    }
    rows
}

/// A certificate and a signature that look like ML-DSA-65+Ed25519 of version 6.
fn quantum() -> (Vec<u8>, Vec<u8>) {
    let packet = |tag: u8, body: Vec<u8>| {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[0xC0 | tag, 255][..], &length, &body].concat()
    };
    let born = u32::try_from(BORN).unwrap().to_be_bytes();
    let material = vec![0; 32 + 1952];
    let size = u32::try_from(material.len()).unwrap().to_be_bytes();
    let key = packet(6, [&[6][..], &born, &[30], &size, &material].concat());
    let cert = Cert::from_packets(std::iter::once(packet_of(&key))).unwrap();
    let made = u32::try_from(day(100)).unwrap().to_be_bytes();
    let issuer = [&[34, 33, 6][..], cert.fingerprint().as_bytes()].concat();
    let hashed = [&[5, 2][..], &made, &issuer].concat();
    let size = u32::try_from(hashed.len()).unwrap().to_be_bytes();
    let head = [&[6, 0, 30, 10][..], &size, &hashed, &[0, 0, 0, 0], &[0, 0], &[32], &[0; 32]].concat();
    (key, packet(2, [head, vec![0; 64 + 3309]].concat()))
}

fn packet_of(bytes: &[u8]) -> Packet {
    use sequoia_openpgp::parse::Parse as _;
    Packet::from_bytes(bytes).unwrap()
}

/// Forms of key files.
pub(crate) fn key_files() -> Vec<Row> {
    let alice = person("alice");
    let bob = person("bob");
    let good = signed(&alice, day(100));
    let (binary, armored) = (alice.to_vec().unwrap(), alice.armored().to_vec().unwrap());
    let (bob_binary, bob_armored) = (bob.to_vec().unwrap(), bob.armored().to_vec().unwrap());
    let compromised = Some(ReasonForRevocation::KeyCompromised);
    let lone = |signature: Signature| armor_as(Kind::PublicKey, &packet(&signature));
    let mut damaged = packet(&revocation(&alice, day(300), compromised));
    *damaged.last_mut().unwrap() ^= 1;
    let wrong_checksum = {
        let text = String::from_utf8(armored.clone()).unwrap();
        let crc = text.lines().rev().nth(1).unwrap().to_owned();
        text.replace(&crc, "=AAAA").into_bytes()
    };
    let bare = Packet::from(alice.primary_key().key().clone()).to_vec().unwrap();
    let file = |id: &str, bytes: Vec<u8>| row_of_files(id, vec![bytes], good.clone());
    vec![
        file("d01-binary-keyring", [bob_binary.clone(), binary.clone()].concat()),
        file("d02-many-in-one-block", armor_as(Kind::PublicKey, &[bob_binary, binary.clone()].concat())),
        file("d03-many-blocks", [bob_armored.clone(), armored.clone()].concat()),
        file("d03b-text-before", [b"Alice's key\n\n".to_vec(), armored.clone()].concat()),
        file("d03c-text-between", [bob_armored, b"\nand\n".to_vec(), armored.clone()].concat()),
        file("d03d-line-ends", String::from_utf8(armored.clone()).unwrap().replace('\n', "\r\n").into_bytes()),
        file("d04-secret-key", alice.as_tsk().to_vec().unwrap()).no(&[Code::KeyFileSecret]),
        file("d04-armored-secret-key", alice.as_tsk().armored().to_vec().unwrap()).no(&[Code::KeyFileSecret]),
        file("d06-empty", Vec::new()).no(&[Code::KeyFileMalformed]),
        row_of_files("d06-empty-beside-good", vec![binary.clone(), Vec::new()], good.clone())
            .no(&[Code::KeyFileMalformed]),
        row_of_files("d06-text-beside-good", vec![binary.clone(), b"hello\n".to_vec()], good.clone())
            .no(&[Code::KeyFileMalformed]),
        row_of_files(
            "d07-lone-revocation",
            vec![binary.clone(), lone(revocation(&alice, day(300), compromised))],
            good.clone(),
        )
        .no(&[Code::SignerRevoked]),
        row_of_files(
            "d07-lone-revocation-first",
            vec![lone(revocation(&alice, day(300), compromised)), binary.clone()],
            good.clone(),
        )
        .no(&[Code::SignerRevoked]),
        row_of_files(
            "d07-lone-revocation-of-nobody",
            vec![binary.clone(), lone(revocation(&bob, day(300), compromised))],
            good.clone(),
        )
        .no(&[Code::KeyFileMalformed]),
        row_of_files("d07-damaged-revocation", vec![binary.clone(), armor_as(Kind::PublicKey, &damaged)], good.clone())
            .no(&[Code::KeyFileMalformed]),
        file("d08-truncated", armored[..armored.len() / 2].to_vec()).no(&[Code::KeyFileMalformed]),
        file("d08-truncated-binary", binary[..binary.len() - 3].to_vec()).no(&[Code::KeyFileMalformed]),
        file("d08-wrong-checksum", wrong_checksum).no(&[Code::KeyFileMalformed]),
        file("d08-signature-instead", good.clone()).no(&[Code::KeyFileMalformed]),
        row_of_files("d09-no-files", Vec::new(), good.clone()).no(&[Code::KeyringEmpty]).alone(),
        file("d10-no-self-signatures", bare).no(&[Code::SignerUnknown]),
        row(
            "d10-primary-without-self-signatures",
            &[&{
                let key = constant_key(5).role_into_primary();
                Cert::from_packets(std::iter::once(Packet::from(key))).unwrap()
            }],
            armor(&seal(constant_key(5).into_keypair().unwrap(), day(100), MANIFEST)),
        )
        .no(&[Code::SignerUnbound]),
    ]
}

/// Pins, thresholds and limits.
pub(crate) fn settings() -> Vec<Row> {
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(person);
    let by = |certs: &[&Cert], at: u64| {
        armor(&certs.iter().flat_map(|cert| seal(subkey(cert, 0), at, MANIFEST)).collect::<Vec<u8>>())
    };
    let good = signed(&alice, day(100));
    let all = [&alice, &bob, &carol];
    let limit = |row: Row, change: fn(&mut Policy)| {
        let mut row = row.alone();
        change(&mut row.policy);
        row
    };
    vec![
        row("e01-pinned", &all, good.clone()).pin(&[&alice]),
        row("e01-not-pinned", &all, good.clone()).pin(&[&bob]).no(&[Code::SignerNotPinned]),
        row("e01-pinned-without-certificate", &[&bob], good.clone()).pin(&[&alice]).no(&[Code::SignerUnknown]),
        row("e01-pinned-and-other", &all, by(&[&alice, &bob], day(100))).pin(&[&alice]).warn(EXTRA),
        row("e01-other-may-be-bad", &[&alice, &bob], {
            let bad = seal(subkey(&bob, 0), day(100), b"other data\n");
            armor(&[seal(subkey(&alice, 0), day(100), MANIFEST), bad].concat())
        })
        .pin(&[&alice])
        .warn(EXTRA),
        row("e01-two-of-three", &all, by(&[&alice, &carol], day(100))).pin(&all).threshold(2),
        row("e01-one-of-three", &all, by(&[&alice], day(100))).pin(&all).threshold(2).no(&[Code::ThresholdNotMet]),
        row("e01-one-pinned-one-other", &all, by(&[&alice, &carol], day(100)))
            .pin(&[&alice, &bob])
            .threshold(2)
            .no(&[Code::ThresholdNotMet, Code::SignerNotPinned]),
        row("e01-pinned-subkey", &[&alice], good.clone())
            .pin(&[])
            .pin_key(&alice.keys().subkeys().next().unwrap().key().fingerprint().to_hex())
            .no(&[Code::SignerNotPinned]),
        row("e01-threshold-zero", &all, good.clone()).threshold(0).no(&[Code::ThresholdImpossible]).alone(),
        row("e01-threshold-above-pins", &all, good.clone())
            .pin(&[&alice])
            .threshold(2)
            .no(&[Code::ThresholdImpossible]),
        row("e01-threshold-above-pins-named-twice", &all, good.clone())
            .pin(&[&alice, &alice])
            .threshold(2)
            .no(&[Code::ThresholdImpossible]),
        limit(row("e02-replay", &[&alice], good.clone()), |policy| policy.not_before = Some(day(100) + 1))
            .no(&[Code::ManifestRollback]),
        limit(row("e02-not-before-met", &[&alice], good.clone()), |policy| policy.not_before = Some(day(100))),
        limit(
            row("e02-one-of-two-replayed", &all, {
                armor(&[seal(subkey(&alice, 0), day(105), MANIFEST), seal(subkey(&bob, 0), day(90), MANIFEST)].concat())
            }),
            |policy| policy.not_before = Some(day(100)),
        )
        .no(&[Code::ManifestRollback]),
        headed("e04-project", &alice, |policy| policy.project = Some("client".into())),
        headed("e04-another-project", &alice, |policy| policy.project = Some("server".into()))
            .no(&[Code::ManifestProject]),
        headed("e04-serial", &alice, |policy| policy.minimum_serial = Some(7)),
        headed("e04-older-serial", &alice, |policy| policy.minimum_serial = Some(8)).no(&[Code::ManifestRollback]),
        limit(row("e04-no-header", &[&alice], good.clone()), |policy| {
            policy.project = Some("client".into());
            policy.minimum_serial = Some(0);
        })
        .no(&[Code::ManifestProject, Code::ManifestRollback]),
        limit(row("e03-too-old", &[&alice], good.clone()), |policy| policy.max_age = Some(10 * 86_400 - 1))
            .no(&[Code::ManifestTooOld]),
        limit(row("e03-just-young-enough", &[&alice], good.clone()), |policy| policy.max_age = Some(10 * 86_400)),
        limit(row("e03-dated-after-reference", &[&alice], good), |policy| {
            policy.max_age = Some(0);
            policy.reference_time = day(50);
        }),
    ]
}

/// A manifest with a header line.
fn headed(id: &str, cert: &Cert, change: fn(&mut Policy)) -> Row {
    let manifest = [b"# rustvenv-manifest: project=client serial=7\n", MANIFEST].concat();
    let signature = armor(&seal(subkey(cert, 0), day(100), &manifest));
    let mut row = row(id, &[cert], signature).manifest(&manifest).alone();
    change(&mut row.policy);
    row
}

impl Row {
    fn pin_key(mut self, fingerprint: &str) -> Self {
        self.policy.signers = vec![Fingerprint::parse(fingerprint).unwrap()];
        self
    }
}

/// What the real gpg makes.
pub(crate) fn made_by_gpg() -> Vec<Row> {
    let gnupg = Gnupg::new();
    let ed = gnupg.key("ed", "ed25519", "never");
    let key = gnupg.export(&ed);
    let good = gnupg.sign(&ed, MANIFEST, &[]);
    let windows = other_line_ends();
    let text_mode = gnupg.sign(&ed, MANIFEST, &["--textmode"]);
    let file = |id: &str, key: &[u8], signature: &[u8]| row_of_files(id, vec![key.to_vec()], signature.to_vec());
    let mut rows = vec![
        file("g-good", &key, &good),
        file("g-text-mode", &key, &text_mode).no(&[Code::SignatureType]),
        file("g-text-mode-other-line-ends", &key, &text_mode).manifest(&windows).no(&[Code::SignatureType]),
        file("g-clear", &key, &gnupg.sign_as(&ed, MANIFEST, "--clearsign", &[])).no(&[Code::SignatureFormat]),
        file("g-inline", &key, &gnupg.sign_as(&ed, MANIFEST, "--sign", &[])).no(&[Code::SignatureFormat]),
        file("g-headers", &key, &gnupg.sign(&ed, MANIFEST, &["--comment", "a comment", "--emit-version"])),
        file("g-notation", &key, &gnupg.sign(&ed, MANIFEST, &["--set-notation", "n@example.org=v"])),
        file("g-critical-notation", &key, &gnupg.sign(&ed, MANIFEST, &["--set-notation", "!n@example.org=v"]))
            .no(&[Code::SignatureCritical]),
        file("g-signature-expired", &key, &gnupg.sign(&ed, MANIFEST, &["--default-sig-expire", "5d"]))
            .no(&[Code::SignatureExpired]),
    ];
    // the revocation that gpg makes ready beside each key: disarmed, then armed
    let ready = fs::read(gnupg.path("openpgp-revocs.d").join(format!("{ed}.rev"))).unwrap();
    let armed = String::from_utf8(ready.clone()).unwrap().replace(":-----BEGIN", "-----BEGIN");
    rows.push(row_of_files("g-rev", vec![key.clone(), ready], good.clone()).no(&[Code::KeyFileMalformed]));
    rows.push(
        row_of_files("g-rev-armed", vec![key.clone(), armed.into_bytes()], good.clone()).no(&[Code::SignerRevoked]),
    );
    let keybox = fs::read(gnupg.path("pubring.kbx")).unwrap();
    rows.push(file("g-kbx", &keybox, &good).no(&[Code::KeyFileMalformed]));
    // an expiry that is extended after the signature
    let bump = gnupg.key("bump", "ed25519", "1y");
    let (before, signature) = (gnupg.export(&bump), gnupg.sign(&bump, MANIFEST, &[]));
    gnupg.run("20241001", &["--quick-set-expire", &bump, "3y"]);
    let after = gnupg.run("20241001", &["--armor", "--export", &bump]);
    rows.push(file("g-bump", &after, &signature).warn(STRIPPED));
    rows.push(row_of_files("g-bump-both", vec![before.clone(), after.clone()], signature.clone()));
    rows.push(file("g-bump-appended", &[before, after].concat(), &signature));
    // algorithms
    let weak: &[Code] = &[Code::SignatureWeak];
    let unsupported: &[Code] = &[Code::SignatureUnsupported];
    for (algorithm, code) in [
        ("rsa1024", Some(weak)),
        ("rsa2048", None),
        ("dsa1024", Some(weak)),
        ("dsa2048", Some(weak)),
        ("nistp256", None),
        ("brainpoolP256r1", brainpool().then_some(unsupported)),
        ("brainpoolP384r1", brainpool().then_some(unsupported)),
        ("brainpoolP512r1", brainpool().then_some(unsupported)),
        ("secp256k1", Some(unsupported)),
    ] {
        let fingerprint = gnupg.key(algorithm, algorithm, "never");
        let row =
            file(&format!("g-{algorithm}"), &gnupg.export(&fingerprint), &gnupg.sign(&fingerprint, MANIFEST, &[]));
        rows.push(match (code, algorithm) {
            (Some(code), _) => row.no(code),
            (None, "rsa2048") => row.warn(&[WarningKind::Rsa2048]),
            (None, _) => row,
        });
    }
    let old = gnupg.key_with("sha1", "rsa3072", "never", &["--cert-digest-algo", "SHA1"]);
    rows.push(
        file("g-sha1-self-signature", &gnupg.export(&old), &gnupg.sign(&old, MANIFEST, &[])).no(weak).without_sqv(),
    );
    for digest in ["SHA1", "RIPEMD160"] {
        let signature = gnupg.sign(&ed, MANIFEST, &["--digest-algo", digest, "--allow-weak-digest-algos"]);
        rows.push(file(&format!("g-digest-{}", digest.to_lowercase()), &key, &signature).no(weak));
    }
    // two signers at once, as `gpg -u A -u B` writes them
    let second = gnupg.key("second", "ed25519", "never");
    let both = gnupg.sign(&ed, MANIFEST, &["--local-user", &second]);
    rows.push(row_of_files("g-two-signers", vec![key, gnupg.export(&second)], both).threshold(2));
    rows
}

/// The manifest with the line ends of other systems.
fn other_line_ends() -> Vec<u8> {
    MANIFEST.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..])
}

/// Whether this build lacks the Brainpool curves.
fn brainpool() -> bool {
    !sequoia_openpgp::types::Curve::BrainpoolP256.is_supported()
}
