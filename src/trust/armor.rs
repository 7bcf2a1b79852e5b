//! The two layers around OpenPGP packets: ASCII armor and packet framing.
//!
//! Enters a file's bytes; leave its armored blocks with their checksum's verdict, or the packets of a binary block,
//! every byte accounted for. Rule R3. Specifications: RFC 9580 sections 6 (armor) and 4.2 (packet headers),
//! <https://www.rfc-editor.org/rfc/rfc9580.html>.
//!
//! This is not left to sequoia because it reads only the first block of a file, looks for a block anywhere in
//! surrounding text, accepts a cleartext-signed file as a detached signature and skips over junk between packets.
//! Deliberately absent: partial and indeterminate lengths, which only data packets may have, and the meaning of
//! packets.

use data_encoding::BASE64;

/// What the optional CRC-24 line of an armored block says about the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// There is no such line, or no armor.
    Absent,
    /// It is the checksum of the data.
    Right,
    /// It is not.
    Wrong,
}

/// One armored block, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The label, for instance `PGP SIGNATURE`.
    pub label: String,
    /// The line of the file where the block begins, from 1.
    pub line: usize,
    /// The binary data.
    pub data: Vec<u8>,
    /// What the checksum says about the data.
    pub checksum: Checksum,
}

/// What becomes of text outside of the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// Anything but blank lines is an error.
    Refused,
    /// Text is passed over unless it could be the remains of a block.
    Ignored,
}

/// Why a file is not well-formed armor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArmorError {
    /// The structure is not that of armored blocks.
    Structure {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// The structure is right, but the text between begin and end is not base64.
    Encoding {
        /// The line where the block begins, from 1.
        line: usize,
    },
}

const DASHES: &[u8] = b"-----";

/// The label of an armor line such as `-----BEGIN PGP SIGNATURE-----`.
fn label<'a>(line: &'a [u8], kind: &[u8]) -> Option<&'a str> {
    let inner = line.strip_prefix(DASHES)?.strip_suffix(DASHES)?.strip_prefix(kind)?;
    inner.starts_with(b"PGP ").then(|| std::str::from_utf8(inner).ok()).flatten()
}

/// Where the reader stands.
enum State {
    Outside,
    Headers(Block),
    Body(Block, Vec<u8>),
    End(Block),
}

/// The armored blocks of a file, in order.
///
/// # Errors
/// [`ArmorError`] when anything but complete blocks is there (see [`Outside`]). A file without any block gives an empty
/// list.
pub fn blocks(bytes: &[u8], outside: Outside) -> Result<Vec<Block>, ArmorError> {
    let mut found = Vec::new();
    let mut state = State::Outside;
    let mut last = 0;
    for (index, raw) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = index + 1;
        last = line;
        let text = raw.trim_ascii_end();
        let wrong = |why| Err(ArmorError::Structure { line, why });
        state = match state {
            State::Outside => {
                if let Some(label) = label(text, b"BEGIN ") {
                    let (label, data) = (label.to_owned(), Vec::new());
                    State::Headers(Block { label, line, data, checksum: Checksum::Absent })
                } else if text.is_empty() || (outside == Outside::Ignored && !like_armor(text)) {
                    State::Outside
                } else if outside == Outside::Ignored {
                    return wrong("a line outside of any block looks like a part of one");
                } else {
                    return wrong("there is text outside of the armored blocks");
                }
            }
            State::Headers(block) if text.is_empty() => State::Body(block, Vec::new()),
            State::Headers(block) if is_header(text) => State::Headers(block),
            State::Headers(_) => return wrong("the armor has no empty line between its headers and its data"),
            State::Body(mut block, base64) => {
                if text.starts_with(DASHES) {
                    finish(&mut found, block, &base64, text, line)?;
                    State::Outside
                } else if let Some(crc) = text.strip_prefix(b"=") {
                    block.data = decode(&base64, block.line)?;
                    let right = BASE64.decode(crc).is_ok_and(|crc| crc == crc24(&block.data));
                    block.checksum = if right { Checksum::Right } else { Checksum::Wrong };
                    State::End(block)
                } else {
                    let mut base64 = base64;
                    base64.extend_from_slice(text);
                    State::Body(block, base64)
                }
            }
            State::End(block) => {
                end(&block, text, line)?;
                found.push(block);
                State::Outside
            }
        };
    }
    match state {
        State::Outside => Ok(found),
        _ => Err(ArmorError::Structure { line: last, why: "the file ends inside an armored block" }),
    }
}

/// A block without a checksum ends here.
fn finish(found: &mut Vec<Block>, mut block: Block, base64: &[u8], text: &[u8], line: usize) -> Result<(), ArmorError> {
    end(&block, text, line)?;
    block.data = decode(base64, block.line)?;
    found.push(block);
    Ok(())
}

/// Whether `text` is the last line of `block`.
fn end(block: &Block, text: &[u8], line: usize) -> Result<(), ArmorError> {
    if label(text, b"END ") == Some(block.label.as_str()) {
        return Ok(());
    }
    Err(ArmorError::Structure { line, why: "the armored block does not end with the line that it should" })
}

