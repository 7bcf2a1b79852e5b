//! `rustvenv fetch`: the sources of a lock, by their hashes, for building wheels from them.
//!
//! Reads requirements, fetches what is lacking, and prints a line a file: name, SHA-256 and size. The same lock gives the same lines,
//! whether a file was there already or came from any index. Nothing is unpacked.

use super::progress::{Progress, size};
use super::reach::{Typed, connections, reach};
use super::talk::Talk;
use super::wanted::wanted;
use super::{inputs, locks, print};
use crate::cli::{FetchArguments, Format};
use crate::code::Code;
use crate::limits::Limits;
use crate::maintain::fetch::choose::{Kind, Wanted};
use crate::maintain::fetch::{Fetched, Reach, Request, State, UpstreamWheels, Watch as _, fetch};
use crate::python::architecture::Architecture;
use crate::python::dependency::Target;
use crate::python::interpreter::Interpreter;
use crate::python::marker::Requested;
use crate::python::name::ProjectName;
use crate::python::tags::{CompatibleTags, Glibc};
use crate::refusal::{Failure, Refusal};
use crate::system::fs;
use std::collections::BTreeSet;

/// Carries the command out.
///
/// # Errors
/// Every reason why a file of the lock cannot be had. The others were fetched nevertheless, and are kept.
pub fn run(arguments: &FetchArguments) -> Result<(), Failure> {
    let limits = Limits::DEFAULT;
    let talk = Talk::new(arguments.verbose);
    let (interpreter, architecture) = locks::target(arguments.python.as_deref(), arguments.architecture.as_deref())?;
    let target = Target::new(&interpreter, &architecture).map_err(Failure::unable)?;
    let requested = Requested {
        extras: locks::names("--extra", &arguments.extras)?,
        groups: locks::names("--group", &arguments.groups)?,
    };
    let (wanted, skipped) = wanted(locks::resolution(&arguments.requirements, &target, &requested, &limits)?)?;
    if arguments.verbose {
        skipped.iter().for_each(|line| talk.line(line));
    }
    if wanted.is_empty() {
        let message = "the requirements name nothing to fetch for this target".to_owned();
        return Err(Refusal::new(Code::LockEmpty, message).into());
    }
    let tags = tags(arguments, &interpreter, &architecture)?;
    let files = get(&wanted, &tags, arguments)?;
    let lines: String = wanted.iter().zip(&files).map(|(wanted, file)| line(wanted, file, arguments.format)).collect();
    print(&lines)
}

/// Gets what is wanted, of which upstream's wheels are for `tags`; the result is in the order of what is wanted.
///
/// # Errors
/// As [`run`].
pub(super) fn get(
    wanted: &[Wanted],
    tags: &CompatibleTags,
    arguments: &FetchArguments,
) -> Result<Vec<Fetched>, Failure> {
    let limits = Limits::DEFAULT;
    let talk = Talk::new(arguments.verbose);
    let projects = upstream_wheels(&arguments.upstream_wheels, wanted)?;
    let tags = (!projects.is_empty()).then_some(tags);
    let directories = std::iter::once(&arguments.sdists).chain(arguments.wheels.as_ref().filter(|_| tags.is_some()));
    if !arguments.dry_run {
        directories.map(|directory| fs::create_dir_all(directory)).collect::<Result<Vec<()>, Failure>>()?;
    }
    let jobs = connections(&arguments.transfer);
    let request = Request {
        wanted,
        sdists: &arguments.sdists,
        upstream_wheels: tags.zip(arguments.wheels.as_deref()).map(|(tags, directory)| UpstreamWheels {
            projects: &projects,
            tags,
            directory,
        }),
        jobs,
        dry_run: arguments.dry_run,
        limits: &limits,
    };
    let typed = Typed { indexes: &arguments.index_url, transfer: &arguments.transfer };
    let progress = Progress::new(talk);
    let results =
        fetch(&request, &|| found(reach(&typed, &limits, &|line| talk.line(line)), arguments, &talk), &progress)?;
    finish(results, arguments, &progress)
}

