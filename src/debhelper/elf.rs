//! What one ELF file needs from the system: libraries, symbol versions, the loader.
//!
//! Enters: a file of a wheel as a [`Blob`], hostile until shown otherwise; a few pages of it are read. Leaves: [`ElfNeeds`], or the reason why the
//! file is malformed. The file is read as the dynamic loader reads it: program headers, then the dynamic segment by its
//! address. Section headers are deliberately not looked at: the loader ignores them, tools strip or misplace them, and
//! a file that says one thing in sections and another in segments would show a reviewer something else than what is
//! loaded.
//!
//! Every table has a bound and every chain runs forward only, so the cost is linear in the size of the file.
//! Specification: <https://gabi.xinuos.com/>; symbol versions:
//! <https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html>.

use crate::blob::Blob;
use crate::python::architecture::{ElfClass, Endianness};
use crate::refusal::Failure;
use elf::abi;
use elf::dynamic::{Dyn, DynamicTable};
use elf::endian::{AnyEndian, EndianParse as _};
use elf::file::{Class, ELF32_EHDR_TAILSIZE, ELF64_EHDR_TAILSIZE, FileHeader, parse_ident};
use elf::parse::{ParseAt as _, ParseError};
use elf::segment::{ProgramHeader, SegmentTable};
use std::collections::{BTreeMap, BTreeSet};

/// Entries of a dynamic segment: real ones have some 40.
const DYNAMIC_ENTRIES: usize = 10_000;
/// Libraries that one file needs: real ones have up to 100.
const NEEDED: usize = 2_000;
/// Symbol versions that one file needs: real ones have up to 50.
const VERSIONS: usize = 20_000;
/// Bytes of a library's or version's name, and of the loader's path: PATH_MAX.
const NAME_LENGTH: usize = 4_096;
/// Bytes of a search path: long build paths repeated for every dependency.
const SEARCH_LENGTH: usize = 65_536;
/// Bytes of the table of needed versions: 16 for each library and each version.
const VERSIONS_SIZE: u64 = 1 << 20;

/// What an ELF file is for (e_type).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ElfKind {
    /// ET_REL: input of a linker (`.o`), which nothing loads.
    Relocatable,
    /// ET_EXEC: a program at a fixed address.
    Executable,
    /// ET_DYN: a shared library, an extension module or a position-independent program.
    Shared,
    /// ET_CORE and values that an operating system or processor reserves, which nothing loads.
    Other,
}

/// What one ELF file is and what it needs in order to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElfNeeds {
    /// What it is for.
    pub kind: ElfKind,
    /// e_machine.
    pub machine: u16,
    /// Width of addresses.
    pub class: ElfClass,
    /// Byte order.
    pub endianness: Endianness,
    /// e_flags, the meaning of which depends on the machine.
    pub e_flags: u32,
    /// DT_SONAME: the name under which others need this file.
    pub soname: Option<String>,
    /// DT_NEEDED and DT_FILTER: what is loaded with this file, in the order of the file.
    pub needed: Vec<String>,
    /// Directories in which the loader looks first: DT_RUNPATH, or DT_RPATH where that is absent.
    pub search: Vec<String>,
    /// The symbol versions that have to be in each library, by its soname.
    pub versions: BTreeMap<String, BTreeSet<String>>,
    /// PT_INTERP: the loader that the kernel starts for a program.
    pub interpreter: Option<String>,
    /// Whether there is a dynamic segment; a static program has none.
    pub dynamic: bool,
    /// Whether a function `PyInit_…` is among its names, as in every extension module of Python, whatever its file is called.
    pub is_module: bool,
}

/// Why a file says nothing about what it needs.
#[derive(Debug)]
pub enum Fault {
    /// It is malformed: a phrase fit to follow the name of the file and a colon.
    Malformed(String),
    /// It cannot be read.
    Unable(Failure),
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self::Malformed(what)
    }
}

impl From<&str> for Fault {
    fn from(what: &str) -> Self {
        Self::Malformed(what.to_owned())
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self::Unable(failure)
    }
}

