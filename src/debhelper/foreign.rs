//! ELF files for another architecture than the package.
//!
//! Enters: the ELF files that wheels bring, with the wheel of each. Leaves: those that can be loaded, and, by wheel, those that
//! cannot and may stay all the same: wheels for all platforms ship helper programs for several of them (selenium), which is
//! what pip installs. What is refused is a wheel that would not work: one whose extension modules or scripts are foreign, or one
//! that is called after a platform and has no machine code for it.

use super::elf::{ElfKind, ElfNeeds};
use crate::code::Code;
use crate::python::architecture::{Architecture, ElfClass, Endianness};
use crate::python::name::ProjectName;
use crate::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};

/// An ELF file and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElfFile {
    /// Its path in the package.
    pub path: String,
    /// What it is and needs.
    pub needs: ElfNeeds,
    /// File name of its wheel.
    pub wheel: String,
    /// The project of its wheel.
    pub project: ProjectName,
    /// What the wheel is called after.
    pub platform: Platform,
    /// Whether it is installed as a script.
    pub is_script: bool,
}

/// What the platform tag of a wheel promises
/// (<https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// `any`: nothing.
    Any,
    /// `manylinux_…`: machine code that takes from the system what every distribution has.
    Manylinux,
    /// `linux_ARCH`: machine code that was linked with whatever the machine had on which it was built.
    Linux,
}

impl Platform {
    /// The promise of a wheel with these platform tags: the strongest counts for what it takes from the system.
    pub fn of<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        let mut promise = Self::Linux;
        for tag in tags {
            if tag == "any" {
                return Self::Any;
            }
            if !tag.starts_with("linux_") {
                promise = Self::Manylinux;
            }
        }
        promise
    }
}

/// Which files can be loaded, and which stay although they cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// Files for the package's architecture, and files that no loader sees.
    pub loadable: Vec<ElfFile>,
    /// By wheel the paths of the others.
    pub foreign: BTreeMap<String, BTreeSet<String>>,
    /// By soname and by file name the path of one of these.
    pub foreign_names: BTreeMap<String, String>,
}

/// Sorts `files` for a package of `architecture`.
///
/// # Errors
/// Every foreign file of a wheel that would not work.
pub fn sort(files: Vec<ElfFile>, architecture: &Architecture) -> Result<Sorted, Vec<Refusal>> {
    let mut sorted = Sorted::default();
    let mut refusals = Vec::new();
    let mut native = BTreeSet::new();
    let mut foreign = Vec::new();
    for file in files {
        let is_seen = matches!(file.needs.kind, ElfKind::Executable | ElfKind::Shared);
        match wrong_architecture(&file.path, &file.needs, architecture).filter(|_| is_seen) {
            Some(refusal) => foreign.push((file, refusal)),
            None => {
                if is_seen {
                    native.insert(file.wheel.clone());
                }
                sorted.loadable.push(file);
            }
        }
    }
    for (file, refusal) in foreign {
        let works = file.platform == Platform::Any || native.contains(&file.wheel);
        if works && !file.is_script && !is_extension_module(&file.path) {
            let file_name = file.path.rsplit('/').next().unwrap_or_default().to_owned();
            for name in file.needs.soname.into_iter().chain([file_name]) {
                sorted.foreign_names.entry(name).or_insert_with(|| file.path.clone());
            }
            sorted.foreign.entry(file.wheel).or_default().insert(file.path);
        } else {
            refusals.push(refusal);
        }
    }
    if refusals.is_empty() { Ok(sorted) } else { Err(refusals) }
}

/// Whether the file is called as CPython's extension modules are, with the tag of an ABI
/// (<https://peps.python.org/pep-3149/>).
pub(super) fn is_extension_module(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let tag = name.strip_suffix(".so").and_then(|stem| stem.rsplit_once('.')).map(|(_, tag)| tag);
    tag.is_some_and(|tag| tag.starts_with("cpython-") || matches!(tag, "abi3" | "abi3t"))
}

fn wrong_architecture(path: &str, needs: &ElfNeeds, architecture: &Architecture) -> Option<Refusal> {
    let facts = architecture.elf();
    let same = (needs.machine, needs.class, needs.endianness) == (facts.machine, facts.class, facts.endianness);
    if same && facts.accepts_flags(needs.e_flags) {
        return None;
    }
    let refusal =
        Refusal::new(Code::ElfArchitecture, format!("`{path}` is for another architecture than {architecture}"))
            .expected(look(facts.machine, facts.class, facts.endianness))
            .hint("take the wheel that was built for this architecture, or leave the file out of the wheel");
    Some(if same {
        refusal.found(format!("another calling convention: flags {:#x}", needs.e_flags))
    } else {
        refusal.found(look(needs.machine, needs.class, needs.endianness))
    })
}

