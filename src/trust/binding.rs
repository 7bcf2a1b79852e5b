//! The double check of `rustvenv verify`: requirements and files against the signed list, each by its own name.
//!
//! Enters: the verified manifest, a lock, the names and digests of the files that are there. Leaves: a refusal for each requirement
//! that no line of the list is for, for each hash that the list has for another project or version, for each file that is not
//! the listed one, and for each requirement without a file. A hash that is merely somewhere in the list binds nothing:
//! it is looked up with the project, the version and the tags of the file name that it was signed with.

use super::verified::VerifiedManifest;
use crate::code::Code;
use crate::digest::Sha256;
use crate::lock::{Lock, Locked};
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::Refusal;
use std::collections::BTreeMap;

/// Checks each requirement of `lock` against `manifest`: at least one of its hashes has to be on the list under the name of
/// a wheel of that project and version, and none under another.
pub fn check_lock(lock: &Lock, manifest: &VerifiedManifest) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for locked in lock.releases.values() {
        let mut bound = false;
        for digest in &locked.hashes {
            for entry in manifest.by_digest(digest) {
                if is_wheel_of(&entry.name, locked) {
                    bound = true;
                    continue;
                }
                let message = format!("a hash of `{}` is that of another file", locked.name);
                refusals.push(
                    Refusal::new(Code::RequirementHashOfAnother, message)
                        .expected(format!("a wheel of {}=={} ({})", locked.name, locked.version, locked.origin))
                        .found(format!("`{}` (line {} of the manifest)", entry.name, entry.line))
                        .hint("find out how the hash came into the lock"),
                );
            }
        }
        if !bound {
            let message = format!("no listed wheel has a hash of `{}=={}`", locked.name, locked.version);
            refusals.push(
                Refusal::new(Code::WheelNotInManifest, message)
                    .expected(format!("one of {} hashes ({})", locked.hashes.len(), locked.origin))
                    .found(listed(locked, manifest))
                    .hint("review the wheel, add it to the manifest and have that signed"),
            );
        }
    }
    refusals
}

/// Checks the files of wheel directories, by name and digest, against `manifest`, and that there is one for each requirement.
pub fn check_files(files: &BTreeMap<String, Sha256>, lock: Option<&Lock>, manifest: &VerifiedManifest) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (name, found) in files {
        match manifest.entry(name) {
            Some(entry) if entry.sha256 == *found => {}
            Some(entry) => refusals.push(
                Refusal::new(Code::WheelDigestMismatch, format!("`{name}` is not the file that was signed for"))
                    .expected(format!("sha256:{} (line {} of the manifest)", entry.sha256, entry.line))
                    .found(format!("sha256:{found}"))
                    .hint("do not use the file; fetch it again and compare"),
            ),
            None => refusals.push(
                Refusal::new(Code::FileNotInManifest, format!("`{name}` is not on the signed list"))
                    .found(format!("sha256:{found}"))
                    .hint("remove the file, or review it, add it to the manifest and have that signed"),
            ),
        }
    }
    for locked in lock.iter().flat_map(|lock| lock.releases.values()) {
        let is_there = files.iter().any(|(name, digest)| is_wheel_of(name, locked) && locked.hashes.contains(digest));
        if !is_there {
            let message = format!("there is no locked wheel of `{}=={}`", locked.name, locked.version);
            refusals.push(
                Refusal::new(Code::WheelMissing, message)
                    .expected(listed(locked, manifest))
                    .found(locked.origin.clone()),
            );
        }
    }
    refusals
}

/// What the list has for a release, for messages.
fn listed(locked: &Locked, manifest: &VerifiedManifest) -> String {
    let names: Vec<&str> =
        manifest.entries().iter().map(|entry| entry.name.as_str()).filter(|name| is_wheel_of(name, locked)).collect();
    if names.is_empty() { "no wheel of that release on the signed list".to_owned() } else { names.join(", ") }
}

fn is_wheel_of(file_name: &str, locked: &Locked) -> bool {
    WheelFilename::parse(file_name).is_ok_and(|file| *file.name() == locked.name && *file.version() == locked.version)
}
