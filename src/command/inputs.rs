//! Reading what a package build is made of: the one place that opens the files which a configuration names.
//!
//! Enters: the source tree, a configuration file, a package's name. Leaves: [`Inputs`], the settings and the target as values, and on
//! request the verified manifest and wheels. Every path is checked to stay below the source tree, symbolic links resolved; wheels
//! themselves may be links (stores of large files use them), since their content is verified whatever they are called.

use super::trust_files;
use crate::code::Code;
use crate::config::{BuildRequirements, Config, LapsedSigners, Project, SourcePath, Trust};
use crate::debhelper::control::BinaryPackage;
use crate::limits::Limits;
use crate::lock::resolution::OwnProject;
use crate::lock::{self, Lock};
use crate::maintain::build_system::upstream_version;
use crate::python::architecture::Architecture;
use crate::python::dependency::Target;
use crate::python::interpreter::Interpreter;
use crate::python::marker::Requested;
use crate::python::tags::{CompatibleTags, Glibc};
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Failure, Refusal};
use crate::system::env;
use crate::system::fs::{self, Kind, Spool};
use crate::system::process::Program;
use crate::trust::keyring::Keyring;
use crate::trust::openpgp::{Fingerprint, Lapsed, Policy};
use crate::trust::verified::{self, VerifiedManifest};
use crate::trust::verified_wheel::{Approval, Candidate, VerifiedWheel, verify_wheels};
use std::path::{Path, PathBuf};

/// Everything about one binary package but its wheels.
#[derive(Debug)]
pub struct Inputs {
    /// The directory that debian/ is in, resolved.
    pub root: PathBuf,
    /// The source tree, resolved: the same, or a directory below it (`--sourcedir`).
    pub source: PathBuf,
    /// Where the settings are.
    pub config_file: PathBuf,
    /// The settings.
    pub config: Config,
    /// The binary package.
    pub package: BinaryPackage,
    /// The interpreter.
    pub interpreter: Interpreter,
    /// The architecture that is built for.
    pub architecture: Architecture,
    /// The environment of markers.
    pub target: Target,
    /// The tags that fit.
    pub tags: CompatibleTags,
    /// Time of everything, in seconds since 1970.
    pub epoch: u64,
    /// Bounds on what is read.
    pub limits: Limits,
}

impl Inputs {
    /// Reads the configuration `config_file` of `package` in the source tree `source`.
    ///
    /// # Errors
    /// What is wrong with the configuration, or what of the build system cannot be told.
    pub fn read(source: &Path, config_file: &Path, package: &str) -> Result<Self, Failure> {
        Self::settled(source, config_file, package, &mut |_, config| Ok(config))
    }

    /// The same, with what `settle` makes of the configuration's text and its value.
    ///
    /// # Errors
    /// As [`Inputs::read`], and those of `settle`.
    pub fn settled(
        source: &Path,
        config_file: &Path,
        package: &str,
        settle: &mut dyn FnMut(&str, Config) -> Result<Config, Failure>,
    ) -> Result<Self, Failure> {
        let Some(status) = fs::status(config_file)? else {
            return Err(Failure::unable_hint(
                format!("there is no {}", config_file.display()),
                "create it (an empty file will do), or name another with --config, such as debian/rustvenv",
            ));
        };
        // debhelper runs its own files that are executable; whoever expects that here would have the text of a script read
        if status.kind == Kind::File && status.mode & 0o111 != 0 {
            let message = format!("{} is executable, and is never run", config_file.display());
            let refusal = Refusal::new(Code::ConfigMalformed, message).expected("a file of TOML, mode 0644");
            return Err(refusal.hint("write what the script prints into the file, and `chmod a-x` it").into());
        }
        let text = fs::read_text(config_file, Limits::DEFAULT.configuration_size)?;
        let config = settle(&text, Config::parse(&config_file.to_string_lossy(), &text, package)?)?;
        let root = fs::canonicalize(Path::new("."))?;
        let source = fs::canonicalize(source)?;
        let control = fs::read_text(&root.join("debian/control"), Limits::DEFAULT.configuration_size)?;
        let package = BinaryPackage::find(&control, package)
            .ok_or_else(|| Failure::unable(format!("debian/control has no binary package `{package}`")))?;
        let interpreter = match &config.python {
            Some(interpreter) => interpreter.clone(),
            None => default_interpreter()?,
        };
        let architecture = host_architecture()?;
        let glibc = match config.glibc {
            Some(glibc) => glibc,
            None => build_system_glibc(&architecture)?,
        };
        let target = Target::new(&interpreter, &architecture).map_err(Failure::unable)?;
        let tags = CompatibleTags::of(&interpreter, &architecture, glibc);
        let epoch = source_date_epoch(&root)?;
        let limits = config.limits.clone();
        let config_file = config_file.to_owned();
        Ok(Self { root, source, config_file, config, package, interpreter, architecture, target, tags, epoch, limits })
    }

