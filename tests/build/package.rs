//! Packages built by the real dpkg-buildpackage, with debian/rules of three lines.

use crate::install::python;
use crate::source_package::{EPOCH, SourcePackage, application, command, run, timeless};
use crate::wheel::Wheel;
use std::fs;
use std::path::Path;

/// A field of a .deb.
fn field(deb: &Path, name: &str) -> String {
    run(command("dpkg-deb").arg("-f").arg(deb).arg(name)).ok().stdout.trim().to_owned()
}

/// `dpkg-deb -c`: mode, owner, time and path of every member.
fn contents(deb: &Path) -> String {
    run(command("dpkg-deb").env("TZ", "UTC").arg("-c").arg(deb)).ok().stdout
}

/// Adds a second binary package, without an environment.
fn with_documentation(package: &SourcePackage) {
    let control = package.read("debian/control");
    package.write(
        "debian/control",
        format!(
            "{control}\nPackage: demo-doc\nArchitecture: all\nDepends: ${{misc:Depends}}\nDescription: documentation\n Documents the demonstration.\n"
        ),
    );
    package.write("notes", "notes\n");
    package.write("debian/demo-doc.docs", "notes\n");
}

#[test]
fn three_lines_make_a_package() {
    let package = SourcePackage::new();
    package.buildpackage(&["-b"]).ok();
    let deb = package.deb("demo");
    assert_eq!(field(&deb, "Depends"), python());
    let listed = contents(&deb);
    for line in listed.lines() {
        let mode = line.split_whitespace().next().unwrap();
        assert!(["drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x", "lrwxrwxrwx"].contains(&mode), "{line}");
        assert!(line.contains(" root/root "), "{line}");
        assert!(line.contains(" 2024-03-01 12:00 "), "{line}");
    }
    assert!(
        listed.contains("./opt/venvs/demo/lib/") && listed.contains("./usr/bin/demo -> /opt/venvs/demo/bin/demo"),
        "{listed}"
    );
    assert!(!listed.contains(".pyc"), "{listed}");
}

#[test]
fn another_place_and_time_make_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let first = SourcePackage::at(&directory.path().join("one/demo-1.0"));
    first.buildpackage(&["-b"]).ok();
    // the same source: the same signature, too
    let second = directory.path().join("another, höher/demo-1.0");
    fs::create_dir_all(second.parent().unwrap()).unwrap();
    first.program("debian/rules").arg("clean").output().unwrap();
    run(command("cp").arg("-R").arg(&first.root).arg(&second)).ok();
    let mut build = first.program("sh");
    build.current_dir(&second).env("TZ", "NZT-13").env("LC_ALL", "C");
    build.args(["-c", "umask 077; exec faketime -f +400d dpkg-buildpackage -us -uc -d -b"]);
    run(&mut build).ok();
    let (one, other) = (first.deb("demo"), second.parent().unwrap().join(first.deb("demo").file_name().unwrap()));
    assert!(fs::read(one).unwrap() == fs::read(other).unwrap(), "the two packages differ");
}

#[test]
fn dpkg_builds_only_what_it_is_asked_for() {
    for (arguments, demo, documentation) in [
        (&["-b"][..], true, true),
        (&["-B"], true, false),
        (&["-A"], false, true),
        (&["--build=any"], true, false),
        (&["--build=all"], false, true),
        (&["--build=full"], true, true),
    ] {
        let package = SourcePackage::new();
        with_documentation(&package);
        package.buildpackage(arguments).ok();
        assert_eq!((package.has_deb("demo"), package.has_deb("demo-doc")), (demo, documentation), "{arguments:?}");
        if documentation {
            assert!(!contents(&package.deb("demo-doc")).contains("opt/venvs"), "{arguments:?}");
        }
    }
}

#[test]
fn a_package_for_all_architectures() {
    let package = SourcePackage::new();
    with_documentation(&package);
    package.write("debian/control", package.read("debian/control").replace("Architecture: any", "Architecture: all"));
    package.buildpackage(&["-A"]).ok();
    assert!(package.has_deb("demo") && package.has_deb("demo-doc"));
}

