//! What a package did to its environment after the installation: what is in order, and what is not.
//!
//! Enters: a [`Listing`] with the paths that may change, the differences from it, and where the package is put together. Leaves: a
//! [`Verdict`]: what was changed on purpose, what was added, or every refusal. Nothing is read or written here. A path that may
//! change and did not is refused like one that may not and did: the list in the package's provenance record is then exact. What
//! a changed or added file holds is deliberately not judged; it is the package's own, and debian/rules says how it is made.

use super::compare::Difference;
use super::list::{Item, Listing};
use super::write::is_byte_code;
use crate::code::Code;
use crate::plan::below;
use crate::plan::layout::{belongs_to_the_environment, is_searched_for_modules};
use crate::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Where a package may not lead: users write or live there (<https://www.debian.org/doc/debian-policy/ch-opersys.html>).
const NOBODYS: &[&str] = &["/tmp", "/var/tmp", "/dev/shm", "/home", "/root", "/run/user"];

/// Set-user-ID and set-group-ID.
const SET_ID: u32 = 0o6000;

/// What a package did to its environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Listed paths, in order, and what became of them.
    pub changed: BTreeMap<String, Became>,
    /// Paths of files and links that nobody planned, in order.
    pub added: BTreeSet<String>,
    /// Added paths that have no added directory above them, with the number of files in them; `None` for what is no directory.
    pub tops: BTreeMap<String, Option<usize>>,
}

/// What became of a planned file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// Another file.
    File,
    /// A symbolic link.
    Link,
    /// Nothing.
    Absent,
}

/// The permission bits that a file or directory of an environment has in the package, whatever modes the files had that a hook copied. These are
/// what dh_fixperms makes of them, which ran before.
pub fn settled_mode(mode: u32, is_directory: bool) -> u32 {
    if is_directory || mode & 0o100 != 0 { 0o755 } else { 0o644 }
}

/// Judges `differences` from `listing`, found where the package is put together below `destdir`, in the build tree `tree`; both are
/// absolute, without links.
///
/// # Errors
/// Every difference that is not in order, and every change that was not made.
pub fn judge(
    listing: &Listing,
    differences: &[Difference],
    destdir: &Path,
    tree: &Path,
) -> Result<Verdict, Vec<Refusal>> {
    let mut verdict = Verdict::default();
    let mut refusals = Vec::new();
    // listed paths that are something that must not be
    let mut refused = BTreeSet::new();
    for Difference { path, expected, found } in differences {
        let safe = found.as_ref().map_or(Ok(()), |item| is_safe(path, item, &[destdir, tree]));
        let safe = match (expected, found) {
            (None, Some(item)) => {
                safe.and_then(|()| misleads(listing, path).map_or(Ok(()), |why| Err(unsafe_item(path, item, why))))
            }
            _ => safe,
        };
        match (expected, found) {
            (None, Some(item)) => {
                if !matches!(item, Item::Directory { .. }) && is_byte_code(Path::new(path)) {
                    refusals.push(
                        Refusal::new(Code::ByteCodeLeft, format!("`{path}` was compiled while the package was built"))
                            .hint("run the environment's Python with `-B` in hooks of debian/rules"),
                    );
                } else if let Err(refusal) = safe {
                    refusals.push(refusal);
                } else {
                    verdict.add(path, item);
                }
            }
            (Some(expected), found) if listing.changes.contains(path) => {
                if let Err(refusal) = safe {
                    refused.insert(path);
                    refusals.push(refusal);
                } else if matches!(found, Some(Item::Directory { .. })) {
                    refused.insert(path);
                    refusals.push(changed(path, expected, found.as_ref()));
                } else if let Some(became) = became(expected, found.as_ref()) {
                    verdict.changed.insert(path.clone(), became);
                }
            }
            (Some(Item::Directory { .. }), None) if everything_is_listed(listing, path) => {}
            (Some(expected), found) => refusals.push(changed(path, expected, found.as_ref())),
            (None, None) => {}
        }
    }
    let modules = Modules::of(listing);
    for Difference { path: by, expected, found } in differences {
        let is_link = match (expected, found) {
            (None, Some(Item::Link { .. })) => true,
            (None, Some(Item::File { .. })) => false,
            _ => continue,
        };
        for hidden in modules.hidden_by(by, is_link) {
            if listing.changes.contains(hidden) {
                verdict.changed.insert(hidden.to_owned(), Became::Absent);
            } else {
                refusals.push(
                    Refusal::new(Code::InstalledFileChanged, format!("`{hidden}` is not what Python finds any more"))
                        .found(format!("`{by}`, which was added and comes first")),
                );
            }
        }
    }
    let is_same = |path: &&String| !verdict.changed.contains_key(*path) && !refused.contains(*path);
    for path in listing.changes.iter().filter(is_same) {
        refusals.push(
            Refusal::new(Code::ChangeNotMade, format!("`{path}` is what was installed, and `changes` lists it"))
                .hint("take it out of `changes`, or look why the hook of debian/rules did nothing"),
        );
    }
    if refusals.is_empty() { Ok(verdict) } else { Err(refusals) }
}

