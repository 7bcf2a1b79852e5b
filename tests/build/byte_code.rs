//! Byte code in the package: the same everywhere, true in RECORD, used when the application runs, and made without running
//! anything of a wheel.

use crate::install::python;
use crate::source_package::{Done, SourcePackage, application, command, run, timeless, tree};
use crate::wheel::Wheel;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const ENVIRONMENT: &str = "debian/demo/opt/venvs/demo";
const SHIP: &str = "project = \"none\"\nbytecode = \"ship\"\n";

/// `cpython-3X`.
fn tag() -> String {
    python().replace("python", "cpython-").replace('.', "")
}

fn shipping(wheels: impl IntoIterator<Item = Wheel>) -> SourcePackage {
    let package = SourcePackage::new();
    package.config(SHIP);
    package.wheels(wheels);
    package
}

fn site(package: &SourcePackage) -> PathBuf {
    package.root.join(ENVIRONMENT).join("lib").join(python()).join("site-packages")
}

/// Paths of byte code below `root`, relative to it.
fn caches(root: &Path) -> Vec<String> {
    let listed = run(command("find").args([".", "-name", "*.pyc"]).current_dir(root)).ok().stdout;
    let mut paths: Vec<String> = listed.lines().map(|line| line.trim_start_matches("./").to_owned()).collect();
    paths.sort();
    paths
}

#[test]
fn byte_code_stands_beside_its_sources_and_in_the_record() {
    let package = shipping([
        application()
            .file("demo_app/broken.py", "def (\n")
            .file("demo_app/coding.py", "# coding: no-such-coding\n")
            .file("demo_app/text.py.txt", "x")
            .data("scripts/tool.py", "#!python\n")
            .data("data/share/example.py", "x = 1\n"),
        Wheel::new("module", "1").file("module.py", "def function():\n    return __file__\n"),
    ]);
    let done = package.rustvenv(&["prepare", "--package", "demo"]).ok();
    assert!(!done.stderr.contains("byte code"), "{}", done.stderr);
    let done = package.rustvenv(&["install", "--package", "demo", "-v"]).ok();
    for (file, reason) in [("broken", "SyntaxError"), ("coding", "no-such-coding")] {
        let line = done
            .stderr
            .lines()
            .find(|line| line.contains(&format!("no byte code: lib/{}", python())) && line.contains(file));
        assert!(line.is_some_and(|line| line.contains(reason)), "{}", done.stderr);
    }
    let tag = tag();
    let expected = ["__pycache__/module", "demo_app/__pycache__/__init__", "demo_app/__pycache__/cli"];
    assert_eq!(caches(&site(&package)), expected.map(|path| format!("{path}.{tag}.pyc")));
    assert_eq!(caches(&package.root.join(ENVIRONMENT)).len(), 3, "only what an import can reach");
    crate::install::the_record_is_true(&package.root.join(ENVIRONMENT));
    let record = fs::read_to_string(site(&package).join("module-1.dist-info/RECORD")).unwrap();
    assert!(record.contains(&format!("__pycache__/module.{tag}.pyc,sha256=")), "{record}");

    // unchecked, and with the place on the target in it
    let bytes = fs::read(site(&package).join(format!("__pycache__/module.{tag}.pyc"))).unwrap();
    assert_eq!(bytes[4..8], [1, 0, 0, 0]);
    let location = format!("/opt/venvs/demo/lib/{}/site-packages/module.py", python());
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has(&location) && !has(package.root.to_str().unwrap()));

    // what is planned may be there at the end, and nothing else
    package.rustvenv(&["seal", "--package", "demo"]).ok();
    let before = timeless(tree(&package.root.join("debian/demo")));
    package.rustvenv(&["install", "--package", "demo"]).ok();
    assert_eq!(timeless(tree(&package.root.join("debian/demo"))), before);
    package.write(&format!("{ENVIRONMENT}/lib/{}/site-packages/__pycache__/x.{tag}.pyc", python()), "x");
    assert_eq!(package.rustvenv(&["seal", "--package", "demo"]).codes(), ["byte-code-left"]);
    package.rustvenv(&["install", "--package", "demo"]).ok();
    package.write(&format!("{ENVIRONMENT}/lib/{}/site-packages/__pycache__/module.{tag}.pyc", python()), "x");
    assert_eq!(package.rustvenv(&["seal", "--package", "demo"]).codes(), ["installed-file-changed"]);
    // without it the next run leaves none
    package.config("project = \"none\"\n");
    package.rustvenv(&["install", "--package", "demo"]).ok();
    assert_eq!(caches(&package.root.join("debian/demo")), [""; 0]);
    assert!(!site(&package).join("__pycache__").exists());
}

