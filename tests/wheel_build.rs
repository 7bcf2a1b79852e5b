//! Wheels from sdists: small sdists of readable text, built by real back ends or by one of twenty lines, in the real sandbox.
//!
//! What an sdist's code sees is told by the code itself, in a module of the wheel that it makes.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, reason = "whatever is unexpected fails the test")]

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A back end that packs what `body.contents()` returns, a dictionary from names to texts.
const BACKEND: &str = include_str!("support/backend.py");

/// A directory with sdists, and the one that wheels go to.
struct Shop {
    directory: TempDir,
}

impl Shop {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("sdists")).unwrap();
        Self { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// An sdist of these files, packed by tar.
    fn sdist(&self, name: &str, version: &str, files: &[(&str, &str)]) -> &Self {
        self.pack(&format!("{name}-{version}"), "tar.gz", files)
    }

    fn pack(&self, stem: &str, ending: &str, files: &[(&str, &str)]) -> &Self {
        let room = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = room.path().join(stem).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let archive = self.path("sdists").join(format!("{stem}.{ending}"));
        let tar = ["--sort=name", "--owner=0", "--group=0", "--format=ustar", "-caf"];
        let done = Command::new("tar").args(tar).arg(archive).arg("-C").arg(room.path()).arg(stem).status().unwrap();
        assert!(done.success());
        self
    }

    /// An sdist with [`BACKEND`] whose `body.py` is `body`.
    fn with_body(&self, name: &str, version: &str, requires: &str, body: &str) -> &Self {
        let pyproject =
            format!("[build-system]\nrequires = [{requires}]\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n");
        let backend = BACKEND.replace("@NAME@", name).replace("@VERSION@", version);
        self.sdist(name, version, &[("pyproject.toml", &pyproject), ("backend.py", &backend), ("body.py", body)])
    }

    fn run(&self, more: &[&str]) -> Output {
        self.command(more).output().unwrap()
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rustvenv"));
        command.args(["build", "--sdists", "sdists", "--wheels", "wheels"]).args(more).current_dir(&self.directory);
        command.env("XDG_CACHE_HOME", self.path("caches"));
        command
    }

    /// Builds, and leaves what is on standard output.
    fn builds(&self, more: &[&str]) -> String {
        let output = self.run(more);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Is refused, with nothing in the directory of wheels; leaves what is on standard error.
    fn refused(&self, more: &[&str]) -> String {
        let output = self.run(more);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(2 | 3)), "{said}");
        assert_eq!(self.wheels(), Vec::<String>::new(), "{said}");
        said
    }

    /// The names of the wheels.
    fn wheels(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("wheels")) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        names
    }

    /// The content of a member of a wheel.
    fn member(&self, wheel: &str, member: &str) -> String {
        let output = Command::new("unzip").arg("-p").arg(self.path("wheels").join(wheel)).arg(member).output().unwrap();
        assert!(output.status.success(), "{wheel} has no {member}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The requirements file and directory of wheels that Debian has for its own virtual environments.
fn distribution_wheels(shop: &Shop) -> [String; 4] {
    let mut lock = String::new();
    let place = Path::new("/usr/share/python-wheels");
    for entry in fs::read_dir(place).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let mut parts = name.split('-');
        let (project, version) = (parts.next().unwrap(), parts.next().unwrap());
        if ["setuptools", "wheel"].contains(&project) {
            let digest = rustvenv::digest::Sha256::of(&fs::read(place.join(&name)).unwrap());
            lock.push_str(&format!("{project}=={version} --hash=sha256:{digest}\n"));
        }
    }
    assert_eq!(lock.lines().count(), 2, "{lock}");
    fs::write(shop.path("build-requirements.txt"), lock).unwrap();
    ["--build-requirements", "build-requirements.txt", "--build-wheels", "/usr/share/python-wheels"].map(str::to_owned)
}

fn flit_core(shop: &Shop) {
    let place = Path::new("/usr/lib/python3/dist-packages/flit_core");
    let mut files: Vec<(String, String)> = vec![(
        "pyproject.toml".to_owned(),
        "[build-system]\nrequires = []\nbuild-backend = \"flit_core.buildapi\"\nbackend-path = [\".\"]\n\
         [project]\nname = \"flit_core\"\nversion = \"3.8.0\"\nrequires-python = \">=3.6\"\ndescription = \"The core\"\n"
            .to_owned(),
    )];
    let mut todo = vec![place.to_owned()];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|end| end == "py") {
                let below = path.strip_prefix(place.parent().unwrap()).unwrap().to_str().unwrap().to_owned();
                files.push((below, fs::read_to_string(path).unwrap()));
            }
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    shop.sdist("flit_core", "3.8.0", &files);
}

