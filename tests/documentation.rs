//! The documents against the program: whoever adds a code, a command, an option, a key or a file has to say so there.
//!
//! Some parts of man/rustvenv.7 are written by tests, here the warnings and codes, from the tables that `rustvenv explain`
//! prints. With RUSTVENV_BLESS=1 in the environment they are written anew; without, they are compared.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "whatever is unexpected fails the test")]

#[path = "support/manual.rs"]
mod manual;

use clap::{Command, CommandFactory as _};
use manual::prose;
use rustvenv::cli::Cli;
use rustvenv::code::{Blame, Code};
use rustvenv::config::Config;
use rustvenv::trust::openpgp::{Fingerprint, WarningKind};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const CODES: (&str, &str) = (
    ".\\\" Begin of the codes. Written by tests/documentation.rs from src/code.rs; see CONTRIBUTING.md.\n",
    ".\\\" End of the codes.\n",
);

const WARNINGS: (&str, &str) = (
    ".\\\" Begin of the warnings. Written by tests/documentation.rs; see CONTRIBUTING.md.\n",
    ".\\\" End of the warnings.\n",
);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[track_caller]
fn nothing_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n  {}\n", wrong.join("\n  "));
}

// ---- man/rustvenv.7

#[test]
fn the_manual_has_every_code_and_warning() {
    manual::holds("man/rustvenv.7", WARNINGS, &warnings());
    manual::holds("man/rustvenv.7", CODES, &codes());
}

fn warnings() -> String {
    let mut text = String::from(".Bl -tag -width Ds\n");
    for kind in WarningKind::ALL {
        text.push_str(&format!(".It Sy {}\n{}", kind.name(), prose(kind.explanation())));
    }
    text + ".El\n"
}

/// The codes, with the headings that the table in src/code.rs has.
fn codes() -> String {
    let source = read("src/code.rs");
    let table = source.split_once("\ncodes! {\n").unwrap().1;
    let mut headings: BTreeMap<&str, &str> = BTreeMap::new();
    let mut heading = None;
    for line in table.lines() {
        if let Some(text) = line.strip_prefix("    // ---- ") {
            heading = Some(text);
        } else if let Some(name) = line.strip_suffix(", Input,").or_else(|| line.strip_suffix(", Configuration,")) {
            let name = name.rsplit('"').nth(1).unwrap();
            if let Some(heading) = heading.take() {
                headings.insert(name, heading);
            }
        }
    }
    assert!(headings.len() > 5, "{headings:?}");
    let mut text = String::new();
    for code in Code::ALL {
        if let Some(heading) = headings.remove(code.name()) {
            if !text.is_empty() {
                text.push_str(".El\n");
            }
            text.push_str(&format!(".Ss {}\n.Bl -tag -width Ds\n", sentence_case(heading)));
        }
        let status = match code.blame() {
            Blame::Configuration => 2,
            Blame::Input => 3,
        };
        let title = sentence_case(code.title());
        text.push_str(&format!(".It Sy {} Pq {status}\n{}", code.name(), prose(&format!("{title}."))));
        text.push_str(&prose(code.explanation()));
    }
    assert!(headings.is_empty(), "{headings:?}");
    text + ".El\n"
}

fn sentence_case(text: &str) -> String {
    // a name keeps its spelling
    let first = text.split(' ').next().unwrap();
    if first.chars().all(|c| c.is_ascii_lowercase() || c == '\'') {
        text[..1].to_uppercase() + &text[1..]
    } else {
        text.to_owned()
    }
}

#[test]
fn prose_becomes_lines_of_a_manual_page() {
    for (text, lines) in [
        ("One. Two e.g. three.", "One.\nTwo e.g. three.\n"),
        ("Write `a --b. C` here.", "Write \\(oqa \\-\\-b. C\\(cq here.\n"),
        (".. and \\n-x", "\\&.. and \\en-x\n"),
    ] {
        assert_eq!(prose(text), lines);
    }
    assert!(prose(&"word ".repeat(100)).lines().all(|line| line.len() <= 101));
}

