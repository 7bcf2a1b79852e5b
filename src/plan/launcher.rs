//! Launchers: how a script in bin/ finds the interpreter of its environment.
//!
//! Enters: an entry point, or the text of a script that a wheel ships with `#!python`. Leaves: the file for bin/. A relocatable
//! launcher starts the interpreter that stands beside it, so that the environment can be moved and reached through links; it
//! uses the shell's own commands and runs readlink only when it was called through a link. Two forms are needed, because a
//! script of a wheel may have a docstring and `from __future__` lines, which have to come first:
//!
//! - for entry points, whose text is ours: text that is a program for sh up to `exec`, and a string for Python;
//! - for scripts, whose text is not ours: one interpreter line for `env -S`, after which nothing is changed.

use crate::config::Relocation;
use crate::python::entry_points::EntryPoint;
use crate::python::interpreter::Interpreter;

/// Longest interpreter line that every Linux kernel runs (BINPRM_BUF_SIZE was 128 before Linux 5.1).
const LONGEST_INTERPRETER_LINE: usize = 127;

/// Longest interpreter line that the kernels of Debian 12 and later run (BINPRM_BUF_SIZE is 256 since Linux 5.1). Only a script
/// with arguments in its own interpreter line needs more than 127.
const LONGEST_WITH_ARGUMENTS: usize = 255;

/// How the scripts of one environment start.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: String,
    /// ` -P`, or nothing for interpreters that do not know it: Python puts the directory of a script in front of all others in
    /// which it looks for modules, so that a script of a wheel called json.py would be `json` for every launcher beside it.
    safe_path: &'static str,
    relocation: Relocation,
    /// Absolute path of the environment's bin/.
    bin: String,
}

impl Launcher {
    /// Launchers for the environment at the absolute path `location`.
    pub fn new(interpreter: &Interpreter, relocation: Relocation, location: &str) -> Self {
        let safe_path = if (interpreter.major(), interpreter.minor()) >= (3, 11) { " -P" } else { "" };
        Self { program: interpreter.program(), safe_path, relocation, bin: format!("{location}/bin") }
    }

    /// The launcher of a console or GUI script.
    pub fn entry_point(&self, entry: &EntryPoint) -> String {
        let EntryPoint { module, attribute } = entry;
        let import = attribute.split('.').next().unwrap_or(attribute);
        format!(
            "{}import sys\n\nfrom {module} import {import}\n\nif __name__ == \"__main__\":\n    sys.exit({attribute}())\n",
            self.head()
        )
    }

    fn head(&self) -> String {
        let absolute = format!("#!{}/{}{}", self.bin, self.program, self.safe_path);
        if self.relocation == Relocation::Fixed && absolute.len() <= LONGEST_INTERPRETER_LINE {
            return format!("{absolute}\n");
        }
        let find = match self.relocation {
            // $0 has no slash when the script was given to sh by its bare name
            Relocation::Relocatable => concat!(
                "self=$0\n",
                "case $self in */*) ;; *) self=./$self ;; esac\n",
                "[ -h \"$self\" ] && self=$(command -p readlink -f -- \"$self\")\n",
            )
            .to_owned(),
            Relocation::Fixed => format!("self={}/.\n", self.bin),
        };
        format!(
            "#!/bin/sh\n''':'\n{find}exec \"${{self%/*}}/{}\"{} \"$0\" \"$@\"\n':'''\n",
            self.program, self.safe_path
        )
    }

