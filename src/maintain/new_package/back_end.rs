//! Where the build back end of a project comes from: Debian's packages where they serve, else verified wheels.
//!
//! Enters: what [build-system] requires, and which version of a Debian package there is for this release. Leaves: the packages for
//! Build-Depends, or that what is required has to be locked. No list of all of Debian is kept: a project is looked for under the
//! name that Debian's Python policy gives its package, and only exceptions stand here.

use super::facts::Feature;
use crate::maintain::build_system::{BuildSystem, upstream_version};
use crate::python::condition::meets;
use crate::python::dependency::{Specifier, Target, Wanted};
use pep440_rs::Version;
use std::collections::BTreeSet;
use std::str::FromStr as _;

/// Packages whose names do not follow from those of their projects, the newest name first.
const EXCEPTIONS: &[(&str, &[&str])] = &[
    ("cython", &["cython3"]),
    ("flit-core", &["python3-flit-core", "flit"]),
    ("meson-python", &["python3-mesonpy", "meson-python"]),
];

/// The first setuptools that makes wheels without the project `wheel`.
const SETUPTOOLS_WITH_WHEEL: &str = "70.1";

/// The first versions of back ends that understand what a project uses, by their own notes on releases. An older one stops at it, whatever
/// the project says that it requires.
const FIRST: &[(Feature, &str, &str)] = &[
    (Feature::ProjectTable, "setuptools", "61"),
    (Feature::ProjectTable, "poetry-core", "2.0"),
    (Feature::LicenceExpression, "setuptools", "77"),
    (Feature::LicenceExpression, "flit-core", "3.11"),
    (Feature::LicenceExpression, "poetry-core", "2.2"),
];

/// Where the back end comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackEnd {
    /// From these packages of the distribution.
    Distribution(BTreeSet<String>),
    /// From wheels: the distribution does not have these, or not in a version that fits.
    Wheels {
        /// What the distribution lacks, for people.
        missing: Vec<String>,
        /// Everything that is required.
        requires: Vec<String>,
    },
}

/// Decides for `system`, which has to understand `features`. `version_of` says which version of a Debian package this release has.
pub fn back_end(
    system: &BuildSystem,
    features: &BTreeSet<Feature>,
    target: &Target,
    version_of: &dyn Fn(&str) -> Option<String>,
) -> BackEnd {
    let none = BTreeSet::new();
    let needed: Vec<&Specifier> =
        system.requires.iter().filter(|one| one.applies(target, &none).unwrap_or(true)).collect();
    let mut packages = BTreeSet::new();
    let mut missing = Vec::new();
    for requirement in &needed {
        let name = requirement.name.as_str();
        let usual = format!("python3-{name}");
        let names = EXCEPTIONS.iter().find(|(project, _)| *project == name).map(|(_, names)| names.to_vec());
        let found = names.unwrap_or_else(|| vec![usual.as_str()]).into_iter().find_map(|package| {
            let version = Version::from_str(&upstream_version(&version_of(package)?)?).ok()?;
            let fits = match &requirement.wanted {
                Wanted::Any => true,
                Wanted::Versions(wanted) => meets(&version, wanted),
                Wanted::Url(_) => false,
            };
            let understands = |(feature, project, first): &(Feature, &str, &str)| {
                *project != name
                    || !features.contains(feature)
                    || Version::from_str(first).is_ok_and(|first| version >= first)
            };
            (fits && FIRST.iter().all(understands)).then(|| (package.to_owned(), version))
        });
        let Some((package, version)) = found else {
            missing.push(requirement.text().to_owned());
            continue;
        };
        packages.insert(package);
        let is_old = Version::from_str(SETUPTOOLS_WITH_WHEEL).is_ok_and(|with_wheel| version < with_wheel);
        if name == "setuptools" && is_old {
            packages.insert("python3-wheel".to_owned());
        }
    }
    if missing.is_empty() {
        return BackEnd::Distribution(packages);
    }
    BackEnd::Wheels { missing, requires: needed.iter().map(|one| one.text().to_owned()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maintain::build_system::SetupFiles;
    use crate::python::architecture::Architecture;
    use crate::python::interpreter::Interpreter;

    fn decide(requires: &str) -> BackEnd {
        decide_with(requires, &[Feature::ProjectTable])
    }

    fn decide_with(requires: &str, features: &[Feature]) -> BackEnd {
        let text = format!("[build-system]\nrequires = [{requires}]\n");
        let system = BuildSystem::parse(Some(&text), SetupFiles::Absent).unwrap();
        let target = Target::new(&Interpreter::parse("3.11").unwrap(), &Architecture::from_debian("amd64").unwrap());
        // as Debian 12 has them
        back_end(&system, &features.iter().copied().collect(), &target.unwrap(), &|package| {
            let version = match package {
                "python3-setuptools" => "66.1.1-1+deb12u2",
                "python3-wheel" => "0.38.4-2",
                "flit" => "3.8.0-3",
                "python3-hatchling" => "1.12.2-1",
                _ => return None,
            };
            Some(version.to_owned())
        })
    }

    #[test]
    fn the_distribution_where_it_serves() {
        let packages = |names: &[&str]| BackEnd::Distribution(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(decide("'setuptools>=61'"), packages(&["python3-setuptools", "python3-wheel"]));
        assert_eq!(decide("'flit_core >=3.2,<4'"), packages(&["flit"]));
        assert_eq!(decide("'hatchling', 'tomli; python_version < \"3.11\"'"), packages(&["python3-hatchling"]));
        assert_eq!(decide(""), packages(&[]));
    }

    /// setuptools 66 and flit 3.8 stop at `license = "MIT"`.
    #[test]
    fn what_an_old_back_end_does_not_understand() {
        let features = [Feature::ProjectTable, Feature::LicenceExpression];
        for requires in ["'setuptools'", "'flit_core'"] {
            assert!(matches!(decide(requires), BackEnd::Distribution(_)), "{requires}");
            assert!(matches!(decide_with(requires, &features), BackEnd::Wheels { .. }), "{requires}");
        }
        assert!(matches!(decide_with("'hatchling'", &features), BackEnd::Distribution(_)));
    }

    #[test]
    fn wheels_where_it_does_not() {
        for requires in ["'setuptools>=77'", "'uv_build>=0.8,<0.9'", "'hatchling @ https://example.org/x'"] {
            let BackEnd::Wheels { missing, .. } = decide(&format!("{requires}, 'wheel'")) else {
                panic!("{requires}");
            };
            assert_eq!(missing.len(), 1, "{requires}");
        }
    }
}
