//! Words of the OpenPGP side: fingerprints, the policy of a package, who signed, and the packets of a signature file.
//!
//! Enter the text of a pinned fingerprint and the bytes of a signature file; leave newtypes and parsed signatures that
//! nobody has believed yet. Rules R3, R4 (format and version), R7 (pins) and R8 (algorithms). The algorithms are those
//! of sequoia's standard policy at a date that is a constant of this program, with stricter exceptions: the clock, a
//! system-wide policy file and the environment are deliberately no inputs, because each of them would make the verdict
//! depend on the machine that builds.

use super::InputFile;
use super::armor::{self, ArmorError, Checksum, Outside};
use crate::code::Code;
use crate::limits::Limits;
use crate::refusal::Refusal;
use sequoia_openpgp as pgp;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::{AsymmetricAlgorithm, HashAlgoSecurity, StandardPolicy};
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The date as of which algorithms are judged, in seconds since the epoch: 2026-11-01. It moves only with a release, so
/// that one version of this program gives one verdict for ever.
pub const POLICY_DATE: u64 = 1_793_491_200;

/// How far after the reference time a signature may be dated, in seconds. A package is often signed later than its
/// changelog says; a date years ahead is an accident, or an attempt to outlive every later `not-before`.
pub const FUTURE_TOLERANCE: u64 = 366 * 86_400;

/// Signatures in all files together. Each costs a digest of the manifest, so that the number has to be bounded.
const MAX_SIGNATURES: usize = 200;

/// The fingerprint of a primary key: 40 (version 4) or 64 (version 6) hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// From exactly 40 or 64 hexadecimal digits; blanks between them are passed over, as gpg prints them.
    ///
    /// # Errors
    /// `signer-malformed` for anything else, above all for short key IDs, of which a second one can be made.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let hex: String = text.chars().filter(|c| *c != ' ').map(|c| c.to_ascii_uppercase()).collect();
        if hex.bytes().all(|byte| byte.is_ascii_hexdigit()) && matches!(hex.len(), 40 | 64) {
            return Ok(Self(hex));
        }
        let hint = match hex.strip_prefix("0X").unwrap_or(&hex).len() {
            8 | 16 => {
                "this looks like a key ID, of which somebody else can make a second one; `gpg --fingerprint` prints \
                       the whole fingerprint"
            }
            _ => "`gpg --show-keys FILE` prints the fingerprint of a certificate",
        };
        Err(Refusal::new(Code::SignerMalformed, format!("`{text}` is not a full fingerprint"))
            .expected("40 hexadecimal digits (version 4), or 64 (version 6)")
            .hint(hint))
    }

    /// As sequoia has it.
    pub(super) fn of(fingerprint: &pgp::Fingerprint) -> Self {
        Self(fingerprint.to_hex().to_ascii_uppercase())
    }

    /// The hexadecimal digits, in upper case and without blanks.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// The cryptographic library that does the arithmetic, for `--version`.
pub fn backend() -> String {
    sequoia_openpgp::crypto::backend()
}

/// What follows when a key was fit to sign at the time, but has expired or was retired by the reference time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lapsed {
    /// A warning, because else a package could not be built again after its signer's key has expired.
    #[default]
    Warned,
    /// A refusal: the answer to signatures that are back-dated with a stolen old key.
    Refused,
}

/// The settings of a package that decide who must have signed, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The primary keys whose signatures count; none means every certificate of the keyring.
    pub signers: Vec<Fingerprint>,
    /// How many different certificates must have signed; at least 1.
    pub threshold: usize,
    /// The date of the package, in seconds since the epoch.
    pub reference_time: u64,
    /// Signatures that are older than this do not count; in seconds since the epoch.
    pub not_before: Option<u64>,
    /// Signatures that are older than this at the reference time do not count; in seconds.
    pub max_age: Option<u64>,
    /// What follows when a signer's key has lapsed since.
    pub lapsed: Lapsed,
    /// The project that the manifest has to name in its header line; none leaves it open.
    pub project: Option<String>,
    /// The lowest serial that the manifest may have in its header line; none leaves it open.
    pub minimum_serial: Option<u64>,
}

impl Policy {
    /// One signature by any certificate of the keyring, whatever its age.
    pub fn new(reference_time: u64) -> Self {
        Self {
            signers: Vec::new(),
            threshold: 1,
            reference_time,
            not_before: None,
            max_age: None,
            lapsed: Lapsed::default(),
            project: None,
            minimum_serial: None,
        }
    }
}

