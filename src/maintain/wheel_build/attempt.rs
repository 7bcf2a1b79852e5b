//! One sdist, built twice in two sandboxes that differ in what must not matter.
//!
//! Enters: an sdist, its back end, an environment that is complete, an empty room. Leaves: the bytes of the wheel, when
//! both runs made the same; what the back end needs besides, when it says so; else the reasons why not. The first run has its source
//! tree on the disk, all processors and one user number outside; the second, later and at another path, has it in memory
//! where that has the room (which turns the order of its directories round), one processor, another user number, other
//! process numbers. Inside, both see one path, one time to write, one user.

use super::super::build_system::{
    ANSWER_SIZE, BuildEnvironment, BuildSystem, Look, Made, Phase, Variables, command, request, variables,
};
use super::super::project::HOOK;
use super::super::sandbox::{HOME, Mount, Sandbox, Turn, hand_over};
use super::difference::differences;
use super::source::Sdist;
use super::{Recipe, crates};
use crate::code::Code;
use crate::limits::Limits;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Kind};
use crate::system::process::{Ended, tail};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where things are inside of the sandbox.
const ENVIRONMENT: &str = "/environment";
const CONTROL: &str = "/rustvenv";
const OUTPUT: &str = "/output";
const CRATES: &str = "/crates";
const RUST: &str = "/rust";
const PRISTINE: &str = "/rustvenv/source";

/// Source trees up to this many bytes are copied into memory for the second run, which then has `IN_MEMORY` bytes.
const SMALL_TREE: u64 = 48 << 20;
const IN_MEMORY: u64 = 2 << 30;

/// What is to be built.
#[derive(Debug)]
pub struct Job<'a> {
    /// The sdist.
    pub sdist: &'a Sdist,
    /// Its back end.
    pub system: &'a BuildSystem,
    /// Everything else that decides.
    pub recipe: &'a Recipe,
    /// The environment of build requirements: a directory outside.
    pub environment: &'a Path,
    /// What the back end has said it needs beyond pyproject.toml, all of which is in the environment; nothing yet asked.
    pub further: Option<&'a [String]>,
    /// A directory that is not there yet.
    pub room: PathBuf,
    /// Where the output of a back end that failed is kept.
    pub log: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// Both runs made this wheel.
    Built {
        /// Its file name.
        file_name: String,
        /// Its content.
        bytes: Vec<u8>,
        /// What the back end needed beyond pyproject.toml.
        further: Vec<String>,
        /// Whether it has a Cargo.lock.
        uses_rust: bool,
    },
    /// The back end needs this in its environment.
    Needs(Vec<String>),
}

impl Job<'_> {
    /// Builds.
    ///
    /// # Errors
    /// [`Code::BuildFailed`], [`Code::BuildTooLong`], [`Code::BuildWrongWheel`] or [`Code::BuildNotReproducible`], those of the
    /// sdist's reader, or what could not be done.
    pub fn run(&self) -> Result<Outcome, Failure> {
        let outcome = self.both();
        fs::remove_stubborn(&self.room)?;
        outcome
    }

    fn both(&self) -> Result<Outcome, Failure> {
        fs::create_dir_all(&self.room)?;
        let first = Run::open(self, Turn::First, self.room.join("1"))?;
        let look: Look = first.call(&[Phase::Look])?;
        let further = look.requires.unwrap_or_default();
        let asked = self.further.unwrap_or_default();
        if further != asked {
            return match self.further {
                None => Ok(Outcome::Needs(further)),
                Some(_) => Err(Refusal::new(
                    Code::BuildNotReproducible,
                    format!("the build back end of `{}` needs something else every time", self.sdist),
                )
                .expected(asked.join(", "))
                .found(further.join(", "))
                .into()),
            };
        }
        let made: Made = first.call(&[Phase::Build])?;
        let (file_name, bytes) = first.only_wheel(&made)?;
        let uses_rust = first.uses_rust;
        // read and out of reach before anything else runs
        drop(first);
        fs::remove_stubborn(&self.room.join("1"))?;

        let second = Run::open(self, Turn::Second, self.room.join("elsewhere/second/run/2"))?;
        let made: Made = second.call(&[Phase::Look, Phase::Build])?;
        let (again, second) = second.only_wheel(&made)?;
        if again != file_name {
            return Err(Refusal::new(
                Code::BuildNotReproducible,
                format!("two builds of `{}` made wheels of different names", self.sdist),
            )
            .expected(file_name)
            .found(again)
            .into());
        }
        let (bytes, second) = (Arc::new(bytes), Arc::new(second));
        let found = differences(&file_name, &bytes, &second);
        if found.is_empty() {
            let bytes = Arc::try_unwrap(bytes).unwrap_or_else(|shared| shared.to_vec());
            return Ok(Outcome::Built { file_name, bytes, further, uses_rust });
        }
        let refusals = found.iter().take(MOST_DIFFERENCES).map(|difference| {
            Refusal::new(
                Code::BuildNotReproducible,
                format!("two builds of `{}` differ in `{}`", self.sdist, difference.member),
            )
            .expected("one and the same wheel from both")
            .found(difference.detail.clone())
            .hint(format!("likely cause: {}", difference.cause))
        });
        Err(Failure::Refused(refusals.collect()))
    }

    /// The path of the source tree inside.
    fn source(&self) -> String {
        let stem = format!("{}-{}", self.sdist.name, self.sdist.version);
        format!("{}/{stem}", self.recipe.path.trim_end_matches('/'))
    }
}

