//! Locks that uv, Poetry and pip wrote, and locks that somebody made to be misread.
//!
//! Below tests/locks are the locks of one project by each tool, made against an index of empty projects; `index.example` stands for
//! that index. What each of them selects is compared with the list that the project's dependencies give.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "whatever is unexpected fails the test")]

use rustvenv::code::Code;
use rustvenv::lock::resolution::{FileName, OwnProject, Place, Release, Resolution, TreeKind};
use rustvenv::lock::{Lock, poetry, pylock, requirements, uv};
use rustvenv::python::architecture::Architecture;
use rustvenv::python::dependency::Target;
use rustvenv::python::interpreter::Interpreter;
use rustvenv::python::marker::Requested;
use rustvenv::python::name::ProjectName;
use rustvenv::refusal::Refusal;
use std::fs;
use std::path::Path;

fn target(python: &str, architecture: &str) -> Target {
    Target::new(&Interpreter::parse(python).unwrap(), &Architecture::from_debian(architecture).unwrap()).unwrap()
}

fn asked(extras: &[&str], groups: &[&str]) -> Requested {
    let names = |names: &[&str]| names.iter().map(|name| ProjectName::parse(name).unwrap()).collect();
    Requested { extras: names(extras), groups: names(groups) }
}

fn fixture(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/locks").join(path)).unwrap()
}

/// `click==8.1.7`, in order.
fn selected(resolution: &Resolution) -> Vec<String> {
    resolution.releases.values().map(|release| format!("{}=={}", release.name, release.version)).collect()
}

fn release<'r>(resolution: &'r Resolution, name: &str) -> &'r Release {
    &resolution.releases[&ProjectName::parse(name).unwrap()]
}

fn codes(result: Result<Resolution, Vec<Refusal>>) -> Vec<&'static str> {
    result.err().unwrap_or_default().iter().map(|refusal| refusal.code.name()).collect()
}

/// What greet needs on amd64 with Python 3.11.
const GREET: &[&str] = &[
    "certifi==2024.8.30",
    "charset-normalizer==3.4.0",
    "click==8.1.7",
    "idna==3.10",
    "importlib-metadata==8.5.0",
    "jinja2==3.1.4",
    "markupsafe==3.0.2",
    "numpy==1.26.4",
    "pysocks==1.7.1",
    "requests==2.32.3",
    "urllib3==2.2.3",
    "zipp==3.20.2",
];

/// GREET with others in place.
fn greet(without: &[&str], with: &[&str]) -> Vec<String> {
    let mut all: Vec<String> =
        GREET.iter().filter(|one| !without.contains(one)).chain(with).map(|&one| one.to_owned()).collect();
    all.sort();
    all
}

