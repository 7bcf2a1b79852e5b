//! The sources of a lock, fetched by their hashes.
//!
//! Enters: releases with the digests of their lock, directories, and indexes. Leaves: for each release the verified file in its
//! directory, or why not. What is there already is hashed and not fetched again; what is there and wrong is refused. Files are
//! fetched by several threads; the result and its order are those of one. Nothing that was fetched is unpacked, let alone run.

pub mod choose;

use crate::address::{Address, Scheme};
use crate::code::Code;
use crate::digest::{Hasher, Sha256};
use crate::limits::Limits;
use crate::maintain::index_url::Index;
use crate::maintain::simple_api::{self, File};
use crate::maintain::transfer::{self, Outcome, Transfer};
use crate::python::name::ProjectName;
use crate::python::sdist_filename::SdistFilename;
use crate::python::tags::CompatibleTags;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Entry};
use crate::system::net::Network;
use choose::{Candidate, Kind, Take, Wanted, choose};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

/// Told what happens, by several threads.
pub trait Watch: Sync {
    /// Something that people should know.
    fn say(&self, line: &str);
    /// `name` has reached `done` bytes of `total`, where that is known.
    fn progress(&self, name: &str, done: u64, total: Option<u64>);
    /// `name` is not being fetched any longer; its size when it was verified.
    fn ended(&self, name: &str, size: Option<u64>);
}

/// Upstream's wheels that are allowed.
pub struct UpstreamWheels<'a> {
    /// The projects.
    pub projects: &'a BTreeSet<ProjectName>,
    /// What they are for.
    pub tags: &'a CompatibleTags,
    /// Where they come to.
    pub directory: &'a Path,
}

/// What is to be fetched, and how.
pub struct Request<'a> {
    /// The releases.
    pub wanted: &'a [Wanted],
    /// Where sdists come to.
    pub sdists: &'a Path,
    /// Projects of which a wheel is taken.
    pub upstream_wheels: Option<UpstreamWheels<'a>>,
    /// How many files are fetched at a time; at least one is.
    pub jobs: usize,
    /// Whether nothing is written: files are only looked for.
    pub dry_run: bool,
    /// Bounds.
    pub limits: &'a Limits,
}

/// What is needed to fetch something.
pub struct Reach {
    /// The indexes, in the order in which they are asked; or why there is none, which matters once one is needed.
    pub indexes: Result<Vec<Index>, Failure>,
    /// The network.
    pub network: Network,
}

/// How a file came to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was there.
    There,
    /// It was fetched.
    Fetched,
    /// It would be fetched.
    Planned,
}

/// A file of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its name in the directory.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its digest; unknown when it is only planned and the index has none.
    pub sha256: Option<Sha256>,
    /// Its size in bytes; unknown when it is only planned and the index has none.
    pub size: Option<u64>,
    /// How it came to be there.
    pub state: State,
}

/// Fetches; the results stand in the order of the releases. Directories have to exist, unless it is a dry run. `reach` is called
/// once, and only if something is lacking.
///
/// # Errors
/// When a directory cannot be listed. What goes wrong with one release is its result, and keeps no other from being fetched.
pub fn fetch(
    request: &Request<'_>,
    reach: &dyn Fn() -> Reach,
    watch: &dyn Watch,
) -> Result<Vec<Result<Fetched, Failure>>, Failure> {
    let mut there = listing(request.sdists)?;
    if let Some(wheels) = &request.upstream_wheels {
        there.extend(listing(wheels.directory)?);
    }
    let standing = in_parallel(request.jobs, request.wanted, &|wanted| standing(request, &there, wanted));
    let is_lacking = |result: &Result<Option<Fetched>, Failure>| matches!(result, Ok(None));
    let lacking: Vec<&Wanted> = request
        .wanted
        .iter()
        .zip(&standing)
        .filter(|(_, result)| is_lacking(result))
        .map(|(wanted, _)| wanted)
        .collect();
    let mut fetched = if lacking.is_empty() {
        Vec::new()
    } else {
        let run = Run { request, reach: reach(), watch };
        in_parallel(request.jobs, &lacking, &|wanted| run.release(wanted))
    }
    .into_iter();
    let results: Vec<Result<Fetched, Failure>> = standing
        .into_iter()
        .filter_map(|result| match result {
            Ok(None) => fetched.next(),
            Ok(Some(found)) => Some(Ok(found)),
            Err(failure) => Some(Err(failure)),
        })
        .collect();
    if !request.dry_run && results.iter().all(Result::is_ok) {
        sweep(&there);
    }
    Ok(results)
}

