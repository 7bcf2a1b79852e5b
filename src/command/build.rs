//! `rustvenv build`: wheels from sdists, each built twice in a sandbox.
//!
//! Enters: directories and options. Leaves: wheels with their records, and on standard output a line for each wheel that was asked
//! for or that one of those needs: its SHA-256 and name. What is said to people goes to standard error. Fetching is
//! deliberately absent: what is not in the directories is missing.

use super::{inputs, locks, trust_options};
use crate::cli::{BuildArguments, Format};
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::lock::{Lock, Locked};
use crate::maintain::fetch::choose::Wanted as Selected;
use crate::maintain::sandbox;
use crate::maintain::settings::USUAL_BUILD_LOCKS;
use crate::maintain::wheel_build::crates;
use crate::maintain::wheel_build::record::Memory;
use crate::maintain::wheel_build::schedule::{self, Finished, Made, Order};
use crate::maintain::wheel_build::shelf::{Release, Shelf};
use crate::maintain::wheel_build::source::{self, Sdist};
use crate::maintain::wheel_build::survey::survey;
use crate::maintain::wheel_build::{DEFAULT_TIME, Recipe, Rust};
use crate::python::dependency::{Specifier, Target, Wanted};
use crate::python::interpreter::Interpreter;
use crate::python::marker::Requested;
use crate::python::name::ProjectName;
use crate::python::tags::CompatibleTags;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Failure, Refusal, printable};
use crate::system::env;
use crate::system::fs::{self, Spool};
use crate::system::process::{Environment, Program};
use crate::trust::verified_wheel::{Approval, Candidate, verify_wheels};
use crate::wheel::Wheel;
use pep440_rs::Version;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

/// ZIP archives know times from 1980 to 2107.
const TIMES: std::ops::RangeInclusive<u64> = 315_532_800..=4_354_819_198;

/// Carries the command out.
///
/// # Errors
/// Every reason why an sdist was not built.
pub fn run(arguments: &BuildArguments) -> Result<(), Failure> {
    let finished = Bench::prepare(arguments, &arguments.wheels, BTreeMap::new())?.make()?;
    let lines: String = finished.iter().map(|one| line(one, arguments.format)).collect();
    super::print(&lines)
}

/// Everything that is known before the first sdist is built.
pub(super) struct Bench<'a> {
    arguments: &'a BuildArguments,
    tools: &'a Path,
    recipe: Recipe,
    shelf: Shelf,
    goals: BTreeSet<Release>,
    room: tempfile::TempDir,
    room_path: PathBuf,
}

impl<'a> Bench<'a> {
    /// Finds what is asked for and what there is to build it with. Wheels that are not asked for go to `tools`; `upstream` are
    /// the releases of which a wheel there is to be used as it is.
    ///
    /// # Errors
    /// As [`run`].
    pub(super) fn prepare(
        arguments: &'a BuildArguments,
        tools: &'a Path,
        upstream: BTreeMap<ProjectName, Locked>,
    ) -> Result<Self, Failure> {
        let room = fs::temporary_directory()?;
        // the user inside of a sandbox is another one, and has to pass
        fs::set_mode(room.path(), 0o711)?;
        let room_path = fs::canonicalize(room.path())?;
        sandbox::check(&room_path.join("sandbox"))?;
        fs::create_dir_all(&arguments.wheels)?;
        fs::create_dir_all(tools)?;
        let recipe = recipe(arguments)?;
        let sdists = asked_for(source::list(&arguments.sdists)?, arguments, &recipe)?;
        let shelf = Shelf {
            locked: locked(arguments, upstream, &recipe)?,
            sdists: sdists.into_iter().map(|s| ((s.name.clone(), s.version.clone()), s)).collect(),
            built: BTreeMap::new(),
        };
        let goals = goals(&arguments.names, &shelf)?;
        Ok(Self { arguments, tools, recipe, shelf, goals, room, room_path })
    }

