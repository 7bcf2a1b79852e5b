//! Poetry's own way to write conditions on versions (<https://python-poetry.org/docs/dependency-specification/>).
//!
//! Enters: `^1.2 || >=3,<4`, from poetry.lock or pyproject.toml. Leaves: a [`Constraint`], which a version meets or not. `^`, `~`, `*`
//! and a bare version are said in the operators of PEP 440; everything else is PEP 440 already.

use crate::python::condition::meets;
use pep440_rs::{Version, VersionSpecifiers};
use std::str::FromStr as _;

/// Alternatives, of which one has to be met.
#[derive(Clone, Debug)]
pub(super) struct Constraint(Vec<VersionSpecifiers>);

impl Constraint {
    /// Reads a constraint; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > 8192 {
            return None;
        }
        text.split('|').filter(|part| !part.is_empty()).map(alternative).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether `version` meets it.
    pub(super) fn is_met_by(&self, version: &Version) -> bool {
        self.0.iter().any(|alternative| meets(version, alternative))
    }

    /// Each alternative.
    pub(super) fn alternatives(&self) -> &[VersionSpecifiers] {
        &self.0
    }
}

/// Conditions that are separated by commas or blanks and have to be met together.
fn alternative(text: &str) -> Option<VersionSpecifiers> {
    let mut conditions = Vec::new();
    let mut operator = String::new();
    for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        // a blank may stand between an operator and its version
        operator.push_str(word);
        if word.ends_with(['<', '>', '=', '~', '^', '!']) {
            continue;
        }
        conditions.extend(one(&operator)?);
        operator.clear();
    }
    if !operator.is_empty() || text.trim().is_empty() {
        return None;
    }
    VersionSpecifiers::from_str(&conditions.join(",")).ok()
}

fn one(text: &str) -> Option<Vec<String>> {
    if text == "*" {
        return Some(Vec::new());
    }
    if let Some(base) = text.strip_prefix('^') {
        let version = Version::from_str(base).ok()?;
        let release = version.release();
        let last = release.len().saturating_sub(1);
        // the first part that is not zero, or the last one that is written
        let at = release.iter().position(|part| *part != 0).unwrap_or(last);
        return Some(vec![format!(">={version}"), below(&version, at)?]);
    }
    if let Some(base) = text.strip_prefix('~').filter(|base| !base.starts_with('=')) {
        let version = Version::from_str(base).ok()?;
        let at = version.release().len().saturating_sub(1).min(1);
        return Some(vec![format!(">={version}"), below(&version, at)?]);
    }
    let starts_with_version = text.starts_with(|c: char| c.is_ascii_digit() || c == 'v');
    Some(vec![match text.strip_prefix('=') {
        Some(version) if !version.starts_with('=') => format!("=={version}"),
        _ if starts_with_version => format!("=={text}"),
        _ => text.to_owned(),
    }])
}

/// Below the version of which the part `at` is one more and everything after it is zero.
fn below(version: &Version, at: usize) -> Option<String> {
    let mut release: Vec<u64> = version.release().iter().copied().take(at + 1).collect();
    let last = release.last_mut()?;
    *last = last.checked_add(1)?;
    let release: Vec<String> = release.iter().map(u64::to_string).collect();
    Some(format!("<{}!{}", version.epoch(), release.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manuals_own_examples() {
        for (constraint, inside, outside) in [
            ("^1.2.3", "1.9", "2.0.0"),
            ("^1.2", "1.2.0", "1.1"),
            ("^1", "1.99", "2"),
            ("^0.2.3", "0.2.9", "0.3.0"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("^0.0", "0.0.9", "0.1.0"),
            ("^0", "0.9", "1.0"),
            ("~1.2.3", "1.2.9", "1.3.0"),
            ("~1.2", "1.2.9", "1.3.0"),
            ("~1", "1.9", "2.0"),
            ("1.2.*", "1.2.7", "1.3"),
            (">= 1.2, < 1.5", "1.4", "1.5"),
            (">=1.2 <1.5", "1.4", "1.5"),
            ("==1.2.3", "1.2.3", "1.2.4"),
            ("=1.2.3", "1.2.3", "1.2.4"),
            ("1.2.3", "1.2.3", "1.2.4"),
            ("~=1.4.5", "1.4.9", "1.5"),
            ("<2 || >=3", "3.1", "2.5"),
            ("!=1.5.7,>=1.5.6", "1.5.8", "1.5.7"),
            ("^1!2.0", "1!2.5", "1!3"),
        ] {
            let parsed = Constraint::parse(constraint).unwrap();
            assert!(parsed.is_met_by(&Version::from_str(inside).unwrap()), "{constraint} {inside}");
            assert!(!parsed.is_met_by(&Version::from_str(outside).unwrap()), "{constraint} {outside}");
        }
        assert!(Constraint::parse("*").unwrap().is_met_by(&Version::from_str("0.1.dev1").unwrap()));
        for text in ["new", "^", "^x", "~", ">=", "1.2 3.x", "^18446744073709551615", " || 1"] {
            assert!(Constraint::parse(text).is_none(), "{text}");
        }
    }
}
