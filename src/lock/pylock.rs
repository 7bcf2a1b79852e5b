//! pylock.toml (<https://packaging.python.org/en/latest/specifications/pylock-toml/>, first written down in PEP 751).
//!
//! Enters: the text of a lock, the target, the extras and groups that were asked for. Leaves: a [`Resolution`] of the entries whose
//! markers hold, checked in the order of the specification's section "Installation". Entries that are not for the target are
//! not looked at beyond their name and marker. `dependencies`, `index`, `attestation-identities` and `tool` decide nothing and
//! are not read; what the specification does not know is passed over, and named where a newer minor version may mean something by it.

use super::document::{Document, Table, Text, malformed};
use super::requirements::ambiguous;
use super::resolution::{
    Binding, FileName, LockedFile, MAXIMUM_PACKAGES, Place, Release, Resolution, Tree, TreeKind, hash_table, inside,
    last_component, project_name, url, version,
};
use crate::code::Code;
use crate::python::dependency::Target;
use crate::python::marker::{Marker, Requested, Vocabulary};
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use pep440_rs::VersionSpecifiers;
use std::collections::BTreeSet;
use std::str::FromStr as _;

/// What one or several locks offer to be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    extras: BTreeSet<ProjectName>,
    groups: BTreeSet<ProjectName>,
    /// Whether any lock says which extras there are: one that does not was made for one use, its extras chosen.
    says_extras: bool,
}

impl Declared {
    /// A refusal for each thing that was asked for and that no lock has.
    pub fn missing(&self, requested: &Requested) -> Vec<Refusal> {
        let shown = |names: &BTreeSet<ProjectName>| {
            let names: Vec<&str> = names.iter().map(ProjectName::as_str).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        let extras = requested.extras.difference(&self.extras).filter(|_| self.says_extras).map(|name| {
            Refusal::new(Code::ExtraUnknown, format!("the lock has no extra `{name}`"))
                .expected(shown(&self.extras))
                .hint("lock again with that extra, or correct `extras`")
        });
        let groups = requested.groups.difference(&self.groups).map(|name| {
            Refusal::new(Code::GroupUnknown, format!("no lock has a dependency group `{name}`"))
                .expected(shown(&self.groups))
                .hint("lock again with that group, or correct `dependency-groups`")
        });
        extras.chain(groups).collect()
    }
}

/// Keys of the specification, version 1.0, for the warning about others.
const KEYS: &[&str] = &[
    "lock-version",
    "environments",
    "requires-python",
    "extras",
    "dependency-groups",
    "default-groups",
    "created-by",
    "packages",
    "tool",
];
const PACKAGE_KEYS: &[&str] = &[
    "name",
    "version",
    "marker",
    "requires-python",
    "dependencies",
    "vcs",
    "directory",
    "archive",
    "index",
    "sdist",
    "wheels",
    "attestation-identities",
    "tool",
];

/// Reads the lock `file`, and adds what it offers to `declared`.
///
/// # Errors
/// What is wrong with the lock as a whole, or every entry that is refused.
pub fn read(
    file: &str,
    text: &str,
    target: &Target,
    requested: &Requested,
    declared: &mut Declared,
) -> Result<Resolution, Vec<Refusal>> {
    if let Some((number, c)) = ambiguous(text) {
        let origin = format!("{file} line {number}");
        return Err(malformed(&origin, format!("U+{:04X} hides what the line says", u32::from(c))).into());
    }
    let document = Document::parse(file, text)?;
    let root = document.root();
    let is_newer = lock_version(root)?;
    let mut resolution = Resolution::default();
    if is_newer {
        resolution.warn_of_unknown(root, KEYS);
    }
    root.required("created-by", root.text("created-by")?)?;
    let names = |key: &str| -> Result<Option<BTreeSet<ProjectName>>, Refusal> {
        root.texts(key)?.map(|texts| texts.into_iter().map(project_name).collect()).transpose()
    };
    let extras = names("extras")?;
    declared.says_extras |= extras.is_some();
    declared.extras.extend(extras.unwrap_or_default());
    declared.groups.extend(names("dependency-groups")?.unwrap_or_default());
    let mut requested = requested.clone();
    requested.groups.extend(names("default-groups")?.unwrap_or_default());
    is_for(root, target, &requested)?;
    if !root.is_list("packages") {
        root.required::<()>("packages", None)?;
    }
    let packages = root.tables("packages")?;
    if packages.len() > MAXIMUM_PACKAGES {
        return Err(malformed(&root.origin(), format!("more than {MAXIMUM_PACKAGES} packages")).into());
    }
    let mut refusals = Vec::new();
    for package in packages {
        if is_newer {
            resolution.warn_of_unknown(package, PACKAGE_KEYS);
        }
        if let Err(refusal) = resolution.package(file, package, target, &requested) {
            refusals.push(refusal);
        }
    }
    if refusals.is_empty() { Ok(resolution) } else { Err(refusals) }
}

/// Whether the lock is of a newer minor version than the one that is known.
fn lock_version(root: Table<'_>) -> Result<bool, Refusal> {
    let text = root.required("lock-version", root.text("lock-version")?)?;
    let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten();
    let parts = text.value.split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
    match parts {
        Some((1, minor)) => Ok(minor > 0),
        _ => Err(Refusal::new(
            Code::LockVersion,
            format!("{}: the version of the lock is `{}`", text.origin(), text.value),
        )
        .expected("lock-version = \"1.0\"")
        .hint("lock again with a tool that writes version 1")),
    }
}

/// Whether the lock was made for the target at all.
fn is_for(root: Table<'_>, target: &Target, requested: &Requested) -> Result<(), Refusal> {
    check_python(root, target, "the lock")?;
    let Some(environments) = root.texts("environments")? else { return Ok(()) };
    for environment in &environments {
        if holds(*environment, target, requested)? {
            return Ok(());
        }
    }
    let shown: Vec<&str> = environments.iter().map(|environment| environment.value).collect();
    Err(Refusal::new(Code::LockNotForTarget, format!("{}: the lock is not for the target", root.origin()))
        .expected(target.describe())
        .found(format!("environments = {shown:?}"))
        .hint("lock again for this environment too"))
}

fn check_python(table: Table<'_>, target: &Target, what: &str) -> Result<(), Refusal> {
    let Some(text) = table.text("requires-python")? else { return Ok(()) };
    let versions = VersionSpecifiers::from_str(text.value)
        .map_err(|_| malformed(&text.origin(), format!("`{}` is no condition on a version", text.value)))?;
    if target.is_among(&versions) {
        return Ok(());
    }
    let message = format!("{}: {what} does not support the package's Python", text.origin());
    Err(Refusal::new(Code::LockNotForTarget, message)
        .expected(format!("requires-python = \"{}\"", text.value))
        .found(target.describe())
        .hint("lock again for this version of Python"))
}

fn holds(marker: Text<'_>, target: &Target, requested: &Requested) -> Result<bool, Refusal> {
    Marker::parse(marker.value, Vocabulary::Lock).and_then(|parsed| parsed.holds(target, requested)).map_err(|why| {
        let message = format!("{}: the marker `{}` cannot be evaluated: {why}", marker.origin(), marker.value);
        Refusal::new(Code::MarkerMalformed, message)
            .hint("if it depends on the patch release, give the full version in `python`")
    })
}

impl Resolution {
    fn warn_of_unknown(&mut self, table: Table<'_>, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.value)) {
            self.warnings.push(format!(
                "{}: `{}` is not known; the lock is of a newer version than 1.0",
                key.origin(),
                key.value
            ));
        }
    }

