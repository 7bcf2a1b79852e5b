//! What a run remembers for the next one: digests and descriptions of files that have not changed since.
//!
//! Enters: the file that an earlier run left in the index, or none. Leaves: what it knows of a file whose [`Stamp`] is still the
//! same, and a new such file. It is a shortcut and never an authority: whoever can write it can write the pages beside
//! it, clients compare what they fetch with the hashes of their own lock, and a package build believes the signed list
//! alone. A line that cannot be read makes the whole file forgotten.

use crate::digest::Sha256;
use crate::system::store::Stamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The file of the index that remembers. It also says that the directory is an index, and may be changed as one.
pub const FILE_NAME: &str = ".rustvenv-index";

/// Its first line; another version of this program may remember in another way.
const FIRST_LINE: &str = "rustvenv-index 1";

/// The largest such file that is read, in bytes: 200,000 files with long summaries.
pub const LARGEST: u64 = 512 << 20;

/// What METADATA says of a wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its digest.
    pub metadata: Sha256,
    /// Requires-Python, which consists of version specifiers.
    pub requires_python: Option<String>,
    /// The first line of Summary, which can be any text.
    pub summary: Option<String>,
}

/// Digests and descriptions by name.
#[derive(Debug, Default)]
pub struct Memory {
    known: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    stamp: Stamp,
    sha256: Sha256,
    described: Option<Described>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    stamp: Stamp,
    sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requires_python: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
}

impl Memory {
    /// Reads what an earlier run left; nothing when it cannot be understood.
    pub fn parse(text: &str) -> Self {
        Self::try_parse(text).unwrap_or_default()
    }

    fn try_parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return None;
        }
        let mut known = BTreeMap::new();
        for line in lines {
            let line: Line = serde_json::from_str(line).ok()?;
            let described = match &line.metadata {
                Some(digest) => Some(Described {
                    metadata: Sha256::from_hex(digest)?,
                    requires_python: line.requires_python,
                    summary: line.summary,
                }),
                None => None,
            };
            known.insert(line.name, Known { stamp: line.stamp, sha256: Sha256::from_hex(&line.sha256)?, described });
        }
        Some(Self { known })
    }

    /// What is known of the file `name`, if its stamp is still `stamp`. It is given away and not kept, so that nothing is held
    /// twice.
    pub fn take(&mut self, name: &str, stamp: &Stamp) -> Option<(Sha256, Option<Described>)> {
        self.known.remove(name).filter(|known| known.stamp == *stamp).map(|known| (known.sha256, known.described))
    }
}

/// The beginning of a file that remembers.
pub fn begin() -> String {
    format!("{FIRST_LINE}\n")
}

/// Adds what is known of the file `name` to `text`.
pub fn remember(text: &mut String, name: &str, stamp: Stamp, sha256: Sha256, described: Option<&Described>) {
    let line = Line {
        name: name.to_owned(),
        stamp,
        sha256: sha256.hex(),
        metadata: described.map(|described| described.metadata.hex()),
        requires_python: described.and_then(|described| described.requires_python.clone()),
        summary: described.and_then(|described| described.summary.clone()),
    };
    // strings and numbers can always be written
    if let Ok(line) = serde_json::to_string(&line) {
        text.push_str(&line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp { size: 1, mtime: 2, ctime: 3, device: 4, inode: 5, mode: 0o644 };

    #[test]
    fn what_was_written_is_read() {
        let described = Described {
            metadata: Sha256::of(b"m"),
            requires_python: Some(">=3".into()),
            summary: Some("a\u{2028}\"b\"".into()),
        };
        let mut text = begin();
        remember(&mut text, "a", STAMP, Sha256::of(b"a"), Some(&described));
        remember(&mut text, "b", STAMP, Sha256::of(b"b"), None);
        let mut memory = Memory::parse(&text);
        assert_eq!(memory.take("a", &STAMP), Some((Sha256::of(b"a"), Some(described))));
        assert_eq!(memory.take("a", &STAMP), None);
        assert_eq!(memory.take("b", &Stamp { ctime: 4, ..STAMP }), None);
    }

    #[test]
    fn what_cannot_be_understood_is_forgotten() {
        let mut text = begin();
        remember(&mut text, "a", STAMP, Sha256::of(b"a"), None);
        for text in [
            text.replacen('1', "2", 1),
            format!("{text}{{}}\n"),
            text.replace("\"size\":1", "\"size\":-1"),
            text.replace("\"sha256\":\"c", "\"sha256\":\"C"),
            text[..text.len() - 3].to_owned(),
            String::new(),
        ] {
            assert_eq!(Memory::parse(&text).known.len(), 0, "{text}");
        }
        assert_eq!(Memory::parse(&text).known.len(), 1);
    }
}