/// Whether a file that begins with `first4` claims to be ELF.
pub fn is_elf(first4: &[u8]) -> bool {
    first4.starts_with(&abi::ELFMAGIC)
}

/// Reads what the ELF file `bytes` needs.
///
/// Relocatable files and static programs are well-formed and need nothing.
///
/// # Errors
/// What is malformed, or that the bytes cannot be read.
pub fn read(bytes: &Blob) -> Result<ElfNeeds, Fault> {
    let header = header(bytes)?;
    let kind = match header.e_type {
        abi::ET_REL => ElfKind::Relocatable,
        abi::ET_EXEC => ElfKind::Executable,
        abi::ET_DYN => ElfKind::Shared,
        _ => ElfKind::Other,
    };
    let mut needs = ElfNeeds {
        kind,
        machine: header.e_machine,
        class: match header.class {
            Class::ELF32 => ElfClass::Elf32,
            Class::ELF64 => ElfClass::Elf64,
        },
        endianness: if header.endianness.is_little() { Endianness::Little } else { Endianness::Big },
        e_flags: header.e_flags,
        soname: None,
        needed: Vec::new(),
        search: Vec::new(),
        versions: BTreeMap::new(),
        interpreter: None,
        dynamic: false,
        is_module: false,
    };
    if matches!(kind, ElfKind::Relocatable | ElfKind::Other) {
        return Ok(needs);
    }
    let image = Image::of(bytes, &header)?;
    if let Some(interpreter) = one(&image, abi::PT_INTERP, "program interpreters")? {
        let path = bytes
            .part(interpreter.p_offset, interpreter.p_filesz)
            .ok_or("the path of the program interpreter lies outside of the file")?;
        needs.interpreter = Some(text(&path, 0, NAME_LENGTH)?);
    }
    if let Some(dynamic) = one(&image, abi::PT_DYNAMIC, "dynamic segments")? {
        // a file of debugging symbols keeps the header and drops the content
        if dynamic.p_filesz > 0 {
            needs.dynamic = true;
            read_dynamic(&image, &dynamic, &mut needs)?;
        }
    }
    Ok(needs)
}

fn malformed(what: &str) -> impl FnOnce(ParseError) -> String {
    move |error| format!("{what}: {error}")
}

fn header(bytes: &Blob) -> Result<FileHeader<AnyEndian>, Fault> {
    let cut_off = "the file ends within the ELF header";
    let ident = bytes.read(0, abi::EI_NIDENT as u64)?.ok_or(cut_off)?;
    let ident = parse_ident::<AnyEndian>(&ident).map_err(malformed("the ELF header is invalid"))?;
    let tail = match ident.1 {
        Class::ELF32 => ELF32_EHDR_TAILSIZE,
        Class::ELF64 => ELF64_EHDR_TAILSIZE,
    };
    let tail = bytes.read(abi::EI_NIDENT as u64, tail as u64)?.ok_or(cut_off)?;
    Ok(FileHeader::parse_tail(ident, &tail).map_err(malformed("the ELF header is invalid"))?)
}

/// The file as the loader maps it.
struct Image<'a> {
    bytes: &'a Blob,
    endian: AnyEndian,
    class: Class,
    segments: Vec<ProgramHeader>,
}

impl<'a> Image<'a> {
    fn of(bytes: &'a Blob, header: &FileHeader<AnyEndian>) -> Result<Self, Fault> {
        let mut image = Self { bytes, endian: header.endianness, class: header.class, segments: Vec::new() };
        if header.e_phnum == 0 {
            return Ok(image);
        }
        if header.e_phnum == abi::PN_XNUM {
            // the count would stand in a section header, where no loader looks
            return Err("there are more program headers than a loader reads".into());
        }
        let size = ProgramHeader::size_for(header.class);
        if usize::from(header.e_phentsize) != size {
            return Err(
                format!("a program header is said to have {} bytes instead of {size}", header.e_phentsize).into()
            );
        }
        let length = u64::try_from(size).unwrap_or(u64::MAX).saturating_mul(u64::from(header.e_phnum));
        let table = bytes.read(header.e_phoff, length)?.ok_or("the program headers lie outside of the file")?;
        image.segments = SegmentTable::new(header.endianness, header.class, &table).iter().collect();
        Ok(image)
    }

