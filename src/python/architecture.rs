//! The architectures of Debian for which wheels exist, in the three languages that name them: Debian's, the platform
//! tags' and that of ELF headers.
//!
//! Enters: a Debian architecture such as `amd64` (DEB_HOST_ARCH). Leaves: [`Architecture`], from which platform tags,
//! the names of extension modules and the look of a loadable ELF file follow. The machine that builds is deliberately
//! no input, so that a cross build needs nothing more than wheels.

use std::fmt;

/// Width of addresses in an ELF file (EI_CLASS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ElfClass {
    /// ELFCLASS32.
    Elf32,
    /// ELFCLASS64.
    Elf64,
}

/// Byte order of an ELF file (EI_DATA).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endianness {
    /// ELFDATA2LSB.
    Little,
    /// ELFDATA2MSB.
    Big,
}

/// How an ELF file for an architecture looks, and who loads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElfFacts {
    /// e_machine.
    pub machine: u16,
    /// EI_CLASS.
    pub class: ElfClass,
    /// EI_DATA.
    pub endianness: Endianness,
    /// The path of glibc's dynamic loader, which an executable names in PT_INTERP.
    pub loader: &'static str,
    /// The bits of e_flags that decide about the calling convention.
    flags_mask: u32,
    /// What these bits may be.
    flags: &'static [u32],
}

impl ElfFacts {
    /// Whether a file with `e_flags` has the calling convention of the distribution's libraries.
    pub fn accepts_flags(&self, e_flags: u32) -> bool {
        self.flags.contains(&(e_flags & self.flags_mask))
    }

    /// The soname of the dynamic loader: the last component of its path.
    pub fn loader_soname(&self) -> &'static str {
        self.loader.rsplit('/').next().unwrap_or(self.loader)
    }
}

/// An architecture of Debian.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Architecture(&'static Row);

#[derive(PartialEq, Eq)]
struct Row {
    debian: &'static str,
    machine: &'static str,
    multiarch: &'static str,
    elf: ElfFacts,
}

/// Sorted by Debian's name. Machine numbers are those of the ELF registry; the loaders are those that each
/// architecture's libc6 installs.
///
/// Flags: 32-bit ARM needs EABI version 5 and must not say soft float (0x200; older linkers say nothing about float).
/// 64-bit POWER in little endian is ABI version 2, or unmarked. RISC-V needs the double-precision convention (4 of mask
/// 6) and not the reduced register set (8).
const TABLE: &[Row] = &[
    Row {
        debian: "amd64",
        machine: "x86_64",
        multiarch: "x86_64-linux-gnu",
        elf: ElfFacts {
            machine: 62,
            class: ElfClass::Elf64,
            endianness: Endianness::Little,
            loader: "/lib64/ld-linux-x86-64.so.2",
            flags_mask: 0,
            flags: &[0],
        },
    },
    Row {
        debian: "arm64",
        machine: "aarch64",
        multiarch: "aarch64-linux-gnu",
        elf: ElfFacts {
            machine: 183,
            class: ElfClass::Elf64,
            endianness: Endianness::Little,
            loader: "/lib/ld-linux-aarch64.so.1",
            flags_mask: 0,
            flags: &[0],
        },
    },
    Row {
        debian: "armhf",
        machine: "armv7l",
        multiarch: "arm-linux-gnueabihf",
        elf: ElfFacts {
            machine: 40,
            class: ElfClass::Elf32,
            endianness: Endianness::Little,
            loader: "/lib/ld-linux-armhf.so.3",
            flags_mask: 0xff00_0200,
            flags: &[0x0500_0000],
        },
    },
    Row {
        debian: "i386",
        machine: "i686",
        multiarch: "i386-linux-gnu",
        elf: ElfFacts {
            machine: 3,
            class: ElfClass::Elf32,
            endianness: Endianness::Little,
            loader: "/lib/ld-linux.so.2",
            flags_mask: 0,
            flags: &[0],
        },
    },
    Row {
        debian: "ppc64el",
        machine: "ppc64le",
        multiarch: "powerpc64le-linux-gnu",
        elf: ElfFacts {
            machine: 21,
            class: ElfClass::Elf64,
            endianness: Endianness::Little,
            loader: "/lib64/ld64.so.2",
            flags_mask: 3,
            flags: &[0, 2],
        },
    },
    Row {
        debian: "riscv64",
        machine: "riscv64",
        multiarch: "riscv64-linux-gnu",
        elf: ElfFacts {
            machine: 243,
            class: ElfClass::Elf64,
            endianness: Endianness::Little,
            loader: "/lib/ld-linux-riscv64-lp64d.so.1",
            flags_mask: 0xe,
            flags: &[4],
        },
    },
    Row {
        debian: "s390x",
        machine: "s390x",
        multiarch: "s390x-linux-gnu",
        elf: ElfFacts {
            machine: 22,
            class: ElfClass::Elf64,
            endianness: Endianness::Big,
            loader: "/lib/ld64.so.1",
            flags_mask: 0,
            flags: &[0],
        },
    },
];

