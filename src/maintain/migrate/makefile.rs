//! debian/rules as text: statements with their lines, and variables as far as they are simple.
//!
//! Enters: the text of a makefile (<https://www.gnu.org/software/make/manual/make.html>), of strangers. Leaves: a [`Makefile`]: statements in order, each
//! with its own lines, and [`Makefile::expand`]. make is never called and nothing is run: what make would compute by a function, a
//! command, a condition or the environment stays as it is written, so that whoever reads an expanded text sees a `$` where it is not
//! known. Work and depth are bounded.

use crate::refusal::Failure;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Lines that a file may have; the longest that is known has some 300.
const LINES: usize = 20_000;

/// Variables within variables.
const DEPTH: usize = 32;

/// Bytes that one text may become.
const EXPANDED: usize = 1 << 16;

/// Bytes that all texts together may become; beyond, they stay as they are written.
const EXPANDED_IN_ALL: usize = 1 << 21;

/// A part of a makefile that makes sense by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its first line, counted from 1.
    pub line: usize,
    /// Its lines as they are written, each with its end.
    pub raw: String,
    /// What it is.
    pub kind: Kind,
}

/// What a statement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Blank lines.
    Blank,
    /// A comment.
    Comment,
    /// A variable gets a value.
    Variable {
        /// Its name.
        name: String,
        /// The value as it is written, lines joined.
        value: String,
        /// Whether commands see it in their environment.
        exported: bool,
    },
    /// Variables are exported.
    Export(Vec<String>),
    /// A rule, or the rest of one after a condition.
    Rule {
        /// What it makes.
        targets: Vec<String>,
        /// What that needs.
        prerequisites: String,
        /// Its commands.
        recipe: Vec<Line>,
    },
    /// `ifeq`, `else`, `endif` and the like.
    Condition,
    /// Another makefile, which is not read.
    Include,
    /// Anything else.
    Other,
}

/// One command line of a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it begins.
    pub number: usize,
    /// Without the tab, lines joined.
    pub text: String,
}

/// A makefile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Makefile {
    /// Its statements; their raw lines together are the file.
    pub statements: Vec<Statement>,
    variables: BTreeMap<String, Variable>,
    spent: Cell<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Variable {
    /// What it stands for, to be expanded.
    Text(String),
    /// What it stands for depends on a condition or a command.
    Unknown,
}

impl Makefile {
    /// Reads `text`, which `file` has.
    ///
    /// # Errors
    /// When it has more lines than any real one.
    pub fn read(file: &str, text: &str) -> Result<Self, Failure> {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        if lines.len() > LINES {
            return Err(Failure::unable(format!("{file} has more than {LINES} lines")));
        }
        let mut reader = Reader { makefile: Self::default(), lines: &lines, at: 0, depth: 0, targets: None };
        while reader.at < lines.len() {
            reader.statement();
        }
        Ok(reader.makefile)
    }

    /// `text` with the variables that are known in place of their names.
    pub fn expand(&self, text: &str) -> String {
        if !text.contains('$') || self.spent.get() > EXPANDED_IN_ALL {
            return text.to_owned();
        }
        let mut out = String::new();
        self.expand_into(text, &mut Vec::new(), &mut out);
        self.spent.set(self.spent.get() + out.len());
        out
    }

    fn expand_into(&self, text: &str, within: &mut Vec<String>, out: &mut String) {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, reference) = rest.split_at(at);
            out.push_str(before);
            // what was cut has exactly that length, and is not to be grown and cut once more
            if out.len() >= EXPANDED {
                return truncate(out, EXPANDED);
            }
            let (whole, name) = reference_at(reference);
            rest = reference.get(whole.len()..).unwrap_or_default();
            match (name, name.and_then(|name| self.variables.get(name))) {
                _ if whole == "$$" => out.push('$'),
                (Some("CURDIR"), None) => out.push('.'),
                (Some(name), Some(Variable::Text(value)))
                    if within.len() < DEPTH && !within.iter().any(|outer| outer == name) =>
                {
                    within.push(name.to_owned());
                    self.expand_into(value, within, out);
                    within.pop();
                }
                _ => out.push_str(whole),
            }
        }
        out.push_str(rest);
        truncate(out, EXPANDED);
    }

    fn set(&mut self, name: &str, operator: &str, value: &str, conditional: bool) {
        let known = self.variables.get(name);
        let new = match (operator, known) {
            ("?=", Some(_)) => return,
            _ if conditional || operator == "!=" => Variable::Unknown,
            ("+=", Some(Variable::Text(old))) => {
                // expanded now, so that a chain of these is no chain of copies
                let mut text = if old.is_empty() { value.to_owned() } else { format!("{old} {value}") };
                truncate(&mut text, EXPANDED);
                Variable::Text(text)
            }
            ("+=", Some(Variable::Unknown)) => Variable::Unknown,
            (":=" | "::=", _) => Variable::Text(self.expand(value)),
            _ => Variable::Text(value.to_owned()),
        };
        self.variables.insert(name.to_owned(), new);
    }
}

