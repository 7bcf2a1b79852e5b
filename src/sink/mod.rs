//! Where a plan goes: to a directory, into a list, or against what is there.
//!
//! Enters: a [`Plan`](crate::plan::Plan). Each sink reads the same table, so that what is listed is what is written, and what
//! is compared is what was listed.

pub mod list;

pub mod write;

pub mod compare;

pub mod changes;
