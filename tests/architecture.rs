//! The dependency rule and its kin, read from the sources: who may use whom, where the doors to the world are, and where
//! a proof may be made.
//!
//! The order of the modules in `src/lib.rs` is the rule: a module uses only those that stand above it. What is looked at
//! is the code alone; comments, strings and the `#[cfg(test)]` parts are taken out first. The last tests show that the
//! reader sees what it has to see, so that a rule cannot hold because nothing was read.

#![expect(clippy::disallowed_methods, reason = "a test looks at the world with other eyes than the code it tests")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "whatever is unexpected fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Top-level modules that may open the doors of `system`.
const MAY_USE_SYSTEM: &[&str] = &["command", "maintain", "sink"];

/// What `std` offers of the world.
const DOORS: &[&str] =
    &["std::fs", "std::process", "std::env", "std::net", "std::time::SystemTime::now", "std::time::Instant::now"];

/// What main.rs, which is no part of the library, needs of them.
const DOORS_OF_MAIN: &[&str] = &["std::env::set_current_dir", "std::process::ExitCode"];

/// What is about today and no part of a package build: the command that looks ahead, and the options of the maintainers' commands.
const KNOW_THE_DAY: &[&str] = &["src/command/check.rs", "src/command/trust_options.rs"];

/// The types that are proofs, and the only file in which a value of each is made.
const PROOFS: &[(&str, &str)] =
    &[("VerifiedManifest", "src/trust/verified.rs"), ("VerifiedWheel", "src/trust/verified_wheel.rs")];

/// Ways to a `VerifiedWheel` that nobody signed for, and the files that may take them. None of those that build sdists makes a
/// package: what they open is installed into the environment of a build in a sandbox, and nowhere else.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    ("built_from_source_package", &["src/command/environment.rs"]),
    ("built_from_sdist", &["src/maintain/wheel_build/accept.rs"]),
    ("Approval::DangerouslyUnsigned", &["src/command/environment.rs", "src/command/build.rs"]),
];

/// The only files that reach the network or ask how it is reached: none of them is part of a package build.
const REACHES_THE_NETWORK: &[&str] =
    &["src/command/reach.rs", "src/maintain/fetch/mod.rs", "src/maintain/sync.rs", "src/maintain/transfer.rs"];

/// What leads to the network.
const WAYS_TO_THE_NETWORK: &[&str] = &["system::net", "of_the_network", "ureq", "rustls"];

/// Lines that a file may have without its tests.
const LONGEST_FILE: usize = 600;

/// A table of texts, which is looked things up in and not read through.
const TABLE: &str = "src/code.rs";

/// Lines of `//!` at the beginning of a file: what enters, what leaves, what is absent.
const SHORTEST_DOC: usize = 3;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One file below src/.
struct Source {
    /// Relative to the root of the tree.
    path: String,
    text: String,
    /// The text without comments, strings and tests.
    code: String,
}

impl Source {
    /// The modules that lead to the file, outermost first: none for lib.rs and main.rs.
    fn modules(&self) -> Vec<&str> {
        let inside = self.path.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
        let mut parts: Vec<&str> = inside.split('/').collect();
        if parts.last() == Some(&"mod") {
            parts.pop();
        }
        if parts == ["lib"] || parts == ["main"] { Vec::new() } else { parts }
    }
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut todo: Vec<PathBuf> = vec![root().join("src")];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = code_of(&text);
                let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                sources.push(Source { path, text, code });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 40, "{} files", sources.len());
    sources
}

/// `text` without comments, without the content of strings and without what `#[cfg(test)]` stands before.
fn code_of(text: &str) -> String {
    without_tests(&without_text(text))
}

