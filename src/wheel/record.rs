//! RECORD: what a wheel says that its files are.
//!
//! Enters: the text of a `.dist-info/RECORD` (the recording-installed-packages specification,
//! <https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file>) and the
//! archive that it stands in. Leaves: [`check`] gives the SHA-256 of every member, after each was decompressed once
//! and compared with its row; [`render`] writes the RECORD of an installed wheel.
//!
//! The binary distribution format says that an installation fails if a file is not both mentioned and correctly
//! hashed. The installers in use do not hold that: they copy wrong rows, drop them or make up missing ones. Here
//! RECORD and archive have to name the same files. Deliberately absent: weak hashes, repair, and the verification of
//! RECORD.jws and RECORD.p7s, which nothing reads any more; the whole wheel is on a signed list.

use crate::code::Code;
use crate::digest::{Hasher, Sha256};
use crate::limits::Limits;
use crate::refusal::{Failure, Refusal};
use crate::wheel::archive::{Archive, Member};
use crate::wheel::member_path::MemberPath;
use data_encoding::BASE64URL_NOPAD;
use sha2::Digest as _;
use std::collections::{BTreeMap, BTreeSet};

/// A row of RECORD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The file.
    pub path: MemberPath,
    /// What it hashes to; only RECORD itself and its signatures may have none.
    pub digest: Option<RecordDigest>,
    /// Its size in bytes, which may be left out.
    pub size: Option<u64>,
}

/// The hash column, for the algorithms that are strong: `sha256=`, `sha384=` and `sha512=` with base64url without
/// padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordDigest {
    /// What nearly every wheel has.
    Sha256(Sha256),
    /// SHA-384.
    Sha384([u8; 48]),
    /// SHA-512.
    Sha512([u8; 64]),
}

impl RecordDigest {
    fn parse(text: &str) -> Result<Self, (Code, String)> {
        let (algorithm, value) =
            text.split_once('=').ok_or((Code::RecordMalformed, "a hash without an algorithm".to_owned()))?;
        let malformed = || (Code::RecordMalformed, format!("`{value}` as {algorithm} in base64url without padding"));
        let bytes = || BASE64URL_NOPAD.decode(value.as_bytes()).ok();
        match algorithm {
            "sha256" => Sha256::from_base64url(value).map(Self::Sha256).ok_or_else(malformed),
            "sha384" => bytes().and_then(|b| b.try_into().ok()).map(Self::Sha384).ok_or_else(malformed),
            "sha512" => bytes().and_then(|b| b.try_into().ok()).map(Self::Sha512).ok_or_else(malformed),
            other => Err((Code::RecordWeakHash, format!("`{other}`"))),
        }
    }
}

/// The digest as RECORD writes it.
impl std::fmt::Display for RecordDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sha256(digest) => write!(f, "sha256={}", digest.base64url()),
            Self::Sha384(digest) => write!(f, "sha384={}", BASE64URL_NOPAD.encode(digest)),
            Self::Sha512(digest) => write!(f, "sha512={}", BASE64URL_NOPAD.encode(digest)),
        }
    }
}

