//! What is said to people while a step of a package build runs.
//!
//! Enters: lines, and what was asked for (`-v`, DH_VERBOSE, DH_QUIET, DEB_BUILD_OPTIONS=terse). Leaves: one plain line a step on
//! standard error, or silence; warnings are always said.

use super::environment::Decided;
use crate::refusal::printable;
use crate::system::env;

/// What is said to people while a command runs: one plain line a step on standard error.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    quiet: bool,
    verbose: bool,
}

impl Talk {
    /// `verbose` as asked on the command line; DH_VERBOSE, DH_QUIET and DEB_BUILD_OPTIONS=terse count too.
    pub fn new(verbose: bool) -> Self {
        let verbose = verbose || env::dh_verbose();
        Self { quiet: env::quiet() && !verbose, verbose }
    }

    /// Whether silence was asked for.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Says `line`; warnings are said even when silence was asked for.
    pub fn line(&self, line: &str) {
        if !self.quiet || line.starts_with("warning") {
            super::say(&format!("rustvenv: {}", printable(line)));
        }
    }

    /// Says what is only of interest to who asked for it.
    pub fn details(&self, decided: &Decided) {
        if !self.verbose {
            return;
        }
        for line in &decided.skipped {
            self.line(line);
        }
        for (library, paths) in &decided.libraries.unmet {
            for path in paths {
                self.line(&format!("will not load without {library}: {path}"));
            }
        }
        for (library, paths) in &decided.libraries.ignored {
            for path in paths {
                self.line(&format!("no dependency, as `libraries-ignored` says: {library}, needed by {path}"));
            }
        }
        for wheel in &decided.wheels {
            self.line(&format!("{} sha256:{}", wheel.file_name(), wheel.sha256()));
            for path in wheel.dropped().iter().filter(|path| path.ends_with(".pyc")) {
                self.line(&format!("left out: {path} of {}", wheel.file_name()));
            }
        }
        for line in &decided.not_compiled {
            self.line(&format!("no byte code: {line}"));
        }
    }
}