#[test]
fn a_set_is_built_from_sources_alone() {
    let shop = Shop::new();
    flit_core(&shop);
    shop.sdist(
        "hello",
        "1.0",
        &[
            (
                "pyproject.toml",
                "[build-system]\nrequires = [\"flit_core>=3.2,<4\"]\nbuild-backend = \"flit_core.buildapi\"\n\
                 [project]\nname = \"hello\"\nversion = \"1.0\"\nrequires-python = \">=3.6\"\ndescription = \"Says hello\"\n",
            ),
            ("hello.py", "\"\"\"Says hello\"\"\"\n"),
        ],
    );
    let said = shop.builds(&["hello"]);
    assert_eq!(shop.wheels(), ["flit_core-3.8.0-py3-none-any.whl", "hello-1.0-py3-none-any.whl"]);
    for name in shop.wheels() {
        let digest = rustvenv::digest::Sha256::of(&fs::read(shop.path("wheels").join(&name)).unwrap());
        assert!(said.contains(&format!("{digest}  {name}\n")), "{said}");
    }

    // what is there is not built again, and is the same as with other numbers of jobs in another place
    let wheel = shop.path("wheels/hello-1.0-py3-none-any.whl");
    let before = fs::metadata(&wheel).unwrap().ino();
    let again = shop.builds(&["--format", "json", "--jobs", "1"]);
    assert_eq!(again.matches("\"built\":\"before\"").count(), 2, "{again}");
    assert_eq!(fs::metadata(&wheel).unwrap().ino(), before);
    let elsewhere = Command::new(env!("CARGO_BIN_EXE_rustvenv"))
        .args(["build", "--jobs", "1", "--sdists"])
        .arg(shop.path("sdists"))
        .args(["--wheels", "other/wheels"])
        .current_dir(&shop.directory)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(elsewhere.stdout).unwrap().lines().count(), 2);
    assert_eq!(fs::read(shop.path("other/wheels/hello-1.0-py3-none-any.whl")).unwrap(), fs::read(&wheel).unwrap());

    // a wheel that was damaged is not taken for what was built, and is not replaced either
    fs::write(&wheel, "damaged").unwrap();
    let output = shop.run(&[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("error[wheel-name-taken]"), "{said}");
    assert_eq!(fs::read(&wheel).unwrap(), b"damaged");
}

#[test]
fn setuptools_builds_with_and_without_pyproject() {
    let shop = Shop::new();
    let setup =
        |name: &str| format!("from setuptools import setup\nsetup(name='{name}', version='1', py_modules=['m'])\n");
    shop.sdist("legacy", "1", &[("setup.py", &setup("legacy")), ("m.py", "")]);
    shop.sdist(
        "modern",
        "1",
        &[
            (
                "pyproject.toml",
                "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n",
            ),
            ("setup.py", &setup("modern")),
            ("m.py", ""),
        ],
    );
    let with = distribution_wheels(&shop);
    shop.builds(&with.each_ref().map(String::as_str));
    assert_eq!(shop.wheels(), ["legacy-1-py3-none-any.whl", "modern-1-py3-none-any.whl"]);
    let record = fs::read_to_string(shop.path("wheels/.rustvenv-build/legacy-1-py3-none-any.whl.json")).unwrap();
    for part in ["\"legacy-1.tar.gz\"", "\"setuptools-", "\"source-date-epoch\": 1580601600", "\"builds\": 2"] {
        assert!(record.contains(part), "{part} is not in {record}");
    }
}