/// Every lock of the project, for every way to ask.
#[test]
fn each_tools_lock_selects_what_the_project_needs() {
    let dev = ["iniconfig==2.0.0", "packaging==24.1", "pluggy==1.5.0", "pytest==8.3.3"];
    let read = |tool: &str, target: &Target, requested: &Requested| match tool {
        "uv" => uv::read("uv.lock", &fixture("uv/uv.lock"), None, target, requested),
        "poetry-2.1" => poetry::read("poetry.lock", &fixture("poetry-2.1/poetry.lock"), None, target, requested),
        _ => {
            let project = fixture("poetry-2.0/pyproject.toml");
            let lock = fixture("poetry-2.0/poetry.lock");
            poetry::read("poetry.lock", &lock, Some(("pyproject.toml", &project)), target, requested)
        }
    };
    for tool in ["uv", "poetry-2.1", "poetry-2.0"] {
        let resolved = |target: &Target, requested: &Requested| {
            read(tool, target, requested).unwrap_or_else(|refusals| panic!("{tool}: {refusals:?}"))
        };
        let amd64 = target("3.11.2", "amd64");
        let plain = resolved(&amd64, &asked(&[], &[]));
        assert_eq!(selected(&plain), greet(&[], &[]), "{tool}");
        assert_eq!(selected(&resolved(&amd64, &asked(&["fast"], &[]))), greet(&[], &["orjson==3.10.7"]), "{tool}");
        assert_eq!(selected(&resolved(&amd64, &asked(&[], &["dev"]))), greet(&[], &dev), "{tool}");
        let s390x = greet(&["jinja2==3.1.4", "markupsafe==3.0.2"], &[]);
        assert_eq!(selected(&resolved(&target("3.11.2", "s390x"), &asked(&[], &[]))), s390x, "{tool}");
        assert_eq!(codes(read(tool, &target("3.9", "amd64"), &asked(&[], &[]))), ["lock-not-for-target"], "{tool}");
        assert_eq!(codes(read(tool, &amd64, &asked(&["slow"], &[]))), ["extra-unknown"], "{tool}");
        assert_eq!(codes(read(tool, &amd64, &asked(&[], &["docs"]))), ["group-unknown"], "{tool}");
        if tool != "poetry-2.1" {
            let newer = greet(&["numpy==1.26.4"], &["numpy==2.1.3"]);
            assert_eq!(selected(&resolved(&target("3.13", "arm64"), &asked(&[], &[]))), newer, "{tool}");
        }
        // an sdist to fetch, a line to show, and who else was asked for
        let zipp = release(&plain, "zipp");
        assert_eq!(zipp.files.len(), 1, "{tool}");
        let file = &zipp.files[0];
        assert!(matches!(&file.name, Some(FileName::Sdist(name)) if name == "zipp-3.20.2.tar.gz"), "{tool}");
        assert_eq!(file.sha256.hex(), "6b7a422554e6df5382467e052ae0350bd7ba9cc650338ee7b7ac1dcad87ebc77", "{tool}");
        let line: usize = zipp.origin.rsplit(' ').next().unwrap().parse().unwrap();
        let path = if tool == "uv" { "uv/uv.lock".to_owned() } else { format!("{tool}/poetry.lock") };
        let text = fixture(&path);
        assert_eq!(text.lines().nth(line).unwrap(), "name = \"zipp\"", "{tool}: {}", zipp.origin);
        if tool != "poetry-2.1" {
            let extras: Vec<&str> = release(&plain, "requests").extras.iter().map(ProjectName::as_str).collect();
            assert_eq!(extras, ["socks"], "{tool}");
        }
        assert_eq!(release(&plain, "markupsafe").files.len(), 4, "{tool}");
        assert!(plain.trees.is_empty() && plain.warnings.is_empty(), "{tool}");
        // its hashes are the index's; what is only source stays out of a package
        let refusals = plain.into_lock("poetry.lock", &OwnProject::BesideLock).unwrap_err();
        assert_eq!(refusals.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::LockWithoutWheel], "{tool}");
    }
}

#[test]
fn pylock_of_uv_and_of_pip() {
    let read = |path: &str, target: &Target| {
        pylock::read("pylock.toml", &fixture(path), target, &asked(&[], &[]), &mut pylock::Declared::default()).unwrap()
    };
    let amd64 = target("3.11.2", "amd64");
    let resolution = read("uv/pylock.toml", &amd64);
    let dev = ["iniconfig==2.0.0", "packaging==24.1", "pluggy==1.5.0", "pytest==8.3.3"];
    assert_eq!(selected(&resolution), greet(&[], &dev));
    assert_eq!(resolution.skipped.len(), 2, "colorama and another numpy: {:?}", resolution.skipped);
    let [project] = resolution.trees.as_slice() else { panic!("{:?}", resolution.trees) };
    assert_eq!(project.kind, TreeKind::Directory(Some(String::new())));
    let place = release(&resolution, "zipp").files[0].place.clone();
    assert_eq!(place, Some(Place::Url("https://index.example/simple/zipp/zipp-3.20.2.tar.gz".to_owned())));
    // zipp is there as source only, and greet is the project itself, wherever it is
    let mut with_wheels = resolution;
    with_wheels.releases.remove(&ProjectName::parse("zipp").unwrap());
    for own in [OwnProject::BesideLock, OwnProject::At(".".to_owned())] {
        let lock = with_wheels.clone().into_lock("pylock.toml", &own);
        // `.` is the tree itself, as the empty path is
        let lock = lock.unwrap_or_else(|refusals| panic!("{own:?}: {refusals:?}"));
        assert_eq!(lock.releases[&ProjectName::parse("markupsafe").unwrap()].hashes.len(), 3, "no sdist's");
        assert_eq!(lock.skipped.len(), 3);
    }
    for own in [OwnProject::None, OwnProject::At("other".to_owned())] {
        let refusals = with_wheels.clone().into_lock("pylock.toml", &own).unwrap_err();
        assert!(refusals[0].message.contains("`greet` is a directory"), "{}", refusals[0].message);
    }
    let fast = read("uv/pylock.fast.toml", &amd64);
    assert!(fast.trees.is_empty() && selected(&fast).contains(&"orjson==3.10.7".to_owned()));
    assert!(selected(&read("uv/pylock.toml", &target("3.13", "arm64"))).contains(&"numpy==2.1.3".to_owned()));

    let lock = read("pylock.pip.toml", &amd64).into_lock("pylock.toml", &OwnProject::None).unwrap();
    assert!(lock.releases.len() > 6 && lock.releases.values().all(|locked| locked.hashes.len() == 1), "{lock:?}");
}

