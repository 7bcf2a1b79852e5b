//! Any bytes as an ELF file: never a panic, and no name that could not be in a Depends field or on a terminal's line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::blob::Blob;
use rustvenv::debhelper::elf::{self, Fault};

fuzz_target!(|bytes: &[u8]| {
    // with the magic number in place, so that no input is spent on finding it
    let forged: Vec<u8> = b"\x7fELF".iter().chain(bytes.get(4..).unwrap_or_default()).copied().collect();
    for bytes in [bytes, &forged] {
        let blob = Blob::from(bytes.to_vec());
        match elf::read(&blob) {
            Ok(needs) => {
                assert!(elf::is_elf(bytes));
                let versions = needs.versions.iter().flat_map(|(library, versions)| versions.iter().chain([library]));
                let names = needs.needed.iter().chain(versions).chain(&needs.soname).chain(&needs.interpreter);
                for name in names {
                    assert!(!name.contains('\0') && name.len() <= bytes.len(), "{name:?}");
                }
                assert!(needs.dynamic || needs.needed.is_empty());
                assert_eq!(elf::read(&blob).unwrap(), needs);
            }
            Err(Fault::Malformed(why)) => assert!(!why.is_empty()),
            Err(Fault::Unable(failure)) => panic!("{failure}"),
        }
    }
});
