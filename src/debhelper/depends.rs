//! The packages that the ELF files of an environment need, with lower bounds.
//!
//! Enters: what each file needs with its path, its project and the promise of its wheel ([`ElfFile`]), the package's architecture
//! and Python, the configuration's [`LibraryPolicy`]. Leaves: one [`Dependency`] for each package, or every reason why the files
//! could not be loaded. A need is looked for inside the environment first, then in the tables of [`libraries`]. What is left of
//! wheels that were linked with the distribution's own libraries (tag `linux_ARCH`) becomes [`Question`]s, which dpkg-shlibdeps
//! answers. It is deliberately asked for nothing else: it knows the libraries of the machine that builds, and cannot follow wheels
//! whose libraries are found through the one that loads them.

use super::dependency::{Dependency, Packages};
use super::elf::{ElfKind, ElfNeeds};
use super::foreign::{ElfFile, Platform, Sorted};
use super::inside::{Inside, loaded_by_name};
use super::libraries::{self, Bound, Library};
use super::shlibdeps::{self, Answers, Question};
use crate::code::Code;
use crate::library_policy::{LibraryPolicy, Standing};
use crate::python::architecture::Architecture;
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};

/// What the ELF files of a package need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// What the package cannot do without; at most one lower bound for each package.
    pub required: BTreeSet<Dependency>,
    /// What the configuration makes a recommendation, as far as nothing required is the same or stronger.
    pub recommended: BTreeSet<Dependency>,
    /// Libraries that no known package has, or not with the symbol version in brackets, each with the files that will not load for want of it. No module that can be
    /// imported and no program needs any of these files.
    pub unmet: BTreeMap<String, BTreeSet<String>>,
    /// Libraries that the configuration leaves out, each with the files that need it.
    pub ignored: BTreeMap<String, BTreeSet<String>>,
}

/// Where one need of one file is met.
enum Way {
    /// In the environment, or by a library that something else has loaded.
    Inside,
    /// Nowhere, as the configuration wants it.
    Ignored,
    /// By a library of the tables.
    Table(Library, Standing),
    /// By a library that dpkg may know.
    Ask(Question),
    /// By none that is known.
    Nowhere,
}

/// The ELF files of an environment, and what their needs are judged by.
pub struct Solver<'a> {
    sorted: &'a Sorted,
    inside: Inside<'a>,
    loaded: BTreeSet<&'a str>,
    architecture: &'a Architecture,
    interpreter: (u32, u32),
    policy: &'a LibraryPolicy,
}

impl<'a> Solver<'a> {
    /// The files of `sorted` in a package of `architecture` with Python `interpreter` (major, minor).
    pub fn new(
        sorted: &'a Sorted,
        architecture: &'a Architecture,
        interpreter: (u32, u32),
        policy: &'a LibraryPolicy,
    ) -> Self {
        let files = &sorted.loadable;
        let (inside, loaded) = (Inside::of(files), loaded_by_name(files));
        Self { sorted, inside, loaded, architecture, interpreter, policy }
    }

