//! What `rustvenv install` leaves: every path, mode, time and byte, whatever the surroundings.

use crate::source_package::{EPOCH, SourcePackage, application, command, run, timeless, tree};
use crate::wheel::{Entry, Wheel};
use rustvenv::digest::Sha256;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

const ENVIRONMENT: &str = "debian/demo/opt/venvs/demo";

/// A wheel that uses every scheme.
fn schemes() -> Wheel {
    Wheel::new("schemes", "2.0")
        .file("schemes/__init__.py", "")
        .file("schemes/__pycache__/__init__.cpython-311.pyc", "byte code")
        .executable("schemes/tool.sh", "#!/bin/sh\necho tool\n")
        .data("purelib/pure.py", "")
        .data("platlib/plat.py", "")
        .data("scripts/scheme-script", "#!python -u\n\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nimport sys\nprint(__doc__, sys.prefix)\n")
        .data("scripts/scheme-shell", "#!/bin/sh\necho shell\n")
        .data("data/share/schemes/data.txt", "data\n")
        .data("data/etc/schemes.conf", "")
        .data("headers/schemes.h", "#define X\n")
        .dist_info("INSTALLER", "somebody\n")
        .dist_info("REQUESTED", "")
        .dist_info("licenses/LICENSE", "licence\n")
        .entry_points("[console_scripts]\nscheme-entry = schemes:main\n[gui_scripts]\nscheme-gui = schemes:main\n[other]\nx = y\n")
}

#[test]
fn every_scheme_has_its_place() {
    let package = SourcePackage::new();
    package.wheels([application(), schemes()]);
    package.install().ok();
    let environment = package.root.join(ENVIRONMENT);
    let site = "lib/python3.11/site-packages".replace("python3.11", &python());
    let mode =
        |path: &str| environment.join(path).symlink_metadata().unwrap_or_else(|_| panic!("{path}")).mode() & 0o777;
    for (path, expected) in [
        (format!("{site}/schemes/__init__.py"), 0o644),
        (format!("{site}/schemes/tool.sh"), 0o755),
        (format!("{site}/pure.py"), 0o644),
        (format!("{site}/plat.py"), 0o644),
        ("bin/scheme-script".into(), 0o755),
        ("bin/scheme-shell".into(), 0o755),
        ("bin/scheme-entry".into(), 0o755),
        ("bin/scheme-gui".into(), 0o755),
        ("share/schemes/data.txt".into(), 0o644),
        ("etc/schemes.conf".into(), 0o644),
        (format!("include/site/{}/schemes/schemes.h", python()), 0o644),
        (format!("{site}/schemes-2.0.dist-info/licenses/LICENSE"), 0o644),
        ("pyvenv.cfg".into(), 0o644),
        ("bin/activate".into(), 0o644),
        ("share/rustvenv/sha256sums.txt".into(), 0o644),
        ("share/rustvenv/sha256sums.txt.asc".into(), 0o644),
        ("share/rustvenv/provenance.json".into(), 0o644),
    ] {
        assert_eq!(mode(&path), expected, "{path}");
    }
    for path in ["schemes/__pycache__", "schemes-2.0.dist-info/REQUESTED", "schemes-2.0.dist-info/direct_url.json"] {
        assert!(!environment.join(&site).join(path).exists(), "{path}");
    }
    let installer = environment.join(&site).join("schemes-2.0.dist-info/INSTALLER");
    assert_eq!(fs::read_to_string(installer).unwrap(), "dh-rustvenv\n");
    for name in ["python", "python3", &python()] {
        assert_eq!(
            fs::read_link(environment.join("bin").join(name)).unwrap().to_str().unwrap(),
            format!("/usr/bin/{}", python())
        );
    }
    assert_eq!(
        fs::read_link(package.root.join("debian/demo/usr/bin/demo")).unwrap().to_str(),
        Some("/opt/venvs/demo/bin/demo")
    );
    let cfg = fs::read_to_string(environment.join("pyvenv.cfg")).unwrap();
    assert_eq!(cfg, format!("home = /usr/bin\ninclude-system-site-packages = false\nversion = {}\n", &python()[6..]));
}