    /// A script of a wheel: when its first line is `#!python` or `#!pythonw`, with or without arguments, the line is replaced
    /// (the binary distribution format asks for it); any other content is as it was.
    ///
    /// # Errors
    /// When the script would be started by a program of the working directory, because its interpreter is not named by an
    /// absolute path, or by an interpreter line that cannot be written anew; the line.
    pub fn script(&self, content: Vec<u8>) -> Result<Vec<u8>, String> {
        let line = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let rest = content.get(line.len()..).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let shown = || String::from_utf8_lossy(line).into_owned();
        let interpreter = line.strip_prefix(b"#!").map(<[u8]>::trim_ascii_start);
        let arguments = line.strip_prefix(b"#!pythonw").or_else(|| line.strip_prefix(b"#!python"));
        let arguments = match (interpreter, arguments.map(std::str::from_utf8)) {
            (None, _) => return Ok(content),
            (_, Some(Ok(""))) => String::new(),
            (_, Some(Ok(text))) if text.starts_with(' ') && text.bytes().all(is_plain) => text.trim_end().to_owned(),
            // the kernel looks for a relative interpreter in the working directory of whoever runs the script
            (Some(interpreter), _) if interpreter.starts_with(b"/") => return Ok(content),
            _ => return Err(shown()),
        };
        let head = match self.relocation {
            Relocation::Fixed => format!("#!{}/{}{arguments}", self.bin, self.program),
            Relocation::Relocatable => format!(
                "#!/usr/bin/env -S /bin/sh -c 'p=$0;[ -h \"$p\" ]&&p=$(command -p readlink -f \"$p\");exec \"${{p%/*}}/{}\"{arguments} \"$0\" \"$@\"'",
                self.program
            ),
        };
        if head.len() > LONGEST_WITH_ARGUMENTS {
            return Err(shown());
        }
        Ok([head.as_bytes(), rest].concat())
    }
}

/// Whether a byte of an interpreter's arguments means itself to a shell.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" -_=.:,/+@%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launcher(relocation: Relocation) -> Launcher {
        Launcher::new(&Interpreter::parse("3.11").unwrap(), relocation, "/opt/venvs/app")
    }

    #[test]
    fn entry_points() {
        let entry = EntryPoint { module: "pkg.cli".into(), attribute: "Main.run".into() };
        let text = launcher(Relocation::Relocatable).entry_point(&entry);
        assert!(text.starts_with("#!/bin/sh\n''':'\n"), "{text}");
        assert!(text.contains("from pkg.cli import Main\n") && text.contains("sys.exit(Main.run())"), "{text}");
        assert!(!text.contains('\\'), "Python would warn about escapes in the part for sh");
        let text = launcher(Relocation::Fixed).entry_point(&entry);
        assert!(text.starts_with("#!/opt/venvs/app/bin/python3.11 -P\nimport sys\n"), "{text}");
        let old = Launcher::new(&Interpreter::parse("3.10").unwrap(), Relocation::Fixed, "/opt/venvs/app");
        assert!(old.entry_point(&entry).starts_with("#!/opt/venvs/app/bin/python3.10\nimport sys\n"));
        let deep =
            Launcher::new(&Interpreter::parse("3.11").unwrap(), Relocation::Fixed, &format!("/{}", "d".repeat(120)));
        assert!(deep.entry_point(&entry).starts_with("#!/bin/sh\n"));
    }

    #[test]
    fn scripts_of_wheels_keep_their_text() {
        let launcher = launcher(Relocation::Relocatable);
        let text = launcher.script(b"#!python -u\n# coding: latin-1\n\xe9\n".to_vec()).unwrap();
        assert!(text.ends_with(b"\n# coding: latin-1\n\xe9\n"));
        let plain = launcher.script(b"#!python".to_vec()).unwrap();
        assert!(plain.len() <= LONGEST_INTERPRETER_LINE, "{}", plain.len());
        for other in [&b"#!/usr/bin/python\n"[..], b"#! /bin/sh\n", b"\x7fELF", b""] {
            assert_eq!(launcher.script(other.to_vec()).unwrap(), other);
        }
    }

    #[test]
    fn no_script_is_started_by_a_program_of_the_working_directory() {
        let launcher = launcher(Relocation::Relocatable);
        assert!(launcher.script(b"#!python -W error::X\n".to_vec()).unwrap().starts_with(b"#!/usr/bin/env "));
        let long = format!("#!python {}\n", "-B ".repeat(80));
        for line in ["#!pythonic\n", "#!python ';rm'\n", "#!python $(x)\n", "#! sh\n", "#!\n", "#!./x\n", &long] {
            assert!(launcher.script(line.as_bytes().to_vec()).is_err(), "{line}");
        }
    }
}