#[test]
fn the_projects_own_wheel_is_built() {
    let package = SourcePackage::new();
    package.wheels([
        Wheel::new("helper", "3.1").file("helper.py", "WORD = 'helped'\n"),
        Wheel::new("extra", "1").file("extra.py", ""),
    ]);
    package.config("extras = [\"more\"]\ncommands = [\"own\"]\n");
    package.write(
        "pyproject.toml",
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\n[project]\nname = \"own-project\"\n\
         version = \"1.0\"\ndependencies = [\"helper>=3\"]\n\n[project.optional-dependencies]\nmore = [\"extra\"]\nless = [\"absent\"]\n\n\
         [project.scripts]\nown = \"own.cli:main\"\n\n[tool.setuptools]\npackages = [\"own\"]\n\n[tool.setuptools.package-data]\n\
         own = [\"*.txt\"]\n",
    );
    package.write("own/__init__.py", "");
    package.write("own/word.txt", "a word\n");
    package.write(
        "own/cli.py",
        "import helper, importlib.resources as r\n\n\ndef main():\n    print((r.files('own') / 'word.txt').read_text().strip(), helper.WORD)\n",
    );
    let before = crate::source_package::tree(&package.root.join("own"));
    package.buildpackage(&["-b"]).ok();
    assert_eq!(crate::source_package::tree(&package.root.join("own")), before, "the source tree was written to");
    assert!(!package.root.join("build").exists() && !package.root.join("own_project.egg-info").exists());
    let out = tempfile::tempdir().unwrap();
    run(command("dpkg-deb").arg("-x").arg(package.deb("demo")).arg(out.path())).ok();
    let venv = out.path().join("opt/venvs/demo");
    assert_eq!(run(&mut command(venv.join("bin/own").to_str().unwrap())).ok().stdout, "a word helped\n");
    let provenance: serde_json::Value =
        serde_json::from_slice(&fs::read(venv.join("share/rustvenv/provenance.json")).unwrap()).unwrap();
    let own = provenance["wheels"].as_array().unwrap().iter().find(|wheel| wheel["project"] == "own-project").unwrap();
    assert_eq!((own["origin"].as_str(), own.get("sha256")), (Some("source-package"), None));

    // an extra whose dependency is not in the set, and an extra that does not exist
    package.config("extras = [\"less\"]\n");
    assert_eq!(package.rustvenv(&["prepare", "--package", "demo"]).codes(), ["dependency-missing"]);
    package.config("extras = [\"none-such\"]\n");
    assert_eq!(package.rustvenv(&["prepare", "--package", "demo"]).codes(), ["extra-unknown"]);
}

#[test]
fn the_build_back_end_can_come_from_verified_wheels() {
    let package = SourcePackage::new();
    let backend = "import os, zipfile, hashlib, base64\n\n\ndef build_wheel(directory, config_settings=None, metadata_directory=None):\n    \
        name = 'own-1.0-py3-none-any.whl'\n    files = {'own.py': open('own.py').read(),\n        \
        'own-1.0.dist-info/METADATA': 'Metadata-Version: 2.1\\nName: own\\nVersion: 1.0\\n',\n        \
        'own-1.0.dist-info/WHEEL': 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'}\n    \
        row = lambda n, t: f\"{n},sha256={base64.urlsafe_b64encode(hashlib.sha256(t.encode()).digest()).decode().rstrip('=')},{len(t)}\\n\"\n    \
        files['own-1.0.dist-info/RECORD'] = ''.join(row(n, t) for n, t in files.items()) + 'own-1.0.dist-info/RECORD,,\\n'\n    \
        with zipfile.ZipFile(os.path.join(directory, name), 'w') as z:\n        \
            for n, t in files.items():\n            z.writestr(n, t)\n    return name\n";
    package.wheels([application(), Wheel::new("tiny-backend", "1.0").file("tiny_backend.py", backend)]);
    let lines = package.read("requirements.txt");
    let at = lines.find("tiny").unwrap();
    package.write("requirements.txt", &lines[..at]);
    package.write("build-requirements.txt", &lines[at..]);
    package.config("build-requirements = [\"build-requirements.txt\"]\n");
    package
        .write("pyproject.toml", "[build-system]\nrequires = [\"tiny-backend\"]\nbuild-backend = \"tiny_backend\"\n");
    package.write("own.py", "");
    package.buildpackage(&["-b"]).ok();
    let listed = contents(&package.deb("demo"));
    assert!(listed.contains("site-packages/own.py") && !listed.contains("tiny_backend"), "{listed}");
    // it is not in the package, and nobody can build the package without it
    let record = package.read("debian/demo/opt/venvs/demo/share/rustvenv/provenance.json");
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let backend = &record["build-wheels"][0];
    assert_eq!(backend["file"], "tiny_backend-1.0-py3-none-any.whl", "{record}");
    assert!(package.read("wheels/sha256sums.txt").contains(backend["sha256"].as_str().unwrap()), "{record}");
    // the back end is not on the list any more
    let manifest = package.read("wheels/sha256sums.txt");
    package.sign(
        &manifest.lines().filter(|line| !line.contains("tiny")).map(|line| format!("{line}\n")).collect::<String>(),
    );
    assert_eq!(package.rustvenv(&["prepare", "--package", "demo"]).codes(), ["wheel-not-in-manifest"]);
}

