//! What is believed: the keyring, OpenPGP signatures and the manifest.
//!
//! Enter the bytes of key files, signature files and a manifest, as the caller read them, and the settings of the
//! package. Leaves a [`verified::VerifiedManifest`], which only [`verified::verify`] can make, or every reason why not.
//! The verdict is a pure function of these inputs: the clock, the environment and the file system are deliberately
//! absent, so that a rebuild years later comes to the same verdict as the first build. So are the trust models of other
//! programs: who may sign is what the keyring and the pinned fingerprints say, and nothing else.
//!
//! The rules are R1 to R12 of rustvenv(7); each module names those that it carries out.

pub mod armor;

pub mod openpgp;

pub mod keyring;

mod standing;

mod judge;

pub mod manifest;

pub mod verified;

pub mod verified_wheel;

use crate::code::Code;
use crate::refusal::Refusal;

/// One input file as the caller read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// What messages call the file.
    pub name: String,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

/// Refuses a file of more than `limit` bytes.
fn check_size(file: &InputFile, limit: u64) -> Result<(), Refusal> {
    let size = u64::try_from(file.bytes.len()).unwrap_or(u64::MAX);
    if size <= limit {
        return Ok(());
    }
    Err(Refusal::new(Code::TrustInputTooLarge, format!("`{}` is too large", file.name))
        .expected(format!("at most {limit} bytes"))
        .found(format!("{size} bytes"))
        .hint("look at how the file came to be; a real one is far smaller"))
}

/// A time in seconds since the epoch as ISO 8601 text in UTC, for instance `2024-04-10T00:00:00Z`.
pub fn iso_utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // The civil calendar from a day count, in eras of 400 years that begin on 1 March, so that the leap day is the last
    // day of a year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_704_067_200, "2024-01-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (u64::from(u32::MAX), "2106-02-07T06:28:15Z"),
        ] {
            assert_eq!(iso_utc(seconds), text);
        }
    }

    #[test]
    fn size_is_bounded() {
        let file = InputFile { name: "x".into(), bytes: vec![0; 5] };
        assert!(check_size(&file, 5).is_ok());
        assert_eq!(check_size(&file, 4).unwrap_err().code, Code::TrustInputTooLarge);
    }
}
