//! From wheels to paths: the one place that knows where things stand in the environment.
//!
//! Enters: the opened wheels and the settings. Leaves: the [`Plan`], or every reason why two things would stand in one place. The
//! schemes are those of a virtual environment of CPython (`sysconfig`, scheme `venv`); headers go where pip puts them. Seed
//! packages, `direct_url.json` and `REQUESTED` are deliberately absent: none of them is needed, and each has made packages
//! differ. Byte code is there if it is given, with a row in RECORD beside that of its source.

use super::byte_code::{ByteCodes, cache_path};
use super::launcher::Launcher;
use super::provenance::Document;
use super::{Content, Mode, Node, Plan, activate};
use crate::code::Code;
use crate::config::{Config, Relocation, SystemSitePackages};
use crate::python::interpreter::Interpreter;
use crate::python::name::ProjectName;
use crate::refusal::{Failure, Refusal};
use crate::wheel::member_path::fold;
use crate::wheel::record::Head;
use crate::wheel::{Scheme, Wheel, WheelMember, record};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What INSTALLER says (<https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-installer-file>).
const INSTALLER: &str = "dh-rustvenv\n";

/// Where the signed manifest and the provenance stand in the environment.
const DOCUMENTS: &str = "share/rustvenv";

/// What a plan is made of.
#[derive(Debug)]
pub struct Request<'a> {
    /// The wheels, at most one a project; their order does not matter.
    pub wheels: &'a [Arc<Wheel>],
    /// The interpreter.
    pub interpreter: &'a Interpreter,
    /// Absolute path of the environment on the target, without a slash at the end.
    pub location: &'a str,
    /// Name of the environment, for the prompt.
    pub name: &'a str,
    /// Whether Debian's modules are visible.
    pub system_site_packages: SystemSitePackages,
    /// How scripts start.
    pub relocation: Relocation,
    /// Scripts that become links in usr/bin.
    pub commands: Vec<String>,
    /// Files for share/rustvenv.
    pub documents: Vec<Document>,
    /// Byte code of sources, if it is to be in the plan.
    pub byte_codes: ByteCodes,
    /// Time of everything, in seconds since 1970.
    pub mtime: u64,
}

impl<'a> Request<'a> {
    /// The environment that `config` describes.
    pub fn new(
        config: &'a Config,
        location: &'a str,
        interpreter: &'a Interpreter,
        wheels: &'a [Arc<Wheel>],
        mtime: u64,
    ) -> Self {
        Self {
            wheels,
            interpreter,
            location,
            name: &config.name,
            system_site_packages: config.system_site_packages,
            relocation: config.relocation,
            commands: config.commands.iter().cloned().collect(),
            documents: Vec::new(),
            byte_codes: ByteCodes::new(),
            mtime,
        }
    }

    /// The plan.
    ///
    /// # Errors
    /// Every path that two sources claim, and every path that no wheel may claim. A failure when a wheel cannot be read.
    pub fn plan(&self) -> Result<Plan, Failure> {
        let location = self.location.trim_start_matches('/').to_owned();
        let mut builder = Builder {
            request: self,
            site_packages: format!("lib/{}/site-packages", self.interpreter.program()),
            launcher: Launcher::new(self.interpreter, self.relocation, self.location),
            planned: BTreeMap::new(),
            refusals: Vec::new(),
        };
        builder.environment();
        let mut wheels: Vec<&Arc<Wheel>> = self.wheels.iter().collect();
        wheels.sort_by_key(|wheel| wheel.name());
        for wheel in wheels {
            builder.wheel(wheel)?;
        }
        builder.case_collisions();
        Ok(builder.finish(location)?)
    }
}

/// A planned path, relative to the environment, and what to call its source.
struct Planned {
    node: Node,
    source: String,
}

struct Builder<'a> {
    request: &'a Request<'a>,
    site_packages: String,
    launcher: Launcher,
    planned: BTreeMap<String, Planned>,
    refusals: Vec<Refusal>,
}