#[test]
fn machine_code_is_the_same_twice() {
    let shop = Shop::new();
    let source = r#"
#include <Python.h>
static PyObject *where(PyObject *self, PyObject *arguments) {
    return PyUnicode_FromString(__FILE__ " " __DATE__ " " __TIME__);
}
static PyMethodDef methods[] = {{"where", where, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fast", NULL, -1, methods};
PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&module); }
"#;
    let setup = "import os\nfrom setuptools import Extension, setup\n\
                 setup(name='fast', version='1', ext_modules=[Extension('fast', [os.path.abspath('fast.c')])])\n";
    shop.sdist("fast", "1", &[("setup.py", setup), ("fast.c", source)]);
    let with = distribution_wheels(&shop);
    let with = with.each_ref().map(String::as_str);
    shop.builds(&with);
    let wheels = shop.wheels();
    assert_eq!(wheels.len(), 1, "{wheels:?}");
    let first = fs::read(shop.path("wheels").join(&wheels[0])).unwrap();
    // not even the path of the build is in it
    fs::remove_dir_all(shop.path("wheels")).unwrap();
    shop.builds(&[&with[..], &["--build-path", "/somewhere/else"]].concat());
    assert_eq!(fs::read(shop.path("wheels").join(&wheels[0])).unwrap(), first);
}

#[test]
fn what_is_seen_inside_of_the_sandbox() {
    let shop = Shop::new();
    let body = r#"
import os, socket, subprocess, sys, time

def attempt(action):
    try:
        return "done " + repr(action())
    except OSError:
        return "denied"

def connect(address):
    with socket.create_connection(address, timeout=3):
        pass

def append(path):
    with open(path, "a") as file:
        file.write("x")

def contents():
    facts = {
        "ids": (os.getuid(), os.geteuid(), os.getgid(), os.getegid()),
        "host": socket.gethostname(),
        "path": os.getcwd(),
        "umask": oct(os.umask(0o022)),
        "processors": os.cpu_count(),
        "time": (time.tzname, os.environ["SOURCE_DATE_EPOCH"], int(os.stat("body.py").st_mtime)),
        "environment": sorted(os.environ),
        "home": os.listdir(os.path.expanduser("~")),
        "root": os.listdir("/"),
        "etc": os.listdir("/etc"),
        "local": os.listdir("/usr/local"),
        "processes": len([name for name in os.listdir("/proc") if name.isdigit()]) < 6,
        "capabilities": [l.split()[1] for l in open("/proc/self/status") if l.startswith(("CapEff", "CapBnd", "CapPrm"))],
        "privileges": [l.split()[1] for l in open("/proc/self/status") if l.startswith("NoNewPrivs")],
        "interfaces": [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line],
        "network": attempt(lambda: connect(("192.0.2.1", 80))),
        "loopback": attempt(lambda: connect(("127.0.0.1", @PORT@))),
        "shadow": attempt(lambda: open("/etc/shadow").read()),
        "secret": attempt(lambda: open("@DIRECTORY@/secret").read()),
        "sdist": attempt(lambda: append("@DIRECTORY@/sdists/other-1.tar.gz")),
        "wheel": attempt(lambda: append("@DIRECTORY@/wheels/other-1-py3-none-any.whl")),
        "system": attempt(lambda: append("/usr/bin/new")),
        "top": attempt(lambda: append("/new")),
        "environment-file": attempt(lambda: append("/environment/pyvenv.cfg")),
        "hook": attempt(lambda: append("/rustvenv/hook.py")),
        "kernel": attempt(lambda: append("/proc/sys/kernel/core_pattern")),
        "device": attempt(lambda: os.mknod(os.environ["TMPDIR"] + "/device", 0o60644, os.makedev(8, 0))),
        "mount": subprocess.call(["mount", "-t", "tmpfs", "none", "/tmp"], stderr=subprocess.DEVNULL) != 0,
        "setuid": subprocess.run(["su", "-c", "id -u"], capture_output=True).stdout,
    }
    return {"seen.py": "".join("%s = %r\n" % (key.replace("-", "_"), value) for key, value in facts.items())}
"#;
    // somebody listens outside
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    fs::write(shop.path("secret"), "secret").unwrap();
    let body = body.replace("@DIRECTORY@", shop.directory.path().to_str().unwrap()).replace("@PORT@", &port);
    shop.with_body("other", "1", "", "def contents():\n    return {}\n");
    shop.with_body("seen", "1", "'other'", &body);
    let mut command = shop.command(&["--source-date-epoch", "1700000000"]);
    let output = command.env("SECRET", "secret").env("HOME", "/root").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = shop.member("seen-1-py3-none-any.whl", "seen.py");
    for line in [
        "ids = (1000, 1000, 1000, 1000)",
        "host = 'builder'",
        "path = '/build/seen-1'",
        "umask = '0o22'",
        "processors = 1",
        "time = (('UTC', 'UTC'), '1700000000', 1700000000)",
        "home = []",
        "local = []",
        "processes = True",
        "capabilities = ['0000000000000000', '0000000000000000', '0000000000000000']",
        "privileges = ['1']",
        "interfaces = ['lo']",
        "network = 'denied'",
        "loopback = 'denied'",
        "shadow = 'denied'",
        "secret = 'denied'",
        "sdist = 'denied'",
        "wheel = 'denied'",
        "system = 'denied'",
        "top = 'denied'",
        "environment_file = 'denied'",
        "hook = 'denied'",
        "kernel = 'denied'",
        "device = 'denied'",
        "mount = True",
        "setuid = b''",
    ] {
        assert!(seen.lines().any(|found| found == line), "{line} is not in\n{seen}");
    }
    assert!(!seen.contains("SECRET"), "{seen}");
    let named: Vec<&str> = seen.lines().filter(|line| line.starts_with("etc = ")).collect();
    assert!(!named[0].contains("ssl") && !named[0].contains("machine-id"), "{named:?}");
}

