//! What a Python project says of itself: [`Facts`].
//!
//! Enters: the texts of pyproject.toml and setup.cfg, and whether there is a setup.py. Leaves: name, version, description, commands,
//! dependencies and build system, each as far as it is written down. Nothing of the project is run: what only its code knows (a
//! version from git, dependencies from a function) is unknown here and is asked for. Specification of the `[project]` table:
//! <https://packaging.python.org/en/latest/specifications/pyproject-toml/>; Poetry's own table has its older keys.

use super::setup_cfg::SetupCfg;
use crate::code::Code;
use crate::maintain::build_system::{BuildSystem, SetupFiles};
use crate::python::entry_points::is_script_name;
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use pep440_rs::{Version, VersionSpecifiers};
use std::collections::BTreeSet;
use std::str::FromStr as _;
use toml::{Table, Value};

/// Whether the project's own wheel is the same for every architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineCode {
    /// Nothing that compiles is asked for.
    None,
    /// It may have some.
    Possible,
}

/// What of the specification a project uses that back ends learned late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// The `[project]` table (PEP 621).
    ProjectTable,
    /// A licence that is a text, or `license-files` (PEP 639).
    LicenceExpression,
}

/// What a project depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dependencies {
    /// These, and it says so itself.
    Written(Vec<String>),
    /// What its build back end says when it is run.
    Unknown,
}

/// What a project says of itself.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its name.
    pub name: Option<ProjectName>,
    /// Its version, where it is written down.
    pub version: Option<Version>,
    /// One line about it, by a stranger.
    pub description: Option<String>,
    /// Its page, by a stranger.
    pub homepage: Option<String>,
    /// Its licence, by a stranger.
    pub licence: Option<String>,
    /// Its scripts.
    pub commands: BTreeSet<String>,
    /// Scripts whose names cannot be those of files in bin.
    pub odd_commands: BTreeSet<String>,
    /// What it depends on.
    pub dependencies: Dependencies,
    /// The Pythons that it is for.
    pub python: Option<VersionSpecifiers>,
    /// Its build system.
    pub build: BuildSystem,
    /// What the back end has to understand.
    pub features: BTreeSet<Feature>,
    /// Whether it compiles something.
    pub machine_code: MachineCode,
    /// The file that a tool reads the dependencies from.
    pub file: &'static str,
}

/// Files of a source tree, as far as they are there.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The text of pyproject.toml.
    pub pyproject: Option<&'a str>,
    /// The text of setup.cfg.
    pub setup_cfg: Option<&'a str>,
    /// Whether there is a setup.py.
    pub setup_py: bool,
}

/// Build requirements that compile nothing.
const PURE: &[&str] = &[
    "flit-core",
    "hatch-vcs",
    "hatchling",
    "pdm-backend",
    "poetry-core",
    "setuptools",
    "setuptools-scm",
    "uv-build",
    "wheel",
];

impl Facts {
    /// Reads what is there.
    ///
    /// # Errors
    /// [`Code::ProjectMalformed`] for everything that cannot be read.
    pub fn read(sources: Sources<'_>) -> Result<Self, Vec<Refusal>> {
        let setup =
            if sources.setup_cfg.is_some() || sources.setup_py { SetupFiles::Present } else { SetupFiles::Absent };
        let build = BuildSystem::parse(sources.pyproject, setup)?;
        let document: Table = sources.pyproject.and_then(|text| toml::from_str(text).ok()).unwrap_or_default();
        let table = |path: &[&str]| -> Option<&Table> {
            path.iter().try_fold(&document, |table, key| table.get(*key)?.as_table())
        };
        let mut reader = Reader { refusals: Vec::new() };
        let mut facts = if let Some(project) = table(&["project"]) {
            reader.standard(project, build)
        } else if let Some(poetry) = table(&["tool", "poetry"]) {
            reader.poetry(poetry, build)
        } else {
            reader.setup_cfg(&SetupCfg::parse(sources.setup_cfg.unwrap_or_default()), sources, build)
        };
        let compiles = table(&["tool", "setuptools"]).is_some_and(|table| table.contains_key("ext-modules"))
            || table(&["tool", "poetry"]).is_some_and(|table| table.contains_key("build"))
            || table(&["tool", "hatch", "build"]).is_some_and(|table| table.contains_key("hooks"))
            || table(&["tool", "hatch", "build", "targets", "wheel"]).is_some_and(|table| table.contains_key("hooks"))
            || table(&["tool", "pdm", "build"]).is_some()
            || !facts.build.backend_path.is_empty()
            || sources.setup_py;
        let pure = facts.build.requires.iter().all(|one| PURE.contains(&one.name.as_str()));
        facts.machine_code = if pure && !compiles { MachineCode::None } else { MachineCode::Possible };
        if reader.refusals.is_empty() { Ok(facts) } else { Err(reader.refusals) }
    }
}

