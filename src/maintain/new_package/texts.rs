//! The texts of a new package's files.
//!
//! Enters: what was decided about the package, every text of a stranger as one of `words`. Leaves: debian/control, rules, changelog,
//! copyright and source/format, debian/PKG.rustvenv and rustvenv.toml. What equals a default is left out where it would only be one
//! more line to read.

use super::Layout;
use super::back_end::BackEnd;
use super::facts::Facts;
use super::words::{self, Maintainer, PackageName};
use crate::maintain::settings::{USUAL_BUILD_LOCKS, USUAL_LOCKS};
use crate::trust::openpgp::Fingerprint;
use std::path::{Path, PathBuf};

/// The Architecture field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryArchitecture {
    /// Built for each architecture.
    Any,
    /// The same for all: no wheel can hold machine code.
    All,
}

/// How wheels come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WheelSource {
    /// Upstream's own, by the hashes of the lock.
    Upstream,
    /// Built here from upstream's sources.
    Built,
}

/// debian/control.
pub fn control(
    name: &PackageName,
    facts: &Facts,
    maintainer: &Maintainer,
    needs: &[String],
    architecture: BinaryArchitecture,
) -> String {
    let homepage = facts.homepage.as_deref().and_then(words::homepage);
    let homepage = homepage.map(|url| format!("Homepage: {url}\n")).unwrap_or_default();
    let architecture = match architecture {
        BinaryArchitecture::Any => "any",
        BinaryArchitecture::All => "all",
    };
    let project = facts.name.as_ref().map_or(name.as_str(), |name| name.as_str());
    format!(
        "Source: {name}\nSection: misc\nPriority: optional\nMaintainer: {maintainer}\nBuild-Depends: debhelper-compat (= 13), {}\n\
         Standards-Version: 4.6.2\n{homepage}Rules-Requires-Root: no\n\nPackage: {name}\nArchitecture: {architecture}\n\
         Depends: ${{misc:Depends}}\nDescription: {}\n The Python project {project} with the Python libraries that it needs, as one virtual\n environment \
         below /opt/venvs/{name}.\n",
        needs.join(", "),
        words::synopsis(facts.description.as_deref(), name.as_str()),
    )
}

/// What the source package needs to be built, beside debhelper.
pub fn needs(back_end: &BackEnd) -> Vec<String> {
    let mut needs = vec!["dh-sequence-rustvenv".to_owned(), "python3".to_owned()];
    if let BackEnd::Distribution(packages) = back_end {
        needs.extend(packages.iter().cloned());
    }
    needs
}

/// debian/rules; the sequence comes from Build-Depends.
pub const RULES: &str = "#!/usr/bin/make -f\n%:\n\tdh $@\n";

/// debian/source/format.
pub const SOURCE_FORMAT: &str = "3.0 (native)\n";

/// debian/changelog.
pub fn changelog(name: &PackageName, version: &str, maintainer: &Maintainer, seconds: u64) -> String {
    let date = words::changelog_date(seconds);
    format!("{name} ({version}) UNRELEASED; urgency=medium\n\n  * First package.\n\n -- {maintainer}  {date}\n")
}

/// debian/copyright, which only a person can complete.
pub fn copyright(name: &PackageName, facts: &Facts) -> String {
    let source = facts.homepage.as_deref().and_then(words::homepage).unwrap_or("TODO: where the source is published");
    let licence = facts.licence.as_deref().and_then(words::licence).unwrap_or("TODO");
    format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: {name}\nSource: {source}\n\
         Comment: TODO: replace what says TODO. The wheels in the package have their own\n licences; each has its text in its \
         .dist-info directory.\n\nFiles: *\nCopyright: TODO: years and names\nLicense: {licence}\n TODO: the text of the licence\n"
    )
}

