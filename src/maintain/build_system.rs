//! How a source tree wants to be built, as values: its [build-system] table, what that requires, and the call of its
//! back end.
//!
//! Enters: the text of pyproject.toml and the answers of the hook (`pep517_hook.py`). Leaves: a [`BuildSystem`],
//! refusals of what is missing, and the command line and environment in which the hook runs. Nothing here reads a file
//! or runs a program. Installing what is missing is deliberately absent: the environment is complete before, or nothing
//! is built.
//!
//! Specifications: PEP 518 for the table, PEP 517 for the hooks, both as kept at
//! <https://packaging.python.org/en/latest/specifications/pyproject-toml/>.

use crate::code::Code;
use crate::python::architecture::Architecture;
use crate::python::condition::meets;
use crate::python::dependency::{Specifier, Target, Wanted};
use crate::python::interpreter::Interpreter;
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use pep440_rs::Version;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

/// The back end of a tree that names none: setuptools as it worked before there were back ends.
const LEGACY_BACKEND: &str = "setuptools.build_meta:__legacy__";

/// Upper bound for the answers of the hook, in bytes: a thousand distributions are about one megabyte.
pub const ANSWER_SIZE: u64 = 64 << 20;

/// The [build-system] table of a source tree.
#[derive(Clone, Debug)]
pub struct BuildSystem {
    /// What has to be installed before the back end is imported.
    pub requires: Vec<Specifier>,
    /// The back end: `MODULE` or `MODULE:OBJECT`.
    pub backend: String,
    /// Directories of the source tree that hold the back end, relative to its root and without `..`.
    pub backend_path: Vec<String>,
}

/// What of a source tree is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupFiles {
    /// setup.py or setup.cfg is there.
    Present,
    /// Neither is there.
    Absent,
}

#[derive(Deserialize)]
struct PyProject {
    #[serde(rename = "build-system")]
    build_system: Option<Table>,
    project: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Table {
    requires: Vec<String>,
    build_backend: Option<String>,
    #[serde(default)]
    backend_path: Vec<String>,
}

impl BuildSystem {
    /// Reads the text of pyproject.toml, or what its absence means.
    ///
    /// # Errors
    /// [`Code::ProjectMalformed`] for everything that is wrong; only the first when the TOML itself is.
    pub fn parse(pyproject: Option<&str>, setup: SetupFiles) -> Result<Self, Vec<Refusal>> {
        let refuse = |message: String| Refusal::new(Code::ProjectMalformed, message);
        let read: PyProject = toml::from_str(pyproject.unwrap_or("")).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = pyproject.and_then(|text| text.get(..start)).unwrap_or("").matches('\n').count() + 1;
            vec![refuse(format!("pyproject.toml line {line}: {}", error.message().replace('\n', " ")))]
        })?;
        let Some(table) = read.build_system else {
            if read.project.is_none() && setup == SetupFiles::Absent {
                let refusal = refuse("the source tree has no Python project".to_owned())
                    .expected("pyproject.toml with a [build-system] or [project] table, setup.py or setup.cfg")
                    .hint("say `project = \"none\"` in the configuration when there is none, or name its directory");
                return Err(vec![refusal]);
            }
            let requires = Specifier::parse("setuptools").map_err(|reason| vec![refuse(reason)])?;
            return Ok(Self { requires: vec![requires], backend: LEGACY_BACKEND.to_owned(), backend_path: Vec::new() });
        };

        let mut refusals = Vec::new();
        let mut requires = Vec::new();
        for text in &table.requires {
            match Specifier::parse(text) {
                Ok(specifier) => requires.push(specifier),
                Err(reason) => refusals.push(refuse(format!("pyproject.toml requires `{text}`: {reason}"))),
            }
        }
        let backend = table.build_backend.unwrap_or_else(|| LEGACY_BACKEND.to_owned());
        if !is_object(&backend) {
            refusals.push(
                refuse(format!("pyproject.toml names no build back end: `{backend}`"))
                    .expected("MODULE or MODULE:OBJECT"),
            );
        }
        for path in &table.backend_path {
            if !is_inside(path) {
                refusals.push(
                    refuse(format!("backend-path in pyproject.toml leaves the source tree: `{path}`"))
                        .expected("relative paths without `..`"),
                );
            }
        }
        if refusals.is_empty() {
            Ok(Self { requires, backend, backend_path: table.backend_path })
        } else {
            Err(refusals)
        }
    }
}

