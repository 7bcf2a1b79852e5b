//! From inputs to a decision: what `prepare` and `install` have in common.
//!
//! Enters: [`Inputs`] and the directory where one build keeps its state. Leaves: a [`Decided`] environment: its plan, its
//! dependencies, its facts; or every reason why there is none. Nothing below debian/PKG is written here. The project's own wheel is
//! built once, early, into the state directory, and taken from there by the later step if it is still the file that was built.

use super::byte_code;
use super::inputs::{Inputs, build_architecture};
use super::libraries::{Projects, libraries};
use super::source_package;
use crate::blob::Blob;
use crate::code::Code;
use crate::config::{BuildRequirements, ByteCode, Project, Relocation, SourcePath, SystemSitePackages, Trust};
use crate::debhelper::depends::Needs;
use crate::digest::Sha256;
use crate::lock::{Format, Lock};
use crate::maintain::build_system::BuildEnvironment;
use crate::maintain::project::{self, BuildRequest, Network};
use crate::plan::Plan;
use crate::plan::byte_code::ByteCodes;
use crate::plan::changes::{self, Change};
use crate::plan::dependencies::{self, Extras};
use crate::plan::layout::Request;
use crate::plan::provenance::Ingredients;
use crate::python::name::ProjectName;
use crate::refusal::{Failure, Refusal};
use crate::sink::{list::Listing, write};
use crate::system::env;
use crate::system::fs::{self, Spool};
use crate::trust::openpgp::{Warning, WarningKind};
use crate::trust::verified::VerifiedManifest;
use crate::trust::verified_wheel::{Approval, Origin, VerifiedWheel};
use crate::wheel::Wheel;
use crate::wheel::record::Head;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What becomes of the source tree's own project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnWheel {
    /// It is built, whether or not an earlier run did.
    Build,
    /// The one that the early step built is taken; it is built if there is none.
    Take,
}

/// An environment that is decided and not yet written.
#[derive(Debug)]
pub struct Decided {
    /// Every path.
    pub plan: Plan,
    /// Packages with the libraries that it needs, and what is not known of them.
    pub libraries: Needs,
    /// The substitution variable for what is recommended; none when nothing is.
    pub recommends_variable: Option<&'static str>,
    /// The substitution variable for its dependencies.
    pub depends_variable: &'static str,
    /// The signed list; none when the lock is empty.
    pub manifest: Option<VerifiedManifest>,
    /// The wheels in it.
    pub wheels: Vec<Arc<Wheel>>,
    /// Lines of the lock that are not for this target.
    pub skipped: Vec<String>,
    /// Sources without byte code although it is shipped, each with the reason.
    pub not_compiled: Vec<String>,
    /// What hooks of the package change.
    pub changes: Vec<Change>,
}

impl Decided {
    /// The plan as a listing, with what hooks change.
    pub fn listing(&self) -> Listing {
        let location = &self.plan.location;
        let changes = self.changes.iter().map(|change| format!("{location}/{}", change.path)).collect();
        Listing { changes, ..Listing::of(&self.plan) }
    }
}

/// Where in the state directory the early step says which wheel it built; the wheel is beside it.
const BUILT: &str = "rustvenv-project/built.json";

/// What the early step leaves about the project's own wheel.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Built {
    file_name: String,
    sha256: String,
}

