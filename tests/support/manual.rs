//! The parts of man/rustvenv.7 and man/dh_rustvenv.1 that are made from tables of the program or of the tests, and prose in the language of manual
//! pages.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::path::Path;

/// The variable that has the generated parts written anew.
const BLESS: &str = "RUSTVENV_BLESS";

/// Holds that `part` stands in the manual page `page` between the two markers; writes it there when asked to.
#[track_caller]
pub(crate) fn holds(page: &str, markers: (&str, &str), part: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let old = std::fs::read_to_string(&path).unwrap();
    let new = with_part(&old, markers, part);
    if std::env::var_os(BLESS).is_some_and(|value| value == "1") {
        std::fs::write(path, new).unwrap();
    } else {
        assert!(
            old == new,
            "{page} does not have what a table has; write that part anew with\n    {BLESS}=1 make test\n\
             and look at the difference"
        );
    }
}

/// `text` with what stands between the two markers replaced.
fn with_part(text: &str, (begin, end): (&str, &str), part: &str) -> String {
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{begin}{part}{end}{after}")
}

/// Text as lines of a manual page: a sentence begins a line, what stands in backticks is literal, and no line is long.
pub(crate) fn prose(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    let mut ended = false;
    for word in words(text) {
        let long = width + word.chars().count() > 100;
        let sentence = ended && word.chars().next().is_some_and(|c| c.is_uppercase() || c == '`');
        if width > 0 && (long || sentence) {
            out.push('\n');
            width = 0;
        } else if width > 0 {
            out.push(' ');
            width += 1;
        }
        let escaped = escape(&word);
        if width == 0 && escaped.starts_with(['.', '\'']) {
            out.push_str("\\&");
        }
        out.push_str(&escaped);
        width += word.chars().count();
        ended = word.ends_with('.');
    }
    out.push('\n');
    out
}

/// The words of `text`; a literal in backticks is not taken apart.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut literal = false;
    for c in text.chars() {
        literal ^= c == '`';
        if c == ' ' && !literal {
            words.push(String::new());
        } else {
            words.last_mut().unwrap().push(c);
        }
    }
    words
}

fn escape(word: &str) -> String {
    let mut out = String::new();
    let mut literal = false;
    for c in word.chars() {
        match c {
            '`' => {
                literal = !literal;
                out.push_str(if literal { "\\(oq" } else { "\\(cq" });
            }
            '\\' => out.push_str("\\e"),
            // a hyphen that can be copied
            '-' if literal => out.push_str("\\-"),
            c => out.push(c),
        }
    }
    out
}
