//! The compressed stream of a tar archive: decompressed, counted and read to its last byte.
//!
//! Enters: a whole file in memory and how it is packed. Leaves: the uncompressed bytes in order, never more than the
//! bounds allow; then, at the end, that the file is one stream and nothing but that stream. Checksums (CRC-32 of gzip
//! and bzip2, whatever an xz block has) are verified by the decompressors. gzip, bzip2 and xz allow further streams after
//! the first, and readers differ in whether they look; no source distribution that was measured has any, so none is
//! accepted, and neither are padding and garbage. Memory is a few buffers and what the format itself asks for, which
//! is bounded for xz by `Limits::xz_memory` and for the others by the format.

use crate::code::Code;
use crate::limits::Limits;
use crate::python::sdist_filename::SdistFormat;
use crate::refusal::Refusal;
use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
use std::io::{ErrorKind, Read as _};

/// The three decompressors; each stops at the end of its first stream and says what of the file is left.
enum Decoder<'a> {
    Gzip(Box<GzDecoder<&'a [u8]>>),
    Bzip2(BzDecoder<&'a [u8]>),
    Xz(Box<XzReader<&'a [u8]>>),
}

/// The uncompressed bytes of a file, and how many there have been.
pub(super) struct Stream<'a> {
    decoder: Decoder<'a>,
    compressed: u64,
    produced: u64,
    largest: u64,
    ratio: u64,
    ratio_floor: u64,
}

impl<'a> Stream<'a> {
    /// Begins to decompress `bytes`; `None` for a format that is no stream.
    pub(super) fn new(format: SdistFormat, bytes: &'a [u8], limits: &Limits) -> Option<Self> {
        let decoder = match format {
            SdistFormat::TarGz => Decoder::Gzip(Box::new(GzDecoder::new(bytes))),
            SdistFormat::TarBz2 => Decoder::Bzip2(BzDecoder::new(bytes)),
            SdistFormat::TarXz => Decoder::Xz(Box::new(XzReader::new_mem_limit(bytes, false, limits.xz_memory))),
            SdistFormat::Zip => return None,
        };
        Some(Self {
            decoder,
            compressed: bytes.len() as u64,
            produced: 0,
            largest: limits.sdist_total_size,
            ratio: limits.sdist_ratio,
            ratio_floor: limits.ratio_floor,
        })
    }

    /// How many bytes have been handed out.
    pub(super) fn position(&self) -> u64 {
        self.produced
    }

    /// Fills `buffer` as far as there are bytes and says how far: less than the whole only at the end of the stream.
    ///
    /// # Errors
    /// The stream is malformed, or has more than the bounds allow.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let read = match &mut self.decoder {
                Decoder::Gzip(decoder) => decoder.read(rest),
                Decoder::Bzip2(decoder) => decoder.read(rest),
                Decoder::Xz(decoder) => decoder.read(rest),
            };
            match read {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) => return Err(self.fault(&error)),
            }
            self.check_cost(filled as u64)?;
        }
        self.produced += filled as u64;
        Ok(filled)
    }

    fn check_cost(&self, filled: u64) -> Result<(), Refusal> {
        let produced = self.produced.saturating_add(filled);
        if produced > self.largest {
            return Err(Refusal::new(Code::SdistLimit, "the archive is larger than any that is known")
                .expected(format!("at most {} bytes, uncompressed", self.largest)));
        }
        if produced > self.ratio_floor && produced > self.compressed.saturating_mul(self.ratio) {
            return Err(Refusal::new(Code::SdistBomb, "the archive expands further than real content does")
                .expected(format!("at most {} times its compressed size", self.ratio))
                .found(format!("more than {produced} bytes from {}", self.compressed)));
        }
        Ok(())
    }

    fn fault(&self, error: &std::io::Error) -> Refusal {
        if error.kind() == ErrorKind::OutOfMemory {
            return Refusal::new(Code::SdistLimit, "the compressed data asks for more memory than any that is known")
                .found(error.to_string());
        }
        Refusal::new(Code::SdistCompression, "the compressed data is malformed or cut off")
            .found(format!("{error}, after {} bytes of content", self.produced))
            .hint("the file is damaged or was made to be; fetch it again and compare its digest")
    }

    /// Reads the rest of the stream, which has to be zeros, and holds that the file ends with the stream.
    ///
    /// # Errors
    /// Something else is there.
    pub(super) fn finish(mut self) -> Result<(), Refusal> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = self.fill(&mut buffer)?;
            let piece = buffer.get(..count).unwrap_or_default();
            if let Some(at) = piece.iter().position(|&byte| byte != 0) {
                let place = self.produced - (count - at) as u64;
                return Err(Refusal::new(Code::SdistTrailingData, "something follows the end of the archive")
                    .expected("zeros alone after the two blocks of zeros that end it")
                    .found(format!("another byte at {place}")));
            }
            if count < buffer.len() {
                break;
            }
        }
        let left = match &self.decoder {
            Decoder::Gzip(decoder) => decoder.get_ref().len(),
            Decoder::Bzip2(decoder) => decoder.get_ref().len(),
            Decoder::Xz(decoder) => decoder.inner().len(),
        };
        if left != 0 {
            return Err(Refusal::new(Code::SdistCompression, "something follows the compressed data")
                .expected("one compressed stream, and nothing after it")
                .found(format!("{left} bytes")));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn read(format: SdistFormat, bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, Code> {
        let mut stream = Stream::new(format, bytes, limits).unwrap();
        let mut content = Vec::new();
        let mut buffer = vec![0; 1000];
        loop {
            let count = stream.fill(&mut buffer).map_err(|refusal| refusal.code)?;
            content.extend_from_slice(&buffer[..count]);
            if count < buffer.len() {
                break;
            }
        }
        assert_eq!(stream.position(), content.len() as u64);
        stream.finish().map_err(|refusal| refusal.code)?;
        Ok(content)
    }

    #[test]
    fn one_stream_is_read_and_nothing_after_it() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
        bz.write_all(&text).unwrap();
        for (format, bytes) in [(SdistFormat::TarGz, gzip(&text)), (SdistFormat::TarBz2, bz.finish().unwrap())] {
            let judge = |bytes: &[u8]| read(format, bytes, &Limits::DEFAULT);
            assert_eq!(judge(&bytes), Ok(text.clone()));
            for extra in [&b"\0"[..], b"x", &bytes] {
                assert_eq!(judge(&[&bytes, extra].concat()), Err(Code::SdistCompression));
            }
            for length in [0, 1, 10, bytes.len() / 2, bytes.len() - 1] {
                assert_eq!(judge(&bytes[..length]), Err(Code::SdistCompression), "{format:?} cut at {length}");
            }
        }
        assert!(Stream::new(SdistFormat::Zip, b"", &Limits::DEFAULT).is_none());
    }

    #[test]
    fn cost_is_bounded() {
        let limits = Limits { ratio_floor: 1 << 20, sdist_ratio: 100, sdist_total_size: 8 << 20, ..Limits::DEFAULT };
        let judge = |length: usize| read(SdistFormat::TarGz, &gzip(&vec![0; length]), &limits).map(|_| ());
        assert_eq!(judge(1 << 20), Ok(()));
        assert_eq!(judge((1 << 20) + 1), Err(Code::SdistBomb));
        let tight = Limits { sdist_total_size: 999, ..limits.clone() };
        assert_eq!(read(SdistFormat::TarGz, &gzip(&[1; 1000]), &tight), Err(Code::SdistLimit));
    }
}
