//! The content of a member: decompressed, counted and checked.
//!
//! Enters: the compressed bytes of one member and what the headers say of them. Leaves: the content, in pieces, to a
//! sink, and only as many bytes as were announced; then the verdict. The deflate stream has to end where the member
//! ends, so that no byte of the archive is without a meaning (RFC 1951 lets a reader stop early and most do). Memory
//! is one buffer, whatever the content says.

use crate::blob::{Blob, PIECE, Sink};
use crate::refusal::Failure;
use flate2::{Decompress, FlushDecompress, Status};

/// Why the content is not what the headers say.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is no deflate stream, or one that ends before or after the compressed bytes do.
    Deflate(String),
    /// It has another length; the number is that length, or one more than announced when reading stopped there.
    Size(u64),
    /// It has this checksum.
    Checksum(u32),
    /// It could not be read, or the sink did not take it.
    Other(Failure),
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

/// Hands `content`, which was not compressed, to `sink`.
pub(super) fn stored(content: &Blob, crc: u32, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut checksum = crc32fast::Hasher::new();
    content.copy(&mut |piece| {
        checksum.update(piece);
        sink(piece)
    })?;
    verdict(checksum, crc)
}

/// Inflates `compressed` into `sink`; the content has to have `size` bytes.
pub(super) fn deflated(compressed: &Blob, size: u64, crc: u32, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut checksum = crc32fast::Hasher::new();
    let mut inflater = Decompress::new(false);
    // room for one byte too many, so that the end of the stream is seen and an excess as well
    let mut buffer = vec![0; usize::try_from(size).unwrap_or(PIECE).saturating_add(1).min(PIECE)];
    let mut input = vec![0; usize::try_from(compressed.len()).unwrap_or(PIECE).min(PIECE)];
    // where in the compressed bytes `input` begins, and how many of them it has
    let (mut start, mut filled) = (0, 0);
    loop {
        let (read, written) = (inflater.total_in(), inflater.total_out());
        if read == start + filled as u64 {
            (start, filled) = (read, compressed.fill(read, &mut input)?);
        }
        let used = usize::try_from(read - start).unwrap_or(filled);
        let rest = input.get(used..filled).unwrap_or_default();
        let status = inflater
            .decompress(rest, &mut buffer, FlushDecompress::None)
            .map_err(|e| Fault::Deflate(format!("{e} after {} bytes", inflater.total_in())))?;
        if inflater.total_out() > size {
            return Err(Fault::Size(inflater.total_out()));
        }
        let piece =
            usize::try_from(inflater.total_out() - written).ok().and_then(|n| buffer.get(..n)).unwrap_or_default();
        checksum.update(piece);
        if !piece.is_empty() {
            sink(piece)?;
        }
        if status == Status::StreamEnd {
            break;
        }
        if inflater.total_in() == read && piece.is_empty() {
            return Err(Fault::Deflate("the compressed data ends in the middle of a block".to_owned()));
        }
    }
    if inflater.total_out() != size {
        return Err(Fault::Size(inflater.total_out()));
    }
    let unused = compressed.len().saturating_sub(inflater.total_in());
    if unused != 0 {
        return Err(Fault::Deflate(format!("{unused} bytes follow the last block")));
    }
    verdict(checksum, crc)
}

fn verdict(checksum: crc32fast::Hasher, expected: u32) -> Result<(), Fault> {
    let found = checksum.finalize();
    if found == expected { Ok(()) } else { Err(Fault::Checksum(found)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn deflate(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(compressed: &[u8], size: u64, crc: u32) -> (Vec<u8>, Result<(), Fault>) {
        let mut out = Vec::new();
        let verdict = deflated(&Blob::from(compressed.to_vec()), size, crc, &mut |piece| {
            out.extend_from_slice(piece);
            Ok(())
        });
        (out, verdict)
    }

    #[test]
    fn content_comes_back_whatever_its_length() {
        let text: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
        for length in [0, 1, 2, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, text.len()] {
            let content = &text[..length];
            let crc = crc32fast::hash(content);
            let (out, verdict) = inflate(&deflate(content), length as u64, crc);
            assert!(verdict.is_ok() && out == content, "{length}: {verdict:?}");
            let mut out = Vec::new();
            let verdict = stored(&Blob::from(content.to_vec()), crc, &mut |piece| {
                out.extend_from_slice(piece);
                Ok(())
            });
            assert!(verdict.is_ok() && out == content, "{length}: {verdict:?}");
        }
    }

    #[test]
    fn a_stream_that_is_not_what_the_headers_say_is_refused() {
        let content = b"hello, hello, hello";
        let (good, size, crc) = (deflate(content), content.len() as u64, crc32fast::hash(content));
        let trailing = [&good[..], b"x"].concat();
        assert!(matches!(inflate(&trailing, size, crc).1, Err(Fault::Deflate(_))), "a byte follows the last block");
        assert!(matches!(inflate(&good[..good.len() - 1], size, crc).1, Err(Fault::Deflate(_))), "cut off");
        assert!(matches!(inflate(&[], 0, 0).1, Err(Fault::Deflate(_))), "no block at all");
        assert!(matches!(inflate(&[0xff; 8], size, crc).1, Err(Fault::Deflate(_))), "no deflate");
        assert!(matches!(inflate(&good, size, crc ^ 1).1, Err(Fault::Checksum(found)) if found == crc), "checksum");
        assert!(matches!(inflate(&good, size + 1, crc).1, Err(Fault::Size(found)) if found == size), "shorter");
        let (out, verdict) = inflate(&good, size - 1, crc);
        assert!(matches!(verdict, Err(Fault::Size(_))) && out.len() < content.len(), "longer than announced");
        let verdict = stored(&Blob::from(b"x".to_vec()), 0, &mut |_| Ok(()));
        assert!(matches!(verdict, Err(Fault::Checksum(found)) if found == crc32fast::hash(b"x")));
        let refusing = deflated(&Blob::from(good.clone()), size, crc, &mut |_| Err(Failure::unable("full")));
        assert!(matches!(refusing, Err(Fault::Other(_))), "a sink that fails");
    }

    #[test]
    fn a_bomb_is_stopped_at_the_announced_size() {
        let bomb = deflate(&vec![0; 50 << 20]);
        let (out, verdict) = inflate(&bomb, 1000, 0);
        assert!(matches!(verdict, Err(Fault::Size(found)) if found <= 1001), "{verdict:?}");
        assert!(out.is_empty());
    }
}
