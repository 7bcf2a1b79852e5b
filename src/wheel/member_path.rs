//! Paths inside a wheel.
//!
//! Enters: a name from a ZIP header or a RECORD row, as text. Leaves: [`MemberPath`], which is relative,
//! `/`-separated, has neither empty nor `.` nor `..` components and no character that could act on a terminal, so that
//! joining it to a directory can only lead to something below that directory and printing it shows what it is. Nothing
//! is repaired: tools that repair names disagree about the result, and a name that two tools read in two ways is how a
//! file hides.
//!
//! Deliberately absent: joining, the meaning of `.dist-info` and `.data`, and anything that touches a file system.

use crate::limits::Limits;
use crate::refusal::is_format_character;
use std::fmt;
use unicode_normalization::UnicodeNormalization as _;

/// A path inside a wheel; compares by its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberPath(String);

impl MemberPath {
    /// Reads `text` as a path that stays below the directory it is joined to.
    ///
    /// # Errors
    /// What is wrong, as half a sentence that follows "the path"; the caller knows whose path it is.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, String> {
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        if text.len() > limits.path_length {
            return Err(format!("has {} bytes, more than {}", text.len(), limits.path_length));
        }
        if text.starts_with('/') {
            return Err("is absolute".to_owned());
        }
        if let Some(c) = text.chars().find(|&c| c == '\\' || c.is_control() || is_format_character(c)) {
            return Err(format!("contains U+{:04X}", u32::from(c)));
        }
        // a path of Windows that leads to another disk, or to whatever that disk's working directory is
        if let [letter, b':', ..] = text.as_bytes() {
            if letter.is_ascii_alphabetic() {
                return Err("begins with a drive letter".to_owned());
            }
        }
        let mut depth = 0;
        for component in text.split('/') {
            if component.trim() != component {
                return Err("has a component that begins or ends with a blank".to_owned());
            }
            depth += 1;
            match component {
                "" => return Err("has an empty component".to_owned()),
                "." | ".." => return Err(format!("has a component `{component}`")),
                long if long.len() > limits.component_length => {
                    return Err(format!(
                        "has a component of {} bytes, more than {}",
                        long.len(),
                        limits.component_length
                    ));
                }
                _ => {}
            }
        }
        if depth > limits.path_depth {
            return Err(format!("has {depth} components, more than {}", limits.path_depth));
        }
        Ok(Self(text.to_owned()))
    }

    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The components, outermost first; there is at least one.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// All but the last component; `None` for a path of one component.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// The directories that have to exist for this path, innermost first: `a/b` and `a` for `a/b/c`.
    pub fn ancestors(&self) -> impl Iterator<Item = &str> {
        let directory = |path: &str| path.rfind('/');
        std::iter::successors(directory(&self.0), move |&end| self.0.get(..end).and_then(directory))
            .filter_map(|end| self.0.get(..end))
    }

    /// The key under which a file system that ignores case and Unicode normalisation would look this path up. Two paths
    /// of one tree must not share it.
    pub fn fold(&self) -> String {
        fold(&self.0)
    }
}

/// [`MemberPath::fold`] for a part of a path.
///
/// Upper and then lower case of each character comes to Unicode's full case folding for all practical names (`ẞ`, `ß`
/// and `ss`, `Σ`, `σ` and `ς` meet); decomposing first and composing afterwards makes the spellings of an accented
/// letter one.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfd().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfc().collect()
}