struct Reader {
    refusals: Vec<Refusal>,
}

impl Reader {
    fn wrong(&mut self, key: &str, expected: &str) {
        let message = format!("`{key}` of the project cannot be read");
        self.refusals.push(Refusal::new(Code::ProjectMalformed, message).expected(expected));
    }

    fn text(&mut self, table: &Table, key: &str) -> Option<String> {
        match table.get(key) {
            None => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.wrong(key, "a text");
                None
            }
        }
    }

    fn name(&mut self, text: Option<String>) -> Option<ProjectName> {
        let text = text?;
        let name = ProjectName::parse(&text);
        if name.is_none() {
            self.wrong("name", "letters, digits, `.`, `-` and `_`");
        }
        name
    }

    fn version(&mut self, text: Option<String>) -> Option<Version> {
        let text = text?;
        let version = Version::from_str(&text).ok();
        if version.is_none() {
            self.wrong("version", "a version as PEP 440 describes it, such as `1.0`");
        }
        version
    }

    fn python(&mut self, key: &str, text: Option<String>) -> Option<VersionSpecifiers> {
        let text = text?;
        let python = VersionSpecifiers::from_str(&text).ok();
        if python.is_none() {
            self.wrong(key, "conditions on versions, such as `>=3.11`");
        }
        python
    }

    /// From the `[project]` table.
    fn standard(&mut self, project: &Table, build: BuildSystem) -> Facts {
        let dynamic = |name: &str| {
            let list = project.get("dynamic").and_then(Value::as_array);
            list.is_some_and(|list| list.iter().any(|one| one.as_str() == Some(name)))
        };
        let dependencies = match project.get("dependencies") {
            _ if dynamic("dependencies") => Dependencies::Unknown,
            None => Dependencies::Written(Vec::new()),
            Some(Value::Array(list)) if list.iter().all(Value::is_str) => {
                Dependencies::Written(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            Some(_) => {
                self.wrong("dependencies", "a list of texts");
                Dependencies::Unknown
            }
        };
        let mut commands = Commands::default();
        for key in ["scripts", "gui-scripts"] {
            match project.get(key) {
                None => {}
                Some(Value::Table(scripts)) => scripts.keys().for_each(|name| commands.add(name)),
                Some(_) => self.wrong(key, "a table"),
            }
        }
        let urls = project.get("urls").and_then(Value::as_table);
        let homepage = urls.and_then(|urls| {
            let wanted = |name: &&str| {
                urls.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, url)| url.as_str())
            };
            ["homepage", "source", "repository", "source code"].iter().find_map(wanted).map(str::to_owned)
        });
        let licence = match project.get("license") {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Table(table)) => table.get("text").and_then(Value::as_str).map(str::to_owned),
            _ => None,
        };
        let mut features = BTreeSet::from([Feature::ProjectTable]);
        if project.get("license").is_some_and(Value::is_str) || project.contains_key("license-files") {
            features.insert(Feature::LicenceExpression);
        }
        let name = self.text(project, "name");
        let version = self.text(project, "version");
        let python = self.text(project, "requires-python");
        Facts {
            name: self.name(name),
            version: self.version(version),
            description: self.text(project, "description"),
            homepage,
            licence,
            commands: commands.good,
            odd_commands: commands.odd,
            dependencies,
            python: self.python("requires-python", python),
            build,
            features,
            machine_code: MachineCode::Possible,
            file: "pyproject.toml",
        }
    }

    /// From Poetry's own table, whose conditions on versions are its own.
    fn poetry(&mut self, poetry: &Table, build: BuildSystem) -> Facts {
        let mut commands = Commands::default();
        if let Some(scripts) = poetry.get("scripts").and_then(Value::as_table) {
            scripts.keys().for_each(|name| commands.add(name));
        }
        let only_python = |table: &Table| table.keys().all(|name| name == "python");
        let dependencies = match poetry.get("dependencies").and_then(Value::as_table) {
            Some(table) if !only_python(table) => Dependencies::Unknown,
            _ => Dependencies::Written(Vec::new()),
        };
        let name = self.text(poetry, "name");
        let version = self.text(poetry, "version");
        Facts {
            name: self.name(name),
            // Poetry has 0 where a plugin fills it in
            version: self.version(version.filter(|version| version != "0" && version != "0.0.0")),
            description: self.text(poetry, "description"),
            homepage: self.text(poetry, "homepage"),
            licence: self.text(poetry, "license"),
            commands: commands.good,
            odd_commands: commands.odd,
            dependencies,
            python: None,
            build,
            features: BTreeSet::new(),
            machine_code: MachineCode::Possible,
            file: "pyproject.toml",
        }
    }

    /// From setup.cfg, unless a setup.py may say something else.
    fn setup_cfg(&mut self, cfg: &SetupCfg, sources: Sources<'_>, build: BuildSystem) -> Facts {
        let said = |key: &str| cfg.get("metadata", key).map(str::to_owned);
        let written = !sources.setup_py && sources.setup_cfg.is_some();
        let list = cfg.lines("options", "install_requires");
        let dependencies = if written && (!list.is_empty() || !cfg.has("options", "install_requires")) {
            Dependencies::Written(list.into_iter().map(str::to_owned).collect())
        } else {
            Dependencies::Unknown
        };
        let mut commands = Commands::default();
        for key in ["console_scripts", "gui_scripts"] {
            for line in cfg.lines("options.entry_points", key) {
                commands.add(line.split('=').next().unwrap_or_default().trim());
            }
        }
        Facts {
            name: self.name(said("name")),
            version: self.version(said("version")),
            description: said("description"),
            homepage: said("url"),
            licence: said("license"),
            commands: commands.good,
            odd_commands: commands.odd,
            dependencies,
            python: self.python("python_requires", cfg.get("options", "python_requires").map(str::to_owned)),
            build,
            features: BTreeSet::new(),
            machine_code: MachineCode::Possible,
            file: if sources.setup_py { "setup.py" } else { "setup.cfg" },
        }
    }
}

