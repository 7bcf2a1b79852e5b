//! The keyring: certificates from files, merged by primary fingerprint.
//!
//! Enter the bytes of key files (armored or binary, one or several certificates, several blocks); leaves a [`Keyring`],
//! whose certificates remember the files that they came from. Rules R1 and R2. A file that cannot be read to its end is
//! an error, because what is passed over may be a revocation; so is a secret key. A revocation that comes alone, as gpg
//! makes it, is applied to its certificate. Deliberately absent: any belief. A certificate here is something to look
//! up; whether it may sign is judged when it has signed.

use super::armor::{self, ArmorError, Checksum, Outside};
use super::openpgp::{self, Fingerprint, Rules};
use super::{InputFile, check_size};
use crate::code::Code;
use crate::limits::Limits;
use crate::refusal::Refusal;
use sequoia_openpgp as pgp;
use sequoia_openpgp::packet::{Packet, Signature, Tag};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::types::SignatureType;
use std::collections::BTreeMap;

/// What a file of a keyring directory is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRole {
    /// Certificates: read it.
    Certificate,
    /// Hidden files and files named README: leave them alone.
    Ignored,
    /// Neither: refuse it with [`Code::KeyFileUnexpected`].
    Unexpected,
}

/// What a file of a keyring directory is by its name. Whether it is a regular file is for the caller to check
/// ([`Code::KeyFileNotRegular`]).
pub fn file_role(name: &str) -> FileRole {
    if name.starts_with('.') || name.starts_with("README") {
        FileRole::Ignored
    } else if is_certificate_file_name(name) {
        FileRole::Certificate
    } else {
        FileRole::Unexpected
    }
}

/// Whether the name ends as those of certificates do: `.asc`, `.gpg`, `.pgp` or `.pub`.
pub fn is_certificate_file_name(name: &str) -> bool {
    [".asc", ".gpg", ".pgp", ".pub"].iter().any(|suffix| name.len() > suffix.len() && name.ends_with(suffix))
}

/// A certificate and where it came from.
#[derive(Clone, Debug)]
pub struct Certificate {
    cert: pgp::Cert,
    files: Vec<String>,
}

impl Certificate {
    /// The fingerprint of the primary key.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.cert.fingerprint())
    }

    /// The files that hold a copy of the certificate or a revocation of it, in the order in which they were read.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The certificate itself.
    pub fn cert(&self) -> &pgp::Cert {
        &self.cert
    }

    /// The fingerprint and the files, for messages.
    pub(super) fn describe(&self) -> String {
        format!("{} ({})", self.fingerprint(), self.place())
    }

    /// The files, for messages.
    pub(super) fn place(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| format!("`{file}`")).collect();
        files.join(", ")
    }
}

/// Certificates by primary fingerprint.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    certificates: BTreeMap<Fingerprint, Certificate>,
}

/// What one key file holds.
enum Piece {
    Certificate(Box<pgp::Cert>),
    Revocation(Box<Signature>),
}

