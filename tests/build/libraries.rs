//! What becomes of the libraries that wheels need: dependencies, recommendations, nothing, or a refusal. The files are made by the
//! compiler, the packages by the real dpkg-buildpackage, and dpkg-shlibdeps is the machine's own.

use crate::refusals::elf_that_needs;
use crate::source_package::{SourcePackage, application, command, run};
use crate::wheel::Wheel;
use std::fs;
use std::path::Path;

/// A library of the distribution that every system has and no table knows.
const SELINUX: &str = "libselinux.so.1";

/// A shared library that needs what `arguments` link it with.
pub(crate) fn linked(source: &str, arguments: &[&str]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("x.c"), source).unwrap();
    let fixed = ["-shared", "-fPIC", "-Wl,--no-as-needed", "-o", "x.so", "x.c"];
    run(command("cc").args(fixed).args(arguments).current_dir(directory.path())).ok();
    fs::read(directory.path().join("x.so")).unwrap()
}

/// A module that uses libselinux, linked against the installed one as a wheel is that was built here.
fn uses_selinux() -> Vec<u8> {
    let library = format!("/usr/lib/{}/{SELINUX}", output("dpkg-architecture", &["-qDEB_HOST_MULTIARCH"]));
    linked("int is_selinux_enabled(void); int used(void) { return is_selinux_enabled(); }\n", &[&library])
}

fn output(program: &str, arguments: &[&str]) -> String {
    run(command(program).args(arguments)).ok().stdout.trim().to_owned()
}

/// The tag of a wheel that was built on this machine.
fn linux() -> String {
    format!("py3-none-linux_{}", output("uname", &["-m"]))
}

fn manylinux() -> String {
    format!("py3-none-manylinux_2_17_{}", output("uname", &["-m"]))
}

/// The lines of the facts, without `substvar`.
fn facts(package: &SourcePackage) -> Vec<String> {
    let text = package.read("debian/.debhelper/rustvenv/demo/facts");
    text.lines().filter_map(|line| line.strip_prefix("substvar ")).map(str::to_owned).collect()
}

fn field(deb: &Path, name: &str) -> String {
    output("dpkg-deb", &["-f", deb.to_str().unwrap(), name])
}

/// Adds fields to the binary package.
fn with_fields(package: &SourcePackage, fields: &str) {
    package.write(
        "debian/control",
        package.read("debian/control").replace("Description:", &format!("{fields}\nDescription:")),
    );
}

/// An application that needs libz, and a driver that needs libz and libpq.
fn with_driver() -> SourcePackage {
    let package = SourcePackage::new();
    let driver = Wheel::new("psycopg2", "2.9").tag(&manylinux());
    let driver = driver
        .file("psycopg2/_psycopg.so", elf_that_needs("libpq.so.5"))
        .file("psycopg2/_zip.so", elf_that_needs("libz.so.1"));
    package.wheels([application().file("demo_app/x.so", elf_that_needs("libz.so.1")), driver]);
    package
}

#[test]
fn a_driver_is_recommended() {
    let package = with_driver();
    package.config("project = \"none\"\nlibraries-recommended = [\"Psycopg2\"]\n");
    with_fields(&package, "Recommends: less, ${misc:Recommends}");
    package.buildpackage(&["-b"]).ok();
    let deb = package.deb("demo");
    assert_eq!(field(&deb, "Depends"), format!("{}, zlib1g", crate::install::python()));
    assert_eq!(field(&deb, "Recommends"), "less, libpq5");
    let provenance = package.read("debian/demo/opt/venvs/demo/share/rustvenv/provenance.json");
    let provenance: serde_json::Value = serde_json::from_str(&provenance).unwrap();
    assert_eq!(provenance["libraries-recommended"], serde_json::json!(["psycopg2"]));
    assert_eq!(provenance.get("libraries-ignored"), None);
}

#[test]
fn one_library_of_a_driver_is_left_out() {
    let package = with_driver();
    package.config("project = \"none\"\nlibraries-ignored = [\"psycopg2:libpq.so.5\"]\n");
    let prepared = package.rustvenv(&["prepare", "--package", "demo", "-v"]).ok();
    assert!(prepared.stderr.contains("no dependency, as `libraries-ignored` says: libpq.so.5"), "{}", prepared.stderr);
    package.buildpackage(&["-b"]).ok();
    assert_eq!(field(&package.deb("demo"), "Depends"), format!("{}, zlib1g", crate::install::python()));
    let provenance = package.read("debian/demo/opt/venvs/demo/share/rustvenv/provenance.json");
    assert!(provenance.contains("\"psycopg2:libpq.so.5\""), "{provenance}");
}