/// Who made a good signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The primary key of the certificate.
    pub fingerprint: Fingerprint,
    /// The key of the certificate that made the signature.
    pub signing_key: Fingerprint,
    /// The primary user ID. The owner wrote it and nobody vouches for it.
    pub user_id: Option<String>,
    /// When the signature was made, in seconds since the epoch, by the signer's clock.
    pub time: u64,
    /// The file or files of the keyring that hold the certificate.
    pub key_file: String,
    /// The file that holds the signature.
    pub signature_file: String,
}

/// What is worth saying although the verdict is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WarningKind {
    /// The configuration does without signatures.
    DangerouslyUnsigned,
    /// The certificate has no self-signature as old as the signature; a later one was used.
    Stripped,
    /// The signer's key has expired since it signed.
    ExpiredSince,
    /// The signer's key was retired or superseded since it signed.
    RetiredSince,
    /// The signer's key is an RSA key of less than 3072 bits.
    Rsa2048,
    /// A further signature does not count.
    Extra,
    /// A wheel has a file that Python reads at each start.
    RunsAtStart,
    /// A wheel has machine code for another architecture.
    MachineCodeForeign,
    /// A file lacks a library that no known package has.
    LibraryUnmet,
    /// A hook of the package left the path of the build in a file.
    BuildPath,
}

impl WarningKind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::DangerouslyUnsigned,
        Self::Stripped,
        Self::ExpiredSince,
        Self::RetiredSince,
        Self::Rsa2048,
        Self::Extra,
        Self::RunsAtStart,
        Self::MachineCodeForeign,
        Self::LibraryUnmet,
        Self::BuildPath,
    ];

    /// The name that is printed and never changes, in kebab case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DangerouslyUnsigned => "dangerously-unsigned",
            Self::Stripped => "signer-stripped",
            Self::ExpiredSince => "signer-expired-since",
            Self::RetiredSince => "signer-retired-since",
            Self::Rsa2048 => "signer-rsa2048",
            Self::Extra => "signature-extra",
            Self::RunsAtStart => "runs-at-start",
            Self::MachineCodeForeign => "machine-code-foreign",
            Self::LibraryUnmet => "library-unmet",
            Self::BuildPath => "build-path",
        }
    }

    /// What was seen, why it is accepted and what to do.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::DangerouslyUnsigned => {
                "The configuration says that nobody signs for the wheels of this package, so that the lock alone decides. Whoever can \
                 change the lock can change what is installed. The provenance in the package says so, too. List the \
                 wheels, have the list signed, and take the key out of the configuration."
            }
            Self::Stripped => {
                "gpg replaces the self-signatures of a key when its expiry is extended, so that the exported \
                 certificate no longer says what it was when the key signed. The earliest later self-signature was \
                 used. To keep the old ones, append the new export to the old key file instead of replacing it."
            }
            Self::ExpiredSince => {
                "The key was valid when it signed and has expired by the reference time. The signature counts, or a \
                 package could not be built again later. The next manifest needs a renewed key."
            }
            Self::RetiredSince => {
                "The owner retired or superseded the key after it signed. The signature counts, because such a \
                 revocation is about the future only. The next manifest needs another key."
            }
            Self::Rsa2048 => {
                "RSA keys below 3072 bits are being phased out; national authorities recommend against their use \
                 after 2030. Sign with a larger RSA key, or with Ed25519."
            }
            Self::Extra => {
                "Enough good signatures are there; this one was made by a key that may not sign, or cannot be checked \
                 by this program, and counts as nothing."
            }
            Self::RunsAtStart => {
                "Python reads .pth files, sitecustomize and usercustomize in site-packages at each start of any program of the \
                 environment, and runs what is in them. What a wheel does there it does to all the others, so this file \
                 deserves a look of its own before the wheel is signed for. It is installed, as pip does it."
            }
            Self::MachineCodeForeign => {
                "Wheels for all platforms ship helper programs for several of them, and some of these cannot run on the \
                 package's architecture. Nothing loads them by their name, so they are installed as they are; lintian will \
                 mention them. Extension modules and scripts for another architecture are refused."
            }
            Self::LibraryUnmet => {
                "Toolkits ship plugins for more libraries than any machine has. No module and no program needs these \
                 files, so the package works without them, but whatever loads them will fail. With `-v` each is \
                 listed. Where a package of the distribution has the library, add that to Depends or Recommends in debian/control."
            }
            Self::BuildPath => {
                "A file that a hook of debian/rules added or changed holds the path of the build tree. A builder in another                  directory gets another package, and where the package is installed there is no such path. Have the hook write                  the path of the installed environment instead."
            }
        }
    }
}

