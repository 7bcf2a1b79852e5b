//! `rustvenv install`: the environment is put into the package.
//!
//! The late step of a package build. Leaves: the tree below the package's directory, links for its commands, lintian overrides, a
//! listing for `seal`, and the facts for debhelper. With `--no-act` the plan goes to standard output and nothing is written.

use super::environment::{Decided, OwnWheel, decide, was_prepared};
use super::inputs::Inputs;
use crate::cli::{Format, InstallArguments};
use crate::debhelper::{facts, lintian};
use crate::refusal::Failure;
use crate::sink::list::Listing;
use crate::sink::write;
use crate::system::{env, fs};
use std::path::Path;

/// Where lintian looks for a package's overrides.
const OVERRIDES: &str = "usr/share/lintian/overrides";

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

    /// Says `line`; warnings are said even when silence was asked for.
    pub fn line(&self, line: &str) {
        if !self.quiet || line.starts_with("warning") {
            eprintln!("rustvenv: {}", crate::refusal::printable(line));
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
        for wheel in &decided.wheels {
            self.line(&format!("{} sha256:{}", wheel.file_name(), wheel.sha256()));
            for path in wheel.dropped().iter().filter(|path| path.ends_with(".pyc")) {
                self.line(&format!("left out: {path} of {}", wheel.file_name()));
            }
        }
    }
}

/// Carries the command out.
///
/// # Errors
/// As [`decide`] and [`write::write`].
pub fn run(arguments: &InstallArguments) -> Result<(), Failure> {
    let talk = Talk::new(arguments.common.verbose);
    let state = arguments.common.state();
    let inputs = Inputs::read(&arguments.common.sourcedir, &arguments.common.config(), &arguments.common.package)?;
    // the plan may need the project's own wheel, and nothing of the source tree may be written to for it
    let elsewhere = if arguments.no_act && !was_prepared(&state)? { Some(fs::temporary_directory()?) } else { None };
    let room = elsewhere.as_ref().map_or(state.as_path(), tempfile::TempDir::path);
    let decided = decide(&inputs, room, OwnWheel::Take, &mut |line| talk.line(line))?;
    talk.details(&decided);
    let listing = Listing::of(&decided.plan);
    if arguments.no_act {
        let text = match arguments.format {
            Format::Text => listing.to_text(),
            Format::Json => listing.to_json_lines(),
        };
        return super::print(&text);
    }
    let destdir = arguments.common.destdir(arguments.destdir.as_ref());
    let record = state.join("installed.jsonl");
    let previous = match fs::status(&record)? {
        Some(_) => Listing::from_json_lines(&record.to_string_lossy(), &fs::read_text(&record, u64::MAX)?)?,
        None => Listing::default(),
    };
    write::check_directories(["usr", "usr/share", "usr/share/lintian", OVERRIDES], &destdir)?;
    write::write(&decided.plan, &destdir, &previous)?;
    fs::replace(&record, listing.to_json_lines().as_bytes(), 0o644)?;
    write_overrides(&decided, &inputs, &destdir)?;
    if let Some(file) = &arguments.facts {
        let text = facts::render(decided.depends_variable, &inputs.interpreter, &decided.libraries);
        fs::replace(file, text.as_bytes(), 0o644)?;
    }
    talk.line(&format!("/{} is in the package: {} paths", decided.plan.location, listing.items.len()));
    Ok(())
}

/// Adds the lintian overrides that apply to the package's file of them.
fn write_overrides(decided: &Decided, inputs: &Inputs, destdir: &Path) -> Result<(), Failure> {
    let lines = lintian::overrides(&decided.plan, &inputs.package.name)?;
    let file = destdir.join(OVERRIDES).join(&inputs.package.name);
    let existing = match fs::status(&file)? {
        Some(_) => fs::read_text(&file, inputs.limits.configuration_size)?,
        None => String::new(),
    };
    let merged = lintian::merge(&existing, &lines);
    if merged.is_empty() {
        return fs::remove(&file);
    }
    fs::replace(&file, merged.as_bytes(), 0o644)
}