/// Reads the RECORD `bytes`; `place` names it in messages.
///
/// # Errors
/// Everything that is wrong with it, in the order of its lines.
pub fn parse(place: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<Row>, Vec<Refusal>> {
    let malformed = |message: String| Refusal::new(Code::RecordMalformed, message);
    let text = std::str::from_utf8(bytes).map_err(|_| vec![malformed(format!("{place} is not UTF-8"))])?;
    if text.starts_with('\u{feff}') {
        return Err(vec![malformed(format!("{place} begins with a byte order mark"))]);
    }
    let (mut rows, mut refusals) = (Vec::new(), Vec::new());
    for (number, line) in lines(text).enumerate() {
        match fields(line).and_then(|fields| row(fields, limits)) {
            Ok(row) => rows.push(row),
            Err((code, found)) => {
                let what = match code {
                    Code::RecordWeakHash => "has a hash that is too weak or not known",
                    Code::RecordPath => "names a path that no member of a wheel has",
                    _ => "is no row of a RECORD",
                };
                let expected = match code {
                    Code::RecordWeakHash => "sha256, sha384 or sha512",
                    Code::RecordPath => "a relative path below the wheel's root",
                    _ => "path,algorithm=digest,size",
                };
                let message = format!("{place}: line {} {what}", number + 1);
                refusals.push(Refusal::new(code, message).expected(expected).found(found));
            }
        }
    }
    let mut seen = BTreeSet::new();
    for row in &rows {
        if !seen.insert(&row.path) {
            refusals.push(Refusal::new(Code::RecordDuplicate, format!("{place}: two rows for `{}`", row.path)));
        }
    }
    if refusals.is_empty() { Ok(rows) } else { Err(refusals) }
}

/// Lines without their ends, LF or CRLF; the last one may have none. A line feed cannot be part of a row, because a
/// path contains no control characters.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_terminator('\n').map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// The three fields of a line, as RFC 4180 and Python's csv module have them. A quote that stands anywhere but around
/// a whole field, or doubled inside one, is an error: csv readers differ about those.
fn fields(line: &str) -> Result<[String; 3], (Code, String)> {
    let malformed = |found: &str| (Code::RecordMalformed, found.to_owned());
    let mut found = Vec::with_capacity(3);
    let mut rest = Some(line);
    while let Some(text) = rest {
        if found.len() == 3 {
            return Err(malformed("more than three columns"));
        }
        let (field, after) = match text.strip_prefix('"') {
            Some(quoted) => {
                let (field, after) = unquote(quoted).ok_or_else(|| malformed("a quote that is not closed"))?;
                if !(after.is_empty() || after.starts_with(',')) {
                    return Err(malformed("text after a closing quote"));
                }
                (field, after.strip_prefix(','))
            }
            None => {
                let (field, after) = text.split_once(',').map_or((text, None), |(field, after)| (field, Some(after)));
                if field.contains('"') {
                    return Err(malformed("a quote inside a field that is not quoted"));
                }
                (field.to_owned(), after)
            }
        };
        found.push(field);
        rest = after;
    }
    found.try_into().map_err(|found: Vec<String>| malformed(&format!("{} of three columns", found.len())))
}

/// The field whose opening quote was read, and what follows its closing quote.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (head, tail) = rest.split_once('"')?;
        field.push_str(head);
        let Some(more) = tail.strip_prefix('"') else { return Some((field, tail)) };
        field.push('"');
        rest = more;
    }
}

fn row([path, digest, size]: [String; 3], limits: &Limits) -> Result<Row, (Code, String)> {
    let path = MemberPath::parse(&path, limits).map_err(|why| (Code::RecordPath, format!("`{path}` {why}")))?;
    let digest = if digest.is_empty() { None } else { Some(RecordDigest::parse(&digest)?) };
    let size = if size.is_empty() {
        None
    } else {
        // digits alone, as `str(int)` writes them: no sign, no leading zero
        let number = size.parse().ok().filter(|number: &u64| number.to_string() == size);
        Some(number.ok_or_else(|| (Code::RecordMalformed, format!("`{size}` as a size")))?)
    };
    Ok(Row { path, digest, size })
}

/// What the first bytes of a file say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// An ELF object.
    Elf,
    /// A script with an interpreter line.
    Script,
    /// Anything else.
    Other,
}

impl Head {
    fn of(first: &[u8]) -> Self {
        if first.starts_with(b"\x7fELF") {
            Self::Elf
        } else if first.starts_with(b"#!") {
            Self::Script
        } else {
            Self::Other
        }
    }
}

/// A member of an archive whose content is what RECORD says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedMember {
    /// Its position in [`Archive::members`].
    pub index: usize,
    /// The digest of its content, whatever algorithm RECORD uses.
    pub sha256: Sha256,
    /// What it begins like.
    pub head: Head,
}

/// Compares `archive` with the RECORD at `record`, and gives one [`CheckedMember`] for each of its members, in their
/// order. Each member is decompressed once and not kept.
///
/// RECORD itself need not be listed, `RECORD.jws` and `RECORD.p7s` beside it neither; if they are, RECORD has no hash.
///
/// # Errors
/// Every difference between the two, sorted.
pub fn check(archive: &Archive, record: &MemberPath, limits: &Limits) -> Result<Vec<CheckedMember>, Failure> {
    let wheel = archive.name();
    let missing = || Refusal::new(Code::RecordMissing, format!("`{wheel}` has no `{record}`"));
    let member = archive.find(record.as_str()).and_then(|index| Some((index, archive.members().get(index)?)));
    let (index, member) = member.ok_or_else(missing)?;
    if member.size() > limits.record_size {
        return Err(Refusal::new(
            Code::ArchiveLimit,
            format!("`{wheel}`: `{record}` is larger than any that is known"),
        )
        .expected(format!("at most {} bytes", limits.record_size))
        .found(format!("{} bytes", member.size()))
        .into());
    }
    let text = archive.read(index)?;
    let rows = parse(&format!("`{wheel}`: `{record}`"), &text, limits)?;
    drop(text);

    let mut refusals = Vec::new();
    let mut by_path: BTreeMap<&MemberPath, &Row> = rows.iter().map(|row| (&row.path, row)).collect();
    let mut checked = Vec::with_capacity(archive.members().len());
    for (index, member) in archive.members().iter().enumerate() {
        let row = by_path.remove(member.path());
        match check_member(archive, (index, member), row, record) {
            Ok(member) => checked.push(member),
            Err(failure) => refusals.extend(failure.refusals()?),
        }
    }
    for path in by_path.into_keys() {
        let message = format!("`{wheel}`: `{record}` lists `{path}`, which is not there");
        refusals.push(Refusal::new(Code::RecordFileMissing, message));
    }
    if refusals.is_empty() {
        return Ok(checked);
    }
    refusals.sort();
    refusals.dedup();
    Err(refusals.into())
}

