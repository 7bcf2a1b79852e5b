//! The pages of an index: what they say, what they keep back, and when they change.

use crate::store::{Store, command, run, tree};
use crate::wheel::Wheel;
use rustvenv::code::Code;
use rustvenv::digest::Sha256;
use rustvenv::limits::Limits;
use rustvenv::maintain::static_index::inventory::{self, Item};
use rustvenv::maintain::static_index::listing::Kind;
use rustvenv::maintain::static_index::memory::Memory;
use rustvenv::maintain::static_index::yanked::Yanked;
use rustvenv::maintain::static_index::{Placement, Request, publish};
use rustvenv::refusal::Failure;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Two projects, one of them with two releases.
fn wheels() -> Vec<Wheel> {
    vec![
        Wheel::new("demo-app", "1.0").metadata("Requires-Python: >=3.8,<4\nSummary: The first\n"),
        Wheel::new("demo-app", "1.1rc1").metadata("Summary: The second\n"),
        Wheel::new("other", "2+local").tag("py2.py3-none-any").metadata("Summary: Another\n"),
    ]
}

fn digest(store: &Store, path: &str) -> String {
    Sha256::of(&fs::read(store.root.join(path)).unwrap()).hex()
}

#[test]
fn pages_for_installers_follow_the_specification() {
    let store = Store::new(wheels());
    store.write("sdists/demo-app-1.0.tar.gz", "an sdist");
    store.write("sdists/notes.txt", "none");
    store.write(
        "yanked",
        "# withdrawn\ndemo-app==1.1rc1 it is \"bad\" & <worse>\nother-2+local-py2.py3-none-any.whl\ngone==1\n",
    );
    let list = store.read("wheels/sha256sums.txt") + &format!("{}  demo-app-1.0.tar.gz\n", Sha256::of(b"an sdist"));
    store.sign("wheels", &list, 11);
    let done = store.index(&["--sdists", "sdists", "--yanked", "yanked"]).ok();
    assert!(done.stderr.contains("warning: nothing here is `gone==1`"), "{}", done.stderr);
    assert!(done.stderr.contains("1 of another kind left out") && done.stdout.is_empty(), "{done:?}");

    let root: Value = serde_json::from_str(&store.read("public/simple/index.v1_json")).unwrap();
    assert_eq!(root, json!({"meta": {"api-version": "1.1"}, "projects": [{"name": "demo-app"}, {"name": "other"}]}));
    let html = store.read("public/simple/index.html");
    assert!(
        html.contains("<a href=\"demo-app/\">demo-app</a>") && html.contains("<a href=\"other/\">other</a>"),
        "{html}"
    );

    let files: Value = serde_json::from_str(&store.read("public/simple/demo-app/index.v1_json")).unwrap();
    let wheel = "demo_app-1.0-py3-none-any.whl";
    let metadata = json!({"sha256": digest(&store, &format!("public/files/{wheel}.metadata"))});
    assert_eq!((files["name"].clone(), files["versions"].clone()), (json!("demo-app"), json!(["1.0", "1.1rc1"])));
    assert_eq!(
        files["files"][1],
        json!({
            "filename": wheel,
            "url": format!("../../files/{wheel}"),
            "hashes": {"sha256": digest(&store, &format!("wheels/{wheel}"))},
            "size": fs::metadata(store.root.join("wheels").join(wheel)).unwrap().len(),
            "requires-python": ">=3.8, <4",
            "core-metadata": metadata,
        })
    );
    assert_eq!(files["files"][0]["filename"], "demo-app-1.0.tar.gz");
    assert_eq!(files["files"][0].get("core-metadata"), None);
    assert_eq!(files["files"][2]["yanked"], "it is \"bad\" & <worse>");
    let other: Value = serde_json::from_str(&store.read("public/simple/other/index.v1_json")).unwrap();
    assert_eq!(
        (&other["files"][0]["yanked"], &other["files"][0]["url"]),
        (&json!(true), &json!("../../files/other-2%2Blocal-py2.py3-none-any.whl"))
    );

    let html = store.read("public/simple/demo-app/index.html");
    assert!(html.contains("data-requires-python=\"&gt;=3.8, &lt;4\""), "{html}");
    assert!(html.contains("data-yanked=\"it is &quot;bad&quot; &amp; &lt;worse&gt;\""), "{html}");
    assert!(
        html.contains(&format!("href=\"../../files/{wheel}#sha256={}\"", digest(&store, &format!("wheels/{wheel}"))))
    );
    assert!(store.read("public/simple/other/index.html").contains("data-yanked=\"\""));
    let text = store.read(&format!("public/files/{wheel}.metadata"));
    assert!(text.starts_with("Metadata-Version: 2.1\nName: demo-app\n"), "{text}");
}

