//! One file, from an address into a directory, by its digest.
//!
//! Enters: where the file is, what it will be called and which digests are accepted. Leaves: the file under that name, or a digest
//! that was not accepted and nothing at all. In between there is `.NAME.part`, which a later run goes on with; its bytes are read
//! again from the disk before they get the name, so that it does not matter who wrote them.

use crate::address::{Address, Scheme};
use crate::code::Code;
use crate::digest::Sha256;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Growing};
use crate::system::net::{Network, Say};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The file stands under its name.
    Verified {
        /// Its digest, one of those that were accepted.
        sha256: Sha256,
        /// Its size in bytes.
        size: u64,
    },
    /// Something else came; nothing of it was kept.
    Differs(Sha256),
    /// There is no such file at the address.
    Missing,
}

/// Told the size that was reached and the whole one, where it is known.
pub type Progress<'a> = dyn FnMut(u64, Option<u64>) + 'a;

/// What is fetched, and what becomes of it.
pub struct Transfer<'a> {
    /// Where it is.
    pub address: &'a Address,
    /// The directory that it comes into; has to exist.
    pub directory: &'a Path,
    /// Its name there: a plain file name.
    pub name: &'a str,
    /// The digests that are accepted.
    pub accepted: &'a BTreeSet<Sha256>,
    /// Its largest size in bytes.
    pub limit: u64,
}

/// Where a file that is called `name` stands until it is complete.
pub fn part(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!(".{name}.part"))
}

/// The name of the file that `hidden` is going to become; `None` when it is no part of a file.
pub fn name_of_part(hidden: &str) -> Option<&str> {
    hidden.strip_prefix('.')?.strip_suffix(".part").filter(|name| !name.is_empty())
}

impl Transfer<'_> {
    /// Carries it out.
    ///
    /// # Errors
    /// When the file cannot be had, is too large, or something stands under its name.
    pub fn run(&self, network: &Network, progress: &mut Progress<'_>, say: &Say<'_>) -> Result<Outcome, Failure> {
        let part = part(self.directory, self.name);
        let mut file = Growing::open(&part)?;
        let mut is_resumed = file.length() > 0;
        loop {
            let outcome = match self.complete(&mut file, network, progress, say) {
                Err(failure) => {
                    // what an attempt left is used by the next one, unless it is refused
                    if matches!(failure, Failure::Refused(_)) {
                        fs::remove(&part)?;
                    }
                    return Err(failure);
                }
                Ok(false) => Outcome::Missing,
                Ok(true) => {
                    let (sha256, _) = fs::digest(&part)?;
                    if self.accepted.contains(&sha256) {
                        let size = file.length();
                        file.become_file(&self.directory.join(self.name), 0o644)?;
                        return Ok(Outcome::Verified { sha256, size });
                    }
                    Outcome::Differs(sha256)
                }
            };
            if is_resumed && matches!(outcome, Outcome::Differs(_)) {
                // the beginning may be of another file, from another server or another day
                say(&format!("{}: what an earlier run left does not fit; beginning anew", self.name));
                is_resumed = false;
                file.restart()?;
                continue;
            }
            fs::remove(&part)?;
            return Ok(outcome);
        }
    }

    /// Adds what the part lacks; whether there is such a file.
    fn complete(
        &self,
        file: &mut Growing,
        network: &Network,
        progress: &mut Progress<'_>,
        say: &Say<'_>,
    ) -> Result<bool, Failure> {
        if self.address.scheme() != Scheme::File {
            return network.append(self.address, file, self.limit, progress, say);
        }
        let Some(path) = self.address.path() else { return Ok(false) };
        let Some(found) = fs::status(&path)? else { return Ok(false) };
        if found.size > self.limit {
            let message = format!("{} is larger than {} bytes", self.address, self.limit);
            return Err(Refusal::new(Code::DownloadTooLarge, message).into());
        }
        file.restart()?;
        // it may grow while it is read
        fs::read_in_pieces(&path, &mut |bytes| if file.length() <= self.limit { file.append(bytes) } else { Ok(()) })?;
        progress(file.length(), Some(found.size));
        Ok(true)
    }
}
