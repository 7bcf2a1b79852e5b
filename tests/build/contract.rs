//! What debhelper(7) promises of every debhelper program, held for `dh_rustvenv`: its options, variables, files and names of files. The
//! sequences of dh are in `contract_dh`, what surrounds a build in `contract_world`.

use crate::source_package::{Done, SourcePackage, run, timeless, tree};
use std::fs;

/// Makes the package one of three binary packages: `demo` and `demo-common` (for all architectures) have an environment,
/// `demo-doc` has none.
pub(crate) fn several() -> SourcePackage {
    let package = SourcePackage::new();
    binary(&package, "demo-common", "all", "");
    binary(&package, "demo-doc", "all", "");
    package.write("debian/demo-common.rustvenv", "project = \"none\"\n");
    package
}

/// Adds a binary package.
pub(crate) fn binary(package: &SourcePackage, name: &str, architecture: &str, fields: &str) {
    let control = package.read("debian/control");
    package.write(
        "debian/control",
        format!(
            "{control}\nPackage: {name}\nArchitecture: {architecture}\n{fields}Depends: ${{misc:Depends}}\n\
             Description: a demonstration, {name}\n It demonstrates.\n"
        ),
    );
}

/// Which of the three packages have an environment.
fn installed(package: &SourcePackage) -> Vec<&'static str> {
    let has = |name: &&str| package.root.join("debian").join(name).join("opt/venvs").join(name).exists();
    ["demo", "demo-common", "demo-doc"].into_iter().filter(has).collect()
}

/// Runs `dh_rustvenv` with these arguments and variables, in a tree without what an earlier run left.
fn dh_rustvenv(package: &SourcePackage, arguments: &[&str], variables: &[(&str, &str)]) -> Done {
    for name in ["demo", "demo-common", "demo-doc", ".debhelper"] {
        let _ = fs::remove_dir_all(package.root.join("debian").join(name));
    }
    run(package.program("dh_rustvenv").args(arguments).envs(variables.iter().copied()))
}

#[test]
fn packages_are_selected_as_by_every_debhelper_program() {
    let package = several();
    let (both, arch, indep) = (&["demo", "demo-common"][..], &["demo"][..], &["demo-common"][..]);
    for (arguments, variables, expected) in [
        (&[][..], &[][..], both),
        (&["-a"], &[], arch),
        (&["--arch"], &[], arch),
        (&["-i"], &[], indep),
        (&["--indep"], &[], indep),
        (&["-a", "-i"], &[], both),
        (&["-pdemo"], &[], arch),
        (&["-p", "demo-common"], &[], indep),
        (&["--package=demo", "--package", "demo-doc"], &[], arch),
        (&["-Ndemo"], &[], indep),
        (&["--no-package=demo-common"], &[], arch),
        (&["-a", "-Ndemo"], &[], &[]),
        // bundled, the last with its value
        (&["-vni"], &[], indep),
        (&["-nvpdemo"], &[], arch),
        // of another program, by way of dh
        (&["-i", "-O--buildsystem=none", "-O--unknown", "-O-x"], &[], indep),
        (&["-O--no-package=demo"], &[], indep),
        (&["--remaining-packages"], &[], both),
        (&["--mainpackage=demo-common"], &[], both),
        (&["--error-handler=true", "-X.la", "-A", "-i"], &[], indep),
        (&[], &[("DH_OPTIONS", "-pdemo --unknown")], arch),
        (&["-a"], &[("DH_OPTIONS", "-Ndemo")], &[]),
        // as dh hands its own options to a target in debian/rules
        (&[], &[("DH_INTERNAL_OPTIONS", "-Ndemo\x1e-i")], indep),
        (&["-pdemo"], &[("DH_INTERNAL_OPTIONS", "-Ndemo\x1e-i")], &[]),
        (&[], &[("DEB_BUILD_PROFILES", "nodoc")], both),
    ] {
        let done = dh_rustvenv(&package, arguments, variables);
        assert_eq!(
            (done.status, installed(&package)),
            (0, expected.to_vec()),
            "{arguments:?} {variables:?}: {}",
            done.stderr
        );
    }
}

#[test]
fn what_cannot_be_meant_is_an_error_and_nothing_is_written() {
    let package = several();
    for (arguments, said) in [
        (&["-pdemo", "extra"][..], "takes no arguments"),
        (&["--", "extra"], "takes no arguments"),
        (&["--no-such-option"], "nknown option"),
        (&["-ptypo"], "typo"),
        (&["--no-package=typo"], "typo"),
        (&["-s"], "-s"),
        // compat 13 knows no abbreviations
        (&["--verb"], "verb"),
        (&["-P", "debian/elsewhere"], "multiple packages"),
    ] {
        let done = dh_rustvenv(&package, arguments, &[]);
        assert_ne!(done.status, 0, "{arguments:?}");
        assert!(done.stderr.contains(said), "{arguments:?}: {}", done.stderr);
        assert_eq!(installed(&package), [""; 0], "{arguments:?}");
    }
}

