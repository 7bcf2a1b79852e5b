//! The ELF reader beside readelf, and the tables of libraries beside the symbols files and dpkg of the distribution.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "whatever is unexpected fails the test")]

use rustvenv::blob::Blob;
use rustvenv::debhelper::depends::Solver;
use rustvenv::debhelper::elf::{self, ElfNeeds};
use rustvenv::debhelper::foreign::{ElfFile, Platform, Sorted};
use rustvenv::debhelper::libraries::{Bound, compare_versions, find};
use rustvenv::library_policy::LibraryPolicy;
use rustvenv::python::architecture::Architecture;
use rustvenv::python::name::ProjectName;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output().expect(program);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn bracketed(line: &str) -> String {
    line.split_once('[').unwrap().1.rsplit_once(']').unwrap().0.to_owned()
}

type Versions = BTreeMap<String, BTreeSet<String>>;

/// What readelf says of soname, needed libraries, search path and versions, in the shape in which we say it.
fn by_readelf(path: &Path) -> (Option<String>, Vec<String>, Vec<String>, Versions) {
    let text = output("readelf", &["-W", "-d", "-V", path.to_str().unwrap()]);
    let (mut soname, mut needed, mut rpath, mut runpath) = (None, Vec::new(), None, None);
    let mut versions = Versions::new();
    let mut library = None;
    for line in text.lines() {
        if line.contains("(NEEDED)") {
            needed.push(bracketed(line));
        } else if line.contains("(SONAME)") {
            soname = Some(bracketed(line));
        } else if line.contains("(RPATH)") {
            rpath = Some(bracketed(line));
        } else if line.contains("(RUNPATH)") {
            runpath = Some(bracketed(line));
        } else if let Some((_, file)) = line.split_once("File: ") {
            let name = file.split_whitespace().next().unwrap().to_owned();
            versions.entry(name.clone()).or_default();
            library = Some(name);
        } else if let (Some((_, node)), true) =
            (line.split_once("Name: "), line.contains("Flags: ") && line.contains("Version: "))
        {
            // definitions have `Rev:` and `Cnt:` and come before the needs
            if let Some(library) = library.as_ref().filter(|_| !line.contains("Cnt:")) {
                versions.get_mut(library).unwrap().insert(node.split_whitespace().next().unwrap().to_owned());
            }
        }
    }
    let search = runpath.or(rpath).unwrap_or_default();
    (soname, needed, search.split(':').filter(|entry| !entry.is_empty()).map(str::to_owned).collect(), versions)
}

fn read(path: &Path) -> ElfNeeds {
    let bytes = Blob::from(std::fs::read(path).unwrap());
    elf::read(&bytes).unwrap_or_else(|fault| panic!("{}: {fault:?}", path.display()))
}

fn this_architecture() -> Architecture {
    Architecture::from_debian(output("dpkg", &["--print-architecture"]).trim()).unwrap()
}

#[test]
fn programs_and_libraries_are_read_as_readelf_reads_them() {
    let libraries = Path::new("/usr/lib").join(this_architecture().multiarch());
    let mut paths = vec![PathBuf::from("/bin/sh"), std::env::current_exe().unwrap()];
    let mut installed: Vec<_> = std::fs::read_dir(libraries).unwrap().map(|entry| entry.unwrap().path()).collect();
    installed.sort();
    let is_library = |path: &&PathBuf| path.is_file() && !path.is_symlink() && path.to_string_lossy().contains(".so");
    paths.extend(installed.iter().filter(is_library).take(150).cloned());

    let mut compared = 0;
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        // libc.so and a few others are linker scripts
        if !elf::is_elf(bytes.get(..4).unwrap_or_default()) {
            continue;
        }
        let ours = read(&path);
        let theirs = by_readelf(&path);
        assert_eq!((ours.soname, ours.needed, ours.search, ours.versions), theirs, "{}", path.display());
        compared += 1;
    }
    assert!(compared > 20, "only {compared} files");
}

#[test]
fn the_shell_needs_the_c_library_and_starts_with_its_loader() {
    let shell = read(Path::new("/bin/sh"));
    let architecture = this_architecture();
    assert_eq!(shell.interpreter.as_deref(), Some(architecture.elf().loader));
    let shell = ElfFile {
        path: "bin/sh".to_owned(),
        needs: shell,
        wheel: "sh.whl".to_owned(),
        project: ProjectName::parse("sh").unwrap(),
        platform: Platform::Manylinux,
        is_script: false,
    };
    let sorted = Sorted { loadable: vec![shell], ..Sorted::default() };
    let policy = LibraryPolicy::default();
    let found = Solver::new(&sorted, &architecture, (3, 11), &policy).solve(&BTreeMap::new()).unwrap().required;
    let packages: Vec<_> = found.iter().map(|dependency| dependency.package.as_str()).collect();
    assert_eq!(packages, ["libc6"]);
    let version = found.first().unwrap().at_least.clone().unwrap();
    let installed = output("dpkg-query", &["-W", "-f=${Version}", "libc6"]);
    assert!(compare_versions(&version, &installed).is_lt(), "{version} {installed}");
}

