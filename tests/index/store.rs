//! A directory of wheels with a signed list, and the programs that work on it.

use crate::signer::{Person, lines};
use crate::wheel::Wheel;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

/// The people who sign: the first two do.
pub(crate) fn people() -> &'static [Person; 3] {
    static PEOPLE: OnceLock<[Person; 3]> = OnceLock::new();
    PEOPLE.get_or_init(|| {
        ["Ada <ada@example.org>", "Grace \"<b>\" Hopper <grace@example.org>", "Mallory <mallory@example.org>"]
            .map(Person::new)
    })
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

    /// Fails the test unless the program refused with these codes, or said `codes` where none has one.
    #[track_caller]
    pub(crate) fn refused(&self, status: i32, codes: &[&str]) {
        let found: Vec<&str> =
            self.stderr.lines().filter_map(|line| Some(line.strip_prefix("error[")?.split_once(']')?.0)).collect();
        assert_eq!((self.status, found.as_slice()), (status, codes), "{}\n{}", self.stdout, self.stderr);
    }
}

/// A call of `program` that inherits nothing but a plain environment.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
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

/// A place with `wheels/`, `keys/` and whatever is made of them.
pub(crate) struct Store {
    pub(crate) root: PathBuf,
    _directory: TempDir,
}

impl Store {
    /// With these wheels and a list of them that the first two people signed.
    pub(crate) fn new(wheels: impl IntoIterator<Item = Wheel>) -> Self {
        let directory = tempfile::Builder::new().prefix("rustvenv-test-").tempdir().unwrap();
        let store = Self { root: directory.path().to_owned(), _directory: directory };
        for (person, name) in people().iter().zip(["ada", "grace"]) {
            person.write_certificate(&store.root.join(format!("keys/{name}.asc")));
        }
        let files: Vec<(String, Vec<u8>)> =
            wheels.into_iter().map(|wheel| (wheel.file_name(), wheel.build())).collect();
        for (name, bytes) in &files {
            store.write(&format!("wheels/{name}"), bytes);
        }
        store.sign("wheels", &format!("# rustvenv-manifest: project=demo serial=1\n{}", lines(&files)), 10);
        store
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes the list of `directory` and has the first two people sign it, `days` after their keys were made.
    pub(crate) fn sign(&self, directory: &str, list: &str, days: u64) {
        self.write(&format!("{directory}/sha256sums.txt"), list);
        let signatures: Vec<u8> =
            people().iter().take(2).flat_map(|person| person.sign(list.as_bytes(), days)).collect();
        self.write(&format!("{directory}/sha256sums.txt.asc"), signatures);
    }

    /// Runs `rustvenv` here.
    pub(crate) fn rustvenv(&self, arguments: &[&str]) -> Done {
        run(command(env!("CARGO_BIN_EXE_rustvenv")).args(arguments).current_dir(&self.root))
    }

    /// Makes the index `public` of `wheels` with its list, and these further arguments.
    pub(crate) fn index(&self, more: &[&str]) -> Done {
        let mut arguments = vec!["index", "--wheels", "wheels", "--output", "public"];
        if !more.contains(&"--no-list") {
            arguments.extend(["--manifest", "wheels/sha256sums.txt", "--keyring", "keys", "--threshold", "2"]);
        }
        arguments.extend(more.iter().filter(|argument| **argument != "--no-list"));
        self.rustvenv(&arguments)
    }
}

/// What stands below `root`: path, kind and content or target, in order; without what the index remembers for itself.
pub(crate) fn tree(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(root).unwrap().display().to_string();
        let kind = entry.path().symlink_metadata().unwrap().file_type();
        let content = if kind.is_symlink() {
            format!("-> {}", fs::read_link(entry.path()).unwrap().display())
        } else if kind.is_file() && path != ".rustvenv-index" {
            rustvenv::digest::Sha256::of(&fs::read(entry.path()).unwrap()).hex()
        } else {
            String::new()
        };
        lines.push(format!("{path} {content}"));
    }
    lines
}

/// A server that ends with the value.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Python's own server of files, for `directory`; it chooses its port.
    pub(crate) fn python(directory: &Path) -> Self {
        let mut child = command("/usr/bin/python3")
            .args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"])
            .current_dir(directory)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
        Self { child, port }
    }

    /// nginx with the configuration that is shipped as an example, for `directory`.
    pub(crate) fn nginx(directory: &Path, room: &Path) -> Self {
        let port = free_port();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/nginx-index.conf");
        let example = fs::read_to_string(example).unwrap();
        assert!(example.contains("listen 80;") && example.contains("root /srv/index;"), "{example}");
        let site = example
            .replace("listen 80;", &format!("listen 127.0.0.1:{port};"))
            .replace("root /srv/index;", &format!("root {};", directory.display()));
        fs::create_dir_all(room).unwrap();
        let user = if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            "user root;"
        } else {
            ""
        };
        let room_text = room.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("    {kind}_temp_path {room_text}/{kind};\n"))
            .collect();
        let configuration = format!(
            "{user}\ndaemon off;\nmaster_process off;\npid {room_text}/pid;\nerror_log {room_text}/error.log;\nevents {{}}\n\
             http {{\n    access_log off;\n{temporary}{site}}}\n"
        );
        fs::write(room.join("nginx.conf"), configuration).unwrap();
        let child = command("nginx").arg("-c").arg(room.join("nginx.conf")).stderr(Stdio::null()).spawn().unwrap();
        let server = Self { child, port };
        server.wait(&room.join("error.log"));
        server
    }

    fn wait(&self, log: &Path) {
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nobody answers: {}", fs::read_to_string(log).unwrap_or_default());
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
}

/// A port that nobody uses at this moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
