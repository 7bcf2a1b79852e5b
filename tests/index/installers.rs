//! pip and uv, from Python's server, from nginx with the configuration that is shipped, and from files; and the real browser.

use crate::store::{Done, Server, Store, command, run};
use crate::wheel::Wheel;
use rustvenv::digest::Sha256;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// An application that needs a library, by which an installer has to look at METADATA.
fn store() -> Store {
    Store::new([
        Wheel::new("demo-app", "1.0+local.1")
            .metadata("Requires-Dist: demo-lib>=1\nRequires-Python: >=3.8\nSummary: The <application>\n")
            .file("demo_app.py", "import demo_lib\n"),
        Wheel::new("demo-lib", "1.0").metadata("Summary: A library\n").file("demo_lib.py", "x = 1\n"),
        Wheel::new("demo-lib", "1.1").file("demo_lib.py", "x = 2\n"),
        Wheel::new("demo-lib", "9").metadata("Requires-Python: >=99\n"),
    ])
}

/// A lock of the two, or of a wheel with another digest.
fn lock(store: &Store, name: &str, edit: impl Fn(String) -> String) -> PathBuf {
    let line = |project: &str, file: &str| {
        let digest = Sha256::of(&fs::read(store.root.join("wheels").join(file)).unwrap());
        format!("{project} --hash=sha256:{digest}\n")
    };
    let text = line("demo-app==1.0+local.1", "demo_app-1.0+local.1-py3-none-any.whl")
        + &line("demo-lib==1.1", "demo_lib-1.1-py3-none-any.whl");
    store.write(name, edit(text));
    store.root.join(name)
}

fn pip(index: &str, target: &Path, requirements: &[&str]) -> Command {
    let mut pip = command("/usr/bin/python3");
    pip.args(["-m", "pip", "--isolated", "install", "--disable-pip-version-check", "--no-cache-dir", "--no-compile"])
        .args(["--index-url", index, "--target"])
        .arg(target)
        .args(requirements);
    pip
}

fn uv(index: &str, target: &Path, requirements: &[&str]) -> Command {
    let mut uv = command(the_uv());
    uv.args(["pip", "install", "--no-config", "--no-cache", "--python", "/usr/bin/python3", "--index-url", index])
        .arg("--target")
        .arg(target)
        .args(requirements);
    uv
}

/// uv, fetched by its hash with the pip and the index of the user's configuration, and kept.
fn the_uv() -> &'static Path {
    static UV: OnceLock<PathBuf> = OnceLock::new();
    UV.get_or_init(|| {
        let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/index/uv.txt");
        let digest = Sha256::of(&fs::read(&list).unwrap()).hex();
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("uv-{}", &digest[..16]));
        if !place.exists() {
            let new = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            let done = run(Command::new("/usr/bin/python3")
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"])
                .args(["--require-hashes", "--no-deps", "--requirement"])
                .arg(&list)
                .arg("--target")
                .arg(new.path()));
            done.ok();
            // another test binary may have been faster
            let _ = fs::rename(new.path(), &place);
        }
        place.join("bin/uv")
    })
}

