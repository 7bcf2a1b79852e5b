//! Byte code as a part of the plan: which sources have some, where it stands, and what is accepted as such.
//!
//! Enters: a plan without byte code, and what two runs of the interpreter made of its sources. Leaves: [`ByteCodes`], with which the
//! environment is planned once more. The interpreter itself is run elsewhere (`src/command/byte_code.rs`). Only unchecked byte
//! code is accepted (<https://peps.python.org/pep-0552/>): it holds neither a time nor a path of the build, and loading it costs
//! no look at the source. Byte code that wheels bring is deliberately not used: nobody has reviewed it.

use super::{Content, Node, Plan};
use crate::code::Code;
use crate::python::interpreter::Interpreter;
use crate::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};

/// Byte code by the path of its source, relative to the environment.
pub type ByteCodes = BTreeMap<String, Content>;

/// The first Python whose byte code does not depend on the order of compilation (measured over 3555 files of six projects).
const FIRST_REPRODUCIBLE: (u32, u32) = (3, 11);

/// Bytes of the header: magic number, flags, hash of the source.
const HEADER: usize = 16;

/// What PEP 552 calls an unchecked hash-based pyc.
const UNCHECKED_HASH: [u8; 4] = [1, 0, 0, 0];

/// What one run of the interpreter left of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiled {
    /// A whole .pyc file.
    Bytes(Vec<u8>),
    /// Nothing, for this reason: it is no source text of this Python.
    Failed(String),
}

/// Whether byte code of `interpreter` can be shipped.
///
/// # Errors
/// [`Code::ByteCodeInterpreter`] when it would not be the same on two machines.
pub fn can_ship(interpreter: &Interpreter) -> Result<(), Refusal> {
    if (interpreter.major(), interpreter.minor()) >= FIRST_REPRODUCIBLE {
        return Ok(());
    }
    let (major, minor) = FIRST_REPRODUCIBLE;
    Err(Refusal::new(Code::ByteCodeInterpreter, format!("byte code of {interpreter} is not reproducible"))
        .expected(format!("Python {major}.{minor} or newer"))
        .hint("set `bytecode = \"install\"`, the default"))
}

/// The modules of `plan` that an import can reach, in order: path relative to the environment, and content.
pub fn sources<'a>(plan: &'a Plan, interpreter: &Interpreter) -> Vec<(&'a str, &'a Content)> {
    let site_packages = format!("lib/{}/site-packages/", interpreter.program());
    plan.inside()
        .filter(|(path, _)| path.starts_with(&site_packages) && cache_path(path, interpreter).is_some())
        .filter_map(|(path, node)| match node {
            Node::File { content, .. } => Some((path, content)),
            _ => None,
        })
        .collect()
}

/// What importlib calls the tag of a cache: `cpython-311`.
pub fn cache_tag(interpreter: &Interpreter) -> String {
    format!("cpython-{}{}", interpreter.major(), interpreter.minor())
}

/// Where the byte code of the source `path` stands (`importlib.util.cache_from_source`); `None` when it is not called like one.
pub fn cache_path(path: &str, interpreter: &Interpreter) -> Option<String> {
    let (directory, name) = path.rsplit_once('/').map_or(("", path), |(directory, name)| (directory, name));
    let stem = name.strip_suffix(".py").filter(|stem| !stem.is_empty())?;
    let slash = if directory.is_empty() { "" } else { "/" };
    Some(format!("{directory}{slash}__pycache__/{stem}.{}.pyc", cache_tag(interpreter)))
}

