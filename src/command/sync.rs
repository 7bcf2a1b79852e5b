//! `rustvenv sync`: a directory of wheels, level with the signed list of another place.
//!
//! Enters: an address or a directory, and who has to have signed. Leaves: the files of the list and the list, or the directory as it
//! was. A line goes to standard output for each file that came or went; nothing when nothing did.

use super::progress::Progress;
use super::reach::{Typed, connections, reach};
use super::talk::Talk;
use super::{print, trust_options};
use crate::address::Address;
use crate::cli::{Format, SyncArguments};
use crate::date::iso_utc;
use crate::limits::Limits;
use crate::maintain::sync::{Pruning, Report, Request, sync};
use crate::refusal::Failure;
use crate::system::fs;
use crate::system::store;
use std::path::Path;

/// Carries the command out.
///
/// # Errors
/// Every reason why the list is not taken, and every file that cannot be had.
pub fn run(arguments: &SyncArguments) -> Result<(), Failure> {
    let limits = Limits::DEFAULT;
    let talk = Talk::new(arguments.verbose);
    let list = arguments.manifest.as_str();
    if list.is_empty() || list.starts_with('.') || list.contains('/') {
        return Err(Failure::unable(format!("--manifest is no plain file name: `{list}`")));
    }
    let policy = trust_options::policy(&arguments.trust)?;
    let keyring = trust_options::keyring(&arguments.trust, &limits)?;
    let (source, place) = source(&arguments.from)?;
    let jobs = connections(&arguments.transfer);
    // the source stands for the index, so that its own credentials are used and nobody else's
    let typed = Typed { indexes: &[place], transfer: &arguments.transfer };
    let network = reach(&typed, &limits, &|line| talk.line(line)).network;
    if !arguments.dry_run {
        fs::create_dir_all(&arguments.wheels)?;
    }
    let _lock = if arguments.dry_run { None } else { Some(store::lock(&arguments.wheels)?) };
    let request = Request {
        source: &source,
        network: &network,
        directory: &arguments.wheels,
        list,
        keyring: &keyring,
        policy: &policy,
        pruning: if arguments.prune { Pruning::Remove } else { Pruning::Keep },
        jobs,
        dry_run: arguments.dry_run,
        limits: &limits,
    };
    let report = sync(&request, &Progress::new(talk))?;
    for warning in report.list.warnings() {
        super::say(&warning.to_string());
    }
    talk.line(&summary(&report, arguments.dry_run));
    print(&lines(&report, arguments.format))
}

/// The address of what was typed, as a directory, and its text with credentials.
fn source(typed: &str) -> Result<(Address, String), Failure> {
    if typed.contains("://") {
        let text = if typed.ends_with('/') { typed.to_owned() } else { format!("{typed}/") };
        let (address, _) = Address::parse(&text).map_err(|why| {
            Failure::unable_hint(format!("--from is no address: {why}"), "write a URL or a directory")
        })?;
        return Ok((address, text));
    }
    let path = fs::canonicalize(Path::new(typed))?;
    let address = Address::of_directory(&path)
        .ok_or_else(|| Failure::unable(format!("--from is no directory: {}", path.display())))?;
    let text = address.as_sent().to_owned();
    Ok((address, text))
}

fn summary(report: &Report, dry_run: bool) -> String {
    let header = report.list.header();
    let serial = header.and_then(|header| header.serial).map(|serial| format!(" number {serial}")).unwrap_or_default();
    let newest = report.list.signers().iter().map(|signer| signer.time).max().unwrap_or_default();
    let state = if report.is_new { "new" } else { "known" };
    let would = if dry_run { " would be" } else { "" };
    format!(
        "the {state} list{serial} of {}: {} files{would} fetched, {} removed, {} there already",
        iso_utc(newest),
        report.fetched.len(),
        report.removed.len(),
        report.kept
    )
}

fn lines(report: &Report, format: Format) -> String {
    let mut text = String::new();
    for entry in &report.fetched {
        text.push_str(&match format {
            Format::Text => format!("fetched {} {}\n", crate::refusal::printable(&entry.name), entry.sha256),
            Format::Json => {
                let value = serde_json::json!({ "fetched": entry.name, "sha256": entry.sha256.hex() });
                format!("{value}\n")
            }
        });
    }
    for name in &report.removed {
        text.push_str(&match format {
            Format::Text => format!("removed {}\n", crate::refusal::printable(name)),
            Format::Json => format!("{}\n", serde_json::json!({ "removed": name })),
        });
    }
    text
}
