//! The manifest: digests and file names, as `sha256sum` writes them.
//!
//! Enters the text of a manifest; leaves a [`Manifest`] that can be searched by name and by digest, or every line that
//! cannot be read in exactly one way. The form is that of GNU coreutils
//! (<https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html>): 64 lower-case hexadecimal
//! digits, a blank, a blank or `*`, the name; empty lines and lines that begin with `#` are passed over, but for one
//! that says what the list is for ([`Header`], rules R10 and R11). Deliberately absent: escaped names, directories,
//! other line ends, control characters and characters that are invisible or reorder text, even in comments, so that
//! what a reviewer sees on a terminal is what is there; and any judgement whether the text is authentic.

use super::{InputFile, check_size};
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::refusal::{Refusal, is_format_character};

/// Refusals of single lines that are reported before the rest is only counted.
const MAX_REFUSALS: usize = 20;

/// A line of the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file name, without a directory.
    pub name: String,
    /// The digest of the file.
    pub sha256: Sha256,
    /// The line of the manifest, from 1.
    pub line: usize,
}

/// What a manifest says about itself, in a comment of the form `# rustvenv-manifest: project=NAME serial=NUMBER`: both
/// parts are optional, in this order. The line is signed with the rest and `sha256sum --check` passes over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The project that the list is for, so that it cannot be put in the place of another project's.
    pub project: Option<String>,
    /// A number that grows with each list, so that an older one cannot be put in the place of a newer one.
    pub serial: Option<u64>,
    /// The line of the manifest, from 1.
    pub line: usize,
}

/// How a header line begins.
const HEADER: &str = "# rustvenv-manifest:";

/// What a manifest lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    header: Option<Header>,
    /// Sorted by name.
    entries: Vec<Entry>,
    /// Indices of entries, sorted by digest and then by name.
    by_digest: Vec<usize>,
}

impl Manifest {
    /// Reads the text of a manifest.
    ///
    /// # Errors
    /// Every line that is malformed, that has a name which is not a plain file name, or that says something about a
    /// file that another line is about.
    pub fn parse(file: &InputFile) -> Result<Self, Vec<Refusal>> {
        check_size(file, Limits::DEFAULT.manifest_size).map_err(|refusal| vec![refusal])?;
        let text = std::str::from_utf8(&file.bytes).map_err(|error| {
            let line = 1 + file.bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
            vec![malformed(file, line, "bytes that are not UTF-8")]
        })?;
        let mut refusals = Vec::new();
        let (mut header, mut entries) = (None, Vec::new());
        for (index, text) in text.strip_suffix('\n').unwrap_or(text).split('\n').enumerate() {
            match parse_line(file, index + 1, text) {
                Ok(Line::Nothing) => {}
                Ok(Line::Entry(entry)) => entries.push(entry),
                Ok(Line::Header(found)) if header.is_none() => header = Some(found),
                Ok(Line::Header(found)) => refusals.push(bad_header(file, found.line, "a second one")),
                Err(refusal) => refusals.push(refusal),
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name).then(one.line.cmp(&other.line)));
        for pair in entries.windows(2) {
            if let [one, other] = pair {
                if one.name == other.name {
                    refusals.push(twice(file, one, other));
                }
            }
        }
        if !refusals.is_empty() {
            return Err(bounded(file, refusals));
        }
        let mut by_digest: Vec<usize> = (0..entries.len()).collect();
        by_digest.sort_by_key(|index| entries.get(*index).map(|entry| entry.sha256));
        Ok(Self { header, entries, by_digest })
    }

    /// What the manifest says about itself.
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// The line about a file.
    pub fn entry(&self, file_name: &str) -> Option<&Entry> {
        let index = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(file_name)).ok()?;
        self.entries.get(index)
    }

    /// The lines with a digest, sorted by name.
    pub fn by_digest(&self, digest: &Sha256) -> impl Iterator<Item = &Entry> {
        let entry = |index: &usize| self.entries.get(*index);
        let start = self.by_digest.partition_point(|index| entry(index).is_some_and(|entry| entry.sha256 < *digest));
        self.by_digest.iter().skip(start).map_while(move |index| entry(index).filter(|entry| entry.sha256 == *digest))
    }

    /// All lines, sorted by name.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// What a line is.