    /// Refuses, with one list, when something to build with is missing that the sdists name, and fetches the Rust crates that they
    /// name into `crates`.
    ///
    /// # Errors
    /// [`Code::BuildRequirementMissing`], or those of [`crates::fetch`].
    pub(super) fn complete(&self, crates: &Path) -> Result<(), Failure> {
        let survey = survey(&self.shelf, &self.goals, &self.recipe, &self.room_path)?;
        let missing = survey.missing();
        if !missing.is_empty() {
            // data, so that it can go into a file as it is
            let lines: String = missing.iter().map(|line| format!("{}\n", printable(line))).collect();
            super::print(&lines)?;
            let message = format!("{} of the projects that sdists are built with are not locked", missing.len());
            return Err(Refusal::new(Code::BuildRequirementMissing, message)
                .expected(format!(
                    "hashes of their sdists in {}, or in what `build-locks` names",
                    USUAL_BUILD_LOCKS.join(", ")
                ))
                .hint(
                    "`rustvenv update >>build.in` takes the lines above down, `uv pip compile --generate-hashes build.in -o \
                     build.txt` locks them; versions that exclude one another take a lock each",
                )
                .into());
        }
        for unusable in &survey.unusable {
            let why = unusable.found.as_deref().unwrap_or_default();
            super::say(&printable(&format!("rustvenv: warning: {}: {why}", unusable.message)));
        }
        for (sdist, lock) in &survey.crates {
            let place = self.room_path.join("crates");
            let fetched = crates::fetch(lock, crates, &place)?;
            fs::remove(&place)?;
            super::say(&printable(&format!("rustvenv: {sdist} names {} crates; {fetched} were fetched", lock.len())));
        }
        Ok(())
    }

    /// Builds what is asked for and what that needs.
    ///
    /// # Errors
    /// As [`run`].
    pub(super) fn make(self) -> Result<Vec<Finished>, Failure> {
        let Self { arguments, tools, recipe, shelf, goals, room, room_path } = self;
        let order = Order {
            recipe: &recipe,
            shelf,
            goals,
            wheels: &arguments.wheels,
            tools,
            memory: Memory::below(env::caches()),
            room: &room_path,
            jobs: arguments.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
        };
        let finished = schedule::build(order, &mut |line| super::say(&format!("rustvenv: {}", printable(line))));
        drop(room);
        finished
    }
}

fn line(finished: &Finished, format: Format) -> String {
    let wheel = &finished.record.wheel;
    match format {
        Format::Text => format!("{}  {}\n", wheel.sha256, wheel.file_name),
        Format::Json => {
            let built = match finished.made {
                Made::Now => "now",
                Made::Before => "before",
            };
            format!("{}\n", serde_json::json!({ "built": built, "record": finished.record }))
        }
    }
}

fn recipe(arguments: &BuildArguments) -> Result<Recipe, Failure> {
    let interpreter = match &arguments.python {
        Some(text) => {
            Interpreter::parse(text).ok_or_else(|| Failure::unable(format!("--python is no version: `{text}`")))?
        }
        None => inputs::default_interpreter()?,
    };
    // `Python 3.11.2`: markers may ask for the patch release
    let said = said(&[&interpreter.path(), "-V"]).ok_or_else(|| {
        let package = interpreter.program();
        Failure::unable_hint(format!("cannot run {}", interpreter.path()), format!("apt install {package}"))
    })?;
    let full = said.split_whitespace().nth(1).unwrap_or_default();
    let no_version = || Failure::unable(format!("{} says it is `{said}`", interpreter.path()));
    let python = Version::from_str(full).map_err(|_| no_version())?;
    let running = Interpreter::parse(full).ok_or_else(no_version)?;
    let architecture = inputs::host_architecture()?;
    let epoch = arguments.source_date_epoch.unwrap_or(DEFAULT_TIME);
    if !TIMES.contains(&epoch) {
        return Err(Failure::unable_hint(
            format!("--source-date-epoch is no time that a wheel can hold: {epoch}"),
            "give seconds since 1970, from 315532800 (1980) to 4354819198 (2107)",
        ));
    }
    let path = arguments.build_path.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let taken = [
        "bin",
        "builder",
        "crates",
        "dev",
        "environment",
        "etc",
        "home",
        "lib",
        "output",
        "proc",
        "rust",
        "rustvenv",
        "sys",
        "tmp",
        "usr",
    ];
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if !path.starts_with('/')
        || !path.chars().all(plain)
        || path.contains("//")
        || path.contains("/.")
        || taken.contains(&first)
    {
        return Err(Failure::unable_hint(
            format!("--build-path is no path for sources: `{}`", arguments.build_path),
            "give an absolute path of plain characters outside of the system's directories, such as /build",
        ));
    }
    Ok(Recipe {
        target: Target::new(&running, &architecture).map_err(Failure::unable)?,
        interpreter,
        python,
        source_date_epoch: epoch,
        path: path.to_owned(),
        build_flags: build_flags(),
        compiler: said_first(&["/usr/bin/cc", "--version"]),
        rust: rust(),
        crates: arguments.crates.clone(),
        limit: Duration::from_secs(arguments.timeout),
    })
}

