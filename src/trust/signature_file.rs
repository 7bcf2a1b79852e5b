//! Several people's signatures in one file.
//!
//! Enter the signature files that exist beside a list; leaves one armored file with each signature of them once, in their order,
//! packets byte for byte as they were: a second person adds a signature and takes none away. gpg, sq and this program read such
//! a file (RFC 9580 section 6.2, <https://www.rfc-editor.org/rfc/rfc9580.html#section-6.2>). Whether a signature is good is not
//! asked here.

use super::InputFile;
use super::{armor, openpgp};
use crate::refusal::Failure;
use sequoia_openpgp::armor::{Kind, Writer};
use std::io::Write as _;

/// The signatures of all `files` in one armored file.
///
/// # Errors
/// Every file that is not a sequence of OpenPGP signatures.
pub fn combined(files: &[InputFile]) -> Result<Vec<u8>, Failure> {
    openpgp::signatures(files)?;
    let mut packets: Vec<Vec<u8>> = Vec::new();
    for file in files {
        for (data, _) in openpgp::binary_blocks(file).map_err(Failure::from)? {
            // they were found sound above
            for frame in armor::frames(&data).unwrap_or_default() {
                if !packets.iter().any(|packet| packet == frame.whole) {
                    packets.push(frame.whole.to_vec());
                }
            }
        }
    }
    armored(&packets.concat()).map_err(|error| Failure::unable(format!("cannot write signatures: {error}")))
}

fn armored(packets: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new(), Kind::Signature)?;
    writer.write_all(packets)?;
    writer.finalize()
}
