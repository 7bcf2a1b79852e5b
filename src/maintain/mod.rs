//! The maintainers' side: from sources to wheels.
//!
//! Enters: a source tree, or source distributions. Leaves: wheels. This is the only place where code other than ours runs: build
//! back ends, offline and in an environment that is decided here; those of sdists in a sandbox.

pub mod build_system;

pub mod project;

pub mod sdist;

pub mod sandbox;

pub mod wheel_build;