/// Whether `text` is a dotted name, or two with a colon between them.
fn is_object(text: &str) -> bool {
    let identifier = |part: &str| {
        let begins = part.chars().next().is_some_and(|c| c == '_' || c.is_alphabetic());
        begins && part.chars().all(|c| c == '_' || c.is_alphanumeric())
    };
    let (module, object) = text.split_once(':').map_or((text, None), |(module, object)| (module, Some(object)));
    module.split('.').all(identifier) && object.is_none_or(|object| object.split('.').all(identifier))
}

fn is_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && !path.contains('\0') && path.split('/').all(|part| part != "..")
}

/// Where the back end and what it needs come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildEnvironment {
    /// The distribution's own packages, as Build-Depends installed them.
    Distribution,
    /// The virtual environment in this directory, made of verified wheels.
    VirtualEnvironment(PathBuf),
}

/// One distribution that the hook found.
#[derive(Clone, Debug, Deserialize)]
struct Distribution {
    name: String,
    version: String,
    requires: Vec<String>,
}

/// What the hook found in the environment.
#[derive(Clone, Debug, Deserialize)]
pub struct Look {
    python: String,
    machine: String,
    distributions: Vec<Distribution>,
    modules: BTreeSet<String>,
    /// What the back end requires beyond the table; `None` when it could not be asked.
    pub requires: Option<Vec<String>>,
}

/// What the hook made.
#[derive(Clone, Debug, Deserialize)]
pub struct Made {
    /// The wheel's file name.
    pub wheel: String,
}

/// What the hook is told.
#[derive(Serialize)]
struct Request<'a> {
    backend: &'a str,
    backend_path: Vec<&'a Path>,
    site: &'static str,
    wheel_directory: &'a Path,
    result: &'a Path,
}

/// What the hook is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// What is installed, and what the back end requires.
    Look,
    /// To make the wheel.
    Build,
}

impl Phase {
    /// The word for it on the hook's command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Build => "build",
        }
    }
}

/// The JSON that tells the hook what to do; all paths are absolute.
///
/// # Errors
/// When a path is not UTF-8.
pub fn request(
    system: &BuildSystem,
    environment: &BuildEnvironment,
    source: &Path,
    wheel_directory: &Path,
    result: &Path,
) -> Result<Vec<u8>, String> {
    let backend_path: Vec<PathBuf> = system.backend_path.iter().map(|path| source.join(path)).collect();
    let request = Request {
        backend: &system.backend,
        backend_path: backend_path.iter().map(PathBuf::as_path).collect(),
        site: match environment {
            BuildEnvironment::Distribution => "distribution",
            BuildEnvironment::VirtualEnvironment(_) => "environment",
        },
        wheel_directory,
        result,
    };
    serde_json::to_vec(&request).map_err(|error| error.to_string())
}

/// The command line of the hook, without what isolates it from the network.
///
/// `-I` is deliberately absent, because it makes Python ignore PYTHONHASHSEED; its parts are here (`-s`, the hook's
/// treatment of sys.path) or follow from the environment, which is [`variables`] and nothing else. `-S` keeps what lies
/// below /usr/local from running; a virtual environment needs what it leaves out.
pub fn command(
    environment: &BuildEnvironment,
    interpreter: &Path,
    hook: &Path,
    phase: Phase,
    request: &Path,
) -> Vec<OsString> {
    let mut argv: Vec<OsString> = match environment {
        BuildEnvironment::Distribution => vec![interpreter.into(), "-S".into()],
        BuildEnvironment::VirtualEnvironment(directory) => vec![directory.join("bin/python").into()],
    };
    argv.extend(["-s".into(), "-B".into(), hook.into(), phase.name().into(), request.into()]);
    argv
}