impl Keyring {
    /// Reads key files and merges the copies of each certificate.
    ///
    /// # Errors
    /// Every file that is not made of readable certificates or that holds a secret key; `keyring-empty` when there is
    /// no certificate.
    pub fn read(files: &[InputFile]) -> Result<Self, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let mut keyring = Self::default();
        let mut revocations = Vec::new();
        for file in files {
            match read_file(file) {
                Ok(pieces) => {
                    for piece in pieces {
                        match piece {
                            Piece::Certificate(cert) => {
                                if let Err(why) = keyring.add(*cert, &file.name) {
                                    refusals.push(malformed(file, &why));
                                }
                            }
                            Piece::Revocation(signature) => revocations.push((file, signature)),
                        }
                    }
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        for (file, signature) in revocations {
            if let Err(refusal) = keyring.revoke(file, *signature) {
                refusals.push(refusal);
            }
        }
        refusals.extend(keyring.certificates.values().filter_map(unverifiable_revocation));
        if refusals.is_empty() && keyring.certificates.is_empty() {
            refusals.push(
                Refusal::new(Code::KeyringEmpty, "the keyring holds no certificate")
                    .expected("the signers' certificates in files whose names end in .asc, .gpg, .pgp or .pub")
                    .found(format!("{} files", files.len()))
                    .hint("add what `gpg --armor --export FINGERPRINT` prints"),
            );
        }
        if refusals.is_empty() { Ok(keyring) } else { Err(refusals) }
    }

    /// The certificates, by fingerprint.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.values()
    }

    /// The certificate with this primary key.
    pub fn get(&self, fingerprint: &Fingerprint) -> Option<&Certificate> {
        self.certificates.get(fingerprint)
    }

    /// The primary key of the certificate that has a subkey with this fingerprint.
    pub fn owner_of_subkey(&self, fingerprint: &Fingerprint) -> Option<Fingerprint> {
        let has = |certificate: &&Certificate| {
            certificate.cert.keys().subkeys().any(|key| Fingerprint::of(&key.key().fingerprint()) == *fingerprint)
        };
        self.certificates.values().find(has).map(Certificate::fingerprint)
    }

    /// How many certificates there are.
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    fn add(&mut self, cert: pgp::Cert, file: &str) -> Result<(), String> {
        let fingerprint = Fingerprint::of(&cert.fingerprint());
        let merged = match self.certificates.remove(&fingerprint) {
            None => Certificate { cert, files: vec![file.to_owned()] },
            Some(Certificate { cert: known, mut files }) => {
                if !files.iter().any(|name| name == file) {
                    files.push(file.to_owned());
                }
                Certificate { cert: known.merge_public(cert).map_err(|error| error.to_string())?, files }
            }
        };
        self.certificates.insert(fingerprint, merged);
        Ok(())
    }

    /// Applies a revocation that came without its certificate.
    fn revoke(&mut self, file: &InputFile, signature: Signature) -> Result<(), Refusal> {
        let issuers = signature.get_issuers();
        let fingerprint = self.certificates.values().find_map(|certificate| {
            let primary = certificate.cert.primary_key();
            let key = primary.key();
            let named = issuers.iter().any(|issuer| issuer.aliases(key.key_handle()));
            (named && signature.verify_primary_key_revocation(key, key).is_ok()).then(|| certificate.fingerprint())
        });
        let Some(fingerprint) = fingerprint else {
            let found = format!("a revocation by {} that fits no certificate of the keyring", openpgp::names(&issuers));
            return Err(malformed(file, &found)
                .hint("add the certificate that is revoked beside it, or take both out of the keyring"));
        };
        if let Some(Certificate { cert, mut files }) = self.certificates.remove(&fingerprint) {
            if !files.contains(&file.name) {
                files.push(file.name.clone());
            }
            let (cert, _) = cert.insert_packets(signature).map_err(|error| malformed(file, &error.to_string()))?;
            self.certificates.insert(fingerprint, Certificate { cert, files });
        }
        Ok(())
    }

    /// Whether `signature` is a revocation of `certificate` by somebody whom its owner has entitled to revoke it
    /// (RFC 9580 section 5.2.3.23), and whose certificate is in the keyring.
    pub(super) fn is_designated(&self, certificate: &Certificate, signature: &Signature, rules: &Rules) -> bool {
        let primary = certificate.cert.primary_key();
        certificate.cert.revocation_keys(rules).any(|revoker| {
            let (_, fingerprint) = revoker.revoker();
            self.certificates.get(&Fingerprint::of(fingerprint)).is_some_and(|other| {
                let key = other.cert.primary_key();
                signature.verify_primary_key_revocation(key.key(), primary.key()).is_ok()
            })
        })
    }
}

fn read_file(file: &InputFile) -> Result<Vec<Piece>, Refusal> {
    check_size(file, Limits::DEFAULT.certificate_size)?;
    let mut pieces = Vec::new();
    for data in binary_blocks(file)? {
        pieces.extend(read_block(file, &data)?);
    }
    Ok(pieces)
}

/// How the armor begins in the revocation that gpg makes ready beside a new key.
const DISARMED: &[u8] = b"\n:-----BEGIN PGP ";

/// The file's packets, out of their armor.
fn binary_blocks(file: &InputFile) -> Result<Vec<Vec<u8>>, Refusal> {
    let bytes = file.bytes.as_slice();
    if bytes.trim_ascii().is_empty() {
        return Err(malformed(file, "it is empty"));
    }
    if bytes.get(8..12) == Some(b"KBXf") {
        return Err(malformed(file, "it is a keybox, the private format of GnuPG"));
    }
    if bytes.first().is_some_and(|first| first & 0x80 != 0) && !bytes.starts_with(b"\xEF\xBB\xBF") {
        return Ok(vec![bytes.to_vec()]);
    }
    let blocks = armor::blocks(bytes, Outside::Ignored).map_err(|error| match error {
        ArmorError::Structure { line, why } => malformed(file, &format!("{why} (line {line})")),
        ArmorError::Encoding { line } => {
            malformed(file, &format!("the armored block that begins in line {line} is not base64"))
        }
    });
    let blocks = match blocks {
        Err(refusal) if bytes.windows(DISARMED.len()).any(|window| window == DISARMED) => {
            return Err(refusal.hint(
                "this is the revocation that gpg keeps ready, disarmed with a colon; it takes effect when the colon \
                 is removed",
            ));
        }
        other => other?,
    };
    if blocks.is_empty() {
        return Err(malformed(file, "it has no armored block and is not binary"));
    }
    let mut found = Vec::new();
    for block in blocks {
        match block.label.as_str() {
            "PGP PUBLIC KEY BLOCK" => {}
            "PGP PRIVATE KEY BLOCK" => return Err(secret(file)),
            other => return Err(malformed(file, &format!("line {} begins a {other} block", block.line))),
        }
        if block.checksum == Checksum::Wrong {
            return Err(malformed(
                file,
                &format!("the block that begins in line {} does not have the checksum that it states", block.line),
            ));
        }
        found.push(block.data);
    }
    Ok(found)
}

/// The certificates and lone revocations of one block of packets.
fn read_block(file: &InputFile, data: &[u8]) -> Result<Vec<Piece>, Refusal> {
    let frames =
        armor::frames(data).map_err(|error| malformed(file, &format!("{} at byte {}", error.why, error.offset)))?;
    if frames.is_empty() {
        return Err(malformed(file, "it holds no certificate"));
    }
    if frames.iter().any(|frame| matches!(Tag::from(frame.tag), Tag::SecretKey | Tag::SecretSubkey)) {
        return Err(secret(file));
    }
    let mut pieces = Vec::new();
    let mut group: Vec<u8> = Vec::new();
    for frame in &frames {
        let at = |why: &str| malformed(file, &format!("{why} at byte {}", frame.offset));
        match Tag::from(frame.tag) {
            Tag::PublicKey => {
                close(file, &mut group, &mut pieces)?;
                group.extend_from_slice(frame.whole);
            }
            Tag::Signature => {
                let signature = match Packet::from_bytes(frame.whole) {
                    Ok(Packet::Signature(signature)) => Some(signature),
                    _ => None,
                };
                match signature {
                    // gpg writes a revocation that was made in advance without its certificate.
                    Some(signature) if group.is_empty() && signature.typ() == SignatureType::KeyRevocation => {
                        pieces.push(Piece::Revocation(Box::new(signature)));
                    }
                    _ if group.is_empty() => return Err(at("there is a signature without a certificate")),
                    // Octet 1 of versions 4 and 6 is the type. What cannot be taken apart cannot be obeyed.
                    None if frame.body.get(1).is_some_and(|kind| openpgp::is_revocation((*kind).into())) => {
                        return Err(at("there is a revocation that cannot be read"));
                    }
                    _ => group.extend_from_slice(frame.whole),
                }
            }
            Tag::PublicSubkey | Tag::UserID | Tag::UserAttribute => {
                if group.is_empty() {
                    return Err(at("there is a part of a certificate without its primary key"));
                }
                group.extend_from_slice(frame.whole);
            }
            // Trust packets are the private notes of GnuPG, marker and padding packets mean nothing.
            Tag::Trust | Tag::Marker | Tag::Padding => {}
            other => return Err(at(&format!("there is a packet that is not part of a certificate ({other})"))),
        }
    }
    close(file, &mut group, &mut pieces)?;
    Ok(pieces)
}

/// Makes a certificate of the packets that were gathered.
fn close(file: &InputFile, group: &mut Vec<u8>, pieces: &mut Vec<Piece>) -> Result<(), Refusal> {
    if group.is_empty() {
        return Ok(());
    }
    let cert = pgp::Cert::from_bytes(group.as_slice()).map_err(|error| malformed(file, &error.to_string()))?;
    group.clear();
    pieces.push(Piece::Certificate(Box::new(cert)));
    Ok(())
}

/// A refusal when the certificate holds a revocation in its own name that does not verify: one damaged byte would turn
/// a revoked certificate into a good one.
fn unverifiable_revocation(certificate: &Certificate) -> Option<Refusal> {
    let primary = certificate.cert.primary_key();
    let handle = primary.key().key_handle();
    certificate
        .cert
        .bad_signatures()
        .any(|signature| {
            openpgp::is_revocation(signature.typ())
                && signature.get_issuers().iter().any(|issuer| issuer.aliases(&handle))
        })
        .then(|| {
            Refusal::new(
                Code::KeyFileMalformed,
                format!("the certificate {} holds a revocation that does not verify", certificate.fingerprint()),
            )
            .found(format!("in {}", certificate.place()))
            .hint("export the certificate again with `gpg --armor --export FINGERPRINT`")
        })
}

fn malformed(file: &InputFile, why: &str) -> Refusal {
    Refusal::new(Code::KeyFileMalformed, format!("`{}` is not a readable OpenPGP certificate", file.name))
        .expected("what `gpg --armor --export FINGERPRINT` prints")
        .found(why)
        .hint("export the certificate again, or take the file out of the keyring")
}

fn secret(file: &InputFile) -> Refusal {
    Refusal::new(Code::KeyFileSecret, format!("`{}` holds a secret key", file.name))
        .expected("what `gpg --armor --export FINGERPRINT` prints")
        .found("what `gpg --export-secret-keys` prints")
        .hint("treat the key as compromised: revoke it, sign with a new one, and export only its public part")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sequoia_openpgp::cert::CertBuilder;
    use sequoia_openpgp::serialize::SerializeInto as _;

    fn file(name: &str, bytes: impl Into<Vec<u8>>) -> InputFile {
        InputFile { name: name.into(), bytes: bytes.into() }
    }

    fn code(files: &[InputFile]) -> Code {
        Keyring::read(files).err().map(|refusals| refusals[0].code).expect("a refusal")
    }

    #[test]
    fn names_decide_what_is_read() {
        for (name, role) in [
            ("alice.asc", FileRole::Certificate),
            ("alice.pub", FileRole::Certificate),
            ("keyring.gpg", FileRole::Certificate),
            ("alice@example.org.pgp", FileRole::Certificate),
            (".asc", FileRole::Ignored),
            (".gitignore", FileRole::Ignored),
            ("README.md", FileRole::Ignored),
            ("alice.txt", FileRole::Unexpected),
            ("alice.asc~", FileRole::Unexpected),
            ("pubring.kbx", FileRole::Unexpected),
            ("alice", FileRole::Unexpected),
        ] {
            assert_eq!(file_role(name), role, "{name}");
        }
    }

    #[test]
    fn certificates_are_read_in_every_form_and_merged() {
        let (one, _) = CertBuilder::general_purpose(Some("One <one@example.org>")).generate().unwrap();
        let (two, _) = CertBuilder::general_purpose(Some("Two <two@example.org>")).generate().unwrap();
        let (one_armored, one_binary) = (one.armored().to_vec().unwrap(), one.to_vec().unwrap());
        let (two_armored, two_binary) = (two.armored().to_vec().unwrap(), two.to_vec().unwrap());
        for (what, files, count) in [
            ("armored", vec![file("a", one_armored.clone())], 1),
            ("binary", vec![file("a", one_binary.clone())], 1),
            ("two binary in one", vec![file("a", [one_binary.clone(), two_binary].concat())], 2),
            ("two blocks in one", vec![file("a", [one_armored.clone(), two_armored.clone()].concat())], 2),
            ("text around", vec![file("a", [b"Alice's key\n\n".to_vec(), one_armored.clone()].concat())], 1),
            ("two files", vec![file("a", one_armored.clone()), file("b", two_armored)], 2),
            ("the same twice", vec![file("a", one_armored), file("b", one_binary)], 1),
        ] {
            let keyring = Keyring::read(&files).unwrap_or_else(|refusals| panic!("{what}: {refusals:?}"));
            assert_eq!(keyring.len(), count, "{what}");
            let places = keyring.get(&Fingerprint::of(&one.fingerprint())).unwrap().files().len();
            assert_eq!(places, if what == "the same twice" { 2 } else { 1 }, "{what}");
        }
    }

    #[test]
    fn what_is_not_a_certificate_is_refused() {
        let (cert, revocation) = CertBuilder::general_purpose(Some("One <one@example.org>")).generate().unwrap();
        let (armored, binary) = (cert.armored().to_vec().unwrap(), cert.to_vec().unwrap());
        let text = String::from_utf8(armored.clone()).unwrap();
        let mut keybox = vec![0, 0, 0, 32, 1, 1, 0, 2];
        keybox.extend_from_slice(b"KBXf\0\0\0\0");
        for (what, bytes, expected) in [
            ("empty", Vec::new(), Code::KeyFileMalformed),
            ("text", b"hello\n".to_vec(), Code::KeyFileMalformed),
            ("keybox", keybox, Code::KeyFileMalformed),
            ("truncated armor", armored[..armored.len() / 2].to_vec(), Code::KeyFileMalformed),
            ("truncated packets", binary[..binary.len() - 5].to_vec(), Code::KeyFileMalformed),
            ("bytes after it", [binary.clone(), b"\0\0".to_vec()].concat(), Code::KeyFileMalformed),
            (
                "a part without its key",
                binary[armor::frames(&binary).unwrap()[1].offset..].to_vec(),
                Code::KeyFileMalformed,
            ),
            ("another armor", text.replace("PUBLIC KEY BLOCK", "MESSAGE").into_bytes(), Code::KeyFileMalformed),
            ("a lone revocation", Packet::from(revocation).to_vec().unwrap(), Code::KeyFileMalformed),
            ("a secret key", cert.as_tsk().to_vec().unwrap(), Code::KeyFileSecret),
            ("an armored secret key", cert.as_tsk().armored().to_vec().unwrap(), Code::KeyFileSecret),
            ("too large", vec![0x80; (4 << 20) + 1], Code::TrustInputTooLarge),
        ] {
            assert_eq!(code(&[file("x", bytes)]), expected, "{what}");
        }
        assert_eq!(code(&[]), Code::KeyringEmpty);
    }

    #[test]
    fn a_disarmed_revocation_is_explained() {
        let (_, revocation) = CertBuilder::general_purpose(Some("One <one@example.org>")).generate().unwrap();
        let mut writer = pgp::armor::Writer::new(Vec::new(), pgp::armor::Kind::PublicKey).unwrap();
        std::io::Write::write_all(&mut writer, &Packet::from(revocation).to_vec().unwrap()).unwrap();
        let text = String::from_utf8(writer.finalize().unwrap()).unwrap();
        let refusals = Keyring::read(&[file("x.rev", format!("Remove the colon.\n\n:{text}"))]).unwrap_err();
        assert_eq!(refusals[0].code, Code::KeyFileMalformed);
        assert!(refusals[0].hint.as_ref().unwrap().contains("colon"));
    }

    #[test]
    fn a_lone_revocation_is_applied_and_a_damaged_one_is_refused() {
        let (cert, revocation) = CertBuilder::general_purpose(Some("One <one@example.org>")).generate().unwrap();
        let alone = Packet::from(revocation.clone()).to_vec().unwrap();
        let public = cert.to_vec().unwrap();
        for order in [[&public, &alone], [&alone, &public]] {
            let files: Vec<_> = order.iter().map(|bytes| file("x", bytes.to_vec())).collect();
            let keyring = Keyring::read(&files).unwrap();
            assert_eq!(keyring.certificates().next().unwrap().cert().primary_key().self_revocations().count(), 1);
        }
        let mut damaged = alone.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(code(&[file("a", public.clone()), file("b", damaged.clone())]), Code::KeyFileMalformed);
        assert_eq!(code(&[file("a", [public, damaged].concat())]), Code::KeyFileMalformed);
    }
}
