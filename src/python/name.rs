//! Project names, compared as the index compares them.
//!
//! Text enters; a [`ProjectName`] leaves that is equal to every other spelling of the same project. The prefix matching of names
//! that let one project's hash pass for another's is deliberately impossible here: names are only ever compared whole.

use std::fmt;

/// A project name in its normalised form (<https://packaging.python.org/en/latest/specifications/name-normalization/>).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectName(String);

impl ProjectName {
    /// Reads a name in any spelling; `None` when it is no name: letters, digits, `.`, `_` and `-`, beginning and ending
    /// with a letter or digit, ASCII only.
    pub fn parse(text: &str) -> Option<Self> {
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.len() > 200
            || !ends(text.chars().next())
            || !ends(text.chars().next_back())
            || !text.chars().all(inside)
        {
            return None;
        }
        let mut normalised = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '.' | '_' | '-' if normalised.ends_with('-') => {}
                '.' | '_' | '-' => normalised.push('-'),
                _ => normalised.push(c.to_ascii_lowercase()),
            }
        }
        Some(Self(normalised))
    }

    /// The normalised name: lower case, runs of `-`, `_` and `.` as one `-`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_project_are_equal() {
        for text in ["Friendly-Bard", "friendly.bard", "FRIENDLY_BARD", "friendly--bard", "friendly-._.-bard"] {
            assert_eq!(ProjectName::parse(text).unwrap().as_str(), "friendly-bard", "{text}");
        }
    }

    #[test]
    fn what_is_no_name() {
        for text in ["", "-a", "a-", "a b", "a/b", "..", "ä", "a\n", "a\u{202e}b", "_a"] {
            assert_eq!(ProjectName::parse(text), None, "{text:?}");
        }
    }
}
