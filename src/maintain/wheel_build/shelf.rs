//! Which wheels a back end needs: the closure of its requirements over what is there.
//!
//! Enters: specifiers, the wheels that were verified or built so far, and the sdists that could be built. Leaves: the wheels of one
//! environment, or which sdists have to be built first, or what is nowhere. A function of values: which sdist comes first
//! is decided in `schedule`.

use super::Recipe;
use super::source::Sdist;
use crate::code::Code;
use crate::python::dependency::{Specifier, Wanted};
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use crate::wheel::Wheel;
use pep440_rs::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A release that can be built.
pub type Release = (ProjectName, Version);

/// What there is to build with.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Verified wheels, one a project: they come first.
    pub locked: BTreeMap<ProjectName, Arc<Wheel>>,
    /// Sdists by release.
    pub sdists: BTreeMap<Release, Sdist>,
    /// Wheels that were built from them.
    pub built: BTreeMap<Release, Arc<Wheel>>,
}

/// What is known of the environment that some requirements ask for.
#[derive(Debug)]
pub enum Closure {
    /// Every wheel, in the order of the names.
    Complete(Vec<Arc<Wheel>>),
    /// These have to be built first.
    Waits(BTreeSet<Release>),
    /// This is nowhere.
    Missing(Vec<Refusal>),
}

impl Shelf {
    /// The newest sdist of `name` of which the version fits.
    pub fn newest(&self, name: &ProjectName, fits: impl Fn(&Version) -> bool) -> Option<&Release> {
        self.sdists.keys().filter(|release| release.0 == *name).rfind(|release| fits(&release.1))
    }

    /// The environment for `requirements` of `whom`.
    pub fn closure(&self, requirements: &[Specifier], recipe: &Recipe, whom: &str) -> Closure {
        let mut search = Search { shelf: self, recipe, whom, chosen: BTreeMap::new(), refusals: Vec::new() };
        let none = BTreeSet::new();
        let mut seen: BTreeSet<(String, BTreeSet<ProjectName>)> = BTreeSet::new();
        // a requirement, and the extras that are asked of the project that has it
        let mut todo: Vec<(Specifier, BTreeSet<ProjectName>)> =
            requirements.iter().rev().map(|specifier| (specifier.clone(), none.clone())).collect();
        while let Some((specifier, extras)) = todo.pop() {
            if !seen.insert((specifier.text().to_owned(), extras.clone())) {
                continue;
            }
            match specifier.applies(&recipe.target, &extras) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(why) => {
                    search.refuse(&specifier, format!("a marker without a value: {why}"));
                    continue;
                }
            }
            if let Some(Choice::Wheel(wheel)) = search.choose(&specifier) {
                let extras = &specifier.extras;
                todo.extend(wheel.metadata().requires_dist.iter().map(|needed| (needed.clone(), extras.clone())));
            }
        }
        search.end()
    }
}

/// What serves a project.
#[derive(Clone)]
enum Choice {
    Wheel(Arc<Wheel>),
    ToBuild(Release),
}

struct Search<'a> {
    shelf: &'a Shelf,
    recipe: &'a Recipe,
    whom: &'a str,
    chosen: BTreeMap<ProjectName, Choice>,
    refusals: Vec<Refusal>,
}

impl Search<'_> {
    fn refuse(&mut self, specifier: &Specifier, found: String) {
        let message = format!("what {} needs to be built is not there", self.whom);
        self.refusals.push(
            Refusal::new(Code::BuildRequirementMissing, message).expected(specifier.text()).found(found).hint(
                "lock it among what builds; `rustvenv build` takes its sdist or a wheel in `--build-requirements`",
            ),
        );
    }

    /// What serves `specifier`; every project is served once.
    fn choose(&mut self, specifier: &Specifier) -> Option<Choice> {
        let fits = |version: &Version| match &specifier.wanted {
            Wanted::Any => true,
            Wanted::Versions(versions) => versions.contains(version),
            Wanted::Url(_) => false,
        };
        let name = &specifier.name;
        if let Some(choice) = self.chosen.get(name).cloned() {
            let version = match &choice {
                Choice::Wheel(wheel) => wheel.file_name().version().clone(),
                Choice::ToBuild((_, version)) => version.clone(),
            };
            if !fits(&version) {
                self.refuse(specifier, format!("{name} {version}, which another requirement asks for"));
                return None;
            }
            return Some(choice);
        }
        let choice = if let Some(wheel) = self.shelf.locked.get(name) {
            if !fits(wheel.file_name().version()) {
                self.refuse(specifier, format!("`{}` is locked", wheel.file_name()));
                return None;
            }
            Choice::Wheel(Arc::clone(wheel))
        } else {
            let Some(release) = self.shelf.newest(name, fits) else {
                let of_project = self.shelf.sdists.keys().filter(|release| release.0 == *name);
                let versions: Vec<String> = of_project.map(|release| release.1.to_string()).collect();
                let found = if versions.is_empty() { format!("no {name}") } else { versions.join(", ") };
                self.refuse(specifier, found);
                return None;
            };
            match self.shelf.built.get(release) {
                Some(wheel) => Choice::Wheel(Arc::clone(wheel)),
                None => Choice::ToBuild(release.clone()),
            }
        };
        if let Choice::Wheel(wheel) = &choice {
            let python = wheel.metadata().requires_python.as_ref();
            if python.is_some_and(|versions| !versions.contains(&self.recipe.python)) {
                self.refuse(specifier, format!("`{}`, which is for another Python", wheel.file_name()));
                return None;
            }
        }
        self.chosen.insert(name.clone(), choice.clone());
        Some(choice)
    }

    fn end(self) -> Closure {
        if !self.refusals.is_empty() {
            return Closure::Missing(self.refusals);
        }
        let waits: BTreeSet<Release> = self
            .chosen
            .values()
            .filter_map(|choice| match choice {
                Choice::ToBuild(release) => Some(release.clone()),
                Choice::Wheel(_) => None,
            })
            .collect();
        if !waits.is_empty() {
            return Closure::Waits(waits);
        }
        let wheel = |choice| match choice {
            Choice::Wheel(wheel) => Some(wheel),
            Choice::ToBuild(_) => None,
        };
        Closure::Complete(self.chosen.into_values().filter_map(wheel).collect())
    }
}