impl Verdict {
    fn add(&mut self, path: &str, item: &Item) {
        let is_directory = matches!(item, Item::Directory { .. });
        let top = path.match_indices('/').find_map(|(at, _)| path.get(..at).filter(|top| self.tops.contains_key(*top)));
        match top.and_then(|top| self.tops.get_mut(top)) {
            Some(Some(count)) if !is_directory => *count += 1,
            Some(_) => {}
            None => {
                self.tops.insert(path.to_owned(), is_directory.then_some(0));
            }
        }
        if !is_directory {
            self.added.insert(path.to_owned());
        }
    }
}

/// What became of a listed file; `None` if nothing or only the umask made a difference.
fn became(expected: &Item, found: Option<&Item>) -> Option<Became> {
    match found {
        None => Some(Became::Absent),
        Some(Item::Link { .. }) => Some(Became::Link),
        Some(Item::File { mode, size, sha256 }) => {
            let settled = Item::File { mode: settled_mode(*mode, false), size: *size, sha256: sha256.clone() };
            (settled != *expected).then_some(Became::File)
        }
        // refused before
        Some(Item::Directory { .. } | Item::Special) => None,
    }
}

/// Whether every file of the directory `path` is listed, and there is one.
fn everything_is_listed(listing: &Listing, path: &str) -> bool {
    let mut files = listing
        .items
        .iter()
        .filter(|(inner, item)| !matches!(item, Item::Directory { .. }) && below(inner, path).is_some())
        .peekable();
    files.peek().is_some() && files.all(|(inner, _)| listing.changes.contains(inner))
}

fn changed(path: &str, expected: &Item, found: Option<&Item>) -> Refusal {
    Refusal::new(Code::InstalledFileChanged, format!("`{path}` is not what was installed"))
        .expected(expected.to_string())
        .found(found.map_or("nothing".to_owned(), ToString::to_string))
        .hint("look for an override or a hook in debian/rules that works on the whole package after dh_rustvenv")
}

/// Whether a package should have `item` at `path`.
fn is_safe(path: &str, item: &Item, builds: &[&Path]) -> Result<(), Refusal> {
    let why = match item {
        Item::Special => Some("files, directories and links"),
        Item::File { mode, .. } if mode & SET_ID != 0 => Some("a file without set-user-ID and set-group-ID bits"),
        Item::Link { target } if !leads_into_packages(path, target, builds) => {
            Some("a link to a place that packages bring or configure, best relative to the link itself")
        }
        _ => None,
    };
    why.map_or(Ok(()), |why| Err(unsafe_item(path, item, why)))
}

fn unsafe_item(path: &str, item: &Item, why: &str) -> Refusal {
    let message = format!("`{path}` is nothing for a package");
    Refusal::new(Code::AddedFileUnsafe, message).expected(why).found(item.to_string())
}

/// Whether the link at `path`, relative to the root of the package, leads neither above that root, nor into one of `builds`, nor
/// where users write.
fn leads_into_packages(path: &str, target: &str, builds: &[&Path]) -> bool {
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(path.split('/'));
        parts.pop();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            part => parts.push(part),
        }
    }
    let resolved = format!("/{}", parts.join("/"));
    let is_build = target.starts_with('/') && builds.iter().any(|build| Path::new(&resolved).starts_with(build));
    !target.is_empty() && !is_build && !NOBODYS.iter().any(|place| below(&resolved, place).is_some())
}