fn look(machine: u16, class: ElfClass, endianness: Endianness) -> String {
    let known = Architecture::all().find(|architecture| {
        let facts = architecture.elf();
        (facts.machine, facts.class, facts.endianness) == (machine, class, endianness)
    });
    let bits = match class {
        ElfClass::Elf32 => "32-bit",
        ElfClass::Elf64 => "64-bit",
    };
    let order = match endianness {
        Endianness::Little => "little-endian",
        Endianness::Big => "big-endian",
    };
    let name = known.map(|architecture| format!("{architecture}, ")).unwrap_or_default();
    format!("{name}ELF machine {machine}, {bits}, {order}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, machine: u16, wheel: &str, platform: Platform) -> ElfFile {
        let needs = ElfNeeds {
            kind: ElfKind::Shared,
            machine,
            class: ElfClass::Elf64,
            endianness: Endianness::Little,
            e_flags: 0,
            soname: None,
            needed: Vec::new(),
            search: Vec::new(),
            versions: BTreeMap::new(),
            interpreter: None,
            dynamic: true,
            is_module: false,
        };
        let project = ProjectName::parse(wheel).unwrap();
        ElfFile { path: path.to_owned(), needs, wheel: wheel.to_owned(), project, platform, is_script: false }
    }

    const AMD64: u16 = 62;
    const ARM64: u16 = 183;

    fn sorted(files: Vec<ElfFile>) -> Result<Sorted, Vec<Code>> {
        sort(files, &Architecture::from_debian("amd64").unwrap())
            .map_err(|refusals| refusals.iter().map(|refusal| refusal.code).collect())
    }

    #[test]
    fn helpers_for_other_platforms_may_stay() {
        let helper = || file("s/linux-arm64/helper", ARM64, "selenium", Platform::Any);
        let native = file("s/linux/helper", AMD64, "selenium", Platform::Any);
        for files in [vec![helper()], vec![helper(), native]] {
            let found = sorted(files).unwrap();
            assert!(found.loadable.iter().all(|file| file.path == "s/linux/helper"));
            assert_eq!(found.foreign["selenium"].iter().collect::<Vec<_>>(), ["s/linux-arm64/helper"]);
        }
        let beside_native = vec![
            file("d/attach_arm64.so", ARM64, "debugger", Platform::Manylinux),
            file("d/attach_amd64.so", AMD64, "debugger", Platform::Manylinux),
        ];
        assert_eq!(sorted(beside_native).unwrap().foreign.len(), 1);
    }

    #[test]
    fn a_wheel_that_would_not_work_is_refused() {
        for path in ["p/_x.cpython-311-x86_64-linux-gnu.so", "p/_x.abi3.so", "p/_x.abi3t.so"] {
            assert_eq!(sorted(vec![file(path, ARM64, "p", Platform::Any)]), Err(vec![Code::ElfArchitecture]), "{path}");
        }
        let only_foreign = file("p/lib_p.so", ARM64, "p", Platform::Manylinux);
        let of_another_wheel = file("q/lib_q.so", AMD64, "q", Platform::Manylinux);
        assert_eq!(sorted(vec![only_foreign, of_another_wheel]), Err(vec![Code::ElfArchitecture]));
        let script = ElfFile { is_script: true, ..file("bin/tool", ARM64, "p", Platform::Any) };
        assert_eq!(sorted(vec![script]), Err(vec![Code::ElfArchitecture]));
    }

    #[test]
    fn other_architectures_are_refused_by_file() {
        let refused = |file: ElfFile, architecture: &str| {
            let refusals = sort(vec![file], &Architecture::from_debian(architecture).unwrap()).unwrap_err();
            refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let told = refused(file("a.so", ARM64, "p", Platform::Manylinux), "amd64");
        for part in [
            "error[elf-architecture]: `a.so` is for another architecture than amd64",
            "expected: amd64, ELF machine 62, 64-bit, little-endian",
            "found: arm64, ELF machine 183, 64-bit, little-endian",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
        let mut x32 = file("b.so", AMD64, "p", Platform::Manylinux);
        x32.needs.class = ElfClass::Elf32;
        let told = refused(x32, "amd64");
        assert!(told.contains("found: ELF machine 62, 32-bit, little-endian"), "{told}");
        let mut soft = file("s.so", 40, "p", Platform::Linux);
        soft.needs.class = ElfClass::Elf32;
        soft.needs.e_flags = 0x0500_0200;
        let told = refused(soft, "armhf");
        assert!(told.contains("found: another calling convention: flags 0x5000200"), "{told}");
    }

    #[test]
    fn tags_say_what_a_wheel_takes_from_the_system() {
        for (tags, expected) in [
            (&["any"][..], Platform::Any),
            (&["linux_x86_64"][..], Platform::Linux),
            (&["manylinux2014_x86_64", "manylinux_2_17_x86_64"][..], Platform::Manylinux),
            (&["linux_x86_64", "manylinux_2_17_x86_64"][..], Platform::Manylinux),
        ] {
            assert_eq!(Platform::of(tags.iter().copied()), expected, "{tags:?}");
        }
    }

    #[test]
    fn what_no_loader_sees_is_never_foreign() {
        let mut object = file("p/probe.o", 247, "p", Platform::Manylinux);
        object.needs.kind = ElfKind::Relocatable;
        assert_eq!(sorted(vec![object]).unwrap().loadable.len(), 1);
    }
}
