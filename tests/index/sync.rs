//! `rustvenv sync`: from directories, servers and indexes, from servers that lie, and killed at every step.

use crate::signer::lines;
use crate::store::{Done, Server, Store, command, people, run, tree};
use crate::wheel::Wheel;
use rustvenv::digest::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

const LIST: &str = "sha256sums.txt";

fn wheels() -> Vec<Wheel> {
    (0..4).map(|n| Wheel::new(&format!("project-{n}"), "1.0").file("x.txt", n.to_string().repeat(3000))).collect()
}

/// The arguments of a synchronisation of `here` with `from`.
fn arguments<'a>(from: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["sync", "--from", from, "--wheels", "here", "--keyring", "keys", "--threshold", "2"];
    arguments.extend(["--retries", "0"]);
    arguments.extend(more);
    arguments
}

fn sync(store: &Store, from: &str, more: &[&str]) -> Done {
    store.rustvenv(&arguments(from, more))
}

/// Fails the test unless `here` has what `wheels` has.
#[track_caller]
fn level(store: &Store) {
    assert_eq!(tree(&store.root.join("here")), tree(&store.root.join("wheels")));
}

/// Puts one more wheel into `wheels`, and a list of this number.
fn release(store: &Store, name: &str, number: u64) {
    let wheel = Wheel::new(name, "1.0");
    store.write(&format!("wheels/{}", wheel.file_name()), wheel.build());
    relist(store, number);
}

/// Has a list of what is in `wheels` signed, with this number.
fn relist(store: &Store, number: u64) {
    let files = wheels_in(&store.root.join("wheels"));
    store.sign("wheels", &format!("# rustvenv-manifest: project=demo serial={number}\n{}", lines(&files)), 10 + number);
}

