//! Asking who sits at the terminal.
//!
//! Enters: a question. Leaves: whether the answer is yes. Where nobody can answer, because standard input is no terminal, there is no
//! answer, and that is an error and not a yes.

use crate::refusal::{Failure, printable};
use rustix::fs::{Mode, OFlags};
use std::io::{IsTerminal as _, Write as _};

/// Reads away the lines that were typed before there was a question: what was typed while something was built, for something else, is
/// no answer. The terminal is opened once more, so that only this reading does not wait.
fn forget_typed() {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    if let Ok(terminal) = rustix::fs::open("/proc/self/fd/0", flags, Mode::empty()) {
        let mut dropped = [0; 4096];
        while matches!(rustix::io::read(&terminal, &mut dropped), Ok(1..)) {}
    }
}

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
    forget_typed();
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "{} [y/N] ", printable(question));
    let _ = stderr.flush();
    let mut answer = String::new();
    stdin.read_line(&mut answer).map_err(|error| Failure::unable(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}
