//! The packages that the ELF files of an environment need, with lower bounds.
//!
//! Enters: what each file needs ([`ElfNeeds`]) with its path in the package, the package's architecture and its Python.
//! Leaves: one [`Dependency`] for each package, or every reason why the files could not be loaded. A need is looked for
//! inside the environment first. dpkg-shlibdeps is deliberately not asked: it knows the libraries of the machine that
//! builds, and cannot follow wheels whose libraries are found through the one that loads them.

use super::elf::{ElfKind, ElfNeeds};
use super::libraries::{self, Bound};
use crate::code::Code;
use crate::python::architecture::{Architecture, ElfClass, Endianness};
use crate::refusal::Refusal;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A package that has to be installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// The binary package.
    pub package: String,
    /// The lowest version that will do; `None` when every version does.
    pub at_least: Option<String>,
}

impl fmt::Display for Dependency {
    /// As a Depends field has it: `libc6 (>= 2.28)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.package)?;
        self.at_least.as_ref().map_or(Ok(()), |version| write!(f, " (>= {version})"))
    }
}

/// What the ELF files of a package need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// At most one dependency for each package.
    pub packages: BTreeSet<Dependency>,
    /// Libraries that no known package has, or not with the symbol version in brackets, each with the files that will not load for want of it. No module that can be
    /// imported and no program needs any of these files.
    pub unmet: BTreeMap<String, BTreeSet<String>>,
}

/// What `files`, each with its path in the package, need on `architecture` under Python `interpreter` (major, minor).
///
/// Wheels of toolkits ship plugins for more libraries than anybody has (PyQt6: database drivers, themes). What such a plugin needs
/// and no package has is reported and not refused, as long as nothing that Python or the kernel loads by its name needs the
/// plugin; see `loaded_by_name`.
///
/// A library of the distribution counts as being inside only where the search path of the file leads to it; any other
/// library also when a file of that name is anywhere in the set, because wheels load their libraries in the order that
/// they need.
///
/// # Errors
/// Every file that could not be loaded: made for another architecture, started by another loader, or in need of a
/// library ([`Code::LibraryUnknown`]) or of a symbol version ([`Code::LibraryVersionUnknown`]) that no known package
/// has.
pub fn depends(
    files: &[(String, ElfNeeds)],
    architecture: &Architecture,
    interpreter: (u32, u32),
) -> Result<Needs, Vec<Refusal>> {
    let inside = Inside::of(files);
    let loaded = loaded_by_name(files);
    let mut unmet: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut refusals = Vec::new();
    let mut packages = Packages::default();
    for (path, needs) in files.iter().filter(|(_, needs)| is_loadable(needs)) {
        if let Some(refusal) = wrong_architecture(path, needs, architecture) {
            refusals.push(refusal);
            continue;
        }
        refusals.extend(wrong_loader(path, needs, architecture));
        let optional = !loaded.contains(path.as_str());
        for soname in sonames(needs) {
            let library = libraries::find(soname, architecture, interpreter);
            if inside.solves(path, needs, soname, library.is_some()) {
                continue;
            }
            let Some(library) = library else {
                // a version without its library: the loader looks no further than at what is loaded
                if needs.needed.iter().any(|needed| needed == soname) {
                    if optional && !is_never_right(soname) {
                        unmet.entry(soname.to_owned()).or_default().insert(path.clone());
                    } else {
                        refusals.push(unknown_library(path, soname, interpreter));
                    }
                }
                continue;
            };
            let nodes = || needs.versions.get(soname).into_iter().flatten();
            let unknown = |node: &&String| library.bound(node).is_none();
            if let Some(node) = nodes().find(unknown).filter(|_| optional) {
                unmet.entry(format!("{soname} ({node})")).or_default().insert(path.clone());
                continue;
            }
            packages.add(&library.package, &Bound::Any);
            for node in nodes() {
                match library.bound(node) {
                    Some(bound) => packages.add(&library.package, &bound),
                    None => refusals.push(unknown_version(path, soname, node, &library.package)),
                }
            }
        }
    }
    if refusals.is_empty() {
        Ok(Needs { packages: packages.finish(), unmet })
    } else {
        refusals.sort();
        refusals.dedup();
        Err(refusals)
    }
}

