//! From sdists to wheels: each sdist is built twice, in sandboxes of its own, and what comes out is compared.
//!
//! Enters: a directory of sdists, wheels of build requirements that were verified, a [`Recipe`]. Leaves: wheels in a
//! directory, each with a record of what it was made from; nothing of an sdist whose two builds differ. Build
//! requirements that are not among the verified wheels are built from their own sdists first, so that a set can be built
//! from sources alone. Deliberately absent: fetching anything, and changing what a back end wrote: a wheel is kept byte for
//! byte or refused.

pub mod source;

pub mod shelf;

pub mod record;

pub mod difference;

pub mod crates;

pub mod survey;

pub mod accept;

pub mod attempt;

pub mod schedule;

use crate::python::dependency::Target;
use crate::python::interpreter::Interpreter;
use pep440_rs::Version;
use std::path::PathBuf;
use std::time::Duration;

/// 2020-02-02, the time of everything that is built unless another is asked for: a constant, so that whoever builds an sdist gets
/// the same wheel, and the one that hatchling uses itself where nobody tells it a time.
pub const DEFAULT_TIME: u64 = 1_580_601_600;

/// The directory in which sources are built, inside of the sandbox.
pub const DEFAULT_PATH: &str = "/build";

/// What beside an sdist and its build requirements decides about the wheel.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// The Python that builds, and that wheels with machine code are for.
    pub interpreter: Interpreter,
    /// Its full version.
    pub python: Version,
    /// The environment of markers.
    pub target: Target,
    /// SOURCE_DATE_EPOCH, in seconds since 1970.
    pub source_date_epoch: u64,
    /// The directory inside of the sandbox in which the source tree of every sdist is a directory NAME-VERSION.
    pub path: String,
    /// NAME=VALUE lines of dpkg-buildflags.
    pub build_flags: String,
    /// What the compiler calls itself; empty when there is none.
    pub compiler: String,
    /// The Rust toolchain; none when this machine has none.
    pub rust: Option<Rust>,
    /// The directory of `.crate` files.
    pub crates: Option<PathBuf>,
    /// How long one run of a back end may take.
    pub limit: Duration,
}

/// A Rust toolchain.
#[derive(Clone, Debug)]
pub struct Rust {
    /// What rustc calls itself.
    pub version: String,
    /// Where it is, when it is none of the system's own.
    pub place: Option<PathBuf>,
}
