//! The program: arguments to command, command to printed error, error to exit status.
//!
//! Enters: the command line. Leaves: exit status 0 when it is done, 1 when the answer is no, 2 when it could not be done, 3 when
//! something was refused; 101 is a panic, and a bug.

use clap::{CommandFactory as _, FromArgMatches as _};
use rustvenv::cli::{Cli, Command};
use rustvenv::code::Blame;
use rustvenv::command::{self, Answer};
use rustvenv::refusal::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = Cli::command().version(version()).get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match run(&cli) {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(failure) => {
            command::say(&failure.to_string());
            ExitCode::from(status(&failure))
        }
    }
}

/// The version, and which of the OpenPGP backends this program was built with: they support different algorithms.
fn version() -> String {
    format!("{} (OpenPGP by {})", env!("CARGO_PKG_VERSION"), rustvenv::trust::openpgp::backend())
}

fn run(cli: &Cli) -> Result<Answer, Failure> {
    if let Some(directory) = &cli.directory {
        std::env::set_current_dir(directory)
            .map_err(|error| Failure::unable(format!("cannot change to {}: {error}", directory.display())))?;
    }
    match &cli.command {
        Command::Check(arguments) => return command::check::run(arguments),
        Command::Prepare(arguments) => command::prepare::run(arguments)?,
        Command::Install(arguments) => command::install::run(arguments)?,
        Command::Seal(arguments) => command::seal::run(arguments)?,
        Command::Verify(arguments) => command::verify::run(arguments)?,
        Command::Manifest(arguments) => command::manifest::run(arguments)?,
        Command::Sign(arguments) => command::sign::run(arguments)?,
        Command::Init(arguments) if arguments.from_dh_virtualenv => command::init_from::run(arguments)?,
        Command::Init(arguments) => command::init::run(arguments)?,
        Command::Update(arguments) => command::update::run(arguments)?,
        Command::Requirements(arguments) => command::requirements::run(arguments)?,
        Command::Sync(arguments) => command::sync::run(arguments)?,
        Command::Index(arguments) => command::index::run(arguments)?,

        Command::Fetch(arguments) => command::fetch::run(arguments)?,
        Command::Crates(arguments) => command::crates::run(arguments)?,
        Command::Build(arguments) => command::build::run(arguments)?,
        Command::Explain(arguments) => command::explain::run(arguments)?,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "rustvenv", &mut script);
            command::print(&String::from_utf8_lossy(&script))?;
        }
    }
    Ok(Answer::Yes)
}

fn status(failure: &Failure) -> u8 {
    match failure {
        Failure::Unable { .. } => 2,
        Failure::Refused(refusals) if refusals.iter().all(|refusal| refusal.code.blame() == Blame::Configuration) => 2,
        Failure::Refused(_) => 3,
    }
}
