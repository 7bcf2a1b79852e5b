//! The paragraph of one binary package in debian/control.
//!
//! Enters: the text of debian/control (<https://www.debian.org/doc/debian-policy/ch-controlfields.html>) and a package's name. Leaves: what
//! architecture it is for, which substitution variables its dependencies name, and whether it may be installed beside another. Only
//! these questions are asked; debhelper has parsed and checked the file before.

/// What is used of a binary package's paragraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryPackage {
    /// Its name.
    pub name: String,
    /// The Architecture field.
    pub architecture: String,
    /// Depends and Pre-Depends, joined.
    pub relations: String,
    /// Recommends and Suggests, joined.
    pub weak_relations: String,
    /// Conflicts.
    pub conflicts: String,
    /// Package-Type, or its older form.
    pub kind: String,
}

impl BinaryPackage {
    /// The paragraph of `package`; `None` when there is none.
    pub fn find(control: &str, package: &str) -> Option<Self> {
        Self::all(control).into_iter().find(|found| found.name == package)
    }

    /// The paragraphs of all binary packages, in the order of the file.
    pub fn all(control: &str) -> Vec<Self> {
        let mut packages = Vec::new();
        let mut paragraph: Vec<(String, String)> = Vec::new();
        // an empty line at the end closes the last paragraph
        for line in control.lines().chain(std::iter::once("")) {
            if line.starts_with('#') {
                continue;
            }
            if line.trim().is_empty() {
                if let Some(name) = field(&paragraph, "package") {
                    let value = |name| field(&paragraph, name).unwrap_or_default();
                    packages.push(Self {
                        name: name.to_owned(),
                        architecture: value("architecture").to_owned(),
                        relations: ["depends", "pre-depends"].map(value).join(", "),
                        weak_relations: ["recommends", "suggests"].map(value).join(", "),
                        conflicts: value("conflicts").to_owned(),
                        kind: ["package-type", "xc-package-type"].map(value).concat(),
                    });
                }
                paragraph.clear();
            } else if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = paragraph.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((name, value)) = line.split_once(':') {
                paragraph.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        packages
    }

    /// Whether it is for the Debian installer.
    pub fn is_udeb(&self) -> bool {
        self.kind == "udeb"
    }

    /// Whether `self` and `other` can be installed at the same time, as far as their architectures and Conflicts tell.
    pub fn may_stand_beside(&self, other: &Self) -> bool {
        let excludes = |one: &Self, name: &str| {
            one.conflicts.split([',', '|']).any(|item| item.trim().split([' ', '(', ':', '[']).next() == Some(name))
        };
        let is_wide = |word: &str| word == "all" || word.contains("any");
        let meet =
            |one: &str| other.architecture.split_whitespace().any(|word| one == word || is_wide(one) || is_wide(word));
        self.architecture.split_whitespace().any(meet) && !excludes(self, &other.name) && !excludes(other, &self.name)
    }

    /// Whether it is the same for all architectures.
    pub fn is_for_all(&self) -> bool {
        self.architecture == "all"
    }

    /// The substitution variable that dependencies go into: `rustvenv:Depends` when the package names it, else
    /// `misc:Depends`; `None` when it names neither.
    pub fn depends_variable(&self) -> Option<&'static str> {
        ["rustvenv:Depends", "misc:Depends"].into_iter().find(|name| self.relations.contains(&format!("${{{name}}}")))
    }

    /// The same for recommendations: `rustvenv:Recommends` or `misc:Recommends`, in Recommends or, for who wants less, in Suggests.
    pub fn recommends_variable(&self) -> Option<&'static str> {
        let is_named = |name: &&str| self.weak_relations.contains(&format!("${{{name}}}"));
        ["rustvenv:Recommends", "misc:Recommends"].into_iter().find(is_named)
    }
}

fn field<'a>(paragraph: &'a [(String, String)], name: &str) -> Option<&'a str> {
    paragraph.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: &str = "Source: s\nBuild-Depends: x\n\nPackage: s-doc\nArchitecture: all\nDepends: ${misc:Depends}\n\n\
                           # a comment\nPackage: s\nArchitecture: any\nDepends: a,\n# inside\n ${misc:Depends},\n ${rustvenv:Depends}\n";

    #[test]
    fn the_right_paragraph() {
        let package = BinaryPackage::find(CONTROL, "s").unwrap();
        assert_eq!((package.is_for_all(), package.depends_variable()), (false, Some("rustvenv:Depends")));
        let package = BinaryPackage::find(CONTROL, "s-doc").unwrap();
        assert_eq!((package.is_for_all(), package.depends_variable()), (true, Some("misc:Depends")));
        assert_eq!(package.recommends_variable(), None);
        assert_eq!(BinaryPackage::find(CONTROL, "other"), None);
        for (fields, expected) in [
            ("Recommends: x, ${misc:Recommends}", Some("misc:Recommends")),
            ("Recommends: ${misc:Recommends}, ${rustvenv:Recommends}", Some("rustvenv:Recommends")),
            ("Suggests: ${rustvenv:Recommends}", Some("rustvenv:Recommends")),
            ("Depends: ${misc:Recommends}", None),
        ] {
            let package = BinaryPackage::find(&format!("Package: a\n{fields}\n"), "a").unwrap();
            assert_eq!(package.recommends_variable(), expected, "{fields}");
        }
        let package = BinaryPackage::find("Package: a\nDepends: b\nRecommends: ${misc:Depends}", "a").unwrap();
        assert_eq!(package.depends_variable(), None);
    }

    #[test]
    fn packages_that_are_never_installed_together() {
        let of =
            |text: &str| BinaryPackage::find(&format!("Package: {text}"), text.split('\n').next().unwrap()).unwrap();
        for (one, other, together) in [
            ("a\nArchitecture: any", "b\nArchitecture: all", true),
            ("a\nArchitecture: amd64 arm64", "b\nArchitecture: i386", false),
            ("a\nArchitecture: amd64", "b\nArchitecture: linux-any", true),
            ("a\nArchitecture: any\nConflicts: x, b (<< 2) [amd64]", "b\nArchitecture: any", false),
            ("a\nArchitecture: any", "b\nArchitecture: any\nConflicts: a", false),
            ("a\nArchitecture: any\nConflicts: bb", "b\nArchitecture: any", true),
        ] {
            assert_eq!(of(one).may_stand_beside(&of(other)), together, "{one:?} {other:?}");
        }
        assert!(of("u\nXC-Package-Type: udeb").is_udeb() && !of("u\nPackage-Type: deb").is_udeb());
    }
}
