//! debian/rules, statement by statement: what goes, what stays, and what dh_virtualenv was told.
//!
//! Enters: a [`Makefile`], and the scripts that it calls. Leaves: a `Migration` without what other files say. A statement stays as
//! it is written unless a reason is found for it to go.

use super::makefile::{Kind, Line, Makefile, Statement};
use super::recipe::{self, Verdict};
use super::shell::{self, Command};
use super::{Migration, Note, Translated};
use crate::config::Config;
use crate::debhelper::dh_virtualenv::table::{OPTIONS, Row, Takes, VARIABLES};
use crate::debhelper::dh_virtualenv::{Fate, Given, Key, Setting, find, judge};
use std::collections::{BTreeMap, BTreeSet};

/// What dh_virtualenv or dh was told.
struct Call {
    place: String,
    given: Vec<(String, String)>,
    packages: Vec<String>,
    excluded: Vec<String>,
    /// Of a call of its own, and not an option of dh.
    is_call: bool,
}

/// Options of one call, calls in one file, and scripts that are read: far more than any real package has.
const OPTIONS_OF_A_CALL: usize = 1000;
const CALLS: usize = 200;
const SCRIPTS: usize = 10;

/// What becomes of a statement.
enum Outcome {
    Keep,
    Drop,
    Replace(String),
}

