//! Environment markers, parsed and evaluated for the target.
//!
//! Enters: `python_version < "3.12" and sys_platform == "linux"`, from a requirement, a Requires-Dist field or a lock. Leaves: a
//! [`Marker`] and, given a [`Target`] and what was asked for, whether it holds
//! (<https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers>, and the variables that
//! PEP 751 adds for locks). Versions are pep440_rs's. An expression is walked as it was written, in time proportional to its
//! length; a normal form, which some readers make of a marker first, can be exponentially longer.
//!
//! Refused, because it has two readings or none: ordering of what is no version, `~=` and `===` of what is no version, comparisons
//! without a variable or with two. What only a running machine knows (`platform_release`, `platform_version`) and a patch
//! release that the target does not fix are unknown, and the answer is an error only if it depends on them.

use super::architecture::Architecture;
use super::condition::{meets, meets_one};
use super::interpreter::Interpreter;
use super::name::ProjectName;
use pep440_rs::{Operator as VersionOperator, Version, VersionSpecifier, VersionSpecifiers};
use std::collections::BTreeSet;
use std::str::FromStr as _;

/// Longest marker that is read, in bytes.
const MAXIMUM_LENGTH: usize = 8192;

/// Deepest nesting of parentheses: the parser recurses.
const MAXIMUM_DEPTH: usize = 50;

/// Patch releases that a minor release of Python may have, for targets that do not fix theirs.
const PATCH_RELEASES: std::ops::Range<u32> = 0..100;

/// The environment that markers are evaluated in: the package's interpreter on the package's architecture.
#[derive(Clone, Debug)]
pub struct Target {
    /// `X.Y`.
    python: String,
    /// `X.Y.Z`, when that is known.
    full: Option<String>,
    machine: &'static str,
}

impl Target {
    /// The environment of `interpreter` on `architecture`.
    ///
    /// # Errors
    /// When its version is no version; cannot happen for a parsed interpreter.
    pub fn new(interpreter: &Interpreter, architecture: &Architecture) -> Result<Self, String> {
        let target =
            Self { python: interpreter.version(), full: interpreter.full_version(), machine: architecture.machine() };
        version(target.most_precise())?;
        Ok(target)
    }

    /// Whether the target's Python is among `versions`; without a known patch release, as if it were `X.Y`.
    pub fn is_among(&self, versions: &VersionSpecifiers) -> bool {
        version(self.most_precise()).is_ok_and(|version| meets(&version, versions))
    }

    /// For messages: `Python 3.11.2 on x86_64`.
    pub fn describe(&self) -> String {
        format!("Python {} on {}", self.most_precise(), self.machine)
    }

    fn most_precise(&self) -> &str {
        self.full.as_deref().unwrap_or(&self.python)
    }
}

/// Which names a marker may use for what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vocabulary {
    /// `extra == "x"`: requirements and metadata.
    Metadata,
    /// `"x" in extras` and `"x" in dependency_groups`: pylock.toml.
    Lock,
}

/// What was asked for, beside the project itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requested {
    /// Extras.
    pub extras: BTreeSet<ProjectName>,
    /// Dependency groups.
    pub groups: BTreeSet<ProjectName>,
}

/// A parsed marker.
#[derive(Clone, Debug)]
pub struct Marker(Expression);

#[derive(Clone, Debug)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Comparison(Comparison),
}