    /// Where in the file the bytes are that are mapped at `address`, and those bytes, up to the end of the file's part of that
    /// segment.
    fn at(&self, address: u64, what: &str) -> Result<(u64, Blob), String> {
        let mut found: Option<(u64, u64)> = None;
        for segment in self.segments.iter().filter(|segment| segment.p_type == abi::PT_LOAD) {
            let Some(distance) = address.checked_sub(segment.p_vaddr) else { continue };
            if distance >= segment.p_filesz {
                continue;
            }
            let offset = segment.p_offset.checked_add(distance).ok_or("a segment ends beyond the largest address")?;
            match found {
                Some((other, _)) if other != offset => {
                    return Err(format!("two segments claim the address of {what}"));
                }
                _ => found = Some((offset, segment.p_filesz - distance)),
            }
        }
        let (offset, length) = found.ok_or_else(|| format!("{what} is in no segment of the file"))?;
        let found = self.bytes.part(offset, length).ok_or_else(|| format!("{what} lies outside of the file"))?;
        Ok((offset, found))
    }
}

/// The one segment of type `kind`; loaders disagree on which of several counts.
fn one(image: &Image<'_>, kind: u32, what: &str) -> Result<Option<ProgramHeader>, String> {
    let mut found = image.segments.iter().filter(|segment| segment.p_type == kind);
    let first = found.next().copied();
    if found.next().is_some() { Err(format!("there are two {what}")) } else { Ok(first) }
}

/// The NUL-terminated text of at most `limit` bytes at `offset` of `table`.
fn text(table: &Blob, offset: u64, limit: usize) -> Result<String, Fault> {
    let mut start = vec![0; limit.min(usize::try_from(table.len().saturating_sub(offset)).unwrap_or(limit))];
    table.fill(offset, &mut start)?;
    let end = start.iter().position(|&byte| byte == 0).ok_or("a name has no end, or is too long")?;
    let name = start.get(..end).unwrap_or_default();
    match std::str::from_utf8(name) {
        Ok(name) => Ok(name.to_owned()),
        Err(_) => Err(format!("a name is not UTF-8: `{}`", name.escape_ascii()).into()),
    }
}

/// Whether `wanted` stands anywhere in `table`.
fn contains(table: &Blob, wanted: &[u8]) -> Result<bool, Failure> {
    let mut found = false;
    let mut seen = Vec::new();
    table.copy(&mut |piece| {
        seen.extend_from_slice(piece);
        found = found || seen.windows(wanted.len()).any(|window| window == wanted);
        // it may begin at the end of one piece
        seen.drain(..seen.len().saturating_sub(wanted.len()));
        Ok(())
    })?;
    Ok(found)
}

fn name(table: &Blob, offset: u64) -> Result<String, Fault> {
    let name = text(table, offset, NAME_LENGTH)?;
    if name.is_empty() { Err("a library or version without name is needed".into()) } else { Ok(name) }
}

/// Those entries of a dynamic segment that say what is needed; addresses and offsets unresolved.
#[derive(Default)]
struct Dynamic {
    strings: Option<u64>,
    strings_size: Option<u64>,
    soname: Option<u64>,
    runpath: Option<u64>,
    rpath: Option<u64>,
    versions: Option<u64>,
    version_count: Option<u64>,
    needed: Vec<u64>,
}

