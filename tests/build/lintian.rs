//! lintian on packages with an environment: what is inherent is overridden, nothing else is, and no override is unused.

use crate::source_package::{SourcePackage, application, command, run};
use crate::wheel::Wheel;
use std::collections::BTreeSet;
use std::fs;

/// What a compiler makes of C code.
fn compiled(code: &str, options: &[&str]) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let (source, result) = (directory.path().join("code.c"), directory.path().join("result"));
    fs::write(&source, code).unwrap();
    run(command("cc").args(["-s", "-o"]).arg(&result).arg(&source).args(options)).ok();
    fs::read(result).unwrap()
}

/// A wheel with everything that real ones have and a distribution's own packages do not.
fn everything() -> Wheel {
    let function = "int used(void) { return 1; }\n";
    let embedded = "const char *text = \"deflate 1.2.11 Copyright\"; int used(void) { return 1; }\n";
    let unstripped = {
        let directory = tempfile::tempdir().unwrap();
        let (source, result) = (directory.path().join("code.c"), directory.path().join("result"));
        fs::write(&source, function).unwrap();
        run(command("cc").args(["-g", "-shared", "-o"]).arg(&result).arg(&source)).ok();
        fs::read(result).unwrap()
    };
    let library = ["-shared", "-Wl,--no-as-needed,-soname,libours-1a2b.so.1"];
    let gzip = [&[31, 139, 8, 0, 0, 0, 0, 0, 2, 255][..], &GZIPPED_MODULE].concat();
    Wheel::new("everything", "1.0")
        .tag("cp311-cp311-linux_x86_64")
        .file("everything/__init__.py", "")
        .executable("everything.libs/libours-1a2b.so.1", compiled(embedded, &library))
        .file("everything/alone.so", compiled(function, &["-shared", "-nostdlib"]))
        .file("everything/other.so", compiled(function, &["-shared", "-nostdlib", "-Wl,--no-as-needed", "-lm"]))
        .file("everything/debug.so", unstripped)
        .executable("everything/static", compiled("int main(void) { return 0; }\n", &["-static", "-no-pie"]))
        .executable("everything/run.py", "#!/usr/bin/env python3\n")
        .executable("everything/data.txt", "text\n")
        .file("everything/old.py", "#!/usr/bin/env python\n")
        .file("everything/edit.pxd", "#!python\n")
        .file("everything/tool.sh", "#!/bin/sh\n")
        .executable("everything/local.sh", "#!/usr/local/bin/bash\n")
        .executable("everything/relative", "#!bash\n")
        .executable("everything/nothing", "#!\n")
        .file("everything/fortran.mod", gzip)
        .data("scripts/everything-tool", "#!python\nprint('tool')\n")
}

/// `GFORTRAN module version '15' created from x.f90`, compressed by gzip (the header is above).
const GZIPPED_MODULE: [u8; 58] = [
    115, 119, 243, 15, 10, 9, 114, 244, 83, 200, 205, 79, 41, 205, 73, 85, 40, 75, 45, 42, 206, 204, 207, 83, 80, 55,
    52, 85, 87, 72, 46, 74, 77, 44, 73, 77, 81, 72, 43, 202, 207, 85, 168, 208, 75, 179, 52, 224, 2, 0, 168, 184, 195,
    30, 48, 0, 0, 0,
];

/// What lintian says of the package, a line each without the name of the package.
fn lintian(package: &SourcePackage) -> Vec<String> {
    package.write("debian/demo.docs", "notes\n");
    package.write("notes", "n\n");
    package.write(
        "debian/copyright",
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: 2024 A Person\n\
         License: GPL-2+\n On Debian systems see /usr/share/common-licenses/GPL-2.\n",
    );
    package.buildpackage(&["-b"]).ok();
    let mut lintian = command("lintian");
    lintian.args(["--allow-root", "--fail-on", "none", "--tag-display-limit", "0", "-E", "-I", "--pedantic"]);
    let said = run(lintian.arg(package.deb("demo"))).ok().stdout;
    let about = |line: &str| line.split_once(": demo: ").map(|(kind, rest)| format!("{kind}: {rest}"));
    said.lines().filter_map(about).filter(|line| !IS_OF_THE_TEST.iter().any(|tag| line.contains(tag))).collect()
}

