//! Options and variables of dh-virtualenv in builds by the real dh, and a package that moves from it to here.

use crate::source_package::{SourcePackage, command, run};
use crate::wheel::Wheel;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn rules(package: &SourcePackage, text: &str) {
    package.write("debian/rules", format!("#!/usr/bin/make -f\n{text}"));
    fs::set_permissions(package.root.join("debian/rules"), fs::Permissions::from_mode(0o755)).unwrap();
}

fn contents(deb: &Path) -> String {
    run(command("dpkg-deb").arg("-c").arg(deb)).ok().stdout
}

#[test]
fn options_of_dh_reach_all_three_steps() {
    let package = SourcePackage::new();
    package.config("");
    // the lock that is named is the only one that is there
    fs::rename(package.root.join("requirements.txt"), package.root.join("prod.txt")).unwrap();
    rules(
        &package,
        "%:\n\tdh $@ --with rustvenv --skip-install --requirements prod.txt --install-suffix=other --builtin-venv \\\n\
         \t\t--extra-pip-arg=--no-deps -Snone --no-such-option\n",
    );
    let done = package.buildpackage(&["-b"]).ok();
    assert!(contents(&package.deb("demo")).contains("./opt/venvs/other/bin/demo"));
    for line in ["warning: `--builtin-venv` has no effect: ", "warning: `--extra-pip-arg=--no-deps` has no effect: "] {
        assert!(done.stderr.contains(line), "{}", done.stderr);
    }
}

#[test]
fn options_of_an_override() {
    let package = SourcePackage::new();
    package.config("project = \"none\"\n");
    let with = |options: &str| {
        rules(&package, &format!("%:\n\tdh $@ --with rustvenv\n\noverride_dh_rustvenv:\n\tdh_rustvenv {options}\n"));
        package.buildpackage(&["-b"])
    };
    with("--install-suffix chosen -S --skip-install --requirements $(CURDIR)/requirements.txt").ok();
    let listed = contents(&package.deb("demo"));
    assert!(listed.contains("./opt/venvs/chosen/bin/demo"), "{listed}");
    let alone = |options: &str| run(package.program("dh_rustvenv").args(options.split(' ')));
    for (options, said) in [
        (
            "--index-url https://index.example.org/",
            "error[dh-virtualenv-option]: `--index-url=https://index.example.org/`",
        ),
        ("-s", "error[dh-virtualenv-option]: `--setuptools`"),
        ("--preinstall x --setuptools-test", "error[dh-virtualenv-option]: `--setuptools-test`"),
        ("--extra-pip-arg --no-binary=:all:", "error[dh-virtualenv-option]: `--extra-pip-arg=--no-binary=:all:`"),
        ("--python python3.99 --python=python3.98", "error[dh-virtualenv-conflict]"),
        ("--no-such-option", "unknown option"),
        ("--requirement x", "unknown option"),
        ("x", "takes no arguments"),
    ] {
        let done = alone(options);
        assert!(done.status != 0 && done.stderr.contains(said), "{options}: {}", done.stderr);
    }
    package.config("project = \"none\"\nname = \"fixed\"\n");
    let done = alone("--install-suffix chosen");
    assert_eq!(done.codes(), ["dh-virtualenv-conflict"], "{}", done.stderr);
}

#[test]
fn options_that_would_be_passed_over_are_told() {
    let package = SourcePackage::new();
    // debhelper leaves out an -O option that it cannot read
    rules(&package, "%:\n\tdh $@ --with rustvenv --extra-pip-arg --no-deps\n");
    let done = package.buildpackage(&["-b"]);
    assert!(done.status != 0 && done.stderr.contains("--extra-pip-arg needs a value"), "{}", done.stderr);
    // the last step refuses what the others would
    let done = package.rustvenv(&["seal", "--package", "demo", "--dh-virtualenv", "setuptools"]);
    assert_eq!(done.codes(), ["dh-virtualenv-option"]);
    // nobody is meant
    fs::remove_file(package.root.join("debian/demo.rustvenv")).unwrap();
    rules(&package, "%:\n\tdh $@ --with rustvenv\n\noverride_dh_rustvenv:\n\tdh_rustvenv --install-suffix=x\n");
    let done = package.buildpackage(&["-b"]);
    assert!(done.status != 0 && done.stderr.contains("rustvenv init --from-dh-virtualenv"), "{}", done.stderr);
}

