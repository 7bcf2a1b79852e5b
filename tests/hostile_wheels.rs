//! The hostile corpus the whole way, as a user would meet it: a source tree with debian/, a lock and a signed list that both name
//! the hostile wheel, because the reviewer was deceived, and `rustvenv install`.
//!
//! A refusal has to give exactly its codes, and has to leave everything as it was: source tree, package directory with what lies
//! in it already, HOME, TMPDIR and the files around them, in path, kind, mode, owner, time and content. What is installed although
//! it looks hostile has to stay inside of its environment, with a true RECORD. The rows are in `support/hostile/`; with
//! RUSTVENV_CORPUS=DIRECTORY in the environment they are written there, for `make peers`.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]
// what a campaign wants to know is printed
#![allow(clippy::print_stdout)]
// each test binary uses its part of what is shared
#![allow(dead_code)]

#[path = "support/wheel.rs"]
mod wheel;

#[path = "support/hostile/mod.rs"]
mod hostile;

#[path = "build/source_package.rs"]
mod source_package;

use hostile::{ADVISORIES, Row, Verdict};
use rustvenv::digest::Sha256;
use source_package::{Done, SourcePackage, command, list, run};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use tempfile::TempDir;

/// Rows that were there when this was last looked at. It only grows: who removes a row says why here.
const ROWS: usize = 526;

/// A place like a user's: HOME, TMPDIR, and a source tree some directories deep, each with files that nobody may touch.
struct Yard {
    directory: TempDir,
    package: SourcePackage,
}

/// Where the environment goes, and what lies beside it in the package already.
const DESTINATION: &str = "debian/demo/opt/venvs/demo";
const BYSTANDERS: &[&str] = &[
    "debian/demo/sentinel",
    "debian/demo/etc/passwd",
    "debian/demo/opt/sentinel",
    "debian/demo/opt/venvs/neighbour/sentinel",
    "debian/demo/opt/venvs/sentinel",
    "debian/demo/usr/bin/sentinel",
    "outside.txt",
    "sentinel",
];