    /// The files that a loader is ever to see.
    fn files(&self) -> impl Iterator<Item = &'a ElfFile> {
        let is_loadable = |file: &&ElfFile| matches!(file.needs.kind, ElfKind::Executable | ElfKind::Shared);
        self.sorted.loadable.iter().filter(is_loadable)
    }

    /// The sonames that files of each project need, inside of the environment or not.
    pub fn needed(&self) -> BTreeMap<ProjectName, BTreeSet<String>> {
        let mut needed: BTreeMap<ProjectName, BTreeSet<String>> = BTreeMap::new();
        for file in self.files() {
            let names = sonames(&file.needs).into_iter().chain(loader_of(&file.needs)).map(str::to_owned);
            needed.entry(file.project.clone()).or_default().extend(names);
        }
        needed
    }

    /// A library of the distribution counts as being inside only where the search path of the file leads to it; any other
    /// library also when a file of that name is anywhere in the set, because wheels load their libraries in the order that
    /// they need.
    fn way(&self, file: &ElfFile, soname: &str) -> Way {
        let library = libraries::find(soname, self.architecture, self.interpreter);
        let is_needed = file.needs.needed.iter().any(|needed| needed == soname);
        // a version without its library: the loader looks no further than at what is loaded
        let is_elsewhere = library.is_none() && (self.inside.has(soname) || !is_needed);
        if is_elsewhere || self.inside.is_found(&file.path, &file.needs, soname) {
            return Way::Inside;
        }
        let standing = self.policy.of(&file.project, soname);
        if standing == Standing::Ignored {
            return Way::Ignored;
        }
        let may_ask = file.platform == Platform::Linux && is_needed && shlibdeps::can_ask(soname);
        // the library that it was linked with may be newer than the tables
        let is_newer =
            |library: &Library| versions(file, soname).any(|node| !is_private(node) && library.bound(node).is_none());
        match library {
            None if may_ask && !is_never_right(soname) => Way::Ask(Question { soname: soname.to_owned(), standing }),
            None => Way::Nowhere,
            Some(library) if may_ask && is_newer(&library) => {
                Way::Ask(Question { soname: soname.to_owned(), standing })
            }
            Some(library) => Way::Table(library, standing),
        }
    }

    /// What dpkg-shlibdeps has to be asked, with the files in question.
    pub fn questions(&self) -> BTreeMap<Question, Vec<&'a ElfFile>> {
        let mut questions: BTreeMap<Question, Vec<&ElfFile>> = BTreeMap::new();
        for file in self.files() {
            for soname in sonames(&file.needs) {
                if let Way::Ask(question) = self.way(file, soname) {
                    questions.entry(question).or_default().push(file);
                }
            }
        }
        questions
    }

    /// What the files need, with `answers` to all of [`Self::questions`].
    ///
    /// Wheels of toolkits ship plugins for more libraries than anybody has (PyQt6: database drivers, themes). What such a plugin needs
    /// and no package has is reported and not refused, as long as nothing that Python or the kernel loads by its name needs the
    /// plugin; see [`loaded_by_name`]. In a wheel that was linked with the distribution's libraries it is refused: whether a package
    /// is found there depends on what the machine has that builds, and must not do so in silence.
    ///
    /// # Errors
    /// Every file that could not be loaded: started by another loader, or in need of a library ([`Code::LibraryUnknown`]) or of a
    /// symbol version ([`Code::LibraryVersionUnknown`]) that no known package has.
    pub fn solve(&self, answers: &Answers) -> Result<Needs, Vec<Refusal>> {
        let mut needs = Needs::default();
        let mut refusals = Vec::new();
        let mut packages: BTreeMap<Standing, Packages> = BTreeMap::new();
        for file in self.files() {
            let loader = loader_of(&file.needs).unwrap_or_default();
            if self.policy.of(&file.project, loader) != Standing::Ignored {
                refusals.extend(wrong_loader(&file.path, &file.needs, self.architecture));
            }
            let is_optional = !self.loaded.contains(file.path.as_str());
            for soname in sonames(&file.needs) {
                let mut note = |what: String| needs.unmet.entry(what).or_default().insert(file.path.clone());
                match self.way(file, soname) {
                    Way::Inside => {}
                    Way::Ignored => {
                        needs.ignored.entry(soname.to_owned()).or_default().insert(file.path.clone());
                    }
                    Way::Nowhere if is_optional && !is_never_right(soname) => {
                        note(soname.to_owned());
                    }
                    Way::Nowhere => refusals.push(self.unknown_library(&file.path, soname)),
                    Way::Ask(question) => match answers.get(&question) {
                        Some(Ok(found)) => packages.entry(question.standing).or_default().extend(found),
                        Some(Err(why)) => refusals.push(not_installed(&file.path, soname, why)),
                        None => refusals.push(self.unknown_library(&file.path, soname)),
                    },
                    Way::Table(library, standing) => {
                        let unknown = |node: &&String| library.bound(node).is_none();
                        if let Some(node) = versions(file, soname).find(unknown).filter(|_| is_optional) {
                            note(format!("{soname} ({node})"));
                            continue;
                        }
                        let packages = packages.entry(standing).or_default();
                        packages.add(&library.package, &Bound::Any);
                        for node in versions(file, soname) {
                            match library.bound(node) {
                                Some(bound) => packages.add(&library.package, &bound),
                                None => refusals.push(unknown_version(&file.path, soname, node, &library.package)),
                            }
                        }
                    }
                }
            }
        }
        if !refusals.is_empty() {
            refusals.sort();
            refusals.dedup();
            return Err(refusals);
        }
        let required = packages.remove(&Standing::Required).unwrap_or_default();
        let recommended = packages.remove(&Standing::Recommended).unwrap_or_default();
        needs.recommended = recommended.beyond(&required).finish();
        needs.required = required.finish();
        Ok(needs)
    }

    fn unknown_library(&self, path: &str, soname: &str) -> Refusal {
        let refusal = Refusal::new(Code::LibraryUnknown, format!("`{path}` needs the library `{soname}`"));
        if soname.starts_with("libpython") {
            let (major, minor) = self.interpreter;
            return refusal
                .expected(format!(
                    "libpython{major}.{minor}.so.1.0, or better none: extension modules need no libpython"
                ))
                .hint("take the wheel that was built for this Python");
        }
        let refusal =
            refusal.expected("a library that is in the environment, or one of the distribution whose package is known");
        match self.sorted.foreign_names.get(soname) {
            Some(other) => refusal
                .found(format!("`{other}`, which is for another architecture than {}", self.architecture))
                .hint("take the wheel that was built for this architecture"),
            None => refusal.hint(hint(soname)),
        }
    }
}

