//! pip's requirements files with hashes (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>).
//!
//! Enters: the first file's name, and a function that reads it and those that it includes. Leaves: a [`Lock`] for the target.
//! Honoured: names, extras, `==` versions, environment markers, `--hash=sha256:`, continuation lines, comments, `-r`, `-c`. Accepted
//! because they say what is so anyway: `--require-hashes`, `--no-index`, `--no-deps`, `--only-binary :all:`. Everything else pip
//! knows is refused by name: an option that is skipped in silence is a check that does not happen.

use super::{Lock, Locked};
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::python::condition::meets;
use crate::python::dependency::{Specifier, Target, Wanted};
use crate::python::name::ProjectName;
use crate::refusal::{Failure, Refusal, is_format_character};
use pep440_rs::{Operator, Version, VersionSpecifiers};
use std::collections::{BTreeMap, BTreeSet};

/// Reads a file that is named in a requirements file: the including file's name (empty for the first one) and the name that it
/// uses. Leaves the name to show and the text.
pub type Load<'a> = dyn FnMut(&str, &str) -> Result<(String, String), Failure> + 'a;

/// Reads `files` and what they include.
///
/// # Errors
/// Every line that is refused, or the failure of `load`.
pub fn read(files: &[String], target: &Target, limits: &Limits, load: &mut Load<'_>) -> Result<Lock, Failure> {
    read_onto(Lock::default(), files, target, limits, load)
}

/// Reads `files` and what they include, and adds them to `lock`, on which their constraints bear too.
///
/// # Errors
/// As [`read`].
pub fn read_onto(
    lock: Lock,
    files: &[String],
    target: &Target,
    limits: &Limits,
    load: &mut Load<'_>,
) -> Result<Lock, Failure> {
    let mut reader = Reader { target, limits, load, lock, constraints: Vec::new(), files: 0, refusals: Vec::new() };
    for file in files {
        reader.file("", file, Use::Require)?;
    }
    reader.constrain();
    if reader.refusals.is_empty() { Ok(reader.lock) } else { Err(reader.refusals.into()) }
}

/// What an included file is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Require,
    Constrain,
}

struct Reader<'a, 'b> {
    target: &'a Target,
    limits: &'a Limits,
    load: &'a mut Load<'b>,
    lock: Lock,
    constraints: Vec<(ProjectName, VersionSpecifiers, String)>,
    files: usize,
    refusals: Vec<Refusal>,
}

impl Reader<'_, '_> {
    fn file(&mut self, from: &str, name: &str, purpose: Use) -> Result<(), Failure> {
        self.files += 1;
        if self.files > self.limits.requirements_files {
            let message =
                format!("{name}: more than {} requirements files include one another", self.limits.requirements_files);
            return Err(Refusal::new(Code::RequirementMalformed, message).into());
        }
        let (shown, text) = (self.load)(from, name)?;
        if let Some((number, c)) = ambiguous(&text) {
            let message = format!("{shown} line {number} holds U+{:04X}", u32::from(c));
            self.refusals.push(
                Refusal::new(Code::RequirementMalformed, message)
                    .expected("no control characters but tabs and ends of lines, and none that reorders text")
                    .hint("tools differ about where a line ends and people about what they see; write the line anew"),
            );
            return Ok(());
        }
        for (number, line) in logical_lines(&text) {
            let origin = format!("{shown} line {number}");
            if let Some(option) = line.strip_prefix('-') {
                match global_option(option) {
                    Global::Include(name, purpose_of_it) => {
                        // what a constraints file includes constrains too
                        let purpose = if purpose == Use::Constrain { purpose } else { purpose_of_it };
                        self.file(&shown, &name, purpose)?;
                    }
                    Global::SoAnyway => {}
                    Global::Refused => self.refusals.push(
                        Refusal::new(Code::RequirementOption, format!("{origin}: `{line}` has no meaning here"))
                            .expected("requirements with `--hash=sha256:`, `-r FILE` or `-c FILE`")
                            .hint("remove the line; wheels come from the directories that `wheels` names"),
                    ),
                }
                continue;
            }
            match parse_line(&line, &origin) {
                Ok(requirement) => self.requirement(requirement, &origin, purpose),
                Err(refusal) => self.refusals.push(refusal),
            }
        }
        Ok(())
    }