/// The reference that `text` begins with, and the name of the variable if it is one.
fn reference_at(text: &str) -> (&str, Option<&str>) {
    let close = match text.as_bytes().get(1) {
        Some(b'(') => ')',
        Some(b'{') => '}',
        Some(_) => {
            let end = text.char_indices().nth(2).map_or(text.len(), |(at, _)| at);
            return (text.get(..end).unwrap_or(text), text.get(1..end));
        }
        None => return (text, None),
    };
    let open = if close == ')' { '(' } else { '{' };
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                let name = text.get(2..at).filter(|name| is_name(name));
                return (text.get(..=at).unwrap_or(text), name);
            }
        }
    }
    (text, None)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

fn truncate(text: &mut String, limit: usize) {
    if text.len() > limit {
        let end = (0..=limit).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
}

struct Reader<'a> {
    makefile: Makefile,
    lines: &'a [&'a str],
    at: usize,
    /// How many conditions are open.
    depth: usize,
    /// Of the rule whose recipe goes on when a line begins with a tab.
    targets: Option<Vec<String>>,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> Option<&'a str> {
        self.lines.get(self.at + ahead).copied()
    }

    /// The next line with those that continue it, joined by a blank; adds them to `raw`.
    fn logical(&mut self, raw: &mut String) -> String {
        let mut text = String::new();
        while let Some(line) = self.peek(0) {
            self.at += 1;
            raw.push_str(line);
            let line = line.trim_end_matches(['\n', '\r']);
            let slashes = line.len() - line.trim_end_matches('\\').len();
            if slashes % 2 == 0 {
                text.push_str(if text.is_empty() { line } else { line.trim_start() });
                break;
            }
            let line = line.get(..line.len() - 1).unwrap_or(line);
            text.push_str(if text.is_empty() { line } else { line.trim_start() }.trim_end());
            text.push(' ');
        }
        text
    }

    fn statement(&mut self) {
        let line = self.at + 1;
        let first = self.peek(0).unwrap_or_default();
        let mut raw = String::new();
        if first.trim().is_empty() {
            self.at += 1;
            return self.push(line, first.to_owned(), Kind::Blank);
        }
        if let (true, Some(targets)) = (first.starts_with('\t'), self.targets.clone()) {
            let recipe = self.recipe(&mut raw);
            return self.push(line, raw, Kind::Rule { targets, prerequisites: String::new(), recipe });
        }
        if first.trim_start().starts_with('#') {
            self.logical(&mut raw);
            return self.push(line, raw, Kind::Comment);
        }
        let text = self.logical(&mut raw);
        let code = without_comment(&text);
        let words: Vec<&str> = code.split_whitespace().collect();
        let kind = match words.first().copied().unwrap_or_default() {
            word if word == "ifeq" || word == "ifneq" || word == "ifdef" || word == "ifndef" => {
                self.depth += 1;
                return self.push(line, raw, Kind::Condition);
            }
            "else" => return self.push(line, raw, Kind::Condition),
            "endif" => {
                self.depth = self.depth.saturating_sub(1);
                return self.push(line, raw, Kind::Condition);
            }
            "include" | "-include" | "sinclude" => Kind::Include,
            "define" => {
                let name = words.get(1).copied().unwrap_or_default().to_owned();
                let mut value = String::new();
                while let Some(body) = self.peek(0) {
                    self.at += 1;
                    raw.push_str(body);
                    if body.trim() == "endef" {
                        break;
                    }
                    value.push_str(body);
                }
                self.makefile.set(&name, "=", value.trim_end(), self.depth > 0);
                Kind::Variable { name, value, exported: false }
            }
            _ => self.assignment_or_rule(code, &mut raw),
        };
        if !matches!(kind, Kind::Rule { .. }) {
            self.targets = None;
        }
        self.push(line, raw, kind);
    }

    fn assignment_or_rule(&mut self, code: &str, raw: &mut String) -> Kind {
        let mut rest = code.trim();
        let mut exported = false;
        while let Some((word, after)) = rest.split_once(char::is_whitespace) {
            match word {
                "export" => exported = true,
                "override" | "private" | "unexport" => {}
                _ => break,
            }
            rest = after.trim_start();
        }
        if let Some((name, operator, value)) = assignment(rest) {
            self.makefile.set(name, operator, value, self.depth > 0);
            return Kind::Variable { name: name.to_owned(), value: value.to_owned(), exported };
        }
        if exported {
            return Kind::Export(rest.split_whitespace().map(str::to_owned).collect());
        }
        let Some((targets, after)) = rest.split_once(':') else { return Kind::Other };
        let after = after.trim_start_matches(':').trim();
        let targets: Vec<String> = targets.split_whitespace().map(str::to_owned).collect();
        let specific = after.strip_prefix("export ").unwrap_or(after);
        if let Some((name, operator, value)) = assignment(specific) {
            self.makefile.set(name, operator, value, self.depth > 0);
            return Kind::Variable { name: name.to_owned(), value: value.to_owned(), exported: specific != after };
        }
        self.targets = Some(targets.clone());
        let (prerequisites, inline) = after.split_once(';').map_or((after, None), |(one, two)| (one, Some(two)));
        let mut recipe: Vec<Line> =
            inline.map(|text| Line { number: self.at, text: text.trim().to_owned() }).into_iter().collect();
        recipe.extend(self.recipe(raw));
        Kind::Rule { targets, prerequisites: prerequisites.trim().to_owned(), recipe }
    }

    /// The command lines that follow; blank lines and comments among them are part of the rule.
    fn recipe(&mut self, raw: &mut String) -> Vec<Line> {
        let mut lines = Vec::new();
        loop {
            let mut ahead = 0;
            while self.peek(ahead).is_some_and(|line| line.trim().is_empty() || line.starts_with('#')) {
                ahead += 1;
            }
            if !self.peek(ahead).is_some_and(|line| line.starts_with('\t')) {
                return lines;
            }
            for _ in 0..ahead {
                raw.push_str(self.peek(0).unwrap_or_default());
                self.at += 1;
            }
            let number = self.at + 1;
            let text = self.logical(raw);
            lines.push(Line { number, text: text.trim_start_matches('\t').to_owned() });
        }
    }

    fn push(&mut self, line: usize, raw: String, kind: Kind) {
        self.makefile.statements.push(Statement { line, raw, kind });
    }
}

