//! uv.lock (<https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile>), for the maintainers' commands.
//!
//! Enters: the text of a lock, the target, the extras and groups that were asked for. Leaves: a [`Resolution`] of what the project
//! needs on the target. The lock holds a graph for all platforms, so it is walked from the project along the dependencies whose
//! markers hold. A package build deliberately reads none: the hashes are those of the index, and its wheels are built locally
//! more often than not.

use super::document::{Document, Table, Text, malformed};
use super::resolution::{
    Binding, LockedFile, MAXIMUM_PACKAGES, Place, Release, Resolution, Tree, TreeKind, inside, last_component,
    prefixed_hash, project_name, url, version,
};
use crate::code::Code;
use crate::python::dependency::Target;
use crate::python::marker::{Marker, Requested, Vocabulary};
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use pep440_rs::{Version, VersionSpecifiers};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

/// Reads the lock `file` of the project in the same directory, or of the member `project` of its workspace.
///
/// # Errors
/// What is wrong with the lock as a whole, or everything that is selected and refused.
pub fn read(
    file: &str,
    text: &str,
    project: Option<&ProjectName>,
    target: &Target,
    requested: &Requested,
) -> Result<Resolution, Vec<Refusal>> {
    let document = Document::parse(file, text)?;
    let root = document.root();
    lock_version(root)?;
    is_for(root, target)?;
    let mut graph = Graph::read(file, root)?;
    let start = graph.start(root, project)?;
    graph.ask(root, start, requested)?;
    graph.walk(start, target, requested)
}

fn lock_version(root: Table<'_>) -> Result<(), Refusal> {
    match root.required("version", root.number("version")?)? {
        1 => Ok(()),
        other => Err(Refusal::new(Code::LockVersion, format!("{}: the version of the lock is {other}", root.origin()))
            .expected("version = 1")
            .hint("lock again with a version of uv that writes version 1")),
    }
}

fn is_for(root: Table<'_>, target: &Target) -> Result<(), Refusal> {
    let refuse = |text: String| {
        Err(Refusal::new(Code::LockNotForTarget, format!("{}: the lock is not for the target", root.origin()))
            .expected(target.describe())
            .found(text)
            .hint("lock again for this environment too"))
    };
    if let Some(text) = root.text("requires-python")? {
        let versions = VersionSpecifiers::from_str(text.value)
            .map_err(|_| malformed(&text.origin(), format!("`{}` is no condition on a version", text.value)))?;
        if !target.is_among(&versions) {
            return refuse(format!("requires-python = \"{}\"", text.value));
        }
    }
    let Some(supported) = root.texts("supported-markers")? else { return Ok(()) };
    for marker in &supported {
        if holds(*marker, target, &Requested::default())? {
            return Ok(());
        }
    }
    refuse("none of the `supported-markers` holds".to_owned())
}

fn holds(marker: Text<'_>, target: &Target, requested: &Requested) -> Result<bool, Refusal> {
    Marker::parse(marker.value, Vocabulary::Metadata).and_then(|parsed| parsed.holds(target, requested)).map_err(
        |why| {
            let message = format!("{}: the marker `{}` cannot be evaluated: {why}", marker.origin(), marker.value);
            Refusal::new(Code::MarkerMalformed, message)
                .hint("if it depends on the patch release, give the full version of Python")
        },
    )
}

/// One `[[package]]`.
struct Package<'d> {
    table: Table<'d>,
    name: ProjectName,
    version: Option<Version>,
    source: Source,
}

/// Where a package comes from; equal sources are one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    /// An index, by the address or path that the lock has for it.
    Registry(String),
    /// An archive at an address.
    Url(String),
    /// An archive in the tree.
    Path(String),
    /// A directory, and how it is used.
    Directory(String),
    /// A repository.
    Git(String),
}

