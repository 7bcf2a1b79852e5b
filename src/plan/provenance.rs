//! What the package says about where its environment came from.
//!
//! Enters: the verified manifest, the wheels, the target. Leaves: the files of share/rustvenv: the manifest and its signatures byte
//! for byte as they were verified, and `provenance.json` (rustvenv(5)), from which anyone can fetch the very same wheels. Only
//! what is an input of the package is in it: no time, no machine, no version of this program.

use crate::config::Trust;
use crate::python::interpreter::Interpreter;
use crate::trust::verified::VerifiedManifest;
use crate::trust::verified_wheel::Origin;
use crate::wheel::Wheel;
use serde::Serialize;
use std::sync::Arc;

/// Version of the format of `provenance.json`.
const FORMAT: u32 = 1;

/// A file for share/rustvenv.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Provenance<'a> {
    format: u32,
    package: &'a str,
    architecture: &'a str,
    python: String,
    trust: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<ManifestFacts<'a>>,
    wheels: Vec<WheelFacts<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    build_wheels: Vec<WheelFacts<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ManifestFacts<'a> {
    file: &'a str,
    sha256: String,
    signers: Vec<SignerFacts<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct SignerFacts<'a> {
    fingerprint: String,
    signed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct WheelFacts<'a> {
    project: &'a str,
    version: String,
    file: &'a str,
    origin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<&'a str>,
}

/// The files of share/rustvenv for the binary package `package` of `architecture` (`all` or a Debian architecture), of which
/// `wheels` are in it and `build_wheels` were what its project's own wheel was built with.
pub fn documents(
    package: &str,
    architecture: &str,
    interpreter: &Interpreter,
    trust: Trust,
    manifest: Option<&VerifiedManifest>,
    wheels: &[Arc<Wheel>],
    build_wheels: &[Arc<Wheel>],
) -> Vec<Document> {
    let mut documents = Vec::new();
    if let Some(manifest) = manifest {
        for file in std::iter::once(manifest.manifest()).chain(manifest.signatures()) {
            documents.push(Document { name: base_name(&file.name).to_owned(), bytes: file.bytes.clone() });
        }
    }
    let provenance = Provenance {
        format: FORMAT,
        package,
        architecture,
        python: interpreter.version(),
        trust: match trust {
            Trust::Signed => "signed",
            Trust::DangerouslyUnsigned => "dangerously-unsigned",
        },
        manifest: manifest.map(|manifest| ManifestFacts {
            file: base_name(&manifest.manifest().name),
            sha256: crate::digest::Sha256::of(&manifest.manifest().bytes).hex(),
            signers: manifest
                .signers()
                .iter()
                .map(|signer| SignerFacts {
                    fingerprint: signer.fingerprint.to_string(),
                    signed: signer.time,
                    user_id: signer.user_id.as_deref(),
                })
                .collect(),
        }),
        wheels: by_project(wheels),
        build_wheels: by_project(build_wheels),
    };
    // serialising plain strings and numbers cannot fail
    let mut json = serde_json::to_string_pretty(&provenance).unwrap_or_default();
    json.push('\n');
    documents.push(Document { name: "provenance.json".to_owned(), bytes: json.into_bytes() });
    documents
}

fn by_project(wheels: &[Arc<Wheel>]) -> Vec<WheelFacts<'_>> {
    let mut facts: Vec<WheelFacts<'_>> = wheels.iter().map(|wheel| wheel_facts(wheel)).collect();
    facts.sort_by_key(|wheel| wheel.project);
    facts
}

fn wheel_facts(wheel: &Wheel) -> WheelFacts<'_> {
    let (origin, sha256) = match wheel.origin() {
        Origin::Listed { .. } => ("signed-list", Some(wheel.sha256().hex())),
        Origin::LockedOnly => ("lock", Some(wheel.sha256().hex())),
        // its archive is made on the spot and thrown away; what it installed is in RECORD
        Origin::SourcePackage => ("source-package", None),
        Origin::Sdist => ("sdist", None),
    };
    WheelFacts {
        project: wheel.name().as_str(),
        version: wheel.file_name().version().to_string(),
        file: wheel.file_name().as_str(),
        origin,
        sha256,
        licence: wheel.metadata().licence.as_deref(),
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
