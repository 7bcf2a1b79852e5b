//! `rustvenv update`: from a changed lock to a signed list, in one command and one signature.
//!
//! Enters: the project's locks, its signed list, its settings. Leaves: the sdists and wheels of what is new, the list with their digests and a
//! signature, the requirements that a package build reads, and the index if there is one. Each step is a command of its own and does
//! nothing where there is nothing to do, so that a run that was stopped is finished by the next. What was signed for before stays as it was;
//! what is new is shown before anybody signs. Nothing is signed for that this run did not fetch by the lock or build from it.

use super::requirements::{listed, replace, write};
use super::wanted::wanted;
use super::{build, fetch, index, inputs, locks, say, sign, trust_options};
use crate::blob::Blob;
use crate::cli::{
    BuildArguments, FetchArguments, Files, Format, IndexArguments, TransferArguments, TrustArguments, UpdateArguments,
};
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::lock::Locked;
use crate::maintain::commit::{Places, in_place, input, settle};
use crate::maintain::fetch::Fetched;
use crate::maintain::fetch::choose::{Kind, Wanted};
use crate::maintain::manifest::{Grown, grow};
use crate::maintain::review::{self, NewWheel, Source};
use crate::maintain::sdist;
use crate::maintain::settings::{OfUpstream, Settings, USUAL_BUILD_LOCKS, USUAL_LOCKS, WORKSHOP};
use crate::maintain::sign::add;
use crate::maintain::wheel_build::record::Record;
use crate::python::architecture::Architecture;
use crate::python::dependency::Target;
use crate::python::interpreter::Interpreter;
use crate::python::marker::Requested;
use crate::python::name::ProjectName;
use crate::python::sdist_filename::SdistFilename;
use crate::python::tags::CompatibleTags;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Failure, Refusal, printable};
use crate::system::{fs, store, terminal};
use crate::trust::InputFile;
use crate::trust::manifest::Manifest;
use crate::trust::openpgp::{Policy, Signer};
use crate::trust::verified::{self, UnverifiedManifest, VerifiedManifest};
use crate::wheel::archive::Archive;
use pep440_rs::Version;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Carries the command out.
///
/// # Errors
/// Whatever a step refuses or cannot do. What was done until then is used by the next run.
pub fn run(arguments: &UpdateArguments) -> Result<(), Failure> {
    let desk = Desk::read(arguments)?;
    desk.outputs_are_no_inputs()?;
    // two runs at once would each take away what the other one has waiting
    let _lock = if arguments.dry_run {
        None
    } else {
        fs::create_dir_all(&desk.settings.wheels)?;
        let lock = store::lock(&desk.settings.wheels)?;
        desk.settle()?;
        Some(lock)
    };
    // that nobody could sign is said before an hour of building
    trust_options::keyring(&desk.trust(), &desk.limits)?;
    desk.policy()?;
    let old = desk.signed_list()?;
    let known = listed(old.as_ref().map(|(_, list)| list.entries()).unwrap_or_default());
    let signers_before = old.as_ref().map(|(_, list)| list.signers().to_vec());
    let mut wheels: BTreeMap<WheelFilename, (Sha256, Origin)> = BTreeMap::new();
    for python in &desk.pythons {
        desk.wheels_for(python, &known, &mut wheels)?;
    }
    if arguments.dry_run {
        return Ok(());
    }
    let digests = wheels.iter().map(|(name, (sha256, _))| (name.clone(), *sha256)).collect();
    let old = old.map(|(file, _)| file);
    let grown = grow(old.as_ref(), &digests, desk.settings.project.as_deref())?;
    if !grown.added.is_empty() || old.is_none() {
        desk.sign(&grown, &known, &wheels, signers_before.as_deref())?;
    } else {
        say("the signed list has every wheel");
    }
    let mut all = known;
    all.extend(grown.added);
    desk.requirements(&all)?;
    desk.index()
}

/// The files that are `named`, or else the first of the `usual` ones that is there.
fn named_or_usual(named: &[PathBuf], usual: &[&str]) -> Result<Vec<PathBuf>, Failure> {
    for name in usual {
        if named.is_empty() && fs::status(Path::new(name))?.is_some() {
            return Ok(vec![name.into()]);
        }
    }
    Ok(named.to_vec())
}

