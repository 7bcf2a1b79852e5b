//! Which sdist is built when: build requirements first, several at a time.
//!
//! Enters: an [`Order`]: what to build, what there is to build with, where to. Leaves: a wheel in the directory of wheels
//! for each sdist that was asked for and for each that one of them needs, or every reason why not; what could be built is kept. A wheel
//! that is there already, made of the same sdist in the same environment, is not built again. How many are built at a
//! time never changes the result.

use super::super::build_system::BuildSystem;
use super::attempt::{Job, Outcome};
use super::record::{self, FileRecord, Memory, Record};
use super::shelf::{Closure, Release, Shelf};
use super::source::Sdist;
use super::{Recipe, accept};
use crate::code::Code;
use crate::config::{Relocation, SystemSitePackages};
use crate::limits::Limits;
use crate::plan::byte_code::ByteCodes;
use crate::plan::layout::Request;
use crate::python::dependency::Specifier;
use crate::refusal::{Failure, Refusal};
use crate::sink::list::Listing;
use crate::sink::write;
use crate::system::fs;
use crate::system::stopwatch::Stopwatch;
use crate::wheel::Wheel;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How long nothing is said while something is built.
const SILENCE: Duration = Duration::from_secs(60);

/// What is to be built.
#[derive(Debug)]
pub struct Order<'a> {
    /// Everything that decides about a wheel beside its sdist and environment.
    pub recipe: &'a Recipe,
    /// What there is to build with, and the sdists themselves.
    pub shelf: Shelf,
    /// What was asked for.
    pub goals: BTreeSet<Release>,
    /// Where the wheels go that were asked for.
    pub wheels: &'a Path,
    /// Where those go that only build others; it may be the same directory.
    pub tools: &'a Path,
    /// Whose records of earlier builds count.
    pub memory: Memory,
    /// A directory for everything that is temporary.
    pub room: &'a Path,
    /// How many sdists are built at a time.
    pub jobs: usize,
}

/// Whether a wheel had to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// It was.
    Now,
    /// An earlier run made it.
    Before,
}

/// A wheel that is in the directory of wheels.
#[derive(Clone, Debug)]
pub struct Finished {
    /// What it was made from.
    pub record: Record,
    /// When.
    pub made: Made,
}

/// One sdist on its way.
struct Task {
    sdist: Sdist,
    system: BuildSystem,
    /// What the back end needs beyond pyproject.toml, once it was asked or a record says so.
    further: Option<Vec<String>>,
    /// Whether `further` is from a record, and not from the back end itself.
    presumed: bool,
    /// Records of wheels that were made of this sdist before, each with its directory.
    earlier: Vec<(PathBuf, Record)>,
    /// When its back end was last called.
    since: Option<Stopwatch>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Running,
    Done,
    Failed,
}

/// What can be done for a task now.
enum Next {
    /// It can be built in this environment.
    Build(Vec<Arc<Wheel>>),
    /// These come first.
    Wait(BTreeSet<Release>),
    /// It never can.
    Refuse(Vec<Refusal>),
}

/// What a worker says.
type Answer = (Release, Vec<Arc<Wheel>>, Result<Outcome, Failure>);

struct Works<'a> {
    order: Order<'a>,
    tasks: BTreeMap<Release, Task>,
    records: Vec<(PathBuf, Record)>,
    environments: BTreeMap<Vec<FileRecord>, PathBuf>,
    finished: Vec<Finished>,
    refusals: Vec<Refusal>,
    talk: &'a mut dyn FnMut(&str),
}

/// Builds what `order` asks for; `talk` is told a line a step.
///
/// # Errors
/// Every sdist that could not be built, with the reason; what could is in the directory of wheels nevertheless.
pub fn build(order: Order<'_>, talk: &mut dyn FnMut(&str)) -> Result<Vec<Finished>, Failure> {
    let mut records = Vec::new();
    for directory in BTreeSet::from([order.wheels, order.tools]) {
        records
            .extend(record::list(directory, &order.memory)?.into_iter().map(|record| (directory.to_owned(), record)));
    }
    let goals = order.goals.clone();
    let mut works = Works {
        order,
        tasks: BTreeMap::new(),
        records,
        environments: BTreeMap::new(),
        finished: Vec::new(),
        refusals: Vec::new(),
        talk,
    };
    for goal in goals {
        works.add(&goal)?;
    }
    works.run()?;
    if works.refusals.is_empty() { Ok(works.finished) } else { Err(works.refusals.into()) }
}

