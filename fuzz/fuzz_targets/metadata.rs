//! Any bytes as METADATA and as WHEEL: never a panic, and whatever follows the header block changes nothing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::python::metadata::{Metadata, WheelFile};

fuzz_target!(|bytes: &[u8]| {
    // what a file needs in front, so that the fuzzer reaches the other fields
    let project = [&b"Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n"[..], bytes].concat();
    for bytes in [bytes, &project] {
        if let Ok(metadata) = Metadata::parse(bytes) {
            let described = [bytes, b"\n\nName: other\nVersion: 2.0\n"].concat();
            let again = Metadata::parse(&described).expect("a description is not read");
            assert_eq!((again.name, again.version), (metadata.name, metadata.version));
            assert_eq!(again.requires_python, metadata.requires_python);
            assert_eq!(again.provides_extra, metadata.provides_extra);
            let texts = |all: &[rustvenv::python::dependency::Specifier]| {
                all.iter().map(|one| one.text().to_owned()).collect::<Vec<_>>()
            };
            assert_eq!(texts(&again.requires_dist), texts(&metadata.requires_dist));
        }
    }
    let wheel = [&b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"[..], bytes].concat();
    for bytes in [bytes, &wheel] {
        if let Ok(file) = WheelFile::parse(bytes) {
            assert!(!file.tags.is_empty());
        }
    }
});
