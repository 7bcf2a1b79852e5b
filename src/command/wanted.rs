//! What the maintainers' commands are asked to get: from what locks select to releases with digests.
//!
//! Enters: a [`Resolution`]. Leaves: [`Wanted`] releases, sorted by project, with the addresses that the lock has for their files, and
//! what is passed over. Whatever format a lock has, it becomes this one form here.

use crate::address::Address;
use crate::code::Code;
use crate::lock::resolution::{Place, Release, Resolution, TreeKind};
use crate::maintain::fetch::choose::Wanted;
use crate::maintain::simple_api::File;
use crate::refusal::Refusal;

/// The releases of `resolution`, and lines about what is passed over: what the target does not need, and directories, which are
/// this project's own.
///
/// # Errors
/// Everything selected that has no file with a digest.
pub(super) fn wanted(resolution: Resolution) -> Result<(Vec<Wanted>, Vec<String>), Vec<Refusal>> {
    let Resolution { releases, trees, mut skipped, .. } = resolution;
    let mut refusals = Vec::new();
    for tree in trees {
        let what = match tree.kind {
            TreeKind::Directory(_) => {
                skipped.push(format!("{}: `{}` is a directory, and not fetched", tree.origin, tree.name));
                continue;
            }
            TreeKind::Repository => "a repository",
            TreeKind::Archive => "an archive that is no sdist",
        };
        refusals.push(
            Refusal::new(Code::SdistNotLocked, format!("{}: `{}` is {what}", tree.origin, tree.name))
                .expected("an sdist with its SHA-256")
                .hint("require a released version, and lock again"),
        );
    }
    let wanted = releases.into_values().map(of_release).collect();
    if refusals.is_empty() { Ok((wanted, skipped)) } else { Err(refusals) }
}

fn of_release(release: Release) -> Wanted {
    let Release { name, version, files, origin, .. } = release;
    let hashes = files.iter().map(|file| file.sha256).collect();
    let known = files.into_iter().filter_map(|file| {
        let Some(Place::Url(url)) = &file.place else { return None };
        let (address, _) = Address::parse(url).ok()?;
        let name = file.name.as_ref()?.as_str().to_owned();
        Some(File { name, address, sha256: Some(file.sha256), size: file.size, yanked: None })
    });
    Wanted { name, version, hashes, files: known.collect(), origin }
}
