//! `rustvenv update`: from a lock to a signed list, with real gpg, the real sandbox and an index in a directory.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]

use rustvenv::digest::Sha256;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use wheel::Wheel;

#[path = "support/wheel.rs"]
mod wheel;

const BACKEND: &str = include_str!("support/backend.py");

/// A project, an upstream that publishes sdists, and a maintainer with a key.
struct Project {
    directory: TempDir,
}

struct Done {
    status: i32,
    stderr: String,
}

impl Done {
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self.stderr
    }
}

impl Project {
    fn new() -> Self {
        let project = Self { directory: tempfile::Builder::new().prefix("rustvenv update ").tempdir().unwrap() };
        fs::create_dir_all(project.path("project/debian/signers")).unwrap();
        fs::DirBuilder::new().mode(0o700).create(project.path("gnupg")).unwrap();
        let user = "ann <ann@example.org>";
        let quiet = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
        project.gpg(&[&quiet[..], &["--quick-generate-key", user, "ed25519", "sign", "never"]].concat());
        let certificate = project.path("project/debian/signers/ann.asc");
        project.gpg(&["--batch", "--armor", "--output", certificate.to_str().unwrap(), "--export", "ann"]);
        let upstream = project.path("upstream");
        fs::create_dir(&upstream).unwrap();
        project.write(
            "rustvenv.toml",
            &format!(
                "project = \"Hello\"\nlocks = [\"upstream.txt\"]\nindex = \"public\"\n\
                 index-url = [{:?}]\n",
                upstream.to_str().unwrap()
            ),
        );
        // what beta is built with
        project.publish("tool", "3.0", "", "def contents():\n    return {'tool.py': 'shape = \"round\"\\n'}\n");
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path("project").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path("project").join(name), text).unwrap();
    }

    fn gpg(&self, arguments: &[&str]) {
        let mut command = self.command("gpg");
        assert!(command.args(arguments).status().unwrap().success());
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs([("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("LC_ALL", "C.UTF-8")])
            .env("HOME", self.directory.path())
            .env("GNUPGHOME", self.path("gnupg"))
            .current_dir(self.path("project"))
            .stdin(Stdio::null());
        command
    }

    fn rustvenv(&self, arguments: &[&str]) -> Done {
        let output = self.command(env!("CARGO_BIN_EXE_rustvenv")).args(arguments).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        Done { status: output.status.code().unwrap(), stderr: stderr + &String::from_utf8(output.stdout).unwrap() }
    }

    fn update(&self) -> Done {
        self.rustvenv(&["update", "--yes", "--local-user", "ann"])
    }

    /// Upstream publishes a release, with a build back end of its own.
    fn publish(&self, name: &str, version: &str, requires: &str, body: &str) {
        self.publish_with(name, version, requires, body, &[]);
    }

    /// The same with more files.
    fn publish_with(&self, name: &str, version: &str, requires: &str, body: &str, more: &[(&str, &str)]) {
        let stem = format!("{name}-{version}");
        let room = tempfile::tempdir().unwrap();
        let top = room.path().join(&stem);
        fs::create_dir(&top).unwrap();
        let system = format!("requires = [{requires}]\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n");
        for (path, text) in [
            ("pyproject.toml", format!("[build-system]\n{system}")),
            ("backend.py", BACKEND.replace("@NAME@", name).replace("@VERSION@", version)),
            ("body.py", body.to_owned()),
        ] {
            fs::write(top.join(path), text).unwrap();
        }
        for (path, text) in more {
            fs::write(top.join(path), text).unwrap();
        }
        let archive = self.path("upstream").join(format!("{stem}.tar.gz"));
        let tar = ["--sort=name", "--owner=0", "--group=0", "--format=ustar", "-caf"];
        let done = Command::new("tar").args(tar).arg(archive).arg("-C").arg(room.path()).arg(stem).status().unwrap();
        assert!(done.success());
    }

    /// Locks these releases by the digests of their sdists.
    fn lock(&self, releases: &[(&str, &str)]) {
        self.write("upstream.txt", &self.lines(releases));
        self.write("build.txt", &self.lines(&[("tool", "3.0")]));
    }

    fn lines(&self, releases: &[(&str, &str)]) -> String {
        let line = |(name, version): &(&str, &str)| {
            let sdist = self.path("upstream").join(format!("{name}-{version}.tar.gz"));
            format!("{name}=={version} --hash=sha256:{}\n", Sha256::of(&fs::read(sdist).unwrap()))
        };
        releases.iter().map(line).collect()
    }

    fn two_releases(&self) {
        self.publish("alpha", "1.0", "", "def contents():\n    return {'alpha.py': 'one = 1\\n'}\n");
        // built with what tool says
        let body = "import tool\ndef contents():\n    return {'beta.py': 'shape = %r\\n' % tool.shape}\n";
        self.publish("beta", "2.0", "\"tool\"", body);
        self.lock(&[("alpha", "1.0"), ("beta", "2.0")]);
    }

    /// Two have to sign, and the other one is bob.
    fn second_signer(&self) {
        let quiet = ["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""];
        self.gpg(
            &[&quiet[..], &["--quick-generate-key", "bob <bob@example.org>", "ed25519", "sign", "never"]].concat(),
        );
        let certificate = self.path("project/debian/signers/bob.asc");
        self.gpg(&["--batch", "--armor", "--output", certificate.to_str().unwrap(), "--export", "bob"]);
        self.write("rustvenv.toml", &(self.read("rustvenv.toml") + "threshold = 2\n"));
    }

    fn verify(&self) {
        let arguments = ["verify", "--manifest", "wheels/sha256sums.txt", "--keyring", "debian/signers"];
        let more = ["--wheels", "wheels", "--requirements", "requirements.txt", "--reference-time", "2040-01-01"];
        self.rustvenv(&[&arguments[..], &more].concat()).ok();
    }

    /// Digests of everything but the signature, the index' memory and what builds leave for one another.
    fn result(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for entry in walkdir::WalkDir::new(self.path("project")) {
            let entry = entry.unwrap();
            let path = entry.path().strip_prefix(self.path("project")).unwrap().display().to_string();
            if entry.file_type().is_file()
                && !path.ends_with(".asc")
                && !path.contains("/.")
                && !path.ends_with(".html")
            {
                files.insert(path, Sha256::of(&fs::read(entry.path()).unwrap()).hex());
            }
        }
        assert!(files.contains_key("requirements.txt") && files.contains_key("wheels/sha256sums.txt"), "{files:?}");
        files
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // gpg-agent outlives who started it, and holds the directory
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.path("gnupg")).status();
    }
}

#[test]
fn one_command_and_one_signature() {
    let project = Project::new();
    project.two_releases();
    assert_eq!(project.rustvenv(&["update", "--dry-run"]).ok().matches("new for").count(), 1);
    assert!(!project.path("project/wheels").exists(), "a dry run writes nothing");
    let said = project.update().ok();
    for line in ["alpha 1.0 (new)", "beta 2.0 (new)", "signed by ", "requirements.txt written"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("tool 3.0 (new)"), "what only builds is not signed for: {said}");
    assert!(project.path("project/.rustvenv/build-wheels/tool-3.0-py3-none-any.whl").exists());
    project.verify();
    let first = project.read("wheels/sha256sums.txt");
    assert!(first.starts_with("# rustvenv-manifest: project=hello serial=1\n"), "{first}");
    let requirements = project.read("requirements.txt");
    assert!(requirements.contains("beta==2.0 \\\n") && !requirements.contains("tool"), "{requirements}");
    assert!(project.read("public/simple/beta/index.html").contains("beta-2.0-py3-none-any.whl"));

    let before = project.result();
    assert!(project.update().ok().contains("the signed list has every wheel"));
    assert_eq!(project.result(), before, "nothing to do");

    project.publish("alpha", "1.1", "", "def contents():\n    return {'alpha.py': 'one = 1.1\\n'}\n");
    project.lock(&[("alpha", "1.1"), ("beta", "2.0")]);
    // nobody is there to ask: everything but the signature is done, and kept
    let asked = project.rustvenv(&["update", "--local-user", "ann"]);
    assert!(asked.status == 2 && asked.stderr.contains("nobody to ask"), "{}", asked.stderr);
    assert!(asked.stderr.contains("alpha 1.0 -> 1.1") && asked.stderr.contains("since alpha-1.0.tar.gz: "));
    assert!(asked.stderr.contains("~ body.py"), "{}", asked.stderr);
    assert_eq!(project.read("wheels/sha256sums.txt"), first);
    project.update().ok();
    let second = project.read("wheels/sha256sums.txt");
    assert!(second.starts_with("# rustvenv-manifest: project=hello serial=2\n"), "{second}");
    let entries = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(entries(&second)[..2], entries(&first), "what was signed for stays");
    assert!(project.read("requirements.txt").contains("alpha==1.1"));
    project.verify();
}

#[test]
fn what_is_not_locked_is_not_signed_for() {
    let project = Project::new();
    project.two_releases();
    project.update().ok();
    let list = project.read("wheels/sha256sums.txt");
    // a wheel that somebody put there
    let wheels = project.path("project/wheels");
    fs::copy(wheels.join("alpha-1.0-py3-none-any.whl"), wheels.join("alpha-9.0-py3-none-any.whl")).unwrap();
    project.update().ok();
    assert_eq!(project.read("wheels/sha256sums.txt"), list);
    // upstream serves something else under the locked name
    project.publish("gamma", "1.0", "", "def contents():\n    return {}\n");
    project.lock(&[("alpha", "1.0"), ("beta", "2.0"), ("gamma", "1.0")]);
    project.publish("gamma", "1.0", "", "def contents():\n    return {'gamma.py': 'evil\\n'}\n");
    let refused = project.update();
    assert!(refused.status == 3 && refused.stderr.contains("fetched-file-differs"), "{}", refused.stderr);
    // a list that was tampered with is nothing to go on from
    project.write("wheels/sha256sums.txt", &list.replace("serial=1", "serial=2"));
    let refused = project.update();
    assert!(refused.status == 3 && refused.stderr.contains("signature-mismatch"), "{}", refused.stderr);
}

/// A wheel that nobody built, with a record that says it was.
#[test]
fn a_forged_record_is_not_signed_for() {
    let project = Project::new();
    project.two_releases();
    project.update().ok();
    let list = project.read("wheels/sha256sums.txt");
    let built = |contents: &str, place: &str| {
        project.publish("alpha", "1.1", "", &format!("def contents():\n    return {{'alpha.py': {contents:?}}}\n"));
        let arguments = ["build", "--sdists", "../upstream", "--wheels", place, "alpha==1.1"];
        let home = project.path("stranger");
        assert!(
            project
                .command(env!("CARGO_BIN_EXE_rustvenv"))
                .env("HOME", home)
                .args(arguments)
                .status()
                .unwrap()
                .success()
        );
        let wheel = project.path("project").join(place).join("alpha-1.1-py3-none-any.whl");
        Sha256::of(&fs::read(wheel).unwrap()).hex()
    };
    let evil = built("evil", "../evil");
    let honest = built("honest", "../honest");
    project.lock(&[("alpha", "1.1"), ("beta", "2.0")]);
    let name = "alpha-1.1-py3-none-any.whl";
    let record = fs::read_to_string(project.path(&format!("honest/.rustvenv-build/{name}.json"))).unwrap();
    project.write(&format!("wheels/.rustvenv-build/{name}.json"), &record.replace(&honest, &evil));
    fs::copy(project.path(&format!("evil/{name}")), project.path(&format!("project/wheels/{name}"))).unwrap();
    let refused = project.update();
    assert!(refused.status == 3 && refused.stderr.contains("error[wheel-name-taken]"), "{}", refused.stderr);
    assert_eq!(project.read("wheels/sha256sums.txt"), list);
}

/// Where two have to sign, what one of them added is approved by the other only when that one was asked.
#[test]
fn nobody_signs_for_what_only_another_one_saw() {
    let project = Project::new();
    project.second_signer();
    project.two_releases();
    let said = project.update().ok();
    assert!(said.contains("1 more have to sign"), "{said}");
    assert!(!project.path("project/public").exists(), "an index waits for both");
    let bob = ["update", "--yes", "--local-user", "bob"];
    let sign = ["sign", "--manifest", "wheels/sha256sums.txt", "--keyring", "debian/signers", "--threshold", "2"];
    // who made it may go on
    project.publish("alpha", "1.1", "", "def contents():\n    return {}\n");
    project.lock(&[("alpha", "1.1"), ("beta", "2.0")]);
    project.update().ok();
    let list = project.read("wheels/sha256sums.txt");
    project.publish("alpha", "1.2", "", "def contents():\n    return {}\n");
    project.lock(&[("alpha", "1.2"), ("beta", "2.0")]);
    let refused = project.rustvenv(&bob);
    assert!(refused.status == 3 && refused.stderr.contains("error[threshold-not-met]"), "{}", refused.stderr);
    assert_eq!(project.read("wheels/sha256sums.txt"), list);
    project.rustvenv(&[&sign[..], &["--local-user", "bob"]].concat()).ok();
    project.rustvenv(&bob).ok();
    assert_ne!(project.read("wheels/sha256sums.txt"), list);
}

#[test]
fn settings_that_would_overwrite_what_is_read_are_refused_at_once() {
    let project = Project::new();
    project.two_releases();
    let settings = project.read("rustvenv.toml");
    for wrong in [
        "requirements = \"./upstream.txt\"",
        "build-requirements = \"upstream.txt\"",
        "build-requirements = \"requirements.txt\"",
    ] {
        project.write("requirements.txt", "");
        project.write("rustvenv.toml", &format!("{settings}{wrong}\n"));
        let refused = project.update();
        assert!(
            refused.status != 0 && refused.stderr.contains("error[config-malformed]"),
            "{wrong}: {}",
            refused.stderr
        );
        assert!(!project.path("project/.rustvenv/sdists").exists(), "before anything is fetched");
    }
}

/// What only an extra of the project needs is locked as well.
#[test]
fn what_an_extra_needs_is_built() {
    let project = Project::new();
    project.two_releases();
    let sdist = project.path("upstream/alpha-1.0.tar.gz");
    let sha256 = Sha256::of(&fs::read(&sdist).unwrap());
    fs::create_dir_all(project.path("project/.rustvenv/sdists")).unwrap();
    fs::copy(sdist, project.path("project/.rustvenv/sdists/alpha-1.0.tar.gz")).unwrap();
    let lock = format!(
        "version = 1\nrequires-python = \">=3.9\"\n\n[[package]]\nname = \"hello\"\nversion = \"1.0\"\n\
         source = {{ virtual = \".\" }}\n\n[package.optional-dependencies]\nmore = [{{ name = \"alpha\" }}]\n\n\
         [[package]]\nname = \"alpha\"\nversion = \"1.0\"\nsource = {{ registry = \"https://index.invalid/simple\" }}\n\
         sdist = {{ url = \"https://index.invalid/alpha-1.0.tar.gz\", hash = \"sha256:{sha256}\" }}\n"
    );
    project.write("uv.lock", &lock);
    let settings = project.read("rustvenv.toml").replace("[\"upstream.txt\"]", "[\"uv.lock\"]\nextras = [\"more\"]");
    project.write("rustvenv.toml", &settings);
    project.update().ok();
    assert!(project.read("requirements.txt").contains("alpha==1.0"), "{}", project.read("requirements.txt"));
    project.verify();
}

#[test]
fn two_runs_at_once_do_not_meet() {
    let project = Project::new();
    project.two_releases();
    project.update().ok();
    let held = fs::File::open(project.path("project/wheels")).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let refused = project.update();
    assert!(refused.status == 2 && refused.stderr.contains("another process is changing"), "{}", refused.stderr);
}

/// What was typed while something was built, for something else, is no answer to a question that came later.
#[test]
fn what_was_typed_before_the_question_is_no_answer() {
    use std::io::{Read as _, Write as _};
    let project = Project::new();
    project.two_releases();
    let line = format!("exec '{}' update --local-user ann", env!("CARGO_BIN_EXE_rustvenv"));
    let mut child = project
        .command("script")
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    keys.write_all(b"y\n").unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"[y/N] ") {
        let mut byte = [0];
        assert_eq!(screen.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    let _ = keys.write_all(b"n\n");
    screen.read_to_end(&mut seen).unwrap();
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert!(!child.wait().unwrap().success() && seen.contains("nothing was signed"), "{seen}");
}

/// That nobody could sign is said before anything is fetched or built.
#[test]
fn who_signs_is_known_first() {
    let project = Project::new();
    project.two_releases();
    fs::remove_dir_all(project.path("project/debian/signers")).unwrap();
    let refused = project.update();
    assert!(refused.status != 0 && refused.stderr.contains("debian/signers"), "{}", refused.stderr);
    assert!(!project.path("project/.rustvenv").exists(), "{}", refused.stderr);
}

/// Killed without warning, again and again: the last run finishes, and the result is that of a run that nobody disturbed.
#[test]
fn a_run_that_is_killed_is_finished_by_the_next() {
    let undisturbed = Project::new();
    undisturbed.two_releases();
    let started = std::time::Instant::now();
    undisturbed.update().ok();
    let whole = started.elapsed();
    let project = Project::new();
    project.two_releases();
    let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut killed = 0;
    while killed < 20 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let share = f64::from(u32::try_from(random % 1000).unwrap()) / 1000.0;
        let mut child: Child = project
            .command(env!("CARGO_BIN_EXE_rustvenv"))
            .args(["update", "--yes", "--local-user", "ann"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * share));
        let ended = child.try_wait().unwrap();
        if let Some(status) = ended {
            assert!(status.success(), "a run after one that was killed fails: {status}");
            // from the beginning
            for name in ["wheels", ".rustvenv", "public"] {
                fs::remove_dir_all(project.path("project").join(name)).unwrap();
            }
        } else {
            killed += 1;
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    project.update().ok();
    project.verify();
    let names = |result: BTreeMap<String, String>| {
        // sdists are packed anew for each project, and the path of upstream's directory differs
        result.into_iter().filter(|(path, _)| !path.starts_with("public") && path != "rustvenv.toml").collect()
    };
    let (found, expected): (BTreeMap<String, String>, BTreeMap<String, String>) =
        (names(project.result()), names(undisturbed.result()));
    for (path, digest) in &expected {
        if !path.ends_with(".tar.gz") && path != "upstream.txt" && path != "build.txt" && !path.contains("signers") {
            assert_eq!(found.get(path), Some(digest), "{path}");
        }
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
}

/// What is missing is said before anything is built, all of it, in the form in which it can be locked.
#[test]
fn what_is_missing_to_build_with_is_listed_at_once() {
    let project = Project::new();
    let body = "def contents():\n    return {}\n";
    project.publish(
        "alpha",
        "1.0",
        "\"tool>=2,<4\", \"helper[fast]; python_version > '2'\", \"other; python_version < '3'\"",
        body,
    );
    project.publish("beta", "2.0", "\"tool >=3\", \"helper>=1\"", body);
    project.publish("gamma", "3.0", "\"tool>=9\"", body);
    // what builds is built with something as well
    project.publish("tool", "3.0", "\"deeper\"", body);
    project.lock(&[("alpha", "1.0"), ("beta", "2.0"), ("gamma", "3.0")]);
    let refused = project.update();
    let said = &refused.stderr;
    assert!(refused.status == 2 && said.matches("error[build-requirement-missing]").count() == 1, "{said}");
    assert!(!said.contains("building "), "before anything is built: {said}");
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("  # for ")).map(str::trim_end).collect();
    assert_eq!(
        lines,
        [
            "deeper                           # for tool-3.0.tar.gz",
            "helper[fast]>=1                  # for alpha-1.0.tar.gz, beta-2.0.tar.gz",
            "tool>=9                          # for gamma-3.0.tar.gz; there is 3.0",
        ]
    );
    // as the hint says; two versions of one tool take two locks
    project.publish("tool", "9.0", "", body);
    project.publish("deeper", "1.0", "", body);
    project.publish("helper", "1.0", "", body);
    project.write("build.txt", &project.lines(&[("tool", "3.0"), ("deeper", "1.0"), ("helper", "1.0")]));
    project.write("newer.txt", &project.lines(&[("tool", "9.0")]));
    let settings = project.read("rustvenv.toml");
    project.write("rustvenv.toml", &format!("build-locks = [\"build.txt\", \"newer.txt\"]\n{settings}"));
    let said = project.update().ok();
    assert!(said.contains("building gamma-3.0.tar.gz with tool-9.0"), "{said}");
    assert!(said.contains("building alpha-1.0.tar.gz with helper-1.0, tool-3.0"), "{said}");
    assert!(said.contains(" (7 of 7)") && said.contains("twice the same, in "), "how far it is: {said}");
    let list = project.read("wheels/sha256sums.txt");
    assert_eq!(list.lines().skip(1).count(), 3, "{list}");
    project.verify();
}

/// The crates of a Cargo.lock are fetched without being asked for, into their default place, where a part in Rust needs them.
#[test]
fn crates_are_got_where_they_are_needed() {
    let project = Project::new();
    let source = "pub fn greet() {}\n";
    let room = tempfile::tempdir().unwrap();
    fs::create_dir_all(room.path().join("greeting-0.1.0/src")).unwrap();
    fs::write(room.path().join("greeting-0.1.0/src/lib.rs"), source).unwrap();
    let crate_file = room.path().join("greeting-0.1.0.crate");
    let tar = ["--owner=0", "--group=0", "--format=ustar", "-czf"];
    let done = Command::new("tar").args(tar).arg(&crate_file).arg("-C").arg(room.path()).arg("greeting-0.1.0").status();
    assert!(done.unwrap().success());
    let lock = format!(
        "version = 3\n\n[[package]]\nname = \"greeting\"\nversion = \"0.1.0\"\n\
         source = \"registry+https://example.invalid/index\"\nchecksum = \"{}\"\n",
        Sha256::of(&fs::read(&crate_file).unwrap())
    );
    let body = "def contents():\n    return {'alpha.py': '# ' + open('/crates/greeting-0.1.0/src/lib.rs').read()}\n";
    project.publish_with("alpha", "1.0", "", body, &[("Cargo.lock", &lock)]);
    project.lock(&[("alpha", "1.0")]);
    // cargo is not here, or has no such registry
    let refused = project.update();
    assert!(refused.status == 2 && refused.stderr.contains("the crates cannot be fetched"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("building "), "{}", refused.stderr);
    fs::create_dir_all(project.path("project/.rustvenv/crates")).unwrap();
    fs::copy(&crate_file, project.path("project/.rustvenv/crates/greeting-0.1.0.crate")).unwrap();
    let said = project.update().ok();
    assert!(said.contains("alpha-1.0.tar.gz names 1 crates; 0 were fetched"), "{said}");
    project.verify();

    let project = Project::new();
    project.two_releases();
    project.update().ok();
    assert!(!project.path("project/.rustvenv/crates").exists(), "nothing is in Rust");
}

/// A project after an update for which `upstream` stands in `upstream-wheels`, and which therefore takes upstream's wheel of its tool.
#[track_caller]
fn updated_with_upstreams_tool(upstream: &str) -> Project {
    let project = Project::new();
    project.two_releases();
    let bytes = Wheel::new("tool", "3.0").file("tool.py", "shape = 'square'\n").build();
    fs::write(project.path("upstream/tool-3.0-py3-none-any.whl"), &bytes).unwrap();
    project.write("build.txt", &format!("tool==3.0 --hash=sha256:{}\n", Sha256::of(&bytes)));
    let settings = project.read("rustvenv.toml");
    project.write("rustvenv.toml", &format!("upstream-wheels = [\"{upstream}\"]\n{settings}"));
    let said = project.update().ok();
    assert!(said.contains("building beta-2.0.tar.gz with tool-3.0") && !said.contains("building tool"), "{said}");
    project
}

/// With a star nothing is built of which upstream has a wheel: not what is installed and not what builds.
#[test]
fn a_star_builds_only_what_has_no_wheel() {
    let project = updated_with_upstreams_tool("*");
    project.verify();
}

/// A tool of which upstream's wheel is allowed builds as that wheel, and is not on the list.
#[test]
fn upstreams_wheel_of_a_tool_builds() {
    let project = updated_with_upstreams_tool("tool");
    let wheel = fs::read(project.path("project/wheels/beta-2.0-py3-none-any.whl")).unwrap();
    assert!(wheel.windows(6).any(|part| part == b"square"), "built with the wheel");
    assert!(!project.read("wheels/sha256sums.txt").contains("tool"));
    project.verify();
}
