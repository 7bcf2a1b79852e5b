//! What becomes of the libraries that a wheel needs from the system: dependencies, recommendations, or nothing.
//!
//! Enters: the entries of `libraries-recommended` and `libraries-ignored` (rustvenv(5)), each a project or one library of a
//! project. Leaves: a [`LibraryPolicy`], which says of any need how it is to be met, and which of its own entries mean nothing.
//! There is deliberately no pattern and no path in it: an entry that matches by chance hides a dependency that was not meant.

use crate::code::Code;
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How strongly the package asks for what a file needs. The order is that of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// In Depends.
    Required,
    /// In Recommends.
    Recommended,
    /// Nowhere.
    Ignored,
}

/// A project, or one library that its files need: `psycopg2`, `pyqt6-qt6:libpq.so.5`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LibraryRule {
    /// The project whose wheel has the files.
    pub project: ProjectName,
    /// The soname as the files name it; `None`: every library.
    pub library: Option<String>,
}

impl LibraryRule {
    /// Reads `PROJECT` or `PROJECT:SONAME`; `None` when it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (project, library) = text.split_once(':').map_or((text, None), |(project, soname)| (project, Some(soname)));
        let is_soname = |soname: &str| !soname.is_empty() && soname.bytes().all(|b| b.is_ascii_graphic() && b != b'/');
        if !library.is_none_or(is_soname) {
            return None;
        }
        Some(Self { project: ProjectName::parse(project)?, library: library.map(str::to_owned) })
    }
}

impl fmt::Display for LibraryRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.project)?;
        self.library.as_ref().map_or(Ok(()), |library| write!(f, ":{library}"))
    }
}

/// Which needs are no dependencies; no rule is in both sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryPolicy {
    /// What goes into Recommends.
    pub recommended: BTreeSet<LibraryRule>,
    /// What is left out.
    pub ignored: BTreeSet<LibraryRule>,
}

impl LibraryPolicy {
    /// How the library `soname`, which a file of `project` needs, is to be asked for. A rule about one library counts more than
    /// one about the project.
    pub fn of(&self, project: &ProjectName, soname: &str) -> Standing {
        for library in [Some(soname.to_owned()), None] {
            let rule = LibraryRule { project: project.clone(), library };
            if self.ignored.contains(&rule) {
                return Standing::Ignored;
            }
            if self.recommended.contains(&rule) {
                return Standing::Recommended;
            }
        }
        Standing::Required
    }

    /// The rules that mean nothing: about a project that is not in `projects`, or about a library that none of the project's
    /// files needs by `needed`. Nothing is held against the libraries of projects in `elsewhere`, which other targets have.
    pub fn check(
        &self,
        projects: &BTreeSet<ProjectName>,
        elsewhere: &BTreeSet<ProjectName>,
        needed: &BTreeMap<ProjectName, BTreeSet<String>>,
    ) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let keys = [("libraries-recommended", &self.recommended), ("libraries-ignored", &self.ignored)];
        for (key, rule) in keys.into_iter().flat_map(|(key, rules)| rules.iter().map(move |rule| (key, rule))) {
            let project = &rule.project;
            if elsewhere.contains(project) {
                continue;
            }
            if !projects.contains(project) {
                let message = format!("`{key}` names `{project}`, which is not in the environment");
                let with_code: Vec<String> = needed.keys().map(|name| format!("`{name}`")).collect();
                let expected = match with_code.as_slice() {
                    [] => "nothing: no wheel needs a library".to_owned(),
                    names => format!("one of {}", names.join(", ")),
                };
                refusals.push(Refusal::new(Code::LibraryPolicyUnused, message).expected(expected));
                continue;
            }
            let Some(library) = &rule.library else { continue };
            let known = needed.get(project);
            if !known.is_some_and(|known| known.contains(library)) {
                let message = format!("`{key}` names `{library}`, which no file of `{project}` needs");
                let known: Vec<String> = known.into_iter().flatten().map(|name| format!("`{name}`")).collect();
                let expected = if known.is_empty() { "no library".to_owned() } else { known.join(", ") };
                refusals.push(Refusal::new(Code::LibraryPolicyUnused, message).expected(expected));
            }
        }
        refusals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ProjectName {
        ProjectName::parse(text).unwrap()
    }

    fn rules(texts: &[&str]) -> BTreeSet<LibraryRule> {
        texts.iter().map(|text| LibraryRule::parse(text).unwrap()).collect()
    }

    #[test]
    fn a_rule_is_a_project_or_a_library_of_one() {
        let rule = LibraryRule::parse("PyQt6_Qt6:libpq.so.5").unwrap();
        assert_eq!((rule.project.as_str(), rule.library.as_deref()), ("pyqt6-qt6", Some("libpq.so.5")));
        assert_eq!(rule.to_string(), "pyqt6-qt6:libpq.so.5");
        assert_eq!(LibraryRule::parse("psycopg2").unwrap().library, None);
        for wrong in ["", ":", "a:", ":libc.so.6", "a:b c", "a:../b", "a:b\n", "a b"] {
            assert_eq!(LibraryRule::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_narrower_rule_wins() {
        let policy =
            LibraryPolicy { recommended: rules(&["qt", "db:libpq.so.5"]), ignored: rules(&["qt:libcups.so.2", "db"]) };
        for (project, soname, expected) in [
            ("qt", "libcups.so.2", Standing::Ignored),
            ("qt", "libc.so.6", Standing::Recommended),
            ("db", "libpq.so.5", Standing::Recommended),
            ("db", "libc.so.6", Standing::Ignored),
            ("other", "libpq.so.5", Standing::Required),
        ] {
            assert_eq!(policy.of(&name(project), soname), expected, "{project} {soname}");
        }
    }

    #[test]
    fn a_rule_that_means_nothing_is_refused() {
        let projects = BTreeSet::from([name("qt"), name("pure")]);
        let needed = BTreeMap::from([(name("qt"), BTreeSet::from(["libcups.so.2".to_owned()]))]);
        let told = |recommended: &[&str], ignored: &[&str]| {
            let policy = LibraryPolicy { recommended: rules(recommended), ignored: rules(ignored) };
            let refusals = policy.check(&projects, &BTreeSet::from([name("for-arm")]), &needed);
            assert!(refusals.iter().all(|refusal| refusal.code == Code::LibraryPolicyUnused));
            refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(told(&["qt", "pure"], &["qt:libcups.so.2", "for-arm", "for-arm:libx.so.1"]), "");
        for (text, expected) in [
            (told(&["qtt"], &[]), "`libraries-recommended` names `qtt`, which is not in the environment"),
            (told(&["qtt"], &[]), "expected: one of `qt`"),
            (told(&[], &["qt:libcup.so.2"]), "`libraries-ignored` names `libcup.so.2`, which no file of `qt` needs"),
            (told(&[], &["qt:libcup.so.2"]), "expected: `libcups.so.2`"),
            (told(&[], &["pure:libc.so.6"]), "expected: no library"),
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }
}
