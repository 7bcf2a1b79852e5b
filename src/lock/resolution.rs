//! What a lock selects for the target: the one form in which all locks end.
//!
//! Enters: names, versions, file names, digests, addresses and paths as locks write them. Leaves: a [`Resolution`], which says for each
//! project the one release and its files, and what else was selected that is no file (directories, repositories). A package
//! build makes a [`Lock`] of it, for which wheels alone count; the maintainers' commands fetch sdists by it. Nothing is opened or
//! fetched here.

use super::document::{Table, Text, malformed};
use super::{Lock, Locked};
use crate::code::Code;
use crate::digest::Sha256;
use crate::python::name::ProjectName;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Refusal, is_format_character};
use pep440_rs::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

/// Entries of one lock, and files of one entry: real ones have some hundred.
pub(super) const MAXIMUM_PACKAGES: usize = 20_000;
const MAXIMUM_FILES: usize = 10_000;

/// Longest address that is read, in bytes.
const MAXIMUM_URL: usize = 4096;

/// What a lock selects for the target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Releases that consist of files with digests, by project.
    pub releases: BTreeMap<ProjectName, Release>,
    /// What was selected and is no file with a digest, in the order of the lock.
    pub trees: Vec<Tree>,
    /// What is in the lock and not for this target, for the log.
    pub skipped: Vec<String>,
    /// Projects of such entries, where the format says that a project is not for some target.
    pub elsewhere: BTreeSet<ProjectName>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// The one release of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// The project.
    pub name: ProjectName,
    /// Its version.
    pub version: Version,
    /// Extras that were requested of it, where the lock says.
    pub extras: BTreeSet<ProjectName>,
    /// Its files; at least one.
    pub files: Vec<LockedFile>,
    /// File and line, for messages.
    pub origin: String,
}

/// One file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedFile {
    /// Its name; requirements files name digests alone.
    pub name: Option<FileName>,
    /// Its digest.
    pub sha256: Sha256,
    /// Its size in bytes, where the lock says.
    pub size: Option<u64>,
    /// Where it was, where the lock says.
    pub place: Option<Place>,
}

/// The name of a file that belongs to its release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileName {
    /// A wheel.
    Wheel(WheelFilename),
    /// An sdist.
    Sdist(String),
}

impl FileName {
    /// The bare name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Wheel(name) => name.as_str(),
            Self::Sdist(name) => name,
        }
    }
}

/// Where a file was when the lock was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address: https, http or file, without credentials.
    Url(String),
    /// A path below the directory of the lock, or below what that directory is in, as the lock's own name is.
    Path(String),
}

/// Something selected that is no file with a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The project.
    pub name: ProjectName,
    /// What it is.
    pub kind: TreeKind,
    /// File and line, for messages.
    pub origin: String,
}

/// Kinds of [`Tree`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeKind {
    /// A directory: its path as [`Place::Path`] has them; `None` when it leaves the tree.
    Directory(Option<String>),
    /// A repository of a version control system.
    Repository,
    /// An archive of a source tree that is no sdist of the release.
    Archive,
}

/// The directory of the project that a lock belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnProject {
    /// There is none.
    None,
    /// The one that the lock is in.
    BesideLock,
    /// This one, in the form of the lock's own name; `.` is the tree itself.
    At(String),
}

impl Resolution {
    /// Adds a release.
    ///
    /// # Errors
    /// When the project is there already.
    pub(super) fn add(&mut self, release: Release) -> Result<(), Refusal> {
        self.check_new(&release.name, &release.origin)?;
        self.releases.insert(release.name.clone(), release);
        Ok(())
    }

    /// Adds what is no file.
    ///
    /// # Errors
    /// When the project is there already.
    pub(super) fn add_tree(&mut self, tree: Tree) -> Result<(), Refusal> {
        self.check_new(&tree.name, &tree.origin)?;
        self.trees.push(tree);
        Ok(())
    }

    fn check_new(&self, name: &ProjectName, origin: &str) -> Result<(), Refusal> {
        let release = self.releases.get(name).map(|earlier| format!("{} in {}", earlier.version, earlier.origin));
        let tree = || self.trees.iter().find(|tree| tree.name == *name).map(|tree| tree.origin.clone());
        match release.or_else(tree) {
            None => Ok(()),
            Some(earlier) => Err(Refusal::new(
                Code::RequirementDuplicate,
                format!("{origin}: `{name}` is selected twice for the target"),
            )
            .found(earlier)
            .hint("lock again; of the entries of one project, markers have to leave one")),
        }
    }

