//! What two wheels that should be one file differ in, member by member, and the likely cause.
//!
//! Enters: the bytes of two wheels that were built from one sdist. Leaves: a [`Difference`] for each member, in the order of the
//! names. The cause is a guess from what the differing text looks like; that they differ is a fact. RECORD is
//! mentioned only when nothing else differs, because it follows from the others.

use crate::blob::Blob;
use crate::limits::Limits;
use crate::wheel::archive::Archive;
use elf::ElfBytes;
use elf::endian::AnyEndian;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Why two builds of one source differ, as far as it can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The clock of the build.
    Time,
    /// A path of the build that is not the same twice.
    Path,
    /// The order of a directory, or of a set or dictionary of another process.
    Order,
    /// An address, a random number or the number of a process.
    Random,
    /// Only the link editor's identification of the file differs.
    BuildId,
    /// The archive's own records: order, times or modes of members.
    Archive,
    /// Machine code or data.
    Unknown,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Time => "the time of the build",
            Self::Path => "a path of the build",
            Self::Order => "the order of a directory, or of a set",
            Self::Random => "a random number, an address or the number of a process",
            Self::BuildId => "the build id",
            Self::Archive => "order, times or modes in the archive",
            Self::Unknown => "cause unknown",
        })
    }
}

/// One member in which they differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its path; the wheel's file name when it is the archive itself.
    pub member: String,
    /// Why, as far as it can be told.
    pub cause: Cause,
    /// What the first and the second wheel have there.
    pub detail: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.member, self.detail, self.cause)
    }
}

/// Compares two wheels called `name`; empty when they are one and the same bytes.
pub fn differences(name: &str, first: &Arc<Vec<u8>>, second: &Arc<Vec<u8>>) -> Vec<Difference> {
    if first == second {
        return Vec::new();
    }
    let of_archive = |cause, detail: String| vec![Difference { member: name.to_owned(), cause, detail }];
    let open = |bytes: &Arc<Vec<u8>>| Archive::open(name, Blob::from(Arc::clone(bytes)), &Limits::DEFAULT).ok();
    let (Some(a), Some(b)) = (open(first), open(second)) else {
        return of_archive(Cause::Unknown, "one of the two is no archive that can be read".to_owned());
    };
    let mut found = Vec::new();
    let (left, right) = (members(&a), members(&b));
    let names: BTreeSet<&str> = left.keys().chain(right.keys()).copied().collect();
    for path in names {
        let only = |which: &str| Difference {
            member: path.to_owned(),
            cause: if path.chars().any(|c| c.is_ascii_digit()) { Cause::Random } else { Cause::Unknown },
            detail: format!("only the {which} wheel has it"),
        };
        match (left.get(path), right.get(path)) {
            (Some(_), None) => found.push(only("first")),
            (None, Some(_)) => found.push(only("second")),
            (Some(x), Some(y)) => {
                let (Ok(x), Ok(y)) = (a.read(*x), b.read(*y)) else {
                    found.push(Difference {
                        member: path.to_owned(),
                        cause: Cause::Unknown,
                        detail: "it cannot be read in one of them".to_owned(),
                    });
                    continue;
                };
                if x != y {
                    let (cause, detail) = compare(&x, &y);
                    found.push(Difference { member: path.to_owned(), cause, detail });
                }
            }
            (None, None) => {}
        }
    }
    if found.len() > 1 {
        found.retain(|difference| !difference.member.ends_with(".dist-info/RECORD"));
    }
    if !found.is_empty() {
        return found;
    }
    let order = |archive: &Archive| archive.members().iter().map(|m| m.path().as_str().to_owned()).collect::<Vec<_>>();
    let detail = if order(&a) == order(&b) {
        "every member is the same, their times or modes are not"
    } else {
        "every member is the same, their order is not"
    };
    of_archive(Cause::Archive, detail.to_owned())
}

fn members(archive: &Archive) -> BTreeMap<&str, usize> {
    archive.members().iter().enumerate().map(|(index, member)| (member.path().as_str(), index)).collect()
}

/// Longest text that is shown of one side, in characters.
const SHOWN: usize = 60;

fn compare(a: &[u8], b: &[u8]) -> (Cause, String) {
    if a.starts_with(b"\x7fELF") && b.starts_with(b"\x7fELF") {
        return compare_elf(a, b);
    }
    match (std::str::from_utf8(a), std::str::from_utf8(b)) {
        (Ok(a), Ok(b)) => compare_text(a, b),
        _ => (Cause::Unknown, place(a, b)),
    }
}

fn place(a: &[u8], b: &[u8]) -> String {
    let at = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    format!("they differ from byte {at} of {} and {}", a.len(), b.len())
}

