//! The door through which a built wheel comes in: opened strictly, of the right release, never in the place of another.
//!
//! Enters: the bytes that both builds made. Leaves: a [`Wheel`] to build others with, and the file in the directory of wheels.
//! A file of that name that is there and differs is refused: two wheels of one name are what a signed list cannot tell apart.

use super::source::Sdist;
use crate::blob::Blob;
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::refusal::{Failure, Refusal};
use crate::system::fs;
use crate::trust::verified_wheel::VerifiedWheel;
use crate::wheel::Wheel;
use std::path::Path;
use std::sync::Arc;

/// Opens a wheel that was built of `sdist`.
///
/// # Errors
/// Everything that is wrong with it, as for a wheel that is to be installed.
pub fn open(file_name: &str, bytes: Vec<u8>, sdist: &Sdist) -> Result<Arc<Wheel>, Failure> {
    let verified = VerifiedWheel::built_from_sdist(file_name, Blob::from(bytes))?;
    let wheel = Wheel::open(&verified, &Limits::DEFAULT)?;
    if *wheel.name() != sdist.name || *wheel.file_name().version() != sdist.version {
        return Err(Refusal::new(Code::BuildWrongWheel, format!("`{file_name}` is no wheel of `{sdist}`")).into());
    }
    Ok(Arc::new(wheel))
}

/// Puts a wheel into the directory `wheels`.
///
/// # Errors
/// [`Code::WheelNameTaken`] when another file has its name, or what the file system says.
pub fn keep(wheels: &Path, file_name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let path = wheels.join(file_name);
    if fs::status(&path)?.is_some() {
        let there = Sha256::of(&fs::read(&path, Limits::DEFAULT.wheel_size)?);
        let ours = Sha256::of(bytes);
        if there != ours {
            return Err(Refusal::new(Code::WheelNameTaken, format!("another `{file_name}` is there already"))
                .expected(format!("sha256:{ours}, as it was built twice"))
                .found(format!("sha256:{there} ({})", path.display()))
                .hint("compare what both were made from; the records are in .rustvenv-build beside the wheels")
                .into());
        }
        return Ok(());
    }
    fs::replace(&path, bytes, 0o644)
}
