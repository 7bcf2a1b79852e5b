//! poetry.lock (<https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock>), for the maintainers' commands.
//!
//! Enters: the text of a lock, for older locks that of the pyproject.toml beside it, the target, the extras and groups that were asked
//! for. Leaves: a [`Resolution`] of what the project needs on the target. Locks of version 2.1 say of each package to which groups it
//! belongs and under which marker; in those of version 2.0 (Poetry 1.5 to 1.8) the graph is walked from the dependencies that
//! pyproject.toml has. A package build deliberately reads none: the hashes are those of the index, and its wheels are
//! built locally more often than not.

use super::document::{Document, Table, Text, malformed};
use super::poetry_constraint::Constraint;
use super::resolution::{
    Binding, LockedFile, MAXIMUM_PACKAGES, Place, Release, Resolution, Tree, TreeKind, inside, last_component,
    prefixed_hash, project_name, url, version,
};
use crate::code::Code;
use crate::python::dependency::Target;
use crate::python::marker::{Marker, Requested, Vocabulary};
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use pep440_rs::Version;
use std::collections::{BTreeMap, BTreeSet};

/// The group of what the project itself needs.
const MAIN: &str = "main";

/// Reads the lock `file`; `pyproject` is the name and the text of the pyproject.toml beside it.
///
/// # Errors
/// What is wrong with the lock as a whole, or everything that is selected and refused.
pub fn read(
    file: &str,
    text: &str,
    pyproject: Option<(&str, &str)>,
    target: &Target,
    requested: &Requested,
) -> Result<Resolution, Vec<Refusal>> {
    let document = Document::parse(file, text)?;
    let root = document.root();
    let metadata = root.required("metadata", root.table("metadata")?)?;
    let lock_version = metadata.required("lock-version", metadata.text("lock-version")?)?;
    let lock = Lock { file, packages: packages(root)?, target, requested };
    match lock_version.value {
        "2.1" => {
            is_for(metadata, target)?;
            check_extras(root, requested)?;
            lock.by_group()
        }
        "2.0" => {
            is_for(metadata, target)?;
            check_extras(root, requested)?;
            let Some((name, text)) = pyproject else {
                let message = format!("{}: a lock of version 2.0 needs its pyproject.toml", lock_version.origin());
                return Err(Refusal::new(Code::LockMalformed, message)
                    .expected("pyproject.toml beside the lock")
                    .hint("or lock again with Poetry 2")
                    .into());
            };
            let project = Document::parse(name, text)?;
            lock.by_graph(project.root())
        }
        other => Err(Refusal::new(
            Code::LockVersion,
            format!("{}: the version of the lock is `{other}`", lock_version.origin()),
        )
        .expected("lock-version = \"2.1\" or \"2.0\"")
        .hint("lock again with Poetry 2")
        .into()),
    }
}

/// One `[[package]]`.
struct Package<'d> {
    table: Table<'d>,
    name: ProjectName,
    version: Version,
}

struct Lock<'d, 'r> {
    file: &'r str,
    packages: Vec<Package<'d>>,
    target: &'r Target,
    requested: &'r Requested,
}