/// Where a wheel of this run is from.
#[derive(Clone, Debug)]
enum Origin {
    Built(Box<Record>),
    Upstream,
}

/// Everything that does not change during a run.
struct Desk<'a> {
    arguments: &'a UpdateArguments,
    settings: Settings,
    locks: Vec<PathBuf>,
    pythons: Vec<Interpreter>,
    architecture: Architecture,
    places: Places,
    limits: Limits,
}

impl<'a> Desk<'a> {
    fn read(arguments: &'a UpdateArguments) -> Result<Self, Failure> {
        let limits = Limits::DEFAULT;
        let text = |name: &str| -> Result<Option<String>, Failure> {
            let path = Path::new(name);
            if fs::status(path)?.is_none() {
                return Ok(None);
            }
            fs::read_text(path, limits.configuration_size).map(Some)
        };
        let mut settings = Settings::parse(text("rustvenv.toml")?.as_deref(), text("pyproject.toml")?.as_deref())?;
        let locks = named_or_usual(&settings.locks, USUAL_LOCKS)?;
        settings.build_locks = named_or_usual(&settings.build_locks, USUAL_BUILD_LOCKS)?;
        if locks.is_empty() {
            return Err(Failure::unable_hint(
                format!("there is no lock: neither {}", USUAL_LOCKS.join(" nor ")),
                "lock the project with hashes, or name the lock with `locks` in rustvenv.toml",
            ));
        }
        let pythons = match settings.pythons.as_slice() {
            [] => vec![inputs::default_interpreter()?],
            named => named.to_vec(),
        };
        let places = Places::of(&settings.manifest);
        Ok(Self { arguments, settings, locks, pythons, architecture: inputs::host_architecture()?, places, limits })
    }

    /// Refuses settings by which what is written would take the place of what is read, before hours are spent on building.
    fn outputs_are_no_inputs(&self) -> Result<(), Failure> {
        let real = |path: &PathBuf| fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        let mut taken: Vec<(PathBuf, &str)> =
            self.locks.iter().chain(&self.settings.build_locks).map(|path| (real(path), "a lock")).collect();
        taken.push((real(&self.settings.manifest), "the list"));
        for path in [Some(&self.settings.requirements), self.settings.build_requirements.as_ref()].into_iter().flatten()
        {
            if let Some((_, what)) = taken.iter().find(|(other, _)| *other == real(path)) {
                let message = format!("`{}` is {what}, and the requirements would be written there", path.display());
                return Err(Refusal::new(Code::ConfigMalformed, message)
                    .hint("name another file with `requirements` or `build-requirements` in the settings")
                    .into());
            }
            taken.push((real(path), "where the other requirements are written"));
        }
        Ok(())
    }

    fn trust(&self) -> TrustArguments {
        TrustArguments {
            keyring: self.settings.keyring.clone(),
            signers: self.settings.signers.clone(),
            threshold: self.settings.threshold,
            manifest_project: None,
            minimum_serial: None,
            // whoever signs does it today, whatever time the environment has for builds
            reference_time: Some(trust_options::today().to_string()),
            not_before: None,
            max_age: None,
        }
    }

    /// Who may sign; one signature is enough to go on from.
    fn policy(&self) -> Result<Policy, Failure> {
        Ok(Policy { threshold: 1, ..trust_options::policy(&self.trust())? })
    }

    /// Finishes what a run that was killed left.
    fn settle(&self) -> Result<(), Failure> {
        if fs::status(&self.places.next_signature)?.is_none() && fs::status(&self.places.next_manifest)?.is_none() {
            return Ok(());
        }
        let (policy, keyring) = (self.policy()?, trust_options::keyring(&self.trust(), &self.limits)?);
        settle(&self.places, &self.limits, &|manifest, signature| {
            let unverified = UnverifiedManifest { manifest: manifest.clone(), signatures: vec![signature.clone()] };
            verified::verify(unverified, &keyring, &policy).is_ok()
        })
    }

