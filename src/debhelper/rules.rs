//! Targets in debian/rules that nothing calls any more.
//!
//! Enters: the text of debian/rules. Leaves: every target that is an override or a hook of dh_virtualenv, with its line and with
//! what stands for it now. dh passes over a target for a command that is not in its sequence without a word, so what the
//! target did would silently be left undone.
//!
//! Deliberately absent: make. Included files are not read and variables are not expanded; what is looked for are the names that
//! people write.

/// The command whose targets are looked for, and ours that stands for it.
const GONE: (&str, &str) = ("dh_virtualenv", "dh_rustvenv");

/// What a target of dh's begins with (<https://manpages.debian.org/dh.1>).
const PREFIXES: [&str; 3] = ["override_", "execute_before_", "execute_after_"];

/// A target that was left over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOver {
    /// The line of debian/rules, counted from one.
    pub line: usize,
    /// The target.
    pub target: String,
    /// The target that dh runs now.
    pub replacement: String,
}

/// The targets of `rules` that nothing calls, in the order of the file.
pub fn left_over(rules: &str) -> Vec<LeftOver> {
    let mut found = Vec::new();
    // those of a line that goes on after a backslash are targets only if a colon comes at last
    let mut waiting = Vec::new();
    let mut line = Line::Over;
    let mut continued = false;
    // what `define` holds becomes targets only through `eval`
    let is_text = !rules.contains("$(eval") && !rules.contains("${eval");
    let mut depth = 0_usize;
    for (index, text) in rules.lines().enumerate() {
        if !continued {
            waiting.clear();
            let first =
                text.split_whitespace().find(|word| !matches!(*word, "override" | "export")).unwrap_or_default();
            depth = match first {
                "define" if !text.starts_with('\t') || depth > 0 => depth + 1,
                "endef" => depth.saturating_sub(1),
                _ => depth,
            };
            line = if text.starts_with('\t') || (is_text && depth > 0) { Line::Over } else { Line::Targets };
        }
        continued = text.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
        if line == Line::Over {
            continue;
        }
        let code = text.split('#').next().unwrap_or_default();
        let (targets, is_whole) = code.split_once(':').map_or((code, false), |(targets, _)| (targets, true));
        // an assignment, which may have a colon in its value
        if targets.contains('=') {
            line = Line::Over;
            continue;
        }
        for target in targets.split_whitespace() {
            if let Some(replacement) = replacement(target) {
                waiting.push(LeftOver { line: index + 1, target: target.to_owned(), replacement });
            }
        }
        if is_whole {
            found.append(&mut waiting);
        }
        if is_whole || code.len() < text.len() {
            line = Line::Over;
        }
    }
    found
}

/// What the rest of a line can still be, and the lines by which it goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Targets, until a colon.
    Targets,
    /// Nothing of interest: a recipe, a comment, what targets depend on, a value.
    Over,
}

/// The target that does now what `target` did; `None` for one that is not of dh_virtualenv.
fn replacement(target: &str) -> Option<String> {
    let (gone, instead) = GONE;
    let prefix = PREFIXES.into_iter().find(|prefix| target.starts_with(prefix))?;
    let suffix = target.strip_prefix(prefix)?.strip_prefix(gone)?;
    ["", "-arch", "-indep"].contains(&suffix).then(|| format!("{prefix}{instead}{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_from_other_text() {
        let rules = "#!/usr/bin/make -f\n# override_dh_virtualenv:\nX = override_dh_virtualenv: y\nY := override_dh_virtualenv\n%:\n\tdh $@\n\n\
                     override_dh_virtualenv:\n\toverride_dh_virtualenv: no\n\nexecute_after_dh_virtualenv-arch override_dh_strip::\n\
                     \tx \\\noverride_dh_strip_virtualenv override_dh_virtualenv-any override_dh_virtualenvs:\n.PHONY: override_dh_virtualenv\n \
                     execute_before_dh_virtualenv-indep: \\\n\toverride_dh_dwz\na \\\n\toverride_dh_virtualenv :\n";
        let found: Vec<(usize, String, String)> =
            left_over(rules).into_iter().map(|found| (found.line, found.target, found.replacement)).collect();
        let expected = [
            (8, "override_dh_virtualenv", "override_dh_rustvenv"),
            (11, "execute_after_dh_virtualenv-arch", "execute_after_dh_rustvenv-arch"),
            (15, "execute_before_dh_virtualenv-indep", "execute_before_dh_rustvenv-indep"),
            (18, "override_dh_virtualenv", "override_dh_rustvenv"),
        ];
        let expected = expected.map(|(line, target, instead)| (line, target.to_owned(), instead.to_owned()));
        assert_eq!(found, expected);
        assert_eq!(left_over(""), []);
    }

    #[test]
    fn lines_that_go_on_are_what_they_began_as() {
        for rules in [
            "# what was there before: \\\noverride_dh_virtualenv: x\n",
            "x:\n\techo \\\noverride_dh_virtualenv: x\n",
            "x:\n\techo a \\\n\toverride_dh_virtualenv is gone\n",
            "X = a \\\n override_dh_virtualenv: \\\n b\n",
            "help: a \\\n override_dh_virtualenv\n",
            "$(info override_dh_virtualenv is gone)\n",
            "define HELP\noverride_dh_virtualenv: is gone\nendef\n",
            "override define HELP =\ndefine X\nendef\noverride_dh_virtualenv: is gone\nendef\n",
        ] {
            assert_eq!(left_over(rules), [], "{rules}");
        }
        for rules in [
            "X = a \\\\\noverride_dh_virtualenv:\n",
            "a \\\n\toverride_dh_virtualenv \\\n :\n",
            "define X\nb:\nendef\noverride_dh_virtualenv:\n",
            "define X\noverride_dh_virtualenv:\nendef\n$(eval $(X))\n",
            "x:\n\tdefine\noverride_dh_virtualenv:\n",
            "override_dh_virtualenv: \\\n\tx",
        ] {
            assert_eq!(left_over(rules).len(), 1, "{rules}");
        }
    }
}
