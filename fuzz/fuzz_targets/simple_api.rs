//! Any bytes as a project page, as JSON and as HTML: never a panic, and no file that is named has a name or an address that leads
//! out of its directory or out of the three schemes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::address::Address;
use rustvenv::limits::Limits;
use rustvenv::maintain::simple_api;

fuzz_target!(|bytes: &[u8]| {
    let (base, _) = Address::parse("https://index.invalid/simple/foo/").expect("an address");
    let limits = Limits { page_files: 100, ..Limits::DEFAULT };
    for content_type in ["application/vnd.pypi.simple.v1+json", "text/html"] {
        let Ok(files) = simple_api::read(content_type, bytes, &base, &limits) else { continue };
        assert!(files.len() <= 100);
        for file in files {
            assert!(!file.name.is_empty() && !file.name.contains(['/', '\\', '\0']) && file.name != "..");
            let sent = file.address.as_sent();
            assert!(["https://", "http://", "file://"].iter().any(|scheme| sent.starts_with(scheme)), "{sent}");
            // what is shown is an address again, and hides what stood before the host
            let shown = file.address.to_string();
            assert!(!shown.split('/').nth(2).unwrap_or_default().contains('@'), "{shown}");
            let (again, credentials) = Address::parse(sent).expect("what is sent is an address");
            assert!(again == file.address && credentials.is_none());
        }
    }
});
