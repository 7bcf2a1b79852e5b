//! Runs dpkg-shlibdeps for the libraries that neither the environment nor the tables have.
//!
//! Enters: [`Question`]s with the files in question, and the content of these files. Leaves: [`Answers`]. It is run once for each
//! library, in a directory of its own where only the files in question are, at their place in the package, so that nothing of the build tree and none of
//! the other libraries decides: whatever else a file needs has a stand-in there, which is of no package. The user's environment is
//! left out; of the source package it sees debian/control, whose Build-Depends may raise a bound, and debian/shlibs.local.

use super::inputs::Inputs;
use crate::debhelper::dependency::Dependency;
use crate::debhelper::foreign::ElfFile;
use crate::debhelper::shlibdeps::{self, Answers, Question};
use crate::plan::{Content, Plan};
use crate::refusal::Failure;
use crate::system::fs;
use crate::system::process::{Ended, Environment, Program};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// It reads a few files; on a slow machine, emulated, with large libraries, it takes seconds.
const LONGEST: Duration = Duration::from_secs(600);

/// After so many libraries that it does not find it is asked for no more: a file can name thousands, and each takes a second or more.
const NOT_FOUND: usize = 10;

/// The directory that dpkg-shlibdeps takes for that of the package, in the temporary directory.
const ROOT: &str = "root";

/// What dpkg-shlibdeps says to `questions` about files of `plan`; it works below the directory `state`.
///
/// # Errors
/// When it cannot be run, or the temporary directory not be written to. That it finds no package is an answer.
pub fn ask(
    inputs: &Inputs,
    plan: &Plan,
    questions: &BTreeMap<Question, Vec<&ElfFile>>,
    state: &Path,
) -> Result<Answers, Failure> {
    let mut answers = Answers::new();
    if questions.is_empty() {
        return Ok(answers);
    }
    let room = fs::temporary_directory_in(state)?;
    // dpkg-shlibdeps is run elsewhere than here
    let room = &fs::canonicalize(room.path())?;
    // by this directory it knows what `$ORIGIN` is relative to
    fs::create_dir_all(&room.join(ROOT).join("DEBIAN"))?;
    fs::create_dir_all(&room.join("debian"))?;
    let control = fs::read_text(&inputs.root.join("debian/control"), inputs.limits.configuration_size)?;
    fs::replace(&room.join("debian/control"), control.as_bytes(), 0o644)?;
    let own = inputs.root.join("debian/shlibs.local");
    let own = match fs::status(&own)? {
        Some(_) => fs::read_text(&own, inputs.limits.configuration_size)?,
        None => String::new(),
    };
    let contents: BTreeMap<&str, &Content> = plan.elf_files().collect();
    let paths: BTreeSet<&str> = questions.values().flatten().map(|file| file.path.as_str()).collect();
    for path in paths {
        let Some(content) = contents.get(path) else { continue };
        let place = room.join(ROOT).join(path);
        if let Some(directory) = place.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::create(&place, 0o644, &mut |sink| content.copy(sink))?;
    }
    let mut not_found = 0_usize;
    for (number, (question, files)) in questions.iter().enumerate() {
        let answer = if not_found < NOT_FOUND {
            ask_one(inputs, room, number, question, files, &own)?
        } else {
            Err(format!("nothing: it was not looked for, as {NOT_FOUND} others were not found"))
        };
        not_found += usize::from(answer.is_err());
        answers.insert(question.clone(), answer);
    }
    Ok(answers)
}

fn ask_one(
    inputs: &Inputs,
    room: &Path,
    number: usize,
    question: &Question,
    files: &[&ElfFile],
    own: &str,
) -> Result<Result<Vec<Dependency>, String>, Failure> {
    let others: BTreeSet<&str> = files.iter().flat_map(|file| &file.needs.needed).map(String::as_str).collect();
    let others = others.into_iter().filter(|soname| *soname != question.soname && is_file_name(soname)).collect();
    let (stand_ins, local) = (format!("stand-ins-{number}"), format!("shlibs.local-{number}"));
    let (output, log) = (format!("substvars-{number}"), room.join(format!("log-{number}")));
    fs::create_dir_all(&room.join(ROOT).join(&stand_ins))?;
    if let Some(first) = files.first() {
        // a file of the right architecture is all that a library has to be in order to be found
        for soname in &others {
            fs::symlink(room.join(ROOT).join(&first.path), &room.join(ROOT).join(&stand_ins).join(soname))?;
        }
    }
    fs::replace(&room.join(&local), shlibdeps::local(&others, own).as_bytes(), 0o644)?;
    let mut argv: Vec<OsString> = ["dpkg-shlibdeps".to_owned(), format!("-l/{stand_ins}")].map(Into::into).into();
    argv.extend([format!("-L{local}"), format!("-T{output}"), "--warnings=0".to_owned()].map(OsString::from));
    argv.extend(files.iter().map(|file| OsString::from(format!("{ROOT}/{}", file.path))));
    let mut program = Program::new(argv);
    program.environment = Environment::Only(BTreeMap::from([
        ("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".into()),
        ("LC_ALL".to_owned(), "C".into()),
        ("DEB_HOST_ARCH".to_owned(), inputs.architecture.debian().into()),
    ]));
    program.directory = Some(room.to_owned());
    program.log = Some(log.clone());
    let ended = program.run_for(LONGEST)?;
    let output = room.join(output);
    if ended == Ended::Well && fs::status(&output)?.is_some() {
        let found = shlibdeps::answer(&fs::read_text(&output, inputs.limits.configuration_size)?);
        if !found.is_empty() {
            return Ok(Ok(found));
        }
    }
    if ended == Ended::Late {
        return Err(Failure::unable(format!("dpkg-shlibdeps has not looked at `{}` in ten minutes", question.soname)));
    }
    let said = fs::read(&log, u64::MAX)?;
    Ok(Err(shlibdeps::reason(&question.soname, &String::from_utf8_lossy(&said))))
}

/// Whether a stand-in can be called so.
fn is_file_name(soname: &str) -> bool {
    !soname.is_empty() && !soname.contains('/') && soname != "." && soname != ".." && soname.len() <= 255
}
