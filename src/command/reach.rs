//! How the maintainers' commands reach an index: which one, through which proxy, as whom.
//!
//! Enters: what was typed, the variables that `system::env` knows, settings files and the installed pip. Leaves: indexes and a
//! [`Network`]. What is read here decides where files are looked for and never which file is accepted.

use crate::address::{Address, Credentials};
use crate::cli::TransferArguments;
use crate::limits::Limits;
use crate::maintain::fetch::Reach;
use crate::maintain::index_url::{self, Doors, Index};
use crate::maintain::netrc::Netrc;
use crate::refusal::Failure;
use crate::system::net::{Network, Proxies, Settings};
use crate::system::process::Program;
use crate::system::{env, fs};
use std::path::{Path, PathBuf};

/// What of it can be typed.
pub struct Typed<'a> {
    /// `--index-url`
    pub indexes: &'a [String],
    /// `--jobs`, `--timeout` and `--retries`
    pub transfer: &'a TransferArguments,
}

/// Files at a time when nobody says how many: the time goes into waiting for servers, on small machines too.
const FEWEST_JOBS: usize = 8;

/// How many files are fetched at a time.
pub fn connections(transfer: &TransferArguments) -> usize {
    transfer.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(FEWEST_JOBS, |found| found.get().max(FEWEST_JOBS)),
        std::num::NonZeroUsize::get,
    )
}

/// Indexes and network for what was typed; `say` is told what is passed over.
pub fn reach(typed: &Typed<'_>, limits: &Limits, say: &dyn Fn(&str)) -> Reach {
    let doors = Doors {
        variable: &env::of_the_network,
        file: &|path| settings_file(path, limits.settings_size),
        default: &pips_default,
    };
    let indexes = index_url::indexes(typed.indexes, &doors);
    let known: Vec<(String, Credentials)> = indexes.iter().flatten().filter_map(credentials).collect();
    let netrc = netrc(limits, say);
    let login = move |address: &Address| {
        let own = known.iter().find(|(origin, _)| *origin == address.origin()).map(|(_, credentials)| credentials);
        own.or_else(|| netrc.login(address.host())).cloned()
    };
    let network = Network::new(Settings {
        login: Box::new(login),
        proxies: proxies(),
        timeout: typed.transfer.timeout,
        retries: typed.transfer.retries,
        connections: connections(typed.transfer),
    });
    Reach { indexes, network }
}

fn credentials(index: &Index) -> Option<(String, Credentials)> {
    Some((index.address.origin(), index.credentials.clone()?))
}

/// The text of a settings file; one that is not there, and a device such as /dev/null, has none.
fn settings_file(path: &Path, limit: u64) -> Result<Option<String>, Failure> {
    // a link is followed, as pip and uv do
    let Some(found) = fs::status(path)? else { return Ok(None) };
    match found.kind {
        fs::Kind::Special | fs::Kind::Directory => Ok(None),
        fs::Kind::File | fs::Kind::Link => fs::read_text(path, limit).map(Some),
    }
}

/// What the installed pip uses when nobody told it anything else. It is asked in isolated mode, so that nothing in the environment
/// or the working directory answers in its place.
fn pips_default() -> Result<Option<String>, Failure> {
    let question = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    for python in ["/usr/bin/python3", "python3"] {
        if let Ok(answer) = Program::new([python, "-I", "-c", question]).run() {
            let answer = String::from_utf8_lossy(&answer).trim().to_owned();
            if !answer.is_empty() {
                return Ok(Some(answer));
            }
        }
    }
    Ok(None)
}

/// The user's netrc file; one that cannot be read gives nothing, as with pip, and that is said.
fn netrc(limits: &Limits, say: &dyn Fn(&str)) -> Netrc {
    let home = || env::of_the_network("HOME").map(PathBuf::from);
    let path = match env::of_the_network("NETRC") {
        Some(path) => Some(PathBuf::from(path)),
        None => home().and_then(|home| {
            let places = [home.join(".netrc"), home.join("_netrc")];
            places.into_iter().find(|path| matches!(fs::status(path), Ok(Some(_))))
        }),
    };
    let Some(path) = path else { return Netrc::default() };
    match settings_file(&path, limits.settings_size) {
        Ok(None) => Netrc::default(),
        Ok(Some(text)) => Netrc::parse(&text).unwrap_or_else(|line| {
            say(&format!("warning: {} is not used: line {line} cannot be read", path.display()));
            Netrc::default()
        }),
        Err(error) => {
            say(&format!("warning: {} is not used: {error}", path.display()));
            Netrc::default()
        }
    }
}

fn proxies() -> Proxies {
    let first = |names: &[&str]| {
        let values = names.iter().filter_map(|name| env::of_the_network(name));
        values.map(|value| value.to_string_lossy().trim().to_owned()).find(|value| !value.is_empty())
    };
    Proxies {
        http: first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
        https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
        none: first(&["no_proxy", "NO_PROXY"]).unwrap_or_default(),
    }
}