impl Builder<'_> {
    /// What belongs to no wheel.
    fn environment(&mut self) {
        let own = "the environment itself";
        let program = self.request.interpreter.program();
        let target = self.request.interpreter.path();
        for name in ["python", "python3", &program] {
            self.add(format!("bin/{name}"), Node::Link { target: target.clone() }, own);
        }
        let visible = self.request.system_site_packages == SystemSitePackages::Visible;
        // what site.py reads, and nothing of the machine that builds
        let cfg = format!(
            "home = /usr/bin\ninclude-system-site-packages = {visible}\nversion = {}\n",
            self.request.interpreter.version()
        );
        self.add("pyvenv.cfg".to_owned(), data(cfg), own);
        for (file, text) in activate::scripts(self.request.name, self.request.location) {
            self.add(format!("bin/{file}"), data(text), own);
        }
        for document in &self.request.documents {
            self.add(format!("{DOCUMENTS}/{}", document.name), data(document.bytes.clone()), own);
        }
        // an environment without wheels still has the place for modules that the interpreter looks for
        self.add(self.site_packages.clone(), Node::Directory, own);
    }

    fn wheel(&mut self, wheel: &Arc<Wheel>) -> Result<(), Failure> {
        let source = format!("`{}`", wheel.file_name());
        // path relative to site-packages, digest and size, for RECORD
        let mut rows: Vec<(String, Content)> = Vec::new();
        let mut install = |builder: &mut Self, path: String, mode: Mode, content: Content| {
            rows.push((builder.record_path(&path), content.clone()));
            builder.claim(path, Node::File { mode, content }, &source);
        };
        for member in wheel.members() {
            let path = self.destination(wheel, member);
            // a console script that setuptools also wrote as a file is the launcher's
            if member.scheme == Scheme::Scripts && wheel.scripts().contains_key(&member.path) {
                continue;
            }
            let content = match self.content(wheel, member) {
                Ok(content) => content,
                Err(failure) => {
                    self.refusals.extend(failure.refusals()?);
                    continue;
                }
            };
            let program = member.executable || member.scheme == Scheme::Scripts;
            let byte_code = self.request.byte_codes.get(&path).cloned();
            let cache = byte_code.and_then(|bytes| Some((cache_path(&path, self.request.interpreter)?, bytes)));
            if member.scheme == Scheme::Data && is_searched_for_modules(&path) {
                let message = format!("{source} claims `{path}` through the scheme `data`");
                self.refusals.push(
                    Refusal::new(Code::PathReserved, message).expected("modules come through `purelib` or `platlib`"),
                );
                continue;
            }
            install(self, path, if program { Mode::Program } else { Mode::Data }, content);
            if let Some((path, bytes)) = cache {
                install(self, path, Mode::Data, bytes);
            }
        }
        for (name, entry) in wheel.scripts() {
            let content = Content::generated(self.launcher.entry_point(entry));
            install(self, format!("bin/{name}"), Mode::Program, content);
        }
        let dist_info = format!("{}/{}", self.site_packages, wheel.dist_info());
        install(self, format!("{dist_info}/INSTALLER"), Mode::Data, Content::generated(INSTALLER));
        let own_record = format!("{}/RECORD", wheel.dist_info());
        let record = record::render(
            rows.iter()
                .map(|(path, content)| (path.as_str(), Some(content.sha256()), Some(content.size())))
                .chain(std::iter::once((own_record.as_str(), None, None))),
        );
        self.claim(format!("{dist_info}/RECORD"), data(record), &source);
        Ok(())
    }

    fn destination(&self, wheel: &Wheel, member: &WheelMember) -> String {
        let path = &member.path;
        match member.scheme {
            Scheme::Purelib | Scheme::Platlib => format!("{}/{path}", self.site_packages),
            Scheme::Scripts => format!("bin/{path}"),
            Scheme::Data => path.clone(),
            Scheme::Headers => {
                // the name as the wheel spells it, as pip does
                let name = wheel.file_name().stem().split('-').next().unwrap_or_default();
                format!("include/site/{}/{name}/{path}", self.request.interpreter.program())
            }
        }
    }

    fn content(&self, wheel: &Arc<Wheel>, member: &WheelMember) -> Result<Content, Failure> {
        let as_it_is = || Content::Member(Arc::clone(wheel), Box::new(member.clone()));
        let is_script = match member.scheme {
            Scheme::Scripts => true,
            // the other way to bin/
            Scheme::Data => member.executable && member.path.starts_with("bin/"),
            _ => false,
        };
        // a binary program can be large and is never changed
        if !is_script || member.head != Head::Script {
            return Ok(as_it_is());
        }
        let bytes = wheel.read(member)?;
        let script = self.launcher.script(bytes.clone()).map_err(|line| {
            let message = format!(
                "`{}`: the script `{}` has no interpreter that can be relied on",
                wheel.file_name(),
                member.path
            );
            Refusal::new(Code::ScriptInterpreter, message)
                .expected("`#!python`, or an absolute path")
                .found(format!("`{line}`"))
        })?;
        Ok(if script == bytes { as_it_is() } else { Content::generated(script) })
    }

    /// `path` as RECORD has it: relative to site-packages.
    fn record_path(&self, path: &str) -> String {
        let (mut from, mut to) = (self.site_packages.split('/').peekable(), path.split('/').peekable());
        while from.peek().is_some() && from.peek() == to.peek() {
            from.next();
            to.next();
        }
        from.map(|_| "..").chain(to).collect::<Vec<_>>().join("/")
    }

    /// Adds a path that a wheel asks for, unless no wheel may have it.
    fn claim(&mut self, path: String, node: Node, source: &str) {
        if let Some(why) = self.reserved(&path, source) {
            self.refusals.push(Refusal::new(Code::PathReserved, format!("{source} claims `{path}`")).expected(why));
            return;
        }
        self.add(path, node, source);
    }

    fn reserved(&self, path: &str, source: &str) -> Option<&'static str> {
        if let Some(why) = belongs_to_the_environment(path) {
            return Some(why);
        }
        // files below the .dist-info of another project would change what is known of that one
        let first = path.strip_prefix(&self.site_packages)?.strip_prefix('/')?.split('/').next()?;
        let mut sources = self.request.wheels.iter().filter(|wheel| source == format!("`{}`", wheel.file_name()));
        let folded = first.to_ascii_lowercase();
        if folded.ends_with(".dist-info") && !sources.any(|wheel| wheel.dist_info() == first) {
            return Some("a wheel writes only to its own .dist-info");
        }
        // importlib.metadata takes an .egg-info for an installed project, too
        let project = folded.strip_suffix(".egg-info").and_then(|stem| stem.split('-').next())?;
        let own = sources.any(|wheel| ProjectName::parse(project).as_ref() == Some(wheel.name()));
        (!own).then_some("a wheel writes only to its own .egg-info")
    }

    fn add(&mut self, path: String, node: Node, source: &str) {
        for (at, _) in path.match_indices('/') {
            let parent = path.get(..at).unwrap_or_default();
            match self.planned.get(parent) {
                Some(Planned { node: Node::Directory, .. }) => {}
                Some(other) => {
                    let message = format!("`{parent}` is a file of {} and a directory of {source}", other.source);
                    self.refusals.push(Refusal::new(Code::PathCollision, message));
                    return;
                }
                None => {
                    let planned = Planned { node: Node::Directory, source: source.to_owned() };
                    self.planned.insert(parent.to_owned(), planned);
                }
            }
        }
        match self.planned.get(&path) {
            None => {
                self.planned.insert(path, Planned { node, source: source.to_owned() });
            }
            // namespace packages bring the same __init__.py, and many wheels the same licence
            Some(other) if other.node == node => {}
            Some(other) => {
                let message = format!("`{path}` comes from {} and, with other content, from {source}", other.source);
                self.refusals
                    .push(Refusal::new(Code::PathCollision, message).hint("install only one of the two projects"));
            }
        }
    }

    fn case_collisions(&mut self) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        for (path, planned) in &self.planned {
            if planned.node == Node::Directory {
                continue;
            }
            if let Some(other) = seen.insert(fold(path), path) {
                self.refusals.push(
                    Refusal::new(
                        Code::PathCase,
                        format!("`{other}` and `{path}` are one path where case does not count"),
                    )
                    .found(format!("the second is from {}", planned.source)),
                );
            }
        }
    }

    fn finish(mut self, location: String) -> Result<Plan, Vec<Refusal>> {
        let mut nodes = BTreeMap::new();
        let parents = |path: &str, nodes: &mut BTreeMap<String, Node>| {
            for (at, _) in path.match_indices('/') {
                nodes.entry(path.get(..at).unwrap_or_default().to_owned()).or_insert(Node::Directory);
            }
        };
        parents(&location, &mut nodes);
        nodes.insert(location.clone(), Node::Directory);
        for command in &self.request.commands {
            let script = format!("bin/{command}");
            if !matches!(
                self.planned.get(&script).map(|planned| &planned.node),
                Some(Node::File { mode: Mode::Program, .. })
            ) {
                let scripts: Vec<&str> = self
                    .planned
                    .iter()
                    .filter(|(_, planned)| matches!(planned.node, Node::File { mode: Mode::Program, .. }))
                    .filter_map(|(path, _)| path.strip_prefix("bin/"))
                    .collect();
                self.refusals.push(
                    Refusal::new(Code::CommandUnknown, format!("`commands`: there is no script `{command}` in bin/"))
                        .expected(scripts.join(", ")),
                );
                continue;
            }
            let path = format!("usr/bin/{command}");
            parents(&path, &mut nodes);
            nodes.insert(path, Node::Link { target: link_from_usr_bin(&format!("{location}/{script}")) });
        }
        if !self.refusals.is_empty() {
            return Err(self.refusals);
        }
        nodes.extend(self.planned.into_iter().map(|(path, planned)| (format!("{location}/{path}"), planned.node)));
        Ok(Plan { location, nodes, mtime: self.request.mtime })
    }
}

