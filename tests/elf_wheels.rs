//! The dependencies of binary wheels from the index, beside what dpkg-shlibdeps says of the same files, and beside readelf for the
//! architectures that this machine is not of.
//!
//! The two may differ, because one goes by symbol versions and tables and the other by the symbols files of the machine; but every
//! difference has to be one of [`Why`], and each of these is shown to hold from the files themselves. The wheels come by hash;
//! those of tests/elf_wheels/few always, those of tests/elf_wheels/more when RUSTVENV_ELF=more is set (`make elf`), which also writes a
//! table to target/elf/table.md.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, reason = "whatever is unexpected fails the test")]

use rustvenv::blob::Blob;
use rustvenv::debhelper::depends::Solver;
use rustvenv::debhelper::elf;
use rustvenv::debhelper::foreign::{self, ElfFile, Platform, Sorted};
use rustvenv::debhelper::libraries::{self, compare_versions};
use rustvenv::library_policy::LibraryPolicy;
use rustvenv::python::architecture::Architecture;
use rustvenv::python::name::ProjectName;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Packages = BTreeMap<String, Option<String>>;

/// Why the lower bound of one package differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Why {
    /// Theirs is higher: the symbols file says of a symbol that is used that it is fit for use in a later release only, than the one
    /// which brought the symbol version. The loader asks for the version alone.
    SymbolsFileIsStricter,
    /// Only theirs is a bound: no symbol that is used has one, and dpkg-shlibdeps asks for the release in which the symbols file begins.
    SymbolsFileBegins,
    /// Only theirs is a bound: the package has no symbols file, and its shlibs file has one release for all of the library.
    ShlibsFile,
    /// Ours is higher: we take the release from which on the whole symbol version is there; the symbols of it that are used came
    /// earlier.
    WholeVersion,
    /// Only ours: the package with the library is not installed here.
    NotInstalled,
    /// Only theirs: files that need the library are plugins which nothing loads, for want of another library.
    OnlyUnmet,
}

impl Why {
    fn name(self) -> &'static str {
        match self {
            Self::SymbolsFileIsStricter => "stricter symbols file",
            Self::SymbolsFileBegins => "beginning of the symbols file",
            Self::ShlibsFile => "shlibs file",
            Self::WholeVersion => "whole version",
            Self::NotInstalled => "not installed here",
            Self::OnlyUnmet => "plugin",
        }
    }
}

