//! Console and GUI scripts that a wheel declares.
//!
//! Enters: entry_points.txt. Leaves: for each script its file name in bin/ and the object that it calls
//! (<https://packaging.python.org/en/latest/specifications/entry-points/>). Both become code that runs on the target, so their
//! alphabet is small: what is not an identifier cannot end up between the lines of a launcher. Other groups are left alone.

use std::collections::BTreeMap;

/// The object that a script calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryPoint {
    /// Dotted module.
    pub module: String,
    /// Dotted attribute of the module.
    pub attribute: String,
}

/// Reads the console and GUI scripts, by file name.
///
/// # Errors
/// Every line that is no entry point, as a clause with its line number.
pub fn parse(bytes: &[u8]) -> Result<BTreeMap<String, EntryPoint>, Vec<String>> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Err(vec!["it is not UTF-8".to_owned()]) };
    let mut scripts = BTreeMap::new();
    let mut problems = Vec::new();
    let mut folded = BTreeMap::new();
    let mut sections = BTreeMap::new();
    let mut installs = false;
    for (number, line) in (1..).zip(text.split('\n')) {
        // Python's configparser strips blanks, carriage returns included
        let line = line.trim_matches(BLANK);
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            if section.contains(['[', ']']) {
                // importlib.metadata takes all brackets away
                problems.push(format!("line {number}: `{line}` is no section"));
            }
            installs = matches!(section, "console_scripts" | "gui_scripts");
            if let Some(earlier) = sections.insert(section.to_owned(), number) {
                problems.push(format!("line {number}: the section `{section}` already began in line {earlier}"));
            }
            continue;
        }
        if sections.is_empty() {
            // also where a byte order mark makes the first section something else
            problems.push(format!("line {number}: `{line}` stands before the first section"));
        }
        if !installs {
            continue;
        }
        match entry(line) {
            Ok((name, entry)) => {
                if let Some(earlier) = folded.insert(name.to_ascii_lowercase(), number) {
                    problems.push(format!("line {number}: the script `{name}` is already declared in line {earlier}"));
                }
                scripts.insert(name, entry);
            }
            Err(why) => problems.push(format!("line {number}: {why}")),
        }
    }
    if problems.is_empty() { Ok(scripts) } else { Err(problems) }
}

/// Blanks around names and values; other Unicode blanks are part of them and so refused.
const BLANK: [char; 3] = [' ', '\t', '\r'];

fn entry(line: &str) -> Result<(String, EntryPoint), String> {
    let (name, value) = line.split_once('=').ok_or_else(|| format!("`{line}` has no `=`"))?;
    let (name, value) = (name.trim_matches(BLANK), value.trim_matches(BLANK));
    if !is_script_name(name) {
        return Err(format!("`{name}` is no name of a script"));
    }
    // extras after the object are obsolete and have no effect at run time
    let object = match value.split_once('[') {
        Some((object, extras)) if is_extras(extras) => object.trim_end_matches(BLANK),
        Some(_) => return Err(format!("`{value}` is not MODULE:ATTRIBUTE")),
        None => value,
    };
    let (module, attribute) = object.split_once(':').ok_or_else(|| format!("`{value}` is not MODULE:ATTRIBUTE"))?;
    let (module, attribute) = (module.trim_matches(BLANK), attribute.trim_matches(BLANK));
    if !is_dotted_name(module) || !is_dotted_name(attribute) {
        return Err(format!("`{value}` is not MODULE:ATTRIBUTE"));
    }
    Ok((name.to_owned(), EntryPoint { module: module.to_owned(), attribute: attribute.to_owned() }))
}

/// Whether `text` can be a file in bin/: ASCII letters, digits, `.`, `_`, `-` and `+`, beginning with a letter, digit or `_`.
pub fn is_script_name(text: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 200
        && text.bytes().next().is_some_and(first)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b))
}

fn is_extras(text: &str) -> bool {
    text.strip_suffix(']')
        .is_some_and(|inner| inner.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-, ".contains(&b)))
}

fn is_dotted_name(text: &str) -> bool {
    text.len() <= 1000 && text.split('.').all(is_identifier)
}

fn is_identifier(text: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    text.bytes().next().is_some_and(first)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !KEYWORDS.contains(&text)
}

/// Keywords of Python 3, which are no names.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_of_both_kinds() {
        let text = "[console_scripts]\na = m:f\nb-1.0=p.m:C.f [x,y]\n# no\n[gui_scripts]\r\nc = m : f\r\n[other]\n../x = anything at all\n";
        let scripts = parse(text.as_bytes()).unwrap();
        assert_eq!(scripts.keys().collect::<Vec<_>>(), ["a", "b-1.0", "c"]);
        assert_eq!(scripts["b-1.0"], EntryPoint { module: "p.m".into(), attribute: "C.f".into() });
    }

    #[test]
    fn what_would_leave_bin_or_become_code() {
        for line in [
            "../x = m:f",
            "/x = m:f",
            "sub/x = m:f",
            ". = m:f",
            " = m:f",
            "= m:f",
            "a b = m:f",
            "-a = m:f",
            "ä = m:f",
            "a;touch$IFS/tmp/x = m:f",
            "a = m",
            "a = m:f()",
            "a = m:f;import os",
            "a = m:f,print",
            "a = evil-mod:f",
            "a = m:lambda",
            "a = class:f",
            "a = :f",
            "a = m:",
            "a = m..n:f",
            "a = m:f [x",
            "a = m:f]x",
            "a = m:f\u{a0}",
            "x: m:f",
            "a = m:f\u{b}g",
        ] {
            let text = format!("[console_scripts]\n{line}\n");
            assert!(parse(text.as_bytes()).is_err(), "{line:?}");
        }
    }

    #[test]
    fn one_name_twice() {
        for text in ["[console_scripts]\na=m:f\na=m:g\n", "[console_scripts]\na=m:f\n[gui_scripts]\nA=m:g\n"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"[console_scripts]\na=m:f\n[x]\n[console_scripts]\nb=m:f\n").is_err());
        assert!(parse(b"[[console_scripts]]\na=m:f\n").is_err());
    }

    #[test]
    fn a_byte_order_mark_hides_no_section() {
        assert!(parse("\u{feff}[console_scripts]\na=m:f\n".as_bytes()).is_err());
    }
}