/// A refusal that no test provokes is a promise that nobody has seen kept.
#[test]
fn every_code_is_provoked_by_a_test() {
    let mut tests = String::new();
    for file in texts().iter().filter(|file| file.ends_with(".rs")) {
        let text = read(file);
        tests.push_str(if file.starts_with("tests/") {
            &text
        } else {
            text.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests)
        });
    }
    let words: BTreeSet<&str> = tests.split(|c: char| !c.is_alphanumeric()).collect();
    let is_named = |code: &&Code| {
        tests.contains(&format!("\"{}\"", code.name()))
            || tests.contains(&format!("[{}]", code.name()))
            || words.contains(format!("{code:?}").as_str())
    };
    // the program that builds the project's wheel refuses such a name before this code can be given
    let by_hand = [Code::WheelNameMalformed];
    let wrong: Vec<String> = Code::ALL
        .iter()
        .filter(|code| !is_named(code) && !by_hand.contains(code))
        .map(|code| format!("no test provokes `{}`", code.name()))
        .collect();
    nothing_wrong(&wrong);
}

// ---- man/rustvenv.1

#[test]
fn the_manual_has_every_command_and_option() {
    let page = read("man/rustvenv.1");
    let mut command = Cli::command();
    command.build();
    let mut options = BTreeSet::new();
    let mut commands = BTreeSet::new();
    collect(&command, &mut commands, &mut options);
    assert!(commands.contains("install") && options.contains("-no-act") && options.contains("C"), "{options:?}");
    let mut wrong = Vec::new();
    for name in &commands {
        if !page.lines().any(|line| line.starts_with(".It Cm ") && line.split(' ').nth(2) == Some(name)) {
            wrong.push(format!("man/rustvenv.1 does not describe the command `{name}`"));
        }
    }
    let described: BTreeSet<String> = page
        .lines()
        .filter(|line| line.starts_with(".It Fl "))
        .flat_map(|line| line[4..].split(" , ").filter_map(|part| part.strip_prefix("Fl ")))
        .map(|option| option.split(' ').next().unwrap().to_owned())
        .collect();
    wrong.extend(options.difference(&described).map(|name| format!("man/rustvenv.1 does not describe -{name}")));
    wrong.extend(
        described.difference(&options).map(|name| format!("man/rustvenv.1 describes -{name}, which is not known")),
    );
    for line in page.lines().filter_map(|line| line.strip_prefix(".It Cm ")) {
        let name = line.split(' ').next().unwrap();
        if !commands.contains(name) {
            wrong.push(format!("man/rustvenv.1 describes the command `{name}`, which is not known"));
        }
    }
    nothing_wrong(&wrong);
}

/// Names of commands, and options as mdoc's `Fl` has them: without the first hyphen.
fn collect(command: &Command, commands: &mut BTreeSet<String>, options: &mut BTreeSet<String>) {
    for argument in command.get_arguments() {
        options.extend(argument.get_long().map(|name| format!("-{name}")));
        options.extend(argument.get_short().map(String::from));
    }
    for below in command.get_subcommands() {
        commands.insert(below.get_name().to_owned());
        // the commands below `help` are those that can be asked about
        if below.get_name() != "help" {
            collect(below, commands, options);
        }
    }
}

#[test]
fn examples_on_the_command_line_are_understood() {
    let mut seen = 0;
    for (file, command_line) in command_lines() {
        let words = command_line.split(" > ").next().unwrap().split(' ');
        if let Err(error) = Cli::command().try_get_matches_from(words.filter(|word| !word.is_empty())) {
            panic!("{file}: `{command_line}`: {error}");
        }
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}

/// Every call of rustvenv in a block of code, or at a prompt in a manual page.
fn command_lines() -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    for file in ["README.md", "ARCHITECTURE.md", "man/rustvenv.1", "man/dh_rustvenv.1", "man/rustvenv.5"] {
        let prompt = if file.starts_with("man/") { ".Dl $ " } else { "    " };
        for line in read(file).lines().filter_map(|line| line.strip_prefix(prompt)) {
            if line.starts_with("rustvenv ") {
                found.push((file, line.split('#').next().unwrap().trim().to_owned()));
            }
        }
    }
    found
}