/// Paths of the files that are loaded because something names them: programs, extension modules, and the libraries that these
/// need, directly or not. A file called `lib*.so*` is no module by its name, unless that has the tag of an ABI (pandas has
/// `lib.cpython-311-x86_64-linux-gnu.so`) or the file has a module's function; else it is loaded if one of the others needs it,
/// or by code that knows its path and has to live with its absence.
fn loaded_by_name(files: &[(String, ElfNeeds)]) -> BTreeSet<&str> {
    let file_name = |path: &'_ str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut waiting = Vec::new();
    for (index, (path, needs)) in files.iter().enumerate() {
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
    while let Some((path, needs)) = waiting.pop().and_then(|index| files.get(index)) {
        if found.insert(path.as_str()) {
            waiting.extend(needs.needed.iter().filter_map(|soname| by_name.get(soname)).flatten());
        }
    }
    found
}

/// Whether the file is called as CPython's extension modules are, with the tag of an ABI
/// (<https://peps.python.org/pep-3149/>).
pub(super) fn is_extension_module(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let tag = name.strip_suffix(".so").and_then(|stem| stem.rsplit_once('.')).map(|(_, tag)| tag);
    tag.is_some_and(|tag| tag.starts_with("cpython-") || matches!(tag, "abi3" | "abi3t"))
}

/// Whether no machine with Debian can have the library: that of another C library or of another Python.
fn is_never_right(soname: &str) -> bool {
    soname.starts_with("libpython") || is_musl(soname)
}

fn is_musl(name: &str) -> bool {
    // musl's library is called libc.so where a distribution does not rename it
    name.contains("musl") || name == "libc.so"
}

/// Whether a loader is ever to see the file.
fn is_loadable(needs: &ElfNeeds) -> bool {
    matches!(needs.kind, ElfKind::Executable | ElfKind::Shared)
}

fn sonames(needs: &ElfNeeds) -> BTreeSet<&str> {
    needs.needed.iter().chain(needs.versions.keys()).map(String::as_str).collect()
}

/// The lower bounds collected so far.
#[derive(Default)]
struct Packages(BTreeMap<String, Option<String>>);

impl Packages {
    fn add(&mut self, package: &str, bound: &Bound) {
        let entry = self.0.entry(package.to_owned()).or_default();
        let Bound::AtLeast(version) = bound else { return };
        let higher = |known: &String| libraries::compare_versions(version, known) == Ordering::Greater;
        if entry.as_ref().is_none_or(higher) {
            *entry = Some(version.clone());
        }
    }

    fn finish(self) -> BTreeSet<Dependency> {
        self.0.into_iter().map(|(package, at_least)| Dependency { package, at_least }).collect()
    }
}

/// What the environment itself can offer.
struct Inside<'a> {
    /// Paths of the files, `/` between components and none in front.
    paths: BTreeSet<String>,
    /// Sonames and file names.
    names: BTreeSet<&'a str>,
}

impl<'a> Inside<'a> {
    fn of(files: &'a [(String, ElfNeeds)]) -> Self {
        let shared = || files.iter().filter(|(_, needs)| needs.kind == ElfKind::Shared);
        let paths = shared().filter_map(|(path, _)| normal(path)).collect();
        let file_names = shared().filter_map(|(path, _)| path.rsplit('/').next());
        let names = shared().filter_map(|(_, needs)| needs.soname.as_deref()).chain(file_names).collect();
        Self { paths, names }
    }

