//! The project's own wheel: small source trees from readable text, built by real back ends.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, reason = "whatever is unexpected fails the test")]

use rustvenv::maintain::project::{BuildEnvironment, BuildRequest, BuiltWheel, Network, build};
use rustvenv::refusal::Failure;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const EPOCH: u64 = 1_700_000_000;

/// A source tree in a directory of its own.
struct Tree {
    directory: TempDir,
    /// Below the directory, where the tree is and where it is built.
    root: PathBuf,
    work: PathBuf,
    environment: BuildEnvironment,
    exclude: Vec<PathBuf>,
    version: Option<String>,
}

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        Self::at("tree", files)
    }

    /// A tree in a directory called `name`.
    fn at(name: &str, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join(name);
        let work = root.join("debian/.debhelper/work");
        fs::create_dir_all(&work).unwrap();
        let tree = Self {
            directory,
            root,
            work,
            environment: BuildEnvironment::Distribution,
            exclude: Vec::new(),
            version: None,
        };
        tree.add("debian/changelog", "example (1.0-1) unstable; urgency=low\n");
        for (path, content) in files {
            tree.add(path, content);
        }
        tree
    }

    fn add(&self, path: &str, content: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn build(&self) -> Result<BuiltWheel, Failure> {
        build(&BuildRequest {
            source: self.root.clone(),
            exclude: self.exclude.clone(),
            work: self.work.clone(),
            interpreter: interpreter(),
            environment: self.environment.clone(),
            source_date_epoch: EPOCH,
            version: self.version.clone(),
            cross: None,
            processors: None,
        })
    }

    fn built(&self) -> BuiltWheel {
        self.build().unwrap_or_else(|failure| panic!("{failure}"))
    }

    fn fails(&self) -> String {
        match self.build() {
            Ok(built) => panic!("{} was built", built.file_name),
            Err(failure) => failure.to_string(),
        }
    }

    /// Every path with its mode, size, time and content, except where it is built.
    fn state(&self) -> BTreeMap<PathBuf, String> {
        let mut state = BTreeMap::new();
        let mut todo = vec![self.root.clone()];
        while let Some(directory) = todo.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path == self.root.join("debian") {
                    continue;
                }
                let found = path.symlink_metadata().unwrap();
                let content = if found.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
                let text = format!("{:o} {} {} {content:?}", found.mode(), found.mtime(), found.mtime_nsec());
                if found.is_dir() {
                    todo.push(path.clone());
                }
                state.insert(path, text);
            }
        }
        state
    }
}

fn interpreter() -> PathBuf {
    fs::canonicalize("/usr/bin/python3").unwrap()
}

