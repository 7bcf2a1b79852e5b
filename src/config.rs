//! The configuration of one binary package's virtual environment: debian/PKG.rustvenv.
//!
//! Enters: TOML text, the package's name. Leaves: a [`Config`] in which every value is of its own type and every path stays below
//! the source tree. Strict: what is not known is an error with its line, because an option that does nothing is a check that
//! does not happen. Every key has a default, so that an empty file works in the standard layout (rustvenv(5)). The environment
//! and the command line are deliberately no source of settings: .buildinfo records neither.

use crate::code::Code;
use crate::date::parse_utc;
use crate::library_policy::{LibraryPolicy, LibraryRule};
use crate::limits::Limits;
use crate::lock::Format;
use crate::python::entry_points::is_script_name;
use crate::python::interpreter::Interpreter;
use crate::python::name::ProjectName;
use crate::python::tags::Glibc;
use crate::refusal::{Refusal, is_format_character};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt;

/// A relative path below the source tree, without `.`, `..` and empty components. `.` alone is the tree itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourcePath(String);

impl SourcePath {
    fn parse(text: &str) -> Option<Self> {
        let trimmed = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
        if text == "." || text == "./" {
            return Some(Self(".".to_owned()));
        }
        let inside = !text.starts_with('/')
            && !trimmed.is_empty()
            && !trimmed.chars().any(|c| c.is_control() || is_format_character(c))
            && trimmed.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        inside.then(|| Self(trimmed.to_owned()))
    }

    /// The path, relative to the source tree.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A relative path in the environment, whatever its Python: `site-packages` stands for lib/python3.X/site-packages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EnvironmentPath(String);

impl EnvironmentPath {
    fn parse(text: &str) -> Option<Self> {
        let path = SourcePath::parse(text)?.0;
        (path != "." && !path.starts_with("lib/python")).then_some(Self(path))
    }

    /// The path as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path in an environment of `interpreter`.
    pub fn resolve(&self, interpreter: &Interpreter) -> String {
        match self.0.strip_prefix("site-packages") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                format!("lib/{}/site-packages{rest}", interpreter.program())
            }
            _ => self.0.clone(),
        }
    }
}

/// Whether the source tree's own project is built and installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Project {
    /// The project in this directory.
    Build(SourcePath),
    /// Only what the lock names.
    None,
}

/// Where build back ends come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildRequirements {
    /// Verified wheels, locked in these files.
    Locked(Vec<SourcePath>),
    /// Packages of the distribution, from Build-Depends.
    Distribution,
}

/// Whether modules of Debian's python3-* packages are visible in the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemSitePackages {
    /// They are not.
    Hidden,
    /// They are, after those of the environment.
    Visible,
}

/// How scripts find their interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relocation {
    /// By their own place: the environment works wherever it is moved.
    Relocatable,
    /// By the absolute path of the environment.
    Fixed,
}

/// Where compiled byte code comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteCode {
    /// From nowhere: the interpreter compiles at every start, or leaves what it may write beside the sources.
    None,
    /// The package's maintainer scripts have it compiled where the package is installed, and remove it.
    Install,
    /// It is in the package.
    Ship,
}

/// Which Requires-Dist of the wheels may be unmet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingOk {
    /// These projects.
    Named(BTreeSet<ProjectName>),
    /// Every project.
    Everything,
}

/// Whether the list has to be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// By enough of the right people.
    Signed,
    /// Not at all: the lock alone decides. For projects that do not sign yet; every build says so.
    DangerouslyUnsigned,
}

/// What follows when a signer's key has expired or was retired since it signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LapsedSigners {
    /// A warning.
    Warn,
    /// A refusal.
    Refuse,
}

