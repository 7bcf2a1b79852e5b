//! The processors that a program may run on.
//!
//! Enters: the kernel's list for this process, and how many of them a program is to have. Leaves: a list in the words of taskset(1).
//! What asks how many processors there are (make, ninja, cargo, Python) is told those, so that a bound needs no option of any.

use super::fs;
use crate::refusal::Failure;
use std::path::Path;

/// The first `count` of the processors that this process may use, or all if there are fewer.
///
/// # Errors
/// When the kernel does not say.
pub fn first(count: usize) -> Result<Vec<u32>, Failure> {
    let status = fs::read_text(Path::new("/proc/self/status"), 1 << 20)?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or("0");
    let mut processors = numbers(list.trim());
    processors.truncate(count);
    Ok(processors)
}

/// What taskset(1) takes for `processors`.
pub fn list(processors: &[u32]) -> String {
    processors.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// The numbers that a list such as `0-3,8` stands for; what is not one is left out.
fn numbers(list: &str) -> Vec<u32> {
    let range = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.parse().ok()?..=to.parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_list() {
        assert_eq!(numbers("0-2,8,10-11"), [0, 1, 2, 8, 10, 11]);
        assert_eq!(numbers("5"), [5]);
        assert_eq!(numbers(""), [0; 0]);
        assert_eq!(list(&[0, 3]), "0,3");
        assert_eq!(first(1).unwrap().len(), 1);
        assert!(!first(usize::MAX).unwrap().is_empty());
    }
}
