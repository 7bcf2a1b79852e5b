//! Whether a version meets a condition, as the specification says.
//!
//! Enters: a version and conditions such as `>=1.2, !=1.5.*`, both parsed by pep440_rs. Leaves: yes or no
//! (<https://packaging.python.org/en/latest/specifications/version-specifiers/>). The answer of pep440_rs 0.7 itself is
//! deliberately not asked: it has 1 meet `==1.2.*`, and not 1.dev1 `<1a1` (`tests/standards.rs`). Pre-releases are versions like any
//! other here, because a lock names one version and nothing is chosen.

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

/// Whether `version` meets every one of `conditions`.
pub fn meets(version: &Version, conditions: &VersionSpecifiers) -> bool {
    conditions.iter().all(|condition| meets_one(version, condition))
}

/// Whether `version` meets `condition`.
pub fn meets_one(version: &Version, condition: &VersionSpecifier) -> bool {
    let wanted = condition.version();
    let public = version.clone().without_local();
    // the same release, whatever the suffixes
    let same_base = || version.epoch() == wanted.epoch() && version.only_release() == wanted.only_release();
    match condition.operator() {
        Operator::Equal => is_equal(version, &public, wanted),
        Operator::NotEqual => !is_equal(version, &public, wanted),
        Operator::EqualStar => begins_with(version, wanted.epoch(), wanted.release()),
        Operator::NotEqualStar => !begins_with(version, wanted.epoch(), wanted.release()),
        Operator::ExactEqual => version.to_string() == wanted.to_string(),
        Operator::LessThanEqual => public <= *wanted,
        Operator::GreaterThanEqual => public >= *wanted,
        Operator::LessThan => {
            let own_pre_release = version.any_prerelease() && !wanted.any_prerelease() && same_base();
            version < wanted && !own_pre_release
        }
        Operator::GreaterThan => {
            let own_post_release = version.is_post() && !wanted.is_post() && !wanted.any_prerelease() && same_base();
            version > wanted && public != *wanted && !own_post_release
        }
        Operator::TildeEqual => {
            let series = wanted.release().split_last().map_or(&[][..], |(_, series)| series);
            public >= *wanted && begins_with(version, wanted.epoch(), series)
        }
    }
}

/// A condition without a local version is one on the public version.
fn is_equal(version: &Version, public: &Version, wanted: &Version) -> bool {
    if wanted.is_local() { version == wanted } else { public == wanted }
}

/// Whether `version` is of this series; what it does not say of its release is zero.
fn begins_with(version: &Version, epoch: u64, series: &[u64]) -> bool {
    let release = version.release();
    version.epoch() == epoch
        && (0..).zip(series).all(|(at, wanted): (usize, _)| release.get(at).copied().unwrap_or(0) == *wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr as _;

    #[test]
    fn what_the_specification_says_in_words() {
        for (version, conditions, expected) in [
            ("1", "==1.2.*", false),
            ("1.2", "==1.2.*", true),
            ("1.2.dev1", "==1.2.0.*", true),
            ("1.1a1", "==1.1.*", true),
            ("1.1.post1", "==1.1", false),
            ("1.1+local", "==1.1", true),
            ("1.1+local", "==1.1+other", false),
            ("1.1", "==1.1+local", false),
            ("1.0", "===1.0.0", false),
            ("1.0.0", "===1.0.0", true),
            ("1.7.1", ">1.7", true),
            ("1.7.0.post1", ">1.7", false),
            ("1.7.0.post3", ">1.7.post2", true),
            ("1.7+local", ">1.7", false),
            ("1.0.post1", ">1.0rc1", true),
            ("1.0rc1", "<1.0", false),
            ("1.0.dev1", "<1.0a1", true),
            ("0.9rc1", "<1.0", true),
            ("1rc1", "<1!1", true),
            ("2.2.post3", "~=2.2", true),
            ("3.0", "~=2.2", false),
            ("2.2.post2", "~=2.2.post3", false),
            ("1.4.5a4", "~=1.4.5a4", true),
            ("1.5", "~=1.4.5", false),
            ("1.4", "~=1.4.5", false),
            ("1!2.3", "~=1!2.2", true),
            ("1.5", ">=1,<2,!=1.5.*", false),
        ] {
            let (parsed, wanted) =
                (Version::from_str(version).unwrap(), VersionSpecifiers::from_str(conditions).unwrap());
            assert_eq!(meets(&parsed, &wanted), expected, "{version} {conditions}");
        }
    }
}