impl Yard {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("rustvenv-hostile-").tempdir().unwrap();
        let root = directory.path().join("a/b/demo-1.0");
        let package = SourcePackage::at(&root);
        package.config("project = \"none\"\npython = \"3.11\"\nglibc = \"2.36\"\n");
        for path in BYSTANDERS {
            package.write(path, "untouched\n");
        }
        for path in ["home/.profile", "tmp/sentinel", "sentinel", "a/sentinel", "a/b/outside.txt", "a/outside.txt"] {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "untouched\n").unwrap();
        }
        symlink("sentinel", directory.path().join("link")).unwrap();
        Self { directory, package }
    }

    /// Puts the files of `row` into the tree, listed, signed for and locked.
    fn lay_out(&self, row: &Row) {
        for path in ["wheels", "debian/.debhelper", DESTINATION, "debian/demo/usr/share"] {
            let _ = fs::remove_dir_all(self.package.root.join(path));
        }
        for (name, bytes) in &row.files {
            self.package.write(&format!("wheels/{name}"), bytes);
        }
        let wheels = self.package.root.join("wheels");
        self.package.write("requirements.txt", row.lock_text(wheels.to_str().unwrap()));
        self.package.sign(&list(&row.files));
    }

    fn install(&self) -> Done {
        let path = |name: &str| self.directory.path().join(name);
        run(command(env!("CARGO_BIN_EXE_rustvenv"))
            .args(["install", "--package", "demo", "--facts", "debian/.debhelper/facts"])
            .envs([("HOME", path("home")), ("TMPDIR", path("tmp"))])
            .envs([("DEB_HOST_ARCH", "amd64"), ("SOURCE_DATE_EPOCH", "1709294400")])
            .current_dir(&self.package.root))
    }

    /// Everything there is: path, kind and mode, owner, links, time to the nanosecond, content or target.
    fn snapshot(&self) -> BTreeMap<PathBuf, String> {
        let mut found = BTreeMap::new();
        for entry in walkdir::WalkDir::new(self.directory.path()) {
            let entry = entry.unwrap();
            let metadata = entry.path().symlink_metadata().unwrap();
            let content = if metadata.is_symlink() {
                fs::read_link(entry.path()).unwrap().display().to_string()
            } else if metadata.is_file() {
                Sha256::of(&fs::read(entry.path()).unwrap()).hex()
            } else {
                String::new()
            };
            let line = format!(
                "{:o} {}:{} {} {}.{:09} {content}",
                metadata.mode(),
                metadata.uid(),
                metadata.gid(),
                metadata.nlink(),
                metadata.mtime(),
                metadata.mtime_nsec()
            );
            found.insert(entry.path().strip_prefix(self.directory.path()).unwrap().to_owned(), line);
        }
        found
    }

    /// What is wrong with what became of `row`; empty when all is as it has to be.
    fn judge(&self, row: &Row) -> Vec<String> {
        self.lay_out(row);
        let before = self.snapshot();
        let done = self.install();
        let after = self.snapshot();
        let mut wrong = Vec::new();
        let codes: BTreeSet<String> = done.codes().into_iter().map(str::to_owned).collect();
        let warned = done.stderr.contains("runs-at-start");
        let refused = matches!(row.verdict, Verdict::Refused(_));
        match &row.verdict {
            Verdict::Refused(expected) => {
                let expected: BTreeSet<String> = expected.iter().map(|code| code.name().to_owned()).collect();
                if codes != expected || !matches!(done.status, 2 | 3) {
                    wrong.push(format!("expected {expected:?}, found {codes:?}, status {}", done.status));
                }
            }
            _ if done.status != 0 => wrong.push(format!("is not installed: {codes:?}, status {}", done.status)),
            Verdict::Reported if !warned => wrong.push("nothing is said of it".to_owned()),
            _ => {}
        }
        if warned != matches!(row.verdict, Verdict::Reported) && done.status == 0 {
            wrong.push("a warning that is not expected, or none".to_owned());
        }
        if done.stderr.contains(|c: char| c.is_control() && c != '\n') {
            wrong.push("control characters reach the terminal".to_owned());
        }
        wrong.extend(differences(&before, &after, refused));
        if !refused && done.status == 0 {
            wrong.extend(self.what_is_installed(row));
        }
        if !wrong.is_empty() {
            wrong.push(done.stderr);
        }
        wrong
    }

    /// What is wrong with an environment that was installed.
    fn what_is_installed(&self, row: &Row) -> Vec<String> {
        let environment = self.package.root.join(DESTINATION);
        let site = "lib/python3.11/site-packages";
        let stands = |path: &&&str| environment.join(path.replace("SITE", site)).symlink_metadata().is_ok();
        let mut wrong: Vec<String> = Vec::new();
        wrong.extend(row.present.iter().filter(|path| !stands(path)).map(|path| format!("`{path}` is not there")));
        wrong.extend(row.absent.iter().filter(stands).map(|path| format!("`{path}` is there")));
        for entry in walkdir::WalkDir::new(&environment) {
            let entry = entry.unwrap();
            let metadata = entry.path().symlink_metadata().unwrap();
            if !metadata.is_symlink() && !matches!(metadata.mode() & 0o7777, 0o644 | 0o755) {
                wrong.push(format!("{} has mode {:o}", entry.path().display(), metadata.mode()));
            }
            if entry.file_name() == "RECORD" && entry.depth() == 5 {
                let text = fs::read_to_string(entry.path()).unwrap();
                wrong.extend(text.lines().filter(|line| !is_true(line, &environment.join(site))).map(str::to_owned));
            }
        }
        wrong
    }
}

/// Whether the file at the path of a line of RECORD has its digest.
fn is_true(line: &str, site: &Path) -> bool {
    let (path, rest) = line.rsplit_once(",sha256=").unwrap_or((line.trim_end_matches(','), ""));
    let path = path.strip_prefix('"').and_then(|path| path.strip_suffix('"')).unwrap_or(path).replace("\"\"", "\"");
    let Ok(bytes) = fs::read(site.join(&path)) else { return false };
    rest.is_empty() || rest == format!("{},{}", Sha256::of(&bytes).base64url(), bytes.len())
}

