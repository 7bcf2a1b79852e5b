//! Any text as a marker and as a requirement: never a panic, and a marker in parentheses says the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::python::architecture::Architecture;
use rustvenv::python::dependency::{Specifier, Target};
use rustvenv::python::interpreter::Interpreter;
use rustvenv::python::marker::{Marker, Requested, Vocabulary};
use std::collections::BTreeSet;

fuzz_target!(|text: &str| {
    let architecture = Architecture::from_debian("amd64").expect("an architecture");
    for python in ["3.11.2", "3.99"] {
        let interpreter = Interpreter::parse(python).expect("a version");
        let target = Target::new(&interpreter, &architecture).expect("a target");
        for vocabulary in [Vocabulary::Metadata, Vocabulary::Lock] {
            let Ok(marker) = Marker::parse(text, vocabulary) else { continue };
            let holds = marker.holds(&target, &Requested::default());
            // one level deeper may be too deep
            if let Ok(again) = Marker::parse(&format!("({text})"), vocabulary) {
                assert_eq!(again.holds(&target, &Requested::default()), holds);
            }
            if let (true, Ok(requirement)) = (vocabulary == Vocabulary::Metadata, Specifier::parse(&format!("a;{text}"))) {
                assert_eq!(requirement.applies(&target, &BTreeSet::new()), holds);
            }
        }
        if let Ok(requirement) = Specifier::parse(text) {
            let _ = requirement.applies(&target, &BTreeSet::new());
        }
    }
});
