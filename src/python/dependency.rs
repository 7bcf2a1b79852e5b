//! Dependency specifiers and the environment their markers are evaluated in.
//!
//! Enters: `requests[socks] >= 2, < 3 ; python_version < "3.12"`, from a requirements file or a Requires-Dist field. Leaves: a
//! [`Specifier`] and, given a [`Target`], whether its marker holds
//! (<https://packaging.python.org/en/latest/specifications/dependency-specifiers/>). The grammar and the algebra are pep508_rs's;
//! here stand the bounds for untrusted text and the rule that a marker is evaluated for the target. Variables that only a
//! running machine knows (`platform_release`, `platform_version`) are deliberately refused.

use super::architecture::Architecture;
use super::interpreter::Interpreter;
use super::name::ProjectName;
use pep440_rs::VersionSpecifiers;
use pep508_rs::{
    ExtraName, MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree, MarkerWarningKind, Pep508Url, Requirement,
    VersionOrUrl,
};
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr as _;

/// Longest specifier that is read, in bytes.
const MAXIMUM_LENGTH: usize = 8192;

/// Deepest nesting of parentheses in a marker: the parser recurses.
const MAXIMUM_DEPTH: usize = 50;

/// Most comparisons in a marker that mixes `and` and `or`, and most of them that are about extras or use `in`. pep508_rs keeps
/// markers as decision diagrams: a few hundred bytes such as `extra == 'a1' and extra == 'b1' or extra == 'a2' and …` grow
/// twofold with each pair, beyond all time and memory.
const MAXIMUM_COMPARISONS: usize = 64;
const MAXIMUM_SETS: usize = 16;

/// `and`s beside `or`s, or the other way round, up to which that growth is harmless whatever is compared: back ends write
/// `python_version < '3.9' and (extra == 'a' or extra == 'b' or …)` for dozens of extras.
const HARMLESS_ALTERNATIONS: usize = 6;

/// The URL of a direct reference, kept as text: nothing is ever fetched from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct DirectReference(String);

impl fmt::Display for DirectReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pep508Url for DirectReference {
    type Err = Infallible;

    fn parse_url(url: &str, _: Option<&Path>) -> Result<Self, Infallible> {
        Ok(Self(url.to_owned()))
    }
}

/// What a specifier says about versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Any version.
    Any,
    /// Versions that meet these.
    Versions(VersionSpecifiers),
    /// A direct reference (`NAME @ URL`).
    Url(String),
}

/// One dependency specifier.
#[derive(Clone, Debug)]
pub struct Specifier {
    /// The project.
    pub name: ProjectName,
    /// Its requested extras.
    pub extras: BTreeSet<ProjectName>,
    /// Which versions.
    pub wanted: Wanted,
    marker: MarkerTree,
    text: String,
}

impl Specifier {
    /// Reads one specifier.
    ///
    /// # Errors
    /// The reason why it cannot be read, in one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(format!("longer than {MAXIMUM_LENGTH} bytes"));
        }
        if nesting(text) > MAXIMUM_DEPTH {
            return Err(format!("parentheses nested deeper than {MAXIMUM_DEPTH}"));
        }
        check_before_parsing(text)?;
        check_growth(text)?;
        let mut warnings = Vec::new();
        let mut reporter = |_: MarkerWarningKind, warning: String| warnings.push(warning);
        let requirement = Requirement::<DirectReference>::parse_reporter(text, "", &mut reporter)
            .map_err(|error| error.message.to_string())?;
        // a comparison that has no meaning evaluates to false without a word
        if let Some(warning) = warnings.into_iter().next() {
            return Err(warning);
        }
        Ok(Self {
            name: name_of(requirement.name.as_ref())?,
            extras: requirement.extras.iter().map(|extra| name_of(extra.as_ref())).collect::<Result<_, _>>()?,
            wanted: match requirement.version_or_url {
                None => Wanted::Any,
                Some(VersionOrUrl::VersionSpecifier(versions)) => Wanted::Versions(versions),
                Some(VersionOrUrl::Url(url)) => Wanted::Url(url.0),
            },
            marker: requirement.marker,
            text: text.to_owned(),
        })
    }

    /// The specifier as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the marker holds for `target` when `extras` are requested of the project that has this dependency.
    ///
    /// # Errors
    /// When the marker depends on something that the target does not fix; the reason, in one line.
    pub fn applies(&self, target: &Target, extras: &BTreeSet<ProjectName>) -> Result<bool, String> {
        // in the text, since the diagram as a formula can be exponentially longer
        let (_, marker) = self.text.split_once(';').unwrap_or_default();
        for variable in ["platform_release", "platform_version"] {
            if marker.contains(variable) {
                return Err(format!("`{variable}` is a property of the running kernel, not of the target"));
            }
        }
        if !target.knows_patch_release
            && ["python_full_version", "implementation_version"].iter().any(|v| marker.contains(v))
        {
            return Err(format!(
                "it depends on the patch release of Python {}, which is not known",
                target.environment.python_version()
            ));
        }
        let extras: Vec<ExtraName> =
            extras.iter().filter_map(|extra| ExtraName::from_str(extra.as_str()).ok()).collect();
        Ok(self.marker.evaluate(&target.environment, &extras))
    }
}