#[derive(Clone, Debug)]
enum Comparison {
    /// VARIABLE OPERATOR VALUE of versions.
    Version(Variable, VersionSpecifier),
    /// VALUE OPERATOR VARIABLE of versions.
    VersionReversed(Version, VersionOperator, Variable),
    /// VARIABLE `in` VALUE of versions, and whether it is `not in`.
    VersionAmong(Variable, String, Negation),
    /// Of texts.
    Equal(Variable, String, Negation),
    /// The variable's text is part of the value.
    PartOf(Variable, String, Negation),
    /// The value is part of the variable's text.
    Contains(Variable, String, Negation),
    /// The name is an extra that was asked for.
    Extra(ProjectName, Negation),
    /// The name is a dependency group that was asked for.
    Group(ProjectName, Negation),
    /// Of something that no target fixes.
    Unknown(Variable),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Negation {
    Plain,
    Not,
}

impl Negation {
    fn of(self, truth: bool) -> Truth {
        Truth::Known(truth == (self == Self::Plain))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variable {
    PythonVersion,
    PythonFullVersion,
    ImplementationVersion,
    ImplementationName,
    OsName,
    PlatformMachine,
    PlatformPythonImplementation,
    PlatformRelease,
    PlatformSystem,
    PlatformVersion,
    SysPlatform,
    Extra,
    Extras,
    DependencyGroups,
}

impl Variable {
    /// The names of the specification, and those that PEP 345 had for some of them.
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "python_version" => Self::PythonVersion,
            "python_full_version" => Self::PythonFullVersion,
            "implementation_version" => Self::ImplementationVersion,
            "implementation_name" => Self::ImplementationName,
            "os_name" | "os.name" => Self::OsName,
            "platform_machine" | "platform.machine" => Self::PlatformMachine,
            "platform_python_implementation" | "platform.python_implementation" | "python_implementation" => {
                Self::PlatformPythonImplementation
            }
            "platform_release" => Self::PlatformRelease,
            "platform_system" => Self::PlatformSystem,
            "platform_version" | "platform.version" => Self::PlatformVersion,
            "sys_platform" | "sys.platform" => Self::SysPlatform,
            "extra" => Self::Extra,
            "extras" => Self::Extras,
            "dependency_groups" => Self::DependencyGroups,
            _ => return None,
        })
    }
}

/// Whether a part of a marker holds: what is not known stays so until the rest of the marker decides.
enum Truth {
    Known(bool),
    Unknown(String),
}

impl Marker {
    /// Reads a marker in the words of `vocabulary`.
    ///
    /// # Errors
    /// The reason why it cannot be read, in one line.
    pub fn parse(text: &str, vocabulary: Vocabulary) -> Result<Self, String> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(format!("longer than {MAXIMUM_LENGTH} bytes"));
        }
        let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), vocabulary, depth: 0 };
        let expression = parser.any()?;
        match parser.tokens.next() {
            None => Ok(Self(expression)),
            Some(token) => Err(format!("{} follows where the marker should end", token.shown())),
        }
    }

    /// Whether it holds for `target` when `requested` was asked for.
    ///
    /// # Errors
    /// When that depends on something that the target does not fix; the reason, in one line.
    pub fn holds(&self, target: &Target, requested: &Requested) -> Result<bool, String> {
        match self.0.evaluate(target, requested) {
            Truth::Known(truth) => Ok(truth),
            Truth::Unknown(why) => Err(why),
        }
    }
}

impl Expression {
    fn evaluate(&self, target: &Target, requested: &Requested) -> Truth {
        let (parts, decisive) = match self {
            Self::Comparison(comparison) => return comparison.evaluate(target, requested),
            Self::All(parts) => (parts, false),
            Self::Any(parts) => (parts, true),
        };
        let mut unknown = None;
        for part in parts {
            match part.evaluate(target, requested) {
                Truth::Known(truth) if truth == decisive => return Truth::Known(decisive),
                Truth::Known(_) => {}
                Truth::Unknown(why) => unknown = Some(why),
            }
        }
        unknown.map_or(Truth::Known(!decisive), Truth::Unknown)
    }
}