/// `text` with every comment, string and character literal replaced by a blank; line ends stay.
fn without_text(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut out = String::new();
    let mut i = 0;
    while i < chars.len() {
        let start = i;
        let identifier_before = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_');
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            '/' if at(i + 1) == '*' => {
                let mut depth = 0;
                loop {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 || i >= chars.len() {
                        break;
                    }
                }
            }
            'r' if !identifier_before && matches!(at(i + 1), '"' | '#') && raw_string_hashes(&chars, i).is_some() => {
                let hashes = raw_string_hashes(&chars, i).unwrap();
                i += hashes + 2;
                while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|n| at(i + n) == '#')) {
                    i += 1;
                }
                i += hashes + 1;
            }
            '"' => {
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                i += 1;
            }
            // a character, and not a lifetime
            '\'' if at(i + 1) == '\\' || at(i + 2) == '\'' => {
                i += 1;
                while i < chars.len() && at(i) != '\'' {
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                i += 1;
            }
            c => {
                out.push(c);
                i += 1;
                continue;
            }
        }
        out.push(' ');
        out.extend(chars[start..i.min(chars.len())].iter().filter(|c| **c == '\n'));
    }
    out
}

/// The number of `#` of the raw string that begins at `i`, if one does.
fn raw_string_hashes(chars: &[char], i: usize) -> Option<usize> {
    let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(i + 1 + hashes) == Some(&'"')).then_some(hashes)
}

/// `code` without the items that are for tests alone.
fn without_tests(code: &str) -> String {
    let mut out = String::new();
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // up to the end of the item: a semicolon, or the brace that closes its first one
        let mut depth = 0;
        let end = rest.char_indices().find_map(|(at, c)| {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            (depth == 0 && (c == ';' || c == '}')).then_some(at + 1)
        });
        rest = &rest[end.unwrap_or(rest.len())..];
    }
    out.push_str(rest);
    out
}

fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What follows a path's last `::`: one name, or those of a group in braces.
fn names_after(text: &str) -> Vec<String> {
    let Some(group) = text.strip_prefix('{') else { return vec![identifier(text).to_owned()] };
    let mut names = vec![String::new()];
    let mut depth = 0;
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            _ => {}
        }
        if depth == 0 && c != ',' {
            names.last_mut().unwrap().push(c);
        }
    }
    names.iter().map(|name| identifier(name.trim()).to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Whether an identifier or path ends right before `at`, so that what begins there is only a part of one.
fn continues(code: &str, at: usize) -> bool {
    code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
}

/// The top-level modules that `code` names, when it stands `depth` modules below the root of the crate.
fn uses(code: &str, depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, word) in code.match_indices("crate::") {
        if !continues(code, at) {
            found.extend(names_after(&code[at + word.len()..]));
        }
    }
    for (at, _) in code.match_indices("super::") {
        if continues(code, at) {
            continue;
        }
        let mut rest = &code[at..];
        let mut ups = 0;
        while let Some(after) = rest.strip_prefix("super::") {
            (rest, ups) = (after, ups + 1);
        }
        if ups >= depth {
            found.extend(names_after(rest));
        }
    }
    found
}

/// The paths below `root`, such as `std`, that `code` names, each written out to its end.
fn paths_below(root: &str, code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(&format!("{root}::")) {
        if !continues(code, at) {
            expand(root, &code[at + root.len() + 2..], &mut found);
        }
    }
    found
}