impl fmt::Display for MemberPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MemberPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl AsRef<str> for MemberPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Lets maps and sets of paths be asked with a `&str`; both sides compare by bytes.
impl std::borrow::Borrow<str> for MemberPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<MemberPath, String> {
        MemberPath::parse(text, &Limits::DEFAULT)
    }

    #[test]
    fn ordinary_paths_are_kept_as_they_are() {
        for text in [
            "x.py",
            "a/b/c.py",
            ".hidden",
            "...",
            "a/..b/c..",
            "ab:/x.py",
            "a b/c d",
            "x.",
            "evil/a,b\"c.py",
            "caf\u{e9}/\u{1f40d}.py",
        ] {
            assert_eq!(parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn paths_that_escape_or_hide_are_refused() {
        let long = "x".repeat(256);
        let total = vec!["x".repeat(99); 11].join("/");
        let deep = vec!["d"; 65].join("/");
        for (text, why) in [
            ("", "is empty"),
            ("/", "is absolute"),
            ("/etc/passwd", "is absolute"),
            ("//x", "is absolute"),
            (".", "has a component `.`"),
            ("./x", "has a component `.`"),
            ("a/./x", "has a component `.`"),
            ("..", "has a component `..`"),
            ("a/../x", "has a component `..`"),
            ("a/..", "has a component `..`"),
            ("a//x", "has an empty component"),
            ("a/", "has an empty component"),
            ("a\\b", "contains U+005C"),
            ("a\0b", "contains U+0000"),
            ("a\nb", "contains U+000A"),
            ("a\x1b[31m", "contains U+001B"),
            ("a\x7f", "contains U+007F"),
            ("a\u{85}b", "contains U+0085"),
            ("a\u{202e}gpj.py", "contains U+202E"),
            ("a\u{200b}", "contains U+200B"),
            ("a\u{feff}", "contains U+FEFF"),
            ("C:/x.py", "begins with a drive letter"),
            ("c:x.py", "begins with a drive letter"),
            ("x.py ", "has a component that begins or ends with a blank"),
            ("a/ b/c", "has a component that begins or ends with a blank"),
            ("a\u{a0}/b", "has a component that begins or ends with a blank"),
            (&long, "has a component of 256 bytes, more than 255"),
            (&total, "has 1099 bytes, more than 1024"),
            (&deep, "has 65 components, more than 64"),
        ] {
            assert_eq!(parse(text), Err(why.to_owned()), "{text:?}");
        }
        assert!(parse(&"x".repeat(255)).is_ok());
        assert!(parse(&vec!["d"; 64].join("/")).is_ok());
    }

    #[test]
    fn parts_are_what_they_say() {
        let path = parse("a/b/c.py").unwrap();
        assert_eq!(path.file_name(), "c.py");
        assert_eq!(path.parent().unwrap().as_str(), "a/b");
        assert_eq!(path.ancestors().collect::<Vec<_>>(), ["a/b", "a"]);
        assert_eq!(path.components().collect::<Vec<_>>(), ["a", "b", "c.py"]);
        let top = parse("x").unwrap();
        assert_eq!((top.file_name(), top.parent(), top.ancestors().count()), ("x", None, 0));
    }

    #[test]
    fn order_is_that_of_the_bytes() {
        let mut paths: Vec<_> = ["a/b", "a.py", "a", "B", "\u{e9}", "a/a"].map(|p| parse(p).unwrap()).to_vec();
        paths.sort();
        assert_eq!(
            paths.iter().map(MemberPath::as_str).collect::<Vec<_>>(),
            ["B", "a", "a.py", "a/a", "a/b", "\u{e9}"]
        );
    }

    #[test]
    fn folding_meets_what_file_systems_confuse() {
        for (one, other) in [
            ("evil/X.py", "EVIL/x.py"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("CAF\u{c9}", "cafe\u{301}"),
            ("stra\u{df}e", "STRASSE"),
            ("\u{3a3}", "\u{3c2}"),
            ("\u{212b}", "\u{e5}"),
            ("\u{1e9b}\u{323}", "\u{1e9b}\u{323}"),
        ] {
            assert_eq!(parse(one).unwrap().fold(), parse(other).unwrap().fold(), "{one} {other}");
        }
        assert_ne!(parse("a/b").unwrap().fold(), parse("a_b").unwrap().fold());
    }
}
