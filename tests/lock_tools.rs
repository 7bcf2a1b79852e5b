//! The readers of locks beside the tools that write and read them: real uv locks a project against an index of wheels that are
//! made here, and `packaging`, the reference implementation, says what a pylock.toml selects.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, reason = "whatever is unexpected fails the test")]

#[path = "support/wheel.rs"]
mod wheel;

use rustvenv::digest::Sha256;
use rustvenv::limits::Limits;
use rustvenv::lock::resolution::{OwnProject, Resolution};
use rustvenv::lock::{self, pylock, requirements, uv};
use rustvenv::python::architecture::Architecture;
use rustvenv::python::dependency::Target;
use rustvenv::python::interpreter::Interpreter;
use rustvenv::python::marker::Requested;
use rustvenv::python::name::ProjectName;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use wheel::Wheel;

/// Runs a program and leaves what it printed.
fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", directory)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A program of target/lock-tools.
fn tool(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = Command::new(root.join("scripts/lock-tools.sh")).status().unwrap();
    assert!(made.success(), "scripts/lock-tools.sh");
    root.join("target/lock-tools/bin").join(name).to_str().unwrap().to_owned()
}

/// Name, versions, tags and further lines of METADATA of each project in the index.
const PROJECTS: &[(&str, &[&str], &[&str], &str)] = &[
    ("certs", &["2024.8"], &["py3-none-any"], ""),
    ("Fast_Json", &["3.1"], &["cp311-cp311-manylinux_2_17_x86_64", "cp313-cp313-manylinux_2_17_aarch64"], ""),
    (
        "fetcher",
        &["2.3"],
        &["py3-none-any"],
        "Requires-Dist: certs>=1\nRequires-Dist: sockets!=1.5 ; extra == 'socks'\nProvides-Extra: socks\n",
    ),
    ("sockets", &["1.7", "1.5"], &["py3-none-any"], ""),
    ("colours", &["0.4"], &["py3-none-any"], ""),
    ("terminal", &["8.1"], &["py3-none-any"], "Requires-Dist: colours ; platform_system == 'Windows'\n"),
    ("backport", &["1.0"], &["py3-none-any"], ""),
    ("numbers", &["1.26"], &["py3-none-any"], "Requires-Python: >=3.9\n"),
    ("numbers", &["2.1"], &["py3-none-any"], "Requires-Python: >=3.12\n"),
    ("machine", &["1.0"], &["py3-none-any"], ""),
    ("checker", &["8.3"], &["py3-none-any"], "Requires-Dist: plug[x]>=1\n"),
    ("plug", &["1.5"], &["py3-none-any"], "Requires-Dist: backport ; extra == 'x'\nProvides-Extra: x\n"),
    ("server", &["20.1"], &["py3-none-any"], ""),
];

const PROJECT: &str = "[project]\nname = \"greet\"\nversion = \"1.0\"\nrequires-python = \">=3.11,<4\"\n\
    dependencies = [\"fetcher[socks]>=2\", \"terminal\", \"backport; python_version < '3.12'\", \"numbers\", \
    \"machine; platform_machine != 'aarch64'\"]\n\
    [project.optional-dependencies]\nfast = [\"fast-json; platform_machine in 'x86_64 aarch64'\"]\n\
    [dependency-groups]\ndev = [\"checker\"]\nproduction = [\"server\"]\n[tool.uv]\ndefault-groups = []\n";

/// An index of directories, and the project beside it.
fn project(directory: &Path) {
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    for (name, versions, tags, metadata) in PROJECTS {
        let normal = ProjectName::parse(name).unwrap();
        let place = directory.join("index").join(normal.as_str());
        fs::create_dir_all(&place).unwrap();
        for version in *versions {
            for tag in *tags {
                let wheel = Wheel::new(name, version).tag(tag).metadata(metadata);
                let (file, bytes) = (wheel.file_name(), wheel.build());
                let python = metadata.lines().find_map(|line| line.strip_prefix("Requires-Python: ")).unwrap_or(">=3");
                let python = python.replace('>', "&gt;");
                let link = format!(
                    "<a href=\"{file}#sha256={}\" data-requires-python=\"{python}\">{file}</a>\n",
                    Sha256::of(&bytes)
                );
                pages.entry(normal.to_string()).or_default().push_str(&link);
                fs::write(place.join(file), bytes).unwrap();
            }
        }
    }
    for (name, links) in pages {
        let page = format!("<!DOCTYPE html><html><body>\n{links}</body></html>\n");
        fs::write(directory.join("index").join(name).join("index.html"), page).unwrap();
    }
    fs::create_dir(directory.join("greet")).unwrap();
    fs::write(directory.join("greet/pyproject.toml"), PROJECT).unwrap();
}

