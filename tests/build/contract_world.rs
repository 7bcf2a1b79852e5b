//! What surrounds a build: DEB_BUILD_OPTIONS, variables, users and directories. None of it changes the package, and each has the
//! effect that debhelper(7) and the Debian Policy give it.

use crate::refusals::IN_TREE_BACKEND;
use crate::source_package::{Done, SourcePackage, application, run};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// A package with everything that starts a program: the project's own wheel, and byte code that is shipped.
fn busy() -> SourcePackage {
    let package = SourcePackage::new();
    package.config("commands = [\"demo\"]\nbytecode = \"ship\"\n");
    let pyproject = "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\n\
                     [project]\nname = \"own\"\nversion = \"1\"\n";
    package.write("pyproject.toml", pyproject);
    package.write("own/__init__.py", "WORD = 'own'\n");
    package
}

/// `dpkg-buildpackage -b` in these surroundings, by way of a shell.
fn build(package: &SourcePackage, before: &str, variables: &[(&str, &str)]) -> Done {
    let script = format!("{before}; exec dpkg-buildpackage -us -uc -d -b");
    run(package.program("sh").args(["-c", &script]).envs(variables.iter().copied()))
}

#[test]
fn surroundings_leave_no_trace_in_the_package() {
    let package = busy();
    build(&package, ":", &[("DEB_BUILD_OPTIONS", "parallel=1")]).ok();
    let first = fs::read(package.deb("demo")).unwrap();
    for (before, variables) in [
        (":", &[("DEB_BUILD_OPTIONS", "parallel=2 nocheck terse")][..]),
        (":", &[("DEB_BUILD_OPTIONS", "parallel=9 nostrip noopt nodoc"), ("DH_VERBOSE", "1")]),
        ("umask 077; unset HOME", &[("LC_ALL", "POSIX"), ("DH_QUIET", "1")]),
        ("ulimit -n 64; umask 000", &[("LANGUAGE", "tr"), ("TZ", "NZT-13"), ("MAKEFLAGS", "-j3")]),
    ] {
        fs::remove_file(package.deb("demo")).unwrap();
        build(&package, before, variables).ok();
        assert!(fs::read(package.deb("demo")).unwrap() == first, "{before} {variables:?}");
    }
}

/// dpkg-deb needs a directory for temporary files; the steps do without.
#[test]
fn no_step_needs_a_directory_for_temporary_files() {
    let package = busy();
    for directory in ["/nonexistent/directory", "/dev/null", ""] {
        for name in ["dh_rustvenv_prepare", "dh_rustvenv", "dh_rustvenv_seal"] {
            run(package.program(name).env("TMPDIR", directory)).ok();
        }
        assert!(package.root.join("debian/demo/opt/venvs/demo/pyvenv.cfg").exists());
        run(package.program("debian/rules").arg("clean")).ok();
    }
}

#[test]
fn parallel_bounds_what_the_back_end_may_use() {
    let package = SourcePackage::new();
    package.config("requirements = []\n");
    let table = "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";
    package.write("pyproject.toml", table);
    let seen = package.root.join("seen");
    let look = format!("import os\nopen({seen:?}, 'w').write(str(len(os.sched_getaffinity(0))))\n");
    package.write("backend.py", format!("{look}{IN_TREE_BACKEND}"));
    package.write("payload.whl", application().build());
    let available = std::thread::available_parallelism().unwrap().get();
    for (options, expected) in [
        ("parallel=1", 1),
        ("parallel=2", available.min(2)),
        ("parallel=4096", available),
        ("nocheck", available),
        ("parallel=0", 1),
    ] {
        let mut prepare = package.program("rustvenv");
        run(prepare.args(["prepare", "--package", "demo"]).env("DEB_BUILD_OPTIONS", options)).ok();
        assert_eq!(package.read("seen"), expected.to_string(), "{options}");
    }
}

/// Verifying and installing is the work of one thread, whatever `parallel` allows.
#[test]
fn one_thread_does_everything() {
    let package = SourcePackage::new();
    for step in ["prepare", "install", "seal"] {
        let mut traced = package.program("strace");
        traced.args(["-f", "-qq", "-e", "trace=clone,clone3", "-o", "calls", env!("CARGO_BIN_EXE_rustvenv"), step]);
        run(traced.args(["--package", "demo"]).env("DEB_BUILD_OPTIONS", "parallel=9")).ok();
        let calls = package.read("calls");
        assert!(!calls.contains("CLONE_THREAD"), "{step}: {calls}");
        // the programs that are asked about dpkg are seen, so a thread would be
        assert!(calls.contains("CLONE_VFORK") || calls.contains("SIGCHLD"), "{step}: {calls}");
    }
}

