//! The add-on in the sequences of dh: hooks and overrides, compat levels, conditional use, architectures and build profiles.

use crate::contract::{binary, several};
use crate::source_package::{Done, SourcePackage, run, timeless, tree};
use std::fs;

/// debian/rules that calls dh, with these further targets.
fn rules(package: &SourcePackage, targets: &str) {
    package.write("debian/rules", format!("#!/usr/bin/make -f\n%:\n\tdh $@ --with rustvenv\n\n{targets}"));
}

/// Puts `dh-sequence-rustvenv` into this field of debian/control alone, and has debian/rules call plain dh.
fn conditional(package: &SourcePackage, field: &str) {
    let control = package.read("debian/control");
    let fields = format!("Build-Depends: debhelper-compat (= 13)\n{field}: dh-sequence-rustvenv");
    let control = control.replace("Build-Depends: debhelper-compat (= 13), dh-sequence-rustvenv", &fields);
    assert!(control.contains(field));
    package.write("debian/control", control);
    package.write("debian/rules", "#!/usr/bin/make -f\n%:\n\tdh $@\n");
}

/// The lines of dh that call one of the three steps, without indentation.
fn steps(done: &Done) -> Vec<&str> {
    done.stdout.lines().map(str::trim).filter(|line| line.starts_with("dh_rustvenv")).collect()
}

fn compat(package: &SourcePackage, level: u8) {
    let control = package.read("debian/control").replace("compat (= 13)", &format!("compat (= {level})"));
    package.write("debian/control", control);
}

#[test]
fn every_hook_runs_once_and_in_its_place() {
    let package = SourcePackage::new();
    let hooks = ["before", "after"].map(|when| {
        ["", "_prepare", "_seal"].map(|step| {
            let name = format!("execute_{when}_dh_rustvenv{step}");
            format!("{name}:\n\techo {when}{step} $$(ls -d debian/demo/opt/venvs/demo 2>/dev/null) >>log\n\n")
        })
    });
    rules(&package, &format!("{}override_dh_clean:\n\tdh_clean log\n", hooks.concat().concat()));
    package.buildpackage(&["-b"]).ok();
    let there = "debian/demo/opt/venvs/demo";
    let expected =
        format!("before_prepare \nafter_prepare \nbefore \nafter {there}\nbefore_seal {there}\nafter_seal {there}\n")
            .replace(" \n", "\n");
    assert_eq!(package.read("log"), expected);
}

#[test]
fn overrides_take_the_place_of_the_step() {
    // one that calls it, in two calls
    let package = several();
    rules(
        &package,
        "override_dh_rustvenv:\n\tdh_rustvenv -pdemo\n\techo between\n\tdh_rustvenv --remaining-packages\n",
    );
    let done = package.buildpackage(&["-b"]).ok();
    assert_eq!(done.stderr.matches("is in the package").count(), 2, "{}", done.stderr);
    assert!(package.has_deb("demo") && package.has_deb("demo-common"));

    // one that does not: the last step says that nothing was installed
    let package = SourcePackage::new();
    rules(&package, "override_dh_rustvenv:\n");
    let done = package.buildpackage(&["-b"]);
    assert!(done.status != 0 && done.stderr.contains("has to call it"), "{}", done.stderr);
    // and a package that wants none at all says so three times
    rules(&package, "override_dh_rustvenv override_dh_rustvenv_prepare override_dh_rustvenv_seal:\n");
    package.buildpackage(&["-b"]).ok();
    assert!(!package.root.join("debian/demo/opt").exists());
}

#[test]
fn overrides_for_one_kind_of_package_act_on_that_kind() {
    let package = several();
    rules(
        &package,
        "override_dh_rustvenv-arch:\n\tdh_rustvenv\n\ttouch of-arch\n\noverride_dh_rustvenv-indep:\n\t[ ! -e debian/demo-common/opt ]\n\t\
         dh_rustvenv\n\ttouch of-indep\n\nexecute_after_dh_rustvenv-indep:\n\ttouch after\n\noverride_dh_clean:\n\tdh_clean of-arch of-indep after\n",
    );
    let done = package.buildpackage(&["-b"]).ok();
    assert_eq!(done.stderr.matches("is in the package").count(), 2, "{}", done.stderr);
    let was = |name: &str| package.root.join(name).exists();
    assert!(was("of-arch") && was("of-indep") && was("after"));
    package.buildpackage(&["-B"]).ok();
    assert!(was("of-arch") && !was("of-indep") && !was("after"));
    assert!(!package.root.join("debian/demo-common/opt").exists());
    package.buildpackage(&["-A"]).ok();
    assert!(!was("of-arch") && was("of-indep") && was("after"));
}

