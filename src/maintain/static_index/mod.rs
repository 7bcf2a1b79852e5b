//! A private index of a directory of wheels, as files that any web server can serve.
//!
//! Enters: the inventory, the signed list, where links lead. Leaves: a directory with pages for installers (`simple/`), pages
//! for people (`index.html`, `projects/`), and `files/` with the signed list, the files themselves and METADATA of wheels. A
//! file that the signed list does not have is shown to people and kept from installers: what an index offers, somebody
//! signed for. Deliberately absent: a server, and anything that changes without the files.
//!
//! Each page is replaced as a whole, and only when it changed. The order is such that a reader never follows a link to a file
//! that is not there yet: files, METADATA, the pages of projects, the pages that name projects; then what no page names
//! any more is removed.

mod html;

pub mod inventory;

pub mod listing;

pub mod memory;

mod people;

mod simple;

pub mod yanked;

use crate::digest::Sha256;
use crate::limits::Limits;
use crate::refusal::Failure;
use crate::system::fs::{self, Kind};
use crate::system::store::{self, Stamp};
use crate::trust::verified::VerifiedManifest;
use inventory::Item;
use listing::FileName;
use people::{Project, Site};
use simple::Links;
use std::path::{Component, Path, PathBuf};

pub(super) use people::in_url;

/// How the files come to be where the pages say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// As further names of the same files, or as copies where the file system cannot do that or not everybody may read them.
    HardLink,
    /// As copies.
    Copy,
    /// As symbolic links.
    Symlink,
    /// Not at all: links lead out of the index to where the files are.
    Relative,
    /// Not at all: the files are to be found below this URL.
    At(String),
}

/// Where an index is made, and how.
#[derive(Debug)]
pub struct Request<'a> {
    /// The directory; the caller holds its lock.
    pub output: &'a Path,
    /// The title of the front page.
    pub title: &'a str,
    /// Where the files go.
    pub placement: &'a Placement,
    /// The signed list.
    pub manifest: Option<&'a VerifiedManifest>,
    /// Files that the list has and the directories do not.
    pub absent: usize,
    /// Bounds on what is read.
    pub limits: &'a Limits,
}

/// What a run changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that were written or linked.
    pub written: usize,
    /// Files that were as they should be.
    pub kept: usize,
    /// Names that were removed.
    pub removed: usize,
}

/// The name of an index page for the HTML form, which is what servers and `file://` look for.
const HTML: &str = "index.html";
/// The name of the same in JSON, as other mirrors call it.
const JSON: &str = "index.v1_json";

