//! What files that are there still need, as the lines that a person has to write.
//!
//! Enters: the texts of debian/control, debian/rules and debian/source/format, and what the package needs. Leaves: lines for people,
//! each naming its file; none when nothing is missing. Nothing is edited: whoever wrote these files knows why they are as they are.

use super::words::PackageName;
use super::{Layout, texts};
use crate::config::{Config, SourcePath};
use crate::debhelper::control::BinaryPackage;
use std::path::Path;

/// Names of the binary packages of a debian/control, in their order.
pub fn packages(control: &str) -> Vec<PackageName> {
    names(control, "package").collect()
}

/// The name of its source package.
pub fn source(control: &str) -> Option<PackageName> {
    names(control, "source").next()
}

fn names(control: &str, field: &str) -> impl Iterator<Item = PackageName> {
    let value = move |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case(field).then(|| PackageName::parse(value.trim()))?
    };
    control.lines().filter_map(value)
}

/// What is missing in debian/control so that `package` gets a virtual environment; `needs` are the packages that building takes.
pub fn for_control(control: &str, package: &PackageName, needs: &[String]) -> Vec<String> {
    let has = build_depends(control);
    let is_there = |name: &&String| {
        let other = if *name == "dh-sequence-rustvenv" { "dh-rustvenv" } else { name.as_str() };
        has.iter().any(|word| word == *name || word == other)
    };
    let missing: Vec<&str> = needs.iter().filter(|name| !is_there(name)).map(String::as_str).collect();
    let mut lines = Vec::new();
    if !missing.is_empty() {
        lines.push(format!("debian/control: add to Build-Depends: {}", missing.join(", ")));
    }
    let old: Vec<&str> = ["dh-virtualenv", "dh-sequence-python-virtualenv"]
        .into_iter()
        .filter(|name| has.iter().any(|word| word == name))
        .collect();
    if !old.is_empty() {
        lines.push(format!("debian/control: remove from Build-Depends: {}", old.join(", ")));
    }
    if BinaryPackage::find(control, package.as_str()).is_some_and(|found| found.depends_variable().is_none()) {
        lines.push(format!("debian/control: add to Depends of {package}: ${{misc:Depends}}"));
    }
    lines
}

/// What is missing in debian/rules.
pub fn for_rules(rules: &str, control: &str) -> Vec<String> {
    let code: Vec<&str> = rules.lines().map(|line| line.split('#').next().unwrap_or_default()).collect();
    let calls = |words: &[&str]| code.iter().any(|line| words.iter().all(|word| line.contains(word)));
    let mut lines = Vec::new();
    if calls(&["python-virtualenv"]) {
        lines.push("debian/rules: write `--with rustvenv` for `--with python-virtualenv`".to_owned());
    } else if !calls(&["dh", "$@"]) && !calls(&["dh", "$*"]) {
        lines.push("debian/rules: the sequence needs a rule `%:` with the recipe `dh $@`".to_owned());
    } else if !calls(&["rustvenv"]) && build_depends(control).iter().any(|word| word == "dh-rustvenv") {
        lines.push("debian/rules: write `dh $@ --with rustvenv` for `dh $@`".to_owned());
    }
    if calls(&["override_dh_virtualenv"]) {
        lines.push("debian/rules: remove override_dh_virtualenv".to_owned());
    }
    lines
}

/// The format of a source package that is made of an upstream tarball and patches.
pub const QUILT: &str = "3.0 (quilt)";

