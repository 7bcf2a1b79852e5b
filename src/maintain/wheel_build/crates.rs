//! The Rust crates that an sdist's Cargo.lock names: found, checked and laid out for a build without a network.
//!
//! Enters: a source tree, a directory of `.crate` files. Leaves: a directory as `cargo vendor` makes it, which cargo takes for the
//! registry inside of the sandbox. The checksum in Cargo.lock is the only authority: a file is what the lock names or it is
//! refused, and each is unpacked by the strict reader of sdists (a `.crate` is a tar.gz with one directory). [`fetch`]
//! has cargo itself bring what is missing, from the registry that it is configured for, by a manifest of our own: nothing of the
//! sdist but the lines of its lock is given to cargo outside of the sandbox. Crates from version control have no checksum
//! and are refused.
//!
//! Cargo.lock: <https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>; the directory:
//! <https://doc.rust-lang.org/cargo/reference/source-replacement.html#directory-sources>.

use super::super::sdist;
use super::source::Sdist;
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::python::sdist_filename::SdistFilename;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Kind};
use crate::system::process::Program;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Upper bound for a Cargo.lock, in bytes: a thousand crates are about 200 kB.
const LOCK_SIZE: u64 = 16 << 20;

/// A crate of a registry, as a Cargo.lock names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Crate {
    /// Its name, of letters, digits, `_` and `-`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its file.
    pub sha256: Sha256,
    /// The registry, in cargo's spelling.
    source: String,
}

impl Crate {
    fn stem(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}.crate", self.stem())
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

/// The crates that the text of a Cargo.lock names; those without a source are in the tree itself.
///
/// # Errors
/// The first thing that is wrong, in one line.
fn parse(text: &str) -> Result<Vec<Crate>, String> {
    let lock: Lock = toml::from_str(text).map_err(|error| error.message().replace('\n', " "))?;
    let mut crates = Vec::new();
    for package in lock.package {
        let Some(source) = package.source else { continue };
        let Package { name, version, .. } = package;
        let plain = |text: &str, more: &str| {
            text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        if !plain(&name, "_-") || !plain(&version, "+.-") || source.contains(['"', '\\', '\n']) {
            return Err(format!("it names a crate `{name}` `{version}` from `{source}`"));
        }
        let checksum = package.checksum.as_deref().and_then(Sha256::from_hex);
        let from_registry = source.starts_with("registry+") || source.starts_with("sparse+");
        match checksum {
            Some(sha256) if from_registry => crates.push(Crate { name, version, sha256, source }),
            _ => {
                return Err(format!(
                    "the crate {name} {version} has no checksum, or is not from a registry: `{source}`"
                ));
            }
        }
    }
    Ok(crates)
}

/// What the Cargo.lock files of a tree name.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// The crates of each file: the examples and tests of a project have locks of their own.
    pub locks: Vec<Vec<Crate>>,
    /// Files that cannot be used, and why ([`Code::CrateLock`]). This is a refusal only when the build fails: it may never have
    /// looked at them.
    pub unusable: Vec<Refusal>,
}

impl Needs {
    /// Whether the tree has a Cargo.lock.
    pub fn any(&self) -> bool {
        !self.locks.is_empty() || !self.unusable.is_empty()
    }