/// Verifies everything, builds or takes the project's own wheel, and plans.
///
/// # Errors
/// Every refusal of the first stage that has any, or what could not be done.
pub fn decide(inputs: &Inputs, state: &Path, own: OwnWheel, talk: &mut dyn FnMut(&str)) -> Result<Decided, Failure> {
    let config = &inputs.config;
    source_package::check(inputs)?;
    if config.byte_code == ByteCode::Ship {
        byte_code::check(&inputs.interpreter)?;
    }
    let locks = both(inputs.lock(), inputs.build_lock());
    let ((lock, build_lock), manifest) = both(locks, inputs.manifest_if_needed())?;

    let mut spool = Spool::new(state)?;
    let (mut wheels, build_wheels) = both(
        open(inputs, &lock, manifest.as_ref(), &mut spool),
        open(inputs, &build_lock, manifest.as_ref(), &mut spool),
    )?;
    if let Some(manifest) = &manifest {
        for warning in manifest.warnings() {
            talk(&warning.to_string());
        }
        let signers: Vec<String> = manifest.signers().iter().map(|signer| signer.fingerprint.to_string()).collect();
        talk(&format!("{} wheels verified, signed by {}", wheels.len() + build_wheels.len(), signers.join(" and ")));
    }
    for warning in lock.warnings.iter().chain(&build_lock.warnings) {
        talk(&format!("warning: {warning}"));
    }
    if config.trust == Trust::DangerouslyUnsigned {
        let message = "nobody has signed for these wheels; the lock alone decides what is installed".to_owned();
        talk(&Warning { kind: WarningKind::DangerouslyUnsigned, message }.to_string());
    }
    if let Project::Build(directory) = &config.project {
        let verified = own_wheel(inputs, directory, &build_wheels, state, own, talk)?;
        if let Some(locked) = lock.releases.get(verified.file_name().name()) {
            let message = format!("{}: `{}` is the project of this source tree", locked.origin, locked.name);
            return Err(Refusal::new(Code::RequirementDuplicate, message)
                .hint("take it out of the lock, or set `project = \"none\"`")
                .into());
        }
        wheels.push(Arc::new(Wheel::open(&verified, &inputs.limits)?));
    }

    let mut refusals = unsuitable(inputs, &lock, &wheels);
    let depends_variable = inputs.package.depends_variable();
    if depends_variable.is_none() {
        let message = format!("debian/control: `{}` gives computed dependencies no place", inputs.package.name);
        refusals.push(Refusal::new(Code::DependsNotUsed, message).expected("Depends: ${misc:Depends}"));
    }
    let location = config.location();
    let mut request = Request::new(config, &location, &inputs.interpreter, &wheels, inputs.epoch);
    let architecture = if inputs.package.is_for_all() { "all" } else { inputs.architecture.debian() };
    let ingredients = Ingredients {
        package: &inputs.package.name,
        architecture,
        interpreter: &inputs.interpreter,
        trust: config.trust,
        libraries: &config.libraries,
        manifest: manifest.as_ref(),
        wheels: &wheels,
        build_wheels: &build_wheels,
    };
    request.documents = ingredients.documents(&[]);
    let mut changes = Vec::new();
    let mut planned = request.plan();
    if let (Ok(plan), false) = (&planned, config.changes.is_empty()) {
        // the record of where the environment came from says what is changed in it, and so is planned once more
        match changes::resolve(plan, &wheels, &config.changes, &inputs.interpreter) {
            Ok(resolved) => {
                request.documents = ingredients.documents(&resolved);
                changes = resolved;
                planned = request.plan();
            }
            Err(more) => refusals.extend(more),
        }
    }
    let (plan, depends_variable) = match (planned, depends_variable) {
        (Ok(plan), Some(variable)) if refusals.is_empty() => (plan, variable),
        (planned, _) => {
            if let Err(failure) = planned {
                refusals.extend(failure.refusals()?);
            }
            return Err(refusals.into());
        }
    };
    report(&plan, &wheels, talk);
    let here: BTreeSet<ProjectName> = wheels.iter().map(|wheel| wheel.name().clone()).collect();
    let projects = Projects { here: &here, elsewhere: &lock.elsewhere };
    let libraries = libraries(inputs, &plan, projects, &mut spool, state, talk)?;
    let recommends_variable = inputs.package.recommends_variable();
    if recommends_variable.is_none() && !libraries.recommended.is_empty() {
        let message = format!("debian/control: `{}` gives computed recommendations no place", inputs.package.name);
        let some: Vec<String> = libraries.recommended.iter().map(ToString::to_string).collect();
        return Err(Refusal::new(Code::DependsNotUsed, message)
            .expected("Recommends: ${misc:Recommends}")
            .found(format!("nowhere to put {}, which `libraries-recommended` brings", some.join(", ")))
            .into());
    }
    let (plan, not_compiled) = match (config.byte_code, own) {
        // the early step leaves no plan behind: what it could refuse of byte code was refused above
        (ByteCode::Ship, OwnWheel::Take) => {
            let (mut byte_codes, mut not_compiled) = byte_code::compile(&plan, &location, &inputs.interpreter, state)?;
            // Python would take it and never look at the changed source
            for change in &changes {
                if byte_codes.remove(&change.path).is_some() {
                    not_compiled.push(format!("{}: is changed by this package", change.path));
                }
            }
            (Request { byte_codes, ..request }.plan()?, not_compiled)
        }
        _ => (plan, Vec::new()),
    };
    Ok(Decided {
        plan,
        libraries,
        depends_variable,
        recommends_variable,
        manifest,
        wheels,
        skipped: lock.skipped,
        not_compiled,
        changes,
    })
}