fn packages<'d>(root: Table<'d>) -> Result<Vec<Package<'d>>, Vec<Refusal>> {
    let tables = root.tables("package")?;
    if tables.len() > MAXIMUM_PACKAGES {
        return Err(malformed(&root.origin(), format!("more than {MAXIMUM_PACKAGES} packages")).into());
    }
    let package = |table: Table<'d>| {
        let name = project_name(table.required("name", table.text("name")?)?)?;
        let version = version(table.required("version", table.text("version")?)?)?;
        Ok(Package { table, name, version })
    };
    let (mut packages, mut refusals) = (Vec::new(), Vec::new());
    for table in tables {
        match package(table) {
            Ok(package) => packages.push(package),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() { Ok(packages) } else { Err(refusals) }
}

fn is_for(metadata: Table<'_>, target: &Target) -> Result<(), Refusal> {
    let Some(text) = metadata.text("python-versions")? else { return Ok(()) };
    if constraint(text)?.alternatives().iter().any(|versions| target.is_among(versions)) {
        return Ok(());
    }
    Err(Refusal::new(Code::LockNotForTarget, format!("{}: the lock is not for the package's Python", text.origin()))
        .expected(format!("python-versions = \"{}\"", text.value))
        .found(target.describe())
        .hint("lock again for this version of Python"))
}

fn check_extras(root: Table<'_>, requested: &Requested) -> Result<(), Vec<Refusal>> {
    let extras = root.table("extras")?;
    let there: BTreeSet<ProjectName> =
        extras.iter().flat_map(Table::keys).filter_map(|key| ProjectName::parse(key.value)).collect();
    let refusals: Vec<Refusal> = requested
        .extras
        .difference(&there)
        .map(|name| {
            Refusal::new(Code::ExtraUnknown, format!("{}: the lock has no extra `{name}`", root.origin()))
                .hint("lock again, or correct what is asked for")
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

fn constraint(text: Text<'_>) -> Result<Constraint, Refusal> {
    Constraint::parse(text.value)
        .ok_or_else(|| malformed(&text.origin(), format!("`{}` is no condition on a version", text.value)))
}

/// What one entry of a table of dependencies asks for.
struct Edge<'d> {
    name: ProjectName,
    origin: String,
    constraint: Option<Constraint>,
    marker: Option<Text<'d>>,
    python: Option<Constraint>,
    extras: Vec<ProjectName>,
    optional: bool,
}

/// The entries of `[…dependencies]`, but for `python`.
fn edges<'d>(table: Table<'d>) -> Result<Vec<Edge<'d>>, Refusal> {
    let mut edges = Vec::new();
    for key in table.keys() {
        let name = project_name(key)?;
        if name.as_str() == "python" {
            continue;
        }
        if table.is_list(key.value) {
            for one in table.tables(key.value)? {
                edges.push(edge(&name, key.origin(), one)?);
            }
            continue;
        }
        match table.required(key.value, table.text_or_table(key.value)?)? {
            Err(one) => edges.push(edge(&name, key.origin(), one)?),
            Ok(text) => edges.push(Edge {
                name,
                origin: key.origin(),
                constraint: Some(constraint(text)?),
                marker: None,
                python: None,
                extras: Vec::new(),
                optional: false,
            }),
        }
    }
    Ok(edges)
}

fn edge<'d>(name: &ProjectName, origin: String, table: Table<'d>) -> Result<Edge<'d>, Refusal> {
    Ok(Edge {
        name: name.clone(),
        origin,
        constraint: table.text("version")?.map(constraint).transpose()?,
        marker: table.text("markers")?,
        python: table.text("python")?.map(constraint).transpose()?,
        extras: table.texts("extras")?.unwrap_or_default().into_iter().map(project_name).collect::<Result<_, _>>()?,
        optional: table.boolean("optional")?.unwrap_or(false),
    })
}

