//! Bringing a directory of wheels level with the signed list of another place.
//!
//! Enters: an address, the directory, who has to have signed. Leaves: the files of the list, each with the digest that it has
//! there, and then the list itself with its signatures. The list is believed as in a package build, and only if it is not older
//! than the one in the directory; where the files come from is not believed at all.
//!
//! Everything comes into `.rustvenv-sync/` first. When it is complete, the directory `list` appears there by one rename: from
//! then on whatever is interrupted is carried to its end by the next run ([`settle`]), before it everything is as it was. Files
//! that no list named are deliberately left alone, whatever they are called.

use super::fetch::Watch;
use super::static_index::in_url;
use super::transfer::{self, Outcome, Transfer};
use crate::address::Address;
use crate::code::Code;
use crate::date::iso_utc;
use crate::limits::Limits;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Kind};
use crate::system::net::Network;
use crate::system::store;
use crate::trust::InputFile;
use crate::trust::keyring::Keyring;
use crate::trust::manifest::{Entry, Manifest};
use crate::trust::openpgp::Policy;
use crate::trust::verified::{self, UnverifiedManifest, VerifiedManifest};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Suffixes of signature files beside a list.
const SIGNATURE_SUFFIXES: &[&str] = &["asc", "sig", "gpg"];

/// The directory below that of the wheels in which everything happens.
const STAGE: &str = ".rustvenv-sync";
/// Where complete files wait, below [`STAGE`].
const INCOMING: &str = "incoming";
/// What says that they are to be put in place, below [`STAGE`]: the list, its signatures, and what is to be removed.
const JOURNAL: &str = "list";
/// Names in it.
const JOURNAL_NAME: &str = "name";
const JOURNAL_LIST: &str = "manifest";
const JOURNAL_SIGNATURE: &str = "signature";
const JOURNAL_REMOVE: &str = "remove";

/// What becomes of files that only the earlier list had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pruning {
    /// They stay.
    Keep,
    /// They are removed, if they are still what that list said.
    Remove,
}

/// What is to be done.
pub struct Request<'a> {
    /// Where the list is, or an index that has it in `files/`; a directory.
    pub source: &'a Address,
    /// How it is reached.
    pub network: &'a Network,
    /// The directory of wheels, which exists; the caller holds its lock.
    pub directory: &'a Path,
    /// The name of the list, in both places.
    pub list: &'a str,
    /// Whose signatures there are.
    pub keyring: &'a Keyring,
    /// Which of them count.
    pub policy: &'a Policy,
    /// What becomes of files that are no longer listed.
    pub pruning: Pruning,
    /// How many files are fetched at a time.
    pub jobs: usize,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
    /// Bounds on what is read.
    pub limits: &'a Limits,
}

/// What was done, or would be.
#[derive(Debug)]
pub struct Report {
    /// The list that the directory is level with.
    pub list: VerifiedManifest,
    /// Whether it is another one than before.
    pub is_new: bool,
    /// Lines of the list about files that were fetched.
    pub fetched: Vec<Entry>,
    /// Names of files that were removed.
    pub removed: Vec<String>,
    /// Files that were there already.
    pub kept: usize,
}

/// Carries it out.
///
/// # Errors
/// Every reason why the list is not believed or not taken, and every file that cannot be had. What was fetched and is right is
/// kept for the next run; the directory is as it was.
pub fn sync(request: &Request<'_>, watch: &(dyn Watch + Sync)) -> Result<Report, Failure> {
    if !request.dry_run {
        settle(request.directory)?;
    } else if fs::status(&request.directory.join(STAGE).join(JOURNAL))?.is_some() {
        let message = format!("an earlier run in {} was interrupted", request.directory.display());
        return Err(Failure::unable_hint(message, "run it again without --dry-run, which carries it to its end"));
    }
    let (list, base) = remote(request, watch)?;
    let local = local(request)?;
    if let Some(local) = &local {
        check_order(local, &list)?;
    }
    check_names(&list, request.list)?;
    let Plan { wanted, kept } = plan(request, local.as_ref(), &list)?;
    let removed = match (request.pruning, &local) {
        (Pruning::Remove, Some(local)) => no_longer_listed(request.directory, local, &list)?,
        _ => Vec::new(),
    };
    let is_new = local.as_ref().is_none_or(|local| local.manifest().bytes != list.manifest().bytes);
    let signatures = |of: &VerifiedManifest| of.signatures().iter().map(|file| file.bytes.clone()).collect::<Vec<_>>();
    let is_level = !is_new && local.as_ref().is_some_and(|local| signatures(local) == signatures(&list));
    let is_done = is_level && wanted.is_empty() && removed.is_empty();
    if !request.dry_run && !is_done {
        fetch(request, &base, &wanted, watch)?;
        commit(request, &list, &removed)?;
        settle(request.directory)?;
    }
    let removed = removed.into_iter().map(|entry| entry.name).collect();
    Ok(Report { list, is_new, fetched: wanted, removed, kept })
}

