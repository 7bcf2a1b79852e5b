//! The locks of a project: found, or made by the tool that its developer has.
//!
//! Enters: what is there, and where locks belong. Leaves: what they select, and the texts of those that were made. A tool is run only
//! when nothing else is missing, since it asks the network; what it made is read as every lock is before it is written.

use super::{Project, is_there, text};
use crate::code::Code;
use crate::command::{locks, say};
use crate::config::Config;
use crate::lock::resolution::Resolution;
use crate::maintain::lock_tool::{LockTool, What};
use crate::maintain::new_package::back_end::BackEnd;
use crate::maintain::new_package::facts::Dependencies;
use crate::maintain::new_package::words::one_line;
use crate::maintain::new_package::{Layout, NewFile, advice};
use crate::maintain::settings::{USUAL_BUILD_LOCKS, USUAL_LOCKS};
use crate::python::dependency::Specifier;
use crate::python::marker::Requested;
use crate::refusal::{Failure, Refusal, printable};
use crate::system::fs;
use std::path::{Path, PathBuf};

/// The lock of the project, and how it came about.
#[derive(Default)]
pub(super) struct Locked {
    pub(super) files: Vec<NewFile>,
    pub(super) notes: Vec<String>,
    /// What it selects; none when it was not made yet.
    pub(super) resolution: Option<Resolution>,
}