/// What the environment of a build is made of.
#[derive(Clone, Copy, Debug)]
pub struct Variables<'a> {
    /// Where the back end comes from.
    pub environment: &'a BuildEnvironment,
    /// The copy of the source tree.
    pub source: &'a Path,
    /// An empty home directory.
    pub home: &'a Path,
    /// A directory for temporary files.
    pub temporary: &'a Path,
    /// Seconds since 1970.
    pub source_date_epoch: u64,
    /// The version for back ends that would ask a version control system.
    pub version: Option<&'a str>,
    /// NAME=VALUE lines of dpkg-architecture.
    pub architecture: &'a str,
    /// NAME=VALUE lines of dpkg-buildflags.
    pub build_flags: &'a str,
    /// In a cross build the architecture that is built for, if its Python's own settings are installed ([`sysconfig_module`]).
    pub cross: Option<&'a Architecture>,
}

/// The module of the standard library that holds the settings of Debian's Python for `architecture`: which compiler it was made with, and
/// how its extension modules are called. libpython3.X-minimal has it, which can be installed for several architectures at once.
pub fn sysconfig_module(architecture: &Architecture) -> String {
    format!("_sysconfigdata__{}", architecture.multiarch())
}

/// Those of dpkg-buildflags' variables that Python's build back ends know.
const FLAGS: &[&str] = &["CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS"];

/// What Python compiles itself and its extensions with, in every distribution of it. setuptools leaves Python's own flags out when
/// there is a CFLAGS, and without these the extension stops the process where an assertion of Python's headers fails, has the
/// line numbers of these headers in it, and may be compiled as if integers never overflowed.
const OF_PYTHON: &str = "-DNDEBUG -fwrapv ";

/// The whole environment in which a back end runs: nothing of the builder's own is in it.
pub fn variables(from: Variables<'_>) -> BTreeMap<String, OsString> {
    let mut variables: BTreeMap<String, OsString> = assignments(from.architecture)
        .filter(|(name, _)| name.starts_with("DEB_"))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let mut set = |name: &str, value: OsString| {
        variables.insert(name.to_owned(), value);
    };

    let mut path = OsString::new();
    if let BuildEnvironment::VirtualEnvironment(directory) = from.environment {
        path.push(directory.join("bin"));
        path.push(":");
    }
    path.push("/usr/bin:/bin");
    set("PATH", path);
    set("HOME", from.home.into());
    set("TMPDIR", from.temporary.into());
    set("LC_ALL", "C.UTF-8".into());
    set("TZ", "UTC".into());
    set("SOURCE_DATE_EPOCH", from.source_date_epoch.to_string().into());
    set("PYTHONHASHSEED", "0".into());
    set("PYTHONDONTWRITEBYTECODE", "1".into());
    set("PYTHONNOUSERSITE", "1".into());
    // where the network cannot be cut off, a port that nobody listens at
    for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        set(name, "http://127.0.0.1:9/".into());
    }
    set("PIP_NO_INDEX", "1".into());
    if let Some(version) = from.version {
        for name in ["SETUPTOOLS_SCM_PRETEND_VERSION", "PBR_VERSION", "PDM_BUILD_SCM_VERSION"] {
            set(name, version.into());
        }
    }

    if let Some(architecture) = from.cross {
        // by these `sysconfig` speaks of the other Python, and with it every back end that asks it for a compiler and for names
        set("_PYTHON_HOST_PLATFORM", format!("linux-{}", architecture.machine()).into());
        set("_PYTHON_SYSCONFIGDATA_NAME", sysconfig_module(architecture).into());
    }

    let map = {
        let mut map = OsString::from("-ffile-prefix-map=");
        map.push(from.source);
        map.push("=.");
        map
    };
    for (name, value) in assignments(from.build_flags) {
        if !FLAGS.contains(&name) {
            continue;
        }
        // dpkg leaves its own out when the path has unusual characters; ours is always the same
        let words: Vec<&str> =
            value.split_whitespace().filter(|word| !word.starts_with("-ffile-prefix-map=")).collect();
        let mut flags = OsString::new();
        let compiles = matches!(name, "CFLAGS" | "CXXFLAGS");
        if compiles {
            flags.push(OF_PYTHON);
        }
        flags.push(words.join(" "));
        if compiles {
            flags.push(" ");
            flags.push(quoted(&map));
        }
        set(name, flags);
    }
    variables
}

