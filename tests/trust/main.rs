//! The trust decision, row by row: what certificates, signatures and settings of every kind lead to, and what gpg and
//! sqv say about the same files.
//!
//! The rows are named as in rustvenv(7). Fixtures are made anew each time, with sequoia's interface or with the real
//! gpg, at fixed times; nothing depends on today's date, and one test runs the rows again in other years.

// A test has to reach the world and may fail; the bans are for the library.
#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used)]

mod fixture;
#[path = "../support/manual.rs"]
mod manual;
mod peers;
mod rows;

use fixture::{BORN, MANIFEST, armor, armor_as, constant_person, day, seal};
use rows::{Expect, Row};
use rustvenv::code::Code;
use rustvenv::trust::InputFile;
use rustvenv::trust::keyring::Keyring;
use rustvenv::trust::openpgp::{Fingerprint, Policy, WarningKind};
use rustvenv::trust::verified::{UnverifiedManifest, VerifiedManifest, verify};
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::serialize::SerializeInto as _;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What a verification comes to: the kinds of warnings, or the codes of the refusals.
fn verdict(row: &Row) -> Result<BTreeSet<WarningKind>, BTreeSet<Code>> {
    let verified = run(row).map_err(|refusals| {
        for refusal in &refusals {
            // what is said is complete and fit for a terminal
            assert!(refusal.hint.is_some(), "{}: {refusal}", row.id);
            assert!(refusal.expected.is_some() || refusal.found.is_some(), "{}: {refusal}", row.id);
        }
        refusals.iter().map(|refusal| refusal.code).collect::<BTreeSet<Code>>()
    })?;
    assert_eq!(verified.manifest().bytes, row.manifest, "{}", row.id);
    Ok(verified.warnings().iter().map(|warning| warning.kind).collect())
}

fn run(row: &Row) -> Result<VerifiedManifest, Vec<rustvenv::refusal::Refusal>> {
    let keyring = Keyring::read(&row.keys)?;
    let manifest = InputFile { name: "sha256sums.txt".into(), bytes: row.manifest.clone() };
    let signatures = row
        .signatures
        .iter()
        .enumerate()
        .map(|(n, bytes)| InputFile { name: format!("sha256sums.txt.{n}.asc"), bytes: bytes.clone() })
        .collect();
    verify(UnverifiedManifest { manifest, signatures }, &keyring, &row.policy)
}