impl Architecture {
    /// Every architecture that is known, in the order of Debian's names.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(Self)
    }

    /// From Debian's name, as dpkg-architecture and the Architecture field spell it; `None` for an architecture for
    /// which no wheels with a platform tag exist, and for `all` and `any`.
    pub fn from_debian(name: &str) -> Option<Self> {
        Self::all().find(|architecture| architecture.debian() == name)
    }

    /// Debian's name: `amd64`.
    pub fn debian(&self) -> &'static str {
        self.0.debian
    }

    /// The machine in a platform tag, which is what `uname -m` says there: `x86_64`
    /// (<https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/>).
    pub fn machine(&self) -> &'static str {
        self.0.machine
    }

    /// Debian's multiarch triplet, which stands in the suffix of extension modules: `x86_64-linux-gnu`.
    pub fn multiarch(&self) -> &'static str {
        self.0.multiarch
    }

    /// How an ELF file for it looks.
    pub fn elf(&self) -> &'static ElfFacts {
        &self.0.elf
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.debian())
    }
}

impl fmt::Debug for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Architecture({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_three_languages() {
        for (debian, machine, multiarch, loader) in [
            ("amd64", "x86_64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
            ("arm64", "aarch64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
            ("armhf", "armv7l", "arm-linux-gnueabihf", "ld-linux-armhf.so.3"),
            ("i386", "i686", "i386-linux-gnu", "ld-linux.so.2"),
            ("ppc64el", "ppc64le", "powerpc64le-linux-gnu", "ld64.so.2"),
            ("riscv64", "riscv64", "riscv64-linux-gnu", "ld-linux-riscv64-lp64d.so.1"),
            ("s390x", "s390x", "s390x-linux-gnu", "ld64.so.1"),
        ] {
            let architecture = Architecture::from_debian(debian).unwrap();
            assert_eq!(architecture.machine(), machine);
            assert_eq!(architecture.multiarch(), multiarch);
            assert_eq!(architecture.elf().loader_soname(), loader);
        }
        for none in ["all", "any", "x86_64", "AMD64", "", "hurd-amd64", "armel"] {
            assert!(Architecture::from_debian(none).is_none(), "{none}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_says_each_thing_once() {
        let names: Vec<_> = Architecture::all().map(|architecture| architecture.debian()).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(names, sorted);
    }

    #[test]
    fn calling_conventions_are_told_apart() {
        let accepts = |debian: &str, flags| Architecture::from_debian(debian).unwrap().elf().accepts_flags(flags);
        // hard float said, and not said
        assert!(accepts("armhf", 0x0500_0400) && accepts("armhf", 0x0500_0000));
        assert!(!accepts("armhf", 0x0500_0200), "soft float");
        assert!(!accepts("armhf", 0x0400_0000), "EABI 4");
        assert!(accepts("riscv64", 0x5) && accepts("riscv64", 0x4));
        assert!(!accepts("riscv64", 0x1), "soft float");
        assert!(!accepts("riscv64", 0x3), "single precision");
        assert!(accepts("ppc64el", 2) && accepts("ppc64el", 0));
        assert!(!accepts("ppc64el", 1), "ELFv1");
    }
}