fn wheels_in(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|suffix| suffix == "whl"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn from_directories_servers_and_indexes() {
    let store = Store::new(wheels());
    store.index(&[]).ok();
    let (plain, index) = (Server::python(&store.root.join("wheels")), Server::python(&store.root.join("public")));
    let nginx = Server::nginx(&store.root.join("public"), &store.root.join("nginx"));
    let absolute = store.root.join("wheels").display().to_string();
    for from in [
        "wheels",
        "wheels/",
        "public",
        "public/files",
        &absolute,
        &format!("file://{absolute}"),
        &plain.url(""),
        plain.url("").trim_end_matches('/'),
        &index.url(""),
        &index.url("files/"),
        &nginx.url(""),
    ] {
        let _ = fs::remove_dir_all(store.root.join("here"));
        let done = sync(&store, from, &[]).ok();
        level(&store);
        assert_eq!(done.stdout.lines().count(), 4, "{from}: {}", done.stdout);
        assert!(
            done.stderr.contains("the new list number 1 of 2024-01-11T00:00:00Z: 4 files fetched"),
            "{}",
            done.stderr
        );
        // what is there is not fetched again, and nothing is written
        let before = fs::metadata(store.root.join("here")).unwrap().modified().unwrap();
        let done = sync(&store, from, &[]).ok();
        assert!(done.stdout.is_empty() && done.stderr.contains("4 there already"), "{}", done.stderr);
        assert_eq!(fs::metadata(store.root.join("here")).unwrap().modified().unwrap(), before);
    }
    // the result is what a package build verifies
    store
        .rustvenv(&[
            "verify",
            "--manifest",
            "here/sha256sums.txt",
            "--keyring",
            "keys",
            "--threshold",
            "2",
            "--wheels",
            "here",
            "--reference-time",
            "2024-03-01",
        ])
        .ok();
}

#[test]
fn newer_lists_are_taken_and_what_they_drop_is_removed_on_request() {
    let store = Store::new(wheels());
    sync(&store, "wheels", &[]).ok();
    fs::remove_file(store.root.join("wheels/project_0-1.0-py3-none-any.whl")).unwrap();
    fs::remove_file(store.root.join("wheels/project_1-1.0-py3-none-any.whl")).unwrap();
    release(&store, "more", 2);
    store.write("here/mine.whl", "of nobody's list");
    store.write("here/project_1-1.0-py3-none-any.whl", "built by hand");
    let done = sync(&store, "wheels", &["--prune", "--dry-run", "--format", "json"]).ok();
    let digest = Sha256::of(&fs::read(store.root.join("wheels/more-1.0-py3-none-any.whl")).unwrap());
    let expected = format!(
        "{{\"fetched\":\"more-1.0-py3-none-any.whl\",\"sha256\":\"{digest}\"}}\n{{\"removed\":\"project_0-1.0-py3-none-any.whl\"}}\n"
    );
    assert_eq!(done.stdout, expected);
    assert!(
        !store.root.join("here/more-1.0-py3-none-any.whl").exists() && !store.root.join("here/.rustvenv-sync").exists()
    );
    let done = sync(&store, "wheels", &["--prune"]).ok();
    assert_eq!(
        done.stdout,
        format!("fetched more-1.0-py3-none-any.whl {digest}\nremoved project_0-1.0-py3-none-any.whl\n")
    );
    // only what the earlier list had, and only if it still was that
    assert!(!store.root.join("here/project_0-1.0-py3-none-any.whl").exists());
    assert_eq!(store.read("here/project_1-1.0-py3-none-any.whl"), "built by hand");
    assert_eq!(store.read("here/mine.whl"), "of nobody's list");
    for name in ["mine.whl", "project_1-1.0-py3-none-any.whl"] {
        fs::remove_file(store.root.join("here").join(name)).unwrap();
    }
    level(&store);
    // without being asked, nothing is removed
    fs::remove_file(store.root.join("wheels/more-1.0-py3-none-any.whl")).unwrap();
    relist(&store, 3);
    assert_eq!(sync(&store, "wheels", &[]).ok().stdout, "");
    assert!(store.root.join("here/more-1.0-py3-none-any.whl").exists());
    // one more signature of the same list
    let more = people()[2].sign(store.read("wheels/sha256sums.txt").as_bytes(), 20);
    store.write("wheels/sha256sums.txt.sig", more);
    sync(&store, "wheels", &[]).ok();
    assert_eq!(store.read("here/sha256sums.txt.sig"), store.read("wheels/sha256sums.txt.sig"));
    fs::remove_file(store.root.join("wheels/sha256sums.txt.sig")).unwrap();
    sync(&store, "wheels", &[]).ok();
    assert!(!store.root.join("here/sha256sums.txt.sig").exists());
}

#[test]
fn older_and_ambiguous_lists_are_refused() {
    // what is there, what is offered, and why not; a number is a serial, a time is that of the signature
    type List = (Option<u64>, u64);
    let rows: [(List, List, &[&str]); 9] = [
        ((Some(2), 10), (Some(1), 20), &["manifest-rollback"]),
        ((Some(2), 10), (Some(2), 20), &["sync-serial-reused"]),
        ((Some(2), 10), (None, 20), &["manifest-rollback"]),
        ((Some(2), 20), (Some(3), 10), &[]),
        ((None, 20), (None, 10), &["manifest-rollback"]),
        ((None, 20), (None, 20), &["sync-serial-reused"]),
        ((None, 20), (None, 21), &[]),
        ((None, 20), (Some(1), 20), &[]),
        ((None, 20), (Some(1), 19), &["manifest-rollback"]),
    ];
    for (old, new, codes) in rows {
        let store = Store::new([]);
        let list = |(serial, time): List, comment: &str| {
            let header = serial.map(|serial| format!("# rustvenv-manifest: serial={serial}\n")).unwrap_or_default();
            store.sign("wheels", &format!("{header}# {comment}\n"), time);
        };
        list(old, "the old one");
        sync(&store, "wheels", &[]).ok();
        let before = tree(&store.root.join("here"));
        list(new, "the new one");
        let done = sync(&store, "wheels", &[]);
        if codes.is_empty() {
            done.ok();
            level(&store);
        } else {
            done.refused(3, codes);
            assert_eq!(tree(&store.root.join("here")), before);
        }
    }
    let store = Store::new(wheels());
    sync(&store, "wheels", &["--minimum-serial", "2"]).refused(3, &["manifest-rollback"]);
    sync(&store, "wheels", &["--max-age", "100"])
        .refused(3, &["manifest-too-old", "manifest-too-old", "threshold-not-met"]);
    sync(&store, "wheels", &["--manifest-project", "other"]).refused(3, &["manifest-project"]);
    assert_eq!(tree(&store.root.join("here")).len(), 1);
}

#[test]
fn lists_that_cannot_be_believed_are_refused() {
    let store = Store::new(wheels());
    let list = store.read("wheels/sha256sums.txt");
    // signed by one of two
    store.write("wheels/sha256sums.txt.asc", people()[0].sign(list.as_bytes(), 10));
    sync(&store, "wheels", &[]).refused(3, &["threshold-not-met"]);
    store.write("wheels/sha256sums.txt.asc", people()[2].sign(list.as_bytes(), 10));
    sync(&store, "wheels", &["--threshold", "1"]).refused(2, &[]);
    let one = ["sync", "--from", "wheels", "--wheels", "here", "--keyring", "keys"];
    store.rustvenv(&one).refused(3, &["signer-unknown"]);
    fs::remove_file(store.root.join("wheels/sha256sums.txt.asc")).unwrap();
    sync(&store, "wheels", &[]).refused(3, &["signature-missing"]);
    relist(&store, 1);
    store.write("wheels/sha256sums.txt", list.clone() + "# more\n");
    sync(&store, "wheels", &[]).refused(3, &["signature-mismatch", "signature-mismatch", "threshold-not-met"]);
    assert_eq!(tree(&store.root.join("here")).len(), 1);
    // no list, no place, no certificates
    sync(&store, "keys", &[]).refused(2, &[]);
    sync(&store, "nowhere", &[]).refused(2, &[]);
    sync(&store, "ftp://example.org/", &[]).refused(2, &[]);
    sync(&store, "wheels", &["--manifest", "../wheels/sha256sums.txt"]).refused(2, &[]);
    store.rustvenv(&["sync", "--from", "wheels", "--wheels", "here"]).refused(2, &[]);
    // the list that is there says what is newer, so that it has to be believed as well
    relist(&store, 1);
    sync(&store, "wheels", &[]).ok();
    store.write("here/sha256sums.txt", list + "# more\n");
    release(&store, "more", 2);
    sync(&store, "wheels", &[])
        .refused(3, &["signature-mismatch", "signature-mismatch", "threshold-not-met", "sync-local-list"]);
}

#[test]
fn files_in_the_way_and_strange_names() {
    let store = Store::new(wheels());
    let name = "project_2-1.0-py3-none-any.whl";
    store.write(&format!("here/{name}"), "built by hand");
    sync(&store, "wheels", &[]).refused(3, &["sync-file-in-the-way"]);
    assert_eq!(tree(&store.root.join("here")).len(), 2);
    fs::remove_file(store.root.join("here").join(name)).unwrap();
    sync(&store, "wheels", &[]).ok();
    // what the list had and has suffered since is mended
    store.write(&format!("here/{name}"), "suffered");
    fs::remove_file(store.root.join("here/project_1-1.0-py3-none-any.whl")).unwrap();
    assert_eq!(sync(&store, "wheels", &[]).ok().stdout.lines().count(), 2);
    level(&store);
    // a file that was approved keeps its bytes
    store.write(&format!("wheels/{name}"), "built again");
    relist(&store, 2);
    sync(&store, "wheels", &[]).refused(3, &["sync-listed-file-changed"]);
    for name in [".rustvenv-sync", ".x.whl", LIST, "sha256sums.txt.asc"] {
        let store = Store::new([]);
        store.sign("wheels", &format!("{}  {name}\n", Sha256::of(b"x")), 10);
        sync(&store, "wheels", &[]).refused(3, &["sync-name"]);
    }
    // a name that is more than a name in a URL
    let store = Store::new([]);
    let odd = "a b%2F?#+ä.whl";
    store.write(&format!("wheels/{odd}"), "x");
    store.sign("wheels", &format!("{}  {odd}\n", Sha256::of(b"x")), 10);
    let server = Server::python(&store.root.join("wheels"));
    sync(&store, &server.url(""), &[]).ok();
    level(&store);
}

/// What a server does with a request for a file.
#[derive(Clone)]
enum Answer {
    File(Vec<u8>),
    /// The whole length is announced, and this part of it sent.
    Cut(Vec<u8>, usize),
    Status(u16),
}

/// A server that answers as it is told.
struct Liar {
    port: u16,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Liar {
    fn new(directory: &Path) -> Self {
        let answers: BTreeMap<String, Answer> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), Answer::File(fs::read(&path).unwrap()))
            })
            .collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let liar = Self {
            port: listener.local_addr().unwrap().port(),
            answers: Arc::new(Mutex::new(answers)),
            asked: Arc::default(),
        };
        let (answers, asked) = (Arc::clone(&liar.answers), Arc::clone(&liar.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = String::new();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while reader.read_line(&mut head).is_ok_and(|count| count > 2) {}
                let name = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
                asked.lock().unwrap().push(name.clone());
                let answer = answers.lock().unwrap().get(&name).cloned().unwrap_or(Answer::Status(404));
                let (status, length, body) = match answer {
                    Answer::File(bytes) => (200, bytes.len(), bytes),
                    Answer::Cut(bytes, at) => (200, bytes.len(), bytes[..at].to_vec()),
                    Answer::Status(status) => (status, 0, Vec::new()),
                };
                let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
            }
        });
        liar
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    fn answer(&self, name: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(name.to_owned(), answer);
    }

    fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap().drain(..).filter(|name| name.ends_with(".whl")).collect()
    }
}

