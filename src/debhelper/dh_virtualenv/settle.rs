//! Options and variables of dh-virtualenv against the configuration of a package.
//!
//! Enters: a [`Config`], its text, and what was given. Leaves: the configuration that holds for this run, and lines to say about
//! what has no effect; or every refusal. An option is part of debian/rules, which the source package has, so it may say what the
//! configuration leaves open. A variable may come from anywhere and is not in .buildinfo, so it may say only what holds anyway.

use super::{Fate, Given, Key, Setting, Value};
use crate::code::Code;
use crate::config::Config;
use crate::refusal::Refusal;
use std::collections::BTreeMap;

/// What holds for this run.
#[derive(Debug)]
pub struct Settled {
    /// The configuration.
    pub config: Config,
    /// What has no effect, a line each.
    pub warnings: Vec<String>,
}

/// The file and package whose configuration it is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// The binary package.
    pub package: &'a str,
}

/// What `options` and `variables` make of `config`, which `place` says.
///
/// # Errors
/// Each option that is refused, or contradicts the configuration; each variable that is refused or would change anything.
pub fn settle(
    mut config: Config,
    place: Place<'_>,
    options: &[Given],
    variables: &[Given],
) -> Result<Settled, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut warnings = Vec::new();
    let own: toml::Table = toml::from_str(place.text).unwrap_or_default();
    for (what, setting) in honoured(options, &mut refusals, &mut warnings) {
        match asked(&what, &setting, place) {
            Err(wrong) => refusals.extend(wrong),
            Ok(asked) if !own.contains_key(setting.key.name()) => take(setting.key, &asked, &mut config),
            Ok(asked) if same(setting.key, &asked, &config) => {}
            Ok(_) => {
                let message = format!("`{what}` and {} do not say the same", place.file);
                refusals.push(
                    Refusal::new(Code::DhVirtualenvConflict, message)
                        .expected(line(&own, setting.key))
                        .found(format!("`{setting}`, by the option"))
                        .hint(format!("remove the option from debian/rules, or write `{setting}` into {}", place.file)),
                );
            }
        }
    }
    for (what, setting) in honoured(variables, &mut refusals, &mut warnings) {
        match asked(&what, &setting, place) {
            Err(wrong) => refusals.extend(wrong),
            Ok(asked) if same(setting.key, &asked, &config) => {}
            Ok(_) => {
                let message = format!("`{what}` in the environment would change the package");
                refusals.push(
                    Refusal::new(Code::DhVirtualenvVariable, message)
                        .expected(line(&own, setting.key))
                        .found(format!("`{setting}`, by the variable"))
                        .hint(format!(
                            "write `{setting}` into {} if that is meant, and remove the variable from debian/rules",
                            place.file
                        )),
                );
            }
        }
    }
    if refusals.is_empty() { Ok(Settled { config, warnings }) } else { Err(refusals) }
}

/// The refusals among `given`, for a step that reads no configuration.
pub fn refused(given: &[Given]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    honoured(given, &mut refusals, &mut Vec::new());
    refusals
}

/// The settings that `given` stands for, one a key; what is refused and what has no effect goes into the other two.
fn honoured(given: &[Given], refusals: &mut Vec<Refusal>, warnings: &mut Vec<String>) -> Vec<(String, Setting)> {
    let mut settings: BTreeMap<Key, (String, Setting)> = BTreeMap::new();
    for Given { what, fate } in given {
        match fate {
            Fate::NoEffect(why) => warnings.push(format!("warning: `{what}` has no effect: {why}")),
            Fate::Refused { why, instead } => {
                let message = format!("`{what}`: {why}");
                refusals.push(Refusal::new(Code::DhVirtualenvOption, message).hint(instead.clone()));
            }
            Fate::Honoured(setting) => match settings.get_mut(&setting.key) {
                None => {
                    settings.insert(setting.key, (what.clone(), setting.clone()));
                }
                Some((earlier, one)) => match one.and(setting) {
                    Some(both) => {
                        if *one != both {
                            earlier.push_str(&format!(" {what}"));
                        }
                        *one = both;
                    }
                    None => {
                        let message = format!("`{earlier}` and `{what}` do not say the same");
                        refusals.push(
                            Refusal::new(Code::DhVirtualenvConflict, message)
                                .hint(format!("say it once, as `{}` in the configuration", setting.key.name())),
                        );
                    }
                },
            },
        }
    }
    settings.into_values().collect()
}

/// The configuration that says `setting` and nothing else.
fn asked(what: &str, setting: &Setting, place: Place<'_>) -> Result<Config, Vec<Refusal>> {
    Config::parse(what, &format!("{setting}\n"), place.package)
}

/// The line of the configuration, or the default that holds without one.
fn line(own: &toml::Table, key: Key) -> String {
    match own.get(key.name()) {
        Some(value) => format!("`{} = {}`, by the configuration", key.name(), written(value)),
        None => format!("the default of `{}`, which the configuration does not set", key.name()),
    }
}

/// A value as the configuration has it; only those of the keys that are looked up.
fn written(value: &toml::Value) -> Value {
    match value {
        toml::Value::Boolean(value) => Value::Boolean(*value),
        toml::Value::Array(items) => {
            Value::List(items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect())
        }
        other => Value::Text(other.as_str().unwrap_or_default().to_owned()),
    }
}

fn take(key: Key, from: &Config, into: &mut Config) {
    match key {
        Key::Requirements => into.requirements.clone_from(&from.requirements),
        Key::Wheels => into.wheels.clone_from(&from.wheels),
        Key::Project => into.project.clone_from(&from.project),
        Key::Extras => into.extras.clone_from(&from.extras),
        Key::Python => into.python.clone_from(&from.python),
        Key::InstallRoot => into.install_root.clone_from(&from.install_root),
        Key::Name => into.name.clone_from(&from.name),
        Key::SystemSitePackages => into.system_site_packages = from.system_site_packages,
        Key::ByteCode => into.byte_code = from.byte_code,
        Key::Commands => into.commands.clone_from(&from.commands),
    }
}

fn same(key: Key, one: &Config, other: &Config) -> bool {
    let mut changed = other.clone();
    take(key, one, &mut changed);
    changed == *other
}