/// Says with -v which indexes are asked.
fn found(reach: Reach, arguments: &FetchArguments, talk: &Talk) -> Reach {
    if arguments.verbose {
        for index in reach.indexes.iter().flatten() {
            talk.line(&format!("index {} ({})", index.address, index.origin));
        }
    }
    reach
}

/// The projects of `--upstream-wheels`, of which `*` stands for all; one that is not locked is a mistake, and not without a meaning.
fn upstream_wheels(names: &[String], locked: &[Wanted]) -> Result<BTreeSet<ProjectName>, Failure> {
    if names.iter().any(|name| name == "*") {
        return Ok(locked.iter().map(|wanted| wanted.name.clone()).collect());
    }
    let one = |text: &String| {
        let name = ProjectName::parse(text)
            .ok_or_else(|| Failure::unable(format!("--upstream-wheels is no project name: `{text}`")))?;
        if locked.iter().any(|wanted| wanted.name == name) {
            return Ok(name);
        }
        Err(Failure::unable_hint(
            format!("--upstream-wheels names `{name}`, which the requirements do not lock for this target"),
            "remove the option, or correct the name",
        ))
    };
    names.iter().map(one).collect()
}

fn tags(
    arguments: &FetchArguments,
    interpreter: &Interpreter,
    architecture: &Architecture,
) -> Result<CompatibleTags, Failure> {
    let glibc = match &arguments.glibc {
        Some(text) => Glibc::parse(text)
            .ok_or_else(|| Failure::unable(format!("--glibc is no version of the C library: `{text}`")))?,
        None => inputs::build_system_glibc(architecture)?,
    };
    Ok(CompatibleTags::of(interpreter, architecture, glibc))
}

/// What is there, or a failure with everything that is not.
fn finish(
    results: Vec<Result<Fetched, Failure>>,
    arguments: &FetchArguments,
    progress: &Progress,
) -> Result<Vec<Fetched>, Failure> {
    let mut refusals = Vec::new();
    let mut unable: Vec<(String, Option<String>)> = Vec::new();
    let mut files = Vec::new();
    for result in results {
        match result {
            Ok(fetched) => files.push(fetched),
            Err(Failure::Refused(more)) => refusals.extend(more),
            Err(Failure::Unable { message, hint }) => unable.push((message, hint)),
        }
    }
    unable.dedup();
    if !refusals.is_empty() {
        // a failure is of one kind; the other is said before it
        for (message, hint) in unable {
            super::say(&Failure::Unable { message, hint }.to_string());
        }
        return Err(refusals.into());
    }
    if let Some((_, hint)) = unable.first().cloned() {
        let messages: Vec<String> = unable.into_iter().map(|(message, _)| message).collect();
        return Err(Failure::Unable { message: messages.join("\nerror: "), hint });
    }
    let of = |state: State| files.iter().filter(move |fetched| fetched.state == state);
    let bytes = |state: State| of(state).filter_map(|fetched| fetched.size).sum();
    let came = if arguments.dry_run { (State::Planned, "to fetch") } else { (State::Fetched, "fetched") };
    progress.say(&format!(
        "{} of {} files {} ({}), {} there already",
        of(came.0).count(),
        files.len(),
        came.1,
        size(bytes(came.0)),
        of(State::There).count()
    ));
    Ok(files)
}

fn line(wanted: &Wanted, fetched: &Fetched, format: Format) -> String {
    match format {
        Format::Text => {
            let sha256 = fetched.sha256.map_or_else(|| "-".to_owned(), |sha256| sha256.to_string());
            let size = fetched.size.map_or_else(|| "-".to_owned(), |size| size.to_string());
            format!("{} {sha256} {size}\n", fetched.name)
        }
        Format::Json => {
            let kind = match fetched.kind {
                Kind::Sdist => "sdist",
                Kind::Wheel => "wheel",
            };
            let value = serde_json::json!({
                "file": fetched.name,
                "kind": kind,
                "project": wanted.name.as_str(),
                "version": wanted.version.to_string(),
                "sha256": fetched.sha256.map(|sha256| sha256.to_string()),
                "size": fetched.size,
            });
            format!("{value}\n")
        }
    }
}