/// What changed that had to stay: everything after a refusal, else all but what an installation is for.
fn differences(before: &BTreeMap<PathBuf, String>, after: &BTreeMap<PathBuf, String>, refused: bool) -> Vec<String> {
    let ours = |path: &Path| {
        let Ok(path) = path.strip_prefix("a/b/demo-1.0/debian") else { return false };
        path.starts_with(".debhelper")
            || path.starts_with("demo/opt/venvs/demo")
            || path.starts_with("demo/usr/share")
            || ["", "demo/opt/venvs", "demo/usr"].iter().any(|parent| path == Path::new(parent))
    };
    let paths: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    let changed = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    changed
        .filter(|path| refused || !ours(path))
        .map(|path| format!("changed: {} from {:?} to {:?}", path.display(), before.get(path), after.get(path)))
        .collect()
}

/// The corpus, made once.
fn corpus() -> &'static [Row] {
    static CORPUS: OnceLock<Vec<Row>> = OnceLock::new();
    CORPUS.get_or_init(hostile::corpus)
}

#[test]
fn every_row_is_refused_or_harmless_and_a_refusal_writes_nothing() {
    let rows = corpus();
    let queue = Mutex::new(rows.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let yard = Yard::new();
                loop {
                    let Some(row) = queue.lock().unwrap().next() else { break };
                    let found = yard.judge(row);
                    if !found.is_empty() {
                        wrong.lock().unwrap().push(format!("{}:\n    {}", row.name, found.join("\n    ")));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    let failed: BTreeSet<&str> = wrong.iter().filter_map(|text| text.split(':').next()).collect();
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut hostile, mut refused) = (0, 0);
    for row in rows {
        if let Verdict::Refused(expected) = &row.verdict {
            hostile += 1;
            if !failed.contains(row.name.as_str()) {
                refused += 1;
                expected.iter().for_each(|code| *codes.entry(code.name()).or_default() += 1);
            }
        }
    }
    for (code, count) in &codes {
        println!("{count:4} {code}");
    }
    println!("{refused} of {hostile} refused by {} codes; {} rows in all", codes.len(), rows.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}\n", wrong.len(), rows.len(), wrong.join("\n"));
    // an absolute path would have led here
    for path in ["evil.py", "evil"] {
        assert!(!Path::new("/").join(path).exists() && !Path::new("/tmp").join(path).exists(), "{path}");
    }
}

#[test]
fn the_corpus_only_grows_and_every_row_has_a_name_of_its_own() {
    let rows = corpus();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    for row in rows {
        assert!(
            row.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b)),
            "{}",
            row.name
        );
        assert!(!row.files.is_empty() && !row.group.is_empty(), "{}", row.name);
    }
    assert_eq!(names.len(), rows.len(), "two rows have one name");
    assert!(rows.len() >= ROWS, "{} rows, {ROWS} before", rows.len());
    assert!(rows.len() < ROWS + 40, "raise ROWS to {}", rows.len());
    for (id, _, tried) in ADVISORIES {
        for name in *tried {
            assert!(names.contains(name), "{id}: there is no row `{name}`");
        }
    }
}

/// What lies in the place of a wheel and is no file must neither be waited for nor followed without end.
#[test]
fn what_lies_in_the_place_of_a_wheel_and_is_no_file() {
    let good = corpus().iter().find(|row| row.name == "ok-deflate").unwrap();
    let yard = Yard::new();
    let place = yard.package.root.join("wheels").join(hostile::NAME);
    let make: [(&str, &dyn Fn()); 4] = [
        ("a pipe", &|| assert!(run(command("mkfifo").arg(&place)).status == 0)),
        ("a directory", &|| fs::create_dir(&place).unwrap()),
        ("a device", &|| symlink("/dev/zero", &place).unwrap()),
        ("a link to itself", &|| symlink(hostile::NAME, &place).unwrap()),
    ];
    for (what, make) in make {
        yard.lay_out(good);
        fs::remove_file(&place).unwrap();
        make();
        let before = yard_without_content(&yard);
        let done = yard.install();
        assert_eq!(done.status, 2, "{what}: {}", done.stderr);
        assert_eq!(yard_without_content(&yard), before, "{what}");
        let _ = fs::remove_file(&place);
    }
    yard.lay_out(good);
    yard.install().ok();
}

