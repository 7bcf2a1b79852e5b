//! The installed environment at work: moved, linked to, activated, and how long a start takes.

use crate::install::python;
use crate::source_package::{SourcePackage, application, command, run};
use crate::wheel::Wheel;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An environment that was moved to a place with blanks and letters beyond ASCII in its name.
fn moved(config: &str) -> (TempDir, PathBuf) {
    let package = SourcePackage::new();
    package.config(config);
    package.wheels([application().data(
        "scripts/script",
        "#!python\n# -*- coding: latin-1 -*-\n\"\"\"The docstring.\"\"\"\nfrom __future__ import annotations\nimport sys\nprint(__doc__, sys.prefix, *sys.argv[1:], sep='|')\n",
    )]);
    package.install().ok();
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("a plåce $HOME 'x'");
    fs::rename(package.root.join("debian/demo/opt/venvs/demo"), &place).unwrap();
    (directory, place)
}

fn output(program: &Path, arguments: &[&str]) -> String {
    run(command(program.to_str().unwrap()).args(arguments)).ok().stdout
}

#[test]
fn an_environment_works_wherever_it_is() {
    let (directory, place) = moved("project = \"none\"\n");
    let expected = |rest: &str| format!("{}|data{rest}\n", place.display());
    assert_eq!(output(&place.join("bin/demo"), &["a b", "", "*"]), expected("|a b||*"));
    // by a link, by a link to a link in another directory, and by a link to the whole environment
    let link = directory.path().join("link");
    symlink(place.join("bin/demo"), &link).unwrap();
    assert_eq!(output(&link, &["x"]), expected("|x"));
    fs::create_dir(directory.path().join("sub")).unwrap();
    let second = directory.path().join("sub/-second");
    symlink("../link", &second).unwrap();
    assert_eq!(output(&second, &[]), expected(""));
    let whole = directory.path().join("whole");
    symlink(&place, &whole).unwrap();
    assert_eq!(output(&whole.join("bin/demo"), &[]), format!("{}|data\n", whole.display()));
    // by its bare name, from PATH and as an argument of sh
    let bin = place.join("bin");
    let path = format!("{}:/usr/bin:/bin", bin.display());
    assert_eq!(run(command("sh").env("PATH", &path).args(["-c", "demo y"])).ok().stdout, expected("|y"));
    assert_eq!(run(command("sh").args(["demo", "z"]).current_dir(&bin)).ok().stdout, expected("|z"));
}

/// A script of a wheel must not become the module of another wheel, or of the standard library, because it lies beside the
/// launcher that imports one of that name.
#[test]
fn scripts_of_wheels_are_no_modules_for_launchers() {
    let package = SourcePackage::new();
    package.config("project = \"none\"\n");
    let evil = "#!python\nraise SystemExit('this is not the module')\n";
    let wheel = Wheel::new("other", "1").data("scripts/importlib.py", evil).data("scripts/demo_app.py", evil);
    package.wheels([application(), wheel.data("data/bin/demo_app/__init__.py", evil)]);
    package.install().ok();
    let place = package.root.join("debian/demo/opt/venvs/demo");
    assert_eq!(output(&place.join("bin/demo"), &[]), format!("{}|data\n", place.display()));
}

#[test]
fn scripts_of_wheels_keep_docstring_and_future_imports() {
    let (directory, place) = moved("project = \"none\"\n");
    let expected = format!("The docstring.|{}|a b\n", place.display());
    assert_eq!(output(&place.join("bin/script"), &["a b"]), expected);
    let link = directory.path().join("link");
    symlink(place.join("bin/script"), &link).unwrap();
    assert_eq!(output(&link, &["a b"]), expected);
}

#[test]
fn the_exit_status_and_signals_are_the_scripts_own() {
    let (_directory, place) = moved("project = \"none\"\n");
    let done = run(command(place.join("bin/python").to_str().unwrap()).args(["-c", "raise SystemExit(7)"]));
    assert_eq!(done.status, 7);
}

