//! Any bytes as a requirements file, which may include itself: never a panic nor an endless loop, and a lock that is
//! accepted says the same when it is written plainly.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::limits::Limits;
use rustvenv::lock::{Lock, requirements};
use rustvenv::python::architecture::Architecture;
use rustvenv::python::dependency::Target;
use rustvenv::python::interpreter::Interpreter;
use rustvenv::refusal::Failure;

fn read(text: &str) -> Result<Lock, Failure> {
    let interpreter = Interpreter::parse("3.11.2").expect("a version");
    let architecture = Architecture::from_debian("amd64").expect("an architecture");
    let target = Target::new(&interpreter, &architecture).expect("a target");
    // every included file is the same file again, until the limit is reached
    let limits = Limits { requirements_files: 4, ..Limits::DEFAULT };
    let mut load = |_: &str, name: &str| Ok((name.to_owned(), text.to_owned()));
    requirements::read(&["requirements.txt".to_owned()], &target, &limits, &mut load)
}

fuzz_target!(|text: &str| {
    match read(text) {
        Ok(lock) => {
            let mut plain = String::new();
            for release in lock.releases.values() {
                assert!(!release.hashes.is_empty());
                let extras: Vec<String> = release.extras.iter().map(ToString::to_string).collect();
                plain.push_str(&format!("{}[{}]=={}", release.name, extras.join(","), release.version));
                for hash in &release.hashes {
                    plain.push_str(&format!(" --hash=sha256:{hash}"));
                }
                plain.push('\n');
            }
            if lock.releases.is_empty() {
                return;
            }
            let again = read(&plain).expect("a plain lock is accepted");
            let facts = |lock: &Lock| {
                let fact = |one: &rustvenv::lock::Locked| {
                    (one.name.clone(), one.version.clone(), one.extras.clone(), one.hashes.clone())
                };
                lock.releases.values().map(fact).collect::<Vec<_>>()
            };
            assert_eq!(facts(&again), facts(&lock));
        }
        Err(Failure::Refused(refusals)) => assert!(!refusals.is_empty()),
        Err(Failure::Unable { message, .. }) => panic!("the file was there: {message}"),
    }
});