#[test]
fn servers_that_lie_change_nothing() {
    let store = Store::new(wheels());
    let server = Liar::new(&store.root.join("wheels"));
    let name = "project_2-1.0-py3-none-any.whl";
    let good = fs::read(store.root.join("wheels").join(name)).unwrap();
    let mut other = good.clone();
    *other.last_mut().unwrap() ^= 1;
    let longer = [good.clone(), vec![0]].concat();
    for (what, answer, status, codes) in [
        ("another file", Answer::File(other), 3, &["sync-file-differs"][..]),
        ("more", Answer::File(longer), 3, &["sync-file-differs"]),
        ("less, as if it were all", Answer::File(good[..100].to_vec()), 3, &["sync-file-differs"]),
        ("nothing", Answer::File(Vec::new()), 3, &["sync-file-differs"]),
        ("less than announced", Answer::Cut(good.clone(), 100), 2, &[]),
        ("no such file", Answer::Status(404), 3, &["sync-file-missing"]),
        ("an error", Answer::Status(500), 2, &[]),
    ] {
        server.answer(name, answer);
        let done = sync(&store, &server.url(), &[]);
        done.refused(status, codes);
        // nothing stands under a name that a build would look at
        let visible: Vec<String> =
            tree(&store.root.join("here")).into_iter().filter(|line| !line.starts_with('.') && line != " ").collect();
        assert_eq!(visible, [""; 0], "{what}");
    }
    // the others were fetched in the first run and are not asked for again
    assert_eq!(server.asked().len(), 4);
    server.answer(name, Answer::File(good));
    assert_eq!(sync(&store, &server.url(), &[]).ok().stdout.lines().count(), 4);
    assert_eq!(server.asked(), BTreeSet::from([name.to_owned()]));
    level(&store);
    // a list that was replaced between two requests is asked for once more, and not for ever
    server.answer(LIST, Answer::File(b"# another\n".to_vec()));
    let done = sync(&store, &server.url(), &[]);
    done.refused(3, &["signature-mismatch", "signature-mismatch", "threshold-not-met"]);
    assert_eq!(server.asked.lock().unwrap().iter().filter(|name| *name == LIST).count(), 2);
    level(&store);
}