/// Says what a reviewer wants to know of wheels that are in order: what runs at each start, and what was left out.
fn report(plan: &Plan, wheels: &[Arc<Wheel>], talk: &mut dyn FnMut(&str)) {
    for (path, wheel) in plan.startup_code() {
        let message = format!("`{}` brings `{path}`, which Python reads at each start", wheel.file_name());
        talk(&Warning { kind: WarningKind::RunsAtStart, message }.to_string());
    }
    for wheel in wheels {
        let count = wheel.dropped().iter().filter(|path| path.ends_with(".pyc")).count();
        if count > 0 {
            let files = if count == 1 { "file" } else { "files" };
            talk(&format!("{}: {count} {files} of byte code left out", wheel.file_name()));
        }
    }
}

/// Both values, or the refusals of both; what could not be done comes before what was refused.
fn both<A, B>(a: Result<A, Failure>, b: Result<B, Failure>) -> Result<(A, B), Failure> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => {
            let mut refusals = Vec::new();
            for failure in a.err().into_iter().chain(b.err()) {
                refusals.extend(failure.refusals()?);
            }
            Err(refusals.into())
        }
    }
}

fn open(
    inputs: &Inputs,
    lock: &Lock,
    manifest: Option<&VerifiedManifest>,
    spool: &mut Spool,
) -> Result<Vec<Arc<Wheel>>, Failure> {
    let approval = match (manifest, inputs.config.trust) {
        (Some(manifest), _) => Approval::Signed(manifest),
        (None, Trust::DangerouslyUnsigned) => Approval::DangerouslyUnsigned,
        // without a list there is nothing that could be locked
        (None, Trust::Signed) => return Ok(Vec::new()),
    };
    let mut wheels = Vec::new();
    let mut refusals = Vec::new();
    for verified in inputs.wheels(lock, approval, spool)? {
        match Wheel::open(&verified, &inputs.limits) {
            Ok(wheel) => wheels.push(Arc::new(wheel)),
            Err(failure) => refusals.extend(failure.refusals()?),
        }
    }
    if refusals.is_empty() { Ok(wheels) } else { Err(refusals.into()) }
}

/// Wheels that are sound and do not fit together or not into this package.
fn unsuitable(inputs: &Inputs, lock: &Lock, wheels: &[Arc<Wheel>]) -> Vec<Refusal> {
    let mut extras: Extras =
        lock.releases.values().map(|locked| (locked.name.clone(), locked.extras.clone())).collect();
    for wheel in wheels.iter().filter(|wheel| *wheel.origin() == Origin::SourcePackage) {
        extras.insert(wheel.name().clone(), inputs.config.extras.clone());
    }
    let mut refusals =
        dependencies::check(wheels, &extras, &inputs.config.missing_ok, &inputs.interpreter, &inputs.target);
    let is_pylock = |file: &SourcePath| Format::of(file.as_str()) == Some(Format::Pylock);
    let has_pylock = inputs.config.requirements.iter().any(is_pylock);
    if inputs.config.project == Project::None && !inputs.config.extras.is_empty() && !has_pylock {
        refusals
            .push(Refusal::new(Code::ConfigMalformed, "`extras` are those of the project, and `project` is \"none\""));
    }
    if inputs.package.is_for_all() {
        for wheel in wheels {
            let machine_code = wheel.members().iter().find(|member| member.head == Head::Elf);
            let platform = wheel.file_name().tags().iter().find(|tag| tag.platform != "any");
            if let Some(found) = platform
                .map(|tag| format!("tag `{tag}`"))
                .or_else(|| machine_code.map(|member| format!("the ELF object `{}`", member.path)))
            {
                let message =
                    format!("`{}` is not for all architectures, and `{}` is", wheel.file_name(), inputs.package.name);
                refusals.push(
                    Refusal::new(Code::WheelArchitectureAll, message)
                        .expected("Architecture: any in debian/control")
                        .found(found),
                );
            }
        }
    }
    refusals
}

/// Whether the early step has left the project's own wheel in `state`.
///
/// # Errors
/// When the directory cannot be looked at.
pub fn was_prepared(state: &Path) -> Result<bool, Failure> {
    Ok(fs::status(&state.join(BUILT))?.is_some())
}

