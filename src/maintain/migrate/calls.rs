//! What dh_virtualenv was told, call by call, as settings of packages.
//!
//! Enters: the arguments of calls, options of dh, and variables. Leaves: settings, and notes about all else. A value that make or
//! a shell would compute is left to the person.

use super::rules::Reader;
use super::{Note, Translated};
use crate::config::Config;
use crate::debhelper::dh_virtualenv::table::{OPTIONS, Row, Takes, VARIABLES};
use crate::debhelper::dh_virtualenv::{Fate, Given, Key, Setting, find, judge};
use std::collections::BTreeSet;

/// What dh_virtualenv or dh was told.
pub(super) struct Call {
    pub(super) place: String,
    pub(super) given: Vec<(String, String)>,
    pub(super) packages: Vec<String>,
    pub(super) excluded: Vec<String>,
    /// Of a call of its own, and not an option of dh.
    pub(super) is_call: bool,
}

/// Options of one call, and calls in one file: far more than any real package has.
const OPTIONS_OF_A_CALL: usize = 1000;
const CALLS: usize = 200;

impl Reader<'_> {
    /// Options of dh_virtualenv.
    pub(super) fn take(&mut self, place: &str, arguments: &[String], is_call: bool) {
        let mut call =
            Call { place: place.to_owned(), given: Vec::new(), packages: Vec::new(), excluded: Vec::new(), is_call };
        let mut note = |text: &str, why: &str| {
            self.found.decisions.push(Note { place: place.to_owned(), text: text.to_owned(), why: why.to_owned() });
        };
        if arguments.len() > OPTIONS_OF_A_CALL || self.calls.len() >= CALLS {
            return note("dh_virtualenv", "more calls or options than any real package has: this one was not read");
        }
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let argument = argument.strip_prefix("-O").unwrap_or(argument);
            if let Some(long) = argument.strip_prefix("--") {
                let (name, inline) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
                match by_prefix(name) {
                    Some(row) if matches!(row.takes, Takes::Value(_)) => {
                        let value = inline.map(str::to_owned).or_else(|| rest.next().cloned()).unwrap_or_default();
                        call.option(row, &value);
                    }
                    Some(row) => call.option(row, ""),
                    None => note(argument, "dh_virtualenv has no such option"),
                }
                continue;
            }
            if argument.contains("$(") && !argument.starts_with('-') {
                note(
                    argument,
                    "make or the shell computes this while the package is built: see which options it stands for",
                );
                continue;
            }
            let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                note(argument, "dh_virtualenv passed over this argument: it is no option");
                continue;
            };
            for (at, letter) in letters.char_indices() {
                match OPTIONS.iter().find(|row| row.short == Some(letter)) {
                    Some(row) if matches!(row.takes, Takes::Value(_)) => {
                        let after = letters.get(at + letter.len_utf8()..).unwrap_or_default();
                        let value =
                            if after.is_empty() { rest.next().cloned().unwrap_or_default() } else { after.to_owned() };
                        call.option(row, &value);
                        break;
                    }
                    Some(row) => call.option(row, ""),
                    None => {
                        note(argument, "dh_virtualenv has no such option");
                        break;
                    }
                }
            }
        }
        self.calls.push(call);
    }

    /// Variables that a command gets, or a script exports.
    pub(super) fn variables(&mut self, place: &str, set: &[(String, String)]) {
        for (name, value) in set {
            if find(VARIABLES, name).is_some() && self.calls.len() < 2 * CALLS {
                self.calls.push(Call {
                    place: place.to_owned(),
                    given: vec![(name.clone(), value.clone())],
                    packages: Vec::new(),
                    excluded: Vec::new(),
                    is_call: false,
                });
            }
        }
    }

    /// The package that the environment is for when no call says so.
    pub(super) fn main_package(&mut self, binaries: &[&str], chosen: Option<&str>) -> String {
        if let Some(chosen) = chosen {
            return chosen.to_owned();
        }
        let named: BTreeSet<&String> = self.calls.iter().flat_map(|call| &call.packages).collect();
        if let Some(first) = named.iter().find(|name| binaries.contains(&name.as_str())) {
            return (*first).clone();
        }
        let excluded: BTreeSet<&str> = self.calls.iter().flat_map(|call| &call.excluded).map(String::as_str).collect();
        let mut candidates: Vec<&str> =
            binaries.iter().filter(|name| !excluded.contains(*name) && !name.starts_with("python3")).copied().collect();
        candidates.sort_by_key(|name| ["-doc", "-dbg", "-dev", "-common"].iter().any(|end| name.ends_with(end)));
        let main = candidates.first().or(binaries.first()).map_or("PKG", |name| name).to_owned();
        if let (true, Some(others)) = (candidates.len() > 1, candidates.get(1..)) {
            let text = others.join(", ");
            self.found.decisions.push(Note {
                place: "debian/control".to_owned(),
                text,
                why: format!(
                    "dh_virtualenv gave these packages a virtual environment as well as {main}. A package has one here if there is a \
                     debian/PKG.rustvenv; --package chooses another"
                ),
            });
        }
        main
    }

    /// What one call says, for one package.
    pub(super) fn translate(&mut self, package: &str, call: &Call) {
        let (options, variables): (Vec<_>, Vec<_>) =
            call.given.iter().cloned().partition(|(name, _)| find(OPTIONS, name).is_some());
        let mut given = Vec::new();
        for (table, list) in [(OPTIONS, options), (VARIABLES, variables)] {
            let (known, computed): (Vec<_>, Vec<_>) = list
                .into_iter()
                .map(|(name, value)| (name, simplified(&value)))
                .partition(|(_, value)| !is_computed(value));
            given.extend(judge(table, &known).unwrap_or_default());
            for (name, value) in computed {
                let text = find(table, &name).map_or(value.clone(), |row| row.with_value(&value));
                let why = "the value is computed while the package is built; write the key into the configuration as \
                           rustvenv(5) has it";
                self.push_decision(&call.place, &text, why);
            }
        }
        for Given { what, fate } in given {
            match fate {
                Fate::NoEffect(why) => {
                    let note = Note { place: call.place.clone(), text: what, why };
                    if !self.found.no_longer_needed.contains(&note) {
                        self.found.no_longer_needed.push(note);
                    }
                }
                Fate::Refused { why, instead } => self.push_decision(&call.place, &what, &format!("{why}; {instead}")),
                Fate::Honoured(setting) => self.set(package, setting, &what, &call.place),
            }
        }
        if let Some((_, directory)) = call.given.iter().find(|(name, _)| name == "sourcedirectory") {
            let directory = directory.trim_end_matches('/');
            let what = format!("--sourcedirectory={directory}");
            self.set(package, Setting::text(Key::Project, directory), &what, &call.place);
            let lock = format!("{directory}/requirements.txt");
            self.set(package, Setting::list(Key::Requirements, [lock]), &what, &call.place);
        }
    }

    pub(super) fn push_decision(&mut self, place: &str, text: &str, why: &str) {
        let note = Note { place: place.to_owned(), text: text.to_owned(), why: why.to_owned() };
        if !self.found.decisions.contains(&note) {
            self.found.decisions.push(note);
        }
    }

    pub(super) fn set(&mut self, package: &str, setting: Setting, what: &str, place: &str) {
        if let Err(refusals) = Config::parse(what, &format!("{setting}\n"), package) {
            let message = refusals.first().map_or(String::new(), |refusal| refusal.message.clone());
            let message = message.strip_prefix(&format!("{what} line 1: ")).unwrap_or(&message).to_owned();
            let expected = refusals.first().and_then(|refusal| refusal.expected.clone()).unwrap_or_default();
            return self.push_decision(place, what, &format!("{message}; expected is {expected}"));
        }
        let from = format!("{what}, {place}");
        let is_default = match setting.key {
            Key::Name => setting == Setting::text(Key::Name, package),
            Key::InstallRoot => setting == Setting::text(Key::InstallRoot, "/opt/venvs"),
            Key::Python => setting == Setting::text(Key::Python, "python3"),
            Key::Requirements => setting == Setting::list(Key::Requirements, ["requirements.txt".to_owned()]),
            Key::Wheels => setting == Setting::list(Key::Wheels, ["wheels".to_owned()]),
            _ => false,
        };
        let settings = self.found.configurations.entry(package.to_owned()).or_default();
        let known = settings.iter_mut().find(|one| one.setting.key == setting.key);
        match known {
            Some(one) => match one.setting.and(&setting) {
                Some(both) => {
                    if both != one.setting {
                        one.from.push_str(&format!("; {from}"));
                    }
                    one.setting = both;
                }
                None => {
                    let why = format!("`{}` was translated already; one of the two has to go", one.setting);
                    self.push_decision(place, what, &why);
                }
            },
            None if is_default => {
                let why = format!("`{setting}` is the default");
                self.found.no_longer_needed.push(Note { place: place.to_owned(), text: what.to_owned(), why });
            }
            None => settings.push(Translated { setting, from }),
        }
    }
}