#[test]
fn recommendations_need_a_place() {
    for (fields, variable) in [
        ("Recommends: ${rustvenv:Recommends}", Some("rustvenv:Recommends")),
        ("Suggests: ${misc:Recommends}", Some("misc:Recommends")),
        ("Recommends: less", None),
        ("Depends-Not: ${misc:Recommends}", None),
    ] {
        let package = with_driver();
        package.config("project = \"none\"\nlibraries-recommended = [\"psycopg2\"]\n");
        with_fields(&package, fields);
        let done = package.install();
        match variable {
            Some(variable) => {
                done.ok();
                assert!(facts(&package).contains(&format!("{variable} libpq5")), "{:?}", facts(&package));
            }
            None => {
                assert_eq!((done.status, done.codes()), (2, vec!["depends-not-used"]), "{fields}: {}", done.stderr);
                assert!(done.stderr.contains("libpq5"), "{}", done.stderr);
            }
        }
    }
    // where nothing is left to recommend, no place is needed
    let package = with_driver();
    package.config("project = \"none\"\nlibraries-recommended = [\"psycopg2:libz.so.1\"]\n");
    package.install().ok();
}

#[test]
fn a_rule_that_means_nothing_is_refused() {
    for (rule, says) in [
        ("psycopg", "`libraries-recommended` names `psycopg`, which is not in the environment"),
        ("psycopg2:libpq.so.6", "names `libpq.so.6`, which no file of `psycopg2` needs"),
        ("demo-app:libpq.so.5", "names `libpq.so.5`, which no file of `demo-app` needs"),
    ] {
        let package = with_driver();
        package.config(&format!("project = \"none\"\nlibraries-recommended = [\"{rule}\"]\n"));
        let done = package.install();
        assert_eq!((done.status, done.codes()), (2, vec!["library-policy-unused"]), "{}", done.stderr);
        assert!(done.stderr.contains(says), "{}", done.stderr);
    }
    // what is for another target may be named, whatever it needs there
    let package = with_driver();
    let elsewhere = format!("elsewhere==1 ; platform_machine == 'none' --hash=sha256:{}\n", "0".repeat(64));
    package.write("requirements.txt", package.read("requirements.txt") + &elsewhere);
    package.config("project = \"none\"\nlibraries-ignored = [\"elsewhere\", \"elsewhere:libany.so.1\"]\n");
    package.install().ok();
}

#[test]
fn dpkg_knows_the_library_of_a_wheel_that_was_built_here() {
    let package = SourcePackage::new();
    let built = Wheel::new("secure", "1").tag(&linux()).file("secure/_x.so", uses_selinux());
    // a library that it brings itself is no question to dpkg, nor one that another file brings
    let built = built
        .file("secure/_y.so", elf_that_needs("libinner.so.1"))
        .file("secure/libinner.so.1", linked("int inner;\n", &["-nostdlib", "-Wl,-soname,libinner.so.1"]));
    package.wheels([application(), built]);
    package.buildpackage(&["-b"]).ok();
    let depends = field(&package.deb("demo"), "Depends");
    let theirs = output("dpkg-query", &["-W", "-f=${Package}", "libselinux1"]);
    let found: Vec<&str> = depends.split(", ").filter(|relation| relation.starts_with("libselinux1")).collect();
    assert!(theirs == "libselinux1" && found.len() == 1 && found[0].contains("(>= "), "{depends}");
    assert!(!depends.contains("inner"), "{depends}");
    // its own table has the C library, with the floor of the symbol version
    assert!(depends.contains("libc6 (>= 2."), "{depends}");
}

#[test]
fn what_the_machine_has_set_up_does_not_decide() {
    let package = SourcePackage::new();
    let built = || Wheel::new("secure", "1").tag(&linux()).file("secure/_x.so", uses_selinux());
    package.wheels([application(), built()]);
    package.install().ok();
    let plain = facts(&package);
    // a private copy of the library, named by a variable, is not the distribution's
    let elsewhere = tempfile::tempdir().unwrap();
    let fake = linked("int is_selinux_enabled(void) { return 0; }\n", &["-nostdlib", "-Wl,-soname,libselinux.so.1"]);
    fs::write(elsewhere.path().join(SELINUX), fake).unwrap();
    let mut again = package.program("rustvenv");
    again.env("LD_LIBRARY_PATH", elsewhere.path()).env("LC_ALL", "de_DE.UTF-8").env("TMPDIR", "/nonexistent");
    run(again.args(["install", "--package", "demo", "--facts", "debian/.debhelper/rustvenv/demo/facts"])).ok();
    assert_eq!(facts(&package), plain);
}

#[test]
fn the_source_package_may_say_more_about_a_library() {
    let package = SourcePackage::new();
    let built = Wheel::new("secure", "1").tag(&linux()).file("secure/_x.so", uses_selinux());
    package.wheels([application(), built]);
    package.write("debian/shlibs.local", "libselinux 1 libother1 (>= 3) | libblas.so.3\n");
    package.buildpackage(&["-b"]).ok();
    let depends = field(&package.deb("demo"), "Depends");
    assert!(depends.contains("libother1 (>= 3) | libblas.so.3"), "{depends}");
    assert!(!depends.contains("libselinux1"), "{depends}");
}