fn source(table: Table<'_>) -> Result<Source, Refusal> {
    let source = table.required("source", table.table("source")?)?;
    let text =
        |key: &str| -> Result<Option<String>, Refusal> { Ok(source.text(key)?.map(|text| text.value.to_owned())) };
    let mut found = Vec::new();
    found.extend(text("registry")?.map(Source::Registry));
    if let Some(address) = source.text("url")? {
        found.push(Source::Url(url(address)?.to_owned()));
    }
    found.extend(text("path")?.map(Source::Path));
    found.extend(text("git")?.map(Source::Git));
    for key in ["directory", "editable", "virtual"] {
        found.extend(text(key)?.map(Source::Directory));
    }
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err(malformed(&source.origin(), "the source is none that is known, or more than one")),
    }
}

struct Graph<'d, 'f> {
    file: &'f str,
    packages: Vec<Package<'d>>,
    by_name: BTreeMap<ProjectName, Vec<usize>>,
    /// What stands for extras and groups of the project in markers of conflicting dependencies.
    asked: BTreeSet<ProjectName>,
}

/// A package, or one of its extras.
type Visit = (usize, Option<ProjectName>);

impl<'d, 'f> Graph<'d, 'f> {
    fn read(file: &'f str, root: Table<'d>) -> Result<Self, Vec<Refusal>> {
        let mut graph = Self { file, packages: Vec::new(), by_name: BTreeMap::new(), asked: BTreeSet::new() };
        let tables = root.tables("package")?;
        if tables.len() > MAXIMUM_PACKAGES {
            return Err(malformed(&root.origin(), format!("more than {MAXIMUM_PACKAGES} packages")).into());
        }
        let mut refusals = Vec::new();
        for table in tables {
            match package(table) {
                Ok(package) => {
                    let same = graph.by_name.entry(package.name.clone()).or_default();
                    let is_twice =
                        same.iter().filter_map(|index| graph.packages.get(*index)).any(|earlier: &Package<'_>| {
                            earlier.version == package.version && earlier.source == package.source
                        });
                    if is_twice {
                        refusals.push(malformed(&table.origin(), format!("`{}` is there twice", package.name)));
                    }
                    same.push(graph.packages.len());
                    graph.packages.push(package);
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        if refusals.is_empty() { Ok(graph) } else { Err(refusals) }
    }

    /// The package that the lock is of.
    fn start(&self, root: Table<'_>, project: Option<&ProjectName>) -> Result<usize, Refusal> {
        let is_local = |package: &Package<'_>| matches!(package.source, Source::Directory(_));
        let is_start = |package: &Package<'_>| match project {
            Some(name) => package.name == *name && is_local(package),
            None => package.source == Source::Directory(".".to_owned()),
        };
        let mut found = (0..).zip(&self.packages).filter(|(_, package)| is_start(package)).map(|(index, _)| index);
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            _ => {
                let local: Vec<&str> =
                    self.packages.iter().filter(|package| is_local(package)).map(|p| p.name.as_str()).collect();
                Err(malformed(&root.origin(), "the lock does not say of which project it is")
                    .expected("one package whose source is `editable = \".\"` or `virtual = \".\"`")
                    .found(if local.is_empty() { "no project".to_owned() } else { local.join(", ") }))
            }
        }
    }

    /// Takes down what was asked for, in the words that markers have for it when dependencies conflict.
    fn ask(&mut self, root: Table<'_>, start: usize, requested: &Requested) -> Result<(), Vec<Refusal>> {
        let Some(package) = self.packages.get(start) else { return Ok(()) };
        let name = package.name.as_str();
        let mut refusals = Vec::new();
        let mut words = vec![format!("project-{}-{name}", name.len())];
        for (kind, key, names, code) in [
            ("extra", "optional-dependencies", &requested.extras, Code::ExtraUnknown),
            ("group", "dev-dependencies", &requested.groups, Code::GroupUnknown),
        ] {
            let table = package.table.table(key)?;
            let there: BTreeSet<ProjectName> =
                table.iter().flat_map(Table::keys).filter_map(|key| ProjectName::parse(key.value)).collect();
            let extra_without_dependencies = |name: &ProjectName| kind == "extra" && provides(package.table, name);
            for wanted in names {
                words.push(format!("{kind}-{}-{name}-{wanted}", name.len()));
                if !there.contains(wanted) && !extra_without_dependencies(wanted) {
                    let message = format!("{}: `{name}` has no {kind} `{wanted}`", package.table.origin());
                    refusals.push(Refusal::new(code, message).hint("lock again, or correct what is asked for"));
                }
            }
        }
        for conflict in conflicts(root)? {
            if conflict != package.name {
                let message = format!("`{conflict}` has conflicting dependencies, which are read of the project alone");
                refusals.push(malformed(&root.origin(), message));
            }
        }
        self.asked = words.iter().filter_map(|word| ProjectName::parse(word)).collect();
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }

