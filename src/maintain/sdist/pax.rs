//! Extended records of a tar archive: what POSIX calls pax headers, and how they agree with the header they extend.
//!
//! Enters: the content of a member of type `x` or `g`, which is lines `LENGTH KEY=VALUE`. Leaves: path, target of the link
//! and size, where given. LENGTH counts itself, the line and its newline, so that a value could contain newlines; a reader
//! that goes by newlines and one that goes by lengths would see different records. So each length has to lead to the first
//! newline and the last one to the end. Keys are those that were seen or that the programs in use write
//! without changing what a member is (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03>).
//! Deliberately absent: sparse files (`GNU.sparse.*`), other character sets, and defaults for all members.

use crate::code::Code;
use crate::refusal::Refusal;
use std::collections::BTreeSet;

/// For whom the records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The next member.
    Next,
    /// All members that follow. git writes the number of the commit there.
    All,
}

/// What extended records say of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
}

/// Keys about owners, times and the like, none of which is taken over.
const WITHOUT_EFFECT: &[&[u8]] = &[
    b"atime",
    b"comment",
    b"ctime",
    b"gid",
    b"gname",
    b"mtime",
    b"uid",
    b"uname",
    b"LIBARCHIVE.creationtime",
    b"SCHILY.dev",
    b"SCHILY.fflags",
    b"SCHILY.ino",
    b"SCHILY.nlink",
];

/// The same, by the first part of the key.
const FAMILIES_WITHOUT_EFFECT: &[&[u8]] = &[b"LIBARCHIVE.xattr.", b"SCHILY.acl.", b"SCHILY.xattr.", b"RHT.security."];

/// The only character set that names are read in.
const UTF8: &[u8] = b"ISO-IR 10646 2000 UTF-8";

fn malformed(what: &str) -> Refusal {
    Refusal::new(Code::SdistHeader, what)
}

/// Reads the content of a pax header.
///
/// # Errors
/// What is wrong; the message goes on after "the header at byte N: ".
pub(super) fn parse(mut content: &[u8], scope: Scope) -> Result<Records, Refusal> {
    let mut records = Records::default();
    let mut seen = BTreeSet::new();
    while !content.is_empty() {
        let (key, value, rest) = record(content).ok_or_else(|| {
            let start = content.get(..content.len().min(60)).unwrap_or_default();
            malformed("its records are not lines of a length, a key and a value")
                .expected("`LENGTH KEY=VALUE` and a newline, LENGTH bytes in all")
                .found(format!("`{}`", start.escape_ascii()))
        })?;
        if !seen.insert(key) {
            return Err(malformed("it has two records with one key").found(format!("`{}`", key.escape_ascii())));
        }
        match key {
            b"hdrcharset" if value == UTF8 => {}
            b"path" | b"linkpath" if scope == Scope::Next && value.is_empty() => {
                return Err(malformed("its record of a path is empty"));
            }
            b"path" if scope == Scope::Next => records.path = Some(value.to_vec()),
            b"linkpath" if scope == Scope::Next => records.link = Some(value.to_vec()),
            b"size" if scope == Scope::Next => {
                records.size = Some(decimal(value).ok_or_else(|| {
                    malformed("its record of the size is no number").found(format!("`{}`", value.escape_ascii()))
                })?);
            }
            key if WITHOUT_EFFECT.contains(&key)
                || FAMILIES_WITHOUT_EFFECT.iter().any(|family| key.starts_with(family)) => {}
            key => {
                let what = match scope {
                    Scope::Next => "it has a record that changes what a member is, or that is not known",
                    Scope::All => "it has a record for all members that has no meaning for them, or that is not known",
                };
                return Err(malformed(what).found(format!("`{}`", key.escape_ascii())));
            }
        }
        content = rest;
    }
    Ok(records)
}

/// The first record: its key, its value, and what follows it.
fn record(content: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let blank = content.iter().position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(content.get(..blank)?)?).ok()?;
    let (line, rest) = content.split_at_checked(length)?;
    let line = line.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = line.iter().position(|&byte| byte == b'=')?;
    let (key, value) = (line.get(..equals)?, line.get(equals + 1..)?);
    let is_one_line = key.iter().all(u8::is_ascii_graphic) && !value.contains(&b'\n');
    (!key.is_empty() && is_one_line).then_some((key, value, rest))
}

/// Decimal digits, without a sign and without zeros in front.
fn decimal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