#[test]
fn no_process_outlives_its_sandbox() {
    let shop = Shop::new();
    let marker = format!("rustvenv-daemon-{}", std::process::id());
    let body = format!(
        "import os, subprocess, time\n\
         def contents():\n\
         \x20   script = 'while :; do for f in /output/wheel/*; do echo x >> $f; done; sleep 0.1; done'\n\
         \x20   subprocess.Popen(['setsid', 'sh', '-c', script, '{marker}'], stdout=subprocess.DEVNULL)\n\
         \x20   return {{}}\n"
    );
    shop.with_body("daemon", "1", "", &body);
    // it may spoil its own wheel while it lives, which is refused; it does not live on
    let _ = shop.run(&[]);
    for process in fs::read_dir("/proc").unwrap() {
        let line = fs::read(process.unwrap().path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(!line.contains(&marker), "{line}");
    }
}

#[test]
fn what_differs_is_named_with_its_cause() {
    let program = |text: &str| format!("subprocess.check_output([sys.executable, '-IS', '-c', {text:?}], text=True)");
    let cases = [
        ("clock", "'%r' % time.time()".to_owned(), "the time of the build"),
        ("pid", "'process %d' % os.getpid()".to_owned(), "a random number, an address or the number of a process"),
        ("token", "os.urandom(8).hex()".to_owned(), "a random number, an address or the number of a process"),
        ("place", program("import tempfile; print(tempfile.mkdtemp())"), "a path of the build"),
        (
            "hashed",
            program("print([*{'alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta', 'iota'}])"),
            "the order of a directory, or of a set",
        ),
        ("listed", program("import os; print(os.listdir('data'))"), "the order of a directory, or of a set"),
    ];
    for (name, expression, cause) in cases {
        let shop = Shop::new();
        let body = format!(
            "import os, subprocess, sys, tempfile, time\ndef contents():\n    return {{'{name}/x.py': {expression}}}\n"
        );
        let pyproject = "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";
        let backend = BACKEND.replace("@NAME@", name).replace("@VERSION@", "1");
        let mut files = vec![("pyproject.toml", pyproject), ("backend.py", &backend), ("body.py", &body)];
        let data: Vec<String> = (0..30).map(|n| format!("data/file{n}")).collect();
        files.extend(data.iter().map(|path| (path.as_str(), "")));
        shop.sdist(name, "1", &files);
        let said = shop.refused(&[]);
        let message = format!("error[build-not-reproducible]: two builds of `{name}-1.tar.gz` differ in `{name}/x.py`");
        assert!(said.contains(&message), "{name}: {said}");
        assert!(said.contains(&format!("hint: likely cause: {cause}")), "{name}: {said}");
        assert_eq!(said.matches("error[").count(), 1, "{name}: {said}");
    }
}

#[test]
fn what_is_not_the_wheel_of_the_sdist_is_refused() {
    let wrong = "error[build-wrong-wheel]";
    let contents = "def contents():\n    return {}\n";
    // another version than its own name says
    let shop = Shop::new();
    shop.with_body("a", "1", "", contents);
    fs::rename(shop.path("sdists/a-1.tar.gz"), shop.path("sdists/a-2.tar.gz")).unwrap();
    let said = shop.refused(&[]);
    assert!(said.contains("error["), "{said}");

    // a second file beside the wheel, a link instead of it, and a link instead of the answer
    for (spoil, expected) in [
        ("open('/output/wheel/b', 'w')", wrong),
        ("os.symlink('/etc/hostname', '/output/build.json.new')", "error[build-failed]"),
        ("os.symlink('/etc/passwd', '/output/wheel/x-1-py3-none-any.whl')", wrong),
    ] {
        let shop = Shop::new();
        shop.with_body("a", "1", "", &format!("import os\ndef contents():\n    {spoil}\n    return {{}}\n"));
        let said = shop.refused(&[]);
        assert!(said.contains(expected), "{spoil}: {said}");
    }

    // a back end that says it made the wheel of another project
    let shop = Shop::new();
    let backend = BACKEND.replace("@NAME@", "other").replace("@VERSION@", "1");
    let pyproject = "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";
    shop.sdist("a", "1", &[("pyproject.toml", pyproject), ("backend.py", &backend), ("body.py", contents)]);
    let said = shop.refused(&[]);
    assert!(said.contains(wrong) && said.contains("expected: one wheel of a 1"), "{said}");
}

#[test]
fn a_build_that_fails_or_hangs_is_refused_and_its_output_kept() {
    let shop = Shop::new();
    shop.with_body(
        "a",
        "1",
        "",
        "def contents():\n    print('a word before the end', flush=True)\n    raise ValueError('no')\n",
    );
    let said = shop.refused(&[]);
    assert!(said.contains("error[build-failed]") && said.contains("ValueError: no"), "{said}");
    assert!(fs::read_to_string(shop.path("wheels/.rustvenv-build/a-1.log")).unwrap().contains("a word before the end"));

    let shop = Shop::new();
    let hang =
        "import os, time\ndef contents():\n    print('still here', flush=True)\n    os.fork()\n    time.sleep(900)\n";
    shop.with_body("a", "1", "", hang);
    let said = shop.refused(&["--timeout", "4"]);
    assert!(said.contains("error[build-too-long]") && said.contains("4 seconds"), "{said}");
    assert!(fs::read_to_string(shop.path("wheels/.rustvenv-build/a-1.log")).unwrap().contains("still here"));
}

#[test]
fn what_is_needed_has_to_be_there_and_no_circle() {
    let contents = "def contents():\n    return {}\n";
    let shop = Shop::new();
    shop.with_body("a", "1", "'b >= 2'", contents).with_body("b", "1", "", contents);
    let said = shop.refused(&["a"]);
    assert!(said.contains("error[build-requirement-missing]") && said.contains("expected: b >= 2"), "{said}");

    let shop = Shop::new();
    shop.with_body("a", "1", "'b'", contents).with_body("b", "1", "'c'", contents).with_body("c", "1", "'a'", contents);
    let said = shop.refused(&[]);
    assert!(said.contains("error[build-cycle]") && said.contains("found: a 1 needs b 1 needs c 1 needs a 1"), "{said}");

    // with a lock nothing else is built, nor another file of a locked name
    let shop = Shop::new();
    shop.with_body("a", "1", "", contents).with_body("b", "1", "", contents);
    let digest = rustvenv::digest::Sha256::of(&fs::read(shop.path("sdists/a-1.tar.gz")).unwrap());
    fs::write(shop.path("other.txt"), format!("a==1 --hash=sha256:{}\n", "0".repeat(64))).unwrap();
    let said = shop.refused(&["--requirements", "other.txt"]);
    assert!(said.contains("error[sdist-not-in-lock]"), "{said}");
    fs::write(shop.path("requirements.txt"), format!("a==1 --hash=sha256:{digest}\n")).unwrap();
    shop.builds(&["--requirements", "requirements.txt"]);
    assert_eq!(shop.wheels(), ["a-1-py3-none-any.whl"]);

    let shop = Shop::new();
    shop.pack("a-1", "tar.gz", &[("x", "")]).pack("a-1", "tar.xz", &[("x", "")]);
    let said = shop.refused(&[]);
    assert!(said.contains("error[sdist-ambiguous]"), "{said}");
}

#[test]
fn without_a_sandbox_nothing_is_built() {
    let shop = Shop::new();
    shop.with_body("a", "1", "", "def contents():\n    return {}\n");
    // a machine on which bubblewrap can do nothing
    let output = Command::new("/usr/bin/bwrap")
        .args(["--dev-bind", "/", "/", "--ro-bind", "/usr/bin/false", "/usr/bin/bwrap", "--"])
        .arg(env!("CARGO_BIN_EXE_rustvenv"))
        .args(["build", "--sdists", "sdists", "--wheels", "wheels"])
        .current_dir(&shop.directory)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("error[sandbox-missing]"), "{said}");
    assert_eq!(shop.wheels(), Vec::<String>::new());
}

