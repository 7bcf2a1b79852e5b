//! Lintian overrides for what is inherent in an environment of wheels.
//!
//! Enters: a plan, and what its ELF files say of themselves. Leaves: the override lines that apply to it, and no others: an unused
//! override is a remark of its own. What says that something is missing or could not work is not among them. The lines stand in a block between two comments in usr/share/lintian/overrides/PKG, after what dh_lintian put there, so that a second
//! run replaces its own block and nothing else.

use super::control::BinaryPackage;
use super::elf::{ElfKind, ElfNeeds};
use crate::plan::{Content, Mode, Node, Plan};
use crate::refusal::Failure;
use crate::wheel::record::Head;
use memchr::memmem::Finder;
use std::collections::{BTreeMap, BTreeSet};

const BEGIN: &str = "# begin of what dh_rustvenv adds";
const END: &str = "# end of what dh_rustvenv adds";

/// Libraries that lintian recognises by a text in them, as far as wheels bundle them (its data/binaries/embedded-libs).
const EMBEDDED: &[&str] = &[
    "This is a bug in bzip2",
    "A libcurl function was given a bad argument",
    "requested feature requires XML_DTD support in Expat",
    "HuaTianSongTi",
    "GNU MP: Cannot allocate memory",
    "Unsupported number of channels for VCGT",
    "insufficient thread locking around avcodec_open/close()",
    "Buffer video frames, and make them accessible to the filterchain.",
    "Format detected only with low score of %d, misdetection possible!",
    "AVOption type %d of option %s not implemented yet",
    "Exactly one scaler algorithm must be chosen",
    "Caution: quantization tables are too coarse for baseline JPEG",
    "MySQL client ran out of memory",
    "Potential overflow in png_zalloc",
    "gamma value does not match libpng estimate",
    "Error allocating memory for ssh_scp",
    "root and DTD name do not match",
    "did not find expected <stream-start>",
    "MPFR: Can't allocate memory",
    "Not enough memory to create terminal structure",
    "tcd_decode: incomplete",
    "Cannot handle box of less than 8 bytes",
    "You need to read the OpenSSL FAQ",
    "this version of PCRE is not compiled with PCRE_UTF8 support",
    "CREATE TABLE sqlite_master(",
    "No space for PixarLog state block",
    "deflate 1.",
    "inflate 1.",
];

/// Interpreters of Debian and where they are: what lintian expects in an interpreter line.
const INTERPRETERS: &[(&str, &str)] = &[
    ("ash", "/bin"),
    ("awk", "/usr/bin"),
    ("bash", "/bin"),
    ("csh", "/bin"),
    ("dash", "/bin"),
    ("expect", "/usr/bin"),
    ("fish", "/usr/bin"),
    ("gawk", "/usr/bin"),
    ("gnuplot", "/usr/bin"),
    ("julia", "/usr/bin"),
    ("ksh", "/bin"),
    ("make", "/usr/bin"),
    ("mawk", "/usr/bin"),
    ("node", "/usr/bin"),
    ("perl", "/usr/bin"),
    ("php", "/usr/bin"),
    ("pypy3", "/usr/bin"),
    ("python2", "/usr/bin"),
    ("python3", "/usr/bin"),
    ("ruby", "/usr/bin"),
    ("sed", "/bin"),
    ("sh", "/bin"),
    ("tclsh", "/usr/bin"),
    ("tcsh", "/usr/bin"),
    ("wish", "/usr/bin"),
    ("zsh", "/usr/bin"),
];

/// Said of a script for `python3` in a package that depends on `python3.X`, as all of ours do.
const NO_PYTHON: &str = "python3-script-but-no-python3-dep";

/// What a file that gzip made begins with.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The tags that name something before the place.
const WITH_CONTEXT: &[&str] = &[
    "absolute-symlink-in-top-level-folder",
    "embedded-library",
    "interpreter-not-absolute",
    NO_PYTHON,
    "shared-library-is-executable",
    "unusual-interpreter",
    "wrong-path-for-interpreter",
];

