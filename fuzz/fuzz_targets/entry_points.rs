//! Any bytes as entry_points.txt: what is accepted is a plain file name and two dotted names, and nothing else.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::python::entry_points::{is_script_name, parse};
use std::collections::BTreeSet;

fuzz_target!(|bytes: &[u8]| {
    // a section in front reaches the lines that matter at once
    let sectioned = [&b"[console_scripts]\n"[..], bytes].concat();
    for bytes in [bytes, &sectioned] {
        match parse(bytes) {
            Ok(scripts) => {
                let mut folded = BTreeSet::new();
                for (name, entry) in &scripts {
                    assert!(is_script_name(name) && !name.contains('/') && !matches!(name.as_str(), "." | ".."));
                    assert!(folded.insert(name.to_ascii_lowercase()), "two scripts that differ in case: {name}");
                    for text in [&entry.module, &entry.attribute] {
                        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.'), "{text:?}");
                        assert!(text.split('.').all(|part| !part.is_empty() && !part.as_bytes()[0].is_ascii_digit()));
                    }
                }
                // what was read says the same when it is written plainly
                let plain: String = scripts
                    .iter()
                    .map(|(name, entry)| format!("{name} = {}:{}\n", entry.module, entry.attribute))
                    .collect();
                assert_eq!(parse(format!("[console_scripts]\n{plain}").as_bytes()), Ok(scripts));
            }
            Err(problems) => assert!(!problems.is_empty()),
        }
    }
});