/// What a program prints, in an environment without anything of the caller's; `None` when it fails.
fn said(argv: &[&str]) -> Option<String> {
    let mut program = Program::new(argv.iter().copied());
    program.environment = Environment::Only(BTreeMap::from([
        ("PATH".to_owned(), "/usr/bin:/bin".into()),
        ("HOME".to_owned(), "/nonexistent".into()),
        ("LC_ALL".to_owned(), "C.UTF-8".into()),
        // one warning of a stranger's sources is no reason not to build them
        ("DEB_BUILD_MAINT_OPTIONS".to_owned(), "hardening=-format".into()),
    ]));
    Some(String::from_utf8_lossy(&program.run().ok()?).into_owned())
}

fn said_first(argv: &[&str]) -> String {
    said(argv).and_then(|text| text.lines().next().map(str::to_owned)).unwrap_or_default()
}

/// The Rust toolchain: the distribution's, else the one that the caller uses.
fn rust() -> Option<Rust> {
    if let Some(version) = said(&["/usr/bin/rustc", "-V"]).filter(|_| said(&["/usr/bin/cargo", "-V"]).is_some()) {
        return Some(Rust { version: version.trim().to_owned(), place: None });
    }
    let ask = |argument: &[&str]| {
        let mut program = Program::new(std::iter::once("rustc").chain(argument.iter().copied()));
        // not in a directory that may choose another toolchain
        program.directory = Some(PathBuf::from("/"));
        program.run().ok().map(|said| String::from_utf8_lossy(&said).trim().to_owned())
    };
    let place = PathBuf::from(ask(&["--print", "sysroot"])?);
    Some(Rust { version: ask(&["-V"])?, place: Some(place) })
}

/// The distribution's flags for compilers, without what makes files for debuggers; none where dpkg-dev is not installed.
fn build_flags() -> String {
    let mut flags = String::new();
    for line in said(&["/usr/bin/dpkg-buildflags"]).unwrap_or_default().lines() {
        flags.push_str(line);
        if line.starts_with("CFLAGS=") || line.starts_with("CXXFLAGS=") {
            flags.push_str(" -g0");
        }
        flags.push('\n');
    }
    flags
}

/// Those of `sdists` that the requirements lock; all of them when there are no requirements.
fn asked_for(sdists: Vec<Sdist>, arguments: &BuildArguments, recipe: &Recipe) -> Result<Vec<Sdist>, Failure> {
    // what is installed and what builds may be locked apart, with different versions of one project
    let mut releases: BTreeMap<Release, Vec<(BTreeSet<Sha256>, String)>> = BTreeMap::new();
    let mut add = |name: ProjectName, version: Version, hashes: BTreeSet<Sha256>, origin: String| {
        releases.entry((name, version)).or_default().push((hashes, origin));
    };
    for Selected { name, version, hashes, origin, .. } in arguments.selected.iter().cloned() {
        add(name, version, hashes, origin);
    }
    if arguments.selected.is_empty() {
        if arguments.requirements.is_empty() {
            return Ok(sdists);
        }
        for file in &arguments.requirements {
            let files = std::slice::from_ref(file);
            let lock = locks::resolution(files, &recipe.target, &Requested::default(), &Limits::DEFAULT)?;
            for release in lock.releases.into_values() {
                let hashes = release.files.iter().map(|file| file.sha256).collect();
                add(release.name, release.version, hashes, release.origin);
            }
        }
    }
    let mut locked = Vec::new();
    let mut refusals = Vec::new();
    for sdist in sdists {
        let Some(found) = releases.get(&(sdist.name.clone(), sdist.version.clone())) else { continue };
        if found.iter().any(|(hashes, _)| hashes.contains(&sdist.sha256)) {
            locked.push(sdist);
        } else {
            refusals.push(
                Refusal::new(Code::SdistNotInLock, format!("`{sdist}` is not the file that the lock asks for"))
                    .expected(
                        found.iter().map(|(_, origin)| format!("a hash of {origin}")).collect::<Vec<_>>().join(" or "),
                    )
                    .found(format!("sha256:{}", sdist.sha256))
                    .hint("fetch it again and compare; or the lock is out of date"),
            );
        }
    }
    if refusals.is_empty() { Ok(locked) } else { Err(refusals.into()) }
}

