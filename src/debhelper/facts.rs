//! The lines that cross from Rust to Perl.
//!
//! Enters: dependencies, and where the environment stands. Leaves: one fact a line, words separated by one blank, so that Perl needs
//! only `split`:
//!
//! ```text
//! substvar VARIABLE RELATION
//! autoscript SCRIPT SNIPPET [TOKEN=VALUE]...
//! ```
//!
//! A relation is written as a Depends field has it, and ends with the line. A snippet is a file of debhelper/autoscripts, of which each `#TOKEN#` is replaced. No word has a blank in it: the
//! configuration allows none in what becomes a value.

use super::dependency::Dependency;
use crate::python::interpreter::Interpreter;
use std::collections::BTreeSet;

/// The dependencies of a package that needs the interpreter and `libraries`, for `variable`.
pub fn dependencies(variable: &str, interpreter: &Interpreter, libraries: &BTreeSet<Dependency>) -> String {
    // The interpreter by its own package and without a range: bin/python points to /usr/bin/python3.X, and a range on `python3`
    // would have the application removed when the distribution moves on.
    format!("substvar {variable} {}\n", interpreter.program()) + &relations(variable, libraries)
}

/// What has to be in `variable`, one line for each of `packages`.
pub fn relations(variable: &str, packages: &BTreeSet<Dependency>) -> String {
    packages.iter().map(|dependency| format!("substvar {variable} {dependency}\n")).collect()
}

/// The maintainer scripts that compile the environment at `location` where it is installed, and remove the byte code.
pub fn byte_code_scripts(location: &str, interpreter: &Interpreter) -> String {
    let tokens = format!("VENV={location} PYTHON={}", interpreter.program());
    ["postinst", "prerm"].map(|script| format!("autoscript {script} {script}-rustvenv {tokens}\n")).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fact_a_line() {
        let dependency = |package: &str, at_least: Option<&str>| Dependency {
            package: package.to_owned(),
            at_least: at_least.map(str::to_owned),
        };
        let libraries = BTreeSet::from([dependency("libc6", Some("2.28")), dependency("zlib1g", None)]);
        assert_eq!(
            dependencies("misc:Depends", &Interpreter::parse("3.11").unwrap(), &libraries),
            "substvar misc:Depends python3.11\nsubstvar misc:Depends libc6 (>= 2.28)\nsubstvar misc:Depends zlib1g\n"
        );
        assert_eq!(
            byte_code_scripts("/opt/venvs/demo", &Interpreter::parse("3.11").unwrap()),
            "autoscript postinst postinst-rustvenv VENV=/opt/venvs/demo PYTHON=python3.11\n\
             autoscript prerm prerm-rustvenv VENV=/opt/venvs/demo PYTHON=python3.11\n"
        );
    }
}
