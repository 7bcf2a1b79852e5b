//! dh-rustvenv: a Python application and its dependencies as one relocatable virtual environment in a Debian
//! package, made only of wheels that are on a signed list.
//!
//! The modules stand in the order of the pipeline; a module uses only those above it, `command` joins them, and only
//! `system` touches the world (`tests/architecture.rs` holds both). ARCHITECTURE.md follows one wheel through them.

// words and bounds that every stage shares
pub mod code;

pub mod refusal;

pub mod limits;

pub mod digest;

pub mod blob;

pub mod date;

pub mod address;

pub mod python;

// what is asked for
pub mod lock;

pub mod library_policy;

pub mod config;

// what is believed
pub mod trust;

// what is installed
pub mod wheel;

pub mod plan;

pub mod debhelper;

// the world, and where plans go
pub mod system;

pub mod sink;

// the project's own wheel
pub mod maintain;

// what can be typed, and what it does
pub mod cli;

pub mod command;
