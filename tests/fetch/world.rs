//! A directory with an index, a lock and what was fetched; servers for the index; and calls of the program.

use rustvenv::digest::Sha256;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The distribution's, whatever comes first on PATH.
const PYTHON: &str = "/usr/bin/python3";

pub(crate) struct World {
    directory: TempDir,
}

/// What a call left.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
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

/// A certificate authority, and a server that it vouches for.
pub(crate) struct Authority {
    pub(crate) certificate: PathBuf,
    server_certificate: PathBuf,
    server_key: PathBuf,
    _directory: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("rustvenv-test-").tempdir().unwrap();
        for name in ["index", "home"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Puts a file of `project` on the index.
    pub(crate) fn publish(&self, project: &str, name: &str, bytes: &[u8]) {
        self.put(&format!("index/{project}/{name}"), bytes);
    }

    /// Writes requirements.txt: projects, versions, and contents of which the digests are locked.
    pub(crate) fn lock(&self, releases: &[(&str, &str, &[&[u8]])]) {
        let mut text = String::new();
        for (project, version, contents) in releases {
            text.push_str(&format!("{project}=={version}"));
            for content in *contents {
                text.push_str(&format!(" --hash=sha256:{}", Sha256::of(content)));
            }
            text.push('\n');
        }
        self.put("requirements.txt", text.as_bytes());
    }

    /// Removes a directory.
    pub(crate) fn forget(&self, name: &str) {
        let _ = fs::remove_dir_all(self.path(name));
    }

    /// The names in a directory, sorted; none when it is not there.
    pub(crate) fn files(&self, name: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(name)) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// A call of `rustvenv fetch` that sees nothing of the surroundings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rustvenv"));
        command
            .args(["fetch", "--requirements", "requirements.txt", "--sdists", "sdists", "--python", "3.11"])
            .args(["--architecture", "amd64", "--glibc", "2.36"])
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path("home"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, command: &mut Command) -> Done {
        let output = command.output().unwrap();
        Done {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn fetch(&self, arguments: &[&str]) -> Done {
        self.run(&mut self.command(arguments))
    }

    /// A new authority; each has the same name and another key.
    pub(crate) fn authority(&self) -> Authority {
        let directory = tempfile::tempdir().unwrap();
        let openssl = |arguments: &str| {
            let done =
                Command::new("openssl").args(arguments.split(' ')).current_dir(directory.path()).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        };
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
        openssl(&format!("req -new {key} -keyout server.key -out server.csr -subj /CN=server"));
        fs::write(directory.path().join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        openssl(
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
        );
        Authority {
            certificate: directory.path().join("ca.pem"),
            server_certificate: directory.path().join("server.pem"),
            server_key: directory.path().join("server.key"),
            _directory: directory,
        }
    }
}

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    base: String,
    log: Option<PathBuf>,
}

impl Server {
    /// tests/fetch/server.py over the world's index.
    pub(crate) fn of(world: &World) -> Self {
        Self::start(world, None)
    }

    /// The same, with TLS.
    pub(crate) fn with_tls(world: &World, authority: &Authority) -> Self {
        Self::start(world, Some(authority))
    }

    fn start(world: &World, authority: Option<&Authority>) -> Self {
        let log = world.path("requests");
        fs::write(&log, "").unwrap();
        let mut command = Command::new(PYTHON);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fetch/server.py");
        command.arg(script).arg(world.path("index")).arg(&log);
        if let Some(authority) = authority {
            command.arg(&authority.server_certificate).arg(&authority.server_key);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut port).unwrap();
        let scheme = if authority.is_some() { "https" } else { "http" };
        Self { child, base: format!("{scheme}://127.0.0.1:{}", port.trim()), log: Some(log) }
    }

    /// `python3 -m http.server` over a directory.
    pub(crate) fn python(directory: &Path) -> Self {
        let mut child = Command::new(PYTHON)
            .args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0", "--directory"])
            .arg(directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        // Serving HTTP on 127.0.0.1 port 34567 (http://127.0.0.1:34567/) ...
        let port = line.split(' ').nth(5).unwrap_or_else(|| panic!("{line}"));
        Self { child, base: format!("http://127.0.0.1:{port}"), log: None }
    }

    /// The index that behaves like `how`; the root of the server when that is empty.
    pub(crate) fn url(&self, how: &str) -> String {
        if how.is_empty() { format!("{}/", self.base) } else { format!("{}/{how}/simple", self.base) }
    }

    /// What was asked so far, a line a request: method, path, range.
    pub(crate) fn asked(&self) -> Vec<String> {
        fs::read_to_string(self.log.as_ref().unwrap()).unwrap().lines().map(str::to_owned).collect()
    }

    /// Forgets what was asked.
    pub(crate) fn forget(&self) {
        fs::write(self.log.as_ref().unwrap(), "").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
