//! The list of what was withdrawn: yanked, in the words of PEP 592.
//!
//! Enters: the text of a file that the maintainer keeps, one line for each file or release: `NAME-1.0-py3-none-any.whl` or
//! `NAME==1.0`, and after a blank the reason. Leaves: [`Yanked`], which answers for a file. Empty lines and lines that begin with
//! `#` are passed over. A line that is neither is refused: what was to be withdrawn would else stay on offer.

use super::listing::{FileName, Kind};
use crate::code::Code;
use crate::python::name::ProjectName;
use crate::refusal::{Refusal, is_format_character};
use pep440_rs::Version;
use std::collections::BTreeMap;
use std::str::FromStr as _;

/// What was withdrawn, and why.
#[derive(Clone, Debug, Default)]
pub struct Yanked {
    files: BTreeMap<String, String>,
    releases: BTreeMap<(ProjectName, Version), String>,
}

impl Yanked {
    /// Reads the list `text` of the file `name`.
    ///
    /// # Errors
    /// Every line that cannot be read, and everything that is said twice.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<Refusal>> {
        let mut yanked = Self::default();
        let mut refusals = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Err(found) = yanked.line(line) {
                refusals.push(
                    Refusal::new(Code::YankedMalformed, format!("line {number} of `{name}` cannot be read"))
                        .expected("a file name or PROJECT==VERSION, and after a blank the reason")
                        .found(found),
                );
            }
        }
        if refusals.is_empty() { Ok(yanked) } else { Err(refusals) }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if let Some(c) = line.chars().find(|c| c.is_control() || is_format_character(*c)) {
            return Err(format!("the character U+{:04X}, which cannot be seen", u32::from(c)));
        }
        let (what, reason) = line.split_once(' ').unwrap_or((line, ""));
        let reason = reason.trim().to_owned();
        let earlier = if let Some((project, version)) = what.split_once("==") {
            let project = ProjectName::parse(project).ok_or_else(|| format!("`{project}`, which is no project"))?;
            let version = Version::from_str(version).map_err(|_| format!("`{version}`, which is no version"))?;
            self.releases.insert((project, version), reason)
        } else {
            let is_file = [Kind::Wheel, Kind::Sdist].iter().any(|kind| FileName::parse(what, *kind).is_ok());
            if !is_file {
                return Err(format!("`{what}`"));
            }
            self.files.insert(what.to_owned(), reason)
        };
        earlier.map_or(Ok(()), |_| Err(format!("`{what}` a second time")))
    }

    /// Why `file` was withdrawn, which may be an empty text; `None` when it was not.
    pub fn reason(&self, file: &FileName) -> Option<&str> {
        let release = || self.releases.get(&(file.project.clone(), file.version.clone()));
        self.files.get(&file.text).or_else(release).map(String::as_str)
    }

    /// Lines that are about none of `files`: a slip of the pen, or a file that is long gone.
    pub fn unused<'a>(&self, files: impl Iterator<Item = &'a FileName>) -> Vec<String> {
        let mut unused: BTreeMap<String, ()> = self.files.keys().map(|name| (name.clone(), ())).collect();
        let release = |project: &ProjectName, version: &Version| format!("{project}=={version}");
        unused.extend(self.releases.keys().map(|(project, version)| (release(project, version), ())));
        for file in files {
            unused.remove(&file.text);
            unused.remove(&release(&file.project, &file.version));
        }
        unused.into_keys().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_releases_are_withdrawn() {
        let text = "# kept\n\nfoo_bar==1.0  is <broken>\nb-2.tar.gz\n c-1-py3-none-any.whl no\n";
        let yanked = Yanked::parse("y", text).unwrap();
        let reason = |name: &str, kind| {
            let file = FileName::parse(name, kind).unwrap();
            yanked.reason(&file).map(str::to_owned)
        };
        assert_eq!(reason("foo.bar-1-py3-none-any.whl", Kind::Wheel).as_deref(), Some("is <broken>"));
        assert_eq!(reason("Foo-Bar-1.0.0.zip", Kind::Sdist).as_deref(), Some("is <broken>"));
        assert_eq!(reason("foo_bar-1.1.zip", Kind::Sdist), None);
        assert_eq!(reason("b-2.tar.gz", Kind::Sdist).as_deref(), Some(""));
        assert_eq!(reason("c-1-py3-none-any.whl", Kind::Wheel).as_deref(), Some("no"));
        let there = FileName::parse("b-2.tar.gz", Kind::Sdist).unwrap();
        assert_eq!(yanked.unused([&there].into_iter()), ["c-1-py3-none-any.whl", "foo-bar==1.0"]);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in
            ["foo", "foo==", "foo>=1", "==1", "a==1\nA==1.0 again", "a-1.zip\na-1.zip", "a==1 \u{202e}x", "*.whl"]
        {
            let refusals = Yanked::parse("y", text).unwrap_err();
            assert_eq!(refusals[0].code, Code::YankedMalformed, "{text}");
        }
    }
}
