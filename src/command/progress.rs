//! Progress bars for people in front of a terminal, and lines for everybody else.
//!
//! Enters: what several threads do to files that have names. Leaves: on a terminal one bar a file, which goes when the file is there,
//! and the lines above them; elsewhere the lines alone. Nothing of it is data.

use super::talk::Talk;
use crate::maintain::fetch::Watch;
use crate::refusal::printable;
use crate::system::env;
use indicatif::{HumanBytes, MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Mutex;

/// Shows what is fetched.
pub struct Progress {
    talk: Talk,
    /// Absent when nobody looks at a terminal.
    bars: Option<(MultiProgress, Mutex<BTreeMap<String, ProgressBar>>)>,
}

impl Progress {
    /// Bars, if standard error is a terminal and silence was not asked for.
    pub fn new(talk: Talk) -> Self {
        let shown = std::io::stderr().is_terminal() && !talk.is_quiet();
        Self { talk, bars: shown.then(|| (MultiProgress::new(), Mutex::new(BTreeMap::new()))) }
    }

    /// Calls `print` while no bar is on the screen.
    fn aside(&self, print: impl FnOnce()) {
        match &self.bars {
            Some((screen, _)) => screen.suspend(print),
            None => print(),
        }
    }
}

/// A number of bytes for people: `1.20 MiB`.
pub fn size(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}

fn style() -> ProgressStyle {
    let template = if env::no_color() {
        "{msg:40!} [{bar:24}] {bytes}/{total_bytes}"
    } else {
        "{msg:40!} [{bar:24.cyan}] {bytes}/{total_bytes}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")
}

impl Watch for Progress {
    fn say(&self, line: &str) {
        self.aside(|| self.talk.line(line));
    }

    fn progress(&self, name: &str, done: u64, total: Option<u64>) {
        let Some((screen, bars)) = &self.bars else { return };
        let Ok(mut bars) = bars.lock() else { return };
        let bar = bars
            .entry(name.to_owned())
            .or_insert_with(|| screen.add(ProgressBar::new(0)).with_style(style()).with_message(printable(name)));
        bar.set_length(total.unwrap_or(done));
        bar.set_position(done);
    }

    fn ended(&self, name: &str, fetched: Option<u64>) {
        if let Some((screen, bars)) = &self.bars {
            if let Some(bar) = bars.lock().ok().and_then(|mut bars| bars.remove(name)) {
                bar.finish_and_clear();
                screen.remove(&bar);
            }
        }
        if let Some(bytes) = fetched {
            self.say(&format!("fetched {name} ({})", size(bytes)));
        }
    }
}