/// What lintian says because the package is one of a test: of its description, changelog and manual pages.
const IS_OF_THE_TEST: &[&str] = &[
    "description-",
    "extended-description",
    "initial-upload-closes-no-bugs",
    "no-manual-page",
    "possible-new-upload",
    "changelog",
    "synopsis",
    "section-is",
];

/// What lintian remarks (I, P, X) and calls neither error nor warning: true of the files that wheels have, and left visible.
const REMARKS: &[&str] = &[
    "binary-has-unneeded-section",
    "executable-in-usr-lib",
    "hardening-no-bindnow",
    "hardening-no-fortify-functions",
    "no-symbols-control-file",
    "package-contains-documentation-outside-usr-share-doc",
    "repeated-path-segment",
];

#[test]
fn what_is_inherent_is_overridden_wherever_the_environment_is() {
    let (lib, deeper) = ("install-root = \"/usr/lib\"\n", "install-root = \"/usr/lib/demo\"\nname = \"venv\"\n");
    for (place, byte_codes) in
        [("", &["install", "ship", "none"][..]), (lib, &["install", "ship"]), (deeper, &["none"])]
    {
        for byte_code in byte_codes.iter().copied() {
            let package = SourcePackage::new();
            package.wheels([application(), everything()]);
            let python = if crate::install::python() == "python3.11" { "" } else { "python = \"3.11\"\n" };
            let byte_code = if python.is_empty() { byte_code } else { "none" };
            let text = format!(
                "project = \"none\"\ncommands = [\"demo\", \"everything-tool\"]\nbytecode = \"{byte_code}\"\n{python}{place}"
            );
            package.config(&text);
            let said = lintian(&package);
            let bad: Vec<&String> =
                said.iter().filter(|line| line.starts_with(['E', 'W']) || line.contains("override")).collect();
            assert!(bad.is_empty(), "{text}{said:#?}");
            // what is true of the wheels, and no fault of the package, is not hidden
            let tags: BTreeSet<&str> = said.iter().filter_map(|line| line.split_whitespace().nth(1)).collect();
            let others: Vec<&&str> = tags.iter().filter(|tag| !REMARKS.contains(tag)).collect();
            assert!(others.is_empty(), "{text}{said:#?}");
        }
    }
}

/// Pure Python below /usr/lib: one override, for the link that has to stay when the environment is moved.
#[test]
fn below_usr_lib_hardly_anything_is_overridden() {
    let package = SourcePackage::new();
    package.config("project = \"none\"\ncommands = [\"demo\"]\ninstall-root = \"/usr/lib\"\n");
    let said = lintian(&package);
    assert!(said.iter().all(|line| REMARKS.iter().any(|tag| line.contains(tag))), "{said:#?}");
    let lines = package.read("debian/demo/usr/share/lintian/overrides/demo");
    let lines: Vec<&str> = lines.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines, ["demo: absolute-symlink-in-top-level-folder * [usr/lib/demo/*]"]);
    let link = fs::read_link(package.root.join("debian/demo/usr/bin/demo")).unwrap();
    assert_eq!(link.to_str(), Some("../lib/demo/bin/demo"));
}

/// A package that says what its scripts need is told nothing, and has no override for it.
#[test]
fn a_package_with_python3_needs_no_override_for_its_scripts() {
    let package = SourcePackage::new();
    package.wheels([application().executable("demo_app/run.py", "#!/usr/bin/env python3\n")]);
    for (depends, overridden) in [("${misc:Depends}", true), ("${misc:Depends}, python3", false)] {
        let control =
            package.read("debian/control").replace("Depends: ${misc:Depends}\n", &format!("Depends: {depends}\n"));
        package.write("debian/control", control);
        let said = lintian(&package);
        assert!(!said.iter().any(|line| line.starts_with('E') || line.contains("override")), "{said:#?}");
        let lines = package.read("debian/demo/usr/share/lintian/overrides/demo");
        assert_eq!(lines.contains("python3-script-but-no-python3-dep"), overridden, "{lines}");
    }
}