#[test]
fn byte_code_is_used_wherever_the_environment_is() {
    let package = shipping([
        application(),
        Wheel::new("module", "1").file("module.py", "def function():\n    raise KeyError('of the module')\n"),
    ]);
    package.install().ok();
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("anöther place");
    fs::rename(package.root.join(ENVIRONMENT), &place).unwrap();
    let interpreter = place.join("bin/python");
    let before = tree(&place);
    let look = |code: &str| run(command(interpreter.to_str().unwrap()).args(["-v", "-c", code])).stderr;
    let said = look("import demo_app.cli, module");
    let objects: Vec<&str> =
        said.lines().filter(|line| line.starts_with("# code object from") && line.contains("place/lib")).collect();
    assert_eq!(objects.len(), 3, "{said}");
    assert!(objects.iter().all(|line| line.ends_with(".pyc'")), "{objects:#?}");
    assert_eq!(tree(&place), before, "something was compiled");
    // what a traceback shows is the place where the module is
    let said = look("import module; module.function()");
    let line = format!("File \"{}/lib/{}/site-packages/module.py\", line 2", place.display(), python());
    assert!(said.contains(&line) && said.contains("raise KeyError"), "{said}");
}

#[test]
fn another_place_and_time_make_the_same_byte_code() {
    // sets and names of many kinds: what depended on the seed of hashes or on the order in older interpreters
    let module = "NAMES = {'a', 'b', 'c', 'd'}\n\n\nclass A:\n    def f(self, a=frozenset({1, 2})):\n        \
                  return a in {'x', 'y', 'z', 'w'} or [A for A in (1.5, 2j, b'b', ...)]\n\n\nasync def g(*a: 'A', **k) -> A:\n    \
                  f'{a!r:>{k}}'\n    match a:\n        case {'x': A(y=1)}: pass\n";
    let build = |umask: &str, variables: &[(&str, &str)]| {
        let directory = tempfile::Builder::new().prefix("rustvenv höher ").tempdir().unwrap();
        let package = SourcePackage::at(&directory.path().join("demo-1.0"));
        package.config(SHIP);
        let many = (0..40)
            .fold(application(), |wheel, n| wheel.file(&format!("demo_app/m{n}.py"), format!("N = {n}\n{module}")));
        package.wheels([many]);
        let script = format!(
            "umask {umask}; exec faketime -f +{umask}d '{}' install --package demo",
            env!("CARGO_BIN_EXE_rustvenv")
        );
        run(command("sh").envs(variables.iter().copied()).args(["-c", &script]).current_dir(&package.root)).ok();
        let lines = tree(&package.root.join(ENVIRONMENT));
        lines.into_iter().filter(|line| !line.contains("sha256sums.txt.asc")).collect::<Vec<_>>()
    };
    let plain = build("022", &[]);
    assert_eq!(plain.iter().filter(|line| line.contains(".pyc ")).count(), 42);
    let startup = tempfile::NamedTempFile::new().unwrap();
    let startup = startup.path().to_str().unwrap();
    let varied = [
        ("PYTHONHASHSEED", "7"),
        ("PYTHONOPTIMIZE", "2"),
        ("PYTHONPYCACHEPREFIX", "/nonexistent"),
        ("PYTHONSTARTUP", startup),
    ];
    assert_eq!(build("077", &varied), plain);
}

