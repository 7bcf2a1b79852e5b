//! What of the source package as a whole speaks against an environment in one of its packages.
//!
//! Enters: [`Inputs`], debian/control, debian/rules and the configurations of the other binary packages. Leaves: nothing, or every
//! refusal. What is wrong with another package's configuration is for that package's own steps to say.

use super::inputs::Inputs;
use crate::code::Code;
use crate::config::Config;
use crate::debhelper::control::BinaryPackage;
use crate::debhelper::rules;
use crate::limits::Limits;
use crate::refusal::{Failure, Refusal};
use crate::system::fs;
use std::path::Path;

/// The configuration of the main package, which is the first one.
const MAIN: &str = "debian/rustvenv";

/// Looks at the source package.
///
/// # Errors
/// Targets in debian/rules that nothing calls, an environment for the Debian installer, a place that two packages claim; or files
/// that cannot be read.
pub(super) fn check(inputs: &Inputs) -> Result<(), Failure> {
    let mut refusals = left_over(&inputs.root)?;
    if inputs.package.is_udeb() {
        let message = format!("`{}` is a udeb", inputs.package.name);
        refusals.push(Refusal::new(Code::PackageIsUdeb, message).hint("remove its configuration"));
    }
    refusals.extend(shared(inputs)?);
    if refusals.is_empty() { Ok(()) } else { Err(refusals.into()) }
}

/// The targets for dh_virtualenv.
fn left_over(root: &Path) -> Result<Vec<Refusal>, Failure> {
    let file = root.join("debian/rules");
    // `rustvenv` can be used without debhelper
    if fs::status(&file)?.is_none() {
        return Ok(Vec::new());
    }
    // make reads bytes, and a comment may be of any encoding
    let bytes = fs::read(&file, Limits::DEFAULT.configuration_size)?;
    let found = rules::left_over(&String::from_utf8_lossy(&bytes)).into_iter().map(|found| {
        Refusal::new(Code::TargetLeftOver, format!("debian/rules line {}: `{}` is never run", found.line, found.target))
            .expected(format!("`{}`, or nothing", found.replacement))
            .hint(
                "keep of it what the package still needs; options of dh_virtualenv become keys of debian/PKG.rustvenv",
            )
    });
    Ok(found.collect())
}

/// Places and commands that another package of this source claims as well.
fn shared(inputs: &Inputs) -> Result<Vec<Refusal>, Failure> {
    let control = fs::read_text(&inputs.root.join("debian/control"), Limits::DEFAULT.configuration_size)?;
    let mut refusals = Vec::new();
    for (index, other) in BinaryPackage::all(&control).iter().enumerate() {
        if other.name == inputs.package.name || !inputs.package.may_stand_beside(other) {
            continue;
        }
        // debhelper's --mainpackage gives it to another than the first
        let is_main = index == 0 && !inputs.config_file.ends_with(MAIN);
        let Some(config) = configuration(&inputs.root, other, is_main)? else { continue };
        let (ours, theirs) = (inputs.config.location(), config.location());
        let inside = |one: &str, two: &str| format!("{one}/").starts_with(&format!("{two}/"));
        let mut places = Vec::new();
        if inside(&ours, &theirs) || inside(&theirs, &ours) {
            places.push(theirs);
        }
        places.extend(inputs.config.commands.intersection(&config.commands).map(|name| format!("/usr/bin/{name}")));
        refusals.extend(places.into_iter().map(|place| {
            let message = format!("`{place}` is claimed by `{}` and by `{}`", inputs.package.name, other.name);
            Refusal::new(Code::LocationShared, message)
                .hint("set `name` or `commands` of one of them, or have one name the other in Conflicts")
        }));
    }
    Ok(refusals)
}

/// What `package` is configured to have, if anything that can be read.
fn configuration(root: &Path, package: &BinaryPackage, is_main: bool) -> Result<Option<Config>, Failure> {
    let own = format!("debian/{}.rustvenv", package.name);
    for (name, applies) in [(own.as_str(), true), (MAIN, is_main)] {
        let file = root.join(name);
        if applies && fs::status(&file)?.is_some() {
            let text = fs::read_text(&file, Limits::DEFAULT.configuration_size)?;
            return Ok(Config::parse(name, &text, &package.name).ok());
        }
    }
    Ok(None)
}
