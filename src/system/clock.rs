//! The clock, for what is about today.
//!
//! `rustvenv check` tells maintainers what expires, and their other commands judge signatures as of today. No command of a package build may come here: its verdict would change while
//! nothing of the package does.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 by the clock of this machine; 0 when it stands before.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}