impl Dynamic {
    fn add(&mut self, entry: &Dyn) -> Result<(), String> {
        // loaders take the last of two, other readers the first
        let (slot, tag) = match entry.d_tag {
            abi::DT_STRTAB => (&mut self.strings, "DT_STRTAB"),
            abi::DT_STRSZ => (&mut self.strings_size, "DT_STRSZ"),
            abi::DT_SONAME => (&mut self.soname, "DT_SONAME"),
            abi::DT_RUNPATH => (&mut self.runpath, "DT_RUNPATH"),
            abi::DT_RPATH => (&mut self.rpath, "DT_RPATH"),
            abi::DT_VERNEED => (&mut self.versions, "DT_VERNEED"),
            abi::DT_VERNEEDNUM => (&mut self.version_count, "DT_VERNEEDNUM"),
            abi::DT_NEEDED | DT_FILTER => {
                self.needed.push(entry.d_val());
                return if self.needed.len() > NEEDED {
                    Err("too many libraries are needed".to_owned())
                } else {
                    Ok(())
                };
            }
            _ => return Ok(()),
        };
        match slot.replace(entry.d_val()) {
            None => Ok(()),
            Some(_) => Err(format!("the dynamic segment has two entries {tag}")),
        }
    }
}

/// A library that stands in for parts of this one; the loader loads it as if it were needed.
const DT_FILTER: i64 = 0x7fff_ffff;

fn read_dynamic(image: &Image<'_>, segment: &ProgramHeader, needs: &mut ElfNeeds) -> Result<(), Fault> {
    let (offset, mapped) = image.at(segment.p_vaddr, "the dynamic segment")?;
    // the loader goes by the address, most tools by the offset: they have to mean the same bytes
    if image.bytes.part(segment.p_offset, segment.p_filesz).is_none() {
        return Err("the dynamic segment lies outside of the file".into());
    }
    if offset != segment.p_offset || mapped.len() < segment.p_filesz {
        return Err("address and offset of the dynamic segment disagree".into());
    }
    // one entry more than is accepted, so that an excess is seen
    let most = (DYNAMIC_ENTRIES as u64 + 1) * Dyn::size_for(image.class) as u64;
    let listed = mapped.read(0, segment.p_filesz.min(most))?.unwrap_or_default();
    let mut dynamic = Dynamic::default();
    let mut ended = false;
    for (n, entry) in DynamicTable::new(image.endian, image.class, &listed).iter().enumerate() {
        if entry.d_tag == abi::DT_NULL {
            ended = true;
            break;
        }
        if n >= DYNAMIC_ENTRIES {
            return Err("the dynamic segment has too many entries".into());
        }
        dynamic.add(&entry)?;
    }
    if !ended {
        return Err("the dynamic segment has no end".into());
    }

    let strings = match (dynamic.strings, dynamic.strings_size) {
        (Some(address), Some(size)) => {
            let (_, table) = image.at(address, "the table of names")?;
            table.part(0, size).ok_or("the table of names is larger than its segment")?
        }
        (None, None) => Blob::from(Vec::new()),
        _ => return Err("the table of names has an address without size, or a size without address".into()),
    };
    needs.is_module = contains(&strings, b"PyInit_")?;
    needs.soname = dynamic.soname.map(|offset| name(&strings, offset)).transpose()?;
    for offset in dynamic.needed {
        needs.needed.push(name(&strings, offset)?);
    }
    if let Some(offset) = dynamic.runpath.or(dynamic.rpath) {
        let search = text(&strings, offset, SEARCH_LENGTH)?;
        needs.search = search.split(':').filter(|entry| !entry.is_empty()).map(str::to_owned).collect();
    }
    match (dynamic.versions, dynamic.version_count) {
        (None, None | Some(0)) => Ok(()),
        (Some(address), Some(count)) => {
            let (_, table) = image.at(address, "the table of needed versions")?;
            let table = table.read(0, table.len().min(VERSIONS_SIZE))?.unwrap_or_default();
            needs.versions = read_versions(image.endian, &table, count, &strings)?;
            Ok(())
        }
        _ => Err("the table of needed versions has an address without count, or a count without address".into()),
    }
}