/// The list at the source, verified, and where the files are.
fn remote(request: &Request<'_>, watch: &(dyn Watch + Sync)) -> Result<(VerifiedManifest, Address), Failure> {
    let mut earlier: Option<(UnverifiedManifest, Failure)> = None;
    loop {
        let (unverified, base) = download(request, watch)?;
        // whoever reads between two files of a list that is just being replaced has halves of two lists; once more, then
        if let Some((first, failure)) = earlier.take() {
            let bytes = |list: &UnverifiedManifest| {
                let signatures: Vec<_> = list.signatures.iter().map(|file| file.bytes.clone()).collect();
                (list.manifest.bytes.clone(), signatures)
            };
            if bytes(&first) == bytes(&unverified) {
                return Err(failure);
            }
            return Ok((verified::verify(unverified, request.keyring, request.policy)?, base));
        }
        match verified::verify(unverified.clone(), request.keyring, request.policy) {
            Ok(list) => return Ok((list, base)),
            Err(refusals) => earlier = Some((unverified, refusals.into())),
        }
    }
}

/// The list and its signatures, unjudged: at the source itself, or in the `files/` of an index.
fn download(request: &Request<'_>, watch: &(dyn Watch + Sync)) -> Result<(UnverifiedManifest, Address), Failure> {
    let limits = request.limits;
    let places = [request.source.clone(), request.source.below("files")];
    for base in &places {
        let Some(manifest) = document(request, base, request.list, limits.manifest_size, watch)? else { continue };
        let mut signatures = Vec::new();
        for suffix in SIGNATURE_SUFFIXES {
            let name = format!("{}.{suffix}", request.list);
            signatures.extend(document(request, base, &name, limits.signature_size, watch)?);
        }
        return Ok((UnverifiedManifest { manifest, signatures }, base.clone()));
    }
    Err(Failure::unable_hint(
        format!("there is no `{}` at {}", request.list, request.source),
        "`--from` takes the directory in which the list lies, or the top of an index; `--manifest` takes its name",
    ))
}

fn document(
    request: &Request<'_>,
    base: &Address,
    name: &str,
    limit: u64,
    watch: &(dyn Watch + Sync),
) -> Result<Option<InputFile>, Failure> {
    let address = address_of(base, name)?;
    let bytes = match address.path() {
        Some(path) if fs::status(&path)?.is_none() => None,
        Some(path) => Some(fs::read(&path, limit)?),
        None => request.network.document(&address, "*/*", limit, &|line| watch.say(line))?.map(|found| found.bytes),
    };
    Ok(bytes.map(|bytes| InputFile { name: address.to_string(), bytes }))
}

fn address_of(base: &Address, name: &str) -> Result<Address, Failure> {
    base.join(&in_url(name)).ok_or_else(|| Failure::unable(format!("`{name}` is no name of a file at {base}")))
}

/// The list in the directory, verified; `None` when there is none.
fn local(request: &Request<'_>) -> Result<Option<VerifiedManifest>, Failure> {
    let path = request.directory.join(request.list);
    if fs::status(&path)?.is_none() {
        return Ok(None);
    }
    let read = |path: PathBuf, limit| -> Result<InputFile, Failure> {
        Ok(InputFile { name: path.display().to_string(), bytes: fs::read(&path, limit)? })
    };
    let mut signatures = Vec::new();
    for path in signature_paths(request.directory, request.list) {
        if fs::status(&path)?.is_some() {
            signatures.push(read(path, request.limits.signature_size)?);
        }
    }
    let unverified = UnverifiedManifest { manifest: read(path.clone(), request.limits.manifest_size)?, signatures };
    // what is asked of the new list is not asked of the old one, which was taken when less was
    let policy = Policy { minimum_serial: None, not_before: None, max_age: None, ..request.policy.clone() };
    verified::verify(unverified, request.keyring, &policy).map(Some).map_err(|mut refusals| {
        refusals.push(
            Refusal::new(
                Code::SyncLocalList,
                format!("{} cannot be believed, so nothing can be newer", path.display()),
            )
            .hint(
                "keep the certificates of those who signed it in the keyring until the first synchronisation after \
                     the change, or synchronise into a new directory",
            ),
        );
        refusals.into()
    })
}