fn names(resolution: &Resolution) -> BTreeMap<String, BTreeSet<Sha256>> {
    let digests = |release: &lock::resolution::Release| release.files.iter().map(|file| file.sha256).collect();
    resolution.releases.values().map(|one| (format!("{}=={}", one.name, one.version), digests(one))).collect()
}

/// uv.lock, and what uv exports of it as pylock.toml and as requirements, select the same files for every target.
#[test]
fn three_forms_of_one_lock_of_real_uv() {
    let directory = tempfile::tempdir().unwrap();
    project(directory.path());
    let home = directory.path().join("greet");
    let uv_program = tool("uv");
    let index = format!("file://{}/index", directory.path().display());
    let uv_run = |arguments: &[&str]| {
        let common = [
            "--offline",
            "--no-config",
            "--no-managed-python",
            "--python",
            "/usr/bin/python3",
            "--default-index",
            &index,
        ];
        run(&home, &uv_program, &[arguments, &common[..]].concat())
    };
    uv_run(&["lock", "--no-cache"]);
    let uv_lock = fs::read_to_string(home.join("uv.lock")).unwrap();
    let limits = Limits::DEFAULT;
    let mut seen = BTreeSet::new();
    for (extras, groups) in [(&[][..], &[][..]), (&["fast"], &[]), (&[], &["dev"]), (&["fast"], &["dev", "production"])]
    {
        let mut options = vec!["export", "--frozen", "--no-emit-project"];
        options.extend(extras.iter().flat_map(|extra| ["--extra", extra]));
        options.extend(groups.iter().flat_map(|group| ["--group", group]));
        let exported = uv_run(&[&options[..], &["--format", "pylock.toml"]].concat());
        let text = uv_run(&[&options[..], &["--format", "requirements.txt"]].concat());
        let parse = |names: &[&str]| names.iter().map(|name| ProjectName::parse(name).unwrap()).collect();
        let requested = Requested { extras: parse(extras), groups: parse(groups) };
        for (python, debian) in [("3.11.2", "amd64"), ("3.11.2", "arm64"), ("3.13.5", "amd64"), ("3.14", "riscv64")] {
            let what = format!("{extras:?} {groups:?} {python} {debian}");
            let interpreter = Interpreter::parse(python).unwrap();
            let target = Target::new(&interpreter, &Architecture::from_debian(debian).unwrap()).unwrap();
            let graph = uv::read("uv.lock", &uv_lock, None, &target, &requested);
            let graph = graph.unwrap_or_else(|refusals| panic!("{what}: {}", refusals[0]));
            // what uv exports was chosen already
            let nothing = Requested::default();
            let file = pylock::read("pylock.toml", &exported, &target, &nothing, &mut pylock::Declared::default());
            let file = file.unwrap_or_else(|refusals| panic!("{what}: {}", refusals[0]));
            let mut load = requirements::load_from([("r.txt".to_owned(), text.clone())].into());
            let flat = requirements::read(&["r.txt".to_owned()], &target, &limits, &mut load).unwrap();
            assert_eq!(names(&graph), names(&file), "{what}");
            assert_eq!(names(&graph), names(&Resolution::from_lock(flat.clone())), "{what}");
            let lock = file.into_lock("pylock.toml", &OwnProject::None).unwrap();
            assert_eq!(lock.releases.len(), flat.releases.len(), "{what}");
            seen.insert(names(&graph));
        }
    }
    assert!(seen.len() > 8, "{} different selections", seen.len());
}

const PACKAGING: &str = "
import json, sys, tomllib
from packaging.pylock import Pylock
from packaging.tags import Tag
environment = dict(implementation_name='cpython', implementation_version='3.11.2', os_name='posix', platform_machine='x86_64',
    platform_python_implementation='CPython', platform_release='', platform_system='Linux', platform_version='',
    python_full_version='3.11.2', python_version='3.11', sys_platform='linux')
def verdict(case):
    try:
        lock = Pylock.from_dict(tomllib.loads(case['text']))
        chosen = lock.select(environment=environment, tags=[Tag('py3', 'none', 'any')], extras=case['extras'],
            dependency_groups=case['groups'] + list(lock.default_groups or []))
        return sorted(package.name for package, _ in chosen)
    except Exception as error:
        return None
