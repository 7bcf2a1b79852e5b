//! The debian/rules that would do: what is left when everything that is no longer needed is gone.
//!
//! Enters: the statements, and what becomes of each. Leaves: text, in the order and the words of the file that was read, and the
//! `Migration` as a whole. Comments go with what they stand before, and variables with the last one who used them.

use super::makefile::Kind;
use super::rules::{Outcome, Reader};
use super::{Migration, Note, shell};
use crate::debhelper::dh_virtualenv::table::{OPTIONS, VARIABLES};
use crate::debhelper::dh_virtualenv::{Fate, find, judge};
use std::collections::{BTreeMap, BTreeSet};

impl Reader<'_> {
    /// What was found, for one of the `binaries` of `source`; `chosen` is what the person said.
    pub(super) fn finish(mut self, source: Option<&str>, binaries: &[&str], chosen: Option<&str>) -> Migration {
        self.variables_of_rules();
        if self.uses_sequence {
            let never_ran = std::mem::take(&mut self.never_ran);
            self.found.decisions.extend(never_ran);
        }
        if self.uses_build_system {
            let mut defaults = Vec::new();
            let is_set = |name: &str| self.gone.contains(name);
            if !is_set("DH_VIRTUALENV_INSTALL_ROOT") {
                defaults.push(("DH_VIRTUALENV_INSTALL_ROOT".to_owned(), "/usr/share/python".to_owned()));
            }
            if !is_set("DH_VIRTUALENV_INSTALL_SUFFIX") {
                defaults.extend(source.map(|name| ("DH_VIRTUALENV_INSTALL_SUFFIX".to_owned(), name.to_owned())));
            }
            self.variables("default of the build system dh_virtualenv", &defaults);
        }
        let main = self.main_package(binaries, chosen);
        let calls = std::mem::take(&mut self.calls);
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for call in &calls {
            let packages = if call.packages.is_empty() { vec![main.clone()] } else { call.packages.clone() };
            for package in packages.iter().filter(|package| binaries.contains(&package.as_str())) {
                self.found.configurations.entry(package.clone()).or_default();
                if call.is_call {
                    *seen.entry(package.clone()).or_default() += 1;
                }
                self.translate(package, call);
            }
        }
        if binaries.contains(&main.as_str()) && self.found.configurations.is_empty() {
            self.found.configurations.insert(main, Vec::new());
        }
        for (package, times) in seen.into_iter().filter(|(_, times)| *times > 1) {
            self.found.decisions.push(Note {
                place: "debian/rules".to_owned(),
                text: format!("{times} calls of dh_virtualenv for {package}"),
                why: "an environment is made once, of all locks that `requirements` names together".to_owned(),
            });
        }
        for settings in self.found.configurations.values_mut() {
            settings.sort_by_key(|one| one.setting.key);
        }
        if !self.uses_sequence && !self.uses_build_system {
            self.found.decisions.push(Note {
                place: "debian/rules".to_owned(),
                text: "no `dh … --with python-virtualenv`".to_owned(),
                why: "the environment is made by steps of dh: `%:` has to call `dh $@`".to_owned(),
            });
        }
        let rules = self.new_rules();
        self.found.rules = rules;
        self.found
    }

    /// Variables of dh-virtualenv and pip that debian/rules sets.
    fn variables_of_rules(&mut self) {
        let makefile = self.makefile;
        let mut done = BTreeSet::new();
        for (index, statement) in makefile.statements.iter().enumerate() {
            let Kind::Variable { name, .. } = &statement.kind else { continue };
            let of_pip = name.starts_with("PIP_");
            if !of_pip && find(VARIABLES, name).is_none() {
                continue;
            }
            if let Some(outcome) = self.outcomes.get_mut(index) {
                *outcome = Outcome::Drop;
            }
            self.gone.insert(name.clone());
            if !done.insert(name.clone()) {
                continue;
            }
            let value = makefile.expand(&format!("$({name})"));
            let text = format!("{name}={value}");
            if of_pip {
                self.no_need(statement.line, &text, "no pip is run, and none of its variables is read");
            } else if !self.exported.contains(name) {
                self.decide(
                    statement.line,
                    &text,
                    "it is not exported, so it never had an effect; it was not translated",
                );
            } else if self.uses_build_system || name == "DH_VIRTUALENV_INSTALL_ROOT" {
                let place = format!("debian/rules line {}", statement.line);
                self.variables(&place, &[(name.clone(), value)]);
            } else {
                let judged = judge(VARIABLES, &[(name.clone(), value)]).unwrap_or_default();
                let meant: Vec<String> = judged
                    .iter()
                    .filter_map(|given| match &given.fate {
                        Fate::Honoured(setting) => Some(setting.to_string()),
                        _ => None,
                    })
                    .collect();
                let why = "only the build system dh_virtualenv read this variable, and not the sequence, so it never had an effect";
                if meant.is_empty() {
                    self.no_need(statement.line, &text, why);
                } else {
                    self.decide(
                        statement.line,
                        &text,
                        &format!("{why}; write `{}` if it is meant", meant.join("`, `")),
                    );
                }
            }
        }
    }

    /// The text that would do.
    fn new_rules(&mut self) -> String {
        self.drop_unused_variables();
        let mut pieces: Vec<(String, bool)> = Vec::new();
        for (statement, outcome) in self.makefile.statements.iter().zip(&self.outcomes) {
            let text = match outcome {
                Outcome::Keep => statement.raw.clone(),
                Outcome::Replace(text) => text.clone(),
                Outcome::Drop => {
                    // the comment before is about what went
                    while pieces.last().is_some_and(|(text, is_comment)| *is_comment && !text.starts_with("#!")) {
                        pieces.pop();
                    }
                    continue;
                }
            };
            match &statement.kind {
                Kind::Rule { targets, prerequisites, .. } if targets == &[".PHONY"] => {
                    let left: Vec<&str> =
                        prerequisites.split_whitespace().filter(|name| !self.gone.contains(*name)).collect();
                    if !left.is_empty() {
                        pieces.push((format!(".PHONY: {}\n", left.join(" ")), false));
                    }
                }
                Kind::Export(names) if names.iter().any(|name| self.gone.contains(name)) => {
                    let left: Vec<&str> =
                        names.iter().map(String::as_str).filter(|name| !self.gone.contains(*name)).collect();
                    if !left.is_empty() {
                        pieces.push((format!("export {}\n", left.join(" ")), false));
                    }
                }
                kind => pieces.push((text, *kind == Kind::Comment)),
            }
        }
        let mut rules = String::new();
        for (piece, _) in pieces {
            let blank = piece.trim().is_empty();
            if !blank || !(rules.is_empty() || rules.ends_with("\n\n")) {
                rules.push_str(&piece);
                if !rules.ends_with('\n') {
                    rules.push('\n');
                }
            }
        }
        if !rules.starts_with("#!") {
            rules.insert_str(0, "#!/usr/bin/make -f\n");
        }
        rules.trim_end().to_owned() + "\n"
    }

    /// Variables that only what went has used, and those that hold options and that nothing has used.
    fn drop_unused_variables(&mut self) {
        let makefile = self.makefile;
        let mut of: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let (mut live, mut dead, mut anywhere) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (index, (statement, outcome)) in makefile.statements.iter().zip(&self.outcomes).enumerate() {
            let used = references(&statement.raw);
            anywhere.extend(used.clone());
            match (&statement.kind, outcome) {
                (Kind::Variable { name, .. }, Outcome::Keep) => of.entry(name).or_default().push(index),
                (_, Outcome::Keep) => live.extend(used),
                (_, Outcome::Drop) => dead.extend(used),
                (_, Outcome::Replace(text)) => {
                    live.extend(references(text));
                    dead.extend(used);
                }
            }
        }
        live.extend(self.exported.iter().cloned());
        for names in [&mut live, &mut dead] {
            let mut todo: Vec<String> = names.iter().cloned().collect();
            while let Some(name) = todo.pop() {
                for index in of.get(name.as_str()).into_iter().flatten() {
                    let raw = makefile.statements.get(*index).map_or("", |statement| &statement.raw);
                    todo.extend(references(raw).into_iter().filter(|name| names.insert(name.clone())));
                }
            }
        }
        for (name, indexes) in of {
            let text = makefile.expand(&format!("$({name})"));
            let has_options = shell::commands(&text)
                .iter()
                .flat_map(|command| &command.words)
                .filter_map(|word| word.strip_prefix("--"))
                .any(|word| {
                    find(OPTIONS, word.split('=').next().unwrap_or(word)).is_some_and(|row| !row.is_debhelpers())
                });
            let never_used = has_options && !anywhere.contains(name);
            if never_used && !live.contains(name) {
                let line = indexes.first().and_then(|index| makefile.statements.get(*index)).map_or(1, |one| one.line);
                let why = "nothing uses this variable: these options of dh_virtualenv never had an effect, and were not translated";
                self.decide(line, &format!("{name} = {text}"), why);
            }
            if (never_used || dead.contains(name)) && !live.contains(name) {
                for index in indexes {
                    if let Some(outcome) = self.outcomes.get_mut(index) {
                        *outcome = Outcome::Drop;
                    }
                }
            }
        }
    }
}

/// The names of variables that a text refers to.
fn references(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices('$') {
        let rest = text.get(at + 1..).unwrap_or_default();
        let Some(rest) = rest.strip_prefix(['(', '{']) else { continue };
        let end = rest.find([')', '}', ' ', ',', '$', ':', '\n']).unwrap_or(rest.len());
        if let Some(name) = rest.get(..end).filter(|name| !name.is_empty()) {
            names.insert(name.to_owned());
        }
    }
    names
}