/// Something to say although the verdict is good.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The stable name of the reason.
    pub kind: WarningKind,
    /// One sentence without a final period.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "warning[{}]: {}", self.kind.name(), crate::refusal::printable(&self.message))
    }
}

/// Sequoia's standard policy at [`POLICY_DATE`], without what it still tolerates by then.
#[derive(Debug)]
pub(super) struct Rules(StandardPolicy<'static>);

impl Rules {
    pub(super) fn new() -> Self {
        let mut policy = StandardPolicy::at(time_of(POLICY_DATE));
        policy.reject_hash(HashAlgorithm::SHA224);
        for algorithm in [
            AsymmetricAlgorithm::DSA1024,
            AsymmetricAlgorithm::DSA2048,
            AsymmetricAlgorithm::DSA3072,
            AsymmetricAlgorithm::DSA4096,
        ] {
            policy.reject_asymmetric_algo(algorithm);
        }
        Self(policy)
    }

    /// Whether the digest algorithm is good enough for signatures over data that somebody else may have written.
    pub(super) fn accepts_hash(&self, hash: HashAlgorithm) -> bool {
        self.0
            .hash_cutoff(hash, HashAlgoSecurity::CollisionResistance)
            .is_none_or(|cutoff| cutoff > time_of(POLICY_DATE))
    }
}

impl pgp::policy::Policy for Rules {
    fn signature(&self, signature: &pgp::packet::Signature, security: HashAlgoSecurity) -> pgp::Result<()> {
        // A forged revocation can only take something away, so that none is ever passed over for its algorithm.
        if is_revocation(signature.typ()) {
            return Ok(());
        }
        if signature.version() < 4 {
            return Err(pgp::Error::PolicyViolation("a version 3 signature".into(), None).into());
        }
        self.0.signature(signature, security)
    }

    fn key(
        &self,
        key: &pgp::cert::amalgamation::key::ValidErasedKeyAmalgamation<pgp::packet::key::PublicParts>,
    ) -> pgp::Result<()> {
        self.0.key(key)
    }
}

/// What the standard policy has against the signature, beyond its digest algorithm.
pub(super) fn refused_by(rules: &Rules, signature: &pgp::packet::Signature) -> Option<String> {
    use pgp::policy::Policy as _;
    rules.signature(signature, HashAlgoSecurity::CollisionResistance).err().map(|error| error.root_cause().to_string())
}

/// Whether signatures of this type take something away.
pub(super) fn is_revocation(kind: SignatureType) -> bool {
    matches!(
        kind,
        SignatureType::KeyRevocation | SignatureType::SubkeyRevocation | SignatureType::CertificationRevocation
    )
}

/// The keys that a signature names, each once: a key ID is the end of a version 4 fingerprint.
pub(super) fn names(issuers: &[pgp::KeyHandle]) -> String {
    let mut names: Vec<String> = Vec::new();
    for issuer in issuers.iter().map(ToString::to_string) {
        if !names.iter().any(|known| known.ends_with(&issuer)) {
            names.push(issuer);
        }
    }
    names.join(", ")
}

/// Seconds since the epoch, of a time that comes from a packet and therefore fits.
pub(super) fn seconds_of(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The time of a number of seconds since the epoch. OpenPGP ends in 2106; what is later is as late as it can be.
pub(super) fn time_of(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds.min(u64::from(u32::MAX)))
}

/// Where a signature stands, for messages.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// The file.
    pub(super) file: String,
    /// Which of the file's signatures, when it has several.
    pub(super) number: Option<usize>,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "signature {number} of `{}`", self.file),
            None => write!(f, "the signature in `{}`", self.file),
        }
    }
}

/// A signature packet that nobody has believed yet.
pub(super) struct Unjudged {
    pub(super) site: Site,
    pub(super) checksum: Checksum,
    pub(super) content: Content,
}

/// What a signature packet holds.
pub(super) enum Content {
    /// A version 4 or version 6 signature.
    Signature(Box<pgp::packet::Signature>),
    /// A signature of another version.
    Version(u8),
    /// A signature of a known version that sequoia cannot take apart, for instance because of its algorithm.
    Opaque {
        /// The public-key algorithm.
        algorithm: pgp::types::PublicKeyAlgorithm,
        /// What sequoia says.
        why: String,
    },
}