json.dump([verdict(case) for case in json.load(open(sys.argv[1]))], sys.stdout)
";

/// A few hundred locks, put together from parts, are accepted and refused as by `packaging`, and select the same projects.
#[test]
fn a_pylock_selects_what_packaging_says() {
    let hash = "0".repeat(64);
    let wheel = format!("wheels = [{{url = 'https://x/a-1-py3-none-any.whl', hashes = {{sha256 = '{hash}'}}}}]");
    let heads = [
        "lock-version = '1.0'",
        "lock-version = '1.0'\nrequires-python = '>=3.12'",
        "lock-version = '2.0'",
        "lock-version = 1",
        "lock-version = '1.0'\nenvironments = [\"sys_platform == 'win32'\"]",
        "",
        "lock-version = '1.0'\nenvironments = [\"sys_platform == 'win32'\", \"python_version >= '3.11'\"]",
        "lock-version = '1.0'\nextras = ['fast']\ndependency-groups = ['dev']\ndefault-groups = ['main']",
    ];
    let markers = [
        "",
        "marker = \"os_name == 'nt'\"",
        "marker = \"'fast' in extras\"",
        "marker = \"'main' in dependency_groups\"",
        "marker = \"'dev' not in dependency_groups and python_version < '4'\"",
        "marker = 'nonsense'",
        "requires-python = '<3.11'",
    ];
    let empty = "wheels = []".to_owned();
    let sources = [
        wheel.as_str(),
        empty.as_str(),
        "",
        "directory = {path = '.'}",
        "directory = {}",
        "vcs = {type = 'git', url = 'https://x/a', commit-id = '0'}",
        "vcs = {type = 'git', url = 'https://x/a'}",
        "wheels = [{url = 'https://x/b-1-py3-none-any.whl', hashes = {}}]",
        "wheels = [{name = 'a-1-py3-none-any.whl', hashes = {sha256 = '0'}}]",
        "wheels = 1",
    ];
    let mut cases = Vec::new();
    for head in heads {
        for marker in markers {
            for source in sources {
                for second in [
                    "",
                    "[[packages]]\nname = 'b'\nmarker = \"'fast' in extras\"\ndirectory = {path = 'b'}\n",
                    "[[packages]]\nname = 'a'\nversion = '1'\nWHEEL\n",
                ] {
                    let text = format!(
                        "{head}\ncreated-by = 'x'\n[[packages]]\nname = 'a'\n{marker}\n{source}\n{}",
                        second.replace("WHEEL", &wheel)
                    );
                    let extras: &[&str] = if head.contains("fast") { &["fast"] } else { &[] };
                    cases.push(serde_json::json!({ "text": text, "extras": extras, "groups": [] }));
                }
            }
        }
    }
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("cases.json"), serde_json::to_vec(&cases).unwrap()).unwrap();
    let printed = run(directory.path(), &tool("python"), &["-I", "-c", PACKAGING, "cases.json"]);
    let theirs: Vec<Option<Vec<String>>> = serde_json::from_str(&printed).unwrap();
    let interpreter = Interpreter::parse("3.11.2").unwrap();
    let target = Target::new(&interpreter, &Architecture::from_debian("amd64").unwrap()).unwrap();
    let (mut accepted, mut later) = (0, 0);
    for (case, theirs) in cases.iter().zip(theirs) {
        let text = case["text"].as_str().unwrap();
        let extras: Vec<String> = serde_json::from_value(case["extras"].clone()).unwrap();
        let extras = extras.iter().map(|name| ProjectName::parse(name).unwrap()).collect();
        let requested = Requested { extras, groups: BTreeSet::new() };
        let ours = pylock::read("pylock.toml", text, &target, &requested, &mut pylock::Declared::default());
        match (ours, theirs) {
            (Err(_), None) => {}
            (Ok(ours), Some(theirs)) => {
                let trees = ours.trees.iter().map(|tree| tree.name.to_string());
                let mut names: Vec<String> = ours.releases.keys().map(ToString::to_string).chain(trees).collect();
                names.sort();
                assert_eq!(names, theirs, "{text}");
                accepted += 1;
            }
            // an entry that is not selected is not looked at, as in the specification's section on installation
            (Ok(ours), None) if !ours.skipped.is_empty() => later += 1,
            (Err(refusals), Some(_)) => panic!("{text}\n{}", refusals[0]),
            (Ok(ours), None) => panic!(
                "accepted here alone: {text}
{:?}",
                ours.releases
            ),
        }
    }
    assert!(accepted > 100 && later > 10, "{accepted} {later}");
}