#[test]
fn no_act_says_what_would_be_called_and_writes_nothing() {
    let package = several();
    let before = tree(&package.root);
    for (name, step) in [("dh_rustvenv_prepare", "prepare"), ("dh_rustvenv", "install"), ("dh_rustvenv_seal", "seal")] {
        for (arguments, variables) in [
            (&["-v", "--no-act"][..], &[][..]),
            (&["--no-act"], &[("DH_VERBOSE", "1")]),
            (&["-v"], &[("DH_NO_ACT", "1")]),
        ] {
            let done = run(package.program(name).args(arguments).envs(variables.iter().copied())).ok();
            assert_eq!(tree(&package.root), before, "{name} {arguments:?}");
            for each in ["demo", "demo-common"] {
                let call = format!("rustvenv {step} --config debian/{each}.rustvenv --package {each} ");
                assert!(done.stdout.contains(&call), "{name} {arguments:?}: {}", done.stdout);
            }
        }
    }
}

#[test]
fn a_package_is_put_together_where_tmpdir_says() {
    let package = several();
    dh_rustvenv(&package, &["-pdemo", "-Pdebian/some where"], &[]).ok();
    assert!(
        package.root.join("debian/some where/opt/venvs/demo/bin/python").exists() || {
            // the link leads to the interpreter of the distribution
            package.root.join("debian/some where/opt/venvs/demo/bin/python").symlink_metadata().is_ok()
        }
    );
    assert!(!package.root.join("debian/demo").exists());
    run(package.program("dh_rustvenv_seal").args(["-pdemo", "--tmpdir=debian/some where"])).ok();
    assert_ne!(run(package.program("dh_rustvenv_seal").arg("-pdemo")).status, 0);
}

#[test]
fn the_first_package_may_have_the_short_name() {
    let package = several();
    fs::rename(package.root.join("debian/demo.rustvenv"), package.root.join("debian/rustvenv")).unwrap();
    dh_rustvenv(&package, &[], &[]).ok();
    assert_eq!(installed(&package), ["demo", "demo-common"]);
    // a file of its own comes first, and the main package can be another
    package.write("debian/demo.rustvenv", "project = \"none\"\nname = \"own\"\n");
    dh_rustvenv(&package, &["-pdemo"], &[]).ok();
    assert!(package.root.join("debian/demo/opt/venvs/own").exists());
    fs::remove_file(package.root.join("debian/demo.rustvenv")).unwrap();
    fs::remove_file(package.root.join("debian/demo-common.rustvenv")).unwrap();
    dh_rustvenv(&package, &["--mainpackage=demo-doc"], &[]).ok();
    assert_eq!(installed(&package), ["demo-doc"]);
    // --name, as for every file of debhelper's
    package.write("debian/demo.other.rustvenv", "project = \"none\"\n");
    dh_rustvenv(&package, &["-pdemo", "--name=other"], &[]).ok();
    assert_eq!(installed(&package), ["demo"]);
}

#[test]
fn maintainer_scripts_can_be_left_out_or_be_all() {
    let package = SourcePackage::new();
    let generated = |name: &str| package.root.join("debian").join(name).exists();
    dh_rustvenv(&package, &["-n"], &[]).ok();
    assert!(installed(&package) == ["demo"] && !generated("demo.postinst.debhelper"));
    dh_rustvenv(&package, &["--onlyscripts"], &[]).ok();
    assert!(installed(&package).is_empty() && generated("demo.postinst.debhelper"));
    assert!(package.read("debian/demo.substvars").contains("python3."));
    for name in ["dh_rustvenv_prepare", "dh_rustvenv_seal"] {
        run(package.program(name).arg("-o")).ok();
    }
}

#[test]
fn a_second_run_adds_nothing() {
    let package = SourcePackage::new();
    dh_rustvenv(&package, &[], &[]).ok();
    let state = |package: &SourcePackage| {
        let lines = timeless(tree(&package.root.join("debian")));
        lines.into_iter().filter(|line| !line.starts_with(" ")).collect::<Vec<String>>()
    };
    let first = state(&package);
    run(&mut package.program("dh_rustvenv")).ok();
    // debhelper adds a snippet for each call of a program, which is why its programs are called once; all else is the same
    let scripts = |line: &String| !line.contains("inst.debhelper") && !line.contains("rm.debhelper");
    assert_eq!(
        state(&package).into_iter().filter(scripts).collect::<Vec<_>>(),
        first.into_iter().filter(scripts).collect::<Vec<_>>()
    );
}

