//! What hooks of debian/rules do to the environment on purpose: listed changes pass and are in the provenance record, all others
//! stop the build, and the package is the same whatever modes files of the checkout have.

use crate::install::python;
use crate::source_package::{Done, SourcePackage, application, command, run};
use crate::wheel::Wheel;
use rustvenv::digest::Sha256;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

/// The application, and a library of which packages want to change things.
fn wheels() -> [Wheel; 2] {
    let tron = Wheel::new("tron", "2.0")
        .file("tron/__init__.py", "")
        .file(
            "tron/__main__.py",
            "import sys\nfrom tron import config\nprint('[demo]', 'root =', config.ROOT, sep='\\n')\n",
        )
        .file("tron/config.py", "ROOT = '/nowhere'\n")
        .file("tron/hooks.py", "WORD = 'signed'\n")
        .file("tron/obsolete.py", "raise SystemExit\n")
        .file("tron/settings.py", "")
        .file("tron/tool", "#!/bin/sh\necho tool\n")
        .file("tron/tests/__init__.py", "")
        .file("tron/tests/data/big.bin", "big")
        .entry_points("[console_scripts]\ntrond = tron.__main__:main\n");
    [application(), tron]
}

const CONFIG: &str = "project = \"none\"\ncommands = [\"demo\"]\n";

fn with_changes(paths: &[&str]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| format!("\"{path}\"")).collect();
    format!("{CONFIG}changes = [{}]\n", paths.join(", "))
}

fn hook(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("\t{line}\n")).collect();
    format!(
        "#!/usr/bin/make -f\n%:\n\tdh $@ --with rustvenv\n\nV = debian/demo/opt/venvs/demo\nS = $(wildcard $(V)/lib/python3*/site-packages)\n\nexecute_after_dh_rustvenv:\n{lines}"
    )
}

/// Unpacks the .deb; the directory of the environment.
fn unpacked(package: &SourcePackage, to: &Path) -> PathBuf {
    run(command("dpkg-deb").arg("-x").arg(package.deb("demo")).arg(to)).ok();
    let sums = to.join("DEBIAN");
    run(command("dpkg-deb").arg("-e").arg(package.deb("demo")).arg(&sums)).ok();
    // dh_md5sums ran after the hook and before the last step
    run(command("md5sum").args(["--check", "--quiet", "DEBIAN/md5sums"]).current_dir(to)).ok();
    to.join("opt/venvs/demo")
}

const ALL_KINDS: &str = "\
sed -i s,/nowhere,/srv/demo, $(S)/tron/config.py
$(V)/bin/python -m tron > $(V)/demo.conf
rm $(S)/tron/obsolete.py
rm -r $(S)/tron/tests
ln -sf /etc/demo/settings.py $(S)/tron/settings.py
chmod +x $(S)/tron/tool
mkdir -p $(V)/node/bin
for n in 1 2 3; do echo $$n > $(V)/node/$$n; done
printf '\\043!/bin/sh\\necho node\\n' > $(V)/node/bin/node
chmod +x $(V)/node/bin/node
ln -s bin/node $(V)/node/node
";

const ALL_PATHS: &[&str] = &[
    "site-packages/tron/config.py",
    "site-packages/tron/obsolete.py",
    "site-packages/tron/tests",
    "site-packages/tron/settings.py",
    "site-packages/tron/tool",
];

