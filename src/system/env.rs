//! The environment variables that may be read, each by a function that says why it is harmless.
//!
//! A variable that changed the package would make two builders disagree, and .buildinfo would not say why. What dpkg sets for
//! every build (SOURCE_DATE_EPOCH, DEB_HOST_ARCH) is recorded there; what changes only how much is printed is free.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use crate::refusal::Failure;
use std::ffi::OsString;
use std::path::PathBuf;

/// SOURCE_DATE_EPOCH as set by dpkg-buildpackage and dh, in seconds since 1970
/// (<https://reproducible-builds.org/specs/source-date-epoch/>); `None` when it is not set.
///
/// # Errors
/// When it is set to something that is not a number of seconds: a wrong time is worse than none.
pub fn source_date_epoch() -> Result<Option<u64>, Failure> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let text = text.to_string_lossy();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if digits => Ok(Some(seconds)),
        _ => Err(Failure::unable_hint(
            format!("SOURCE_DATE_EPOCH is not a number of seconds: `{text}`"),
            "dpkg-buildpackage sets it from debian/changelog; do not set it to anything else",
        )),
    }
}

/// DEB_HOST_ARCH, the architecture the package is for, as dpkg-buildpackage exports it.
pub fn deb_host_arch() -> Option<String> {
    std::env::var("DEB_HOST_ARCH").ok().filter(|arch| !arch.is_empty())
}

/// The variables that say how the network is reached, each with the reason why it may be read. Only the maintainers' commands that
/// fetch ask for them, and none of them can change what is accepted: that is decided by the hashes of the lock.
const OF_THE_NETWORK: &[(&str, &str)] = &[
    ("PIP_INDEX_URL", "pip's index: where files are looked for"),
    ("PIP_EXTRA_INDEX_URL", "pip's further indexes"),
    ("PIP_NO_INDEX", "pip is told to ask no index, and so are we"),
    ("PIP_CONFIG_FILE", "where pip's settings are"),
    ("UV_DEFAULT_INDEX", "uv's index"),
    ("UV_INDEX_URL", "uv's index, by its old name"),
    ("UV_INDEX", "uv's further indexes"),
    ("UV_EXTRA_INDEX_URL", "uv's further indexes, by their old name"),
    ("UV_CONFIG_FILE", "where uv's settings are"),
    ("UV_NO_CONFIG", "uv is told to read no settings"),
    ("VIRTUAL_ENV", "an environment has settings of pip's in it"),
    ("HOME", "the user's settings and netrc are below it"),
    ("XDG_CONFIG_HOME", "the user's settings are below it"),
    ("XDG_CONFIG_DIRS", "the system's settings are below it"),
    ("NETRC", "where credentials are"),
    ("http_proxy", "the way to the network; in lower case alone, since a web server sets the other from a request"),
    ("https_proxy", "the way to the network"),
    ("HTTPS_PROXY", "the way to the network"),
    ("all_proxy", "the way to the network"),
    ("ALL_PROXY", "the way to the network"),
    ("no_proxy", "hosts that are reached directly"),
    ("NO_PROXY", "hosts that are reached directly"),
];

/// dh-virtualenv's variables. They are read to be judged, and none of them can change what is built: one that would is refused.
const OF_DH_VIRTUALENV: &[&str] = &[
    "DH_VIRTUALENV_INSTALL_ROOT",
    "DH_VIRTUALENV_INSTALL_SUFFIX",
    "DH_REQUIREMENTS_FILE",
    "DH_PIP_EXTRA_ARGS",
    "DH_VIRTUALENV_ARGUMENTS",
    "DH_UPGRADE_PIP",
    "DH_UPGRADE_SETUPTOOLS",
    "DH_UPGRADE_WHEEL",
];

/// The variables of dh-virtualenv that are set, with their values; bytes that are no text are replaced.
pub fn of_dh_virtualenv() -> Vec<(String, String)> {
    let value = |name: &&str| Some(((*name).to_owned(), std::env::var_os(name)?.to_string_lossy().into_owned()));
    OF_DH_VIRTUALENV.iter().filter_map(value).collect()
}

/// One of the variables that say how the network is reached; `None` when it is not set, or not one of them.
pub fn of_the_network(name: &str) -> Option<OsString> {
    let (name, _) = OF_THE_NETWORK.iter().find(|(known, _)| *known == name)?;
    std::env::var_os(name)
}

/// Where the user's caches are (<https://specifications.freedesktop.org/basedir-spec/latest/>); `None` when nobody says. What is found
/// there decides only whether the maintainers' commands build something once more.
pub fn caches() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))
}

/// Name and address of whoever maintains packages on this system, as devscripts reads them; either may be missing. They stand in a new
/// debian/changelog, which its author signs with them; `init` alone asks, and no package build.
pub fn maintainer() -> (Option<String>, Option<String>) {
    let first =
        |names: [&str; 2]| names.iter().find_map(|name| std::env::var(name).ok().filter(|text| !text.is_empty()));
    (first(["DEBFULLNAME", "NAME"]), first(["DEBEMAIL", "EMAIL"]))
}

/// Whether NO_COLOR asks for plain text (<https://no-color.org>); changes only what is printed.
pub fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Whether DH_VERBOSE asks to be told what is done; changes only what is printed.
pub fn dh_verbose() -> bool {
    std::env::var_os("DH_VERBOSE").is_some_and(|value| !value.is_empty())
}

/// DH_ALWAYS_EXCLUDE, in whose words dh_builddeb deletes files after the last look; that is refused, so it decides nothing.
pub fn dh_always_exclude() -> Vec<String> {
    let text = std::env::var_os("DH_ALWAYS_EXCLUDE").unwrap_or_default();
    text.to_string_lossy().split(':').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The number in DEB_BUILD_OPTIONS=parallel=N, the most that is to run at a time; changes only how long it takes.
pub fn parallel() -> Option<usize> {
    let options = std::env::var("DEB_BUILD_OPTIONS").unwrap_or_default();
    options.split_whitespace().rev().find_map(|word| word.strip_prefix("parallel=")?.parse().ok())
}

/// Whether DH_QUIET or DEB_BUILD_OPTIONS=terse asks for silence; changes only what is printed.
pub fn quiet() -> bool {
    std::env::var_os("DH_QUIET").is_some_and(|value| !value.is_empty())
        || std::env::var("DEB_BUILD_OPTIONS")
            .is_ok_and(|options| options.split_whitespace().any(|word| word == "terse"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_of_the_table_are_asked_for() {
        let table = crate::debhelper::dh_virtualenv::table::VARIABLES;
        assert_eq!(OF_DH_VIRTUALENV, table.iter().map(|row| row.name).collect::<Vec<_>>());
    }
}
