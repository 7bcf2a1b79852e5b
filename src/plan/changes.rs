//! What hooks of the package change on purpose, after the installation: the configuration's `changes`, held against the plan.
//!
//! Enters: a plan and the listed paths. Leaves: a [`Change`] for each file that they stand for, with its digest as it is planned
//! and the wheel it came with; that is what the provenance record says. Refused are paths that stand for nothing, and files that say
//! what the environment is. What a hook makes of a file is deliberately not known here: the package holds it, and the last step of the
//! build sees to it that these files differ and no others.

use super::{Content, Node, Plan};
use crate::code::Code;
use crate::config::EnvironmentPath;
use crate::digest::Sha256;
use crate::python::interpreter::Interpreter;
use crate::refusal::Refusal;
use crate::wheel::{Scheme, Wheel};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One planned file that is something else in the package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its path, relative to the environment.
    pub path: String,
    /// File name of the wheel that it came with, if it is a member of one, or a script of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wheel: Option<String>,
    /// What was planned.
    #[serde(serialize_with = "hexadecimal")]
    pub sha256: Sha256,
}

fn hexadecimal<S: serde::Serializer>(digest: &Sha256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&digest.hex())
}

/// The files of `plan` that `listed` stands for, in order; a directory stands for all that is below it.
///
/// # Errors
/// [`Code::ChangeUnknown`] for each entry that stands for nothing, [`Code::ChangeForbidden`] for each file that no hook may change.
pub fn resolve(
    plan: &Plan,
    wheels: &[Arc<Wheel>],
    listed: &BTreeSet<EnvironmentPath>,
    interpreter: &Interpreter,
) -> Result<Vec<Change>, Vec<Refusal>> {
    let mut changes = BTreeMap::new();
    let mut refusals = Vec::new();
    for entry in listed {
        let wanted = entry.resolve(interpreter);
        let mut count = 0;
        for (path, node) in plan.inside().filter(|(path, _)| super::below(path, &wanted).is_some()) {
            if *node == Node::Directory {
                continue;
            }
            count += 1;
            match (forbidden(path, node), node) {
                (None, Node::File { content, .. }) => {
                    let wheel = wheel_of(path, content, wheels).map(|wheel| wheel.file_name().to_string());
                    changes.insert(path, Change { path: path.to_owned(), wheel, sha256: content.sha256() });
                }
                (why, _) => {
                    let message = format!("`changes`: `{path}` cannot be changed by a hook");
                    refusals.push(Refusal::new(Code::ChangeForbidden, message).expected(why.unwrap_or("a file")));
                }
            }
        }
        if count == 0 {
            let message = format!("`changes`: there is no `{}` in the environment", entry.as_str());
            refusals.push(
                Refusal::new(Code::ChangeUnknown, message)
                    .expected("a file or a directory that is installed; what a hook adds is not listed"),
            );
        }
    }
    if refusals.is_empty() { Ok(changes.into_values().collect()) } else { Err(refusals) }
}

/// Why no hook may change `path`.
fn forbidden(path: &str, node: &Node) -> Option<&'static str> {
    if matches!(node, Node::Link { .. }) {
        return Some("the interpreter that `python` in the configuration names");
    }
    if path == "pyvenv.cfg" || path.starts_with("bin/activate") {
        return Some("what the configuration says of the environment");
    }
    if path.starts_with("share/rustvenv/") {
        return Some("the record of where the environment came from");
    }
    path.ends_with(".dist-info/RECORD").then_some("the record of what the wheel brought")
}

/// The wheel that brought `path`, or for which it was generated.
fn wheel_of<'a>(path: &str, content: &'a Content, wheels: &'a [Arc<Wheel>]) -> Option<&'a Wheel> {
    if let Content::Member(wheel, _) = content {
        return Some(wheel);
    }
    let script = path.strip_prefix("bin/")?;
    let has_script = |wheel: &&Arc<Wheel>| {
        let is_script = |member: &crate::wheel::WheelMember| match member.scheme {
            Scheme::Scripts => member.path == script,
            Scheme::Data => member.path == path,
            _ => false,
        };
        wheel.scripts().contains_key(script) || wheel.members().iter().any(is_script)
    };
    wheels.iter().find(has_script).map(Arc::as_ref)
}