/// Brings the index level with `items`, which are sorted by project. A hard link changes the status of the linked file, so that the
/// stamps of the items are brought up to date.
///
/// # Errors
/// When the file system refuses, or a file is another one than was read.
pub fn publish(request: &Request<'_>, items: &mut [Item]) -> Result<Changes, Failure> {
    let mut tree = Tree { root: request.output, changes: Changes::default() };
    let links = links(request, items)?;
    if links.metadata {
        for item in items.iter_mut().filter(|item| item.is_offered()) {
            tree.place(item, request.placement)?;
            tree.metadata(item, request.limits)?;
        }
    }
    for file in own_files(request.manifest) {
        tree.put(&format!("files/{}", file.name), &file.bytes)?;
    }
    let projects: Vec<Project<'_>> = items
        .chunk_by(|one, other| one.name.project == other.name.project)
        .filter_map(|items| Some(Project { name: items.first()?.name.project.as_str(), items }))
        .collect();
    let site = Site { title: request.title, manifest: request.manifest, absent: request.absent };
    for project in &projects {
        let offered = || project.items.iter().filter(|item| item.is_offered());
        if offered().next().is_some() {
            let (name, at) = (project.name, format!("simple/{}", project.name));
            tree.put(&format!("{at}/{HTML}"), simple::files_html(name, offered(), &links).as_bytes())?;
            tree.put(&format!("{at}/{JSON}"), simple::files_json(name, offered(), &links).as_bytes())?;
        }
        let page = people::project(&site, project, &links);
        tree.put(&format!("projects/{}/{HTML}", project.name), page.as_bytes())?;
    }
    let offered = || projects.iter().filter(|project| project.items.iter().any(Item::is_offered)).map(|p| p.name);
    tree.put(&format!("simple/{HTML}"), simple::projects_html(offered()).as_bytes())?;
    tree.put(&format!("simple/{JSON}"), simple::projects_json(offered()).as_bytes())?;
    tree.put(HTML, people::front(&site, &projects).as_bytes())?;

    let offered: Vec<&str> = offered().collect();
    let all: Vec<&str> = projects.iter().map(|project| project.name).collect();
    let is_page = |name: &str| name == HTML || name == JSON;
    tree.sweep("simple", &mut |name| is_page(name) || offered.binary_search(&name).is_ok())?;
    tree.sweep("projects", &mut |name| all.binary_search(&name).is_ok())?;
    for name in &offered {
        tree.sweep(&format!("simple/{name}"), &mut |name| is_page(name))?;
    }
    for name in &all {
        tree.sweep(&format!("projects/{name}"), &mut |name| name == HTML)?;
    }
    fs::remove(&store::unfinished(&request.output.join(HTML)))?;
    let mut wanted: Vec<String> = own_files(request.manifest).map(|file| file.name.clone()).collect();
    if links.metadata {
        for item in items.iter().filter(|item| item.is_offered()) {
            wanted.push(item.name.text.clone());
            if item.described.is_some() {
                wanted.push(metadata_name(&item.name));
            }
        }
    }
    wanted.sort_unstable();
    tree.sweep("files", &mut |name| wanted.binary_search_by(|wanted| wanted.as_str().cmp(name)).is_ok())?;
    Ok(tree.changes)
}

/// The signed list and its signatures.
fn own_files(manifest: Option<&VerifiedManifest>) -> impl Iterator<Item = &crate::trust::InputFile> {
    manifest.into_iter().flat_map(|manifest| std::iter::once(manifest.manifest()).chain(manifest.signatures()))
}

fn metadata_name(name: &FileName) -> String {
    format!("{}.metadata", name.text)
}

/// Where links lead from pages that are two directories below the top.
fn links(request: &Request<'_>, items: &[Item]) -> Result<Links, Failure> {
    let prefix = match request.placement {
        Placement::HardLink | Placement::Copy | Placement::Symlink => {
            return Ok(Links { prefix: "../../files/".to_owned(), metadata: true });
        }
        Placement::At(url) => format!("{}/", url.trim_end_matches('/')),
        Placement::Relative => {
            let mut directories: Vec<&Path> = items.iter().map(|item| &*item.directory).collect();
            directories.sort_unstable();
            directories.dedup();
            let [directory] = directories.as_slice() else {
                return Err(Failure::unable_hint(
                    "relative links lead to one directory, and the files are in several",
                    "let the index have the files: `--files hard-link`",
                ));
            };
            let way = relative(&fs::canonicalize(request.output)?, directory);
            let parts: Vec<String> = way
                .components()
                .map(|part| match part {
                    Component::ParentDir => "..".to_owned(),
                    part => in_url(&part.as_os_str().to_string_lossy()),
                })
                .collect();
            format!("../../{}/", parts.join("/"))
        }
    };
    Ok(Links { prefix, metadata: false })
}

/// The way from the directory `from` to `to`, both absolute and resolved.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

/// The directory of the index, while it is changed.
struct Tree<'a> {
    root: &'a Path,
    changes: Changes,
}

