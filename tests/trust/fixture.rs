//! Certificates and signatures for the tests, made with sequoia's own interface. All times are explicit.

use sequoia_openpgp as pgp;
use sequoia_openpgp::armor::{Kind, Writer};
use sequoia_openpgp::cert::{CertBuilder, CertRevocationBuilder, CipherSuite, SubkeyRevocationBuilder};
use sequoia_openpgp::crypto::hash::Hash as _;
use sequoia_openpgp::crypto::{KeyPair, Signer as _};
use sequoia_openpgp::packet::key::{Key4, PrimaryRole, SecretParts, SubordinateRole, UnspecifiedRole};
use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketArea, SubpacketValue};
use sequoia_openpgp::packet::signature::{Signature3, Signature4, SignatureBuilder};
use sequoia_openpgp::packet::{Key, Packet, Signature, UserID};
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::types::{HashAlgorithm, KeyFlags, ReasonForRevocation, SignatureType, Timestamp};
use sequoia_openpgp::{Cert, Profile};
use std::io::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 2024-01-01, when all keys are made.
pub(crate) const BORN: u64 = 1_704_067_200;

/// `count` days after [`BORN`], in seconds since the epoch.
pub(crate) const fn day(count: u64) -> u64 {
    BORN + count * 86_400
}

/// As sequoia has it.
pub(crate) fn time(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// So many days.
pub(crate) fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

/// The manifest that is signed.
pub(crate) const MANIFEST: &[u8] = b"# wheels\n\
    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  empty-1.0-py3-none-any.whl\n\
    ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc-2.0-py3-none-any.whl\n";

/// A certificate to be completed: Ed25519, a certifying primary key, a user ID.
pub(crate) fn builder(name: &str) -> CertBuilder<'static> {
    CertBuilder::new().set_creation_time(time(BORN)).add_userid(format!("{name} <{name}@example.org>"))
}

/// The usual certificate, with one signing subkey.
pub(crate) fn person(name: &str) -> Cert {
    builder(name).add_signing_subkey().generate().unwrap().0
}

/// The usual certificate of another algorithm or version.
pub(crate) fn person_with(name: &str, suite: CipherSuite, profile: Profile) -> Cert {
    let builder = builder(name).set_profile(profile).unwrap().set_cipher_suite(suite);
    builder.add_signing_subkey().generate().unwrap().0
}

/// The primary key, ready to sign.
pub(crate) fn primary(cert: &Cert) -> KeyPair {
    cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap()
}

/// A subkey, ready to sign.
pub(crate) fn subkey(cert: &Cert, index: usize) -> KeyPair {
    let key = cert.keys().subkeys().nth(index).unwrap().key().clone();
    key.parts_into_secret().unwrap().into_keypair().unwrap()
}

/// A packet as it is written.
pub(crate) fn packet(signature: &Signature) -> Vec<u8> {
    Packet::from(signature.clone()).to_vec().unwrap()
}

/// In a PGP SIGNATURE block with checksum.
pub(crate) fn armor(packets: &[u8]) -> Vec<u8> {
    armor_as(Kind::Signature, packets)
}

/// In a block with checksum.
pub(crate) fn armor_as(kind: Kind, packets: &[u8]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), kind).unwrap();
    writer.write_all(packets).unwrap();
    writer.finalize().unwrap()
}

/// A version 4 signature of which every part can be chosen, and which is the same each time.
pub(crate) struct Seal {
    pub(crate) kind: SignatureType,
    pub(crate) hash: HashAlgorithm,
    pub(crate) hashed: Vec<(SubpacketValue, bool)>,
    pub(crate) unhashed: Vec<(SubpacketValue, bool)>,
}

impl Seal {
    /// An ordinary signature of `pair` at `at`.
    pub(crate) fn new(pair: &KeyPair, at: u64) -> Self {
        let time = SubpacketValue::SignatureCreationTime(Timestamp::try_from(time(at)).unwrap());
        Self {
            kind: SignatureType::Binary,
            hash: HashAlgorithm::SHA512,
            hashed: vec![(time, true), (SubpacketValue::IssuerFingerprint(pair.public().fingerprint()), false)],
            unhashed: vec![(SubpacketValue::Issuer(pair.public().keyid()), false)],
        }
    }

    /// With a further hashed part.
    pub(crate) fn with(mut self, value: SubpacketValue, critical: bool) -> Self {
        self.hashed.push((value, critical));
        self
    }

    /// The signature over `data`.
    pub(crate) fn sign(&self, pair: &mut KeyPair, data: &[u8]) -> Signature {
        let area = |parts: &[(SubpacketValue, bool)]| {
            let parts = parts.iter().map(|(value, critical)| Subpacket::new(value.clone(), *critical).unwrap());
            SubpacketArea::new(parts.collect()).unwrap()
        };
        let algorithm = pair.public().pk_algo();
        let build = |prefix, numbers| {
            Signature4::new(self.kind, algorithm, self.hash, area(&self.hashed), area(&self.unhashed), prefix, numbers)
        };
        let mut context = self.hash.context().unwrap().for_signature(4);
        context.update(data);
        let dummy = pair.sign(self.hash, &vec![0; self.hash.digest_size().unwrap()]).unwrap();
        build([0, 0], dummy).hash(&mut context).unwrap();
        let digest = context.into_digest().unwrap();
        let numbers = pair.sign(self.hash, &digest).unwrap();
        build([digest[0], digest[1]], numbers).into()
    }
}

/// An ordinary signature, as a packet.
pub(crate) fn seal(pair: KeyPair, at: u64, data: &[u8]) -> Vec<u8> {
    let mut pair = pair;
    packet(&Seal::new(&pair, at).sign(&mut pair, data))
}

