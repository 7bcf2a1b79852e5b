//! Options that several commands have in common, each group with one meaning.
//!
//! Enters: a part of the command line. Leaves: the program that signs, how files are fetched, and who has to have signed a list. What
//! only one command knows stands with that command in `cli.rs`.

use clap::Args;
use std::path::PathBuf;

/// The user's own program with the secret key.
#[derive(Debug, Args)]
pub struct ProgramArguments {
    /// The program with the secret key: gpg, sq, or what is called as gpg is [default: gpg, else sq]
    #[arg(long, value_name = "PROGRAM")]
    pub sign_program: Option<PathBuf>,
    /// Which of your keys signs [default: the program's choice]
    #[arg(long, value_name = "KEY")]
    pub local_user: Option<String>,
    /// A file with the secret key, for sq without a key store
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// How files are fetched: what the commands that do so have in common.
#[derive(Clone, Debug, Args)]
pub struct TransferArguments {
    /// How many files are fetched at a time [default: the number of processors, at least 8]
    #[arg(long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Longest silence of a server in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = Self::TIMEOUT, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
    /// How often something that failed is tried again
    #[arg(long, value_name = "N", default_value_t = Self::RETRIES, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub retries: u32,
}

impl TransferArguments {
    /// Longest silence of a server in seconds, unless another is asked for.
    pub const TIMEOUT: u64 = 30;
    /// How often something that failed is tried again, unless another number is asked for.
    pub const RETRIES: u32 = 4;
}

/// Who has to have signed a list: what the commands for maintainers have in common.
#[derive(Debug, Args)]
pub struct TrustArguments {
    /// Certificates: files, or directories of files
    #[arg(long, value_name = "PATH")]
    pub keyring: Vec<PathBuf>,
    /// Fingerprint of a certificate whose signature counts [default: every certificate of the keyring]
    #[arg(long = "signer", value_name = "FPR")]
    pub signers: Vec<String>,
    /// How many different certificates must have signed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threshold: usize,
    /// The project that the list has to name
    #[arg(long, value_name = "NAME")]
    pub manifest_project: Option<String>,
    /// The smallest serial that the list may have
    #[arg(long, value_name = "N")]
    pub minimum_serial: Option<u64>,
    /// The date for which the question is asked [default: SOURCE_DATE_EPOCH, else today]
    #[arg(long, value_name = "TIME")]
    pub reference_time: Option<String>,
    /// Older signatures do not count
    #[arg(long, value_name = "TIME")]
    pub not_before: Option<String>,
    /// Signatures that are older at the reference time do not count
    #[arg(long, value_name = "DAYS")]
    pub max_age: Option<u64>,
}