/// A requirements file with the index's hashes becomes the same form.
#[test]
fn requirements_become_a_resolution() {
    let hash = "0".repeat(64);
    let text = format!("a==1 --hash=sha256:{hash} --hash=sha256:{}\nb[x]==2 --hash=sha256:{hash}\n", "1".repeat(64));
    let mut load = requirements::load_from([("r.txt".to_owned(), text)].into());
    let limits = rustvenv::limits::Limits::DEFAULT;
    let lock = requirements::read(&["r.txt".to_owned()], &target("3.11", "amd64"), &limits, &mut load).unwrap();
    let resolution = Resolution::from_lock(lock.clone());
    assert_eq!(selected(&resolution), ["a==1", "b==2"]);
    assert_eq!((release(&resolution, "a").files.len(), release(&resolution, "b").origin.as_str()), (2, "r.txt line 2"));
    assert!(release(&resolution, "a").files.iter().all(|file| file.name.is_none()));
    assert_eq!(resolution.into_lock("r.txt", &OwnProject::None).unwrap(), lock);
}

// ---- pylock.toml, entry by entry

const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn read_pylock(text: &str, requested: &Requested) -> Result<Resolution, Vec<Refusal>> {
    let mut declared = pylock::Declared::default();
    let text = text.replace("HASH", HASH);
    let resolution = pylock::read("locks/pylock.toml", &text, &target("3.11.2", "amd64"), requested, &mut declared)?;
    let missing = declared.missing(requested);
    if missing.is_empty() { Ok(resolution) } else { Err(missing) }
}

/// A lock with these keys and one package.
fn one(keys: &str, package: &str) -> String {
    format!("lock-version = '1.0'\ncreated-by = 'test'\n{keys}\n[[packages]]\n{package}\n")
}

const WHEEL: &str =
    "wheels = [{name = 'a-1-py3-none-any.whl', url = 'https://index.example/a', hashes = {sha256 = 'HASH'}}]";

