//! debian/control of a package that was made with dh-virtualenv: which packages it has, and what changes.
//!
//! Enters: its text. Leaves: the names of the binary packages, and lines that say what to take out of a field and what to put in.
//! The file itself is not edited: its form and comments are the maintainer's.

use super::Note;
use std::collections::BTreeSet;

/// The paragraphs of debian/control.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    paragraphs: Vec<Vec<(String, String)>>,
}

/// What changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) lines: Vec<String>,
    pub(super) decisions: Vec<Note>,
}

/// Build dependencies that only dh-virtualenv's way to install had.
const OF_DH_VIRTUALENV: &[&str] = &[
    "dh-python",
    "python-pip",
    "python-virtualenv",
    "python3-pip",
    "python3-venv",
    "python3-virtualenv",
    "virtualenv",
];

/// Back ends, by the word in pyproject.toml, and the packages that have them.
const BACK_ENDS: &[(&str, &str)] = &[
    ("setuptools", "python3-setuptools"),
    ("poetry", "python3-poetry-core"),
    ("flit", "flit"),
    ("hatchling", "python3-hatchling"),
    ("maturin", "python3-maturin"),
    ("pdm", "python3-pdm-backend"),
];

impl Control {
    /// Reads `text`; what is no field is passed over.
    pub fn read(text: &str) -> Self {
        let mut paragraphs = vec![Vec::new()];
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some(paragraph) = paragraphs.last_mut() else { continue };
            if line.trim().is_empty() {
                if !paragraph.is_empty() {
                    paragraphs.push(Vec::new());
                }
            } else if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = paragraph.last_mut() {
                    let value: &mut String = value;
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                paragraph.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        Self { paragraphs }
    }

    /// The binary packages, in order; names that debhelper would not accept are left out.
    pub fn binaries(&self) -> Vec<&str> {
        let is_name = |name: &&str| {
            name.len() > 1
                && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c))
        };
        self.paragraphs.iter().filter_map(|paragraph| field(paragraph, "Package")).filter(is_name).collect()
    }

    /// The source package.
    pub(super) fn source(&self) -> Option<&str> {
        self.paragraphs.iter().find_map(|paragraph| field(paragraph, "Source"))
    }

    /// Whether a build dependency is dh-virtualenv.
    pub(super) fn builds_with_dh_virtualenv(&self) -> bool {
        self.build_depends().any(|(_, relation)| name_of(relation) == "dh-virtualenv")
    }

    fn build_depends(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let source = self.paragraphs.first();
        ["Build-Depends", "Build-Depends-Arch", "Build-Depends-Indep"].into_iter().flat_map(move |name| {
            let value = source.and_then(|paragraph| field(paragraph, name)).unwrap_or_default();
            relations(value).map(move |relation| (name, relation))
        })
    }

    /// What changes for `packages`; `back_end` is the text of pyproject.toml, empty for a project with setup.py alone.
    pub(super) fn changes(&self, packages: &[&str], back_end: Option<&str>) -> Changes {
        let mut changes = Changes::default();
        let mut has = BTreeSet::new();
        for (name, relation) in self.build_depends() {
            has.insert(name_of(relation));
            if name_of(relation) == "dh-virtualenv" {
                changes.lines.push(format!("{name}: replace `{relation}` by `dh-sequence-rustvenv`"));
            } else if OF_DH_VIRTUALENV.contains(&name_of(relation)) {
                changes.lines.push(format!("{name}: remove `{relation}`, unless debian/rules calls it"));
            } else if name_of(relation) == "debhelper" {
                changes.lines.push(format!("{name}: replace `{relation}` by `debhelper-compat (= 13)`"));
            } else if name_of(relation) == "debhelper-compat" {
                let digits: String = relation.chars().filter(char::is_ascii_digit).collect();
                if digits.parse::<u32>().is_ok_and(|level| level < 12) {
                    changes.lines.push(format!("{name}: replace `{relation}` by `debhelper-compat (= 13)`"));
                }
            }
        }
        if !has.contains("dh-virtualenv") {
            changes.lines.push("Build-Depends: add `dh-sequence-rustvenv`".to_owned());
        }
        let package_of =
            |text: &str| BACK_ENDS.iter().find(|(word, _)| text.contains(word)).map(|(_, package)| *package);
        let back_end = back_end.map(|text| {
            let build_system = text.split("[build-system]").nth(1).map(|rest| rest.split("\n[").next().unwrap_or(rest));
            build_system.map_or(Some("python3-setuptools"), package_of)
        });
        let wanted = [Some("python3"), back_end.flatten()];
        for package in wanted.into_iter().flatten().filter(|package| !has.contains(package)) {
            changes.lines.push(format!("Build-Depends: add `{package}`"));
        }
        if back_end == Some(Some("python3-setuptools")) && !has.contains("python3-wheel") {
            let line = "Build-Depends: add `python3-wheel`, without which setuptools before 70.1, as in Debian 12, makes no wheels";
            changes.lines.push(line.to_owned());
        }
        if back_end == Some(None) {
            changes.decisions.push(Note {
                place: "pyproject.toml".to_owned(),
                text: "[build-system]".to_owned(),
                why: "add the Debian package of this build back end to Build-Depends, or lock it and name the lock in \
                      `build-requirements`"
                    .to_owned(),
            });
        }
        for paragraph in &self.paragraphs {
            let Some(package) = field(paragraph, "Package").filter(|package| packages.contains(package)) else {
                continue;
            };
            let mut has_place = false;
            for name in ["Pre-Depends", "Depends", "Recommends"] {
                let value = field(paragraph, name).unwrap_or_default();
                has_place |= value.contains("${misc:Depends}") || value.contains("${rustvenv:Depends}");
                for relation in relations(value).filter(|relation| is_interpreter(relation)) {
                    changes.lines.push(format!(
                        "{package}, {name}: remove `{relation}`; ${{misc:Depends}} brings the python3.X that the package is for"
                    ));
                }
            }
            if !has_place {
                changes.lines.push(format!("{package}, Depends: add `${{misc:Depends}}`"));
            }
        }
        changes
    }
}

