//! `rustvenv init`: from a directory with a Python project to a package that runs, by the commands that it prints; with real uv, pip-compile
//! and pip, real gpg, real dpkg-buildpackage, and an index of wheels that are made here.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "whatever is unexpected fails the test")]

#[path = "support/wheel.rs"]
mod wheel;

use rustvenv::digest::Sha256;
use rustvenv::trust::openpgp::Fingerprint;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use wheel::Wheel;

const PYPROJECT: &str = "[project]\nname = \"Greet_Er\"\nversion = \"1.0rc1\"\ndescription = \"A tool that greets.\"\nlicense = { text = \"MIT\" }\n\
    requires-python = \">=3.11\"\ndependencies = [\"phrases>=2\"]\nscripts = { greet = \"greet:main\" }\n\
    [build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n[tool.setuptools]\npy-modules = [\"greet\"]\n";

const MODULE: &str = "import sys\n\nimport phrases\n\n\ndef main():\n    print(phrases.hello, sys.prefix)\n";

/// What each kind of machine has on PATH.
#[derive(Clone, Copy)]
enum Tools {
    /// One of target/lock-tools, before what the system has.
    With(&'static str),
    /// Only what init cannot do without.
    None,
}

/// A person with a project, and an index with what it depends on.
struct Desk {
    directory: TempDir,
}

struct Done {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Done {
    #[track_caller]
    fn ok(self) -> Self {
        assert_eq!(self.status, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn refused(self, codes: &[&str]) -> String {
        let found: Vec<&str> =
            self.stderr.lines().filter_map(|line| Some(line.strip_prefix("error[")?.split_once(']')?.0)).collect();
        assert_eq!((found.as_slice(), self.status), (codes, 2), "{}", self.stderr);
        self.stderr
    }

    /// The commands after "Next:".
    fn next(&self) -> Vec<String> {
        let (_, next) = self.stderr.split_once("\nNext:\n").unwrap_or_else(|| panic!("{}", self.stderr));
        next.lines().map(|line| line.trim().to_owned()).collect()
    }
}

impl Desk {
    fn new() -> Self {
        let desk = Self { directory: tempfile::Builder::new().prefix("rustvenv init ü ").tempdir().unwrap() };
        fs::create_dir(desk.path("project")).unwrap();
        desk.write("pyproject.toml", PYPROJECT);
        desk.write("greet.py", MODULE);
        for version in ["2.0", "2.1"] {
            let phrases = Wheel::new("phrases", version).file("phrases.py", format!("hello = 'hello {version}'\n"));
            let (name, bytes) = (phrases.file_name(), phrases.build());
            let page = desk.path("index/phrases/index.html");
            fs::create_dir_all(page.parent().unwrap()).unwrap();
            let before = fs::read_to_string(&page).unwrap_or_else(|_| "<!DOCTYPE html><html><body>\n".to_owned());
            fs::write(&page, format!("{before}<a href=\"{name}#sha256={}\">{name}</a>\n", Sha256::of(&bytes))).unwrap();
            fs::write(desk.path("index/phrases").join(name), bytes).unwrap();
        }
        desk.stage();
        desk
    }

    /// The add-on of this source tree, as if it were installed.
    fn stage(&self) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("debhelper");
        let (bin, modules) = (self.path("stage/bin"), self.path("stage/perl5/Debian/Debhelper/Sequence"));
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&modules).unwrap();
        symlink(env!("CARGO_BIN_EXE_rustvenv"), bin.join("rustvenv")).unwrap();
        for name in ["dh_rustvenv", "dh_rustvenv_prepare", "dh_rustvenv_seal"] {
            symlink(source.join("dh_rustvenv"), bin.join(name)).unwrap();
        }
        symlink(source.join("Sequence/rustvenv.pm"), modules.join("rustvenv.pm")).unwrap();
    }