/// Bytes of the fields for a path and for the target of a link.
const FIELD: usize = 100;

/// Whether `field`, the text of one of a header's own two fields, agrees with `whole`, which stands in an extended header
/// because it does not fit there or is not ASCII. What the writers in use leave in the field is the beginning of
/// the text as it is (GNU tar) or with `?` for what is not ASCII (Python), or a name of their own ([`is_stand_in`]).
pub(super) fn agrees(field: &[u8], whole: &[u8]) -> bool {
    // a writer that does not cut characters in two leaves up to three bytes free
    let begins = |whole: &[u8]| whole == field || (field.len() + 4 > FIELD && whole.starts_with(field));
    let replaced = || {
        let text = std::str::from_utf8(whole).ok()?;
        Some(text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect::<String>())
    };
    let fits = whole.is_ascii() && whole.len() <= FIELD;
    begins(whole) || (!fits && (is_stand_in(field) || replaced().is_some_and(|text| begins(text.as_bytes()))))
}

/// What stands for a text that does not fit: the number of an object, in a frame (`git archive`), or one of the archive's
/// own (maturin).
fn is_stand_in(field: &[u8]) -> bool {
    let of_git = field
        .strip_suffix(b".data")
        .or_else(|| field.strip_prefix(b"see ").and_then(|field| field.strip_suffix(b".paxheader")));
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    of_git.is_some_and(|number| matches!(number.len(), 40 | 64) && number.iter().all(is_hex))
        || field.strip_prefix(b"PaxHeaders/").is_some_and(|number| decimal(number).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_as_long_as_they_say() {
        let read = |text: &str| parse(text.as_bytes(), Scope::Next).map_err(|refusal| refusal.code);
        assert_eq!(read(""), Ok(Records::default()));
        let path = |text: &str| Records { path: Some(text.as_bytes().to_vec()), ..Records::default() };
        assert_eq!(read("11 path=ab\n20 mtime=1700000000\n"), Ok(path("ab")));
        assert_eq!(read("11 path=a\nb\n"), Err(Code::SdistHeader), "12 bytes");
        assert_eq!(read("12 path=a\nb\n"), Err(Code::SdistHeader), "two lines");
        assert_eq!(read("10 path==\n"), Ok(path("=")));
        for text in [
            "path=ab\n",
            "11 path=ab",
            "10 path=ab\n",
            "12 path=ab\n",
            "011 path=ab\n",
            "+11 path=ab\n",
            " 11 path=ab\n",
            "8 =abcd\n",
            "8 pathe\n",
            "8 pa\u{7f}=\n",
            "99999999999999999999 path=ab\n",
            "11 path=ab\n11 path=ab\n",
            "9 path=\n",
            "11 size=-1\n",
            "11 size=01\n",
            "9 size=\n",
            "22 GNU.sparse.major=1\n",
            "25 SCHILY.realsize=10000\n",
            "21 hdrcharset=BINARY\n",
            "0 path=ab\n",
        ] {
            assert_eq!(read(text), Err(Code::SdistHeader), "{text}");
        }
        assert!(parse(b"52 comment=0123456789012345678901234567890123456789\n", Scope::All).is_ok());
        assert!(parse(b"11 path=ab\n", Scope::All).is_err());
    }

    #[test]
    fn what_a_full_field_holds_is_the_beginning_or_a_stand_in() {
        let long = "d/".repeat(60);
        let agrees = |field: &str, whole: &str| super::agrees(field.as_bytes(), whole.as_bytes());
        assert!(agrees(&long[..100], &long) && agrees(&long[..97], &long) && agrees("a", "a"));
        assert!(agrees("d/???.txt", "d/\u{e4}\u{2297}\u{1f40d}.txt") && agrees("\u{e4}", "\u{e4}"));
        assert!(!agrees(&long[..50], &long) && !agrees("b", "a") && !agrees("", "a") && !agrees("d/?.txt", "d/x.txt"));
        let number = "0123456789abcdef0123456789abcdef01234567";
        for stand_in in [format!("{number}.data"), format!("see {number}.paxheader"), "PaxHeaders/12".to_owned()] {
            assert!(agrees(&stand_in, &long) && !agrees(&stand_in, &long[..100]), "{stand_in}");
        }
        assert!(!agrees(".data", &long) && !agrees(number, &long) && !agrees("PaxHeaders/x", &long));
    }
}