    fn package(&mut self, file: &str, table: Table<'_>, target: &Target, requested: &Requested) -> Result<(), Refusal> {
        let name = project_name(table.required("name", table.text("name")?)?)?;
        let origin = table.origin();
        if let Some(marker) = table.text("marker")? {
            if !holds(marker, target, requested)? {
                self.skipped.push(format!("{origin}: `{name}` is not for this target"));
                self.elsewhere.insert(name);
                return Ok(());
            }
        }
        check_python(table, target, &format!("`{name}`"))?;
        let sources: Vec<&str> = ["vcs", "directory", "archive"].into_iter().filter(|key| table.has(key)).collect();
        let has_files = table.has("sdist") || table.has("wheels");
        let release = match (sources.as_slice(), has_files) {
            ([], true) => files(file, table, &name)?,
            ([], false) => return Err(malformed(&origin, format!("`{name}` has no source: no wheels, no sdist"))),
            (["vcs"], false) => return self.add_tree(repository(table, name)?),
            (["directory"], false) => return self.add_tree(directory(file, table, name)?),
            (["archive"], false) => match archive(file, table, &name)? {
                Some(release) => release,
                None => return self.add_tree(Tree { name, kind: TreeKind::Archive, origin }),
            },
            _ => return Err(malformed(&origin, format!("`{name}` has sources that exclude each other"))),
        };
        self.add(release)
    }
}