enum Line {
    /// Empty, or a comment.
    Nothing,
    Header(Header),
    Entry(Entry),
}

fn parse_line(file: &InputFile, line: usize, text: &str) -> Result<Line, Refusal> {
    if text.is_empty() {
        return Ok(Line::Nothing);
    }
    if text.ends_with('\r') {
        return Err(malformed(file, line, "a carriage return at the end of the line").hint(
            "the line ends are those of another system, and a signature over the original does not fit this file; \
             take the original, or keep version control from converting it",
        ));
    }
    if let Some(c) = unprintable(text) {
        let found = format!("the character U+{:04X}, which cannot be seen", u32::from(c));
        return Err(if text.starts_with('#') { malformed(file, line, &found) } else { bad_name(file, line, &found) });
    }
    if let Some(fields) = text.strip_prefix(HEADER) {
        return parse_header(file, line, fields).map(Line::Header);
    }
    if text.starts_with('#') {
        return Ok(Line::Nothing);
    }
    if text.starts_with('\\') {
        return Err(bad_name(
            file,
            line,
            "an escaped name, as sha256sum writes it for names with a backslash or line end",
        ));
    }
    let (Some(digest), Some(rest)) = (text.get(..64).and_then(Sha256::from_hex), text.get(64..)) else {
        let found = if text.starts_with("SHA256 (") {
            "the form that `sha256sum --tag` writes"
        } else if text.get(..64).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            "a digest with upper-case digits"
        } else {
            "no digest at the beginning of the line"
        };
        return Err(malformed(file, line, found));
    };
    let Some(name) = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(" *")) else {
        return Err(malformed(file, line, "a digest that two characters, a blank and a blank or `*`, do not follow"));
    };
    if let Some(found) = name_fault(name) {
        return Err(bad_name(file, line, &found));
    }
    Ok(Line::Entry(Entry { name: name.to_owned(), sha256: digest, line }))
}

/// The fields of a header line.
fn parse_header(file: &InputFile, line: usize, fields: &str) -> Result<Header, Refusal> {
    let mut header = Header { project: None, serial: None, line };
    let mut fields = fields.split_ascii_whitespace().peekable();
    if let Some(project) = fields.peek().and_then(|field| field.strip_prefix("project=")) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'+');
        if project.is_empty() || !project.bytes().all(plain) {
            return Err(bad_header(file, line, &format!("the project `{project}`")));
        }
        header.project = Some(project.to_owned());
        fields.next();
    }
    if let Some(serial) = fields.peek().and_then(|field| field.strip_prefix("serial=")) {
        let digits = serial.bytes().all(|byte| byte.is_ascii_digit()) && (serial == "0" || !serial.starts_with('0'));
        header.serial = serial.parse().ok().filter(|_| digits);
        if header.serial.is_none() {
            return Err(bad_header(file, line, &format!("the serial `{serial}`")));
        }
        fields.next();
    }
    match fields.next() {
        Some(field) => Err(bad_header(file, line, &format!("`{field}`"))),
        None if header.project.is_none() && header.serial.is_none() => {
            Err(bad_header(file, line, "neither a project nor a serial"))
        }
        None => Ok(header),
    }
}

fn bad_header(file: &InputFile, line: usize, found: &str) -> Refusal {
    Refusal::new(Code::ManifestMalformed, format!("line {line} of `{}` is not a header line", file.name))
        .expected(format!("one line `{HEADER} project=NAME serial=NUMBER`, of which either part may be left out"))
        .found(found)
        .hint("correct the line and have the manifest signed")
}

/// What is wrong with a name.
fn name_fault(name: &str) -> Option<String> {
    let longest = Limits::DEFAULT.component_length;
    if name.is_empty() {
        Some("no name after the digest".into())
    } else if name.contains('/') {
        Some(format!("`{name}`, a name with a directory"))
    } else if name == "." || name == ".." {
        Some(format!("`{name}`, a directory"))
    } else if name.contains('\\') {
        Some(format!("`{name}`, a name with a backslash"))
    } else if name.trim() != name {
        Some(format!("`{name}`, a name with white space at its beginning or end"))
    } else if name.len() > longest {
        Some(format!("a name of {} bytes, of at most {longest}", name.len()))
    } else {
        None
    }
}