/// The names in `directory`, none when it is not there yet.
fn listing(directory: &Path) -> Result<Vec<Entry>, Failure> {
    if fs::status(directory)?.is_none() { Ok(Vec::new()) } else { fs::list(directory) }
}

/// What of `project` is taken.
fn take<'a>(request: &'a Request<'_>, project: &ProjectName) -> Take<'a> {
    match &request.upstream_wheels {
        Some(wheels) if wheels.projects.contains(project) => Take::UpstreamWheel(wheels.tags),
        _ => Take::Sdist,
    }
}

/// `work` for each of `items`, by `jobs` threads; the results stand in the order of the items.
fn in_parallel<T: Sync, R: Send>(jobs: usize, items: &[T], work: &(dyn Fn(&T) -> R + Sync)) -> Vec<R> {
    let queue = Mutex::new(items.iter().enumerate());
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, items.len().max(1)) {
            scope.spawn(|| {
                loop {
                    // a lock is poisoned only by a panic, which the scope repeats
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some((place, item)) = next else { break };
                    let result = work(item);
                    if let Ok(mut done) = done.lock() {
                        done.insert(place, result);
                    }
                }
            });
        }
    });
    done.into_inner().map(|done| done.into_values().collect()).unwrap_or_default()
}

struct Run<'a> {
    request: &'a Request<'a>,
    reach: Reach,
    watch: &'a dyn Watch,
}

