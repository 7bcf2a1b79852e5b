//! What an environment itself offers to the ELF files in it.
//!
//! Enters: the files that can be loaded, and those that are for another architecture. Leaves: whether a library that a file
//! needs is in the environment, and which files are loaded because something names them. The search is that of the dynamic
//! loader (ld.so(8)) as far as files say where they look; in which order Python loads modules is not known here.

use super::elf::{ElfKind, ElfNeeds};
use super::foreign::{ElfFile, is_extension_module};
use std::collections::{BTreeMap, BTreeSet};

/// What the environment itself can offer.
pub struct Inside<'a> {
    /// Paths of the files, `/` between components and none in front.
    paths: BTreeSet<String>,
    /// Sonames and file names.
    names: BTreeSet<&'a str>,
}

impl<'a> Inside<'a> {
    /// What `files` offer to each other.
    pub fn of(files: &'a [ElfFile]) -> Self {
        let shared = || files.iter().filter(|file| file.needs.kind == ElfKind::Shared);
        let paths = shared().filter_map(|file| normal(&file.path)).collect();
        let file_names = shared().filter_map(|file| file.path.rsplit('/').next());
        let names = shared().filter_map(|file| file.needs.soname.as_deref()).chain(file_names).collect();
        Self { paths, names }
    }

    /// Whether any file is called `soname` or has that soname, wherever it is.
    pub fn has(&self, soname: &str) -> bool {
        self.names.contains(soname)
    }

    /// Whether the search path of the file at `path` leads to a library `soname`.
    pub fn is_found(&self, path: &str, needs: &ElfNeeds, soname: &str) -> bool {
        let origin = path.rsplit_once('/').map_or("", |(directory, _)| directory);
        needs.search.iter().any(|entry| {
            let directory = ["$ORIGIN", "${ORIGIN}"]
                .iter()
                .find_map(|token| entry.strip_prefix(token))
                .filter(|rest| rest.is_empty() || rest.starts_with('/'))
                .map_or_else(|| entry.clone(), |rest| format!("{origin}{rest}"));
            normal(&format!("{directory}/{soname}")).is_some_and(|found| self.paths.contains(&found))
        })
    }
}

/// `path` without `.`, `..` and empty components; `None` when it leads above the root.
fn normal(path: &str) -> Option<String> {
    let mut components = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." => {
                components.pop()?;
            }
            name => components.push(name),
        }
    }
    Some(components.join("/"))
}

/// Paths of the files that are loaded because something names them: programs, extension modules, and the libraries that these
/// need, directly or not. A file called `lib*.so*` is no module by its name, unless that has the tag of an ABI (pandas has
/// `lib.cpython-311-x86_64-linux-gnu.so`) or the file has a module's function; else it is loaded if one of the others needs it,
/// or by code that knows its path and has to live with its absence.
pub fn loaded_by_name(files: &[ElfFile]) -> BTreeSet<&str> {
    let file_name = |path: &'_ str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut waiting = Vec::new();
    for (index, ElfFile { path, needs, .. }) in files.iter().enumerate() {
        let name = file_name(path);
        let is_program = needs.kind == ElfKind::Executable || needs.interpreter.is_some();
        if is_program || needs.is_module || is_extension_module(path) || !name.starts_with("lib") {
            waiting.push(index);
        }
        if let Some(soname) = needs.soname.as_ref().filter(|soname| **soname != name) {
            by_name.entry(soname.clone()).or_default().push(index);
        }
        by_name.entry(name).or_default().push(index);
    }
    let mut found = BTreeSet::new();
    while let Some(ElfFile { path, needs, .. }) = waiting.pop().and_then(|index| files.get(index)) {
        if found.insert(path.as_str()) {
            waiting.extend(needs.needed.iter().filter_map(|soname| by_name.get(soname)).flatten());
        }
    }
    found
}
