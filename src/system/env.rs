//! The environment variables that may be read, each by a function that says why it is harmless.
//!
//! A variable that changed the package would make two builders disagree, and .buildinfo would not say why. What dpkg sets for
//! every build (SOURCE_DATE_EPOCH, DEB_HOST_ARCH) is recorded there; what changes only how much is printed is free.

#![expect(clippy::disallowed_methods, reason = "this is the door")]

use crate::refusal::Failure;

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

/// Whether DH_VERBOSE asks to be told what is done; changes only what is printed.
pub fn dh_verbose() -> bool {
    std::env::var_os("DH_VERBOSE").is_some_and(|value| !value.is_empty())
}

/// Whether DH_QUIET or DEB_BUILD_OPTIONS=terse asks for silence; changes only what is printed.
pub fn quiet() -> bool {
    std::env::var_os("DH_QUIET").is_some_and(|value| !value.is_empty())
        || std::env::var("DEB_BUILD_OPTIONS")
            .is_ok_and(|options| options.split_whitespace().any(|word| word == "terse"))
}
