//! The packages whose libraries an environment needs, from its ELF files.
//!
//! Enters: [`Inputs`], a plan, the names of projects. Leaves: [`Needs`], or every reason why the files could not be loaded; what a
//! reader should know is said. The one thing that is asked of the machine that builds is what `super::shlibdeps` says.

use super::inputs::Inputs;
use super::shlibdeps;
use crate::code::Code;
use crate::debhelper::depends::{Needs, Solver};
use crate::debhelper::elf::{self, Fault};
use crate::debhelper::foreign::{self, ElfFile, Platform};
use crate::plan::{Content, Plan};
use crate::python::name::ProjectName;
use crate::refusal::{Failure, Refusal};
use crate::system::fs::Spool;
use crate::trust::openpgp::{Warning, WarningKind};
use crate::wheel::Scheme;
use std::collections::BTreeSet;
use std::path::Path;

/// The projects that rules about libraries may name.
#[derive(Clone, Copy, Debug)]
pub struct Projects<'a> {
    /// Those of the environment.
    pub here: &'a BTreeSet<ProjectName>,
    /// Those that the lock has for other targets.
    pub elsewhere: &'a BTreeSet<ProjectName>,
}

/// What the ELF files of `plan` need.
///
/// # Errors
/// Files that cannot be read or could not be loaded, and rules about libraries that mean nothing.
pub fn libraries(
    inputs: &Inputs,
    plan: &Plan,
    projects: Projects<'_>,
    spool: &mut Spool,
    state: &Path,
    talk: &mut dyn FnMut(&str),
) -> Result<Needs, Failure> {
    let sorted = foreign::sort(elf_files(plan, spool)?, &inputs.architecture)?;
    for (wheel, paths) in &sorted.foreign {
        let message = format!("`{wheel}` brings machine code for another architecture: {}", some_of(paths));
        talk(&Warning { kind: WarningKind::MachineCodeForeign, message }.to_string());
    }
    let interpreter = (inputs.interpreter.major(), inputs.interpreter.minor());
    let policy = &inputs.config.libraries;
    let solver = Solver::new(&sorted, &inputs.architecture, interpreter, policy);
    let refusals = policy.check(projects.here, projects.elsewhere, &solver.needed());
    if !refusals.is_empty() {
        return Err(refusals.into());
    }
    let questions = solver.questions();
    for (question, files) in &questions {
        let paths = files.iter().map(|file| file.path.clone()).collect();
        talk(&format!("dpkg-shlibdeps is asked for {}, which {} needs", question.soname, some_of(&paths)));
    }
    let needs = solver.solve(&shlibdeps::ask(inputs, plan, &questions, state)?)?;
    if !needs.unmet.is_empty() {
        let files: BTreeSet<&String> = needs.unmet.values().flatten().collect();
        let libraries: BTreeSet<String> = needs.unmet.keys().cloned().collect();
        let message =
            format!("files that will not load: {}; no package is known that has {}", files.len(), some_of(&libraries));
        talk(&Warning { kind: WarningKind::LibraryUnmet, message }.to_string());
    }
    Ok(needs)
}

/// The ELF files of `plan`, read.
fn elf_files(plan: &Plan, spool: &mut Spool) -> Result<Vec<ElfFile>, Failure> {
    let mut files = Vec::new();
    let mut refusals = Vec::new();
    for (path, content) in plan.elf_files() {
        let Content::Member(wheel, member) = content else { continue };
        // a library can have a gigabyte, of which a few pages are looked at
        let bytes = spool.keep(&mut |sink| content.copy(sink))?;
        match elf::read(&bytes) {
            Ok(needs) => files.push(ElfFile {
                path: path.to_owned(),
                needs,
                wheel: wheel.file_name().to_string(),
                project: wheel.name().clone(),
                platform: Platform::of(wheel.file_name().tags().iter().map(|tag| tag.platform.as_str())),
                is_script: member.scheme == Scheme::Scripts,
            }),
            Err(Fault::Unable(failure)) => return Err(failure),
            Err(Fault::Malformed(why)) => {
                refusals.push(Refusal::new(Code::ElfMalformed, format!("`{path}` cannot be read: {why}")));
            }
        }
    }
    if !refusals.is_empty() {
        return Err(refusals.into());
    }
    Ok(files)
}

/// The first few of `names`, and how many more there are.
fn some_of(names: &BTreeSet<String>) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| format!("`{name}`")).collect();
    let more = match names.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    shown.join(", ") + &more
}