impl Run<'_> {
    fn indexes(&self) -> Result<&[Index], Failure> {
        match &self.reach.indexes {
            Ok(indexes) => Ok(indexes),
            Err(Failure::Unable { message, hint }) => {
                Err(Failure::Unable { message: message.clone(), hint: hint.clone() })
            }
            Err(Failure::Refused(refusals)) => Err(Failure::Refused(refusals.clone())),
        }
    }

    fn release(&self, wanted: &Wanted) -> Result<Fetched, Failure> {
        let take = take(self.request, &wanted.name);
        let mut missing = Vec::new();
        // the lock's own addresses come first, and leave nothing behind when they are stale
        if let Ok(candidates) = choose(wanted, &wanted.files, take, "the lock") {
            if let Some(fetched) = self.first_of(wanted, &candidates, &mut missing)? {
                return Ok(fetched);
            }
        }
        let mut refusal: Option<Refusal> = None;
        for index in self.indexes()? {
            let files = match self.page(&index.address, wanted)? {
                Some((page, files)) => choose(wanted, &files, take, &index.address.to_string()).map(|mut found| {
                    found.iter_mut().for_each(|candidate| candidate.page = Some(page.clone()));
                    found
                }),
                None => Err(Refusal::new(
                    Code::ReleaseNotOnIndex,
                    format!("{} does not know the project {}", index.address, wanted.name),
                )
                .expected(format!("an sdist of {} ({})", wanted.shown(), wanted.origin))),
            };
            match files {
                Ok(candidates) => {
                    if let Some(fetched) = self.first_of(wanted, &candidates, &mut missing)? {
                        return Ok(fetched);
                    }
                }
                // what an index says about files counts more than that it has none
                Err(found) if refusal.as_ref().is_none_or(|one| one.code == Code::ReleaseNotOnIndex) => {
                    refusal = Some(found);
                }
                Err(_) => {}
            }
        }
        if let (Some(refusal), true) = (refusal, missing.is_empty()) {
            return Err(refusal.into());
        }
        let message = format!("no server has a file of {} that an index or the lock names", wanted.shown());
        Err(Refusal::new(Code::ReleaseNotOnIndex, message).found(format!("nothing at {}", missing.join(", "))).into())
    }

    /// The page of the project on the index at `address`, and the files that it names; `None` when there is none.
    fn page(&self, address: &Address, wanted: &Wanted) -> Result<Option<(Address, Vec<File>)>, Failure> {
        let limits = self.request.limits;
        let below = address.below(wanted.name.as_str());
        if address.scheme() == Scheme::File {
            return directory(address, &below, limits);
        }
        let say = |line: &str| self.watch.say(line);
        let Some(document) = self.reach.network.document(&below, simple_api::ACCEPT, limits.page_size, &say)? else {
            return Ok(None);
        };
        let files = simple_api::read(&document.content_type, &document.bytes, &document.address, limits)?;
        Ok(Some((document.address, files)))
    }

    /// Tries one candidate after the other; those that no server has are added to `missing`.
    fn first_of(
        &self,
        wanted: &Wanted,
        candidates: &[Candidate],
        missing: &mut Vec<String>,
    ) -> Result<Option<Fetched>, Failure> {
        let mut differs = Vec::new();
        for candidate in candidates {
            let file = &candidate.file;
            if let Some(why) = candidate.page.as_ref().and_then(|page| page.forbids(&file.address)) {
                let message = format!("{} is not fetched from where the index says: {why}", file.name);
                return Err(Refusal::new(Code::AddressRefused, message).found(file.address.to_string()).into());
            }
            if let Some(reason) = &file.yanked {
                let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                self.watch.say(&format!("warning: {} was withdrawn by its authors{reason}", file.name));
            }
            let directory = match (&self.request.upstream_wheels, candidate.kind) {
                (Some(wheels), Kind::Wheel) => wheels.directory,
                _ => self.request.sdists,
            };
            if let Some(fetched) = in_the_way(&directory.join(&file.name), wanted, candidate)? {
                return Ok(Some(fetched));
            }
            if self.request.dry_run {
                let (name, sha256) = (file.name.clone(), file.sha256);
                let planned = Fetched { name, kind: candidate.kind, sha256, size: file.size, state: State::Planned };
                return Ok(Some(planned));
            }
            let transfer = Transfer {
                address: &file.address,
                directory,
                name: &file.name,
                accepted: &candidate.accepted,
                limit: self.request.limits.download_size,
            };
            let mut progress = |done, total: Option<u64>| self.watch.progress(&file.name, done, total.or(file.size));
            let outcome = transfer.run(&self.reach.network, &mut progress, &|line| self.watch.say(line));
            self.watch.ended(
                &file.name,
                match &outcome {
                    Ok(Outcome::Verified { size, .. }) => Some(*size),
                    _ => None,
                },
            );
            match outcome? {
                Outcome::Verified { sha256, size } => {
                    let (name, sha256, size) = (file.name.clone(), Some(sha256), Some(size));
                    return Ok(Some(Fetched { name, kind: candidate.kind, sha256, size, state: State::Fetched }));
                }
                Outcome::Differs(sha256) => differs.push((file, sha256)),
                Outcome::Missing => missing.push(file.address.to_string()),
            }
        }
        if differs.is_empty() {
            return Ok(None);
        }
        let found: Vec<String> =
            differs.iter().map(|(file, sha256)| format!("sha256:{sha256} from {}", file.address)).collect();
        let names: Vec<&str> = differs.iter().map(|(file, _)| file.name.as_str()).collect();
        Err(Refusal::new(Code::FetchedFileDiffers, format!("{} is not what {} locks", names.join(", "), wanted.origin))
            .expected(some_hashes(&wanted.hashes))
            .found(found.join(", "))
            .hint("nothing was kept; fetch from another index with `--index-url`, and find out why they differ")
            .into())
    }
}

/// Removes what earlier runs left of sdists and wheels that are not wanted any longer. That it cannot is no failure.
fn sweep(there: &[Entry]) {
    for entry in there {
        let name = entry.name.to_string_lossy();
        let is_ours = transfer::name_of_part(&name)
            .is_some_and(|name| SdistFilename::parse(name).is_ok() || WheelFilename::parse(name).is_ok());
        if is_ours {
            let _ = fs::remove(&entry.path);
        }
    }
}