#[test]
fn listed_changes_of_every_kind_pass_and_are_on_record() {
    let package = SourcePackage::new();
    package.wheels(wheels());
    package.config(&with_changes(ALL_PATHS));
    package.write("debian/rules", hook(ALL_KINDS));
    let done = package.buildpackage(&["-b"]).ok();
    let site = format!("opt/venvs/demo/lib/{}/site-packages", python());
    for line in [
        format!("{site}/tron/config.py was changed on purpose"),
        format!("{site}/tron/tests/data/big.bin was removed on purpose"),
        format!("{site}/tron/settings.py was replaced by a link on purpose"),
        "opt/venvs/demo/demo.conf was added".to_owned(),
        "opt/venvs/demo/node/ was added by this package, files: 5".to_owned(),
    ] {
        assert!(done.stderr.contains(&line), "{line}: {}", done.stderr);
    }
    assert!(!done.stderr.contains("build-path"), "{}", done.stderr);

    let out = tempfile::tempdir().unwrap();
    let venv = unpacked(&package, out.path());
    let site = venv.join("lib").join(python()).join("site-packages");
    assert_eq!(fs::read_to_string(venv.join("demo.conf")).unwrap(), "[demo]\nroot =\n/srv/demo\n");
    assert!(!site.join("tron/tests").exists() && !site.join("tron/obsolete.py").exists());
    assert_eq!(fs::read_link(site.join("tron/settings.py")).unwrap(), Path::new("/etc/demo/settings.py"));
    assert_eq!(fs::metadata(site.join("tron/tool")).unwrap().mode() & 0o7777, 0o755);
    assert_eq!(run(&mut command(venv.join("node/node").to_str().unwrap())).ok().stdout, "node\n");
    let compiled =
        walkdir::WalkDir::new(out.path()).into_iter().filter(|e| e.as_ref().unwrap().file_name() == "__pycache__");
    assert_eq!(compiled.count(), 0);

    // an auditor learns what is not what was signed for, which wheel had it and what that was
    let provenance: serde_json::Value =
        serde_json::from_slice(&fs::read(venv.join("share/rustvenv/provenance.json")).unwrap()).unwrap();
    let changes = provenance["changes"].as_array().unwrap();
    let names: Vec<&str> = changes
        .iter()
        .map(|change| {
            change["path"].as_str().unwrap().strip_prefix(&format!("lib/{}/site-packages/tron/", python())).unwrap()
        })
        .collect();
    assert_eq!(names, ["config.py", "obsolete.py", "settings.py", "tests/__init__.py", "tests/data/big.bin", "tool"]);
    assert_eq!(changes[0]["wheel"], "tron-2.0-py3-none-any.whl");
    assert_eq!(changes[0]["sha256"], Sha256::of(b"ROOT = '/nowhere'\n").hex());
    // RECORD goes on saying what the wheel brought
    let record = fs::read_to_string(site.join("tron-2.0.dist-info/RECORD")).unwrap();
    assert!(record.contains("tron/obsolete.py,sha256="), "{record}");

    // a second run without clean finds the changed files its own
    run(package
        .program("sh")
        .args(["-c", "rm debian/.debhelper/*.log debian/*.debhelper.log 2>/dev/null; debian/rules binary"]))
    .ok();
    let again = tempfile::tempdir().unwrap();
    assert!(unpacked(&package, again.path()).join("demo.conf").exists());
}

#[test]
fn modes_in_a_checkout_are_no_input() {
    let directory = tempfile::tempdir().unwrap();
    let package = SourcePackage::at(&directory.path().join("one/demo-1.0"));
    package.wheels(wheels());
    package.config(&with_changes(ALL_PATHS));
    // dh sets the umask of hooks to 022; a checkout was made under that of whoever made it
    package.write("debian/tron.py", "ROOT = '/srv/demo'\n");
    package.write(
        "debian/rules",
        hook(&format!(
            "{ALL_KINDS}rm $(S)/tron/config.py\ncp debian/tron.py $(S)/tron/config.py\ncp debian/tron.py $(V)/\n"
        )),
    );
    let other = directory.path().join("two/demo-1.0");
    fs::create_dir_all(other.parent().unwrap()).unwrap();
    run(command("cp").arg("-R").arg(&package.root).arg(&other)).ok();
    chmod(other.join("debian/tron.py"), 0o600);
    for root in [&package.root, &other] {
        run(package.program("dpkg-buildpackage").args(["-us", "-uc", "-d", "-b"]).current_dir(root)).ok();
    }
    let deb = package.deb("demo");
    let second = other.parent().unwrap().join(deb.file_name().unwrap());
    assert!(fs::read(&deb).unwrap() == fs::read(second).unwrap(), "the two packages differ");
}

#[test]
fn a_build_ends_with_what_is_not_listed_or_not_made() {
    for (paths, lines, codes, name) in [
        (&[][..], "echo x >> $(S)/tron/config.py", "installed-file-changed", "tron/config.py"),
        (&["site-packages/tron/hooks.py"], "true", "change-not-made", "tron/hooks.py"),
    ] {
        let package = SourcePackage::new();
        package.wheels(wheels());
        package.config(&with_changes(paths));
        package.write("debian/rules", hook(lines));
        let done = package.buildpackage(&["-b"]);
        assert_ne!(done.status, 0, "{lines}");
        assert_eq!(done.codes(), [codes], "{}", done.stderr);
        assert!(done.stderr.contains(name) && !package.has_deb("demo"), "{}", done.stderr);
    }
}

