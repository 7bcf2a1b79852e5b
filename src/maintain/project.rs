//! The project's own wheel: the source tree, built offline by its own back end.
//!
//! Enters: a source tree, an empty directory to work in, an interpreter with everything that the back end needs, and
//! the time of the package. Leaves: the bytes of one wheel, which then go the way of every other wheel. The tree itself
//! is never written to: a copy is built, in which modes, times and what is left out follow rules and not the builder's
//! machine. Nothing is fetched, and nothing of the builder's environment reaches the back end.

use super::build_system::{
    ANSWER_SIZE, BuildSystem, Look, Made, Phase, SetupFiles, Variables, command, request, variables,
};
pub use super::build_system::{BuildEnvironment, sysconfig_module, upstream_version};
use crate::limits::Limits;
use crate::python::architecture::Architecture;
use crate::python::dependency::Specifier;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::Failure;
use crate::system::fs::{self, Entry, Kind};
use crate::system::process::{Environment, Program};
use crate::system::processors;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// What calls the back end, inside of the interpreter.
pub(super) const HOOK: &str = include_str!("pep517_hook.py");

/// 1980-01-01: ZIP archives know no earlier time, and some back ends fail on one.
const OLDEST_TIME: u64 = 315_532_800;

/// What to build, and where.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The directory of the project: where its pyproject.toml or setup.py is.
    pub source: PathBuf,
    /// Files and directories that are no part of the project wherever they are, such as directories of wheels.
    pub exclude: Vec<PathBuf>,
    /// A directory for everything that is written: `source`, `home`, `tmp`, `wheel` and the hook's files must not be
    /// there.
    pub work: PathBuf,
    /// The Python of the package, such as /usr/bin/python3.11.
    pub interpreter: PathBuf,
    /// Where the back end comes from.
    pub environment: BuildEnvironment,
    /// The time of the package, in seconds since 1970.
    pub source_date_epoch: u64,
    /// The version for back ends that would ask a version control system; see
    /// [`upstream_version`].
    pub version: Option<String>,
    /// In a cross build the architecture that is built for, if the settings of its Python are installed.
    pub cross: Option<Architecture>,
    /// How many processors the back end and what it starts may use; all when nobody says. No input of the wheel.
    pub processors: Option<usize>,
}

/// Whether the back end could reach a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// It ran in a network namespace of its own, without any interface.
    Cut,
    /// The machine allows no namespace: there were only proxies that do not exist.
    Reachable,
}

/// The project's wheel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltWheel {
    /// Its file name.
    pub file_name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether the back end could reach a network.
    pub network: Network,
    /// Links and special files of the tree that the copy does not have, relative to the tree: they lead outside of it.
    pub left_out: Vec<PathBuf>,
    /// Where everything that the back end said is written.
    pub log: PathBuf,
}

/// Builds the wheel of a source tree.
///
/// # Errors
/// Refusals when the tree is no project ([`ProjectMalformed`](crate::code::Code::ProjectMalformed)) or when what its
/// back end requires is not installed ([`BuildRequirementMissing`](crate::code::Code::BuildRequirementMissing)). A
/// failure when the back end fails, with the end of what it said, or when it does not leave exactly one wheel.
pub fn build(request: &BuildRequest) -> Result<BuiltWheel, Failure> {
    let source = fs::canonicalize(&request.source)?;
    let work = fs::canonicalize(&request.work)?;
    let system = build_system(&source)?;
    let left_out = Copy::of(&source, &work, request)?;
    let workshop = Workshop::open(request, system, work)?;
    workshop.check_requirements()?;
    let made: Option<Made> = workshop.call(Phase::Build).and_then(|()| workshop.answer(Phase::Build))?;
    let (file_name, bytes) = workshop.only_wheel(made)?;
    let network = if workshop.namespace.is_empty() { Network::Reachable } else { Network::Cut };
    Ok(BuiltWheel { file_name, bytes, network, left_out, log: workshop.log(Phase::Build) })
}

