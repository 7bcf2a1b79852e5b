//! The maintainers' settings: rustvenv.toml, or `[tool.rustvenv]` in pyproject.toml.
//!
//! Enters: the text of either file. Leaves: [`Settings`], in which every value is of its own type. Strict, as the configuration of a
//! package is: what is not known is an error with its line. Every key has a default that fits the layout which debian/PKG.rustvenv
//! has by default, so that no file is needed. Whose key signs and with what is no setting: it is different for each person.

use crate::code::Code;
use crate::python::interpreter::Interpreter;
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The files in which a lock is looked for when none is named, in this order; the first that is there is taken.
pub const USUAL_LOCKS: &[&str] = &["uv.lock", "poetry.lock", "pylock.toml", "requirements/requirements.txt"];

/// The same for what builds.
pub const USUAL_BUILD_LOCKS: &[&str] = &["pylock.build.toml", "build.txt", "requirements/build.txt"];

/// The directory of everything that can be fetched or built again. Its name is hidden, because setuptools takes every directory in the
/// root of a project whose name could be that of a package for one.
pub const WORKSHOP: &str = ".rustvenv";

/// What `rustvenv update` works with. Paths are relative to the project, or absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The project's name, for the header of the list.
    pub project: Option<String>,
    /// Locks with upstream's hashes; empty: the first of [`USUAL_LOCKS`].
    pub locks: Vec<PathBuf>,
    /// Locks of what builds, with upstream's hashes; empty: the first of [`USUAL_BUILD_LOCKS`], if one is there.
    pub build_locks: Vec<PathBuf>,
    /// Extras of the project that are installed.
    pub extras: BTreeSet<ProjectName>,
    /// Dependency groups that are installed.
    pub groups: BTreeSet<ProjectName>,
    /// Where the requirements with the hashes of wheels are written.
    pub requirements: PathBuf,
    /// Where the requirements for the build back end of the project are written, if anywhere.
    pub build_requirements: Option<PathBuf>,
    /// Where sdists are kept.
    pub sdists: PathBuf,
    /// Where the Rust crates of sdists are kept, when one needs some.
    pub crates: PathBuf,
    /// Where wheels are kept.
    pub wheels: PathBuf,
    /// Where wheels are kept that only build others, and are not on the list.
    pub build_wheels: PathBuf,
    /// The signed list.
    pub manifest: PathBuf,
    /// Certificates.
    pub keyring: Vec<PathBuf>,
    /// Pinned fingerprints.
    pub signers: Vec<String>,
    /// How many certificates have to sign.
    pub threshold: usize,
    /// Projects of which upstream's wheel is taken.
    pub upstream_wheels: OfUpstream,
    /// The static index, if there is one.
    pub index: Option<PathBuf>,
    /// The Pythons that the wheels are for; empty: that of the distribution.
    pub pythons: Vec<Interpreter>,
    /// Where to fetch from; none: what pip and uv are set to.
    pub index_url: Vec<String>,
    /// The time of everything that is built, in seconds since 1970.
    pub source_date_epoch: Option<u64>,
}

/// Of which projects upstream's wheel is taken where one fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfUpstream {
    /// Of all: nothing is built but what upstream has no wheel of.
    Every,
    /// Of these, and all others are built.
    Named(BTreeSet<ProjectName>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Raw {
    project: Option<String>,
    locks: Vec<PathBuf>,
    build_locks: Vec<PathBuf>,
    extras: Vec<String>,
    groups: Vec<String>,
    requirements: PathBuf,
    build_requirements: Option<PathBuf>,
    sdists: PathBuf,
    crates: PathBuf,
    wheels: PathBuf,
    build_wheels: PathBuf,
    manifest: Option<PathBuf>,
    keyring: Vec<PathBuf>,
    signers: Vec<String>,
    threshold: usize,
    upstream_wheels: Vec<String>,
    index: Option<PathBuf>,
    python: Vec<String>,
    index_url: Vec<String>,
    source_date_epoch: Option<u64>,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            project: None,
            locks: Vec::new(),
            build_locks: Vec::new(),
            extras: Vec::new(),
            groups: Vec::new(),
            requirements: "requirements.txt".into(),
            build_requirements: None,
            sdists: ".rustvenv/sdists".into(),
            crates: ".rustvenv/crates".into(),
            wheels: "wheels".into(),
            build_wheels: ".rustvenv/build-wheels".into(),
            manifest: None,
            keyring: vec!["debian/signers".into()],
            signers: Vec::new(),
            threshold: 1,
            upstream_wheels: Vec::new(),
            index: None,
            python: Vec::new(),
            index_url: Vec::new(),
            source_date_epoch: None,
        }
    }
}

/// pyproject.toml, as far as it matters here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Pyproject {
    project: Named,
    tool: Tool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool {
    rustvenv: Option<Raw>,
    poetry: Named,
}

impl Settings {
    /// Whether something is kept in [`WORKSHOP`].
    pub fn uses_workshop(&self) -> bool {
        [&self.sdists, &self.crates, &self.build_wheels].into_iter().any(|path| path.starts_with(WORKSHOP))
    }

