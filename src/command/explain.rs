//! `rustvenv explain`: what a code means.
//!
//! Enters: a code, or nothing for the list of all. Leaves: its title and explanation on standard output, from the table that
//! rustvenv(7) is made of.

use crate::cli::ExplainArguments;
use crate::code::{Blame, Code};
use crate::refusal::Failure;
use crate::trust::openpgp::WarningKind;

/// Carries the command out.
///
/// # Errors
/// When there is no such code.
pub fn run(arguments: &ExplainArguments) -> Result<(), Failure> {
    let Some(name) = &arguments.code else {
        let list: String = Code::ALL.iter().map(|code| format!("{:<28} {}\n", code.name(), code.title())).collect();
        return super::print(&list);
    };
    // as it is copied from a message
    let name = name.trim_start_matches("error[").trim_start_matches("warning[").trim_end_matches(']');
    if let Some(code) = Code::from_name(name) {
        let status = match code.blame() {
            Blame::Configuration => "2 (configuration)",
            Blame::Input => "3 (refused)",
        };
        return super::print(&format!(
            "{}: {}\n\n{}\n\nExit status: {status}\n",
            code.name(),
            code.title(),
            wrap(code.explanation())
        ));
    }
    if let Some(kind) = WarningKind::ALL.iter().find(|kind| kind.name() == name) {
        return super::print(&format!("{}: a warning\n\n{}\n", kind.name(), wrap(kind.explanation())));
    }
    Err(Failure::unable_hint(format!("there is no code `{name}`"), "`rustvenv explain` lists all codes"))
}

/// `text` in lines of at most 80 columns.
fn wrap(text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        if width > 0 && width + 1 + word.chars().count() > 80 {
            lines.push('\n');
            width = 0;
        } else if width > 0 {
            lines.push(' ');
            width += 1;
        }
        lines.push_str(word);
        width += word.chars().count();
    }
    lines
}