    /// The path on this machine of a path of the configuration.
    ///
    /// # Errors
    /// When it does not exist or leads out of the source tree.
    pub fn path(&self, path: &SourcePath) -> Result<PathBuf, Failure> {
        self.inside(path.as_str())
    }

    /// Paths below debian/ are where debian/ is, all others in the source tree.
    fn place(&self, relative: &str) -> PathBuf {
        let base = if relative.starts_with("debian/") { &self.root } else { &self.source };
        base.join(relative)
    }

    fn inside(&self, relative: &str) -> Result<PathBuf, Failure> {
        let joined = self.place(relative);
        if fs::status(&joined)?.is_none() {
            return Err(Refusal::new(Code::ConfigFileMissing, format!("`{relative}` does not exist"))
                .expected("a path below the source tree")
                .hint("create it, or name the right one in the configuration")
                .into());
        }
        let resolved = fs::canonicalize(&joined)?;
        if resolved.starts_with(&self.root) || resolved.starts_with(&self.source) {
            return Ok(joined);
        }
        Err(Refusal::new(Code::ConfigPathEscapes, format!("`{relative}` leads out of the source tree"))
            .found(resolved.display().to_string())
            .hint("put the file into the source package, or nobody else can build it")
            .into())
    }

    /// The lock of what is installed.
    ///
    /// # Errors
    /// As [`lock::read`].
    pub fn lock(&self) -> Result<Lock, Failure> {
        let config = &self.config;
        let requested = Requested { extras: config.extras.clone(), groups: config.dependency_groups.clone() };
        let own = match &config.project {
            Project::Build(directory) => OwnProject::At(directory.as_str().to_owned()),
            Project::None => OwnProject::None,
        };
        self.read_lock(&config.requirements, &requested, own)
    }

    /// The lock of the project's build back end: the defaults of each, since `extras` are those of the project.
    ///
    /// # Errors
    /// As [`lock::read`].
    pub fn build_lock(&self) -> Result<Lock, Failure> {
        self.read_lock(self.build_files(), &Requested::default(), OwnProject::None)
    }

    fn read_lock(&self, files: &[SourcePath], requested: &Requested, own: OwnProject) -> Result<Lock, Failure> {
        let names: Vec<String> = files.iter().map(|file| file.as_str().to_owned()).collect();
        let request = lock::Request { target: &self.target, requested, own, limits: &self.limits };
        let lock = lock::read(&names, &request, &mut |from, name| {
            let relative = beside(from, name).ok_or_else(|| {
                Refusal::new(
                    Code::ConfigPathEscapes,
                    format!("{from} includes `{name}`, which is not below the source tree"),
                )
            })?;
            let path = self.inside(&relative)?;
            Ok((relative, fs::read_text(&path, self.limits.requirements_size)?))
        })?;
        if lock.releases.is_empty() && !names.is_empty() {
            let message = format!("`{}` names nothing to install", names.join("`, `"));
            let mut refusal = Refusal::new(Code::LockEmpty, message)
                .hint("write `requirements = []` for a project without dependencies");
            if !lock.skipped.is_empty() {
                refusal = refusal.found(format!("{} lines whose markers are false for the target", lock.skipped.len()));
            }
            return Err(refusal.into());
        }
        Ok(lock)
    }

