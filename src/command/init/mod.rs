//! `rustvenv init`: from a Python project to a tree that `rustvenv update` and dpkg-buildpackage understand.
//!
//! Enters: the working directory with a project, as far as it says what it is, and what was typed. Leaves: the files that are missing, and
//! on standard error what files that are there still need and which commands come next. Everything is decided before anything is
//! written; a file that is there is never changed, and a run that cannot write everything takes back what it wrote.

mod locking;

mod people;

use super::{inputs, say, trust_options};
use crate::cli::InitArguments;
use crate::code::Code;
use crate::config::{BuildRequirements, Config};
use crate::limits::Limits;
use crate::lock::resolution::{FileName, Resolution};
use crate::maintain::certificate;
use crate::maintain::new_package::back_end::{BackEnd, back_end};
use crate::maintain::new_package::facts::{Dependencies, Facts, MachineCode, Sources};
use crate::maintain::new_package::texts::{self, BinaryArchitecture, WheelSource};
use crate::maintain::new_package::words::{Maintainer, PackageName, debian_version};
use crate::maintain::new_package::{Layout, NewFile, advice};
use crate::maintain::settings::Settings;
use crate::python::dependency::Target;
use crate::python::interpreter::Interpreter;
use crate::python::name::ProjectName;
use crate::refusal::{Failure, Refusal, printable};
use crate::system::process::Program;
use crate::system::{env, fs};
use crate::trust::openpgp::Fingerprint;
use locking::Locked;
use people::maintainer;
use pep440_rs::Version;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

/// Carries the command out.
///
/// # Errors
/// Everything that is missing or cannot be read, all at once; what the lock tool refuses; what cannot be written.
pub fn run(arguments: &InitArguments) -> Result<(), Failure> {
    let project = Project::read(arguments)?;
    let draft = project.decide()?;
    if arguments.dry_run {
        for file in &draft.files {
            super::print(&format!(
                "==> {}\n{}\n",
                file.path.display(),
                String::from_utf8_lossy(&file.text).trim_end()
            ))?;
        }
    } else {
        put(&draft.files)?;
    }
    draft.report(arguments.dry_run);
    Ok(())
}

/// The text of a file of the tree; none when it is not there.
fn text(path: &str) -> Result<Option<String>, Failure> {
    let path = Path::new(path);
    if fs::status(path)?.is_none() {
        Ok(None)
    } else {
        fs::read_text(path, Limits::DEFAULT.configuration_size).map(Some)
    }
}

fn is_there(path: &Path) -> Result<bool, Failure> {
    Ok(fs::status(path)?.is_some())
}

/// What is there.
struct Project<'a> {
    arguments: &'a InitArguments,
    facts: Facts,
    settings: Option<Settings>,
    control: Option<String>,
    rules: Option<String>,
    python: Interpreter,
    target: Target,
    limits: Limits,
}

/// What is going to be written, and said.
struct Draft {
    files: Vec<NewFile>,
    /// Lines for files that are there.
    to_do: Vec<String>,
    /// What a reader should know.
    notes: Vec<String>,
    /// The commands that come next.
    next: Vec<String>,
}

impl<'a> Project<'a> {
    fn read(arguments: &'a InitArguments) -> Result<Self, Failure> {
        let (pyproject, setup_cfg) = (text("pyproject.toml")?, text("setup.cfg")?);
        let own = text("rustvenv.toml")?;
        let has_settings = own.is_some() || pyproject.as_ref().is_some_and(|text| text.contains("[tool.rustvenv"));
        let sources = Sources {
            pyproject: pyproject.as_deref(),
            setup_cfg: setup_cfg.as_deref(),
            setup_py: is_there(Path::new("setup.py"))?,
        };
        let facts = Facts::read(sources)?;
        let settings = match has_settings {
            true => Some(Settings::parse(own.as_deref(), pyproject.as_deref())?),
            false => None,
        };
        let python = inputs::default_interpreter()?;
        let target = Target::new(&python, &inputs::host_architecture()?).map_err(Failure::unable)?;
        let (control, rules) = (text("debian/control")?, text("debian/rules")?);
        Ok(Self { arguments, facts, settings, control, rules, python, target, limits: Limits::DEFAULT })
    }