    /// The list as it is signed, and its lines; none when there is no list yet.
    fn signed_list(&self) -> Result<Option<(InputFile, VerifiedManifest)>, Failure> {
        let Some(manifest) = input(&self.places.manifest, self.limits.manifest_size)? else { return Ok(None) };
        let signatures = super::trust_files::signatures_beside(&self.places.manifest)?;
        let unverified = super::trust_files::unverified(&self.places.manifest, &signatures, &self.limits)?;
        let keyring = trust_options::keyring(&self.trust(), &self.limits)?;
        let verified = verified::verify(unverified, &keyring, &self.policy()?).map_err(|refusals| {
            say("the list that this would go on from does not verify: restore the last one that was signed, unless you changed it yourself");
            Failure::Refused(refusals)
        })?;
        for warning in verified.warnings() {
            say(&warning.to_string());
        }
        Ok(Some((manifest, verified)))
    }

    /// Fetches and builds what `python` needs and the list does not have; adds it to `wheels`.
    fn wheels_for(
        &self,
        python: &Interpreter,
        known: &BTreeMap<WheelFilename, Sha256>,
        wheels: &mut BTreeMap<WheelFilename, (Sha256, Origin)>,
    ) -> Result<(), Failure> {
        let target = Target::new(python, &self.architecture).map_err(Failure::unable)?;
        let tags = CompatibleTags::of(python, &self.architecture, inputs::build_system_glibc(&self.architecture)?);
        let of_project = Requested { extras: self.settings.extras.clone(), groups: self.settings.groups.clone() };
        let (selected, _) = wanted(locks::resolution(&self.locks, &target, &of_project, &self.limits)?)?;
        let mut means = self.means(&target)?;
        // sdists of earlier versions lie in the same directory
        let locked: Vec<Wanted> = selected.iter().chain(&means).cloned().collect();
        let is_known = |wanted: &Wanted| {
            let fits = |name: &WheelFilename| {
                *name.name() == wanted.name && *name.version() == wanted.version && tags.rank(name.tags()).is_some()
            };
            known.keys().chain(wheels.keys()).any(fits)
        };
        let mut goals: Vec<Wanted> = selected.into_iter().filter(|wanted| !is_known(wanted)).collect();
        if self.settings.build_requirements.is_some() {
            // what builds is locked for package builds too, and has to be on the list
            goals.extend(means.iter().filter(|wanted| !is_known(wanted)).cloned());
        }
        goals.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
        goals.dedup_by(|a, b| (&a.name, &a.version) == (&b.name, &b.version));
        if goals.is_empty() {
            return Ok(());
        }
        let shown: Vec<String> = goals.iter().map(Wanted::shown).collect();
        say(&format!("new for {}: {}", python.program(), shown.join(", ")));
        means.retain(|tool| !goals.iter().any(|goal| (&goal.name, &goal.version) == (&tool.name, &tool.version)));
        if !self.arguments.dry_run && self.settings.uses_workshop() {
            // as git is told of other directories that a tool keeps for itself
            replace(&Path::new(WORKSHOP).join(".gitignore"), "*\n")?;
        }
        let fetched = fetch::get(&goals, &tags, &self.fetching(python, &goals, &self.settings.wheels))?;
        let mut upstream = BTreeMap::new();
        if fetched.iter().any(|file| file.kind == Kind::Sdist) && !means.is_empty() {
            say("what builds:");
            let fetched = fetch::get(&means, &tags, &self.fetching(python, &means, &self.settings.build_wheels))?;
            upstream.extend(of_upstream(&means, &fetched));
        }
        upstream.extend(of_upstream(&goals, &fetched));
        let mut names = Vec::new();
        for (wanted, file) in goals.iter().zip(&fetched) {
            match (file.kind, &file.sha256, WheelFilename::parse(&file.name)) {
                (Kind::Wheel, Some(sha256), Ok(name)) => {
                    wheels.insert(name, (*sha256, Origin::Upstream));
                }
                (Kind::Wheel, ..) => {}
                (Kind::Sdist, ..) => names.push(format!("{}=={}", wanted.name, wanted.version)),
            }
        }
        if self.arguments.dry_run || names.is_empty() {
            return Ok(());
        }
        let arguments = self.building(python, names, locked);
        let bench = build::Bench::prepare(&arguments, &self.settings.build_wheels, upstream)?;
        bench.complete(&self.settings.crates)?;
        for finished in bench.make()? {
            let wheel = &finished.record.wheel;
            let (Ok(name), Some(sha256)) = (WheelFilename::parse(&wheel.file_name), Sha256::from_hex(&wheel.sha256))
            else {
                return Err(Failure::unable(format!("the record of `{}` cannot be read", wheel.file_name)));
            };
            // what only builds others is in no package: nobody has to sign for it
            if goals.iter().any(|goal| (&goal.name, &goal.version) == (name.name(), name.version())) {
                wheels.insert(name, (sha256, Origin::Built(Box::new(finished.record))));
            }
        }
        Ok(())
    }