#[test]
fn variables_change_nothing() {
    let package = SourcePackage::new();
    let with = |variables: &str| {
        rules(&package, &format!("{variables}\n%:\n\tdh $@ --with rustvenv\n"));
        package.buildpackage(&["-b"])
    };
    let done = with("export DH_VIRTUALENV_INSTALL_ROOT=/opt/");
    assert_eq!(done.codes(), ["dh-virtualenv-variable"], "{}", done.stderr);
    assert!(done.stderr.contains("write `install-root = \"/opt\"` into debian/demo.rustvenv"), "{}", done.stderr);
    let mut alone = package.program("dh_rustvenv_prepare");
    let variables = [("DH_REQUIREMENTS_FILE", "other.txt"), ("DH_PIP_EXTRA_ARGS", "--trusted-host index.example.org")];
    let done = run(alone.envs(variables));
    assert_eq!(done.codes(), ["dh-virtualenv-option", "dh-virtualenv-variable"], "{}", done.stderr);
    with("export DH_REQUIREMENTS_FILE = $(CURDIR)/requirements.txt").ok();
    let plain = fs::read(package.deb("demo")).unwrap();
    package.config("project = \"none\"\ncommands = [\"demo\"]\ninstall-root = \"/opt/venvs\"\n");
    let done = with(
        "export DH_VIRTUALENV_INSTALL_ROOT=/opt/venvs/\nexport DH_UPGRADE_PIP=\nexport DH_PIP_EXTRA_ARGS=--no-deps\n\
         export PIP_NO_INDEX=0\nexport PIP_FIND_LINKS=/srv/wheels",
    )
    .ok();
    assert!(done.stderr.contains("warning: `DH_UPGRADE_PIP=` has no effect"), "{}", done.stderr);
    assert!(fs::read(package.deb("demo")).unwrap() == plain, "the packages differ");
}