/// How many members in which two wheels differ are named.
const MOST_DIFFERENCES: usize = 20;

/// One of the two: a room with a source tree, and all that a call of the hook needs.
struct Run<'a> {
    job: &'a Job<'a>,
    turn: Turn,
    room: PathBuf,
    sandbox: Sandbox,
    uses_rust: bool,
    /// What may be the reason when it fails.
    doubts: Vec<Refusal>,
    /// What has to be done inside first.
    before: &'static str,
}

impl<'a> Run<'a> {
    fn open(job: &'a Job<'a>, turn: Turn, room: PathBuf) -> Result<Self, Failure> {
        for name in ["output/wheel", "home", "tmp", "control/source"] {
            fs::create_dir_all(&room.join(name))?;
        }
        fs::replace(&room.join("control/hook.py"), HOOK.as_bytes(), 0o644)?;
        let tree = job.sdist.unpack(&room.join("tree"), job.recipe.source_date_epoch)?;
        let size: u64 = fs::walk(&tree)?.iter().map(|(_, status)| status.size).sum();
        let needs = crates::needs(job.sdist, &tree)?;
        let crates = needs.all();
        let mut doubts = needs.unusable;
        let laid_out = job.room.join("crates");
        if !crates.is_empty() {
            fs::remove(&laid_out)?;
            let directory = job.recipe.crates.as_deref();
            doubts.extend(crates::lay_out(&crates, directory, &laid_out, job.recipe.source_date_epoch)?);
            let configuration = crates::configuration(&crates, CRATES);
            fs::replace(&room.join("home/.cargo/config.toml"), configuration.as_bytes(), 0o644)?;
        }
        for place in [tree.clone(), room.join("output"), room.join("home"), room.join("tmp")] {
            hand_over(&place, turn)?;
        }
        let mount = |from: &Path, to: &str| Mount { from: from.to_owned(), to: to.to_owned() };
        let source = job.source();
        let mut sandbox = Sandbox {
            read_only: vec![mount(job.environment, ENVIRONMENT), mount(&room.join("control"), CONTROL)],
            private: None,
            writable: vec![
                mount(&room.join("home"), HOME),
                mount(&room.join("tmp"), "/tmp"),
                mount(&room.join("output"), OUTPUT),
            ],
            in_memory: Vec::new(),
            directory: source.clone(),
            variables: environment(job.recipe, &source),
            room: room.clone(),
            turn,
        };
        if !crates.is_empty() {
            sandbox.read_only.push(mount(&laid_out, CRATES));
            let place = job.recipe.rust.as_ref().and_then(|rust| rust.place.as_ref());
            sandbox.private = place.map(|place| mount(place, RUST));
        }
        let mut before = "";
        if turn == Turn::Second && size <= SMALL_TREE {
            // a file system in memory lists what was made last first
            before = "cp -a /rustvenv/source/. . && ";
            sandbox.read_only.push(mount(&tree, PRISTINE));
            sandbox.in_memory.push((source, IN_MEMORY));
        } else {
            sandbox.writable.push(mount(&tree, &source));
        }
        Ok(Self { job, turn, room, sandbox, uses_rust: !crates.is_empty(), doubts, before })
    }

    /// Runs phases of the hook, one after the other; leaves the answer of the last.
    fn call<T: DeserializeOwned>(&self, phases: &[Phase]) -> Result<T, Failure> {
        let site = BuildEnvironment::VirtualEnvironment(PathBuf::from(ENVIRONMENT));
        let source = self.job.source();
        let mut script = self.before.to_owned();
        let mut argv: Vec<OsString> = Vec::new();
        let mut answer = String::new();
        for (n, phase) in phases.iter().enumerate() {
            answer = format!("{}.json", phase.name());
            let told = request(
                self.job.system,
                &site,
                Path::new(&source),
                &Path::new(OUTPUT).join("wheel"),
                &Path::new(OUTPUT).join(&answer),
            )
            .map_err(|reason| Failure::unable(format!("the build back end cannot be told what to do: {reason}")))?;
            let name = format!("{}-request.json", phase.name());
            fs::replace(&self.room.join("control").join(&name), &told, 0o644)?;
            let control = Path::new(CONTROL);
            let interpreter = PathBuf::from(self.job.recipe.interpreter.path());
            let words = command(&site, &interpreter, &control.join("hook.py"), *phase, &control.join(&name));
            let places: Vec<String> =
                (argv.len() + 1..=argv.len() + words.len()).map(|at| format!("\"${{{at}}}\"")).collect();
            script.push_str(if n == 0 { "" } else { " && " });
            script.push_str(&places.join(" "));
            argv.extend(words);
        }
        let mut inner: Vec<OsString> = vec!["/bin/sh".into(), "-c".into(), script.into(), "sh".into()];
        inner.extend(argv);
        let log = self.room.join(format!("{answer}.log"));
        match self.sandbox.run(&inner, &log, self.job.recipe.limit)? {
            Ended::Well => {}
            Ended::Badly(status) => return Err(self.failed(&log, &status.to_string())),
            Ended::Late => return Err(self.late(&log)),
        }
        let path = self.room.join("output").join(&answer);
        // whatever ran inside may have put something else there, such as a link to a file of ours
        if fs::status(&path)?.is_none_or(|status| status.kind != Kind::File) {
            return Err(self.failed(&log, "no answer"));
        }
        serde_json::from_slice(&fs::read(&path, ANSWER_SIZE)?)
            .map_err(|_| self.failed(&log, "no answer that can be read"))
    }