fn name_of(text: &str) -> Result<ProjectName, String> {
    ProjectName::parse(text).ok_or_else(|| format!("`{text}` is no project name"))
}

/// Refuses the few forms on which pep508_rs 0.9 does not return an error but panics, found by fuzzing: characters beyond
/// ASCII (which the grammar has nowhere), names of projects and extras that end in punctuation, and `~=` after a quoted
/// string.
fn check_before_parsing(text: &str) -> Result<(), String> {
    if let Some(foreign) = text.chars().find(|c| !c.is_ascii() || (c.is_ascii_control() && !c.is_ascii_whitespace())) {
        return Err(format!("the character `{foreign}` has no place in it"));
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let text = text.trim_start();
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    name_of(name)?;
    if let Some(extras) = rest.trim_start().strip_prefix('[') {
        let (extras, _) = extras.split_once(']').ok_or("the list of extras does not end")?;
        for extra in extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()) {
            name_of(extra)?;
        }
    }
    let after_string =
        |(at, _): (usize, &str)| text.get(..at).is_some_and(|before| before.trim_end().ends_with(['"', '\'']));
    if text.match_indices("~=").any(after_string) {
        return Err("`~=` needs a variable on its left".to_owned());
    }
    Ok(())
}

/// Refuses markers whose diagram may grow without end. What is quoted counts, too: quotes in a URL would hide the rest.
fn check_growth(text: &str) -> Result<(), String> {
    let (mut ands, mut ors, mut sets) = (0usize, 0usize, 0usize);
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
        match word {
            "and" => ands += 1,
            "or" => ors += 1,
            "in" | "extra" => sets += 1,
            _ => {}
        }
    }
    if ands.min(ors) > HARMLESS_ALTERNATIONS && (ands + ors >= MAXIMUM_COMPARISONS || sets > MAXIMUM_SETS) {
        return Err(format!(
            "its marker mixes `and` and `or` over more than {MAXIMUM_COMPARISONS} comparisons, or {MAXIMUM_SETS} of extras"
        ));
    }
    Ok(())
}

fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// The environment that markers are evaluated in: the package's interpreter on the package's architecture.
#[derive(Clone, Debug)]
pub struct Target {
    environment: MarkerEnvironment,
    knows_patch_release: bool,
}