fn signature_paths(directory: &Path, list: &str) -> impl Iterator<Item = PathBuf> {
    SIGNATURE_SUFFIXES.iter().map(move |suffix| directory.join(format!("{list}.{suffix}")))
}

/// Refuses a list that is older than the one that is there, another one of the same number, and one that gives other bytes to a
/// name that was approved.
fn check_order(local: &VerifiedManifest, new: &VerifiedManifest) -> Result<(), Vec<Refusal>> {
    if local.manifest().bytes == new.manifest().bytes {
        return Ok(());
    }
    let serial = |list: &VerifiedManifest| list.header().and_then(|header| header.serial);
    let newest = |list: &VerifiedManifest| list.signers().iter().map(|signer| signer.time).max().unwrap_or_default();
    let name = &new.manifest().name;
    let older = |expected: String, found: String| {
        Refusal::new(Code::ManifestRollback, format!("`{name}` is older than the list that is there"))
            .expected(expected)
            .found(found)
            .hint("an older list was put in the place of a newer one, or a mirror lags behind; ask whoever signs the list")
    };
    let mut refusals = Vec::new();
    let reused = |what: String| {
        Refusal::new(
            Code::SyncSerialReused,
            format!("`{name}` is another list than the one that is there, with {what}"),
        )
        .expected("a greater number, or a later signature")
        .hint("whoever signs the list has to give each a number of its own: `# rustvenv-manifest: serial=NUMBER`")
    };
    match (serial(local), serial(new)) {
        (Some(old), Some(number)) if number > old => {}
        (Some(old), Some(number)) if number == old => refusals.push(reused(format!("the same serial {old}"))),
        (Some(old), Some(number)) => {
            refusals.push(older(format!("a serial of more than {old}"), number.to_string()));
        }
        (Some(old), None) => refusals.push(older(format!("a serial of more than {old}"), "no serial".to_owned())),
        (None, _) => {
            let (old, time) = (newest(local), newest(new));
            if time < old {
                refusals.push(older(format!("a signature that is later than {}", iso_utc(old)), iso_utc(time)));
            } else if time == old && serial(new).is_none() {
                refusals.push(reused(format!("a signature of the same time, {}", iso_utc(old))));
            }
        }
    }
    for old in local.entries() {
        if let Some(entry) = new.entry(&old.name).filter(|entry| entry.sha256 != old.sha256) {
            refusals.push(
                Refusal::new(Code::SyncListedFileChanged, format!("`{name}` gives `{}` another digest", old.name))
                    .expected(format!("{}, as in the list that is there", old.sha256))
                    .found(entry.sha256.to_string())
                    .hint("a file that was approved keeps its bytes; ask whoever signs the list for another version or build tag"),
            );
        }
    }
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

/// Refuses names that mean something else in the directory.
fn check_names(list: &VerifiedManifest, own: &str) -> Result<(), Vec<Refusal>> {
    let is_own = |name: &str| {
        name == own || SIGNATURE_SUFFIXES.iter().any(|suffix| name.strip_prefix(own) == Some(&format!(".{suffix}")))
    };
    let refusals: Vec<Refusal> = list
        .entries()
        .iter()
        .filter(|entry| entry.name.starts_with('.') || is_own(&entry.name))
        .map(|entry| {
            Refusal::new(Code::SyncName, format!("`{}` lists `{}`", list.manifest().name, entry.name))
                .expected("files that are neither hidden nor the list and its signatures")
        })
        .collect();
    if refusals.is_empty() { Ok(()) } else { Err(refusals) }
}

struct Plan {
    /// What is not there, or not as it should be.
    wanted: Vec<Entry>,
    /// What is.
    kept: usize,
}

fn plan(request: &Request<'_>, local: Option<&VerifiedManifest>, list: &VerifiedManifest) -> Result<Plan, Failure> {
    let mut plan = Plan { wanted: Vec::new(), kept: 0 };
    let mut refusals = Vec::new();
    for entry in list.entries() {
        let path = request.directory.join(&entry.name);
        let found = match fs::status(&path)?.map(|status| status.kind) {
            None => {
                plan.wanted.push(entry.clone());
                continue;
            }
            Some(Kind::File | Kind::Link) => fs::digest(&path)?.0.to_string(),
            Some(Kind::Directory | Kind::Special) => "no regular file".to_owned(),
        };
        if found == entry.sha256.to_string() {
            plan.kept += 1;
        } else if local.is_some_and(|local| local.entry(&entry.name).is_some()) {
            // it was the listed file once, and has suffered since
            plan.wanted.push(entry.clone());
        } else {
            refusals.push(
                Refusal::new(Code::SyncFileInTheWay, format!("{} is another file than the listed one", path.display()))
                    .expected(entry.sha256.to_string())
                    .found(found)
                    .hint("no list that was here before knows it; look at it, and move it to another place"),
            );
        }
    }
    if refusals.is_empty() { Ok(plan) } else { Err(refusals.into()) }
}

/// Lines of the earlier list about files that the new one does not have and that are still as they were.
fn no_longer_listed(
    directory: &Path,
    local: &VerifiedManifest,
    list: &VerifiedManifest,
) -> Result<Vec<Entry>, Failure> {
    let mut found = Vec::new();
    for old in local.entries().iter().filter(|old| list.entry(&old.name).is_none()) {
        let path = directory.join(&old.name);
        let is_file = fs::status(&path)?.is_some_and(|status| status.kind == Kind::File);
        if is_file && !old.name.starts_with('.') && fs::digest(&path)?.0 == old.sha256 {
            found.push(old.clone());
        }
    }
    Ok(found)
}

/// Has the `wanted` files wait in the stage, several at a time.
fn fetch(request: &Request<'_>, base: &Address, wanted: &[Entry], watch: &(dyn Watch + Sync)) -> Result<(), Failure> {
    let incoming = request.directory.join(STAGE).join(INCOMING);
    fs::create_dir_all(&incoming)?;
    // what an earlier run left of files that nobody asks for any longer
    let is_wanted = |name: &str| wanted.iter().any(|entry| entry.name == name);
    for name in fs::names(&incoming)? {
        let text = name.to_string_lossy();
        if !is_wanted(transfer::name_of_part(&text).unwrap_or(&text)) {
            fs::remove(&incoming.join(&name))?;
        }
    }
    let queue = Mutex::new(wanted.iter());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..request.jobs.clamp(1, wanted.len().max(1)) {
            scope.spawn(|| {
                while let Some(entry) = queue.lock().ok().and_then(|mut queue| queue.next()) {
                    if let Err(failure) = fetch_one(request, base, &incoming, entry, watch) {
                        if let Ok(mut failures) = failures.lock() {
                            failures.push(failure);
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().map_err(|_| Failure::unable("a thread of this program failed"))?;
    let (mut refusals, mut unable) = (Vec::new(), None);
    for failure in failures {
        match failure {
            Failure::Refused(more) => refusals.extend(more),
            failure @ Failure::Unable { .. } => unable = Some(failure),
        }
    }
    match unable {
        _ if !refusals.is_empty() => Err(refusals.into()),
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

fn fetch_one(
    request: &Request<'_>,
    base: &Address,
    incoming: &Path,
    entry: &Entry,
    watch: &(dyn Watch + Sync),
) -> Result<(), Failure> {
    let path = incoming.join(&entry.name);
    if fs::status(&path)?.is_some() {
        if fs::digest(&path)?.0 == entry.sha256 {
            return Ok(());
        }
        fs::remove(&path)?;
    }
    let address = address_of(base, &entry.name)?;
    let accepted = BTreeSet::from([entry.sha256]);
    let transfer = Transfer {
        address: &address,
        directory: incoming,
        name: &entry.name,
        accepted: &accepted,
        limit: request.limits.wheel_size,
    };
    let outcome = transfer
        .run(request.network, &mut |done, total| watch.progress(&entry.name, done, total), &|line| watch.say(line));
    let size = match &outcome {
        Ok(Outcome::Verified { size, .. }) => Some(*size),
        _ => None,
    };
    watch.ended(&entry.name, size);
    match outcome? {
        Outcome::Verified { .. } => Ok(()),
        Outcome::Differs(found) => Err(Refusal::new(
            Code::SyncFileDiffers,
            format!("{address} is not the file that the signed list has under this name"),
        )
        .expected(entry.sha256.to_string())
        .found(found.to_string())
        .hint("nothing was kept of it; find out why that place serves another file, or synchronise from another one")
        .into()),
        Outcome::Missing => Err(Refusal::new(Code::SyncFileMissing, format!("there is no {address}"))
            .expected("every file of the signed list")
            .hint("whoever publishes the list publishes the files first; tell them, or synchronise from another place")
            .into()),
    }
}

/// Says, by one rename, that everything is there to be put in place.
fn commit(request: &Request<'_>, list: &VerifiedManifest, removed: &[Entry]) -> Result<(), Failure> {
    let stage = request.directory.join(STAGE);
    let new = stage.join(format!("{JOURNAL}.new"));
    fs::remove(&new)?;
    fs::create_dir_all(&new)?;
    fs::replace(&new.join(JOURNAL_NAME), request.list.as_bytes(), 0o644)?;
    fs::replace(&new.join(JOURNAL_LIST), &list.manifest().bytes, 0o644)?;
    for file in list.signatures() {
        let suffix = file.name.rsplit('.').next().unwrap_or_default();
        fs::replace(&new.join(format!("{JOURNAL_SIGNATURE}.{suffix}")), &file.bytes, 0o644)?;
    }
    let remove: String = removed.iter().map(|entry| format!("{}  {}\n", entry.sha256, entry.name)).collect();
    fs::replace(&new.join(JOURNAL_REMOVE), remove.as_bytes(), 0o644)?;
    store::flush(request.directory)?;
    fs::rename(&new, &stage.join(JOURNAL))
}

/// Carries to its end what was decided and perhaps interrupted; nothing when nothing was. Every part of it can be repeated.
///
/// # Errors
/// When the file system refuses; then the next call goes on.
pub fn settle(directory: &Path) -> Result<(), Failure> {
    let (limits, stage) = (Limits::DEFAULT, directory.join(STAGE));
    if fs::status(&stage)?.is_none() {
        return Ok(());
    }
    let journal = stage.join(JOURNAL);
    if fs::status(&journal)?.is_some() {
        let read = |name: &str, limit| -> Result<InputFile, Failure> {
            Ok(InputFile { name: name.to_owned(), bytes: fs::read(&journal.join(name), limit)? })
        };
        let list = fs::read_text(&journal.join(JOURNAL_NAME), limits.component_length as u64)?;
        let new = read(JOURNAL_LIST, limits.manifest_size)?;
        let incoming = stage.join(INCOMING);
        for entry in Manifest::parse(&new)?.entries() {
            let from = incoming.join(&entry.name);
            if !entry.name.starts_with('.') && fs::status(&from)?.is_some() {
                fs::rename(&from, &directory.join(&entry.name))?;
            }
        }
        for (path, suffix) in signature_paths(directory, &list).zip(SIGNATURE_SUFFIXES) {
            let name = format!("{JOURNAL_SIGNATURE}.{suffix}");
            if fs::status(&journal.join(&name))?.is_some() {
                fs::replace(&path, &read(&name, limits.signature_size)?.bytes, 0o644)?;
            } else {
                fs::remove(&path)?;
            }
        }
        fs::replace(&directory.join(&list), &new.bytes, 0o644)?;
        for entry in Manifest::parse(&read(JOURNAL_REMOVE, limits.manifest_size)?)?.entries() {
            let path = directory.join(&entry.name);
            let is_file = fs::status(&path)?.is_some_and(|status| status.kind == Kind::File);
            if is_file && fs::digest(&path)?.0 == entry.sha256 {
                fs::remove(&path)?;
            }
        }
        store::flush(directory)?;
        fs::remove(&incoming)?;
        // half a journal must not be taken for one
        fs::rename(&journal, &stage.join(format!("{JOURNAL}.done")))?;
    }
    for rest in ["new", "done"] {
        fs::remove(&stage.join(format!("{JOURNAL}.{rest}")))?;
    }
    let _ = fs::remove_if_empty(&stage)?;
    Ok(())
}