/// Reads the statements.
pub(super) struct Reader<'a> {
    makefile: &'a Makefile,
    load: &'a mut dyn FnMut(&str) -> Option<String>,
    outcomes: Vec<Outcome>,
    calls: Vec<Call>,
    found: Migration,
    /// Targets that are no more, or have another name.
    gone: BTreeSet<String>,
    uses_sequence: bool,
    uses_build_system: bool,
    exported: BTreeSet<String>,
    scripts: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(makefile: &'a Makefile, load: &'a mut dyn FnMut(&str) -> Option<String>) -> Self {
        let mut exported = BTreeSet::new();
        for statement in &makefile.statements {
            match &statement.kind {
                Kind::Export(names) => exported.extend(names.iter().cloned()),
                Kind::Variable { name, exported: true, .. } => drop(exported.insert(name.clone())),
                _ => {}
            }
        }
        Self {
            makefile,
            load,
            outcomes: Vec::new(),
            calls: Vec::new(),
            found: Migration::default(),
            gone: BTreeSet::new(),
            uses_sequence: false,
            uses_build_system: false,
            exported,
            scripts: 0,
        }
    }

    pub(super) fn is_with_dh_virtualenv(&self) -> bool {
        self.uses_sequence || self.uses_build_system || self.calls.iter().any(|call| call.is_call)
    }

    pub(super) fn read(&mut self) {
        let makefile = self.makefile;
        for statement in &makefile.statements {
            let outcome = match &statement.kind {
                Kind::Rule { targets, prerequisites, recipe } => self.rule(statement, targets, prerequisites, recipe),
                Kind::Include => {
                    let text = statement.raw.trim();
                    if !text.contains("/usr/share/dpkg/") {
                        self.decide(
                            statement.line,
                            text,
                            "this file was not read; look for what is about dh-virtualenv in it",
                        );
                    }
                    Outcome::Keep
                }
                _ => Outcome::Keep,
            };
            self.outcomes.push(outcome);
        }
    }

    fn note(line: usize, text: &str, why: &str) -> Note {
        Note { place: format!("debian/rules line {line}"), text: text.to_owned(), why: why.to_owned() }
    }

    fn decide(&mut self, line: usize, text: &str, why: &str) {
        self.found.decisions.push(Self::note(line, text, why));
    }

    fn no_need(&mut self, line: usize, text: &str, why: &str) {
        self.found.no_longer_needed.push(Self::note(line, text, why));
    }

    fn commands(&self, line: &Line) -> Vec<Command> {
        let text = line.text.trim_start_matches(|c: char| c.is_whitespace() || "@-+".contains(c));
        shell::commands(&self.makefile.expand(text))
    }

    fn rule(&mut self, statement: &Statement, targets: &[String], prerequisites: &str, lines: &[Line]) -> Outcome {
        let hooks: Vec<_> = targets.iter().map(|target| recipe::hook(target)).collect();
        if hooks.iter().flatten().any(|(_, command, _)| *command == "dh_virtualenv") {
            return self.dh_virtualenv(targets, lines);
        }
        let all: Vec<(usize, Command)> = lines
            .iter()
            .flat_map(|line| self.commands(line).into_iter().map(|command| (line.number, command)).collect::<Vec<_>>())
            .collect();
        let commands: Vec<Command> = all.iter().map(|(_, command)| command.clone()).collect();
        if let Some((number, dh)) = all.iter().find(|(_, command)| command.program() == "dh") {
            return self.dh(*number, dh, statement, lines);
        }
        let mut kept = Vec::new();
        for (target, hook) in targets.iter().zip(hooks) {
            let verdict = hook.map_or(Verdict::Keep, |(prefix, name, _)| recipe::target(prefix, name, &commands));
            match verdict {
                Verdict::Keep => kept.push(target.clone()),
                Verdict::NotNeeded(why) => self.no_need(statement.line, target, why),
                Verdict::Decide(why) => self.decide(statement.line, target, why),
            }
        }
        self.gone.extend(targets.iter().filter(|target| !kept.contains(target)).cloned());
        if kept.is_empty() && !targets.is_empty() {
            return Outcome::Drop;
        }
        for (number, command) in &all {
            if command.program() == "dh_virtualenv" {
                self.take(&format!("debian/rules line {number}"), command.arguments(), true);
                self.decide(
                    *number,
                    &command.text(),
                    "this call goes: dh_rustvenv is a step of dh, which has to run it",
                );
            } else if let Verdict::Decide(why) = recipe::command(command) {
                self.decide(*number, &command.text(), why);
            } else if recipe::changes_wheels(command) {
                self.decide(*number, &command.text(), CHANGES);
            }
        }
        if kept.len() == targets.len() {
            return Outcome::Keep;
        }
        let recipe: String = lines.iter().map(|line| format!("\t{}\n", line.text)).collect();
        Outcome::Replace(format!("{}: {prerequisites}\n{recipe}", kept.join(" ")))
    }

    /// A rule that calls dh.
    fn dh(&mut self, number: usize, command: &Command, statement: &Statement, lines: &[Line]) -> Outcome {
        let mut words = vec!["dh".to_owned()];
        let mut others = Vec::new();
        let mut ours = Vec::new();
        let mut rest = command.arguments().iter();
        while let Some(word) = rest.next() {
            let (name, inline) =
                word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
            let mut value = || inline.map(str::to_owned).or_else(|| rest.next().cloned()).unwrap_or_default();
            match name {
                "--with" | "-w" => {
                    for one in value().split(',').map(str::trim).filter(|one| !one.is_empty()) {
                        if matches!(one, "python-virtualenv" | "python_virtualenv") {
                            self.uses_sequence = true;
                        } else {
                            others.push(one.to_owned());
                        }
                    }
                }
                "--buildsystem" | "-S" => {
                    let value = value();
                    if value == "dh_virtualenv" {
                        self.uses_build_system = true;
                    }
                    self.no_need(
                        number,
                        &format!("--buildsystem={value}"),
                        "the add-on sets it to none: debhelper builds nothing of the project",
                    );
                }
                name if name
                    .strip_prefix("--")
                    .and_then(|name| find(OPTIONS, name))
                    .is_some_and(|row| !row.is_debhelpers()) =>
                {
                    let takes = name.strip_prefix("--").and_then(|name| find(OPTIONS, name)).map(|row| row.takes);
                    ours.push(if matches!(takes, Some(Takes::Value(_))) {
                        format!("{name}={}", value())
                    } else {
                        name.to_owned()
                    });
                }
                _ => words.push(word.clone()),
            }
        }
        if !self.uses_sequence && !self.uses_build_system && ours.is_empty() {
            return Outcome::Keep;
        }
        if !ours.is_empty() {
            self.take(&format!("debian/rules line {number}"), &ours, false);
        }
        if !others.is_empty() {
            words.push("--with".to_owned());
            words.push(others.join(","));
        }
        let head = statement.raw.split_inclusive('\n').find(|line| !line.trim().is_empty()).unwrap_or_default();
        let head = head.split(';').next().unwrap_or_default().trim_end();
        let recipe: String =
            lines
                .iter()
                .map(|line| {
                    if line.number == number {
                        format!("\t{}\n", words.join(" "))
                    } else {
                        format!("\t{}\n", line.text)
                    }
                })
                .collect();
        Outcome::Replace(format!("{head}\n{recipe}"))
    }

    /// A target for dh_virtualenv.
    fn dh_virtualenv(&mut self, targets: &[String], lines: &[Line]) -> Outcome {
        self.gone.extend(targets.iter().cloned());
        let overrides = targets.iter().any(|target| target.starts_with("override_"));
        let (mut before, mut after) = (String::new(), String::new());
        let mut called = false;
        let mut previous: Option<&Line> = None;
        for line in lines {
            let place = format!("debian/rules line {}", line.number);
            if let (true, Some(previous)) = (line.text.trim_start().starts_with("--"), previous) {
                self.decide(
                    line.number,
                    line.text.trim(),
                    &format!(
                        "the line before (line {}) does not end in `\\`, so make took this for a command of its own and passed over \
                         that it failed: these options never had an effect, and were not translated",
                        line.number.saturating_sub(1).max(previous.number)
                    ),
                );
                continue;
            }
            previous = Some(line);
            let commands = self.commands(line);
            let is_call = commands.iter().any(|command| command.program() == "dh_virtualenv");
            let mut kept = true;
            for command in &commands {
                if command.program() == "dh_virtualenv" {
                    let variables: Vec<_> = command.assignments.clone();
                    self.take(&place, command.arguments(), true);
                    self.variables(&place, &variables);
                    called = true;
                    kept = false;
                    continue;
                }
                if let Some((path, text)) = self.script(command) {
                    called = true;
                    kept = false;
                    self.of_script(&path, &text);
                    continue;
                }
                match recipe::command(command) {
                    Verdict::Keep => {}
                    Verdict::NotNeeded(why) => {
                        self.no_need(line.number, &command.text(), why);
                        kept = false;
                    }
                    Verdict::Decide(why) => {
                        self.decide(line.number, &command.text(), why);
                        kept = false;
                    }
                }
            }
            if is_call {
                continue;
            }
            if kept && commands.iter().any(|command| !command.words.is_empty()) {
                let changes = commands.iter().any(recipe::changes_wheels);
                self.decide(line.number, &line.text, if changes { CHANGES } else { MOVED });
                let into = if called || !overrides { &mut after } else { &mut before };
                into.push_str(&format!("\t{}\n", line.text));
            }
        }
        if overrides && !called {
            self.decide(
                lines.first().map_or(1, |line| line.number),
                "override_dh_virtualenv",
                "it does not call dh_virtualenv, so there was no virtual environment",
            );
        }
        let suffix = targets.iter().find_map(|target| recipe::hook(target)).map_or("", |(_, _, suffix)| suffix);
        let mut text = String::new();
        let is_before = targets.iter().any(|target| target.starts_with("execute_before_"));
        let (before, after) = if is_before { (after, String::new()) } else { (before, after) };
        for (hook, recipe) in [("execute_before", before), ("execute_after", after)] {
            if !recipe.is_empty() {
                text.push_str(&format!("{hook}_dh_rustvenv{suffix}:\n{recipe}\n"));
            }
        }
        if text.is_empty() { Outcome::Drop } else { Outcome::Replace(text.trim_end().to_owned() + "\n") }
    }

    /// The script of this tree that `command` runs, if dh_virtualenv is called there.
    fn script(&mut self, command: &Command) -> Option<(String, String)> {
        let is_shell = matches!(command.program(), "sh" | "bash" | "/bin/sh" | "/bin/bash" | "." | "source");
        let mut words = command.words.iter().skip(usize::from(is_shell));
        let path = words.find(|word| !word.starts_with('-'))?.trim_start_matches("./");
        if !path.contains('/') || path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return None;
        }
        self.scripts += 1;
        if self.scripts > SCRIPTS {
            return None;
        }
        let text = (self.load)(path)?;
        text.contains("dh_virtualenv").then(|| (path.to_owned(), text))
    }

    fn of_script(&mut self, path: &str, text: &str) {
        let mut left = 0;
        for command in shell::commands(text) {
            let place = format!("{path} line {}", command.line + 1);
            if command.program() == "dh_virtualenv" {
                self.take(&place, command.arguments(), true);
                self.variables(&place, &command.assignments);
                continue;
            }
            if command.program() == "export" {
                let set: Vec<(String, String)> = command
                    .arguments()
                    .iter()
                    .filter_map(|word| word.split_once('='))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
                self.variables(&place, &set);
                continue;
            }
            let harmless =
                ["", "set", "cd", "export", "echo", "case", "trap", "local", "return", "exit", "function", "shift"];
            if harmless.contains(&command.program()) || command.program().ends_with(')') {
                continue;
            }
            let note = |why: &str| Note { place, text: command.text(), why: why.to_owned() };
            match recipe::command(&command) {
                Verdict::NotNeeded(why) => self.found.no_longer_needed.push(note(why)),
                Verdict::Decide(why) => self.found.decisions.push(note(why)),
                Verdict::Keep if left < 20 => {
                    left += 1;
                    let changes = recipe::changes_wheels(&command);
                    self.found.decisions.push(note(if changes { CHANGES } else { OF_SCRIPT }));
                }
                Verdict::Keep => left += 1,
            }
        }
        if left > 20 {
            let text = format!("{} more commands", left - 20);
            self.found.decisions.push(Note { place: path.to_owned(), text, why: OF_SCRIPT.to_owned() });
        }
    }

    /// Options of dh_virtualenv.
    fn take(&mut self, place: &str, arguments: &[String], is_call: bool) {
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
    fn variables(&mut self, place: &str, set: &[(String, String)]) {
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

    /// What was found, for one of `binaries`; `chosen` is what the person said.
    pub(super) fn finish(mut self, binaries: &[&str], chosen: Option<&str>) -> Migration {
        self.variables_of_rules();
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

    /// The package that the environment is for when no call says so.
    fn main_package(&mut self, binaries: &[&str], chosen: Option<&str>) -> String {
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
    fn translate(&mut self, package: &str, call: &Call) {
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

    fn push_decision(&mut self, place: &str, text: &str, why: &str) {
        let note = Note { place: place.to_owned(), text: text.to_owned(), why: why.to_owned() };
        if !self.found.decisions.contains(&note) {
            self.found.decisions.push(note);
        }
    }

    fn set(&mut self, package: &str, setting: Setting, what: &str, place: &str) {
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

const CHANGES: &str = "it changes files of the virtual environment after they were verified: name their paths in `changes` of \
                       rustvenv(5), or better, have the wheel built with the change";

const MOVED: &str = "it is in a hook of dh_rustvenv now, which runs after dh_fixperms and before dh_installdeb; look whether it is \
                     still wanted, and whether it changes files that were verified";

const OF_SCRIPT: &str = "if it is still wanted, put it into a target `execute_after_dh_rustvenv`";

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