    /// Every crate once.
    pub fn all(&self) -> Vec<Crate> {
        let crates: BTreeSet<&Crate> = self.locks.iter().flatten().collect();
        crates.into_iter().cloned().collect()
    }
}

/// What the Cargo.lock files in the tree `root` of `sdist` name.
///
/// # Errors
/// When the tree cannot be read.
pub fn needs(sdist: &Sdist, root: &Path) -> Result<Needs, Failure> {
    let mut needs = Needs::default();
    for (path, status) in fs::walk(root)? {
        if status.kind != Kind::File || path.file_name().is_none_or(|name| name != "Cargo.lock") {
            continue;
        }
        let text = fs::read(&root.join(&path), LOCK_SIZE)?;
        match std::str::from_utf8(&text).map_err(|error| error.to_string()).and_then(parse) {
            Ok(crates) => needs.locks.push(crates),
            Err(why) => needs.unusable.push(
                Refusal::new(Code::CrateLock, format!("`{sdist}`: {} cannot be used", path.display()))
                    .expected("crates of a registry, each with its checksum")
                    .found(why),
            ),
        }
    }
    Ok(needs)
}

/// The bytes of a crate in `directory`; `None` when it is not there, or is another file.
fn read(one: &Crate, directory: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let path = directory.join(one.file_name());
    if fs::status(&path)?.is_none() {
        return Ok(None);
    }
    let bytes = fs::read(&path, Limits::DEFAULT.sdist_size)?;
    Ok((Sha256::of(&bytes) == one.sha256).then_some(bytes))
}

/// Lays `crates` out in the new directory `target`, every time being `time`. Leaves a [`Code::CrateMissing`] for each that is not in
/// `directory`, or is another file there: only the build knows whether it needs it.
///
/// # Errors
/// Those of the strict reader, or what could not be done.
pub fn lay_out(crates: &[Crate], directory: Option<&Path>, target: &Path, time: u64) -> Result<Vec<Refusal>, Failure> {
    fs::create_dir_all(target)?;
    let mut missing = Vec::new();
    for one in crates {
        let bytes = match directory {
            Some(directory) => read(one, directory)?,
            None => None,
        };
        let Some(bytes) = bytes else {
            missing.push(
                Refusal::new(Code::CrateMissing, format!("the crate {} {} is not there", one.name, one.version))
                    .expected(format!("{} with sha256:{}", one.file_name(), one.sha256))
                    .hint("`rustvenv crates` fetches what the sdists' Cargo.lock name; `--crates` names the directory"),
            );
            continue;
        };
        let name = SdistFilename::parse(&format!("{}.tar.gz", one.stem()))
            .map_err(|why| Failure::unable(format!("`{}` cannot be unpacked: {why}", one.file_name())))?;
        let room = target.join(".unpacking");
        let unpacked = sdist::unpack(&Arc::new(bytes), &name, &room, time, &Limits::DEFAULT)?;
        let checksums = format!("{{\"files\":{{}},\"package\":\"{}\"}}", one.sha256);
        fs::replace(&unpacked.directory.join(".cargo-checksum.json"), checksums.as_bytes(), 0o644)?;
        fs::rename(&unpacked.directory, &target.join(one.stem()))?;
        fs::remove(&room)?;
    }
    Ok(missing)
}

/// What cargo has to be told inside, so that it takes the crates in `place` for those of every registry they are of.
pub fn configuration(crates: &[Crate], place: &str) -> String {
    let mut text = format!("[net]\noffline = true\n\n[source.laid-out]\ndirectory = \"{place}\"\n\n");
    text.push_str("[source.crates-io]\nreplace-with = \"laid-out\"\n");
    let sources: BTreeSet<&str> = crates.iter().map(|one| one.source.as_str()).collect();
    for (n, source) in sources.into_iter().filter(|source| !source.contains("rust-lang")).enumerate() {
        let url = source.strip_prefix("registry+").unwrap_or(source);
        text.push_str(&format!("\n[source.other-{n}]\nregistry = \"{url}\"\nreplace-with = \"laid-out\"\n"));
    }
    text
}

/// Brings those of `crates` that are not in `directory` there; `room` is a new directory. How many were missing.
///
/// # Errors
/// When cargo cannot fetch them, or [`Code::CrateMissing`] when what it fetched is another file.
pub fn fetch(crates: &[Crate], directory: &Path, room: &Path) -> Result<usize, Failure> {
    fs::create_dir_all(directory)?;
    let mut missing = Vec::new();
    for one in crates {
        if read(one, directory)?.is_none() {
            missing.push(one);
        }
    }
    if missing.is_empty() {
        return Ok(0);
    }
    // a workspace of its own, so that cargo looks for none in the directories above
    let mut manifest =
        "[workspace]\n\n[package]\nname = \"rustvenv-crates\"\nversion = \"0.0.0\"\n\n[dependencies]\n".to_owned();
    // a lock, because cargo takes a yanked crate from nothing else
    let mut lock = "version = 3\n\n".to_owned();
    for (n, one) in missing.iter().enumerate() {
        let Crate { name, version, sha256, source } = one;
        manifest.push_str(&format!(
            "crate-{n} = {{ package = \"{name}\", version = \"={version}\", default-features = false }}\n"
        ));
        lock.push_str(&format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{source}\"\nchecksum = \"{sha256}\"\n\n"
        ));
    }
    fs::replace(&room.join("Cargo.toml"), manifest.as_bytes(), 0o644)?;
    fs::replace(&room.join("Cargo.lock"), lock.as_bytes(), 0o644)?;
    fs::replace(&room.join("src/lib.rs"), b"", 0o644)?;
    let own_manifest = fs::canonicalize(&room.join("Cargo.toml"))?;
    let cargo = |arguments: &[&str]| {
        let mut program = Program::new(std::iter::once("cargo").chain(arguments.iter().copied()));
        program.argv.extend(["--manifest-path".into(), own_manifest.clone().into_os_string()]);
        // cargo reads settings in every directory above the one that it runs in, and may start what they name: above a
        // temporary directory these are anybody's
        program.directory = Some(PathBuf::from("/"));
        program.run().map_err(|failure| match failure {
            Failure::Unable { message, hint } => Failure::Unable {
                message: format!("the crates cannot be fetched: {message}"),
                hint: hint.or_else(|| Some("cargo is needed to fetch crates: apt install cargo".to_owned())),
            },
            refused @ Failure::Refused(_) => refused,
        })
    };
    cargo(&["fetch", "--quiet"])?;
    let said = cargo(&["metadata", "--format-version", "1", "--offline"])?;
    let metadata: Metadata = serde_json::from_slice(&said)
        .map_err(|error| Failure::unable(format!("what cargo says cannot be read: {error}")))?;
    let fetched: BTreeMap<(String, String), PathBuf> = metadata
        .packages
        .into_iter()
        .filter_map(|found| Some(((found.name, found.version), crate_file(&found.manifest_path)?)))
        .collect();
    let mut refusals = Vec::new();
    for one in &missing {
        let bytes = match fetched.get(&(one.name.clone(), one.version.clone())) {
            Some(path) if fs::status(path)?.is_some() => Some(fs::read(path, Limits::DEFAULT.sdist_size)?),
            _ => None,
        };
        match bytes.filter(|bytes| Sha256::of(bytes) == one.sha256) {
            Some(bytes) => fs::replace(&directory.join(one.file_name()), &bytes, 0o644)?,
            None => refusals.push(
                Refusal::new(Code::CrateMissing, format!("the crate {} {} is not to be had", one.name, one.version))
                    .expected(format!("{} with sha256:{}", one.file_name(), one.sha256)),
            ),
        }
    }
    if refusals.is_empty() { Ok(missing.len()) } else { Err(refusals.into()) }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Fetched>,
}