fn check_member(
    archive: &Archive,
    (index, member): (usize, &Member),
    row: Option<&Row>,
    record: &MemberPath,
) -> Result<CheckedMember, Failure> {
    let (wheel, path) = (archive.name(), member.path());
    let refuse = |code, what: &str| Refusal::new(code, format!("`{wheel}`: {what}"));
    let suffix = path.as_str().strip_prefix(record.as_str());
    let exempt = matches!(suffix, Some("" | ".jws" | ".p7s"));
    let digest = row.and_then(|row| row.digest.as_ref());
    match (row, digest) {
        (None, _) if !exempt => {
            return Err(refuse(Code::RecordFileUnlisted, &format!("`{path}` is not listed in `{record}`"))
                .hint("a file that RECORD does not list was added after the wheel was built; ask who made it")
                .into());
        }
        (Some(_), None) if !exempt => {
            return Err(refuse(Code::RecordWeakHash, &format!("`{record}` has no hash for `{path}`"))
                .expected("sha256, sha384 or sha512")
                .into());
        }
        (_, Some(_)) if suffix == Some("") => {
            return Err(refuse(Code::RecordMalformed, &format!("`{record}` has a hash for itself"))
                .expected("an empty hash, since a file cannot contain its own")
                .into());
        }
        _ => {}
    }
    let different =
        |what: String| refuse(Code::RecordDigest, &format!("`{path}` is not the file that `{record}` lists: {what}"));
    let mut sha256 = Hasher::new();
    let mut other = OtherHasher::of(digest);
    let mut magic: Vec<u8> = Vec::with_capacity(4);
    archive.copy(index, &mut |piece| {
        sha256.update(piece);
        other.update(piece);
        magic.extend(piece.iter().take(4 - magic.len().min(4)));
        Ok(())
    })?;
    if let Some(size) = row.and_then(|row| row.size).filter(|&size| size != member.size()) {
        let refusal = different("size".to_owned()).expected(size.to_string()).found(member.size().to_string());
        return Err(refusal.into());
    }
    let sha256 = sha256.finish();
    let found = other.finish().unwrap_or(RecordDigest::Sha256(sha256));
    if let Some(expected) = digest.filter(|&expected| *expected != found) {
        let refusal = different("digest".to_owned()).expected(expected.to_string()).found(found.to_string());
        return Err(refusal.into());
    }
    Ok(CheckedMember { index, sha256, head: Head::of(&magic) })
}

/// The second digest of a member whose row does not use SHA-256.
enum OtherHasher {
    None,
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
}