/// Settings of one virtual environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Locks: requirements files with hashes, and pylock.toml.
    pub requirements: Vec<SourcePath>,
    /// Directories of wheels.
    pub wheels: Vec<SourcePath>,
    /// The signed list of sums.
    pub manifest: SourcePath,
    /// Files and directories of certificates.
    pub keyring: Vec<SourcePath>,
    /// Pinned fingerprints as written; empty: every certificate of the keyring may sign.
    pub signers: Vec<String>,
    /// How many distinct certificates must have signed.
    pub threshold: usize,
    /// Whether signatures are asked for.
    pub trust: Trust,
    /// Older signatures do not count; in seconds since 1970.
    pub not_before: Option<u64>,
    /// Signatures that are older than this at the date of the package do not count; in seconds.
    pub max_age: Option<u64>,
    /// Signers whose keys have lapsed since.
    pub lapsed_signers: LapsedSigners,
    /// The project that the manifest's header line has to name.
    pub manifest_project: Option<String>,
    /// The lowest serial that the manifest's header line may have.
    pub manifest_serial: Option<u64>,
    /// The source tree's own project.
    pub project: Project,
    /// Where its build back end comes from.
    pub build_requirements: BuildRequirements,
    /// Extras of the project whose dependencies must be in the set.
    pub extras: BTreeSet<ProjectName>,
    /// Dependency groups that are installed beside the default ones; of pylock.toml.
    pub dependency_groups: BTreeSet<ProjectName>,
    /// The interpreter; `None`: what /usr/bin/python3 is.
    pub python: Option<Interpreter>,
    /// The target's C library; `None`: that of the build system.
    pub glibc: Option<Glibc>,
    /// Directory in the package below which the environment stands; absolute, no slash at the end.
    pub install_root: String,
    /// The environment's own directory name.
    pub name: String,
    /// Visibility of Debian's modules.
    pub system_site_packages: SystemSitePackages,
    /// Launchers.
    pub relocation: Relocation,
    /// Byte code.
    pub byte_code: ByteCode,
    /// Scripts that become links in /usr/bin.
    pub commands: BTreeSet<String>,
    /// Dependencies that may be absent.
    pub missing_ok: MissingOk,
    /// What hooks of debian/rules change, replace or remove.
    pub changes: BTreeSet<EnvironmentPath>,
    /// Libraries of the system that are no dependencies.
    pub libraries: LibraryPolicy,
    /// Bounds on what is read.
    pub limits: Limits,
}

impl Config {
    /// Absolute path of the environment on the target, without a slash at the end.
    pub fn location(&self) -> String {
        format!("{}/{}", self.install_root, self.name)
    }

    /// Reads the text of `file` for the binary package `package`.
    ///
    /// # Errors
    /// Everything that is wrong in it; only the first when the TOML itself is.
    pub fn parse(file: &str, text: &str, package: &str) -> Result<Self, Vec<Refusal>> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
            let message = format!("{file} line {line}: {}", error.message().replace('\n', " "));
            vec![Refusal::new(Code::ConfigMalformed, message).hint("rustvenv(5) lists the keys and their values")]
        })?;
        let mut reader = Reader { file, text, refusals: Vec::new() };
        let config = reader.config(raw, package);
        if reader.refusals.is_empty() { Ok(config) } else { Err(reader.refusals) }
    }
}

/// The file as TOML has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Raw {
    requirements: Vec<String>,
    wheels: Vec<String>,
    manifest: String,
    keyring: Vec<String>,
    signers: Vec<String>,
    threshold: usize,
    project: String,
    build_requirements: Vec<String>,
    extras: Vec<String>,
    dependency_groups: Vec<String>,
    python: Option<String>,
    glibc: Option<String>,
    install_root: String,
    name: Option<String>,
    system_site_packages: bool,
    relocatable: bool,
    bytecode: String,
    commands: Vec<String>,
    missing_ok: Vec<String>,
    changes: Vec<String>,
    libraries_recommended: Vec<String>,
    libraries_ignored: Vec<String>,
    limits: Limits,
    trust: String,
    not_before: Option<String>,
    max_age: Option<u64>,
    lapsed_signers: String,
    manifest_project: Option<String>,
    manifest_serial: Option<u64>,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            requirements: vec!["requirements.txt".to_owned()],
            wheels: vec!["wheels".to_owned()],
            manifest: "wheels/sha256sums.txt".to_owned(),
            keyring: vec!["debian/signers".to_owned()],
            signers: Vec::new(),
            threshold: 1,
            project: ".".to_owned(),
            build_requirements: Vec::new(),
            extras: Vec::new(),
            dependency_groups: Vec::new(),
            python: None,
            glibc: None,
            install_root: "/opt/venvs".to_owned(),
            name: None,
            system_site_packages: false,
            relocatable: true,
            bytecode: "install".to_owned(),
            commands: Vec::new(),
            missing_ok: Vec::new(),
            changes: Vec::new(),
            libraries_recommended: Vec::new(),
            libraries_ignored: Vec::new(),
            limits: Limits::DEFAULT,
            trust: "signed".to_owned(),
            not_before: None,
            max_age: None,
            lapsed_signers: "warn".to_owned(),
            manifest_project: None,
            manifest_serial: None,
        }
    }
}

