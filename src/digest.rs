//! SHA-256 digests, the only kind this program believes.
//!
//! Enters: 64 lower-case hexadecimal digits from a lock or a manifest, base64url from a RECORD, or bytes to hash. Leaves:
//! [`Sha256`], which compares by value. Other algorithms are deliberately absent: a list that can name a weak one can
//! be made to.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use sha2::Digest as _;

/// A SHA-256 digest (FIPS 180-4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// From exactly 64 lower-case hexadecimal digits, as `sha256sum` and pip's `--hash` write them; `None` for
    /// anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// From base64url without padding, as the hash column of RECORD holds it (the binary distribution format,
    /// <https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>). `None` for
    /// anything else, non-canonical trailing bits included.
    pub fn from_base64url(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// 64 lower-case hexadecimal digits.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }

    /// base64 with padding, for the Content Security Policy of a web page.
    pub fn base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// base64url without padding, for RECORD.
    pub fn base64url(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }
}

impl std::fmt::Display for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.hex())
    }
}

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sha256({self})")
    }
}

/// A digest that grows as bytes arrive, for content that is never held whole.
#[derive(Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// A digest of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was added.
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn hex_is_exact() {
        assert_eq!(Sha256::from_hex(EMPTY), Some(Sha256::of(b"")));
        assert_eq!(Sha256::of(b"").hex(), EMPTY);
        for bad in ["", &EMPTY[1..], &EMPTY.to_uppercase(), &format!("{EMPTY}0"), &format!(" {EMPTY}")] {
            assert_eq!(Sha256::from_hex(bad), None, "{bad}");
        }
    }

    #[test]
    fn base64_is_canonical() {
        let text = Sha256::of(b"").base64url();
        assert_eq!(text, "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
        assert_eq!(Sha256::from_base64url(&text), Some(Sha256::of(b"")));
        // the last character carries two bits that no byte uses; a reader that ignores them accepts four spellings
        for bad in [format!("{text}="), text.replace("FU", "FV"), text.replace('-', "+")] {
            assert_eq!(Sha256::from_base64url(&bad), None, "{bad}");
        }
    }

    #[test]
    fn a_growing_digest_agrees() {
        let mut hasher = Hasher::new();
        hasher.update(b"one ");
        hasher.update(b"two");
        assert_eq!(hasher.finish(), Sha256::of(b"one two"));
    }
}
