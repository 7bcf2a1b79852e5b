//! What sdists need, asked of all of them before one is built.
//!
//! Enters: sdists, wheels to build with, what is to be built. Leaves: what nothing there serves, with who asks for it, so that it can be
//! locked in one go and not after an hour of building; and the crates that parts in Rust name. Only what is written in the sdists is
//! known here: `[build-system]`, PKG-INFO, Cargo.lock. What a back end asks for when it runs comes to light when it does.

use super::Recipe;
use super::crates::{self, Crate};
use super::shelf::{Release, Shelf};
use super::source::Sdist;
use crate::limits::Limits;
use crate::python::dependency::{Specifier, Wanted};
use crate::python::metadata::Metadata;
use crate::python::name::ProjectName;
use crate::refusal::{Failure, Refusal};
use crate::system::fs;
use pep440_rs::{Operator, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What one sdist says of itself.
struct Facts {
    /// What builds it.
    requires: Vec<Specifier>,
    /// What it needs to run, for those that are built with it.
    requires_dist: Vec<Specifier>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Survey {
    missing: BTreeMap<ProjectName, Missing>,
    /// The crates of each Cargo.lock of an sdist that has parts in Rust, and the sdist.
    pub crates: Vec<(Sdist, Vec<Crate>)>,
    /// Each Cargo.lock of those that cannot be used: only the build knows whether it needs it.
    pub unusable: Vec<Refusal>,
}

/// One project that nothing there serves.
#[derive(Debug, Default)]
struct Missing {
    extras: BTreeSet<ProjectName>,
    /// Lower bounds, of which the highest counts, and the others.
    at_least: Option<Version>,
    others: BTreeSet<String>,
    whom: BTreeSet<String>,
    there: BTreeSet<String>,
}

/// Looks at `goals` and at everything on the shelf that builds them; `room` is a directory for what is temporary.
///
/// # Errors
/// When a directory or file cannot be used. An sdist that is malformed is passed over: its build says what is wrong.
pub fn survey(shelf: &Shelf, goals: &BTreeSet<Release>, recipe: &Recipe, room: &Path) -> Result<Survey, Failure> {
    let mut survey = Survey::default();
    let mut facts: BTreeMap<Release, Facts> = BTreeMap::new();
    let mut look = |release: &Release, survey: &mut Survey| -> Result<(Vec<Specifier>, Vec<Specifier>), Failure> {
        if !facts.contains_key(release) {
            let found = match shelf.sdists.get(release) {
                Some(sdist) => read(sdist, recipe, room, survey)?,
                None => Facts { requires: Vec::new(), requires_dist: Vec::new() },
            };
            facts.insert(release.clone(), found);
        }
        Ok(facts.get(release).map(|found| (found.requires.clone(), found.requires_dist.clone())).unwrap_or_default())
    };
    let mut releases: Vec<Release> = goals.iter().cloned().collect();
    let mut seen: BTreeSet<Release> = goals.clone();
    while let Some(release) = releases.pop() {
        let whom = shelf.sdists.get(&release).map(ToString::to_string).unwrap_or_default();
        let (requires, _) = look(&release, &mut survey)?;
        let mut asked: BTreeSet<(String, BTreeSet<ProjectName>)> = BTreeSet::new();
        let mut todo: Vec<(Specifier, BTreeSet<ProjectName>)> =
            requires.into_iter().map(|specifier| (specifier, BTreeSet::new())).collect();
        while let Some((specifier, extras)) = todo.pop() {
            let is_new = asked.insert((specifier.text().to_owned(), extras.clone()));
            if !is_new || !specifier.applies(&recipe.target, &extras).unwrap_or(true) {
                continue;
            }
            let fits = |version: &Version| match &specifier.wanted {
                Wanted::Any => true,
                Wanted::Versions(versions) => versions.contains(version),
                Wanted::Url(_) => false,
            };
            let further = if let Some(wheel) = shelf.locked.get(&specifier.name) {
                fits(wheel.file_name().version()).then(|| wheel.metadata().requires_dist.clone())
            } else if let Some(found) = shelf.newest(&specifier.name, fits) {
                if seen.insert(found.clone()) {
                    releases.push(found.clone());
                }
                Some(look(found, &mut survey)?.1)
            } else {
                None
            };
            match further {
                Some(further) => todo.extend(further.into_iter().map(|needed| (needed, specifier.extras.clone()))),
                None => survey.miss(shelf, &specifier, &whom),
            }
        }
    }
    Ok(survey)
}

fn read(sdist: &Sdist, recipe: &Recipe, room: &Path, survey: &mut Survey) -> Result<Facts, Failure> {
    let place = room.join("survey");
    let facts = sdist.unpack(&place, recipe.source_date_epoch).and_then(|root| {
        let system = sdist.build_system(&root)?;
        let information = root.join("PKG-INFO");
        let metadata = match fs::status(&information)? {
            Some(_) => Metadata::parse(&fs::read(&information, Limits::DEFAULT.metadata_size)?).ok(),
            None => None,
        };
        // a back end that packs examples of Rust is no part in Rust
        let of_rust = |name: &str| name.contains("rust") || name.contains("maturin");
        let in_root = fs::status(&root.join("Cargo.lock"))?.is_some();
        if in_root || system.requires.iter().any(|specifier| of_rust(specifier.name.as_str())) {
            let needs = crates::needs(sdist, &root)?;
            survey.crates.extend(needs.locks.into_iter().map(|lock| (sdist.clone(), lock)));
            survey.unusable.extend(needs.unusable);
        }
        let requires_dist = metadata.map(|metadata| metadata.requires_dist).unwrap_or_default();
        Ok(Facts { requires: system.requires, requires_dist })
    });
    fs::remove_stubborn(&place)?;
    match facts {
        Err(Failure::Refused(_)) => Ok(Facts { requires: Vec::new(), requires_dist: Vec::new() }),
        other => other,
    }
}

impl Survey {
    fn miss(&mut self, shelf: &Shelf, specifier: &Specifier, whom: &str) {
        let missing = self.missing.entry(specifier.name.clone()).or_default();
        missing.whom.insert(whom.to_owned());
        missing.extras.extend(specifier.extras.iter().cloned());
        match &specifier.wanted {
            Wanted::Any => {}
            Wanted::Url(url) => drop(missing.others.insert(format!(" @ {url}"))),
            Wanted::Versions(versions) => {
                for one in versions.iter() {
                    if *one.operator() == Operator::GreaterThanEqual {
                        missing.at_least = missing.at_least.take().max(Some(one.version().clone()));
                    } else {
                        missing.others.insert(one.to_string());
                    }
                }
            }
        }
        let locked = shelf.locked.get(&specifier.name).map(|wheel| wheel.file_name().version().to_string());
        let sdists = shelf.sdists.keys().filter(|release| release.0 == specifier.name);
        missing.there.extend(locked.into_iter().chain(sdists.map(|release| release.1.to_string())));
    }

    /// What is missing, a requirement a line with who asks for it, as a tool that locks reads it; empty when nothing is.
    pub fn missing(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, missing) in &self.missing {
            let extras: Vec<String> = missing.extras.iter().map(ToString::to_string).collect();
            let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
            let mut versions: Vec<String> = missing.at_least.iter().map(|version| format!(">={version}")).collect();
            versions.extend(missing.others.iter().cloned());
            let whom: Vec<&str> = missing.whom.iter().map(String::as_str).take(WHOM).collect();
            let more = match missing.whom.len().saturating_sub(whom.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let there: Vec<&str> = missing.there.iter().map(String::as_str).collect();
            let there = if there.is_empty() { String::new() } else { format!("; there is {}", there.join(", ")) };
            let requirement = format!("{name}{extras}{}", versions.join(","));
            lines.push(format!("{requirement:<32} # for {}{more}{there}", whom.join(", ")));
        }
        lines
    }
}

/// How many sdists that ask for a project are named.
const WHOM: usize = 2;
