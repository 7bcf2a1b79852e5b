//! The one writer: a plan becomes files.
//!
//! Enters: a [`Plan`], the root of the binary package (debian/PKG), and the listing of what an earlier run wrote there. Leaves: the
//! environment in place, whole, or the directory as it was. The tree is built beside its final place and renamed at the end. Files
//! that the package put into the environment before (debian/install) are kept; one that stands where the plan has another
//! is refused before anything is written. Modes and times come from the plan, never from the umask or the clock.

use super::compare::look;
use super::list::{Item, Listing};
use crate::code::Code;
use crate::plan::{Node, Plan};
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Kind, Status};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Writes `plan` below `root`. `previous` is what an earlier run wrote there and may be replaced.
///
/// # Errors
/// [`Code::PathCollision`] when somebody else's file is in the way: nothing was changed. When the file system fails: the
/// environment is then there as it was, or beside its place, from where the next run takes it back.
pub fn write(plan: &Plan, root: &Path, previous: &Listing) -> Result<(), Failure> {
    check_directories(plan.directories_outside(), root)?;
    let place = root.join(&plan.location);
    let (stage, retired) = (beside(&place, "new"), beside(&place, "old"));
    // what a run left that was killed between two renames
    if fs::status(&place)?.is_none() && fs::status(&retired)?.is_some() {
        fs::rename(&retired, &place)?;
    }
    fs::remove(&stage)?;
    fs::remove(&retired)?;

    let foreign = foreign_files(plan, root, previous)?;
    check_outside(plan, root, previous)?;

    if let Some(parent) = stage.parent() {
        fs::create_dir_all(parent)?;
    }
    if let Err(failure) = fill(plan, &place, &stage, &foreign) {
        // the reason for the failure matters more than that of a failing clean-up
        let _ = fs::remove(&stage);
        return Err(failure);
    }
    if fs::status(&place)?.is_some() {
        fs::rename(&place, &retired)?;
    }
    fs::rename(&stage, &place)?;
    fs::remove(&retired)?;

    remove_stale(plan, root, previous)?;
    for (path, node) in plan.outside() {
        let path = root.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::remove(&path)?;
        put(node, &path)?;
        fs::set_mtime(&path, plan.mtime)?;
    }
    Ok(())
}

/// Removes what an earlier run wrote and this one does not, as far as it is still what was written and no link leads there.
fn remove_stale(plan: &Plan, root: &Path, previous: &Listing) -> Result<(), Failure> {
    // what is in a directory before the directory
    for (path, item) in previous.items.iter().rev().filter(|(path, _)| !plan.nodes.contains_key(*path)) {
        let mut above = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
        let is_directory =
            |path: &str| fs::status(&root.join(path)).map(|s| s.is_some_and(|s| s.kind == Kind::Directory));
        if !above.try_fold(true, |so_far, path| is_directory(path).map(|is| so_far && is))? {
            continue;
        }
        let stale = root.join(path);
        match look(&stale)? {
            Some(Item::Directory { .. }) if matches!(item, Item::Directory { .. }) => {
                fs::remove_if_empty(&stale)?;
            }
            Some(found) if found == *item => fs::remove(&stale)?,
            _ => {}
        }
    }
    Ok(())
}

/// `.NAME.rustvenv-SUFFIX` in the same directory, and so on the same file system.
fn beside(place: &Path, suffix: &str) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!(".{name}.rustvenv-{suffix}"))
}

/// What stands in the environment and was not put there by an earlier run: relative path and status.
fn foreign_files(plan: &Plan, root: &Path, previous: &Listing) -> Result<Vec<(PathBuf, Status)>, Failure> {
    let place = root.join(&plan.location);
    match fs::status(&place)? {
        None => return Ok(Vec::new()),
        Some(Status { kind: Kind::Directory, .. }) => {}
        Some(_) => return Err(in_the_way(&plan.location).into()),
    }
    let mut foreign = Vec::new();
    let mut refusals = Vec::new();
    for (below, status) in fs::walk(&place)? {
        let path = format!("{}/{}", plan.location, below.to_string_lossy());
        if previous.items.contains_key(&path) || is_byte_code(&below) {
            continue;
        }
        match (plan.nodes.get(&path), status.kind) {
            (Some(Node::Directory), Kind::Directory) | (None, Kind::Directory | Kind::File | Kind::Link) => {
                foreign.push((below, status));
            }
            _ => refusals.push(in_the_way(&path)),
        }
    }
    if refusals.is_empty() { Ok(foreign) } else { Err(refusals.into()) }
}