/// `NAME OPERATOR VALUE`.
fn assignment(text: &str) -> Option<(&str, &str, &str)> {
    let equals = text.find('=')?;
    let (before, after) = text.split_at(equals);
    let (name, operator) = ["::", ":", "?", "+", "!"]
        .into_iter()
        .find_map(|prefix| Some((before.strip_suffix(prefix)?, prefix)))
        .unwrap_or((before, ""));
    let operator = match operator {
        "::" => "::=",
        ":" => ":=",
        "?" => "?=",
        "+" => "+=",
        "!" => "!=",
        _ => "=",
    };
    let name = name.trim();
    is_name(name).then(|| (name, operator, after.get(1..).unwrap_or_default().trim()))
}

/// `text` up to a `#` that begins a comment.
fn without_comment(text: &str) -> &str {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '#' if !escaped => return text.get(..at).unwrap_or(text),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_the_whole_file() {
        let text = "#!/usr/bin/make -f\n\nexport A = 1 # one\nB := $(A) \\\n   two\ninclude x.mk\nifeq (a,b)\nC = 3\nelse\nC = 4\nendif\n\
                    %:\n\tdh $@ \\\n\t  --with x\n\n# in it\n\tsecond\n\nx y: z; inline\ndefine D\n\tbody\nendef\n\u{0}\nodd";
        let makefile = Makefile::read("debian/rules", text).unwrap();
        assert_eq!(makefile.statements.iter().map(|one| one.raw.as_str()).collect::<String>(), text);
        let rule = makefile.statements.iter().find_map(|one| match &one.kind {
            Kind::Rule { targets, recipe, .. } if targets == &["%"] => Some(recipe.clone()),
            _ => None,
        });
        let recipe = rule.unwrap();
        assert_eq!((recipe[0].number, recipe[0].text.as_str()), (13, "dh $@ --with x"));
        assert_eq!((recipe[1].number, recipe[1].text.as_str()), (17, "second"));
        for (text, expanded) in [
            ("$(A)-${B}", "1-1 two"),
            ("$(C)", "$(C)"),
            ("$(shell x $(A))", "$(shell x $(A))"),
            ("$$HOME $@ $(CURDIR)/x", "$HOME $@ ./x"),
            ("$(NONE) $", "$(NONE) $"),
            ("$(D)", "\tbody"),
        ] {
            assert_eq!(makefile.expand(text), expanded, "{text}");
        }
    }

    #[test]
    fn variables_within_variables_end() {
        let mut text = "A = $(A) x\nB = $(C)\nC = $(B)\nD0 = dddddddddd\n".to_owned();
        for n in 1..60 {
            text.push_str(&format!("D{n} = $(D{0})$(D{0})\n", n - 1));
        }
        for _ in 0..16 {
            text.push_str("E += $(E)$(E) eeeeeeeeee\nF := $(F)$(F) ffffffffff\n");
        }
        let makefile = Makefile::read("debian/rules", &text).unwrap();
        assert_eq!(makefile.expand("$(A)"), "$(A) x");
        assert_eq!(makefile.expand("$(B)"), "$(B)");
        for name in ["D59", "D20", "E", "F"] {
            assert!(makefile.expand(&format!("$({name})")).len() <= EXPANDED, "{name}");
        }
        assert!(Makefile::read("debian/rules", &"\n".repeat(LINES + 1)).is_err());
    }
}
