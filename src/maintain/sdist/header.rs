//! One header of a tar archive, as 512 bytes become facts.
//!
//! Enters: a block. Leaves: [`Header`], of which the checksum is right, every number is one, and every field ends where it
//! says. Three forms exist and are told apart by their magic: POSIX (ustar and pax,
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_06>), GNU tar's own
//! (<https://www.gnu.org/software/tar/manual/html_node/Standard.html>) and that of Unix version 7. Readers differ in
//! what they make of a field that belongs to another form, of junk after a NUL and of odd numbers; here all of that is
//! refused, since no source distribution that was measured has it. Deliberately absent: what headers mean together
//! (`tar.rs`), and owners and times, which are checked for form and then forgotten.

use crate::code::Code;
use crate::refusal::Refusal;

/// Headers and content come in blocks of this size.
pub(super) const BLOCK: usize = 512;

/// A block as it is read.
pub(super) type Block = [u8; BLOCK];

/// Bits of the mode that are not permissions, which some writers put there as well.
const S_IFMT: u64 = 0o170_000;
const S_SPECIAL: u64 = 0o7000;
const S_EXECUTABLE: u64 = 0o111;

/// What a header is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    HardLink,
    SymbolicLink,
    Directory,
    /// GNU tar: the content is the path of the next member.
    LongName,
    /// GNU tar: the content is where the next member, a link, leads.
    LongLink,
    /// POSIX: the content is records about the next member.
    Extended,
    /// POSIX: the content is records about all that follows.
    Global,
}

impl Kind {
    fn is_extension(self) -> bool {
        matches!(self, Self::LongName | Self::LongLink | Self::Extended | Self::Global)
    }
}

/// Which description the header follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Posix,
    Gnu,
    Version7,
}

/// A header's facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// The path, joined of prefix and name where there is a prefix.
    pub(super) name: Vec<u8>,
    /// Where a link leads; empty for everything else.
    pub(super) link: Vec<u8>,
    /// Bytes of content that follow.
    pub(super) size: u64,
    /// Whether any of the bits 0111 is set.
    pub(super) is_executable: bool,
    /// The set-user-ID, set-group-ID and sticky bits.
    pub(super) special: u64,
    /// Whether the name is the name field alone, with no prefix before it.
    pub(super) is_short: bool,
}

/// The fields of a block.
struct Fields<'a>(&'a Block);

impl<'a> Fields<'a> {
    fn at(&self, start: usize, end: usize) -> &'a [u8] {
        self.0.get(start..end).unwrap_or_default()
    }

    /// A text that ends at the first NUL, or with the field.
    fn text(&self, start: usize, end: usize, what: &str) -> Result<&'a [u8], Refusal> {
        let field = self.at(start, end);
        let length = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
        let (text, rest) = field.split_at(length);
        if is_zero(rest) { Ok(text) } else { Err(malformed(&format!("the {what} goes on after its end"))) }
    }

    fn number(&self, start: usize, end: usize, what: &str, empty: Empty) -> Result<u64, Refusal> {
        let field = self.at(start, end);
        number(field, empty)
            .ok_or_else(|| malformed(&format!("the {what} is no number")).found(format!("`{}`", field.escape_ascii())))
    }

    fn zero(&self, start: usize, end: usize, what: &str) -> Result<(), Refusal> {
        let field = self.at(start, end);
        if is_zero(field) {
            Ok(())
        } else {
            Err(malformed(&format!("{what}, which has to be zero, is not"))
                .found(format!("`{}`", field.escape_ascii())))
        }
    }
}

/// What a field of zeros alone is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    Zero,
    Nothing,
}

