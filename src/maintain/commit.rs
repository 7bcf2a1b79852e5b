//! Putting a list and its signature in place, so that no kill in between loses either.
//!
//! Enters: a manifest, the text of the next one, and a function that has it signed and judges the signature. Leaves: both files in place,
//! each whole, or both as they were. The two cannot be renamed at once: they wait under the names `.LIST.new` and `.LIST.asc.new`
//! until both are there, the list is renamed first, and [`settle`] finishes what a kill left half done. A signature that was made is never
//! made in vain: whoever is asked for a passphrase is asked once.

use crate::limits::Limits;
use crate::refusal::Failure;
use crate::system::fs;
use crate::trust::InputFile;
use std::path::{Path, PathBuf};

/// Whether a signature file is over a manifest, by somebody who may sign.
pub type Judge<'a> = dyn Fn(&InputFile, &InputFile) -> bool + 'a;

/// The two files and where they wait.
#[derive(Clone, Debug)]
pub struct Places {
    /// The list.
    pub manifest: PathBuf,
    /// Its signatures.
    pub signature: PathBuf,
    /// The next list.
    pub next_manifest: PathBuf,
    /// Its signatures.
    pub next_signature: PathBuf,
}

impl Places {
    /// Those of the list at `manifest`.
    pub fn of(manifest: &Path) -> Self {
        let name = manifest.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let beside = |name: String| manifest.with_file_name(name);
        Self {
            manifest: manifest.to_owned(),
            signature: beside(format!("{name}.asc")),
            next_manifest: beside(format!(".{name}.new")),
            next_signature: beside(format!(".{name}.asc.new")),
        }
    }
}

/// The file at `path`, if there is one.
///
/// # Errors
/// When it cannot be read or has more than `limit` bytes.
pub fn input(path: &Path, limit: u64) -> Result<Option<InputFile>, Failure> {
    if fs::status(path)?.is_none() {
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Some(InputFile { name, bytes: fs::read(path, limit)? }))
}

/// Finishes what an earlier run was killed in: a list that was signed is put in place, and one that was not is forgotten.
///
/// # Errors
/// When the file system refuses.
pub fn settle(places: &Places, limits: &Limits, is_signed: &Judge<'_>) -> Result<(), Failure> {
    let signature = input(&places.next_signature, limits.signature_size)?;
    let next = input(&places.next_manifest, limits.manifest_size)?;
    let current = input(&places.manifest, limits.manifest_size)?;
    match (next, current, signature) {
        (Some(next), _, Some(signature)) if is_signed(&next, &signature) => in_place(places),
        (None, Some(current), Some(signature)) if is_signed(&current, &signature) => {
            fs::rename(&places.next_signature, &places.signature)
        }
        _ => {
            fs::remove(&places.next_signature)?;
            fs::remove(&places.next_manifest)
        }
    }
}

/// Puts the list that waits and its signatures in place.
///
/// # Errors
/// When the file system refuses; [`settle`] goes on from there.
pub fn in_place(places: &Places) -> Result<(), Failure> {
    fs::rename(&places.next_manifest, &places.manifest)?;
    fs::rename(&places.next_signature, &places.signature)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests look at the world with other eyes")]
mod tests {
    use super::*;
    use std::fs as std_fs;

    /// Signed is what says so.
    fn judge(manifest: &InputFile, signature: &InputFile) -> bool {
        signature.bytes == [b"over ", manifest.bytes.as_slice()].concat()
    }

    #[test]
    fn every_state_that_a_kill_leaves_is_settled() {
        // what is there: list, signature, next list, next signature; and what has to be there afterwards
        for (before, after) in [
            (["1", "over 1", "", ""], ["1", "over 1"]),
            (["1", "over 1", "2", ""], ["1", "over 1"]),
            (["1", "over 1", "2", "over"], ["1", "over 1"]),
            (["1", "over 1", "2", "over 2"], ["2", "over 2"]),
            (["2", "over 1", "", "over 2"], ["2", "over 2"]),
            (["", "", "1", ""], ["", ""]),
            (["", "", "1", "over 1"], ["1", "over 1"]),
            (["1", "", "", "over 1"], ["1", "over 1"]),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let places = Places::of(&directory.path().join("sums"));
            let all = [&places.manifest, &places.signature, &places.next_manifest, &places.next_signature];
            for (path, text) in all.iter().zip(before) {
                if !text.is_empty() {
                    std_fs::write(path, text).unwrap();
                }
            }
            settle(&places, &Limits::DEFAULT, &judge).unwrap();
            let found = all.map(|path| std_fs::read_to_string(path).unwrap_or_default());
            assert_eq!(found, [after[0], after[1], "", ""], "{before:?}");
        }
    }
}