fn build_system(source: &Path) -> Result<BuildSystem, Failure> {
    let exists = |name: &str| fs::status(&source.join(name)).map(|status| status.is_some());
    let pyproject = if exists("pyproject.toml")? {
        Some(fs::read_text(&source.join("pyproject.toml"), Limits::DEFAULT.configuration_size)?)
    } else {
        None
    };
    let setup = if exists("setup.py")? || exists("setup.cfg")? { SetupFiles::Present } else { SetupFiles::Absent };
    Ok(BuildSystem::parse(pyproject.as_deref(), setup)?)
}

/// What stands before a command line that is to run without a network: as root, and as anybody.
const NAMESPACES: &[&[&str]] =
    &[&["/usr/bin/unshare", "--net", "--"], &["/usr/bin/unshare", "--map-current-user", "--net", "--"]];

/// The first of [`NAMESPACES`] that this machine allows; nothing where it allows none.
fn namespace() -> &'static [&'static str] {
    let works = |words: &&&[&str]| {
        let mut program = Program::new(words.iter().chain(&["/usr/bin/true"]).copied());
        program.environment = Environment::Only(BTreeMap::new());
        program.succeeds()
    };
    NAMESPACES.iter().find(works).copied().unwrap_or_default()
}

/// What stands before a command line that is to use no more than `most` processors; nothing where there are no more.
fn bound(most: Option<usize>) -> Result<Vec<OsString>, Failure> {
    let all = processors::first(usize::MAX)?;
    let Some(some) = most.and_then(|most| all.get(..most.max(1))).filter(|some| some.len() < all.len()) else {
        return Ok(Vec::new());
    };
    Ok(["/usr/bin/taskset", "--cpu-list", &processors::list(some)].map(OsString::from).into())
}

/// The directory in which one project is built, and everything that a call of the hook needs.
struct Workshop<'a> {
    request: &'a BuildRequest,
    system: BuildSystem,
    work: PathBuf,
    namespace: &'static [&'static str],
    variables: BTreeMap<String, OsString>,
}

impl<'a> Workshop<'a> {
    /// Prepares the directory `work`, in which the copy of the tree is already.
    fn open(request: &'a BuildRequest, system: BuildSystem, work: PathBuf) -> Result<Self, Failure> {
        for name in ["home", "tmp", "wheel"] {
            fs::create_dir(&work.join(name))?;
        }
        fs::replace(&work.join("hook.py"), HOOK.as_bytes(), 0o644)?;
        // asked with our own environment, where dpkg's variables and those of debian/rules are
        let ask = |program: &str| Program::new([program]).run().map(|said| String::from_utf8_lossy(&said).into_owned());
        let variables = variables(Variables {
            environment: &request.environment,
            source: &work.join("source"),
            home: &work.join("home"),
            temporary: &work.join("tmp"),
            source_date_epoch: request.source_date_epoch,
            version: request.version.as_deref(),
            architecture: &ask("dpkg-architecture")?,
            build_flags: &ask("dpkg-buildflags")?,
            cross: request.cross.as_ref(),
        });
        Ok(Self { request, system, work, namespace: namespace(), variables })
    }

    fn log(&self, phase: Phase) -> PathBuf {
        self.work.join(format!("{}.log", phase.name()))
    }

    fn result(&self, phase: Phase) -> PathBuf {
        self.work.join(format!("{}.json", phase.name()))
    }

    /// Runs one phase of the hook to its end.
    fn call(&self, phase: Phase) -> Result<(), Failure> {
        let wheels = self.work.join("wheel");
        let source = self.work.join("source");
        let told = request(&self.system, &self.request.environment, &source, &wheels, &self.result(phase))
            .map_err(|reason| Failure::unable(format!("the build back end cannot be told where to build: {reason}")))?;
        let file = self.work.join(format!("{}-request.json", phase.name()));
        fs::replace(&file, &told, 0o644)?;
        let hook = self.work.join("hook.py");
        let mut program = Program::new(self.namespace.iter().copied());
        program.argv.extend(bound(self.request.processors)?);
        program.argv.extend(command(&self.request.environment, &self.request.interpreter, &hook, phase, &file));
        program.environment = Environment::Only(self.variables.clone());
        program.directory = Some(source);
        program.log = Some(self.log(phase));
        program.run().map(|_| ()).map_err(|failure| match failure {
            Failure::Unable { message, hint } => {
                let backend = &self.system.backend;
                Failure::Unable { message: format!("the project's build back end `{backend}` failed: {message}"), hint }
            }
            refused @ Failure::Refused(_) => refused,
        })
    }