#[test]
fn a_back_end_may_build_in_a_temporary_directory() {
    let shop = Shop::new();
    let body = "import os, tempfile\ndef contents():\n\
                \x20   with tempfile.TemporaryDirectory(prefix='a-build-') as one, tempfile.NamedTemporaryFile() as two:\n\
                \x20       return {'a/x.py': '%s %s' % (one, two.name), 'a/y.py': repr(sorted(os.listdir('/tmp')))}\n";
    shop.with_body("a", "1", "", body);
    shop.builds(&[]);
    let names = shop.member("a-1-py3-none-any.whl", "a/x.py");
    assert!(names.contains("/a-build-00000001 ") && names.ends_with("/tmp00000002"), "{names}");
}

/// A Cargo.lock of the project `own`, which depends on `greeting` of a registry.
fn cargo_lock(checksum: &str) -> String {
    format!(
        "version = 3\n\n[[package]]\nname = \"greeting\"\nversion = \"0.1.0\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n\n\
         [[package]]\nname = \"own\"\nversion = \"0.1.0\"\ndependencies = [\n \"greeting\",\n]\n"
    )
}

/// Packs the crate `greeting` and an sdist whose back end runs cargo; leaves the checksum of the crate.
fn with_rust(shop: &Shop) -> String {
    let manifest = "[package]\nname = \"greeting\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let library = "pub fn greeting() -> &'static str { concat!(\"hello from \", file!()) }\n";
    shop.pack("greeting-0.1.0", "tar.gz", &[("Cargo.toml", manifest), ("src/lib.rs", library)]);
    fs::create_dir(shop.path("crates")).unwrap();
    let file = shop.path("crates/greeting-0.1.0.crate");
    fs::rename(shop.path("sdists/greeting-0.1.0.tar.gz"), &file).unwrap();
    let checksum = rustvenv::digest::Sha256::of(&fs::read(file).unwrap()).to_string();
    let body = "import subprocess\ndef contents():\n    subprocess.check_call(['cargo', 'build', '--release', '--locked'])\n\
                \x20   return {'own/said.txt': subprocess.check_output(['target/release/own'], text=True)}\n";
    shop.sdist(
        "own",
        "1",
        &[
            (
                "pyproject.toml",
                "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
            ),
            ("backend.py", &BACKEND.replace("@NAME@", "own").replace("@VERSION@", "1")),
            ("body.py", body),
            (
                "Cargo.toml",
                "[package]\nname = \"own\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\ngreeting = \"0.1\"\n",
            ),
            ("Cargo.lock", &cargo_lock(&checksum)),
            // nobody looks at the locks of examples, unless the build fails
            ("example/Cargo.lock", &cargo_lock(&checksum).replace("registry+", "git+")),
            ("src/main.rs", "fn main() { println!(\"{} in {}\", greeting::greeting(), file!()) }\n"),
        ],
    );
    checksum
}