    /// Keeps the output of the back end; leaves the hint where it is.
    fn keep(&self, log: &Path) -> String {
        let said = fs::read(log, LOG_SIZE).unwrap_or_default();
        match fs::replace(&self.job.log, &said, 0o644) {
            Ok(()) => format!("the whole output is in {}", self.job.log.display()),
            Err(_) => "its output could not be kept".to_owned(),
        }
    }

    fn failed(&self, log: &Path, how: &str) -> Failure {
        let hint = self.keep(log);
        let said = fs::read(log, LOG_SIZE).unwrap_or_default();
        let last = tail(&said).lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("").to_owned();
        let which = if self.turn == Turn::First { "" } else { ", the second time," };
        let message = format!("the build back end of `{}`{which} failed", self.job.sdist);
        let mut refusals = vec![Refusal::new(Code::BuildFailed, message).found(format!("{how}: {last}")).hint(hint)];
        refusals.extend(self.doubts.iter().cloned());
        refusals.into()
    }

    fn late(&self, log: &Path) -> Failure {
        let seconds = self.job.recipe.limit.as_secs();
        Refusal::new(Code::BuildTooLong, format!("the build of `{}` did not end", self.job.sdist))
            .expected(format!("an end within {seconds} seconds (`--timeout`)"))
            .hint(self.keep(log))
            .into()
    }

    /// The one file that the back end left, which has to be the one that it named, and a wheel of the sdist's release.
    fn only_wheel(&self, made: &Made) -> Result<(String, Vec<u8>), Failure> {
        let sdist = self.job.sdist;
        let wrong = |found: String| {
            Refusal::new(
                Code::BuildWrongWheel,
                format!("the build back end of `{sdist}` did not leave the wheel of it"),
            )
            .expected(format!("one wheel of {} {}", sdist.name, sdist.version))
            .found(found)
        };
        let directory = self.room.join("output/wheel");
        // where a link leads is not what was built here
        if fs::status(&directory)?.is_none_or(|status| status.kind != Kind::Directory) {
            return Err(wrong("no directory where the wheel has to be".to_owned()).into());
        }
        let entries = fs::list(&directory)?;
        let [entry] = entries.as_slice() else {
            return Err(wrong(format!("{} files", entries.len())).into());
        };
        if entry.kind != Kind::File || entry.name != *made.wheel {
            return Err(wrong(format!("no file `{}`", made.wheel)).into());
        }
        let file_name = WheelFilename::parse(&made.wheel).map_err(|why| wrong(format!("`{}`: {why}", made.wheel)))?;
        if *file_name.name() != sdist.name || *file_name.version() != sdist.version {
            return Err(wrong(format!("`{file_name}`")).into());
        }
        Ok((made.wheel.clone(), fs::read(&entry.path, Limits::DEFAULT.wheel_size)?))
    }
}

/// How much of the output of a back end is kept, in bytes.
const LOG_SIZE: u64 = 256 << 20;

/// The whole environment of a back end: the same for every sdist but for the path of its tree.
fn environment(recipe: &Recipe, source: &str) -> BTreeMap<String, OsString> {
    let mut all = variables(Variables {
        environment: &BuildEnvironment::VirtualEnvironment(PathBuf::from(ENVIRONMENT)),
        source: Path::new(source),
        home: Path::new(HOME),
        temporary: Path::new("/tmp"),
        source_date_epoch: recipe.source_date_epoch,
        version: None,
        architecture: "",
        build_flags: &recipe.build_flags,
        cross: None,
    });
    for (name, value) in [("LANG", "C.UTF-8"), ("USER", "builder"), ("LOGNAME", "builder"), ("SHELL", "/bin/sh")] {
        all.insert(name.to_owned(), value.into());
    }
    if recipe.rust.as_ref().is_some_and(|rust| rust.place.is_some()) {
        let path = all.get("PATH").cloned().unwrap_or_default();
        all.insert("PATH".to_owned(), format!("{ENVIRONMENT}/bin:{RUST}/bin:{}", path.to_string_lossy()).into());
    }
    all.insert("CARGO_HOME".to_owned(), format!("{HOME}/.cargo").into());
    all.insert("CARGO_NET_OFFLINE".to_owned(), "true".into());
    all
}
