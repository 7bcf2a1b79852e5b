//! What dh-virtualenv's options and variables mean here: one table, and the judgement over what was given.
//!
//! Enters: options as `(name, value)`, or variables of the environment, and for [`settle`] a configuration. Leaves: for each
//! its [`Fate`]: honoured as a setting of rustvenv(5), without effect, or refused with what to write instead. What dh-virtualenv
//! did is known from its release 1.2.2. The three who ask are `dh_rustvenv` with its command line, the environment of a build,
//! and `rustvenv init --from-dh-virtualenv`. The world is deliberately absent: nothing here reads a variable or a file.

pub mod arguments;

pub mod settle;

pub mod table;

use std::fmt;
use table::{Judge, Row};

/// A key of rustvenv(5) that something of dh-virtualenv stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `requirements`
    Requirements,
    /// `wheels`
    Wheels,
    /// `project`
    Project,
    /// `extras`
    Extras,
    /// `python`
    Python,
    /// `install-root`
    InstallRoot,
    /// `name`
    Name,
    /// `system-site-packages`
    SystemSitePackages,
    /// `bytecode`
    ByteCode,
    /// `commands`
    Commands,
}

impl Key {
    /// As rustvenv(5) spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requirements => "requirements",
            Self::Wheels => "wheels",
            Self::Project => "project",
            Self::Extras => "extras",
            Self::Python => "python",
            Self::InstallRoot => "install-root",
            Self::Name => "name",
            Self::SystemSitePackages => "system-site-packages",
            Self::ByteCode => "bytecode",
            Self::Commands => "commands",
        }
    }

    /// Whether what is said twice adds up.
    fn adds_up(self) -> bool {
        matches!(self, Self::Wheels | Self::Extras | Self::Commands)
    }
}

/// A value of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// A boolean.
    Boolean(bool),
}

impl fmt::Display for Value {
    /// As TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => quoted(text, f),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (n, item) in items.iter().enumerate() {
                    f.write_str(if n == 0 { "" } else { ", " })?;
                    quoted(item, f)?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A basic string of TOML (<https://toml.io/en/v1.0.0#string>).
fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

/// A line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key.
    pub key: Key,
    /// Its value.
    pub value: Value,
}

impl Setting {
    /// `KEY = "TEXT"`.
    pub fn text(key: Key, text: impl Into<String>) -> Self {
        Self { key, value: Value::Text(text.into()) }
    }

    /// `KEY = ["ITEM", …]`.
    pub fn list(key: Key, items: impl IntoIterator<Item = String>) -> Self {
        Self { key, value: Value::List(items.into_iter().collect()) }
    }

    /// This setting and `other`, of the same key, as one; `None` when they exclude one another.
    pub fn and(&self, other: &Self) -> Option<Self> {
        match (&self.value, &other.value) {
            (Value::List(one), Value::List(two)) if self.key.adds_up() => {
                let new = two.iter().filter(|item| !one.contains(item));
                Some(Self::list(self.key, one.iter().chain(new).cloned()))
            }
            (one, two) => (one == two).then(|| self.clone()),
        }
    }
}

impl fmt::Display for Setting {
    /// The line of debian/PKG.rustvenv.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}", self.key.name(), self.value)
    }
}

/// What becomes of an option or variable with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is what this setting says.
    Honoured(Setting),
    /// It changes nothing here, for this reason.
    NoEffect(String),
    /// It cannot be had.
    Refused {
        /// Why not.
        why: String,
        /// What to write or do.
        instead: String,
    },
}

impl Fate {
    pub(super) fn no_effect(why: &str) -> Self {
        Self::NoEffect(why.to_owned())
    }

    pub(super) fn refused(why: impl Into<String>, instead: impl Into<String>) -> Self {
        Self::Refused { why: why.into(), instead: instead.into() }
    }
}

/// Something of dh-virtualenv that was given, and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// As a person would write it: `--python=/usr/bin/python3`, `DH_REQUIREMENTS_FILE=x`.
    pub what: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// The row of the option or variable `name`, without hyphens in front.
