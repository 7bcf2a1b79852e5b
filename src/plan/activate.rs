//! `bin/activate` and its kin, for people who work in the environment by hand.
//!
//! Enters: the environment's name and where it is installed. Leaves: the scripts for the shells of Debian. Each finds its
//! environment by its own place; where a shell has no way to tell (dash), the place where the package installs it is used.

/// File name below bin/ and template, for each shell.
const TEMPLATES: &[(&str, &str)] = &[
    ("activate", include_str!("activate/activate.sh")),
    ("activate.csh", include_str!("activate/activate.csh")),
    ("activate.fish", include_str!("activate/activate.fish")),
];

/// The scripts for the environment `name` at the absolute path `location`.
pub(super) fn scripts(name: &str, location: &str) -> impl Iterator<Item = (&'static str, String)> {
    TEMPLATES
        .iter()
        .map(move |(file, template)| (*file, template.replace("@NAME@", name).replace("@LOCATION@", location)))
}