/// `pythonX.Y` of the distribution.
pub(crate) fn python() -> String {
    fs::read_link("/usr/bin/python3").unwrap().to_string_lossy().into_owned()
}

/// The same wheel, asked for by each format of a lock; what the lock says of the project itself is passed over.
#[test]
fn a_pylock_installs_what_requirements_do() {
    let package = SourcePackage::new();
    package.install().ok();
    let before = timeless(tree(&package.root.join(ENVIRONMENT)));
    fs::remove_dir_all(package.root.join("debian/demo")).unwrap();
    fs::remove_file(package.root.join("requirements.txt")).unwrap();
    let (name, bytes) = (application().file_name(), application().build());
    let lock = format!(
        "lock-version = \"1.3\"\ncreated-by = \"test\"\nnews = 1\ndependency-groups = [\"server\"]\n\
         [[packages]]\nname = \"other\"\nmarker = \"'dev' in dependency_groups\"\n\
         [[packages]]\nname = \"demo-app\"\nmarker = \"'server' in dependency_groups\"\n\
         wheels = [{{path = \"../wheels/{name}\", hashes = {{sha256 = \"{}\"}}}}]\n",
        Sha256::of(&bytes)
    );
    package.write("locks/pylock.demo.toml", lock);
    package.config(
        "project = \"none\"\ncommands = [\"demo\"]\nrequirements = [\"locks/pylock.demo.toml\"]\ndependency-groups = [\"server\"]\n",
    );
    let done = package.install().ok();
    assert!(done.stderr.contains("warning: locks/pylock.demo.toml line 3: `news` is not known"), "{}", done.stderr);
    assert_eq!(timeless(tree(&package.root.join(ENVIRONMENT))), before);
}

#[test]
fn the_record_is_true_after_installation() {
    let package = SourcePackage::new();
    package.wheels([application(), schemes()]);
    package.install().ok();
    the_record_is_true(&package.root.join(ENVIRONMENT));
}

/// Fails unless every file of the environment is in a RECORD, and every row of a RECORD true.
pub(crate) fn the_record_is_true(environment: &Path) {
    // pip's own reader of installed distributions, and every digest compared by Python
    let check = "import base64, hashlib, importlib.metadata as m, os, sys\n\
        seen = set()\n\
        for d in m.distributions(path=[sys.argv[1]]):\n    \
            for f in d.files:\n        \
                p = f.locate()\n        \
                seen.add(os.path.realpath(p))\n        \
                data = open(p, 'rb').read()\n        \
                if f.name == 'RECORD':\n            assert f.hash is None\n            continue\n        \
                h = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()\n        \
                assert f.hash.mode == 'sha256' and f.hash.value == h and f.size == len(data), f\n\
        print(len(seen))\n\
        root = os.path.realpath(sys.argv[2])\n\
        for d, _, files in os.walk(root):\n    \
            for f in files:\n        \
                p = os.path.join(d, f)\n        \
                own = p.startswith((root + '/bin/py', root + '/bin/activate', root + '/share/rustvenv', root + '/pyvenv.cfg'))\n        \
                assert own or p in seen, p\n";
    let site = environment.join("lib").join(python()).join("site-packages");
    let done = run(command("/usr/bin/python3").args(["-c", check]).arg(&site).arg(environment)).ok();
    assert!(done.stdout.trim().parse::<u32>().unwrap() > 15, "{}", done.stdout);
}

#[test]
fn nothing_of_the_surroundings_reaches_the_tree() {
    let build = |edit: &dyn Fn(&SourcePackage), shell: &str| {
        let directory = tempfile::tempdir().unwrap();
        let package = SourcePackage::at(&directory.path().join("a directory, ünlike others/demo-1.0"));
        package.wheels([application(), schemes()]);
        edit(&package);
        let rustvenv = env!("CARGO_BIN_EXE_rustvenv");
        let script = format!("{shell} '{rustvenv}' install --package demo");
        run(command("sh").args(["-c", &script]).current_dir(&package.root)).ok();
        tree(&package.root.join(ENVIRONMENT))
    };
    let plain = build(&|_| (), "umask 022;");
    assert!(plain.iter().all(|line| line.contains(&format!(" {EPOCH} "))), "{plain:#?}");
    // the very signature is an input: take it from the first build
    let varied = build(
        &|package| {
            let files: Vec<_> =
                fs::read_dir(package.root.join("wheels")).unwrap().map(|entry| entry.unwrap().path()).collect();
            for file in files {
                fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
            }
        },
        "umask 077; TZ=NZT-13 LC_ALL=C HOME=/ faketime -f +4000d",
    );
    let without_signature = |tree: Vec<String>| -> Vec<String> {
        tree.into_iter().filter(|line| !line.contains("sha256sums.txt.asc")).collect()
    };
    assert_eq!(without_signature(plain), without_signature(varied));
}