    /// The same as a lock of wheels. The project of `own` is passed over: it is built from its source.
    ///
    /// # Errors
    /// Everything that was selected and has no wheel.
    pub fn into_lock(self, file: &str, own: &OwnProject) -> Result<Lock, Vec<Refusal>> {
        let Self { releases, trees, skipped, elsewhere, warnings } = self;
        let mut lock = Lock { skipped, elsewhere, warnings, ..Lock::default() };
        let mut refusals = Vec::new();
        for tree in trees {
            if is_own(&tree.kind, file, own) {
                lock.skipped.push(format!("{}: `{}` is built from this source tree", tree.origin, tree.name));
            } else {
                refusals.push(without_wheel(&tree));
            }
        }
        for release in releases.into_values() {
            let is_wheel = |file: &&LockedFile| !matches!(file.name, Some(FileName::Sdist(_)));
            let hashes: BTreeSet<Sha256> = release.files.iter().filter(is_wheel).map(|file| file.sha256).collect();
            let Release { name, version, extras, origin, .. } = release;
            if hashes.is_empty() {
                let message = format!("{origin}: the lock has no wheel of `{name}=={version}`, only its source");
                refusals.push(
                    Refusal::new(Code::LockWithoutWheel, message)
                        .expected("`wheels` with the SHA-256 of each wheel")
                        .hint("build the wheel, sign for it, and put its name and hash into the lock"),
                );
                continue;
            }
            lock.releases.insert(name.clone(), Locked { name, version, extras, hashes, origin });
        }
        if refusals.is_empty() { Ok(lock) } else { Err(refusals) }
    }

    /// The resolution that a lock of hashes stands for, such as requirements files give.
    pub fn from_lock(lock: Lock) -> Self {
        let Lock { releases, skipped, elsewhere, warnings } = lock;
        let release = |locked: Locked| {
            let file = |sha256| LockedFile { name: None, sha256, size: None, place: None };
            let Locked { name, version, extras, hashes, origin } = locked;
            (name.clone(), Release { name, version, extras, files: hashes.into_iter().map(file).collect(), origin })
        };
        let releases = releases.into_values().map(release).collect();
        Self { releases, trees: Vec::new(), skipped, elsewhere, warnings }
    }
}

fn is_own(kind: &TreeKind, file: &str, own: &OwnProject) -> bool {
    let TreeKind::Directory(Some(path)) = kind else { return false };
    match own {
        OwnProject::None => false,
        OwnProject::BesideLock => inside(file, ".").is_some_and(|directory| directory == *path),
        OwnProject::At(directory) => inside("", directory).is_some_and(|directory| directory == *path),
    }
}

fn without_wheel(tree: &Tree) -> Refusal {
    let Tree { name, kind, origin } = tree;
    let (what, hint) = match kind {
        TreeKind::Directory(_) => (
            "a directory",
            "lock without it (`uv export --no-emit-project`); the project of this source tree is built by `project`",
        ),
        TreeKind::Repository => ("a repository", "build its wheel, sign for it, and lock that wheel by its hash"),
        TreeKind::Archive => ("an archive of sources", "build its wheel, sign for it, and lock that wheel by its hash"),
    };
    Refusal::new(Code::LockWithoutWheel, format!("{origin}: `{name}` is {what}, and only wheels are installed"))
        .expected("`wheels` with the SHA-256 of each wheel")
        .hint(hint)
}

/// What names a release in an entry, and the checks that bind files to it.
pub(super) struct Binding<'n> {
    pub(super) name: &'n ProjectName,
    /// Where it is not known, the first file decides and all others have to agree.
    pub(super) version: Option<Version>,
    seen: BTreeMap<String, Sha256>,
}

impl<'n> Binding<'n> {
    pub(super) fn new(name: &'n ProjectName, version: Option<Version>) -> Self {
        Self { name, version, seen: BTreeMap::new() }
    }

    /// The name of a file, if it is one of a wheel or sdist of this release.
    ///
    /// # Errors
    /// When it is a file of something else.
    pub(super) fn file_name(&mut self, origin: &str, text: &str, sha256: Sha256) -> Result<FileName, Refusal> {
        let foreign = |why: &str| {
            Refusal::new(Code::LockFileName, format!("{origin}: `{text}` is no file of `{}`: {why}", self.name))
                .expected(match &self.version {
                    Some(version) => format!("a wheel or sdist of {} {version}", self.name),
                    None => format!("a wheel or sdist of {}", self.name),
                })
                .hint("find out how the file came into the lock; lock again")
        };
        let (name, version) = if text.ends_with(".whl") {
            let wheel = WheelFilename::parse(text).map_err(foreign)?;
            if wheel.name() != self.name {
                return Err(foreign("its name is that of another project"));
            }
            let version = wheel.version().clone();
            (FileName::Wheel(wheel), version)
        } else {
            let version = sdist_version(text, self.name, self.version.as_ref())
                .ok_or_else(|| foreign("its name is no sdist's of that project"))?;
            (FileName::Sdist(text.to_owned()), version)
        };
        if self.version.as_ref().is_some_and(|wanted| *wanted != version) {
            return Err(foreign("its version is another"));
        }
        if self.seen.get(text).is_some_and(|earlier| *earlier != sha256) {
            return Err(malformed(origin, format!("`{text}` has two hashes")));
        }
        if self.seen.len() >= MAXIMUM_FILES {
            return Err(malformed(origin, format!("`{}` has more than {MAXIMUM_FILES} files", self.name)));
        }
        self.seen.insert(text.to_owned(), sha256);
        self.version = Some(version);
        Ok(name)
    }
}