fn decode(base64: &[u8], line: usize) -> Result<Vec<u8>, ArmorError> {
    BASE64.decode(base64).map_err(|_| ArmorError::Encoding { line })
}

/// `Key: value`, as armor headers are.
fn is_header(text: &[u8]) -> bool {
    match text.iter().position(|byte| *byte == b':') {
        None | Some(0) => false,
        Some(at) => matches!(text.get(at + 1), None | Some(b' ')),
    }
}

/// Whether a line between blocks could be what is left of a damaged begin or end line, or a line of base64: passing
/// over it could pass over a revocation.
fn like_armor(text: &[u8]) -> bool {
    let has = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    has(DASHES) || has(b"BEGIN PGP") || has(b"END PGP") || (text.len() >= 60 && text.iter().all(base64))
}

/// The CRC-24 of RFC 9580 section 6.1, as the three bytes that the armor holds.
fn crc24(data: &[u8]) -> [u8; 3] {
    let mut crc: u32 = 0x00B7_04CE;
    for byte in data {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4CFB;
            }
        }
    }
    let [_, a, b, c] = crc.to_be_bytes();
    [a, b, c]
}

/// One packet of a binary block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The packet type ID (RFC 9580 section 5).
    pub tag: u8,
    /// What follows the header.
    pub body: &'a [u8],
    /// Header and body.
    pub whole: &'a [u8],
    /// Where the packet begins in the block, from 0.
    pub offset: usize,
}

/// Why a binary block is not a sequence of packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameError {
    /// Where the packet begins in the block, from 0.
    pub offset: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// The packets of a binary block, in order, every byte accounted for.
///
/// # Errors
/// [`FrameError`] for the first thing that is not a complete packet with a definite length.
pub fn frames(bytes: &[u8]) -> Result<Vec<Frame<'_>>, FrameError> {
    let mut frames = Vec::new();
    let mut offset = 0;
    let mut rest = bytes;
    while !rest.is_empty() {
        let (tag, header, body) = header(rest).map_err(|why| FrameError { offset, why })?;
        let size = header.saturating_add(body);
        let (Some(whole), Some(inner)) = (rest.get(..size), rest.get(header..size)) else {
            return Err(FrameError { offset, why: "a packet is longer than what is there" });
        };
        frames.push(Frame { tag, body: inner, whole, offset });
        offset += size;
        rest = rest.get(size..).unwrap_or_default();
    }
    Ok(frames)
}

