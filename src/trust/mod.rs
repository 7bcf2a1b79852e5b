//! What is believed: the keyring, OpenPGP signatures and the manifest.
//!
//! Enter the bytes of key files, signature files and a manifest, as the caller read them, and the settings of the
//! package. Leaves a [`verified::VerifiedManifest`], which only [`verified::verify`] can make, or every reason why not.
//! The verdict is a pure function of these inputs: the clock, the environment and the file system are deliberately
//! absent, so that a rebuild years later comes to the same verdict as the first build. So are the trust models of other
//! programs: who may sign is what the keyring and the pinned fingerprints say, and nothing else.
//!
//! The rules are R1 to R12 of rustvenv(7); each module names those that it carries out.

pub mod armor;

pub mod openpgp;

pub mod keyring;

mod standing;

mod judge;

pub mod signature_file;

pub mod manifest;

pub mod verified;

pub mod verified_wheel;

pub mod binding;

pub mod outlook;

use crate::code::Code;
use crate::refusal::Refusal;

/// One input file as the caller read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// What messages call the file.
    pub name: String,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

/// Refuses a file of more than `limit` bytes.
fn check_size(file: &InputFile, limit: u64) -> Result<(), Refusal> {
    let size = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
    if size <= limit {
        return Ok(());
    }
    Err(Refusal::new(Code::TrustInputTooLarge, format!("`{}` is too large", file.name))
        .expected(format!("at most {limit} bytes"))
        .found(format!("{size} bytes"))
        .hint("look at how the file came to be; a real one is far smaller"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_bounded() {
        let file = InputFile { name: "x".into(), bytes: vec![0; 5] };
        assert!(check_size(&file, 5).is_ok());
        assert_eq!(check_size(&file, 4).unwrap_err().code, Code::TrustInputTooLarge);
    }
}
