//! What can be typed after `rustvenv init`.
//!
//! Enters: a part of the command line. Leaves: [`InitArguments`]. Everything has a default that is found in the project; what is typed
//! takes its place. Nothing is read or checked here.

use clap::Args;
use std::path::PathBuf;

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArguments {
    /// Name of the binary package [default: that of debian/control, else of the project]
    #[arg(long, value_name = "PKG")]
    pub package: Option<String>,
    /// Read debian/rules of a package that was made with dh-virtualenv, say what becomes of it, and write the configuration
    #[arg(long, conflicts_with_all = ["signers", "sign_program", "package_version", "from_sources"])]
    pub from_dh_virtualenv: bool,
    /// Print the debian/rules that would do and nothing else, and write nothing
    #[arg(long, requires = "from_dh_virtualenv", conflicts_with = "dry_run")]
    pub print_rules: bool,
    /// Fingerprint of a key of yours whose signature counts; its certificate is put into debian/signers
    #[arg(long = "signer", value_name = "FPR")]
    pub signers: Vec<String>,
    /// The program that has the certificates: gpg, sq, or what is called as gpg is [default: gpg, else sq]
    #[arg(long, value_name = "PROGRAM")]
    pub sign_program: Option<PathBuf>,
    /// Version for a new debian/changelog, as Python spells it [default: that of the project]
    #[arg(long, value_name = "VERSION")]
    pub package_version: Option<String>,
    /// Have `rustvenv update` build every wheel from its sources, and take none of upstream's
    #[arg(long)]
    pub from_sources: bool,
    /// Print the files that would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}
