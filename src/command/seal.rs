//! `rustvenv seal`: the last look, and one time for everything.
//!
//! Runs before dpkg-deb. What was installed has to be there unchanged, but for what the configuration lists, and what it lists has to be
//! changed; files that hooks of the package added are left in place. These get the modes that files of a package have, whatever
//! modes a checkout has. Then every path of the package, DEBIAN included, gets SOURCE_DATE_EPOCH as its modification time: dpkg-deb
//! lowers newer times to it, but keeps older ones, which differ between a checkout and a tarball.

use super::dh_virtualenv;
use super::inputs::source_date_epoch;
use super::talk::Talk;
use crate::cli::SealArguments;
use crate::code::Code;
use crate::plan::{below, read_at_start};
use crate::refusal::{Failure, Refusal};
use crate::sink::changes::{Became, Verdict, judge, settled_mode};
use crate::sink::compare::compare;
use crate::sink::list::Listing;
use crate::system::env;
use crate::system::fs::{self, Kind};
use crate::trust::openpgp::{Warning, WarningKind};
use std::path::Path;

/// How many added paths are named.
const NAMED: usize = 20;

/// Carries the command out.
///
/// # Errors
/// As [`judge`].
pub fn run(arguments: &SealArguments) -> Result<(), Failure> {
    let destdir = arguments.common.destdir(arguments.destdir.as_ref());
    let talk = Talk::new(arguments.common.verbose);
    dh_virtualenv::look(&arguments.common)?;
    let record = arguments.common.state().join("installed.jsonl");
    if fs::status(&record)?.is_none() {
        return Err(Failure::unable_hint(
            format!("{} does not exist: nothing was installed into this package", record.display()),
            "dh_rustvenv has to run before; a debian/rules that overrides it has to call it",
        ));
    }
    let listing = Listing::from_json_lines(&record.to_string_lossy(), &fs::read_text(&record, u64::MAX)?)?;
    let differences = compare(&listing, &destdir)?;
    let absolute = match fs::status(&destdir)? {
        Some(_) => fs::canonicalize(&destdir)?,
        None => destdir.clone(),
    };
    let deleted = deleted_later(&listing, &destdir, &env::dh_always_exclude());
    let judged = judge(&listing, &differences, &absolute, &fs::canonicalize(Path::new("."))?);
    let verdict = match (judged, deleted) {
        (Ok(verdict), None) => verdict,
        (Ok(_), Some(refusal)) => return Err(refusal.into()),
        (Err(mut refusals), deleted) => {
            refusals.extend(deleted);
            return Err(refusals.into());
        }
    };
    say(&verdict, &listing.location, talk);
    say_where_built(&verdict, &destdir, &absolute, talk)?;
    settle(&listing, &destdir)?;
    let epoch = source_date_epoch(Path::new("."))?;
    let mut paths = fs::walk(&destdir)?;
    paths.reverse();
    for (path, _) in paths {
        fs::set_mtime(&destdir.join(path), epoch)?;
    }
    fs::set_mtime(&destdir, epoch)
}

/// What dh_builddeb is going to delete, because a word of DH_ALWAYS_EXCLUDE is in its path: that comes after this last look.
fn deleted_later(listing: &Listing, destdir: &Path, words: &[String]) -> Option<Refusal> {
    // find(1) is given the package's directory, and compares the path from there on
    let matches = |path: &str, word: &str| destdir.join(path).to_string_lossy().contains(word);
    let (path, word) =
        listing.items.keys().find_map(|path| words.iter().find(|word| matches(path, word)).map(|word| (path, word)))?;
    let message = format!("`{path}` is going to be deleted by dh_builddeb, and maybe others");
    let refusal = Refusal::new(Code::InstalledFileChanged, message).found(format!("`{word}` in DH_ALWAYS_EXCLUDE"));
    Some(refusal.hint("use `-X` with the debhelper command that is to leave files alone"))
}

/// Says what the package did to its environment.
fn say(verdict: &Verdict, location: &str, talk: Talk) {
    for (path, became) in &verdict.changed {
        talk.line(&match became {
            Became::File => format!("{path} was changed on purpose"),
            Became::Link => format!("{path} was replaced by a link on purpose"),
            Became::Absent => format!("{path} was removed on purpose"),
        });
    }
    for (path, count) in verdict.tops.iter().take(NAMED) {
        talk.line(&match count {
            Some(count) => format!("{path}/ was added by this package, files: {count}"),
            None => format!("{path} was added by this package"),
        });
    }
    if let Some(more) = verdict.tops.len().checked_sub(NAMED).filter(|more| *more > 0) {
        talk.line(&format!("and {more} more"));
    }
    for path in &verdict.added {
        if let Some(module) = below(path, location).and_then(read_at_start) {
            let message = format!("this package adds `{module}`, which Python reads at each start");
            talk.line(&Warning { kind: WarningKind::RunsAtStart, message }.to_string());
        }
    }
}

/// Says which files hold the path of the build: another builder has another, and so has the machine where the package is installed.
fn say_where_built(verdict: &Verdict, destdir: &Path, absolute: &Path, talk: Talk) -> Result<(), Failure> {
    let Some(wanted) = absolute.to_str().map(str::as_bytes) else { return Ok(()) };
    let files = verdict.changed.iter().filter(|(_, became)| **became == Became::File).map(|(path, _)| path);
    for path in files.chain(&verdict.added) {
        let file = destdir.join(path);
        if fs::status(&file)?.is_none_or(|status| status.kind != Kind::File) {
            continue;
        }
        let (mut found, mut seen) = (false, Vec::new());
        fs::read_in_pieces(&file, &mut |piece| {
            seen.extend_from_slice(piece);
            found = found || memmem(&seen, wanted);
            // a path that begins here may end in the next piece
            let keep = seen.len().saturating_sub(wanted.len());
            seen.drain(..keep);
            Ok(())
        })?;
        if found {
            let message = format!("`{path}` holds the path of this build, `{}`", absolute.display());
            talk.line(&Warning { kind: WarningKind::BuildPath, message }.to_string());
        }
    }
    Ok(())
}

fn memmem(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len().max(1)).any(|window| window == wanted)
}

/// Gives what was added or changed the modes that it has in the package.
fn settle(listing: &Listing, destdir: &Path) -> Result<(), Failure> {
    let environment = destdir.join(&listing.location);
    for (path, status) in fs::walk(&environment)? {
        if status.kind == Kind::Link {
            continue;
        }
        let mode = settled_mode(status.mode, status.kind == Kind::Directory);
        if mode != status.mode {
            fs::set_mode(&environment.join(path), mode)?;
        }
    }
    Ok(())
}