/// The byte code on which two runs over `sources` agree. Sources without any, with the reason, follow.
///
/// # Errors
/// [`Code::ByteCodeDiffers`] for each source on which they do not, or whose byte code is not of the kind that was asked for.
pub fn agreed(
    sources: &[&str],
    first: Vec<Compiled>,
    second: &[Compiled],
) -> Result<(ByteCodes, Vec<String>), Vec<Refusal>> {
    let mut byte_codes = ByteCodes::new();
    let mut without = Vec::new();
    let mut refusals = Vec::new();
    let mut magic_numbers = BTreeSet::new();
    for (number, (source, compiled)) in sources.iter().zip(first).enumerate() {
        let differs = second.get(number) != Some(&compiled);
        match compiled {
            _ if differs => refusals.push(
                Refusal::new(Code::ByteCodeDiffers, format!("`{source}` was compiled twice, with different results"))
                    .hint("set `bytecode = \"install\"`, the default"),
            ),
            Compiled::Failed(why) => without.push(format!("{source}: {why}")),
            Compiled::Bytes(bytes) => {
                let is_unchecked = bytes.len() > HEADER && bytes.get(4..8) == Some(&UNCHECKED_HASH);
                if is_unchecked && magic_numbers.len() < 2 {
                    magic_numbers.insert(bytes.get(..4).unwrap_or_default().to_vec());
                }
                if !is_unchecked || magic_numbers.len() > 1 {
                    let message = format!("what `{source}` was compiled to is no byte code of one Python");
                    refusals.push(Refusal::new(Code::ByteCodeDiffers, message));
                    continue;
                }
                byte_codes.insert((*source).to_owned(), Content::generated(bytes));
            }
        }
    }
    if refusals.is_empty() { Ok((byte_codes, without)) } else { Err(refusals) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(version: &str) -> Interpreter {
        Interpreter::parse(version).unwrap()
    }

    fn pyc(magic: u8, code: &[u8]) -> Compiled {
        Compiled::Bytes([&[magic, 13, 13, 10, 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], code].concat())
    }

    #[test]
    fn byte_code_stands_where_importlib_looks_for_it() {
        for (source, expected) in [
            ("a/b.py", Some("a/__pycache__/b.cpython-311.pyc")),
            ("b.py", Some("__pycache__/b.cpython-311.pyc")),
            ("a/b.c.py", Some("a/__pycache__/b.c.cpython-311.pyc")),
            ("a/.py", None),
            ("a/b.pyc", None),
            ("a/b.pyi", None),
            ("a/b", None),
        ] {
            assert_eq!(cache_path(source, &python("3.11")).as_deref(), expected, "{source}");
        }
    }

    #[test]
    fn only_what_is_the_same_everywhere_is_shipped() {
        assert!(can_ship(&python("3.11")).is_ok() && can_ship(&python("3.14")).is_ok());
        assert_eq!(can_ship(&python("3.10")).unwrap_err().code, Code::ByteCodeInterpreter);
    }

    #[test]
    fn two_runs_have_to_agree() {
        let sources = ["a.py", "b.py", "c.py"];
        let failed = || Compiled::Failed("SyntaxError: line 1".to_owned());
        let run = || vec![pyc(167, b"x"), failed(), pyc(167, b"y")];
        let (byte_codes, without) = agreed(&sources, run(), &run()).unwrap();
        assert_eq!(byte_codes.keys().collect::<Vec<_>>(), ["a.py", "c.py"]);
        assert_eq!(without, ["b.py: SyntaxError: line 1"]);

        let refused = |first: Vec<Compiled>, second: Vec<Compiled>| {
            let refusals = agreed(&sources, first, &second).unwrap_err();
            assert!(refusals.iter().all(|refusal| refusal.code == Code::ByteCodeDiffers));
            refusals
                .into_iter()
                .map(|refusal| refusal.message.split('`').nth(1).unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(refused(run(), vec![pyc(167, b"x"), failed(), pyc(167, b"z")]), ["c.py"]);
        assert_eq!(refused(run(), vec![pyc(167, b"x"), pyc(167, b"w"), pyc(167, b"y")]), ["b.py"]);
        assert_eq!(refused(run(), vec![pyc(167, b"x")]), ["b.py", "c.py"]);
        // of another Python, with the time of the source, and nothing at all
        let other = || vec![pyc(167, b"x"), pyc(168, b"x"), pyc(167, b"y")];
        assert_eq!(refused(other(), other()), ["b.py", "c.py"]);
        let timed = || vec![Compiled::Bytes(vec![0; 20]), pyc(167, b"x"), Compiled::Bytes(Vec::new())];
        assert_eq!(refused(timed(), timed()), ["a.py", "c.py"]);
    }
}
