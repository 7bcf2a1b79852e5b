//! Options and variables of dh-virtualenv at the three steps of a package build.
//!
//! Enters: what `dh_rustvenv` handed on as `--dh-virtualenv`, and the environment. Leaves: [`Inputs`] whose configuration says what
//! the options say, a line for each that has no effect, or the refusals of [`settle`]. The last step reads no configuration; it
//! gets the options because dh gives them to every step, and only refuses what is refused everywhere.

use super::inputs::Inputs;
use super::talk::Talk;
use crate::cli::CommonArguments;
use crate::debhelper::dh_virtualenv::settle::{Place, refused, settle};
use crate::debhelper::dh_virtualenv::table::{OPTIONS, VARIABLES};
use crate::debhelper::dh_virtualenv::{Given, judge};
use crate::refusal::Failure;
use crate::system::{env, fs};
use std::path::Path;

/// Everything about the package, with what options of dh-virtualenv say.
///
/// # Errors
/// As [`Inputs::read`] and [`settle`].
pub fn inputs(common: &CommonArguments, talk: Talk) -> Result<Inputs, Failure> {
    let file = common.config();
    let (options, variables) = (options(common)?, variables()?);
    Inputs::settled(&common.sourcedir, &file, &common.package, &mut |text, config| {
        let file = file.to_string_lossy();
        let place = Place { file: &file, text, package: &common.package };
        let settled = settle(config, place, &options, &variables)?;
        settled.warnings.iter().for_each(|line| talk.line(line));
        Ok(settled.config)
    })
}

/// Refuses what no step takes.
///
/// # Errors
/// Each option that is refused whatever the configuration says.
pub fn look(common: &CommonArguments) -> Result<(), Failure> {
    let refusals = refused(&options(common)?);
    if refusals.is_empty() { Ok(()) } else { Err(refusals.into()) }
}

fn options(common: &CommonArguments) -> Result<Vec<Given>, Failure> {
    let tree = source_tree()?;
    let split = |option: &String| {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let name = match name {
            // in one word it is the build system that dh was told to use, and for dh_auto_* alone
            "S" if !value.is_empty() => return None,
            "S" => "use-system-packages",
            "s" => "setuptools",
            name => name,
        };
        Some((name.to_owned(), value.replace(&tree, "")))
    };
    let given: Vec<(String, String)> = common.dh_virtualenv.iter().filter_map(split).collect();
    judge(OPTIONS, &given).map_err(|name| Failure::unable(format!("dh_virtualenv has no option `--{name}`")))
}

fn variables() -> Result<Vec<Given>, Failure> {
    let tree = source_tree()?;
    let given: Vec<(String, String)> =
        env::of_dh_virtualenv().into_iter().map(|(name, value)| (name, value.replace(&tree, ""))).collect();
    judge(VARIABLES, &given).map_err(|name| Failure::unable(format!("dh-virtualenv has no variable `{name}`")))
}

/// The source tree with a slash at its end: make's `$(CURDIR)/` in front of a path says no more than that it is relative.
fn source_tree() -> Result<String, Failure> {
    Ok(format!("{}/", fs::canonicalize(Path::new("."))?.display()))
}