/// Keys that say something about the signed list.
const ABOUT_SIGNATURES: &[&str] = &[
    "keyring",
    "lapsed-signers",
    "manifest",
    "manifest-project",
    "manifest-serial",
    "max-age",
    "not-before",
    "signers",
    "threshold",
];

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    refusals: Vec<Refusal>,
}

impl Reader<'_> {
    fn config(&mut self, raw: Raw, package: &str) -> Config {
        let name = raw.name.unwrap_or_else(|| package.to_owned());
        if !is_directory_name(&name) {
            self.wrong("name", &name, "one directory name of letters, digits, `.`, `_`, `+` and `-`");
        }
        let install_root = raw.install_root.trim_end_matches('/').to_owned();
        // DEBIAN is no directory of the package but dpkg's own
        let is_part = |part| is_directory_name(part) && part != "DEBIAN";
        let plain = install_root.len() <= 1000
            && install_root.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_part));
        if !plain {
            self.wrong("install-root", &raw.install_root, "an absolute path such as `/opt/venvs` or `/usr/lib`");
        }
        if raw.threshold == 0 {
            self.wrong("threshold", "0", "at least 1: a list that nobody signed authorises nothing");
        }
        if !raw.signers.is_empty() && raw.threshold > raw.signers.len() {
            let found = raw.threshold.to_string();
            self.wrong("threshold", &found, &format!("at most {}, the number of `signers`", raw.signers.len()));
        }
        self.locks("requirements", &raw.requirements);
        self.locks("build-requirements", &raw.build_requirements);
        let byte_code = match raw.bytecode.as_str() {
            "none" => ByteCode::None,
            "ship" => ByteCode::Ship,
            other => {
                if other != "install" {
                    self.wrong("bytecode", other, "`install`, `ship` or `none`");
                }
                ByteCode::Install
            }
        };
        let trust = match raw.trust.as_str() {
            "signed" => Trust::Signed,
            "dangerously-unsigned" => Trust::DangerouslyUnsigned,
            _ => {
                self.wrong("trust", &raw.trust, "`signed`");
                Trust::Signed
            }
        };
        if trust == Trust::DangerouslyUnsigned {
            let table: toml::Table = toml::from_str(self.text).unwrap_or_default();
            for key in ABOUT_SIGNATURES.iter().filter(|key| table.contains_key(**key)) {
                let message = format!("{} has no effect with `trust = \"dangerously-unsigned\"`", self.place(key));
                self.refusals
                    .push(Refusal::new(Code::ConfigMalformed, message).hint("have the list signed, or remove the key"));
            }
        }
        let lapsed_signers = match raw.lapsed_signers.as_str() {
            "warn" => LapsedSigners::Warn,
            "refuse" => LapsedSigners::Refuse,
            _ => {
                self.wrong("lapsed-signers", &raw.lapsed_signers, "`warn` or `refuse`");
                LapsedSigners::Refuse
            }
        };
        let not_before = raw.not_before.as_deref().and_then(|text| {
            let time = parse_utc(text);
            if time.is_none() {
                self.wrong("not-before", text, "a date such as `2024-04-10` or `2024-04-10T12:00:00Z`, in UTC");
            }
            time
        });
        let max_age = raw.max_age.map(|days| days.saturating_mul(86_400));
        let extras = self.names("extras", &raw.extras);
        let dependency_groups = self.names("dependency-groups", &raw.dependency_groups);
        let missing_ok = if raw.missing_ok.iter().any(|name| name == "*") {
            MissingOk::Everything
        } else {
            MissingOk::Named(self.names("missing-ok", &raw.missing_ok))
        };
        let libraries = self.libraries(&raw.libraries_recommended, &raw.libraries_ignored);
        let python =
            raw.python.as_deref().filter(|text| *text != "python3" && *text != "/usr/bin/python3").and_then(|text| {
                let interpreter = Interpreter::parse(text);
                if interpreter.is_none() {
                    self.wrong("python", text, "`3.11`, `python3.11`, `/usr/bin/python3.11` or `3.11.2`");
                }
                interpreter
            });
        let glibc = raw.glibc.as_deref().and_then(|text| {
            let glibc = Glibc::parse(text);
            if glibc.is_none() {
                self.wrong("glibc", text, "a version such as `2.36`");
            }
            glibc
        });
        for command in &raw.commands {
            if !is_script_name(command) {
                self.wrong("commands", command, "names of scripts in the environment's bin/");
            }
        }
        let changes = self.changes(&raw.changes);
        Config {
            requirements: self.paths("requirements", &raw.requirements),
            wheels: self.paths("wheels", &raw.wheels),
            manifest: self.path("manifest", &raw.manifest),
            keyring: self.paths("keyring", &raw.keyring),
            signers: raw.signers,
            threshold: raw.threshold,
            trust,
            not_before,
            max_age,
            lapsed_signers,
            manifest_project: raw.manifest_project,
            manifest_serial: raw.manifest_serial,
            project: if raw.project == "none" {
                Project::None
            } else {
                Project::Build(self.path("project", &raw.project))
            },
            build_requirements: if raw.build_requirements.is_empty() {
                BuildRequirements::Distribution
            } else {
                BuildRequirements::Locked(self.paths("build-requirements", &raw.build_requirements))
            },
            extras,
            dependency_groups,
            python,
            glibc,
            install_root,
            name,
            system_site_packages: if raw.system_site_packages {
                SystemSitePackages::Visible
            } else {
                SystemSitePackages::Hidden
            },
            relocation: if raw.relocatable { Relocation::Relocatable } else { Relocation::Fixed },
            byte_code,
            commands: raw.commands.into_iter().collect(),
            missing_ok,
            changes,
            libraries,
            limits: raw.limits,
        }
    }

    /// `FILE line N: KEY`, or without the line when the value is a default.
    fn place(&self, key: &str) -> String {
        let is_key =
            |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        match (1usize..).zip(self.text.lines()).find(|(_, line)| is_key(line)) {
            Some((number, _)) => format!("{} line {number}: `{key}`", self.file),
            None => format!("{}: `{key}`", self.file),
        }
    }

    fn wrong(&mut self, key: &str, value: &str, expected: &str) {
        let message = format!("{} cannot be `{value}`", self.place(key));
        self.refusals.push(Refusal::new(Code::ConfigMalformed, message).expected(expected));
    }

    /// Refuses names of files that are no locks of wheels.
    fn locks(&mut self, key: &str, paths: &[String]) {
        for path in paths {
            let hint = match Format::of(path) {
                Some(Format::Requirements | Format::Pylock) => continue,
                Some(Format::Uv) => {
                    "`uv export --format pylock.toml --output-file pylock.toml` writes one from uv.lock"
                }
                Some(Format::Poetry) => {
                    "the hashes of poetry.lock are those of the index; write the wheels that are signed for into a lock"
                }
                None => "the name says the format",
            };
            let message = format!("{}: `{path}` is no lock of wheels", self.place(key));
            self.refusals.push(
                Refusal::new(Code::ConfigMalformed, message)
                    .expected("requirements files with hashes, `pylock.toml` or `pylock.NAME.toml`")
                    .hint(hint),
            );
        }
    }

    fn path(&mut self, key: &str, text: &str) -> SourcePath {
        SourcePath::parse(text).unwrap_or_else(|| {
            let message = format!("{}: `{text}` is not a path below the source tree", self.place(key));
            self.refusals.push(
                Refusal::new(Code::ConfigPathEscapes, message)
                    .expected("a relative path without `..`")
                    .hint("put the file into the source package, or nobody else can build it"),
            );
            SourcePath(".".to_owned())
        })
    }

    fn paths(&mut self, key: &str, texts: &[String]) -> Vec<SourcePath> {
        texts.iter().map(|text| self.path(key, text)).collect()
    }

    fn changes(&mut self, texts: &[String]) -> BTreeSet<EnvironmentPath> {
        let mut paths = BTreeSet::new();
        for text in texts {
            match EnvironmentPath::parse(text) {
                Some(path) => {
                    paths.insert(path);
                }
                None => self.wrong(
                    "changes",
                    text,
                    "a path relative to the environment without `..`, such as `site-packages/app/settings.py`",
                ),
            }
        }
        paths
    }

    fn names(&mut self, key: &str, texts: &[String]) -> BTreeSet<ProjectName> {
        let mut names = BTreeSet::new();
        for text in texts {
            match ProjectName::parse(text) {
                Some(name) => {
                    names.insert(name);
                }
                None => self.wrong(key, text, "names as PyPI has them"),
            }
        }
        names
    }

    fn libraries(&mut self, recommended: &[String], ignored: &[String]) -> LibraryPolicy {
        let mut rules = |key: &str, texts: &[String]| {
            let mut rules = BTreeSet::new();
            for text in texts {
                match LibraryRule::parse(text) {
                    Some(rule) => {
                        rules.insert(rule);
                    }
                    None => self.wrong(key, text, "a project, or PROJECT:SONAME such as `psycopg2:libpq.so.5`"),
                }
            }
            rules
        };
        let recommended = rules("libraries-recommended", recommended);
        let ignored = rules("libraries-ignored", ignored);
        for rule in recommended.intersection(&ignored) {
            self.wrong("libraries-ignored", &rule.to_string(), "what `libraries-recommended` does not have as well");
        }
        LibraryPolicy { recommended, ignored }
    }
}