/// What a hook does, given the environment and its site-packages.
type Edit = Box<dyn Fn(&Path, &Path)>;

/// What `seal` says after `edit`, a function of the environment and of site-packages, in a package that lists `paths`.
fn sealed(paths: &[&str], edit: impl FnOnce(&Path, &Path)) -> Done {
    let package = SourcePackage::new();
    package.wheels(wheels());
    package.config(&with_changes(paths));
    package.install().ok();
    let environment = package.root.join("debian/demo/opt/venvs/demo");
    edit(&environment, &environment.join("lib").join(python()).join("site-packages"));
    package.rustvenv(&["seal", "--package", "demo"])
}

fn write(path: PathBuf) {
    fs::write(path, "changed").unwrap();
}

fn chmod(path: PathBuf, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_seal_refuses() {
    let config: &[&str] = &["site-packages/tron/config.py"];
    let cases: Vec<(&[&str], &[&str], Edit)> = vec![
        (config, &[], Box::new(|_, s| write(s.join("tron/config.py")))),
        (
            config,
            &["installed-file-changed"],
            Box::new(|_, s| {
                write(s.join("tron/config.py"));
                write(s.join("tron/hooks.py"));
            }),
        ),
        (config, &["installed-file-changed", "change-not-made"], Box::new(|_, s| write(s.join("tron/hooks.py")))),
        (&[], &["installed-file-changed"], Box::new(|_, s| fs::remove_file(s.join("tron/hooks.py")).unwrap())),
        (&[], &["installed-file-changed"], Box::new(|_, s| chmod(s.join("tron/hooks.py"), 0o755))),
        (&[], &["installed-file-changed"], Box::new(|_, s| chmod(s.join("tron"), 0o700))),
        (
            &[],
            &["installed-file-changed"],
            Box::new(|_, s| {
                fs::remove_file(s.join("tron/hooks.py")).unwrap();
                symlink("config.py", s.join("tron/hooks.py")).unwrap();
            }),
        ),
        // the same content, by way of a link
        (
            &[],
            &["installed-file-changed"],
            Box::new(|v, s| {
                fs::rename(s.join("tron"), v.join("tron")).unwrap();
                symlink("../../../tron", s.join("tron")).unwrap();
            }),
        ),
        (
            &[],
            &["installed-file-changed"],
            Box::new(|v, _| {
                fs::remove_file(v.join("bin/python")).unwrap();
                symlink("/usr/local/bin/python3", v.join("bin/python")).unwrap();
            }),
        ),
        (
            &[],
            &["installed-file-changed"],
            Box::new(|_, s| {
                fs::create_dir(s.join("tron/config")).unwrap();
                write(s.join("tron/config/__init__.py"));
            }),
        ),
        (
            config,
            &["installed-file-changed"],
            Box::new(|_, s| {
                fs::remove_file(s.join("tron/config.py")).unwrap();
                fs::create_dir(s.join("tron/config.py")).unwrap();
            }),
        ),
        (
            &[],
            &["byte-code-left"],
            Box::new(|_, s| {
                fs::create_dir(s.join("tron/__pycache__")).unwrap();
                write(s.join("tron/__pycache__/config.cpython-311.pyc"));
            }),
        ),
        (
            &[],
            &["added-file-unsafe"],
            Box::new(|v, _| {
                write(v.join("helper"));
                chmod(v.join("helper"), 0o4755);
            }),
        ),
        (
            config,
            &["added-file-unsafe"],
            Box::new(|_, s| {
                write(s.join("tron/config.py"));
                chmod(s.join("tron/config.py"), 0o2755);
            }),
        ),
        (&[], &["added-file-unsafe"], Box::new(|v, _| symlink(v, v.join("here")).unwrap())),
        (&[], &["added-file-unsafe"], Box::new(|v, _| symlink("/dev/shm/x", v.join("here")).unwrap())),
        (&[], &["added-file-unsafe"], Box::new(|v, _| symlink("../../../../../../x", v.join("here")).unwrap())),
        // the interpreter takes these for the settings of the environment
        (&[], &["added-file-unsafe"], Box::new(|v, _| write(v.join("bin/pyvenv.cfg")))),
        (&[], &["added-file-unsafe"], Box::new(|v, _| write(v.join(format!("bin/{}._pth", python()))))),
        (
            &[],
            &["installed-file-changed"],
            Box::new(|v, s| {
                fs::create_dir(v.join("other")).unwrap();
                write(v.join("other/__init__.py"));
                symlink("../../../../other", s.join("tron/hooks")).unwrap();
            }),
        ),
        (
            &[],
            &["added-file-unsafe"],
            Box::new(|v, _| {
                run(command("mkfifo").arg(v.join("fifo"))).ok();
            }),
        ),
    ];
    for (number, (paths, codes, edit)) in cases.into_iter().enumerate() {
        let done = sealed(paths, edit);
        assert_eq!(done.codes(), codes, "case {number}: {}", done.stderr);
        assert_eq!(done.status, if codes.is_empty() { 0 } else { 3 }, "case {number}: {}", done.stderr);
    }
}

#[test]
fn what_is_worth_a_look_is_said() {
    let done = sealed(&[], |environment, site| {
        fs::write(site.join("start.pth"), "import os\n").unwrap();
        let long = "x".repeat(200_000);
        fs::write(environment.join("here"), format!("{long}{}", environment.display())).unwrap();
        for number in 0..25 {
            fs::write(environment.join(format!("z{number}")), "").unwrap();
        }
    })
    .ok();
    for line in [
        "warning[runs-at-start]: this package adds `start.pth`",
        "warning[build-path]: `opt/venvs/demo/here`",
        "and 7 more",
    ] {
        assert!(done.stderr.contains(line), "{line}: {}", done.stderr);
    }
}

#[test]
fn what_may_not_be_listed_is_told_early() {
    for (path, code, status) in [
        ("site-packages/tron/confg.py", "change-unknown", 2),
        ("site-packages/tron/confi", "change-unknown", 2),
        ("demo.conf", "change-unknown", 2),
        ("pyvenv.cfg", "change-forbidden", 2),
        ("bin/python3", "change-forbidden", 2),
        ("bin/activate.fish", "change-forbidden", 2),
        ("share/rustvenv/provenance.json", "change-forbidden", 2),
        ("share/rustvenv/sha256sums.txt", "change-forbidden", 2),
        ("site-packages/tron-2.0.dist-info/RECORD", "change-forbidden", 2),
        ("site-packages/tron-2.0.dist-info", "change-forbidden", 2),
    ] {
        let package = SourcePackage::new();
        package.wheels(wheels());
        package.config(&with_changes(&[path]));
        let done = package.rustvenv(&["prepare", "--package", "demo"]);
        assert_eq!((done.status, done.codes()), (status, vec![code]), "{path}: {}", done.stderr);
    }
    // a launcher belongs to a wheel, too
    let package = SourcePackage::new();
    package.wheels(wheels());
    package.config(&with_changes(&["bin/trond"]));
    package.install().ok();
    let text = package.read("debian/demo/opt/venvs/demo/share/rustvenv/provenance.json");
    let provenance: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(provenance["changes"][0]["wheel"], "tron-2.0-py3-none-any.whl");
}

#[test]
fn shipped_byte_code_never_outlives_its_source() {
    let package = SourcePackage::new();
    package.wheels(wheels());
    package.config(&format!("{}bytecode = \"ship\"\n", with_changes(&["site-packages/tron/hooks.py"])));
    package.write("debian/rules", hook("sed -i s/signed/patched/ $(S)/tron/hooks.py"));
    package.buildpackage(&["-b"]).ok();
    let out = tempfile::tempdir().unwrap();
    let venv = unpacked(&package, out.path());
    let cache = venv.join("lib").join(python()).join("site-packages/tron/__pycache__");
    let compiled: Vec<String> =
        fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert!(compiled.iter().any(|name| name.starts_with("config.")), "{compiled:?}");
    assert!(!compiled.iter().any(|name| name.starts_with("hooks.")), "{compiled:?}");
    let done = run(command(venv.join("bin/python").to_str().unwrap()).args([
        "-B",
        "-c",
        "import tron.hooks as h; print(h.WORD)",
    ]));
    assert_eq!(done.ok().stdout, "patched\n");
}