/// The files of a wheel, read by Python.
fn files(wheel: &BuiltWheel) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(&wheel.file_name);
    fs::write(&file, &wheel.bytes).unwrap();
    let script = "import base64, json, sys, zipfile\n\
                  archive = zipfile.ZipFile(sys.argv[1])\n\
                  print(json.dumps({name: archive.read(name).decode('latin-1') for name in archive.namelist()}))";
    let output = Command::new("/usr/bin/python3").args(["-c", script]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

const SETUPTOOLS: &str = "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n";

/// A back end in the tree itself; `body` is its `build_wheel`, with `name` and `archive` at hand.
fn in_tree(body: &str) -> Tree {
    let body: String = body.lines().map(|line| format!("        {line}\n")).collect();
    Tree::new(&[
        ("pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = \"maker\"\nbackend-path = [\"tools\"]\n"),
        (
            "tools/maker.py",
            &format!(
                "import os, socket, sys, zipfile\n\
                 def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):\n    \
                     name = 'example-1.0-py3-none-any.whl'\n    \
                     with zipfile.ZipFile(os.path.join(wheel_directory, name), 'w') as archive:\n{body}    \
                     return name\n"
            ),
        ),
    ])
}

#[test]
fn setuptools_builds_packages_data_entry_points_and_extras() {
    let tree = Tree::new(&[
        (
            "setup.cfg",
            "[metadata]\nname = example\nversion = 1.0\n\
             [options]\npackages = find:\ninstall_requires = click\n\
             [options.package_data]\nexample = *.txt\n\
             [options.entry_points]\nconsole_scripts = hello = example.main:run\n\
             [options.extras_require]\ncolour = rich\n",
        ),
        ("pyproject.toml", SETUPTOOLS),
        ("example/__init__.py", ""),
        ("example/main.py", "def run():\n    print('hello')\n"),
        ("example/words.txt", "hello\n"),
    ]);
    let before = tree.state();
    let built = tree.built();
    assert_eq!(tree.state(), before, "the source tree is not touched");
    assert_eq!(built.file_name, "example-1.0-py3-none-any.whl");
    let files = files(&built);
    assert_eq!(files["example/words.txt"], "hello\n");
    assert!(files["example-1.0.dist-info/entry_points.txt"].contains("hello = example.main:run"));
    let metadata = &files["example-1.0.dist-info/METADATA"];
    assert!(metadata.contains("Requires-Dist: click") && metadata.contains("Provides-Extra: colour"), "{metadata}");
}

#[test]
fn flit_builds_although_the_distribution_has_no_metadata_of_its_core() {
    let built = Tree::new(&[
        (
            "pyproject.toml",
            "[build-system]\nrequires = [\"flit_core >=3.2\"]\nbuild-backend = \"flit_core.buildapi\"\n\
             [project]\nname = \"example\"\nversion = \"1.0\"\ndescription = \"Says hello.\"\n\
             [project.scripts]\nhello = \"example:run\"\n",
        ),
        ("example/__init__.py", "def run():\n    print('hello')\n"),
        ("example/words.txt", "hello\n"),
    ])
    .built();
    let files = files(&built);
    assert_eq!(files["example/words.txt"], "hello\n");
    assert!(files["example-1.0.dist-info/entry_points.txt"].contains("hello=example:run"));
}

#[test]
fn a_tree_without_build_system_table_is_built_as_before() {
    let built = Tree::new(&[
        (
            "setup.py",
            "from setuptools import setup\nimport helper\n\
             setup(name='example', version=helper.version, py_modules=['example'])\n",
        ),
        ("helper.py", "version = '2.0'\n"),
        ("example.py", ""),
    ])
    .built();
    assert_eq!(built.file_name, "example-2.0-py3-none-any.whl");
}

#[test]
fn a_tree_without_project_is_refused() {
    let told = Tree::new(&[("README", "nothing to build\n")]).fails();
    assert!(told.contains("error[project-malformed]") && told.contains("project = \"none\""), "{told}");
}

const EXTENSION: &[(&str, &str)] = &[
    ("pyproject.toml", SETUPTOOLS),
    (
        "setup.py",
        "from setuptools import Extension, setup\n\
             setup(name='example', version='1.0', ext_modules=[Extension('example', ['src/example.c'])])\n",
    ),
    (
        "src/example.c",
        "#define PY_SSIZE_T_CLEAN\n#include <Python.h>\n\
             static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, \"example\", __FILE__, -1, NULL};\n\
             PyMODINIT_FUNC PyInit_example(void) { return PyModule_Create(&module); }\n",
    ),
];

#[test]
fn an_extension_is_the_same_wherever_it_is_built() {
    let one = Tree::at("tree", EXTENSION);
    let other = Tree::at("an other tree/with ümlaut's", EXTENSION);
    // what a checkout under another umask leaves
    for path in ["setup.py", "src/example.c"] {
        fs::set_permissions(other.root.join(path), fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::set_permissions(other.root.join("src"), fs::Permissions::from_mode(0o700)).unwrap();
    let (one, other) = (one.built(), other.built());
    assert_eq!(one.file_name, other.file_name);
    let (ours, theirs) = (files(&one), files(&other));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    let library = ours.keys().find(|name| name.ends_with(".so")).expect("an extension module");
    assert!(ours[library].starts_with("\u{7f}ELF"));
    for (name, content) in &ours {
        assert!(content == &theirs[name], "{name} differs");
    }
    assert_eq!(one.bytes, other.bytes, "the archive differs");
}

#[test]
fn a_back_end_in_the_tree_is_used() {
    let built = in_tree("archive.writestr('example.py', __name__)").built();
    assert_eq!(files(&built)["example.py"], "maker");
    assert_eq!(built.file_name, "example-1.0-py3-none-any.whl");
}

#[test]
fn a_back_end_outside_of_backend_path_is_not_used() {
    let tree = Tree::new(&[
        ("pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = \"json\"\nbackend-path = [\"tools\"]\n"),
        ("tools/other.py", ""),
    ]);
    let told = tree.fails();
    assert!(told.contains("the build back end json is not in backend-path"), "{told}");
}

#[test]
fn the_end_of_what_a_failing_back_end_said_is_told() {
    let tree = in_tree("for n in range(100): print('line', n)\nraise RuntimeError('no luck')");
    let told = tree.fails();
    assert!(told.contains("build back end `maker` failed"), "{told}");
    assert!(told.contains("RuntimeError: no luck") && !told.contains("line 3\n"), "{told}");
    let log = fs::canonicalize(&tree.work).unwrap().join("build.log");
    assert!(told.contains(&format!("the whole output is in {}", log.display())), "{told}");
    assert!(fs::read_to_string(log).unwrap().contains("line 3\n"));
}

#[test]
fn no_network_is_reached() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let tree = in_tree(&format!("socket.create_connection(('127.0.0.1', {port}), timeout=5).close()"));
    match tree.build() {
        Err(failure) => {
            let told = failure.to_string();
            assert!(told.contains("Error: [Errno") && told.contains("failed"), "{told}");
        }
        // a machine without namespaces: it has to be said
        Ok(built) => assert_eq!(built.network, Network::Reachable),
    }
    let proxy = in_tree("import urllib.request\nurllib.request.urlopen('http://example.invalid/')");
    assert!(proxy.fails().contains("URLError"));
}

#[test]
fn missing_requirements_are_named_before_anything_is_built() {
    for (requires, expected) in [
        ("\"setuptools >= 40\", \"no-such-project >= 2\"", "no-such-project >= 2"),
        ("\"setuptools < 1\"", "setuptools < 1"),
    ] {
        let tree = Tree::new(&[(
            "pyproject.toml",
            &format!("[build-system]\nrequires = [{requires}]\nbuild-backend = \"no_such_module\"\n"),
        )]);
        let told = tree.fails();
        assert!(told.contains("error[build-requirement-missing]"), "{told}");
        assert!(told.contains(&format!("expected: {expected}")), "{told}");
        assert!(!told.contains("setuptools >= 40"), "what is there is not missing: {told}");
    }
}

#[test]
fn what_the_back_end_itself_requires_is_checked() {
    let tree = Tree::new(&[
        ("pyproject.toml", SETUPTOOLS),
        (
            "setup.py",
            "from setuptools import setup\nsetup(name='example', version='1.0', setup_requires=['no-such-project'])\n",
        ),
    ]);
    let told = tree.fails();
    assert!(told.contains("error[build-requirement-missing]") && told.contains("expected: no-such-project"), "{told}");
}

#[test]
fn verified_wheels_can_be_the_environment() {
    let mut tree = Tree::new(&[(
        "pyproject.toml",
        "[build-system]\nrequires = [\"tiny-backend[fast] ~= 1.2\"]\nbuild-backend = \"tiny:api\"\n",
    )]);
    let venv = tree.directory.path().join("venv");
    let version = interpreter().file_name().unwrap().to_str().unwrap().to_owned();
    let site = venv.join("lib").join(&version).join("site-packages");
    fs::create_dir_all(site.join("tiny_backend-1.2.3.dist-info")).unwrap();
    fs::create_dir_all(venv.join("bin")).unwrap();
    std::os::unix::fs::symlink(interpreter(), venv.join("bin/python")).unwrap();
    fs::write(venv.join("pyvenv.cfg"), "home = /usr/bin\ninclude-system-site-packages = false\n").unwrap();
    let metadata = "Metadata-Version: 2.1\nName: tiny-backend\nVersion: 1.2.3\n\
             Requires-Dist: other; extra == 'fast'\nProvides-Extra: fast\n";
    fs::write(site.join("tiny_backend-1.2.3.dist-info/METADATA"), metadata).unwrap();
    fs::write(
        site.join("tiny.py"),
        "import os, sys, zipfile\n\
         class api:\n    \
             @staticmethod\n    \
             def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):\n        \
                 name = 'example-1.0-py3-none-any.whl'\n        \
                 with zipfile.ZipFile(os.path.join(wheel_directory, name), 'w') as archive:\n            \
                     archive.writestr('path', '\\n'.join(sys.path))\n        \
                 return name\n",
    )
    .unwrap();
    tree.environment = BuildEnvironment::VirtualEnvironment(venv);
    let told = tree.fails();
    assert!(told.contains("found: no other") && told.contains("build-requirements"), "{told}");

    let tree = Tree { work: tree.directory.path().join("work"), ..tree };
    fs::create_dir(&tree.work).unwrap();
    tree.add("pyproject.toml", "[build-system]\nrequires = [\"tiny-backend ~= 1.2\"]\nbuild-backend = \"tiny:api\"\n");
    let path = files(&tree.built())["path"].clone();
    assert!(path.lines().any(|entry| Path::new(entry) == site), "{path}");
    assert!(!path.contains("dist-packages"), "the distribution's modules are hidden: {path}");
}

#[test]
fn a_back_end_sees_one_environment_on_every_machine() {
    let body = "\
show = lambda name, value: archive.writestr(name, str(value))
show('environment', '\\n'.join(sorted(os.environ)))
show('umask', oct(os.umask(0)))
show('hash', hash('a word'))
show('path', '\\n'.join(sys.path))
show('home', os.listdir(os.environ['HOME']))
scanned = [entry.name for entry in os.scandir('data')]
show('order', [os.listdir('data'), scanned, next(os.walk('data'))[2]])
stat = os.stat('data/run')
show('modes', [oct(os.stat(name).st_mode) for name in ('data', 'data/run', 'data/text')] + [int(stat.st_mtime)])
show('version', os.environ['SETUPTOOLS_SCM_PRETEND_VERSION'])
show('exit', type(exit).__name__)";
    let run = |mode: u32| {
        let mut tree = in_tree(body);
        for name in ["z", "a", "m", "text", "run", "B"] {
            tree.add(&format!("data/{name}"), "");
        }
        for (name, mode) in [("data/run", 0o711 & mode), ("data/text", 0o664 & mode), ("data", 0o775 & mode)] {
            fs::set_permissions(tree.root.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        tree.version = Some("1.2".to_owned());
        files(&tree.built())
    };
    let (one, other) = (run(0o777), run(0o700));
    for (name, value) in &one {
        if name != "path" {
            assert_eq!(value, &other[name], "{name}");
        }
    }
    assert_eq!(one["umask"], "0o22");
    assert_eq!(one["home"], "[]");
    assert_eq!(one["version"], "1.2");
    assert_eq!(one["modes"], format!("['0o40755', '0o100755', '0o100644', {EPOCH}]"));
    let sorted = "['B', 'a', 'm', 'run', 'text', 'z']";
    assert_eq!(one["order"], format!("[{sorted}, {sorted}, {sorted}]"));
    assert!(
        !one["path"].contains("/usr/local") && one["path"].contains("/usr/lib/python3/dist-packages"),
        "{}",
        one["path"]
    );
    let names: Vec<_> = one["environment"].lines().collect();
    assert!(names.contains(&"CFLAGS") && names.contains(&"SOURCE_DATE_EPOCH"), "{names:?}");
    let known =
        ["HOME", "LC_ALL", "LC_CTYPE", "PATH", "TMPDIR", "TZ", "CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS", "PWD"];
    let ours = |name: &&str| {
        known.contains(name)
            || ["DEB_", "PYTHON", "SETUPTOOLS_SCM_", "PBR_", "PDM_", "PIP_NO_INDEX", "SOURCE_DATE_EPOCH"]
                .iter()
                .any(|p| name.starts_with(p))
            || name.to_lowercase().ends_with("_proxy")
    };
    let foreign: Vec<_> = names.iter().filter(|name| !ours(name)).collect();
    assert!(foreign.is_empty(), "of the builder's own environment: {foreign:?}");
}

#[test]
fn what_is_no_part_of_the_project_is_not_in_the_copy() {
    let body = "\
found = []
for directory, names, files in os.walk('.'):
    links = [name for name in names if os.path.islink(os.path.join(directory, name))]
    found += [os.path.relpath(os.path.join(directory, name)) for name in files + links]
archive.writestr('found', '\\n'.join(sorted(found)))";
    let mut tree = in_tree(body);
    for path in [
        ".git/config",
        "vendored/.git",
        "vendored/__pycache__/m.cpython-311.pyc",
        "vendored/build/lib/kept.py",
        "vendored/debian/kept",
        "build/lib/stale.py",
        "build/temp.linux-x86_64-cpython-311/stale.o",
        "build/kept.py",
        "example.egg-info/SOURCES.txt",
        "src/example.egg-info/SOURCES.txt",
        ".tox/x",
        ".eggs/x",
        "venv/pyvenv.cfg",
        "wheels/other.whl",
    ] {
        tree.add(path, "");
    }
    for (link, target) in [
        ("inside", "vendored/build"),
        ("src/up", "../tools/maker.py"),
        ("outside", "/etc/hostname"),
        ("above", "../../elsewhere"),
        ("round", "../tree/tools"),
    ] {
        std::os::unix::fs::symlink(target, tree.root.join(link)).unwrap();
    }
    tree.exclude = vec![tree.root.join("wheels"), tree.root.join("not-there")];
    let built = tree.built();
    let expected = [
        "build/kept.py",
        "inside",
        "pyproject.toml",
        "src/up",
        "tools/maker.py",
        "vendored/build/lib/kept.py",
        "vendored/debian/kept",
    ];
    assert_eq!(files(&built)["found"].lines().collect::<Vec<_>>(), expected);
    assert_eq!(built.left_out, ["above", "outside", "round"].map(PathBuf::from));

    // the list of files in an sdist is part of the sdist
    let sdist = in_tree(body);
    sdist.add("PKG-INFO", "Name: example\n");
    sdist.add("example.egg-info/SOURCES.txt", "");
    assert!(files(&sdist.built())["found"].contains("example.egg-info/SOURCES.txt"));
}

#[test]
fn a_result_that_is_not_one_wheel_is_an_error() {
    for (body, part) in [
        ("open(os.path.join(wheel_directory, 'second.whl'), 'w').close()", "left 2 files instead of one wheel"),
        ("os.unlink(archive.filename); name = 'x.whl'", "left 0 files instead of one wheel"),
        ("name = '../hook.py'", "left no wheel `../hook.py`"),
        (
            "os.rename(archive.filename, 'a'); os.symlink(os.path.abspath('a'), archive.filename)",
            "left no wheel `example-1.0-py3-none-any.whl`",
        ),
        ("os._exit(0)", "ended without an answer"),
        ("sys.exit(0)", "ended without an answer"),
        ("name = 'x.whl'; os.rename(archive.filename, os.path.join(wheel_directory, name))", "with the name `x.whl`"),
    ] {
        let told = in_tree(body).fails();
        assert!(told.contains(part), "{part} in {told}");
        assert!(told.contains("build.log"), "{told}");
    }
}

#[test]
fn an_old_time_is_a_time() {
    let tree = in_tree("archive.write('pyproject.toml'); archive.writestr('epoch', os.environ['SOURCE_DATE_EPOCH'])");
    let built = build(&BuildRequest {
        source: tree.root.clone(),
        exclude: Vec::new(),
        work: tree.work.clone(),
        interpreter: interpreter(),
        environment: BuildEnvironment::Distribution,
        source_date_epoch: 0,
        version: None,
        cross: None,
        processors: None,
    });
    assert_eq!(files(&built.unwrap())["epoch"], "0");
}