fn output(command: &mut Command) -> String {
    let output = command.env("LC_ALL", "C").output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether everything is looked at, and not a few wheels.
fn is_more() -> bool {
    std::env::var("RUSTVENV_ELF").is_ok_and(|value| value == "more")
}

/// The wheels for `architecture`, fetched; those that belong together (`pyqt6`, `pyqt6_qt6`) as one.
fn wheels(architecture: &str) -> Vec<Vec<PathBuf>> {
    let mut count = 0;
    for set in if is_more() { &["few", "more"][..] } else { &["few"] } {
        output(Command::new(root().join("scripts/elf-wheels.sh")).arg(set));
        let list = fs::read_to_string(root().join(format!("tests/elf_wheels/{set}/{architecture}.txt")));
        count += list.map_or(0, |text| text.lines().count());
    }
    let directory = root().join("target/elf/wheels").join(architecture);
    let mut wheels: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    wheels.sort();
    assert!(count > 0 && wheels.len() >= count, "{architecture}: {} of {count}", wheels.len());
    let names: BTreeSet<String> = wheels.iter().map(|wheel| project(wheel)).collect();
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for wheel in wheels {
        let name = project(&wheel);
        let first = name.split('_').next().unwrap().to_owned();
        groups.entry(if names.contains(&first) { first } else { name }).or_default().push(wheel);
    }
    groups.into_values().collect()
}

fn project(wheel: &Path) -> String {
    wheel.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned()
}

fn this_architecture() -> String {
    output(Command::new("dpkg").arg("--print-architecture")).trim().to_owned()
}

/// A wheel that was unpacked where a package would have it.
struct Unpacked {
    name: String,
    root: tempfile::TempDir,
    /// Paths relative to the root, in order.
    elf: Vec<String>,
    sorted: Sorted,
}

impl Unpacked {
    fn new(wheels: &[PathBuf], architecture: &Architecture) -> Self {
        let root = tempfile::tempdir().unwrap();
        // dpkg-shlibdeps knows the directory of a package by this
        fs::create_dir_all(root.path().join("x/DEBIAN")).unwrap();
        let mut files: BTreeMap<String, ElfFile> = BTreeMap::new();
        for wheel in wheels {
            let file_name = wheel.file_name().unwrap().to_str().unwrap().to_owned();
            let platforms = file_name.strip_suffix(".whl").unwrap().rsplit('-').next().unwrap();
            output(Command::new("unzip").arg("-qqo").arg(wheel).arg("-d").arg(root.path().join("x/app")));
            for entry in walkdir::WalkDir::new(root.path()) {
                let entry = entry.unwrap();
                let path = entry.path().strip_prefix(root.path()).unwrap().to_str().unwrap().to_owned();
                if !entry.file_type().is_file() || files.contains_key(&path) {
                    continue;
                }
                let bytes = fs::read(entry.path()).unwrap();
                if !elf::is_elf(bytes.get(..4).unwrap_or_default()) {
                    continue;
                }
                let file = ElfFile {
                    needs: elf::read(&Blob::from(bytes)).unwrap_or_else(|fault| panic!("{path}: {fault:?}")),
                    path: path.clone(),
                    wheel: file_name.clone(),
                    project: ProjectName::parse(&project(wheel)).unwrap(),
                    platform: Platform::of(platforms.split('.')),
                    is_script: false,
                };
                files.insert(path, file);
            }
        }
        assert!(!files.is_empty(), "{wheels:?}");
        let elf = files.keys().cloned().collect();
        let sorted = foreign::sort(files.into_values().collect(), architecture).unwrap();
        let name = project(wheels.first().unwrap());
        Self { name, root, elf, sorted }
    }

    /// What we say, and the libraries that plugins lack.
    fn ours(&self, architecture: &Architecture) -> (Packages, BTreeSet<String>) {
        let policy = LibraryPolicy::default();
        let solver = Solver::new(&self.sorted, architecture, (3, 11), &policy);
        assert!(solver.questions().is_empty(), "{}: manylinux needs nothing of this machine", self.name);
        let needs = solver.solve(&BTreeMap::new()).unwrap_or_else(|refusals| {
            panic!("{}: {} refusals, such as {}", self.name, refusals.len(), refusals.first().unwrap())
        });
        let packages = needs.required.into_iter().map(|found| (found.package, found.at_least)).collect();
        (packages, needs.unmet.into_values().flatten().collect())
    }

    /// What dpkg-shlibdeps says, told where the wheel's own libraries are. Whatever is nowhere gets a stand-in, or it would say nothing.
    fn theirs(&self) -> Packages {
        fs::create_dir_all(self.root.path().join("debian")).unwrap();
        fs::write(self.root.path().join("debian/control"), "Source: x\n\nPackage: x\nArchitecture: any\n").unwrap();
        let native: Vec<&String> = self.sorted.loadable.iter().map(|file| &file.path).collect();
        let directories: BTreeSet<&str> = native.iter().map(|path| path.rsplit_once('/').unwrap().0).collect();
        let missing = self.root.path().join("x/missing");
        fs::create_dir(&missing).unwrap();
        let mut said = String::new();
        for _ in 0..2 {
            let mut command = Command::new("dpkg-shlibdeps");
            command.args(["-O", "--ignore-missing-info", "--warnings=0", "-l/missing"]).env("LC_ALL", "C");
            command.args(directories.iter().map(|directory| format!("-l{}", directory.strip_prefix('x').unwrap())));
            command.args(&native).current_dir(self.root.path());
            let done = command.output().unwrap();
            if done.status.success() {
                let text = String::from_utf8(done.stdout).unwrap();
                let relations = text.trim().strip_prefix("shlibs:Depends=").unwrap_or_default().split(", ");
                return relations.filter(|text| !text.is_empty()).map(package).collect();
            }
            said = String::from_utf8(done.stderr).unwrap();
            for line in said.lines() {
                let Some((_, rest)) = line.split_once("cannot find library ") else { continue };
                let stand_in = missing.join(rest.split(' ').next().unwrap());
                if !stand_in.exists() {
                    std::os::unix::fs::symlink(self.root.path().join(native.first().unwrap()), stand_in).unwrap();
                }
            }
        }
        panic!("{}: dpkg-shlibdeps fails: {said}", self.name)
    }

    /// What readelf says that the files need of `soname`: the symbols, `name@version`.
    fn used_symbols(&self) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        let mut readelf = Command::new("readelf");
        readelf.args(["-W", "--dyn-syms"]).args(&self.elf).current_dir(self.root.path());
        for line in output(&mut readelf).lines().filter(|line| line.contains(" UND ")) {
            let Some(symbol) = line.split_whitespace().nth(7) else { continue };
            let symbol = symbol.replace("@@", "@");
            used.insert(if symbol.contains('@') { symbol } else { format!("{symbol}@Base") });
        }
        used
    }

    /// What readelf says of one file: needed libraries, and the versions of each.
    fn by_readelf(&self, path: &str) -> (BTreeSet<String>, BTreeMap<String, BTreeSet<String>>) {
        let text = output(Command::new("readelf").args(["-W", "-d", "-V"]).arg(self.root.path().join(path)));
        let (mut needed, mut versions, mut library) = (BTreeSet::new(), BTreeMap::new(), None);
        for line in text.lines() {
            if line.contains("(NEEDED)") {
                needed.insert(line.rsplit_once('[').unwrap().1.trim_end_matches(']').to_owned());
            } else if let Some((_, file)) = line.split_once("File: ") {
                library = Some(file.split_whitespace().next().unwrap().to_owned());
            } else if let (Some(library), Some((_, node)), true) =
                (&library, line.split_once("Name: "), line.contains("Flags: ") && line.contains("Version: "))
            {
                let of_library: &mut BTreeSet<String> = versions.entry(library.clone()).or_default();
                of_library.insert(node.split_whitespace().next().unwrap().to_owned());
            }
        }
        (needed, versions)
    }
}