/// debian/PKG.rustvenv; `listed` is the project that the signed list is going to name.
pub fn configuration(
    name: &PackageName,
    facts: &Facts,
    listed: Option<&str>,
    layout: &Layout,
    signers: &[Fingerprint],
    back_end: &BackEnd,
) -> String {
    let mut text =
        format!("# What goes into the virtual environment of the package {name}; rustvenv(5) has every key.\n");
    let mut add = |comment: &str, line: String| text.push_str(&format!("\n# {comment}\n{line}\n"));
    match &layout.requirements {
        Some(path) => add(
            "the wheels that are installed, by their hashes; `rustvenv update` writes it from the lock",
            format!("requirements = {}", list([path.as_path()])),
        ),
        None => add("the project depends on nothing", "requirements = []".to_owned()),
    }
    if let Some(path) = &layout.build_requirements {
        add(
            "the same for what builds the project's own wheel and is not installed",
            format!("build-requirements = {}", list([path.as_path()])),
        );
    }
    let signed = layout.requirements.is_some() || layout.build_requirements.is_some();
    if signed {
        let manifest = format!("manifest = {}", quoted(&layout.manifest));
        add(
            "the wheels, and the list of them that is signed",
            format!("wheels = {}\n{manifest}", list([layout.wheels.as_path()])),
        );
        if layout.keyring != Path::new("debian/signers") {
            add("the certificates of those who sign", format!("keyring = {}", list([layout.keyring.as_path()])));
        }
        let pins: Vec<&str> = signers.iter().map(Fingerprint::as_str).collect();
        add(
            "whose signatures count; with `threshold = 2` two of them have to sign",
            format!("signers = {}", strings(pins)),
        );
        if let Some(project) = listed {
            add("the list of another project is refused", format!("manifest-project = {}", string(project)));
        }
    }
    if !facts.commands.is_empty() {
        let commands = strings(facts.commands.iter().map(String::as_str));
        add("scripts that get a link in /usr/bin", format!("commands = {commands}"));
    }
    if let BackEnd::Distribution(packages) = back_end {
        let packages: Vec<&str> = packages.iter().map(String::as_str).collect();
        if !packages.is_empty() {
            text.push_str(&format!(
                "\n# What builds the project's own wheel is Debian's {}, in Build-Depends.\n",
                packages.join(", ")
            ));
        }
    }
    text
}

/// rustvenv.toml.
pub fn settings(facts: &Facts, layout: &Layout, signers: &[Fingerprint], wheels: WheelSource) -> String {
    let mut text = String::from(
        "# How `rustvenv update` makes the signed list from the lock; rustvenv(5), SETTINGS OF MAINTAINERS.\n",
    );
    // from pyproject.toml it is read anyway
    if let (Some(project), false) = (&facts.name, facts.file == "pyproject.toml") {
        text.push_str(&format!("project = {}\n", string(project.as_str())));
    }
    let is_usual =
        |locks: &[PathBuf], usual: &[&str]| matches!(locks, [one] if usual.iter().any(|name| Path::new(name) == one));
    if !is_usual(&layout.locks, USUAL_LOCKS) {
        text.push_str(&format!("locks = {}\n", list(layout.locks.iter().map(PathBuf::as_path))));
    }
    if !layout.build_locks.is_empty() && !is_usual(&layout.build_locks, USUAL_BUILD_LOCKS) {
        text.push_str(&format!("build-locks = {}\n", list(layout.build_locks.iter().map(PathBuf::as_path))));
    }
    // without dependencies what builds is all that is listed
    match (&layout.requirements, &layout.build_requirements) {
        (Some(path), Some(build)) => {
            text.push_str(&format!("requirements = {}\nbuild-requirements = {}\n", quoted(path), quoted(build)));
        }
        (Some(path), None) | (None, Some(path)) => text.push_str(&format!("requirements = {}\n", quoted(path))),
        (None, None) => {}
    }
    text.push_str(&format!("wheels = {}\n", quoted(&layout.wheels)));
    if layout.manifest != layout.wheels.join("sha256sums.txt") {
        text.push_str(&format!("manifest = {}\n", quoted(&layout.manifest)));
    }
    if layout.keyring != Path::new("debian/signers") {
        text.push_str(&format!("keyring = {}\n", list([layout.keyring.as_path()])));
    }
    text.push_str(&format!("signers = {}\n", strings(signers.iter().map(Fingerprint::as_str))));
    if wheels == WheelSource::Upstream {
        text.push_str(
            "\n# Upstream's own wheels, by the hashes of the lock: a signature says that these files were chosen, and nothing of what\n\
             # they were built from. Name projects instead of \"*\", or remove the line, to build wheels here from their sources.\n\
             upstream-wheels = [\"*\"]\n",
        );
    }
    text
}