    fn walk(&self, start: usize, target: &Target, requested: &Requested) -> Result<Resolution, Vec<Refusal>> {
        let mut resolution = Resolution::default();
        let mut refusals = Vec::new();
        let mut extras: BTreeMap<usize, BTreeSet<ProjectName>> = BTreeMap::new();
        let mut seen: BTreeSet<Visit> = BTreeSet::new();
        let mut todo: Vec<Visit> = vec![(start, None)];
        todo.extend(requested.extras.iter().map(|extra| (start, Some(extra.clone()))));
        let Some(project) = self.packages.get(start) else { return Ok(resolution) };
        for group in &requested.groups {
            if let Some(groups) = project.table.table("dev-dependencies")? {
                self.follow(groups, group, target, &mut todo, &mut resolution)?;
            }
        }
        while let Some(visit) = todo.pop() {
            if !seen.insert(visit.clone()) {
                continue;
            }
            let (index, extra) = visit;
            let Some(package) = self.packages.get(index) else { continue };
            let asked = extras.entry(index).or_default();
            let followed = match extra {
                None => self.dependencies(package.table, "dependencies", target, &mut todo, &mut resolution),
                Some(extra) => {
                    let followed = match package.table.table("optional-dependencies") {
                        Ok(Some(table)) => self.follow(table, &extra, target, &mut todo, &mut resolution),
                        Ok(None) => Ok(()),
                        Err(refusal) => Err(refusal),
                    };
                    asked.insert(extra);
                    // an extra of a project asks for the project too
                    todo.push((index, None));
                    followed
                }
            };
            refusals.extend(followed.err());
        }
        for (index, extras) in extras {
            let Some(package) = self.packages.get(index).filter(|_| index != start) else { continue };
            refusals.extend(self.select(package, extras, &mut resolution).err());
        }
        if refusals.is_empty() { Ok(resolution) } else { Err(refusals) }
    }

    /// The list in `table` whose key is `name` in any spelling.
    fn follow(
        &self,
        table: Table<'d>,
        name: &ProjectName,
        target: &Target,
        todo: &mut Vec<Visit>,
        resolution: &mut Resolution,
    ) -> Result<(), Refusal> {
        for key in table.keys().filter(|key| ProjectName::parse(key.value).as_ref() == Some(name)) {
            self.dependencies(table, key.value, target, todo, resolution)?;
        }
        Ok(())
    }

    fn dependencies(
        &self,
        table: Table<'d>,
        key: &str,
        target: &Target,
        todo: &mut Vec<Visit>,
        resolution: &mut Resolution,
    ) -> Result<(), Refusal> {
        let asked = Requested { extras: self.asked.clone(), groups: BTreeSet::new() };
        for dependency in table.tables(key)? {
            let name = project_name(dependency.required("name", dependency.text("name")?)?)?;
            if let Some(marker) = dependency.text("marker")? {
                if !holds(marker, target, &asked)? {
                    resolution.skipped.push(format!("{}: `{name}` is not for this target", dependency.origin()));
                    continue;
                }
            }
            let index = self.find(dependency, &name)?;
            todo.push((index, None));
            for extra in dependency.texts("extra")?.unwrap_or_default() {
                todo.push((index, Some(project_name(extra)?)));
            }
        }
        Ok(())
    }