impl Comparison {
    fn evaluate(&self, target: &Target, requested: &Requested) -> Truth {
        match self {
            Self::Version(variable, specifier) => versions(*variable, target, &|version| meets_one(version, specifier)),
            Self::VersionReversed(value, operator, variable) => versions(*variable, target, &|version| {
                VersionSpecifier::from_version(*operator, version.clone())
                    .is_ok_and(|specifier| meets_one(value, &specifier))
            }),
            Self::VersionAmong(variable, list, negation) => {
                let Some(text) = version_text(*variable, target) else { return unknown_patch(target) };
                let words = list.split([' ', '\t', ',', '|']).any(|word| word == text);
                if words == list.contains(text) {
                    negation.of(words)
                } else {
                    // pip looks for a part of the text, other tools for one of the versions
                    Truth::Unknown(format!("`in \"{list}\"` can be read in two ways; compare with `==`"))
                }
            }
            Self::Equal(variable, value, negation) => negation.of(text(*variable, target) == value),
            Self::PartOf(variable, value, negation) => negation.of(value.contains(text(*variable, target))),
            Self::Contains(variable, value, negation) => negation.of(text(*variable, target).contains(value.as_str())),
            Self::Extra(name, negation) => negation.of(requested.extras.contains(name)),
            Self::Group(name, negation) => negation.of(requested.groups.contains(name)),
            Self::Unknown(variable) => {
                let name = if *variable == Variable::PlatformRelease { "platform_release" } else { "platform_version" };
                Truth::Unknown(format!("`{name}` is a property of the running kernel, not of the target"))
            }
        }
    }
}

/// `condition` on a version of the target; unknown when it depends on a patch release that is not known.
fn versions(variable: Variable, target: &Target, condition: &dyn Fn(&Version) -> bool) -> Truth {
    let holds = |text: &str| version(text).is_ok_and(|version| condition(&version));
    if let Some(text) = version_text(variable, target) {
        return Truth::Known(holds(text));
    }
    let mut answers = PATCH_RELEASES.map(|patch| holds(&format!("{}.{patch}", target.python)));
    let first = answers.next().unwrap_or(false);
    if answers.all(|answer| answer == first) { Truth::Known(first) } else { unknown_patch(target) }
}

fn unknown_patch(target: &Target) -> Truth {
    Truth::Unknown(format!("it depends on the patch release of Python {}, which is not known", target.python))
}

fn version_text(variable: Variable, target: &Target) -> Option<&str> {
    if variable == Variable::PythonVersion { Some(&target.python) } else { target.full.as_deref() }
}

/// What a variable that is no version is on the target.
fn text(variable: Variable, target: &Target) -> &str {
    match variable {
        Variable::ImplementationName => "cpython",
        Variable::OsName => "posix",
        Variable::PlatformMachine => target.machine,
        Variable::PlatformPythonImplementation => "CPython",
        Variable::PlatformSystem => "Linux",
        Variable::SysPlatform => "linux",
        _ => "",
    }
}