#[test]
fn a_second_run_leaves_the_same_tree() {
    let package = SourcePackage::new();
    package.install().ok();
    let first = timeless(tree(&package.root.join("debian/demo")));
    package.install().ok();
    assert_eq!(timeless(tree(&package.root.join("debian/demo"))), first);
    // what is no longer in the lock goes away, a file of the package's own stays
    package.write(&format!("{ENVIRONMENT}/etc/own.conf"), "own\n");
    package.config("project = \"none\"\n");
    package.wheels([schemes()]);
    package.install().ok();
    let site = package.root.join(ENVIRONMENT).join("lib").join(python()).join("site-packages");
    assert!(!site.join("demo_app").exists() && site.join("schemes").exists());
    assert!(!package.root.join("debian/demo/usr/bin/demo").exists());
    assert_eq!(package.read(&format!("{ENVIRONMENT}/etc/own.conf")), "own\n");
}

#[test]
fn files_of_the_package_are_kept_and_never_overwritten() {
    let package = SourcePackage::new();
    package.write(&format!("{ENVIRONMENT}/share/own/file"), "own\n");
    package.install().ok();
    assert_eq!(package.read(&format!("{ENVIRONMENT}/share/own/file")), "own\n");

    let package = SourcePackage::new();
    package.write(&format!("{ENVIRONMENT}/pyvenv.cfg"), "home = /elsewhere\n");
    let before = tree(&package.root.join("debian/demo"));
    let done = package.install();
    assert_eq!((done.status, done.codes()), (3, vec!["path-collision"]), "{}", done.stderr);
    assert_eq!(tree(&package.root.join("debian/demo")), before);

    let package = SourcePackage::new();
    package.write("debian/demo/usr/bin/demo", "#!/bin/sh\n");
    let done = package.install();
    assert_eq!((done.status, done.codes()), (3, vec!["path-collision"]), "{}", done.stderr);
    assert!(!package.root.join(ENVIRONMENT).exists());
}

#[test]
fn nothing_is_written_through_a_link() {
    for link in [
        "debian/demo/opt",
        "debian/demo/opt/venvs",
        ENVIRONMENT,
        "debian/demo/usr",
        "debian/demo/usr/bin",
        "debian/demo/usr/share",
    ] {
        let package = SourcePackage::new();
        let elsewhere = tempfile::tempdir().unwrap();
        let link = package.root.join(link);
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(elsewhere.path(), &link).unwrap();
        let done = package.install();
        assert_eq!((done.status, done.codes()), (3, vec!["path-collision"]), "{}: {}", link.display(), done.stderr);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "{}", link.display());
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_left_as_it_was() {
    // a file system that is full after 64 KiB, in a mount namespace of its own: nothing half-written stays
    let package = SourcePackage::new();
    package.wheels([application().file("demo_app/large.bin", vec![b'x'; 300_000])]);
    fs::create_dir_all(package.root.join("debian/demo")).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=64k none debian/demo && {{ '{}' install --package demo; status=$?; find debian/demo -mindepth 1; exit $status; }}",
        env!("CARGO_BIN_EXE_rustvenv")
    );
    let unshare: &[&str] = if is_root() { &["--mount"] } else { &["--map-root-user", "--mount"] };
    let done = run(command("unshare").args(unshare).args(["sh", "-c", &script]).current_dir(&package.root));
    assert_eq!(done.status, 2, "{}\n{}", done.stdout, done.stderr);
    assert!(done.stderr.contains("No space left"), "{}", done.stderr);
    let left: Vec<&str> =
        done.stdout.lines().filter(|path| !path.ends_with("/opt") && !path.ends_with("/opt/venvs")).collect();
    assert_eq!(left, Vec::<&str>::new());
}