pub fn find<'a>(table: &'a [Row], name: &str) -> Option<&'a Row> {
    table.iter().find(|row| row.name == name)
}

/// Judges `given`, pairs of name and value as [`table::OPTIONS`] or [`table::VARIABLES`] has them; the value of a flag is not looked
/// at. Arguments for pip and virtualenv are judged together, since some have a value of their own.
///
/// # Errors
/// The first name that `table` does not have.
pub fn judge(table: &[Row], given: &[(String, String)]) -> Result<Vec<Given>, String> {
    let mut judged = Vec::new();
    let mut together: Vec<&str> = Vec::new();
    let given: Vec<(String, String)> =
        given.iter().map(|(name, value)| (name.clone(), without_secrets(value))).collect();
    for (name, value) in &given {
        let row = find(table, name).ok_or_else(|| name.clone())?;
        let is_option = row.is_option();
        match row.judge {
            Judge::Debhelper => {}
            Judge::By(judge) => judged.push(Given { what: row.with_value(value), fate: judge(value) }),
            Judge::Arguments(judge) if !together.contains(&row.name) => {
                together.push(row.name);
                let mine = given.iter().filter(|(other, _)| other == row.name);
                let words: Vec<String> = if is_option {
                    mine.map(|(_, value)| value.clone()).collect()
                } else {
                    mine.flat_map(|(_, value)| value.split_whitespace().map(str::to_owned)).collect()
                };
                judged.extend(judge(&words).into_iter().map(|(argument, fate)| {
                    let what = if is_option {
                        format!("--{}={argument}", row.name)
                    } else {
                        format!("{argument} of {}", row.name)
                    };
                    Given { what, fate }
                }));
            }
            Judge::Arguments(_) => {}
        }
    }
    Ok(judged)
}

/// `value` without what stands before an `@` in addresses: a build log is no place for passwords of an index.
fn without_secrets(value: &str) -> String {
    let mut parts = value.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(part.len());
        let (authority, rest) = part.split_at(end);
        let host = authority.rsplit_once('@').map_or(authority.to_owned(), |(_, host)| format!("…@{host}"));
        out.push_str(&format!("://{host}{rest}"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_toml() {
        for value in ["a", "", "a\"b\\c", "\u{1}\n\u{7f}", "ä ö"] {
            let line = Setting::text(Key::Name, value).to_string();
            let table: toml::Table = toml::from_str(&line).unwrap();
            assert_eq!(table["name"].as_str(), Some(value), "{line}");
        }
        let line = Setting::list(Key::Extras, ["a".to_owned(), "b\"".to_owned()]).to_string();
        assert_eq!(line, "extras = [\"a\", \"b\\\"\"]");
    }

    #[test]
    fn no_message_repeats_a_password() {
        for (table, name, value) in [
            (table::OPTIONS, "index-url", "https://ann:secret@example.org/simple"),
            (table::OPTIONS, "preinstall", "x @ git+https://secret@example.org/x"),
            (table::OPTIONS, "extra-pip-arg", "--find-links=https://ann:secret@example.org/"),
            (table::VARIABLES, "DH_PIP_EXTRA_ARGS", "--no-index -i https://a/ --proxy http://ann:p@secret@example.org"),
        ] {
            let judged = judge(table, &[(name.to_owned(), value.to_owned())]).unwrap();
            let shown = format!("{judged:?}");
            assert!(!shown.contains("secret") && shown.contains("…@example.org"), "{shown}");
        }
        assert_eq!(without_secrets("file:///a@b://c"), "file:///a@b://c");
    }

    #[test]
    fn what_is_said_twice() {
        let list = |items: &[&str]| Setting::list(Key::Wheels, items.iter().map(|item| (*item).to_owned()));
        assert_eq!(list(&["a", "b"]).and(&list(&["b", "c"])), Some(list(&["a", "b", "c"])));
        let text = |text| Setting::text(Key::Python, text);
        assert_eq!((text("3.11").and(&text("3.11")), text("3.11").and(&text("3.12"))), (Some(text("3.11")), None));
    }
}