/// A text of TOML, whose escapes are those of JSON and one more.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", texts.into_iter().map(string).collect::<Vec<_>>().join(", "))
}

pub(super) fn quoted(path: &Path) -> String {
    string(&path.to_string_lossy())
}

pub(super) fn list<'a>(paths: impl IntoIterator<Item = &'a Path>) -> String {
    format!("[{}]", paths.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::facts::Sources;
    use super::*;
    use crate::config::Config;
    use crate::debhelper::control::BinaryPackage;
    use crate::maintain::settings::Settings;

    const HOSTILE: &str = "[project]\nname = 'greet'\nversion = '1.0'\ndescription = \"\"\"A greeter.\n\nPackage: evil\n\tx\u{85}Depends: rm\"\"\"\n\
        license = \"MIT\\nFiles: *\"\n[project.scripts]\n'greet' = 'a:b'\n'x\"]\nproject = \"none' = 'a:b'\n[project.urls]\nhomepage = \"https://x/\\nBuild-Depends: y\"\n";

    fn facts(text: &str) -> Facts {
        let text = text.replace("'x\"]\nproject = \"none'", "\"x\\\"]\\nproject\"");
        Facts::read(Sources { pyproject: Some(&text), setup_cfg: None, setup_py: false }).unwrap()
    }

    #[test]
    fn no_text_of_the_project_adds_a_field() {
        let name = PackageName::parse("greet").unwrap();
        let facts = facts(HOSTILE);
        let maintainer = Maintainer::of(Some("Ann"), "ann@example.org").unwrap();
        let back_end = BackEnd::Distribution(["python3-setuptools".to_owned()].into());
        let control = control(&name, &facts, &maintainer, &needs(&back_end), BinaryArchitecture::Any);
        let fields: Vec<&str> = control
            .lines()
            .filter(|line| !line.starts_with(' '))
            .filter_map(|line| Some(line.split_once(':')?.0))
            .collect();
        assert_eq!(
            fields,
            [
                "Source",
                "Section",
                "Priority",
                "Maintainer",
                "Build-Depends",
                "Standards-Version",
                "Rules-Requires-Root",
                "Package",
                "Architecture",
                "Depends",
                "Description"
            ],
            "{control}"
        );
        assert!(
            BinaryPackage::find(&control, "evil").is_none() && control.lines().all(|line| line.chars().count() < 100)
        );
        let copyright = copyright(&name, &facts);
        assert_eq!(copyright.matches("Files:").count(), 1, "{copyright}");
        assert_eq!(facts.odd_commands.len(), 1);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let name = PackageName::parse("greet").unwrap();
        let facts = facts(HOSTILE);
        let signer = Fingerprint::parse(&"A1".repeat(20)).unwrap();
        let mut layout = Layout { locks: vec!["pylock.toml".into()], ..Layout::new() };
        layout.manifest = "debian/list".into();
        let wheels = BackEnd::Wheels { missing: Vec::new(), requires: Vec::new() };
        for (requirements, build) in [(true, false), (true, true), (false, true), (false, false)] {
            layout.requirements = requirements.then(|| "debian/requirements.txt".into());
            layout.build_requirements = build.then(|| "debian/build-requirements.txt".into());
            let text = configuration(&name, &facts, Some("greet"), &layout, std::slice::from_ref(&signer), &wheels);
            let config = Config::parse("debian/greet.rustvenv", &text, "greet").unwrap();
            assert_eq!(config.requirements.len(), usize::from(requirements));
            assert_eq!(config.signers.len(), usize::from(requirements || build));
            assert_eq!(config.commands, ["greet".to_owned()].into());
            let text = settings(&facts, &layout, std::slice::from_ref(&signer), WheelSource::Upstream);
            let settings = Settings::parse(Some(&text), None).unwrap();
            assert_eq!(settings.manifest, layout.manifest);
            assert!(settings.upstream_wheels.has(facts.name.as_ref().unwrap()));
        }
    }
}
