//! What can be typed.
//!
//! Enters: the command line. Leaves: one value that says which command runs with what. Nothing is read, checked or defaulted
//! from the environment here. Shell completions are made from this file; man/rustvenv.1 is held against it by a test.

mod groups;

mod init;

pub use groups::{ProgramArguments, TransferArguments, TrustArguments};
pub use init::InitArguments;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Puts a Python application and its dependencies into a Debian package, from verified wheels only.
#[derive(Debug, Parser)]
#[command(
    name = "rustvenv",
    version,
    max_term_width = 100,
    after_help = "Documentation: rustvenv(1), rustvenv(5), rustvenv(7), dh_rustvenv(1)"
)]
pub struct Cli {
    /// Change to this directory before anything else
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Verify everything and build the project's own wheel (early in a package build)
    #[command(after_help = "Example:\n  rustvenv prepare --package hello")]
    Prepare(PrepareArguments),
    /// Put the virtual environment into the package (late in a package build)
    #[command(
        after_help = "Examples:\n  rustvenv install --package hello --no-act\n  rustvenv install --package hello --destdir debian/hello"
    )]
    Install(InstallArguments),
    /// Check that nothing changed since, and set every time of the package (last in a package build)
    #[command(after_help = "Example:\n  rustvenv seal --package hello")]
    Seal(SealArguments),
    /// Check a signed list, and requirements and wheels against it
    #[command(
        after_help = "Examples:\n  rustvenv verify --manifest wheels/sha256sums.txt --keyring debian/signers\n  \
        rustvenv verify --manifest wheels/sha256sums.txt --keyring debian/signers --threshold 2 \\\n      \
        --wheels wheels --requirements requirements.txt --reference-time 2024-04-10"
    )]
    Verify(VerifyArguments),
    /// Look at who signs, with today's clock: what expires, what is not pinned
    #[command(
        after_help = "Exit status 1 says that somebody should act.\n\nExample:\n  rustvenv check --package hello"
    )]
    Check(CheckArguments),
    /// Write what a Python project lacks to become a Debian package
    #[command(after_help = "No file that is there is changed.\n\nExamples:\n  rustvenv init --dry-run\n  \
        rustvenv init --signer \"0F3D 9B1A 2C4E 5D6F 7081 92A3 B4C5 D6E7 F809 1A2B\"")]
    Init(InitArguments),
    /// Bring wheels, signed list, requirements and index level with a changed lock
    #[command(
        after_help = "Its settings are in rustvenv.toml or in [tool.rustvenv] of pyproject.toml: rustvenv(5).\n\n\
        Examples:\n  rustvenv update --dry-run\n  rustvenv update --local-user release@example.org"
    )]
    Update(UpdateArguments),
    /// Add the wheels of a directory to the list that is going to be signed
    #[command(after_help = "Example:\n  rustvenv manifest --wheels wheels --project hello")]
    Manifest(ManifestArguments),
    /// Have a list signed by your own gpg or sq, and check that the signature counts
    #[command(after_help = "Examples:\n  rustvenv sign --manifest wheels/sha256sums.txt --keyring debian/signers\n  \
        rustvenv sign --manifest wheels/sha256sums.txt --keyring debian/signers \\\n      \
        --sign-program qubes-gpg-client-wrapper --local-user release@example.org")]
    Sign(SignArguments),
    /// Turn a lock with upstream's hashes into requirements with the hashes of listed wheels
    #[command(
        after_help = "Example:\n  rustvenv requirements --requirements poetry.lock --manifest wheels/sha256sums.txt \\\n      \
        --output requirements.txt"
    )]
    Requirements(RequirementsArguments),
    /// Fetch the sources of a lock by their hashes, for building wheels from them
    #[command(after_help = "Examples:\n  rustvenv fetch --requirements requirements.txt --sdists sdists\n  \
        rustvenv fetch --requirements requirements.txt --sdists sdists --upstream-wheels pyqt5 --wheels wheels")]
    Fetch(FetchArguments),
    /// Make a private index of a directory of wheels, for any web server
    #[command(
        after_help = "Example:\n  rustvenv index --wheels wheels --output public --manifest wheels/sha256sums.txt \\\n      \
        --keyring signers --threshold 2"
    )]
    Index(IndexArguments),
    /// Bring a directory of wheels level with the signed list of a private index or file tree
    #[command(
        after_help = "Example:\n  rustvenv sync --from https://wheels.example.org/ --wheels wheels --keyring signers --threshold 2"
    )]
    Sync(SyncArguments),
    /// Fetch the Rust crates that sdists need, by the checksums of their Cargo.lock
    #[command(after_help = "Example:\n  rustvenv crates --sdists sdists --crates crates")]
    Crates(CratesArguments),
    /// Build wheels from sdists, each twice in a sandbox, and keep those that are the same both times
    #[command(after_help = "Examples:\n  rustvenv build --sdists sdists --wheels wheels\n  \
        rustvenv build --sdists sdists --wheels wheels --build-requirements build-requirements.txt \\\n      \
        --build-wheels build-wheels pyyaml")]
    Build(BuildArguments),
    /// Say what a code in an error message means
    #[command(after_help = "Example:\n  rustvenv explain wheel-not-in-manifest")]
    Explain(ExplainArguments),
    /// Print a completion script for a shell
    #[command(after_help = "Example:\n  rustvenv completions bash > rustvenv.bash")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What the steps of a package build have in common.