#[test]
fn options_of_dh_reach_the_steps() {
    let package = several();
    for (options, environment, demo, common) in [
        ("-Ndemo-common", "", true, false),
        ("-pdemo-common", "", false, true),
        ("--builddirectory=build --parallel", "", true, true),
        ("-X.la", "", true, true),
        ("", "-Ndemo", false, true),
        ("-v", "", true, true),
    ] {
        package.write(
            "debian/rules",
            format!("#!/usr/bin/make -f\nexport DH_OPTIONS = {environment}\n%:\n\tdh $@ --with rustvenv {options}\n"),
        );
        // not by `clean`, which would clean those packages alone
        for name in ["demo", "demo-common", ".debhelper"] {
            let _ = fs::remove_dir_all(package.root.join("debian").join(name));
        }
        run(package.program("debian/rules").arg("binary")).ok();
        let found = ["demo", "demo-common"].map(|name| package.root.join("debian").join(name).join("opt").exists());
        assert_eq!(found, [demo, common], "{options} {environment}");
    }
}

/// The same package, whatever the level of compatibility; those that this debhelper does not have are refused by it.
#[test]
fn every_compat_level_builds_the_same_package() {
    let mut built = Vec::new();
    for level in [12, 13, 14] {
        let package = several();
        compat(&package, level);
        let done = package.buildpackage(&["-b"]);
        if done.status != 0 && done.stderr.contains("is the highest compatibility level") {
            continue;
        }
        let done = done.ok();
        for step in ["dh_rustvenv_prepare", "dh_rustvenv", "dh_rustvenv_seal"] {
            assert_eq!(done.stdout.lines().filter(|line| line.trim() == step).count(), 1, "{level}: {}", done.stdout);
        }
        let out = package.root.join("out");
        run(crate::source_package::command("dpkg-deb").arg("-x").arg(package.deb("demo")).arg(&out)).ok();
        let environment = timeless(tree(&out.join("opt")));
        // the signatures are made anew for each source
        let same = |line: &String| !line.contains("sha256sums.txt.asc") && !line.contains("provenance");
        built.push((level, environment.into_iter().filter(same).collect::<Vec<_>>()));
    }
    assert!(built.iter().any(|(level, _)| *level == 12) && built.len() >= 2);
    for (level, environment) in &built {
        assert_eq!(environment, &built[0].1, "{level}");
    }
}

#[test]
fn what_was_left_of_dh_virtualenv_is_told_at_every_level() {
    let refused = |package: &SourcePackage, why: &str| {
        let done = package.buildpackage(&["-b"]);
        assert_eq!(done.codes(), ["target-left-over"], "{why}: {}", done.stderr);
        assert!(!package.root.join("debian/demo/opt").exists(), "{why}");
        done
    };
    for level in [12, 13, 14] {
        for (target, instead) in [
            ("override_dh_virtualenv", "override_dh_rustvenv"),
            ("execute_after_dh_virtualenv", "execute_after_dh_rustvenv"),
            ("execute_before_dh_virtualenv-arch", "execute_before_dh_rustvenv-arch"),
        ] {
            let package = SourcePackage::new();
            compat(&package, level);
            rules(&package, &format!("{target}:\n\tdh_virtualenv --builtin-venv\n"));
            let done = refused(&package, target);
            let said = format!("debian/rules line 5: `{target}` is never run\n  expected: `{instead}`");
            assert!(done.stderr.contains(&said), "{level}: {}", done.stderr);
        }
    }
    for field in ["Build-Depends-Arch", "Build-Depends-Indep"] {
        let package = several();
        conditional(&package, field);
        let other = if field == "Build-Depends-Arch" { "demo-common" } else { "demo" };
        fs::remove_file(package.root.join(format!("debian/{other}.rustvenv"))).unwrap();
        package.write("debian/rules", package.read("debian/rules") + "\noverride_dh_virtualenv-indep:\n\ttrue\n");
        refused(&package, field);
    }
}

