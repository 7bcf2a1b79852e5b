//! Any bytes as a source distribution: never a panic, and whatever is accepted is what another reader of tar archives
//! sees.
//!
//! The first byte chooses: compressed bytes as they are in one of the formats, or, more often, a tar archive that is
//! wrapped in gzip here. The checksums of headers are set right, so that the fuzzer comes past them. The seeds are
//! small archives of the programs that write them.

#![no_main]

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use rustvenv::digest::Sha256;
use rustvenv::limits::Limits;
use rustvenv::maintain::sdist::{self, Content, Listing};
use rustvenv::python::sdist_filename::SdistFilename;
use rustvenv::wheel::member_path::MemberPath;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

/// Sets the checksum of every block that looks like a header.
fn with_checksums(mut tar: Vec<u8>) -> Vec<u8> {
    for block in tar.chunks_exact_mut(512) {
        if matches!(&block[257..262], b"ustar") {
            block[148..156].copy_from_slice(b"        ");
            let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    tar
}

fuzz_target!(|input: &[u8]| {
    let Some((&choice, rest)) = input.split_first() else { return };
    let limits = Limits {
        member_size: 1 << 20,
        sdist_total_size: 4 << 20,
        sdist_header_size: 1 << 12,
        xz_memory: 1 << 12,
        ratio_floor: 1 << 12,
        ..Limits::DEFAULT
    };
    let list = |name: &str, bytes: Vec<u8>| -> Option<Listing> {
        sdist::list(&Arc::new(bytes), &SdistFilename::parse(name).unwrap(), &limits).ok()
    };
    match choice % 8 {
        0 => drop(list("x-1.0.tar.gz", rest.to_vec())),
        1 => drop(list("x-1.0.tar.bz2", rest.to_vec())),
        2 => drop(list("x-1.0.tar.xz", rest.to_vec())),
        3 => drop(list("x-1.0.zip", rest.to_vec())),
        _ => {
            let tar = with_checksums(rest.to_vec());
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&tar).unwrap();
            if let Some(listing) = list("x-1.0.tar.gz", encoder.finish().unwrap()) {
                check(&tar, &listing, &limits);
            }
        }
    }
});

/// Every file and link of the listing is what the other reader finds.
fn check(tar: &[u8], listing: &Listing, limits: &Limits) {
    let mut theirs: BTreeMap<String, Result<Sha256, String>> = BTreeMap::new();
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.expect("another reader reads what we accept");
        let path = String::from_utf8(entry.path_bytes().into_owned()).expect("a path is UTF-8");
        let link = entry.link_name_bytes().map(|link| String::from_utf8(link.into_owned()).unwrap());
        let kind = entry.header().entry_type();
        if kind.is_symlink() {
            theirs.insert(path, Err(link.unwrap()));
        } else if kind.is_hard_link() {
            let original = theirs[&link.unwrap()].clone();
            theirs.insert(path, original);
        } else if kind.is_file() {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            theirs.insert(path, Ok(Sha256::of(&content)));
        } else {
            assert!(kind.is_dir() || kind.is_pax_global_extensions(), "{kind:?}");
        }
    }
    let ours: BTreeMap<String, Result<Sha256, String>> = listing
        .files
        .iter()
        .map(|file| {
            assert_eq!(MemberPath::parse(file.path.as_str(), limits).as_ref(), Ok(&file.path));
            let what = match &file.content {
                Content::File { sha256, .. } => Ok(*sha256),
                Content::Link(text) => Err(text.clone()),
            };
            (format!("{}/{}", listing.top, file.path), what)
        })
        .collect();
    assert_eq!(ours, theirs);
}
