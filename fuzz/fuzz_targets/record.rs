//! Any bytes as a RECORD: never a panic, and what was read survives being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rustvenv::limits::Limits;
use rustvenv::wheel::record::{RecordDigest, Row, parse, render};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::DEFAULT;
    let Ok(rows) = parse("RECORD", bytes, &limits) else { return };
    for Row { path, .. } in &rows {
        for component in path.components() {
            assert!(!matches!(component, "" | "." | "..") && !component.contains(['\\', '\0', '\n', '\r']));
        }
    }
    // the writer knows SHA-256 only, as the RECORD of an installed wheel does
    let mut plain: Vec<Row> =
        rows.into_iter().filter(|row| matches!(row.digest, None | Some(RecordDigest::Sha256(_)))).collect();
    let text = render(plain.iter().map(|row| {
        let digest = match row.digest {
            Some(RecordDigest::Sha256(digest)) => Some(digest),
            _ => None,
        };
        (row.path.as_str(), digest, row.size)
    }));
    plain.sort_by(|one, other| one.path.cmp(&other.path));
    assert_eq!(parse("RECORD", text.as_bytes(), &limits), Ok(plain));
});
