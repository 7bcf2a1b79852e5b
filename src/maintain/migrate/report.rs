//! A [`Migration`] as text: the configuration that is written, and what a person reads.
//!
//! Enters: what was found. Leaves: the text of debian/PKG.rustvenv, and a report in three parts with the new debian/rules and the
//! changes to debian/control. What comes from the files of strangers is made printable here.

use super::{Migration, Note};
use crate::refusal::printable;

impl Migration {
    /// The text of the configuration of `package`; `None` when it has none.
    pub fn configuration(&self, package: &str) -> Option<String> {
        let settings = self.configurations.get(package)?;
        let mut text = String::from("# What holds beyond the defaults; rustvenv(5) has every key.\n");
        for one in settings {
            text.push_str(&format!("\n# {}\n{}\n", printable(&one.from), one.setting));
        }
        Some(text)
    }

    /// What a person reads.
    pub fn report(&self) -> String {
        let mut text = String::new();
        for (package, settings) in &self.configurations {
            text.push_str(&format!("Translated, for debian/{package}.rustvenv:\n"));
            if settings.is_empty() {
                text.push_str("    nothing: the defaults say it\n");
            }
            for one in settings {
                text.push_str(&format!("    {}\n        was {}\n", one.setting, printable(&one.from)));
            }
        }
        notes(&mut text, "No longer needed", &self.no_longer_needed);
        notes(&mut text, "Needs a decision", &self.decisions);
        text.push_str("\ndebian/control:\n");
        for line in &self.control {
            text.push_str(&format!("    {}\n", printable(line)));
        }
        text.push_str("\ndebian/rules that would do:\n");
        for line in self.rules.lines() {
            let mut printed = String::new();
            // tabs are part of a makefile
            for (n, part) in line.split('\t').enumerate() {
                printed.push_str(if n == 0 { "" } else { "\t" });
                printed.push_str(&printable(part));
            }
            text.push_str(&format!("    {printed}\n"));
        }
        text
    }
}

fn notes(text: &mut String, heading: &str, notes: &[Note]) {
    text.push_str(&format!("\n{heading}:\n"));
    if notes.is_empty() {
        text.push_str("    nothing\n");
    }
    let mut rest = notes;
    while let Some((first, others)) = rest.split_first() {
        // what one line of a file says together, in one go
        let same = others.iter().take_while(|one| one.place == first.place && one.why == first.why).count();
        let (group, after) = rest.split_at(same + 1);
        let texts: Vec<String> = group.iter().map(|one| shortened(&one.text)).collect();
        let head = format!("{}: {}", printable(&first.place), texts.join(", "));
        text.push_str(&wrapped(&head, "    ", "        "));
        text.push_str(&wrapped(&printable(&first.why), "        ", "        "));
        rest = after;
    }
}

/// `text` in lines of at most 100 columns; the first begins with `first`, the others with `other`.
fn wrapped(text: &str, first: &str, other: &str) -> String {
    let mut out = first.to_owned();
    let mut width = first.len();
    for (n, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if n > 0 && width + 1 + length > 100 {
            out.push('\n');
            out.push_str(other);
            width = other.len();
        } else if n > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out + "\n"
}

/// One line that is not too long to be read.
fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(100) {
        Some((at, _)) => printable(text.get(..at).unwrap_or(&text)) + " …",
        None => printable(&text),
    }
}
