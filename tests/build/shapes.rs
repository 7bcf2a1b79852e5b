//! Every shape that a wheel may have, installed by the real pip and by `rustvenv`, compared by the program that compares the
//! wheels of PyPI (`scripts/conformance.py`), and run from an environment that was moved.
//!
//! Differences are allowed only where rustvenv(7) lists them, and each test says which of them it expects.

use crate::install::python;
use crate::refusals::{elf_that_needs, for_another_machine};
use crate::source_package::{SourcePackage, command, run, timeless, tree};
use crate::wheel::{EXECUTABLE, Entry, FILE, Wheel};
use std::fs;
use std::path::{Path, PathBuf};

/// One set of wheels, installed twice.
struct Twice {
    package: SourcePackage,
    pip: PathBuf,
    ours: PathBuf,
    said: String,
    differences: Vec<String>,
}

/// Installs `wheels` with pip and with `rustvenv`, moves what the latter made, and compares the two.
fn twice(wheels: Vec<Wheel>) -> Twice {
    let package = SourcePackage::new();
    package.config("project = \"none\"\n");
    package.wheels(wheels);
    let said = package.install().ok().stderr;
    let ours = package.root.join("moved to/another place");
    fs::create_dir_all(ours.parent().unwrap()).unwrap();
    fs::rename(package.root.join("debian/demo/opt/venvs/demo"), &ours).unwrap();

    let pip = package.root.join("pip");
    run(command("/usr/bin/python3").args(["-m", "venv", "--without-pip"]).arg(&pip)).ok();
    let arguments = "install --no-index --no-deps --no-compile --require-hashes --disable-pip-version-check --find-links wheels \
                     --requirement requirements.txt";
    run(command("sh")
        .args(["-c", "umask 022; exec /usr/bin/python3 -m pip --python pip/bin/python \"$@\"", "-"])
        .args(arguments.split(' '))
        .env("PIP_CONFIG_FILE", "/dev/null")
        .current_dir(&package.root))
    .ok();

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/conformance.py");
    let mut files: Vec<PathBuf> =
        fs::read_dir(package.root.join("wheels")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "whl"));
    let compared = run(command("/usr/bin/python3").arg(script).arg("compare").arg(&pip).arg(&ours).args(files));
    assert_eq!(compared.status, 0, "{}\n{}", compared.stdout, compared.stderr);
    let found: serde_json::Value = serde_json::from_str(&compared.stdout).unwrap();
    assert!(found["files"].as_u64().unwrap() > 3, "{found}");
    let names = found["differences"].as_array().unwrap().iter();
    let differences = names.map(|name| name.as_str().unwrap().to_owned()).collect();
    Twice { package, pip, ours, said, differences }
}

/// What every environment differs in.
const ALWAYS: [&str; 4] = ["environment", "installer", "record", "requested"];

impl Twice {
    /// Fails the test unless these are the differences beside those that there always are.
    #[track_caller]
    fn differs_in(&self, names: &[&str]) {
        let mut expected: Vec<&str> = ALWAYS.iter().chain(names).copied().collect();
        expected.sort_unstable();
        assert_eq!(self.differences, expected, "{}", self.said);
    }

