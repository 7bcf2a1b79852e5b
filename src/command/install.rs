//! `rustvenv install`: the environment is put into the package.
//!
//! The late step of a package build. Leaves: the tree below the package's directory, links for its commands, lintian overrides, a
//! listing for `seal`, and the facts for debhelper. With `--facts-only` nothing but these; with `--no-act` the plan goes to
//! standard output and nothing is written.

use super::dh_virtualenv;
use super::environment::{Decided, OwnWheel, decide, was_prepared};
use super::inputs::Inputs;
use super::talk::Talk;
use crate::cli::{Format, InstallArguments};
use crate::code::Code;
use crate::config::ByteCode;
use crate::debhelper::{elf, facts, lintian};
use crate::refusal::{Failure, Refusal};
use crate::sink::list::Listing;
use crate::sink::write;
use crate::system::fs::{self, Kind, Spool};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where lintian looks for a package's overrides.
const OVERRIDES: &str = "usr/share/lintian/overrides";

/// Carries the command out.
///
/// # Errors
/// As [`decide`] and [`write::write`].
pub fn run(arguments: &InstallArguments) -> Result<(), Failure> {
    let talk = Talk::new(arguments.common.verbose);
    let state = arguments.common.state();
    let inputs = dh_virtualenv::inputs(&arguments.common, talk)?;
    // the plan may need the project's own wheel, and nothing of the source tree may be written to for it
    let is_look = arguments.no_act || arguments.facts_only;
    let elsewhere = if is_look && !was_prepared(&state)? { Some(fs::temporary_directory()?) } else { None };
    let room = elsewhere.as_ref().map_or(state.as_path(), tempfile::TempDir::path);
    let decided = decide(&inputs, room, OwnWheel::Take, &mut |line| talk.line(line))?;
    talk.details(&decided);
    let listing = decided.listing();
    if arguments.no_act {
        let text = match arguments.format {
            Format::Text => listing.to_text(),
            Format::Json => listing.to_json_lines(),
        };
        return super::print(&text);
    }
    if arguments.facts_only {
        return write_facts(arguments, &decided, &inputs);
    }
    let destdir = arguments.common.destdir(arguments.destdir.as_ref());
    let record = state.join("installed.jsonl");
    let previous = match fs::status(&record)? {
        Some(_) => Listing::from_json_lines(&record.to_string_lossy(), &fs::read_text(&record, u64::MAX)?)?,
        None => Listing::default(),
    };
    write::check_directories(["usr", "usr/share", "usr/share/lintian", OVERRIDES], &destdir)?;
    let overrides = overrides(&decided, &inputs, &destdir, &state)?;
    // should this run be killed, the next one knows the files of both as ours
    fs::replace(&record, previous.and(&listing).to_json_lines().as_bytes(), 0o644)?;
    write::write(&decided.plan, &destdir, &previous)?;
    fs::replace(&record, listing.to_json_lines().as_bytes(), 0o644)?;
    match overrides {
        (file, Some(text)) => fs::replace(&file, text.as_bytes(), 0o644)?,
        (file, None) => fs::remove(&file)?,
    }
    write_facts(arguments, &decided, &inputs)?;
    talk.line(&format!("/{} is in the package: {} paths", decided.plan.location, listing.items.len()));
    Ok(())
}

/// What debhelper is told, where it is to be told anything.
fn write_facts(arguments: &InstallArguments, decided: &Decided, inputs: &Inputs) -> Result<(), Failure> {
    let Some(file) = &arguments.facts else { return Ok(()) };
    let mut text = facts::dependencies(decided.depends_variable, &inputs.interpreter, &decided.libraries.required);
    if let Some(variable) = decided.recommends_variable {
        text.push_str(&facts::relations(variable, &decided.libraries.recommended));
    }
    if inputs.config.byte_code == ByteCode::Install {
        text.push_str(&facts::byte_code_scripts(&inputs.config.location(), &inputs.interpreter));
    }
    fs::replace(file, text.as_bytes(), 0o644)
}

/// The package's file of lintian overrides, and what will be in it: what is there and what applies to the plan.
fn overrides(
    decided: &Decided,
    inputs: &Inputs,
    destdir: &Path,
    state: &Path,
) -> Result<(PathBuf, Option<String>), Failure> {
    let mut elf_files = BTreeMap::new();
    let mut spool = Spool::new(state)?;
    for (path, content) in decided.plan.elf_files() {
        // what cannot be read was refused before
        if let Ok(needs) = elf::read(&spool.keep(&mut |sink| content.copy(sink))?) {
            elf_files.insert(path.to_owned(), needs);
        }
    }
    let lines = lintian::overrides(&decided.plan, &inputs.package, &elf_files)?;
    let file = destdir.join(OVERRIDES).join(&inputs.package.name);
    let existing = match fs::status(&file)?.map(|status| status.kind) {
        None => String::new(),
        Some(Kind::File) => fs::read_text(&file, inputs.limits.configuration_size)?,
        Some(_) => {
            let path = format!("{OVERRIDES}/{}", inputs.package.name);
            return Err(Refusal::new(Code::PathCollision, format!("`{path}` is not a regular file")).into());
        }
    };
    let merged = lintian::merge(&existing, &lines);
    Ok((file, (!merged.is_empty()).then_some(merged)))
}