#[test]
fn silence_and_more_words_are_what_was_asked_for() {
    let package = SourcePackage::new();
    package.wheels([application().file("starts.pth", "import sys\n")]);
    let said = |variables: &[(&str, &str)]| {
        let done = build(&package, ":", variables).ok();
        done.stderr
            .lines()
            .filter(|line| line.starts_with("rustvenv: ") || line.starts_with("warning["))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let plain = said(&[]);
    assert!(plain.iter().any(|line| line.contains("is in the package")), "{plain:#?}");
    for quiet in [("DEB_BUILD_OPTIONS", "terse"), ("DH_QUIET", "1"), ("DEB_BUILD_OPTIONS", "nocheck terse parallel=2")]
    {
        let lines = said(&[quiet]);
        // what somebody should know is said all the same
        assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("runs-at-start")), "{quiet:?}: {lines:#?}");
    }
    let verbose = said(&[("DH_VERBOSE", "1")]);
    assert!(verbose.iter().any(|line| line.contains(" sha256:")), "{verbose:#?}");
    // asked for both, more is said
    let both = said(&[("DH_VERBOSE", "1"), ("DEB_BUILD_OPTIONS", "terse")]);
    assert!(both.iter().any(|line| line.contains(" sha256:")), "{both:#?}");
}

/// Somebody who is not root, and files that such a user may read.
struct Stranger {
    stage: tempfile::TempDir,
}

impl Stranger {
    /// Copies the add-on to where everybody may read it, and gives the source tree away.
    fn new(package: &SourcePackage) -> Self {
        let stage = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("debhelper");
        let (bin, modules) = (stage.path().join("bin"), stage.path().join("perl5/Debian/Debhelper/Sequence"));
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&modules).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_rustvenv"), bin.join("rustvenv")).unwrap();
        for name in ["dh_rustvenv", "dh_rustvenv_prepare", "dh_rustvenv_seal"] {
            fs::copy(from.join("dh_rustvenv"), bin.join(name)).unwrap();
        }
        fs::copy(from.join("Sequence/rustvenv.pm"), modules.join("rustvenv.pm")).unwrap();
        run(package.program("cp").arg("-R").arg(from.join("autoscripts")).arg(stage.path())).ok();
        run(package.program("chmod").args(["-R", "a+rX"]).arg(stage.path())).ok();
        let parent = package.root.parent().unwrap();
        if is_root(package) {
            run(package.program("chown").args(["-R", "nobody:nogroup"]).arg(parent)).ok();
        }
        Self { stage }
    }

    /// A call of `dpkg-buildpackage` by that user.
    fn buildpackage(&self, package: &SourcePackage, arguments: &[&str]) -> Done {
        let user = ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
        let mut command: Command = if is_root(package) {
            let mut command = package.program("setpriv");
            command.args(user).arg("dpkg-buildpackage");
            command
        } else {
            package.program("dpkg-buildpackage")
        };
        let stage = self.stage.path();
        command
            .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", stage.join("bin").display()))
            .env("PERL5LIB", stage.join("perl5"))
            .env("DH_AUTOSCRIPTDIR", stage.join("autoscripts"));
        run(command.args(["-us", "-uc", "-d", "-b"]).args(arguments))
    }
}

fn is_root(package: &SourcePackage) -> bool {
    run(package.program("id").arg("-u")).ok().stdout.trim() == "0"
}

#[test]
fn nobody_has_to_be_root() {
    let package = SourcePackage::new();
    let root = package.root.clone();
    fs::set_permissions(root.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    package.buildpackage(&["-b"]).ok();
    let first = fs::read(package.deb("demo")).unwrap();
    run(package.program("debian/rules").arg("clean")).ok();
    let stranger = Stranger::new(&package);
    stranger.buildpackage(&package, &[]).ok();
    assert!(fs::read(package.deb("demo")).unwrap() == first, "Rules-Requires-Root: no");
    let control = package.read("debian/control");
    for (field, arguments) in [("binary-targets", &["-rfakeroot"][..]), ("dpkg/target-subcommand", &["-rfakeroot"])] {
        package.write(
            "debian/control",
            control.replace("Rules-Requires-Root: no", &format!("Rules-Requires-Root: {field}")),
        );
        stranger.buildpackage(&package, arguments).ok();
        assert!(fs::read(package.deb("demo")).unwrap() == first, "Rules-Requires-Root: {field}");
    }
    // without the field, everything below `binary` runs under fakeroot
    package.write("debian/control", control.replace("Rules-Requires-Root: no\n", ""));
    stranger.buildpackage(&package, &["-rfakeroot"]).ok();
    assert!(fs::read(package.deb("demo")).unwrap() == first, "no such field");
}
