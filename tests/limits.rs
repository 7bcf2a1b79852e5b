//! Every bound of `src/limits.rs` that is about wheels: what meets it exactly is accepted, and one more is refused. The bounds
//! are lowered to what a small wheel has, so that nothing large has to be made.

// a test that cannot go on has failed
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
// the tests may look at the world; the library may not
#![allow(clippy::disallowed_methods)]
// each test binary uses its part of what is shared
#![allow(dead_code)]

#[path = "support/wheel.rs"]
mod wheel;

#[path = "build/source_package.rs"]
mod source_package;

use rustvenv::code::Code;
use rustvenv::command::inputs::Inputs;
use rustvenv::limits::Limits;
use rustvenv::system::fs::Spool;
use rustvenv::trust::verified_wheel::{Approval, VerifiedWheel};
use rustvenv::wheel::Wheel;
use rustvenv::wheel::archive::Archive;
use source_package::SourcePackage;
use std::path::Path;

const NAME: &str = "evil-1.0-py3-none-any.whl";
const DEEPEST: &str = "evil/data/of/great/depth.txt";
const LONGEST: &str = "evil/a_component_that_is_longer_than_any_other_in_this_wheel.py";

/// A wheel whose METADATA is the largest of the files that are parsed, and whose RECORD is larger than that.
fn sample() -> Vec<u8> {
    wheel::Wheel::new("evil", "1.0")
        .entry(wheel::Entry::file("evil/x.py", "x = 1\n".repeat(100)).stored())
        .file(DEEPEST, "")
        .file(LONGEST, "")
        .metadata(&format!("Summary: {}\n", "long ".repeat(30)))
        .build()
}

/// The codes that opening the sample gives under these limits.
fn codes(limits: &Limits) -> Vec<Code> {
    let wheel = VerifiedWheel::built_from_source_package(NAME, sample().into()).unwrap();
    match Wheel::open(&wheel, limits) {
        Ok(_) => Vec::new(),
        Err(failure) => {
            let mut codes: Vec<Code> = failure.refusals().unwrap().iter().map(|refusal| refusal.code).collect();
            codes.dedup();
            codes
        }
    }
}

#[test]
fn what_meets_a_bound_is_accepted_and_one_more_is_refused() {
    let archive = Archive::open(NAME, sample().into(), &Limits::DEFAULT).unwrap();
    let sizes: Vec<u64> = archive.members().iter().map(rustvenv::wheel::archive::Member::size).collect();
    let size_of = |path: &str| archive.members()[archive.find(path).unwrap()].size();
    let largest = *sizes.iter().max().unwrap();
    assert!(size_of("evil-1.0.dist-info/METADATA") < size_of("evil-1.0.dist-info/RECORD"), "the sample is as it says");
    assert_eq!(largest, size_of("evil/x.py"), "the sample is as it says");

    type Set = fn(&mut Limits, u64);
    let rows: &[(&str, u64, Code, Set)] = &[
        ("wheel_size", sample().len() as u64, Code::ArchiveLimit, |limits, n| limits.wheel_size = n),
        ("members", sizes.len() as u64, Code::ArchiveLimit, |limits, n| limits.members = usize::try_from(n).unwrap()),
        ("member_size", largest, Code::ArchiveLimit, |limits, n| limits.member_size = n),
        ("total_size", sizes.iter().sum(), Code::ArchiveLimit, |limits, n| limits.total_size = n),
        // a member that is stored is as large as its compressed form
        ("ratio", 1, Code::ArchiveBomb, |limits, n| (limits.ratio, limits.ratio_floor) = (n, largest_but_one())),
        ("ratio_floor", largest, Code::ArchiveBomb, |limits, n| (limits.ratio, limits.ratio_floor) = (0, n)),
        ("total_ratio_floor", sizes.iter().sum(), Code::ArchiveBomb, |limits, n| {
            (limits.total_ratio, limits.total_ratio_floor) = (0, n);
        }),
        ("path_length", LONGEST.len() as u64, Code::ArchiveMemberPath, |limits, n| {
            limits.path_length = usize::try_from(n).unwrap();
        }),
        ("component_length", LONGEST.len() as u64 - 5, Code::ArchiveMemberPath, |limits, n| {
            limits.component_length = usize::try_from(n).unwrap();
        }),
        ("path_depth", DEEPEST.split('/').count() as u64, Code::ArchiveMemberPath, |limits, n| {
            limits.path_depth = usize::try_from(n).unwrap();
        }),
        ("metadata_size", size_of("evil-1.0.dist-info/METADATA"), Code::WheelMetadata, |limits, n| {
            limits.metadata_size = n;
        }),
        ("record_size", size_of("evil-1.0.dist-info/RECORD"), Code::ArchiveLimit, |limits, n| limits.record_size = n),
        ("directory_size", directory_size(&sample()), Code::ArchiveLimit, |limits, n| limits.directory_size = n),
    ];
    for (field, value, code, set) in rows {
        let mut limits = Limits::DEFAULT;
        set(&mut limits, *value);
        assert_eq!(codes(&limits), [], "{field} = {value} is met");
        set(&mut limits, value - 1);
        assert_eq!(codes(&limits), [*code], "{field} = {} is exceeded by one", value - 1);
    }

    // a field that is added has to be added here, or said to be about something else
    let Limits {
        wheel_size: _,
        members: _,
        member_size: _,
        total_size: _,
        ratio: _,
        ratio_floor: _,
        total_ratio_floor: _,
        path_length: _,
        component_length: _,
        path_depth: _,
        metadata_size: _,
        record_size: _,
        directory_size: _,
        // the tests below
        total_ratio: _,
        wheel_files: _,
        // not about wheels
        manifest_size: _,
        signature_size: _,
        certificate_size: _,
        certificate_files: _,
        requirements_size: _,
        requirements_files: _,
        configuration_size: _,
        page_size: _,
        page_files: _,
        download_size: _,
        settings_size: _,
        sdist_size: _,
        sdist_total_size: _,
        sdist_ratio: _,
        sdist_header_size: _,
        xz_memory: _,
    } = Limits::DEFAULT;
}