/// Adds `prefix` with each path that `text` begins with, groups in braces taken apart.
fn expand(prefix: &str, text: &str, found: &mut BTreeSet<String>) {
    if let Some(group) = text.strip_prefix('{') {
        let mut depth = 0;
        let mut start = 0;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    expand(prefix, group[start..at].trim(), found);
                    start = at + 1;
                    if c == '}' {
                        return;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    let name = identifier(text);
    match text[name.len()..].strip_prefix("::") {
        Some(below) => expand(&format!("{prefix}::{name}"), below, found),
        None if name == "self" => drop(found.insert(prefix.to_owned())),
        None if name.is_empty() => {}
        None => drop(found.insert(format!("{prefix}::{name}"))),
    }
}

/// The modules of lib.rs with their places, the first being the lowest.
fn order(sources: &[Source]) -> BTreeMap<String, usize> {
    let library = sources.iter().find(|source| source.path == "src/lib.rs").unwrap();
    let modules: Vec<&str> = library
        .code
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod ").or_else(|| line.trim().strip_prefix("mod ")))
        .map(identifier)
        .collect();
    assert!(modules.len() > 10, "{modules:?}");
    modules.iter().enumerate().map(|(place, name)| ((*name).to_owned(), place)).collect()
}

#[track_caller]
fn nothing_wrong(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n  {}\n", wrong.join("\n  "));
}

#[test]
fn a_module_uses_only_those_above_it() {
    let sources = sources();
    let order = order(&sources);
    let mut wrong = Vec::new();
    for source in &sources {
        let modules = source.modules();
        let Some(own) = modules.first() else { continue };
        let Some(place) = order.get(*own) else {
            wrong.push(format!("{}: lib.rs has no module `{own}`", source.path));
            continue;
        };
        for used in uses(&source.code, modules.len()) {
            match order.get(&used) {
                Some(other) if other <= place => {}
                Some(_) => wrong.push(format!("{}: `{used}` stands below `{own}` in lib.rs", source.path)),
                None => wrong.push(format!("{}: `crate::{used}` is no module of lib.rs", source.path)),
            }
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn only_the_shell_opens_the_doors() {
    let mut wrong = Vec::new();
    for source in sources() {
        let modules = source.modules();
        let own = modules.first().copied().unwrap_or_default();
        if own != "system" && !MAY_USE_SYSTEM.contains(&own) && uses(&source.code, modules.len()).contains("system") {
            wrong.push(format!("{}: only {} may use `system`", source.path, MAY_USE_SYSTEM.join(", ")));
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn the_world_is_reached_through_system_alone() {
    let mut wrong = Vec::new();
    for source in sources() {
        if source.modules().first() == Some(&"system") {
            continue;
        }
        let allowed = if source.path == "src/main.rs" { DOORS_OF_MAIN } else { &[] };
        for path in paths_below("std", &source.code) {
            let is_door = DOORS.iter().any(|door| path == *door || path.starts_with(&format!("{door}::")));
            if is_door && !allowed.contains(&path.as_str()) {
                wrong.push(format!("{}: `{path}`", source.path));
            }
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn only_one_command_knows_what_day_it_is() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for source in sources() {
        if paths_below("crate", &source.code).iter().any(|path| path.starts_with("crate::system::clock")) {
            seen += 1;
            if !KNOW_THE_DAY.contains(&source.path.as_str()) {
                wrong.push(format!("{}: only {} may ask the clock", source.path, KNOW_THE_DAY.join(", ")));
            }
        }
    }
    assert_eq!(seen, KNOW_THE_DAY.len(), "one of {KNOW_THE_DAY:?} does not ask the clock: has it moved?");
    nothing_wrong(&wrong);
}

#[test]
fn no_part_of_a_package_build_reaches_the_network() {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.modules().first() != Some(&"system")) {
        let named = WAYS_TO_THE_NETWORK.iter().any(|way| match *way {
            "system::net" => {
                paths_below("crate", &source.code).iter().any(|path| path.starts_with("crate::system::net"))
            }
            way => source.code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == way),
        });
        if named && REACHES_THE_NETWORK.contains(&source.path.as_str()) {
            seen.insert(source.path.clone());
        } else if named {
            wrong.push(format!("{}: only {} may", source.path, REACHES_THE_NETWORK.join(", ")));
        }
    }
    assert_eq!(seen.len(), REACHES_THE_NETWORK.len(), "{seen:?}: has one moved?");
    nothing_wrong(&wrong);
}

#[test]
fn a_proof_is_made_in_its_leaf_alone() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (proof, leaf) in PROOFS {
            let literals = literals(&source.code, proof);
            if source.path == *leaf {
                assert!(literals > 0, "{leaf} makes no `{proof}`: has it moved?");
            } else if literals > 0 {
                wrong.push(format!("{}: a `{proof}` is made outside of {leaf}", source.path));
            }
        }
    }
    nothing_wrong(&wrong);
}

#[test]
fn exceptions_are_made_in_one_place() {
    let leaf = PROOFS[1].1;
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.path != leaf) {
        for (exception, places) in EXCEPTIONS {
            let is_there = source.code.contains(exception);
            if places.contains(&source.path.as_str()) {
                assert!(is_there, "{} has no `{exception}`: has it moved?", source.path);
            } else if is_there {
                wrong.push(format!("{}: only {} may use `{exception}`", source.path, places.join(" and ")));
            }
        }
    }
    nothing_wrong(&wrong);
}

/// How often `code` has `NAME {` as a value or pattern, that is, not as the head of an item or the type of a result.
fn literals(code: &str, name: &str) -> usize {
    code.match_indices(name)
        .filter(|(at, _)| {
            let before = code[..*at].trim_end();
            let whole = !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let head = ["struct", "impl", "for", "->", "mod", "enum"].iter().any(|word| before.ends_with(word));
            whole && !head && code[at + name.len()..].trim_start().starts_with('{')
        })
        .count()
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let lines = |text: &str| text.lines().take_while(|line| line.starts_with("//!")).count();
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| lines(&source.text) < SHORTEST_DOC)
        .map(|source| format!("{}: {} lines of `//!`, not {SHORTEST_DOC}", source.path, lines(&source.text)))
        .collect();
    nothing_wrong(&wrong);
}

#[test]
fn no_file_is_too_long_to_be_read() {
    let lines = |text: &str| text.lines().take_while(|line| *line != "#[cfg(test)]").count();
    let wrong: Vec<String> = sources()
        .iter()
        .filter(|source| source.path != TABLE && lines(&source.text) > LONGEST_FILE)
        .map(|source| {
            format!("{}: {} lines without its tests, {LONGEST_FILE} are allowed", source.path, lines(&source.text))
        })
        .collect();
    nothing_wrong(&wrong);
}

#[test]
fn the_reader_sees_what_is_used() {
    let used = |text: &str, depth| uses(&code_of(text), depth).into_iter().collect::<Vec<_>>().join(" ");
    for (text, depth, expected) in [
        ("use crate::plan::Plan;", 1, "plan"),
        ("fn f() { crate::sink::write() }", 1, "sink"),
        ("use crate::{code::{Code, Blame}, plan, sink as s};", 1, "code plan sink"),
        ("pub use super::system::fs;", 1, "system"),
        ("use super::openpgp;", 2, ""),
        ("use super::super::system;", 2, "system"),
        ("// crate::plan\n/* crate::plan /* nested */ crate::sink */ \"crate::lock\" r#\"crate::\"trust\"#", 1, ""),
        ("const Q: char = '\"'; use crate::plan; const R: &str = \"\\\"crate::sink\";", 1, "plan"),
        ("fn f<'a>(x: &'a str) { crate::plan::f(x, '\\'') }", 1, "plan"),
        ("#[cfg(test)]\nmod tests { use crate::plan; fn f() {} }\nuse crate::code;", 1, "code"),
        ("#[cfg(test)]\nuse crate::plan;\nuse crate::code;", 1, "code"),
        ("mycrate::plan::f(); x::crate::plan();", 1, ""),
    ] {
        assert_eq!(used(text, depth), expected, "{text}");
    }
}

#[test]
fn the_reader_sees_doors_and_proofs() {
    let paths = |text: &str| paths_below("std", &code_of(text)).into_iter().collect::<Vec<_>>().join(" ");
    assert_eq!(paths("use std::{fmt, fs::{self, File}, env};"), "std::env std::fmt std::fs std::fs::File");
    assert_eq!(paths("let x = std::time::SystemTime::now();"), "std::time::SystemTime::now");
    assert_eq!(paths("// std::fs\nlet x = \"std::env\"; mystd::fs"), "");
    assert_eq!(
        literals(
            "struct VerifiedWheel { a: u8 } impl VerifiedWheel { fn f() -> VerifiedWheel { x } }",
            "VerifiedWheel"
        ),
        0
    );
    assert_eq!(literals("let w = Ok(VerifiedWheel { a }); UnverifiedWheel { b }", "VerifiedWheel"), 1);
}