/// Every row has the verdict that it must have; all that have not are printed.
fn check(rows: &[Row]) {
    let mut wrong = Vec::new();
    for row in rows {
        let found = verdict(row);
        let right = match (&row.expect, &found) {
            (Expect::Good(kinds), Ok(found)) => kinds.iter().copied().collect::<BTreeSet<_>>() == *found,
            (Expect::Refused(codes), Err(found)) => codes.iter().copied().collect::<BTreeSet<_>>() == *found,
            _ => false,
        };
        if !right {
            let said = run(row).err().map(|refusals| rustvenv::refusal::Failure::from(refusals).to_string());
            wrong.push(format!("{}: expected {:?}, found {found:?}\n{}", row.id, row.expect, said.unwrap_or_default()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows are wrong:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

#[test]
fn certificates_and_time() {
    check(&rows::certificates());
}

#[test]
fn signature_files() {
    check(&rows::signature_files());
}

#[test]
fn algorithms() {
    check(&rows::algorithms());
}

#[test]
fn key_files() {
    check(&rows::key_files());
}

#[test]
fn settings() {
    check(&rows::settings());
}

#[test]
fn made_by_gpg() {
    check(&rows::made_by_gpg());
}

#[test]
fn rows_have_names_of_their_own() {
    let all = rows::all();
    let names: BTreeSet<_> = all.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() >= 120, "{} rows", all.len());
}

/// The rows in other years, by running this very program with another clock.
#[test]
fn verdicts_do_not_depend_on_the_clock() {
    for clock in ["2019-03-01 12:00:00", "2040-03-01 12:00:00"] {
        let program = std::env::current_exe().unwrap();
        let tests = ["certificates_and_time", "signature_files", "algorithms", "key_files", "settings"];
        let output = Command::new("faketime")
            .arg(clock)
            .arg(program)
            .arg("--exact")
            .args(tests)
            .output()
            .expect("faketime runs; package faketime");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{clock}: {said}");
        assert!(said.contains("5 passed"), "{clock}: {said}");
    }
}

/// gpg and sqv on the same files. Where they come to another verdict than we do, [`rows::DIFFERENCES`] says why; a
/// difference that is not there fails, and so does one that is no longer there.
///
/// Algorithms that not every backend has are compared with the default one alone.
#[test]
fn differences_from_gpg_and_sqv_are_known() {
    let rows = rows::all();
    let mut found = Vec::new();
    let dir = tempfile::tempdir().unwrap();
    let compared =
        |id: &str| cfg!(feature = "crypto-nettle") || !["brainpool", "ml-dsa"].iter().any(|name| id.contains(name));
    for row in rows.iter().filter(|row| row.peers && compared(&row.id)) {
        let dir = dir.path().join(&row.id);
        fs::create_dir(&dir).unwrap();
        let (manifest, signature) = (dir.join("manifest"), dir.join("manifest.asc"));
        fs::write(&manifest, &row.manifest).unwrap();
        fs::write(&signature, &row.signatures[0]).unwrap();
        let keys: Vec<PathBuf> = row
            .keys
            .iter()
            .map(|key| {
                let path = dir.join(&key.name);
                fs::write(&path, &key.bytes).unwrap();
                path
            })
            .collect();
        let ours = matches!(row.expect, Expect::Good(_));
        if peers::gpg(&dir, &keys, &signature, &manifest) != ours {
            found.push(format!("gpg {}", row.id));
        }
        if row.sqv && peers::sqv(&keys, row.policy.threshold, &signature, &manifest) != ours {
            found.push(format!("sqv {}", row.id));
        }
    }
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let known: BTreeSet<String> = rows::DIFFERENCES
        .iter()
        .flat_map(|(peer, ids, _)| ids.split_whitespace().map(move |id| (peer, id)))
        .filter(|(_, id)| compared(id))
        .map(|(peer, id)| format!("{peer} {id}"))
        .collect();
    let known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "new differences: {new:?}\ndifferences that are gone: {gone:?}");
}

/// The same table, in rustvenv(7).
#[test]
fn the_manual_has_every_difference() {
    let mut reasons: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for (peer, ids, reason) in rows::DIFFERENCES {
        match reasons.iter_mut().find(|(other, said, _)| other == peer && said == reason) {
            Some((_, _, known)) => known.extend(ids.split_whitespace()),
            None => reasons.push((peer, reason, ids.split_whitespace().collect())),
        }
    }
    let mut text = String::new();
    for peer in ["gpg", "sqv"] {
        text.push_str(&format!(".Pp\n.Xr {peer} 1 :\n.Bl -bullet -compact\n"));
        for (_, reason, ids) in reasons.iter().filter(|(other, ..)| *other == peer) {
            let first = reason.chars().next().unwrap().to_uppercase().to_string();
            let names: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
            let sentence = format!("{first}{} ({}).", reason.get(1..).unwrap(), names.join(", "));
            text.push_str(".It\n");
            text.push_str(&manual::prose(&sentence));
        }
        text.push_str(".El\n");
    }
    manual::holds(
        "man/rustvenv.7",
        (
            ".\\\" Begin of the differences. Written by tests/trust; see CONTRIBUTING.md.\n",
            ".\\\" End of the differences.\n",
        ),
        &text,
    );
}

/// A good pair that is the same in every run, so that the tests below cannot depend on chance.
fn constant_pair() -> (Keyring, Vec<u8>) {
    let (cert, pair) = constant_person(7);
    let keyring = Keyring::read(&[InputFile { name: "a.pgp".into(), bytes: cert.to_vec().unwrap() }]).unwrap();
    (keyring, armor(&seal(pair, day(100), MANIFEST)))
}

fn codes(keyring: &Keyring, manifest: &[u8], signature: &[u8]) -> Result<(), BTreeSet<Code>> {
    let unverified = UnverifiedManifest {
        manifest: InputFile { name: "sha256sums.txt".into(), bytes: manifest.to_vec() },
        signatures: vec![InputFile { name: "sha256sums.txt.asc".into(), bytes: signature.to_vec() }],
    };
    match verify(unverified, keyring, &Policy::new(day(110))) {
        Ok(_) => Ok(()),
        Err(refusals) => Err(refusals.iter().map(|refusal| refusal.code).collect()),
    }
}

#[test]
fn a_flipped_bit_of_the_manifest_is_a_mismatch() {
    let (keyring, signature) = constant_pair();
    assert_eq!(codes(&keyring, MANIFEST, &signature), Ok(()));
    let mismatch = Err(BTreeSet::from([Code::SignatureMismatch]));
    for bit in 0..MANIFEST.len() * 8 {
        let mut manifest = MANIFEST.to_vec();
        manifest[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(codes(&keyring, &manifest, &signature), mismatch, "bit {bit}");
    }
}

#[test]
fn a_flipped_bit_of_an_armored_signature_is_never_a_mismatch() {
    let (keyring, signature) = constant_pair();
    let text = String::from_utf8(signature).unwrap();
    let begin = "-----BEGIN PGP SIGNATURE-----\n";
    let commented = text.replacen(begin, &format!("{begin}Comment: made for a test\n"), 1);
    let other_ends = text.replace('\n', "\r\n");
    let twice = format!("{text}\n{text}");
    let (mut damaged, mut format, mut good) = (0, 0, 0);
    for text in [text, commented, other_ends, twice] {
        assert_eq!(codes(&keyring, MANIFEST, text.as_bytes()), Ok(()));
        for bit in 0..text.len() * 8 {
            let mut signature = text.clone().into_bytes();
            signature[bit / 8] ^= 1 << (bit % 8);
            match codes(&keyring, MANIFEST, &signature) {
                // what is no part of the signature: comments, the checksum, line ends
                Ok(()) => {
                    let start = text.get(..bit / 8).unwrap().rfind('\n').map_or(0, |at| at + 1);
                    let line = text[start..].lines().next().unwrap();
                    let ends_a_line = matches!(text.as_bytes()[bit / 8], b'\r' | b'\n');
                    // of two signatures one may become what counts as nothing
                    let one_of_two = text.matches(begin).count() == 2;
                    assert!(
                        one_of_two || ends_a_line || line.starts_with('=') || line.starts_with("Comment:"),
                        "bit {bit}: {line}"
                    );
                    good += 1;
                }
                Err(codes) if codes == BTreeSet::from([Code::SignatureDamaged]) => damaged += 1,
                Err(codes) if codes == BTreeSet::from([Code::SignatureFormat]) => format += 1,
                Err(codes) => panic!("bit {bit}: {codes:?}\n{}", String::from_utf8_lossy(&signature)),
            }
        }
    }
    assert!(damaged > 1000 && format > 1000 && good > 100, "{damaged} damaged, {format} malformed, {good} good");
}

#[test]
fn no_flipped_bit_of_an_armored_certificate_undoes_its_revocation() {
    let (_, signature) = constant_pair();
    let (cert, _) = constant_person(7);
    let revoked = fixture::revoked(&cert, day(200), None);
    let text = armor_as(Kind::PublicKey, &revoked.to_vec().unwrap());
    let read = |bytes: &[u8]| Keyring::read(&[InputFile { name: "a.asc".into(), bytes: bytes.to_vec() }]);
    assert_eq!(codes(&read(&text).unwrap(), MANIFEST, &signature), Err(BTreeSet::from([Code::SignerRevoked])));
    for bit in 0..text.len() * 8 {
        let mut changed = text.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        match read(&changed) {
            Ok(keyring) => assert!(codes(&keyring, MANIFEST, &signature).is_err(), "bit {bit}"),
            Err(refusals) => assert_eq!(refusals[0].code, Code::KeyFileMalformed, "bit {bit}"),
        }
    }
}

#[test]
fn a_signature_changed_before_it_was_armored_is_damaged() {
    let (keyring, _) = constant_pair();
    let (_, pair) = constant_person(7);
    let mut packet = seal(pair, day(100), MANIFEST);
    let last = packet.len() - 1;
    packet[last] ^= 1;
    let damaged = Err(BTreeSet::from([Code::SignatureDamaged]));
    assert_eq!(codes(&keyring, MANIFEST, &armor(&packet)), damaged);
    assert_eq!(codes(&keyring, MANIFEST, &packet), damaged);
}

#[test]
fn no_truncation_and_no_flipped_bit_of_a_binary_signature_is_accepted_wrongly() {
    let (keyring, _) = constant_pair();
    let (_, pair) = constant_person(7);
    let packet = seal(pair, day(100), MANIFEST);
    for length in 0..packet.len() {
        assert_eq!(
            codes(&keyring, MANIFEST, &packet[..length]),
            Err(BTreeSet::from([Code::SignatureFormat])),
            "{length}"
        );
    }
    for bit in 0..packet.len() * 8 {
        let mut changed = packet.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        // not one bit of a signature can be another, not even where it is not protected
        assert!(codes(&keyring, MANIFEST, &changed).is_err(), "bit {bit}");
        assert!(codes(&keyring, b"other", &changed).is_err(), "bit {bit}");
    }
}

#[test]
fn who_signed_is_reported() {
    let (cert, pair) = constant_person(7);
    let keyring =
        Keyring::read(&[InputFile { name: "signers/constant.pgp".into(), bytes: cert.to_vec().unwrap() }]).unwrap();
    let signature = armor(&seal(pair, day(100), MANIFEST));
    let unverified = UnverifiedManifest {
        manifest: InputFile { name: "sums".into(), bytes: MANIFEST.to_vec() },
        signatures: vec![InputFile { name: "sums.asc".into(), bytes: signature.clone() }],
    };
    let verified = verify(unverified, &keyring, &Policy::new(day(110))).unwrap();
    let [signer] = verified.signers() else { panic!("{:?}", verified.signers()) };
    assert_eq!(signer.fingerprint, Fingerprint::parse(&cert.fingerprint().to_hex()).unwrap());
    assert_eq!(signer.user_id.as_deref(), Some("constant"));
    assert_eq!((signer.time, signer.key_file.as_str()), (BORN + 100 * 86_400, "signers/constant.pgp"));
    assert_eq!(verified.entries().len(), 2);
    assert_eq!(verified.entry("abc-2.0-py3-none-any.whl").unwrap().line, 3);
    assert_eq!(verified.by_digest(&rustvenv::digest::Sha256::of(b"")).count(), 1);
    assert_eq!(verified.signatures()[0].bytes, signature);
}

#[test]
fn lines_are_judged_only_after_the_signature() {
    let (keyring, signature) = constant_pair();
    let (_, pair) = constant_person(7);
    let bad = b"not a manifest\n";
    assert_eq!(codes(&keyring, bad, &signature), Err(BTreeSet::from([Code::SignatureMismatch])));
    let signature = armor(&seal(pair, day(100), bad));
    assert_eq!(codes(&keyring, bad, &signature), Err(BTreeSet::from([Code::ManifestMalformed])));
}