fn data(bytes: impl Into<Vec<u8>>) -> Node {
    Node::File { mode: Mode::Data, content: Content::generated(bytes) }
}

/// Why nobody but this program makes `path`, relative to the environment, in whatever case it is spelt.
pub fn belongs_to_the_environment(path: &str) -> Option<&'static str> {
    let folded = path.to_ascii_lowercase();
    if folded == "pyvenv.cfg" || folded == "lib64" || folded.starts_with("lib64/") {
        return Some("only this program makes the root of the environment");
    }
    if folded == DOCUMENTS || folded.starts_with("share/rustvenv/") {
        return Some("only this program writes to share/rustvenv");
    }
    let name = folded.strip_prefix("bin/")?.split('/').next()?;
    if is_interpreter_name(name) || name == "activate" || name.starts_with("activate.") {
        return Some("only this program makes the interpreter's names and `activate`");
    }
    is_read_by_the_interpreter(name).then_some("the interpreter reads this file to learn where it is")
}

/// `python`, `python3`, `python3.11`, `python3.13t` and the like, in lower case.
fn is_interpreter_name(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|version| {
        version.strip_suffix('t').unwrap_or(version).bytes().all(|b| b.is_ascii_digit() || b == b'.')
    })
}

/// What an interpreter reads beside itself before it knows its own modules, in lower case: `._pth` files replace sys.path,
/// pyvenv.cfg is taken from here before it is taken from the environment's root, by `site` always and by the interpreter up to
/// Python 3.10, and pybuilddir.txt says that it has not been installed.
fn is_read_by_the_interpreter(name: &str) -> bool {
    name == "pyvenv.cfg" || name.ends_with("._pth") || name == "pybuilddir.txt" || name == "activate_this.py"
}