fn own_wheel(
    inputs: &Inputs,
    directory: &SourcePath,
    build_wheels: &[Arc<Wheel>],
    state: &Path,
    own: OwnWheel,
    talk: &mut dyn FnMut(&str),
) -> Result<VerifiedWheel, Failure> {
    let note = state.join(BUILT);
    let place = state.join("rustvenv-project");
    if own == OwnWheel::Take && was_prepared(state)? {
        talk("the project's own wheel is taken from the early step");
        return take(inputs, &place, &note);
    }
    fs::remove(&place)?;
    let room = state.join("rustvenv-build");
    fs::remove(&room)?;
    let work = room.join("work");
    fs::create_dir_all(&work)?;
    let environment = build_environment(inputs, build_wheels, &fs::canonicalize(&room)?)?;
    let is_cross = build_architecture()? != inputs.architecture.debian();
    let built = project::build(&BuildRequest {
        // a back end that packs all it sees would put them into the project's own wheel
        exclude: inputs.config.wheels.iter().filter_map(|path| inputs.path(path).ok()).collect(),
        source: inputs.path(directory)?,
        work,
        interpreter: PathBuf::from(inputs.interpreter.path()),
        environment,
        source_date_epoch: inputs.epoch,
        version: inputs.upstream_version()?,
        cross: if is_cross && has_settings_of(inputs)? { Some(inputs.architecture) } else { None },
        processors: env::parallel(),
    })?;
    if built.network == Network::Reachable {
        talk(
            "warning: this machine allows no network namespace: the build back end ran with proxies that do not exist",
        );
    }
    for path in &built.left_out {
        talk(&format!(
            "warning: left out of the project's build: {} leads out of the source tree or is no file",
            path.display()
        ));
    }
    let verified = VerifiedWheel::built_from_source_package(&built.file_name, Blob::from(built.bytes))?;
    let file_name = verified.file_name().to_string();
    if is_cross && inputs.tags.rank(verified.file_name().tags()).is_none() {
        let target = inputs.architecture.debian();
        return Err(Refusal::new(Code::ProjectNotCrossBuilt, format!("the project's wheel is not for {target}"))
            .expected(format!("a wheel without machine code, or one for {}", inputs.tags.target()))
            .found(format!("`{file_name}`"))
            .hint(format!("for machine code install libpython3-dev:{target} and crossbuild-essential-{target}"))
            .into());
    }
    talk(&format!("{file_name} built from this source package"));
    fs::replace(&place.join(&file_name), &verified.bytes().to_vec()?, 0o644)?;
    let built = Built { file_name, sha256: verified.sha256().hex() };
    let text = serde_json::to_string(&built).map_err(|error| Failure::unable(error.to_string()))?;
    fs::replace(&note, text.as_bytes(), 0o644)?;
    // only the result is needed, and the log if it failed
    fs::remove(&room)?;
    Ok(verified)
}

/// Whether the settings of the target's Python are installed, which stand beside those of the Python that runs.
fn has_settings_of(inputs: &Inputs) -> Result<bool, Failure> {
    let module = project::sysconfig_module(&inputs.architecture);
    let path = format!("/usr/lib/{}/{module}.py", inputs.interpreter.program());
    Ok(fs::status(Path::new(&path))?.is_some())
}

fn take(inputs: &Inputs, place: &Path, note: &Path) -> Result<VerifiedWheel, Failure> {
    let changed = || {
        Failure::unable_hint(
            format!("{} is not what the early step left there", place.display()),
            "run `debian/rules clean` and build again",
        )
    };
    let built: Built = serde_json::from_str(&fs::read_text(note, 1 << 16)?).map_err(|_| changed())?;
    let bytes = fs::read(&place.join(&built.file_name), inputs.limits.wheel_size)?;
    if Sha256::from_hex(&built.sha256) != Some(Sha256::of(&bytes)) {
        return Err(changed());
    }
    VerifiedWheel::built_from_source_package(&built.file_name, Blob::from(bytes))
}

/// The environment in which the project's back end runs: verified wheels in an environment of their own, or the
/// distribution's modules.
fn build_environment(inputs: &Inputs, wheels: &[Arc<Wheel>], room: &Path) -> Result<BuildEnvironment, Failure> {
    if inputs.config.build_requirements == BuildRequirements::Distribution {
        return Ok(BuildEnvironment::Distribution);
    }
    let refusals =
        dependencies::check(wheels, &Extras::new(), &inputs.config.missing_ok, &inputs.interpreter, &inputs.target);
    if !refusals.is_empty() {
        return Err(refusals.into());
    }
    let location = "/environment";
    let request = Request {
        wheels,
        interpreter: &inputs.interpreter,
        location,
        name: "build",
        system_site_packages: SystemSitePackages::Hidden,
        relocation: Relocation::Relocatable,
        commands: Vec::new(),
        documents: Vec::new(),
        byte_codes: ByteCodes::new(),
        mtime: inputs.epoch,
    };
    write::write(&request.plan()?, room, &Listing::default())?;
    Ok(BuildEnvironment::VirtualEnvironment(room.join("environment")))
}
