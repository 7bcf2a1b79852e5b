//! `rustvenv init --from-dh-virtualenv` on the rules files of users of dh-virtualenv, written anew from what is known of them: a chat
//! server whose environment a script makes (`homeserver`), a client with the distribution's Qt (`desk`), a service with a dozen units
//! (`storm`), one with seventeen empty overrides (`forensics`), one with two indexes and a patched module (`cluster`), one that
//! lost a backslash (`probe`), and one whose options never reached anybody (`login`).
//!
//! What is printed is compared with `expected` in each directory. With RUSTVENV_BLESS=1 in the environment it is written anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

use rustvenv::config::Config;
use rustvenv::maintain::migrate::{self, Migration, Sources};
use rustvenv::refusal::Failure;
use std::fs;
use std::path::{Path, PathBuf};

const USERS: &[&str] = &["homeserver", "desk", "storm", "forensics", "cluster", "probe", "login"];

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrate").join(name)
}

fn read(rules: &str, control: &str, load: &mut dyn FnMut(&str) -> Option<String>) -> Result<Migration, Failure> {
    migrate::read(Sources { rules, control, package: None, load })
}

fn user(name: &str) -> Migration {
    let root = directory(name);
    let text = |path: &str| fs::read_to_string(root.join(path)).ok();
    read(&text("debian/rules").unwrap(), &text("debian/control").unwrap(), &mut |path| text(path)).unwrap()
}

#[test]
fn users_of_dh_virtualenv() {
    for name in USERS {
        let migration = user(name);
        let mut text = migration.report();
        for package in migration.configurations.keys() {
            let configuration = migration.configuration(package).unwrap();
            Config::parse(package, &configuration, package)
                .unwrap_or_else(|refusals| panic!("{name}: {}", refusals[0]));
            text.push_str(&format!("\ndebian/{package}.rustvenv:\n\n{configuration}"));
        }
        let expected = directory(name).join("expected");
        if std::env::var_os("RUSTVENV_BLESS").is_some_and(|value| value == "1") {
            fs::write(&expected, text).unwrap();
        } else {
            assert_eq!(text, fs::read_to_string(&expected).unwrap(), "{name}");
        }
    }
}

/// A package with one rules file, and nothing beside it.
fn alone(rules: &str) -> Migration {
    let control = "Source: a\nBuild-Depends: dh-virtualenv\n\nPackage: app\nDepends: ${misc:Depends}\n";
    read(rules, control, &mut |_| None).unwrap()
}

fn settings(migration: &Migration) -> Vec<String> {
    migration.configurations.values().flatten().map(|one| one.setting.to_string()).collect()
}