#[test]
fn what_nobody_signed_for_is_shown_and_not_offered() {
    let store = Store::new(wheels());
    let (old, new) = (Wheel::new("demo-app", "9"), Wheel::new("planted", "1"));
    for wheel in [old, new] {
        store.write(&format!("wheels/{}", wheel.file_name()), wheel.build());
    }
    // it is not even opened
    store.write("wheels/bomb-1-py3-none-any.whl", "no archive");
    fs::remove_file(store.root.join("wheels/other-2+local-py2.py3-none-any.whl")).unwrap();
    let done = store.index(&["-v"]).ok();
    assert!(done.stderr.contains("warning: 3 files are not on the signed list"), "{}", done.stderr);
    assert!(done.stderr.contains("not on the signed list: planted-1-py3-none-any.whl"), "{}", done.stderr);
    assert!(done.stderr.contains("warning: 1 files of the signed list are not here"), "{}", done.stderr);
    for page in tree(&store.root.join("public/simple")) {
        assert!(!page.contains("planted") && !page.contains("bomb"), "{page}");
    }
    assert!(!store.read("public/simple/demo-app/index.html").contains("demo_app-9"));
    assert!(!store.root.join("public/files/planted-1-py3-none-any.whl").exists());
    let front = store.read("public/index.html");
    assert!(front.contains("planted") && front.contains("3 files are not on this list"), "{front}");
    assert!(front.contains("1 file of this list is not here"), "{front}");
    let page = store.read("public/projects/demo-app/index.html");
    assert!(page.contains("<td class=\"name file\">demo_app-9-py3-none-any.whl<br>"), "{page}");
    assert!(page.contains("not signed for") && page.contains("line 2"), "{page}");
    // the newest release is one that is offered, and no pre-release
    assert!(front.contains("demo-app</a></td><td>1.0</td><td class=\"text\">The first</td>"), "{front}");
    // the list is beside the files, with its signatures
    assert_eq!(store.read("public/files/sha256sums.txt"), store.read("wheels/sha256sums.txt"));
    assert_eq!(store.read("public/files/sha256sums.txt.asc"), store.read("wheels/sha256sums.txt.asc"));
}

#[test]
fn a_bad_list_or_file_makes_no_index() {
    let store = Store::new(wheels());
    store.index(&["--threshold", "3"]).refused(2, &[]);
    let one = ["--keyring", "keys/ada.asc"];
    let arguments = |more: &[&'static str]| {
        let start = ["index", "--wheels", "wheels", "--output", "public", "--manifest", "wheels/sha256sums.txt"];
        [&start[..], more].concat()
    };
    store.rustvenv(&arguments(&one)).ok();
    fs::remove_dir_all(store.root.join("public")).unwrap();
    store
        .rustvenv(&arguments(&[&one[..], &["--threshold", "2"]].concat()))
        .refused(3, &["signer-unknown", "threshold-not-met"]);
    store.rustvenv(&arguments(&[&one[..], &["--minimum-serial", "2"]].concat())).refused(3, &["manifest-rollback"]);
    store.rustvenv(&arguments(&[&one[..], &["--manifest-project", "x"]].concat())).refused(3, &["manifest-project"]);
    store.rustvenv(&arguments(&[])).refused(2, &[]);
    store.rustvenv(&["index", "--wheels", "wheels", "--output", "public", "--keyring", "keys"]).refused(2, &[]);
    // every file at once
    store.write("wheels/demo_app-1.0-py3-none-any.whl", "changed");
    let broken = Wheel::new("broken", "1").whole_metadata(Some("Name: another\nVersion: 1\n"));
    let (name, bytes) = (broken.file_name(), broken.build());
    store.sign("wheels", &(store.read("wheels/sha256sums.txt") + &format!("{}  {name}\n", Sha256::of(&bytes))), 12);
    store.write(&format!("wheels/{name}"), bytes);
    store.index(&[]).refused(3, &["wheel-digest-mismatch", "wheel-metadata"]);
    store.write("yanked", "everything\n");
    store.index(&["--yanked", "yanked"]).refused(2, &["yanked-malformed"]);
    assert!(!store.root.join("public/simple").exists());
}