#[test]
fn what_a_pylock_may_be() {
    let requested = asked(&["Fast"], &["server"]);
    let keys = "extras = ['fast', 'slow']\ndependency-groups = ['server', 'dev']\ndefault-groups = ['default']\n\
                environments = [\"sys_platform == 'win32'\", \"sys_platform == 'linux'\"]\nrequires-python = '>= 3.9'\n\
                unknown = 1\n[tool.x]\ny = 1979-05-27T07:32:00Z";
    let a = format!("name = 'a'\nversion = '1'\n{WHEEL}");
    for (package, expected) in [
        (a.clone(), &["a==1"][..]),
        (format!("{a}\nmarker = \"'fast' in extras and 'default' in dependency_groups\""), &["a==1"]),
        (format!("{a}\nmarker = \"'server' in dependency_groups\""), &["a==1"]),
        (format!("{a}\nmarker = \"'slow' in extras\""), &[]),
        (format!("{a}\nmarker = \"'dev' in dependency_groups or 'fast' not in extras\""), &[]),
        (format!("{a}\nrequires-python = '>=3.8,<4'\ndependencies = [{{name = 'b'}}]\nindex = 'https://x:y@z/'"), &["a==1"]),
        // the file says the version, in any spelling of the name
        (format!("name = 'A'\n{WHEEL}"), &["a==1"]),
        // an entry that is not for the target is not looked at
        ("name = 'a'\nmarker = \"sys_platform == 'win32'\"\nwheels = 3".to_owned(), &[]),
        // a wheel by its address, with other hashes, a size and attestations
        (
            "name = 'a'\nversion = '1.0'\nsdist = {url = 'https://x/a-1.tar.gz', hashes = {sha256 = 'HASH'}}\n\
             attestation-identities = [{kind = 'x'}]\n[[packages.wheels]]\nurl = 'https://x/y/a-1%2E0-py3-none-any.whl?z#w'\n\
             size = 3\nupload-time = 1979-05-27T07:32:00Z\nhashes = {md5 = 'x', sha256 = 'HASH', sha512 = 'y'}"
                .to_owned(),
            &["a==1.0"],
        ),
        ("name = 'a'\nversion = '1'\nwheels = [{path = '../wheels/a-1-py3-none-any.whl', hashes = {sha256 = 'HASH'}}]".to_owned(), &["a==1"]),
        ("name = 'a'\narchive = {url = 'https://x/a-1-py3-none-any.whl', hashes = {sha256 = 'HASH'}}".to_owned(), &["a==1"]),
    ] {
        let resolution = read_pylock(&one(keys, &package), &requested).unwrap_or_else(|r| panic!("{package}: {}", r[0]));
        assert_eq!(selected(&resolution), expected, "{package}");
        assert!(resolution.warnings.is_empty(), "{package}");
    }
    // of several entries markers leave one
    let other =
        format!("{a}\nmarker = \"python_version < '3.11'\"\n[[packages]]\n{a}\nmarker = \"python_version >= '3.11'\"");
    assert_eq!(selected(&read_pylock(&one("", &other), &asked(&[], &[])).unwrap()), ["a==1"]);
    // a newer minor version may know more, which is said
    let newer = one("odd = 1", &format!("{a}\nstrange = 2")).replace("'1.0'\nc", "'1.7'\nc");
    let warnings = read_pylock(&newer, &asked(&[], &[])).unwrap().warnings;
    assert!(warnings.len() == 2 && warnings[0].starts_with("locks/pylock.toml line 3: `odd`"), "{warnings:?}");
    // a lock for one use does not say which extras it was made with
    assert!(read_pylock(&one("", &a), &asked(&["fast"], &[])).is_ok());
    assert_eq!(codes(read_pylock(&one("extras = []", &a), &asked(&["fast"], &[]))), ["extra-unknown"]);
    assert_eq!(codes(read_pylock(&one("", &a), &asked(&[], &["server"]))), ["group-unknown"]);
    assert!(
        read_pylock("lock-version = '1.0'\ncreated-by = 'x'\npackages = []", &asked(&[], &[]))
            .unwrap()
            .releases
            .is_empty()
    );
}