/// The first character that a terminal does not show as it is.
fn unprintable(text: &str) -> Option<char> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    text.chars().find(|c| c.is_control() || is_format_character(*c))
}

fn malformed(file: &InputFile, line: usize, found: &str) -> Refusal {
    Refusal::new(Code::ManifestMalformed, format!("line {line} of `{}` cannot be read", file.name))
        .expected("64 lower-case hexadecimal digits, two blanks and a file name, as `sha256sum FILE` prints them")
        .found(found)
        .hint("write the manifest with `sha256sum *.whl` in the directory of the wheels, and have it signed")
}

fn bad_name(file: &InputFile, line: usize, found: &str) -> Refusal {
    Refusal::new(Code::ManifestName, format!("line {line} of `{}` has a name that is not a plain file name", file.name))
        .expected("a file name without directory, backslash or invisible characters")
        .found(found)
        .hint("write the manifest with `sha256sum *.whl` in the directory of the wheels, and have it signed")
}

fn twice(file: &InputFile, one: &Entry, other: &Entry) -> Refusal {
    let lines = format!("lines {} and {} of `{}`", one.line, other.line, file.name);
    if one.sha256 == other.sha256 {
        return Refusal::new(Code::ManifestDuplicate, format!("{lines} both list `{}`", one.name))
            .expected("one line for each file")
            .found(format!("the digest {} twice", one.sha256))
            .hint("write the manifest again from the files, and have it signed");
    }
    Refusal::new(Code::ManifestConflict, format!("{lines} give `{}` two digests", one.name))
        .expected("one digest for each file")
        .found(format!("{} and {}", one.sha256, other.sha256))
        .hint("find out which file was reviewed, write the manifest again from the files, and have it signed")
}