fn field<'a>(paragraph: &'a [(String, String)], name: &str) -> Option<&'a str> {
    paragraph.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn relations(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|relation| !relation.is_empty())
}

/// The first name of a relation.
fn name_of(relation: &str) -> &str {
    relation.split(|c: char| c.is_whitespace() || "(:[<|".contains(c)).next().unwrap_or_default()
}

/// Whether it stands for the interpreter, and not for a package of modules.
fn is_interpreter(relation: &str) -> bool {
    let name = name_of(relation);
    let version = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || c == '.');
    relation.starts_with("${python")
        || relation.contains(":pydepends}")
        || name == "python3-distutils"
        || name.strip_prefix("libpython").is_some_and(version)
        || name.strip_prefix("python").is_some_and(|rest| version(rest.trim_end_matches("-minimal")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_on_the_interpreter() {
        for relation in [
            "python3",
            "python3 (>= 3.8)",
            "python2.7 | python2.6",
            "libpython3.8",
            "python3-distutils",
            "${python3:Depends}",
            "python3-minimal",
            "${synapse:pydepends}",
        ] {
            assert!(is_interpreter(relation), "{relation}");
        }
        for relation in ["python3-gi", "libpq5", "${misc:Depends}", "adduser"] {
            assert!(!is_interpreter(relation), "{relation}");
        }
    }

    #[test]
    fn what_changes() {
        let control = Control::read(
            "Source: app\nBuild-Depends: debhelper (>= 9),\n# no\n dh-virtualenv (>= 1.1), python3-virtualenv\n\n\nPackage: app\nDepends:\n python3 (>= 3.5), adduser\n\n\
             Package: app-doc\nDepends: python3\n\nPackage: a\n\nPackage: ../evil\n",
        );
        assert_eq!(control.binaries(), ["app", "app-doc"]);
        let changes = control.changes(&["app"], Some("[build-system]\nrequires = [\"odd\"]\n[tool.setuptools]\n"));
        assert_eq!(
            changes.lines,
            [
                "Build-Depends: replace `debhelper (>= 9)` by `debhelper-compat (= 13)`",
                "Build-Depends: replace `dh-virtualenv (>= 1.1)` by `dh-sequence-rustvenv`",
                "Build-Depends: remove `python3-virtualenv`, unless debian/rules calls it",
                "Build-Depends: add `python3`",
                "app, Depends: remove `python3 (>= 3.5)`; ${misc:Depends} brings the python3.X that the package is for",
                "app, Depends: add `${misc:Depends}`",
            ]
        );
        assert_eq!(changes.decisions.len(), 1);
        let changes = control.changes(&["app"], Some("[build-system]\nrequires = [\"poetry-core\"]\n"));
        assert!(changes.lines.contains(&"Build-Depends: add `python3-poetry-core`".to_owned()));
        for (depends, expected) in [("python3-setuptools", true), ("python3-setuptools, python3-wheel", false)] {
            let control = Control::read(&format!("Source: app\nBuild-Depends: {depends}\n\nPackage: app\n"));
            let lines = control.changes(&["app"], Some("")).lines;
            assert_eq!(lines.iter().any(|line| line.contains("add `python3-wheel`")), expected, "{depends}: {lines:?}");
        }
    }
}