/// A change to a good lock, and what is said.
#[test]
fn what_a_pylock_may_not_be() {
    let good = one("requires-python = '>=3.11'", &format!("name = 'a'\nversion = '1'\n{WHEEL}"));
    assert!(read_pylock(&good, &asked(&[], &[])).is_ok());
    for (from, to, code, line) in [
        ("'1.0'\n", "'2.0'\n", "lock-version", 1),
        ("'1.0'\n", "'1'\n", "lock-version", 1),
        ("'1.0'\n", "'1.99999999999'\n", "lock-version", 1),
        ("'1.0'\n", "'1.+1'\n", "lock-version", 1),
        ("'1.0'\n", "1.0\n", "lock-malformed", 1),
        ("'1.0'\n", "'1.0' # \u{202e}\n", "lock-malformed", 1),
        ("'test'\n", "'te\u{200b}st'\n", "lock-malformed", 2),
        ("lock-version = '1.0'\n", "\n", "lock-malformed", 1),
        ("created-by = 'test'\n", "\n", "lock-malformed", 1),
        ("'>=3.11'", "'>=3.12'", "lock-not-for-target", 3),
        ("'>=3.11'", "'new'", "lock-malformed", 3),
        ("'>=3.11'\n", "'>=3.11'\nenvironments = [\"os_name == 'nt'\"]\n", "lock-not-for-target", 1),
        ("'>=3.11'\n", "'>=3.11'\nenvironments = []\n", "lock-not-for-target", 1),
        ("'>=3.11'\n", "'>=3.11'\nenvironments = ['x']\n", "marker-malformed", 4),
        ("'>=3.11'\n", "'>=3.11'\nextras = ['-']\n", "lock-malformed", 4),
        ("[[packages]]", "[packages]", "lock-malformed", 1),
        ("[[packages]]", "[[package]]", "lock-malformed", 1),
        ("name = 'a'\n", "\n", "lock-malformed", 4),
        ("name = 'a'\n", "name = 'a'\nname = 'a'\n", "lock-malformed", 6),
        ("name = 'a'\n", "name = 'a b'\n", "lock-malformed", 5),
        ("version = '1'", "version = 1", "lock-malformed", 6),
        ("version = '1'", "version = 'x'", "lock-malformed", 6),
        ("version = '1'", "version = '2'", "lock-file-name", 7),
        ("version = '1'", "version = '1'\nmarker = 'os_name'", "marker-malformed", 7),
        ("version = '1'", "version = '1'\nmarker = \"extra == 'x'\"", "marker-malformed", 7),
        ("version = '1'", "version = '1'\nmarker = \"platform_release > '1'\"", "marker-malformed", 7),
        ("version = '1'", "version = '1'\nrequires-python = '<3'", "lock-not-for-target", 7),
        ("version = '1'", "version = '1'\ndirectory = {path = '.'}", "lock-malformed", 4),
        ("version = '1'", "version = '1'\nvcs = {type = 'git', url = 'x', commit-id = '0'}", "lock-malformed", 4),
        (WHEEL, "", "lock-malformed", 4),
        (WHEEL, "wheels = []", "lock-malformed", 4),
        (WHEEL, "vcs = {type = 'git', url = 'x'}", "lock-malformed", 7),
        (WHEEL, "directory = {}", "lock-malformed", 7),
        (WHEEL, "directory = {path = '.', editable = 'yes'}", "lock-malformed", 7),
        (WHEEL, "archive = {url = 'https://x/b-1-py3-none-any.whl', hashes = {sha256 = 'HASH'}}", "lock-file-name", 7),
        (WHEEL, "sdist = {url = 'https://x/a-1-py3-none-any.whl', hashes = {sha256 = 'HASH'}}", "lock-malformed", 7),
        (WHEEL, "wheels = [{url = 'https://x/a-1.tar.gz', hashes = {sha256 = 'HASH'}}]", "lock-malformed", 7),
        ("a-1-py3", "a_evil-1-py3", "lock-file-name", 7),
        ("a-1-py3", "a-1.1-py3", "lock-file-name", 7),
        ("a-1-py3", "../a-1-py3", "lock-file-name", 7),
        ("name = 'a-1-py3-none-any.whl', ", "", "lock-file-name", 7),
        ("https://index.example/a", "https://user:secret@index.example/a", "lock-malformed", 7),
        ("https://index.example/a", "ftp://index.example/a", "lock-malformed", 7),
        ("https://index.example/a", "https:///a", "lock-malformed", 7),
        ("https://index.example/a", "file://host/a", "lock-malformed", 7),
        ("https://index.example/a", "https://index.example/\u{202e}a", "lock-malformed", 7),
        ("url = 'https://index.example/a'", "path = '../../a'", "config-path-escapes", 7),
        ("url = 'https://index.example/a'", "path = '/a'", "config-path-escapes", 7),
        ("url = 'https://index.example/a'", "path = 'C:\\a'", "config-path-escapes", 7),
        ("url = 'https://index.example/a', ", "", "lock-malformed", 7),
        ("hashes = ", "size = -1, hashes = ", "lock-malformed", 7),
        ("hashes = ", "size = 99999999999999999999, hashes = ", "lock-malformed", 7),
        ("hashes = ", "size = 1.5, hashes = ", "lock-malformed", 7),
        ("{sha256 = 'HASH'}", "{}", "requirement-without-hash", 7),
        ("{sha256 = 'HASH'}", "{sha512 = 'HASH'}", "requirement-without-hash", 7),
        (", hashes = {sha256 = 'HASH'}", "", "requirement-without-hash", 7),
        ("'HASH'", "'hash'", "requirement-hash", 7),
        ("'HASH'", "'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855'", "requirement-hash", 7),
        ("'HASH'", "'HASH0'", "requirement-hash", 7),
        ("'HASH'", "0", "lock-malformed", 7),
    ] {
        let text = good.replace(from, to);
        assert_ne!(text, good, "{from}");
        let refusals = read_pylock(&text, &asked(&[], &[])).err().unwrap_or_else(|| panic!("accepted: {from} {to}"));
        assert_eq!(
            refusals.iter().map(|one| one.code.name()).collect::<Vec<_>>(),
            [code],
            "{from} {to}: {}",
            refusals[0]
        );
        let message = &refusals[0].message;
        assert!(message.starts_with(&format!("locks/pylock.toml line {line}: ")), "{from} {to}: {message}");
        assert!(!refusals[0].to_string().contains("secret"), "{message}");
    }
    // two spellings of one project, a file with two hashes
    let twice = format!("{good}[[packages]]\nname = 'A'\nversion = '1'\n{WHEEL}\n");
    assert_eq!(codes(read_pylock(&twice, &asked(&[], &[]))), ["requirement-duplicate"]);
    let tree = format!("{good}[[packages]]\nname = 'A'\ndirectory = {{path = '.'}}\n");
    assert_eq!(codes(read_pylock(&tree, &asked(&[], &[]))), ["requirement-duplicate"]);
    let other = HASH.replace('e', "0");
    let two = format!(
        "wheels = [\n{}, {}\n]",
        &WHEEL[10..WHEEL.len() - 1],
        WHEEL[10..WHEEL.len() - 1].replace("HASH", &other)
    );
    assert_eq!(codes(read_pylock(&good.replace(WHEEL, &two), &asked(&[], &[]))), ["lock-malformed"]);
    // every entry is looked at
    let all = good.replace("'HASH'", "''") + "[[packages]]\nname = 'b'\n";
    assert_eq!(codes(read_pylock(&all, &asked(&[], &[]))), ["requirement-hash", "lock-malformed"]);
}