fn package(relation: &str) -> (String, Option<String>) {
    match relation.split_once(" (>= ") {
        Some((package, version)) => (package.to_owned(), Some(version.trim_end_matches(')').to_owned())),
        None => (relation.to_owned(), None),
    }
}

/// By soname the symbols of the installed `package`, as its symbols file has them (deb-symbols(5)): `name@version`, and the release from
/// which on it may be used.
fn symbols(package: &str) -> Option<BTreeMap<String, BTreeMap<String, String>>> {
    let path = [format!("{package}:{}", this_architecture()), package.to_owned()]
        .map(|name| PathBuf::from(format!("/var/lib/dpkg/info/{name}.symbols")))
        .into_iter()
        .find(|path| path.exists())?;
    let text = fs::read_to_string(path).unwrap();
    let mut libraries: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut soname = String::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(first), Some(second)) = (words.next(), words.next()) else { continue };
        if line.starts_with(' ') {
            libraries.entry(soname.clone()).or_default().insert(first.to_owned(), second.to_owned());
        } else if !line.starts_with(['|', '*']) {
            first.clone_into(&mut soname);
        }
    }
    Some(libraries)
}

fn is_installed(package: &str) -> bool {
    let mut command = Command::new("dpkg-query");
    let done = command.args(["-W", "-f=${db:Status-Status}", package]).output().unwrap();
    done.status.success() && done.stdout == b"installed"
}

/// Whether the older of two bounds is the first; no bound is older than any.
fn is_older(a: Option<&String>, b: Option<&String>) -> bool {
    match (a, b) {
        (None, Some(_)) => true,
        (Some(a), Some(b)) => compare_versions(a, b).is_lt(),
        (_, None) => false,
    }
}

/// The reason why the two say different things of `package`, shown to hold; `used` are the symbols that the files need.
fn explain(
    used: &BTreeSet<String>,
    package: &str,
    ours: Option<&Option<String>>,
    theirs: Option<&Option<String>>,
    unmet: &BTreeSet<String>,
) -> Option<Why> {
    match (ours, theirs) {
        (Some(_), None) => (!is_installed(package)).then_some(Why::NotInstalled),
        (None, Some(_)) => (!unmet.is_empty()).then_some(Why::OnlyUnmet),
        (Some(ours), Some(theirs)) => {
            let Some(libraries) = symbols(package) else {
                let path = format!("/var/lib/dpkg/info/{package}:{}.shlibs", this_architecture());
                let relation = format!("{package} (>= {})", theirs.as_ref()?);
                let has_relation = fs::read_to_string(path).is_ok_and(|text| text.contains(&relation));
                return (ours.is_none() && has_relation).then_some(Why::ShlibsFile);
            };
            let symbols = || libraries.values().flatten();
            let used_symbols = || symbols().filter(|(symbol, _)| used.contains(*symbol));
            if is_older(ours.as_ref(), theirs.as_ref()) {
                // a symbol that is used has their bound, and the version that it is of is not newer than ours
                let bound = theirs.as_ref()?;
                let found = used_symbols().filter(|(_, release)| *release == bound).any(|(symbol, _)| {
                    let node = symbol.rsplit_once('@').map(|(_, node)| node).unwrap_or_default();
                    match node.strip_prefix("GLIBC_") {
                        Some(release) if package == "libc6" => !is_older(ours.as_ref(), Some(&release.to_owned())),
                        _ => true,
                    }
                });
                // the release in which the symbols file of one library begins
                let begins = |library: &BTreeMap<String, String>| {
                    library.values().reduce(|a, b| if is_older(Some(b), Some(a)) { b } else { a }) == Some(bound)
                };
                if found {
                    Some(Why::SymbolsFileIsStricter)
                } else {
                    (ours.is_none() && libraries.values().any(begins)).then_some(Why::SymbolsFileBegins)
                }
            } else {
                // a version that is needed has our bound for one of its symbols, and none of the used ones has it
                let bound = ours.as_ref()?;
                let is_later = used_symbols().any(|(_, release)| !is_older(Some(release), Some(bound)));
                let mut nodes = used_symbols().filter_map(|(symbol, _)| symbol.rsplit_once('@')).map(|(_, node)| node);
                let has_bound = nodes.any(|node| {
                    symbols().any(|(symbol, release)| release == bound && symbol.ends_with(&format!("@{node}")))
                });
                (has_bound && !is_later).then_some(Why::WholeVersion)
            }
        }
        (None, None) => None,
    }
}