    fn requirement(&mut self, requirement: Requirement, origin: &str, purpose: Use) {
        let Requirement { specifier, hashes } = requirement;
        match specifier.applies(self.target, &BTreeSet::new()) {
            Ok(true) => {}
            Ok(false) => {
                self.lock.skipped.push(format!("{origin}: `{}` is not for this target", specifier.text()));
                self.lock.elsewhere.insert(specifier.name);
                return;
            }
            Err(why) => {
                let message = format!("{origin}: the marker of `{}` cannot be evaluated: {why}", specifier.text());
                self.refusals.push(
                    Refusal::new(Code::MarkerMalformed, message)
                        .hint("write a marker over python_version, or give the full version in `python`"),
                );
                return;
            }
        }
        if purpose == Use::Constrain {
            if let Wanted::Versions(versions) = specifier.wanted {
                self.constraints.push((specifier.name, versions, origin.to_owned()));
            }
            return;
        }
        let version = match pinned(&specifier) {
            Ok(version) => version,
            Err(why) => {
                self.refusals.push(
                    Refusal::new(Code::RequirementNotPinned, format!("{origin}: `{}` {why}", specifier.text()))
                        .expected(format!("{}==VERSION", specifier.name)),
                );
                return;
            }
        };
        if hashes.is_empty() {
            self.refusals.push(
                Refusal::new(Code::RequirementWithoutHash, format!("{origin}: `{}` has no hash", specifier.text()))
                    .expected("`--hash=sha256:` and 64 hexadecimal digits, at least once")
                    .hint("`pip-compile --generate-hashes` and `uv export` write hashes"),
            );
            return;
        }
        let locked = Locked {
            name: specifier.name.clone(),
            version,
            extras: specifier.extras,
            hashes,
            origin: origin.to_owned(),
        };
        self.refusals.extend(self.lock.insert(locked));
    }

    fn constrain(&mut self) {
        for (name, versions, origin) in &self.constraints {
            if let Some(locked) = self.lock.releases.get(name) {
                if !meets(&locked.version, versions) {
                    self.refusals.push(
                        Refusal::new(
                            Code::ConstraintConflict,
                            format!(
                                "{}: `{name}` is locked to {}, which a constraint excludes",
                                locked.origin, locked.version
                            ),
                        )
                        .expected(format!("{name} {versions} ({origin})")),
                    );
                }
            }
        }
    }
}

/// The one version that the specifier allows.
fn pinned(specifier: &Specifier) -> Result<Version, &'static str> {
    let Wanted::Versions(versions) = &specifier.wanted else { return Err("names no version") };
    match versions.iter().as_slice() {
        [only] if matches!(only.operator(), Operator::Equal | Operator::ExactEqual) => Ok(only.version().clone()),
        _ => Err("does not name one version with `==`"),
    }
}

struct Requirement {
    specifier: Specifier,
    hashes: BTreeSet<Sha256>,
}

fn parse_line(line: &str, origin: &str) -> Result<Requirement, Refusal> {
    if line.contains("${") {
        return Err(Refusal::new(
            Code::RequirementMalformed,
            format!("{origin}: `{line}` refers to an environment variable"),
        )
        .hint("write the value itself; the environment is no input of a package build"));
    }
    // options begin at the first word that starts with a hyphen, as in pip
    let options = line.match_indices(" -").map(|(at, _)| at).next().unwrap_or(line.len());
    let (specifier, options) = line.split_at_checked(options).unwrap_or((line, ""));
    let specifier = specifier.trim();
    let malformed = |why: &str| {
        Refusal::new(Code::RequirementMalformed, format!("{origin}: `{specifier}` cannot be read: {why}"))
            .expected("NAME==VERSION [; MARKER] --hash=sha256:DIGEST")
    };
    if specifier.ends_with(".whl") || specifier.contains("://") || specifier.starts_with(['.', '/']) {
        return Err(malformed("a path or URL names no release"));
    }
    let parsed = Specifier::parse(specifier).map_err(|why| malformed(&why))?;
    if let Wanted::Url(_) = parsed.wanted {
        return Err(malformed("a URL names no release"));
    }
    let mut hashes = BTreeSet::new();
    let mut words = options.split_whitespace();
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--hash") {
            Some("") => words.next().unwrap_or(""),
            Some(rest) => rest.strip_prefix('=').unwrap_or(""),
            None => {
                return Err(Refusal::new(Code::RequirementOption, format!("{origin}: `{word}` has no meaning here"))
                    .expected("`--hash=sha256:` after a requirement, and nothing else"));
            }
        };
        let digest = value.strip_prefix("sha256:").and_then(Sha256::from_hex).ok_or_else(|| {
            Refusal::new(Code::RequirementHash, format!("{origin}: a hash of `{specifier}` is not a sha256 digest"))
                .expected("`--hash=sha256:` and 64 lower-case hexadecimal digits")
                .found(format!("`{value}`"))
        })?;
        hashes.insert(digest);
    }
    Ok(Requirement { specifier: parsed, hashes })
}