/// The version in the name of an sdist of `project`: the part behind a hyphen before which the project's whole name stands.
fn sdist_version(text: &str, project: &ProjectName, wanted: Option<&Version>) -> Option<Version> {
    if text.len() > 255 || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+!".contains(&b)) {
        return None;
    }
    let stem = [".tar.gz", ".zip", ".tar.bz2", ".tar.xz"].iter().find_map(|suffix| text.strip_suffix(suffix))?;
    let versions: Vec<Version> = stem
        .match_indices('-')
        .filter_map(|(at, _)| {
            let (name, version) = stem.split_at_checked(at)?;
            let version = Version::from_str(version.strip_prefix('-')?).ok()?;
            (ProjectName::parse(name).as_ref() == Some(project)).then_some(version)
        })
        .collect();
    match wanted {
        Some(wanted) if versions.contains(wanted) => Some(wanted.clone()),
        _ => versions.into_iter().next(),
    }
}

/// A name of a project, as a lock writes it.
pub(super) fn project_name(text: Text<'_>) -> Result<ProjectName, Refusal> {
    ProjectName::parse(text.value)
        .ok_or_else(|| malformed(&text.origin(), format!("`{}` is no project name", text.value)))
}

/// A version, as a lock writes it.
pub(super) fn version(text: Text<'_>) -> Result<Version, Refusal> {
    Version::from_str(text.value).map_err(|_| malformed(&text.origin(), format!("`{}` is no version", text.value)))
}

/// The SHA-256 in `hash = "sha256:…"`.
pub(super) fn prefixed_hash(table: Table<'_>, what: &str) -> Result<Sha256, Refusal> {
    let Some(hash) = table.text("hash")? else { return Err(without_hash(&table.origin(), what)) };
    let digest = hash.value.strip_prefix("sha256:").ok_or_else(|| without_hash(&hash.origin(), what))?;
    digest_of(&hash.origin(), digest, what)
}

/// The SHA-256 in `hashes = {sha256 = "…"}`.
pub(super) fn hash_table(table: Table<'_>, what: &str) -> Result<Sha256, Refusal> {
    let Some(hashes) = table.table("hashes")? else { return Err(without_hash(&table.origin(), what)) };
    let Some(digest) = hashes.text("sha256")? else { return Err(without_hash(&hashes.origin(), what)) };
    digest_of(&digest.origin(), digest.value, what)
}

fn digest_of(origin: &str, digest: &str, what: &str) -> Result<Sha256, Refusal> {
    Sha256::from_hex(digest).ok_or_else(|| {
        Refusal::new(Code::RequirementHash, format!("{origin}: the hash of `{what}` is not a sha256 digest"))
            .expected("64 lower-case hexadecimal digits")
            .found(format!("`{digest}`"))
    })
}

fn without_hash(origin: &str, what: &str) -> Refusal {
    Refusal::new(Code::RequirementWithoutHash, format!("{origin}: `{what}` has no sha256 hash"))
        .expected("the SHA-256 of the file, beside whatever other hashes there are")
        .hint("lock again, against an index that says the hashes of its files")
}

/// An address, checked: it is shown and perhaps fetched later. What is wrong is said without it, since it may hold a password.
pub(super) fn url(text: Text<'_>) -> Result<&str, Refusal> {
    let wrong = |why: &str| Err(malformed(&text.origin(), format!("the address {why}")));
    let url = text.value;
    if url.len() > MAXIMUM_URL || !url.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return wrong("is too long, or has characters that no address has");
    }
    let scheme = ["https://", "http://", "file://"].into_iter().find(|scheme| url.starts_with(scheme));
    let Some(scheme) = scheme else { return wrong("is none of https, http or file") };
    let rest = url.strip_prefix(scheme).unwrap_or("");
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    if authority.contains('@') {
        return wrong("contains credentials, which do not belong into a lock");
    }
    if authority.is_empty() != (scheme == "file://") {
        return wrong("has no host, or is a file on another one");
    }
    Ok(url)
}