    fn find(&self, dependency: Table<'_>, name: &ProjectName) -> Result<usize, Refusal> {
        let wanted_version = dependency.text("version")?.map(version).transpose()?;
        let wanted_source = if dependency.has("source") { Some(source(dependency)?) } else { None };
        let fits = |package: &Package<'_>| {
            wanted_version.as_ref().is_none_or(|wanted| package.version.as_ref() == Some(wanted))
                && wanted_source.as_ref().is_none_or(|wanted| package.source == *wanted)
        };
        let candidates = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let mut found = candidates.iter().copied().filter(|index| self.packages.get(*index).is_some_and(fits));
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(malformed(&dependency.origin(), format!("the lock has no such package `{name}`"))),
            (Some(_), Some(_)) => {
                Err(malformed(&dependency.origin(), format!("`{name}` stands for more than one package")))
            }
        }
    }

    fn select(
        &self,
        package: &Package<'d>,
        extras: BTreeSet<ProjectName>,
        resolution: &mut Resolution,
    ) -> Result<(), Refusal> {
        let (name, origin) = (package.name.clone(), package.table.origin());
        let kind = match &package.source {
            Source::Registry(_) | Source::Url(_) | Source::Path(_) => None,
            Source::Directory(path) => Some(TreeKind::Directory(inside(self.file, path))),
            Source::Git(_) => Some(TreeKind::Repository),
        };
        if let Some(kind) = kind {
            return resolution.add_tree(Tree { name, kind, origin });
        }
        let mut binding = Binding::new(&package.name, package.version.clone());
        let mut files = Vec::new();
        let mut tables = package.table.tables("wheels")?;
        tables.extend(package.table.table("sdist")?);
        for table in tables {
            files.push(self.locked_file(table, &package.source, &mut binding)?);
        }
        match binding.version.filter(|_| !files.is_empty()) {
            Some(version) => resolution.add(Release { name, version, extras, files, origin }),
            None => Err(malformed(&origin, format!("`{name}` has no files"))),
        }
    }

    fn locked_file(&self, table: Table<'_>, source: &Source, binding: &mut Binding<'_>) -> Result<LockedFile, Refusal> {
        let of_path = |path: &str| {
            let place = inside(self.file, path).map(Place::Path);
            // a registry that is a directory of this machine is no place that others know
            Ok::<_, Refusal>((place, last_component(path)))
        };
        let (place, last) = match (table.text("url")?, table.text("path")?, source) {
            (Some(address), _, _) => {
                let address = url(address)?;
                (Some(Place::Url(address.to_owned())), last_component(address))
            }
            (None, Some(path), _) => of_path(path.value)?,
            (None, None, Source::Url(address)) => (Some(Place::Url(address.clone())), last_component(address)),
            (None, None, Source::Path(path)) => of_path(path)?,
            (None, None, _) => (None, None),
        };
        let name = match table.text("filename")? {
            Some(name) => name.value.to_owned(),
            None => last.ok_or_else(|| malformed(&table.origin(), "the file has no name"))?,
        };
        let sha256 = prefixed_hash(table, &name)?;
        let name = binding.file_name(&table.origin(), &name, sha256)?;
        Ok(LockedFile { name: Some(name), sha256, size: table.number("size")?, place })
    }
}

fn package(table: Table<'_>) -> Result<Package<'_>, Refusal> {
    Ok(Package {
        name: project_name(table.required("name", table.text("name")?)?)?,
        version: table.text("version")?.map(version).transpose()?,
        source: source(table)?,
        table,
    })
}

/// Whether `metadata.provides-extras` has it: an extra without dependencies is in no other place.
fn provides(package: Table<'_>, extra: &ProjectName) -> bool {
    let metadata = package.table("metadata").ok().flatten();
    let extras = metadata.and_then(|metadata| metadata.texts("provides-extras").ok().flatten()).unwrap_or_default();
    extras.iter().any(|text| ProjectName::parse(text.value).as_ref() == Some(extra))
}

/// The packages of which the lock says that some of their extras or groups exclude each other.
fn conflicts(root: Table<'_>) -> Result<BTreeSet<ProjectName>, Refusal> {
    let mut names = BTreeSet::new();
    for conflict in root.lists_of_tables("conflicts")?.into_iter().flatten() {
        names.insert(project_name(conflict.required("package", conflict.text("package")?)?)?);
    }
    Ok(names)
}
