//! The maintainers' side: from sources to a signed list of wheels.
//!
//! Enters: a lock and a source tree. Leaves: sdists that are the locked ones, wheels, and a list that somebody has signed. This is
//! the only place where code other than ours runs: build back ends, offline and in an environment that is decided here.
//! Enters: a source tree, or source distributions. Leaves: wheels. This is the only place where code other than ours runs: build
//! back ends, offline and in an environment that is decided here; those of sdists in a sandbox.

pub mod build_system;

pub mod project;

pub mod simple_api;

pub mod netrc;

pub mod index_url;

pub mod static_index;

pub mod transfer;

pub mod fetch;

pub mod sync;

pub mod sdist;

pub mod migrate;

pub mod manifest;

pub mod sign;

pub mod commit;

pub mod review;

pub mod wheel_requirements;

pub mod sandbox;
pub mod settings;

pub mod lock_tool;

pub mod certificate;

pub mod new_package;

pub mod wheel_build;
