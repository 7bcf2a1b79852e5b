//! `rustvenv index`: a private index of a directory of wheels, as files for any web server.
//!
//! Enters: directories of wheels and sdists, and the signed list. Leaves: the index in its directory, level with them. Nothing is
//! written before every file has been read and judged; one process at a time changes an index. A directory that is not empty
//! and that this command did not make is left alone, since what no page names is removed.

use super::talk::Talk;
use super::trust_options;
use crate::cli::{Files, IndexArguments};
use crate::limits::Limits;
use crate::maintain::static_index::inventory::{self, Item, State};
use crate::maintain::static_index::listing::Kind;
use crate::maintain::static_index::memory::{self, Memory};
use crate::maintain::static_index::yanked::Yanked;
use crate::maintain::static_index::{Placement, Request, publish};
use crate::refusal::Failure;
use crate::system::fs;
use crate::system::store;
use crate::trust::verified::VerifiedManifest;
use std::path::{Path, PathBuf};

/// Carries the command out.
///
/// # Errors
/// Every reason why the list or a file is refused, and what the file system does not do.
pub fn run(arguments: &IndexArguments) -> Result<(), Failure> {
    let limits = Limits::DEFAULT;
    let talk = Talk::new(arguments.verbose);
    let output = arguments.output.as_path();
    let manifest = manifest(arguments, &limits)?;
    let yanked = match &arguments.yanked {
        Some(path) => Yanked::parse(&path.to_string_lossy(), &fs::read_text(path, limits.configuration_size)?)?,
        None => Yanked::default(),
    };
    let directories: Vec<(PathBuf, Kind)> = (arguments.wheels.iter().map(|path| (path.clone(), Kind::Wheel)))
        .chain(arguments.sdists.iter().map(|path| (path.clone(), Kind::Sdist)))
        .collect();
    let own: Vec<String> = manifest.iter().flat_map(own_names).collect();
    let (found, left_out) = inventory::find(&directories, &own, &limits)?;
    if !left_out.is_empty() {
        talk.line(&format!("{} of another kind left out", left_out.len()));
        if arguments.verbose {
            left_out.iter().for_each(|line| talk.line(&format!("left out: {line}")));
        }
    }
    check_output(output, &directories)?;
    fs::create_dir_all(output)?;
    let lock = store::lock(output)?;
    let remembers = output.join(memory::FILE_NAME);
    let started = store::now_by(&store::unfinished(&remembers))?;
    let mut memory = match fs::status(&remembers)? {
        Some(_) => Memory::parse(&fs::read_text(&remembers, memory::LARGEST).unwrap_or_default()),
        None => Memory::default(),
    };
    let mut items = inventory::read(found, manifest.as_ref(), &yanked, &mut memory, &limits)?;
    drop(memory);
    for line in yanked.unused(items.iter().map(|item| &item.name)) {
        talk.line(&format!("warning: nothing here is `{line}`, which is said to be withdrawn"));
    }
    // from here on the directory is an index, whatever happens
    if fs::status(&remembers)?.is_none() {
        fs::replace(&remembers, memory::begin().as_bytes(), 0o644)?;
    }
    let absent = manifest.as_ref().map_or(0, |manifest| absent(manifest, &items));
    let placement = placement(arguments);
    let request = Request {
        output,
        title: &arguments.title,
        placement: &placement,
        manifest: manifest.as_ref(),
        absent,
        limits: &limits,
    };
    let changes = publish(&request, &mut items)?;
    remember(&remembers, &items, started)?;
    drop(lock);
    let refused = items.iter().filter(|item| !item.is_offered()).count();
    talk.line(&format!("{} files, {} of the index written, {} removed", items.len(), changes.written, changes.removed));
    if refused > 0 {
        talk.line(&format!("warning: {refused} files are not on the signed list and are kept from installers"));
        for item in items.iter().filter(|item| !item.is_offered() && arguments.verbose) {
            talk.line(&format!("not on the signed list: {}", item.name.text));
        }
    }
    if absent > 0 {
        talk.line(&format!("warning: {absent} files of the signed list are not here"));
    }
    Ok(())
}

/// The signed list, when one is named.
fn manifest(arguments: &IndexArguments, limits: &Limits) -> Result<Option<VerifiedManifest>, Failure> {
    match &arguments.manifest {
        Some(path) => trust_options::verified(path, &arguments.trust, limits).map(Some),
        None if arguments.trust.keyring.is_empty() && arguments.trust.signers.is_empty() => Ok(None),
        None => Err(Failure::unable_hint(
            "certificates are named and no list that they signed",
            "`--manifest FILE` takes the list; its signatures lie beside it",
        )),
    }
}

fn own_names(manifest: &VerifiedManifest) -> Vec<String> {
    std::iter::once(manifest.manifest()).chain(manifest.signatures()).map(|file| file.name.clone()).collect()
}

fn placement(arguments: &IndexArguments) -> Placement {
    match (&arguments.base_url, arguments.files) {
        (Some(url), _) => Placement::At(url.clone()),
        (None, Files::HardLink) => Placement::HardLink,
        (None, Files::Copy) => Placement::Copy,
        (None, Files::Symlink) => Placement::Symlink,
        (None, Files::Relative) => Placement::Relative,
    }
}

/// Lines of the list that none of the items is about.
fn absent(manifest: &VerifiedManifest, items: &[Item]) -> usize {
    manifest.entries().len() - items.iter().filter(|item| matches!(item.state, State::Listed(_))).count()
}

/// Refuses an output that holds what somebody else put there: what no page names is removed.
fn check_output(output: &Path, directories: &[(PathBuf, Kind)]) -> Result<(), Failure> {
    if fs::status(output)?.is_none() {
        return Ok(());
    }
    let resolved = fs::canonicalize(output)?;
    for (directory, _) in directories {
        if fs::canonicalize(directory)?.starts_with(&resolved) {
            return Err(Failure::unable_hint(
                format!("{} is inside of the index {}", directory.display(), output.display()),
                "give the index a directory of its own",
            ));
        }
    }
    // a run that was killed at once has left no more than the beginning of its notes
    let unfinished = store::unfinished(&output.join(memory::FILE_NAME));
    let others = fs::names(output)?.iter().filter(|name| Some(name.as_os_str()) != unfinished.file_name()).count();
    if others == 0 || fs::status(&output.join(memory::FILE_NAME))?.is_some() {
        return Ok(());
    }
    Err(Failure::unable_hint(
        format!("{} is not empty, and no index that this command made", output.display()),
        "give the index a directory of its own",
    ))
}

/// Leaves what the next run need not read again.
fn remember(path: &Path, items: &[Item], started: i64) -> Result<(), Failure> {
    let new = store::unfinished(path);
    fs::remove(&new)?;
    fs::create(&new, 0o644, &mut |write| {
        write(memory::begin().as_bytes())?;
        for items in items.chunks(1000) {
            let mut text = String::new();
            for item in items.iter().filter(|item| !item.stamp.is_fresh_at(started)) {
                memory::remember(&mut text, &item.name.text, item.stamp, item.sha256, item.described.as_ref());
            }
            write(text.as_bytes())?;
        }
        Ok(())
    })?;
    fs::rename(&new, path)
}
