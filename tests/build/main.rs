//! A package build, from the configuration to the .deb: `rustvenv` alone where that is enough, the real dpkg-buildpackage, dh
//! and dpkg-deb where it is not. Every source package is made here from text.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]

#[path = "../support/wheel.rs"]
mod wheel;

mod source_package;

mod refusals;

mod contract;

mod contract_dh;

mod contract_world;

mod lintian;

mod install;

mod package;

mod running;

mod byte_code;

mod maintainer_scripts;

mod libraries;

mod dpkg;

mod dh_virtualenv;

mod shapes;

mod cross;

mod changes;

mod verify;