/// Names of scripts, sorted out.
#[derive(Default)]
struct Commands {
    good: BTreeSet<String>,
    odd: BTreeSet<String>,
}

impl Commands {
    fn add(&mut self, name: &str) {
        let place = if is_script_name(name) { &mut self.good } else { &mut self.odd };
        place.insert(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pyproject: &str) -> Result<Facts, Vec<Refusal>> {
        Facts::read(Sources { pyproject: Some(pyproject), setup_cfg: None, setup_py: false })
    }

    #[test]
    fn the_standard_table() {
        let facts = read(
            "[project]\nname = 'Greet_Er'\nversion = '1.0rc1'\ndescription = 'd'\nlicense = {text = 'MIT'}\n\
             dependencies = ['click>=8']\nrequires-python = '>=3.9'\n[project.scripts]\ngreet = 'g:m'\n'a b' = 'g:m'\n\
             [project.urls]\nHomePage = 'https://example.org'\n[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n",
        )
        .unwrap();
        assert_eq!(facts.name.unwrap().as_str(), "greet-er");
        assert_eq!(facts.commands, ["greet".to_owned()].into());
        assert_eq!(facts.odd_commands, ["a b".to_owned()].into());
        assert_eq!(facts.dependencies, Dependencies::Written(vec!["click>=8".to_owned()]));
        assert_eq!((facts.machine_code, facts.licence.as_deref()), (MachineCode::None, Some("MIT")));
        assert_eq!(facts.homepage.as_deref(), Some("https://example.org"));
    }

    #[test]
    fn what_only_code_knows_is_unknown() {
        let facts = read("[project]\nname = 'x1'\ndynamic = ['version', 'dependencies']\n").unwrap();
        assert_eq!((facts.version, facts.dependencies), (None, Dependencies::Unknown));
        let text = "[metadata]\nname = x1\nversion = 1.0\n[options]\ninstall_requires = click\n";
        let facts = |setup_py| Facts::read(Sources { pyproject: None, setup_cfg: Some(text), setup_py }).unwrap();
        assert_eq!(facts(false).dependencies, Dependencies::Written(vec!["click".to_owned()]));
        assert_eq!(
            (facts(true).dependencies, facts(true).machine_code),
            (Dependencies::Unknown, MachineCode::Possible)
        );
        let facts = read(
            "[tool.poetry]\nname = 'x1'\nversion = '1'\n[tool.poetry.dependencies]\npython = '^3.9'\nx = '*'\n\
            [tool.poetry.scripts]\nx1 = 'x:y'\n[build-system]\nrequires = ['poetry-core']\nbuild-backend = 'poetry.core.masonry.api'\n",
        );
        let facts = facts.unwrap();
        assert_eq!((facts.dependencies, facts.commands.len()), (Dependencies::Unknown, 1));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let refusals =
            read("[project]\nname = 'a b'\nversion = 'one'\ndescription = 1\nscripts = 1\nrequires-python = 'x'\n")
                .unwrap_err();
        assert_eq!(refusals.len(), 5, "{refusals:?}");
        assert!(refusals.iter().all(|refusal| refusal.code == Code::ProjectMalformed));
        assert!(read("[project]\nname = ").is_err());
        assert!(read("").is_err(), "no project");
    }
}