/// Both installers install the lock from `index`, and refuse a file that is not the locked one.
fn installs_from(store: &Store, index: &str) {
    let good = lock(store, "requirements.txt", |text| text);
    let bad = lock(store, "bad.txt", |text| text.replace("demo-lib==1.1", "demo-lib==1.0"));
    for (name, installer) in [("pip", pip as fn(&str, &Path, &[&str]) -> Command), ("uv", uv)] {
        let target = store.root.join(format!("installed-{name}"));
        let _ = fs::remove_dir_all(&target);
        let locked = ["--require-hashes", "--requirement", good.to_str().unwrap()];
        run(&mut installer(index, &target, &locked)).ok();
        let read = |path: &str| fs::read_to_string(target.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!((read("demo_app.py").as_str(), read("demo_lib.py").as_str()), ("import demo_lib\n", "x = 2\n"));
        fs::remove_dir_all(&target).unwrap();
        let locked = ["--require-hashes", "--requirement", bad.to_str().unwrap()];
        let done = run(&mut installer(index, &target, &locked));
        assert!(done.status != 0 && !target.join("demo_lib.py").exists(), "{name}: {done:?}");
        // by name: the release for a Python that does not exist is passed over
        run(&mut installer(index, &target, &["demo.app"])).ok();
        assert_eq!(read("demo_lib.py"), "x = 2\n", "{name}");
        fs::remove_dir_all(&target).unwrap();
    }
}

#[test]
fn pip_and_uv_install_from_a_plain_server() {
    let store = store();
    store.index(&[]).ok();
    let server = Server::python(&store.root.join("public"));
    installs_from(&store, &server.url("simple/"));
}

#[test]
fn pip_and_uv_install_from_files() {
    let store = store();
    store.index(&["--files", "symlink"]).ok();
    installs_from(&store, &format!("file://{}/public/simple", store.root.display()));
    // the links that lead out of the index
    store.index(&["--files", "relative"]).ok();
    installs_from(&store, &format!("file://{}/public/simple", store.root.display()));
}

/// What a server answers: status, headers in lower case, body.
fn get(url: &str, accept: &str) -> (String, String) {
    let done = run(command("curl")
        .args(["--silent", "--show-error", "--include", "--header"])
        .arg(format!("Accept: {accept}"))
        .arg(url))
    .ok();
    let (head, body) = done.stdout.split_once("\r\n\r\n").unwrap();
    (head.to_ascii_lowercase(), body.to_owned())
}

#[test]
fn pip_and_uv_install_from_nginx_and_are_given_json() {
    let store = store();
    store.index(&[]).ok();
    let server = Server::nginx(&store.root.join("public"), &store.root.join("nginx"));
    installs_from(&store, &server.url("simple/"));

    let json = "application/vnd.pypi.simple.v1+json";
    for (accept, kind, begin) in [
        (json, json, "{\"meta\":"),
        (
            "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
            json,
            "{\"meta\":",
        ),
        ("application/vnd.pypi.simple.latest+json", json, "{\"meta\":"),
        ("text/html", "text/html", "<!DOCTYPE html>"),
        ("*/*", "text/html", "<!DOCTYPE html>"),
    ] {
        for page in ["simple/", "simple/demo-lib/"] {
            let (head, body) = get(&server.url(page), accept);
            assert!(
                head.starts_with("http/1.1 200") && head.contains(&format!("content-type: {kind}")),
                "{accept}: {head}"
            );
            assert!(head.contains("vary: accept") && head.contains("x-content-type-options: nosniff"), "{head}");
            assert!(body.starts_with(begin), "{accept}: {body}");
        }
    }
    assert!(get(&server.url("simple/demo-lib"), "*/*").0.starts_with("http/1.1 301"));
    assert!(get(&server.url("simple/nothing/"), "*/*").0.starts_with("http/1.1 404"));
    assert!(get(&server.url(".rustvenv-index"), "*/*").0.starts_with("http/1.1 404"));
    assert!(get(&server.url(""), "*/*").1.contains("<h1>Python packages</h1>"));
    let (head, body) = get(&server.url("files/demo_lib-1.1-py3-none-any.whl.metadata"), "*/*");
    assert!(head.contains("application/octet-stream") && body.starts_with("Metadata-Version: 2.1"), "{head}");
}

/// pip's own reader and that of `packaging`'s users, on every page.
#[test]
fn pip_reads_from_both_forms_what_is_meant() {
    let store = store();
    store.write("yanked", "demo-lib==1.0 \"broken\" <&>\n");
    store.index(&["--yanked", "yanked"]).ok();
    let script = r#"
import sys
from pip._internal.index.collector import IndexContent, parse_links
from pip._internal.models.link import Link

def links(name, kind):
    content = open(f"public/simple/demo-lib/{name}", "rb").read()
    page = IndexContent(content, kind, "utf-8", "https://index.example/simple/demo-lib/", cache_link_parsing=False)
    return [
        (link.url_without_fragment, link.filename, link.requires_python, link.yanked_reason, link.hash)
        for link in parse_links(page)
    ]

html, json = links("index.html", "text/html"), links("index.v1_json", "application/vnd.pypi.simple.v1+json")
for one in html:
    print(*one, sep="|")
print([one[:4] for one in html] == [one[:4] for one in json])
"#;
    let done = run(command("/usr/bin/python3").args(["-c", script]).current_dir(&store.root)).ok();
    let digest = |file: &str| Sha256::of(&fs::read(store.root.join("wheels").join(file)).unwrap()).hex();
    let line = |version: &str, requires: &str, yanked: &str| {
        let file = format!("demo_lib-{version}-py3-none-any.whl");
        format!("https://index.example/files/{file}|{file}|{requires}|{yanked}|{}\n", digest(&file))
    };
    let expected =
        line("1.0", "None", "\"broken\" <&>") + &line("1.1", "None", "None") + &line("9", ">=99", "None") + "True\n";
    assert_eq!(done.stdout, expected, "{}", done.stderr);
}

/// Renders `page` in a window of `size` and leaves the picture in `picture`; what the browser says of errors.
fn picture(page: &str, size: &str, picture: &Path, more: &[&str]) -> Done {
    let home = tempfile::tempdir().unwrap();
    let mut browser = command("chromium-headless-shell");
    browser
        .args([
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--virtual-time-budget=4000",
            "--enable-logging=stderr",
        ])
        .arg(format!("--user-data-dir={}", home.path().display()))
        .arg(format!("--window-size={size}"))
        .arg(format!("--screenshot={}", picture.display()))
        .args(more)
        .arg(page)
        .env("HOME", home.path());
    run(&mut browser)
}

#[test]
fn a_browser_shows_the_front_page() {
    let names = [
        "attrs",
        "certifi",
        "cffi",
        "click",
        "cryptography",
        "Jinja2",
        "MarkupSafe",
        "pycparser",
        "PyYAML",
        "requests",
    ];
    let store = Store::new(names.iter().map(|name| {
        Wheel::new(name, "1.0")
            .metadata("Summary: What this project says of itself, at some length and <em>with markup</em>\n")
    }));
    store.write("wheels/planted-1-py3-none-any.whl", Wheel::new("planted", "1").build());
    store.write("yanked", "click==1.0 broken\n");
    store.index(&["--yanked", "yanked", "--title", "Wheels of the demo project"]).ok();
    let server = Server::python(&store.root.join("public"));
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (name, page, size, more) in [
        ("front", "index.html", "1280,900", &[][..]),
        ("front-dark-phone", "index.html", "390,1400", &["--blink-settings=preferredColorScheme=0"]),
        ("project", "projects/click/index.html", "1280,600", &[]),
    ] {
        let file = kept.join(format!("index-{name}.png"));
        let _ = fs::remove_file(&file);
        let done = picture(&server.url(page), size, &file, more);
        assert!(
            !done.stderr.contains("Content Security Policy") && !done.stderr.contains("CONSOLE"),
            "{}",
            done.stderr
        );
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}\n{}", file.display(), done.stderr));
        // a page that was not rendered compresses to next to nothing
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000, "{}: {} bytes", file.display(), bytes.len());
    }
    // the script ran: it filled in the address and showed the search; nothing else became an element
    let home = tempfile::tempdir().unwrap();
    let dump = |page: &str| {
        let mut browser = command("chromium-headless-shell");
        browser.args(["--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000", "--dump-dom"]);
        browser.arg(format!("--user-data-dir={}", home.path().display())).arg(page).env("HOME", home.path());
        run(&mut browser).ok().stdout
    };
    for address in [server.url(""), format!("file://{}/public/", store.root.display())] {
        let dom = dump(&format!("{address}index.html"));
        assert!(dom.contains(&format!("<span id=\"url\">{address}simple/</span>")), "{dom}");
        assert!(dom.contains("<div class=\"search\" id=\"search\">"), "{dom}");
        assert!(dom.contains("&lt;em&gt;with markup&lt;/em&gt;") && !dom.contains("<em>"), "{dom}");
    }
}