#[test]
fn what_has_no_wheel_says_what_to_do() {
    for (source, word) in [
        ("sdist = {url = 'https://x/a-1.tar.gz', hashes = {sha256 = 'HASH'}}", "only its source"),
        ("directory = {path = '../other'}", "a directory"),
        ("directory = {path = '../../..'}", "a directory"),
        ("vcs = {type = 'git', url = 'https://x/a', commit-id = '0'}", "a repository"),
        ("archive = {url = 'https://x/main.zip', hashes = {sha256 = 'HASH'}}", "an archive"),
        ("archive = {url = 'https://x/a-1.tar.gz', subdirectory = 'x', hashes = {sha256 = 'HASH'}}", "an archive"),
    ] {
        let resolution = read_pylock(&one("", &format!("name = 'a'\n{source}")), &asked(&[], &[])).unwrap();
        let refusals = resolution.into_lock("locks/pylock.toml", &OwnProject::At(".".to_owned())).unwrap_err();
        let [refusal] = refusals.as_slice() else { panic!("{source}: {refusals:?}") };
        assert_eq!(refusal.code, Code::LockWithoutWheel, "{source}");
        assert!(refusal.message.contains(word) && refusal.hint.is_some(), "{source}: {}", refusal.message);
    }
    // the directory above the lock's own is the project
    let project = one("", "name = 'a'\ndirectory = {path = '..'}");
    let resolution = read_pylock(&project, &asked(&[], &[])).unwrap();
    let lock: Lock = resolution.into_lock("locks/pylock.toml", &OwnProject::At(".".to_owned())).unwrap();
    assert!(lock.releases.is_empty() && lock.skipped.len() == 1);
}