fn is_root() -> bool {
    run(command("id").arg("-u")).stdout.trim() == "0"
}

#[test]
fn the_plan_can_be_looked_at_without_writing() {
    let package = SourcePackage::new();
    let done = package.rustvenv(&["install", "--package", "demo", "--no-act"]).ok();
    assert!(done.stdout.contains("-rwxr-xr-x") && done.stdout.contains("opt/venvs/demo/bin/demo\n"), "{}", done.stdout);
    let json = package.rustvenv(&["install", "--package", "demo", "--no-act", "--format", "json"]).ok();
    for line in json.stdout.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert!(!package.root.join("debian/demo").exists());
    // not even for the project's own wheel
    package.config("requirements = []\n");
    package.write(
        "pyproject.toml",
        "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
    );
    package.write("backend.py", crate::refusals::IN_TREE_BACKEND);
    package.write("payload.whl", application().build());
    let before = tree(&package.root);
    package.rustvenv(&["install", "--package", "demo", "--no-act"]).ok();
    assert_eq!(tree(&package.root), before);
}

#[test]
fn of_several_wheels_the_most_fitting_is_taken() {
    let package = SourcePackage::new();
    let special = || application().tag("py3-none-linux_x86_64.linux_aarch64").file("demo_app/special.py", "");
    let files: Vec<_> = [application(), special()].map(|wheel| (wheel.file_name(), wheel.build())).into();
    for (name, bytes) in &files {
        package.write(&format!("wheels/{name}"), bytes);
    }
    let hashes: String =
        files.iter().map(|(_, b)| format!(" --hash=sha256:{}", rustvenv::digest::Sha256::of(b))).collect();
    package.write("requirements.txt", format!("demo-app==1.0{hashes}\n"));
    package.sign(&crate::source_package::list(&files));
    package.install().ok();
    let site = package.root.join(ENVIRONMENT).join("lib").join(python()).join("site-packages");
    assert!(site.join("demo_app/special.py").exists());
}

#[test]
fn wheels_may_be_links_and_other_files_may_lie_beside_them() {
    let package = SourcePackage::new();
    let wheel = package.root.join("wheels/demo_app-1.0-py3-none-any.whl");
    fs::rename(&wheel, package.root.join("store")).unwrap();
    symlink("../store", &wheel).unwrap();
    package.write("wheels/README", "");
    package.write("wheels/no-wheel.whl", "junk");
    package.write("wheels/unlisted-1.0-py3-none-any.whl", "junk");
    package.install().ok();
}

#[test]
fn seal_sets_every_time_and_notices_every_change() {
    let package = SourcePackage::new();
    package.install().ok();
    package.write("debian/demo/usr/share/doc/demo/notes", "x");
    package.write("debian/demo/DEBIAN/control", "x");
    package.write(&format!("{ENVIRONMENT}/etc/added.conf"), "x");
    let done = package.rustvenv(&["seal", "--package", "demo"]).ok();
    assert!(done.stderr.contains("etc/ was added by this package, files: 1"), "{}", done.stderr);
    for line in tree(&package.root.join("debian/demo")) {
        assert!(line.contains(&format!(" {EPOCH} ")), "{line}");
    }
    let site = format!("{ENVIRONMENT}/lib/{}/site-packages", python());
    let spoil: &[(&str, &dyn Fn())] = &[
        ("content", &|| package.write(&format!("{site}/demo_app/data.txt"), "changed\n")),
        ("mode", &|| {
            let path = package.root.join(&site).join("demo_app/data.txt");
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }),
        ("mode of a directory", &|| {
            let path = package.root.join(&site).join("demo_app");
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        }),
        ("removal", &|| fs::remove_file(package.root.join(&site).join("demo_app/data.txt")).unwrap()),
        ("interpreter", &|| {
            let path = package.root.join(ENVIRONMENT).join("bin/python3");
            fs::remove_file(&path).unwrap();
            symlink("/bin/sh", path).unwrap();
        }),
        ("link in usr/bin", &|| fs::remove_file(package.root.join("debian/demo/usr/bin/demo")).unwrap()),
    ];
    for (what, spoil) in spoil {
        package.install().ok();
        package.rustvenv(&["seal", "--package", "demo"]).ok();
        spoil();
        let done = package.rustvenv(&["seal", "--package", "demo"]);
        assert_eq!((done.status, done.codes()), (3, vec!["installed-file-changed"]), "{what}: {}", done.stderr);
    }
    package.install().ok();
    package.write(&format!("{site}/demo_app/__pycache__/x.pyc"), "");
    let done = package.rustvenv(&["seal", "--package", "demo"]);
    assert_eq!((done.status, done.codes()), (3, vec!["byte-code-left"]), "{}", done.stderr);
    // and installing again takes it away
    package.install().ok();
    package.rustvenv(&["seal", "--package", "demo"]).ok();
}

