//! What a package that was made with dh-virtualenv needs here, read from its debian/rules and the files beside it.
//!
//! Enters: texts of debian/, of strangers. Leaves: a [`Migration`]: settings that were translated, what is no longer needed, what
//! a person has to decide, the debian/rules that would do, and changes to debian/control. Nothing is run, make and the shell are
//! never called, and what only they would know is left to the person. Writing is deliberately absent.

pub mod control;

pub mod makefile;

pub mod shell;

mod calls;

mod recipe;

mod remaining;

mod report;

mod rules;

use crate::debhelper::dh_virtualenv::{Key, Setting, Value};
use crate::python::entry_points::is_script_name;
use crate::refusal::Failure;
use std::collections::BTreeMap;

/// Something that was found, and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it stands: `debian/rules line 12`.
    pub place: String,
    /// What stands there, on one line.
    pub text: String,
    /// What is to be said.
    pub why: String,
}

impl Note {
    /// By file, debian/rules first, and in it by line.
    fn order(&self) -> (bool, String, usize) {
        let (file, line) = self.place.split_once(" line ").unwrap_or((&self.place, "0"));
        (file != "debian/rules", file.to_owned(), line.parse().unwrap_or_default())
    }
}

/// A setting with the place that it was translated from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translated {
    /// The line of the configuration.
    pub setting: Setting,
    /// What it was: `--python=/usr/bin/python3, debian/rules line 5`.
    pub from: String,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    /// The configuration of each binary package that had a virtual environment.
    pub configurations: BTreeMap<String, Vec<Translated>>,
    /// What can go without a replacement.
    pub no_longer_needed: Vec<Note>,
    /// What a person has to decide.
    pub decisions: Vec<Note>,
    /// The text of debian/rules that would do.
    pub rules: String,
    /// What changes in debian/control, a line each.
    pub control: Vec<String>,
}

/// The files of debian/ that are read.
pub struct Sources<'a> {
    /// debian/rules.
    pub rules: &'a str,
    /// debian/control.
    pub control: &'a str,
    /// The binary package that is meant, if the person said so.
    pub package: Option<&'a str>,
    /// The text of another file below the source tree; `None` when there is none, or it is no text.
    pub load: &'a mut dyn FnMut(&str) -> Option<String>,
}

/// Reads them.
///
/// # Errors
/// When debian/rules has nothing of dh-virtualenv, or is larger than any real one; when debian/control does not have the package.
pub fn read(sources: Sources<'_>) -> Result<Migration, Failure> {
    let Sources { rules, control, package, load } = sources;
    let control = control::Control::read(control);
    let binaries = control.binaries();
    if let Some(package) = package.filter(|package| !binaries.contains(package)) {
        return Err(Failure::unable(format!("debian/control has no binary package `{package}`")));
    }
    let makefile = makefile::Makefile::read("debian/rules", rules)?;
    let mut reader = rules::Reader::new(&makefile, load);
    reader.read();
    if !reader.is_with_dh_virtualenv() && !control.builds_with_dh_virtualenv() {
        return Err(Failure::unable_hint(
            "neither debian/rules nor debian/control has anything of dh-virtualenv",
            "for a package without it, `debian/PKG.rustvenv` may be an empty file; rustvenv(5) says what it can have",
        ));
    }
    let mut migration = reader.finish(control.source(), &binaries, package);
    for (package, settings) in &mut migration.configurations {
        links(package, settings, &mut migration.no_longer_needed, load);
        triggers(package, &mut migration.no_longer_needed, load);
    }
    locks(&mut migration, load);
    let packages: Vec<&str> = migration.configurations.keys().map(String::as_str).collect();
    let builds_project =
        migration.configurations.values().any(|settings| value(settings, Key::Project) != Some("none"));
    let back_end =
        if builds_project { load("pyproject.toml").or_else(|| load("setup.py").map(|_| String::new())) } else { None };
    let changes = control.changes(&packages, back_end.as_deref());
    migration.control = changes.lines;
    migration.decisions.extend(changes.decisions);
    if let Some(compat) = load("debian/compat") {
        let level = compat.split_whitespace().next().unwrap_or_default();
        migration.control.push(format!("remove debian/compat ({level}), whose place `debhelper-compat` takes"));
    }
    migration.no_longer_needed.sort_by_key(Note::order);
    migration.decisions.sort_by_key(Note::order);
    Ok(migration)
}

/// The text that `settings` has for `key`.
fn value(settings: &[Translated], key: Key) -> Option<&str> {
    settings.iter().find(|one| one.setting.key == key).and_then(|one| match &one.setting.value {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

/// Links into the environment's bin/ that `commands` makes as well.
fn links(
    package: &str,
    settings: &mut Vec<Translated>,
    notes: &mut Vec<Note>,
    load: &mut dyn FnMut(&str) -> Option<String>,
) {
    let root = value(settings, Key::InstallRoot).unwrap_or("/opt/venvs");
    let bin = format!("{root}/{}/bin/", value(settings, Key::Name).unwrap_or(package));
    let file = format!("debian/{package}.links");
    let Some(text) = load(&file) else { return };
    let mut commands = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let &[from, to] = words.as_slice() else { continue };
        let from = format!("/{}", from.trim_start_matches('/'));
        let Some(name) = from.strip_prefix(&bin).filter(|name| is_script_name(name)) else { continue };
        if to.trim_start_matches('/') == format!("usr/bin/{name}") {
            commands.push(name.to_owned());
            let why = "`commands` makes the link, and refuses a name that no wheel provides".to_owned();
            notes.push(Note { place: format!("{file} line {number}"), text: line.trim().to_owned(), why });
        }
    }
    if !commands.is_empty() {
        settings.push(Translated { setting: Setting::list(Key::Commands, commands), from: file });
    }
}

/// Triggers on the interpreter.
fn triggers(package: &str, notes: &mut Vec<Note>, load: &mut dyn FnMut(&str) -> Option<String>) {
    let file = format!("debian/{package}.triggers");
    let Some(text) = load(&file) else { return };
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("interest") && (line.contains("python") || line.contains("pypy")) {
            notes.push(Note {
                place: format!("{file} line {number}"),
                text: line.trim().to_owned(),
                why: "bin/python is a link to /usr/bin/python3.X, on which the package depends; nothing has to be repaired after \
                      an update"
                    .to_owned(),
            });
        }
    }
}

/// Locks that are missing or have no hashes.
fn locks(migration: &mut Migration, load: &mut dyn FnMut(&str) -> Option<String>) {
    for settings in migration.configurations.values() {
        let named = settings.iter().find(|one| one.setting.key == Key::Requirements);
        let files = match named.map(|one| &one.setting.value) {
            Some(Value::List(files)) => files.clone(),
            _ => vec!["requirements.txt".to_owned()],
        };
        for file in files {
            let why = match load(&file) {
                None => {
                    "it is not there, which dh-virtualenv passed over. Lock what is installed, or write `requirements = []` for a project \
                     without dependencies; what a hook generated during the build has to be in the source package"
                }
                Some(text) if !text.contains("--hash=sha256:") && !file.ends_with(".toml") => {
                    "it has no hashes: `rustvenv init` locks what it names, as `pip-compile --generate-hashes` and `uv export` do"
                }
                Some(_) => continue,
            };
            let note = Note { place: file, text: "the lock".to_owned(), why: why.to_owned() };
            if !migration.decisions.contains(&note) {
                migration.decisions.push(note);
            }
        }
    }
}