fn assignments(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.split_once('='))
}

/// `word` as it stands for itself in a list of compiler flags, for a shell and for Python's own splitting alike.
fn quoted(word: &OsString) -> OsString {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-+=:._/~,@%".contains(byte);
    if word.as_encoded_bytes().iter().all(plain) {
        return word.clone();
    }
    let mut out = OsString::from("'");
    out.push(word.to_string_lossy().replace('\'', "'\\''"));
    out.push("'");
    out
}

impl Look {
    /// What of `requirements` is not met by what is installed; everything that is missing, each with its reason.
    ///
    /// Markers are evaluated for the Python that runs the back end. Debian's packages of some back ends carry no
    /// metadata (flit_core comes inside of another distribution), so in [`BuildEnvironment::Distribution`] a module of
    /// the required name is enough where no distribution of that name is installed.
    pub fn unmet(&self, requirements: &[Specifier], environment: &BuildEnvironment) -> Vec<Refusal> {
        let target = match self.target() {
            Ok(target) => target,
            Err(reason) => return vec![Refusal::new(Code::BuildRequirementMissing, reason)],
        };
        let mut refusals = Vec::new();
        let mut seen = BTreeSet::new();
        let mut todo: Vec<Specifier> = requirements.to_vec();
        // what is needed for an extra may need extras again
        while let Some(requirement) = todo.pop() {
            if !seen.insert(requirement.text().to_owned()) {
                continue;
            }
            match self.check(&requirement, &target, environment) {
                Ok(further) => todo.extend(further),
                Err(refusal) => refusals.push(refusal),
            }
        }
        refusals.sort();
        refusals
    }

    fn target(&self) -> Result<Target, String> {
        let unknown =
            || format!("the build interpreter is Python {} on {}, which is not known", self.python, self.machine);
        let interpreter = Interpreter::parse(&self.python).ok_or_else(unknown)?;
        let architecture =
            Architecture::all().find(|architecture| architecture.machine() == self.machine).or_else(|| {
                // 32-bit processors call themselves by their generation
                let family = if self.machine.starts_with("arm") { "armhf" } else { "i386" };
                let is_32_bit =
                    self.machine.starts_with("arm") || (self.machine.starts_with('i') && self.machine.ends_with("86"));
                Architecture::from_debian(family).filter(|_| is_32_bit)
            });
        Target::new(&interpreter, &architecture.ok_or_else(unknown)?)
    }

    /// Whether `requirement` is met; leaves what its extras require.
    fn check(
        &self,
        requirement: &Specifier,
        target: &Target,
        environment: &BuildEnvironment,
    ) -> Result<Vec<Specifier>, Refusal> {
        let text = requirement.text();
        let refuse = |found: String| {
            let hint = match environment {
                BuildEnvironment::Distribution => {
                    "add its package to Build-Depends, or name a lock of verified wheels in `build-requirements`"
                }
                BuildEnvironment::VirtualEnvironment(_) => "lock it in a file that `build-requirements` names",
            };
            Refusal::new(Code::BuildRequirementMissing, "the build back end of the project is not complete")
                .expected(text)
                .found(found)
                .hint(hint)
        };
        let none = BTreeSet::new();
        if !requirement
            .applies(target, &none)
            .map_err(|reason| refuse(format!("a marker without a value: {reason}")))?
        {
            return Ok(Vec::new());
        }
        let installed =
            self.distributions.iter().find(|d| ProjectName::parse(&d.name).as_ref() == Some(&requirement.name));
        let Some(installed) = installed else {
            let module = requirement.name.as_str().replace('-', "_");
            let importable = *environment == BuildEnvironment::Distribution && self.modules.contains(&module);
            return if importable { Ok(Vec::new()) } else { Err(refuse(format!("no {}", requirement.name))) };
        };
        let found = format!("{} {}", installed.name, installed.version);
        match &requirement.wanted {
            Wanted::Any => {}
            Wanted::Versions(versions) => {
                let version = Version::from_str(&installed.version)
                    .map_err(|_| refuse(format!("{found}, which is no version")))?;
                if !meets(&version, versions) {
                    return Err(refuse(found));
                }
            }
            Wanted::Url(_) => return Err(refuse(format!("{found}, of unknown origin"))),
        }
        if requirement.extras.is_empty() {
            return Ok(Vec::new());
        }
        let mut further = Vec::new();
        for text in &installed.requires {
            let Ok(specifier) = Specifier::parse(text) else { continue };
            let for_extras = specifier.applies(target, &requirement.extras).unwrap_or(false);
            if for_extras && !specifier.applies(target, &none).unwrap_or(false) {
                further.push(unmarked(&specifier, text)?);
            }
        }
        Ok(further)
    }
}