#[test]
fn files_of_the_package_keep_their_modes_and_links_their_targets() {
    use std::os::unix::ffi::OsStrExt as _;
    let package = SourcePackage::new();
    package.write(&format!("{ENVIRONMENT}/secret/file"), "own\n");
    package.write(&format!("{ENVIRONMENT}/__pycache__/notes.txt"), "own\n");
    package.write(&format!("{ENVIRONMENT}/__pycache__/x.cpython-311.pyc"), "byte code");
    let environment = package.root.join(ENVIRONMENT);
    fs::set_permissions(environment.join("secret"), fs::Permissions::from_mode(0o700)).unwrap();
    let target = std::ffi::OsStr::from_bytes(b"latin-\xe9");
    symlink(target, environment.join("link")).unwrap();
    package.install().ok();
    assert_eq!(environment.join("secret").metadata().unwrap().mode() & 0o7777, 0o700);
    assert_eq!(fs::read_link(environment.join("link")).unwrap(), target);
    assert!(environment.join("__pycache__/notes.txt").exists());
    assert!(!environment.join("__pycache__/x.cpython-311.pyc").exists());
}

#[test]
fn only_what_was_written_is_removed_again() {
    let package = SourcePackage::new();
    package.install().ok();
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("precious"), "x").unwrap();
    symlink(elsewhere.path(), package.root.join("debian/demo/lnk")).unwrap();
    let record = "debian/.debhelper/rustvenv/demo/installed.jsonl";
    let digest = rustvenv::digest::Sha256::of(b"x");
    let line =
        format!("{{\"path\":\"lnk/precious\",\"kind\":\"file\",\"mode\":420,\"size\":1,\"sha256\":\"{digest}\"}}\n");
    package.write(record, package.read(record) + &line);
    // a link of ours that somebody replaced is theirs now
    fs::remove_file(package.root.join("debian/demo/usr/bin/demo")).unwrap();
    package.write("debian/demo/usr/bin/demo", "theirs\n");
    package.config("project = \"none\"\nname = \"other\"\n");
    package.install().ok();
    assert!(elsewhere.path().join("precious").exists());
    assert_eq!(package.read("debian/demo/usr/bin/demo"), "theirs\n");
    assert!(package.root.join("debian/demo/opt/venvs/other").exists() && !package.root.join(ENVIRONMENT).exists());
}

#[test]
fn overrides_of_lintian_are_a_file_of_the_package() {
    let package = SourcePackage::new();
    let overrides = package.root.join("debian/demo/usr/share/lintian/overrides");
    fs::create_dir_all(&overrides).unwrap();
    symlink("/etc/passwd", overrides.join("demo")).unwrap();
    let done = package.install();
    assert_eq!((done.status, done.codes()), (3, vec!["path-collision"]), "{}", done.stderr);
    assert!(!package.root.join(ENVIRONMENT).exists(), "found out before anything was written");
}