    fn solves(&self, path: &str, needs: &ElfNeeds, soname: &str, is_of_the_system: bool) -> bool {
        if !is_of_the_system {
            return self.names.contains(soname);
        }
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

pub(super) fn wrong_architecture(path: &str, needs: &ElfNeeds, architecture: &Architecture) -> Option<Refusal> {
    let facts = architecture.elf();
    let same = (needs.machine, needs.class, needs.endianness) == (facts.machine, facts.class, facts.endianness);
    if same && facts.accepts_flags(needs.e_flags) {
        return None;
    }
    let refusal =
        Refusal::new(Code::ElfArchitecture, format!("`{path}` is for another architecture than {architecture}"))
            .expected(look(facts.machine, facts.class, facts.endianness))
            .hint("take the wheel that was built for this architecture, or leave the file out of the wheel");
    Some(if same {
        refusal.found(format!("another calling convention: flags {:#x}", needs.e_flags))
    } else {
        refusal.found(look(needs.machine, needs.class, needs.endianness))
    })
}

fn look(machine: u16, class: ElfClass, endianness: Endianness) -> String {
    let known = Architecture::all().find(|architecture| {
        let facts = architecture.elf();
        (facts.machine, facts.class, facts.endianness) == (machine, class, endianness)
    });
    let bits = match class {
        ElfClass::Elf32 => "32-bit",
        ElfClass::Elf64 => "64-bit",
    };
    let order = match endianness {
        Endianness::Little => "little-endian",
        Endianness::Big => "big-endian",
    };
    let name = known.map(|architecture| format!("{architecture}, ")).unwrap_or_default();
    format!("{name}ELF machine {machine}, {bits}, {order}")
}

fn wrong_loader(path: &str, needs: &ElfNeeds, architecture: &Architecture) -> Option<Refusal> {
    let loader = architecture.elf().loader;
    let found = needs.interpreter.as_deref().filter(|found| *found != loader)?;
    let refusal = Refusal::new(
        Code::LibraryUnknown,
        format!("`{path}` is started by a loader that {architecture} does not have"),
    );
    Some(refusal.expected(loader).found(found).hint(hint(found)))
}

fn unknown_library(path: &str, soname: &str, interpreter: (u32, u32)) -> Refusal {
    let refusal = Refusal::new(Code::LibraryUnknown, format!("`{path}` needs the library `{soname}`"));
    if soname.starts_with("libpython") {
        let (major, minor) = interpreter;
        return refusal
            .expected(format!("libpython{major}.{minor}.so.1.0, or better none: extension modules need no libpython"))
            .hint("take the wheel that was built for this Python");
    }
    refusal
        .expected("a library that is in the environment, or one of the distribution whose package is known")
        .hint(hint(soname))
}

fn hint(library: &str) -> &'static str {
    let name = library.rsplit('/').next().unwrap_or(library);
    if is_musl(name) {
        "it is linked with musl, and Debian's C library is glibc: take the manylinux wheel of the same release"
    } else {
        "lock the wheel that ships it, or have `auditwheel repair` put it into this wheel before that is signed"
    }
}

fn unknown_version(path: &str, soname: &str, node: &str, package: &str) -> Refusal {
    let refusal = Refusal::new(
        Code::LibraryVersionUnknown,
        format!("`{path}` needs `{soname}` with the symbol version `{node}`"),
    );
    if node.ends_with("_PRIVATE") {
        refusal.expected("versions that programs may use").hint(format!(
            "the wheel uses what is internal to {package} and would break with its next release; rebuild it"
        ))
    } else {
        refusal
            .expected(format!("a version that some release of {package} is known to have"))
            .hint("take a wheel with a lower manylinux tag, or a newer dh-rustvenv")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amd64() -> Architecture {
        Architecture::from_debian("amd64").unwrap()
    }

    fn library(needed: &[&str], versions: &[(&str, &[&str])]) -> ElfNeeds {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        ElfNeeds {
            kind: ElfKind::Shared,
            machine: 62,
            class: ElfClass::Elf64,
            endianness: Endianness::Little,
            e_flags: 0,
            soname: None,
            needed: owned(needed),
            search: Vec::new(),
            versions: versions
                .iter()
                .map(|(library, nodes)| ((*library).to_owned(), owned(nodes).into_iter().collect()))
                .collect(),
            interpreter: None,
            dynamic: true,
            is_module: false,
        }
    }

    const LIB: &str = "opt/venvs/app/lib/python3.11/site-packages";

    fn solve(files: &[(&str, ElfNeeds)]) -> Result<String, String> {
        let files: Vec<_> = files.iter().map(|(path, needs)| (format!("{LIB}/{path}"), needs.clone())).collect();
        let joined = |items: Vec<String>, with: &str| items.join(with);
        depends(&files, &amd64(), (3, 11))
            .map(|found| joined(found.packages.iter().map(ToString::to_string).collect(), ", "))
            .map_err(|refusals| joined(refusals.iter().map(ToString::to_string).collect(), "\n"))
    }

    #[test]
    fn the_highest_bound_of_each_package_wins() {
        let needed = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1", "libGL.so.1"];
        let one = library(
            &needed,
            &[
                ("libc.so.6", &["GLIBC_2.2.5", "GLIBC_2.9", "GLIBC_2.17"]),
                ("libm.so.6", &["GLIBC_2.27"]),
                ("libgcc_s.so.1", &["GCC_3.0", "GCC_4.2.0"]),
                ("libstdc++.so.6", &["GLIBCXX_3.4.9", "GLIBCXX_3.4.23", "CXXABI_1.3.9"]),
                ("libz.so.1", &["ZLIB_1.2.9", "ZLIB_1.2.0"]),
            ],
        );
        let two = library(&["libc.so.6"], &[("libc.so.6", &["GLIBC_2.14"])]);
        assert_eq!(
            solve(&[("one.so", one), ("two.so", two)]).unwrap(),
            "libc6 (>= 2.27), libgcc-s1 (>= 4.2), libgl1, libstdc++6 (>= 10.2), zlib1g (>= 1:1.2.11.dfsg)"
        );
    }

    #[test]
    fn what_is_inside_is_no_dependency() {
        let user = library(&["libopenblas-1234.so", "libfoo.so.3", "libc.so.6"], &[("libfoo.so.3", &["FOO_PRIVATE"])]);
        let by_file_name = library(&["libc.so.6"], &[]);
        let by_soname = ElfNeeds { soname: Some("libfoo.so.3".to_owned()), ..library(&[], &[]) };
        let files = [("p/_x.so", user), ("p.libs/libopenblas-1234.so", by_file_name), ("q/libfoo.so", by_soname)];
        assert_eq!(solve(&files).unwrap(), "libc6");
    }

    #[test]
    fn a_copy_of_a_system_library_counts_where_the_search_path_leads_to_it() {
        let user = |search: &[&str]| ElfNeeds {
            search: search.iter().map(|entry| (*entry).to_owned()).collect(),
            ..library(&["libz.so.1"], &[("libz.so.1", &["ZLIB_1.2.9"])])
        };
        let copy = ElfNeeds { soname: Some("libz.so.1".to_owned()), ..library(&[], &[]) };
        let with =
            |search: &[&str]| solve(&[("p/sub/_x.so", user(search)), ("p.libs/libz.so.1", copy.clone())]).unwrap();
        for inside in [
            &["/nowhere", "$ORIGIN/../../p.libs"][..],
            &["${ORIGIN}/../../p.libs/."][..],
            &["/opt/venvs/app/lib/python3.11/site-packages/p.libs"][..],
        ] {
            assert_eq!(with(inside), "", "{inside:?}");
        }
        for outside in [
            &[][..],
            &["$ORIGIN"][..],
            &["$ORIGIN/../../q.libs"][..],
            &["$ORIGINAL/../../p.libs"][..],
            &["../p.libs"][..],
        ] {
            assert_eq!(with(outside), "zlib1g (>= 1:1.2.11.dfsg)", "{outside:?}");
        }
    }

    #[test]
    fn linker_input_is_ignored_and_static_programs_need_nothing() {
        let object =
            ElfNeeds { kind: ElfKind::Relocatable, machine: 247, dynamic: false, ..library(&["libx.so"], &[]) };
        let static_program = ElfNeeds { kind: ElfKind::Executable, dynamic: false, ..library(&[], &[]) };
        assert_eq!(solve(&[("bpf.o", object), ("tool", static_program)]).unwrap(), "");
    }

    #[test]
    fn other_architectures_are_refused_by_file() {
        let arm = ElfNeeds { machine: 183, ..library(&["libx.so"], &[]) };
        let x32 = ElfNeeds { class: ElfClass::Elf32, ..library(&[], &[]) };
        let told = solve(&[("a.so", arm), ("b.so", x32)]).unwrap_err();
        assert!(told.contains("elf-architecture"), "{told}");
        assert!(told.contains("site-packages/a.so` is for another architecture than amd64"), "{told}");
        assert!(told.contains("expected: amd64, ELF machine 62, 64-bit, little-endian"), "{told}");
        assert!(told.contains("found: arm64, ELF machine 183, 64-bit, little-endian"), "{told}");
        assert!(told.contains("found: ELF machine 62, 32-bit, little-endian"), "{told}");
        assert!(!told.contains("libx.so"), "a file that does not fit says nothing about libraries: {told}");

        let armhf = Architecture::from_debian("armhf").unwrap();
        let soft = ElfNeeds { machine: 40, class: ElfClass::Elf32, e_flags: 0x0500_0200, ..library(&[], &[]) };
        let told = depends(&[("s.so".to_owned(), soft)], &armhf, (3, 11)).unwrap_err();
        assert_eq!(told[0].found.as_deref(), Some("another calling convention: flags 0x5000200"));
    }

    #[test]
    fn refusals_name_file_library_and_version() {
        let unknown = library(&["libnone.so.5", "libc.so.6"], &[]);
        let private = library(&["libc.so.6"], &[("libc.so.6", &["GLIBC_PRIVATE", "GLIBC_2.4"])]);
        let newer = library(&["libstdc++.so.6"], &[("libstdc++.so.6", &["GLIBCXX_3.4.99"])]);
        let python = library(&["libpython3.9.so.1.0"], &[]);
        let told = solve(&[("a.so", unknown), ("b.so", private), ("c.so", newer), ("d.so", python)]).unwrap_err();
        for part in [
            "error[library-unknown]: `opt/venvs/app/lib/python3.11/site-packages/a.so` needs the library `libnone.so.5`",
            "d.so` needs the library `libpython3.9.so.1.0`",
            "expected: libpython3.11.so.1.0",
            "error[library-version-unknown]: ",
            "b.so` needs `libc.so.6` with the symbol version `GLIBC_PRIVATE`",
            "c.so` needs `libstdc++.so.6` with the symbol version `GLIBCXX_3.4.99`",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(!told.contains("GLIBC_2.4"), "{told}");
    }

    #[test]
    fn a_plugin_may_lack_a_library_and_a_module_may_not() {
        let plugin = ElfNeeds { soname: Some("libplug.so".to_owned()), ..library(&["libinner.so.1"], &[]) };
        let files = |user: &str, needed: &[&str]| {
            vec![
                (user.to_owned(), library(needed, &[])),
                ("t/plugins/libplug.so".to_owned(), plugin.clone()),
                ("t/lib/libinner.so.1".to_owned(), library(&["libnone.so.5", "libEGL.so.1"], &[])),
            ]
        };
        let found = depends(&files("t/core.abi3.so", &["libc.so.6"]), &amd64(), (3, 11)).unwrap();
        let packages: Vec<String> = found.packages.iter().map(ToString::to_string).collect();
        assert_eq!(packages, ["libc6", "libegl1"]);
        let inner = BTreeSet::from(["t/lib/libinner.so.1".to_owned()]);
        let other = library(&["libpq.so.5"], &[("libpq.so.5", &["RHPG_9.6"])]);
        let driver = |path: &str| depends(&[(path.to_owned(), other.clone())], &amd64(), (3, 11));
        assert_eq!(driver("t/libdriver.so").unwrap().unmet.into_keys().collect::<Vec<_>>(), ["libpq.so.5 (RHPG_9.6)"]);
        for module in ["t/driver.so", "t/lib.cpython-311-x86_64-linux-gnu.so", "t/libdriver.abi3.so"] {
            assert_eq!(driver(module).unwrap_err()[0].code, Code::LibraryVersionUnknown, "{module}");
        }
        let module = ElfNeeds { is_module: true, ..other.clone() };
        let told = depends(&[("t/libdriver.so".to_owned(), module)], &amd64(), (3, 11)).unwrap_err();
        assert_eq!(told[0].code, Code::LibraryVersionUnknown);
        assert_eq!(found.unmet, BTreeMap::from([("libnone.so.5".to_owned(), inner)]));
        // as soon as a module needs the plugin, what the plugin needs is needed
        for (user, needed) in
            [("t/core.abi3.so", "libplug.so"), ("t/core.so", "libinner.so.1"), ("t/libx.so", "libc.so")]
        {
            let told = depends(&files(user, &[needed]), &amd64(), (3, 11)).unwrap_err();
            assert_eq!(told[0].code, Code::LibraryUnknown, "{user} {needed}");
        }
        let program = ElfNeeds { interpreter: Some("/lib64/ld-linux-x86-64.so.2".to_owned()), ..plugin.clone() };
        let mut files = files("t/core.abi3.so", &[]);
        files[1] = ("t/libexec/libtool".to_owned(), program);
        assert!(depends(&files, &amd64(), (3, 11)).is_err());
    }

    #[test]
    fn musl_is_recognised() {
        for soname in ["libc.musl-x86_64.so.1", "libc.so"] {
            let told = solve(&[("a.so", library(&[soname], &[]))]).unwrap_err();
            assert!(told.contains("library-unknown") && told.contains(soname) && told.contains("musl"), "{told}");
        }
        let program = ElfNeeds { interpreter: Some("/lib/ld-musl-x86_64.so.1".to_owned()), ..library(&[], &[]) };
        let told = solve(&[("tool", program)]).unwrap_err();
        assert!(told.contains("expected: /lib64/ld-linux-x86-64.so.2") && told.contains("manylinux wheel"), "{told}");
    }

    #[test]
    fn a_version_without_its_library_is_a_need_only_of_the_system() {
        let needs = library(&["libc.so.6"], &[("libm.so.6", &["GLIBC_2.29"]), ("libelsewhere.so.1", &["E_1"])]);
        assert_eq!(solve(&[("a.so", needs)]).unwrap(), "libc6 (>= 2.29)");
    }

    #[test]
    fn no_files_no_dependencies() {
        assert_eq!(depends(&[], &amd64(), (3, 11)), Ok(Needs::default()));
    }
}