/// An ordinary armored signature over [`MANIFEST`] by the first subkey.
pub(crate) fn signed(cert: &Cert, at: u64) -> Vec<u8> {
    armor(&seal(subkey(cert, 0), at, MANIFEST))
}

/// A signature by sequoia's own builder, which also makes version 6.
pub(crate) fn signed_by_builder(cert: &Cert, hash: Option<HashAlgorithm>) -> Vec<u8> {
    let mut builder = SignatureBuilder::new(SignatureType::Binary).set_signature_creation_time(time(day(100))).unwrap();
    if let Some(hash) = hash {
        builder = builder.set_hash_algo(hash);
    }
    armor(&packet(&builder.sign_message(&mut subkey(cert, 0), MANIFEST).unwrap()))
}

/// A version 3 signature.
pub(crate) fn seal_version_3(pair: KeyPair, at: u64) -> Vec<u8> {
    let mut pair = pair;
    let (hash, made) = (HashAlgorithm::SHA512, Timestamp::try_from(time(at)).unwrap());
    let (issuer, algorithm) = (pair.public().keyid(), pair.public().pk_algo());
    let mut build = |prefix, digest: &[u8]| {
        let numbers = pair.sign(hash, digest).unwrap();
        Signature3::new(SignatureType::Binary, made, issuer.clone(), algorithm, hash, prefix, numbers)
    };
    let mut context = hash.context().unwrap().for_signature(3);
    context.update(MANIFEST);
    build([0, 0], &[0; 64]).hash(&mut context).unwrap();
    let digest = context.into_digest().unwrap();
    packet(&build([digest[0], digest[1]], &digest).into())
}

/// The certificate with new self-signatures instead of its own, all of `at`.
pub(crate) fn rebound(cert: &Cert, at: u64, hash: HashAlgorithm) -> Cert {
    let mut signer = primary(cert);
    let mut packets: Vec<Packet> = vec![cert.primary_key().key().clone().into()];
    for user_id in cert.userids() {
        let old = user_id.self_signatures().next().unwrap().clone();
        let builder = SignatureBuilder::from(old).set_hash_algo(hash).set_signature_creation_time(time(at)).unwrap();
        let user_id = user_id.userid().clone();
        let binding = user_id.bind(&mut signer, cert, builder).unwrap();
        packets.extend([Packet::from(user_id), binding.into()]);
    }
    for key in cert.keys().subkeys() {
        let old = key.self_signatures().next().unwrap().clone();
        let builder = SignatureBuilder::from(old).set_hash_algo(hash).set_signature_creation_time(time(at)).unwrap();
        let key = key.key().clone();
        let binding = key.bind(&mut signer, cert, builder).unwrap();
        packets.extend([Packet::from(key), binding.into()]);
    }
    Cert::from_packets(packets.into_iter()).unwrap()
}

/// A revocation of the certificate; without a reason it is a hard one.
pub(crate) fn revocation(cert: &Cert, at: u64, reason: Option<ReasonForRevocation>) -> Signature {
    let mut builder = CertRevocationBuilder::new().set_signature_creation_time(time(at)).unwrap();
    if let Some(reason) = reason {
        builder = builder.set_reason_for_revocation(reason, b"test").unwrap();
    }
    builder.build(&mut primary(cert), cert, None).unwrap()
}

/// The certificate with a revocation.
pub(crate) fn revoked(cert: &Cert, at: u64, reason: Option<ReasonForRevocation>) -> Cert {
    cert.clone().insert_packets(revocation(cert, at, reason)).unwrap().0
}

/// The certificate with its first subkey revoked.
pub(crate) fn subkey_revoked(cert: &Cert, at: u64, reason: ReasonForRevocation) -> Cert {
    let key = cert.keys().subkeys().next().unwrap().key().clone();
    let builder = SubkeyRevocationBuilder::new().set_signature_creation_time(time(at)).unwrap();
    let builder = builder.set_reason_for_revocation(reason, b"test").unwrap();
    let revocation = builder.build(&mut primary(cert), cert, &key, None).unwrap();
    cert.clone().insert_packets(revocation).unwrap().0
}

/// `owner` claims the key of `pair` as its own signing subkey, without its consent.
pub(crate) fn adopting(owner: &Cert, pair: &KeyPair) -> Cert {
    let key: Key<pgp::packet::key::PublicParts, SubordinateRole> = pair.public().clone().role_into_subordinate();
    let builder = SignatureBuilder::new(SignatureType::SubkeyBinding)
        .set_signature_creation_time(time(BORN))
        .unwrap()
        .set_key_flags(KeyFlags::empty().set_signing())
        .unwrap();
    let binding = builder.sign_subkey_binding(&mut primary(owner), None, &key).unwrap();
    owner.clone().insert_packets([Packet::from(key), binding.into()]).unwrap().0
}

/// A signing key that is always the same.
pub(crate) fn constant_key(seed: u8) -> Key<SecretParts, UnspecifiedRole> {
    Key4::import_secret_ed25519(&[seed; 32], time(BORN)).unwrap().into()
}

/// A certificate of nothing but a signing primary key that is always the same.
pub(crate) fn constant_person(seed: u8) -> (Cert, KeyPair) {
    let key: Key<SecretParts, PrimaryRole> = constant_key(seed).role_into_primary();
    let pair = constant_key(seed).into_keypair().unwrap();
    let cert = Cert::from_packets(std::iter::once(Packet::from(key))).unwrap();
    let user_id = UserID::from("constant");
    let builder = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_signature_creation_time(time(BORN))
        .unwrap()
        .set_key_flags(KeyFlags::empty().set_certification().set_signing())
        .unwrap();
    let binding = user_id.bind(&mut pair.clone(), &cert, builder).unwrap();
    (cert.insert_packets([Packet::from(user_id), binding.into()]).unwrap().0, pair)
}