    /// Reads the settings of a project from the texts of its rustvenv.toml and its pyproject.toml, as far as they are there.
    ///
    /// # Errors
    /// Everything that is wrong in them; both of them having settings.
    pub fn parse(own: Option<&str>, pyproject: Option<&str>) -> Result<Self, Vec<Refusal>> {
        let of_project: Pyproject = pyproject.map(|text| read("pyproject.toml", text)).transpose()?.unwrap_or_default();
        let (file, raw) = match (own, of_project.tool.rustvenv) {
            (Some(_), Some(_)) => {
                let message = "rustvenv.toml and pyproject.toml both have settings for rustvenv".to_owned();
                return Err(vec![Refusal::new(Code::ConfigMalformed, message).hint("keep one of the two")]);
            }
            (Some(text), None) => ("rustvenv.toml", read("rustvenv.toml", text)?),
            (None, Some(raw)) => ("pyproject.toml", raw),
            (None, None) => ("the settings", Raw::default()),
        };
        let name = of_project.project.name.or(of_project.tool.poetry.name);
        let mut refusals = Vec::new();
        let mut wrong = |key: &str, value: &str, expected: &str| {
            let message = format!("{file}: `{key}` cannot be `{value}`");
            refusals.push(Refusal::new(Code::ConfigMalformed, message).expected(expected));
        };
        let mut names = |key: &str, texts: &[String]| -> BTreeSet<ProjectName> {
            let parse = |text: &String| {
                let name = ProjectName::parse(text);
                if name.is_none() {
                    wrong(key, text, "names of letters, digits, `.`, `-` and `_`");
                }
                name
            };
            texts.iter().filter_map(parse).collect()
        };
        let extras = names("extras", &raw.extras);
        let groups = names("groups", &raw.groups);
        let upstream_wheels = if raw.upstream_wheels.iter().any(|name| name == "*") {
            OfUpstream::Every
        } else {
            OfUpstream::Named(names("upstream-wheels", &raw.upstream_wheels))
        };
        let mut pythons = Vec::new();
        for text in &raw.python {
            match Interpreter::parse(text) {
                Some(python) => pythons.push(python),
                None => wrong("python", text, "`3.11`"),
            }
        }
        if raw.threshold == 0 {
            wrong("threshold", "0", "at least 1");
        }
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(Self {
            // as it stands in the header of a list
            project: raw.project.or(name).and_then(|name| ProjectName::parse(&name)).map(|name| name.to_string()),
            locks: raw.locks,
            build_locks: raw.build_locks,
            extras,
            groups,
            requirements: raw.requirements,
            build_requirements: raw.build_requirements,
            sdists: raw.sdists,
            crates: raw.crates,
            manifest: raw.manifest.unwrap_or_else(|| raw.wheels.join("sha256sums.txt")),
            wheels: raw.wheels,
            build_wheels: raw.build_wheels,
            keyring: raw.keyring,
            signers: raw.signers,
            threshold: raw.threshold,
            upstream_wheels,
            index: raw.index,
            pythons,
            index_url: raw.index_url,
            source_date_epoch: raw.source_date_epoch,
        })
    }
}

fn read<'a, T: Deserialize<'a>>(file: &str, text: &'a str) -> Result<T, Vec<Refusal>> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
        let message = format!("{file} line {line}: {}", error.message().replace('\n', " "));
        vec![Refusal::new(Code::ConfigMalformed, message).hint("rustvenv(5) lists the keys and their values")]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_settings_are_those_of_the_usual_layout() {
        let settings = Settings::parse(None, None).unwrap();
        assert_eq!(settings.manifest, PathBuf::from("wheels/sha256sums.txt"));
        assert_eq!((settings.threshold, settings.project), (1, None));
    }

    #[test]
    fn settings_stand_in_either_file_and_not_in_both() {
        let own = "wheels = \"debian/wheels\"\nupstream-wheels = [\"PyQt5_sip\"]\npython = [\"3.11\", \"3.13\"]\n";
        let settings = Settings::parse(Some(own), Some("[project]\nname = \"Hello_World\"\n")).unwrap();
        assert_eq!(settings.project.as_deref(), Some("hello-world"));
        assert_eq!(settings.manifest, PathBuf::from("debian/wheels/sha256sums.txt"));
        assert_eq!(settings.pythons.len(), 2);
        let other = "[tool.poetry]\nname = \"hello\"\n[tool.rustvenv]\nthreshold = 2\n[tool.other]\nx = 1\n";
        let settings = Settings::parse(None, Some(other)).unwrap();
        assert_eq!((settings.threshold, settings.project.as_deref()), (2, Some("hello")));
        assert!(Settings::parse(Some(own), Some(other)).is_err());
    }

    #[test]
    fn a_star_takes_upstreams_wheels_of_all_projects() {
        let settings = Settings::parse(Some("upstream-wheels = [\"*\"]\n"), None).unwrap();
        assert_eq!(settings.upstream_wheels, OfUpstream::Every);
        assert_eq!(Settings::parse(None, None).unwrap().upstream_wheels, OfUpstream::Named(BTreeSet::new()));
    }

    #[test]
    fn what_is_not_known_is_an_error_with_its_line() {
        for (own, pyproject, place) in [
            (Some("\nwheel = \"x\"\n"), None, "rustvenv.toml line 2"),
            (Some("threshold = 0\n"), None, "`threshold`"),
            (Some("python = [\"2\"]\n"), None, "`python`"),
            (Some("extras = [\"!\"]\n"), None, "`extras`"),
            (None, Some("[tool.rustvenv]\nsign = true\n"), "pyproject.toml line 2"),
        ] {
            let refusals = Settings::parse(own, pyproject).unwrap_err();
            assert!(refusals[0].message.contains(place), "{}", refusals[0].message);
        }
    }
}