impl Call {
    fn option(&mut self, row: &Row, value: &str) {
        match row.name {
            "package" => self.packages.push(value.to_owned()),
            "no-package" => self.excluded.push(value.to_owned()),
            name => self.given.push((name.to_owned(), value.to_owned())),
        }
    }
}

/// The option of that name, or the only one that begins so.
fn by_prefix(name: &str) -> Option<&'static Row> {
    if let Some(row) = find(OPTIONS, name) {
        return Some(row);
    }
    let mut rows = OPTIONS.iter().filter(|row| !name.is_empty() && row.name.starts_with(name));
    rows.next().filter(|_| rows.next().is_none())
}

/// Whether a shell or make would have to run for the value.
fn is_computed(value: &str) -> bool {
    value.contains(['$', '`'])
}

/// A value in which what people write to find the distribution's interpreter is its name.
fn simplified(value: &str) -> String {
    let inner = value
        .strip_prefix("$(")
        .and_then(|rest| rest.strip_suffix(')'))
        .or_else(|| value.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')));
    let words: Vec<&str> = inner.unwrap_or_default().split_whitespace().filter(|word| *word != "shell").collect();
    match words.as_slice() {
        ["readlink" | "realpath" | "which", options @ .., python] | ["command", options @ .., python]
            if options.iter().all(|word| word.starts_with('-')) =>
        {
            (*python).to_owned()
        }
        _ => value.to_owned(),
    }
}