// ---- man/rustvenv.5

/// The keys, as the error about an unknown one lists them.
fn keys() -> BTreeSet<String> {
    let refusals = Config::parse("x", "no-such-key = 1\n", "x").unwrap_err();
    let list = refusals[0].message.split_once("expected one of ").unwrap().1;
    let keys: BTreeSet<String> = list.split(", ").map(|key| key.trim_matches('`').to_owned()).collect();
    assert!(keys.len() > 15 && keys.contains("threshold"), "{keys:?}");
    keys
}

#[test]
fn the_manual_has_every_key() {
    let page = read("man/rustvenv.5");
    let part = page.split_once(".Sh CONFIGURATION\n").unwrap().1.split_once("\n.Sh ").unwrap().0;
    let described: BTreeSet<String> = part
        .lines()
        .filter_map(|line| line.strip_prefix(".It Cm "))
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(described, keys());
}

#[test]
fn examples_of_configurations_are_configurations() {
    let page = read("man/rustvenv.5");
    let begin = ".\\\" example of a configuration\n.Bd -literal -offset indent\n";
    let mut examples: Vec<String> =
        page.split(begin).skip(1).map(|rest| rest.split_once("\n.Ed\n").unwrap().0.to_owned()).collect();
    assert!(!examples.is_empty());
    examples.push(read("debian-example/debian/tidings.rustvenv"));
    let readme = read("README.md");
    let blocks = readme.split("```toml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0.to_owned());
    examples.extend(blocks);
    assert!(examples.len() > 2, "README.md has no configuration");
    for example in examples {
        let config =
            Config::parse("example", &example, "hello").unwrap_or_else(|refusals| panic!("{}\n{example}", refusals[0]));
        for signer in &config.signers {
            assert!(Fingerprint::parse(signer).is_ok(), "{signer}");
        }
    }
}

#[test]
fn defaults_in_the_manual_are_the_defaults() {
    let page = read("man/rustvenv.5");
    let mut text = String::new();
    for line in page.lines().filter_map(|line| line.strip_prefix(".It Cm ")) {
        let (key, value) = line.split_once(' ').unwrap();
        // a default that is a value, and not a sentence about one
        if let Some((_, value)) = value.rsplit_once("default Li ") {
            text.push_str(&format!("{key} = {}\n", value.trim_end_matches(" )").replace("\\(dq", "\"")));
        }
    }
    assert!(text.lines().count() > 12, "{text}");
    assert_eq!(Config::parse("x", &text, "hello").unwrap(), Config::parse("x", "", "hello").unwrap());
}

// ---- README.md and ARCHITECTURE.md

const MARKDOWN: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "HOSTILE.md",
    "debian-example/README.md",
];

/// Directories of this tree that no package of a user has, so that a path into them is a path of this tree.
const OURS: &[&str] =
    &["src/", "tests/", "scripts/", "debhelper/", "man/", "fuzz/", "debian-example/", "benches/", "rpm/", ".ci/"];

#[test]
fn what_the_documents_point_to_exists() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for document in MARKDOWN {
        let text = read(document);
        let beside = Path::new(document).parent().unwrap();
        for target in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            if target.contains("://") || target.starts_with('#') {
                continue;
            }
            let path = target.split('#').next().unwrap();
            seen += 1;
            if !root().join(beside).join(path).exists() {
                wrong.push(format!("{document}: no `{path}`"));
            }
        }
        let words = text.split(|c: char| c.is_whitespace() || "`()[]|,;:".contains(c));
        for word in words.map(|word| word.trim_end_matches('.')) {
            if OURS.iter().any(|directory| word.starts_with(directory)) && !word.contains(['*', '{', '<']) {
                seen += 1;
                if !root().join(word).exists() {
                    wrong.push(format!("{document}: no `{word}`"));
                }
            }
        }
    }
    assert!(seen > 80, "{seen}");
    nothing_wrong(&wrong);
}