/// What such a source package needs for wheels, and for files of ours beside upstream's, which a build does not read.
pub fn for_format(format: &str) -> Vec<String> {
    if format.trim() != QUILT {
        return Vec::new();
    }
    [
        "debian/source/options: add the line `include-binaries`, or dpkg-source refuses the wheels",
        "debian/source/options: add the line `extend-diff-ignore = \"^(rustvenv\\.toml|pylock(\\.build)?\\.toml|\\.rustvenv/.*)$\"`, or \
         dpkg-source refuses these as changes of upstream's files",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Where the configuration in `file` looks for something else than `rustvenv update` will write.
pub fn for_configuration(file: &str, config: &Config, layout: &Layout) -> Vec<String> {
    let is_other = |has: &[SourcePath], path: &Path| !has.iter().any(|one| Path::new(one.as_str()) == path);
    let mut lines = Vec::new();
    let mut line = |key: &str, value: String| lines.push(format!("{file}: write `{key} = {value}`"));
    if let Some(path) = layout.requirements.as_ref().filter(|path| is_other(&config.requirements, path)) {
        line("requirements", texts::list([path.as_path()]));
    }
    if is_other(&config.wheels, &layout.wheels) {
        line("wheels", texts::list([layout.wheels.as_path()]));
    }
    if is_other(std::slice::from_ref(&config.manifest), &layout.manifest) {
        line("manifest", texts::quoted(&layout.manifest));
    }
    lines
}

/// The names of packages in the fields of what building takes.
fn build_depends(control: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for line in control.lines().filter(|line| !line.starts_with('#')) {
        let value = if line.starts_with([' ', '\t']) {
            line
        } else {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            inside = name.to_ascii_lowercase().starts_with("build-depends");
            value
        };
        if inside {
            let word = |one: &str| {
                let end = |c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c));
                one.trim().split(end).next().unwrap_or_default().to_owned()
            };
            names.extend(value.split([',', '|']).map(word).filter(|word| !word.is_empty()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: &str = "Source: s\nBuild-Depends: debhelper-compat (= 13),\n# c\n dh-virtualenv (>= 1.0), python3:any\nPackage-List: x\n\n\
        Package: su\nArchitecture: any\nDepends: ${shlibs:Depends}\n\nPackage: s-doc\nArchitecture: all\n";

    #[test]
    fn lines_for_control() {
        let needs = ["dh-sequence-rustvenv", "python3", "python3-setuptools"].map(str::to_owned);
        assert_eq!(packages(CONTROL).iter().map(PackageName::as_str).collect::<Vec<_>>(), ["su", "s-doc"]);
        let name = PackageName::parse("su").unwrap();
        assert_eq!(
            for_control(CONTROL, &name, &needs),
            [
                "debian/control: add to Build-Depends: dh-sequence-rustvenv, python3-setuptools",
                "debian/control: remove from Build-Depends: dh-virtualenv",
                "debian/control: add to Depends of su: ${misc:Depends}",
            ]
        );
        let done =
            CONTROL.replace("dh-virtualenv (>= 1.0)", "dh-rustvenv, python3-setuptools").replace("shlibs", "misc");
        assert!(for_control(&done, &name, &needs).is_empty());
    }

    #[test]
    fn lines_for_rules() {
        let with = CONTROL.replace("dh-virtualenv", "dh-rustvenv");
        for (rules, control, expected) in [
            ("%:\n\tdh $@\n", CONTROL, ""),
            ("%:\n\tdh $@\n", with.as_str(), "write `dh $@ --with rustvenv` for `dh $@`"),
            ("%:\n\tdh $@ --with rustvenv\n", with.as_str(), ""),
            ("%:\n\tdh $@ --with python-virtualenv\n", CONTROL, "write `--with rustvenv`"),
            ("build:\n\tmake # dh $@\n", CONTROL, "`dh $@`"),
            ("%:\n\tdh $@\noverride_dh_virtualenv:\n", CONTROL, "remove override_dh_virtualenv"),
        ] {
            let lines = for_rules(rules, control);
            assert_eq!(lines.len(), usize::from(!expected.is_empty()), "{rules}: {lines:?}");
            assert!(lines.iter().all(|line| line.contains(expected)), "{rules}: {lines:?}");
        }
        assert!(for_format("3.0 (quilt)\n").len() == 2 && for_format("3.0 (native)\n").is_empty());
    }
}
