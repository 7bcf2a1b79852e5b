//! The paragraph of one binary package in debian/control.
//!
//! Enters: the text of debian/control (<https://www.debian.org/doc/debian-policy/ch-controlfields.html>) and a package's name. Leaves: what
//! architecture it is for and which substitution variables its dependencies name. Only these two questions are asked; debhelper
//! has parsed and checked the file before.

/// What is used of a binary package's paragraph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinaryPackage {
    /// Its name.
    pub name: String,
    /// The Architecture field.
    pub architecture: String,
    /// Depends, Pre-Depends and Recommends, joined.
    pub relations: String,
    /// Recommends and Suggests, joined.
    pub weak_relations: String,
}

impl BinaryPackage {
    /// The paragraph of `package`; `None` when there is none.
    pub fn find(control: &str, package: &str) -> Option<Self> {
        let mut paragraph: Vec<(String, String)> = Vec::new();
        // an empty line at the end closes the last paragraph
        for line in control.lines().chain(std::iter::once("")) {
            if line.starts_with('#') {
                continue;
            }
            if line.trim().is_empty() {
                if field(&paragraph, "package") == Some(package) {
                    let relation = |name| field(&paragraph, name).unwrap_or_default();
                    return Some(Self {
                        name: package.to_owned(),
                        architecture: field(&paragraph, "architecture").unwrap_or_default().to_owned(),
                        relations: ["depends", "pre-depends", "recommends"].map(relation).join(", "),
                        weak_relations: ["recommends", "suggests"].map(relation).join(", "),
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
        None
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
        assert_eq!(BinaryPackage::find("Package: a\nDepends: b", "a").unwrap().depends_variable(), None);
    }
}
