//! Reading what trust is judged by: manifest, signatures, certificates.
//!
//! Enters: paths, from a configuration or from the command line. Leaves: bytes with the names that messages use. Whether a file
//! may be there at all is decided here, since only here its kind is known; what is in it is judged elsewhere.

use crate::code::Code;
use crate::limits::Limits;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::{self, Kind};
use crate::trust::InputFile;
use crate::trust::keyring::{FileRole, Keyring, file_role};
use crate::trust::openpgp::Fingerprint;
use crate::trust::verified::UnverifiedManifest;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Suffixes of signature files beside a manifest.
const SIGNATURE_SUFFIXES: &[&str] = &["asc", "sig", "gpg"];

/// The signature files beside `manifest`: its name with `.asc`, `.sig` or `.gpg`, as far as they exist.
///
/// # Errors
/// When a path cannot be looked at.
pub fn signatures_beside(manifest: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for suffix in SIGNATURE_SUFFIXES {
        let mut name = OsString::from(manifest);
        name.push(".");
        name.push(suffix);
        if fs::status(Path::new(&name))?.is_some() {
            found.push(PathBuf::from(name));
        }
    }
    Ok(found)
}

/// A manifest and its signature files, unjudged. Messages use the last part of each path.
///
/// # Errors
/// When one of them cannot be read.
pub fn unverified(manifest: &Path, signatures: &[PathBuf], limits: &Limits) -> Result<UnverifiedManifest, Failure> {
    let read = |path: &Path, limit| -> Result<InputFile, Failure> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(InputFile { name, bytes: fs::read(path, limit)? })
    };
    Ok(UnverifiedManifest {
        manifest: read(manifest, limits.manifest_size)?,
        signatures: signatures.iter().map(|path| read(path, limits.signature_size)).collect::<Result<_, _>>()?,
    })
}

/// The fingerprints that `texts` spell.
///
/// # Errors
/// Every text that is none.
pub fn fingerprints(texts: &[String]) -> Result<Vec<Fingerprint>, Failure> {
    let mut fingerprints = Vec::new();
    let mut refusals = Vec::new();
    for text in texts {
        match Fingerprint::parse(text) {
            Ok(fingerprint) => fingerprints.push(fingerprint),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() { Ok(fingerprints) } else { Err(refusals.into()) }
}

/// The certificates of `places`, files and directories, each with the name that messages use.
///
/// # Errors
/// Every file that may not be in a keyring or cannot be read as a certificate.
pub fn keyring(places: &[(PathBuf, String)], limits: &Limits) -> Result<Keyring, Failure> {
    let mut files = Vec::new();
    let mut refusals = Vec::new();
    let mut read = |path: &Path, name: String| -> Result<(), Failure> {
        files.push(InputFile { name, bytes: fs::read(path, limits.certificate_size)? });
        if files.len() > limits.certificate_files {
            return Err(Failure::unable(format!("the keyring has more than {} files", limits.certificate_files)));
        }
        Ok(())
    };
    for (path, place) in places {
        match fs::status(path)?.map(|status| status.kind) {
            Some(Kind::File) => read(path, place.clone())?,
            Some(Kind::Directory) => {
                for entry in fs::list(path)? {
                    let file_name = entry.name.to_string_lossy().into_owned();
                    let name = format!("{place}/{file_name}");
                    match (file_role(&file_name), entry.kind) {
                        (FileRole::Ignored, _) => {}
                        (FileRole::Certificate, Kind::File) => read(&entry.path, name)?,
                        (FileRole::Certificate, _) => refusals.push(not_regular(&name)),
                        (FileRole::Unexpected, _) => refusals.push(
                            Refusal::new(Code::KeyFileUnexpected, format!("`{name}` is no certificate by its name"))
                                .expected("files that end in `.asc`, `.gpg`, `.pgp` or `.pub`, and README files")
                                .hint("remove it from the keyring"),
                        ),
                    }
                }
            }
            Some(_) => refusals.push(not_regular(place)),
            None => return Err(Failure::unable(format!("cannot read {place}: there is no such file or directory"))),
        }
    }
    match Keyring::read(&files) {
        Ok(keyring) if refusals.is_empty() => Ok(keyring),
        Ok(_) => Err(refusals.into()),
        Err(more) => {
            refusals.extend(more);
            Err(refusals.into())
        }
    }
}

fn not_regular(name: &str) -> Refusal {
    Refusal::new(Code::KeyFileNotRegular, format!("`{name}` is not a regular file"))
        .expected("the certificate itself")
        .hint("copy the certificate into the keyring instead of linking to it")
}
