//! Command lines of a recipe or a shell script as words, as far as that needs no shell.
//!
//! Enters: text of strangers. Leaves: [`Command`]s, in order, with what they set and their words without quotes. Nothing is run.
//! Variables that the text itself sets are put in; what a shell would compute stays as it is written, with its `$` or backtick, so
//! that the reader sees that it is not known. Conditions and loops are looked through, not followed.

use std::collections::BTreeMap;

/// Bytes that the words of one text may have together.
const LONGEST: usize = 1 << 20;

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The line of the text that it begins on, counted from 0.
    pub line: usize,
    /// `NAME=VALUE` in front of it.
    pub assignments: Vec<(String, String)>,
    /// The program and its arguments; redirections are left out.
    pub words: Vec<String>,
    /// The files that redirections name.
    pub files: Vec<String>,
}

impl Command {
    /// The program's name.
    pub fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// The arguments.
    pub fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }

    /// As one line.
    pub fn text(&self) -> String {
        self.words.join(" ")
    }
}

/// Words of the shell's grammar before which no command begins.
const KEYWORDS: &[&str] =
    &["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "exec", "time", "esac"];

/// The commands of `text`.
pub fn commands(text: &str) -> Vec<Command> {
    let mut lexer = Lexer { variables: BTreeMap::new(), commands: Vec::new(), budget: LONGEST };
    lexer.read(text);
    lexer.commands
}

struct Lexer {
    variables: BTreeMap<String, String>,
    commands: Vec<Command>,
    budget: usize,
}

impl Lexer {
    fn read(&mut self, text: &str) {
        let chars: Vec<char> = text.chars().collect();
        let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
        let mut current = Command::default();
        let mut heredocs: Vec<String> = Vec::new();
        let (mut i, mut line, mut open) = (0, 0, 0usize);
        while i < chars.len() {
            match at(i) {
                '\\' if at(i + 1) == '\n' => {
                    line += 1;
                    i += 2;
                }
                ' ' | '\t' | '\r' => i += 1,
                '#' => {
                    while i < chars.len() && at(i) != '\n' {
                        i += 1;
                    }
                }
                '\n' => {
                    self.end(&mut current);
                    line += 1;
                    i += 1;
                    for word in heredocs.drain(..) {
                        while i < chars.len() {
                            let end = (i..chars.len()).find(|i| at(*i) == '\n').unwrap_or(chars.len());
                            let body: String = chars.get(i..end).unwrap_or_default().iter().collect();
                            i = end + 1;
                            line += 1;
                            if body.trim() == word {
                                break;
                            }
                        }
                    }
                    current.line = line;
                }
                // what ends here is a pattern of `case`
                ')' if open == 0 => {
                    current = Command { line, ..Command::default() };
                    i += 1;
                }
                c @ (';' | '&' | '|' | '(' | ')') => {
                    open = match c {
                        '(' => open + 1,
                        ')' => open - 1,
                        _ => open,
                    };
                    self.end(&mut current);
                    current.line = line;
                    i += 1;
                }
                '<' if at(i + 1) == '<' && at(i + 2) != '<' => {
                    i += 2;
                    if at(i) == '-' {
                        i += 1;
                    }
                    while matches!(at(i), ' ' | '\t') {
                        i += 1;
                    }
                    let (word, end) = self.word(&chars, i);
                    heredocs.push(word);
                    i = end.max(i + 1);
                }
                '<' | '>' => {
                    while matches!(at(i), '<' | '>' | '&' | '|' | ' ' | '\t') {
                        i += 1;
                    }
                    // the file is no argument; `2>` has left its number
                    if current
                        .words
                        .last()
                        .is_some_and(|word| word.len() == 1 && word.chars().all(|c| c.is_ascii_digit()))
                    {
                        current.words.pop();
                    }
                    let (file, end) = self.word(&chars, i);
                    self.budget = self.budget.saturating_sub(file.len() + 1);
                    current.files.push(file);
                    i = end;
                }
                _ => {
                    let begin = i;
                    let (word, end) = self.word(&chars, i);
                    i = end.max(i + 1);
                    line += chars.get(begin..i).unwrap_or_default().iter().filter(|c| **c == '\n').count();
                    self.take(&mut current, word);
                }
            }
            if self.budget == 0 {
                return;
            }
        }
        self.end(&mut current);
    }

    fn take(&mut self, current: &mut Command, word: String) {
        self.budget = self.budget.saturating_sub(word.len() + 1);
        if current.words.is_empty() {
            if KEYWORDS.contains(&word.as_str()) {
                return;
            }
            if let Some((name, value)) = word.split_once('=') {
                let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if is_name {
                    current.assignments.push((name.to_owned(), value.to_owned()));
                    return;
                }
            }
        }
        current.words.push(word);
    }

    fn end(&mut self, current: &mut Command) {
        let command = std::mem::take(current);
        let alone = command.words.is_empty();
        let exported = matches!(command.program(), "export" | "local" | "readonly");
        let set = command.words.iter().filter_map(|word| word.split_once('=')).filter(|_| exported);
        let alone = command.assignments.iter().filter(|_| alone).map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in alone.chain(set) {
            // what is set twice depends on what was run before
            let value = if self.variables.contains_key(name) { format!("${{{name}}}") } else { value.to_owned() };
            self.variables.insert(name.to_owned(), value);
        }
        if !command.words.is_empty() || !command.assignments.is_empty() {
            self.commands.push(command);
        }
    }

    /// The word that begins at `i`, without quotes, and where it ends.
    fn word(&mut self, chars: &[char], mut i: usize) -> (String, usize) {
        let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
        let mut word = String::new();
        let mut quoted = false;
        while i < chars.len() && word.len() < self.budget {
            match at(i) {
                '\'' if !quoted => {
                    i += 1;
                    while i < chars.len() && at(i) != '\'' {
                        word.push(at(i));
                        i += 1;
                    }
                    i += 1;
                }
                '"' => {
                    quoted = !quoted;
                    i += 1;
                }
                '\\' => {
                    if at(i + 1) != '\n' && i + 1 < chars.len() {
                        word.push(at(i + 1));
                    }
                    i += 2;
                }
                '`' => i = copied(chars, i, '`', '`', &mut word),
                '$' if at(i + 1) == '(' => {
                    word.push('$');
                    i = copied(chars, i + 1, '(', ')', &mut word);
                }
                '$' => {
                    let (name, end) = variable(chars, i);
                    match self.variables.get(&name) {
                        Some(value) => word.push_str(value),
                        None => word.extend(chars.get(i..end).unwrap_or_default()),
                    }
                    i = end;
                }
                c if !quoted && (c.is_whitespace() || ";&|()<>".contains(c)) => break,
                c => {
                    word.push(c);
                    i += 1;
                }
            }
        }
        (word, i)
    }
}

/// Copies from the bracket at `i` to the one that closes it, and says where that ends.
fn copied(chars: &[char], i: usize, open: char, close: char, word: &mut String) -> usize {
    let mut depth = 0usize;
    for (offset, c) in chars.get(i..).unwrap_or_default().iter().enumerate() {
        word.push(*c);
        if *c == close && depth > 0 {
            depth -= 1;
            if depth == 0 {
                return i + offset + 1;
            }
        } else if *c == open {
            depth += 1;
        }
    }
    chars.len()
}

/// The name in `$NAME` or `${NAME}` at `i`, and where the reference ends; another form has no name.
fn variable(chars: &[char], i: usize) -> (String, usize) {
    let braces = chars.get(i + 1) == Some(&'{');
    let begin = if braces { i + 2 } else { i + 1 };
    let rest = chars.get(begin..).unwrap_or_default();
    let length = rest.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').count();
    let name: String = rest.iter().take(length).collect();
    if !braces {
        return (name, begin + length.max(usize::from(!rest.is_empty())));
    }
    if rest.get(length) == Some(&'}') {
        return (name, begin + length + 1);
    }
    let to_end = rest.iter().position(|c| *c == '}').map_or(rest.len(), |at| at + 1);
    (String::new(), begin + to_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_as_a_shell_has_them() {
        for (text, expected) in [
            ("a 'b c' \"d e\"f g\\ h", vec!["a|b c|d ef|g h"]),
            ("a; b && c || d | e &", vec!["a", "b", "c", "d", "e"]),
            ("if [ -e x ]; then a b; fi # c\nd", vec!["[|-e|x|]", "a|b", "d"]),
            (
                "P=$(readlink -e /usr/bin/python3)\nx --python \"$P\" ${P}3 $Q",
                vec!["", "x|--python|$(readlink -e /usr/bin/python3)|$(readlink -e /usr/bin/python3)3|$Q"],
            ),
            ("cat >>x <<EOF\nnot a command\nEOF\nb 2>/dev/null c >&2", vec!["cat", "b|c"]),
            ("a \\\n  b", vec!["a|b"]),
            ("case $x in\n a|b) y;;\n c) z\nesac\n(p; q)", vec!["case|$x|in", "a", "y", "z", "p", "q"]),
            ("A=1 B='2 3' c A=4", vec!["c|A=4"]),
            ("A=1\nA=2\nx $A", vec!["", "", "x|${A}"]),
            ("x '", vec!["x|"]),
            ("$(", vec!["$("]),
            ("`", vec!["`"]),
        ] {
            let found: Vec<String> = commands(text).iter().map(|command| command.words.join("|")).collect();
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(commands("a\n\nb\\\nc\nd").iter().map(|one| one.line).collect::<Vec<_>>(), [0, 2, 4]);
    }

    #[test]
    fn substitutions_do_not_grow_without_end() {
        let mut text = "A0=aaaaaaaaaa\n".to_owned();
        for n in 1..60 {
            text.push_str(&format!("A{n}=$A{0}$A{0}\n", n - 1));
        }
        let total: usize = commands(&text).iter().flat_map(|one| &one.assignments).map(|(_, value)| value.len()).sum();
        assert!(total <= 4 * LONGEST, "{total}");
    }
}
