//! People who sign, with keys made on the spot, and lists of files as sha256sum writes them.

// each test binary uses its part
#![allow(dead_code, unreachable_pub)]
// a signer that cannot sign fails the test that uses it
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use rustvenv::digest::Sha256;
use sequoia_openpgp::Cert;
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::serialize::stream::{Armorer, Message, Signer};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// 2024-01-01, when all keys are made.
pub const BORN: u64 = 1_704_067_200;

/// A person with a key that can sign.
pub struct Person(Cert);

impl Person {
    /// With this user ID.
    pub fn new(user_id: &str) -> Self {
        let builder = CertBuilder::new().set_creation_time(UNIX_EPOCH + Duration::from_secs(BORN)).add_userid(user_id);
        Self(builder.add_signing_subkey().generate().unwrap().0)
    }

    /// The fingerprint of the primary key.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint().to_hex()
    }

    /// Writes the certificate to `path`.
    pub fn write_certificate(&self, path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, self.0.armored().to_vec().unwrap()).unwrap();
    }

    /// An armored detached signature of `bytes`, made `days` after the key.
    pub fn sign(&self, bytes: &[u8], days: u64) -> Vec<u8> {
        let policy = StandardPolicy::new();
        let key = self.0.keys().with_policy(&policy, None).for_signing().next().unwrap();
        let pair = key.key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
        let mut armored = Vec::new();
        let message = Armorer::new(Message::new(&mut armored)).kind(Kind::Signature).build().unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(BORN + days * 86_400);
        let mut message = Signer::new(message, pair).unwrap().detached().creation_time(time).build().unwrap();
        message.write_all(bytes).unwrap();
        message.finalize().unwrap();
        armored
    }
}

/// The lines about these files.
pub fn lines<'a>(files: impl IntoIterator<Item = &'a (String, Vec<u8>)>) -> String {
    files.into_iter().map(|(name, bytes)| format!("{}  {name}\n", Sha256::of(bytes))).collect()
}