    /// A key of gpg's; its fingerprint.
    fn key(&self, user: &str) -> String {
        if !self.path("gnupg").exists() {
            fs::DirBuilder::new().mode(0o700).create(self.path("gnupg")).unwrap();
        }
        let quiet = ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
        let make = [&quiet[..], &["--quick-generate-key", user, "ed25519", "sign", "never"]].concat();
        self.run(&make, Tools::None).ok();
        let said = self.run(&["gpg", "--batch", "--with-colons", "--list-secret-keys", user], Tools::None).ok().stdout;
        let line = said.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path("project").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path("project").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A call in the project, with nothing of the tester's environment.
    fn command(&self, argv: &[&str], tools: Tools) -> Command {
        let stage = self.path("stage/bin").display().to_string();
        let path = match tools {
            Tools::With(name) => {
                let room = self.path(&format!("with {name}"));
                if !room.exists() {
                    fs::create_dir(&room).unwrap();
                    symlink(tool(name), room.join(name)).unwrap();
                }
                format!("{stage}:{}:/usr/sbin:/usr/bin:/sbin:/bin", room.display())
            }
            Tools::None => {
                let room = self.path("plain");
                if !room.exists() {
                    fs::create_dir(&room).unwrap();
                    for name in ["dpkg-architecture", "dpkg", "dpkg-query", "apt-cache", "gcc", "git", "gpg", "sh"] {
                        symlink(Path::new("/usr/bin").join(name), room.join(name)).unwrap();
                    }
                }
                format!("{stage}:{}", room.display())
            }
        };
        // the program is looked for on the PATH that it gets
        let program = path.split(':').map(|place| Path::new(place).join(argv[0])).find(|path| path.exists());
        let mut command = Command::new(program.unwrap_or_else(|| panic!("{}", argv[0])));
        let index =
            format!("file://{}/index", self.directory.path().display()).replace(' ', "%20").replace('ü', "%C3%BC");
        command
            .env_clear()
            .args(&argv[1..])
            .env("PATH", path)
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", self.directory.path())
            .env("GNUPGHOME", self.path("gnupg"))
            .env("PERL5LIB", self.path("stage/perl5"))
            .env("DH_AUTOSCRIPTDIR", Path::new(env!("CARGO_MANIFEST_DIR")).join("debhelper/autoscripts"))
            .env("DEBFULLNAME", "Ann Ö")
            .env("DEBEMAIL", "ann@example.org")
            .env("UV_DEFAULT_INDEX", &index)
            .env("PIP_INDEX_URL", &index)
            .current_dir(self.path("project"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, argv: &[&str], tools: Tools) -> Done {
        done(&mut self.command(argv, tools))
    }

    fn init(&self, arguments: &[&str], tools: Tools) -> Done {
        self.run(&[&["rustvenv", "init"], arguments].concat(), tools)
    }

    /// Runs the commands that init printed, and leaves what the application of the package says.
    fn follow(&self, next: &[String], tools: Tools) -> String {
        assert_eq!(next.last().unwrap(), "dpkg-buildpackage -us -uc -b", "{next:?}");
        for line in next {
            let mut words: Vec<&str> = line.split(' ').collect();
            match words[0] {
                // there is no terminal to ask at
                "rustvenv" => words.push("--yes"),
                // the add-on of this tree is no installed package
                "dpkg-buildpackage" => words.push("-d"),
                _ => panic!("{line}"),
            }
            self.run(&words, tools).ok();
        }
        let debs = fs::read_dir(self.directory.path()).unwrap().map(|entry| entry.unwrap().path());
        let debs: Vec<PathBuf> = debs.filter(|path| path.extension().is_some_and(|word| word == "deb")).collect();
        assert_eq!(debs.len(), 1, "{debs:?}");
        let root = self.path("installed");
        let mut unpack = Command::new("dpkg-deb");
        done(unpack.arg("-x").arg(&debs[0]).arg(&root)).ok();
        let link = fs::read_link(root.join("usr/bin/greet")).unwrap();
        let said = done(&mut Command::new(root.join(link.strip_prefix("/").unwrap()))).ok().stdout;
        let (hello, prefix) = said.trim().rsplit_once(" /").unwrap();
        assert!(prefix.ends_with("opt/venvs/greet-er"), "{said}");
        hello.split(" /").next().unwrap().to_owned()
    }

    /// What is in the project, with the time of its last change.
    fn snapshot(&self) -> BTreeMap<PathBuf, (Vec<u8>, std::time::SystemTime)> {
        let files = walkdir::WalkDir::new(self.path("project")).into_iter().map(Result::unwrap);
        let files = files.filter(|entry| entry.file_type().is_file());
        files
            .map(|entry| {
                let time = entry.metadata().unwrap().modified().unwrap();
                (entry.path().to_owned(), (fs::read(entry.path()).unwrap(), time))
            })
            .collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // gpg-agent outlives who started it, and holds the directory
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.path("gnupg")).status();
    }
}

fn done(command: &mut Command) -> Done {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Done {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A program of target/lock-tools.
fn tool(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(Command::new(root.join("scripts/lock-tools.sh")).status().unwrap().success(), "scripts/lock-tools.sh");
    root.join("target/lock-tools/bin").join(name)
}

/// The whole way: one command that names the signer, and the two that it prints. With uv the lock says which wheel is which, so the package
/// is the same for all architectures.
#[test]
fn from_a_project_to_a_package_that_runs() {
    let desk = Desk::new();
    let signer = desk.key("Ann <ann@example.org>");
    let tools = Tools::With("uv");
    let said = desk.init(&[], tools).refused(&["signer-missing"]);
    assert!(
        said.contains(&format!("rustvenv init --signer {signer}")) && said.contains("Ann <ann@example.org>"),
        "{said}"
    );
    assert_eq!(desk.snapshot().len(), 2, "nothing was written");
    let planned = desk.init(&["--signer", &signer, "--dry-run"], tools).ok();
    assert!(planned.stdout.contains("==> debian/control\nSource: greet-er\n"), "{}", planned.stdout);
    assert!(planned.stderr.contains("uv pip compile pyproject.toml"), "{}", planned.stderr);
    assert_eq!(desk.snapshot().len(), 2, "a dry run writes nothing");

    let said = desk.init(&["--signer", &signer], tools).ok();
    assert_eq!(said.next(), ["rustvenv update", "dpkg-buildpackage -us -uc -b"]);
    assert!(said.stderr.contains("the wheels are upstream's own"), "{}", said.stderr);
    let control = desk.read("debian/control");
    for line in ["Maintainer: Ann Ö <ann@example.org>", "Architecture: all", "Description: tool that greets"] {
        assert!(control.lines().any(|other| other == line), "{line}: {control}");
    }
    assert!(control.contains("dh-sequence-rustvenv, python3, python3-setuptools"), "{control}");
    assert!(desk.read("debian/changelog").starts_with("greet-er (1.0~rc1) UNRELEASED;"));
    let mode = fs::metadata(desk.path("project/debian/rules")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    let config = desk.read("debian/greet-er.rustvenv");
    assert!(config.contains(&signer) && config.contains("commands = [\"greet\"]"), "{config}");
    let certificate = desk.read(&format!("debian/signers/{signer}.asc"));
    assert!(certificate.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"), "{certificate}");

    assert_eq!(desk.follow(&said.next(), tools), "hello 2.1");
    // nothing to do, and nothing done
    let before = desk.snapshot();
    let said = desk.init(&[], tools).ok();
    assert!(said.stderr.contains("nothing is missing") && !said.stderr.contains("yours to change"), "{}", said.stderr);
    assert_eq!(desk.snapshot(), before);
}

#[test]
fn pip_compile_and_pip_lock_as_well() {
    for (name, lock) in [("pip-compile", "debian/lock.txt"), ("pip", "pylock.toml")] {
        let desk = Desk::new();
        let signer = desk.key("Ann <ann@example.org>");
        let tools = Tools::With(name);
        let said = desk.init(&["--signer", &signer], tools).ok();
        assert!(desk.read(lock).contains("phrases"), "{name}");
        assert_eq!(desk.follow(&said.next(), tools), "hello 2.1", "{name}");
    }
}

/// A lock with hashes that is there is used, although it has the name that `update` writes to by default.
#[test]
fn a_lock_that_is_there_is_used_and_kept() {
    let desk = Desk::new();
    let (ann, bob) = (desk.key("Ann <ann@example.org>"), desk.key("Bob <bob@example.org>"));
    let old = fs::read(desk.path("index/phrases/phrases-2.0-py3-none-any.whl")).unwrap();
    let lock = format!("phrases==2.0 \\\n    --hash=sha256:{}\n", Sha256::of(&old));
    desk.write("requirements.txt", &lock);
    let said = desk.init(&["--signer", &bob, "--signer", &ann, "--signer", &bob], Tools::None).ok();
    // gpg has several keys
    assert_eq!(said.next()[0], format!("rustvenv update --local-user {bob}"));
    assert_eq!(desk.follow(&said.next(), Tools::With("uv")), "hello 2.0");
    assert_eq!(desk.read("requirements.txt"), lock);
    assert!(desk.read("debian/control").contains("Architecture: any\n"), "this lock does not say what the files are");
    let message = desk.init(&[], Tools::None).ok().stderr;
    assert!(message.contains("nothing is missing"), "{message}");
}

/// A project without dependencies whose back end the distribution has needs neither lock nor signature.
#[test]
fn nothing_to_install_is_nothing_to_sign() {
    let desk = Desk::new();
    desk.write("pyproject.toml", &PYPROJECT.replace("\"phrases>=2\"", ""));
    desk.write("greet.py", "import sys\n\n\ndef main():\n    print('hello', sys.prefix)\n");
    let said = desk.init(&[], Tools::None).ok();
    assert_eq!(said.next(), ["dpkg-buildpackage -us -uc -b"]);
    assert_eq!(desk.follow(&said.next(), Tools::With("uv")), "hello");
}

/// What the distribution does not have is locked beside what is installed, signed for, and not installed.
#[test]
fn a_back_end_that_debian_does_not_have() {
    let desk = Desk::new();
    let signer = desk.key("Ann <ann@example.org>");
    let backend = "import pathlib, zipfile, base64, hashlib\n\
        def build_wheel(directory, config_settings=None, metadata_directory=None):\n    name = 'greet_er-1.0rc1'\n    \
        files = {'greet.py': pathlib.Path('greet.py').read_bytes(), name + '.dist-info/METADATA': b'Metadata-Version: 2.1\\nName: greet-er\\nVersion: 1.0rc1\\nRequires-Dist: phrases\\n',\n        \
        name + '.dist-info/WHEEL': b'Wheel-Version: 1.0\\nGenerator: mill\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n', name + '.dist-info/entry_points.txt': b'[console_scripts]\\ngreet = greet:main\\n'}\n    \
        row = lambda path: path + ',sha256=' + base64.urlsafe_b64encode(hashlib.sha256(files[path]).digest()).rstrip(b'=').decode() + ',' + str(len(files[path])) + '\\n'\n    \
        files[name + '.dist-info/RECORD'] = (''.join(map(row, files)) + name + '.dist-info/RECORD,,\\n').encode()\n    \
        wheel = name + '-py3-none-any.whl'\n    \
        with zipfile.ZipFile(pathlib.Path(directory, wheel), 'w') as archive:\n        for path, content in files.items():\n            archive.writestr(path, content)\n    return wheel\n";
    let mill = Wheel::new("mill-of-none", "3.0").file("mill_of_none.py", backend);
    let (name, bytes) = (mill.file_name(), mill.build());
    fs::create_dir_all(desk.path("index/mill-of-none")).unwrap();
    let page = format!("<!DOCTYPE html><html><body><a href=\"{name}#sha256={}\">{name}</a>\n", Sha256::of(&bytes));
    fs::write(desk.path("index/mill-of-none/index.html"), page).unwrap();
    fs::write(desk.path("index/mill-of-none").join(name), bytes).unwrap();
    let system = "[build-system]\nrequires = [\"mill-of-none>=3\"]\nbuild-backend = \"mill_of_none\"\n";
    let (head, _) = PYPROJECT.split_once("[build-system]").unwrap();
    desk.write("pyproject.toml", &format!("{head}{system}"));
    let said = desk.init(&["--signer", &signer], Tools::With("uv")).ok();
    assert!(said.stderr.contains("this release has no package of mill-of-none>=3"), "{}", said.stderr);
    assert_eq!(desk.follow(&said.next(), Tools::With("uv")), "hello 2.1");
    assert!(desk.read("debian/build-requirements.txt").contains("mill-of-none==3.0"));
    assert!(!desk.read("debian/requirements.txt").contains("mill"));
}

/// Where debian/ is there, the lines that a person has to change are printed, and these lines are enough.
#[test]
fn a_package_that_is_there_is_not_touched() {
    let desk = Desk::new();
    let signer = desk.key("Ann <ann@example.org>");
    let control = "Source: greet-er\nMaintainer: Ann <ann@example.org>\nBuild-Depends: debhelper-compat (= 13), dh-virtualenv\n\
        Rules-Requires-Root: no\n\nPackage: greet-er\nArchitecture: any\nDepends: adduser\nDescription: greets\n It greets.\n";
    desk.write("debian/control", control);
    desk.write("debian/rules", "#!/usr/bin/make -f\n%:\n\tdh $@ --with python-virtualenv\n");
    fs::set_permissions(desk.path("project/debian/rules"), fs::Permissions::from_mode(0o755)).unwrap();
    let changelog =
        "greet-er (7) unstable; urgency=low\n\n  * x\n\n -- Ann <ann@example.org>  Sun, 01 Nov 2026 10:00:00 +0000\n";
    desk.write("debian/changelog", changelog);
    desk.write("debian/signers/README", "Who signs.\n");
    let before = desk.snapshot();
    // a README among the certificates is none
    let said = desk.init(&["--signer", &signer], Tools::With("uv")).ok();
    for line in [
        "debian/control: add to Build-Depends: dh-sequence-rustvenv, python3, python3-setuptools",
        "debian/control: remove from Build-Depends: dh-virtualenv",
        "debian/control: add to Depends of greet-er: ${misc:Depends}",
        "debian/rules: write `--with rustvenv` for `--with python-virtualenv`",
    ] {
        assert!(said.stderr.contains(line), "{line}: {}", said.stderr);
    }
    let after = desk.snapshot();
    assert!(before.iter().all(|(path, content)| after.get(path) == Some(content)), "a file that was there was changed");
    // by the lines that were printed
    let (_, needs) = said.stderr.split_once("add to Build-Depends: ").unwrap();
    let needs = needs.lines().next().unwrap();
    desk.write(
        "debian/control",
        &control.replace("dh-virtualenv", needs).replace("adduser", "adduser, ${misc:Depends}"),
    );
    desk.write("debian/rules", "#!/usr/bin/make -f\n%:\n\tdh $@ --with rustvenv\n");
    let again = desk.init(&[], Tools::With("uv")).ok();
    assert!(!again.stderr.contains("yours to change"), "{}", again.stderr);
    assert_eq!(desk.follow(&again.next(), Tools::With("uv")), "hello 2.1");
}

#[test]
fn everything_that_is_missing_is_said_at_once() {
    let desk = Desk::new();
    desk.write(
        "pyproject.toml",
        "[project]\nname = \"g\"\ndynamic = [\"version\"]\nrequires-python = \">=4\"\ndependencies = [\"phrases\"]\n",
    );
    let mut command = desk.command(&["rustvenv", "init"], Tools::None);
    let codes = [
        "package-name-missing",
        "package-version-missing",
        "maintainer-missing",
        "signer-missing",
        "lock-missing",
        "python-unsupported",
    ];
    let said = done(command.env_remove("DEBEMAIL").env_remove("DEBFULLNAME")).refused(&codes);
    for hint in ["--package PKG", "DEBFULLNAME", "--package-version 1.0", "gpg --quick-generate-key", "uv pip compile"]
    {
        assert!(said.contains(hint), "{hint}: {said}");
    }
    assert_eq!(desk.snapshot().len(), 2);
    // what is typed takes the place of what is missing
    desk.init(&["--package", "x y"], Tools::None).refused(&[
        "package-name-missing",
        "package-version-missing",
        "signer-missing",
        "lock-missing",
        "python-unsupported",
    ]);
    let typed = ["--package", "greeter", "--package-version", "1.0.dev2"];
    desk.init(&typed, Tools::None).refused(&["signer-missing", "lock-missing", "python-unsupported"]);
    desk.init(&["--signer", "ABCDEF01"], Tools::None).refused(&[
        "signer-malformed",
        "package-name-missing",
        "package-version-missing",
        "lock-missing",
        "python-unsupported",
    ]);
}

#[test]
fn a_signer_whose_certificate_nobody_has() {
    let desk = Desk::new();
    desk.key("Ann <ann@example.org>");
    let said = desk.init(&["--signer", &"AB".repeat(20)], Tools::With("uv"));
    assert!(said.status == 2 && said.stderr.contains("no certificate with the fingerprint ABAB"), "{}", said.stderr);
    assert_eq!(desk.snapshot().len(), 2);
}

/// Text of the project stays text, whatever file it comes to.
#[test]
fn no_project_writes_fields_of_debian() {
    let desk = Desk::new();
    let signer = desk.key("Ann <ann@example.org>");
    let hostile = PYPROJECT
        .replace("\"A tool that greets.\"", "\"greets\\n\\nPackage: evil\\nDepends: x\\u0085Evil: y\"")
        .replace("\"MIT\"", "\"MIT\\nFiles: evil\"")
        .replace("{ greet = \"greet:main\" }", "{ greet = \"greet:main\", \"x\\\"]\\nproject = \\\"none\" = \"a:b\" }");
    desk.write("pyproject.toml", &hostile);
    let said = desk.init(&["--signer", &signer], Tools::With("uv")).ok();
    assert!(said.stderr.contains("no link in /usr/bin for the script"), "{}", said.stderr);
    assert_eq!(desk.read("debian/control").matches("\nPackage: ").count(), 1);
    assert!(
        !desk.read("debian/control").lines().any(|line| line.starts_with("Evil") || line.starts_with("Depends: x"))
    );
    assert!(!desk.read("debian/copyright").contains("Files: evil"));
    // the back end may stop at such a description; debhelper does not see more packages than there are
    assert_eq!(desk.run(&["dh_listpackages"], Tools::With("uv")).ok().stdout, "greet-er\n");
    // options of pip among the dependencies, and names that lead elsewhere
    for (dependency, name) in [("phrases\\n--index-url https://evil.example.org", "Greet_Er"), ("phrases", "../../x")] {
        let desk = Desk::new();
        let text = PYPROJECT.replace("phrases>=2", dependency).replace("Greet_Er", name);
        desk.write("pyproject.toml", &text);
        let said = desk.init(&["--signer", &desk.key("Ann <a@example.org>")], Tools::With("pip-compile"));
        assert!(said.status != 0, "{}", said.stderr);
        assert_eq!(desk.snapshot().len(), 2, "{}", said.stderr);
    }
}

/// When one file cannot be written, those before it are taken back.
#[test]
fn all_files_or_none() {
    let desk = Desk::new();
    let signer = desk.key("Ann <ann@example.org>");
    // in the place of a directory
    desk.write("debian", "mine\n");
    let said = desk.init(&["--signer", &signer], Tools::With("uv"));
    assert!(said.status == 2 && said.stderr.contains("debian"), "{}", said.stderr);
    assert_eq!(desk.snapshot().len(), 3, "{}", said.stderr);
    assert_eq!(desk.read("debian"), "mine\n");
    fs::remove_file(desk.path("project/debian")).unwrap();
    // root may write everywhere, unless the capability is gone
    fs::set_permissions(desk.path("project"), fs::Permissions::from_mode(0o555)).unwrap();
    let program = desk.path("stage/bin/rustvenv").display().to_string();
    let mut command = desk.command(&["setpriv"], Tools::With("uv"));
    command.args(["--bounding-set", "-dac_override,-dac_read_search", &program, "init", "--signer", &signer]);
    let said = done(&mut command);
    fs::set_permissions(desk.path("project"), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(said.status == 2 && said.stderr.contains("Permission denied"), "{}", said.stderr);
    assert_eq!(desk.snapshot().len(), 2);
}

/// The versions that dh-virtualenv installed are those that are locked, and no command writes over the file that has them: a person's
/// list, or a lock with hashes.
#[test]
fn from_dh_virtualenv_to_a_package_that_runs() {
    let old = |desk: &Desk| {
        let bytes = fs::read(desk.path("index/phrases/phrases-2.0-py3-none-any.whl")).unwrap();
        format!("phrases==2.0 --hash=sha256:{}\n", Sha256::of(&bytes))
    };
    let list = |_: &Desk| "# by hand\nphrases<2.1\n".to_owned();
    for requirements in [&old as &dyn Fn(&Desk) -> String, &list] {
        let desk = Desk::new();
        let signer = desk.key("Ann <ann@example.org>");
        let requirements = requirements(&desk);
        desk.write("requirements.txt", &requirements);
        let control = "Source: greet-er\nMaintainer: Ann <ann@example.org>\nBuild-Depends: debhelper-compat (= 13), dh-virtualenv\n\
            Rules-Requires-Root: no\n\nPackage: greet-er\nArchitecture: any\nDepends: ${misc:Depends}\nDescription: greets\n It greets.\n";
        desk.write("debian/control", control);
        desk.write("debian/rules", "#!/usr/bin/make -f\n%:\n\tdh $@ --with python-virtualenv\n");
        desk.write("debian/greet-er.links", "opt/venvs/greet-er/bin/greet usr/bin/greet\n");
        desk.write(
            "debian/changelog",
            "greet-er (7) unstable; urgency=low\n\n  * x\n\n -- Ann <ann@example.org>  Sun, 01 Nov 2026 10:00:00 +0000\n",
        );
        let tools = Tools::With("uv");
        let said = desk.init(&["--from-dh-virtualenv"], tools).ok().stdout;
        let mut changed = control.to_owned();
        for line in said.lines().filter_map(|line| line.trim().strip_prefix("Build-Depends: ")) {
            let words: Vec<&str> = line.split('`').collect();
            changed = match words.as_slice() {
                ["add ", package, ..] => changed.replacen("dh-", &format!("{package}, dh-"), 1),
                ["replace ", old, " by ", new, ..] => changed.replace(old, new),
                _ => panic!("{line}"),
            };
        }
        desk.write("debian/control", &changed);
        let rules = desk.init(&["--from-dh-virtualenv", "--print-rules"], tools).ok().stdout;
        desk.write("debian/rules", &rules);
        fs::set_permissions(desk.path("project/debian/rules"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::remove_file(desk.path("project/debian/greet-er.links")).unwrap();

        let said = desk.init(&["--signer", &signer], tools).ok();
        // the rest is told by init, and is all that is left
        let line = "debian/greet-er.rustvenv: write `requirements = [\"debian/requirements.txt\"]`";
        assert!(said.stderr.contains(line), "{}", said.stderr);
        assert!(!said.stderr.contains("debian/control"), "{}", said.stderr);
        let config = desk.read("debian/greet-er.rustvenv");
        desk.write("debian/greet-er.rustvenv", &format!("{config}requirements = [\"debian/requirements.txt\"]\n"));
        assert_eq!(desk.follow(&said.next(), tools), "hello 2.0");
        assert_eq!(desk.read("requirements.txt"), requirements);
        let again = desk.init(&[], tools).ok().stderr;
        assert!(again.contains("nothing is missing") && !again.contains("yours to change"), "{again}");
    }
}

/// What only a requirements file names is part of the application as well.
#[test]
fn requirements_without_hashes_are_locked() {
    for (name, file) in
        [("uv", "requirements.txt"), ("pip-compile", "requirements/requirements.txt"), ("pip", "requirements.txt")]
    {
        let desk = Desk::new();
        let signer = desk.key("Ann <ann@example.org>");
        desk.write("pyproject.toml", &PYPROJECT.replace("\"phrases>=2\"", ""));
        desk.write(file, "phrases<2.1\n");
        let said = desk.init(&["--signer", &signer], Tools::With(name)).ok();
        assert!(said.stderr.contains(&format!("what {file} names is locked as well")), "{}", said.stderr);
        let lock = if name == "pip-compile" { "debian/lock.txt" } else { "pylock.toml" };
        let lock = desk.read(lock);
        assert!(lock.contains("2.0") && lock.lines().next().unwrap().contains(file), "{name}: {lock}");
    }
}

/// A project whose name only setup.cfg has: the list names it as well.
#[test]
fn a_project_of_setup_cfg() {
    let desk = Desk::new();
    let signer = desk.key("Ann <ann@example.org>");
    fs::remove_file(desk.path("project/pyproject.toml")).unwrap();
    desk.write(
        "setup.cfg",
        "[metadata]\nname = greet-er\nversion = 1.0\n[options]\npy_modules = greet\ninstall_requires = phrases\n\
         [options.entry_points]\nconsole_scripts =\n    greet = greet:main\n",
    );
    let said = desk.init(&["--signer", &signer], Tools::With("uv")).ok();
    assert_eq!(desk.follow(&said.next(), Tools::With("uv")), "hello 2.1");
}

/// A source package of an upstream tarball and patches is made with the lines that are printed.
#[test]
fn a_source_package_of_a_tarball() {
    let desk = Desk::new();
    let signer = desk.key("Ann <ann@example.org>");
    let mut tar =
        desk.command(&["tar", "-czf", "../greet-er_1.0~rc1.orig.tar.gz", "-C", "..", "project"], Tools::With("uv"));
    done(&mut tar).ok();
    desk.write("debian/source/format", "3.0 (quilt)\n");
    desk.write("debian/greet-er.rustvenv", "commands = [\"greet\"]\n");
    desk.write(
        "debian/changelog",
        "greet-er (1.0~rc1-1) unstable; urgency=low\n\n  * x\n\n -- Ann <ann@example.org>  Sun, 01 Nov 2026 10:00:00 +0000\n",
    );
    let said = desk.init(&["--signer", &signer], Tools::With("uv")).ok();
    let line_of = |file: &str, line: &str| {
        let (_, rest) = line.trim().strip_prefix(file)?.split_once('`')?;
        Some(rest.split_once('`').unwrap().0.to_owned() + "\n")
    };
    let lines = |file: &str| said.stderr.lines().filter_map(|line| line_of(file, line)).collect::<String>();
    desk.write("debian/source/options", &lines("debian/source/options: "));
    let config = lines("debian/greet-er.rustvenv: ");
    assert_eq!(config.lines().count(), 3, "{}", said.stderr);
    desk.write("debian/greet-er.rustvenv", &format!("commands = [\"greet\"]\n{config}"));
    desk.run(&["rustvenv", "update", "--yes"], Tools::With("uv")).ok();
    desk.run(&["dpkg-source", "--before-build", "."], Tools::With("uv")).ok();
    desk.run(&["dpkg-source", "-b", "."], Tools::With("uv")).ok();
    assert_eq!(desk.follow(&said.next(), Tools::With("uv")), "hello 2.1");
}

/// Of several packages, that with a configuration is meant; the changelog is the source package's.
#[test]
fn several_packages() {
    let desk = Desk::new();
    let signer = desk.key("Ann <ann@example.org>");
    let control = "Source: greetings\nBuild-Depends: debhelper-compat (= 13), dh-virtualenv\n\nPackage: one\nArchitecture: any\n\n\
        Package: two\nArchitecture: any\n";
    desk.write("debian/control", control);
    desk.write("debian/rules", "%:\n\tdh $@ --with python-virtualenv\n");
    let tools = Tools::With("uv");
    desk.init(&["--signer", &signer], tools).refused(&["package-name-missing"]);
    desk.init(&["--from-dh-virtualenv", "--package", "two"], tools).ok();
    let said = desk.init(&["--signer", &signer], tools).ok();
    assert!(said.stderr.contains("add to Depends of two"), "{}", said.stderr);
    assert!(desk.read("debian/changelog").starts_with("greetings (1.0~rc1) "));
    assert!(!desk.path("project/debian/one.rustvenv").exists());
}

/// Settings and configurations that are there say where things are, and are pointed to where they leave out a signer.
#[test]
fn settings_that_are_there_are_followed() {
    let desk = Desk::new();
    let (ann, bob) = (desk.key("Ann <ann@example.org>"), desk.key("Bob <bob@example.org>"));
    let settings = format!("wheels = \"store\"\nsigners = [\"{ann}\"]\nupstream-wheels = [\"*\"]\n");
    desk.write("rustvenv.toml", &settings);
    let said = desk.init(&["--signer", &bob, "--signer", &ann], Tools::With("uv")).ok();
    assert!(said.stderr.contains(&format!("add to `signers`: \"{bob}\"")), "{}", said.stderr);
    assert_eq!(desk.read("rustvenv.toml"), settings);
    let config = desk.read("debian/greet-er.rustvenv");
    assert!(config.contains("wheels = [\"store\"]\nmanifest = \"store/sha256sums.txt\""), "{config}");
    assert!(config.contains("requirements = [\"requirements.txt\"]"), "{config}");
    assert!(Fingerprint::parse(&ann).is_ok());
}
