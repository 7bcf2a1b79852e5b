//! Any text as pylock.toml, poetry.lock, pyproject.toml and uv.lock: never a panic, and what is selected is bound to its release.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::lock::resolution::{FileName, OwnProject, Place, Resolution};
use rustvenv::lock::{poetry, pylock, uv};
use rustvenv::python::architecture::Architecture;
use rustvenv::python::dependency::Target;
use rustvenv::python::interpreter::Interpreter;
use rustvenv::python::marker::Requested;
use rustvenv::python::name::ProjectName;
use rustvenv::refusal::Refusal;

fn check(file: &str, result: Result<Resolution, Vec<Refusal>>) {
    let resolution = match result {
        Ok(resolution) => resolution,
        Err(refusals) => {
            assert!(!refusals.is_empty());
            for refusal in refusals {
                let _ = refusal.to_string();
            }
            return;
        }
    };
    for (name, release) in &resolution.releases {
        assert!(*name == release.name && !release.files.is_empty());
        for file in &release.files {
            if let Some(FileName::Wheel(wheel)) = &file.name {
                assert!(*wheel.name() == release.name && *wheel.version() == release.version);
            }
            match &file.place {
                Some(Place::Url(url)) => assert!(url.is_ascii() && !url.split('/').nth(2).unwrap_or("").contains('@')),
                Some(Place::Path(path)) => assert!(!path.starts_with('/') && !path.split('/').any(|part| part == "..")),
                None => {}
            }
        }
    }
    if let Ok(lock) = resolution.clone().into_lock(file, &OwnProject::BesideLock) {
        assert!(lock.releases.len() == resolution.releases.len());
        assert!(lock.releases.values().all(|locked| !locked.hashes.is_empty()));
    }
}

fuzz_target!(|text: &str| {
    let interpreter = Interpreter::parse("3.11.2").expect("a version");
    let architecture = Architecture::from_debian("amd64").expect("an architecture");
    let target = Target::new(&interpreter, &architecture).expect("a target");
    let x = || ProjectName::parse("x").expect("a name");
    let requested = Requested { extras: [x()].into(), groups: [x()].into() };
    // the second half as another file, for what takes two
    let (lock, project) = text.split_once("\u{0}").unwrap_or((text, text));
    for requested in [Requested::default(), requested] {
        let mut declared = pylock::Declared::default();
        check("locks/pylock.toml", pylock::read("locks/pylock.toml", lock, &target, &requested, &mut declared));
        let _ = declared.missing(&requested);
        check("uv.lock", uv::read("uv.lock", lock, None, &target, &requested));
        let project = Some(("pyproject.toml", project));
        check("poetry.lock", poetry::read("poetry.lock", lock, project, &target, &requested));
    }
});