    /// What builds: locks of it may have several versions of one project, each for other sdists.
    fn means(&self, target: &Target) -> Result<Vec<Wanted>, Failure> {
        let mut means: Vec<Wanted> = Vec::new();
        for file in &self.settings.build_locks {
            let lock = locks::resolution(std::slice::from_ref(file), target, &Requested::default(), &self.limits)?;
            for tool in wanted(lock)?.0 {
                match means.iter_mut().find(|other| (&other.name, &other.version) == (&tool.name, &tool.version)) {
                    Some(other) => {
                        other.hashes.extend(tool.hashes);
                        other.files.extend(tool.files);
                    }
                    None => means.push(tool),
                }
            }
        }
        Ok(means)
    }

    fn fetching(&self, python: &Interpreter, all: &[Wanted], wheels: &Path) -> FetchArguments {
        let upstream_wheels = match &self.settings.upstream_wheels {
            OfUpstream::Every => vec!["*".to_owned()],
            OfUpstream::Named(names) => {
                let locked = names.iter().filter(|name| all.iter().any(|one| one.name == **name));
                locked.map(ToString::to_string).collect()
            }
        };
        FetchArguments {
            requirements: Vec::new(),
            extras: Vec::new(),
            groups: Vec::new(),
            sdists: self.settings.sdists.clone(),
            upstream_wheels,
            wheels: Some(wheels.to_owned()),
            index_url: self.settings.index_url.clone(),
            python: Some(python.version()),
            architecture: None,
            glibc: None,
            transfer: TransferArguments {
                jobs: self.arguments.jobs,
                timeout: TransferArguments::TIMEOUT,
                retries: TransferArguments::RETRIES,
            },
            dry_run: self.arguments.dry_run,
            format: Format::Text,
            verbose: self.arguments.verbose,
        }
    }

    fn building(&self, python: &Interpreter, names: Vec<String>, selected: Vec<Wanted>) -> BuildArguments {
        BuildArguments {
            names,
            selected,
            sdists: self.settings.sdists.clone(),
            wheels: self.settings.wheels.clone(),
            build_requirements: Vec::new(),
            build_wheels: [&self.settings.wheels, &self.settings.build_wheels].into_iter().cloned().collect(),
            manifest: None,
            trust: self.trust(),
            requirements: Vec::new(),
            crates: Some(self.settings.crates.clone()),
            source_date_epoch: self.settings.source_date_epoch,
            build_path: crate::maintain::wheel_build::DEFAULT_PATH.to_owned(),
            python: Some(python.version()),
            timeout: 3600,
            jobs: self.arguments.jobs.map(std::num::NonZeroUsize::get),
            format: Format::Text,
        }
    }