/// Why nothing may be added at `path`, though it would be a plain file or link: the interpreter would take it for something of the
/// environment itself, or an auditor would.
fn misleads(listing: &Listing, path: &str) -> Option<&'static str> {
    let inside = below(path, &listing.location)?;
    if let Some(why) = belongs_to_the_environment(inside) {
        return Some(why);
    }
    let is_planned = |directory: &str| {
        let directory = format!("{}/{directory}", listing.location);
        matches!(listing.items.get(&directory), Some(Item::Directory { .. }))
    };
    let mut parts = inside.split('/');
    let is_in_site_packages = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("lib"), Some(python), Some("site-packages"), Some(name)) => {
            let directory = format!("lib/{python}/site-packages");
            if name.ends_with(".dist-info") && is_planned(&format!("{directory}/{name}")) {
                return Some("only the wheel itself says what is known of it");
            }
            is_planned(&directory)
        }
        _ => false,
    };
    (is_searched_for_modules(inside) && !is_in_site_packages).then_some("modules in site-packages of its own Python")
}

/// The planned modules, and in which order Python looks for what stands for one: packages before extension modules, these before
/// sources, and directories that are no packages last (`importlib.machinery.FileFinder`).
struct Modules<'a> {
    listing: &'a Listing,
    /// The files of each module, by its path without a suffix.
    files: BTreeMap<String, Vec<(u8, &'a str)>>,
}

impl<'a> Modules<'a> {
    fn of(listing: &'a Listing) -> Self {
        let mut files: BTreeMap<String, Vec<(u8, &str)>> = BTreeMap::new();
        for (path, _) in listing.items.iter().filter(|(_, item)| matches!(item, Item::File { .. })) {
            if let Some((module, rank)) = module(path) {
                files.entry(module).or_default().push((rank, path));
            }
        }
        Self { listing, files }
    }

    /// The planned files that Python finds no more once there is `added`.
    fn hidden_by(&self, added: &str, is_link: bool) -> Vec<&'a str> {
        let Some((module, rank)) = module(added).or_else(|| is_link.then(|| (added.to_owned(), 0))) else {
            return Vec::new();
        };
        if let Some(files) = self.files.get(&module) {
            return files.iter().filter(|(planned, _)| rank < *planned).map(|(_, path)| *path).collect();
        }
        if rank < AS_FILE {
            // the directory becomes a package and keeps what is in it
            return Vec::new();
        }
        let directory = format!("{module}/");
        let inner = self.listing.items.range(directory.clone()..).map(|(path, _)| path.as_str());
        inner.take_while(|path| path.starts_with(&directory)).filter(|path| self::module(path).is_some()).collect()
    }
}

/// The rank of what is not a package; those that are come before.
const AS_FILE: u8 = 10;