#[test]
fn one_kind_of_package_alone_may_use_the_add_on() {
    for (field, with, without, only) in
        [("Build-Depends-Arch", "demo", "demo-common", "-B"), ("Build-Depends-Indep", "demo-common", "demo", "-A")]
    {
        let package = several();
        conditional(&package, field);
        fs::remove_file(package.root.join(format!("debian/{without}.rustvenv"))).unwrap();
        // the other kind is built by make, which dh finds by itself
        package.write(
            "Makefile",
            "all:\n\techo built > built\ninstall:\n\tmkdir -p $(DESTDIR)/usr/share/made\n\tcp built $(DESTDIR)/usr/share/made/\nclean:\n\trm -f built\n",
        );
        package.write(&format!("debian/{without}.install"), "usr/share/made\n");
        let done = package.buildpackage(&["-b"]).ok();
        let kind = if with == "demo" { "-a" } else { "-i" };
        let expected = ["_prepare", "", "_seal"].map(|step| format!("dh_rustvenv{step} {kind}"));
        assert_eq!(steps(&done), expected, "{field}: {}", done.stdout);
        let has = |name: &str, path: &str| package.root.join("debian").join(name).join(path).exists();
        assert!(has(with, "opt/venvs") && !has(without, "opt") && has(without, "usr/share/made/built"), "{field}");
        // with the field of the other kind, the add-on is not even loaded
        let done = package.buildpackage(&[if only == "-B" { "-A" } else { "-B" }]).ok();
        assert!(steps(&done).is_empty() && package.root.join("built").exists(), "{field}: {}", done.stdout);
        package.buildpackage(&[only]).ok();
        assert!(has(with, "opt/venvs"), "{field}");
    }
}

#[test]
fn packages_that_are_not_built_are_passed_over() {
    // nothing of theirs is looked at: there are no wheels for them
    let broken = "project = \"none\"\nrequirements = [\"nowhere.txt\"]\n";
    let package = several();
    binary(&package, "demo-profile", "any", "Build-Profiles: <!pkg.demo.small>\n");
    package.write("debian/demo-profile.rustvenv", broken);
    assert_eq!(package.buildpackage(&["-b"]).codes(), ["config-file-missing"]);
    let done = package.buildpackage(&["-b", "--build-profiles=pkg.demo.small"]).ok();
    assert!(package.has_deb("demo") && !package.has_deb("demo-profile"), "{}", done.stderr);

    let package = several();
    binary(&package, "demo-other", "kfreebsd-any", "");
    package.write("debian/demo-other.rustvenv", broken);
    package.buildpackage(&["-b"]).ok();
    assert!(package.has_deb("demo") && !package.has_deb("demo-other"));

    // nothing is left to do for this kind
    let package = several();
    package.write(
        "debian/control",
        package.read("debian/control").replace("Architecture: any", "Architecture: kfreebsd-any"),
    );
    package.buildpackage(&["-b"]).ok();
    assert!(!package.has_deb("demo") && package.has_deb("demo-common"));
}

/// A package without a configuration costs nothing: dh does not even start the program.
#[test]
fn the_steps_are_skipped_where_there_is_nothing_to_do() {
    let package = several();
    for name in ["demo", "demo-common"] {
        fs::remove_file(package.root.join(format!("debian/{name}.rustvenv"))).unwrap();
    }
    for options in ["", " --builddirectory=build -v"] {
        package.write("debian/rules", format!("#!/usr/bin/make -f\n%:\n\tdh $@ --with rustvenv{options}\n"));
        let done = package.buildpackage(&["-b"]).ok();
        assert_eq!(steps(&done), [""; 0], "{options}: {}", done.stdout);
    }
}

