//! `rustvenv manifest`: adds the wheels of a directory to the list that is going to be signed.
//!
//! Enters: directories of wheels, and the list as it is. Leaves: the list with the new wheels, the added lines on standard
//! output. What was listed before stays byte for byte; the signature has to be made anew (`rustvenv sign`).

use crate::cli::ManifestArguments;
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::maintain::manifest::grow;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Kind};
use crate::trust::InputFile;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The usual name of a list.
const NAME: &str = "sha256sums.txt";

/// Carries the command out.
///
/// # Errors
/// As [`grow`], and when a directory has no wheel or two have different ones of one name.
pub fn run(arguments: &ManifestArguments) -> Result<(), Failure> {
    let path = arguments.manifest.clone().unwrap_or_else(|| {
        let first = arguments.wheels.first().map_or(Path::new("."), PathBuf::as_path);
        first.join(NAME)
    });
    let wheels = wheels(&arguments.wheels, &Limits::DEFAULT)?;
    if wheels.is_empty() {
        return Err(Failure::unable_hint(
            "there is no wheel to list",
            "name the directory in which they are with --wheels",
        ));
    }
    let old = match fs::status(&path)? {
        Some(_) => Some(InputFile {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            bytes: fs::read(&path, Limits::DEFAULT.manifest_size)?,
        }),
        None => None,
    };
    let grown = grow(old.as_ref(), &wheels, arguments.project.as_deref())?;
    let lines: String = grown.added.iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect();
    if !arguments.dry_run && old.as_ref().is_none_or(|old| old.bytes != grown.text) {
        fs::replace(&path, &grown.text, 0o644)?;
        super::say(&format!("{}: {} wheels added; it has to be signed now", path.display(), grown.added.len()));
    }
    super::print(&lines)
}

/// The wheels in `directories` and their digests.
///
/// # Errors
/// When two directories have different wheels of one name, or one cannot be read.
pub fn wheels(directories: &[PathBuf], limits: &Limits) -> Result<BTreeMap<WheelFilename, Sha256>, Failure> {
    let mut wheels: BTreeMap<WheelFilename, Sha256> = BTreeMap::new();
    for directory in directories {
        for entry in fs::list(directory)? {
            let Ok(name) = WheelFilename::parse(&entry.name.to_string_lossy()) else { continue };
            if entry.kind == Kind::Directory {
                return Err(Failure::unable(format!("{} is a directory", entry.path.display())));
            }
            if wheels.len() >= limits.wheel_files {
                return Err(Failure::unable(format!("there are more than {} wheels", limits.wheel_files)));
            }
            let (found, _) = fs::digest(&entry.path)?;
            let other = wheels.insert(name.clone(), found).filter(|other| *other != found);
            if let Some(other) = other {
                return Err(Refusal::new(
                    Code::ManifestEntryChanged,
                    format!("two directories have different files `{name}`"),
                )
                .expected(format!("sha256:{other}"))
                .found(format!("sha256:{found} ({})", entry.path.display()))
                .into());
            }
        }
    }
    Ok(wheels)
}
