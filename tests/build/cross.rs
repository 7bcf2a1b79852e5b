//! Packages for another architecture than that of the machine that builds, by the real dpkg-buildpackage: the wheels decide, and
//! nothing of the other architecture runs.

use crate::install::python;
use crate::source_package::{SourcePackage, application, command, run};
use crate::wheel::Wheel;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// An architecture that is not this machine's, as Debian, platform tags, dpkg's multiarch and ELF (e_machine, class, flags) call it.
struct Other {
    debian: &'static str,
    tag: &'static str,
    multiarch: &'static str,
    machine: u16,
    bits: u8,
    flags: u32,
    loader: &'static str,
}

const ARM64: Other = Other {
    debian: "arm64",
    tag: "aarch64",
    multiarch: "aarch64-linux-gnu",
    machine: 183,
    bits: 64,
    flags: 0,
    loader: "ld-linux-aarch64.so.1",
};

const ARMHF: Other = Other {
    debian: "armhf",
    tag: "armv7l",
    multiarch: "arm-linux-gnueabihf",
    machine: 40,
    bits: 32,
    flags: 0x0500_0400,
    loader: "ld-linux-armhf.so.3",
};

const AMD64: Other = Other {
    debian: "amd64",
    tag: "x86_64",
    multiarch: "x86_64-linux-gnu",
    machine: 62,
    bits: 64,
    flags: 0,
    loader: "ld-linux-x86-64.so.2",
};

/// One that this machine does not build for by default.
fn other() -> &'static Other {
    if native() == "arm64" { &AMD64 } else { &ARM64 }
}

fn native() -> String {
    run(command("dpkg").arg("--print-architecture")).ok().stdout.trim().to_owned()
}