#[test]
fn text_of_strangers_stays_text() {
    let evil =
        "</td></p><script>alert(1)</script><img src=x onerror=alert(2)> \" ' & \u{202e}gnp.exe \u{1b}[2J <!-- ]]>";
    let store = Store::new([Wheel::new("evil", "1").metadata(&format!("Summary: {evil}\nRequires-Python: >=3\n"))]);
    store.write("yanked", "evil==1 </a><script>alert(3)</script>\" onclick=\"alert(4)\n");
    store.index(&["--yanked", "yanked", "--title", "</title><script>alert(5)</script>"]).ok();
    for page in ["index.html", "projects/evil/index.html", "simple/index.html", "simple/evil/index.html"] {
        let text = store.read(&format!("public/{page}"));
        let scripts = usize::from(page == "index.html");
        assert_eq!(text.matches("<script").count(), scripts, "{page}: {text}");
        for part in ["<img", "onclick=\"", "<!-- ", "\u{202e}", "\u{1b}", "Grace \"<b>"] {
            assert!(!text.contains(part), "{page}: {part:?} in {text}");
        }
        assert_eq!(text.matches("Content-Security-Policy").count(), 1, "{page}");
        assert_eq!(text.matches("</title>").count(), 1, "{page}");
    }
    let front = store.read("public/index.html");
    assert!(front.contains("&lt;script&gt;alert(1)") && front.contains("\\u{202e}gnp.exe \\u{1b}[2J"), "{front}");
    assert!(front.contains("Grace &quot;&lt;b&gt;&quot; Hopper"), "{front}");
    // the policy names the style and the script that are there, and no other can run
    for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
        let begin = front.find(&format!("<{element}>")).unwrap() + element.len() + 2;
        let content = &front[begin..begin + front[begin..].find(&format!("</{element}>")).unwrap()];
        let allowed = format!("{directive} 'sha256-{}'", Sha256::of(content.as_bytes()).base64());
        assert!(front.contains(&allowed), "{allowed}");
    }
    // what is no version specifier does not become an attribute
    for requires in [">=3\" onmouseover=\"alert(1)", "<script>", ">=3 & more"] {
        let store = Store::new([Wheel::new("evil", "1").metadata(&format!("Requires-Python: {requires}\n"))]);
        store.index(&[]).refused(3, &["wheel-metadata"]);
    }
}

#[test]
fn equal_input_gives_equal_bytes() {
    let (one, other) = (Store::new(wheels()), Store::new(wheels().into_iter().rev()));
    for name in ["sha256sums.txt", "sha256sums.txt.asc"] {
        fs::copy(one.root.join("wheels").join(name), other.root.join("wheels").join(name)).unwrap();
    }
    one.index(&[]).ok();
    let script = format!(
        "umask 077; cd {}; exec {} index --files copy --wheels wheels --output public --manifest wheels/sha256sums.txt --keyring keys",
        other.root.display(),
        env!("CARGO_BIN_EXE_rustvenv")
    );
    let mut another = command("faketime");
    another.args(["2031-05-05 05:05:05", "sh", "-c", &script]);
    run(another.envs([("LC_ALL", "tr_TR.UTF-8"), ("TZ", "Asia/Kathmandu"), ("COLUMNS", "20")])).ok();
    assert_eq!(tree(&one.root.join("public")), tree(&other.root.join("public")));
    assert!(tree(&one.root.join("public")).len() > 15);
    // everybody may read it, whatever the umask
    for entry in walkdir::WalkDir::new(other.root.join("public")) {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if entry.file_type().is_dir() { 0o755 } else { 0o644 }, "{}", entry.path().display());
    }
}

/// Inode of each page: one that was written anew has another.
fn inodes(root: &Path) -> BTreeSet<(String, u64)> {
    let files = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files.map(|entry| (entry.path().display().to_string(), entry.metadata().unwrap().ino())).collect()
}

