//! Source distributions that are ZIP archives.
//!
//! Enters: a whole file. Leaves: its members, by the strict reader that wheels go through, and with that reader's codes. It
//! knows files and directories only. This is the one place that knows how that reader is called.

use super::{Contents, Member, Sink, Visit, What};
use crate::limits::Limits;
use crate::refusal::{Failure, Refusal};
use crate::wheel::archive::Archive;
use std::sync::Arc;

/// One member of an archive.
struct One<'a> {
    archive: &'a Archive,
    index: usize,
}

impl Contents for One<'_> {
    fn copy(&mut self, sink: &mut Sink<'_>) -> Result<(), Failure> {
        let mut result = Ok(());
        self.archive.copy(self.index, &mut |piece| {
            if result.is_ok() {
                result = sink(piece);
            }
        })?;
        result
    }
}

/// Hands every member to `visit`, directories first.
///
/// # Errors
/// The archive is refused, or `visit` failed.
pub(super) fn visit(name: &str, bytes: &Arc<Vec<u8>>, limits: &Limits, visit: &mut Visit<'_>) -> Result<(), Failure> {
    let bounds = Limits { wheel_size: limits.sdist_size, total_size: limits.sdist_total_size, ..limits.clone() };
    let archive = Archive::open(name, Arc::clone(bytes), &bounds).map_err(without_name(name))?;
    for path in archive.directories() {
        visit(Member { path: path.clone(), what: What::Directory }, &mut Nothing)?;
    }
    for (index, member) in archive.members().iter().enumerate() {
        let what = What::File { size: member.size(), executable: member.is_executable() };
        visit(Member { path: member.path().clone(), what }, &mut One { archive: &archive, index })?;
    }
    Ok(())
}

/// The content of a directory.
struct Nothing;

impl Contents for Nothing {
    fn copy(&mut self, _: &mut Sink<'_>) -> Result<(), Failure> {
        Ok(())
    }
}

/// The caller puts the name before every message, as this reader does already.
fn without_name(name: &str) -> impl Fn(Vec<Refusal>) -> Vec<Refusal> {
    let prefix = format!("`{name}`: ");
    move |mut refusals| {
        for refusal in &mut refusals {
            if let Some(message) = refusal.message.strip_prefix(&prefix) {
                refusal.message = message.to_owned();
            }
        }
        refusals
    }
}