#[test]
fn several_environments_in_one_source() {
    let package = several();
    binary(&package, "demo-server", "any", "");
    package
        .write("debian/demo-common.rustvenv", "project = \"none\"\ninstall-root = \"/usr/lib\"\nbytecode = \"none\"\n");
    // two projects of this source tree, a wheel each
    for (name, project) in [("demo", "client"), ("demo-server", "server")] {
        package.write(
            &format!("{project}/pyproject.toml"),
            format!("[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\n[project]\nname = \"own-{project}\"\nversion = \"1\"\n"),
        );
        package.write(&format!("{project}/own_{project}/__init__.py"), format!("WORD = '{project}'\n"));
        package.write(&format!("debian/{name}.rustvenv"), format!("project = \"{project}\"\n"));
    }
    package.buildpackage(&["-b"]).ok();
    for (name, place, module) in [
        ("demo", "opt/venvs/demo", "own_client"),
        ("demo-server", "opt/venvs/demo-server", "own_server"),
        ("demo-common", "usr/lib/demo-common", "demo_app"),
    ] {
        let site = package.root.join("debian").join(name).join(place).join("lib").join(crate::install::python());
        let modules: Vec<String> = ["own_client", "own_server", "demo_app"]
            .iter()
            .filter(|m| site.join("site-packages").join(m).exists())
            .map(ToString::to_string)
            .collect();
        assert!(modules.contains(&module.to_owned()), "{name}: {modules:?}");
        assert_eq!(modules.len(), if name == "demo-common" { 1 } else { 2 }, "{name}: {modules:?}");
    }
}

#[test]
fn no_act_of_dh_and_of_targets_writes_nothing() {
    let package = several();
    package.write("debian/rules", "#!/usr/bin/make -f\n%:\n\tdh $@ --with rustvenv --no-act\n");
    let before = tree(&package.root);
    for target in ["clean", "build", "build-arch", "build-indep", "install", "binary", "binary-arch", "binary-indep"] {
        let done = run(package.program("debian/rules").arg(target)).ok();
        assert_eq!(tree(&package.root), before, "{target}: {}", done.stdout);
        if target.starts_with("binary") {
            assert_eq!(steps(&done).len(), 3, "{target}: {}", done.stdout);
        }
    }
}

#[test]
fn a_second_build_without_clean_makes_the_same_package() {
    let package = several();
    package.buildpackage(&["-b"]).ok();
    let debs = || ["demo", "demo-common", "demo-doc"].map(|name| fs::read(package.deb(name)).unwrap());
    let first = debs();
    package.buildpackage(&["-b", "-nc"]).ok();
    assert!(debs() == first, "-nc");
    // the targets that dpkg calls, one by one and twice
    for target in ["build", "binary-arch", "binary-indep", "binary"] {
        run(package.program("debian/rules").arg(target)).ok();
        assert!(debs() == first, "{target}");
    }
    run(package.program("debian/rules").arg("clean")).ok();
    let left = timeless(tree(&package.root.join("debian")));
    assert!(!left.iter().any(|line| line.starts_with(".debhelper") || line.starts_with("demo ")), "{left:#?}");
}

/// What other programs leave in debian/tmp is not ours: dh_missing finds what nobody installed, and nothing else.
#[test]
fn dh_missing_counts_as_it_does_without_us() {
    let package = several();
    let targets = "D = debian/tmp\noverride_dh_auto_install:\n\tfor name in one two; do install -D -m 644 notes $(D)/usr/share/demo/$$name; done\n";
    rules(&package, targets);
    package.write("notes", "notes\n");
    package.write("debian/demo.install", "usr/share/demo/one\n");
    let done = package.buildpackage(&["-b"]);
    assert!(done.status != 0 && done.stderr.contains("usr/share/demo/two exists in debian/tmp"), "{}", done.stderr);
    assert!(!done.stderr.contains("usr/share/demo/one exists"), "{}", done.stderr);
    package.write("debian/demo-common.install", "usr/share/demo/two\n");
    rules(&package, &format!("{targets}\noverride_dh_missing:\n\tdh_missing --fail-missing\n"));
    for kind in ["-b", "-B", "-A"] {
        package.buildpackage(&[kind]).ok();
    }
}

#[test]
fn what_dh_builddeb_would_delete_stops_the_build() {
    let package = SourcePackage::new();
    package.write(
        "debian/rules",
        "#!/usr/bin/make -f\nexport DH_ALWAYS_EXCLUDE = CVS:data.txt\n%:\n\tdh $@ --with rustvenv\n",
    );
    let done = package.buildpackage(&["-b"]);
    assert_eq!(done.codes(), ["installed-file-changed"], "{}", done.stderr);
    assert!(done.stderr.contains("demo_app/data.txt` is going to be deleted"), "{}", done.stderr);
    package.write(
        "debian/rules",
        "#!/usr/bin/make -f\nexport DH_ALWAYS_EXCLUDE = CVS:.svn\n%:\n\tdh $@ --with rustvenv\n",
    );
    package.buildpackage(&["-b"]).ok();
}
