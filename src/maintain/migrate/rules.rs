//! debian/rules, statement by statement: what goes, what stays, and what dh_virtualenv was told.
//!
//! Enters: a [`Makefile`], and the scripts that it calls. Leaves: calls of dh_virtualenv, notes, and an [`Outcome`] for each
//! statement. One stays as it is written unless a reason is found for it to go.

use super::calls::Call;
use super::makefile::{Kind, Line, Makefile, Statement};
use super::recipe::{self, Verdict};
use super::shell::{self, Command};
use super::{Migration, Note};
use crate::debhelper::dh_virtualenv::find;
use crate::debhelper::dh_virtualenv::table::{OPTIONS, Takes};
use std::collections::BTreeSet;

/// Scripts that are read: far more than any real package has.
const SCRIPTS: usize = 10;

/// What becomes of a statement.
pub(super) enum Outcome {
    Keep,
    Drop,
    Replace(String),
}

/// Reads the statements.
pub(super) struct Reader<'a> {
    pub(super) makefile: &'a Makefile,
    pub(super) load: &'a mut dyn FnMut(&str) -> Option<String>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) calls: Vec<Call>,
    pub(super) found: Migration,
    /// Targets that are no more, or have another name.
    pub(super) gone: BTreeSet<String>,
    pub(super) uses_sequence: bool,
    pub(super) uses_build_system: bool,
    pub(super) exported: BTreeSet<String>,
    pub(super) scripts: usize,
    /// Targets of steps that dh-virtualenv's sequence left out.
    pub(super) never_ran: Vec<Note>,
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
            never_ran: Vec::new(),
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

    pub(super) fn note(line: usize, text: &str, why: &str) -> Note {
        Note { place: format!("debian/rules line {line}"), text: text.to_owned(), why: why.to_owned() }
    }

    pub(super) fn decide(&mut self, line: usize, text: &str, why: &str) {
        self.found.decisions.push(Self::note(line, text, why));
    }

    pub(super) fn no_need(&mut self, line: usize, text: &str, why: &str) {
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
                Verdict::Keep => {
                    if hook.is_some_and(|(_, name, _)| LEFT_OUT.contains(&name)) {
                        self.never_ran.push(Self::note(statement.line, target, NEVER_RAN));
                    }
                    kept.push(target.clone());
                }
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
}

/// What the sequence python-virtualenv took out; dh does not run the overrides of such a step.
const LEFT_OUT: &[&str] = &["dh_auto_build", "dh_auto_test", "dh_auto_install", "dh_auto_clean", "dh_python2"];

const NEVER_RAN: &str = "dh-virtualenv took this step out of dh's sequence, so the target never ran; here the step is there, and \
                         it will. It stays as it is: look whether that is meant";

const CHANGES: &str = "it changes files of the virtual environment after they were verified: name their paths in `changes` of \
                       rustvenv(5), or better, have the wheel built with the change";

const MOVED: &str = "it is in a hook of dh_rustvenv now, which runs after dh_fixperms and before dh_installdeb; look whether it is \
                     still wanted, and whether it changes files that were verified";

const OF_SCRIPT: &str = "if it is still wanted, put it into a target `execute_after_dh_rustvenv`";