/// All signatures of the signature files.
///
/// # Errors
/// Every file that is not a sequence of OpenPGP signatures.
pub(super) fn signatures(files: &[InputFile]) -> Result<Vec<Unjudged>, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut found = Vec::new();
    for file in files {
        match read_file(file) {
            Ok(signatures) => found.extend(signatures),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if found.len() > MAX_SIGNATURES {
        refusals.push(
            Refusal::new(Code::TrustInputTooLarge, "there are too many signatures")
                .expected(format!("at most {MAX_SIGNATURES}"))
                .found(found.len().to_string())
                .hint("keep one signature of each signer"),
        );
    }
    if refusals.is_empty() { Ok(found) } else { Err(refusals) }
}

fn read_file(file: &InputFile) -> Result<Vec<Unjudged>, Refusal> {
    super::check_size(file, Limits::DEFAULT.signature_size)?;
    let mut found = Vec::new();
    for (data, checksum) in binary_blocks(file)? {
        let unsound = |what: String| match checksum {
            Checksum::Wrong => damaged(file, "the checksum of its armor is wrong"),
            _ => format_error(file, what),
        };
        let frames =
            armor::frames(&data).map_err(|error| unsound(format!("{} at byte {}", error.why, error.offset)))?;
        if frames.is_empty() {
            return Err(unsound("it holds no signature".into()));
        }
        for frame in frames {
            if frame.tag != u8::from(pgp::packet::Tag::Signature) {
                return Err(unsound(format!("{} at byte {}", foreign(frame.tag), frame.offset)));
            }
            let content = content(&frame).map_err(|why| unsound(format!("{why} at byte {}", frame.offset)))?;
            found.push(Unjudged { site: Site { file: file.name.clone(), number: None }, checksum, content });
        }
    }
    if found.len() > 1 {
        for (index, signature) in found.iter_mut().enumerate() {
            signature.site.number = Some(index + 1);
        }
    }
    Ok(found)
}

/// The file's packets, out of their armor.
pub(super) fn binary_blocks(file: &InputFile) -> Result<Vec<(Vec<u8>, Checksum)>, Refusal> {
    let bytes = file.bytes.as_slice();
    if bytes.first().is_some_and(|first| first & 0x80 != 0) && !bytes.starts_with(b"\xEF\xBB\xBF") {
        return Ok(vec![(bytes.to_vec(), Checksum::Absent)]);
    }
    if bytes.trim_ascii().is_empty() {
        return Err(format_error(file, "it is empty".into()));
    }
    // What is not a signature is named before what is wrong with its form.
    for line in bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end) {
        match line {
            b"-----BEGIN PGP SIGNED MESSAGE-----" => {
                return Err(format_error(file, "it is a cleartext-signed text, not a detached signature".into()));
            }
            b"-----BEGIN PGP MESSAGE-----" => {
                return Err(format_error(file, "it is an OpenPGP message, not a detached signature".into()));
            }
            _ => {}
        }
    }
    let blocks = armor::blocks(bytes, Outside::Refused).map_err(|error| match error {
        ArmorError::Structure { line, why } => format_error(file, format!("{why} (line {line})")),
        ArmorError::Encoding { line } => {
            damaged(file, &format!("the armored block that begins in line {line} is not base64"))
        }
    })?;
    for block in &blocks {
        if block.label != "PGP SIGNATURE" {
            return Err(format_error(file, format!("line {} begins a {} block", block.line, block.label)));
        }
    }
    Ok(blocks.into_iter().map(|block| (block.data, block.checksum)).collect())
}

/// A packet of the type `tag` where only signatures belong.
fn foreign(tag: u8) -> String {
    format!("there is a packet of another type ({})", pgp::packet::Tag::from(tag))
}

/// Takes one signature packet apart.
fn content(frame: &armor::Frame<'_>) -> Result<Content, String> {
    match frame.body.first() {
        None => return Err("there is an empty signature packet".into()),
        Some(4 | 6) => {}
        Some(version) => return Ok(Content::Version(*version)),
    }
    match pgp::Packet::from_bytes(frame.whole) {
        Ok(pgp::Packet::Signature(signature)) => Ok(Content::Signature(Box::new(signature))),
        Ok(other) => {
            let why = match &other {
                pgp::Packet::Unknown(unknown) => unknown.error().to_string(),
                other => other.tag().to_string(),
            };
            // Octet 2 of versions 4 and 6 is the public-key algorithm (RFC 9580 section 5.2.3).
            let algorithm = frame.body.get(2).copied().map(pgp::types::PublicKeyAlgorithm::from);
            match algorithm {
                Some(algorithm) if !algorithm.is_supported() => Ok(Content::Opaque { algorithm, why }),
                _ => Err(format!("there is a malformed signature packet ({why})")),
            }
        }
        Err(error) => Err(format!("there is a malformed signature packet ({error})")),
    }
}

