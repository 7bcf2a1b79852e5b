//! `rustvenv prepare`: everything that can be refused is refused here, before the package is put together.
//!
//! The early step of a package build. It verifies the wheels, builds the project's own and makes the plan, so that a mistake is
//! told in the first second; it leaves only the project's wheel, in the state directory.

use super::dh_virtualenv;
use super::environment::{OwnWheel, decide};
use super::talk::Talk;
use crate::cli::PrepareArguments;
use crate::refusal::Failure;
use crate::system::fs;

/// Carries the command out.
///
/// # Errors
/// As [`decide`].
pub fn run(arguments: &PrepareArguments) -> Result<(), Failure> {
    let talk = Talk::new(arguments.common.verbose);
    let inputs = dh_virtualenv::inputs(&arguments.common, talk)?;
    let state = arguments.common.state();
    fs::create_dir_all(&state)?;
    let decided = decide(&inputs, &state, OwnWheel::Build, &mut |line| talk.line(line))?;
    talk.details(&decided);
    Ok(())
}
