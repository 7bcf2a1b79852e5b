//! `rustvenv init --from-dh-virtualenv`: what a package that was made with dh-virtualenv needs here.
//!
//! Enters: debian/ of the working directory. Leaves: a report on standard output, and debian/PKG.rustvenv where none is there; with
//! `--dry-run` the report alone, and with `--print-rules` the debian/rules that would do. debian/rules and debian/control are printed and never written: they are the maintainer's. Nothing
//! of the package is run.

use crate::cli::InitArguments;
use crate::limits::Limits;
use crate::maintain::migrate::{self, Migration, Sources};
use crate::refusal::Failure;
use crate::system::fs;
use std::path::{Path, PathBuf};

/// Carries the command out.
///
/// # Errors
/// When debian/rules or debian/control cannot be read, or has nothing of dh-virtualenv.
pub fn run(arguments: &InitArguments) -> Result<(), Failure> {
    let migration = read(arguments.package.as_deref())?;
    if arguments.print_rules {
        return super::print(&migration.rules);
    }
    super::print(&migration.report())?;
    for package in migration.configurations.keys() {
        let file = PathBuf::from(format!("debian/{package}.rustvenv"));
        let text = migration.configuration(package).unwrap_or_default();
        if fs::status(&file)?.is_some() {
            super::say(&format!("rustvenv: {} is there already and stays as it is", file.display()));
        } else if arguments.dry_run {
            super::say(&format!("rustvenv: {} would be written", file.display()));
        } else {
            fs::create(&file, 0o644, &mut |sink| sink(text.as_bytes()))?;
            super::say(&format!(
                "rustvenv: {} is written; change debian/rules and debian/control as above, then `rustvenv init` says what is left",
                file.display()
            ));
        }
    }
    Ok(())
}

/// Reads the package in the working directory.
///
/// # Errors
/// As [`migrate::read`].
pub fn read(package: Option<&str>) -> Result<Migration, Failure> {
    let root = fs::canonicalize(Path::new("."))?;
    let limit = Limits::DEFAULT.configuration_size;
    let rules = fs::read_text(Path::new("debian/rules"), limit)?;
    let control = fs::read_text(Path::new("debian/control"), limit)?;
    let mut load = |path: &str| {
        let inside = fs::canonicalize(Path::new(path)).ok().filter(|path| path.starts_with(&root))?;
        fs::read_text(&inside, limit).ok()
    };
    migrate::read(Sources { rules: &rules, control: &control, package, load: &mut load })
}
