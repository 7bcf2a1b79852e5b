//! Source packages made from text, and the programs that build them.

use crate::wheel::Wheel;
use rustvenv::digest::Sha256;
use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto as _;
use sequoia_openpgp::serialize::stream::{Armorer, Message, Signer};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

/// 2024-03-01 12:00 UTC, the date of debian/changelog in every source package here.
pub(crate) const EPOCH: u64 = 1_709_294_400;

/// 2024-01-01, when the signer's key was made, and two weeks later, when it signed.
const BORN: u64 = 1_704_067_200;
const SIGNED: u64 = BORN + 14 * 86_400;

/// A source tree with one binary package, `demo`.
pub(crate) struct SourcePackage {
    pub(crate) root: PathBuf,
    _directory: Option<TempDir>,
}

/// What a program left.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// Fails the test unless the program succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, 0, "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The codes of the refusals that were printed, in order.
    pub(crate) fn codes(&self) -> Vec<&str> {
        self.stderr.lines().filter_map(|line| Some(line.strip_prefix("error[")?.split_once(']')?.0)).collect()
    }
}

impl SourcePackage {
    /// In a directory of its own, with the wheel of [`application`].
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("rustvenv-test-").tempdir().unwrap();
        let root = directory.path().join("demo-1.0");
        let mut package = Self::at(&root);
        package._directory = Some(directory);
        package
    }

    /// In the directory `root`, with the wheel of [`application`].
    pub(crate) fn at(root: &Path) -> Self {
        let package = Self { root: root.to_owned(), _directory: None };
        package.write("debian/changelog", CHANGELOG);
        package.write("debian/control", CONTROL);
        package.write("debian/rules", "#!/usr/bin/make -f\n%:\n\tdh $@ --with rustvenv\n");
        fs::set_permissions(root.join("debian/rules"), fs::Permissions::from_mode(0o755)).unwrap();
        package.write("debian/source/format", "3.0 (native)\n");
        package.config("project = \"none\"\ncommands = [\"demo\"]\n");
        package.wheels([application()]);
        package
    }

    /// Writes a file of the tree.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The text of a file of the tree.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes debian/demo.rustvenv.
    pub(crate) fn config(&self, text: &str) {
        self.write("debian/demo.rustvenv", text);
    }

    /// Makes these the wheels: files, lock, signed list.
    pub(crate) fn wheels(&self, wheels: impl IntoIterator<Item = Wheel>) {
        let files: Vec<(String, Vec<u8>)> =
            wheels.into_iter().map(|wheel| (wheel.file_name(), wheel.build())).collect();
        let _ = fs::remove_dir_all(self.root.join("wheels"));
        for (name, bytes) in &files {
            self.write(&format!("wheels/{name}"), bytes);
        }
        self.write("requirements.txt", lock(&files));
        self.sign(&list(&files));
    }

    /// Writes this signed list, and signs it.
    pub(crate) fn sign(&self, manifest: &str) {
        self.write("wheels/sha256sums.txt", manifest);
        self.write("wheels/sha256sums.txt.asc", signature(manifest.as_bytes()));
        self.write("debian/signers/signer.asc", signer().armored().to_vec().unwrap());
    }

    /// Runs `rustvenv` in the tree.
    pub(crate) fn rustvenv(&self, arguments: &[&str]) -> Done {
        run(command(env!("CARGO_BIN_EXE_rustvenv")).args(arguments).current_dir(&self.root))
    }

    /// Runs `rustvenv prepare`, then `install`; what the first of them that fails left.
    pub(crate) fn install(&self) -> Done {
        let prepared = self.rustvenv(&["prepare", "--package", "demo"]);
        if prepared.status != 0 {
            return prepared;
        }
        self.rustvenv(&["install", "--package", "demo", "--facts", "debian/.debhelper/rustvenv/demo/facts"])
    }

    /// Runs dpkg-buildpackage in the tree with the add-on of this source tree.
    pub(crate) fn buildpackage(&self, arguments: &[&str]) -> Done {
        run(self.program("dpkg-buildpackage").args(["-us", "-uc", "-d"]).args(arguments))
    }

    /// A call of `name` in the tree, with the add-on of this source tree.
    pub(crate) fn program(&self, name: &str) -> Command {
        let stage = stage();
        let mut command = command(name);
        command
            .env("PATH", format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", stage.join("bin").display()))
            .env("PERL5LIB", stage.join("perl5"))
            .env("DH_AUTOSCRIPTDIR", Path::new(env!("CARGO_MANIFEST_DIR")).join("debhelper/autoscripts"))
            .current_dir(&self.root);
        command
    }

    /// The .deb of the binary package `name` that a build left.
    pub(crate) fn deb(&self, name: &str) -> PathBuf {
        let parent = self.root.parent().unwrap();
        let found = |entry: &PathBuf| entry.file_name().unwrap().to_string_lossy().starts_with(&format!("{name}_1.0_"));
        let files = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path());
        let debs: Vec<PathBuf> =
            files.filter(|path| path.extension().is_some_and(|e| e == "deb")).filter(found).collect();
        assert_eq!(debs.len(), 1, "{name}: {debs:?}");
        debs[0].clone()
    }

    /// Whether a build left a .deb of that name.
    pub(crate) fn has_deb(&self, name: &str) -> bool {
        let files = fs::read_dir(self.root.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
        files
            .map(|file| file.to_string_lossy().into_owned())
            .any(|file| file.starts_with(&format!("{name}_1.0_")) && file.ends_with(".deb"))
    }
}

