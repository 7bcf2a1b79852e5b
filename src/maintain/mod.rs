//! The maintainers' side: from sources to wheels.
//!
//! Enters: a source tree. Leaves: a wheel. This is the only place where code other than ours runs: the build back end
//! of the source package's own project, offline and in an environment that is decided here.

pub mod build_system;

pub mod simple_api;

pub mod netrc;

pub mod index_url;

pub mod project;

pub mod static_index;