#[test]
fn modules_of_the_distribution_are_hidden_unless_asked_for() {
    let list = "import sys; print('\\n'.join(sys.path))";
    let (_directory, place) = moved("project = \"none\"\n");
    let hidden = output(&place.join("bin/python"), &["-c", list]);
    assert!(!hidden.contains("dist-packages"), "{hidden}");
    let (_directory, place) = moved("project = \"none\"\nsystem-site-packages = true\n");
    let visible = output(&place.join("bin/python"), &["-c", list]);
    assert!(visible.contains("/usr/lib/python3/dist-packages"), "{visible}");
}

#[test]
fn fixed_launchers_name_the_installed_place() {
    let (_directory, place) = moved("project = \"none\"\nrelocatable = false\n");
    let text = fs::read_to_string(place.join("bin/demo")).unwrap();
    // with -P where the interpreter knows it
    let interpreter = text.lines().next().unwrap().trim_end_matches(" -P");
    assert_eq!(interpreter, format!("#!/opt/venvs/demo/bin/{}", python()), "{text}");
}

#[test]
fn activation_finds_its_own_place() {
    let (_directory, place) = moved("project = \"none\"\n");
    let place = place.display().to_string();
    let script = r#"PS1='$ '; . "$1/bin/activate" || exit 1; printf '%s|' "$VIRTUAL_ENV" "$(python -c 'import sys; print(sys.prefix)')" "$PS1"; deactivate; printf '%s|' "${VIRTUAL_ENV-none}" "$PATH" "$PS1""#;
    for shell in ["bash", "zsh", "ksh93"] {
        let done = run(command(shell).env("PATH", "/usr/bin:/bin").args(["-c", script, "sh", &place])).ok();
        assert_eq!(
            done.stdout,
            format!("{place}|{place}|(demo) $ |none|/usr/bin:/bin|$ |"),
            "{shell}: {}",
            done.stderr
        );
    }
    // dash cannot tell its own place: it says so and changes nothing
    let done =
        run(command("dash").args(["-c", r#". "$1/bin/activate"; echo "$? ${VIRTUAL_ENV-none} $PATH""#, "sh", &place]));
    assert_eq!(done.stdout, "1 none /usr/sbin:/usr/bin:/sbin:/bin\n", "{}", done.stderr);
    let fish = r#"source "$argv[1]/bin/activate.fish"; echo $VIRTUAL_ENV; python -c "import sys; print(sys.prefix)"; deactivate; set -q VIRTUAL_ENV; echo $status"#;
    let home = tempfile::tempdir().unwrap();
    let done = run(command("fish").env("HOME", home.path()).args(["-c", fish, &place])).ok();
    assert_eq!(done.stdout, format!("{place}\n{place}\n1\n"), "{}", done.stderr);
}

#[test]
fn tcsh_activates_the_installed_place() {
    let package = SourcePackage::new();
    package.install().ok();
    let environment = package.root.join("debian/demo/opt/venvs/demo");
    let text = fs::read_to_string(environment.join("bin/activate.csh")).unwrap();
    // a script has no history, so that the place is the installed one; put ours there
    let here = environment.display().to_string();
    let file = package.root.join("activate.csh");
    fs::write(&file, text.replace("/opt/venvs/demo", &here)).unwrap();
    let script = format!(
        "source {}\necho $VIRTUAL_ENV\nwhich python\ndeactivate\nif ($?VIRTUAL_ENV == 0) echo gone\necho $PATH\n",
        file.display()
    );
    let path = package.root.join("script");
    fs::write(&path, script).unwrap();
    let done = run(command("tcsh").env("PATH", "/usr/bin:/bin").arg("-f").arg(&path)).ok();
    assert_eq!(done.stdout, format!("{here}\n{here}/bin/python\ngone\n/usr/bin:/bin\n"), "{}", done.stderr);
}