/// One component of a path that needs no quoting anywhere.
fn is_directory_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.len() <= 200
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, Vec<Refusal>> {
        Config::parse("debian/app.rustvenv", text, "app")
    }

    #[test]
    fn an_empty_file_is_the_standard_layout() {
        let config = parse("").unwrap();
        assert_eq!(config.location(), "/opt/venvs/app");
        assert_eq!(config.requirements, [SourcePath("requirements.txt".into())]);
        assert_eq!(config.manifest.as_str(), "wheels/sha256sums.txt");
        assert_eq!((config.threshold, config.relocation), (1, Relocation::Relocatable));
        assert_eq!(config.byte_code, ByteCode::Install);
        assert_eq!(config.project, Project::Build(SourcePath(".".into())));
    }

    #[test]
    fn changes_are_written_for_every_python() {
        let config =
            parse("changes = [\"site-packages/a/b.py\", \"etc/site-packages\", \"site-packages-not\"]\n").unwrap();
        let paths: Vec<String> =
            config.changes.iter().map(|path| path.resolve(&Interpreter::parse("3.13").unwrap())).collect();
        assert_eq!(paths, ["etc/site-packages", "site-packages-not", "lib/python3.13/site-packages/a/b.py"]);
    }

    #[test]
    fn a_limit_that_is_set_leaves_the_others() {
        let config = parse("limits = { members = 300_000, path-length = 2048 }\n").unwrap();
        assert_eq!(config.limits, Limits { members: 300_000, path_length: 2048, ..Limits::DEFAULT });
    }

    #[test]
    fn what_is_not_known_is_an_error_with_its_line() {
        for (text, code, place) in [
            ("# x\nrequirement = []\n", "config-malformed", "line 2"),
            ("threshold = \"2\"\n", "config-malformed", "line 1"),
            ("threshold = 0\n", "config-malformed", "line 1: `threshold`"),
            ("threshold = 2\nsigners = [\"A\"]\n", "config-malformed", "line 1"),
            ("\nname = \"../x\"\n", "config-malformed", "line 2: `name`"),
            ("name = \"a b\"\n", "config-malformed", "`name`"),
            ("install-root = \"opt\"\n", "config-malformed", "`install-root`"),
            ("install-root = \"/opt/../etc\"\n", "config-malformed", "`install-root`"),
            ("install-root = \"/\"\n", "config-malformed", "`install-root`"),
            ("install-root = \"/DEBIAN\"\n", "config-malformed", "`install-root`"),
            ("manifest = \"a\\u001bb\"\n", "config-path-escapes", "`manifest`"),
            ("trust = \"dangerously-unsigned\"\nkeyring = []\n", "config-malformed", "line 2: `keyring`"),
            ("wheels = [\"/srv/wheels\"]\n", "config-path-escapes", "`wheels`"),
            ("wheels = [\"a/../../b\"]\n", "config-path-escapes", "`wheels`"),
            ("keyring = [\"\"]\n", "config-path-escapes", "`keyring`"),
            ("project = \"..\"\n", "config-path-escapes", "`project`"),
            ("python = \"/opt/python3\"\n", "config-malformed", "`python`"),
            ("glibc = \"new\"\n", "config-malformed", "`glibc`"),
            ("commands = [\"../x\"]\n", "config-malformed", "`commands`"),
            ("extras = [\"!\"]\n", "config-malformed", "`extras`"),
            ("changes = [\"a/../b\"]\n", "config-malformed", "`changes`"),
            ("changes = [\".\"]\n", "config-malformed", "`changes`"),
            ("changes = [\"/opt/venvs/app/pyvenv.cfg\"]\n", "config-malformed", "`changes`"),
            ("changes = [\"lib/python3.11/site-packages/a.py\"]\n", "config-malformed", "`changes`"),
            ("limits = { members = -1 }\n", "config-malformed", "line 1"),
            ("\n[limits]\nmanifest-size = 1\n", "config-malformed", "line 3"),
            ("limits = { sdist-size = 1 }\n", "config-malformed", "line 1"),
            ("limits = { xz-memory = 1 }\n", "config-malformed", "line 1"),
            ("limits = { download-size = 1 }\n", "config-malformed", "line 1"),
            ("bytecode = \"always\"\n", "config-malformed", "`bytecode`"),
            ("requirements = [\"pyproject.toml\"]\n", "config-malformed", "line 1: `requirements`"),
            ("requirements = [\"poetry.lock\"]\n", "config-malformed", "line 1: `requirements`"),
            ("build-requirements = [\"uv.lock\"]\n", "config-malformed", "line 1: `build-requirements`"),
            ("dependency-groups = [\"!\"]\n", "config-malformed", "`dependency-groups`"),
            ("libraries-recommended = [\"a:\"]\n", "config-malformed", "line 1: `libraries-recommended`"),
            ("libraries-recommended = [\"a.B\"]\nlibraries-ignored = [\"a-b\"]\n", "config-malformed", "line 2"),
            ("trust = \"no\"\n", "config-malformed", "`trust`"),
            ("not-before = \"yesterday\"\n", "config-malformed", "`not-before`"),
            ("max-age = -1\n", "config-malformed", "line 1"),
            ("trust = \"dangerously-unsigned\"\nmax-age = 3\n", "config-malformed", "line 2: `max-age`"),
            ("lapsed-signers = \"ignore\"\n", "config-malformed", "`lapsed-signers`"),
            ("name = \"a\"\nname = \"b\"\n", "config-malformed", "line 2"),
            ("[section]\n", "config-malformed", "line 1"),
        ] {
            let refusals = parse(text).unwrap_err();
            assert_eq!(refusals.iter().map(|refusal| refusal.code.name()).collect::<Vec<_>>(), [code], "{text}");
            let message = refusals[0].to_string();
            assert!(message.contains(place) && message.contains("debian/app.rustvenv"), "{text}: {message}");
        }
        assert_eq!(parse("threshold = 0\nname = \"/\"\n").unwrap_err().len(), 2, "all at once");
    }
}
