//! `rustvenv crates`: the Rust crates that sdists need, fetched by the checksums of their own Cargo.lock.
//!
//! Enters: a directory of sdists. Leaves: `.crate` files in another directory, for `rustvenv build --crates`. cargo brings them, from
//! the registry that it is configured for; nothing of an sdist or a crate is run.

use crate::cli::CratesArguments;
use crate::maintain::wheel_build::{DEFAULT_TIME, crates, source};
use crate::python::name::ProjectName;
use crate::refusal::{Failure, printable};
use crate::system::fs;
use std::collections::BTreeSet;

/// Carries the command out.
///
/// # Errors
/// Every Cargo.lock that cannot be used, and every crate that is not to be had.
pub fn run(arguments: &CratesArguments) -> Result<(), Failure> {
    let mut names = BTreeSet::new();
    for text in &arguments.names {
        let name = ProjectName::parse(text).ok_or_else(|| Failure::unable(format!("`{text}` is no project")))?;
        names.insert(name);
    }
    let room = fs::temporary_directory()?;
    for (n, sdist) in source::list(&arguments.sdists)?.into_iter().enumerate() {
        if !names.is_empty() && !names.contains(&sdist.name) {
            continue;
        }
        let place = room.path().join(n.to_string());
        let tree = sdist.unpack(&place, DEFAULT_TIME)?;
        let needs = crates::needs(&sdist, &tree)?;
        fs::remove(&place)?;
        for unusable in &needs.unusable {
            let why = unusable.found.as_deref().unwrap_or_default();
            super::say(&printable(&format!("rustvenv: warning: {}: {why}", unusable.message)));
        }
        for lock in &needs.locks {
            let fetched = crates::fetch(lock, &arguments.crates, &place)?;
            fs::remove(&place)?;
            super::say(&printable(&format!("rustvenv: {sdist} names {} crates; {fetched} were fetched", lock.len())));
        }
    }
    Ok(())
}
