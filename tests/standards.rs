//! Versions, conditions on them, markers and requirements against the specifications' own examples and against `packaging`,
//! the reference implementation, as pip carries it.
//!
//! The tables are generated here and sent to Python in one go. Where the two differ on purpose the difference is named: what
//! has two readings is refused here, and `packaging` takes one of them.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "whatever is unexpected fails the test")]

use pep440_rs::{Version, VersionSpecifiers};
use rustvenv::python::architecture::Architecture;
use rustvenv::python::condition::meets;
use rustvenv::python::dependency::{Specifier, Target, Wanted};
use rustvenv::python::interpreter::Interpreter;
use rustvenv::python::name::ProjectName;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::str::FromStr as _;

/// What the program `code` makes of `input`, in the distribution's Python with pip's `packaging` at hand.
fn python(code: &str, input: &Value) -> Value {
    let prelude = "import json, sys, warnings\nwarnings.simplefilter('ignore')\n\
                   from pip._vendor.packaging.markers import Marker\n\
                   from pip._vendor.packaging.requirements import Requirement\n\
                   from pip._vendor.packaging.specifiers import Specifier\n\
                   from pip._vendor.packaging.utils import canonicalize_name\n\
                   from pip._vendor.packaging.version import Version\n\
                   def attempt(function, *arguments):\n    try:\n        return function(*arguments)\n    except Exception:\n        \
                   return None\ndata = json.load(sys.stdin)\n";
    let mut child = Command::new("/usr/bin/python3")
        .args(["-I", "-c", &format!("{prelude}{code}\njson.dump(result, sys.stdout)")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn target(python: &str, architecture: &str) -> Target {
    Target::new(&Interpreter::parse(python).unwrap(), &Architecture::from_debian(architecture).unwrap()).unwrap()
}

/// Every way to put one of each part together, thinned to about `most`.
fn product(parts: &[&[&str]], most: usize) -> Vec<String> {
    let all: usize = parts.iter().map(|part| part.len()).product();
    // a step that shares no factor with the lengths visits all combinations of neighbouring parts
    let step = (all / most).max(1) | 1;
    (0..all)
        .step_by(step)
        .map(|mut index| {
            let mut text = String::new();
            for part in parts {
                text.push_str(part[index % part.len()]);
                index /= part.len();
            }
            text
        })
        .collect()
}

fn versions() -> Vec<String> {
    let mut versions = product(
        &[
            &["", "", "", "1!", "v", "0!"],
            &["0", "1", "1.0", "1.0.0", "1.2", "1.10", "2024.1", "01.2", "1.2.3.4"],
            &["", "", "a1", "b2", "rc1", "c1", ".alpha1", "-beta.2", "_rc", "PRE1", "preview3", "a"],
            &["", "", ".post1", "-1", "post", "rev2", ".r3", "_post_4"],
            &["", "", ".dev1", ".dev", "dev0", "-DEV3"],
            &["", "", "+abc", "+1.2", "+ubuntu-1", "+ABC.01", "+5"],
        ],
        4000,
    );
    versions.extend(
        [
            "",
            " ",
            "1.",
            ".1",
            "1..2",
            "1.0+",
            "1.0+_",
            "1!",
            "!1",
            "a",
            "1.0-",
            "1.0a-",
            "1.0--1",
            "1.0+a+b",
            "1.0 1",
            "1.0.post-",
            "\u{ff11}",
            "1_0",
            "1.0.dev.1",
            "1.0a.b",
            "1.0.x",
            "1.0*",
            "1.*",
            "-1",
            "+1",
            "1.0+a..b",
            "1.0+a.",
            "1.0+.a",
            "1.0rc1rc2",
            "1.0.dev1.post1",
            "1.0post1a1",
            "1.0-1-1",
            "vv1",
            "1.0+\u{e4}",
            "1.0alpha",
            "latest",
        ]
        .map(str::to_owned),
    );
    versions
}

/// PEP 440: validity, normal form and order of some thousands of versions.
#[test]
fn versions_are_what_packaging_says() {
    let versions = versions();
    let theirs = python(
        "parsed = [attempt(Version, text) for text in data]\n\
         order = sorted({v for v in parsed if v is not None})\n\
         rank = {v: n for n, v in enumerate(order)}\n\
         result = [None if v is None else [str(v), rank[v]] for v in parsed]",
        &json!(versions),
    );
    let mut seen = Vec::new();
    for (text, theirs) in versions.iter().zip(theirs.as_array().unwrap()) {
        let ours = Version::from_str(text).ok();
        match (ours, theirs) {
            (None, Value::Null) => {}
            (Some(ours), Value::Array(theirs)) => {
                assert_eq!(ours.to_string(), theirs[0].as_str().unwrap(), "{text}");
                seen.push((ours, theirs[1].as_u64().unwrap()));
            }
            (ours, theirs) => panic!("`{text}`: {ours:?} and {theirs}"),
        }
    }
    assert!(seen.len() > 3500, "{}", seen.len());
    seen.sort();
    for pair in seen.windows(2) {
        let ((a, rank_a), (b, rank_b)) = (&pair[0], &pair[1]);
        assert_eq!((a == b, a < b), (rank_a == rank_b, rank_a < rank_b), "{a} and {b}");
    }
}

/// The order in "Summary of permitted suffixes and relative ordering" of the specification of versions.
#[test]
fn the_specifications_own_order() {
    let ordered = "1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 \
                   1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34 1.0.post456 1.0.15 1.1.dev1";
    let versions: Vec<Version> = ordered.split(' ').map(|text| Version::from_str(text).unwrap()).collect();
    assert!(versions.windows(2).all(|pair| pair[0] < pair[1]));
}

/// PEP 440: which versions meet which conditions.
#[test]
fn conditions_on_versions_are_what_packaging_says() {
    let mut conditions = product(
        &[
            &["==", "!=", "<", "<=", ">", ">=", "~="],
            &["", " "],
            &["1", "1.0", "1.2", "1.2.0", "2", "1!1", "1.10.3", "0"],
            &["", "", ".*", "a1", ".dev1", ".post2", "rc1", "+local", ".post1.dev2"],
        ],
        700,
    );
    conditions.extend(
        [
            "",
            ",",
            ">=1,<2",
            ">=1 , !=1.5 ,<2",
            ">=1,",
            "1.0",
            "=1.0",
            ">=",
            "=>1",
            "==1.*.2",
            "==*",
            "<>1",
            ">= 1 2",
            "~=1",
            "~=1.0",
            "~=1.0.*",
            "==1.0+local.1",
            "==1.0.dev1.*",
        ]
        .map(str::to_owned),
    );
    let candidates = [
        "0",
        "0.9",
        "1.dev1",
        "1a1",
        "1rc1",
        "1",
        "1.0+local",
        "1.0.post1",
        "1.0.post2",
        "1.0.1",
        "1.2.dev1",
        "1.2a1",
        "1.2",
        "1.2+local",
        "1.2.post2",
        "1.2.3",
        "1.10.3",
        "1.10.4",
        "1.11",
        "2.dev1",
        "2rc1",
        "2",
        "2.post2",
        "3",
        "1!1",
        "1!1.2",
    ];
    let theirs = python(
        "versions = [Version(text) for text in data['candidates']]\n\
         def row(text):\n    wanted = [Specifier(one) for one in text.split(',')] if text else []\n    return [all(one.contains(v, prereleases=True) for one in wanted) for v in versions]\n\
         result = [attempt(row, text) for text in data['conditions']]",
        &json!({ "conditions": conditions, "candidates": candidates }),
    );
    let candidates = candidates.map(|text| Version::from_str(text).unwrap());
    let mut wrong = Vec::new();
    let mut answers = 0;
    for (text, theirs) in conditions.iter().zip(theirs.as_array().unwrap()) {
        let ours = VersionSpecifiers::from_str(text).ok();
        match (ours, theirs) {
            (None, Value::Null) => {}
            (Some(ours), Value::Array(theirs)) => {
                for (candidate, theirs) in candidates.iter().zip(theirs) {
                    answers += 1;
                    let ours = meets(candidate, &ours);
                    // what versions of `packaging` do not agree on: parts of a shorter version with `.*`; a local version and
                    // a post-release after a pre-release of theirs; a pre-release before a post-release
                    let short = text.ends_with(".*")
                        && candidate.to_string() != candidate.only_release().to_string()
                        && candidate.release().len() < text.split('.').count() - 1;
                    let after = text.starts_with('>') && (candidate.is_local() || candidate.is_post());
                    let before = text.starts_with('<') && text.contains(".post") && candidate.any_prerelease();
                    if short || after || before {
                        continue;
                    }
                    if Some(ours) != theirs.as_bool() {
                        wrong.push(format!("{candidate} {text}: {ours}, packaging says {theirs}"));
                    }
                }
            }
            (ours, theirs) => wrong.push(format!("`{text}`: {ours:?}, packaging says {theirs}")),
        }
    }
    assert!(answers > 9000, "{answers}");
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// PEP 508: markers in several environments.
#[test]
fn markers_are_what_packaging_says() {
    let mut atoms = product(
        &[
            &["python_version", "python_full_version", "implementation_version"],
            &[" == ", "!=", " < ", "<=", " > ", ">= ", "~="],
            &["'2.7'", "\"3\"", "'3.9'", "'3.11'", "'3.11.2'", "'3.11.*'", "'3.12'", "'3.13.5'", "'3.13.0rc1'", "'4'"],
        ],
        300,
    );
    atoms.extend(product(
        &[
            &[
                "sys_platform",
                "os_name",
                "platform_system",
                "platform_machine",
                "platform_python_implementation",
                "os.name",
            ],
            &[" == ", " != ", " in ", " not in "],
            &[
                "'linux'",
                "'posix'",
                "'Linux'",
                "'x86_64'",
                "'aarch64 x86_64'",
                "'CPython'",
                "'win32'",
                "''",
                "'linux2'",
            ],
        ],
        300,
    ));
    atoms.extend(product(
        &[
            &["'linux'", "'3.11'", "\"x86\"", "'3.9'"],
            &[" == ", " != "],
            &["sys_platform", "platform_machine", "implementation_name"],
        ],
        100,
    ));
    atoms.extend(product(
        &[&["'3.11'", "\"3.9\"", "'3.12.1'"], &[" == ", " != ", "<", " <= ", ">", ">="], &["python_version"]],
        100,
    ));
    atoms.extend(product(&[&["extra"], &[" == ", " != "], &["'socks'", "'Socks_5'", "'other'"]], 100));
    atoms.extend(
        [
            "python_version in '3.9 3.11'",
            "python_version not in '2.7, 3.0'",
            "'nux' in sys_platform",
            "os_name == posix",
            "os_name = 'posix'",
            "os_name",
            "'a'",
            "os_name == 'posix",
            "nothing == 'x'",
            "os_name is 'posix'",
            "()",
            "",
            "not os_name == 'posix'",
            "os_name == 'posix' and",
            "and os_name == 'posix'",
        ]
        .map(str::to_owned),
    );
    let mut markers = atoms.clone();
    for n in 0..2500 {
        let atom = |factor: usize| &atoms[(n * factor + factor) % atoms.len()];
        let (a, b, c) = (atom(7), atom(31), atom(113));
        markers.push(match n % 6 {
            0 => format!("{a} and {b}"),
            1 => format!("{a} or {b}"),
            2 => format!("{a} and {b} or {c}"),
            3 => format!("{a} or {b} and {c}"),
            4 => format!("({a} or {b}) and {c}"),
            _ => format!("(({a}) and ({b} or {c}))"),
        });
    }
    let environments = [("3.11.2", "amd64", "x86_64"), ("3.13.5", "arm64", "aarch64"), ("3.9.2", "armhf", "armv7l")];
    let theirs = python(
        "def environment(full, machine):\n    return dict(implementation_name='cpython', implementation_version=full, os_name='posix',\n        \
         platform_machine=machine, platform_python_implementation='CPython', platform_release='', platform_system='Linux',\n        \
         platform_version='', python_full_version=full, python_version='.'.join(full.split('.')[:2]), sys_platform='linux', extra='socks')\n\
         environments = [environment(full, machine) for full, _, machine in data['environments']]\n\
         def row(text):\n    marker = Marker(text)\n    return [attempt(marker.evaluate, environment) for environment in environments]\n\
         result = [attempt(row, text) for text in data['markers']]",
        &json!({ "markers": markers, "environments": environments }),
    );
    let extras = BTreeSet::from([ProjectName::parse("socks").unwrap()]);
    let targets = environments.map(|(full, debian, _)| target(full, debian));
    let mut wrong = Vec::new();
    let (mut answers, mut refused) = (0, 0);
    for (text, theirs) in markers.iter().zip(theirs.as_array().unwrap()) {
        // `packaging` before version 22 compares names of extras as they are written
        if text.contains("Socks_5") {
            continue;
        }
        let ours = Specifier::parse(&format!("a; {text}"));
        match (ours, theirs) {
            (Err(_), Value::Null) => {}
            (Ok(ours), Value::Array(theirs)) => {
                for (target, theirs) in targets.iter().zip(theirs) {
                    answers += 1;
                    let ours = ours.applies(target, &extras).ok();
                    if ours != theirs.as_bool() {
                        wrong.push(format!("{text} for {}: {ours:?}, packaging says {theirs}", target.describe()));
                    }
                }
            }
            (Err(why), Value::Array(_)) if two_readings(text) => {
                assert!(!why.is_empty());
                refused += 1;
            }
            (ours, theirs) => wrong.push(format!("`{text}`: {:?}, packaging says {theirs}", ours.err())),
        }
    }
    assert!(answers > 5000 && refused > 10, "{answers} answers, {refused} refused");
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
}

/// What `packaging` compares as texts because it is no condition on a version: `< "3.11.*"`, `~= "3"`.
fn two_readings(text: &str) -> bool {
    let ordered_wildcard = ["< ", "<=", "> ", ">=", "~="]
        .iter()
        .any(|operator| text.split(operator).skip(1).any(|rest| rest.trim_start().starts_with("'3.11.*'")));
    let loose = ["~=\"3\"", "~='4'"].iter().any(|part| text.contains(part));
    ordered_wildcard || loose
}

/// Requirements: those of PEP 508, and what is none.
#[test]
fn requirements_are_what_packaging_says() {
    let texts = [
        "A",
        "A.B-C_D",
        "aa",
        "name",
        "name<=1",
        "name>=3",
        "name>=3,<2",
        "name==1.0.org1",
        "name [fred,bar]",
        "name[fred,bar]",
        "name@http://foo.com",
        "name @ http://foo.com ; os_name=='a'",
        "name [fred,bar] @ http://foo.com ; python_version=='2.7'",
        "name[quux, strange];python_version<'2.7' and os_name=='posix'",
        "name; os_name=='a' or os_name=='b'",
        "name; os_name=='a' and os_name=='b' or os_name=='c'",
        "name; (os_name=='a' or os_name=='b') and os_name=='c'",
        "name (>=1,<2)",
        "name(==1.0)",
        "name ( >= 1 )",
        "name[]",
        "name[ ]>=1",
        "name ~=1.2.3",
        "name===1.0",
        "name >= 1.0 ; extra == 'x'",
        " name ",
        "name\t>=1",
        "name>=1;os_name=='posix'",
        "name[a.b-c_d]",
        "name!=1.0,!=1.1",
        "",
        "-name",
        "name-",
        "name>1.0<2",
        "name 1.0",
        "name=1",
        "name>",
        "name[",
        "name[a",
        "name]a[",
        "name[-a]",
        "name[a-]",
        "name[,a]",
        "name[a,,b]",
        "name (>=1",
        "name >=1)",
        "name; ",
        "name;",
        "name @",
        "na me",
        "n\u{e4}me",
        "name @ http://foo.com os_name=='a'",
        "name; os_name",
        "name;os_name=='a';os_name=='b'",
        "./name",
        "http://foo.com/name",
        "git+https://foo.com/name",
        "name/other",
        "name>=1.0.*",
        "name==1.*",
        "name==1.0+local",
        "name>=1.0+local",
        "name~=1",
        "name # comment",
        "name>=1 # comment",
        "name --hash=x",
        "*",
        "name==*",
    ];
    let theirs = python(
        "def row(text):\n    r = Requirement(text)\n    assert all(type(one) is Specifier for one in r.specifier)\n    return [canonicalize_name(r.name), sorted(canonicalize_name(e) for e in r.extras), \
         r.url, [r.specifier.contains(v, prereleases=True) for v in ['0.5', '1.0', '1.0+local', '1.2.3', '2', '3.1']], r.marker is None]\n\
         result = [attempt(row, text) for text in data]",
        &json!(texts.to_vec()),
    );
    let candidates = ["0.5", "1.0", "1.0+local", "1.2.3", "2", "3.1"].map(|text| Version::from_str(text).unwrap());
    let amd64 = target("3.11", "amd64");
    let mut wrong = Vec::new();
    for (text, theirs) in texts.iter().zip(theirs.as_array().unwrap()) {
        let ours = Specifier::parse(text).ok().map(|ours| {
            let url = if let Wanted::Url(url) = &ours.wanted { Some(url.clone()) } else { None };
            let contains = candidates.clone().map(|candidate| match &ours.wanted {
                Wanted::Versions(versions) => meets(&candidate, versions),
                _ => true,
            });
            let extras: Vec<String> = ours.extras.iter().map(ToString::to_string).collect();
            let unmarked = !ours.text().contains(';');
            assert!(ours.applies(&amd64, &BTreeSet::new()).is_ok(), "{text}");
            json!([ours.name.as_str(), extras, url, contains, unmarked])
        });
        if ours.clone().unwrap_or(Value::Null) != *theirs {
            wrong.push(format!("`{text}`: {ours:?}, packaging says {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