    /// The signed list, verified.
    ///
    /// # Errors
    /// As [`Keyring::read`] and [`verified::verify`].
    pub fn manifest(&self) -> Result<VerifiedManifest, Failure> {
        let keyring = self.keyring()?;
        let name = self.config.manifest.as_str();
        let manifest = self.inside(name)?;
        let signatures = trust_files::signatures_beside(&manifest)?;
        let unverified = trust_files::unverified(&manifest, &signatures, &self.limits)?;
        let config = &self.config;
        let policy = Policy {
            signers: self.signers()?,
            threshold: config.threshold,
            not_before: config.not_before,
            max_age: config.max_age,
            lapsed: match config.lapsed_signers {
                LapsedSigners::Warn => Lapsed::Warned,
                LapsedSigners::Refuse => Lapsed::Refused,
            },
            project: config.manifest_project.clone(),
            minimum_serial: config.manifest_serial,
            ..Policy::new(self.epoch)
        };
        Ok(verified::verify(unverified, &keyring, &policy)?)
    }

    /// The locks of the project's build back end; none when it is not built or comes from the distribution.
    pub fn build_files(&self) -> &[SourcePath] {
        match (&self.config.project, &self.config.build_requirements) {
            (Project::Build(_), BuildRequirements::Locked(files)) => files,
            _ => &[],
        }
    }

    /// The signed list, verified; none for a package without requirements, or one that does without signatures.
    ///
    /// # Errors
    /// As [`Inputs::manifest`].
    pub fn manifest_if_needed(&self) -> Result<Option<VerifiedManifest>, Failure> {
        let needs_none = self.config.requirements.is_empty() && self.build_files().is_empty();
        if needs_none || self.config.trust == Trust::DangerouslyUnsigned {
            return Ok(None);
        }
        self.manifest().map(Some)
    }

    /// The upstream part of the version in debian/changelog, for back ends that would ask a version control system.
    ///
    /// # Errors
    /// When debian/changelog cannot be read.
    pub fn upstream_version(&self) -> Result<Option<String>, Failure> {
        let version = changelog(&self.root, "Version")?;
        Ok(upstream_version(&version))
    }

    /// The pinned fingerprints.
    ///
    /// # Errors
    /// Every one that is none.
    pub fn signers(&self) -> Result<Vec<Fingerprint>, Failure> {
        trust_files::fingerprints(&self.config.signers)
    }

    /// The certificates.
    ///
    /// # Errors
    /// As [`trust_files::keyring`].
    pub fn keyring(&self) -> Result<Keyring, Failure> {
        let places = self.config.keyring.iter().map(|place| Ok((self.path(place)?, place.to_string())));
        trust_files::keyring(&places.collect::<Result<Vec<_>, Failure>>()?, &self.limits)
    }

    /// A verified wheel for each release of `lock`, its bytes in `spool`.
    ///
    /// # Errors
    /// As [`verify_wheels`].
    pub fn wheels(
        &self,
        lock: &Lock,
        approval: Approval<'_>,
        spool: &mut Spool,
    ) -> Result<Vec<VerifiedWheel>, Failure> {
        let mut candidates = Vec::new();
        for directory in &self.config.wheels {
            let path = self.path(directory)?;
            for entry in fs::list(&path)? {
                // sdists, sums and notes lie beside wheels; a name that is none cannot be that of a locked release
                if let Ok(file_name) = WheelFilename::parse(&entry.name.to_string_lossy()) {
                    if candidates.len() >= self.limits.wheel_files {
                        return Err(Failure::unable(format!(
                            "{directory} has more than {} wheels",
                            self.limits.wheel_files
                        )));
                    }
                    let path = format!("{directory}/{file_name}");
                    candidates.push(Candidate { file_name, path });
                }
            }
        }
        verify_wheels(lock, approval, &candidates, &self.tags, &mut |candidate| {
            spool.keep_file(&self.place(&candidate.path), self.limits.wheel_size)
        })
    }
}

