//! Asking who sits at the terminal.
//!
//! Enters: a question. Leaves: whether the answer is yes. Where nobody can answer, because standard input is no terminal, there is no
//! answer, and that is an error and not a yes.

use crate::refusal::{Failure, printable};
use std::io::{IsTerminal as _, Write as _};

/// Whether whoever sits at the terminal answers `question` with `y` or `yes`.
///
/// # Errors
/// When there is no terminal.
pub fn agrees(question: &str) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::unable_hint(
            format!("there is nobody to ask: {}", printable(question)),
            "run it at a terminal, or with `--yes`",
        ));
    }
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "{} [y/N] ", printable(question));
    let _ = stderr.flush();
    let mut answer = String::new();
    stdin.read_line(&mut answer).map_err(|error| Failure::unable(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}