impl OtherHasher {
    fn of(digest: Option<&RecordDigest>) -> Self {
        match digest {
            None | Some(RecordDigest::Sha256(_)) => Self::None,
            Some(RecordDigest::Sha384(_)) => Self::Sha384(sha2::Sha384::new()),
            Some(RecordDigest::Sha512(_)) => Self::Sha512(sha2::Sha512::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::None => {}
            Self::Sha384(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Option<RecordDigest> {
        match self {
            Self::None => None,
            Self::Sha384(hasher) => Some(RecordDigest::Sha384(hasher.finalize().into())),
            Self::Sha512(hasher) => Some(RecordDigest::Sha512(hasher.finalize().into())),
        }
    }
}

/// The RECORD of an installed wheel: rows sorted by path, each ended by a line feed, quoted as Python's csv module
/// does.
///
/// Paths are as the installed RECORD has them, relative to the directory of the `.dist-info`, so `../../../bin/x` is
/// one.
pub fn render<'a>(rows: impl IntoIterator<Item = (&'a str, Option<Sha256>, Option<u64>)>) -> String {
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort();
    let mut text = String::new();
    for (path, digest, size) in rows {
        if path.contains(['"', ',', '\r', '\n']) {
            text.push('"');
            text.push_str(&path.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(path);
        }
        text.push(',');
        if let Some(digest) = digest {
            text.push_str("sha256=");
            text.push_str(&digest.base64url());
        }
        text.push(',');
        if let Some(size) = size {
            text.push_str(&size.to_string());
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    fn read(text: &str) -> Result<Vec<Row>, Vec<Code>> {
        parse("RECORD", text.as_bytes(), &Limits::DEFAULT).map_err(|r| r.iter().map(|r| r.code).collect())
    }

    #[test]
    fn rows_are_read_with_either_line_end_and_with_quotes() {
        let lf = format!("x.py,{EMPTY},0\n\"a,\"\"b\"\".py\",{EMPTY},\n\"q.py\",\"{EMPTY}\",\"12\"\nRECORD,,\n");
        let rows = read(&lf).unwrap();
        assert_eq!(
            rows.iter().map(|r| (r.path.as_str(), r.digest.is_some(), r.size)).collect::<Vec<_>>(),
            [("x.py", true, Some(0)), ("a,\"b\".py", true, None), ("q.py", true, Some(12)), ("RECORD", false, None)]
        );
        assert_eq!(read(&lf.replace('\n', "\r\n")).unwrap(), rows);
        assert_eq!(read(lf.trim_end()).unwrap(), rows, "the last line end may be missing");
        assert_eq!(read("").unwrap(), []);
    }

    #[test]
    fn long_digests_are_read() {
        for (name, digits) in [("sha384", 64), ("sha512", 86)] {
            let text = format!("x,{name}={},1", "A".repeat(digits));
            assert_eq!(read(&text).unwrap()[0].digest.clone().unwrap().to_string(), text[2..text.len() - 2]);
            assert_eq!(read(&format!("x,{name}={},1", "A".repeat(43))), Err(vec![Code::RecordMalformed]));
        }
    }

    #[test]
    fn what_is_no_row_is_refused() {
        use Code::{RecordDuplicate, RecordMalformed, RecordPath, RecordWeakHash};
        for (text, code) in [
            ("x.py", RecordMalformed),
            ("x.py,", RecordMalformed),
            ("x.py,,,", RecordMalformed),
            ("\n", RecordMalformed),
            ("x.py,,\n\ny.py,,\n", RecordMalformed),
            ("x.py,,\ry.py,,\n", RecordMalformed),
            ("\u{feff}x.py,,\n", RecordMalformed),
            ("\"x.py,,\n", RecordMalformed),
            ("\"x.py\"y,,\n", RecordMalformed),
            ("x\"y\".py,,\n", RecordMalformed),
            (" \"x.py\",,\n", RecordMalformed),
            ("x.py,sha256,\n", RecordMalformed),
            ("x.py,sha256=,\n", RecordMalformed),
            ("x.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=,\n", RecordMalformed),
            ("x.py,sha256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU,\n", RecordMalformed),
            ("x.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV,\n", RecordMalformed),
            ("x.py,,-1\n", RecordMalformed),
            ("x.py,,+1\n", RecordMalformed),
            ("x.py,,01\n", RecordMalformed),
            ("x.py,, 1\n", RecordMalformed),
            ("x.py,,1.0\n", RecordMalformed),
            ("x.py,,18446744073709551616\n", RecordMalformed),
            ("x.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n", RecordWeakHash),
            ("x.py,sha1=2jmj7l5rSw0yVb_vlWAYkK_YBwk,0\n", RecordWeakHash),
            ("x.py,SHA256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n", RecordWeakHash),
            ("../x.py,,\n", RecordPath),
            ("/etc/passwd,,\n", RecordPath),
            ("a/../../x,,\n", RecordPath),
            ("a\\x,,\n", RecordPath),
            ("a/,,\n", RecordPath),
            (",,\n", RecordPath),
            ("x.py,,\nx.py,,\n", RecordDuplicate),
        ] {
            assert_eq!(read(text), Err(vec![code]), "{text:?}");
        }
        assert_eq!(parse("RECORD", b"\xff,,\n", &Limits::DEFAULT).unwrap_err()[0].code, RecordMalformed);
    }

    #[test]
    fn all_that_is_wrong_is_said() {
        let refusals = parse("RECORD", b"../x,,\ny,md5=AA,\nz\n", &Limits::DEFAULT).unwrap_err();
        assert_eq!(
            refusals.iter().map(|r| r.message.split(' ').take(3).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>(),
            ["RECORD: line 1", "RECORD: line 2", "RECORD: line 3"]
        );
    }

    #[test]
    fn rendering_sorts_and_quotes_and_reads_back() {
        let digest = Some(Sha256::of(b""));
        let text = render([
            ("z.py", digest, Some(0)),
            ("a,b\"c.py", digest, Some(7)),
            ("x-1.dist-info/RECORD", None, None),
            ("../../../bin/x", digest, Some(1)),
        ]);
        assert_eq!(
            text,
            format!("../../../bin/x,{EMPTY},1\n\"a,b\"\"c.py\",{EMPTY},7\nx-1.dist-info/RECORD,,\nz.py,{EMPTY},0\n")
        );
        let inside: String = text.lines().skip(1).map(|line| format!("{line}\n")).collect();
        assert_eq!(read(&inside).unwrap()[0].path.as_str(), "a,b\"c.py");
    }
}
