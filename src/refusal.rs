//! What is said when the answer is no.
//!
//! A [`Refusal`] is one fact about one input: a stable [`Code`], a sentence, and what was expected, what was found and what
//! to do next. A stage collects all of its refusals and stops before the next one; [`Failure`] is what a command hands to
//! `main`, which prints it and chooses the exit status. Text that comes from outside is made printable here, once, so
//! that a file name cannot speak to the terminal. A hint never says how to switch a check off.

use crate::code::Code;
use std::fmt;

/// One reason why an input is not used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The stable name of the reason.
    pub code: Code,
    /// One sentence without a final period: what is wrong with which input.
    pub message: String,
    /// What would have been right, and where that is written.
    pub expected: Option<String>,
    /// What is there instead, and where.
    pub found: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal that says only what is wrong.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), expected: None, found: None, hint: None }
    }

    /// Adds what would have been right.
    #[must_use]
    pub fn expected(mut self, text: impl Into<String>) -> Self {
        self.expected = Some(text.into());
        self
    }

    /// Adds what is there instead.
    #[must_use]
    pub fn found(mut self, text: impl Into<String>) -> Self {
        self.found = Some(text.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(text.into());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.code.name(), shortened(&self.message))?;
        for (label, text) in [("expected", &self.expected), ("found", &self.found), ("hint", &self.hint)] {
            if let Some(text) = text {
                write!(f, "\n  {label}: {}", shortened(text))?;
            }
        }
        Ok(())
    }
}

impl From<Refusal> for Vec<Refusal> {
    fn from(refusal: Refusal) -> Self {
        vec![refusal]
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// Inputs were refused; nothing was written.
    Refused(Vec<Refusal>),
    /// It could not be done: I/O, a tool that failed, a wrong call. The text says what and where.
    Unable {
        /// One sentence without a final period.
        message: String,
        /// What to do next.
        hint: Option<String>,
    },
}

impl Failure {
    /// It could not be done, for the reason `message`.
    pub fn unable(message: impl Into<String>) -> Self {
        Self::Unable { message: message.into(), hint: None }
    }

    /// It could not be done, for the reason `message`; `hint` says what to do next.
    pub fn unable_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Unable { message: message.into(), hint: Some(hint.into()) }
    }

    /// The refusals, for a stage that collects them.
    ///
    /// # Errors
    /// When it could not be done: then there is nothing to collect.
    pub fn refusals(self) -> Result<Vec<Refusal>, Self> {
        match self {
            Self::Refused(refusals) => Ok(refusals),
            unable @ Self::Unable { .. } => Err(unable),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<Vec<Refusal>> for Failure {
    fn from(refusals: Vec<Refusal>) -> Self {
        Self::Refused(refusals)
    }
}

impl fmt::Display for Failure {
    /// All refusals, sorted and without repetition, so that two runs print the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusals) => {
                let mut sorted: Vec<&Refusal> = refusals.iter().collect();
                sorted.sort();
                sorted.dedup();
                for (n, refusal) in sorted.iter().enumerate() {
                    write!(f, "{}{refusal}", if n == 0 { "" } else { "\n" })?;
                }
                Ok(())
            }
            Self::Unable { message, hint } => {
                // what another program printed keeps its lines
                let lines: Vec<String> = message.lines().map(printable).collect();
                write!(f, "error: {}", lines.join("\n"))?;
                hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n  hint: {}", printable(hint)))
            }
        }
    }
}

/// Longest text that a part of a refusal repeats, in characters: a line of a hostile file can have megabytes.
const LONGEST: usize = 2000;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => printable(text.get(..at).unwrap_or(text)) + " …",
        None => printable(text),
    }
}

/// `text` with every character that could move the cursor, hide or reorder text written as an escape.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_format_character(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether `c` is an invisible or direction-changing character (Unicode category Cf, and the separators Zl and Zp): what
/// makes a name look like another one.
pub fn is_format_character(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x890..=0x891 | 0x8E2 | 0x180E | 0x200B..=0x200F
        | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xFFF9..=0xFFFB | 0x110BD | 0x110CD | 0x13430..=0x1345F
        | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrusted_text_cannot_speak_to_the_terminal() {
        let text = Refusal::new(Code::WheelMissing, "a\x1b[31m\nerror: \u{202e}b").to_string();
        assert_eq!(text, "error[wheel-missing]: a\\u{1b}[31m\\u{a}error: \\u{202e}b");
    }

    #[test]
    fn long_text_is_cut() {
        let text = Refusal::new(Code::WheelMissing, "ä".repeat(1 << 20)).found("x").to_string();
        assert!(text.len() < 5000 && text.ends_with(" …\n  found: x"), "{}", text.len());
    }

    #[test]
    fn refusals_are_sorted_and_said_once() {
        let one = |m: &str| Refusal::new(Code::WheelMissing, m);
        let text = Failure::from(vec![one("b"), one("a"), one("b")]).to_string();
        assert_eq!(text, "error[wheel-missing]: a\nerror[wheel-missing]: b");
    }
}