/// Type, length of the header and length of the body of the packet that `bytes` begin with.
fn header(bytes: &[u8]) -> Result<(u8, usize, usize), &'static str> {
    const SHORT: &str = "a packet header is cut short";
    let number = |bytes: Option<&[u8]>| -> Result<usize, &'static str> {
        let value = bytes.ok_or(SHORT)?.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        usize::try_from(value).map_err(|_| SHORT)
    };
    let first = *bytes.first().ok_or(SHORT)?;
    if first & 0x80 == 0 {
        return Err("there are bytes that are not a packet");
    }
    let (tag, header, body) = if first & 0x40 == 0 {
        let tag = first >> 2 & 0x0F;
        match first & 3 {
            0 => (tag, 2, number(bytes.get(1..2))?),
            1 => (tag, 3, number(bytes.get(1..3))?),
            2 => (tag, 5, number(bytes.get(1..5))?),
            _ => return Err("a packet has no definite length"),
        }
    } else {
        let tag = first & 0x3F;
        match *bytes.get(1).ok_or(SHORT)? {
            one @ 0..=191 => (tag, 2, usize::from(one)),
            one @ 192..=223 => {
                (tag, 3, ((usize::from(one) - 192) << 8) + usize::from(*bytes.get(2).ok_or(SHORT)?) + 192)
            }
            224..=254 => return Err("a packet has no definite length"),
            255 => (tag, 6, number(bytes.get(2..6))?),
        }
    };
    if tag == 0 {
        return Err("there are bytes that are not a packet");
    }
    Ok((tag, header, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "-----BEGIN PGP SIGNATURE-----\n\nAQID\n=GCnR\n-----END PGP SIGNATURE-----\n";

    fn armor(data: &[u8]) -> String {
        let crc = BASE64.encode(&crc24(data));
        format!("-----BEGIN PGP SIGNATURE-----\n\n{}\n={crc}\n-----END PGP SIGNATURE-----\n", BASE64.encode(data))
    }

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        assert_eq!(crc24(b""), [0xB7, 0x04, 0xCE]);
        // the check value of CRC-24/OPENPGP
        assert_eq!(crc24(b"123456789"), [0x21, 0xCF, 0x02]);
    }

    #[test]
    fn well_formed_armor_is_read() {
        let data = b"\x01\x02\x03".to_vec();
        let good = armor(&data);
        for (what, text, checksum) in [
            ("plain", good.clone(), Checksum::Right),
            ("line ends of another system", good.replace('\n', "\r\n"), Checksum::Right),
            ("blank lines around", format!("\n \n{good}\n\n"), Checksum::Right),
            ("no line end at the end", good.trim_end().to_owned(), Checksum::Right),
            ("headers", good.replacen("\n\n", "\nVersion: GnuPG v2\nComment: a b: c\nX:\n\n", 1), Checksum::Right),
            ("wrong checksum", ONE.into(), Checksum::Wrong),
            ("checksum that is no base64", ONE.replace("=GCnR", "=G*nR"), Checksum::Wrong),
            ("no checksum", ONE.replace("=GCnR\n", ""), Checksum::Absent),
        ] {
            let blocks = blocks(text.as_bytes(), Outside::Refused).unwrap_or_else(|error| panic!("{what}: {error:?}"));
            assert_eq!(blocks.len(), 1, "{what}");
            assert_eq!((&blocks[0].data, blocks[0].checksum), (&data, checksum), "{what}");
        }
    }

    #[test]
    fn every_block_is_read() {
        let text = format!("{}\n\n{}", armor(b"one"), armor(b"two"));
        let data: Vec<_> = blocks(text.as_bytes(), Outside::Refused).unwrap().into_iter().map(|b| b.data).collect();
        assert_eq!(data, [b"one", b"two"]);
    }

    #[test]
    fn malformed_armor_is_refused() {
        for (what, text, line) in [
            ("text before", format!("hello\n{ONE}"), 1),
            ("text after", format!("{ONE}hello"), 6),
            ("byte order mark", format!("\u{feff}{ONE}"), 1),
            ("no empty line", ONE.replacen("\n\n", "\n", 1), 2),
            ("truncated in the data", ONE[..33].into(), 3),
            ("truncated before the end", ONE[..42].into(), 5),
            ("another end", ONE.replace("END PGP SIG", "END PGP MES"), 5),
            ("nothing between checksum and end", ONE.replace("=GCnR\n", "=GCnR\n\n"), 5),
        ] {
            match blocks(text.as_bytes(), Outside::Refused) {
                Err(ArmorError::Structure { line: found, .. }) => assert_eq!(found, line, "{what}"),
                other => panic!("{what}: {other:?}"),
            }
        }
        for bad in ["AQI", "AQID=", "AQ*D", "AQJ="] {
            let text = ONE.replace("AQID", bad);
            assert_eq!(blocks(text.as_bytes(), Outside::Refused), Err(ArmorError::Encoding { line: 1 }), "{bad}");
        }
    }

    #[test]
    fn text_between_blocks_is_passed_over_only_when_it_cannot_be_a_block() {
        let read = |text: String| blocks(text.as_bytes(), Outside::Ignored);
        let comment = "The OpenPGP key of Alice --- 0123456789ABCDEF0123456789ABCDEF01234567\n";
        assert_eq!(read(format!("{comment}{ONE}made in 2024\n")).unwrap().len(), 1);
        let lines = format!("{}\n", "A".repeat(64));
        for damaged in
            [ONE.replacen("-----BEGIN", "----BEGIN", 1), ONE.replacen("BEGIN", "BEGIM", 1), format!(":{ONE}"), lines]
        {
            assert!(read(format!("{ONE}{damaged}")).is_err(), "{damaged}");
        }
    }

    #[test]
    fn packets_are_framed_exactly() {
        let long = [&[0xC2, 192, 8][..], &[7; 200]].concat();
        let old = [&[0x89, 1, 0][..], &[7; 256]].concat();
        for (what, bytes, sizes) in [
            ("nothing", &[][..], &[][..]),
            ("new format", &[0xC2, 2, 1, 2], &[2]),
            ("new format, two octets", &long, &[200]),
            ("new format, five octets", &[0xC2, 255, 0, 0, 0, 1, 9], &[1]),
            ("old format", &[0x88, 1, 9, 0x88, 0], &[1, 0]),
            ("old format, two octets", &old, &[256]),
        ] {
            let found: Vec<_> = frames(bytes).unwrap().iter().map(|frame| (frame.tag, frame.body.len())).collect();
            let expected: Vec<_> = sizes.iter().map(|size| (2, *size)).collect();
            assert_eq!(found, expected, "{what}");
        }
        for (what, bytes, offset) in [
            ("text", &b"text"[..], 0),
            ("junk after a packet", &[0xC2, 1, 0, 9], 3),
            ("cut short", &[0xC2, 2, 1], 0),
            ("header cut short", &[0xC2], 0),
            ("length cut short", &[0xC2, 255, 0], 0),
            ("partial length", &[0xC2, 224, 1], 0),
            ("indeterminate length", &[0x8B, 1], 0),
            ("reserved type", &[0xC0, 1, 1], 0),
            ("length that overflows", &[0xC2, 255, 255, 255, 255, 255], 0),
        ] {
            assert_eq!(frames(bytes).unwrap_err().offset, offset, "{what}");
        }
    }
}