/// The symbol versions that `file` needs of `soname`.
fn versions<'a>(file: &'a ElfFile, soname: &str) -> impl Iterator<Item = &'a String> {
    file.needs.versions.get(soname).into_iter().flatten()
}

/// What the loader of a program is called.
fn loader_of(needs: &ElfNeeds) -> Option<&str> {
    needs.interpreter.as_deref().and_then(|path| path.rsplit('/').next())
}

/// Whether a symbol version is internal to its source package.
fn is_private(node: &str) -> bool {
    node.ends_with("_PRIVATE")
}

/// Whether no machine with Debian can have the library: that of another C library or of another Python.
fn is_never_right(soname: &str) -> bool {
    soname.starts_with("libpython") || is_musl(soname)
}

fn is_musl(name: &str) -> bool {
    // musl's library is called libc.so where a distribution does not rename it
    name.contains("musl") || name == "libc.so"
}

fn sonames(needs: &ElfNeeds) -> BTreeSet<&str> {
    needs.needed.iter().chain(needs.versions.keys()).map(String::as_str).collect()
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

fn not_installed(path: &str, soname: &str, why: &str) -> Refusal {
    Refusal::new(Code::LibraryUnknown, format!("`{path}` needs the library `{soname}`"))
        .expected("a library that is in the environment, or one of an installed package: its wheel was built for this system")
        .found(why)
        .hint("name the package that has the library in Build-Depends, so that it is installed where the package is built")
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
    if is_private(node) {
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
    use crate::library_policy::LibraryRule;
    use crate::python::architecture::{ElfClass, Endianness};

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

    /// Files of one manylinux wheel, or, where the path begins with `linux:`, of one that was built on the distribution.
    fn files(files: &[(&str, ElfNeeds)]) -> Sorted {
        let file = |(path, needs): &(&str, ElfNeeds)| {
            let (platform, path) =
                path.strip_prefix("linux:").map_or((Platform::Manylinux, *path), |path| (Platform::Linux, path));
            let project = path.split(['/', '.']).next().unwrap();
            ElfFile {
                path: format!("{LIB}/{path}"),
                needs: needs.clone(),
                wheel: "w.whl".to_owned(),
                project: ProjectName::parse(project).unwrap(),
                platform,
                is_script: false,
            }
        };
        Sorted { loadable: files.iter().map(file).collect(), ..Sorted::default() }
    }

    fn joined(dependencies: &BTreeSet<Dependency>) -> String {
        dependencies.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    fn needs_with(
        sorted: &Sorted,
        policy: &LibraryPolicy,
        answer: &dyn Fn(&Question) -> Result<Vec<Dependency>, String>,
    ) -> Result<Needs, Vec<Refusal>> {
        let amd64 = amd64();
        let solver = Solver::new(sorted, &amd64, (3, 11), policy);
        let answers = solver.questions().into_keys().map(|question| (question.clone(), answer(&question))).collect();
        solver.solve(&answers)
    }

    fn needs_of(list: &[(&str, ElfNeeds)]) -> Result<Needs, Vec<Refusal>> {
        let nothing = |question: &Question| panic!("asked about {}", question.soname);
        needs_with(&files(list), &LibraryPolicy::default(), &nothing)
    }

    fn solve(list: &[(&str, ElfNeeds)]) -> Result<String, String> {
        let told = |refusals: Vec<Refusal>| refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        needs_of(list).map(|found| joined(&found.required)).map_err(told)
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
        let list = |user: &'static str, needed: &[&str]| {
            vec![
                (user, library(needed, &[])),
                ("t/plugins/libplug.so", plugin.clone()),
                ("t/lib/libinner.so.1", library(&["libnone.so.5", "libEGL.so.1"], &[])),
            ]
        };
        let found = needs_of(&list("t/core.abi3.so", &["libc.so.6"])).unwrap();
        assert_eq!(joined(&found.required), "libc6, libegl1");
        let inner = BTreeSet::from([format!("{LIB}/t/lib/libinner.so.1")]);
        assert_eq!(found.unmet, BTreeMap::from([("libnone.so.5".to_owned(), inner)]));
        let other = library(&["libpq.so.5"], &[("libpq.so.5", &["RHPG_9.6"])]);
        let driver = |path: &'static str| needs_of(&[(path, other.clone())]);
        assert_eq!(driver("t/libdriver.so").unwrap().unmet.into_keys().collect::<Vec<_>>(), ["libpq.so.5 (RHPG_9.6)"]);
        for module in ["t/driver.so", "t/lib.cpython-311-x86_64-linux-gnu.so", "t/libdriver.abi3.so"] {
            assert_eq!(driver(module).unwrap_err()[0].code, Code::LibraryVersionUnknown, "{module}");
        }
        let module = ElfNeeds { is_module: true, ..other.clone() };
        assert_eq!(needs_of(&[("t/libdriver.so", module)]).unwrap_err()[0].code, Code::LibraryVersionUnknown);
        // as soon as a module needs the plugin, what the plugin needs is needed
        for (user, needed) in
            [("t/core.abi3.so", "libplug.so"), ("t/core.so", "libinner.so.1"), ("t/libx.so", "libc.so")]
        {
            let told = needs_of(&list(user, &[needed])).unwrap_err();
            assert_eq!(told[0].code, Code::LibraryUnknown, "{user} {needed}");
        }
        let program = ElfNeeds { interpreter: Some("/lib64/ld-linux-x86-64.so.2".to_owned()), ..plugin.clone() };
        let mut list = list("t/core.abi3.so", &[]);
        list[1] = ("t/libexec/libtool", program);
        assert!(needs_of(&list).is_err());
    }

    fn policy(recommended: &[&str], ignored: &[&str]) -> LibraryPolicy {
        let rules = |texts: &[&str]| texts.iter().map(|text| LibraryRule::parse(text).unwrap()).collect();
        LibraryPolicy { recommended: rules(recommended), ignored: rules(ignored) }
    }

    #[test]
    fn the_configuration_turns_needs_into_recommendations_or_nothing() {
        let app = library(&["libc.so.6", "libz.so.1"], &[("libc.so.6", &["GLIBC_2.28"])]);
        let driver = library(
            &["libc.so.6", "libz.so.1", "libpq.so.5", "libm.so.6"],
            &[("libc.so.6", &["GLIBC_2.17"]), ("libm.so.6", &["GLIBC_2.29"])],
        );
        let sorted = files(&[("app/x.so", app), ("db/y.so", driver)]);
        let found = |recommended: &[&str], ignored: &[&str]| {
            let nothing = |_: &Question| panic!("no wheel here was linked with the distribution");
            let needs = needs_with(&sorted, &policy(recommended, ignored), &nothing).unwrap();
            (joined(&needs.required), joined(&needs.recommended))
        };
        let pair = |required: &str, recommended: &str| (required.to_owned(), recommended.to_owned());
        assert_eq!(found(&[], &[]), pair("libc6 (>= 2.29), libpq5, zlib1g", ""));
        // what another wheel needs as much is not repeated, what it needs less of is
        assert_eq!(found(&["db"], &[]), pair("libc6 (>= 2.28), zlib1g", "libc6 (>= 2.29), libpq5"));
        assert_eq!(found(&["db:libpq.so.5"], &[]), pair("libc6 (>= 2.29), zlib1g", "libpq5"));
        assert_eq!(found(&["db"], &["db:libpq.so.5"]), pair("libc6 (>= 2.28), zlib1g", "libc6 (>= 2.29)"));
        assert_eq!(found(&[], &["db"]), pair("libc6 (>= 2.28), zlib1g", ""));
        assert_eq!(found(&["app"], &["db"]), pair("", "libc6 (>= 2.28), zlib1g"));
    }

    #[test]
    fn what_is_ignored_may_be_unknown_and_is_noted() {
        let needs = || library(&["libnone.so.1", "libc.so.6"], &[("libc.so.6", &["GLIBC_PRIVATE"])]);
        let musl = ElfNeeds { interpreter: Some("/lib/ld-musl-x86_64.so.1".to_owned()), ..needs() };
        let sorted = files(&[("db/y.so", needs()), ("db/tool", musl)]);
        let nothing = |_: &Question| panic!("nothing is asked");
        let found = needs_with(&sorted, &policy(&[], &["db"]), &nothing).unwrap();
        assert_eq!((found.required.len(), found.recommended.len()), (0, 0));
        assert_eq!(found.ignored.keys().collect::<Vec<_>>(), ["libc.so.6", "libnone.so.1"]);
        assert_eq!(found.ignored["libnone.so.1"].len(), 2);
        // a recommendation names a package, so it has to be known
        let refusals = needs_with(&sorted, &policy(&["db"], &[]), &nothing).unwrap_err();
        let codes: BTreeSet<Code> = refusals.iter().map(|refusal| refusal.code).collect();
        assert_eq!(codes, BTreeSet::from([Code::LibraryUnknown, Code::LibraryVersionUnknown]));
    }

    #[test]
    fn dpkg_is_asked_about_wheels_that_were_built_here_alone() {
        let needs = library(
            &["libxml2.so.2", "libc.so.6", "libcrypto.so.3"],
            &[("libxml2.so.2", &["LIBXML2_2.6.0"]), ("libcrypto.so.3", &["OPENSSL_3.0.0", "OPENSSL_3.9.0"])],
        );
        let asked = std::cell::RefCell::new(Vec::new());
        let answer = |question: &Question| {
            asked.borrow_mut().push((question.soname.clone(), question.standing));
            let dependency = |package: &str, version: &str| Dependency {
                package: package.to_owned(),
                at_least: (!version.is_empty()).then(|| version.to_owned()),
            };
            Ok(match question.soname.as_str() {
                "libxml2.so.2" => vec![dependency("libxml2", "2.7.4"), dependency("libblas3 | libblas.so.3", "")],
                _ => vec![dependency("libssl3", "3.9.0")],
            })
        };
        let sorted = files(&[("linux:lxml/etree.so", needs.clone()), ("linux:db/x.so", needs.clone())]);
        let found = needs_with(&sorted, &policy(&["db"], &["lxml:libcrypto.so.3"]), &answer).unwrap();
        assert_eq!(joined(&found.required), "libblas3 | libblas.so.3, libc6, libxml2 (>= 2.7.4)");
        assert_eq!(joined(&found.recommended), "libssl3 (>= 3.9.0)");
        let question = |soname: &str, standing| (soname.to_owned(), standing);
        assert_eq!(
            asked.take(),
            [
                question("libcrypto.so.3", Standing::Recommended),
                question("libxml2.so.2", Standing::Required),
                question("libxml2.so.2", Standing::Recommended),
            ]
        );
        let refusals = needs_of(&[("lxml/etree.so", needs)]).unwrap_err();
        let codes: Vec<Code> = refusals.iter().map(|refusal| refusal.code).collect();
        assert_eq!(codes, [Code::LibraryUnknown, Code::LibraryVersionUnknown]);
    }

    #[test]
    fn dpkg_is_not_asked_about_what_it_cannot_have() {
        for needed in ["libpython3.9.so.1.0", "libc.musl-x86_64.so.1", "libstrange.so", "../liby.so.1"] {
            let told = solve(&[("linux:a/x.so", library(&[needed], &[]))]).unwrap_err();
            assert!(told.contains("error[library-unknown]") && told.contains(needed), "{told}");
        }
        let private = library(&["libc.so.6"], &[("libc.so.6", &["GLIBC_PRIVATE"])]);
        assert!(solve(&[("linux:a/x.so", private)]).unwrap_err().contains("error[library-version-unknown]"));
    }

    #[test]
    fn what_dpkg_does_not_find_is_refused_even_for_a_plugin() {
        let needs = || library(&["libodd.so.1"], &[]);
        let answer = |_: &Question| Err("no such library".to_owned());
        for path in ["linux:a/x.so", "linux:a/libplugin.so"] {
            let refusals = needs_with(&files(&[(path, needs())]), &LibraryPolicy::default(), &answer).unwrap_err();
            let told = refusals[0].to_string();
            for part in ["error[library-unknown]", "`libodd.so.1`", "found: no such library", "Build-Depends"] {
                assert!(told.contains(part), "{part} in {told}");
            }
        }
    }

    #[test]
    fn a_library_for_another_architecture_is_named() {
        let mut sorted = files(&[("a/x.so", library(&["libinner.so.1"], &[]))]);
        sorted.foreign_names.insert("libinner.so.1".to_owned(), "a.libs/libinner.so.1".to_owned());
        let nothing = |_: &Question| panic!("nothing is asked");
        let refusals = needs_with(&sorted, &LibraryPolicy::default(), &nothing).unwrap_err();
        let told = refusals[0].to_string();
        assert!(told.contains("found: `a.libs/libinner.so.1`, which is for another architecture than amd64"), "{told}");
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
        assert_eq!(needs_of(&[]), Ok(Needs::default()));
    }
}