/// The override lines for `package`, sorted. `elf_files` has what the ELF files of the plan say, by their paths.
///
/// # Errors
/// As [`Content::copy`].
pub fn overrides(
    plan: &Plan,
    package: &BinaryPackage,
    elf_files: &BTreeMap<String, ElfNeeds>,
) -> Result<BTreeSet<String>, Failure> {
    let mut tags: BTreeSet<&'static str> = BTreeSet::new();
    if plan.location.starts_with("opt/") {
        tags.insert("dir-or-file-in-opt");
    }
    if plan.location.starts_with("usr/") {
        // of bin/python: a relative link would end the environment's life with the first move of it
        tags.insert("absolute-symlink-in-top-level-folder");
    }
    if plan.inside().any(|(path, node)| *node == Node::Directory && path.ends_with("/__pycache__")) {
        tags.insert("package-installs-python-pycache-dir");
    }
    let has_python = package.relations.split([',', '|', ' ', ':', '(']).any(|word| word == "python3");
    for (path, mode, content, head) in plan.members() {
        match head {
            Head::Elf => {
                tags.extend(elf_tags(content)?);
                tags.extend(elf_files.get(path).into_iter().flat_map(|needs| needs_tags(path, mode, needs)));
            }
            Head::Script => tags.extend(script_tags(path, &first_line(content)?, mode)),
            Head::Other if mode == Mode::Program => {
                tags.insert("executable-not-elf-or-script");
            }
            Head::Other => {
                // numpy brings one; the interface of a compiler of the wheel's builder
                if path.starts_with("usr/lib/") && path.ends_with(".mod") && first_line(content)?.starts_with(GZIP) {
                    tags.insert("missing-prerequisite-for-gfortran-module");
                }
            }
        }
    }
    if has_python {
        tags.remove(NO_PYTHON);
    }
    Ok(tags.into_iter().map(|tag| line(&package.name, tag, &plan.location)).collect())
}

/// What lintian says of an ELF object, by what it says of itself.
fn needs_tags(path: &str, mode: Mode, needs: &ElfNeeds) -> Vec<&'static str> {
    let mut tags = Vec::new();
    let is_shared = needs.kind == ElfKind::Shared;
    let has = |prefix: &str| needs.needed.iter().any(|name| name.starts_with(prefix));
    let is_libc =
        path.split("/libc").skip(1).any(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
    if needs.soname.is_some() && mode == Mode::Program && needs.interpreter.is_none() {
        tags.push("shared-library-is-executable");
    }
    if is_shared && needs.needed.is_empty() {
        tags.push("shared-library-lacks-prerequisites");
    }
    if !needs.needed.is_empty() && !has("libc.so.") {
        if is_shared && !is_libc {
            tags.push("library-not-linked-against-libc");
        } else if needs.kind == ElfKind::Executable && !has("libstdc++.so.") {
            tags.push("program-not-linked-against-libc");
        }
    }
    if !needs.dynamic && needs.interpreter.is_none() && mode == Mode::Program && needs.kind == ElfKind::Executable {
        tags.push("statically-linked-binary");
    }
    tags
}

/// What lintian says of an ELF object that dh_strip never saw.
fn elf_tags(content: &Content) -> Result<BTreeSet<&'static str>, Failure> {
    // names of sections, which are text in the file
    let sections = ["\0.symtab\0", "\0.debug_info\0"].into_iter().map(|text| (text, "unstripped-binary-or-object"));
    let libraries = EMBEDDED.iter().map(|text| (*text, "embedded-library"));
    let mut wanted: Vec<(Finder<'_>, &str)> =
        sections.chain(libraries).map(|(text, tag)| (Finder::new(text), tag)).collect();
    let longest = wanted.iter().map(|(finder, _)| finder.needle().len()).max().unwrap_or(0);
    let mut tags = BTreeSet::new();
    // the end of what came before, in which a text may begin, and what comes now
    let mut window: Vec<u8> = Vec::new();
    content.copy(&mut |piece| {
        window.drain(..window.len().saturating_sub(longest));
        window.extend_from_slice(piece);
        wanted.retain(|(finder, tag)| !tags.contains(tag) && (finder.find(&window).is_none() || !tags.insert(*tag)));
        Ok(())
    })?;
    Ok(tags)
}

/// The beginning of a script, up to the end of its first line if that is not too far away.
fn first_line(content: &Content) -> Result<Vec<u8>, Failure> {
    let mut first = Vec::new();
    content.copy(&mut |piece| {
        if first.is_empty() {
            first.extend(piece.iter().take_while(|byte| **byte != b'\n'));
        }
        Ok(())
    })?;
    Ok(first)
}