#[test]
fn only_what_changed_is_written() {
    let store = Store::new(wheels());
    store.index(&["--no-list"]).ok();
    let before = inodes(&store.root.join("public"));
    let done = store.index(&["--no-list"]).ok();
    assert!(done.stderr.contains("3 files, 0 of the index written, 0 removed"), "{}", done.stderr);
    // one more release: its own files, the pages of its project, and the front page
    let more = Wheel::new("demo-app", "1.2");
    store.write(&format!("wheels/{}", more.file_name()), more.build());
    store.index(&["--no-list"]).ok();
    let after = inodes(&store.root.join("public"));
    let written: Vec<&str> = after
        .difference(&before)
        .map(|(path, _)| path.strip_prefix(&format!("{}/public/", store.root.display())).unwrap())
        .collect();
    assert_eq!(
        written,
        [
            ".rustvenv-index",
            "files/demo_app-1.2-py3-none-any.whl",
            "files/demo_app-1.2-py3-none-any.whl.metadata",
            "index.html",
            "projects/demo-app/index.html",
            "simple/demo-app/index.html",
            "simple/demo-app/index.v1_json",
        ]
    );
    // a project that is gone, with what a killed run and a stranger's hand left
    fs::remove_file(store.root.join("wheels/other-2+local-py2.py3-none-any.whl")).unwrap();
    for path in [
        "simple/.x.new",
        "simple/demo-app/.index.html.new",
        "projects/demo-app/x",
        "files/.y.new",
        "files/z/z",
        ".index.html.new",
    ] {
        store.write(&format!("public/{path}"), "x");
    }
    store.write("public/simple/demo-app/index.html", "half");
    store.index(&["--no-list"]).ok();
    let fresh = Store::new([]);
    for entry in fs::read_dir(store.root.join("wheels")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, fresh.root.join("wheels").join(path.file_name().unwrap())).unwrap();
    }
    fresh.index(&["--no-list"]).ok();
    assert_eq!(tree(&store.root.join("public")), tree(&fresh.root.join("public")));
    assert!(!store.root.join("public/simple/other").exists());
}

#[test]
fn a_file_that_changed_is_read_again() {
    let store = Store::new([]);
    let path = store.root.join("sdists/a-1.zip");
    let index = || store.index(&["--no-list", "--sdists", "sdists"]).ok();
    let old = filetime::FileTime::from_unix_time(1_600_000_000, 0);
    store.write("sdists/a-1.zip", "one");
    filetime::set_file_mtime(&path, old).unwrap();
    index();
    // an old file is remembered, and what is remembered is used
    let remembered = store.read("public/.rustvenv-index");
    assert!(remembered.contains(&Sha256::of(b"one").hex()), "{remembered}");
    let lie = "0".repeat(64);
    store.write("public/.rustvenv-index", remembered.replace(&Sha256::of(b"one").hex(), &lie));
    index();
    assert!(store.read("public/simple/a/index.html").contains(&lie));
    // what cannot be understood is not
    store.write("public/.rustvenv-index", "rustvenv-index 1\nx\n");
    index();
    assert!(store.read("public/simple/a/index.html").contains(&Sha256::of(b"one").hex()));
    // same name, same size, same time: the status has changed all the same
    fs::remove_file(&path).unwrap();
    store.write("sdists/a-1.zip", "two");
    filetime::set_file_mtime(&path, old).unwrap();
    index();
    assert!(store.read("public/simple/a/index.html").contains(&Sha256::of(b"two").hex()));
    assert_eq!(store.read("public/files/a-1.zip"), "two");
}

