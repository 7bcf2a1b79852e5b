//! `rustvenv seal`: the last look, and one time for everything.
//!
//! Runs before dpkg-deb. What was installed has to be there unchanged; files that hooks of the package added are left in place.
//! Then every path of the package, DEBIAN included, gets SOURCE_DATE_EPOCH as its modification time: dpkg-deb lowers newer
//! times to it, but keeps older ones, which differ between a checkout and a tarball.

use super::dh_virtualenv;
use super::inputs::source_date_epoch;
use super::talk::Talk;
use crate::cli::SealArguments;
use crate::code::Code;
use crate::refusal::{Failure, Refusal};
use crate::sink::compare::{Difference, compare};
use crate::sink::list::{Item, Listing};
use crate::sink::write::is_byte_code;
use crate::system::fs;
use std::path::Path;

/// Carries the command out.
///
/// # Errors
/// Every planned path that is no longer what was installed, and byte code that a hook left.
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
    let refusals: Vec<Refusal> = differences.iter().filter_map(refusal).collect();
    if !refusals.is_empty() {
        return Err(refusals.into());
    }
    for added in &differences {
        talk.line(&format!("{} was added by this package", added.path));
    }
    let epoch = source_date_epoch(Path::new("."))?;
    let mut paths = fs::walk(&destdir)?;
    paths.reverse();
    for (path, _) in paths {
        fs::set_mtime(&destdir.join(path), epoch)?;
    }
    fs::set_mtime(&destdir, epoch)
}

fn refusal(difference: &Difference) -> Option<Refusal> {
    let Difference { path, expected, found } = difference;
    let Some(expected) = expected else {
        let is_file = !matches!(found, Some(Item::Directory { .. }));
        return (is_file && is_byte_code(Path::new(path))).then(|| {
            Refusal::new(Code::ByteCodeLeft, format!("`{path}` was compiled while the package was built"))
                .hint("run the environment's Python with `-B` in hooks of debian/rules")
        });
    };
    let found = found.as_ref().map_or("nothing".to_owned(), ToString::to_string);
    Some(
        Refusal::new(Code::InstalledFileChanged, format!("`{path}` is not what was installed"))
            .expected(expected.to_string())
            .found(found)
            .hint("look for an override or a hook in debian/rules that works on the whole package after dh_rustvenv"),
    )
}