impl Other {
    /// A shared library for it that needs libc.so.6 in version GLIBC_2.17; nobody runs it.
    fn library(&self) -> Vec<u8> {
        let wide = self.bits == 64;
        // the names: "", libc.so.6, GLIBC_2.17, the loader
        let names = format!("\0libc.so.6\0GLIBC_2.17\0{}\0", self.loader);
        let (header, entry, dynamic_entry) = if wide { (64usize, 56usize, 16usize) } else { (52, 32, 8) };
        let strings = header + 2 * entry;
        let versions = (strings + names.len()).next_multiple_of(8);
        let dynamic = versions + 32;
        let rows: [(u64, usize); 7] = [
            (1, 1),                  // DT_NEEDED: libc.so.6
            (5, strings),            // DT_STRTAB
            (10, names.len()),       // DT_STRSZ
            (0x6fff_fffe, versions), // DT_VERNEED
            (0x6fff_ffff, 1),        // DT_VERNEEDNUM
            (6, versions),           // DT_SYMTAB: none is looked at
            (0, 0),
        ];
        let end = dynamic + rows.len() * dynamic_entry;
        let mut out = Vec::new();
        let word = |out: &mut Vec<u8>, value: usize| {
            let value = u64::try_from(value).unwrap();
            let bytes = value.to_le_bytes();
            out.extend_from_slice(if wide { &bytes } else { &bytes[..4] });
        };
        out.extend_from_slice(&[0x7f, b'E', b'L', b'F', if wide { 2 } else { 1 }, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        out.extend_from_slice(&3u16.to_le_bytes());
        out.extend_from_slice(&self.machine.to_le_bytes());
        out.extend_from_slice(&1u32.to_le_bytes());
        word(&mut out, 0);
        word(&mut out, header);
        word(&mut out, 0);
        out.extend_from_slice(&self.flags.to_le_bytes());
        for half in [header, entry, 2, if wide { 64 } else { 40 }, 0, 0] {
            out.extend_from_slice(&u16::try_from(half).unwrap().to_le_bytes());
        }
        for (kind, offset, size) in [(1u32, 0, end), (2, dynamic, end - dynamic)] {
            out.extend_from_slice(&kind.to_le_bytes());
            if wide {
                out.extend_from_slice(&5u32.to_le_bytes());
            }
            for value in [offset, offset, offset, size, size] {
                word(&mut out, value);
            }
            if !wide {
                out.extend_from_slice(&5u32.to_le_bytes());
            }
            word(&mut out, if kind == 1 { 0x1000 } else { 8 });
        }
        assert_eq!(out.len(), strings);
        out.extend_from_slice(names.as_bytes());
        out.resize(versions, 0);
        // Verneed: version, count, file, aux, next; Vernaux: hash of GLIBC_2.17, flags, other, name, next
        for half in [1u16, 1] {
            out.extend_from_slice(&half.to_le_bytes());
        }
        for number in [1u32, 16, 0, 0x0696_9197] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for half in [0u16, 2] {
            out.extend_from_slice(&half.to_le_bytes());
        }
        for number in [11u32, 0] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        assert_eq!(out.len(), dynamic);
        for (tag, value) in rows {
            word(&mut out, usize::try_from(tag).unwrap());
            word(&mut out, value);
        }
        out
    }

    /// A wheel `fast` with an extension module for it.
    fn wheel(&self, platform: &str) -> Wheel {
        let cp = python().replace("python3.", "cp3");
        Wheel::new("fast", "1.0")
            .tag(&format!("{cp}-{cp}-{platform}_{}", self.tag))
            .file("fast/__init__.py", "")
            .file(&self.module(), self.library())
    }

    fn module(&self) -> String {
        format!("fast/_fast.cpython-{}-{}.so", python().replace("python3.", "3"), self.multiarch)
    }
}

/// A field of a .deb.
fn field(deb: &Path, name: &str) -> String {
    run(command("dpkg-deb").arg("-f").arg(deb).arg(name)).ok().stdout.trim().to_owned()
}

/// Makes all these wheels available and listed, and locks their hashes.
fn package_of(wheels: Vec<Wheel>) -> SourcePackage {
    let package = SourcePackage::new();
    package.wheels(wheels);
    // one requirement a project, with every hash
    let mut hashes: BTreeMap<String, String> = BTreeMap::new();
    for file in package.read("requirements.txt").split("\n").collect::<Vec<_>>().chunks(2) {
        if let [project, hash] = file {
            hashes.entry(project.trim_end_matches(" \\").to_owned()).or_default().push_str(hash);
        }
    }
    let lines = hashes.iter().map(|(project, hashes)| format!("{project}{hashes}\n"));
    package.write("requirements.txt", lines.collect::<String>());
    package
}

#[test]
fn the_wheels_of_the_other_architecture_make_its_package() {
    for target in [other(), &ARMHF] {
        let package = package_of(vec![
            application(),
            target.wheel("manylinux_2_17"),
            // would run on this machine, and is on the list as well
            if target.debian == "amd64" { ARM64.wheel("manylinux_2_17") } else { AMD64.wheel("manylinux_2_17") },
        ]);
        let mut debs = Vec::new();
        for architecture in [format!("-a{}", target.debian), format!("-a{}", target.debian)] {
            let done = package.buildpackage(&["-b", &architecture]).ok();
            assert!(!done.stderr.contains("machine-code-foreign"), "{}", done.stderr);
            let deb = package.deb("demo");
            assert!(deb.to_string_lossy().ends_with(&format!("_{}.deb", target.debian)), "{deb:?}");
            debs.push(fs::read(deb).unwrap());
        }
        assert!(debs[0] == debs[1], "{}: the two packages differ", target.debian);
        let deb = package.deb("demo");
        assert_eq!(field(&deb, "Architecture"), target.debian);
        assert_eq!(field(&deb, "Depends"), format!("libc6 (>= 2.17), {}", python()));
        let out = tempfile::tempdir().unwrap();
        run(command("dpkg-deb").arg("-x").arg(&deb).arg(out.path())).ok();
        let venv = out.path().join("opt/venvs/demo");
        let module = venv.join("lib").join(python()).join("site-packages").join(target.module());
        assert_eq!(fs::read(module).unwrap(), target.library());
        let said = fs::read_to_string(venv.join("share/rustvenv/provenance.json")).unwrap();
        let provenance: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(provenance["architecture"], target.debian);
        assert_eq!(provenance["wheels"][1]["file"], target.wheel("manylinux_2_17").file_name());
    }
}

#[test]
fn a_missing_wheel_is_told_for_the_target() {
    let target = other();
    let native = if target.debian == "amd64" { &ARM64 } else { &AMD64 };
    let package = package_of(vec![application(), native.wheel("manylinux_2_17")]);
    let architecture = format!("-a{}", target.debian);
    let done = package.buildpackage(&["-b", &architecture]);
    assert_ne!(done.status, 0);
    assert_eq!(done.codes(), ["wheel-incompatible"], "{}", done.stderr);
    assert!(done.stderr.contains(target.tag) && !package.has_deb("demo"), "{}", done.stderr);

    // machine code of this machine, under the name of the other
    let package = package_of(vec![
        application(),
        native.wheel("manylinux_2_17").tag(&{
            let cp = python().replace("python3.", "cp3");
            format!("{cp}-{cp}-manylinux_2_17_{}", target.tag)
        }),
    ]);
    let done = package.buildpackage(&["-b", &architecture]);
    assert_eq!(done.codes(), ["elf-architecture"], "{}", done.stderr);
}

#[test]
fn markers_are_those_of_the_target() {
    let target = other();
    let package = package_of(vec![application(), target.wheel("manylinux_2_17")]);
    let lock = package.read("requirements.txt");
    let (native, only) = if target.debian == "amd64" { ("aarch64", "x86_64") } else { ("x86_64", "aarch64") };
    let with = |machine: &str| lock.replace("fast==1.0 ", &format!("fast==1.0 ; platform_machine == \"{machine}\" "));
    package.write("requirements.txt", with(only));
    let architecture = format!("-a{}", target.debian);
    package.buildpackage(&["-b", &architecture]).ok();
    assert!(field(&package.deb("demo"), "Depends").contains("libc6"));
    package.write("requirements.txt", with(native));
    package.buildpackage(&["-b", &architecture]).ok();
    assert_eq!(field(&package.deb("demo"), "Depends"), python());
}

/// A project with setuptools; `extension` is what setup.py says of C.
fn project(extension: &str) -> SourcePackage {
    let package = SourcePackage::new();
    package.config("commands = [\"own\"]\n");
    package.write(
        "pyproject.toml",
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\n[project]\nname = \"own-project\"\n\
         version = \"1.0\"\n\n[project.scripts]\nown = \"own:main\"\n\n[tool.setuptools]\npy-modules = [\"own\"]\n",
    );
    package.write("own.py", "def main():\n    print('own')\n");
    package.write("setup.py", format!("from setuptools import Extension, setup\nsetup({extension})\n"));
    package.write("c.c", "#include <Python.h>\nint nothing;\nPyMODINIT_FUNC PyInit_c(void) { return NULL; }\n");
    package
}

#[test]
fn a_pure_project_is_built_for_the_other_architecture() {
    for byte_code in ["install", "ship"] {
        let package = project("");
        package.config(&format!("commands = [\"own\"]\nbytecode = \"{byte_code}\"\n"));
        package.buildpackage(&["-b", &format!("-a{}", other().debian)]).ok();
        let here = package.deb("demo");
        assert_eq!(field(&here, "Architecture"), other().debian);
        let out = tempfile::tempdir().unwrap();
        run(command("dpkg-deb").arg("-x").arg(here).arg(out.path())).ok();
        // no machine code is in it, so that it runs here as well
        let own = out.path().join("opt/venvs/demo/bin/own");
        assert_eq!(run(&mut command(own.to_str().unwrap())).ok().stdout, "own\n");
    }
}

#[test]
fn machine_code_of_the_builder_is_no_part_of_a_cross_build() {
    let package = project("ext_modules=[Extension('c', ['c.c'])]");
    package.buildpackage(&["-b"]).ok();
    run(package.program("debian/rules").arg("clean")).ok();
    let done = package.buildpackage(&["-b", &format!("-a{}", other().debian)]);
    assert_ne!(done.status, 0);
    assert_eq!(done.codes(), ["project-not-cross-built"], "{}", done.stderr);
}