#[test]
fn files_come_into_the_index_as_asked() {
    let store = Store::new([Wheel::new("a", "1"), Wheel::new("b", "1")]);
    let (a, b) = ("a-1-py3-none-any.whl", "b-1-py3-none-any.whl");
    let (wheel, placed) = (store.root.join("wheels").join(a), store.root.join("public/files").join(a));
    let private = store.root.join("wheels").join(b);
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
    store.index(&[]).ok();
    assert_eq!(fs::metadata(&wheel).unwrap().ino(), fs::metadata(&placed).unwrap().ino());
    // a server could not read a link to this one
    let copy = store.root.join("public/files").join(b);
    assert_ne!(fs::metadata(&private).unwrap().ino(), fs::metadata(&copy).unwrap().ino());
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o644);
    store.index(&["--files", "copy"]).ok();
    assert_ne!(fs::metadata(&wheel).unwrap().ino(), fs::metadata(&placed).unwrap().ino());
    assert_eq!(fs::read(&wheel).unwrap(), fs::read(&placed).unwrap());
    // a copy that somebody changed is made anew
    store.write(&format!("public/files/{a}"), "x");
    store.index(&["--files", "copy"]).ok();
    assert_eq!(fs::read(&wheel).unwrap(), fs::read(&placed).unwrap());
    store.index(&["--files", "symlink"]).ok();
    assert_eq!(fs::read_link(&placed).unwrap(), Path::new("../../wheels").join(a));
    assert!(store.read("public/simple/a/index.html").contains("data-core-metadata"));
    store.index(&["--files", "relative"]).ok();
    assert!(!placed.exists());
    assert_eq!(store.read("public/files/sha256sums.txt"), store.read("wheels/sha256sums.txt"));
    let page = store.read("public/simple/a/index.html");
    assert!(page.contains(&format!("href=\"../../../wheels/{a}#")) && !page.contains("metadata="), "{page}");
    store.index(&["--base-url", "https://store.example/x/"]).ok();
    let page: Value = serde_json::from_str(&store.read("public/simple/a/index.v1_json")).unwrap();
    assert_eq!(page["files"][0]["url"], format!("https://store.example/x/{a}"));
    assert_eq!(page["files"][0].get("core-metadata"), None);
    assert!(store.read("public/projects/a/index.html").contains(&format!("href=\"https://store.example/x/{a}\"")));
    store.index(&["--base-url", "x", "--files", "copy"]).refused(2, &[]);
}

#[test]
fn a_directory_of_somebody_else_is_left_alone() {
    let store = Store::new(wheels());
    store.write("public/files/holiday.jpg", "x");
    store.index(&[]).refused(2, &[]);
    assert_eq!(tree(&store.root.join("public")).len(), 3);
    let inside = ["index", "--wheels", "wheels", "--output", "."];
    store.rustvenv(&inside).refused(2, &[]);
    store.rustvenv(&["index", "--wheels", "wheels", "--output", "wheels"]).refused(2, &[]);
    store.rustvenv(&["index", "--wheels", "nowhere", "--output", "new"]).refused(2, &[]);
    assert!(!store.root.join("new").exists());
    store.write("sdists/a-1.zip", "1");
    store.write("more/a-1.zip", "2");
    store
        .rustvenv(&["index", "--wheels", "wheels", "--sdists", "sdists", "--sdists", "more", "--output", "new"])
        .refused(2, &[]);
    // one at a time
    fs::create_dir(store.root.join("new")).unwrap();
    let done = run(command("flock")
        .arg(store.root.join("new"))
        .arg(env!("CARGO_BIN_EXE_rustvenv"))
        .args(["index", "--wheels", "wheels", "--output", "new"])
        .current_dir(&store.root));
    assert!(done.status == 2 && done.stderr.contains("another process is changing new"), "{done:?}");
}

#[test]
fn a_file_that_does_not_hold_still_is_refused() {
    let store = Store::new([]);
    let (path, output) = (store.root.join("sdists/a-1.zip"), store.root.join("public"));
    fs::create_dir(&output).unwrap();
    for placement in [Placement::HardLink, Placement::Copy] {
        store.write("sdists/a-1.zip", "one");
        let limits = Limits::DEFAULT;
        let (found, _) = inventory::find(&[(store.root.join("sdists"), Kind::Sdist)], &[], &limits).unwrap();
        let mut items = inventory::read(found, None, &Yanked::default(), &mut Memory::default(), &limits).unwrap();
        fs::remove_file(&path).unwrap();
        store.write("sdists/a-1.zip", "another");
        let request =
            Request { output: &output, title: "x", placement: &placement, manifest: None, absent: 0, limits: &limits };
        let Err(Failure::Refused(refusals)) = publish(&request, &mut items) else { panic!("{placement:?}") };
        assert_eq!(refusals[0].code, Code::IndexFileChanged);
        assert!(!output.join("files/a-1.zip").exists() && !output.join("simple").exists(), "{placement:?}");
        assert!(items.iter().all(Item::is_offered));
    }
}