/// The module that the file at `path` stands for, as a path without suffix, and how early Python finds it; `None` when it cannot be
/// imported.
fn module(path: &str) -> Option<(String, u8)> {
    let (directory, name) = path.rsplit_once('/').filter(|_| path.contains("/site-packages/"))?;
    let (stem, suffix) = name.split_once('.')?;
    let rank = match suffix {
        "abi3.so" => 1,
        "so" => 2,
        "py" => 3,
        "pyc" => 4,
        tagged => tagged.ends_with(".so").then_some(0)?,
    };
    if stem == "__init__" {
        Some((directory.to_owned(), rank))
    } else {
        Some((format!("{directory}/{stem}"), AS_FILE + rank))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(mode: u32, content: &str) -> Item {
        Item::File { mode, size: 1, sha256: content.to_owned() }
    }

    fn listing(changes: &[&str]) -> Listing {
        let items = [
            ("opt/e", Item::Directory { mode: 0o755 }),
            ("opt/e/lib", Item::Directory { mode: 0o755 }),
            ("opt/e/lib/site-packages", Item::Directory { mode: 0o755 }),
            ("opt/e/lib/site-packages/a.py", file(0o644, "a")),
            ("opt/e/lib/site-packages/b.py", file(0o644, "b")),
        ];
        Listing {
            location: "opt/e".to_owned(),
            items: items.into_iter().map(|(path, item)| (path.to_owned(), item)).collect(),
            changes: changes.iter().map(|name| format!("opt/e/lib/site-packages/{name}")).collect(),
        }
    }

    fn judged(changes: &[&str], found: &[(&str, Option<Item>)]) -> Result<Verdict, Vec<&'static str>> {
        let listing = listing(changes);
        let mut differences = Vec::new();
        for (path, found) in found {
            let path = format!("opt/e/{path}");
            differences.push(Difference { expected: listing.items.get(&path).cloned(), found: found.clone(), path });
        }
        judge(&listing, &differences, Path::new("/build/x/debian/x"), Path::new("/build/x"))
            .map_err(|refusals| refusals.iter().map(|refusal| refusal.code.name()).collect())
    }

    #[test]
    fn what_is_listed_changes_and_nothing_else_does() {
        let (a, b) = ("lib/site-packages/a.py", "lib/site-packages/b.py");
        assert_eq!(judged(&[], &[]), Ok(Verdict::default()));
        for found in [Some(file(0o644, "x")), Some(file(0o755, "a")), None, Some(Item::Link { target: "b.py".into() })]
        {
            assert_eq!(judged(&["a.py"], &[(a, found.clone())]).unwrap().changed.len(), 1, "{found:?}");
            assert_eq!(judged(&[], &[(a, found.clone())]), Err(vec!["installed-file-changed"]));
            let both = judged(&["a.py"], &[(a, found.clone()), (b, found.clone())]);
            assert_eq!(both, Err(vec!["installed-file-changed"]), "{found:?}");
        }
        let directory = Some(Item::Directory { mode: 0o755 });
        assert_eq!(judged(&["a.py"], &[(a, directory)]), Err(vec!["installed-file-changed"]));
        assert_eq!(judged(&["a.py"], &[(a, Some(Item::Special))]), Err(vec!["added-file-unsafe"]));
        // only the umask
        assert_eq!(judged(&["a.py"], &[(a, Some(file(0o600, "a")))]), Err(vec!["change-not-made"]));
        assert_eq!(judged(&["a.py", "b.py"], &[(b, None)]), Err(vec!["change-not-made"]));
    }

    #[test]
    fn a_directory_goes_with_all_that_was_in_it() {
        let gone = [("lib/site-packages", None), ("lib/site-packages/a.py", None), ("lib/site-packages/b.py", None)];
        assert_eq!(judged(&["a.py", "b.py"], &gone).unwrap().changed.len(), 2);
        assert_eq!(judged(&["a.py"], &gone), Err(vec!["installed-file-changed"; 2]));
    }

    #[test]
    fn links_stay_among_what_packages_bring() {
        for (target, is_fine) in [
            ("../x", true),
            ("/etc/x.conf", true),
            ("../../../etc/x.conf", true),
            ("/opt/e/x", true),
            ("/var/lib/x", true),
            ("../../../../etc/x.conf", false),
            ("../../..", true),
            ("/../etc", false),
            ("/build/x/debian/x/opt/e/x", false),
            ("/build/x", false),
            ("/build/xy", true),
            ("/tmp", false),
            ("/dev/shm/x", false),
            ("/tmpfiles", true),
            ("../../../tmp", false),
            ("/usr/../home", false),
            ("", false),
        ] {
            let found = Some(Item::Link { target: target.to_owned() });
            assert_eq!(judged(&[], &[("lib/new", found)]).is_ok(), is_fine, "{target}");
        }
        assert!(judged(&[], &[("lib/new", Some(file(0o4755, "")))]).is_err());
        assert!(judged(&[], &[("lib/new", Some(file(0o2644, "")))]).is_err());
        assert!(judged(&[], &[("lib/new", Some(file(0o666, "")))]).is_ok());
    }

    #[test]
    fn what_hides_a_module_changes_it() {
        for added in ["a.so", "a.abi3.so", "a.cpython-311-x86_64-linux-gnu.so", "a/__init__.py", "a/__init__.abi3.so"] {
            let path = format!("lib/site-packages/{added}");
            let found = [(path.as_str(), Some(file(0o644, "")))];
            assert_eq!(judged(&[], &found), Err(vec!["installed-file-changed"]), "{added}");
            assert_eq!(judged(&["a.py"], &found).unwrap().changed.len(), 1, "{added}");
        }
        for added in ["c.so", "a/b.py", "ab.so", "a.so.txt", "a", "a.pyc", "x/__init__.py"] {
            let path = format!("lib/site-packages/{added}");
            assert!(judged(&[], &[(path.as_str(), Some(file(0o644, "")))]).is_ok(), "{added}");
        }
    }

    #[test]
    fn what_comes_first_hides_what_comes_later() {
        let planned = ["e/__init__.py", "f.abi3.so", "g.cpython-311-x86_64-linux-gnu.so", "n/m.py", "data/x.txt"];
        let items = planned.map(|name| (format!("opt/e/lib/site-packages/{name}"), file(0o644, "")));
        let listing = Listing { location: "opt/e".to_owned(), items: items.into(), changes: BTreeSet::new() };
        let judged = |added: &str, found: Item| {
            let path = format!("opt/e/lib/site-packages/{added}");
            let added = [Difference { path, expected: None, found: Some(found) }];
            judge(&listing, &added, Path::new("/b/x/debian/x"), Path::new("/b/x")).is_ok()
        };
        for added in
            ["e/__init__.so", "f.cpython-311-x86_64-linux-gnu.so", "f/__init__.py", "g/__init__.pyc", "n.py", "n.so"]
        {
            assert!(!judged(added, file(0o644, "")), "{added}");
        }
        for added in ["f", "g", "e/__init__.abi3.so"] {
            assert!(!judged(added, Item::Link { target: "other".to_owned() }), "{added}");
        }
        for added in ["f", "f.so", "f.py", "g.so", "g.abi3.so", "e.py", "e.so", "n/__init__.py", "data.py", "n/m.pyc"] {
            assert!(judged(added, file(0o644, "")), "{added}");
        }
    }

    #[test]
    fn what_the_interpreter_or_an_auditor_takes_for_the_environment_is_not_added() {
        let items = ["lib/python3.11/site-packages", "lib/python3.11/site-packages/a-1.dist-info", "bin"]
            .map(|path| (format!("opt/e/{path}"), Item::Directory { mode: 0o755 }));
        let listing = Listing { location: "opt/e".to_owned(), items: items.into(), changes: BTreeSet::new() };
        for (added, is_fine) in [
            ("bin/pyvenv.cfg", false),
            ("bin/python3.11._pth", false),
            ("bin/pybuilddir.txt", false),
            ("bin/python3.12", false),
            ("lib64", false),
            ("share/rustvenv/other.json", false),
            ("lib/python3/dist-packages/x.pth", false),
            ("local/lib/python3.11/dist-packages/x.py", false),
            ("lib/python3.12/site-packages/x.py", false),
            ("lib/python3.11/site-packages/a-1.dist-info/entry_points.txt", false),
            ("lib/python3.11/site-packages/b-1.dist-info/METADATA", true),
            ("lib/python3.11/site-packages/b.py", true),
            ("lib/node_modules/x/python.py", true),
            ("bin/node", true),
            ("share/rustvenv.conf", true),
            ("etc/pyvenv.cfg", true),
        ] {
            let path = format!("opt/e/{added}");
            let difference = [Difference { path, expected: None, found: Some(file(0o644, "")) }];
            let judged = judge(&listing, &difference, Path::new("/b/x/debian/x"), Path::new("/b/x"));
            assert_eq!(judged.is_ok(), is_fine, "{added}: {judged:?}");
        }
    }

    #[test]
    fn thousands_of_files_are_one_line() {
        let directory = || Some(Item::Directory { mode: 0o755 });
        let found = [
            ("etc", directory()),
            ("etc/a", Some(file(0o644, ""))),
            ("etc/b", directory()),
            ("etc/b/c", Some(file(0o644, ""))),
            ("etc.conf", Some(file(0o644, ""))),
        ];
        let tops = judged(&[], &found).unwrap().tops;
        assert_eq!(
            tops.into_iter().collect::<Vec<_>>(),
            [("opt/e/etc".to_owned(), Some(2)), ("opt/e/etc.conf".to_owned(), None)]
        );
    }
}