/// Each symbol version of a symbols file with every package version that it stands with (deb-symbols(5)).
fn nodes(text: &str, soname: &str) -> Versions {
    let mut found = Versions::new();
    let mut current = "";
    for line in text.lines() {
        match line.strip_prefix(' ') {
            Some(symbol) if current == soname => {
                let mut words = symbol.split_whitespace();
                let node = words.next().unwrap().rsplit_once('@').unwrap().1;
                found.entry(node.to_owned()).or_default().insert(words.next().unwrap().to_owned());
            }
            None if !line.starts_with(['|', '*']) => current = line.split_whitespace().next().unwrap(),
            _ => {}
        }
    }
    found
}

#[test]
fn tables_agree_with_the_symbols_files_of_the_distribution() {
    let architecture = this_architecture();
    let mut checked = 0;
    for (package, sonames) in [
        ("libc6", &["libc.so.6", "libm.so.6", "libpthread.so.0", "libresolv.so.2", "librt.so.1"][..]),
        ("libgcc-s1", &["libgcc_s.so.1"][..]),
        ("libstdc++6", &["libstdc++.so.6"][..]),
        ("zlib1g", &["libz.so.1"][..]),
        ("libatomic1", &["libatomic.so.1"][..]),
        ("libcrypt1", &["libcrypt.so.1"][..]),
        ("libasound2", &["libasound.so.2"][..]),
        ("libdbus-1-3", &["libdbus-1.so.3"][..]),
        ("libffi8", &["libffi.so.8"][..]),
        ("libgomp1", &["libgomp.so.1"][..]),
        ("libgssapi-krb5-2", &["libgssapi_krb5.so.2"][..]),
        ("libpulse0", &["libpulse.so.0"][..]),
        ("libssl3", &["libssl.so.3", "libcrypto.so.3"][..]),
        ("libxkbcommon-x11-0", &["libxkbcommon-x11.so.0"][..]),
        ("libxkbcommon0", &["libxkbcommon.so.0"][..]),
    ] {
        let path = format!("/var/lib/dpkg/info/{package}:{architecture}.symbols");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            // the base system has these; the others come with a compiler or a desktop
            Err(error) if matches!(package, "libc6" | "libgcc-s1" | "libstdc++6" | "zlib1g" | "libcrypt1") => {
                panic!("{path}: {error}")
            }
            Err(_) => continue,
        };
        for soname in sonames {
            let library = find(soname, &architecture, (3, 11)).unwrap();
            assert_eq!(library.package, package);
            for (node, versions) in nodes(&text, soname) {
                let private = ["_PRIVATE", "LIBDBUS_PRIVATE_", "HIDDEN", "GOMP_PLUGIN_"];
                if node == "Base" || private.iter().any(|part| node.contains(part)) {
                    continue;
                }
                match library.bound(&node) {
                    Some(Bound::AtLeast(version)) => {
                        assert!(versions.contains(&version), "{soname} {node}: {version} {versions:?}");
                    }
                    Some(Bound::Any) => assert!(node == "GCC_3.0", "{soname} {node}"),
                    None => panic!("{soname} {node} is in no table"),
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 100, "only {checked} symbol versions");
}

#[test]
fn versions_are_ordered_as_dpkg_orders_them() {
    let versions = [
        "0", "1", "1~", "1~~", "1a", "1+", "1.", "1.0", "1-1", "1-1~", "1:0", "01", "1.10", "1.9", "1-a", "1a1",
        "1.0-0", "2:0-1",
    ];
    for a in versions {
        for b in versions {
            let holds = |relation: &str| {
                Command::new("dpkg").args(["--compare-versions", a, relation, b]).status().unwrap().success()
            };
            let expected = if holds("lt") {
                std::cmp::Ordering::Less
            } else if holds("gt") {
                std::cmp::Ordering::Greater
            } else {
                std::cmp::Ordering::Equal
            };
            assert_eq!(compare_versions(a, b), expected, "{a} {b}");
        }
    }
}