impl Project<'_> {
    /// Finds the locks that are there, and plans those that are not; leaves the tool for them.
    pub(super) fn plan_locks(
        &self,
        back_end: &BackEnd,
        config: Option<&Config>,
        layout: &mut Layout,
    ) -> Result<Option<LockTool>, Failure> {
        let first = |usual: &[&str]| -> Result<Vec<PathBuf>, Failure> {
            for name in usual {
                if is_there(Path::new(name))? {
                    return Ok(vec![name.into()]);
                }
            }
            Ok(Vec::new())
        };
        let tool = LockTool::installed(&self.python);
        if layout.locks.is_empty() {
            let usual = first(USUAL_LOCKS)?;
            let is_list = match usual.as_slice() {
                [one] if one.extension().is_some_and(|word| word == "txt") => {
                    matches!(by_people(one)?, Some(Hashes::Missing))
                }
                _ => false,
            };
            *(if is_list { &mut layout.written } else { &mut layout.locks }) = usual;
        }
        if layout.locks.is_empty() {
            let names: Vec<PathBuf> = match config {
                Some(config) if self.settings.is_none() => {
                    config.requirements.iter().map(|path| path.as_str().into()).collect()
                }
                _ => vec!["requirements.txt".into()],
            };
            for path in names {
                match by_people(&path)? {
                    Some(Hashes::There) => layout.locks.push(path),
                    Some(Hashes::Missing) => layout.written.push(path),
                    None => {}
                }
            }
        }
        self.move_aside(layout)?;
        let nothing = self.facts.dependencies == Dependencies::Written(Vec::new()) && layout.written.is_empty();
        if layout.locks.is_empty() && nothing {
            layout.requirements = None;
        } else if layout.locks.is_empty() {
            layout.locks = tool.map(|tool| tool.lock().into()).into_iter().collect();
        }
        if let BackEnd::Wheels { .. } = back_end {
            if layout.build_requirements.is_none() {
                layout.build_requirements = Some("debian/build-requirements.txt".into());
            }
            if layout.build_locks.is_empty() {
                layout.build_locks = first(USUAL_BUILD_LOCKS)?;
            }
            if layout.build_locks.is_empty() {
                layout.build_locks = tool.map(|tool| tool.build_lock().into()).into_iter().collect();
            }
            if layout.requirements.is_none() {
                // what builds is all that is locked
                layout.locks.clone_from(&layout.build_locks);
                layout.build_locks.clear();
            }
        }
        Ok(tool)
    }

    /// Keeps `rustvenv update` from writing over a file of the project, and a source package of an upstream tarball in one piece: it may
    /// have new files of text below debian/ alone.
    fn move_aside(&self, layout: &mut Layout) -> Result<(), Failure> {
        if self.settings.is_some() {
            return Ok(());
        }
        let is_quilt = text("debian/source/format")?.is_some_and(|format| format.trim() == advice::QUILT);
        if let Some(path) = &layout.requirements {
            let is_input = layout.locks.contains(path) || by_people(path)?.is_some();
            if is_input || (is_quilt && !path.starts_with("debian")) {
                layout.requirements = Some(OURS.into());
            }
        }
        if is_quilt && !layout.wheels.starts_with("debian") && !is_there(&layout.wheels)? {
            let usual = Layout::new();
            (layout.wheels, layout.manifest) = (usual.wheels, usual.manifest);
        }
        Ok(())
    }

    /// The locks that were planned: read when they are there, made when not.
    pub(super) fn locked(
        &self,
        tool: Option<LockTool>,
        back_end: &BackEnd,
        layout: &Layout,
        may_run: bool,
    ) -> Result<Locked, Failure> {
        let mut locked = Locked::default();
        let of_build: &[PathBuf] = if layout.requirements.is_none() { &layout.locks } else { &layout.build_locks };
        if let BackEnd::Wheels { missing, requires } = back_end {
            locked.notes.push(format!(
                "what builds the project's own wheel comes from wheels: this release has no package of {}",
                printable(&missing.join(", "))
            ));
            self.lock_into(&mut locked, tool, of_build, &What::Requirements(requires), may_run)?;
        }
        if layout.requirements.is_none() {
            return Ok(locked);
        }
        let written = self.dependencies()?;
        let what = What::Project { file: self.facts.file, written: written.as_deref(), also: &layout.written };
        for path in &layout.written {
            locked.notes.push(format!(
                "what {} names is locked as well; to leave it out, make the lock without it and run init once more",
                path.display()
            ));
        }
        locked.resolution = self.lock_into(&mut locked, tool, &layout.locks, &what, may_run)?;
        Ok(locked)
    }

    /// The dependencies that are written down, each a single line.
    fn dependencies(&self) -> Result<Option<Vec<String>>, Failure> {
        let Dependencies::Written(list) = &self.facts.dependencies else { return Ok(None) };
        let refuse = |text: &String| {
            let reason = Specifier::parse(text).err()?;
            let message = format!("the project depends on `{text}`: {reason}");
            Some(Refusal::new(Code::ProjectMalformed, message).expected("a dependency specifier"))
        };
        let refusals: Vec<Refusal> = list.iter().filter_map(refuse).collect();
        if refusals.is_empty() {
            Ok(Some(list.iter().map(|one| one_line(one)).collect()))
        } else {
            Err(refusals.into())
        }
    }

    /// Reads the locks at `paths`, or makes the one that is not there; what they select.
    fn lock_into(
        &self,
        locked: &mut Locked,
        tool: Option<LockTool>,
        paths: &[PathBuf],
        what: &What<'_>,
        may_run: bool,
    ) -> Result<Option<Resolution>, Failure> {
        let requested = match (&self.settings, what) {
            (Some(settings), What::Project { .. }) => {
                Requested { extras: settings.extras.clone(), groups: settings.groups.clone() }
            }
            _ => Requested::default(),
        };
        let also = match what {
            What::Project { also, .. } => *also,
            What::Requirements(_) => &[],
        };
        let there = paths.iter().map(|path| is_there(path)).collect::<Result<Vec<bool>, Failure>>()?;
        if !paths.is_empty() && there.iter().all(|there| *there) {
            return locks::resolution(paths, &self.target, &requested, &self.limits).map(Some);
        }
        let (Some(tool), [path]) = (tool, paths) else {
            let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            let message = match names.as_slice() {
                [] => "there is no lock, and neither uv, pip-compile nor a pip that locks".to_owned(),
                names => format!("the settings name locks that are not there: {}", names.join(", ")),
            };
            return Err(Refusal::new(Code::LockMissing, message)
                .expected(format!("one of {}", USUAL_LOCKS.join(", ")))
                .hint(format!(
                    "`pipx install uv` and then init once more; or where uv is: `{}`",
                    LockTool::Uv.command(self.facts.file, also)
                ))
                .into());
        };
        let file = self.facts.file;
        if self.arguments.dry_run {
            locked.notes.push(format!("{} would be made, as by `{}`", path.display(), tool.command(file, also)));
            return Ok(None);
        }
        if !may_run {
            return Ok(None);
        }
        say(&format!("locking into {} ...", path.display()));
        let text = tool.run(*what, &self.python)?;
        let room = fs::temporary_directory()?;
        let place = room.path().join(path.file_name().unwrap_or_default());
        fs::replace(&place, &text, 0o644)?;
        let resolution = locks::resolution(&[place], &self.target, &requested, &self.limits)?;
        if let What::Project { .. } = what {
            locked.notes.push(format!("`{}` brings the lock up to date", tool.command(file, also)));
        }
        locked.files.push(NewFile::new(path, text));
        Ok(Some(resolution))
    }
}

/// Where `rustvenv update` writes what it made of a lock.
const OURS: &str = "debian/requirements.txt";

/// Whether a requirements file is a lock.
enum Hashes {
    There,
    Missing,
}

/// What a requirements file is that people or their tools wrote; `None` for one that is not there, says nothing, or is of `rustvenv update`.
fn by_people(path: &Path) -> Result<Option<Hashes>, Failure> {
    let Some(text) = text(&path.to_string_lossy())? else { return Ok(None) };
    let says_nothing = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if says_nothing || text.contains("Written by `rustvenv requirements`") {
        return Ok(None);
    }
    let is_lock = path.extension().is_some_and(|word| word == "toml") || text.contains("--hash=sha256:");
    Ok(Some(if is_lock { Hashes::There } else { Hashes::Missing }))
}
