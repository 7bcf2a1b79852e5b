//! `rustvenv fetch` against real servers on the loopback: an index that behaves, and many that do not.
//!
//! Files are text that is called an sdist or wheel: nothing that is fetched is ever opened. The servers are tests/fetch/server.py
//! and Python's own http.server; certificates are made by openssl.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::disallowed_methods)]

mod world;

use rustvenv::digest::Sha256;
use std::fs;
use std::time::{Duration, Instant};
use world::{Done, Server, World};

const SDIST: &str = "foo_bar-1.0.tar.gz";
const WHEEL: &str = "foo_bar-1.0-py3-none-any.whl";

/// A world in which `foo-bar` 1.0 has an sdist and a wheel, and both are locked.
fn world() -> World {
    let world = World::new();
    world.publish("foo-bar", SDIST, &content());
    world.publish("foo-bar", WHEEL, b"wheel");
    world.lock(&[("Foo.Bar", "1.0", &[&content(), b"wheel"])]);
    world
}

/// Long enough to come in several pieces.
fn content() -> Vec<u8> {
    (0..300_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn line() -> String {
    format!("{SDIST} {} {}\n", Sha256::of(&content()), content().len())
}

#[track_caller]
fn fetched(world: &World, done: Done) -> Done {
    let done = done.ok();
    assert_eq!(done.stdout, line(), "{}", done.stderr);
    assert_eq!(world.files("sdists"), [SDIST]);
    assert_eq!(fs::read(world.path("sdists").join(SDIST)).unwrap(), content());
    done
}

#[test]
fn an_index_of_any_form() {
    let world = world();
    let server = Server::of(&world);
    for how in ["json", "html", "nohash", "gzip", "moved", "away", "yanked"] {
        world.forget("sdists");
        let done = fetched(&world, world.fetch(&["--index-url", &server.url(how)]));
        let withdrawn = format!("warning: {SDIST} was withdrawn by its authors: a bad\\u{{1b}}[31m idea");
        assert_eq!(done.stderr.contains(&withdrawn), how == "yanked", "{}", done.stderr);
    }
    // a directory, with pages and without, through Python's own server and as it is
    let plain = Server::python(&world.path("index"));
    world.forget("sdists");
    fetched(&world, world.fetch(&["--index-url", &plain.url("")]));
    for index in [world.path("index"), world.path("index/foo-bar")] {
        for url in [index.to_str().unwrap().to_owned(), format!("file://{}", index.display())] {
            world.forget("sdists");
            fetched(&world, world.fetch(&["--index-url", &url]));
        }
    }
    let page = format!("<a href='../elsewhere/{SDIST}'>x</a>");
    fs::write(world.path("index/foo-bar/index.html"), page).unwrap();
    fs::create_dir(world.path("index/elsewhere")).unwrap();
    fs::rename(world.path("index/foo-bar").join(SDIST), world.path("index/elsewhere").join(SDIST)).unwrap();
    world.forget("sdists");
    fetched(&world, world.fetch(&["--index-url", world.path("index").to_str().unwrap()]));
}

#[test]
fn what_passes_is_tried_again() {
    let world = world();
    let server = Server::of(&world);
    for (how, ranges) in [("late", 0), ("flaky", 0), ("short", 2), ("norange", 2), ("silent", 0), ("shifted", 0)] {
        world.forget("sdists");
        if how == "shifted" {
            world.put(&format!("sdists/.{SDIST}.part"), &content()[..1000]);
        }
        server.forget();
        let done = fetched(&world, world.fetch(&["--index-url", &server.url(how), "--timeout", "1"]));
        assert!(done.stderr.contains("trying again"), "{how}: {}", done.stderr);
        let asked = server.asked();
        let with_range = asked.iter().filter(|line| line.contains("bytes=")).count();
        assert!(with_range >= ranges, "{how}: {asked:?}");
    }
}

#[test]
fn what_was_fetched_is_used_again() {
    let world = world();
    let server = Server::of(&world);
    let url = server.url("json");
    let half = content().len() / 2;
    let part = format!("sdists/.{SDIST}.part");
    // the first half is there: the second is asked for
    world.put(&part, &content()[..half]);
    fetched(&world, world.fetch(&["--index-url", &url]));
    assert!(server.asked().iter().any(|line| line.ends_with(&format!("bytes={half}-"))), "{:?}", server.asked());
    // all of it is there under its name: nobody is asked, not even for the index
    server.forget();
    let done = fetched(&world, world.fetch(&["--index-url", "not an index"]));
    assert!(done.stderr.contains("0 of 1 files fetched (0 B), 1 there already"), "{}", done.stderr);
    assert!(server.asked().is_empty());
    // what is there is whole, longer than whole, or of something else
    for bytes in [content(), [content(), b"more".to_vec()].concat(), b"something else".to_vec(), Vec::new()] {
        world.forget("sdists");
        world.put(&part, &bytes);
        fetched(&world, world.fetch(&["--index-url", &url]));
    }
    // a part of a release that nobody wants any longer goes; what is not ours stays
    world.put("sdists/.foo_bar-0.9.tar.gz.part", b"old");
    world.put("sdists/.notes.part", b"mine");
    world.put("sdists/README", b"mine");
    world.fetch(&["--index-url", &url]).ok();
    assert_eq!(world.files("sdists"), [".notes.part", "README", SDIST]);
}

#[test]
fn a_run_that_is_killed_loses_nothing() {
    let world = world();
    let server = Server::of(&world);
    let mut child = world.command(&["--index-url", &server.url("slow")]).spawn().unwrap();
    let part = world.path("sdists").join(format!(".{SDIST}.part"));
    let began = Instant::now();
    while fs::metadata(&part).map_or(0, |found| found.len()) < 1000 {
        assert!(began.elapsed() < Duration::from_secs(30), "nothing was fetched");
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(world.files("sdists"), [format!(".{SDIST}.part")], "no half file under a final name");
    server.forget();
    fetched(&world, world.fetch(&["--index-url", &server.url("json")]));
    assert!(server.asked().iter().any(|line| line.contains("bytes=")), "{:?}", server.asked());
}

#[test]
fn what_an_index_may_not_do() {
    let world = world();
    let server = Server::of(&world);
    for (how, code) in [
        ("wrong", "fetched-file-differs"),
        ("otherhash", "index-files-differ"),
        ("v2", "index-page-malformed"),
        ("cut", "index-page-malformed"),
        ("login", "index-page-malformed"),
        ("endless", "download-too-large"),
        ("bomb", "download-too-large"),
        ("huge", "download-too-large"),
        ("pageloop", "address-refused"),
        ("fileloop", "address-refused"),
        ("passwd", "address-refused"),
        ("script", "address-refused"),
        ("filelink", "address-refused"),
        ("gone", "release-not-on-index"),
    ] {
        let done = world.fetch(&["--index-url", &server.url(how)]);
        assert_eq!((done.status, done.codes()), (3, vec![code]), "{how}: {}", done.stderr);
        assert!(done.stdout.is_empty());
        assert!(world.files("sdists").is_empty(), "{how}: something was kept");
    }
    // wrong bytes are refused whether the index has a hint or not, and wherever a beginning came from
    world.put(&format!("sdists/.{SDIST}.part"), &content()[..5]);
    let done = world.fetch(&["--index-url", &server.url("wrong")]);
    assert_eq!(done.codes(), ["fetched-file-differs"], "{}", done.stderr);
    assert!(world.files("sdists").is_empty());
    assert!(done.stderr.contains("expected: sha256:"), "{}", done.stderr);
    // with several indexes the first that has something wrong is not passed over
    let done = world.fetch(&["--index-url", &server.url("wrong"), "--index-url", &server.url("json")]);
    assert_eq!(done.codes(), ["fetched-file-differs"], "{}", done.stderr);
    // but one that has nothing is
    fetched(&world, world.fetch(&["--index-url", &server.url("nothing/here"), "--index-url", &server.url("json")]));
}

#[test]
fn what_a_lock_may_not_ask_for() {
    let world = world();
    let server = Server::of(&world);
    let url = server.url("json");
    let refused = |hashes: &[&[u8]], version: &str, more: &[&str], code: &str, says: &str| {
        world.lock(&[("foo-bar", version, hashes)]);
        let done = world.fetch(&[&["--index-url", url.as_str()], more].concat());
        assert_eq!((done.status, done.codes()), (3, vec![code]), "{}", done.stderr);
        assert!(done.stderr.contains(says), "{}", done.stderr);
        assert!(world.files("sdists").is_empty());
    };
    refused(&[b"wheel"], "1.0", &[], "sdist-not-locked", "--upstream-wheels foo-bar");
    refused(&[b"nothing"], "1.0", &[], "index-files-differ", SDIST);
    refused(&[b"wheel"], "1.1", &[], "release-not-on-index", "foo-bar 1.1");
    world.publish("foo-bar", "foo_bar-2.0-cp39-cp39-win32.whl", b"win");
    let wheels = ["--upstream-wheels", "Foo_Bar", "--wheels", "wheels"];
    refused(&[b"win"], "2.0", &wheels, "wheel-incompatible", "foo_bar-2.0-cp39-cp39-win32.whl");
    let done = world.fetch(&["--index-url", &url, "--upstream-wheels", "foo-baz", "--wheels", "wheels"]);
    assert_eq!(done.status, 2);
    assert!(done.stderr.contains("`foo-baz`, which the requirements do not lock"), "{}", done.stderr);
    world.put("requirements.txt", b"");
    assert_eq!(world.fetch(&["--index-url", &url]).codes(), ["lock-empty"]);
}

#[test]
fn upstreams_wheel_where_it_is_allowed() {
    let world = world();
    let server = Server::of(&world);
    let url = server.url("json");
    let wheels = ["--index-url", url.as_str(), "--upstream-wheels", "foo_bar", "--wheels", "wheels"];
    for _ in 0..2 {
        let done = world.fetch(&wheels).ok();
        assert_eq!(done.stdout, format!("{WHEEL} {} 5\n", Sha256::of(b"wheel")));
        assert!(world.files("sdists").is_empty());
        assert_eq!(world.files("wheels"), [WHEEL]);
    }
    // without a wheel in the lock there is the sdist
    world.forget("wheels");
    world.lock(&[("foo-bar", "1.0", &[&content()])]);
    fetched(&world, world.fetch(&wheels));
    assert!(world.files("wheels").is_empty());
    let done = world.fetch(&["--index-url", &url, "--upstream-wheels", "foo_bar"]);
    assert_eq!(done.status, 2, "{}", done.stderr);
}

#[test]
fn a_star_takes_upstreams_wheels_of_all_projects() {
    let world = world();
    let server = Server::of(&world);
    let url = server.url("json");
    let every = ["--index-url", url.as_str(), "--upstream-wheels", "*", "--wheels", "wheels"];
    world.fetch(&every).ok();
    assert_eq!((world.files("wheels"), world.files("sdists")), (vec![WHEEL.to_owned()], vec![]));
    // one without a wheel in the lock comes as its sdist
    world.forget("wheels");
    world.lock(&[("foo-bar", "1.0", &[&content()])]);
    fetched(&world, world.fetch(&every));
    assert!(world.files("wheels").is_empty());
}

#[test]
fn what_is_there_and_wrong_stays_as_it_is() {
    let world = world();
    let server = Server::of(&world);
    world.put(&format!("sdists/{SDIST}"), b"my own work");
    for more in [&[][..], &["--dry-run"]] {
        let done = world.fetch(&[&["--index-url", &server.url("json")], more].concat());
        assert_eq!((done.status, done.codes()), (3, vec!["file-in-the-way"]), "{}", done.stderr);
        assert!(done.stderr.contains(&format!("sdists/{SDIST}")), "{}", done.stderr);
        assert_eq!(fs::read(world.path("sdists").join(SDIST)).unwrap(), b"my own work");
    }
}

#[test]
fn many_files_in_one_order() {
    let world = World::new();
    let names: Vec<String> = (0..30).map(|n| format!("p{n:02}")).collect();
    let contents: Vec<Vec<u8>> = names.iter().map(|name| name.repeat(5000).into_bytes()).collect();
    for (name, content) in names.iter().zip(&contents) {
        world.publish(name, &format!("{name}-1.tar.gz"), content);
    }
    let hashes: Vec<[&[u8]; 1]> = contents.iter().map(|content| [content.as_slice()]).collect();
    let lock: Vec<(&str, &str, &[&[u8]])> =
        names.iter().zip(&hashes).rev().map(|(name, hashes)| (name.as_str(), "1", &hashes[..])).collect();
    world.lock(&lock);
    let server = Server::of(&world);
    let expected: String = names
        .iter()
        .zip(&contents)
        .map(|(name, content)| format!("{name}-1.tar.gz {} {}\n", Sha256::of(content), content.len()))
        .collect();
    for jobs in ["1", "3", "40"] {
        world.forget("sdists");
        assert_eq!(world.fetch(&["--index-url", &server.url("json"), "--jobs", jobs]).ok().stdout, expected);
    }
    // one that cannot be had keeps none of the others from being fetched, and everything is said at once
    world.forget("sdists");
    fs::remove_dir_all(world.path("index/p07")).unwrap();
    world.publish("p09", "p09-1.tar.gz", b"replaced");
    let done = world.fetch(&["--index-url", &server.url("json")]);
    assert_eq!((done.status, done.codes()), (3, vec!["release-not-on-index", "index-files-differ"]), "{}", done.stderr);
    assert_eq!(world.files("sdists").len(), 28);
    // in a form for programs
    fs::remove_file(world.path("sdists/p00-1.tar.gz")).unwrap();
    world.lock(&lock[29..]);
    let done = world.fetch(&["--index-url", &server.url("json"), "--format", "json", "--dry-run"]).ok();
    let value: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((value["file"].as_str(), value["kind"].as_str()), (Some("p00-1.tar.gz"), Some("sdist")));
    assert_eq!((value["project"].as_str(), value["version"].as_str()), (Some("p00"), Some("1")));
    assert_eq!(value["sha256"].as_str(), Some(Sha256::of(&contents[0]).hex().as_str()));
    assert_eq!(value["size"].as_u64(), Some(15000));
    assert!(!world.path("sdists/p00-1.tar.gz").exists(), "a dry run writes nothing");
}

#[test]
fn what_cannot_be_done() {
    let world = world();
    let server = Server::of(&world);
    for (url, says) in [
        (server.url("busy"), "the server answers 503 Service Unavailable"),
        (server.url("dead"), "cannot fetch http://127.0.0.1:"),
        ("http://127.0.0.1:1/simple".to_owned(), "Connection refused"),
        ("http://nobody.invalid/simple".to_owned(), "cannot fetch http://nobody.invalid/simple/foo-bar/"),
        (server.url("auth"), "the server answers 401 Unauthorized"),
        ("ftp://127.0.0.1/".to_owned(), "the index that --index-url names is no address"),
    ] {
        let done = world.fetch(&["--index-url", &url, "--retries", "1"]);
        assert_eq!(done.status, 2, "{url}: {}", done.stderr);
        assert!(done.stderr.contains(says), "{url}: {}", done.stderr);
        assert!(world.files("sdists").iter().all(|name| name.ends_with(".part")), "{url}");
    }
    let done = world.run(world.command(&[]).env("PIP_NO_INDEX", "1"));
    assert_eq!(done.status, 2);
    assert!(done.stderr.contains("PIP_NO_INDEX forbids it") && done.stderr.contains("--index-url"), "{}", done.stderr);
}

#[test]
fn settings_of_pip_and_uv_are_used() {
    let world = world();
    let server = Server::of(&world);
    fetched(&world, world.run(world.command(&[]).env("PIP_INDEX_URL", server.url("json"))));
    world.forget("sdists");
    fetched(&world, world.run(world.command(&[]).env("UV_DEFAULT_INDEX", server.url("html"))));
    world.forget("sdists");
    world.put("home/.config/pip/pip.conf", format!("[global]\nindex-url = {}\n", server.url("json")).as_bytes());
    let done = fetched(&world, world.fetch(&["-v"]));
    assert!(done.stderr.contains("home/.config/pip/pip.conf)"), "{}", done.stderr);
}

#[test]
fn credentials_are_used_and_never_shown() {
    let world = world();
    let server = Server::of(&world);
    let bare = server.url("auth");
    let in_url = bare.replace("http://", "http://me:s%25cret@");
    let netrc = "machine 127.0.0.1 login me password s%cret\n";
    world.put("netrc", netrc.as_bytes());
    let done = fetched(&world, world.fetch(&["--index-url", &in_url, "-v"]));
    assert!(!done.stderr.contains("cret") && done.stderr.contains(&bare), "{}", done.stderr);
    world.forget("sdists");
    fetched(&world, world.run(world.command(&["--index-url", &bare]).env("NETRC", world.path("netrc"))));
    world.forget("sdists");
    world.put("home/.netrc", netrc.as_bytes());
    fetched(&world, world.fetch(&["--index-url", &bare]));
    // a failure does not show them either
    world.forget("sdists");
    for how in ["busy", "v2", "wrong", "passwd"] {
        let url = server.url(how).replace("http://", "http://me:s%25cret@");
        let done = world.fetch(&["--index-url", &url, "--retries", "0", "-v"]);
        assert!(done.status != 0 && !done.stderr.contains("cret"), "{}", done.stderr);
    }
}

#[test]
fn proxies_are_used_where_they_are_named() {
    let world = world();
    let server = Server::of(&world);
    // the name of the index is known to the proxy alone, which is this server too
    let url = "http://index.invalid/json/simple";
    let through = |more: &[(&str, &str)]| {
        let mut command = world.command(&["--index-url", url, "--retries", "0"]);
        command.env("http_proxy", server.url("").trim_end_matches("/simple").trim_end_matches('/'));
        command.envs(more.iter().copied());
        world.run(&mut command)
    };
    fetched(&world, through(&[]));
    assert!(server.asked().iter().any(|line| line.starts_with("CONNECT index.invalid:80")), "{:?}", server.asked());
    world.forget("sdists");
    server.forget();
    assert_eq!(through(&[("no_proxy", "other,.invalid")]).status, 2);
    assert!(server.asked().is_empty());
}

#[test]
fn servers_are_known_by_the_systems_certificates() {
    let world = world();
    let authority = world.authority();
    let server = Server::with_tls(&world, &authority);
    let fetch = |how: &str, trusted: &std::path::Path| {
        world.run(
            world
                .command(&["--index-url", &server.url(how), "--retries", "0"])
                .env("SSL_CERT_FILE", trusted)
                .env("SSL_CERT_DIR", "/nonexistent"),
        )
    };
    fetched(&world, fetch("json", &authority.certificate));
    world.forget("sdists");
    // another authority of the same name
    let other = world.authority();
    let done = fetch("json", &other.certificate);
    assert_eq!(done.status, 2);
    assert!(
        done.stderr.contains("no trustworthy connection") && done.stderr.contains("SSL_CERT_FILE"),
        "{}",
        done.stderr
    );
    let done = fetch("json", &world.path("nothing.pem"));
    assert_eq!(done.status, 2);
    assert!(done.stderr.contains("there are no certificates"), "{}", done.stderr);
    // nothing leads from TLS to plain HTTP: neither a redirection nor a link
    for how in ["plain", "plainlink"] {
        let done = fetch(how, &authority.certificate);
        assert_eq!((done.status, done.codes()), (3, vec!["address-refused"]), "{how}: {}", done.stderr);
    }
}
