//! A plan as a list: for people (`--no-act`), and for the later steps of one build.
//!
//! Enters: a plan. Leaves: a [`Listing`], one [`Item`] a path, which can be written as JSON lines and read back. It holds digests and
//! no content.

use crate::digest::Sha256;
use crate::plan::{Node, Plan};
use crate::refusal::Failure;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What stands, or should stand, at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Item {
    /// A directory.
    Directory {
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Link {
        /// What it says.
        target: String,
    },
    /// A device, socket or FIFO, which nobody plans.
    Special,
    /// A regular file.
    File {
        /// Permission bits.
        mode: u32,
        /// Size in bytes.
        size: u64,
        /// SHA-256 of its content, 64 hexadecimal digits.
        sha256: String,
    },
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { mode } => write!(f, "directory, mode {mode:04o}"),
            Self::Special => write!(f, "device, socket or FIFO"),
            Self::Link { target } => write!(f, "link to `{target}`"),
            Self::File { mode, size, sha256 } => write!(f, "file, mode {mode:04o}, {size} bytes, sha256:{sha256}"),
        }
    }
}

/// Paths below the root of a binary package and what stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Path of the environment.
    pub location: String,
    /// Every path.
    pub items: BTreeMap<String, Item>,
    /// The paths among them that hooks of the package change on purpose.
    pub changes: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    location: String,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    changes: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    path: String,
    #[serde(flatten)]
    item: Item,
}

impl Listing {
    /// The list of `plan`.
    pub fn of(plan: &Plan) -> Self {
        let item = |node: &Node| match node {
            Node::Directory => Item::Directory { mode: 0o755 },
            Node::Link { target } => Item::Link { target: target.clone() },
            Node::File { mode, content } => file(mode.bits(), content.size(), content.sha256()),
        };
        let items = plan.nodes.iter().map(|(path, node)| (path.clone(), item(node))).collect();
        Self { location: plan.location.clone(), items, changes: BTreeSet::new() }
    }

    /// The paths of both; where they differ, what `other` has.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut items = self.items.clone();
        items.extend(other.items.iter().map(|(path, item)| (path.clone(), item.clone())));
        Self { location: other.location.clone(), items, changes: other.changes.clone() }
    }

    /// One JSON object a line: first the location and the changes, then every path in order.
    pub fn to_json_lines(&self) -> String {
        let head = Head { location: self.location.clone(), changes: self.changes.clone() };
        let mut text = serde_json::to_string(&head).unwrap_or_default();
        text.push('\n');
        for (path, item) in &self.items {
            let line = Line { path: path.clone(), item: item.clone() };
            // strings and numbers always serialise
            text.push_str(&serde_json::to_string(&line).unwrap_or_default());
            text.push('\n');
        }
        text
    }

    /// Reads what [`Listing::to_json_lines`] wrote.
    ///
    /// # Errors
    /// When `text` is something else; `name` says which file.
    pub fn from_json_lines(name: &str, text: &str) -> Result<Self, Failure> {
        let wrong =
            |error: serde_json::Error| Failure::unable(format!("{name} was not written by this program: {error}"));
        let mut lines = text.lines();
        let head: Head = serde_json::from_str(lines.next().unwrap_or_default()).map_err(wrong)?;
        let items = lines
            .map(|line| serde_json::from_str::<Line>(line).map(|line| (line.path, line.item)))
            .collect::<Result<_, _>>()
            .map_err(wrong)?;
        let listing = Self { location: head.location, items, changes: head.changes };
        // a later run removes what is listed: a path must not lead out of the package
        if let Some(path) = listing.items.keys().chain([&listing.location]).find(|path| !is_inside(path)) {
            return Err(Failure::unable(format!("{name} was not written by this program: it has the path `{path}`")));
        }
        Ok(listing)
    }

    /// One line a path, as `ls -l` would show the parts that matter.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (path, item) in &self.items {
            let line = match item {
                Item::Directory { .. } => format!("drwxr-xr-x {:>10} {path}/\n", ""),
                Item::Special => format!("?rw-r--r-- {:>10} {path}\n", ""),
                Item::Link { target } => format!("lrwxrwxrwx {:>10} {path} -> {target}\n", ""),
                Item::File { mode, size, .. } => {
                    format!("{} {size:>10} {path}\n", if mode & 0o111 == 0 { "-rw-r--r--" } else { "-rwxr-xr-x" })
                }
            };
            text.push_str(&crate::refusal::printable(line.trim_end_matches('\n')));
            text.push('\n');
        }
        text
    }
}

/// Whether `path` is relative and stays below where it is looked up.
fn is_inside(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// The item of a regular file.
pub(super) fn file(mode: u32, size: u64, sha256: Sha256) -> Item {
    Item::File { mode, size, sha256: sha256.hex() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_survives_its_file() {
        let items = [
            ("opt/venvs/a".to_owned(), Item::Directory { mode: 0o755 }),
            ("opt/venvs/a/b \"c\"\n".to_owned(), file(0o755, 3, Sha256::of(b"abc"))),
            ("opt/venvs/a/l".to_owned(), Item::Link { target: "/usr/bin/ö".to_owned() }),
        ];
        let changes = BTreeSet::from(["opt/venvs/a/l".to_owned()]);
        let listing = Listing { location: "opt/venvs/a".to_owned(), items: items.into_iter().collect(), changes };
        let text = listing.to_json_lines();
        assert_eq!(text.lines().count(), 4);
        assert_eq!(Listing::from_json_lines("x", &text).unwrap(), listing);
        assert!(Listing::from_json_lines("x", "{}").is_err());
        assert!(Listing::from_json_lines("x", "").is_err());
        for path in ["/etc/passwd", "../x", "opt/../../x", "opt//x", ""] {
            let text =
                format!("{{\"location\":\"opt\"}}\n{{\"path\":\"{path}\",\"kind\":\"directory\",\"mode\":493}}\n");
            assert!(Listing::from_json_lines("x", &text).is_err(), "{path}");
        }
        assert!(Listing::from_json_lines("x", "{\"location\":\"..\"}\n").is_err());
    }
}