/// Every path with its kind, mode and time: a snapshot that opens nothing.
fn yard_without_content(yard: &Yard) -> BTreeMap<PathBuf, (u32, i64, i64)> {
    let entries = walkdir::WalkDir::new(yard.directory.path()).into_iter().map(Result::unwrap);
    let line = |entry: walkdir::DirEntry| {
        let metadata = entry.path().symlink_metadata().unwrap();
        (entry.path().to_owned(), (metadata.mode(), metadata.mtime(), metadata.mtime_nsec()))
    };
    entries.map(line).collect()
}

/// The corpus as files: `ROW/wheels/FILE`, `ROW/requirements.txt` where the lock is the row's own, and corpus.json, which says
/// what we say. To the directory that RUSTVENV_CORPUS names, else to one that is thrown away.
#[test]
fn the_corpus_can_be_written_to_files() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = std::env::var_os("RUSTVENV_CORPUS").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let rows = corpus();
    let mut index = Vec::new();
    for row in rows {
        let place = directory.join(&row.name);
        fs::create_dir_all(place.join("wheels")).unwrap();
        for (name, bytes) in &row.files {
            fs::write(place.join("wheels").join(name), bytes).unwrap();
        }
        let locked: Vec<String> = row.locked.iter().map(|(name, version)| format!("{name}=={version}")).collect();
        index.push(serde_json::json!({
            "name": row.name,
            "group": row.group,
            "files": row.files.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            "locked": locked,
            "lock": row.lock,
            "verdict": ours(&row.verdict),
            "why": if let Verdict::Harmless(why) = row.verdict { why } else { "" },
        }));
    }
    let advisories: Vec<_> = ADVISORIES.iter().map(|(id, what, rows)| serde_json::json!([id, what, rows])).collect();
    let text = serde_json::json!({ "rows": index, "advisories": advisories }).to_string();
    fs::write(directory.join("corpus.json"), text).unwrap();
    assert_eq!(fs::read_dir(&directory).unwrap().count(), rows.len() + 1);
    assert_eq!(fs::read(directory.join("ok-deflate/wheels").join(hostile::NAME)).unwrap(), rows[0].files[0].1);
}

/// The verdict in the words of the documentation.
fn ours(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Refused(codes) => codes.iter().map(|code| code.name()).collect::<Vec<_>>().join(", "),
        Verdict::Control => "installed".to_owned(),
        Verdict::Harmless(_) => "installed, see below".to_owned(),
        Verdict::Reported => "installed, warning runs-at-start".to_owned(),
    }
}

/// `make peers` writes the table; here it is held against what this program does today.
#[test]
fn the_documented_verdicts_are_ours() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("HOSTILE.md")).unwrap();
    let rows = corpus();
    let of: BTreeMap<&str, String> = rows.iter().map(|row| (row.name.as_str(), ours(&row.verdict))).collect();
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("| `")) {
        let mut cells = line.split(" | ");
        let (name, verdict) = (cells.next().unwrap().trim_end_matches('`'), cells.next().unwrap());
        if of.get(name).map(String::as_str) != Some(verdict) {
            wrong.push(format!("`{name}`: documented {verdict}, is {:?}", of.get(name)));
        }
        seen.insert(name.to_owned());
    }
    assert!(wrong.is_empty(), "run `make peers`:\n{}", wrong.join("\n"));
    assert!(
        seen.len() * 10 >= rows.len() * 9,
        "{} of {} rows are documented; run `make peers`",
        seen.len(),
        rows.len()
    );
}