/// Byte code that an interpreter left when a hook of the package ran something from the environment, or the directory for it.
pub fn is_byte_code(path: &Path) -> bool {
    let is_cache = |path: &Path| path.file_name().is_some_and(|name| name == "__pycache__");
    is_cache(path) || (path.extension().is_some_and(|end| end == "pyc") && path.parent().is_some_and(is_cache))
}

/// Refuses each of `directories`, paths below `root`, that is a link or a file: through a link something would be written
/// elsewhere, and the package would not have it.
///
/// # Errors
/// [`Code::PathCollision`] for each.
pub fn check_directories<'a>(directories: impl IntoIterator<Item = &'a str>, root: &Path) -> Result<(), Failure> {
    let mut refusals = Vec::new();
    for path in directories {
        let status = fs::status(&root.join(path))?;
        if status.is_some_and(|status| status.kind != Kind::Directory) {
            refusals.push(in_the_way(path));
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals.into()) }
}

fn check_outside(plan: &Plan, root: &Path, previous: &Listing) -> Result<(), Failure> {
    let mut refusals = Vec::new();
    for (path, node) in plan.outside() {
        if previous.items.contains_key(path) {
            continue;
        }
        let there = root.join(path);
        let same = match (fs::status(&there)?, node) {
            (None, _) => true,
            (Some(Status { kind: Kind::Link, .. }), Node::Link { target }) => {
                fs::read_link(&there)? == Path::new(target)
            }
            _ => false,
        };
        if !same {
            refusals.push(in_the_way(path));
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals.into()) }
}

fn in_the_way(path: &str) -> Refusal {
    Refusal::new(
        Code::PathCollision,
        format!("`{path}` is in the package already and is not what would be installed there"),
    )
    .hint("look which other debhelper command or hook of debian/rules puts it there")
}

fn fill(plan: &Plan, place: &Path, stage: &Path, foreign: &[(PathBuf, Status)]) -> Result<(), Failure> {
    fs::create_dir(stage)?;
    let mut directories = BTreeSet::from([PathBuf::new()]);
    for (path, node) in plan.inside().filter(|(path, _)| !path.is_empty()) {
        let target = stage.join(path);
        put(node, &target)?;
        if *node == Node::Directory {
            directories.insert(PathBuf::from(path));
        } else {
            fs::set_mtime(&target, plan.mtime)?;
        }
    }
    for (below, status) in foreign {
        let (from, to) = (place.join(below), stage.join(below));
        // a directory for byte code is left out, unless something else is in it
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        match status.kind {
            Kind::Directory if directories.contains(below) => continue,
            Kind::Directory => {
                fs::create_dir(&to)?;
                fs::set_mode(&to, status.mode)?;
                directories.insert(below.clone());
                continue;
            }
            Kind::Link => fs::symlink(fs::read_link(&from)?, &to)?,
            Kind::File | Kind::Special => {
                fs::create(&to, status.mode, &mut |write| fs::read_in_pieces(&from, write))?;
            }
        }
        fs::set_mtime(&to, plan.mtime)?;
    }
    // the deepest first: making an entry changes the time of its directory
    for directory in directories.iter().rev() {
        fs::set_mtime(&stage.join(directory), plan.mtime)?;
    }
    Ok(())
}

fn put(node: &Node, path: &Path) -> Result<(), Failure> {
    match node {
        Node::Directory => fs::create_dir(path),
        Node::Link { target } => fs::symlink(target, path),
        Node::File { mode, content } => fs::create(path, mode.bits(), &mut |write| content.copy(write)),
    }
}
