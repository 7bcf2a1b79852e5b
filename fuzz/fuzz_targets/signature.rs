//! Any bytes as a signature file beside a good certificate: nothing is accepted for a manifest that its owner has not
//! signed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::trust::InputFile;
use rustvenv::trust::keyring::Keyring;
use rustvenv::trust::openpgp::Policy;
use rustvenv::trust::verified::{UnverifiedManifest, verify};
use std::sync::OnceLock;

const CERTIFICATE: &[u8] = include_bytes!("../seeds/keyring/good.asc");
const MANIFEST: &[u8] = include_bytes!("../seeds/manifest/good.txt");

fuzz_target!(|data: &[u8]| {
    static KEYRING: OnceLock<Keyring> = OnceLock::new();
    let file = |name: &str, bytes: &[u8]| InputFile { name: name.into(), bytes: bytes.to_vec() };
    let keyring = KEYRING.get_or_init(|| Keyring::read(&[file("key.asc", CERTIFICATE)]).expect("a good certificate"));
    for (manifest, may_be_good) in [(MANIFEST, true), (&b"another\n"[..], false)] {
        let unverified = UnverifiedManifest {
            manifest: file("sha256sums.txt", manifest),
            signatures: vec![file("sha256sums.txt.asc", data)],
        };
        match verify(unverified, keyring, &Policy::new(1_720_000_000)) {
            Ok(verified) => {
                assert!(may_be_good, "accepted for a manifest that nobody has signed");
                assert_eq!(verified.manifest().bytes, manifest);
                assert_eq!(verified.signers().len(), 1);
            }
            Err(refusals) => assert!(!refusals.is_empty()),
        }
    }
});