    /// What `program` of bin/ prints in each of the two, which has to be the same.
    #[track_caller]
    fn runs(&self, program: &str, arguments: &[&str]) -> String {
        let printed = |root: &Path| {
            let program = root.join("bin").join(program);
            run(command(program.to_str().unwrap()).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1")).ok().stdout
        };
        let (theirs, ours) = (printed(&self.pip), printed(&self.ours));
        assert_eq!(theirs, ours, "{program}");
        ours
    }

    /// What a line of Python prints in both.
    #[track_caller]
    fn python(&self, line: &str) -> String {
        self.runs("python", &["-c", line])
    }

    /// A file of site-packages in our environment.
    fn site(&self, path: &str) -> PathBuf {
        self.ours.join("lib").join(python()).join("site-packages").join(path)
    }
}

#[test]
fn namespace_packages() {
    let pkgutil = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n";
    let wheel = |letter: &str| {
        Wheel::new(&format!("ns-{letter}"), "1.0")
            .file(&format!("bare/{letter}/__init__.py"), format!("name = 'bare {letter}'\n"))
            .file("old/__init__.py", pkgutil)
            .file(&format!("old/{letter}.py"), format!("name = 'old {letter}'\n"))
    };
    let both = twice(vec![wheel("a"), wheel("b")]);
    both.differs_in(&[]);
    let printed =
        both.python("import bare.a, bare.b, old.a, old.b; print(bare.a.name, bare.b.name, old.a.name, old.b.name)");
    assert_eq!(printed, "bare a bare b old a old b\n");
}

#[test]
fn what_runs_at_each_start_is_installed_and_said() {
    let starts = Wheel::new("starts", "1.0")
        .file("starts.pth", "import sys; sys.started = True\nstarts_more\n")
        .file("starts_more/found.py", "name = 'found'\n")
        .file("starts_more/inner.pth", "never read\n")
        .data("platlib/also.pth", "# nothing\n");
    let both = twice(vec![starts, Wheel::new("quiet", "1.0").file("quiet/__init__.py", "")]);
    both.differs_in(&[]);
    assert_eq!(both.python("import sys, found; print(sys.started, found.name)"), "True found\n");
    // prepare says the same; this is what install said
    let expected = |file: &str| {
        format!(
            "rustvenv: warning[runs-at-start]: `starts-1.0-py3-none-any.whl` brings `{file}`, which Python reads at each start"
        )
    };
    let warnings: Vec<&str> = both.said.lines().filter(|line| line.contains("warning[runs-at-start]")).collect();
    assert_eq!(warnings, ["also.pth", "starts.pth"].map(expected));
    // and also when silence was asked for
    let install = ["install", "--package", "demo"];
    let done =
        run(command(env!("CARGO_BIN_EXE_rustvenv")).args(install).env("DH_QUIET", "1").current_dir(&both.package.root));
    assert_eq!(done.ok().stderr.matches("runs-at-start").count(), 2);
}

#[test]
fn byte_code_that_wheels_ship_is_left_out_and_counted() {
    let compiled = Wheel::new("compiled", "1.0")
        .file("compiled/__init__.py", "name = 'source'\n")
        .file("compiled/__pycache__/__init__.cpython-311.pyc", "not even byte code")
        .file("compiled/tests/__pycache__/gone.cpython-39.pyc", "")
        .file("compiled/beside.py", "")
        .file("compiled/beside.pyc", "never read")
        .file("compiled/test-data/fixture-1.pyc", "data")
        .data("data/share/compiled/fixture.pyc", "data");
    let one = Wheel::new("one", "1.0").file("one.py", "").file("__pycache__/one.cpython-39.pyc", "");
    let both = twice(vec![compiled, one]);
    both.differs_in(&["byte-code"]);
    assert_eq!(both.python("import compiled.beside, one; print(compiled.beside.__name__)"), "compiled.beside\n");
    for line in [
        "rustvenv: compiled-1.0-py3-none-any.whl: 3 files of byte code left out\n",
        "rustvenv: one-1.0-py3-none-any.whl: 1 file of byte code left out\n",
    ] {
        assert!(both.said.contains(line), "{}", both.said);
    }
    assert!(!both.site("compiled/beside.pyc").exists() && both.site("compiled/test-data/fixture-1.pyc").exists());
}

#[test]
fn metadata_directories() {
    let wheel = Wheel::new("Meta.Data", "1.0")
        .file("metadata_wheel.py", "")
        .dist_info("licenses/LICENSE", "licence\n")
        .dist_info("licenses/vendor/COPYING", "copying\n")
        .dist_info("sboms/bom.cdx.json", "{}\n")
        .dist_info("top_level.txt", "metadata_wheel\n")
        .dist_info("INSTALLER", "somebody\n")
        .dist_info("REQUESTED", "")
        .dist_info("RECORD.jws", "{}")
        .record(|text| text.lines().filter(|line| !line.contains("jws")).map(|line| format!("{line}\r\n")).collect())
        .metadata("License-Expression: MIT\nLicense-File: LICENSE\nLicense-File: vendor/COPYING\n");
    let both = twice(vec![wheel]);
    both.differs_in(&["record-signature"]);
    for path in ["licenses/LICENSE", "licenses/vendor/COPYING", "sboms/bom.cdx.json"] {
        assert!(both.site("Meta.Data-1.0.dist-info").join(path).exists(), "{path}");
    }
    let files = "import importlib.metadata as m; print(sum('licenses' in str(f) for f in m.files('meta-data')))";
    assert_eq!(both.python(files), "2\n");
}

#[test]
fn files_of_every_scheme() {
    let wheel = Wheel::new("schemes", "1.0")
        .file("schemes/__init__.py", "")
        .data("purelib/schemes_pure.py", "")
        .data("platlib/schemes_plat/__init__.py", "")
        .data("data/share/man/man1/schemes.1", ".TH\n")
        .data("data/share/schemes/deep/er/data.bin", [0u8, 255, 10, 13])
        .data("data/etc/schemes/schemes.conf", "")
        .data("data/top-level-file", "")
        .data("data/lib/schemes/helper", "")
        .data("headers/schemes.h", "#define SCHEMES\n")
        .data("headers/inner/more.h", "");
    let both = twice(vec![wheel]);
    both.differs_in(&[]);
    for path in ["share/man/man1/schemes.1", "etc/schemes/schemes.conf", "top-level-file"] {
        assert!(both.ours.join(path).exists(), "{path}");
    }
    assert!(both.ours.join(format!("include/site/{}/schemes/inner/more.h", python())).exists());
}

const MODULE: &str = "\
import sys


class Tool:
    @staticmethod
    def main():
        print('tool', *sys.argv[1:])


def plain():
    print('plain', *sys.argv[1:])
    return 0
";

const ENTRY_POINTS: &str = "\
[console_scripts]
scripts-tool = scripts_module:Tool.main
scripts.plain=scripts_module:plain [extra]
shadowed = scripts_module:plain

[gui_scripts]
Scripts_GUI = scripts_module:plain

[scripts.plugins]
anything = not:a script
";

#[test]
fn scripts_of_every_kind() {
    let script =
        |name: &str, mode, content: &[u8]| Entry::file(&format!("scripts-1.0.data/scripts/{name}"), content).mode(mode);
    let echo = fs::read("/bin/echo").unwrap();
    let mut wheel = Wheel::new("scripts", "1.0").file("scripts_module.py", MODULE).entry_points(ENTRY_POINTS);
    for (name, mode, content) in [
        ("py", EXECUTABLE, &b"#!python\nimport sys\nprint('py', *sys.argv[1:])\n"[..]),
        ("pyw", EXECUTABLE, b"#!pythonw\nprint('pyw')\n"),
        ("docstring", EXECUTABLE, b"#!python\n'''Doc.'''\nfrom __future__ import annotations\nprint(__doc__)\n"),
        ("shell", EXECUTABLE, b"#!/bin/sh\necho shell \"$@\"\n"),
        ("not-executable", FILE, b"#!/bin/sh\necho now\n"),
        ("shadowed", EXECUTABLE, b"#!python\nprint('the file')\n"),
        ("windows.cmd", EXECUTABLE, b"@echo off\r\n"),
        ("binary", EXECUTABLE, &echo),
    ] {
        wheel = wheel.entry(script(name, mode, content));
    }
    let both = twice(vec![wheel]);
    both.differs_in(&["launcher", "script-line", "script-mode"]);
    for (script, printed) in [
        ("scripts-tool", "tool a b  c\n"),
        ("scripts.plain", "plain a b  c\n"),
        ("Scripts_GUI", "plain a b  c\n"),
        ("shadowed", "plain a b  c\n"),
        ("shell", "shell a b  c\n"),
        ("binary", "a b  c\n"),
        ("docstring", "Doc.\n"),
        ("pyw", "pyw\n"),
        ("py", "py a b  c\n"),
    ] {
        assert_eq!(both.runs(script, &["a", "b  c"]), printed, "{script}");
    }
    let done = run(&mut command(both.ours.join("bin/not-executable").to_str().unwrap())).ok();
    assert_eq!(done.stdout, "now\n");
}

#[test]
fn archives_of_every_kind() {
    let long = "text that compresses\n".repeat(10_000);
    let wheel = Wheel::new("archive", "1.0")
        .directory("archive/")
        .directory("archive/empty directory/")
        .directory("archive-1.0.dist-info/")
        .file("archive/__init__.py", "")
        .entry(Entry::file("archive/stored.txt", &long).stored())
        .entry(Entry::file("archive/stored-empty.txt", "").stored())
        .entry(Entry::file("archive/deferred.txt", &long).deferred())
        .entry(Entry::file("archive/zip64.txt", &long).zip64())
        .entry(Entry::file("archive/private.txt", "").mode(0o100_600))
        .entry(Entry::file("archive/group.py", "").mode(0o100_664))
        .entry(Entry::file("archive/everyone.sh", "#!/bin/sh\n").mode(0o100_777))
        .entry(Entry::file("archive/owner.sh", "#!/bin/sh\n").mode(0o100_700))
        .file("archive/\u{fc}n\u{ef}c\u{f6}de \u{65e5}\u{672c}.py", "name = '\u{fc}'\n")
        .file("archive/with blank, comma and 'quote'.txt", "")
        .file("archive/with \"double\" quotes.txt", "")
        .file("archive/.hidden", "")
        .file("archive/no-newline-at-the-end.txt", "x");
    let both = twice(vec![wheel]);
    both.differs_in(&[]);
    assert!(!both.site("archive/empty directory").exists());
    assert_eq!(fs::read_to_string(both.site("archive/zip64.txt")).unwrap(), long);
}

#[test]
fn a_wheel_without_directory_entries_leaves_the_same_tree() {
    let wheel = |directories: bool| {
        let wheel = Wheel::new("plain", "1.0");
        let wheel = if directories { wheel.directory("plain/").directory("plain/inner/") } else { wheel };
        wheel.file("plain/inner/module.py", "").file("plain/__init__.py", "")
    };
    let trees = [false, true].map(|directories| {
        let both = twice(vec![wheel(directories)]);
        both.differs_in(&[]);
        timeless(tree(&both.site("plain")))
    });
    assert_eq!(trees[0], trees[1]);
}

#[test]
fn names_versions_and_tags_as_people_spell_them() {
    let spelt = Wheel::new("Spelt_Like.This", "1.0+local.1").tag("py2.py3-none-any").file("spelt.py", "");
    // called after a platform when it was built already, and by hand
    let renamed = Wheel::new("renamed", "2.0rc1")
        .tag("py3-none-manylinux_2_17_x86_64.manylinux_2_17_aarch64")
        .whole_wheel("Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n")
        .file("renamed.py", "")
        .data("data/share/renamed", "");
    let both = twice(vec![spelt, renamed]);
    both.differs_in(&[]);
    let versions = "import importlib.metadata as m; print(m.version('spelt-like-this'), m.version('renamed'))";
    assert_eq!(both.python(versions), "1.0+local.1 2.0rc1\n");
}

#[test]
fn a_name_promises_nothing_that_was_not_built() {
    for (name, built) in [
        ("py2.py3-none-any", "py2-none-any"),
        ("cp39.cp311-cp39.cp311-manylinux_2_17_x86_64", "cp39-cp39-linux_x86_64"),
        ("py3-none-manylinux_2_17_x86_64.manylinux_2_17_aarch64", "py3-none-linux_aarch64"),
    ] {
        let package = SourcePackage::new();
        package.config("project = \"none\"\npython = \"3.11\"\nglibc = \"2.36\"\n");
        let text = format!("Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {built}\n");
        package.wheels([Wheel::new("more", "1.0").tag(name).whole_wheel(&text).file("more.py", "")]);
        // on another architecture the name does not even fit
        let done = package.rustvenv(&["prepare", "--package", "demo"]);
        let expected = if name.contains("x86_64") && done.codes() == ["wheel-incompatible"] {
            "wheel-incompatible"
        } else {
            "wheel-metadata"
        };
        assert_eq!(done.codes(), [expected], "{name}: {}", done.stderr);
    }
}

#[test]
fn machine_code_that_cannot_run_here_is_installed_and_said() {
    let wheel = Wheel::new("tools", "1.0")
        .file("tools/__init__.py", "")
        .executable("tools/sparc/tool", for_another_machine())
        .file("tools/plugins/libplugin.so", elf_that_needs("libunknown.so.7"));
    let both = twice(vec![wheel]);
    both.differs_in(&[]);
    let site = format!("opt/venvs/demo/lib/{}/site-packages", python());
    for warning in [
        format!(
            "warning[machine-code-foreign]: `tools-1.0-py3-none-any.whl` brings machine code for another architecture: \
             `{site}/tools/sparc/tool`\n"
        ),
        "warning[library-unmet]: files that will not load: 1; no package is known that has `libunknown.so.7`\n"
            .to_owned(),
    ] {
        assert!(both.said.contains(&warning), "{}", both.said);
    }
    let verbose = both.package.rustvenv(&["install", "--package", "demo", "--verbose"]).ok().stderr;
    let line = format!("will not load without libunknown.so.7: {site}/tools/plugins/libplugin.so\n");
    assert!(verbose.contains(&line), "{verbose}");
}