    /// What the hook answered; `None` when it did not come that far.
    fn answer<T: DeserializeOwned>(&self, phase: Phase) -> Result<Option<T>, Failure> {
        let path = self.result(phase);
        if fs::status(&path)?.is_none() {
            return Ok(None);
        }
        let text = fs::read(&path, ANSWER_SIZE)?;
        serde_json::from_slice(&text).map_err(|error| {
            Failure::unable(format!("the build back end's answer in {} cannot be read: {error}", path.display()))
        })
    }

    /// Asks what is installed and what the back end requires, and compares the two.
    fn check_requirements(&self) -> Result<(), Failure> {
        let outcome = self.call(Phase::Look);
        let look: Option<Look> = self.answer(Phase::Look)?;
        let unmet = |requirements: &[Specifier]| match &look {
            Some(look) => look.unmet(requirements, &self.request.environment),
            None => Vec::new(),
        };
        // a back end that is not there cannot be asked: what is missing says more than how the call failed
        let refusals = unmet(&self.system.requires);
        if !refusals.is_empty() {
            return Err(refusals.into());
        }
        outcome?;
        let further: Vec<String> = look.as_ref().and_then(|look| look.requires.clone()).unwrap_or_default();
        let further: Vec<Specifier> = further
            .iter()
            .map(|text| {
                Specifier::parse(text).map_err(|reason| {
                    Failure::unable(format!("the build back end requires `{text}`, which cannot be read: {reason}"))
                })
            })
            .collect::<Result<_, _>>()?;
        let refusals = unmet(&further);
        if refusals.is_empty() { Ok(()) } else { Err(refusals.into()) }
    }

    /// The one file that the back end left, which has to be the one that it named.
    fn only_wheel(&self, made: Option<Made>) -> Result<(String, Vec<u8>), Failure> {
        let backend = &self.system.backend;
        let unable = |what: String| {
            let log = self.log(Phase::Build);
            Failure::unable_hint(
                format!("the project's build back end `{backend}` {what}"),
                format!("the whole output is in {}", log.display()),
            )
        };
        let made = made.ok_or_else(|| unable("ended without an answer".to_owned()))?.wheel;
        let entries = fs::list(&self.work.join("wheel"))?;
        let [entry] = entries.as_slice() else {
            return Err(unable(format!("left {} files instead of one wheel", entries.len())));
        };
        if entry.kind != Kind::File || entry.name != *made {
            return Err(unable(format!("left no wheel `{made}`")));
        }
        WheelFilename::parse(&made)
            .map_err(|reason| unable(format!("left a wheel with the name `{made}`: {reason}")))?;
        Ok((made, fs::read(&entry.path, Limits::DEFAULT.wheel_size)?))
    }
}

/// Directories that hold something else than the project, wherever they are.
const ANYWHERE: &[&str] = &[".bzr", ".git", ".hg", ".jj", ".svn", "CVS", "__pycache__", "_darcs"];

/// Directories that hold something else than the project at the root of the tree: what tools leave behind.
const AT_THE_ROOT: &[&str] =
    &[".eggs", ".mypy_cache", ".nox", ".pybuild", ".pytest_cache", ".ruff_cache", ".tox", ".venv", "venv"];

/// What setuptools leaves in `build/`, up to a dot or dash; its next run would take stale modules from there.
const IN_BUILD: &[&str] = &["bdist", "lib", "scripts", "temp"];

/// Copies a source tree so that the copy depends on the content of the tree alone.
struct Copy<'a> {
    source: &'a Path,
    target: PathBuf,
    work: &'a Path,
    exclude: BTreeSet<PathBuf>,
    time: u64,
    /// An sdist brings its list of files in `*.egg-info`; elsewhere that is left over from a build.
    is_sdist: bool,
    left_out: Vec<PathBuf>,
}