impl Tree<'_> {
    /// Sees to it that the file `path` has the content `bytes`.
    fn put(&mut self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.root.join(path);
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let there = fs::status(&path)?;
        let is_same = match there {
            Some(status) if status.kind == Kind::File && status.size == size && status.mode == 0o644 => {
                fs::read(&path, size)? == bytes
            }
            _ => false,
        };
        if is_same {
            self.changes.kept += 1;
            return Ok(());
        }
        self.changes.written += 1;
        fs::replace(&path, bytes, 0o644)
    }

    /// Sees to it that the file of `item` is in the index.
    fn place(&mut self, item: &mut Item, placement: &Placement) -> Result<(), Failure> {
        let (from, to) = (item.path(), self.root.join("files").join(&item.name.text));
        fs::create_dir_all(&self.root.join("files"))?;
        if *placement == Placement::Symlink {
            let target = relative(&fs::canonicalize(&self.root.join("files"))?, &from);
            if fs::status(&to)?.is_some_and(|status| status.kind == Kind::Link) && fs::read_link(&to)? == target {
                self.changes.kept += 1;
                return Ok(());
            }
            self.changes.written += 1;
            return store::symbolic_link(&target, &to);
        }
        // a link to a link would be a link to what is outside of the index
        let from = fs::canonicalize(&from)?;
        let may_link = *placement == Placement::HardLink && item.stamp.mode & 0o444 == 0o444;
        let is_own_file = fs::status(&to)?.is_some_and(|status| status.kind == Kind::File);
        let there = if is_own_file { store::stamp(&to)? } else { None };
        let is_linked = there.is_some_and(|there| there.same_content(&item.stamp));
        if is_linked && may_link {
            self.changes.kept += 1;
            return Ok(());
        }
        if !is_linked && is_own_file && self.is_whole_copy(&to, there, item)? {
            self.changes.kept += 1;
            return Ok(());
        }
        self.changes.written += 1;
        if may_link && store::hard_link(&from, &to)? {
            // the link is to the file that was read, if nobody replaced that in between
            match store::stamp(&to)? {
                Some(stamp) if stamp.same_content(&item.stamp) => item.stamp = stamp,
                _ => {
                    fs::remove(&to)?;
                    return Err(inventory::changed(&item.name));
                }
            }
            return Ok(());
        }
        if store::copy_if(&from, &to, item.sha256)? == item.sha256 {
            Ok(())
        } else {
            Err(inventory::changed(&item.name))
        }
    }

    /// Whether the file `to` of the index has the content of `item`.
    fn is_whole_copy(&self, to: &Path, there: Option<Stamp>, item: &Item) -> Result<bool, Failure> {
        if there.is_none_or(|there| there.size != item.stamp.size || there.mode != 0o644) {
            return Ok(false);
        }
        Ok(fs::digest(to)?.0 == item.sha256)
    }

    /// Sees to it that METADATA of a wheel is beside it.
    fn metadata(&mut self, item: &Item, limits: &Limits) -> Result<(), Failure> {
        let Some(described) = &item.described else { return Ok(()) };
        let path = self.root.join("files").join(metadata_name(&item.name));
        let is_there = fs::status(&path)?
            .is_some_and(|there| there.kind == Kind::File && there.size <= limits.metadata_size && there.mode == 0o644);
        if is_there && Sha256::of(&fs::read(&path, limits.metadata_size)?) == described.metadata {
            self.changes.kept += 1;
            return Ok(());
        }
        let (bytes, _) = inventory::metadata(&item.path(), &item.name, limits)?;
        if Sha256::of(&bytes) != described.metadata {
            return Err(inventory::changed(&item.name));
        }
        self.changes.written += 1;
        fs::replace(&path, &bytes, 0o644)
    }

    /// Removes what is in `directory` and is not wanted: what was withdrawn, and what a killed run left.
    fn sweep(&mut self, directory: &str, is_wanted: &mut dyn FnMut(&str) -> bool) -> Result<(), Failure> {
        let directory = self.root.join(directory);
        if fs::status(&directory)?.is_none() {
            return Ok(());
        }
        for name in fs::names(&directory)? {
            if !name.to_str().is_some_and(&mut *is_wanted) {
                self.changes.removed += 1;
                fs::remove(&directory.join(name))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_between_directories() {
        for (from, to, way) in
            [("/a/b", "/a/c", "../c"), ("/a/b", "/a/b/c", "c"), ("/a/b/c", "/a", "../.."), ("/a", "/b/c", "../b/c")]
        {
            assert_eq!(relative(Path::new(from), Path::new(to)), Path::new(way), "{from} {to}");
        }
    }
}
