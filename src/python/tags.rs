//! Which wheels run on the target: compatibility tags, computed and never asked of a running Python.
//!
//! Enters: interpreter, architecture and C library version of the target. Leaves: the list of tags that fit, best first, as the
//! platform compatibility specification orders them (<https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>).
//! musllinux tags are deliberately absent: Debian's C library is glibc.

use super::architecture::Architecture;
use super::interpreter::Interpreter;
use std::collections::BTreeMap;
use std::fmt;

/// One tag: Python, ABI and platform, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Interpreter, such as `cp311` or `py3`.
    pub python: String,
    /// Binary interface, such as `cp311`, `abi3` or `none`.
    pub abi: String,
    /// Platform, such as `any` or `manylinux_2_28_x86_64`.
    pub platform: String,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

impl Tag {
    /// Whether a wheel that was built as `built` may be called `self`: for the same Python and ABI, and for the same platform or a
    /// name of it that says more. Build tools write `linux_x86_64` or `any` into WHEEL, and the file becomes
    /// `manylinux_2_28_x86_64` later, not always by a program that corrects WHEEL (playwright and ray on PyPI, 2026).
    pub fn may_be_called_after(&self, built: &Self) -> bool {
        let machine = self.linux_machine();
        (&self.python, &self.abi) == (&built.python, &built.abi)
            && (self.platform == built.platform
                || built.platform == "any"
                || (machine.is_some() && machine == built.linux_machine()))
    }

    /// `x86_64` of `linux_x86_64`, `manylinux2014_x86_64` and `manylinux_2_28_x86_64`. Not of `musllinux`: another C library is
    /// another platform.
    fn linux_machine(&self) -> Option<&str> {
        let platform = self.platform.as_str();
        if let Some(machine) = platform.strip_prefix("linux_") {
            return Some(machine);
        }
        let rest = platform.strip_prefix("manylinux")?;
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if let Some((_, machine)) = rest.split_once('_').filter(|(policy, _)| digits(policy)) {
            return Some(machine);
        }
        let mut parts = rest.strip_prefix('_')?.splitn(3, '_');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(major), Some(minor), machine) if digits(major) && digits(minor) => machine,
            _ => None,
        }
    }
}

/// Version of the target's glibc.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc {
    /// Major version, 2.
    pub major: u32,
    /// Minor version.
    pub minor: u32,
}

impl Glibc {
    /// Reads `2.36`.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let number =
            |text: &str| text.parse().ok().filter(|_| text.len() < 4 && text.bytes().all(|b| b.is_ascii_digit()));
        Some(Self { major: number(major)?, minor: number(minor)? })
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The tags that fit a target, each with its rank: 0 is the best.
#[derive(Clone, Debug)]
pub struct CompatibleTags {
    ranks: BTreeMap<Tag, usize>,
    target: String,
}

impl CompatibleTags {
    /// The tags of CPython `interpreter` on `architecture` with `glibc`.
    pub fn of(interpreter: &Interpreter, architecture: &Architecture, glibc: Glibc) -> Self {
        let platforms = platforms(architecture, glibc);
        let (major, minor) = (interpreter.major(), interpreter.minor());
        let cpython = |minor: u32| format!("cp{major}{minor}");
        let mut ordered = Vec::new();
        let mut push = |python: &str, abi: &str, platform: &str| {
            ordered.push(Tag { python: python.to_owned(), abi: abi.to_owned(), platform: platform.to_owned() });
        };
        for abi in [cpython(minor), "abi3".to_owned(), "none".to_owned()] {
            for platform in &platforms {
                push(&cpython(minor), &abi, platform);
            }
        }
        // the stable ABI: a module built for an older Python loads (PEP 384 begins with 3.2)
        for older in (2..minor).rev() {
            for platform in &platforms {
                push(&cpython(older), "abi3", platform);
            }
        }
        let generic: Vec<String> = std::iter::once(format!("py{major}{minor}"))
            .chain(std::iter::once(format!("py{major}")))
            .chain((0..minor).rev().map(|older| format!("py{major}{older}")))
            .collect();
        for python in &generic {
            for platform in &platforms {
                push(python, "none", platform);
            }
        }
        push(&cpython(minor), "none", "any");
        for python in &generic {
            push(python, "none", "any");
        }
        let mut ranks = BTreeMap::new();
        for (rank, tag) in ordered.into_iter().enumerate() {
            ranks.entry(tag).or_insert(rank);
        }
        let target = format!("{interpreter} on {} with glibc {glibc}", architecture.machine());
        Self { ranks, target }
    }

    /// What the tags are of, for messages: `Python 3.11 on x86_64 with glibc 2.36`.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The best rank of any of `tags`; `None` when none fits.
    pub fn rank<'a>(&self, tags: impl IntoIterator<Item = &'a Tag>) -> Option<usize> {
        tags.into_iter().filter_map(|tag| self.ranks.get(tag)).copied().min()
    }
}