impl<'a> Copy<'a> {
    /// Copies `source` to `work`/source: directories 0755, files 0755 or 0644, every time that of the package, all
    /// in the order of the names. Leaves what would have led outside of the tree.
    fn of(source: &'a Path, work: &'a Path, request: &BuildRequest) -> Result<Vec<PathBuf>, Failure> {
        let mut copy = Self {
            source,
            target: work.join("source"),
            work,
            // what is not there excludes nothing
            exclude: request.exclude.iter().filter_map(|path| fs::canonicalize(path).ok()).collect(),
            time: request.source_date_epoch.max(OLDEST_TIME),
            is_sdist: fs::status(&source.join("PKG-INFO"))?.is_some(),
            left_out: Vec::new(),
        };
        copy.directory(Path::new(""))?;
        Ok(copy.left_out)
    }

    fn directory(&mut self, relative: &Path) -> Result<(), Failure> {
        let target = self.target.join(relative);
        fs::create_dir(&target)?;
        for entry in fs::list(&self.source.join(relative))? {
            let path = relative.join(&entry.name);
            if self.is_excluded(&path, &entry)? {
                continue;
            }
            match entry.kind {
                Kind::Directory => self.directory(&path)?,
                Kind::File => self.file(&path, &entry.path)?,
                Kind::Link => self.link(path, &entry.path)?,
                Kind::Special => self.left_out.push(path),
            }
        }
        // last: every entry that was added set it anew
        fs::set_mtime(&target, self.time)
    }

    fn file(&self, path: &Path, from: &Path) -> Result<(), Failure> {
        let executable = fs::status(from)?.is_some_and(|status| status.mode & 0o111 != 0);
        let target = self.target.join(path);
        fs::create(&target, if executable { 0o755 } else { 0o644 }, &mut |write| fs::read_in_pieces(from, write))?;
        fs::set_mtime(&target, self.time)
    }

    fn link(&mut self, path: PathBuf, from: &Path) -> Result<(), Failure> {
        let says = fs::read_link(from)?;
        // the text decides where the copy leads, what it resolves to where the original leads
        let resolved_inside = fs::canonicalize(from).map_or(true, |resolved| resolved.starts_with(self.source));
        match says.to_str().filter(|_| resolved_inside && stays_inside(&path, &says)) {
            Some(says) => {
                let target = self.target.join(&path);
                fs::symlink(says, &target)?;
                fs::set_mtime(&target, self.time)
            }
            None => {
                self.left_out.push(path);
                Ok(())
            }
        }
    }

    fn is_excluded(&self, path: &Path, entry: &Entry) -> Result<bool, Failure> {
        if self.exclude.contains(&entry.path) || entry.path == self.work {
            return Ok(true);
        }
        let is = |names: &[&str]| names.iter().any(|name| entry.name == **name);
        if is(ANYWHERE) {
            // a worktree or submodule has a file `.git`
            return Ok(entry.kind == Kind::Directory || entry.name == ".git");
        }
        if entry.kind != Kind::Directory {
            return Ok(false);
        }
        let has = |name: &str| fs::status(&entry.path.join(name)).map(|status| status.is_some());
        let parent = path.parent().unwrap_or_else(|| Path::new(""));
        let at_the_root = parent.as_os_str().is_empty();
        if at_the_root && entry.name == "debian" {
            return Ok(has("changelog")? || has("control")?);
        }
        if at_the_root && is(AT_THE_ROOT) {
            return Ok(entry.name != "venv" || has("pyvenv.cfg")?);
        }
        let name = entry.name.to_string_lossy();
        if parent == Path::new("build") {
            return Ok(IN_BUILD.contains(&name.split(['.', '-']).next().unwrap_or_default()));
        }
        let beside_packages = at_the_root || parent == Path::new("src") || parent == Path::new("lib");
        Ok(beside_packages && name.ends_with(".egg-info") && !self.is_sdist)
    }
}

/// Whether a link at `path`, relative to a tree, that says `target` leads to something in that tree, by its text alone.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return false,
            },
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_judged_by_where_the_copy_would_lead() {
        for (path, target, inside) in [
            ("a", "b", true),
            ("a/b", "../c", true),
            ("a/b", "./../c/d/../e", true),
            ("a/b", "../../c", false),
            ("a", "..", false),
            ("a/b", "..", true),
            ("a", "/etc/passwd", false),
            ("a", "../tree/b", false),
        ] {
            assert_eq!(stays_inside(Path::new(path), Path::new(target)), inside, "{path} {target}");
        }
    }
}
