//! Any bytes as a manifest: what is accepted must be what `sha256sum` would have written, and must be found again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::trust::InputFile;
use rustvenv::trust::manifest::Manifest;

fuzz_target!(|data: &[u8]| {
    let file = InputFile { name: "sha256sums.txt".into(), bytes: data.to_vec() };
    match Manifest::parse(&file) {
        Ok(manifest) => {
            let text = std::str::from_utf8(data).expect("an accepted manifest is text");
            assert!(!text.contains('\r'));
            let lines: Vec<&str> = text.split('\n').collect();
            for entry in manifest.entries() {
                let line = lines[entry.line - 1];
                assert!(
                    line == format!("{}  {}", entry.sha256, entry.name)
                        || line == format!("{} *{}", entry.sha256, entry.name)
                );
                assert!(!entry.name.contains(['/', '\\', '\0']));
                assert_eq!(manifest.entry(&entry.name), Some(entry));
                assert!(manifest.by_digest(&entry.sha256).any(|other| other == entry));
            }
            let listed = lines.iter().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
            assert_eq!(listed, manifest.entries().len());
        }
        Err(refusals) => {
            assert!(!refusals.is_empty());
            for refusal in refusals {
                let said = refusal.to_string();
                assert!(said.chars().all(|c| c == '\n' || !c.is_control()));
            }
        }
    }
});
