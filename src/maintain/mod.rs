//! The maintainers' side: from sources to wheels.
//!
//! Enters: a lock and a source tree. Leaves: sdists that are the locked ones, and a wheel. This is the only place where code other
//! than ours runs: the build back end of the source package's own project, offline and in an environment that is decided here.

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
