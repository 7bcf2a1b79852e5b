//! A listing against what is there.
//!
//! Enters: a [`Listing`] and a directory that should be the root of that package. Leaves: every planned path that is missing or
//! different, and every path inside the environment that nobody planned. Times are not compared: a later step sets them.

use super::list::{Item, Listing, file};
use crate::refusal::Failure;
use crate::system::fs::{self, Kind};
use std::path::Path;

/// How a path differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Path below the root of the package.
    pub path: String,
    /// What the listing says; `None` when it does not know the path.
    pub expected: Option<Item>,
    /// What is there; `None` when nothing is.
    pub found: Option<Item>,
}

/// What differs below `root`, in order of the paths.
///
/// # Errors
/// When a file cannot be read.
pub fn compare(listing: &Listing, root: &Path) -> Result<Vec<Difference>, Failure> {
    let mut differences = Vec::new();
    for (path, expected) in &listing.items {
        let found = look(&root.join(path))?;
        // directories above the environment are the package's own
        let is_own = path == &listing.location || path.starts_with(&format!("{}/", listing.location));
        let same = match (&found, expected) {
            (Some(Item::Directory { .. }), Item::Directory { .. }) if !is_own => true,
            (found, expected) => found.as_ref() == Some(expected),
        };
        if !same {
            differences.push(Difference { path: path.clone(), expected: Some(expected.clone()), found });
        }
    }
    let environment = root.join(&listing.location);
    if fs::status(&environment)?.is_some() {
        for (below, _) in fs::walk(&environment)? {
            let path = format!("{}/{}", listing.location, below.to_string_lossy());
            // a name that is no text is not the one that it is shown as
            if below.to_str().is_none() || !listing.items.contains_key(&path) {
                let found = look(&environment.join(&below))?;
                differences.push(Difference { path, expected: None, found });
            }
        }
    }
    differences.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(differences)
}

/// What stands at `path`; `None` when nothing does.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn look(path: &Path) -> Result<Option<Item>, Failure> {
    let Some(status) = fs::status(path)? else { return Ok(None) };
    Ok(Some(match status.kind {
        Kind::Directory => Item::Directory { mode: status.mode },
        Kind::Link => Item::Link { target: fs::read_link(path)?.to_string_lossy().into_owned() },
        Kind::File => {
            let (sha256, size) = fs::digest(path)?;
            file(status.mode, size, sha256)
        }
        Kind::Special => Item::Special,
    }))
}