/// Elf_Verneed and Elf_Vernaux, which are alike in both classes: one chain of libraries, and from each a chain of
/// versions.
fn read_versions(
    endian: AnyEndian,
    table: &[u8],
    count: u64,
    strings: &Blob,
) -> Result<BTreeMap<String, BTreeSet<String>>, Fault> {
    let half = |offset: usize| {
        let mut at = offset;
        Ok::<_, Fault>(
            endian.parse_u16_at(&mut at, table).map_err(malformed("the table of needed versions is cut off"))?,
        )
    };
    let word = |offset: usize| {
        let mut at = offset;
        let value =
            endian.parse_u32_at(&mut at, table).map_err(malformed("the table of needed versions is cut off"))?;
        usize::try_from(value).map_err(|_| Fault::from("an offset is too large"))
    };
    let step = |from: usize, distance: usize| from.checked_add(distance).ok_or("an offset is too large");
    let string = |offset: usize| name(strings, u64::try_from(offset).unwrap_or(u64::MAX));

    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut total = 0;
    let mut libraries = 0;
    let mut at = 0;
    loop {
        if half(at)? != abi::VER_NEED_CURRENT {
            return Err("a needed version has an unknown format".into());
        }
        let expected = half(step(at, 2)?)?;
        let library = versions.entry(string(word(step(at, 4)?)?)?).or_default();
        let mut entry = step(at, word(step(at, 8)?)?)?;
        for n in 1..=expected {
            total += 1;
            if total > VERSIONS {
                return Err("too many symbol versions are needed".into());
            }
            library.insert(string(word(step(entry, 8)?)?)?);
            match word(step(entry, 12)?)? {
                0 if n < expected => return Err("a library has fewer versions than it says".into()),
                0 => {}
                _ if n == expected => return Err("a library has more versions than it says".into()),
                distance => entry = step(entry, distance)?,
            }
        }
        libraries += 1;
        if libraries > NEEDED {
            return Err("versions of too many libraries are needed".into());
        }
        match word(step(at, 12)?)? {
            0 => break,
            distance => at = step(at, distance)?,
        }
    }
    if u64::try_from(libraries) == Ok(count) {
        Ok(versions)
    } else {
        Err(format!("versions of {libraries} libraries are needed, and {count} are announced").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::PIECE;

    /// As the tests want it: from bytes, and only what is malformed.
    fn read(bytes: &[u8]) -> Result<ElfNeeds, String> {
        super::read(&Blob::from(bytes.to_vec())).map_err(|fault| match fault {
            Fault::Malformed(what) => what,
            Fault::Unable(failure) => panic!("{failure}"),
        })
    }

    /// A small ELF file, its one PT_LOAD mapped away from its offset.
    #[derive(Clone)]
    struct Craft {
        kind: u16,
        machine: u16,
        class: Class,
        big: bool,
        interpreter: Option<&'static str>,
        soname: Option<&'static str>,
        needed: Vec<&'static str>,
        rpath: Option<&'static str>,
        runpath: Option<&'static str>,
        versions: Vec<(&'static str, Vec<&'static str>)>,
        dynamic: bool,
    }

    const BASE: u64 = 0x40_0000;

    impl Craft {
        fn library() -> Self {
            Self {
                kind: abi::ET_DYN,
                machine: abi::EM_X86_64,
                class: Class::ELF64,
                big: false,
                interpreter: None,
                soname: Some("libown.so.1"),
                needed: vec!["libc.so.6", "libm.so.6"],
                rpath: None,
                runpath: Some("$ORIGIN/../own.libs::/opt/x"),
                versions: vec![("libc.so.6", vec!["GLIBC_2.2.5", "GLIBC_2.17"]), ("libm.so.6", vec!["GLIBC_2.27"])],
                dynamic: true,
            }
        }

        fn number(&self, size: usize, value: u64) -> Vec<u8> {
            if self.big { value.to_be_bytes()[8 - size..].to_vec() } else { value.to_le_bytes()[..size].to_vec() }
        }

        fn address(&self, value: u64) -> Vec<u8> {
            self.number(if self.class == Class::ELF64 { 8 } else { 4 }, value)
        }

        fn segment(&self, kind: u32, offset: u64, size: u64) -> Vec<u8> {
            let vaddr = self.address(offset + BASE);
            let (offset, size, kind, flags) =
                (self.address(offset), self.address(size), self.number(4, kind.into()), self.number(4, 4));
            match self.class {
                Class::ELF64 => {
                    [kind, flags, offset, vaddr.clone(), vaddr, size.clone(), size, self.address(1)].concat()
                }
                Class::ELF32 => {
                    [kind, offset, vaddr.clone(), vaddr, size.clone(), size, flags, self.address(1)].concat()
                }
            }
        }

        fn bytes(&self) -> Vec<u8> {
            let sixty_four = self.class == Class::ELF64;
            let (header_size, segment_size): (u64, u64) = if sixty_four { (64, 56) } else { (52, 32) };
            let mut strings = vec![0];
            let mut string = |text: &str| {
                let offset = strings.len() as u64;
                strings.extend(text.as_bytes());
                strings.push(0);
                offset
            };
            let mut entries: Vec<(i64, u64)> = Vec::new();
            for needed in &self.needed {
                entries.push((abi::DT_NEEDED, string(needed)));
            }
            for (tag, value) in
                [(abi::DT_SONAME, self.soname), (abi::DT_RPATH, self.rpath), (abi::DT_RUNPATH, self.runpath)]
            {
                entries.extend(value.map(|value| (tag, string(value))));
            }
            let mut versions = Vec::new();
            for (n, (library, nodes)) in self.versions.iter().enumerate() {
                let next = if n + 1 == self.versions.len() { 0 } else { 16 * (nodes.len() as u64 + 1) };
                versions.extend(self.number(2, 1));
                versions.extend(self.number(2, nodes.len() as u64));
                versions.extend(self.number(4, string(library)));
                versions.extend(self.number(4, 16));
                versions.extend(self.number(4, next));
                for (m, node) in nodes.iter().enumerate() {
                    versions.extend(self.number(4, 0x1234));
                    versions.extend(self.number(2, 0));
                    versions.extend(self.number(2, 2 + m as u64));
                    versions.extend(self.number(4, string(node)));
                    versions.extend(self.number(4, if m + 1 == nodes.len() { 0 } else { 16 }));
                }
            }
            let interpreter = self.interpreter.map(|path| [path.as_bytes(), b"\0"].concat()).unwrap_or_default();

            let count = 1 + u64::from(self.interpreter.is_some()) + u64::from(self.dynamic);
            let interpreter_at = header_size + segment_size * count;
            let strings_at = interpreter_at + interpreter.len() as u64;
            let versions_at = strings_at + strings.len() as u64;
            let dynamic_at = versions_at + versions.len() as u64;
            entries.push((abi::DT_STRTAB, strings_at + BASE));
            entries.push((abi::DT_STRSZ, strings.len() as u64));
            if !self.versions.is_empty() {
                entries.push((abi::DT_VERNEED, versions_at + BASE));
                entries.push((abi::DT_VERNEEDNUM, self.versions.len() as u64));
            }
            entries.push((abi::DT_NULL, 0));
            let dynamic: Vec<u8> = entries
                .iter()
                .flat_map(|(tag, value)| [self.address(tag.unsigned_abs()), self.address(*value)].concat())
                .collect();
            let end = dynamic_at + if self.dynamic { dynamic.len() as u64 } else { 0 };

            let mut out = b"\x7fELF".to_vec();
            out.extend([if sixty_four { 2 } else { 1 }, if self.big { 2 } else { 1 }, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            out.extend(self.number(2, self.kind.into()));
            out.extend(self.number(2, self.machine.into()));
            out.extend(self.number(4, 1));
            // section headers that are claimed and not there, as a careless strip leaves them
            for value in [0, header_size, 0xffff_0000] {
                out.extend(self.address(value));
            }
            out.extend(self.number(4, 0x5));
            for value in [header_size, segment_size, count, 64, 30, 29] {
                out.extend(self.number(2, value));
            }
            out.extend(self.segment(abi::PT_LOAD, 0, end));
            if self.interpreter.is_some() {
                out.extend(self.segment(abi::PT_INTERP, interpreter_at, interpreter.len() as u64));
            }
            if self.dynamic {
                out.extend(self.segment(abi::PT_DYNAMIC, dynamic_at, dynamic.len() as u64));
            }
            out.extend(interpreter);
            out.extend(&strings);
            out.extend(versions);
            if self.dynamic {
                out.extend(dynamic);
            }
            assert_eq!(out.len() as u64, end);
            out
        }
    }

    #[test]
    fn an_extension_module_is_known_by_its_names() {
        assert!(!read(&Craft::library().bytes()).unwrap().is_module);
        assert!(read(&Craft { needed: vec!["PyInit_libx"], ..Craft::library() }.bytes()).unwrap().is_module);
        for before in [0, 1, PIECE - 3, PIECE, 2 * PIECE - 6] {
            let table = [vec![b'x'; before], b"PyInit_x".to_vec(), vec![0; PIECE]].concat();
            assert!(contains(&Blob::from(table.clone()), b"PyInit_").unwrap(), "{before}");
            assert!(!contains(&Blob::from(table), b"PyInit_y").unwrap(), "{before}");
        }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn both_classes_and_byte_orders_are_read() {
        for class in [Class::ELF64, Class::ELF32] {
            for big in [false, true] {
                let needs = read(&Craft { class, big, ..Craft::library() }.bytes()).unwrap();
                assert_eq!(needs.kind, ElfKind::Shared);
                assert_eq!(needs.machine, abi::EM_X86_64);
                assert_eq!(needs.class == ElfClass::Elf64, class == Class::ELF64);
                assert_eq!(needs.endianness == Endianness::Big, big);
                assert_eq!(needs.e_flags, 5);
                assert_eq!(needs.soname.as_deref(), Some("libown.so.1"));
                assert_eq!(needs.needed, ["libc.so.6", "libm.so.6"]);
                assert_eq!(needs.search, ["$ORIGIN/../own.libs", "/opt/x"]);
                assert_eq!(needs.versions["libc.so.6"], set(&["GLIBC_2.17", "GLIBC_2.2.5"]));
                assert_eq!(needs.versions["libm.so.6"], set(&["GLIBC_2.27"]));
                assert_eq!(needs.interpreter, None);
                assert!(needs.dynamic);
            }
        }
    }

    #[test]
    fn a_runpath_hides_an_rpath() {
        let craft = Craft { rpath: Some("/old"), ..Craft::library() };
        assert_eq!(read(&craft.bytes()).unwrap().search, ["$ORIGIN/../own.libs", "/opt/x"]);
        let craft = Craft { runpath: None, ..craft };
        assert_eq!(read(&craft.bytes()).unwrap().search, ["/old"]);
    }

    #[test]
    fn programs_name_their_loader() {
        let craft = Craft { kind: abi::ET_EXEC, interpreter: Some("/lib64/ld-linux-x86-64.so.2"), ..Craft::library() };
        let needs = read(&craft.bytes()).unwrap();
        assert_eq!(needs.kind, ElfKind::Executable);
        assert_eq!(needs.interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
    }

    #[test]
    fn static_programs_and_linker_input_need_nothing() {
        let static_program = read(&Craft { kind: abi::ET_EXEC, dynamic: false, ..Craft::library() }.bytes()).unwrap();
        assert!(!static_program.dynamic && static_program.needed.is_empty() && static_program.versions.is_empty());
        let object = read(&Craft { kind: abi::ET_REL, ..Craft::library() }.bytes()).unwrap();
        assert_eq!(object.kind, ElfKind::Relocatable);
        assert!(!object.dynamic && object.needed.is_empty());
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_malformed() {
        let whole = Craft { interpreter: Some("/lib/ld"), ..Craft::library() }.bytes();
        assert!(read(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn no_byte_of_a_file_can_cause_a_panic() {
        for class in [Class::ELF64, Class::ELF32] {
            let whole = Craft { class, interpreter: Some("/lib/ld"), ..Craft::library() }.bytes();
            for at in 0..whole.len() {
                for value in [0, 1, 0x7f, 0x80, 0xff, whole[at] ^ 1, whole[at].wrapping_add(16)] {
                    let mut changed = whole.clone();
                    changed[at] = value;
                    let _ = read(&changed);
                }
            }
        }
    }

    /// The offset of the only place where `pattern` stands in `bytes`.
    fn find(bytes: &[u8], pattern: &[u8]) -> usize {
        let places: Vec<_> =
            bytes.windows(pattern.len()).enumerate().filter(|(_, w)| *w == pattern).map(|(n, _)| n).collect();
        assert_eq!(places.len(), 1, "{pattern:x?}");
        places[0]
    }

    #[test]
    fn what_two_readers_would_read_differently_is_malformed() {
        let craft = Craft::library();
        let whole = craft.bytes();
        let error = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut changed = whole.clone();
            change(&mut changed);
            read(&changed).expect_err("malformed")
        };
        // the second program header, its offset at 8
        let dynamic = 64 + 56;
        assert!(error(&|file| file[dynamic + 8] ^= 0x10).contains("disagree"));
        // DT_SONAME, which is 14, becomes a second DT_RUNPATH
        let soname = find(&whole, &[14, 0, 0, 0, 0, 0, 0, 0]);
        assert!(error(&|file| file[soname] = 29).contains("two entries DT_RUNPATH"));
        // DT_NULL at the very end becomes DT_NEEDED
        assert!(error(&|file| file[whole.len() - 16] = 1).contains("no end"));
        assert!(error(&|file| file[64] = 2).contains("two dynamic segments"));
        let count = find(&whole, &[0xff, 0xff, 0xff, 0x6f, 0, 0, 0, 0]) + 8;
        assert!(error(&|file| file[count] = 3).contains("announced"));
        assert!(error(&|file| file[count] = 1).contains("announced"));
        let library = find(&whole, &[1, 0, 2, 0]);
        assert!(error(&|file| file[library + 2] = 1).contains("more versions"));
        assert!(error(&|file| file[library + 2] = 3).contains("fewer versions"));
        assert!(error(&|file| file[library] = 2).contains("unknown format"));
    }

    #[test]
    fn names_are_text_and_bounded() {
        let whole = Craft::library().bytes();
        let at = find(&whole, b"libown.so.1\0");
        let mut changed = whole.clone();
        changed[at] = 0xe9;
        assert!(read(&changed).unwrap_err().contains("not UTF-8"));
        let long: &'static str = Box::leak("x".repeat(NAME_LENGTH).into_boxed_str());
        assert!(read(&Craft { soname: Some(long), ..Craft::library() }.bytes()).unwrap_err().contains("too long"));
        assert!(read(&Craft { needed: vec![""], ..Craft::library() }.bytes()).unwrap_err().contains("without name"));
    }

    #[test]
    fn a_million_entries_are_not_read() {
        let craft = Craft { needed: vec!["libc.so.6"; NEEDED + 1], ..Craft::library() };
        assert_eq!(read(&craft.bytes()).unwrap_err(), "too many libraries are needed");
        let nodes: Vec<&'static str> = vec!["GLIBC_2.17"; VERSIONS + 1];
        let craft = Craft { versions: vec![("libc.so.6", nodes)], ..Craft::library() };
        assert_eq!(read(&craft.bytes()).unwrap_err(), "too many symbol versions are needed");
    }

    #[test]
    fn the_magic_number_is_looked_for() {
        assert!(is_elf(b"\x7fELF"));
        assert!(!is_elf(b"\x7fEL"));
        assert!(!is_elf(b"MZ\0\0"));
    }
}