impl Target {
    /// The environment of `interpreter` on `architecture`.
    ///
    /// # Errors
    /// When its version is no version; cannot happen for a parsed interpreter.
    pub fn new(interpreter: &Interpreter, architecture: &Architecture) -> Result<Self, String> {
        let version = interpreter.version();
        let full = interpreter.full_version();
        let stand_in = full.clone().unwrap_or_else(|| format!("{version}.0"));
        let environment = MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: &stand_in,
            os_name: "posix",
            platform_machine: architecture.machine(),
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: &stand_in,
            python_version: &version,
            sys_platform: "linux",
        };
        let environment = MarkerEnvironment::try_from(environment).map_err(|error| error.to_string())?;
        Ok(Self { environment, knows_patch_release: full.is_some() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(python: &str, architecture: &str) -> Target {
        Target::new(&Interpreter::parse(python).unwrap(), &Architecture::from_debian(architecture).unwrap()).unwrap()
    }

    fn applies(text: &str, target: &Target, extras: &[&str]) -> Result<bool, String> {
        let extras = extras.iter().map(|e| ProjectName::parse(e).unwrap()).collect();
        Specifier::parse(text).unwrap().applies(target, &extras)
    }

    #[test]
    fn markers_do_not_grow_without_end() {
        let pairs = |count: usize, inner: &str, outer: &str| {
            let pair = |i: usize| format!("(extra == 'a{i:02}' {inner} extra == 'b{i:02}')");
            format!("x ; {}", (0..count).map(pair).collect::<Vec<_>>().join(outer))
        };
        for (inner, outer) in [("and", " or "), ("or", " and ")] {
            assert!(Specifier::parse(&pairs(8, inner, outer)).is_ok());
            assert!(Specifier::parse(&pairs(9, inner, outer)).is_err());
            assert!(Specifier::parse(&pairs(100, inner, outer)).is_err());
        }
        // what such a marker hides in the direct reference before it is seen all the same
        assert!(Specifier::parse(&pairs(20, "and", " or ").replace("x ;", "x @ file:///it's ;")).is_err());
        // as poetry writes the extras that ask for one dependency
        let many: Vec<String> = (0..60).map(|i| format!("extra == \"e{i}\"")).collect();
        let specifier = Specifier::parse(&format!("x ; python_version < '4' and ({})", many.join(" or "))).unwrap();
        let e59 = BTreeSet::from([ProjectName::parse("e59").unwrap()]);
        let bookworm = target("3.11", "amd64");
        assert_eq!(specifier.applies(&bookworm, &e59), Ok(true));
        assert_eq!(specifier.applies(&bookworm, &BTreeSet::new()), Ok(false));
    }

    #[test]
    fn markers_are_evaluated_for_the_target() {
        let bookworm = target("3.11", "amd64");
        for (marker, holds) in [
            ("python_version < '3.12'", true),
            ("python_version < '3.9'", false),
            ("python_version >= '3.9' and python_version < '3.11'", false),
            ("python_full_version < '3.11.3'", true),
            ("platform_machine == 'x86_64'", true),
            ("platform_machine == 'aarch64'", false),
            ("sys_platform == 'win32'", false),
            ("os_name == 'posix'", true),
            ("platform_system == 'Linux'", true),
            ("implementation_name == 'cpython'", true),
            ("platform_python_implementation != 'PyPy'", true),
            ("extra == 'socks'", false),
        ] {
            assert_eq!(applies(&format!("a; {marker}"), &bookworm, &[]), Ok(holds), "{marker}");
        }
        assert_eq!(applies("a; platform_machine == 'aarch64'", &target("3.13", "arm64"), &[]), Ok(true));
        assert_eq!(applies("a; extra == 'Socks'", &bookworm, &["socks"]), Ok(true));
    }

    #[test]
    fn what_the_target_does_not_fix_is_refused() {
        assert!(applies("a; platform_release >= '6'", &target("3.11", "amd64"), &[]).is_err());
        assert!(applies("a; python_full_version < '3.99.3'", &target("3.99", "amd64"), &[]).is_err());
        assert_eq!(applies("a; python_full_version < '3.99.3'", &target("3.99.1", "amd64"), &[]), Ok(true));
    }

    #[test]
    fn untrusted_text_is_bounded() {
        assert!(Specifier::parse(&format!("a; {}os_name == 'x'{}", "(".repeat(5000), ")".repeat(5000))).is_err());
        assert!(Specifier::parse(&"a".repeat(10_000)).is_err());
        assert!(Specifier::parse("").is_err());
        assert!(Specifier::parse("a; os_name > ").is_err());
    }

    #[test]
    fn what_the_parser_would_panic_on_is_an_error() {
        for text in [
            "g.=",
            "g-;",
            "g_ ==1",
            "x[a.]",
            "x[a-]==1",
            "x[a",
            "x; 'a' ~= os_name",
            "x; \"a\"~=python_version",
            "-a",
            ".",
        ] {
            assert!(Specifier::parse(text).is_err(), "{text}");
        }
        // and nothing of it stays behind
        for text in ["x[a, b]==1", "x [] ~= 1.0", "x; python_version ~= '3.7'", "x[a]; extra == 'b'"] {
            assert!(Specifier::parse(text).is_ok(), "{text}: {:?}", Specifier::parse(text).err());
        }
    }

    #[test]
    fn a_direct_reference_stays_text() {
        let specifier = Specifier::parse("a @ file:///etc/${HOME}/passwd").unwrap();
        assert_eq!(specifier.wanted, Wanted::Url("file:///etc/${HOME}/passwd".to_owned()));
    }
}