fn compare_elf(a: &[u8], b: &[u8]) -> (Cause, String) {
    let (Some(left), Some(right)) = (sections(a), sections(b)) else { return (Cause::Unknown, place(a, b)) };
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let differing: Vec<&str> =
        names.into_iter().filter(|name| left.get(*name) != right.get(*name)).map(String::as_str).collect();
    if differing == [".note.gnu.build-id"] {
        return (Cause::BuildId, "only .note.gnu.build-id differs".to_owned());
    }
    let texts = |sections: &BTreeMap<String, Vec<u8>>| {
        let mut text = String::new();
        for name in differing.iter().filter(|name| **name != ".note.gnu.build-id") {
            text.extend(strings(sections.get(*name).map_or(&[][..], Vec::as_slice)));
        }
        text
    };
    let (cause, detail) = compare_text(&texts(&left), &texts(&right));
    (cause, format!("sections {} differ; {detail}", differing.join(", ")))
}

/// Content by the name of the section; `None` when it is no ELF file with sections.
fn sections(bytes: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let file = ElfBytes::<AnyEndian>::minimal_parse(bytes).ok()?;
    let (headers, names) = file.section_headers_with_strtab().ok()?;
    let (headers, names) = (headers?, names?);
    let mut sections = BTreeMap::new();
    for header in headers {
        let name = names.get(usize::try_from(header.sh_name).ok()?).ok()?;
        let content = file.section_data(&header).map(|(content, _)| content.to_vec()).unwrap_or_default();
        sections.insert(name.to_owned(), content);
    }
    Some(sections)
}

/// Printable text in binary data, a line each.
fn strings(bytes: &[u8]) -> Vec<String> {
    bytes
        .split(|byte| !(byte.is_ascii_graphic() || *byte == b' '))
        .filter(|text| text.len() >= 4)
        .map(|text| format!("{}\n", String::from_utf8_lossy(text)))
        .collect()
}

fn compare_text(a: &str, b: &str) -> (Cause, String) {
    let pair = a.lines().zip(b.lines()).find(|(x, y)| x != y);
    let Some((x, y)) = pair else {
        return (Cause::Unknown, format!("one has {} lines, the other {}", a.lines().count(), b.lines().count()));
    };
    let detail = format!("`{}` and `{}`", window(x, y), window(y, x));
    let sorted = |text: &str| {
        let mut words: Vec<String> = words(text).map(str::to_owned).collect();
        words.sort();
        words
    };
    if sorted(a) == sorted(b) {
        return (Cause::Order, detail);
    }
    let mut causes = BTreeSet::new();
    for (x, y) in a.lines().zip(b.lines()).filter(|(x, y)| x != y) {
        causes.insert(guess(x, y));
    }
    let cause = causes.into_iter().next().unwrap_or(Cause::Unknown);
    (cause, detail)
}

/// Around the first character in which `text` differs from `other`.
fn window(text: &str, other: &str) -> String {
    let same = text.chars().zip(other.chars()).take_while(|(x, y)| x == y).count();
    text.chars().skip(same.saturating_sub(SHOWN / 3)).take(SHOWN).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || "_-:./+".contains(c))).filter(|word| !word.is_empty())
}

fn guess(x: &str, y: &str) -> Cause {
    let (left, right): (Vec<&str>, Vec<&str>) = (words(x).collect(), words(y).collect());
    let differing: Vec<&str> = left.iter().zip(&right).filter(|(x, y)| x != y).flat_map(|(x, y)| [*x, *y]).collect();
    if differing.is_empty() {
        return Cause::Unknown;
    }
    if differing.iter().any(|word| looks_like_time(word)) {
        Cause::Time
    } else if differing.iter().any(|word| word.contains('/')) {
        Cause::Path
    } else if differing.iter().all(|word| word.chars().any(|c| c.is_ascii_hexdigit())) {
        Cause::Random
    } else {
        Cause::Unknown
    }
}

/// Whether `word` is a clock time, a date, or seconds (or thousandths, and so on) since 1970 in this century.
fn looks_like_time(word: &str) -> bool {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape.contains("00:00:00") || shape.contains("0000-00-00") || shape.contains("00:00") {
        return true;
    }
    let whole = word.split('.').next().unwrap_or(word);
    let digits = whole.bytes().all(|byte| byte.is_ascii_digit());
    let plausible = whole.get(..10).and_then(|text| text.parse::<u64>().ok()).is_some_and(|n| n >= 1_500_000_000);
    digits && plausible && matches!(whole.len(), 10 | 13 | 16 | 19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_guessed_from_what_differs() {
        for (a, b, cause) in [
            ("BUILT = 1795365589.5\n", "BUILT = 1795365593.0\n", Cause::Time),
            ("at 2026-11-22T16:39:49\n", "at 2026-11-22T16:39:50\n", Cause::Time),
            ("TMP = 'room/tmpab12/x'\n", "TMP = 'room/tmpzz99/x'\n", Cause::Path),
            ("['b', 'a', 'c']\n", "['a', 'b', 'c']\n", Cause::Order),
            ("b\na\n", "a\nb\n", Cause::Order),
            ("PID = 12\n", "PID = 19\n", Cause::Random),
            ("<object at 0x7f12aa>\n", "<object at 0x7f12bb>\n", Cause::Random),
            ("one\n", "two\n", Cause::Unknown),
        ] {
            assert_eq!(compare(a.as_bytes(), b.as_bytes()).0, cause, "{a}");
        }
    }
}