    fn decide(&self) -> Result<Draft, Failure> {
        let mut refusals = Vec::new();
        let mut keep = |result: Result<(), Failure>| -> Result<(), Failure> {
            result.or_else(|failure| failure.refusals().map(|more| refusals.extend(more)))
        };
        let (mut name, mut people, mut version) = (None, None, None);
        keep(self.name().map(|found| name = Some(found)))?;
        if self.control.is_none() || text("debian/changelog")?.is_none() {
            keep(maintainer().map(|found| people = Some(found)))?;
        }
        if text("debian/changelog")?.is_none() {
            keep(self.version().map(|found| version = Some(found)))?;
        }
        keep(self.supports_python())?;
        let back_end = back_end(&self.facts.build, &self.facts.features, &self.target, &version_of);
        let config = name.as_ref().map(|name| self.config(name)).transpose()?.flatten();
        let mut layout = match (&self.settings, &config) {
            (Some(settings), _) => Layout::of(settings),
            (None, Some((_, config))) => layout_of(config),
            (None, None) => Layout::new(),
        };
        let (mut signers, mut certificates) = (Vec::new(), Vec::new());
        // nothing is locked where there is nothing, and then nobody has to sign either
        let tool = self.plan_locks(&back_end, config.as_ref().map(|(_, config)| config), &mut layout)?;
        let signed = layout.requirements.is_some() || layout.build_requirements.is_some();
        if signed {
            keep(self.signers(&layout).map(|found| (signers, certificates) = found))?;
        }
        let mut locked = Locked::default();
        // a tool that asks the network is run when nothing else is missing
        let early = refusals.is_empty();
        let mut made = Ok(());
        if signed {
            made = self.locked(tool, &back_end, &layout, early).map(|found| locked = found);
        }
        made.or_else(|failure| failure.refusals().map(|more| refusals.extend(more)))?;
        let Some(name) = name.filter(|_| refusals.is_empty()) else { return Err(refusals.into()) };
        // a lock that was there and names nothing is for a project without dependencies
        if locked.resolution.as_ref().is_some_and(|found| found.releases.is_empty())
            && back_end_of_distribution(&back_end)
        {
            layout.requirements = None;
        }
        let mut draft = Draft { files: locked.files, to_do: Vec::new(), notes: locked.notes, next: Vec::new() };
        let architecture = self.architecture(locked.resolution.as_ref());
        let needs = texts::needs(&back_end);
        let version = version.map(|version| debian_version(&version));
        self.debian(&mut draft, &name, people.as_ref(), version.as_deref(), &needs, architecture)?;
        let signed = layout.requirements.is_some() || layout.build_requirements.is_some();
        if config.is_none() {
            let text = {
                let of_facts = self.facts.name.as_ref().map(ProjectName::as_str);
                let listed = self.settings.as_ref().map_or(of_facts, |settings| settings.project.as_deref());
                texts::configuration(&name, &self.facts, listed, &layout, &signers, &back_end)
            };
            let path = format!("debian/{name}.rustvenv");
            // what the next command could not read is refused now
            Config::parse(&path, &text, name.as_str())?;
            draft.files.push(NewFile::new(path, text));
        }
        let wheels = if self.arguments.from_sources { WheelSource::Built } else { WheelSource::Upstream };
        if signed {
            draft.files.extend(certificates);
            if self.settings.is_none() {
                let text = texts::settings(&self.facts, &layout, &signers, wheels);
                Settings::parse(Some(&text), None)?;
                draft.files.push(NewFile::new("rustvenv.toml", text));
            }
        }
        if let (Some((path, config)), true) = (&config, signed) {
            draft.to_do.extend(advice::for_configuration(path, config, &layout));
        }
        self.say_pins(&mut draft, config.as_ref(), &signers);
        self.say_rest(&mut draft, &back_end, signed, wheels, &signers);
        Ok(draft)
    }

