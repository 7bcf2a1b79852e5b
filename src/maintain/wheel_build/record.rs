//! What a wheel was made from: the record that is kept beside it.
//!
//! Enters: the facts of one build. Leaves: JSON in `.rustvenv-build/WHEEL.json` in the directory of wheels, and from it the answer
//! whether a wheel that is there is the one that would be built. What may be installed is decided by lock and signed list, which know
//! nothing of it. A record saves work, and whoever may write to the directory of wheels could write one for a wheel that nobody built:
//! so only those count that this user wrote ([`Memory`]).

use super::Recipe;
use super::source::Sdist;
use crate::digest::Sha256;
use crate::refusal::Failure;
use crate::system::fs;
use crate::wheel::Wheel;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory of records in a directory of wheels.
pub const DIRECTORY: &str = ".rustvenv-build";

/// Upper bound for a record, in bytes.
const RECORD_SIZE: u64 = 16 << 20;

/// The form of the record. It changes whenever another recipe could make another wheel of the same inputs.
const FORMAT: u32 = 1;

/// A file and its digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileRecord {
    /// Its file name.
    pub file_name: String,
    /// SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// What one wheel was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    format: u32,
    /// The wheel.
    pub wheel: FileRecord,
    /// The sdist.
    pub sdist: FileRecord,
    /// The build back end, `MODULE` or `MODULE:OBJECT`.
    pub backend: String,
    /// What the back end required beyond pyproject.toml.
    pub further_requirements: Vec<String>,
    /// Every wheel of the environment in which it was built.
    pub environment: Vec<FileRecord>,
    /// SOURCE_DATE_EPOCH.
    pub source_date_epoch: u64,
    /// The directory in which the source tree was, inside of the sandbox.
    pub build_path: String,
    /// The full version of the Python that built.
    pub python: String,
    /// What the C compiler calls itself; empty when there was none.
    pub compiler: String,
    /// What rustc calls itself; empty when the sdist has no Cargo.lock.
    pub rust: String,
    /// How often it was built; every time it was this wheel.
    pub builds: u32,
    /// The version of this program.
    pub rustvenv: String,
}

/// The wheels of an environment as records have them.
pub fn environment(wheels: &[Arc<Wheel>]) -> Vec<FileRecord> {
    let mut files: Vec<FileRecord> = wheels
        .iter()
        .map(|wheel| FileRecord { file_name: wheel.file_name().to_string(), sha256: wheel.sha256().hex() })
        .collect();
    files.sort();
    files
}

impl Record {
    /// The record of a wheel that was built twice.
    pub fn new(
        wheel: FileRecord,
        sdist: &Sdist,
        recipe: &Recipe,
        backend: &str,
        further_requirements: Vec<String>,
        environment: Vec<FileRecord>,
        uses_rust: bool,
    ) -> Self {
        Self {
            format: FORMAT,
            wheel,
            sdist: FileRecord { file_name: sdist.to_string(), sha256: sdist.sha256.hex() },
            backend: backend.to_owned(),
            further_requirements,
            environment,
            source_date_epoch: recipe.source_date_epoch,
            build_path: recipe.path.clone(),
            python: recipe.python.to_string(),
            compiler: recipe.compiler.clone(),
            rust: recipe.rust.as_ref().filter(|_| uses_rust).map(|rust| rust.version.clone()).unwrap_or_default(),
            builds: 2,
            rustvenv: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Whether this is what `recipe` makes of `sdist`, in the same environment.
    pub fn is_of(&self, sdist: &Sdist, recipe: &Recipe) -> bool {
        self.format == FORMAT
            && self.sdist.sha256 == sdist.sha256.hex()
            && self.source_date_epoch == recipe.source_date_epoch
            && self.build_path == recipe.path
            && same_python(&self.python, &recipe.python.to_string())
    }

    /// The bytes of its wheel in `wheels`; `None` when the file is not there, or is another one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn wheel_in(&self, wheels: &Path, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let path = wheels.join(&self.wheel.file_name);
        if self.wheel.file_name.contains('/') || fs::status(&path)?.is_none() {
            return Ok(None);
        }
        let bytes = fs::read(&path, limit)?;
        Ok((Sha256::of(&bytes).hex() == self.wheel.sha256).then_some(bytes))
    }

    fn text(&self) -> Result<String, Failure> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::unable(error.to_string()))?;
        Ok(text + "\n")
    }

    /// Writes it to the directory of wheels, and remembers it.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, wheels: &Path, memory: &Memory) -> Result<(), Failure> {
        let text = self.text()?;
        fs::replace(&place(wheels, &self.wheel.file_name), text.as_bytes(), 0o644)?;
        memory.keep(&text);
        Ok(())
    }
}

/// Which records this user wrote: an empty file for each in a directory of the user's own. Without it everything is built again.
#[derive(Clone, Debug)]
pub struct Memory {
    directory: Option<PathBuf>,
}

impl Memory {
    /// The one below `caches`, the directory of the user's caches, if there is such a directory.
    pub fn below(caches: Option<PathBuf>) -> Self {
        Self { directory: caches.map(|caches| caches.join("rustvenv/built")) }
    }

    fn place(&self, text: &str) -> Option<PathBuf> {
        self.directory.as_ref().map(|directory| directory.join(Sha256::of(text.as_bytes()).hex()))
    }

    /// That it cannot be kept costs time, and nothing else.
    fn keep(&self, text: &str) {
        if let Some(place) = self.place(text) {
            let _ = fs::replace(&place, b"", 0o600);
        }
    }

    fn has(&self, text: &str) -> bool {
        self.place(text).is_some_and(|place| matches!(fs::status(&place), Ok(Some(_))))
    }
}

/// Whether two full versions are of one X.Y: the patch release decides nothing about a wheel.
fn same_python(a: &str, b: &str) -> bool {
    let minor = |text: &str| text.splitn(3, '.').take(2).map(str::to_owned).collect::<Vec<_>>();
    minor(a) == minor(b)
}

fn place(wheels: &Path, file_name: &str) -> PathBuf {
    wheels.join(DIRECTORY).join(format!("{file_name}.json"))
}

/// Every record in a directory of wheels that is in `memory`, in the order of their names; one that cannot be read is as good as none.
///
/// # Errors
/// When the directory cannot be read.
pub fn list(wheels: &Path, memory: &Memory) -> Result<Vec<Record>, Failure> {
    let directory = wheels.join(DIRECTORY);
    if fs::status(&directory)?.is_none() {
        return Ok(Vec::new());
    }
    let mut records = Vec::new();
    for entry in fs::list(&directory)? {
        if entry.kind == fs::Kind::File && entry.name.to_string_lossy().ends_with(".json") {
            let record = serde_json::from_slice::<Record>(&fs::read(&entry.path, RECORD_SIZE)?).ok();
            records.extend(record.filter(|record| record.text().is_ok_and(|text| memory.has(&text))));
        }
    }
    Ok(records)
}