/// The projects in a list of requirements such as `["PySocks (>=1.5.6)"]`.
fn named(requirements: &[Text<'_>]) -> BTreeSet<ProjectName> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name = |text: &Text<'_>| ProjectName::parse(text.value.split(|c| !is_part(c)).next().unwrap_or(""));
    requirements.iter().filter_map(name).collect()
}

/// What `table` lists for `extra` in any spelling.
fn of_extra(table: Option<Table<'_>>, extra: &ProjectName) -> Result<BTreeSet<ProjectName>, Refusal> {
    let Some(table) = table else { return Ok(BTreeSet::new()) };
    let mut names = BTreeSet::new();
    for key in table.keys().filter(|key| ProjectName::parse(key.value).as_ref() == Some(extra)) {
        names.extend(named(&table.texts(key.value)?.unwrap_or_default()));
    }
    Ok(names)
}

impl<'d> Lock<'d, '_> {
    fn holds(&self, marker: Text<'_>, extras: &BTreeSet<ProjectName>) -> Result<bool, Refusal> {
        let requested = Requested { extras: extras.clone(), groups: BTreeSet::new() };
        Marker::parse(marker.value, Vocabulary::Metadata)
            .and_then(|parsed| parsed.holds(self.target, &requested))
            .map_err(|why| {
                let message = format!("{}: the marker `{}` cannot be evaluated: {why}", marker.origin(), marker.value);
                Refusal::new(Code::MarkerMalformed, message)
                    .hint("if it depends on the patch release, give the full version of Python")
            })
    }

    /// Version 2.1: every package names its groups, and the marker under which it belongs to each.
    fn by_group(&self) -> Result<Resolution, Vec<Refusal>> {
        let mut resolution = Resolution::default();
        let mut refusals = Vec::new();
        let mut groups = BTreeSet::new();
        for package in &self.packages {
            let selected = match self.is_selected(package, &mut groups) {
                Ok(selected) => selected,
                Err(refusal) => {
                    refusals.push(refusal);
                    continue;
                }
            };
            if !selected {
                let origin = package.table.origin();
                resolution.skipped.push(format!("{origin}: `{}` is not for this target", package.name));
            } else if let Err(refusal) = self.select(package, BTreeSet::new(), &mut resolution) {
                refusals.push(refusal);
            }
        }
        refusals.extend(self.requested.groups.difference(&groups).map(|name| {
            Refusal::new(Code::GroupUnknown, format!("{}: no package is of the group `{name}`", self.file))
                .hint("lock again, or correct what is asked for")
        }));
        if refusals.is_empty() { Ok(resolution) } else { Err(refusals) }
    }

    fn is_selected(&self, package: &Package<'d>, groups: &mut BTreeSet<ProjectName>) -> Result<bool, Refusal> {
        let table = package.table;
        let mut selected = false;
        for group in table.required("groups", table.texts("groups")?)? {
            let name = project_name(group)?;
            let is_asked_for = name.as_str() == MAIN || self.requested.groups.contains(&name);
            groups.insert(name);
            if !is_asked_for {
                continue;
            }
            let marker = match table.text_or_table("markers")? {
                None => None,
                Some(Ok(marker)) => Some(marker),
                Some(Err(by_group)) => by_group.text(group.value)?,
            };
            selected |= marker.map_or(Ok(true), |marker| self.holds(marker, &self.requested.extras))?;
        }
        Ok(selected)
    }

    /// Version 2.0: from what the project asks for along the dependencies.
    fn by_graph(&self, project: Table<'d>) -> Result<Resolution, Vec<Refusal>> {
        let poetry = project.table("tool")?.map(|tool| tool.table("poetry")).transpose()?.flatten();
        let Some(poetry) = poetry else {
            return Err(
                malformed(&project.origin(), "there is no [tool.poetry], to which the lock would belong").into()
            );
        };
        let mut resolution = Resolution::default();
        let mut todo: Vec<(usize, Option<ProjectName>)> = Vec::new();
        let mut optional = BTreeSet::new();
        for extra in &self.requested.extras {
            optional.extend(of_extra(poetry.table("extras")?, extra)?);
        }
        let mut roots = poetry.table("dependencies")?.map_or(Ok(Vec::new()), edges)?;
        roots.retain(|edge| !edge.optional || optional.contains(&edge.name));
        for group in &self.requested.groups {
            roots.extend(group_edges(poetry, group)?);
        }
        let mut refusals = Vec::new();
        for edge in roots {
            refusals.extend(self.follow(&edge, &self.requested.extras, &mut todo, &mut resolution).err());
        }
        let mut selected: BTreeMap<usize, BTreeSet<ProjectName>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        while let Some(visit) = todo.pop() {
            if !seen.insert(visit.clone()) {
                continue;
            }
            let (index, extra) = visit;
            selected.entry(index).or_default().extend(extra.clone());
            let Some(package) = self.packages.get(index) else { continue };
            let table = package.table;
            let listed = match &extra {
                Some(extra) => of_extra(table.table("extras")?, extra)?,
                None => BTreeSet::new(),
            };
            let extras = extra.into_iter().collect();
            for edge in table.table("dependencies")?.map_or(Ok(Vec::new()), edges)? {
                if !edge.optional || listed.contains(&edge.name) {
                    refusals.extend(self.follow(&edge, &extras, &mut todo, &mut resolution).err());
                }
            }
        }
        for (index, extras) in selected {
            if let Some(package) = self.packages.get(index) {
                refusals.extend(self.select(package, extras, &mut resolution).err());
            }
        }
        if refusals.is_empty() { Ok(resolution) } else { Err(refusals) }
    }

    fn follow(
        &self,
        edge: &Edge<'_>,
        extras: &BTreeSet<ProjectName>,
        todo: &mut Vec<(usize, Option<ProjectName>)>,
        resolution: &mut Resolution,
    ) -> Result<(), Refusal> {
        let fits_python =
            edge.python.as_ref().is_none_or(|python| python.alternatives().iter().any(|v| self.target.is_among(v)));
        let fits = fits_python && edge.marker.map_or(Ok(true), |marker| self.holds(marker, extras))?;
        if !fits {
            resolution.skipped.push(format!("{}: `{}` is not for this target", edge.origin, edge.name));
            return Ok(());
        }
        let is_meant = |package: &Package<'_>| {
            package.name == edge.name && edge.constraint.as_ref().is_none_or(|c| c.is_met_by(&package.version))
        };
        let mut found = (0..).zip(&self.packages).filter(|(_, package)| is_meant(package)).map(|(index, _)| index);
        let index = match (found.next(), found.next()) {
            (Some(only), None) => only,
            (None, _) => {
                return Err(malformed(&edge.origin, format!("the lock has no such package `{}`", edge.name))
                    .hint("the lock is older than the pyproject.toml; lock again"));
            }
            (Some(_), Some(_)) => {
                return Err(malformed(&edge.origin, format!("`{}` stands for more than one package", edge.name))
                    .hint("lock again with Poetry 2, whose locks say which one is meant"));
            }
        };
        todo.push((index, None));
        todo.extend(edge.extras.iter().map(|extra| (index, Some(extra.clone()))));
        Ok(())
    }

    fn select(
        &self,
        package: &Package<'d>,
        extras: BTreeSet<ProjectName>,
        resolution: &mut Resolution,
    ) -> Result<(), Refusal> {
        let (name, origin) = (package.name.clone(), package.table.origin());
        let mut place = None;
        if let Some(source) = package.table.table("source")? {
            let kind = source.required("type", source.text("type")?)?;
            let address = source.required("url", source.text("url")?)?;
            let tree = match kind.value {
                "legacy" => None,
                "url" => {
                    place = Some(Place::Url(url(address)?.to_owned()));
                    None
                }
                "file" => {
                    place = inside(self.file, address.value).map(Place::Path);
                    None
                }
                "directory" => Some(TreeKind::Directory(inside(self.file, address.value))),
                "git" => Some(TreeKind::Repository),
                other => return Err(malformed(&kind.origin(), format!("the source `{other}` is not known"))),
            };
            if let Some(kind) = tree {
                return resolution.add_tree(Tree { name, kind, origin });
            }
        }
        let mut binding = Binding::new(&package.name, Some(package.version.clone()));
        let mut files = Vec::new();
        for table in package.table.tables("files")? {
            let file = table.required("file", table.text("file")?)?;
            let sha256 = prefixed_hash(table, file.value)?;
            let name = Some(binding.file_name(&file.origin(), file.value, sha256)?);
            let is_there = |place: &Place| match place {
                Place::Url(text) | Place::Path(text) => last_component(text).as_deref() == Some(file.value),
            };
            let place = place.clone().filter(is_there);
            files.push(LockedFile { name, sha256, size: table.number("size")?, place });
        }
        if files.is_empty() {
            return Err(malformed(&origin, format!("`{name}` has no files")));
        }
        resolution.add(Release { name, version: package.version.clone(), extras, files, origin })
    }
}

/// The dependencies of a group, and of `dev` in the place where Poetry had it first.
fn group_edges<'d>(poetry: Table<'d>, group: &ProjectName) -> Result<Vec<Edge<'d>>, Refusal> {
    let mut found = None;
    if let Some(groups) = poetry.table("group")? {
        for key in groups.keys().filter(|key| ProjectName::parse(key.value).as_ref() == Some(group)) {
            found = groups.table(key.value)?.map(|table| table.table("dependencies")).transpose()?.flatten();
        }
    }
    if group.as_str() == "dev" && found.is_none() {
        found = poetry.table("dev-dependencies")?;
    }
    match found {
        Some(table) => edges(table),
        None => Err(Refusal::new(Code::GroupUnknown, format!("{}: there is no group `{group}`", poetry.origin()))
            .hint("correct what is asked for")),
    }
}