#[test]
fn tests_that_hold_an_invariant_exist() {
    let text = read("ARCHITECTURE.md");
    let mut wrong = Vec::new();
    let mut seen = 0;
    // `name` in `file`
    let literals: Vec<&str> = text.split('`').collect();
    for triple in literals.windows(3).filter(|triple| triple[1] == " in ") {
        let (name, file) = (triple[0], triple[2]);
        if file.ends_with(".rs") {
            seen += 1;
            if !read(file).contains(&format!("fn {name}()")) {
                wrong.push(format!("ARCHITECTURE.md: {file} has no test `{name}`"));
            }
        }
    }
    assert!(seen > 10, "{seen}");
    nothing_wrong(&wrong);
}

#[test]
fn the_code_map_has_every_file() {
    let text = read("ARCHITECTURE.md");
    let map = text.split_once("\n## Code map\n").unwrap().1.split_once("\n## ").unwrap().0;
    let named: BTreeSet<&str> = map.split('`').skip(1).step_by(2).collect();
    let mut wrong = Vec::new();
    let mut todo = vec![root().join("src")];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            if path.ends_with(".rs") && !named.contains(path.as_str()) {
                wrong.push(format!("ARCHITECTURE.md: the code map does not have {path}"));
            }
        }
    }
    for line in read("src/lib.rs").lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let name = line.trim_end_matches(';');
        if !named.iter().any(|path| *path == format!("src/{name}.rs") || *path == format!("src/{name}/mod.rs")) {
            wrong.push(format!("ARCHITECTURE.md: the code map does not have the module {name}"));
        }
    }
    nothing_wrong(&wrong);
}

// ---- every text

/// Parts of names that belong to a registry of packages, or to the machine on which somebody works; written so that this
/// file is not among those that have them.
const FOREIGN: &[&str] = &[
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("crates", ".io/"),
    concat!("npm", "js."),
    concat!("proxy.", "golang"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
    concat!("/tm", "p/"),
];

/// Lines in which such a part is what the text is about.
const ALLOWED: &[(&str, &str)] = &[
    // names that an attacker gives to a member of a wheel or to a script
    ("tests/support/hostile/archive.rs", concat!("/tm", "p/")),
    // the private one of the peers, which is empty
    ("scripts/peers.py", concat!("/tm", "p/")),
    ("src/python/entry_points.rs", concat!("$IFS/tm", "p/")),
    // /var/tmp is a directory of every Debian, and reprotest needs one that everybody can read
    ("scripts/reprotest.sh", concat!("/var/tm", "p/")),
    // those of clean systems that are made and thrown away, and the place for sbuild's user
    ("scripts/chroots.sh", concat!("/tm", "p/")),
    ("scripts/rebuild.sh", concat!("/tm", "p/")),
];

#[test]
fn no_text_names_a_registry_or_a_machine() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for path in texts() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        seen += 1;
        for (number, line) in (1..).zip(text.lines()) {
            let allowed = ALLOWED.iter().any(|(file, part)| path == *file && line.contains(part));
            if let (Some(part), false) = (FOREIGN.iter().find(|part| line.contains(**part)), allowed) {
                wrong.push(format!("{path} line {number}: `{part}`"));
            }
        }
    }
    assert!(seen > 100, "{seen} files");
    nothing_wrong(&wrong);
}

/// What git tracks or would track; without git, what is there beside what builds leave. Cargo's own locks are left out.
fn texts() -> Vec<String> {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    let mut files: Vec<String> = match listed {
        Ok(output) if output.status.success() && root().join(".git").exists() => {
            String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
        }
        _ => walk(),
    };
    files.retain(|path| !path.ends_with("Cargo.lock"));
    files
}

fn walk() -> Vec<String> {
    let mut files = Vec::new();
    let mut todo = vec![PathBuf::new()];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(root().join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = directory.join(entry.file_name());
            let name = path.to_str().unwrap();
            let left_over = ["target", ".git", ".debhelper", "corpus", "artifacts", "vendor"];
            if path.file_name().is_some_and(|name| left_over.iter().any(|left| name == *left)) || name == "debian/build"
            {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                todo.push(path);
            } else {
                files.push(name.to_owned());
            }
        }
    }
    files
}