    /// The name of the binary package.
    fn name(&self) -> Result<PackageName, Failure> {
        let missing = |message: String, hint: &str| -> Failure {
            Refusal::new(Code::PackageNameMissing, message)
                .expected("two or more lower-case letters, digits, `+`, `-` and `.`")
                .hint(hint)
                .into()
        };
        let typed = match &self.arguments.package {
            Some(text) => {
                let name = PackageName::parse(text);
                Some(name.ok_or_else(|| missing(format!("`{text}` is no name of a package"), "choose another one"))?)
            }
            None => None,
        };
        let Some(control) = &self.control else {
            let of_project = || self.facts.name.as_ref().and_then(PackageName::of);
            return typed.or_else(of_project).ok_or_else(|| {
                missing(
                    "the project has no name that a package could have".to_owned(),
                    "name the package with --package PKG",
                )
            });
        };
        let packages = advice::packages(control);
        let shown = packages.iter().map(PackageName::as_str).collect::<Vec<_>>().join(", ");
        match (typed, packages.as_slice()) {
            (Some(typed), packages) if packages.contains(&typed) => Ok(typed),
            (Some(typed), _) => Err(missing(
                format!("debian/control has no package `{typed}`: it has {shown}"),
                "name one of these, or add it to debian/control",
            )),
            (None, [only]) => Ok(only.clone()),
            (None, several) => {
                // that of the only one with a configuration is meant, which another command may just have written
                let mut configured = Vec::new();
                for package in several {
                    if is_there(Path::new(&format!("debian/{package}.rustvenv")))? {
                        configured.push(package);
                    }
                }
                match configured.as_slice() {
                    [one] => Ok((*one).clone()),
                    _ => Err(missing(
                        format!("debian/control has these packages: {shown}"),
                        "say with --package PKG which one is to get the virtual environment",
                    )),
                }
            }
        }
    }

    fn version(&self) -> Result<Version, Failure> {
        let missing = |message: String| -> Failure {
            Refusal::new(Code::PackageVersionMissing, message)
                .expected("a version as PEP 440 describes it")
                .hint("say it with --package-version, for instance `--package-version 1.0`")
                .into()
        };
        match &self.arguments.package_version {
            Some(text) => Version::from_str(text).map_err(|_| missing(format!("`{text}` is no version"))),
            None => self
                .facts
                .version
                .clone()
                .ok_or_else(|| missing(format!("{} does not say the project's version", self.facts.file))),
        }
    }

    fn supports_python(&self) -> Result<(), Failure> {
        let Some(wanted) = &self.facts.python else { return Ok(()) };
        let full = self.python.full_version().unwrap_or_else(|| self.python.version());
        if Version::from_str(&full).is_ok_and(|version| crate::python::condition::meets(&version, wanted)) {
            return Ok(());
        }
        let message = "the project does not support the Python of this distribution".to_owned();
        Err(Refusal::new(Code::PythonUnsupported, message)
            .expected(wanted.to_string())
            .found(full)
            .hint("run init on a release whose Python the project supports")
            .into())
    }

    /// The configuration that is there, with its path.
    fn config(&self, name: &PackageName) -> Result<Option<(String, Config)>, Failure> {
        let mut places = vec![format!("debian/{name}.rustvenv")];
        if self.control.as_deref().is_some_and(|control| advice::packages(control).first() == Some(name)) {
            places.push("debian/rustvenv".to_owned());
        }
        for place in places {
            if let Some(text) = text(&place)? {
                let config = Config::parse(&place, &text, name.as_str())?;
                return Ok(Some((place, config)));
            }
        }
        Ok(None)
    }

    /// Whether no part of the package can hold machine code.
    fn architecture(&self, resolution: Option<&Resolution>) -> BinaryArchitecture {
        let is_pure = |name: &FileName| match name {
            FileName::Wheel(wheel) => wheel.as_str().ends_with("-none-any.whl"),
            FileName::Sdist(_) => true,
        };
        let of_wheels = match resolution {
            None => self.facts.dependencies == Dependencies::Written(Vec::new()),
            Some(resolution) => resolution.releases.values().all(|release| {
                let names: Vec<&FileName> = release.files.iter().filter_map(|file| file.name.as_ref()).collect();
                let some_wheel = names.iter().any(|name| matches!(name, FileName::Wheel(_)));
                // a lock without names does not say
                names.len() == release.files.len() && some_wheel && names.into_iter().all(is_pure)
            }),
        };
        let sure = of_wheels && self.facts.machine_code == MachineCode::None && !self.arguments.from_sources;
        if sure { BinaryArchitecture::All } else { BinaryArchitecture::Any }
    }

