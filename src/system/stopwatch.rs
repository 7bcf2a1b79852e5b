//! How long something took, for people who wait.
//!
//! A stopwatch knows no day and no time, only what has passed since it was started; that goes into lines of progress and nowhere
//! else.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use std::fmt;
use std::time::{Duration, Instant};

/// Something that began.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Begins now.
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl fmt::Display for Stopwatch {
    /// What has passed, as people say it: `12 s`, `3 min 5 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&spoken(self.0.elapsed()))
    }
}

fn spoken(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_said_when_there_are_some() {
        assert_eq!(spoken(Duration::from_millis(59_999)), "59 s");
        assert_eq!(spoken(Duration::from_secs(3605)), "60 min 5 s");
    }
}
