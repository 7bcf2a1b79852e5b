//! Any bytes as a key file: every certificate that is accepted is public and found again, and signs nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::trust::InputFile;
use rustvenv::trust::keyring::Keyring;
use rustvenv::trust::openpgp::Policy;
use rustvenv::trust::verified::{UnverifiedManifest, verify};

fuzz_target!(|data: &[u8]| {
    let file = |name: &str, bytes: &[u8]| InputFile { name: name.into(), bytes: bytes.to_vec() };
    match Keyring::read(&[file("key.pgp", data)]) {
        Ok(keyring) => {
            assert!(!keyring.is_empty());
            for certificate in keyring.certificates() {
                assert!(!certificate.cert().is_tsk());
                assert!(keyring.get(&certificate.fingerprint()).is_some());
                assert!(!certificate.files().is_empty());
            }
            // a signature over something else, by a key that is perhaps there
            let unverified = UnverifiedManifest {
                manifest: file("sha256sums.txt", b""),
                signatures: vec![file("sha256sums.txt.asc", include_bytes!("../seeds/signature/good.asc"))],
            };
            assert!(verify(unverified, &keyring, &Policy::new(1_720_000_000)).is_err());
        }
        Err(refusals) => assert!(!refusals.is_empty()),
    }
});