    /// The files of debian/ that are missing, and what those that are there need.
    fn debian(
        &self,
        draft: &mut Draft,
        name: &PackageName,
        people: Option<&Maintainer>,
        version: Option<&str>,
        needs: &[String],
        architecture: BinaryArchitecture,
    ) -> Result<(), Failure> {
        match (&self.control, people) {
            (None, Some(people)) => {
                draft.files.push(NewFile::new(
                    "debian/control",
                    texts::control(name, &self.facts, people, needs, architecture),
                ));
                for (path, text) in [
                    ("debian/copyright", texts::copyright(name, &self.facts)),
                    ("debian/source/format", texts::SOURCE_FORMAT.to_owned()),
                ] {
                    if !is_there(Path::new(path))? {
                        draft.files.push(NewFile::new(path, text));
                    }
                }
            }
            (Some(control), _) => draft.to_do.extend(advice::for_control(control, name, needs)),
            (None, None) => {}
        }
        match &self.rules {
            None => draft.files.push(NewFile { mode: 0o755, ..NewFile::new("debian/rules", texts::RULES) }),
            Some(rules) => draft.to_do.extend(advice::for_rules(rules, self.control.as_deref().unwrap_or_default())),
        }
        if let (Some(people), Some(version)) = (people, version) {
            let today = env::source_date_epoch()?.unwrap_or_else(trust_options::today);
            let source = self.control.as_deref().and_then(advice::source);
            let text = texts::changelog(source.as_ref().unwrap_or(name), version, people, today);
            draft.files.push(NewFile::new("debian/changelog", text));
        }
        if let (Some(format), None) = (text("debian/source/format")?, text("debian/source/options")?) {
            draft.to_do.extend(advice::for_format(&format));
        }
        Ok(())
    }

    /// Which files that are there do not name a signer.
    fn say_pins(&self, draft: &mut Draft, config: Option<&(String, Config)>, signers: &[Fingerprint]) {
        let of_config = config.map(|(path, config)| (path.as_str(), &config.signers));
        let of_settings =
            self.settings.as_ref().map(|settings| ("the settings of `rustvenv update`", &settings.signers));
        for (path, pinned) in of_config.into_iter().chain(of_settings) {
            let known: Vec<Fingerprint> = pinned.iter().filter_map(|text| Fingerprint::parse(text).ok()).collect();
            for signer in signers.iter().filter(|signer| !known.is_empty() && !known.contains(signer)) {
                draft.to_do.push(format!("{path}: add to `signers`: \"{signer}\""));
            }
        }
    }

    fn say_rest(
        &self,
        draft: &mut Draft,
        back_end: &BackEnd,
        signed: bool,
        wheels: WheelSource,
        signers: &[Fingerprint],
    ) {
        for name in &self.facts.odd_commands {
            draft.notes.push(format!(
                "no link in /usr/bin for the script `{}`: its name cannot be that of a file there",
                printable(name)
            ));
        }
        if draft.files.iter().any(|file| file.path == Path::new("debian/copyright")) {
            draft.notes.push("debian/copyright says TODO where only you know the answer".to_owned());
        }
        if signed && self.settings.is_none() && wheels == WheelSource::Upstream {
            draft.notes.push(
                "the wheels are upstream's own, by the hashes of the lock; rustvenv.toml says how to build them from sources instead"
                    .to_owned(),
            );
        }
        if signed && self.settings.is_none() && wheels == WheelSource::Built {
            draft.notes.push(
                "`rustvenv update` builds every wheel from its sources, and prints what that needs and is not locked"
                    .to_owned(),
            );
        }
        let lacks =
            |package: &String| !Program::new(["dpkg-query".to_owned(), "-W".to_owned(), package.clone()]).succeeds();
        if let BackEnd::Distribution(packages) = back_end {
            let missing: Vec<&str> = packages.iter().filter(|name| lacks(name)).map(String::as_str).collect();
            if !missing.is_empty() {
                draft.next.push(format!("sudo apt-get install {}", missing.join(" ")));
            }
        }
        if signed {
            // whose key signs is nothing to guess when there are several
            let mine = certificate::own_keys(self.arguments.sign_program.as_deref().unwrap_or(Path::new("gpg")));
            let user = match (mine.as_slice(), signers) {
                ([_, _, ..], [one, ..]) => format!(" --local-user {one}"),
                _ => String::new(),
            };
            draft.next.push(format!("rustvenv update{user}"));
        }
        draft.next.push("dpkg-buildpackage -us -uc -b".to_owned());
    }
}