// ---- uv.lock and poetry.lock, where they are made to be misread

#[test]
fn what_a_uv_lock_may_not_be() {
    let good = fixture("uv/uv.lock");
    let read = |text: &str| uv::read("uv.lock", text, None, &target("3.11.2", "amd64"), &asked(&[], &[]));
    for (from, to, code) in [
        ("version = 1\n", "version = 2\n", "lock-version"),
        ("version = 1\n", "version = '1'\n", "lock-malformed"),
        ("version = 1\n", "version = 1\nsupported-markers = [\"os_name == 'nt'\"]\n", "lock-not-for-target"),
        ("\">=3.11, <4\"", "\">=3.12\"", "lock-not-for-target"),
        ("editable = \".\"", "editable = \"elsewhere\"", "lock-malformed"),
        (
            "{ name = \"click\" },\n    { name = \"importlib",
            "{ name = \"clack\" },\n    { name = \"importlib",
            "lock-malformed",
        ),
        (
            "name = \"numpy\", version = \"1.26.4\", source = { registry = \"https://index.example/simple/\" }, ",
            "name = \"numpy\", ",
            "lock-malformed",
        ),
        ("name = \"zipp\"\nversion", "name = \"Zipp_\"\nversion", "lock-malformed"),
        (
            "source = { registry = \"https://index.example/simple/\" }\nsdist",
            "source = { registry = \"x\", url = \"https://x/\" }\nsdist",
            "lock-malformed",
        ),
        ("zipp-3.20.2.tar.gz", "zipp-3.20.3.tar.gz", "lock-file-name"),
        ("zipp-3.20.2.tar.gz", "zipp_evil-3.20.2.tar.gz", "lock-file-name"),
        ("sha256:6b7a", "sha512:6b7a", "requirement-without-hash"),
        ("sha256:6b7a", "sha256:6B7A", "requirement-hash"),
        ("https://index.example/simple/zipp/", "https://a:b@index.example/simple/zipp/", "lock-malformed"),
        (
            "python_full_version < '3.12'\" },\n    { name = \"numpy\"",
            "python_full_version < '3.13'\" },\n    { name = \"numpy\"",
            "",
        ),
        (
            "marker = \"python_full_version >= '3.12'\" }",
            "marker = \"python_full_version >= '3.11'\" }",
            "requirement-duplicate",
        ),
        (
            "marker = \"platform_machine != 's390x'\" },\n    { name = \"numpy\", version",
            "marker = \"nonsense\" },\n    { name = \"numpy\", version",
            "marker-malformed",
        ),
    ] {
        let text = good.replacen(from, to, if from.starts_with("source") { 100 } else { 1 });
        assert_ne!(text, good, "{from}");
        let mut found = codes(read(&text));
        found.dedup();
        let expected: &[&str] = if code.is_empty() { &[] } else { &[code] };
        assert_eq!(found, expected, "{from} {to}: {:?}", read(&text).err());
    }
    // conflicting extras have words of their own in markers
    let conflict = good
        .replace("version = 1\n", "version = 1\nconflicts = [[\n{ package = \"greet\", extra = \"fast\" },\n{ package = \"greet\", group = \"dev\" },\n]]\n")
        .replace("{ name = \"orjson\" }", "{ name = \"orjson\", marker = \"extra == 'extra-5-greet-fast' and extra != 'group-5-greet-dev'\" }");
    let with = |requested: &Requested| {
        selected(&uv::read("uv.lock", &conflict, None, &target("3.11.2", "amd64"), requested).unwrap())
    };
    assert!(with(&asked(&["fast"], &[])).contains(&"orjson==3.10.7".to_owned()));
    assert!(!with(&asked(&["fast"], &["dev"])).contains(&"orjson==3.10.7".to_owned()));
    let foreign = conflict.replace("package = \"greet\", extra", "package = \"requests\", extra");
    assert_eq!(codes(read(&foreign)), ["lock-malformed"]);
    // a member of a workspace by its name; what is not there
    let name = ProjectName::parse("greet").unwrap();
    let by_name = uv::read("uv.lock", &good, Some(&name), &target("3.11.2", "amd64"), &asked(&[], &[])).unwrap();
    assert_eq!(selected(&by_name), greet(&[], &[]));
    // repositories and directories are no files
    let git = good.replace(
        "name = \"click\"\nversion = \"8.1.7\"\nsource = { registry = \"https://index.example/simple/\" }",
        "name = \"click\"\nversion = \"8.1.7\"\nsource = { git = \"https://x/click#0\" }",
    );
    let trees = read(&git).unwrap().trees;
    assert_eq!((trees.len(), &trees[0].kind), (1, &TreeKind::Repository));
}