enum Global {
    Include(String, Use),
    SoAnyway,
    Refused,
}

/// `option` is a line without its first hyphen.
fn global_option(option: &str) -> Global {
    let (name, value) = match option.split_once(|c: char| c == '=' || c.is_whitespace()) {
        Some((name, value)) => (name, value.trim()),
        None => (option, ""),
    };
    let include = |purpose| if value.is_empty() { Global::Refused } else { Global::Include(value.to_owned(), purpose) };
    match (name, value) {
        ("r" | "-requirement", _) => include(Use::Require),
        ("c" | "-constraint", _) => include(Use::Constrain),
        ("-require-hashes" | "-no-index" | "-no-deps" | "-prefer-binary", "") | ("-only-binary", ":all:") => {
            Global::SoAnyway
        }
        _ => Global::Refused,
    }
}

/// The first character, with its line, that ends a line for pip and not here, or that hides what a line says.
pub(super) fn ambiguous(text: &str) -> Option<(usize, char)> {
    (1..).zip(text.lines()).find_map(|(number, line)| {
        let found = line.chars().find(|&c| (c.is_control() && c != '\t') || is_format_character(c));
        found.map(|c| (number, c))
    })
}

/// Lines with continuations joined and comments removed, each with the number of its first physical line.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let comment = line.trim_start().starts_with('#');
        if let (false, Some(part)) = (comment, line.strip_suffix('\\')) {
            let (_, joined) = open.get_or_insert_with(|| (number, String::new()));
            joined.push_str(part);
            joined.push(' ');
            continue;
        }
        let (first, mut joined) = open.take().unwrap_or((number, String::new()));
        if !comment {
            joined.push_str(line);
        }
        lines.push((first, joined));
    }
    lines.extend(open);
    lines
        .into_iter()
        .map(|(number, line)| (number, without_comment(&line).trim().to_owned()))
        .filter(|(_, line)| !line.is_empty())
        .collect()
}

/// A `#` begins a comment at the start of the line or after a blank, not inside a word.
fn without_comment(line: &str) -> &str {
    let mut blank = true;
    for (at, c) in line.char_indices() {
        if c == '#' && blank {
            return line.get(..at).unwrap_or(line);
        }
        blank = c.is_whitespace();
    }
    line
}