/// Blanks, octal digits, then NULs and blanks; or GNU tar's binary form for what has no room in octal. Negative numbers,
/// numbers without an end and numbers beyond 63 bits are none.
fn number(field: &[u8], empty: Empty) -> Option<u64> {
    if let Some((0x80, rest)) = field.split_first().map(|(first, rest)| (*first, rest)) {
        return rest.iter().try_fold(0_u64, |value, &byte| {
            let value = value.checked_mul(256)?.checked_add(byte.into())?;
            (value <= i64::MAX.unsigned_abs()).then_some(value)
        });
    }
    if is_zero(field) {
        return (empty == Empty::Zero).then_some(0);
    }
    let field = field.trim_ascii_start();
    let length = field.iter().position(|byte| !(b'0'..=b'7').contains(byte))?;
    let (digits, rest) = field.split_at(length);
    if digits.is_empty() || !rest.iter().all(|&byte| byte == 0 || byte == b' ') {
        return None;
    }
    // twelve digits have 36 bits
    Some(digits.iter().fold(0, |value, &digit| value << 3 | u64::from(digit - b'0')))
}

pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

fn malformed(what: &str) -> Refusal {
    Refusal::new(Code::SdistHeader, what)
}

impl Header {
    /// Reads a block that is not all zeros.
    ///
    /// # Errors
    /// What is wrong; the message goes on after "the header at byte N: ".
    pub(super) fn parse(block: &Block) -> Result<Self, Refusal> {
        let fields = Fields(block);
        let stated = fields.number(148, 156, "checksum", Empty::Nothing)?;
        let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        let computed = sum(fields.at(0, 148)) + 8 * u64::from(b' ') + sum(fields.at(156, BLOCK));
        if stated != computed {
            return Err(malformed("its checksum is wrong")
                .expected(format!("{computed:o}"))
                .found(format!("{stated:o}"))
                .hint("the archive is damaged, or is no tar archive"));
        }
        let form = form(&fields)?;
        let name = fields.text(0, 100, "name")?;
        let prefix = if form == Form::Posix { fields.text(345, 500, "prefix of the name")? } else { &[] };
        if name.is_empty() {
            return Err(malformed("it has no name"));
        }
        let mode = fields.number(100, 108, "mode", Empty::Zero)?;
        for (start, end, what) in [
            (108, 116, "number of the user"),
            (116, 124, "number of the group"),
            (136, 148, "modification time"),
            (329, 337, "major number"),
            (337, 345, "minor number"),
        ] {
            fields.number(start, end, what, Empty::Zero)?;
        }
        for (start, end, what) in [(265, 297, "name of the user"), (297, 329, "name of the group")] {
            fields.text(start, end, what)?;
        }
        let size = fields.number(124, 136, "size", Empty::Nothing)?;
        let link = fields.text(157, 257, "name of the link")?;
        let kind = kind(fields.at(156, 157), form)?;
        check_mode(mode, kind)?;
        let is_link = matches!(kind, Kind::HardLink | Kind::SymbolicLink);
        if !link.is_empty() && !is_link {
            return Err(conflict("it is no link and says where it leads").found(format!("`{}`", link.escape_ascii())));
        }
        if size != 0 && (is_link || kind == Kind::Directory) {
            let message = if is_link { "it is a link and has content" } else { "it is a directory and has content" };
            return Err(conflict(message).found(format!("{size} bytes")));
        }
        Ok(Self {
            kind,
            name: if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() },
            link: link.to_vec(),
            size,
            is_executable: mode & S_EXECUTABLE != 0,
            special: mode & S_SPECIAL,
            is_short: prefix.is_empty(),
        })
    }
}

fn conflict(what: &str) -> Refusal {
    Refusal::new(Code::SdistHeaderConflict, what)
}