#[derive(Deserialize)]
struct Fetched {
    name: String,
    version: String,
    manifest_path: PathBuf,
}

/// The `.crate` file of an unpacked crate in cargo's own store: `registry/src/WHERE/STEM/Cargo.toml` is of
/// `registry/cache/WHERE/STEM.crate`.
fn crate_file(manifest: &Path) -> Option<PathBuf> {
    let unpacked = manifest.parent()?;
    let registry = unpacked.parent()?;
    let mut name = unpacked.file_name()?.to_owned();
    name.push(".crate");
    Some(registry.parent()?.parent()?.join("cache").join(registry.file_name()?).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_names_crates_with_checksums_and_nothing_else() {
        let registry = "source = \"registry+https://example.org/index\"\n";
        let sum = "0".repeat(64);
        let own = "[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        let good = format!("{own}[[package]]\nname = \"a\"\nversion = \"1.0.0+b\"\n{registry}checksum = \"{sum}\"\n");
        let crates = parse(&good).unwrap();
        assert_eq!(crates.iter().map(Crate::file_name).collect::<Vec<_>>(), ["a-1.0.0+b.crate"]);
        for bad in [
            good.replace(&format!("checksum = \"{sum}\"\n"), ""),
            good.replace("registry+", "git+"),
            good.replace("\"a\"", "\"../a\""),
            good.replace("1.0.0+b", "/etc"),
            "[[package".to_owned(),
        ] {
            assert!(parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_file_of_an_unpacked_crate() {
        let file = crate_file(Path::new("/c/registry/src/index-1/a-1.0.0/Cargo.toml")).unwrap();
        assert_eq!(file, Path::new("/c/registry/cache/index-1/a-1.0.0.crate"));
    }
}