/// What lintian says of a script, by its path, its first line and its mode.
fn script_tags(path: &str, bytes: &[u8], mode: Mode) -> Vec<&'static str> {
    let mut tags = Vec::new();
    let line = String::from_utf8_lossy(bytes.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
    let mut words = line.trim_start_matches("#!").split_whitespace();
    let mut interpreter = words.next().unwrap_or_default();
    let by_name = interpreter == "/usr/bin/env";
    if by_name {
        interpreter = words.find(|word| !word.starts_with('-') && !word.contains('=')).unwrap_or_default();
    }
    let is_absolute = by_name || interpreter.starts_with('/');
    // `#!python` in a file that is not to be run is for editors
    if mode == Mode::Data && !is_absolute && !path.contains("bin/") {
        return tags;
    }
    if interpreter.is_empty() {
        return vec!["script-without-interpreter"];
    }
    if !is_absolute {
        tags.push("interpreter-not-absolute");
    }
    let is_module = ["usr/lib/", "usr/share/"].iter().any(|root| path.starts_with(root))
        && [".py", ".pm"].iter().any(|ending| path.contains(ending));
    if mode == Mode::Data && !is_module && ![".in", ".erb", ".ex"].iter().any(|ending| path.ends_with(ending)) {
        tags.push("script-not-executable");
    }
    let (directory, name) = interpreter.rsplit_once('/').unwrap_or(("", interpreter));
    let is_python = name.strip_prefix("python3.").is_some_and(|minor| minor.bytes().all(|byte| byte.is_ascii_digit()));
    let known = INTERPRETERS.iter().find(|(known, _)| *known == name || (is_python && *known == "python3"));
    match known {
        Some((_, expected)) if by_name || directory == *expected => {}
        Some(_) => tags.push("wrong-path-for-interpreter"),
        None => tags.push("unusual-interpreter"),
    }
    if mode == Mode::Program && name == "python3" {
        tags.push(NO_PYTHON);
    }
    tags
}

/// The part of the package that a tag is said of: the environment, or, since lintian also dislikes the directories above it,
/// what is ours of /opt.
fn place(tag: &str, location: &str) -> String {
    let depth = if tag == "dir-or-file-in-opt" { 2 } else { usize::MAX };
    location.split('/').take(depth).collect::<Vec<_>>().join("/")
}

fn line(package: &str, tag: &str, location: &str) -> String {
    {
        let context = if WITH_CONTEXT.contains(&tag) { "* " } else { "" };
        format!("{package}: {tag} {context}[{}/*]", place(tag, location))
    }
}

/// `existing` (what is in the overrides file) with our block replaced by `lines`; nothing when neither has a line.
pub fn merge(existing: &str, lines: &BTreeSet<String>) -> String {
    let mut text = String::new();
    let mut ours = false;
    for line in existing.lines() {
        if line == BEGIN {
            ours = true;
        }
        if !ours {
            text.push_str(line);
            text.push('\n');
        }
        if line == END {
            ours = false;
        }
    }
    if !lines.is_empty() {
        text.push_str(BEGIN);
        text.push('\n');
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(END);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_judged_by_their_first_line() {
        for (line, mode, tags) in [
            ("#!/bin/sh", Mode::Program, &[][..]),
            ("#!/usr/bin/env python3", Mode::Program, &[NO_PYTHON]),
            ("#!/usr/bin/env -S python3.11 -u", Mode::Program, &[]),
            ("#!/usr/bin/env python", Mode::Data, &["script-not-executable", "unusual-interpreter"]),
            ("#!/usr/local/bin/python3", Mode::Program, &["wrong-path-for-interpreter", NO_PYTHON]),
            ("#!/usr/bin/bash", Mode::Program, &["wrong-path-for-interpreter"]),
            ("#! ", Mode::Program, &["script-without-interpreter"]),
            ("#! ", Mode::Data, &[]),
            ("#!python", Mode::Data, &[]),
            ("#!\u{e9}", Mode::Program, &["interpreter-not-absolute", "unusual-interpreter"]),
        ] {
            assert_eq!(script_tags("opt/x/site/file.py", format!("{line}\nrest").as_bytes(), mode), tags, "{line}");
        }
        for (path, tags) in [
            ("usr/lib/x/file.py", &[][..]),
            ("usr/lib/x/file.sh", &["script-not-executable"]),
            ("opt/x/file.sh.in", &[]),
            ("opt/x/file.py", &["script-not-executable"]),
        ] {
            assert_eq!(script_tags(path, b"#!/bin/sh\n", Mode::Data), tags, "{path}");
        }
        assert_eq!(
            script_tags("opt/x/bin/y", b"#!sh", Mode::Data),
            ["interpreter-not-absolute", "script-not-executable", "wrong-path-for-interpreter"]
        );
    }

    #[test]
    fn a_second_run_replaces_only_its_own_block() {
        let lines = BTreeSet::from([line("a", "dir-or-file-in-opt", "opt/venvs/a")]);
        let once = merge("a: some-tag\n", &lines);
        assert_eq!(once, format!("a: some-tag\n{BEGIN}\na: dir-or-file-in-opt [opt/venvs/*]\n{END}\n"));
        assert_eq!(merge(&once, &lines), once);
        assert_eq!(merge(&once, &BTreeSet::new()), "a: some-tag\n");
    }
}