#[test]
fn all_members_together_have_a_ratio() {
    let content = "x".repeat(100_000);
    let wheel = wheel::Wheel::new("evil", "1.0").file("evil/x.py", content).build();
    let archive = Archive::open(NAME, wheel.clone().into(), &Limits::DEFAULT).unwrap();
    let total: u64 = archive.members().iter().map(rustvenv::wheel::archive::Member::size).sum();
    let met = total.div_ceil(wheel.len() as u64);
    assert!(met > 10, "the sample is compressed");
    let with = |total_ratio| Limits { total_ratio, total_ratio_floor: 0, ..Limits::DEFAULT };
    assert!(Archive::open(NAME, wheel.clone().into(), &with(met)).is_ok());
    let refusals = Archive::open(NAME, wheel.into(), &with(met - 1)).unwrap_err().refusals().unwrap();
    assert_eq!(refusals.iter().map(|refusal| refusal.code).collect::<Vec<_>>(), [Code::ArchiveBomb]);
}

/// The size of the central directory, as the last 22 bytes have it.
fn directory_size(wheel: &[u8]) -> u64 {
    let end = &wheel[wheel.len() - 22..];
    u32::from_le_bytes(end[12..16].try_into().unwrap()).into()
}

/// The size below which no member but the largest of the sample is, so that the ratio is looked at for it alone.
fn largest_but_one() -> u64 {
    599
}

#[test]
fn a_directory_of_wheels_has_a_bound() {
    let package = SourcePackage::new();
    package.config("project = \"none\"\npython = \"3.11\"\nglibc = \"2.36\"\n");
    // names decide, so these can be empty; they are the last ones of the directory
    for number in 1..=3 {
        package.write(&format!("wheels/zz-{number}-py3-none-any.whl"), "");
    }
    std::env::set_current_dir(&package.root).unwrap();
    let mut inputs = Inputs::read(Path::new("."), Path::new("debian/demo.rustvenv"), "demo").unwrap();
    let lock = inputs.lock().unwrap();
    let mut spool = Spool::new(&package.root).unwrap();
    let manifest = inputs.manifest().unwrap();
    inputs.limits.wheel_files = 4;
    assert_eq!(inputs.wheels(&lock, Approval::Signed(&manifest), &mut spool).unwrap().len(), 1, "four files are four");
    inputs.limits.wheel_files = 3;
    let error = inputs.wheels(&lock, Approval::Signed(&manifest), &mut spool).unwrap_err();
    assert!(error.to_string().contains("more than 3 wheels"), "{error}");
    inputs.limits = Limits { wheel_size: 10, ..Limits::DEFAULT };
    let error = inputs.wheels(&lock, Approval::Signed(&manifest), &mut spool).unwrap_err();
    let codes: Vec<Code> = error.refusals().unwrap().iter().map(|refusal| refusal.code).collect();
    assert_eq!(codes, [Code::ArchiveLimit], "a wheel that is too large is not even copied");
}