impl Works<'_> {
    /// Makes a task of a release, unless it is one.
    fn add(&mut self, release: &Release) -> Result<(), Failure> {
        if self.tasks.contains_key(release) {
            return Ok(());
        }
        let Some(sdist) = self.order.shelf.sdists.get(release).cloned() else { return Ok(()) };
        let recipe = self.order.recipe;
        let tree = self.order.room.join(format!("look-{}-{}", release.0, release.1));
        let system = sdist.unpack(&tree, recipe.source_date_epoch).and_then(|root| sdist.build_system(&root));
        fs::remove_stubborn(&tree)?;
        let (system, state) = match system {
            Ok(system) => (system, State::Waiting),
            Err(Failure::Refused(refusals)) => {
                self.refusals.extend(refusals);
                let system = BuildSystem { requires: Vec::new(), backend: String::new(), backend_path: Vec::new() };
                (system, State::Failed)
            }
            Err(unable) => return Err(unable),
        };
        let earlier: Vec<(PathBuf, Record)> =
            self.records.iter().filter(|(_, record)| record.is_of(&sdist, recipe)).cloned().collect();
        let further = earlier.last().map(|(_, record)| record.further_requirements.clone());
        let task = Task { sdist, system, presumed: further.is_some(), further, earlier, since: None, state };
        self.tasks.insert(release.clone(), task);
        Ok(())
    }

    fn run(&mut self) -> Result<(), Failure> {
        let (send, receive) = mpsc::channel::<Answer>();
        let mut running = 0usize;
        std::thread::scope(|scope| {
            loop {
                let mut waits = BTreeMap::new();
                // starting one may finish it (a wheel that is there) or add others, so this goes on until nothing moves
                let mut moved = true;
                while moved {
                    moved = false;
                    let waiting: Vec<Release> = self.in_state(State::Waiting);
                    for release in waiting {
                        match self.next(&release) {
                            Next::Refuse(refusals) => {
                                self.fail(&release, refusals);
                                moved = true;
                            }
                            Next::Wait(others) => {
                                let before = self.tasks.len();
                                for other in &others {
                                    self.add(other)?;
                                }
                                moved |= self.tasks.len() > before;
                                waits.insert(release, others);
                            }
                            Next::Build(environment) => {
                                waits.remove(&release);
                                if self.take(&release, &environment)? || self.presume_nothing(&release) {
                                    moved = true;
                                } else if running < self.order.jobs.max(1) {
                                    self.start(scope, &send, release, environment)?;
                                    running += 1;
                                }
                            }
                        }
                    }
                }
                if running == 0 {
                    self.give_up(&waits);
                    return Ok(());
                }
                let (release, environment, answer) = loop {
                    match receive.recv_timeout(SILENCE) {
                        Ok(answer) => break answer,
                        Err(mpsc::RecvTimeoutError::Timeout) => self.still_building(),
                        Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
                    }
                };
                running -= 1;
                self.answered(&release, &environment, answer)?;
            }
        })
    }

    fn in_state(&self, state: State) -> Vec<Release> {
        self.tasks.iter().filter(|(_, task)| task.state == state).map(|(release, _)| release.clone()).collect()
    }

    /// Says what takes so long.
    fn still_building(&mut self) {
        let running = self.tasks.values().filter(|task| task.state == State::Running);
        let said = |task: &Task| task.since.map(|since| format!("{} ({since})", task.sdist));
        let lines: Vec<String> = running.filter_map(said).collect();
        (self.talk)(&format!("still building {}", lines.join(", ")));
    }

    /// Where the wheel of a release goes.
    fn directory(&self, release: &Release) -> &Path {
        if self.order.goals.contains(release) { self.order.wheels } else { self.order.tools }
    }

    fn set(&mut self, release: &Release, state: State) {
        if let Some(task) = self.tasks.get_mut(release) {
            task.state = state;
        }
    }

    fn fail(&mut self, release: &Release, refusals: Vec<Refusal>) {
        for refusal in &refusals {
            (self.talk)(&format!("{} {}: refused: {}", release.0, release.1, refusal.message));
        }
        self.refusals.extend(refusals);
        self.set(release, State::Failed);
    }

    fn next(&self, release: &Release) -> Next {
        let Some(task) = self.tasks.get(release) else { return Next::Wait(BTreeSet::new()) };
        let mut requirements = task.system.requires.clone();
        for text in task.further.iter().flatten() {
            match Specifier::parse(text) {
                Ok(specifier) => requirements.push(specifier),
                Err(why) => {
                    let message = format!("the build back end of `{}` requires what cannot be read", task.sdist);
                    return Next::Refuse(vec![
                        Refusal::new(Code::BuildRequirementMissing, message).found(format!("`{text}`: {why}")),
                    ]);
                }
            }
        }
        match self.order.shelf.closure(&requirements, self.order.recipe, &format!("`{}`", task.sdist)) {
            Closure::Complete(wheels) => Next::Build(wheels),
            Closure::Waits(others) => Next::Wait(others),
            Closure::Missing(refusals) => Next::Refuse(refusals),
        }
    }

    /// Takes the wheel that an earlier run made of this sdist in this environment; whether there is one.
    fn take(&mut self, release: &Release, wheels: &[Arc<Wheel>]) -> Result<bool, Failure> {
        let directory = self.directory(release).to_owned();
        let Some(task) = self.tasks.get_mut(release) else { return Ok(false) };
        let environment = record::environment(wheels);
        let earlier = std::mem::take(&mut task.earlier);
        for (place, record) in earlier {
            if record.environment != environment {
                continue;
            }
            if let Some(bytes) = record.wheel_in(&place, Limits::DEFAULT.wheel_size)? {
                let wheel = accept::open(&record.wheel.file_name, bytes.clone(), &task.sdist)?;
                if place != directory {
                    accept::keep(&directory, &record.wheel.file_name, &bytes)?;
                    record.write(&directory, &self.order.memory)?;
                }
                task.state = State::Done;
                self.order.shelf.built.insert(release.clone(), wheel);
                self.finished.push(Finished { record, made: Made::Before });
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Forgets what only a record says of the back end's needs; whether there was such a thing.
    fn presume_nothing(&mut self, release: &Release) -> bool {
        let Some(task) = self.tasks.get_mut(release).filter(|task| task.presumed) else { return false };
        task.presumed = false;
        task.further = None;
        true
    }

    fn start<'scope>(
        &mut self,
        scope: &'scope std::thread::Scope<'scope, '_>,
        send: &mpsc::Sender<Answer>,
        release: Release,
        wheels: Vec<Arc<Wheel>>,
    ) -> Result<(), Failure> {
        let environment = self.environment(&wheels)?;
        let Some(task) = self.tasks.get_mut(&release) else { return Ok(()) };
        task.state = State::Running;
        // not with what it had to wait for
        task.since = Some(Stopwatch::start());
        let again = task.further.is_some();
        let (sdist, system, further) = (task.sdist.clone(), task.system.clone(), task.further.clone());
        // a back end that said what else it needs is called once more, with the same in most cases
        if !again || further.as_ref().is_some_and(|further| !further.is_empty()) {
            let names: Vec<String> = wheels.iter().map(|wheel| wheel.file_name().stem().to_owned()).collect();
            let with = if names.is_empty() { "nothing but itself".to_owned() } else { names.join(", ") };
            (self.talk)(&format!("building {sdist} with {with}"));
        }
        let stem = format!("{}-{}", release.0, release.1);
        let room = self.order.room.join(format!("build-{stem}"));
        let log = self.order.wheels.join(record::DIRECTORY).join(format!("{stem}.log"));
        let recipe = self.order.recipe.clone();
        let send = send.clone();
        scope.spawn(move || {
            let job = Job {
                sdist: &sdist,
                system: &system,
                recipe: &recipe,
                environment: &environment,
                further: further.as_deref(),
                room,
                log,
            };
            let answer = job.run();
            // nobody listens any more when another one could not be done
            let _ = send.send((release, wheels, answer));
        });
        Ok(())
    }

    /// The directory with an environment of `wheels`: one for all that need the same.
    fn environment(&mut self, wheels: &[Arc<Wheel>]) -> Result<PathBuf, Failure> {
        let key = record::environment(wheels);
        if let Some(path) = self.environments.get(&key) {
            return Ok(path.clone());
        }
        let place = self.order.room.join(format!("environments/{}", self.environments.len()));
        fs::create_dir_all(&place)?;
        let request = Request {
            wheels,
            interpreter: &self.order.recipe.interpreter,
            location: "/environment",
            name: "build",
            system_site_packages: SystemSitePackages::Hidden,
            relocation: Relocation::Relocatable,
            commands: Vec::new(),
            documents: Vec::new(),
            byte_codes: ByteCodes::new(),
            mtime: self.order.recipe.source_date_epoch,
        };
        write::write(&request.plan()?, &place, &Listing::default())?;
        let path = place.join("environment");
        self.environments.insert(key, path.clone());
        Ok(path)
    }

    fn answered(
        &mut self,
        release: &Release,
        wheels: &[Arc<Wheel>],
        answer: Result<Outcome, Failure>,
    ) -> Result<(), Failure> {
        let directory = self.directory(release).to_owned();
        let Some(task) = self.tasks.get_mut(release) else { return Ok(()) };
        match answer {
            Ok(Outcome::Needs(further)) => {
                task.further = Some(further);
                task.state = State::Waiting;
            }
            Ok(Outcome::Built { file_name, bytes, further, uses_rust }) => {
                let kept = accept::open(&file_name, bytes.clone(), &task.sdist)
                    .and_then(|wheel| accept::keep(&directory, &file_name, &bytes).map(|()| wheel));
                let wheel = match kept {
                    Ok(wheel) => wheel,
                    Err(Failure::Refused(refusals)) => {
                        self.fail(release, refusals);
                        return Ok(());
                    }
                    Err(unable) => return Err(unable),
                };
                let file = FileRecord { file_name, sha256: wheel.sha256().hex() };
                let environment = record::environment(wheels);
                let backend = &task.system.backend;
                let record =
                    Record::new(file, &task.sdist, self.order.recipe, backend, further, environment, uses_rust);
                record.write(&directory, &self.order.memory)?;
                task.state = State::Done;
                let took = task.since.map(|since| format!(", in {since}")).unwrap_or_default();
                let done = self.tasks.values().filter(|task| task.state == State::Done).count();
                let known = self.tasks.len();
                let name = &record.wheel.file_name;
                (self.talk)(&format!("built {name}, twice the same{took} ({done} of {known})"));
                self.order.shelf.built.insert(release.clone(), wheel);
                self.finished.push(Finished { record, made: Made::Now });
            }
            Err(Failure::Refused(refusals)) => self.fail(release, refusals),
            Err(unable) => return Err(unable),
        }
        Ok(())
    }

    /// Says of everything that still waits why it waits in vain.
    fn give_up(&mut self, waits: &BTreeMap<Release, BTreeSet<Release>>) {
        let waiting: BTreeSet<Release> = self.in_state(State::Waiting).into_iter().collect();
        if waiting.is_empty() {
            return;
        }
        let on = |release: &Release| {
            let others = waits.get(release).into_iter().flatten();
            others.filter(|other| waiting.contains(*other)).cloned().collect::<Vec<_>>()
        };
        if let Some(cycle) = waiting.iter().find_map(|start| cycle(start, &on)) {
            let names: Vec<String> = cycle.iter().map(|(name, version)| format!("{name} {version}")).collect();
            self.refusals.push(
                Refusal::new(Code::BuildCycle, "sdists need one another to be built")
                    .found(names.join(" needs "))
                    .hint("lock a wheel of one of them in `--build-requirements`"),
            );
        }
        for (name, version) in &waiting {
            (self.talk)(&format!("{name} {version}: not built, because something it needs was not"));
        }
    }
}

/// A way along `on` from `start` back to it, with `start` at both ends.
fn cycle(start: &Release, on: &dyn Fn(&Release) -> Vec<Release>) -> Option<Vec<Release>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![start.clone()]];
    while let Some(way) = ways.pop() {
        for other in way.last().map(on).unwrap_or_default() {
            let mut longer = way.clone();
            longer.push(other.clone());
            if other == *start {
                return Some(longer);
            }
            if seen.insert(other) {
                ways.push(longer);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::name::ProjectName;
    use pep440_rs::Version;
    use std::str::FromStr as _;

    fn release(name: &str) -> Release {
        (ProjectName::parse(name).unwrap(), Version::from_str("1").unwrap())
    }

    #[test]
    fn a_cycle_is_found_and_a_diamond_is_none() {
        let edges = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e"), ("e", "c")];
        let on = |of: &Release| {
            edges.iter().filter(|(from, _)| release(from) == *of).map(|(_, to)| release(to)).collect::<Vec<_>>()
        };
        assert_eq!(cycle(&release("c"), &on).unwrap(), ["c", "d", "e", "c"].map(release));
        assert!(cycle(&release("a"), &on).is_none());
    }
}