    /// Shows what is new, asks, has it signed, and puts list and signature in place.
    fn sign(
        &self,
        grown: &Grown,
        known: &BTreeMap<WheelFilename, Sha256>,
        wheels: &BTreeMap<WheelFilename, (Sha256, Origin)>,
        signers_before: Option<&[Signer]>,
    ) -> Result<(), Failure> {
        let mut new = Vec::new();
        for (name, sha256) in &grown.added {
            let origin = wheels.get(name).map(|(_, origin)| origin);
            new.push(self.new_wheel(name, *sha256, origin, known)?);
        }
        say(review::render(&new).trim_end());
        let count = new.len();
        let question = format!("Sign {} with {count} new wheels?", self.places.manifest.display());
        if !self.arguments.yes && !terminal::agrees(&question)? {
            return Err(Failure::unable_hint(
                "nothing was signed",
                "the wheels are kept; the next run asks again. `--yes` signs without asking",
            ));
        }
        let (policy, keyring) = (self.policy()?, trust_options::keyring(&self.trust(), &self.limits)?);
        let file_name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let manifest = InputFile { name: file_name(&self.places.manifest), bytes: grown.text.clone() };
        let bytes = sign::program(&self.arguments.program).sign(&manifest)?;
        let signature = InputFile { name: file_name(&self.places.signature), bytes };
        let signed = add(&manifest, None, signature, &keyring, &policy)?;
        self.may_go_on(&signed.signers, signers_before)?;
        fs::replace(&self.places.next_manifest, &grown.text, 0o644)?;
        fs::replace(&self.places.next_signature, &signed.text, 0o644)?;
        in_place(&self.places)?;
        for signer in &signed.signers {
            say(&format!(
                "signed by {} {}",
                signer.fingerprint,
                printable(signer.user_id.as_deref().unwrap_or_default())
            ));
        }
        let missing = self.settings.threshold.saturating_sub(signed.signers.len());
        if missing > 0 {
            say(&format!("{missing} more have to sign: `rustvenv sign --manifest {}`", self.places.manifest.display()));
        }
        Ok(())
    }

    /// Whether `new` may sign what grew from a list that `before` signed. As long as too few have signed that one, only one of them may:
    /// to anybody else its wheels would not have been shown, and the signature would approve them all the same.
    fn may_go_on(&self, new: &[Signer], before: Option<&[Signer]>) -> Result<(), Failure> {
        let Some(before) = before.filter(|before| before.len() < self.settings.threshold) else { return Ok(()) };
        if new.iter().all(|one| before.iter().any(|other| other.fingerprint == one.fingerprint)) {
            return Ok(());
        }
        let of =
            |signers: &[Signer]| signers.iter().map(|one| one.fingerprint.to_string()).collect::<Vec<_>>().join(", ");
        let message =
            format!("the list that this would go on from waits for signatures: {}", self.places.manifest.display());
        Err(Refusal::new(Code::ThresholdNotMet, message)
            .expected(format!("{} signatures, or the next one by who made the last: {}", self.settings.threshold, of(before)))
            .found(of(new))
            .hint("look at the wheels that it has beyond the last complete list, then sign it with `rustvenv sign`; nothing was put in place")
            .into())
    }

    /// What a signer is shown of one wheel.
    fn new_wheel(
        &self,
        name: &WheelFilename,
        sha256: Sha256,
        origin: Option<&Origin>,
        known: &BTreeMap<WheelFilename, Sha256>,
    ) -> Result<NewWheel, Failure> {
        let path = self.settings.wheels.join(name.as_str());
        let bytes = fs::read(&path, self.limits.wheel_size)?;
        if Sha256::of(&bytes) != sha256 {
            // what would be shown is not what would be signed for
            return Err(Failure::unable(format!("{} was changed since it was built or fetched", path.display())));
        }
        let blob = Blob::from(bytes);
        let size = blob.len();
        let archive = Archive::open(name.as_str(), blob, &self.limits)?;
        let (_, metadata) = crate::wheel::metadata(&archive, name, &self.limits)?;
        let before: Option<&Version> =
            known.keys().filter(|other| other.name() == name.name()).map(WheelFilename::version).max();
        let source = match origin {
            None => Source::Unknown,
            Some(Origin::Upstream) => Source::Upstream,
            Some(Origin::Built(record)) => Source::Sdist {
                name: record.sdist.file_name.clone(),
                sha256: record.sdist.sha256.clone(),
                files: self.files(&record.sdist.file_name)?.unwrap_or_default(),
                previous: match before {
                    Some(version) => self.previous(name, version)?,
                    None => None,
                },
            },
        };
        Ok(NewWheel {
            wheel: name.clone(),
            sha256,
            size,
            licence: metadata.licence,
            before: before.map(ToString::to_string),
            source,
        })
    }