#[test]
fn steps_of_other_build_systems_run_only_when_the_package_asks() {
    let package = SourcePackage::new();
    package.write("setup.py", "raise SystemExit('setup.py was run')\n");
    package.write("Makefile", "all install test clean:\n\t@echo make was run\n\t@false\n");
    package.buildpackage(&["-b"]).ok();

    package.write(
        "debian/rules",
        "#!/usr/bin/make -f\n%:\n\tdh $@ --with rustvenv\n\noverride_dh_auto_build:\n\techo generated > generated\n\n\
         override_dh_auto_clean:\n\trm -f generated\n\nexecute_after_dh_rustvenv:\n\techo x > debian/demo/opt/venvs/demo/etc.conf\n\t\
         debian/demo/opt/venvs/demo/bin/demo > debian/demo/opt/venvs/demo/generated\n",
    );
    let done = package.buildpackage(&["-b"]).ok();
    assert!(package.root.join("generated").exists());
    assert!(done.stderr.contains("etc.conf was added"), "{}", done.stderr);
    let listed = contents(&package.deb("demo"));
    assert!(listed.contains("./opt/venvs/demo/etc.conf") && !listed.contains(".pyc"), "{listed}");
}

#[test]
fn what_a_hook_does_to_verified_files_stops_the_build() {
    let package = SourcePackage::new();
    package.write(
        "debian/rules",
        "#!/usr/bin/make -f\n%:\n\tdh $@ --with rustvenv\n\nexecute_after_dh_rustvenv:\n\techo evil | tee -a \
         debian/demo/opt/venvs/demo/lib/python*/site-packages/demo_app/cli.py\n",
    );
    let done = package.buildpackage(&["-b"]);
    assert_ne!(done.status, 0);
    assert!(
        done.codes().contains(&"installed-file-changed") && done.stderr.contains("demo_app/cli.py"),
        "{}",
        done.stderr
    );
    assert!(!package.has_deb("demo"));
}

#[test]
fn a_refusal_stops_the_build_early() {
    let package = SourcePackage::new();
    package.write("wheels/sha256sums.txt", "# changed\n");
    let done = package.buildpackage(&["-b"]);
    assert_ne!(done.status, 0);
    assert_eq!(done.codes(), ["signature-mismatch"], "{}", done.stderr);
    assert!(!package.root.join("debian/demo/opt").exists());
    assert!(
        done.stderr.contains("dh_rustvenv_prepare") || done.stdout.contains("dh_rustvenv_prepare"),
        "{}{}",
        done.stdout,
        done.stderr
    );
}

#[test]
fn clean_leaves_the_source_as_it_was() {
    let package = SourcePackage::new();
    let before = crate::source_package::tree(&package.root);
    package.buildpackage(&["-b"]).ok();
    run(package.program("debian/rules").arg("clean")).ok();
    assert_eq!(timeless(crate::source_package::tree(&package.root)), timeless(before));
}

#[test]
fn the_date_comes_from_the_changelog() {
    let package = SourcePackage::new();
    package.buildpackage(&["-b"]).ok();
    let stamp = run(command("dpkg-parsechangelog").arg("-STimestamp").current_dir(&package.root)).ok().stdout;
    assert_eq!(stamp.trim(), EPOCH.to_string());
}
