//! Whether the set is complete: what `pip check` asks after the fact, asked before anything is written.
//!
//! Enters: the opened wheels, the extras that were requested, the target. Leaves: a refusal for each Requires-Dist that the set
//! does not meet, for each wheel that does not support the interpreter, and for each extra that does not exist.

use crate::code::Code;
use crate::config::MissingOk;
use crate::python::condition::meets;
use crate::python::dependency::{Target, Wanted};
use crate::python::interpreter::Interpreter;
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use crate::wheel::Wheel;
use pep440_rs::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;
use std::sync::Arc;

/// Extras that are requested of each project.
pub type Extras = BTreeMap<ProjectName, BTreeSet<ProjectName>>;

/// Checks that `wheels` need nothing that is not among them, but for what `missing_ok` names.
pub fn check(
    wheels: &[Arc<Wheel>],
    extras: &Extras,
    missing_ok: &MissingOk,
    interpreter: &Interpreter,
    target: &Target,
) -> Vec<Refusal> {
    let mut refusals: Vec<Refusal> = wheels.iter().filter_map(|wheel| python_version(wheel, interpreter)).collect();
    let by_name: BTreeMap<&ProjectName, &Arc<Wheel>> = wheels.iter().map(|wheel| (wheel.name(), wheel)).collect();
    for (project, requested) in extras {
        if let Some(wheel) = by_name.get(project) {
            refusals.extend(requested.difference(&wheel.metadata().provides_extra).map(|extra| {
                let known: Vec<&str> = wheel.metadata().provides_extra.iter().map(ProjectName::as_str).collect();
                Refusal::new(Code::ExtraUnknown, format!("`{}` has no extra `{extra}`", wheel.file_name()))
                    .expected(if known.is_empty() { "no extras".to_owned() } else { known.join(", ") })
            }));
        }
    }
    let is_missing_ok = |name: &ProjectName| match missing_ok {
        MissingOk::Everything => true,
        MissingOk::Named(names) => names.contains(name),
    };
    // an extra of one project can request extras of another, so this goes on until nothing is added
    let mut extras = extras.clone();
    let none = BTreeSet::new();
    loop {
        let mut more: Vec<(ProjectName, BTreeSet<ProjectName>)> = Vec::new();
        let mut found = Vec::new();
        for wheel in wheels {
            let requested = extras.get(wheel.name()).unwrap_or(&none);
            for requirement in &wheel.metadata().requires_dist {
                match requirement.applies(target, requested) {
                    Ok(false) => continue,
                    Ok(true) => {}
                    Err(why) => {
                        let message = format!(
                            "`{}`: the marker of `{}` cannot be evaluated: {why}",
                            wheel.file_name(),
                            requirement.text()
                        );
                        found.push(
                            Refusal::new(Code::MarkerMalformed, message).hint("give the full version in `python`"),
                        );
                        continue;
                    }
                }
                let Some(other) = by_name.get(&requirement.name) else {
                    if !is_missing_ok(&requirement.name) {
                        found.push(
                            Refusal::new(
                                Code::DependencyMissing,
                                format!(
                                    "`{}` requires `{}`, which is not in the set",
                                    wheel.file_name(),
                                    requirement.name
                                ),
                            )
                            .expected(format!("`{}`", requirement.text()))
                            .hint(
                                "lock it and list its wheel; `missing-ok` is for what a package of the distribution provides",
                            ),
                        );
                    }
                    continue;
                };
                if let Wanted::Versions(versions) = &requirement.wanted {
                    if !meets(other.file_name().version(), versions) && !is_missing_ok(&requirement.name) {
                        found.push(
                            Refusal::new(
                                Code::DependencyVersion,
                                format!(
                                    "`{}` excludes the locked version of `{}`",
                                    wheel.file_name(),
                                    requirement.name
                                ),
                            )
                            .expected(format!("`{}`", requirement.text()))
                            .found(other.file_name().to_string()),
                        );
                    }
                }
                let known = extras.get(&requirement.name).unwrap_or(&none);
                if !requirement.extras.is_subset(known) {
                    more.push((requirement.name.clone(), requirement.extras.clone()));
                }
            }
        }
        if more.is_empty() {
            refusals.extend(found);
            return refusals;
        }
        for (name, requested) in more {
            extras.entry(name).or_default().extend(requested);
        }
    }
}

fn python_version(wheel: &Wheel, interpreter: &Interpreter) -> Option<Refusal> {
    let wanted = wheel.metadata().requires_python.as_ref()?;
    let version = interpreter.full_version().unwrap_or_else(|| interpreter.version());
    let met = Version::from_str(&version).is_ok_and(|version| meets(&version, wanted));
    (!met).then(|| {
        Refusal::new(Code::PythonVersion, format!("`{}` does not support Python {version}", wheel.file_name()))
            .expected(format!("Requires-Python: {wanted}"))
    })
}
