//! What debhelper has to be told about an environment: dependencies and lintian overrides, as data.
//!
//! Enters: a plan and the package's paragraph of debian/control. Leaves: facts, which `dh_rustvenv` hands to Dh_Lib one by one. Rust
//! decides, debhelper writes: its options, its compatibility levels and its order of things hold because it is debhelper
//! that carries them out.

pub mod control;

pub mod rules;

pub mod elf;

pub mod libraries;

pub mod dependency;

pub mod foreign;

pub mod inside;

pub mod shlibdeps;

pub mod depends;

pub mod facts;

pub mod lintian;

pub mod dh_virtualenv;