/// Whether `path`, relative to the environment, is where an interpreter looks for modules: beside site-packages, Debian's looks
/// into dist-packages below lib/ and local/lib/.
pub fn is_searched_for_modules(path: &str) -> bool {
    let folded = path.to_ascii_lowercase();
    folded.strip_prefix("local/").unwrap_or(&folded).starts_with("lib/python")
}

/// What a link in usr/bin says to reach `path`: relative within /usr, absolute otherwise (Debian policy 10.5,
/// <https://www.debian.org/doc/debian-policy/ch-files.html#symbolic-links>).
fn link_from_usr_bin(path: &str) -> String {
    match path.strip_prefix("usr/") {
        Some(rest) => format!("../{rest}"),
        None => format!("/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_interpreter() {
        for name in ["python", "python3", "python3.11", "python3.13t", "python2"] {
            assert!(is_interpreter_name(name), "{name}");
        }
        for name in ["python-config", "pythonx", "ipython", "python3-config", "py"] {
            assert!(!is_interpreter_name(name), "{name}");
        }
    }

    #[test]
    fn files_that_lead_the_interpreter_elsewhere() {
        for name in ["pyvenv.cfg", "python._pth", "python3.11._pth", "pybuilddir.txt", "activate_this.py"] {
            assert!(is_read_by_the_interpreter(name), "{name}");
        }
        assert!(!is_read_by_the_interpreter("python_pth") && !is_read_by_the_interpreter("pyvenv"));
        for path in [
            "lib/python3.11/site-packages/x.py",
            "lib/python3/dist-packages/x.py",
            "Local/Lib/Python3.11/dist-packages/x.pth",
            "lib/python311.zip",
        ] {
            assert!(is_searched_for_modules(path), "{path}");
        }
        for path in ["lib/libx.so", "share/lib/python3.11/x", "local/share/x", "etc/python/x"] {
            assert!(!is_searched_for_modules(path), "{path}");
        }
    }

    #[test]
    fn links_follow_debian_policy() {
        assert_eq!(link_from_usr_bin("opt/venvs/a/bin/x"), "/opt/venvs/a/bin/x");
        assert_eq!(link_from_usr_bin("usr/lib/a/bin/x"), "../lib/a/bin/x");
    }
}
