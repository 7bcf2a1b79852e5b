//! Byte code that is shipped: running the interpreter that compiles it.
//!
//! Enters: a plan without byte code, and the interpreter. Leaves: the [`ByteCodes`] on which two runs agree, one over the sources in
//! order and one against it, each in a process of its own. The interpreter sees copies of the sources below a temporary
//! directory and the paths that they have on the target, nothing of the build tree and nothing of the environment;
//! its own standard library is all that it imports, and of the sources it runs nothing.

use crate::plan::Plan;
use crate::plan::byte_code::{self, ByteCodes, Compiled};
use crate::python::interpreter::Interpreter;
use crate::refusal::Failure;
use crate::system::fs;
use crate::system::process::{Environment, Program};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// What runs in the interpreter.
const PROGRAM: &str = include_str!("byte_code.py");

/// What the program says of a run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    tag: String,
    failed: BTreeMap<usize, String>,
}

/// Whether `interpreter` is here and its byte code can be shipped.
///
/// # Errors
/// As [`byte_code::can_ship`], or when it is not installed.
pub fn check(interpreter: &Interpreter) -> Result<(), Failure> {
    byte_code::can_ship(interpreter)?;
    let path = interpreter.path();
    if fs::status(Path::new(&path))?.is_none() {
        let package = interpreter.program();
        return Err(Failure::unable_hint(
            format!("there is no {path}, which has to compile what `bytecode = \"ship\"` puts into the package"),
            format!(
                "add {package}, or {package}:any where the package is built for another architecture, to Build-Depends"
            ),
        ));
    }
    Ok(())
}

/// The byte code of `plan`, which stands at `location` on the target; and the sources that have none, with the reason. Meanwhile the
/// sources lie in a directory of their own below `state`.
///
/// # Errors
/// As [`check`] and [`byte_code::agreed`]; when the interpreter fails.
pub fn compile(
    plan: &Plan,
    location: &str,
    interpreter: &Interpreter,
    state: &Path,
) -> Result<(ByteCodes, Vec<String>), Failure> {
    check(interpreter)?;
    let sources = byte_code::sources(plan, interpreter);
    fs::create_dir_all(state)?;
    let room = fs::temporary_directory_in(state)?;
    let directory = room.path().join("sources");
    fs::create_dir(&directory)?;
    for (number, (_, content)) in sources.iter().enumerate() {
        fs::replace(&directory.join(format!("{number}.py")), &content.read()?, 0o644)?;
    }
    let paths: Vec<&str> = sources.iter().map(|(path, _)| *path).collect();
    let names: Vec<String> = paths.iter().map(|path| format!("{location}/{path}")).collect();
    let text = serde_json::to_string(&names).map_err(|error| Failure::unable(error.to_string()))?;
    fs::replace(&directory.join("names.json"), text.as_bytes(), 0o644)?;
    fs::replace(&room.path().join("byte_code.py"), PROGRAM.as_bytes(), 0o644)?;
    let first = run(interpreter, room.path(), "forward", paths.len())?;
    let second = run(interpreter, room.path(), "backward", paths.len())?;
    Ok(byte_code::agreed(&paths, first, &second)?)
}

/// One process over all sources below `room`.
fn run(interpreter: &Interpreter, room: &Path, order: &str, count: usize) -> Result<Vec<Compiled>, Failure> {
    let result = room.join(order);
    fs::create_dir(&result)?;
    // alone: no variables, no directory of the user's or of the site, no byte code of its own, no warnings about sources
    let mut argv: Vec<OsString> = vec![interpreter.path().into()];
    argv.extend(["-I", "-S", "-B", "-W", "ignore"].map(OsString::from));
    argv.extend([room.join("byte_code.py").into(), room.join("sources").into(), result.clone().into(), order.into()]);
    let mut program = Program::new(argv);
    program.environment = Environment::Only(BTreeMap::from([("LC_ALL".to_owned(), "C.UTF-8".into())]));
    let output = program.run()?;
    let strange = |what: &str| Failure::unable(format!("{}, asked to compile, {what}", interpreter.path()));
    let mut answer: Answer =
        serde_json::from_slice(&output).map_err(|error| strange(&format!("gave another answer: {error}")))?;
    let tag = byte_code::cache_tag(interpreter);
    if answer.tag != tag {
        return Err(strange(&format!("says that its tag is `{}`, not `{tag}`", answer.tag)));
    }
    let compiled = |number: usize| match answer.failed.remove(&number) {
        Some(why) => Ok(Compiled::Failed(why)),
        None => fs::read(&result.join(format!("{number}.pyc")), u64::MAX).map(Compiled::Bytes),
    };
    (0..count).map(compiled).collect()
}
