//! How dpkg-shlibdeps is asked about libraries of the distribution, one at a time, and what it answers.
//!
//! Enters: a soname that files of wheels need, which are linked with the libraries of the machine that built them. Leaves: the text
//! of debian/shlibs.local with which dpkg-shlibdeps(1) looks at this one library alone, and [`Dependency`]s from its answer, or the
//! reason why there is none. It reads the symbols and shlibs files of installed packages and knows their syntax; the result is as in
//! every package of the distribution that of the library which is installed, and .buildinfo says which that was. What is
//! run, and where, is in `command`.

use super::dependency::Dependency;
use crate::library_policy::Standing;
use std::collections::{BTreeMap, BTreeSet};

/// One library about which dpkg-shlibdeps is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Question {
    /// Its soname.
    pub soname: String,
    /// How the files that ask need it.
    pub standing: Standing,
}

/// What dpkg-shlibdeps said to each question: what has to be installed, or why that cannot be told.
pub type Answers = BTreeMap<Question, Result<Vec<Dependency>, String>>;

/// Whether dpkg-shlibdeps can look for a library of that name: it is a plain file name of the form that shlibs files know, with a
/// version (<https://www.debian.org/doc/debian-policy/ch-sharedlibs.html>).
pub fn can_ask(soname: &str) -> bool {
    let is_plain = soname.len() <= 200 && soname.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._~".contains(&b));
    is_plain && !soname.starts_with(['-', '.']) && split(soname).is_some()
}

/// Name and version of a library as shlibs files have them: `libpq` and `5` of `libpq.so.5`, `libdb` and `5.3` of `libdb-5.3.so`.
fn split(soname: &str) -> Option<(&str, &str)> {
    let parts = match soname.split_once(".so.") {
        Some(parts) => parts,
        None => soname.strip_suffix(".so")?.rsplit_once('-').filter(|(_, version)| starts_with_digit(version))?,
    };
    (!parts.0.is_empty() && !parts.1.is_empty()).then_some(parts)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// The text of a shlibs file in which the libraries `others` are of no package, followed by what the source package says about
/// libraries itself in debian/shlibs.local. The first line about a library counts.
pub fn local(others: &BTreeSet<&str>, own: &str) -> String {
    let lines = others.iter().filter_map(|soname| split(soname)).map(|(name, version)| format!("{name} {version}\n"));
    lines.collect::<String>() + own
}

/// What has to be installed, by the substitution variables that dpkg-shlibdeps writes (deb-substvars(5)). Empty when it found
/// nothing.
pub fn answer(substvars: &str) -> Vec<Dependency> {
    let values = substvars.lines().filter_map(|line| line.strip_prefix("shlibs:Depends="));
    let relations = values.flat_map(|value| value.split(',')).map(str::trim).filter(|relation| !relation.is_empty());
    relations.map(dependency).collect()
}

fn dependency(relation: &str) -> Dependency {
    let parts = || {
        let (package, bound) = relation.split_once(" (>= ")?;
        let version = bound.strip_suffix(')')?;
        (!relation.contains('|') && !version.contains([' ', '('])).then(|| (package.to_owned(), version.to_owned()))
    };
    match parts() {
        Some((package, version)) => Dependency { package, at_least: Some(version) },
        None => Dependency { package: relation.to_owned(), at_least: None },
    }
}

/// Why there is no answer about `soname`, by what dpkg-shlibdeps printed.
pub fn reason(soname: &str, log: &str) -> String {
    let mut errors = log.lines().filter_map(|line| line.split_once("error: ").map(|(_, message)| message));
    match errors.next() {
        Some(message) if message.starts_with("cannot find library ") => {
            format!("no `{soname}` is installed where the package is built")
        }
        Some(message) => match message.strip_prefix("no dependency information found for ") {
            Some(rest) => {
                let path = rest.split_once(" (used by").map_or(rest, |(path, _)| path);
                format!("`{path}`, which no installed package says how to depend on")
            }
            None => format!("dpkg-shlibdeps says: {message}"),
        },
        None => {
            let last = log.lines().last().map(|line| format!("; it says: {line}")).unwrap_or_default();
            format!("dpkg-shlibdeps names no package{last}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_shlibs_files_know_are_asked_about() {
        for name in ["libpq.so.5", "libdb-5.3.so", "libstdc++.so.6", "libicuuc.so.72"] {
            assert!(can_ask(name), "{name}");
        }
        for name in
            ["libfoo.so", "../libx.so.1", "a/b.so.1", ".so.1", "lib x.so.1", "lib\n.so.1", "-l.so.1", "libx-.so", ""]
        {
            assert!(!can_ask(name), "{name}");
        }
    }

    #[test]
    fn the_other_libraries_are_of_no_package() {
        let others = BTreeSet::from(["libc.so.6", "libdb-5.3.so", "libstrange.so"]);
        assert_eq!(local(&others, "libown 1 own\n"), "libc 6\nlibdb 5.3\nlibown 1 own\n");
    }

    #[test]
    fn answers_become_dependencies() {
        let found: Vec<_> =
            answer("shlibs:Depends=libpq5 (>= 9.6), libblas3 | libblas.so.3, libx1, liby (<< 2), liby (>= 1) | libz\n")
                .into_iter()
                .map(|dependency| (dependency.package, dependency.at_least))
                .collect();
        let expected = [
            ("libpq5", Some("9.6")),
            ("libblas3 | libblas.so.3", None),
            ("libx1", None),
            ("liby (<< 2)", None),
            ("liby (>= 1) | libz", None),
        ];
        let owned: Vec<_> = expected.map(|(name, version)| (name.to_owned(), version.map(str::to_owned))).into();
        assert_eq!(found, owned);
        assert_eq!(answer(""), []);
        assert_eq!(answer("misc:Depends=x\n"), []);
    }

    #[test]
    fn reasons_are_told_apart() {
        for (log, expected) in [
            (
                "dpkg-shlibdeps: warning: x\ndpkg-shlibdeps: error: cannot find library liba.so.1 needed by root/x.so (ELF)\n",
                "no `liba.so.1` is installed where the package is built",
            ),
            (
                "dpkg-shlibdeps: error: no dependency information found for /usr/local/lib/liba.so.1 (used by root/x.so)\n",
                "`/usr/local/lib/liba.so.1`, which no installed package says how to depend on",
            ),
            ("dpkg-shlibdeps: error: syntax error\n", "dpkg-shlibdeps says: syntax error"),
            (
                "objdump: x.so: file format not recognized\n",
                "dpkg-shlibdeps names no package; it says: objdump: x.so: file format not recognized",
            ),
            ("", "dpkg-shlibdeps names no package"),
        ] {
            assert_eq!(reason("liba.so.1", log), expected);
        }
    }
}