    /// The sdist of `version` of the wheel's project, if it is there, and what is in it.
    fn previous(&self, wheel: &WheelFilename, version: &Version) -> Result<Option<(String, review::Files)>, Failure> {
        for entry in fs::list(&self.settings.sdists)? {
            let name = entry.name.to_string_lossy().into_owned();
            let is_it = SdistFilename::parse(&name).is_ok_and(|parsed| parsed.is_of(wheel.name(), version));
            if is_it {
                return Ok(self.files(&name)?.map(|files| (name, files)));
            }
        }
        Ok(None)
    }

    /// What is in the sdist `name`: none when it is not there.
    fn files(&self, name: &str) -> Result<Option<review::Files>, Failure> {
        let path = self.settings.sdists.join(name);
        let Ok(parsed) = SdistFilename::parse(name) else { return Ok(None) };
        if fs::status(&path)?.is_none() {
            return Ok(None);
        }
        let bytes = Arc::new(fs::read(&path, self.limits.sdist_size)?);
        let listing = sdist::list(&bytes, &parsed, &self.limits)?;
        let content = |content: &sdist::Content| match content {
            sdist::Content::File { sha256, executable, .. } => format!("{sha256} {executable}"),
            sdist::Content::Link(target) => format!("-> {target}"),
        };
        let files = listing.files.iter().map(|file| (file.path.to_string(), content(&file.content)));
        Ok(Some(files.collect()))
    }

    /// Writes the requirements that a package build reads.
    fn requirements(&self, listed: &BTreeMap<WheelFilename, Sha256>) -> Result<(), Failure> {
        let of_project = Requested { extras: self.settings.extras.clone(), groups: self.settings.groups.clone() };
        let mut outputs = vec![(&self.locks, of_project, &self.settings.requirements)];
        if let Some(path) = &self.settings.build_requirements {
            outputs.push((&self.settings.build_locks, Requested::default(), path));
        }
        for (files, requested, path) in outputs {
            let text = write(files, &requested, &self.pythons, listed, &self.limits)?;
            if replace(path, &text)? {
                say(&format!("{} written", path.display()));
            }
        }
        Ok(())
    }

    /// Brings the index level, if there is one.
    fn index(&self) -> Result<(), Failure> {
        let Some(output) = &self.settings.index else { return Ok(()) };
        let manifest = input(&self.places.manifest, self.limits.manifest_size)?;
        let complete = manifest.is_some_and(|manifest| Manifest::parse(&manifest).is_ok());
        if !complete || trust_options::verified(&self.places.manifest, &self.trust(), &self.limits).is_err() {
            say("the index waits for the missing signatures");
            return Ok(());
        }
        index::run(&IndexArguments {
            wheels: vec![self.settings.wheels.clone()],
            sdists: Vec::new(),
            output: output.clone(),
            manifest: Some(self.places.manifest.clone()),
            trust: self.trust(),
            yanked: None,
            files: Files::HardLink,
            base_url: None,
            title: self.settings.project.clone().unwrap_or_else(|| "Python packages".to_owned()),
            verbose: self.arguments.verbose,
        })
    }
}

/// Those of the releases of which upstream's wheel was fetched, as a lock of wheels has them.
fn of_upstream<'a>(
    wanted: &'a [Wanted],
    fetched: &'a [Fetched],
) -> impl Iterator<Item = (ProjectName, Locked)> + use<'a> {
    let both = wanted.iter().zip(fetched).filter(|(_, file)| file.kind == Kind::Wheel);
    both.filter_map(|(wanted, file)| {
        let locked = Locked {
            name: wanted.name.clone(),
            version: wanted.version.clone(),
            extras: std::collections::BTreeSet::new(),
            hashes: std::iter::once(file.sha256?).collect(),
            origin: wanted.origin.clone(),
        };
        Some((wanted.name.clone(), locked))
    })
}
