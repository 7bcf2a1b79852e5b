//! ELF files for another architecture than the package.
//!
//! Enters: the ELF files that wheels bring, with the wheel of each. Leaves: those that can be loaded, and, by wheel, those that
//! cannot and may stay all the same: wheels for all platforms ship helper programs for several of them (selenium), which is
//! what pip installs. What is refused is a wheel that would not work: one whose extension modules or scripts are foreign, or one
//! that is called after a platform and has no machine code for it.

use super::depends::{is_extension_module, wrong_architecture};
use super::elf::{ElfKind, ElfNeeds};
use crate::python::architecture::Architecture;
use crate::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet};

/// An ELF file and where it comes from.
#[derive(Clone, Debug)]
pub struct ElfFile {
    /// Its path in the package.
    pub path: String,
    /// What it is and needs.
    pub needs: ElfNeeds,
    /// File name of its wheel.
    pub wheel: String,
    /// What the wheel is called after.
    pub platform: Platform,
    /// Whether it is installed as a script.
    pub is_script: bool,
}

/// What the platform tag of a wheel promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// `any`: nothing.
    Any,
    /// Machine code for the platform.
    Named,
}

/// Which files can be loaded, and which stay although they cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// Path and needs of files for the package's architecture, and of files that no loader sees.
    pub loadable: Vec<(String, ElfNeeds)>,
    /// By wheel the paths of the others.
    pub foreign: BTreeMap<String, BTreeSet<String>>,
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
                    native.insert(file.wheel);
                }
                sorted.loadable.push((file.path, file.needs));
            }
        }
    }
    for (file, refusal) in foreign {
        let works = file.platform == Platform::Any || native.contains(&file.wheel);
        if works && !file.is_script && !is_extension_module(&file.path) {
            sorted.foreign.entry(file.wheel).or_default().insert(file.path);
        } else {
            refusals.push(refusal);
        }
    }
    if refusals.is_empty() { Ok(sorted) } else { Err(refusals) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Code;
    use crate::python::architecture::{ElfClass, Endianness};

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
        ElfFile { path: path.to_owned(), needs, wheel: wheel.to_owned(), platform, is_script: false }
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
            assert!(found.loadable.iter().all(|(path, _)| path == "s/linux/helper"));
            assert_eq!(found.foreign["selenium"].iter().collect::<Vec<_>>(), ["s/linux-arm64/helper"]);
        }
        let beside_native = vec![
            file("d/attach_arm64.so", ARM64, "debugger", Platform::Named),
            file("d/attach_amd64.so", AMD64, "debugger", Platform::Named),
        ];
        assert_eq!(sorted(beside_native).unwrap().foreign.len(), 1);
    }

    #[test]
    fn a_wheel_that_would_not_work_is_refused() {
        for path in ["p/_x.cpython-311-x86_64-linux-gnu.so", "p/_x.abi3.so", "p/_x.abi3t.so"] {
            assert_eq!(sorted(vec![file(path, ARM64, "p", Platform::Any)]), Err(vec![Code::ElfArchitecture]), "{path}");
        }
        let only_foreign = file("p/lib_p.so", ARM64, "p", Platform::Named);
        let of_another_wheel = file("q/lib_q.so", AMD64, "q", Platform::Named);
        assert_eq!(sorted(vec![only_foreign, of_another_wheel]), Err(vec![Code::ElfArchitecture]));
        let script = ElfFile { is_script: true, ..file("bin/tool", ARM64, "p", Platform::Any) };
        assert_eq!(sorted(vec![script]), Err(vec![Code::ElfArchitecture]));
    }

    #[test]
    fn what_no_loader_sees_is_never_foreign() {
        let mut object = file("p/probe.o", 247, "p", Platform::Named);
        object.needs.kind = ElfKind::Relocatable;
        assert_eq!(sorted(vec![object]).unwrap().loadable.len(), 1);
    }
}