#[test]
fn a_recommendation_may_come_from_dpkg() {
    let package = SourcePackage::new();
    let built = Wheel::new("secure", "1").tag(&linux()).file("secure/_x.so", uses_selinux());
    package.wheels([application(), built]);
    package.config("project = \"none\"\nlibraries-recommended = [\"secure:libselinux.so.1\"]\n");
    with_fields(&package, "Recommends: ${rustvenv:Recommends}");
    package.buildpackage(&["-b"]).ok();
    let deb = package.deb("demo");
    assert!(!field(&deb, "Depends").contains("libselinux1"), "{}", field(&deb, "Depends"));
    assert!(field(&deb, "Recommends").starts_with("libselinux1 (>= "), "{}", field(&deb, "Recommends"));
}

#[test]
fn a_library_that_is_not_installed_is_refused_by_file() {
    for tag in [linux(), manylinux()] {
        let package = SourcePackage::new();
        let wheel = Wheel::new("secure", "1").tag(&tag).file("secure/_x.so", elf_that_needs("libunknown.so.7"));
        package.wheels([application(), wheel]);
        let done = package.install();
        assert_eq!((done.status, done.codes()), (3, vec!["library-unknown"]), "{}", done.stderr);
        assert!(done.stderr.contains("secure/_x.so` needs the library `libunknown.so.7`"), "{}", done.stderr);
        let here = "found: no `libunknown.so.7` is installed where the package is built";
        assert_eq!(done.stderr.contains(here), tag == linux(), "{}", done.stderr);
    }
    // dpkg is not asked for wheels that promise to need no such library
    let package = SourcePackage::new();
    package.wheels([application(), Wheel::new("secure", "1").tag(&manylinux()).file("secure/_x.so", uses_selinux())]);
    assert_eq!(package.install().codes(), ["library-unknown"]);
}

#[test]
fn a_wheel_that_needs_many_unknown_libraries_is_no_long_wait() {
    let package = SourcePackage::new();
    let wheel = Wheel::new("secure", "1").tag(&linux());
    let with =
        |wheel: Wheel, n| wheel.file(&format!("secure/_x{n}.so"), elf_that_needs(&format!("libunknown{n}.so.7")));
    package.wheels([application(), (10..22).fold(wheel, with)]);
    let done = package.rustvenv(&["prepare", "--package", "demo"]);
    assert_eq!((done.status, done.codes()), (3, vec!["library-unknown"; 12]), "{}", done.stderr);
    let found = |what: &str| done.stderr.lines().filter(|line| line.contains(what)).count();
    assert_eq!(found("found: no `libunknown"), 10, "{}", done.stderr);
    assert_eq!(found("found: nothing: it was not looked for, as 10 others"), 2, "{}", done.stderr);
}

#[test]
fn a_foreign_copy_of_a_library_does_not_serve() {
    let mut foreign = linked("int inner;\n", &["-nostdlib", "-Wl,-soname,libinner.so.1"]);
    foreign[18..20].copy_from_slice(&2u16.to_ne_bytes());
    let package = SourcePackage::new();
    let wheel = Wheel::new("native", "1").tag(&manylinux());
    let wheel = wheel.file("native/_x.so", elf_that_needs("libinner.so.1")).file("native.libs/libinner.so.1", foreign);
    package.wheels([application(), wheel]);
    let done = package.install();
    assert_eq!(done.codes(), ["library-unknown"], "{}", done.stderr);
    let says = "native.libs/libinner.so.1`, which is for another architecture";
    assert!(done.stderr.contains("native/_x.so`") && done.stderr.contains(says), "{}", done.stderr);
}

#[test]
fn a_cross_build_takes_nothing_from_the_machine_that_builds() {
    let (host, machine, number) =
        if output("uname", &["-m"]) == "aarch64" { ("amd64", "x86_64", 62u16) } else { ("arm64", "aarch64", 183u16) };
    let mut module = uses_selinux();
    module[18..20].copy_from_slice(&number.to_ne_bytes());
    let package = SourcePackage::new();
    let wheel = Wheel::new("secure", "1").tag(&format!("py3-none-linux_{machine}"));
    package.wheels([application(), wheel.file("secure/_x.so", module)]);
    package.config("project = \"none\"\nglibc = \"2.36\"\npython = \"3.11\"\n");
    let done = run(package.program("rustvenv").env("DEB_HOST_ARCH", host).args(["prepare", "--package", "demo"]));
    assert_eq!((done.status, done.codes()), (3, vec!["library-unknown"]), "{}", done.stderr);
    let says = [SELINUX, "secure/_x.so", "Build-Depends"];
    assert!(says.iter().all(|text| done.stderr.contains(text)), "{}", done.stderr);
}
