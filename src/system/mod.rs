//! The only doors to the world: files, other programs, the environment, the network.
//!
//! Everything above is a function of values. These modules turn paths into bytes and back, name the path in every
//! error, bound what they read, sort what a directory lists, and set modes themselves so that the umask of the builder does
//! not reach the package. Of the clock there is only one use, which is not part of a package build, and
//! neither is the network.

pub mod clock;

pub mod env;

pub mod fs;

pub mod process;

pub mod processors;

pub mod terminal;

pub mod stopwatch;

pub mod store;

pub mod net;