impl Draft {
    fn report(&self, dry_run: bool) {
        for file in &self.files {
            say(&format!("{}: {}", if dry_run { "would write" } else { "written" }, file.path.display()));
        }
        if self.files.is_empty() {
            say("nothing is missing");
        }
        self.notes.iter().for_each(|note| say(&format!("note: {note}")));
        if !self.to_do.is_empty() {
            say("\nFiles that are there are yours to change:");
            self.to_do.iter().for_each(|line| say(&format!("  {}", printable(line))));
        }
        say("\nNext:");
        self.next.iter().for_each(|line| say(&format!("  {line}")));
    }
}

fn back_end_of_distribution(back_end: &BackEnd) -> bool {
    matches!(back_end, BackEnd::Distribution(_))
}

/// The layout that a configuration has.
fn layout_of(config: &Config) -> Layout {
    let path = |text: &str| PathBuf::from(text);
    let default = Layout::new();
    Layout {
        locks: Vec::new(),
        build_locks: Vec::new(),
        written: Vec::new(),
        requirements: config.requirements.first().map(|one| path(one.as_str())),
        build_requirements: match &config.build_requirements {
            BuildRequirements::Locked(files) => files.first().map(|one| path(one.as_str())),
            BuildRequirements::Distribution => None,
        },
        wheels: config.wheels.first().map_or(default.wheels, |one| path(one.as_str())),
        manifest: path(config.manifest.as_str()),
        keyring: config.keyring.first().map_or(default.keyring, |one| path(one.as_str())),
    }
}

/// The version of a package in this release: what apt would install, else what is installed.
fn version_of(package: &str) -> Option<String> {
    let ask = |argv: &[&str]| Program::new(argv.iter().copied()).run().ok();
    let shown = ask(&["apt-cache", "--no-all-versions", "show", package]).unwrap_or_default();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    let of_apt = shown.lines().find_map(|line| line.strip_prefix("Version: ")).map(str::to_owned);
    let installed = || {
        let bytes = ask(&["dpkg-query", "-W", "-f=${Version}", package])?;
        Some(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    of_apt.or_else(installed).filter(|version| !version.is_empty())
}

/// Writes what is missing; when one of the files cannot be written, those that were are taken back.
fn put(files: &[NewFile]) -> Result<(), Failure> {
    let mut made = Vec::new();
    let mut write = || -> Result<(), Failure> {
        for file in files {
            let above: Vec<&Path> = file.path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty()).collect();
            for directory in above.into_iter().rev() {
                if !is_there(directory)? {
                    fs::create_dir(directory)?;
                    made.push((directory.to_owned(), true));
                }
            }
            fs::create(&file.path, file.mode, &mut |sink| {
                // only what is ours may be taken back
                made.push((file.path.clone(), false));
                sink(&file.text)
            })?;
        }
        Ok(())
    };
    let written = write();
    if written.is_err() {
        for (path, is_directory) in made.iter().rev() {
            // the failure that is told is the first one
            let _ = if *is_directory { fs::remove_if_empty(path).map(|_| ()) } else { fs::remove(path) };
        }
    }
    written
}