/// A [`Load`] over texts in memory, for tests and for fuzzing.
pub fn load_from(files: BTreeMap<String, String>) -> impl FnMut(&str, &str) -> Result<(String, String), Failure> {
    move |_, name| {
        let text = files.get(name).ok_or_else(|| Failure::unable(format!("no file {name}")))?;
        Ok((name.to_owned(), text.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::architecture::Architecture;
    use crate::python::interpreter::Interpreter;

    const HASH: &str = "--hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn read_files(files: &[(&str, &str)]) -> Result<Lock, Failure> {
        let target =
            Target::new(&Interpreter::parse("3.11").unwrap(), &Architecture::from_debian("amd64").unwrap()).unwrap();
        let files: BTreeMap<_, _> =
            files.iter().map(|(name, text)| ((*name).to_owned(), text.replace("HASH", HASH))).collect();
        let first = vec!["requirements.txt".to_owned()];
        read(&first, &target, &Limits::DEFAULT, &mut load_from(files))
    }

    fn codes(text: &str) -> Vec<&'static str> {
        match read_files(&[("requirements.txt", text)]) {
            Err(Failure::Refused(refusals)) => refusals.iter().map(|refusal| refusal.code.name()).collect(),
            Err(other) => panic!("{other}"),
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn what_lock_tools_write() {
        let text = "#\n# made by a tool\n#\n--require-hashes\nFoo.Bar[x,Y]==1.0 ; python_version >= '3.8' \\\n    HASH \\\n    --hash \
                    sha256:0000000000000000000000000000000000000000000000000000000000000000\n    # via\n    #   baz\nold==1 ; \
                    python_version < '3' \\\n    HASH\nb===1.0+local HASH # why\n";
        let lock = read_files(&[("requirements.txt", text)]).unwrap();
        assert_eq!(lock.releases.keys().map(ProjectName::as_str).collect::<Vec<_>>(), ["b", "foo-bar"]);
        let foo = &lock.releases[&ProjectName::parse("foo-bar").unwrap()];
        assert_eq!((foo.hashes.len(), foo.extras.len(), foo.origin.as_str()), (2, 2, "requirements.txt line 5"));
        assert_eq!(lock.skipped.len(), 1);
    }

    #[test]
    fn what_is_refused_and_how() {
        for (line, code) in [
            ("a==1", "requirement-without-hash"),
            ("a==1 --hash=md5:d41d8cd98f00b204e9800998ecf8427e", "requirement-hash"),
            ("a==1 HASH --hash=sha512:00", "requirement-hash"),
            ("a==1 --hash=sha256:e3b0", "requirement-hash"),
            ("a==1 --hash=sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "requirement-hash"),
            ("a==1 --hash", "requirement-hash"),
            ("a>=1 HASH", "requirement-not-pinned"),
            ("a HASH", "requirement-not-pinned"),
            ("a==1.* HASH", "requirement-not-pinned"),
            ("a==1,!=2 HASH", "requirement-not-pinned"),
            ("a~=1.0 HASH", "requirement-not-pinned"),
            ("-e .", "requirement-option"),
            ("--index-url https://index.invalid/simple", "requirement-option"),
            ("-i https://index.invalid/simple", "requirement-option"),
            ("--find-links wheels", "requirement-option"),
            ("--pre", "requirement-option"),
            ("--only-binary=a", "requirement-option"),
            ("-r", "requirement-option"),
            ("a==1 HASH --global-option=x", "requirement-option"),
            ("a @ file:///x HASH", "requirement-malformed"),
            ("git+https://example.invalid/a HASH", "requirement-malformed"),
            ("./a-1-py3-none-any.whl HASH", "requirement-malformed"),
            ("a==${VERSION} HASH", "requirement-malformed"),
            ("a==1; nonsense HASH", "requirement-malformed"),
            ("a==1; platform_release=='x' HASH", "marker-malformed"),
            ("a==1 b==2 HASH", "requirement-malformed"),
        ] {
            assert_eq!(codes(&format!("{line}\n")), [code], "{line}");
        }
        assert_eq!(codes("a==1 HASH\nA==1 HASH\n"), ["requirement-duplicate"]);
        // every line is looked at, not only the first that is wrong
        assert_eq!(codes("a==1\nb>=1 HASH\n"), ["requirement-without-hash", "requirement-not-pinned"]);
    }

    #[test]
    fn included_files() {
        let lock = read_files(&[
            ("requirements.txt", "-r other.txt\n-c limits.txt\na==1 HASH\n"),
            ("other.txt", "b==2 HASH"),
            ("limits.txt", "b<3\nc==1"),
        ])
        .unwrap();
        assert_eq!(lock.releases.len(), 2);
        let error = read_files(&[("requirements.txt", "-c limits.txt\na==1 HASH\n"), ("limits.txt", "a==2 HASH\n")])
            .unwrap_err();
        assert!(error.to_string().contains("constraint-conflict"), "{error}");
        assert!(
            read_files(&[("requirements.txt", "-r requirements.txt\n")]).is_err(),
            "a file that includes itself ends"
        );
    }
}