/// The last component of an address, decoded; `None` when it is no plain name.
pub(super) fn last_component(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next().unwrap_or("");
    let last = path.rsplit('/').next().unwrap_or("");
    let mut bytes = Vec::new();
    let mut rest = last.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let pair = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok().filter(|p| !p.starts_with('+'))?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let name = String::from_utf8(bytes).ok()?;
    (!name.is_empty() && !name.contains(['/', '\\'])).then_some(name)
}

/// `path` as named in the lock `file`, in the form of the lock's own name: `locks/pylock.toml` and `../wheels` give `wheels`. `None`
/// when it leaves the tree: the one that a relative name of a lock starts from, and else the lock's own directory. The tree
/// itself is the empty text.
pub(super) fn inside(file: &str, path: &str) -> Option<String> {
    if path.is_empty()
        || path.starts_with('/')
        || path.chars().any(|c| c == '\\' || c.is_control() || is_format_character(c))
    {
        return None;
    }
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    let absolute = file.starts_with('/');
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let fixed = if absolute || parts.contains(&"..") { parts.len() } else { 0 };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.len() <= fixed => return None,
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(if absolute { format!("/{}", parts.join("/")) } else { parts.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_one_release() {
        let name = ProjectName::parse("Foo.Bar").unwrap();
        let (one, two) = (Sha256::of(b"1"), Sha256::of(b"2"));
        for (text, belongs) in [
            ("foo_bar-1.0-py3-none-any.whl", true),
            ("Foo.Bar-1.0.0-py3-none-any.whl", true),
            ("foo_bar-1.0.tar.gz", true),
            ("foo-bar-1.0.zip", true),
            ("foo_bar-1.0.tgz", false),
            ("foo_bar_evil-1.0.tar.gz", false),
            ("foo_bar-evil-1.0.tar.gz", false),
            ("foo_bar-1.0.1.tar.gz", false),
            ("foo_bar-1.0evil.tar.gz", false),
            ("foo-1.0.tar.gz", false),
            ("foo_bar-1.0-py3-none-any.whl.tar.gz", false),
            ("foo_bar_evil-1.0-py3-none-any.whl", false),
            ("foo_bar-1.0.1-py3-none-any.whl", false),
            ("foo_bar-1.0-py3.whl", false),
            ("../foo_bar-1.0.tar.gz", false),
            ("", false),
        ] {
            let version = Version::from_str("1.0").unwrap();
            let found = Binding::new(&name, Some(version)).file_name("f line 1", text, one);
            assert_eq!(found.is_ok(), belongs, "{text}");
        }
        // where the entry has no version, its files have to agree on one
        let mut binding = Binding::new(&name, None);
        assert!(binding.file_name("f", "foo-bar-2.tar.gz", one).is_ok());
        assert!(binding.file_name("f", "foo_bar-1-py3-none-any.whl", one).is_err());
        assert!(binding.file_name("f", "foo-bar-2.tar.gz", one).is_ok(), "said twice");
        assert!(binding.file_name("f", "foo-bar-2.tar.gz", two).is_err(), "two hashes");
    }

    #[test]
    fn paths_stay_in_the_tree() {
        for (file, path, expected) in [
            ("pylock.toml", "wheels/a.whl", Some("wheels/a.whl")),
            ("pylock.toml", "./a/../b", Some("b")),
            ("pylock.toml", ".", Some("")),
            ("locks/pylock.toml", "../wheels/a.whl", Some("wheels/a.whl")),
            ("locks/pylock.toml", "..", Some("")),
            ("locks/pylock.toml", "../..", None),
            ("pylock.toml", "../a", None),
            ("pylock.toml", "/etc/passwd", None),
            ("pylock.toml", "a\\..\\b", None),
            ("pylock.toml", "a\u{202e}b", None),
            ("pylock.toml", "", None),
            ("/srv/app/pylock.toml", "wheels", Some("/srv/app/wheels")),
            ("/srv/app/pylock.toml", "../x", None),
            ("../app/pylock.toml", "..", None),
            ("../app/pylock.toml", "x/../y", Some("../app/y")),
        ] {
            assert_eq!(inside(file, path).as_deref(), expected, "{file} {path}");
        }
    }

    #[test]
    fn names_in_addresses_are_decoded_once() {
        for (url, name) in [
            ("https://index.example/a/a-1.tar.gz", Some("a-1.tar.gz")),
            ("https://index.example/a-1%2Blocal.zip?x=/y#sha256=0", Some("a-1+local.zip")),
            ("https://index.example/a%2Fb", None),
            ("https://index.example/a%2", None),
            ("https://index.example/a%+1", None),
            ("https://index.example/%252e", Some("%2e")),
            ("https://index.example/", None),
        ] {
            assert_eq!(last_component(url).as_deref(), name, "{url}");
        }
    }
}