/// Every change of a name, and every removal, is a moment at which the program is killed; the next run finishes.
#[test]
fn killed_at_every_step_and_finished_by_the_next_run() {
    let store = Store::new(wheels());
    sync(&store, "wheels", &[]).ok();
    let before = store.root.join("before");
    copy_directory(&store.root.join("here"), &before);
    fs::remove_file(store.root.join("wheels/project_0-1.0-py3-none-any.whl")).unwrap();
    release(&store, "more", 2);
    release(&store, "still-more", 3);
    let approved: BTreeSet<(String, Vec<u8>)> =
        wheels_in(&before).into_iter().chain(wheels_in(&store.root.join("wheels"))).collect();
    let mut steps = 0;
    for calls in ["rename,renameat,renameat2", "unlink,unlinkat,rmdir", "link,linkat", "fsync,syncfs"] {
        for step in 1.. {
            let _ = fs::remove_dir_all(store.root.join("here"));
            copy_directory(&before, &store.root.join("here"));
            let done = run(command("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")])
                .args(["-e", &format!("inject={calls}:signal=SIGKILL:when={step}")])
                .arg(env!("CARGO_BIN_EXE_rustvenv"))
                .args(arguments("wheels", &["--prune", "--jobs", "1"]))
                .current_dir(&store.root));
            if done.status == 0 {
                break;
            }
            assert_eq!(done.status, -1, "{calls} {step}: {done:?}");
            steps += 1;
            // whatever stands under a final name is whole
            for file in wheels_in(&store.root.join("here")) {
                assert!(approved.contains(&file), "{calls} {step}: {}", file.0);
            }
            sync(&store, "wheels", &["--prune"]).ok();
            level(&store);
        }
    }
    assert!(steps > 15, "{steps}");
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn a_full_disk_changes_nothing() {
    let store = Store::new([Wheel::new("small", "1"), Wheel::new("large", "1").entry(large())]);
    fs::create_dir(store.root.join("here")).unwrap();
    let words = arguments("wheels", &[]).join(" ");
    let script = format!(
        "mount -t tmpfs -o size=64k none here && {{ {} {words}; status=$?; find here -mindepth 1 -not -path '*/.*'; exit $status; }}",
        env!("CARGO_BIN_EXE_rustvenv")
    );
    let is_root = std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap()) == 0;
    let unshare: &[&str] = if is_root { &["--mount"] } else { &["--map-root-user", "--mount"] };
    let done = run(command("unshare").args(unshare).args(["sh", "-c", &script]).current_dir(&store.root));
    assert_eq!((done.status, done.stdout.as_str()), (2, ""), "{done:?}");
    assert!(done.stderr.contains("the disk is full"), "{}", done.stderr);
}

/// A member that does not become small.
fn large() -> crate::wheel::Entry {
    let mut state = 1_u32;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(200_000)
    .collect();
    crate::wheel::Entry::file("large.bin", bytes)
}

#[test]
fn one_synchronisation_at_a_time() {
    let store = Store::new(wheels());
    fs::create_dir(store.root.join("here")).unwrap();
    let mut locked = command("flock");
    locked.arg("here").arg(env!("CARGO_BIN_EXE_rustvenv")).args(arguments("wheels", &[])).current_dir(&store.root);
    let done = run(&mut locked);
    assert!(done.status == 2 && done.stderr.contains("another process is changing here"), "{done:?}");
}