fn format_error(file: &InputFile, what: String) -> Refusal {
    Refusal::new(Code::SignatureFormat, format!("`{}` is not a detached OpenPGP signature", file.name))
        .expected(
            "signature packets, or blocks that begin with -----BEGIN PGP SIGNATURE----- and only blank lines \
                   around them",
        )
        .found(what)
        .hint("sign the manifest again with `gpg --armor --detach-sign`")
}

/// A signature file that is not what the signer wrote.
pub(super) fn damaged(file: &InputFile, what: &str) -> Refusal {
    damaged_at(&format!("`{}`", file.name), what)
}

/// As [`damaged`], for one of several signatures.
pub(super) fn damaged_at(place: &str, what: &str) -> Refusal {
    Refusal::new(Code::SignatureDamaged, format!("{place} is damaged"))
        .expected("the signature as the signer wrote it")
        .found(what)
        .hint("get the signature file again from where it came from, or have the manifest signed again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_fingerprints_are_pinned() {
        let full = "0123456789ABCDEF0123456789ABCDEF01234567";
        let printed = "0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567";
        for text in [full, printed, &full.to_lowercase()] {
            assert_eq!(Fingerprint::parse(text).unwrap().as_str(), full);
        }
        assert!(Fingerprint::parse(&"a".repeat(64)).is_ok());
        for bad in [
            "",
            "01234567",
            "0123456789ABCDEF",
            "0x0123456789ABCDEF",
            &full[1..],
            &format!("{full}0"),
            "0x0123456789ABCDEF0123456789ABCDEF012345",
        ] {
            assert_eq!(Fingerprint::parse(bad).unwrap_err().code, Code::SignerMalformed, "{bad}");
        }
        assert!(Fingerprint::parse("89ABCDEF").unwrap_err().hint.unwrap().contains("key ID"));
    }

    #[test]
    fn warnings_have_names_that_no_refusal_has() {
        for kind in WarningKind::ALL {
            assert_eq!(Code::from_name(kind.name()), None);
            assert!(kind.explanation().ends_with('.'));
        }
    }

    #[test]
    fn the_policy_does_not_know_the_time() {
        let rules = Rules::new();
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
            (HashAlgorithm::Unknown(99), false),
        ] {
            assert_eq!(rules.accepts_hash(hash), accepted, "{hash}");
        }
        assert_eq!(rules.0.time(), Some(time_of(POLICY_DATE)));
        assert_eq!(crate::date::iso_utc(POLICY_DATE), "2026-11-01T00:00:00Z");
    }

    #[test]
    fn what_is_not_a_signature_is_named() {
        for (what, bytes, code) in [
            ("nothing", &b""[..], Code::SignatureFormat),
            ("blank lines", b"\n\n", Code::SignatureFormat),
            ("text", b"hello\n", Code::SignatureFormat),
            ("byte order mark", b"\xEF\xBB\xBF-----BEGIN PGP SIGNATURE-----\n", Code::SignatureFormat),
            ("a literal packet", b"\xCB\x01\x00", Code::SignatureFormat),
            ("an empty signature packet", b"\xC2\x00", Code::SignatureFormat),
            (
                "an empty block",
                b"-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n",
                Code::SignatureFormat,
            ),
            (
                "a block with a wrong checksum",
                b"-----BEGIN PGP SIGNATURE-----\n\nAQID\n=AAAA\n-----END PGP SIGNATURE-----\n",
                Code::SignatureDamaged,
            ),
        ] {
            let file = InputFile { name: "x.asc".into(), bytes: bytes.to_vec() };
            match signatures(&[file]) {
                Err(refusals) => assert_eq!(refusals[0].code, code, "{what}"),
                Ok(_) => panic!("{what}"),
            }
        }
    }

    #[test]
    fn the_number_of_signatures_is_bounded() {
        let file = InputFile { name: "x.sig".into(), bytes: [0xC2, 1, 9].repeat(MAX_SIGNATURES + 1) };
        assert_eq!(signatures(&[file]).err().unwrap()[0].code, Code::TrustInputTooLarge);
    }
}
