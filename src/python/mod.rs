//! The words of the Python packaging specifications, as types that can only hold what the specification allows.
//!
//! Each submodule owns one grammar: text enters, a newtype or a reason leaves. Nothing here knows of trust, of the package
//! that is built, or of the file system.

pub mod name;

pub mod architecture;

pub mod interpreter;

pub mod tags;

pub mod wheel_filename;

pub mod sdist_filename;

pub mod dependency;

pub mod metadata;

pub mod entry_points;
