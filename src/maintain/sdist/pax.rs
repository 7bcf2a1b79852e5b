//! Extended records of a tar archive: what POSIX calls pax headers, and how they agree with the header they extend.
//!
//! Enters: the content of a member of type `x` or `g`, which is lines `LENGTH KEY=VALUE`. Leaves: path, target of the link
//! and size, where given. LENGTH counts itself, the line and its newline, so that a value may contain newlines; a reader
//! that goes by newlines and one that goes by lengths see different records in a line that lies. So each length has to
//! lead to a newline and the last one to the end. Keys are those that were seen or that the programs in use write
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
                })?)
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
    (!key.is_empty() && key.iter().all(u8::is_ascii_graphic)).then_some((key, value, rest))
}

/// Decimal digits, without a sign and without zeros in front.
fn decimal(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok()?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

/// Whether `field`, the text of a header's own field of 100 bytes, is what a writer leaves there when the whole text does
/// not fit or is not ASCII: its beginning, as it is (GNU tar) or with `?` for what is not ASCII (Python).
pub(super) fn is_rest_of(field: &[u8], whole: &[u8]) -> bool {
    // a writer that does not cut characters in two leaves up to three bytes free
    let begins = |whole: &[u8]| whole == field || (field.len() > 96 && whole.starts_with(field));
    let replaced = || {
        let text = std::str::from_utf8(whole).ok()?;
        Some(text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect::<String>())
    };
    begins(whole) || (!whole.is_ascii() && replaced().is_some_and(|text| begins(text.as_bytes())))
}

/// Whether `field` is what `git archive` writes where a path or a target does not fit: a number of the object in a frame.
pub(super) fn is_of_git(field: &[u8]) -> bool {
    let number = field
        .strip_suffix(b".data")
        .or_else(|| field.strip_prefix(b"see ").and_then(|field| field.strip_suffix(b".paxheader")));
    number.is_some_and(|number| {
        matches!(number.len(), 40 | 64) && number.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
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
        assert_eq!(read("12 path=a\nb\n"), Ok(path("a\nb")));
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
    fn what_a_full_field_holds_is_the_beginning() {
        let long = "d/".repeat(60);
        assert!(is_rest_of(&long.as_bytes()[..100], long.as_bytes()) && is_rest_of(b"a", b"a"));
        assert!(is_rest_of("d/???.txt".as_bytes(), "d/ä⊗🐍.txt".as_bytes()));
        assert!(!is_rest_of(&long.as_bytes()[..50], long.as_bytes()) && !is_rest_of(b"b", b"a"));
        assert!(!is_rest_of(b"d/?.txt", b"d/x.txt"));
        let number = "0123456789abcdef0123456789abcdef01234567";
        assert!(is_of_git(format!("{number}.data").as_bytes()));
        assert!(is_of_git(format!("see {number}.paxheader").as_bytes()));
        assert!(!is_of_git(b".data") && !is_of_git(number.as_bytes()));
    }
}