/// So many small wheels.
fn many(projects: usize) -> Vec<Wheel> {
    (0..projects).map(|n| Wheel::new(&format!("project-{n}"), "1.0").metadata("Summary: One of many\n")).collect()
}

/// Every new name and every removal is a moment at which the program is killed.
#[test]
fn a_killed_run_leaves_nothing_that_the_next_does_not_mend() {
    let store = Store::new(wheels());
    let arguments = ["--files", "copy"];
    store.index(&arguments).ok();
    let old = tree(&store.root.join("public"));
    fs::rename(store.root.join("public"), store.root.join("old")).unwrap();
    // one project goes, one comes, one has another release
    fs::remove_file(store.root.join("wheels/other-2+local-py2.py3-none-any.whl")).unwrap();
    for wheel in [Wheel::new("demo-app", "1.2"), Wheel::new("new", "1")] {
        let (name, bytes) = (wheel.file_name(), wheel.build());
        let line = format!("{}  {name}\n", Sha256::of(&bytes));
        store.write(&format!("wheels/{name}"), bytes);
        store.sign("wheels", &(store.read("wheels/sha256sums.txt") + &line), 11);
    }
    store.index(&arguments).ok();
    let new = tree(&store.root.join("public"));
    let whole: BTreeSet<&String> = old.iter().chain(&new).collect();
    let mut steps = 0;
    for calls in ["rename,renameat,renameat2", "unlink,unlinkat,rmdir", "openat"] {
        for step in 1.. {
            // files are opened so often that not every time is tried
            let step = if calls == "openat" { step * 9 } else { step };
            fs::remove_dir_all(store.root.join("public")).unwrap();
            run(command("cp").args(["-a", "old", "public"]).current_dir(&store.root)).ok();
            let done = run(command("strace")
                .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")])
                .args(["-e", &format!("inject={calls}:signal=SIGKILL:when={step}")])
                .arg(env!("CARGO_BIN_EXE_rustvenv"))
                .args(["index", "--wheels", "wheels", "--output", "public", "--files", "copy", "--keyring", "keys"])
                .args(["--manifest", "wheels/sha256sums.txt"])
                .current_dir(&store.root));
            if done.status == 0 {
                break;
            }
            assert_eq!(done.status, -1, "{calls} {step}: {done:?}");
            steps += 1;
            // whatever stands under a name of its own is of the old index or of the new one
            for line in tree(&store.root.join("public")) {
                let is_hidden = line.split('/').any(|part| part.starts_with('.'));
                assert!(is_hidden || line.ends_with(' ') || whole.contains(&line), "{calls} {step}: {line}");
            }
            store.index(&arguments).ok();
            assert_eq!(tree(&store.root.join("public")), new, "{calls} {step}");
        }
    }
    assert!(steps > 20, "{steps}");
}

#[test]
fn a_page_never_names_a_file_that_is_not_there_yet() {
    let store = Store::new(many(3));
    store.index(&["--no-list"]).ok();
    let done = AtomicBool::new(false);
    let looked = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (public, mut looked) = (store.root.join("public"), 0);
            while !done.load(Ordering::Relaxed) {
                let projects = fs::read_to_string(public.join("simple/index.html")).unwrap();
                for project in projects.split("<a href=\"").skip(1).map(|rest| rest.split('/').next().unwrap()) {
                    let page = fs::read_to_string(public.join(format!("simple/{project}/index.html"))).unwrap();
                    assert!(page.ends_with("</html>\n"));
                    for file in page.split("../../files/").skip(1).map(|rest| rest.split('#').next().unwrap()) {
                        assert!(public.join("files").join(file).exists(), "{file}");
                        assert!(public.join("files").join(format!("{file}.metadata")).exists(), "{file}");
                        looked += 1;
                    }
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            looked
        });
        for release in 1..12 {
            for (project, wheel) in (0..3).map(|n| (n, Wheel::new(&format!("project-{n}"), &format!("1.{release}")))) {
                store.write(&format!("wheels/{}", wheel.file_name()), wheel.build());
                let new = Wheel::new(&format!("new-{release}-{project}"), "1");
                store.write(&format!("wheels/{}", new.file_name()), new.build());
            }
            store.index(&["--no-list"]).ok();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(looked > 100, "{looked}");
}