const CHANGELOG: &str = "demo (1.0) unstable; urgency=medium\n\n  * Release.\n\n -- A Person <a@example.org>  Fri, 01 Mar 2024 12:00:00 +0000\n";

const CONTROL: &str = "Source: demo\nSection: misc\nPriority: optional\nMaintainer: A Person <a@example.org>\nStandards-Version: 4.6.2\n\
Rules-Requires-Root: no\nBuild-Depends: debhelper-compat (= 13), dh-sequence-rustvenv\n\nPackage: demo\nArchitecture: any\n\
Depends: ${misc:Depends}\nDescription: a demonstration\n It demonstrates.\n";

/// A project `demo-app` with a script `demo`, which prints where it runs and what it was given.
pub(crate) fn application() -> Wheel {
    Wheel::new("demo-app", "1.0")
        .file("demo_app/__init__.py", "")
        .file(
            "demo_app/cli.py",
            "import importlib.resources\nimport sys\n\n\ndef main():\n    data = importlib.resources.files('demo_app') / 'data.txt'\n    \
             print(sys.prefix, data.read_text().strip(), *sys.argv[1:], sep='|')\n    return 0\n",
        )
        .file("demo_app/data.txt", "data\n")
        .entry_points("[console_scripts]\ndemo = demo_app.cli:main\n")
}

/// The lock of these files.
pub(crate) fn lock(files: &[(String, Vec<u8>)]) -> String {
    let line = |(name, bytes): &(String, Vec<u8>)| {
        let mut parts = name.split('-');
        let (project, version) = (parts.next().unwrap(), parts.next().unwrap());
        format!("{project}=={version} \\\n    --hash=sha256:{}\n", Sha256::of(bytes))
    };
    files.iter().map(line).collect()
}

/// The list of these files, as sha256sum writes it.
pub(crate) fn list(files: &[(String, Vec<u8>)]) -> String {
    files.iter().map(|(name, bytes)| format!("{}  {name}\n", Sha256::of(bytes))).collect()
}

/// The person who signs.
fn signer() -> &'static Cert {
    static SIGNER: OnceLock<Cert> = OnceLock::new();
    SIGNER.get_or_init(|| {
        CertBuilder::new()
            .set_creation_time(UNIX_EPOCH + Duration::from_secs(BORN))
            .add_userid("A Signer <signer@example.org>")
            .set_validity_period(Duration::from_secs(3 * 365 * 86_400))
            .add_signing_subkey()
            .generate()
            .unwrap()
            .0
    })
}

fn signature(bytes: &[u8]) -> Vec<u8> {
    let policy = StandardPolicy::new();
    let key = signer().keys().with_policy(&policy, None).for_signing().next().unwrap();
    let pair = key.key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let mut armored = Vec::new();
    let message =
        Armorer::new(Message::new(&mut armored)).kind(sequoia_openpgp::armor::Kind::Signature).build().unwrap();
    let time = UNIX_EPOCH + Duration::from_secs(SIGNED);
    let mut message = Signer::new(message, pair).unwrap().detached().creation_time(time).build().unwrap();
    message.write_all(bytes).unwrap();
    message.finalize().unwrap();
    armored
}

/// Where the add-on is: bin/ for PATH and perl5/ for PERL5LIB, made of this source tree.
fn stage() -> &'static Path {
    static STAGE: OnceLock<TempDir> = OnceLock::new();
    STAGE
        .get_or_init(|| {
            let directory = tempfile::tempdir().unwrap();
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("debhelper");
            let (bin, modules) =
                (directory.path().join("bin"), directory.path().join("perl5/Debian/Debhelper/Sequence"));
            fs::create_dir_all(&bin).unwrap();
            fs::create_dir_all(&modules).unwrap();
            symlink(env!("CARGO_BIN_EXE_rustvenv"), bin.join("rustvenv")).unwrap();
            for name in ["dh_rustvenv", "dh_rustvenv_prepare", "dh_rustvenv_seal"] {
                symlink(source.join("dh_rustvenv"), bin.join(name)).unwrap();
            }
            symlink(source.join("Sequence/rustvenv.pm"), modules.join("rustvenv.pm")).unwrap();
            directory
        })
        .path()
}

/// A call of `program` that inherits nothing but a plain environment.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs([
        ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        ("LC_ALL", "C.UTF-8"),
        ("HOME", "/nonexistent"),
    ]);
    command
}

/// Runs it to its end.
pub(crate) fn run(command: &mut Command) -> Done {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Done {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What stands below a directory: path, kind, mode, time and content or target, in order; for comparisons.
pub(crate) fn tree(root: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt as _;
    let mut lines = Vec::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry.unwrap();
        let metadata = entry.path().symlink_metadata().unwrap();
        let path = entry.path().strip_prefix(root).unwrap().display().to_string();
        let content = if metadata.is_symlink() {
            format!("-> {}", fs::read_link(entry.path()).unwrap().display())
        } else if metadata.is_file() {
            Sha256::of(&fs::read(entry.path()).unwrap()).hex()
        } else {
            String::new()
        };
        lines.push(format!("{path} {:o} {} {content}", metadata.mode(), metadata.mtime()));
    }
    lines
}

/// The lines of [`tree`] without times: directories outside of the environment get theirs only at the end of a build.
pub(crate) fn timeless(tree: Vec<String>) -> Vec<String> {
    let without = |line: String| {
        let mut words: Vec<&str> = line.split(' ').collect();
        words.retain(|word| word.len() != 10 || !word.bytes().all(|byte| byte.is_ascii_digit()));
        words.join(" ")
    };
    tree.into_iter().map(without).collect()
}
