//! Packages that have to be installed, and the lower bounds that several needs come to.
//!
//! Enters: packages with bounds, from the tables or from dpkg's own data. Leaves: at most one [`Dependency`] for each package, in the
//! order of names, whatever the order in which the needs came.

use super::libraries::{self, Bound};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that has to be installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// The binary package; what dpkg's data say in another form than a package with a lower bound, such as alternatives, is here
    /// as a Depends field has it.
    pub package: String,
    /// The lowest version that will do; `None` when every version does.
    pub at_least: Option<String>,
}

impl fmt::Display for Dependency {
    /// As a Depends field has it: `libc6 (>= 2.28)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.package)?;
        self.at_least.as_ref().map_or(Ok(()), |version| write!(f, " (>= {version})"))
    }
}

/// The lower bounds collected so far.
#[derive(Clone, Debug, Default)]
pub struct Packages(BTreeMap<String, Option<String>>);

impl Packages {
    /// Asks for `package` from `bound` on; the highest bound counts.
    pub fn add(&mut self, package: &str, bound: &Bound) {
        let entry = self.0.entry(package.to_owned()).or_default();
        let Bound::AtLeast(version) = bound else { return };
        let higher = |known: &String| libraries::compare_versions(version, known) == Ordering::Greater;
        if entry.as_ref().is_none_or(higher) {
            *entry = Some(version.clone());
        }
    }

    /// Adds dependencies that came from elsewhere.
    pub fn extend(&mut self, found: &[Dependency]) {
        for Dependency { package, at_least } in found {
            self.add(package, &at_least.clone().map_or(Bound::Any, Bound::AtLeast));
        }
    }

    /// What of this `stronger` does not ask for already.
    pub fn beyond(mut self, stronger: &Self) -> Self {
        self.0.retain(|package, at_least| match (stronger.0.get(package), at_least) {
            (None, _) | (Some(None), Some(_)) => true,
            (Some(_), None) => false,
            (Some(Some(known)), Some(version)) => libraries::compare_versions(version, known) == Ordering::Greater,
        });
        self
    }

    /// At most one dependency for each package.
    pub fn finish(self) -> BTreeSet<Dependency> {
        self.0.into_iter().map(|(package, at_least)| Dependency { package, at_least }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dependencies(texts: &[(&str, &str)]) -> Vec<Dependency> {
        let version = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        texts.iter().map(|(name, text)| Dependency { package: (*name).to_owned(), at_least: version(text) }).collect()
    }

    fn joined(packages: Packages) -> String {
        packages.finish().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_highest_bound_counts_in_any_order() {
        let mut found = dependencies(&[("b", "1.10"), ("a | c", ""), ("b", ""), ("b", "1.9")]);
        for _ in 0..found.len() {
            found.rotate_left(1);
            let mut packages = Packages::default();
            packages.extend(&found);
            assert_eq!(joined(packages), "a | c, b (>= 1.10)");
        }
    }

    #[test]
    fn what_is_asked_for_as_strongly_already_is_not_repeated() {
        let (mut strong, mut weak) = (Packages::default(), Packages::default());
        strong.extend(&dependencies(&[("any", ""), ("low", "1"), ("same", "2"), ("high", "3")]));
        weak.extend(&dependencies(&[("any", ""), ("low", "2"), ("same", "2"), ("high", ""), ("new", ""), ("x", "1")]));
        assert_eq!(joined(weak.beyond(&strong)), "low (>= 2), new, x (>= 1)");
        let mut bounded = Packages::default();
        bounded.extend(&dependencies(&[("any", "1")]));
        assert_eq!(joined(bounded.beyond(&strong)), "any (>= 1)");
    }
}