/// The first refusals; a file that is something else altogether has one in each line.
fn bounded(file: &InputFile, mut refusals: Vec<Refusal>) -> Vec<Refusal> {
    let more = refusals.len().saturating_sub(MAX_REFUSALS);
    if more > 0 {
        refusals.truncate(MAX_REFUSALS);
        refusals.push(Refusal::new(
            Code::ManifestMalformed,
            format!("{more} further lines of `{}` are refused", file.name),
        ));
    }
    refusals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<Manifest, Vec<Refusal>> {
        Manifest::parse(&InputFile { name: "sums".into(), bytes: text.to_vec() })
    }

    fn hex(of: &str) -> String {
        Sha256::of(of.as_bytes()).hex()
    }

    #[test]
    fn lines_of_sha256sum_are_read() {
        let (a, b) = (hex("a"), hex("b"));
        let text =
            format!("# wheels\n\n{b}  b-1.0-py3-none-any.whl\n{a} *a-1.0-py3-none-any.whl\n{a}  copy of a\n# end");
        let manifest = parse(text.as_bytes()).unwrap();
        let names: Vec<_> = manifest.entries().iter().map(|entry| (entry.name.as_str(), entry.line)).collect();
        assert_eq!(names, [("a-1.0-py3-none-any.whl", 4), ("b-1.0-py3-none-any.whl", 3), ("copy of a", 5)]);
        assert_eq!(manifest.entry("b-1.0-py3-none-any.whl").unwrap().sha256, Sha256::of(b"b"));
        assert_eq!(manifest.entry("b-1.0"), None);
        let same: Vec<_> = manifest.by_digest(&Sha256::of(b"a")).map(|entry| entry.name.as_str()).collect();
        assert_eq!(same, ["a-1.0-py3-none-any.whl", "copy of a"]);
        assert_eq!(manifest.by_digest(&Sha256::of(b"c")).count(), 0);
    }

    #[test]
    fn a_manifest_may_list_nothing() {
        for text in ["", "\n", "# No files\n"] {
            assert_eq!(parse(text.as_bytes()).unwrap().entries(), [], "{text:?}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        let a = hex("a");
        for (what, text, code) in [
            ("no digest", "name.whl".into(), Code::ManifestMalformed),
            ("short digest", format!("{}  n", &a[1..]), Code::ManifestMalformed),
            ("long digest", format!("{a}0  n"), Code::ManifestMalformed),
            ("upper case", format!("{}  n", a.to_uppercase()), Code::ManifestMalformed),
            ("one blank", format!("{a} n"), Code::ManifestMalformed),
            ("tab", format!("{a}\tn"), Code::ManifestName),
            ("digest alone", a.clone(), Code::ManifestMalformed),
            ("tagged form", format!("SHA256 (n) = {a}"), Code::ManifestMalformed),
            ("line end of another system", format!("{a}  n\r"), Code::ManifestMalformed),
            ("blank before", format!(" {a}  n"), Code::ManifestMalformed),
            ("line of blanks", "  ".into(), Code::ManifestMalformed),
            ("no name", format!("{a}  "), Code::ManifestName),
            ("directory", format!("{a}  d/n"), Code::ManifestName),
            ("current directory", format!("{a}  ./n"), Code::ManifestName),
            ("parent", format!("{a}  .."), Code::ManifestName),
            ("three blanks", format!("{a}   n"), Code::ManifestName),
            ("blank after", format!("{a}  n "), Code::ManifestName),
            ("backslash", format!("{a}  a\\b"), Code::ManifestName),
            ("escaped", format!("\\{a}  a\\nb"), Code::ManifestName),
            ("control character", format!("{a}  n\u{1b}[2K"), Code::ManifestName),
            ("NUL", format!("{a}  n\0.whl"), Code::ManifestName),
            ("text that runs backwards", format!("{a}  n\u{202e}lhw"), Code::ManifestName),
            ("hidden in a comment", format!("# ok\u{1b}[1A\n{a}  n"), Code::ManifestMalformed),
            ("byte order mark", format!("\u{feff}{a}  n"), Code::ManifestName),
            ("too long", format!("{a}  {}", "n".repeat(256)), Code::ManifestName),
            ("twice", format!("{a}  n\n{a} *n"), Code::ManifestDuplicate),
            ("two digests", format!("{a}  n\n{}  n", hex("b")), Code::ManifestConflict),
        ] {
            let refusals = parse(format!("{text}\n").as_bytes()).expect_err(what);
            assert_eq!(refusals[0].code, code, "{what}");
            assert_eq!(refusals.len(), 1, "{what}");
        }
        assert_eq!(parse(b"# \xff\n").unwrap_err()[0].code, Code::ManifestMalformed);
    }

    #[test]
    fn a_manifest_can_say_what_it_is_for() {
        let header = |text: &str| {
            let manifest = parse(format!("# a comment\n{text}\n").as_bytes())?;
            Ok::<_, Vec<Refusal>>(manifest.header().map(|header| (header.project.clone(), header.serial, header.line)))
        };
        let project = Some("securedrop-client".to_owned());
        for (text, expected) in [
            ("# other", None),
            ("# rustvenv-manifest: project=securedrop-client serial=12", Some((project.clone(), Some(12), 2))),
            ("# rustvenv-manifest: project=securedrop-client", Some((project, None, 2))),
            ("# rustvenv-manifest: serial=0", Some((None, Some(0), 2))),
        ] {
            assert_eq!(header(text), Ok(expected), "{text}");
        }
        for bad in [
            "",
            "project=",
            "project=a/b",
            "serial=",
            "serial=+1",
            "serial=01",
            "serial=x",
            "serial=1 project=a",
            "serial=99999999999999999999",
            "name=a",
            "project=a project=b",
            "serial=1\n# rustvenv-manifest: serial=2",
        ] {
            let refusals = header(&format!("# rustvenv-manifest: {bad}")).expect_err(bad);
            assert_eq!(refusals[0].code, Code::ManifestMalformed, "{bad}");
        }
    }

    #[test]
    fn every_line_is_reported_up_to_a_bound() {
        assert_eq!(parse(b"x\ny\n").unwrap_err().len(), 2);
        let refusals = parse("x\n".repeat(1000).as_bytes()).unwrap_err();
        assert_eq!(refusals.len(), MAX_REFUSALS + 1);
        assert!(refusals[MAX_REFUSALS].message.starts_with("980 further lines"));
    }

    #[test]
    fn names_and_digests_are_shown_with_their_lines() {
        let (a, b) = (hex("a"), hex("b"));
        let refusal = parse(format!("{a}  n\n\n{b}  n\n").as_bytes()).unwrap_err().remove(0);
        assert_eq!(refusal.message, "lines 1 and 3 of `sums` give `n` two digests");
        assert_eq!(refusal.found.unwrap(), format!("{a} and {b}"));
    }
}