/// `wheels` and `sdist`.
fn files(file: &str, table: Table<'_>, name: &ProjectName) -> Result<Release, Refusal> {
    let given = table.text("version")?.map(version).transpose()?;
    let mut binding = Binding::new(name, given);
    let mut files = Vec::new();
    for wheel in table.tables("wheels")? {
        let locked = locked_file(file, wheel, &mut binding)?;
        if !matches!(locked.name, Some(FileName::Wheel(_))) {
            let shown = locked.name.as_ref().map_or("", FileName::as_str);
            return Err(malformed(&wheel.origin(), format!("`{shown}` is among the wheels and is none")));
        }
        files.push(locked);
    }
    if let Some(sdist) = table.table("sdist")? {
        let locked = locked_file(file, sdist, &mut binding)?;
        if !matches!(locked.name, Some(FileName::Sdist(_))) {
            return Err(malformed(&sdist.origin(), "`sdist` is a wheel"));
        }
        files.push(locked);
    }
    release(table, name, binding, files)
}

fn release(
    table: Table<'_>,
    name: &ProjectName,
    binding: Binding<'_>,
    files: Vec<LockedFile>,
) -> Result<Release, Refusal> {
    let origin = table.origin();
    let Some(version) = binding.version.filter(|_| !files.is_empty()) else {
        return Err(malformed(&origin, format!("`{name}` has no source: no wheels, no sdist")));
    };
    Ok(Release { name: name.clone(), version, extras: BTreeSet::new(), files, origin })
}

/// A table with `name`, `path` or `url`, `size` and `hashes`.
fn locked_file(file: &str, table: Table<'_>, binding: &mut Binding<'_>) -> Result<LockedFile, Refusal> {
    let (place, last) = place(file, table)?;
    let name = match table.text("name")? {
        Some(name) => name.value.to_owned(),
        None => last.ok_or_else(|| malformed(&table.origin(), "the file has no name"))?,
    };
    let sha256 = hash_table(table, &name)?;
    let name = binding.file_name(&table.origin(), &name, sha256)?;
    Ok(LockedFile { name: Some(name), sha256, size: table.number("size")?, place: Some(place) })
}

/// Where a file is, and the last component of that.
fn place(file: &str, table: Table<'_>) -> Result<(Place, Option<String>), Refusal> {
    // an address that must not be there is refused although the path comes first
    let address = table.text("url")?.map(url).transpose()?;
    if let Some(path) = table.text("path")? {
        let place = inside(file, path.value).ok_or_else(|| outside(path))?;
        return Ok((Place::Path(place), last_component(path.value)));
    }
    let address = address.ok_or_else(|| malformed(&table.origin(), "neither `url` nor `path` says where it is"))?;
    Ok((Place::Url(address.to_owned()), last_component(address)))
}

fn outside(path: Text<'_>) -> Refusal {
    Refusal::new(
        Code::ConfigPathEscapes,
        format!("{}: `{}` is not a path below the source tree", path.origin(), path.value),
    )
    .expected("a path relative to the lock, with `/` between its parts, that stays in the tree")
    .hint("put the file into the source package, or nobody else can build it")
}

/// An archive is a file of a release if its name is that of a wheel or an sdist of it; else it is a source tree.
fn archive(file: &str, table: Table<'_>, name: &ProjectName) -> Result<Option<Release>, Refusal> {
    let Some(archive) = table.table("archive")? else { return Ok(None) };
    let (place, last) = place(file, archive)?;
    let last = last.ok_or_else(|| malformed(&archive.origin(), "the file has no name"))?;
    let sha256 = hash_table(archive, &last)?;
    let size = archive.number("size")?;
    let given = table.text("version")?.map(version).transpose()?;
    let mut binding = Binding::new(name, given);
    let is_wheel = last.ends_with(".whl");
    match binding.file_name(&archive.origin(), &last, sha256) {
        Ok(found) if is_wheel || !archive.has("subdirectory") => {
            let files = vec![LockedFile { name: Some(found), sha256, size, place: Some(place) }];
            release(table, name, binding, files).map(Some)
        }
        Err(refusal) if is_wheel => Err(refusal),
        _ => Ok(None),
    }
}

fn repository(table: Table<'_>, name: ProjectName) -> Result<Tree, Refusal> {
    let origin = table.origin();
    let vcs = table.required("vcs", table.table("vcs")?)?;
    for key in ["type", "commit-id"] {
        vcs.required(key, vcs.text(key)?)?;
    }
    Ok(Tree { name, kind: TreeKind::Repository, origin })
}

fn directory(file: &str, table: Table<'_>, name: ProjectName) -> Result<Tree, Refusal> {
    let origin = table.origin();
    let directory = table.required("directory", table.table("directory")?)?;
    let path = directory.required("path", directory.text("path")?)?;
    directory.boolean("editable")?;
    let place = match directory.text("subdirectory")? {
        Some(below) => inside(file, &format!("{}/{}", path.value, below.value)),
        None => inside(file, path.value),
    };
    Ok(Tree { name, kind: TreeKind::Directory(place), origin })
}
