//! debian-example as it is committed: the list is signed by the certificate beside it, and the requirements are what the locks of
//! sources and the list give. That the sources really give these wheels is for `make example`, which needs a network.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::process::{Command, Output};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/debian-example");

/// Runs the program in the example, for the architecture that its list is for.
fn rustvenv(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rustvenv"));
    let output = command.args(["-C", EXAMPLE]).args(arguments).env("DEB_HOST_ARCH", "amd64").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn the_signed_list_has_what_is_required() {
    let list =
        ["verify", "--manifest", "wheels/sha256sums.txt", "--keyring", "debian/signers", "--architecture", "amd64"];
    let files = ["--requirements", "requirements.txt", "--requirements", "build-requirements.txt"];
    for python in ["3.11", "3.13"] {
        rustvenv(&[&list[..], &files, &["--python", python]].concat());
    }
}

#[test]
fn the_requirements_are_those_of_the_locked_sources() {
    for (sources, requirements) in
        [("sources.txt", "requirements.txt"), ("build-sources.txt", "build-requirements.txt")]
    {
        let from = ["requirements", "--requirements", sources, "--manifest", "wheels/sha256sums.txt"];
        let output = rustvenv(&[&from[..], &["--python", "3.11", "--python", "3.13"]].concat());
        let committed = fs::read_to_string(format!("{EXAMPLE}/{requirements}")).unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), committed, "{requirements}: run `make example-list`");
    }
}