#[test]
fn nothing_of_a_wheel_runs_while_it_is_compiled() {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let code = format!("open({:?}, 'a').write(__name__)\n", trace.to_str().unwrap());
    let names = ["json/__init__", "py_compile", "sitecustomize", "usercustomize", "encodings/evil", "site"];
    let mut wheel = names.iter().fold(application(), |wheel, name| wheel.file(&format!("{name}.py"), &code));
    wheel = wheel.file("demo_app/cookie.py", "# coding: evil\n").file("demo_app.pth", format!("import sys; {code}"));
    let package = shipping([wheel]);
    package.install().ok();
    assert!(!trace.exists(), "{}", fs::read_to_string(&trace).unwrap());
    assert!(caches(&site(&package)).len() > names.len());
    // what it would look like: the trace is left when that code does run
    run(command(package.root.join(ENVIRONMENT).join("bin/python").to_str().unwrap()).args([
        "-B",
        "-c",
        "import py_compile",
    ]));
    assert!(trace.exists());
}

#[test]
fn an_interpreter_that_is_not_installed_is_asked_for() {
    let package = shipping([application()]);
    package.config(&format!("{SHIP}python = \"3.99\"\n"));
    let done = package.rustvenv(&["prepare", "--package", "demo"]);
    assert_eq!(done.status, 2, "{}", done.stderr);
    assert!(done.stderr.contains("/usr/bin/python3.99") && done.stderr.contains("Build-Depends"), "{}", done.stderr);
    // byte code for the installation needs no interpreter in the build
    package.config("project = \"none\"\npython = \"3.99\"\n");
    package.install().ok();
}

/// Runs `rustvenv install` with a program in the interpreter's place that calls the interpreter and then `script`, for which
/// `$result` is where byte code was written to and `$order` which of the two runs it is.
fn with_interpreter(package: &SourcePackage, script: &str) -> Done {
    let directory = tempfile::tempdir().unwrap();
    let (real, other) = (directory.path().join("real"), directory.path().join("other"));
    let path = format!("/usr/bin/{}", python());
    fs::copy(&path, &real).unwrap();
    let text = format!(
        "#!/bin/sh\n'{}' \"$@\" || exit\nfor word; do result=$order order=$word; done\n{script}\n",
        real.display()
    );
    fs::write(&other, text).unwrap();
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).unwrap();
    let script = format!(
        "mount --bind '{}' '{path}' && exec '{}' install --package demo",
        other.display(),
        env!("CARGO_BIN_EXE_rustvenv")
    );
    let is_root = run(command("id").arg("-u")).stdout.trim() == "0";
    let unshare: &[&str] = if is_root { &["--mount"] } else { &["--map-root-user", "--mount"] };
    run(command("unshare").args(unshare).args(["sh", "-c", &script]).current_dir(&package.root))
}

#[test]
fn byte_code_that_differs_between_two_runs_is_refused() {
    for (script, status, expected) in [
        (":", 0, ""),
        ("[ $order = forward ] || printf x >>$result/1.pyc", 3, "error[byte-code-differs]"),
        ("rm $result/1.pyc", 2, "1.pyc"),
        ("printf x", 2, "another answer"),
        ("kill -SEGV $$", 2, "signal"),
    ] {
        let package = shipping([application()]);
        let done = with_interpreter(&package, script);
        assert_eq!(done.status, status, "{script}: {}", done.stderr);
        assert!(done.stderr.contains(expected), "{script}: {}", done.stderr);
        if status == 3 {
            assert!(done.stderr.contains("demo_app/cli.py` was compiled twice"), "{}", done.stderr);
        }
        assert_eq!(package.root.join("debian/demo").exists(), status == 0, "{script}");
    }
}