/// The wheels to build with that are locked, one a project.
fn locked(
    arguments: &BuildArguments,
    upstream: BTreeMap<ProjectName, Locked>,
    recipe: &Recipe,
) -> Result<BTreeMap<ProjectName, Arc<Wheel>>, Failure> {
    if arguments.build_requirements.is_empty() && upstream.is_empty() {
        return Ok(BTreeMap::new());
    }
    let limits = Limits::DEFAULT;
    let mut lock = match arguments.build_requirements.as_slice() {
        [] => Lock::default(),
        files => locks::lock(files, &recipe.target, &Requested::default(), &limits)?,
    };
    lock.releases.extend(upstream);
    let architecture = inputs::host_architecture()?;
    let tags = CompatibleTags::of(&recipe.interpreter, &architecture, inputs::build_system_glibc(&architecture)?);
    let mut candidates = Vec::new();
    for directory in &arguments.build_wheels {
        for entry in fs::list(directory)? {
            if let Ok(file_name) = WheelFilename::parse(&entry.name.to_string_lossy()) {
                candidates.push(Candidate { file_name, path: entry.path.display().to_string() });
            }
        }
    }
    let manifest = arguments
        .manifest
        .as_ref()
        .map(|manifest| trust_options::verified(manifest, &arguments.trust, &limits))
        .transpose()?;
    // without a list the lock alone decides, as for what pip installs with --require-hashes
    let approval = manifest.as_ref().map_or(Approval::DangerouslyUnsigned, Approval::Signed);
    let mut spool = Spool::new(&arguments.wheels)?;
    let verified = verify_wheels(&lock, approval, &candidates, &tags, &mut |candidate| {
        spool.keep_file(Path::new(&candidate.path), limits.wheel_size)
    })?;
    let mut wheels = BTreeMap::new();
    for wheel in verified {
        let wheel = Wheel::open(&wheel, &limits)?;
        wheels.insert(wheel.name().clone(), Arc::new(wheel));
    }
    Ok(wheels)
}

/// The releases that `names` ask for; every sdist when there are none.
fn goals(names: &[String], shelf: &Shelf) -> Result<BTreeSet<Release>, Failure> {
    if names.is_empty() {
        return Ok(shelf.sdists.keys().cloned().collect());
    }
    let mut goals = BTreeSet::new();
    for text in names {
        let specifier =
            Specifier::parse(text).map_err(|why| Failure::unable(format!("`{text}` is no project: {why}")))?;
        let fits = |version: &Version| match &specifier.wanted {
            Wanted::Any => true,
            Wanted::Versions(versions) => versions.contains(version),
            Wanted::Url(_) => false,
        };
        let before = goals.len();
        let found: Vec<&Release> =
            shelf.sdists.keys().filter(|(name, version)| *name == specifier.name && fits(version)).collect();
        goals.extend(found.iter().map(|release| (*release).clone()));
        if found.is_empty() && goals.len() == before {
            return Err(Failure::unable_hint(
                format!("there is no sdist of `{text}`"),
                "fetch it into the directory that --sdists names",
            ));
        }
    }
    Ok(goals)
}
