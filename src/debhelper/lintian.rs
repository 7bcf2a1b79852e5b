//! Lintian overrides for what is inherent in an environment of wheels.
//!
//! Enters: a plan. Leaves: the override lines that apply to it, and no others: an unused override is a remark of its own. The lines
//! stand in a block between two comments in usr/share/lintian/overrides/PKG, after what dh_lintian put there, so that a second
//! run replaces its own block and nothing else.

use crate::plan::Plan;
use crate::refusal::Refusal;
use std::collections::BTreeSet;

const BEGIN: &str = "# begin of what dh_rustvenv adds";
const END: &str = "# end of what dh_rustvenv adds";

/// The override lines for `package`, sorted.
///
/// # Errors
/// As [`crate::plan::Content::read`].
pub fn overrides(plan: &Plan, package: &str) -> Result<BTreeSet<String>, Refusal> {
    let mut tags: BTreeSet<&'static str> = BTreeSet::new();
    if plan.location.starts_with("opt/") {
        tags.insert("dir-or-file-in-opt");
    }
    for (_, content) in plan.elf_files() {
        let bytes = content.read()?;
        tags.extend(elf_tags(&bytes));
    }
    Ok(tags.into_iter().map(|tag| line(package, tag, &plan.location)).collect())
}

/// The part of the package that a tag is said of: the environment, or, since lintian also dislikes the directories above it,
/// what is ours of /opt.
fn place(tag: &str, location: &str) -> String {
    let depth = if tag == "dir-or-file-in-opt" { 2 } else { usize::MAX };
    location.split('/').take(depth).collect::<Vec<_>>().join("/")
}

/// What lintian says of an ELF object that dh_strip never saw.
fn elf_tags(bytes: &[u8]) -> impl Iterator<Item = &'static str> {
    let has = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    // names of sections, which are text in the file
    let unstripped = has(b"\0.symtab\0") || has(b"\0.debug_info\0");
    unstripped.then_some("unstripped-binary-or-object").into_iter()
}

fn line(package: &str, tag: &str, location: &str) -> String {
    format!("{package}: {tag} [{}/*]", place(tag, location))
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
    fn a_second_run_replaces_only_its_own_block() {
        let lines = BTreeSet::from([line("a", "dir-or-file-in-opt", "opt/venvs/a")]);
        let once = merge("a: some-tag\n", &lines);
        assert_eq!(once, format!("a: some-tag\n{BEGIN}\na: dir-or-file-in-opt [opt/venvs/*]\n{END}\n"));
        assert_eq!(merge(&once, &lines), once);
        assert_eq!(merge(&once, &BTreeSet::new()), "a: some-tag\n");
    }
}
