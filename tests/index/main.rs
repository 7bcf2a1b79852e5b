//! The private index and what is fetched from it: pages against the specifications, pip and uv from real servers, a real
//! browser, and `rustvenv sync` against servers that lie. Every wheel and every key is made here.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]

#[path = "../support/wheel.rs"]
mod wheel;

#[path = "../support/signer.rs"]
mod signer;

mod store;

mod pages;

mod installers;

mod sync;