#[test]
fn the_log_of_an_override_says_which_packages_are_done() {
    let package = several();
    let overridden = [("DH_INTERNAL_OVERRIDE", "dh_rustvenv")];
    dh_rustvenv(&package, &["--no-act", "-pdemo"], &overridden).ok();
    assert!(!package.root.join("debian/demo.debhelper.log").exists());
    dh_rustvenv(&package, &["-pdemo"], &overridden).ok();
    assert_eq!(package.read("debian/demo.debhelper.log"), "dh_rustvenv\n");
    assert!(!package.root.join("debian/demo-common.debhelper.log").exists());
    dh_rustvenv(&package, &["--remaining-packages"], &overridden).ok();
    assert_eq!(installed(&package), ["demo-common"]);
    // a failure is no success
    for name in ["demo", "demo-common"] {
        fs::remove_file(package.root.join(format!("debian/{name}.debhelper.log"))).unwrap();
    }
    package.write("wheels/sha256sums.txt", "# changed\n");
    assert_ne!(dh_rustvenv(&package, &["-pdemo"], &overridden).status, 0);
    assert!(!package.root.join("debian/demo.debhelper.log").exists());
}

#[test]
fn a_configuration_is_no_program() {
    use std::os::unix::fs::PermissionsExt as _;
    let package = SourcePackage::new();
    // a comment, to whoever reads it as TOML
    package.config("#!/usr/bin/dh-exec\nproject = \"none\"\n");
    fs::set_permissions(package.root.join("debian/demo.rustvenv"), fs::Permissions::from_mode(0o755)).unwrap();
    let done = dh_rustvenv(&package, &[], &[]);
    assert_eq!(done.codes(), ["config-malformed"], "{}", done.stderr);
    assert!(done.stderr.contains("executable") && installed(&package).is_empty(), "{}", done.stderr);
}

#[test]
fn a_udeb_has_no_interpreter() {
    let package = several();
    binary(&package, "demo-udeb", "any", "Package-Type: udeb\nSection: debian-installer\n");
    // without a configuration it is passed over
    dh_rustvenv(&package, &[], &[]).ok();
    package.write("debian/demo-udeb.rustvenv", "project = \"none\"\n");
    let done = dh_rustvenv(&package, &["-pdemo-udeb"], &[]);
    assert_eq!(done.codes(), ["package-is-udeb"], "{}", done.stderr);
    assert!(!package.root.join("debian/demo-udeb/opt").exists());
}

#[test]
fn two_packages_do_not_claim_one_place() {
    let package = several();
    let refused = |codes: &[&str], why: &str| {
        let done = dh_rustvenv(&package, &[], &[]);
        assert_eq!(done.codes(), codes, "{why}: {}", done.stderr);
        assert_eq!(installed(&package).is_empty(), !codes.is_empty(), "{why}");
    };
    refused(&[], "each its own");
    package.write("debian/demo-common.rustvenv", "project = \"none\"\nname = \"demo\"\n");
    refused(&["location-shared"], "one place");
    package.write("debian/demo-common.rustvenv", "project = \"none\"\ninstall-root = \"/opt/venvs/demo\"\n");
    refused(&["location-shared"], "one inside of the other");
    package.write("debian/demo-common.rustvenv", "project = \"none\"\ncommands = [\"demo\"]\n");
    refused(&["location-shared"], "one command");
    let control = package.read("debian/control");
    package
        .write("debian/control", control.replace("Package: demo-common\n", "Package: demo-common\nConflicts: demo\n"));
    refused(&[], "alternatives");
    // that a neighbour's configuration cannot be read is for its own step to say
    package.write("debian/control", control);
    package.write("debian/demo-common.rustvenv", "nothing = 1\n");
    let done = dh_rustvenv(&package, &["-pdemo"], &[]).ok();
    assert_eq!(done.codes(), [""; 0]);
}

#[test]
fn dependencies_have_to_be_dependencies() {
    for (fields, good) in [
        ("Depends: ${misc:Depends}", true),
        ("Depends: libc6,\n# a comment\n ${rustvenv:Depends}", true),
        ("Pre-Depends: ${misc:Depends}", true),
        ("Recommends: ${misc:Depends}", false),
        ("Depends: python3\nRecommends: ${rustvenv:Depends}", false),
        ("Depends: python3\n# ${misc:Depends}", false),
    ] {
        let package = SourcePackage::new();
        let control = package.read("debian/control").replace("Depends: ${misc:Depends}", fields);
        package.write("debian/control", control);
        let done = dh_rustvenv(&package, &[], &[]);
        assert_eq!(done.codes(), if good { &[][..] } else { &["depends-not-used"] }, "{fields}: {}", done.stderr);
        assert_eq!(installed(&package).len(), usize::from(good), "{fields}");
    }
}
