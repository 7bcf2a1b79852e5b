//! What a signer reads before signing: each wheel that a list gains, and what changed in its sources.
//!
//! Enters: for each new wheel its name, digest, size and licence, the version that the list had before, and what the two sdists
//! contain. Leaves: text, the same for everybody who has the same files. A reviewer sees which files of the sources are new, gone or
//! different since the version that was signed for; opening them is for the reviewer's own tools.

use crate::digest::Sha256;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::printable;
use std::collections::BTreeMap;

/// Paths of a change that are shown; the rest is counted.
const SHOWN: usize = 12;

/// Files of an sdist: path below its directory, and something that differs when the content does.
pub type Files = BTreeMap<String, String>;

/// One wheel that the list gains.
#[derive(Clone, Debug)]
pub struct NewWheel {
    /// Its name.
    pub wheel: WheelFilename,
    /// Its digest.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub size: u64,
    /// What its METADATA says of the licence.
    pub licence: Option<String>,
    /// The newest version of the project that the list had, if any.
    pub before: Option<String>,
    /// Where it is from.
    pub source: Source,
}

/// Where a new wheel is from.
#[derive(Clone, Debug)]
pub enum Source {
    /// It was built from this sdist.
    Sdist {
        /// Its file name.
        name: String,
        /// Its digest, in hexadecimal digits.
        sha256: String,
        /// What is in it.
        files: Files,
        /// The sdist of the version before and what is in it, if it is there.
        previous: Option<(String, Files)>,
    },
    /// Upstream built it.
    Upstream,
    /// There is no record of where it is from.
    Unknown,
}

/// The text for all of `wheels`, by name.
pub fn render(wheels: &[NewWheel]) -> String {
    let mut sorted: Vec<&NewWheel> = wheels.iter().collect();
    sorted.sort_by(|a, b| a.wheel.cmp(&b.wheel));
    sorted.into_iter().map(one).collect()
}

fn one(new: &NewWheel) -> String {
    let (name, version) = (new.wheel.name(), new.wheel.version());
    let title = match &new.before {
        None => format!("{name} {version} (new)"),
        Some(before) if *before == version.to_string() => format!("{name} {version} (another wheel)"),
        Some(before) => format!("{name} {before} -> {version}"),
    };
    let licence = new.licence.as_deref().unwrap_or("not said in one line");
    let mut text = format!(
        "{title}\n  wheel    {} ({} bytes)\n           sha256:{}\n  licence  {}\n",
        new.wheel,
        new.size,
        new.sha256,
        printable(licence)
    );
    match &new.source {
        Source::Upstream => text.push_str("  source   none: upstream built this wheel\n"),
        Source::Unknown => text.push_str("  source   not known: there is no record of how this wheel was built\n"),
        Source::Sdist { name, sha256, files, previous } => {
            text.push_str(&format!("  source   {name} ({} files)\n           sha256:{sha256}\n", files.len()));
            match previous {
                None if new.before.is_none() => {}
                None => text.push_str("           the sdist of the version before is not there to compare with\n"),
                Some((previous, old)) => text.push_str(&changes(previous, old, files)),
            }
        }
    }
    text
}

fn changes(previous: &str, old: &Files, new: &Files) -> String {
    let added: Vec<&str> = new.keys().filter(|path| !old.contains_key(*path)).map(String::as_str).collect();
    let removed: Vec<&str> = old.keys().filter(|path| !new.contains_key(*path)).map(String::as_str).collect();
    let is_changed = |(path, content): &(&String, &String)| old.get(*path).is_some_and(|before| before != *content);
    let changed: Vec<&str> = new.iter().filter(is_changed).map(|(path, _)| path.as_str()).collect();
    let mut text = format!(
        "           since {previous}: {} files changed, {} added, {} removed\n",
        changed.len(),
        added.len(),
        removed.len()
    );
    for (sign, paths) in [('~', changed), ('+', added), ('-', removed)] {
        for path in paths.iter().take(SHOWN) {
            text.push_str(&format!("             {sign} {}\n", printable(path)));
        }
        if paths.len() > SHOWN {
            text.push_str(&format!("             {sign} {} more\n", paths.len() - SHOWN));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(lines: &[(&str, &str)]) -> Files {
        lines.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect()
    }

    #[test]
    fn a_signer_sees_what_changed() {
        let sha256 = Sha256::of(b"");
        let wheel = |version: &str| WheelFilename::parse(&format!("hello-{version}-py3-none-any.whl")).unwrap();
        let new = NewWheel {
            wheel: wheel("2.0"),
            sha256,
            size: 5,
            licence: Some("MIT\u{1b}[2J".to_owned()),
            before: Some("1.0".to_owned()),
            source: Source::Sdist {
                name: "hello-2.0.tar.gz".to_owned(),
                sha256: "5".repeat(64),
                files: files(&[("a.py", "1"), ("b.py", "2"), ("c.py", "3")]),
                previous: Some(("hello-1.0.tar.gz".to_owned(), files(&[("a.py", "1"), ("b.py", "1"), ("d.py", "")]))),
            },
        };
        let text = render(std::slice::from_ref(&new));
        assert_eq!(
            text,
            format!(
                "hello 1.0 -> 2.0\n  wheel    hello-2.0-py3-none-any.whl (5 bytes)\n           sha256:{sha256}\n  \
                 licence  MIT\\u{{1b}}[2J\n  source   hello-2.0.tar.gz (3 files)\n           sha256:{}\n           \
                 since hello-1.0.tar.gz: 1 files changed, 1 added, 1 removed\n             ~ b.py\n             \
                 + c.py\n             - d.py\n",
                "5".repeat(64)
            )
        );
        let first = NewWheel { wheel: wheel("1.0"), before: None, source: Source::Upstream, ..new };
        assert!(render(&[first]).contains("hello 1.0 (new)") && render(&[]).is_empty());
    }
}