/// The whole way of a package with the distribution's Qt, from the rules of dh-virtualenv to a .deb that runs.
#[test]
fn from_dh_virtualenv_to_a_package() {
    let package = SourcePackage::new();
    fs::remove_dir_all(package.root.join("debian")).unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate/desk");
    run(command("cp").arg("-R").arg(fixture.join("debian")).arg(&package.root)).ok();
    package.write("debian/source/format", "3.0 (native)\n");
    package.write(
        "debian/changelog",
        "newsdesk (1.0) unstable; urgency=medium\n\n  * Release.\n\n -- A Person <a@example.org>  Fri, 01 Mar 2024 12:00:00 +0000\n",
    );
    package.write(
        "setup.py",
        "from setuptools import setup\nsetup(name='newsdesk', version='1.0', py_modules=['newsdesk'],\n      \
         entry_points={'console_scripts': ['nd-client = newsdesk:main']}, install_requires=['helper'])\n",
    );
    package.write("newsdesk.py", "import helper\n\n\ndef main():\n    print(helper.WORD)\n");
    package.wheels([Wheel::new("helper", "3.1").file("helper.py", "WORD = 'from a wheel'\n")]);
    fs::create_dir_all(package.root.join("localwheels")).unwrap();
    for entry in fs::read_dir(package.root.join("wheels")).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|extension| extension == "whl") {
            fs::rename(&entry, package.root.join("localwheels").join(entry.file_name().unwrap())).unwrap();
        }
    }
    package.write("requirements/build-requirements.txt", package.read("requirements.txt"));
    fs::remove_file(package.root.join("requirements.txt")).unwrap();

    // `--dry-run` writes nothing
    let looked = package.rustvenv(&["init", "--from-dh-virtualenv", "--dry-run"]).ok();
    assert!(looked.stderr.contains("debian/newsdesk-client.rustvenv would be written"), "{}", looked.stderr);
    assert!(!package.root.join("debian/newsdesk-client.rustvenv").exists());
    let done = package.rustvenv(&["init", "--from-dh-virtualenv"]).ok();
    assert_eq!(done.stdout, looked.stdout);

    // what a person does with what is printed
    let printed = package.rustvenv(&["init", "--from-dh-virtualenv", "--print-rules"]).ok();
    package.write("debian/rules", printed.stdout);
    assert_eq!(package.read("debian/rules"), "#!/usr/bin/make -f\n\n%:\n\tdh $@\n");
    let mut control = package.read("debian/control");
    for line in done.stdout.split_once("\ndebian/control:\n").unwrap().1.lines().take_while(|line| !line.is_empty()) {
        let quoted: Vec<&str> = line.split('`').collect();
        if line.contains(": replace `") {
            control = control.replacen(quoted[1], quoted[3], 1);
        } else if line.contains(": remove `") {
            control = control.replacen(&format!("{}, ", quoted[1]), "", 1);
        } else if line.contains("Build-Depends: add `") {
            control = control.replacen("Build-Depends: ", &format!("Build-Depends: {}, ", quoted[1]), 1);
        }
    }
    package.write("debian/control", control.replace("Section: unknown", "Section: misc\nRules-Requires-Root: no"));
    for file in ["compat", "newsdesk-client.links", "newsdesk-client.triggers"] {
        fs::remove_file(package.root.join("debian").join(file)).unwrap();
    }
    package.buildpackage(&["-b"]).ok();

    let out = tempfile::tempdir().unwrap();
    run(command("dpkg-deb").arg("-x").arg(package.deb("newsdesk-client")).arg(out.path())).ok();
    let program = out.path().join("opt/venvs/newsdesk-client/bin/nd-client");
    assert_eq!(run(&mut command(program.to_str().unwrap())).ok().stdout, "from a wheel\n");
    assert_eq!(
        fs::read_link(out.path().join("usr/bin/nd-client")).unwrap(),
        Path::new("/opt/venvs/newsdesk-client/bin/nd-client")
    );
    let settings = fs::read_to_string(out.path().join("opt/venvs/newsdesk-client/pyvenv.cfg")).unwrap();
    assert!(settings.contains("include-system-site-packages = true"), "{settings}");
}

#[test]
fn init_overwrites_nothing_and_says_what_it_cannot_do() {
    let package = SourcePackage::new();
    let init = |more: &[&str]| package.rustvenv(&[&["init", "--from-dh-virtualenv"], more].concat());
    let done = init(&[]);
    assert!(done.status == 2 && done.stderr.contains("has anything of dh-virtualenv"), "{}", done.stderr);
    rules(&package, "%:\n\tdh $@ --with python-virtualenv --extras=a\n");
    let before = package.read("debian/demo.rustvenv");
    let done = init(&[]).ok();
    assert!(done.stderr.contains("debian/demo.rustvenv is there already"), "{}", done.stderr);
    assert!(done.stdout.contains("    extras = [\"a\"]\n"), "{}", done.stdout);
    assert_eq!(package.read("debian/demo.rustvenv"), before);
    let done = init(&["--package", "other"]);
    assert!(done.status == 2 && done.stderr.contains("no binary package `other`"), "{}", done.stderr);
    // a link is not followed out of the tree, nor written through
    fs::remove_file(package.root.join("debian/demo.rustvenv")).unwrap();
    std::os::unix::fs::symlink("../../outside", package.root.join("debian/demo.rustvenv")).unwrap();
    init(&[]).ok();
    assert!(!package.root.parent().unwrap().join("outside").exists());
    fs::write(package.root.join("debian/rules"), b"\xff\xfe").unwrap();
    assert_eq!(init(&[]).status, 2);
}