/// The form, by its magic, and that what the form does not use is empty.
fn form(fields: &Fields<'_>) -> Result<Form, Refusal> {
    match fields.at(257, 265) {
        b"ustar\x0000" => {
            fields.zero(500, BLOCK, "the end of the header")?;
            Ok(Form::Posix)
        }
        b"ustar  \0" => {
            // times, and parts of sparse or split files, in a place where other readers look for a prefix of the name
            fields.zero(345, BLOCK, "what GNU tar adds for special members")?;
            Ok(Form::Gnu)
        }
        b"\0\0\0\0\0\0\0\0" => {
            // between the two, GNU tar writes the numbers of a device
            fields.zero(265, 329, "what follows the header of Unix version 7")?;
            fields.zero(345, BLOCK, "what follows the header of Unix version 7")?;
            Ok(Form::Version7)
        }
        other => Err(malformed("its magic is not that of a tar archive").found(format!("`{}`", other.escape_ascii()))),
    }
}

fn kind(flag: &[u8], form: Form) -> Result<Kind, Refusal> {
    let flag = flag.first().copied().unwrap_or_default();
    let kind = match flag {
        0 | b'0' => Kind::File,
        b'1' => Kind::HardLink,
        b'2' => Kind::SymbolicLink,
        b'5' => Kind::Directory,
        b'L' => Kind::LongName,
        b'K' => Kind::LongLink,
        b'x' => Kind::Extended,
        b'g' => Kind::Global,
        other => {
            let what = match other {
                b'3' => "a character device",
                b'4' => "a block device",
                b'6' => "a named pipe",
                b'7' => "a contiguous file",
                b'S' => "a sparse file",
                b'M' => "a part of a file",
                b'D' => "a list of a directory",
                b'V' => "a volume label",
                b'X' => "a member with records of Solaris",
                _ => "of an unknown type",
            };
            return Err(Refusal::new(Code::SdistMemberType, format!("it is {what}"))
                .expected("a file, a directory or a link")
                .found(format!("type `{}`", [other].escape_ascii())));
        }
    };
    let home = match kind {
        Kind::LongName | Kind::LongLink => Form::Gnu,
        Kind::Extended | Kind::Global => Form::Posix,
        _ => return Ok(kind),
    };
    if form == home {
        Ok(kind)
    } else {
        Err(malformed("its type belongs to another form of header than its magic")
            .found(format!("type `{}`", char::from(flag))))
    }
}

/// Some writers put the whole mode of the file system there; its type has to be that of the header.
fn check_mode(mode: u64, kind: Kind) -> Result<(), Refusal> {
    let expected = match kind {
        Kind::File | Kind::HardLink => 0o100_000,
        Kind::SymbolicLink => 0o120_000,
        Kind::Directory => 0o040_000,
        _ => 0,
    };
    let found = mode & S_IFMT;
    if mode & !(S_IFMT | 0o7777) != 0 {
        Err(malformed("its mode has bits that no mode has").found(format!("{mode:o}")))
    } else if found != 0 && found != expected && !kind.is_extension() {
        Err(conflict("its mode is that of another type of member").found(format!("{mode:o}")))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary_and_nothing_else() {
        let zero = |field: &[u8]| number(field, Empty::Zero);
        for (field, value) in [
            (&b"0000644\0"[..], 0o644),
            (b"000644 \0", 0o644),
            (b"  644 \0 ", 0o644),
            (b"0\0\0\0\0\0\0\0", 0),
            (b"00000000000\0", 0),
            (b"77777777777 ", (1 << 33) - 1),
            (b"\x80\0\0\0\0\0\x01\0", 256),
            (b"\0\0\0\0\0\0\0\0", 0),
        ] {
            assert_eq!(zero(field), Some(value), "{}", field.escape_ascii());
        }
        for field in [
            &b"        "[..],
            b"0000648\0",
            b"-000644\0",
            b"+000644\0",
            b"0x00644\0",
            b"644\0 7\0\0",
            b"\x00000644\0",
            b"00000644",
            b"\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x81\0\0\0\0\0\x01\0",
            b"\x80\x80\0\0\0\0\0\0\0",
            b"\x80\x01\0\0\0\0\0\0\0\0\0\0",
        ] {
            assert_eq!(zero(field), None, "{}", field.escape_ascii());
        }
        assert_eq!(number(&[0; 12], Empty::Nothing), None);
    }
}