#[derive(Debug, Args)]
pub struct CommonArguments {
    /// Name of the binary package
    #[arg(long, value_name = "PKG")]
    pub package: String,
    /// Configuration [default: debian/PKG.rustvenv]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the steps of one build leave notes for one another [default: debian/.debhelper/rustvenv/PKG]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// The source tree, when it is not the directory that debian/ is in
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub sourcedir: PathBuf,
    /// An option of dh_virtualenv that the packager gave, without its hyphens; dh_rustvenv hands them on
    #[arg(long, value_name = "NAME[=VALUE]", hide = true)]
    pub dh_virtualenv: Vec<String>,
    /// Say more
    #[arg(short, long)]
    pub verbose: bool,
}

/// Arguments of `prepare`.
#[derive(Debug, Args)]
pub struct PrepareArguments {
    /// Those of every step.
    #[command(flatten)]
    pub common: CommonArguments,
}

/// Arguments of `install`.
#[derive(Debug, Args)]
pub struct InstallArguments {
    /// Those of every step.
    #[command(flatten)]
    pub common: CommonArguments,
    /// Root of the binary package that is put together [default: debian/PKG]
    #[arg(long, value_name = "DIR")]
    pub destdir: Option<PathBuf>,
    /// Where to write what debhelper has to be told
    #[arg(long, value_name = "FILE")]
    pub facts: Option<PathBuf>,
    /// Write the facts and nothing else
    #[arg(long, requires = "facts")]
    pub facts_only: bool,
    /// Print the plan and write nothing
    #[arg(long, conflicts_with = "facts_only")]
    pub no_act: bool,
    /// Form of the printed plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `seal`.
#[derive(Debug, Args)]
pub struct SealArguments {
    /// Those of every step.
    #[command(flatten)]
    pub common: CommonArguments,
    /// Root of the binary package that is put together [default: debian/PKG]
    #[arg(long, value_name = "DIR")]
    pub destdir: Option<PathBuf>,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The list, as sha256sum writes it
    #[arg(long, value_name = "FILE")]
    pub manifest: PathBuf,
    /// A file with detached signatures [default: FILE.asc, FILE.sig and FILE.gpg beside the list]
    #[arg(long, value_name = "FILE")]
    pub signature: Vec<PathBuf>,
    /// Certificates: files, or directories of files
    #[arg(long, value_name = "PATH", required = true)]
    pub keyring: Vec<PathBuf>,
    /// Fingerprint of a certificate whose signature counts [default: every certificate of the keyring]
    #[arg(long = "signer", value_name = "FPR")]
    pub signers: Vec<String>,
    /// How many different certificates must have signed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threshold: usize,
    /// The date for which the question is asked [default: SOURCE_DATE_EPOCH, else that of debian/changelog]
    #[arg(long, value_name = "TIME")]
    pub reference_time: Option<String>,
    /// Older signatures do not count
    #[arg(long, value_name = "TIME")]
    pub not_before: Option<String>,
    /// Signatures that are older at the reference time do not count
    #[arg(long, value_name = "DAYS")]
    pub max_age: Option<u64>,
    /// A directory in which every file has to be on the list
    #[arg(long, value_name = "DIR")]
    pub wheels: Vec<PathBuf>,
    /// A requirements file or pylock.toml of which every entry has to be on the list
    #[arg(long, value_name = "FILE")]
    pub requirements: Vec<PathBuf>,
    /// An extra of pylock.toml that is installed
    #[arg(long = "extra", value_name = "NAME")]
    pub extras: Vec<String>,
    /// A dependency group of pylock.toml that is installed beside the default ones
    #[arg(long = "group", value_name = "NAME")]
    pub groups: Vec<String>,
    /// The Python that the requirements are for [default: that of the distribution]
    #[arg(long, value_name = "X.Y")]
    pub python: Option<String>,
    /// The Debian architecture that the requirements are for [default: the one dpkg builds for]
    #[arg(long, value_name = "ARCH")]
    pub architecture: Option<String>,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Name of the binary package
    #[arg(long, value_name = "PKG")]
    pub package: String,
    /// Configuration [default: debian/PKG.rustvenv]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The source tree, when it is not the directory that debian/ is in
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub sourcedir: PathBuf,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `manifest`.
#[derive(Debug, Args)]
pub struct ManifestArguments {
    /// A directory of wheels
    #[arg(long, value_name = "DIR", required = true)]
    pub wheels: Vec<PathBuf>,
    /// The list [default: sha256sums.txt in the first directory]
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// The project that a new list is for
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Print what would be added and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `sign`.
#[derive(Debug, Args)]
pub struct SignArguments {
    /// The list, as sha256sum writes it
    #[arg(long, value_name = "FILE")]
    pub manifest: PathBuf,
    /// Who has to have signed it in the end.
    #[command(flatten)]
    pub trust: TrustArguments,
    /// The program that signs.
    #[command(flatten)]
    pub program: ProgramArguments,
}

/// Arguments of `update`.
#[derive(Debug, Args)]
pub struct UpdateArguments {
    /// The program that signs.
    #[command(flatten)]
    pub program: ProgramArguments,
    /// Sign without asking
    #[arg(long)]
    pub yes: bool,
    /// Say what is new and would be fetched, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How many files are fetched and sdists built at a time [default: as fetch and build]
    #[arg(long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroUsize>,
    /// Say more
    #[arg(short, long)]
    pub verbose: bool,
}

/// Arguments of `requirements`.
#[derive(Debug, Args)]
pub struct RequirementsArguments {
    /// A lock with the hashes of upstream's files: requirements, pylock.toml, uv.lock or poetry.lock
    #[arg(long, value_name = "FILE", required = true)]
    pub requirements: Vec<PathBuf>,
    /// An extra that is installed
    #[arg(long = "extra", value_name = "NAME")]
    pub extras: Vec<String>,
    /// A dependency group that is installed
    #[arg(long = "group", value_name = "NAME")]
    pub groups: Vec<String>,
    /// The list of wheels
    #[arg(long, value_name = "FILE")]
    pub manifest: PathBuf,
    /// Who has to have signed it; nobody is asked for when no certificates are named.
    #[command(flatten)]
    pub trust: TrustArguments,
    /// A Python that the requirements are for [default: that of the distribution]
    #[arg(long, value_name = "X.Y")]
    pub python: Vec<String>,
    /// Where to write them [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Arguments of `fetch`.
#[derive(Debug, Args)]
pub struct FetchArguments {
    /// A lock with the hashes of upstream's files: requirements, pylock.toml, uv.lock or poetry.lock
    #[arg(long, value_name = "FILE", required = true)]
    pub requirements: Vec<PathBuf>,
    /// An extra of pylock.toml that is installed
    #[arg(long = "extra", value_name = "NAME")]
    pub extras: Vec<String>,
    /// A dependency group of pylock.toml that is installed beside the default ones
    #[arg(long = "group", value_name = "NAME")]
    pub groups: Vec<String>,
    /// Where sdists come to
    #[arg(long, value_name = "DIR")]
    pub sdists: PathBuf,
    /// Take upstream's wheel of this project where one fits, and not its sdist; `*` stands for all projects
    #[arg(long, value_name = "NAME", requires = "wheels")]
    pub upstream_wheels: Vec<String>,
    /// Where upstream's wheels come to
    #[arg(long, value_name = "DIR")]
    pub wheels: Option<PathBuf>,
    /// An index to fetch from: a URL or a directory [default: what the settings of pip or uv say, else pip's default]
    #[arg(long, value_name = "URL")]
    pub index_url: Vec<String>,
    /// The Python that markers and wheels are for [default: that of the distribution]
    #[arg(long, value_name = "X.Y")]
    pub python: Option<String>,
    /// The Debian architecture that markers and wheels are for [default: the one dpkg builds for]
    #[arg(long, value_name = "ARCH")]
    pub architecture: Option<String>,
    /// The version of glibc that wheels are for [default: that of this system]
    #[arg(long, value_name = "X.Y")]
    pub glibc: Option<String>,
    /// How it is fetched.
    #[command(flatten)]
    pub transfer: TransferArguments,
    /// Say what would be fetched, and fetch only the pages of indexes
    #[arg(long)]
    pub dry_run: bool,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Say more
    #[arg(short, long)]
    pub verbose: bool,
}

/// Arguments of `index`.
#[derive(Debug, Args)]
pub struct IndexArguments {
    /// A directory of wheels
    #[arg(long, value_name = "DIR", required = true)]
    pub wheels: Vec<PathBuf>,
    /// A directory of sdists
    #[arg(long, value_name = "DIR")]
    pub sdists: Vec<PathBuf>,
    /// The directory of the index: a new one, or one that this command made
    #[arg(long, value_name = "DIR")]
    pub output: PathBuf,
    /// The signed list; a file that is not on it is not offered to installers
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Who has to have signed it.
    #[command(flatten)]
    pub trust: TrustArguments,
    /// What was withdrawn: file names or NAME==VERSION, one a line, and after a blank the reason
    #[arg(long, value_name = "FILE")]
    pub yanked: Option<PathBuf>,
    /// How the files come into the index
    #[arg(long, value_enum, value_name = "HOW", default_value_t = Files::HardLink, conflicts_with = "base_url")]
    pub files: Files,
    /// The files stay where they are and are found below this URL
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// Title of the front page
    #[arg(long, value_name = "TEXT", default_value = "Python packages")]
    pub title: String,
    /// Say more
    #[arg(short, long)]
    pub verbose: bool,
}

/// Arguments of `sync`.
#[derive(Debug, Args)]
pub struct SyncArguments {
    /// Where the list is: a URL or a directory, that of the files or the top of an index
    #[arg(long, value_name = "URL")]
    pub from: String,
    /// The directory that is brought level
    #[arg(long, value_name = "DIR")]
    pub wheels: PathBuf,
    /// Name of the list, there and here
    #[arg(long, value_name = "NAME", default_value = "sha256sums.txt")]
    pub manifest: String,
    /// Who has to have signed it.
    #[command(flatten)]
    pub trust: TrustArguments,
    /// Remove files that the earlier list had and the new one does not
    #[arg(long)]
    pub prune: bool,
    /// How it is fetched.
    #[command(flatten)]
    pub transfer: TransferArguments,
    /// Say what would be fetched and removed, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Say more
    #[arg(short, long)]
    pub verbose: bool,
}

/// How files come into an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Files {
    /// As further names of the same files; as copies where that cannot be
    HardLink,
    /// As copies
    Copy,
    /// As symbolic links
    Symlink,
    /// Not at all: links lead to where they are
    Relative,
}

/// Arguments of `build`.
#[derive(Debug, Args)]
pub struct BuildArguments {
    /// What to build, as NAME or NAME==VERSION, and what that needs [default: every sdist]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// What locks select, for who has read them already; then `requirements` is not read.
    #[arg(skip)]
    pub selected: Vec<crate::maintain::fetch::choose::Wanted>,
    /// The directory of sdists
    #[arg(long, value_name = "DIR")]
    pub sdists: PathBuf,
    /// The directory that the wheels go to
    #[arg(long, value_name = "DIR")]
    pub wheels: PathBuf,
    /// A requirements file with the hashes of wheels to build with [default: they are built from their sdists]
    #[arg(long, value_name = "FILE", requires = "build_wheels")]
    pub build_requirements: Vec<PathBuf>,
    /// A directory with the wheels to build with
    #[arg(long, value_name = "DIR", requires = "build_requirements")]
    pub build_wheels: Vec<PathBuf>,
    /// A list on which enough people have signed for the wheels to build with
    #[arg(long, value_name = "FILE", requires = "build_requirements", requires = "keyring")]
    pub manifest: Option<PathBuf>,
    /// Who has to have signed it.
    #[command(flatten)]
    pub trust: TrustArguments,
    /// A requirements file with the hashes of sdists: no others are built
    #[arg(long, value_name = "FILE")]
    pub requirements: Vec<PathBuf>,
    /// The directory of Rust crates that `rustvenv crates` fetched
    #[arg(long, value_name = "DIR")]
    pub crates: Option<PathBuf>,
    /// SOURCE_DATE_EPOCH of every build, in seconds since 1970 [default: 1580601600, 2020-02-02]
    #[arg(long, value_name = "N")]
    pub source_date_epoch: Option<u64>,
    /// The directory in which sources are built, inside of the sandbox
    #[arg(long, value_name = "PATH", default_value = "/build")]
    pub build_path: String,
    /// The Python to build with and for [default: that of the distribution]
    #[arg(long, value_name = "X.Y")]
    pub python: Option<String>,
    /// How long one run of a build may take
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    pub timeout: u64,
    /// How many sdists are built at a time [default: the number of processors]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Form of what is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Arguments of `crates`.
#[derive(Debug, Args)]
pub struct CratesArguments {
    /// The projects whose sdists are looked at [default: all]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The directory of sdists
    #[arg(long, value_name = "DIR")]
    pub sdists: PathBuf,
    /// The directory that the crates go to
    #[arg(long, value_name = "DIR")]
    pub crates: PathBuf,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The code; without it all are listed
    pub code: Option<String>,
}

/// Form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: one JSON object a line
    Json,
}

impl CommonArguments {
    /// The configuration file.
    pub fn config(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| format!("debian/{}.rustvenv", self.package).into())
    }

    /// Where the steps of one build leave notes for one another.
    pub fn state(&self) -> PathBuf {
        self.state.clone().unwrap_or_else(|| format!("debian/.debhelper/rustvenv/{}", self.package).into())
    }

    /// Root of the binary package, `destdir` if it was given.
    pub fn destdir(&self, destdir: Option<&PathBuf>) -> PathBuf {
        destdir.cloned().unwrap_or_else(|| format!("debian/{}", self.package).into())
    }
}
