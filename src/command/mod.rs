//! The commands: read, call the core, write. One file a command; what several share stands in `inputs`.
//!
//! Enters: what was typed. Leaves: files, text on standard output for programs and on standard error for people, and a
//! [`Failure`] that `main` turns into an exit status. Decisions are deliberately absent: they are made in the modules above.

pub mod talk;

pub mod trust_files;

pub mod inputs;

pub mod shlibdeps;

pub mod libraries;
mod source_package;

mod locks;

pub mod byte_code;

pub mod environment;

pub mod dh_virtualenv;

pub mod prepare;

pub mod install;

pub mod seal;

pub mod verify;

pub mod check;

pub mod trust_options;

pub mod index;
pub mod wanted;

pub mod reach;

pub mod progress;

pub mod fetch;

pub mod crates;
pub mod sync;

pub mod build;

pub mod explain;

pub mod init_from;

pub mod manifest;

pub mod sign;

pub mod requirements;

pub mod update;

pub mod init;

use crate::refusal::Failure;
use std::io::{ErrorKind, Write as _};

/// What a command found that asks a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing is amiss: exit status 0.
    Yes,
    /// Something is: exit status 1.
    No,
}

/// Says `text` to people, on standard error. That nobody can hear it is no reason to fail.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Writes `text`, which programs may read, to standard output. A reader that has seen enough is no error.
///
/// # Errors
/// When it cannot be written for another reason.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::unable(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
