//! Any bytes as an ELF file: never a panic, and no name that could not be in a Depends field or on a terminal's line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::debhelper::elf;

fuzz_target!(|bytes: &[u8]| {
    // with the magic number in place, so that no input is spent on finding it
    let forged: Vec<u8> = b"\x7fELF".iter().chain(bytes.get(4..).unwrap_or_default()).copied().collect();
    for bytes in [bytes, &forged] {
        match elf::read(bytes) {
            Ok(needs) => {
                assert!(elf::is_elf(bytes));
                let versions = needs.versions.iter().flat_map(|(library, versions)| versions.iter().chain([library]));
                let names = needs.needed.iter().chain(versions).chain(&needs.soname).chain(&needs.interpreter);
                for name in names {
                    assert!(!name.contains('\0') && name.len() <= bytes.len(), "{name:?}");
                }
                assert!(needs.dynamic || needs.needed.is_empty());
                assert_eq!(elf::read(bytes), Ok(needs));
            }
            Err(why) => assert!(!why.is_empty()),
        }
    }
});
