//! What dh-virtualenv handed on to pip and virtualenv: `--extra-pip-arg`, `--extra-virtualenv-arg` and their variables.
//!
//! Enters: arguments as that program would have got them, in their order. Leaves: each with its [`Fate`]; an argument and its value
//! are one. Known are the options of pip 24 and virtualenv 20 that a rules file has a reason to name. What is not known is
//! refused by its name, since an option that does nothing is a check that does not happen.

use super::table::plain;
use super::{Fate, Key, Setting, Value};
use crate::python::interpreter::Interpreter;

/// Options of pip that say what is so here anyway, or how pip does what is not done here. Those in the second list have a value.
const PIP_FLAGS: &[&str] = &[
    "--disable-pip-version-check",
    "--force-reinstall",
    "--ignore-installed",
    "--isolated",
    "--no-build-isolation",
    "--no-cache-dir",
    "--no-clean",
    "--no-color",
    "--no-deps",
    "--no-dependencies",
    "--no-index",
    "--no-input",
    "--no-python-version-warning",
    "--no-use-pep517",
    "--no-warn-conflicts",
    "--no-warn-script-location",
    "--prefer-binary",
    "--quiet",
    "--require-hashes",
    "--upgrade",
    "--use-pep517",
    "--verbose",
    "-I",
    "-U",
    "-q",
    "-qq",
    "-v",
    "-vv",
    "-vvv",
];

const PIP_VALUES: &[&str] =
    &["--cache-dir", "--log", "--progress-bar", "--retries", "--root-user-action", "--timeout", "--upgrade-strategy"];

/// The same for virtualenv and venv.
const VIRTUALENV_FLAGS: &[&str] = &[
    "--always-copy",
    "--clear",
    "--copies",
    "--download",
    "--never-download",
    "--no-download",
    "--no-pip",
    "--no-setuptools",
    "--no-site-packages",
    "--no-vcs-ignore",
    "--no-wheel",
    "--quiet",
    "--relocatable",
    "--setuptools",
    "--symlinks",
    "--upgrade-deps",
    "--verbose",
    "--without-pip",
    "-q",
    "-v",
];

const VIRTUALENV_VALUES: &[&str] = &["--extra-search-dir", "--pip", "--seeder", "--wheel"];

/// Arguments of pip.
pub(super) fn pip(arguments: &[String]) -> Vec<(String, Fate)> {
    each(arguments, &["-f", "-i", "-c", "-r", "-e"], &|name, value| match name {
        "--find-links" | "-f" => links(&value()),
        "--compile" => Fate::Honoured(Setting::text(Key::ByteCode, "ship")),
        "--no-compile" => Fate::Honoured(Setting::text(Key::ByteCode, "none")),
        "--only-binary" => {
            value();
            Fate::no_effect("only wheels are installed")
        }
        "--pre" => Fate::no_effect("the lock names the versions"),
        "--no-binary" => {
            value();
            Fate::refused(
                "only wheels are installed",
                "build wheels from the sources before, with `rustvenv update` or `rustvenv build`, and have them signed",
            )
        }
        "--index-url" | "-i" | "--extra-index-url" | "--trusted-host" | "--proxy" | "--cert" | "--client-cert" => {
            value();
            Fate::refused(
                "nothing is fetched while a package is built",
                "remove it; `rustvenv fetch` and `rustvenv update` ask an index, as pip is set to or by `--index-url`",
            )
        }
        "--requirement" | "-r" => {
            let file = value();
            Fate::refused(
                "the locks are named in the configuration",
                format!("add \"{}\" to `requirements`", plain(&file)),
            )
        }
        "--constraint" | "-c" => {
            let file = value();
            Fate::refused(
                "constraints belong to the lock",
                format!(
                    "write a line `-c {}` into the requirements file, or leave them to the tool that locks",
                    plain(&file)
                ),
            )
        }
        "--editable" | "-e" => {
            value();
            Fate::refused("nothing is installed in editable mode", "`project` names the directory of the project")
        }
        name if PIP_FLAGS.contains(&name) => Fate::no_effect("it says what is so here anyway, or is about pip alone"),
        name if PIP_VALUES.contains(&name) => {
            value();
            Fate::no_effect("it is about pip alone, which is not run")
        }
        name if name.starts_with('-') => {
            Fate::refused("pip is not run, and this option has no meaning here", "remove it")
        }
        _ => Fate::refused("nothing is installed without its hash in the lock", "put what it names into the lock"),
    })
}