/// The platform tags that fit, newest C library first (PEP 600), then the plain `linux` tag.
fn platforms(architecture: &Architecture, glibc: Glibc) -> Vec<String> {
    let machine = architecture.machine();
    // the oldest glibc that PEP 600 defines for the two first architectures; 2.17 for those that came later
    let oldest = if matches!(machine, "x86_64" | "i686") { 5 } else { 17 };
    let mut platforms = Vec::new();
    if glibc.major == 2 {
        for minor in (oldest..=glibc.minor).rev() {
            platforms.push(format!("manylinux_2_{minor}_{machine}"));
            let alias = match minor {
                17 => "manylinux2014",
                12 => "manylinux2010",
                5 => "manylinux1",
                _ => continue,
            };
            platforms.push(format!("{alias}_{machine}"));
        }
    }
    platforms.push(format!("linux_{machine}"));
    // a 32-bit ARM userland also runs what was built for the instruction set before
    if machine == "armv7l" {
        platforms.push("linux_armv6l".to_owned());
    }
    platforms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_may_get_a_name_that_says_more_of_its_platform() {
        let tag = |text: &str| {
            let [python, abi, platform] =
                text.splitn(3, '-').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap();
            Tag { python, abi, platform }
        };
        for (name, built) in [
            ("py3-none-any", "py3-none-any"),
            ("py3-none-manylinux1_x86_64", "py3-none-any"),
            ("cp311-cp311-manylinux2014_x86_64", "cp311-cp311-linux_x86_64"),
            ("cp311-abi3-manylinux_2_28_x86_64", "cp311-abi3-manylinux_2_17_x86_64"),
            ("py3-none-musllinux_1_2_x86_64", "py3-none-musllinux_1_2_x86_64"),
        ] {
            assert!(tag(name).may_be_called_after(&tag(built)), "{name} {built}");
        }
        for (name, built) in [
            ("py3-none-any", "py2-none-any"),
            ("py3-none-any", "py3-none-linux_x86_64"),
            ("cp311-cp311-manylinux2014_x86_64", "cp310-cp310-linux_x86_64"),
            ("cp311-cp311-manylinux2014_x86_64", "cp311-abi3-linux_x86_64"),
            ("cp311-cp311-manylinux2014_x86_64", "cp311-cp311-linux_aarch64"),
            ("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-musllinux_1_2_x86_64"),
            ("cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-macosx_11_0_x86_64"),
            ("cp311-cp311-win_amd64", "cp311-cp311-linux_amd64"),
            ("cp311-cp311-manylinux_x86_64", "cp311-cp311-linux_x86_64"),
        ] {
            assert!(!tag(name).may_be_called_after(&tag(built)), "{name} {built}");
        }
    }

    fn bookworm() -> CompatibleTags {
        let interpreter = Interpreter::parse("3.11").unwrap();
        let amd64 = Architecture::from_debian("amd64").unwrap();
        CompatibleTags::of(&interpreter, &amd64, Glibc::parse("2.36").unwrap())
    }

    fn tag(text: &str) -> Tag {
        let mut parts = text.splitn(3, '-').map(str::to_owned);
        Tag { python: parts.next().unwrap(), abi: parts.next().unwrap(), platform: parts.next().unwrap() }
    }

    #[test]
    fn what_fits_and_what_does_not() {
        let tags = bookworm();
        for (text, fits) in [
            ("cp311-cp311-manylinux_2_17_x86_64", true),
            ("cp311-cp311-manylinux2014_x86_64", true),
            ("cp311-cp311-manylinux1_x86_64", true),
            ("cp311-cp311-manylinux_2_36_x86_64", true),
            ("cp311-cp311-manylinux_2_37_x86_64", false),
            ("cp311-cp311-linux_x86_64", true),
            ("cp37-abi3-manylinux_2_28_x86_64", true),
            ("cp312-abi3-manylinux_2_28_x86_64", false),
            ("cp310-cp310-manylinux_2_17_x86_64", false),
            ("cp311-none-any", true),
            ("cp310-none-any", false),
            ("py3-none-any", true),
            ("py311-none-any", true),
            ("py310-none-any", true),
            ("py312-none-any", false),
            ("py2-none-any", false),
            ("py3-none-manylinux_2_17_x86_64", true),
            ("py3-none-manylinux_2_17_aarch64", false),
            ("cp311-cp311-musllinux_1_2_x86_64", false),
            ("cp311-cp311-macosx_11_0_arm64", false),
            ("cp311-cp311-win_amd64", false),
            ("cp311-cp311t-manylinux_2_17_x86_64", false),
            ("pp311-pypy311_pp73-manylinux_2_17_x86_64", false),
        ] {
            assert_eq!(tags.rank([&tag(text)]).is_some(), fits, "{text}");
        }
    }

    #[test]
    fn the_more_specific_wheel_is_better() {
        let tags = bookworm();
        let ranks: Vec<_> = [
            "cp311-cp311-manylinux_2_28_x86_64",
            "cp311-cp311-manylinux_2_17_x86_64",
            "cp311-abi3-manylinux_2_17_x86_64",
            "cp39-abi3-manylinux_2_17_x86_64",
            "py3-none-manylinux_2_17_x86_64",
            "py311-none-any",
            "py3-none-any",
        ]
        .map(|text| tags.rank([&tag(text)]).unwrap())
        .to_vec();
        assert!(ranks.is_sorted(), "{ranks:?}");
    }
}