/// The file `name` as named in the file `from`, relative to the source tree; `None` when it is not below it.
fn beside(from: &str, name: &str) -> Option<String> {
    if name.starts_with('/') {
        return None;
    }
    let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// What /usr/bin/python3 is a link to: the distribution's choice.
pub(super) fn default_interpreter() -> Result<Interpreter, Failure> {
    let link = Path::new("/usr/bin/python3");
    let target = fs::status(link)?.and_then(|_| fs::read_link(link).ok());
    target.and_then(|target| Interpreter::parse(&target.file_name()?.to_string_lossy())).ok_or_else(|| {
        Failure::unable_hint(
            "cannot tell the distribution's Python: /usr/bin/python3 is no link to python3.X",
            "add python3 to Build-Depends, or set `python` in the configuration",
        )
    })
}

/// The architecture that dpkg builds for.
pub(super) fn host_architecture() -> Result<Architecture, Failure> {
    let name = match env::deb_host_arch() {
        Some(name) => name,
        None => output(&["dpkg-architecture", "-qDEB_HOST_ARCH"])?,
    };
    Architecture::from_debian(&name).ok_or_else(|| {
        Failure::unable(format!("no wheels can be chosen for the architecture `{name}`: it is not known"))
    })
}

/// The architecture of the machine that builds, as dpkg calls it.
pub(super) fn build_architecture() -> Result<String, Failure> {
    output(&["dpkg-architecture", "-qDEB_BUILD_ARCH"])
}

/// The version of the C library package of the build system, without the Debian revision.
pub(super) fn build_system_glibc(architecture: &Architecture) -> Result<Glibc, Failure> {
    let query = |package: &str| output(&["dpkg-query", "-W", "-f=${Version}", package]);
    let version = query(&format!("libc6:{}", architecture.debian())).or_else(|_| query("libc6"))?;
    let upstream = version.split(['-', '+']).next().unwrap_or_default();
    Glibc::parse(upstream).ok_or_else(|| {
        Failure::unable_hint(
            format!("cannot tell the version of the C library from that of libc6, `{version}`"),
            "set `glibc` in the configuration",
        )
    })
}

/// SOURCE_DATE_EPOCH, else the date of the newest entry of debian/changelog in `root`; never the clock.
///
/// # Errors
/// When neither tells a time.
pub fn source_date_epoch(root: &Path) -> Result<u64, Failure> {
    if let Some(epoch) = env::source_date_epoch()? {
        return Ok(epoch);
    }
    let text = changelog(root, "Timestamp")?;
    text.parse().map_err(|_| {
        Failure::unable_hint(
            format!("debian/changelog has no date that can be used: `{text}`"),
            "its newest entry ends in ` -- NAME <MAIL>  DATE`, with a date since 1970",
        )
    })
}

/// A field of the newest entry of debian/changelog in `root`, whatever the directory is called.
fn changelog(root: &Path, field: &str) -> Result<String, Failure> {
    let mut program = Program::new(["dpkg-parsechangelog".to_owned(), format!("-S{field}")]);
    program.directory = Some(root.to_owned());
    Ok(String::from_utf8_lossy(&program.run()?).trim().to_owned())
}

fn output(argv: &[&str]) -> Result<String, Failure> {
    let bytes = Program::new(argv.iter().copied()).run()?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn included_files_stay_in_the_tree() {
        assert_eq!(beside("requirements.txt", "base.txt").as_deref(), Some("base.txt"));
        assert_eq!(beside("requirements/prod.txt", "./base.txt").as_deref(), Some("requirements/base.txt"));
        assert_eq!(beside("requirements/prod.txt", "../base.txt").as_deref(), Some("base.txt"));
        for name in ["../base.txt", "/etc/passwd", "a/../../b", ".", ""] {
            assert_eq!(beside("requirements.txt", name), None, "{name}");
        }
    }
}