/// The file of the release that is there already, so that no index has to be asked. One that is wrong is left for later: only
/// when its name is that of a file to be fetched is it in the way.
fn standing(request: &Request<'_>, there: &[Entry], wanted: &Wanted) -> Result<Option<Fetched>, Failure> {
    let is_in = |entry: &Entry, directory: &Path| entry.path.parent() == Some(directory);
    let mut found: Vec<(usize, Kind, &Entry)> = Vec::new();
    for entry in there {
        let name = entry.name.to_string_lossy();
        match (take(request, &wanted.name), &request.upstream_wheels) {
            (Take::UpstreamWheel(tags), Some(wheels)) if is_in(entry, wheels.directory) => {
                found.extend(rank(&name, wanted, tags).map(|rank| (rank, Kind::Wheel, entry)));
            }
            (Take::Sdist, _) if is_in(entry, request.sdists) && is_sdist(&name, wanted) => {
                found.push((0, Kind::Sdist, entry));
            }
            _ => {}
        }
    }
    found.sort_by_key(|(rank, ..)| *rank);
    for (_, kind, entry) in found {
        let (sha256, size) = digest(&entry.path)?;
        if wanted.hashes.contains(&sha256) {
            let name = entry.name.to_string_lossy().into_owned();
            let (sha256, size) = (Some(sha256), Some(size));
            return Ok(Some(Fetched { name, kind, sha256, size, state: State::There }));
        }
    }
    Ok(None)
}

/// What stands at `path` already, if it is the candidate.
fn in_the_way(path: &Path, wanted: &Wanted, candidate: &Candidate) -> Result<Option<Fetched>, Failure> {
    if fs::status(path)?.is_none() {
        return Ok(None);
    }
    let (sha256, size) = digest(path)?;
    if candidate.accepted.contains(&sha256) {
        let (name, sha256, size) = (candidate.file.name.clone(), Some(sha256), Some(size));
        return Ok(Some(Fetched { name, kind: candidate.kind, sha256, size, state: State::There }));
    }
    let message = format!("{} is not the file of {} that is locked", path.display(), wanted.shown());
    Err(Refusal::new(Code::FileInTheWay, message)
        .expected(format!("{} ({})", some_hashes(&candidate.accepted), wanted.origin))
        .found(format!("sha256:{sha256}"))
        .hint("move the file away and run the command again")
        .into())
}

/// The first digests of a set.
fn some_hashes(hashes: &BTreeSet<Sha256>) -> String {
    let first: Vec<String> = hashes.iter().take(4).map(|sha256| format!("sha256:{sha256}")).collect();
    first.join(", ") + if hashes.len() > first.len() { ", …" } else { "" }
}

fn is_sdist(name: &str, wanted: &Wanted) -> bool {
    SdistFilename::parse(name).is_ok_and(|sdist| sdist.is_of(&wanted.name, &wanted.version))
}

/// How well `name` fits, if it is a wheel of the release.
fn rank(name: &str, wanted: &Wanted, tags: &CompatibleTags) -> Option<usize> {
    let wheel = WheelFilename::parse(name).ok()?;
    let is_it = *wheel.name() == wanted.name && *wheel.version() == wanted.version;
    if is_it { tags.rank(wheel.tags()) } else { None }
}

fn digest(path: &Path) -> Result<(Sha256, u64), Failure> {
    let mut hasher = Hasher::new();
    let mut size = 0_u64;
    fs::read_in_pieces(path, &mut |bytes| {
        hasher.update(bytes);
        size = size.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    })?;
    Ok((hasher.finish(), size))
}

/// A project in an index that is a directory: its page `PROJECT/index.html`, else the files in `PROJECT/`, else those that lie in the
/// directory itself.
fn directory(index: &Address, below: &Address, limits: &Limits) -> Result<Option<(Address, Vec<File>)>, Failure> {
    let (Some(index), Some(project)) = (index.path(), below.path()) else { return Ok(None) };
    let page = project.join("index.html");
    if fs::status(&page)?.is_some() {
        let text = fs::read(&page, limits.page_size)?;
        return Ok(Some((below.clone(), simple_api::read("text/html", &text, below, limits)?)));
    }
    let place = if fs::status(&project)?.is_some() { project } else { index };
    let mut files = Vec::new();
    for entry in fs::list(&place)? {
        if files.len() >= limits.page_files {
            let message = format!("{} has more than {} files", place.display(), limits.page_files);
            return Err(Refusal::new(Code::DownloadTooLarge, message).into());
        }
        if let (Some(name), Some(address)) = (entry.name.to_str(), Address::of_file(&entry.path)) {
            files.push(File { name: name.to_owned(), address, sha256: None, size: None, yanked: None });
        }
    }
    Ok(Some((below.clone(), files)))
}