#[test]
fn nobody_listening_is_no_reason_to_fail() {
    let package = SourcePackage::new();
    let rustvenv = env!("CARGO_BIN_EXE_rustvenv");
    for (script, status) in [
        (format!("'{rustvenv}' install --package demo --no-act >/dev/null 2>/dev/full"), 0),
        (format!("'{rustvenv}' explain nothing 2>/dev/full"), 2),
        (format!("'{rustvenv}' completions bash >/dev/full"), 2),
        (format!("'{rustvenv}' explain >/dev/full"), 2),
        (format!("rm -r wheels; '{rustvenv}' install --package demo 2>&-"), 2),
    ] {
        let done = run(command("sh").args(["-c", &script]).current_dir(&package.root));
        assert_eq!(done.status, status, "{script}: {}", done.stderr);
    }
}

#[test]
fn a_killed_run_is_mended_by_the_next() {
    let package = SourcePackage::new();
    package.install().ok();
    let whole = timeless(tree(&package.root.join("debian/demo")));
    // killed while it wrote, and killed between the two renames
    package.write("debian/demo/opt/venvs/.demo.rustvenv-new/bin/half", "x");
    package.install().ok();
    assert_eq!(timeless(tree(&package.root.join("debian/demo"))), whole);
    // killed after the first rename, before the listing of this run was written
    package.rustvenv(&["prepare", "--package", "demo"]).ok();
    fs::remove_dir_all(package.root.join("debian/demo")).unwrap();
    let record = package.root.join("debian/.debhelper/rustvenv/demo/installed.jsonl");
    fs::remove_file(&record).unwrap();
    let mut killed = command("strace");
    killed.args([
        "-f",
        "-o",
        "/dev/null",
        "-e",
        "trace=?rename,?renameat,?renameat2",
        "-e",
        "inject=?rename,?renameat,?renameat2:signal=KILL:when=3",
    ]);
    killed.args([env!("CARGO_BIN_EXE_rustvenv"), "install", "--package", "demo"]).current_dir(&package.root);
    assert_ne!(run(&mut killed).status, 0);
    assert!(package.root.join(ENVIRONMENT).exists());
    package.install().ok();
    assert_eq!(timeless(tree(&package.root.join("debian/demo"))), whole);
    let venvs = package.root.join("debian/demo/opt/venvs");
    fs::rename(venvs.join("demo"), venvs.join(".demo.rustvenv-old")).unwrap();
    package.install().ok();
    assert_eq!(timeless(tree(&package.root.join("debian/demo"))), whole);
}

#[test]
fn the_wall_clock_and_the_environment_are_no_inputs() {
    let package = SourcePackage::new();
    for clock in ["2019-01-01", "2040-01-01"] {
        let mut command = Command::new("faketime");
        command.args([clock, env!("CARGO_BIN_EXE_rustvenv"), "install", "--package", "demo", "--no-act"]);
        run(command.current_dir(&package.root)).ok();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_rustvenv"));
    command.args(["install", "--package", "demo"]).env("SOURCE_DATE_EPOCH", "soon").current_dir(&package.root);
    let done = run(&mut command);
    assert_eq!(done.status, 2, "{}", done.stderr);
}

/// A wheel is never in memory whole, and neither is any of its files: not while it is verified, nor while its libraries are
/// looked at, nor while it is written.
#[test]
fn memory_does_not_grow_with_the_wheels() {
    const MEMORY: usize = 64 << 20;
    let package = SourcePackage::new();
    // a library with a table behind it, as those of machine learning are, and data that was not compressed
    let mut library = fs::read("/bin/true").unwrap();
    let text = include_bytes!("install.rs");
    library.extend_from_slice(&text.repeat(MEMORY / text.len()));
    let data = vec![7; MEMORY];
    package.wheels([
        application(),
        Wheel::new("large", "1.0").file("large/library.so", library).entry(Entry::file("large/data", data).stored()),
    ]);
    let limit = format!("--as={MEMORY}");
    let program = [limit.as_str(), env!("CARGO_BIN_EXE_rustvenv"), "install", "--package", "demo"];
    run(command("prlimit").args(program).current_dir(&package.root)).ok();
    let size = |path: &str| package.root.join(ENVIRONMENT).join(path).symlink_metadata().unwrap().len();
    assert!(size(&format!("lib/{}/site-packages/large/library.so", python())) > MEMORY as u64);
}