#[test]
fn parts_in_rust_are_built_from_the_crates_of_the_lock() {
    let shop = Shop::new();
    with_rust(&shop);
    shop.builds(&["--crates", "crates"]);
    let said = shop.member("own-1-py3-none-any.whl", "own/said.txt");
    assert_eq!(said, "hello from /crates/greeting-0.1.0/src/lib.rs in src/main.rs\n");
    let record = fs::read_to_string(shop.path("wheels/.rustvenv-build/own-1-py3-none-any.whl.json")).unwrap();
    assert!(record.contains("\"rust\": \"rustc "), "{record}");
}

#[test]
fn a_crate_that_is_not_that_of_the_lock_is_not_there() {
    let shop = Shop::new();
    let checksum = with_rust(&shop);
    let crate_file = shop.path("crates/greeting-0.1.0.crate");
    let mut bytes = fs::read(&crate_file).unwrap();
    bytes.push(0);
    fs::write(&crate_file, bytes).unwrap();
    let said = shop.refused(&["--crates", "crates"]);
    for part in ["error[build-failed]", "error[crate-missing]", "error[crate-lock]", &checksum] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// bubblewrap lets open files and the session's keyring through; neither is for a build.
#[test]
fn nothing_that_the_caller_has_is_inherited() {
    let shop = Shop::new();
    let body = "import ctypes, os\ndef contents():\n    keys = open('/proc/keys').read()\n    \
                ctypes.CDLL(None).syscall(248, b'user', b'word-for-the-next', b'x', 1, -3)\n    \
                text = 'open: %s\\nkeys: %s\\n' % (os.path.exists('/proc/self/fd/9'), 'word-for-the-next' in keys)\n    \
                return {'seen.txt': text}\n";
    shop.with_body("curious", "1", "", body);
    let whole = shop.command(&[]);
    // as a login has it: a session with a keyring, and a shell with a file open
    let before = "exec 9</; exec perl -e 'syscall 250, 1, 0 if `uname -m` eq \"x86_64\\n\"; exec @ARGV' -- \"$@\"";
    let mut command = Command::new("bash");
    command.args(["-c", before, "bash"]).arg(whole.get_program()).args(whole.get_args());
    let output = command.current_dir(&shop.directory).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(shop.member("curious-1-py3-none-any.whl", "seen.txt"), "open: False\nkeys: False\n");
}

#[test]
fn a_link_in_the_place_of_the_output_leads_nowhere() {
    let shop = Shop::new();
    let elsewhere = shop.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    shop.with_body("away", "1", "", "def contents():\n    return {}\n").builds(&[]);
    let name = "away-1-py3-none-any.whl";
    fs::rename(shop.path("wheels").join(name), elsewhere.join(name)).unwrap();
    let body = format!(
        "import atexit, os\ndef swap():\n    os.rename('/output/wheel', '/output/real')\n    \
         os.symlink({:?}, '/output/wheel')\ndef contents():\n    atexit.register(swap)\n    return {{}}\n",
        elsewhere.to_str().unwrap()
    );
    shop.with_body("away", "1", "", &body);
    assert!(shop.refused(&[]).contains("error[build-wrong-wheel]"));
}

/// Records lie where wheels do; whoever may write there could write one for a wheel that nobody built.
#[test]
fn a_record_of_somebody_else_saves_no_work() {
    let shop = Shop::new();
    shop.with_body("plain", "1", "", "def contents():\n    return {}\n").builds(&[]);
    let again = shop.command(&["--format", "json"]).output().unwrap();
    assert!(String::from_utf8_lossy(&again.stdout).contains("\"built\":\"before\""));
    for home in ["stranger", "nobody"] {
        let mut command = shop.command(&["--format", "json"]);
        command.env_remove("XDG_CACHE_HOME").env_remove("HOME");
        if home == "stranger" {
            command.env("HOME", shop.path(home));
        }
        let output = command.output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("\"built\":\"now\""), "{home}: {output:?}");
    }
}

/// cargo reads settings in every directory above the one that it runs in; above temporary directories these are anybody's.
#[test]
fn cargo_takes_no_settings_from_above_a_temporary_directory() {
    let shop = Shop::new();
    let checksum = "0".repeat(64);
    let lock = format!(
        "version = 3\n\n[[package]]\nname = \"greeting\"\nversion = \"0.1.0\"\n\
         source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n"
    );
    shop.sdist("rusty", "1", &[("Cargo.lock", &lock), ("setup.py", "")]);
    for (place, text) in [("tmp/.cargo/config.toml", "evil ="), ("tmp/Cargo.toml", "evil =")] {
        fs::create_dir_all(shop.path(place).parent().unwrap()).unwrap();
        fs::write(shop.path(place), text).unwrap();
    }
    let output = Command::new(env!("CARGO_BIN_EXE_rustvenv"))
        .args(["crates", "--sdists", "sdists", "--crates", "crates"])
        .env("TMPDIR", shop.path("tmp"))
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_HOME", shop.path("cargo"))
        .current_dir(&shop.directory)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the crates cannot be fetched") && said.contains("greeting"), "{said}");
    assert!(!said.contains("evil") && !said.contains("config.toml"), "{said}");
}