#[test]
fn ways_to_write_rules() {
    let dh = "%:\n\tdh $@ --with python-virtualenv\n";
    for (rules, expected) in [
        // spellings that make, the shell and dh_virtualenv's parser understand
        ("override_dh_virtualenv:\n\tdh_virtualenv --pyt /usr/bin/python3.11", "python = \"3.11\""),
        ("override_dh_virtualenv:\n\t@-dh_virtualenv -Sp app", "system-site-packages = true"),
        ("override_dh_virtualenv:\n\tset -e; cd . && dh_virtualenv \"--install-suffix=x\"", "name = \"x\""),
        ("override_dh_virtualenv-arch: ; dh_virtualenv --extras 'a,b'", "extras = [\"a\", \"b\"]"),
        ("override_dh_virtualenv:\n\tDH_VIRTUALENV_INSTALL_ROOT=/usr/lib dh_virtualenv", "install-root = \"/usr/lib\""),
        (
            "override_dh_virtualenv: export DH_VIRTUALENV_INSTALL_ROOT=/usr/lib\noverride_dh_virtualenv:\n\tdh_virtualenv",
            "install-root = \"/usr/lib\"",
        ),
        ("DH_VIRTUALENV_INSTALL_ROOT=/usr/lib\nexport DH_VIRTUALENV_INSTALL_ROOT", "install-root = \"/usr/lib\""),
        (
            "A = --extras\nB := $(A)=c\nA = --no-test\noverride_dh_virtualenv:\n\tdh_virtualenv ${B} $(A)",
            "extras = [\"c\"]",
        ),
        (
            "A ?= --skip-install\nA += --extras=d\noverride_dh_virtualenv:\n\tdh_virtualenv $(A)",
            "project = \"none\" extras = [\"d\"]",
        ),
        ("override_dh_virtualenv:\n\tdh_virtualenv --python $(shell which python3.12)", "python = \"3.12\""),
        ("override_dh_virtualenv:\n\tdh_virtualenv --python `readlink -e /usr/bin/python3.11`", "python = \"3.11\""),
        (
            "override_dh_virtualenv:\n\tdh_virtualenv -D src",
            "requirements = [\"src/requirements.txt\"] project = \"src\"",
        ),
        // what nobody can know without running it
        ("ifdef X\nP = 3.11\nendif\noverride_dh_virtualenv:\n\tdh_virtualenv --python python$(P)", ""),
        ("P != command\noverride_dh_virtualenv:\n\tdh_virtualenv --python python$(P)", ""),
        ("override_dh_virtualenv:\n\tdh_virtualenv --install-suffix $(NOT_SET)", ""),
        // what is no good as a setting
        ("override_dh_virtualenv:\n\tdh_virtualenv --install-suffix ../x --requirements /etc/x", ""),
        ("DH_VIRTUALENV_INSTALL_ROOT=/usr/lib\n", ""),
    ] {
        let migration = alone(&format!("{dh}{rules}\n"));
        assert_eq!(settings(&migration).join(" "), expected, "{rules}");
        let decided = migration.decisions.iter().filter(|note| note.place.starts_with("debian/rules")).count();
        assert_eq!(decided == 0, !expected.is_empty(), "{rules}: {:?}", migration.decisions);
        assert_eq!(
            migration.rules.replace("\n\n", "\n"),
            "#!/usr/bin/make -f\n%:\n\tdh $@\n".to_owned()
                + if rules.starts_with("ifdef") { "ifdef X\nendif\n" } else { "" },
            "{rules}"
        );
    }
}

#[test]
fn what_stays_and_what_moves() {
    let migration = alone(
        "#!/usr/bin/make -f\nV = 1\nD = debian/app/opt\n# about the environment\noverride_dh_virtualenv:\n\techo $(V) > early\n\
         \tdh_virtualenv\n\tcp x $(D)\n\n%: prerequisite\n\tdh $@ --with=systemd,python-virtualenv --parallel\n\n\
         override_dh_link override_dh_strip:\n\tdh_link\n\nexecute_after_dh_virtualenv-arch:\n\ttouch z\n",
    );
    assert_eq!(
        migration.rules,
        "#!/usr/bin/make -f\nV = 1\nD = debian/app/opt\n# about the environment\nexecute_before_dh_rustvenv:\n\techo $(V) > early\n\n\
         execute_after_dh_rustvenv:\n\tcp x $(D)\n\n%: prerequisite\n\tdh $@ --parallel --with systemd\n\n\
         override_dh_link override_dh_strip:\n\tdh_link\n\nexecute_after_dh_rustvenv-arch:\n\ttouch z\n"
    );
    assert_eq!(migration.decisions.len(), 4, "three that moved, and the lock: {:?}", migration.decisions);
    let several = alone(
        "%:\n\tdh $@ --with python-virtualenv\noverride_dh_virtualenv:\n\tdh_virtualenv\n\tdh_virtualenv --extras a\n",
    );
    assert!(several.report().contains("2 calls of dh_virtualenv for app"), "{}", several.report());
    let old = alone("binary-arch:\n\tdh_testroot\n\tdh_virtualenv --skip-install\n\tdh_builddeb\n");
    assert_eq!(settings(&old), ["project = \"none\""]);
    assert!(old.report().contains("`%:` has to call `dh $@`"), "{}", old.report());
    let system = alone("export DH_REQUIREMENTS_FILE=x.txt\n%:\n\tdh $@ --buildsystem=dh_virtualenv\n");
    assert_eq!(
        settings(&system),
        ["requirements = [\"x.txt\"]", "install-root = \"/usr/share/python\"", "name = \"a\""]
    );
    let idle = alone("%:\n\tdh $@ --with python-virtualenv\noverride_dh_auto_test:\n\t./run-tests\n");
    assert!(idle.rules.contains("override_dh_auto_test") && idle.report().contains("so the target never ran"));
}