/// `specifier` without the marker that was found to hold.
fn unmarked(specifier: &Specifier, text: &str) -> Result<Specifier, Refusal> {
    let bare = text.split(';').next().unwrap_or(text).trim();
    Specifier::parse(bare).map_err(|reason| {
        let message = format!("what {} requires cannot be read: `{text}`: {reason}", specifier.name);
        Refusal::new(Code::BuildRequirementMissing, message)
    })
}

/// The upstream version in the version of a Debian package, as Python spells it; `None` when it is no Python version.
///
/// `1:2.0~rc1+dfsg-3` is `2.0rc1`: no epoch, no revision, no tilde, and none of the endings that only say that the
/// tarball was repacked.
pub fn upstream_version(debian: &str) -> Option<String> {
    let upstream = debian.split_once(':').map_or(debian, |(_, rest)| rest);
    let upstream = upstream.rsplit_once('-').map_or(upstream, |(upstream, _)| upstream);
    let upstream = upstream.rsplit_once("+really").map_or(upstream, |(_, really)| really);
    let end = ["+dfsg", ".dfsg", "~dfsg", "+ds", "~ds", "+repack", "~repack"]
        .iter()
        .filter_map(|mark| upstream.find(mark))
        .min();
    let upstream = end.and_then(|end| upstream.get(..end)).unwrap_or(upstream).replace('~', "");
    Version::from_str(&upstream).ok().map(|version| version.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<BuildSystem, String> {
        BuildSystem::parse(Some(text), SetupFiles::Absent)
            .map_err(|refusals| refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn the_table_is_read() {
        let system = parse(
            "[build-system]\n\
             requires = [\"flit_core >=3.2,<4\"]\n\
             build-backend = \"backend.inner:api\"\n\
             backend-path = [\".\", \"tools\"]\n",
        )
        .unwrap();
        assert_eq!(system.backend, "backend.inner:api");
        assert_eq!(system.backend_path, [".", "tools"]);
        assert_eq!(system.requires[0].name.as_str(), "flit-core");
    }

    #[test]
    fn without_a_table_it_is_setuptools() {
        for (text, setup) in [
            (None, SetupFiles::Present),
            (Some("[tool.black]\nline-length = 100\n"), SetupFiles::Present),
            (Some("[project]\nname = \"a\"\n"), SetupFiles::Absent),
            (Some("[build-system]\nrequires = [\"setuptools\"]\n"), SetupFiles::Absent),
        ] {
            let system = BuildSystem::parse(text, setup).unwrap();
            assert_eq!(system.backend, LEGACY_BACKEND, "{text:?}");
            assert_eq!(system.requires[0].text(), "setuptools", "{text:?}");
        }
    }

    #[test]
    fn a_tree_without_a_project_is_said_to_be_one() {
        for text in [None, Some(""), Some("[tool.black]\nline-length = 100\n")] {
            let refusals = BuildSystem::parse(text, SetupFiles::Absent).unwrap_err();
            assert_eq!(refusals[0].code, Code::ProjectMalformed);
            assert!(refusals[0].message.contains("no Python project"));
        }
    }

    #[test]
    fn malformed_tables_are_refused_with_everything_that_is_wrong() {
        for (text, parts) in [
            ("[build-system]\nrequires = 1\n", &["line 2"][..]),
            ("[build-system]\nbuild-backend = \"a\"\n", &["requires"][..]),
            ("[build-system]\nrequires = []\nextra = 1\n", &["line 3", "extra"][..]),
            ("x = [", &["line 1"][..]),
            (
                "[build-system]\n\
                 requires = [\"a b\"]\n\
                 build-backend = \"a; import os\"\n\
                 backend-path = [\"../x\", \"/y\", \"\"]\n",
                &["`a b`", "`a; import os`", "`../x`", "`/y`", "``"][..],
            ),
        ] {
            let told = parse(text).unwrap_err();
            for part in parts {
                assert!(told.contains(part), "{part} in {told}");
            }
        }
    }

    fn look(distributions: &[(&str, &str, &[&str])], modules: &[&str]) -> Look {
        Look {
            python: "3.11.2".to_owned(),
            machine: "x86_64".to_owned(),
            distributions: distributions
                .iter()
                .map(|(name, version, requires)| Distribution {
                    name: (*name).to_owned(),
                    version: (*version).to_owned(),
                    requires: requires.iter().map(|text| (*text).to_owned()).collect(),
                })
                .collect(),
            modules: modules.iter().map(|name| (*name).to_owned()).collect(),
            requires: None,
        }
    }

    fn unmet(look: &Look, requirements: &[&str], environment: &BuildEnvironment) -> Vec<String> {
        let requirements: Vec<_> = requirements.iter().map(|text| Specifier::parse(text).unwrap()).collect();
        look.unmet(&requirements, environment)
            .iter()
            .map(|refusal| {
                assert_eq!(refusal.code, Code::BuildRequirementMissing);
                format!("{} <- {}", refusal.expected.clone().unwrap(), refusal.found.clone().unwrap())
            })
            .collect()
    }

    #[test]
    fn requirements_are_compared_with_what_is_installed() {
        let look = look(
            &[
                ("Setuptools", "66.1.1", &[]),
                ("setuptools_scm", "7.1.0", &["packaging", "toml-lib>=2; extra == 'toml'", "rich; extra == 'rich'"]),
                ("toml.lib", "1.9", &[]),
            ],
            &["flit_core", "setuptools"],
        );
        let venv = BuildEnvironment::VirtualEnvironment(PathBuf::from("/v"));
        for (requirement, distribution, environment) in [
            ("setuptools", "", ""),
            ("setuptools>=61,<70", "", ""),
            ("setuptools >= 70", "setuptools >= 70 <- Setuptools 66.1.1", "setuptools >= 70 <- Setuptools 66.1.1"),
            ("tomli; python_version < '3.11'", "", ""),
            (
                "tomli; python_version >= '3.11'",
                "tomli; python_version >= '3.11' <- no tomli",
                "tomli; python_version >= '3.11' <- no tomli",
            ),
            ("flit_core>=3.2,<4", "", "flit_core>=3.2,<4 <- no flit-core"),
            // its own requirements are the business of whoever installed it, unless an extra is asked for
            ("setuptools-scm", "", ""),
            ("setuptools-scm[toml]", "toml-lib>=2 <- toml.lib 1.9", "toml-lib>=2 <- toml.lib 1.9"),
            ("setuptools-scm[rich]", "rich <- no rich", "rich <- no rich"),
            (
                "setuptools @ https://example.org/s.whl",
                "setuptools @ https://example.org/s.whl <- Setuptools 66.1.1, of unknown origin",
                "setuptools @ https://example.org/s.whl <- Setuptools 66.1.1, of unknown origin",
            ),
        ] {
            let told = |environment: &BuildEnvironment| unmet(&look, &[requirement], environment).join("|");
            assert_eq!(told(&BuildEnvironment::Distribution), distribution, "{requirement}");
            assert_eq!(told(&venv), environment, "{requirement}");
        }
        assert_eq!(unmet(&look, &["b", "a", "setuptools", "a"], &venv), ["a <- no a", "b <- no b"]);
    }

    fn flags(source: &str) -> BTreeMap<String, OsString> {
        variables(Variables {
            environment: &BuildEnvironment::VirtualEnvironment(PathBuf::from("/w/venv")),
            source: Path::new(source),
            home: Path::new("/w/home"),
            temporary: Path::new("/w/tmp"),
            source_date_epoch: 1_700_000_000,
            version: Some("1.2"),
            architecture: "DEB_HOST_ARCH=amd64\nLD_PRELOAD=/x.so\n",
            build_flags: "CFLAGS=-g -O2 -ffile-prefix-map=/somewhere=. -Wall\n\
                          LDFLAGS=-Wl,-z,relro\nGCJFLAGS=-g\nCXXFLAGS=-g\n",
            cross: Architecture::from_debian("armhf").as_ref(),
        })
    }

    #[test]
    fn the_environment_is_made_of_values_alone() {
        let variables = flags("/w/source");
        let get = |name: &str| variables.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(get("PATH"), Some("/w/venv/bin:/usr/bin:/bin"));
        assert_eq!(get("CFLAGS"), Some("-DNDEBUG -fwrapv -g -O2 -Wall -ffile-prefix-map=/w/source=."));
        assert_eq!(get("LDFLAGS"), Some("-Wl,-z,relro"));
        assert_eq!(get("GCJFLAGS"), None);
        assert_eq!(get("SETUPTOOLS_SCM_PRETEND_VERSION"), Some("1.2"));
        assert_eq!(get("DEB_HOST_ARCH"), Some("amd64"));
        assert_eq!(get("_PYTHON_HOST_PLATFORM"), Some("linux-armv7l"));
        assert_eq!(get("_PYTHON_SYSCONFIGDATA_NAME"), Some("_sysconfigdata__arm-linux-gnueabihf"));
        assert_eq!(get("LD_PRELOAD"), None);
        assert_eq!(get("PYTHONHASHSEED"), Some("0"));
        assert_eq!(get("HOME"), Some("/w/home"));
    }

    #[test]
    fn unusual_directories_are_quoted_in_compiler_flags() {
        let flags = |source: &str| flags(source)["CXXFLAGS"].to_str().unwrap().to_owned();
        assert_eq!(flags("/a b/ü"), "-DNDEBUG -fwrapv -g '-ffile-prefix-map=/a b/ü=.'");
        assert_eq!(flags("/it's"), r"-DNDEBUG -fwrapv -g '-ffile-prefix-map=/it'\''s=.'");
    }

    #[test]
    fn the_hook_runs_in_the_interpreter_of_its_site() {
        let words = |environment| {
            let argv = command(
                &environment,
                Path::new("/usr/bin/python3.11"),
                Path::new("/w/hook.py"),
                Phase::Look,
                Path::new("/w/r.json"),
            );
            argv.iter().map(|word| word.to_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(words(BuildEnvironment::Distribution), "/usr/bin/python3.11 -S -s -B /w/hook.py look /w/r.json");
        let venv = BuildEnvironment::VirtualEnvironment(PathBuf::from("/w/venv"));
        assert_eq!(words(venv), "/w/venv/bin/python -s -B /w/hook.py look /w/r.json");
    }

    #[test]
    fn debian_versions_become_upstream_versions() {
        for (debian, upstream) in [
            ("1.2.3-4", Some("1.2.3")),
            ("1:2.0~rc1+dfsg-3", Some("2.0rc1")),
            ("2.0+ds1-1~bpo12+1", Some("2.0")),
            ("3.0+really2.9-1", Some("2.9")),
            ("1.0", Some("1.0")),
            ("1.0+git20240101.abc-1", Some("1.0+git20240101.abc")),
            ("2024.1-1", Some("2024.1")),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(upstream_version(debian).as_deref(), upstream, "{debian}");
        }
    }
}