fn shown(bound: Option<&Option<String>>) -> String {
    match bound {
        None => "not at all".to_owned(),
        Some(None) => "any version".to_owned(),
        Some(Some(version)) => version.clone(),
    }
}

#[test]
fn what_differs_from_dpkg_shlibdeps_is_explained() {
    let name = this_architecture();
    let architecture = Architecture::from_debian(&name).unwrap();
    let mut wrong = Vec::new();
    let mut table = String::from("| wheel | our Depends | dpkg-shlibdeps differs in |\n|---|---|---|\n");
    let mut count = 0;
    for wheel in wheels(&name) {
        let unpacked = Unpacked::new(&wheel, &architecture);
        let (ours, unmet) = unpacked.ours(&architecture);
        let (theirs, used) = (unpacked.theirs(), unpacked.used_symbols());
        let mut differences = Vec::new();
        for package in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
            let (our, their) = (ours.get(package), theirs.get(package));
            if our == their {
                continue;
            }
            let text = format!("{package} ({} instead of {})", shown(their), shown(our));
            match explain(&used, package, our, their, &unmet) {
                Some(why) => differences.push(format!("{text}: {}", why.name())),
                None => wrong.push(format!("{}: {text}", unpacked.name)),
            }
        }
        let relation = |(package, bound): (&String, &Option<String>)| match bound {
            Some(version) => format!("{package} (>= {version})"),
            None => package.clone(),
        };
        let depends: Vec<String> = ours.iter().map(relation).collect();
        writeln!(table, "| {} | {} | {} |", unpacked.name, depends.join(", "), differences.join("; ")).unwrap();
        count += 1;
    }
    if is_more() {
        fs::write(root().join("target/elf/table.md"), &table).unwrap();
        assert!(count >= 20, "{count} wheels");
    }
    assert!(wrong.is_empty(), "{}\n{table}", wrong.join("\n"));
}

/// glibc's release from the versions that readelf prints, and the other libraries of the system by name.
#[test]
fn every_architecture_has_the_dependencies_that_readelf_shows() {
    for architecture in Architecture::all() {
        for wheel in wheels(architecture.debian()) {
            let unpacked = Unpacked::new(&wheel, &architecture);
            let (ours, unmet) = unpacked.ours(&architecture);
            let mut glibc: Vec<u32> = Vec::new();
            let mut names = BTreeSet::new();
            for file in unpacked.sorted.loadable.iter().filter(|file| !unmet.contains(&file.path)) {
                let (needed, versions) = unpacked.by_readelf(&file.path);
                for (library, nodes) in &versions {
                    let is_glibc =
                        library.starts_with("ld") || libraries::find(library, &architecture, (3, 11)).is_some();
                    let releases = nodes.iter().filter_map(|node| node.strip_prefix("GLIBC_2.")).filter(|_| is_glibc);
                    // GCC's and zlib's versions are compared with the symbols files of the distribution elsewhere
                    glibc.extend(releases.map(|minor| minor.split('.').next().unwrap().parse::<u32>().unwrap()));
                }
                names.extend(needed);
            }
            for (soname, package) in [
                ("libc.so.6", "libc6"),
                ("libstdc++.so.6", "libstdc++6"),
                ("libgcc_s.so.1", "libgcc-s1"),
                ("libz.so.1", "zlib1g"),
            ] {
                assert_eq!(
                    names.contains(soname),
                    ours.contains_key(package),
                    "{} {architecture} {package}",
                    unpacked.name
                );
            }
            let floor = ours.get("libc6").cloned().flatten().unwrap_or_default();
            let found = floor.split('.').nth(1).and_then(|minor| minor.parse().ok());
            assert_eq!(found, glibc.iter().max().copied(), "{} {architecture}: {floor}", unpacked.name);
        }
    }
}