/// Arguments of virtualenv, or of venv.
pub(super) fn virtualenv(arguments: &[String]) -> Vec<(String, Fate)> {
    each(arguments, &["-p"], &|name, value| match name {
        "--system-site-packages" => {
            Fate::Honoured(Setting { key: Key::SystemSitePackages, value: Value::Boolean(true) })
        }
        "--python" | "-p" => python(&value()),
        name if VIRTUALENV_FLAGS.contains(&name) => Fate::no_effect(
            "the virtual environment is made without virtualenv, and holds what is locked and nothing else",
        ),
        name if VIRTUALENV_VALUES.contains(&name) => {
            value();
            Fate::no_effect("the virtual environment is made without virtualenv")
        }
        _ => Fate::refused("virtualenv is not run, and this has no meaning here", "remove it"),
    })
}

/// Each of `arguments` as it was given, with its value, and the fate that `judge` has for its name. `judge` asks for the value where the option
/// has one, which may be the argument after it; `with_value` are the short options to which one may be joined.
fn each(
    arguments: &[String],
    with_value: &[&str],
    judge: &dyn Fn(&str, &mut dyn FnMut() -> String) -> Fate,
) -> Vec<(String, Fate)> {
    let mut fates = Vec::new();
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        let (name, inline) = split(argument, with_value);
        let mut said = argument.to_owned();
        let fate = judge(name, &mut || {
            if let Some(value) = inline {
                return value.to_owned();
            }
            let value = rest.next().unwrap_or_default();
            said.push(' ');
            said.push_str(value);
            value.to_owned()
        });
        fates.push((said, fate));
    }
    fates
}

/// `--name=value` in its two parts, and `-xvalue` for the short options `with_value`.
fn split<'a>(argument: &'a str, with_value: &[&str]) -> (&'a str, Option<&'a str>) {
    if argument.starts_with("--") {
        // one argument with a blank, as some write it
        let at = argument.find(['=', ' ']);
        return at.map_or((argument, None), |at| {
            let (name, value) = argument.split_at(at);
            (name, value.get(1..).map(str::trim))
        });
    }
    match argument.get(..2) {
        Some(name) if with_value.contains(&name) && argument.len() > 2 => (name, argument.get(2..).map(str::trim)),
        _ => (argument, None),
    }
}

/// The interpreter that dh-virtualenv or virtualenv was told to use.
pub(super) fn python(value: &str) -> Fate {
    let by_version = Interpreter::parse(value).filter(|_| !value.starts_with(|c: char| c.is_ascii_digit()));
    match (value, by_version) {
        ("python3" | "/usr/bin/python3", _) => Fate::Honoured(Setting::text(Key::Python, "python3")),
        (_, Some(interpreter)) => Fate::Honoured(Setting::text(Key::Python, interpreter.version())),
        // virtualenv took `3.11` as well
        (text, None) if Interpreter::parse(text).is_some() => Fate::Honoured(Setting::text(Key::Python, text)),
        _ => Fate::refused(
            format!("`{value}` is no Python 3 of the distribution"),
            "remove it for that of the distribution, or write `python = \"3.X\"`",
        ),
    }
}

fn links(value: &str) -> Fate {
    if value.is_empty() || (value.contains("://") && !value.starts_with("file://")) {
        return Fate::refused(
            "nothing is fetched while a package is built",
            "put the wheels into a directory of the source package, and write `wheels = [\"DIRECTORY\"]`",
        );
    }
    let path = plain(value.strip_prefix("file://").unwrap_or(value)).trim_end_matches('/');
    Fate::Honoured(Setting::list(Key::Wheels, [if path.is_empty() { "." } else { path }.to_owned()]))
}