#[test]
fn the_readme_says_what_is_printed() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let mut blocks = readme.split("```make\n").skip(1).map(|rest| rest.split_once("```").unwrap().0);
    let migration = alone(blocks.next().unwrap());
    assert_eq!(migration.rules, blocks.next().unwrap());
    assert_eq!(migration.decisions.len(), 1, "the lock, which is not there: {:?}", migration.decisions);
}

/// debian/rules of strangers: nothing of it is run, and it costs no more than reading it.
#[test]
fn hostile_rules() {
    let dh = "%:\n\tdh $@ --with python-virtualenv\n";
    let mut doubling = "A0 = aaaaaaaaaaaaaaaa\n".to_owned();
    for n in 1..64 {
        doubling.push_str(&format!("A{n} = $(A{0})$(A{0})\n", n - 1));
    }
    let mut bushy = "B0 = aaaa\n".to_owned();
    for n in 1..64 {
        bushy.push_str(&format!("B{n} = {}\n", format!("$(B{})", n - 1).repeat(8)));
    }
    let begun = std::time::Instant::now();
    for rules in [
        format!("{dh}{doubling}override_dh_virtualenv:\n{}", "\tdh_virtualenv --extras=$(A63)\n".repeat(15_000)),
        format!("{dh}{bushy}override_dh_virtualenv:\n\tdh_virtualenv --extras=$(B63)\n"),
        format!("{dh}override_dh_virtualenv:\n\tdh_virtualenv{}\n", " -S".repeat(300_000)),
        format!("{dh}override_dh_virtualenv:\n{}", "\tdh_virtualenv -S\n".repeat(15_000)),
        format!("{dh}override_dh_virtualenv:\n{}", "\t./debian/script\n".repeat(15_000)),
        format!("{dh}{}", "$(".repeat(400_000)),
        format!("{dh}x:\n\t{}\n", "$((".repeat(200_000)),
        format!("{dh}{}", "A += $(A) $(A)\nA := $(A)\n".repeat(9000)),
        format!("{dh}{}", "ifeq (a,b)\n".repeat(19_000)),
        format!("{dh}override_dh_virtualenv:\n\tdh_virtualenv '\n"),
        format!("{dh}override_dh_virtualenv:\n\tcat <<EOF\n"),
        format!("{dh}define X\n"),
        format!("{dh}\\"),
        format!("{dh}a: \\\n\\\n"),
        format!("{dh}\u{1b}[31m\u{202e}: x\n\tpip install \u{1b}[2J\n"),
        format!("{dh}$(shell touch PWNED)\n$(eval X=1)\nY := $(shell touch PWNED)\n"),
    ] {
        let migration = alone(&rules);
        let report = migration.report();
        assert!(!report.contains('\u{1b}') && !report.contains('\u{202e}'));
        for package in migration.configurations.keys() {
            Config::parse("x", &migration.configuration(package).unwrap(), package).unwrap();
        }
        let start: String = rules.chars().skip(dh.len()).take(40).collect();
        assert!(begun.elapsed().as_secs() < 120, "{start}: {:?}", begun.elapsed());
    }
    assert!(!Path::new("PWNED").exists());
    let mut links = |path: &str| {
        path.ends_with(".links").then(|| {
            "opt/venvs/app/bin/a;b usr/bin/a;b\nopt/venvs/app/bin/../x usr/bin/../x\nopt/venvs/app/bin/\"\\ usr/bin/\"\\\n\
             opt/venvs/app/bin/ok usr/bin/ok\n"
                .to_owned()
        })
    };
    let migration = read(dh, "Package: app\n", &mut links).unwrap();
    assert_eq!(settings(&migration), ["commands = [\"ok\"]"]);
    let error = |control: &str| read(dh, control, &mut |_| None).map(|migration| migration.configurations.len());
    assert_eq!(error("Package: ../../etc/passwd\n\nPackage: a b\n\nPackage: -x\n").ok(), Some(0));
    assert_eq!(error("").ok(), Some(0));
}