#[test]
fn what_a_poetry_lock_may_not_be() {
    let good = fixture("poetry-2.1/poetry.lock");
    let read = |text: &str| poetry::read("poetry.lock", text, None, &target("3.11.2", "amd64"), &asked(&[], &[]));
    for (from, to, code) in [
        ("lock-version = \"2.1\"", "lock-version = \"3.0\"", "lock-version"),
        ("lock-version = \"2.1\"", "lock-version = \"1.1\"", "lock-version"),
        ("lock-version = \"2.1\"", "lock-version = \"2.0\"", "lock-malformed"),
        ("python-versions = \">=3.11,<4\"", "python-versions = \"^3.12 || ~3.10\"", "lock-not-for-target"),
        ("python-versions = \">=3.11,<4\"", "python-versions = \"?\"", "lock-malformed"),
        ("name = \"zipp\"", "name = \"requests\"", "lock-file-name"),
        ("version = \"3.20.2\"", "version = \"3.20.3\"", "lock-file-name"),
        ("groups = [\"main\"]", "", "lock-malformed"),
        ("groups = [\"main\"]", "groups = \"main\"", "lock-malformed"),
        ("sha256:6b7a", "md5:6b7a", "requirement-without-hash"),
        ("sha256:6b7a", "sha256:6B7A", "requirement-hash"),
        ("markers = \"platform_machine", "markers = \"platform", "marker-malformed"),
        ("type = \"legacy\"", "type = \"ftp\"", "lock-malformed"),
        ("[metadata]", "[metadata2]", "lock-malformed"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        assert_eq!(codes(read(&text)), [code], "{from} {to}: {:?}", read(&text).err());
    }
    let twice =
        good.replacen("name = \"certifi\"", "name = \"Idna\"", 1).replace("certifi-2024.8.30", "idna-2024.8.30");
    assert_eq!(codes(read(&twice)), ["requirement-duplicate"]);
    let git = good.replacen(
        "type = \"legacy\"\nurl = \"https://index.example/simple\"",
        "type = \"git\"\nurl = \"https://x/y\"",
        1,
    );
    assert_eq!(read(&git).unwrap().trees[0].kind, TreeKind::Repository);
    let directory = good.replacen(
        "type = \"legacy\"\nurl = \"https://index.example/simple\"",
        "type = \"directory\"\nurl = \"../x\"",
        1,
    );
    assert_eq!(read(&directory).unwrap().trees[0].kind, TreeKind::Directory(None));

    let (lock, project) = (fixture("poetry-2.0/poetry.lock"), fixture("poetry-2.0/pyproject.toml"));
    let read = |lock: &str, project: &str| {
        poetry::read(
            "poetry.lock",
            lock,
            Some(("pyproject.toml", project)),
            &target("3.11.2", "amd64"),
            &asked(&[], &[]),
        )
    };
    for (from, to, code) in [
        ("click = \"*\"", "click = \">=9\"", "lock-malformed"),
        ("click = \"*\"", "clack = \"*\"", "lock-malformed"),
        ("click = \"*\"", "click = \"?\"", "lock-malformed"),
        ("click = \"*\"", "click = 1", "lock-malformed"),
        ("version = \"<2\", python = \"<3.12\"", "version = \"*\"", "lock-malformed"),
        ("[tool.poetry", "[tool.other", "lock-malformed"),
    ] {
        let text = project.replace(from, to);
        assert_ne!(text, project, "{from}");
        assert_eq!(codes(read(&lock, &text)), [code], "{from} {to}");
    }
}