fn version(text: &str) -> Result<Version, String> {
    Version::from_str(text).map_err(|_| format!("`{text}` is no version"))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    /// What stands between quotes.
    Value(&'a str),
    /// A variable, `and`, `or`, `in`, `not`.
    Word(&'a str),
    /// Characters of operators.
    Operator(&'a str),
}

impl Token<'_> {
    fn shown(&self) -> String {
        match self {
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Value(text) => format!("\"{text}\""),
            Self::Word(text) | Self::Operator(text) => format!("`{text}`"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_ascii_start();
    while let Some(first) = rest.chars().next() {
        let run = |is_part: fn(char) -> bool| {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            rest.split_at_checked(end).unwrap_or((rest, ""))
        };
        rest = match first {
            '(' | ')' => {
                tokens.push(if first == '(' { Token::Open } else { Token::Close });
                rest.get(1..).unwrap_or("")
            }
            '"' | '\'' => {
                let inside = rest.get(1..).unwrap_or("");
                let (value, after) = inside.split_once(first).ok_or("a quoted value does not end")?;
                if let Some(foreign) = value.chars().find(|c| !(c.is_ascii_graphic() || *c == ' ') || *c == '\\') {
                    return Err(format!("the character `{foreign}` has no place in a value"));
                }
                tokens.push(Token::Value(value));
                after
            }
            '<' | '>' | '=' | '!' | '~' => {
                let (operator, after) = run(|c| "<>=!~".contains(c));
                tokens.push(Token::Operator(operator));
                after
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let (word, after) = run(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
                tokens.push(Token::Word(word));
                after
            }
            foreign => return Err(format!("the character `{foreign}` has no place in a marker")),
        };
        rest = rest.trim_ascii_start();
    }
    Ok(tokens)
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token<'a>>>,
    vocabulary: Vocabulary,
    depth: usize,
}

enum Operand<'a> {
    Variable(Variable, &'a str),
    Value(&'a str),
}

impl<'a> Parser<'a> {
    fn any(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.all()?];
        while self.tokens.next_if_eq(&Token::Word("or")).is_some() {
            parts.push(self.all()?);
        }
        Ok(Expression::Any(parts))
    }

    fn all(&mut self) -> Result<Expression, String> {
        let mut parts = vec![self.one()?];
        while self.tokens.next_if_eq(&Token::Word("and")).is_some() {
            parts.push(self.one()?);
        }
        Ok(Expression::All(parts))
    }

    fn one(&mut self) -> Result<Expression, String> {
        if self.tokens.next_if_eq(&Token::Open).is_none() {
            return self.comparison();
        }
        self.depth += 1;
        if self.depth > MAXIMUM_DEPTH {
            return Err(format!("parentheses nested deeper than {MAXIMUM_DEPTH}"));
        }
        let inside = self.any()?;
        self.depth -= 1;
        match self.tokens.next() {
            Some(Token::Close) => Ok(inside),
            _ => Err("a parenthesis does not end".to_owned()),
        }
    }

    fn operand(&mut self) -> Result<Operand<'a>, String> {
        match self.tokens.next() {
            Some(Token::Value(value)) => Ok(Operand::Value(value)),
            Some(Token::Word(word)) => {
                let variable = Variable::parse(word).ok_or_else(|| format!("there is no variable `{word}`"))?;
                Ok(Operand::Variable(variable, word))
            }
            Some(other) => Err(format!("{} is neither a variable nor a quoted value", other.shown())),
            None => Err("the marker ends in the middle of a comparison".to_owned()),
        }
    }

    fn comparison(&mut self) -> Result<Expression, String> {
        let left = self.operand()?;
        let operator = match self.tokens.next() {
            Some(Token::Operator(operator)) => operator,
            Some(Token::Word("in")) => "in",
            Some(Token::Word("not")) if self.tokens.next() == Some(Token::Word("in")) => "not in",
            Some(other) => return Err(format!("{} is no operator", other.shown())),
            None => return Err("the marker ends in the middle of a comparison".to_owned()),
        };
        let comparison = match (left, self.operand()?) {
            (Operand::Variable(variable, name), Operand::Value(value)) => self.left(variable, name, operator, value)?,
            (Operand::Value(value), Operand::Variable(variable, name)) => {
                self.right(value, operator, variable, name)?
            }
            _ => return Err("a comparison is of one variable with one quoted value".to_owned()),
        };
        Ok(Expression::Comparison(comparison))
    }

    /// VARIABLE OPERATOR VALUE.
    fn left(&self, variable: Variable, name: &str, operator: &str, value: &str) -> Result<Comparison, String> {
        let no_meaning = || Err(format!("`{operator}` has no meaning for `{name}`"));
        Ok(match (variable, operator, negation(operator)) {
            (Variable::Extra, ..) => return self.extra(operator, value, name),
            (Variable::Extras | Variable::DependencyGroups, ..) => {
                return Err(format!("`{name}` stands on the right of `in`"));
            }
            (Variable::PlatformRelease | Variable::PlatformVersion, ..) if is_operator(operator) => {
                Comparison::Unknown(variable)
            }
            (_, "in" | "not in", negation) if is_version(variable) => {
                Comparison::VersionAmong(variable, value.to_owned(), negation)
            }
            _ if is_version(variable) => {
                let text = format!("{operator}{}", value.trim());
                let specifier = VersionSpecifier::from_str(&text)
                    .map_err(|_| format!("`{operator} \"{value}\"` is no condition on a version"))?;
                Comparison::Version(variable, specifier)
            }
            (_, "in" | "not in", negation) => Comparison::PartOf(variable, value.to_owned(), negation),
            (_, "==" | "!=", negation) => Comparison::Equal(variable, value.to_owned(), negation),
            _ => return no_meaning(),
        })
    }

    /// VALUE OPERATOR VARIABLE.
    fn right(&self, value: &str, operator: &str, variable: Variable, name: &str) -> Result<Comparison, String> {
        let no_meaning = || Err(format!("`{operator}` has no meaning with `{name}` on its right"));
        Ok(match (variable, operator, negation(operator)) {
            (Variable::Extra, ..) => return self.extra(operator, value, name),
            (Variable::Extras | Variable::DependencyGroups, "in" | "not in", negation) => {
                if self.vocabulary != Vocabulary::Lock {
                    return Err(format!("`{name}` has a meaning in pylock.toml alone"));
                }
                let value = ProjectName::parse(value).ok_or_else(|| format!("`{value}` is no name"))?;
                let is_group = variable == Variable::DependencyGroups;
                if is_group { Comparison::Group(value, negation) } else { Comparison::Extra(value, negation) }
            }
            (Variable::Extras | Variable::DependencyGroups, ..) => return no_meaning(),
            (Variable::PlatformRelease | Variable::PlatformVersion, ..) if is_operator(operator) => {
                Comparison::Unknown(variable)
            }
            (_, "==" | "!=" | "<" | "<=" | ">" | ">=", _) if is_version(variable) => {
                let operator = VersionOperator::from_str(operator).map_err(|_| "no operator".to_owned())?;
                Comparison::VersionReversed(version(value.trim())?, operator, variable)
            }
            _ if is_version(variable) => return no_meaning(),
            (_, "in" | "not in", negation) => Comparison::Contains(variable, value.to_owned(), negation),
            (_, "==" | "!=", negation) => Comparison::Equal(variable, value.to_owned(), negation),
            _ => return no_meaning(),
        })
    }

    fn extra(&self, operator: &str, value: &str, name: &str) -> Result<Comparison, String> {
        if self.vocabulary != Vocabulary::Metadata {
            return Err(format!("`{name}` has no meaning in a lock, which has `extras`"));
        }
        if !matches!(operator, "==" | "!=") {
            return Err(format!("`{operator}` has no meaning for `{name}`"));
        }
        let value = ProjectName::parse(value).ok_or_else(|| format!("`{value}` is no name of an extra"))?;
        Ok(Comparison::Extra(value, negation(operator)))
    }
}

fn is_version(variable: Variable) -> bool {
    matches!(variable, Variable::PythonVersion | Variable::PythonFullVersion | Variable::ImplementationVersion)
}

fn is_operator(operator: &str) -> bool {
    matches!(operator, "==" | "!=" | "<" | "<=" | ">" | ">=" | "~=" | "===" | "in" | "not in")
}

fn negation(operator: &str) -> Negation {
    if matches!(operator, "!=" | "not in") { Negation::Not } else { Negation::Plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(python: &str) -> Target {
        Target::new(&Interpreter::parse(python).unwrap(), &Architecture::from_debian("amd64").unwrap()).unwrap()
    }

    fn holds(text: &str, python: &str, requested: &Requested) -> Result<bool, String> {
        Marker::parse(text, Vocabulary::Metadata)?.holds(&target(python), requested)
    }

    #[test]
    fn precedence_and_spellings() {
        for (text, expected) in [
            ("os_name == 'x' and os_name == 'x' or os_name == 'posix'", true),
            ("os_name == 'posix' or os_name == 'x' and os_name == 'x'", true),
            ("(os_name == 'posix' or os_name == 'x') and os_name == 'x'", false),
            ("((os_name=='posix'))", true),
            ("'posix'==os.name", true),
            ("python_implementation == 'CPython'", true),
            ("sys_platform in 'linux linux2'", true),
            ("'linux' in sys_platform", true),
            ("'win' not  in sys_platform", true),
            ("'3.8' <= python_version", true),
            ("'3.12' <= python_version", false),
            ("python_version == '3.*'", true),
            ("python_version in '3.10, 3.11'", true),
            ("python_version not in '2.7 3.0'", true),
            ("python_version ~= '3.9'", true),
            ("implementation_version < '3.11.3'", true),
            // what is not known is no matter where the rest decides
            ("platform_release > '5' and os_name == 'nt'", false),
            ("platform_version == '#1' or os_name == 'posix'", true),
        ] {
            assert_eq!(holds(text, "3.11", &Requested::default()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_unknown_patch_release_is_unknown_only_where_it_matters() {
        for (text, expected) in [
            ("python_version < '3.100'", Some(true)),
            ("python_version == '3.99'", Some(true)),
            ("python_full_version < '3.99'", Some(false)),
            ("python_full_version < '3.100'", Some(true)),
            ("python_full_version == '3.99.*'", Some(true)),
            ("python_full_version < '3.99.3'", None),
            ("python_full_version != '3.99.3'", None),
            ("python_full_version == '3.99.3' and os_name == 'nt'", Some(false)),
            ("python_full_version in '3.99.3'", None),
        ] {
            assert_eq!(holds(text, "3.99", &Requested::default()).ok(), expected, "{text}");
        }
    }

    #[test]
    fn what_has_two_readings_or_none_is_refused() {
        for text in [
            "",
            "os_name",
            "os_name == ",
            "os_name = 'x'",
            "os_name == 'x' and",
            "os_name == 'x' or or os_name == 'y'",
            "os_name == 'x' os_name == 'y'",
            "(os_name == 'x'",
            "os_name == 'x')",
            "os_name == 'x",
            "os_name == x",
            "OS_NAME == 'x'",
            "os_name not 'x'",
            "os_name == 'a\\'b'",
            "os_name == '\u{e4}'",
            "os_name == sys_platform",
            "'a' == 'a'",
            "os_name > 'a'",
            "os_name ~= '1.0'",
            "os_name === 'posix'",
            "'3' ~= python_version",
            "'3' in python_version",
            "python_version > 'new'",
            "python_version >= '3.*'",
            "python_version <> '3'",
            "extra > 'a'",
            "'a' in extra",
            "extra == ''",
            "'a' in extras",
            "'a' in dependency_groups",
        ] {
            assert!(Marker::parse(text, Vocabulary::Metadata).is_err(), "{text}");
        }
        // a part of a version is not a version
        assert!(holds("python_version in '3.110'", "3.11", &Requested::default()).is_err());
    }

    #[test]
    fn locks_have_words_of_their_own() {
        let name = |text: &str| ProjectName::parse(text).unwrap();
        let requested = Requested { extras: [name("Fast.Json")].into(), groups: [name("default")].into() };
        let holds = |text: &str| Marker::parse(text, Vocabulary::Lock)?.holds(&target("3.11"), &requested);
        for (text, expected) in [
            ("'fast_json' in extras", true),
            ("'default' in extras", false),
            ("'default' in dependency_groups", true),
            ("'fast-json' in dependency_groups", false),
            ("'dev' not in dependency_groups and python_version >= '3.8'", true),
            ("('dev' in dependency_groups or 'slow' in extras) and os_name == 'posix'", false),
        ] {
            assert_eq!(holds(text), Ok(expected), "{text}");
        }
        for text in ["extra == 'a'", "extras == 'a'", "extras in 'a'", "'a' == extras", "'!' in extras"] {
            assert!(holds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_marker_takes_long() {
        let pairs = |n: usize| (0..n).map(|i| format!("(extra=='a{i}' or extra=='z{i}')")).collect::<Vec<_>>();
        let text = pairs(200).join(" and ");
        assert_eq!(holds(&text, "3.11", &Requested::default()), Ok(false));
        assert!(Marker::parse(&pairs(400).join(" and "), Vocabulary::Metadata).is_err(), "longer than the limit");
        let deep = |n: usize| format!("{}os_name == 'posix'{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(holds(&deep(50), "3.11", &Requested::default()), Ok(true));
        assert!(Marker::parse(&deep(51), Vocabulary::Metadata).is_err());
    }
}
