//! A verified wheel, opened: what it is and where each of its files goes.
//!
//! Enters: a [`VerifiedWheel`]. Leaves: a [`Wheel`] whose archive is sound, whose files are exactly those of its RECORD, whose
//! file name, METADATA and WHEEL agree, and whose members are sorted into installation schemes
//! (<https://packaging.python.org/en/latest/specifications/binary-distribution-format/>). Nothing is written and nothing of the
//! wheel runs.

pub mod archive;

pub mod member_path;

pub mod record;

use crate::blob::Sink;
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::python::entry_points::{self, EntryPoint};
use crate::python::metadata::{Metadata, RootScheme, WheelFile};
use crate::python::name::ProjectName;
use crate::python::tags::Tag;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::{Failure, Refusal};
use crate::trust::verified_wheel::{Origin, VerifiedWheel};
use archive::Archive;
use member_path::MemberPath;
use pep440_rs::Version;
use record::Head;
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr as _;

/// Where a file of a wheel is installed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// Modules without machine code.
    Purelib,
    /// Modules with machine code.
    Platlib,
    /// Programs.
    Scripts,
    /// Anything, relative to the root of the environment.
    Data,
    /// C headers.
    Headers,
}

/// One file of a wheel that is installed.
#[derive(Clone, Debug)]
pub struct WheelMember {
    index: usize,
    /// Where it goes.
    pub scheme: Scheme,
    /// Its path below the scheme's directory.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content, computed.
    pub sha256: Sha256,
    /// Whether the archive says that it is a program.
    pub executable: bool,
    /// What it begins like.
    pub head: Head,
}

/// A wheel that can be installed.
#[derive(Debug)]
pub struct Wheel {
    file_name: WheelFilename,
    sha256: Sha256,
    origin: Origin,
    archive: Archive,
    /// Directory name of the `.dist-info`.
    dist_info: String,
    metadata: Metadata,
    root: RootScheme,
    scripts: BTreeMap<String, EntryPoint>,
    members: Vec<WheelMember>,
    dropped: Vec<String>,
}

impl Wheel {
    /// Opens `verified`.
    ///
    /// # Errors
    /// Everything that is wrong with it; a defect of the archive hides those of its content. A failure when its bytes cannot
    /// be read.
    pub fn open(verified: &VerifiedWheel, limits: &Limits) -> Result<Self, Failure> {
        let file_name = verified.file_name().clone();
        let archive = Archive::open(file_name.as_str(), verified.bytes().clone(), limits)?;
        let metadata_refusal = |why: String| Refusal::new(Code::WheelMetadata, format!("`{file_name}`: {why}"));
        let dist_info = dist_info(&archive, &file_name)
            .map_err(|whys| whys.into_iter().map(metadata_refusal).collect::<Vec<_>>())?;
        let record =
            MemberPath::parse(&format!("{dist_info}/RECORD"), limits).map_err(|why| vec![metadata_refusal(why)])?;
        let checked = record::check(&archive, &record, limits)?;

        let read = |name: &str| read_small(&archive, &format!("{dist_info}/{name}"), limits);
        let mut refusals = Vec::new();
        let metadata = read("METADATA").and_then(|bytes| match bytes {
            Some(bytes) => Metadata::parse(&bytes).map_err(|why| format!("METADATA: {why}")),
            None => Err("it has no METADATA".to_owned()),
        });
        let wheel_file = read("WHEEL").and_then(|bytes| match bytes {
            Some(bytes) => WheelFile::parse(&bytes).map_err(|why| format!("WHEEL: {why}")),
            None => Err("it has no WHEEL".to_owned()),
        });
        let scripts = match read("entry_points.txt") {
            Ok(None) => BTreeMap::new(),
            Ok(Some(bytes)) => entry_points::parse(&bytes).unwrap_or_else(|problems| {
                refusals.extend(problems.into_iter().map(|why| {
                    Refusal::new(Code::EntryPointMalformed, format!("`{file_name}`: entry_points.txt: {why}"))
                        .expected("NAME = MODULE:ATTRIBUTE")
                }));
                BTreeMap::new()
            }),
            Err(why) => {
                refusals.push(metadata_refusal(why));
                BTreeMap::new()
            }
        };
        let (metadata, wheel_file) = match (metadata, wheel_file) {
            (Ok(metadata), Ok(wheel_file)) => (metadata, wheel_file),
            (metadata, wheel_file) => {
                refusals.extend(metadata.err().into_iter().chain(wheel_file.err()).map(metadata_refusal));
                return Err(refusals.into());
            }
        };
        refusals.extend(disagreements(&file_name, &metadata, &wheel_file).into_iter().map(metadata_refusal));

        let mut members = Vec::new();
        let mut dropped = Vec::new();
        for (member, checked) in archive.members().iter().zip(&checked) {
            match place(member.path(), &dist_info, &file_name, wheel_file.root, &archive) {
                Ok(Placed::Install(scheme, path)) => members.push(WheelMember {
                    index: checked.index,
                    scheme,
                    path,
                    size: member.size(),
                    sha256: checked.sha256,
                    executable: member.is_executable(),
                    head: checked.head,
                }),
                Ok(Placed::Drop) => dropped.push(member.path().as_str().to_owned()),
                Ok(Placed::Sourceless) => refusals.push(
                    Refusal::new(
                        Code::WheelByteCode,
                        format!("`{file_name}`: `{}` is a module without its source", member.path()),
                    )
                    .expected(format!("`{}` beside it", member.path().as_str().trim_end_matches('c'))),
                ),
                Err(why) => refusals.push(metadata_refusal(why)),
            }
        }
        if !refusals.is_empty() {
            return Err(refusals.into());
        }
        Ok(Self {
            sha256: verified.sha256(),
            origin: verified.origin().clone(),
            root: wheel_file.root,
            file_name,
            archive,
            dist_info,
            metadata,
            scripts,
            members,
            dropped,
        })
    }

    /// Its file name.
    pub fn file_name(&self) -> &WheelFilename {
        &self.file_name
    }

    /// The project.
    pub fn name(&self) -> &ProjectName {
        self.file_name.name()
    }

    /// SHA-256 of the file.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Why it may be installed.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Name of its `.dist-info` directory.
    pub fn dist_info(&self) -> &str {
        &self.dist_info
    }

    /// The scheme of the archive's root.
    pub fn root(&self) -> Scheme {
        scheme_of(self.root)
    }

    /// METADATA.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Console and GUI scripts by file name.
    pub fn scripts(&self) -> &BTreeMap<String, EntryPoint> {
        &self.scripts
    }

    /// The files that are installed, in the order of the archive.
    pub fn members(&self) -> &[WheelMember] {
        &self.members
    }

    /// Files that are left out on purpose: byte code, and what an installer writes itself.
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// Hands the content of `member` to `sink`, in pieces.
    ///
    /// # Errors
    /// That of the sink, or when the bytes cannot be read; every member was read once when the wheel was opened.
    pub fn copy(&self, member: &WheelMember, sink: &mut Sink<'_>) -> Result<(), Failure> {
        self.archive.copy(member.index, sink)
    }

    /// The content of `member` in memory.
    ///
    /// # Errors
    /// As [`Wheel::copy`].
    pub fn read(&self, member: &WheelMember) -> Result<Vec<u8>, Failure> {
        self.archive.read(member.index)
    }
}

/// METADATA of the wheel `file_name`, as it stands in its archive and as it is read. Whether RECORD and the other members are
/// true is not asked: this is for telling what a wheel says of itself, not for installing it.
///
/// # Errors
/// When it has none that is its own and can be read.
pub fn metadata(archive: &Archive, file_name: &WheelFilename, limits: &Limits) -> Result<(Vec<u8>, Metadata), Refusal> {
    let refuse = |why: String| Refusal::new(Code::WheelMetadata, format!("`{file_name}`: {why}"));
    let dist_info = dist_info(archive, file_name).map_err(|whys| refuse(whys.join("; ")))?;
    let bytes = read_small(archive, &format!("{dist_info}/METADATA"), limits).map_err(refuse)?;
    let bytes = bytes.ok_or_else(|| refuse("it has no METADATA".to_owned()))?;
    let metadata = Metadata::parse(&bytes).map_err(|why| refuse(format!("METADATA: {why}")))?;
    if metadata.name != *file_name.name() || metadata.version != *file_name.version() {
        return Err(refuse(format!("METADATA is that of {} {}", metadata.name, metadata.version)));
    }
    Ok((bytes, metadata))
}

fn scheme_of(root: RootScheme) -> Scheme {
    match root {
        RootScheme::Purelib => Scheme::Purelib,
        RootScheme::Platlib => Scheme::Platlib,
    }
}

/// Name and version of a `NAME-VERSION.SUFFIX` directory, if it is one.
fn name_and_version(stem: &str) -> Option<(ProjectName, Version)> {
    let (name, version) = stem.rsplit_once('-')?;
    Some((ProjectName::parse(name)?, Version::from_str(version).ok()?))
}

/// The one top-level `.dist-info` directory, which has to be that of the file name.
fn dist_info(archive: &Archive, file_name: &WheelFilename) -> Result<String, Vec<String>> {
    let top: BTreeSet<&str> =
        archive.members().iter().filter_map(|member| member.path().as_str().split_once('/')).map(|x| x.0).collect();
    let found: Vec<&str> =
        top.iter().copied().filter(|name| name.to_ascii_lowercase().ends_with(".dist-info")).collect();
    let own = |stem: &str| {
        name_and_version(stem)
            .is_some_and(|(name, version)| name == *file_name.name() && version == *file_name.version())
    };
    let mut problems = Vec::new();
    // pip installs scripts from any directory of that ending, others only from the wheel's own
    for name in top.iter().filter_map(|name| name.strip_suffix(".data")) {
        if name != file_name.stem() && !own(name) {
            problems.push(format!("it has the data directory of another release, `{name}.data`"));
        }
    }
    match found.as_slice() {
        [] => problems.push("it has no .dist-info directory".to_owned()),
        [one] if one.strip_suffix(".dist-info").is_some_and(own) => {
            if problems.is_empty() {
                return Ok((*one).to_owned());
            }
        }
        [one] => {
            problems
                .push(format!("its .dist-info directory is `{one}`, which is another release than the file name's"));
        }
        several => problems.push(format!("it has several .dist-info directories: `{}`", several.join("`, `"))),
    }
    Err(problems)
}

fn read_small(archive: &Archive, path: &str, limits: &Limits) -> Result<Option<Vec<u8>>, String> {
    let Some(index) = archive.find(path) else { return Ok(None) };
    let size = archive.members().get(index).map_or(0, archive::Member::size);
    if size > limits.metadata_size {
        return Err(format!("`{path}` has {size} bytes, more than {}", limits.metadata_size));
    }
    archive.read(index).map(Some).map_err(|failure| failure.to_string())
}

/// Where file name, METADATA and WHEEL say different things.
fn disagreements(file_name: &WheelFilename, metadata: &Metadata, wheel_file: &WheelFile) -> Vec<String> {
    let mut problems = Vec::new();
    if metadata.name != *file_name.name() {
        problems.push(format!("METADATA is that of the project `{}`", metadata.name));
    }
    if metadata.version != *file_name.version() {
        problems.push(format!("METADATA is that of version {}", metadata.version));
    }
    // the name decides whether the wheel fits: each of its tags comes from what was built, and nothing else was built
    let (named, built) = (file_name.tags(), &wheel_file.tags);
    let is_built = |name: &Tag| built.iter().any(|built| name.may_be_called_after(built));
    let is_named = |built: &Tag| named.iter().any(|name| name.may_be_called_after(built));
    if !named.iter().all(is_built) || !built.iter().all(is_named) {
        let shown = |tags: &BTreeSet<Tag>| tags.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        problems.push(format!("WHEEL says `{}`, the file name `{}`", shown(&wheel_file.tags), shown(file_name.tags())));
    }
    problems
}

enum Placed {
    Install(Scheme, String),
    Drop,
    Sourceless,
}

/// Where the member `path` goes.
fn place(
    path: &MemberPath,
    dist_info: &str,
    file_name: &WheelFilename,
    root: RootScheme,
    archive: &Archive,
) -> Result<Placed, String> {
    let (top, rest) = path.as_str().split_once('/').unwrap_or((path.as_str(), ""));
    if top == dist_info {
        match rest {
            // written anew for what is installed
            "RECORD" | "RECORD.jws" | "RECORD.p7s" | "INSTALLER" | "REQUESTED" => return Ok(Placed::Drop),
            "direct_url.json" => {
                return Err("it ships direct_url.json, which would say that it was installed from elsewhere".to_owned());
            }
            _ => {}
        }
    }
    let is_data = top.strip_suffix(".data").is_some_and(|stem| {
        stem == file_name.stem()
            || name_and_version(stem)
                .is_some_and(|(name, version)| name == *file_name.name() && version == *file_name.version())
    });
    let (scheme, below) = if is_data {
        let (key, below) = rest.split_once('/').unwrap_or((rest, ""));
        let scheme = match key {
            "purelib" => Scheme::Purelib,
            "platlib" => Scheme::Platlib,
            "scripts" => Scheme::Scripts,
            "data" => Scheme::Data,
            "headers" => Scheme::Headers,
            _ => return Err(format!("`{path}` is for a scheme that does not exist")),
        };
        if below.is_empty() {
            return Err(format!("`{path}` is a file where a scheme's directory should be"));
        }
        if scheme == Scheme::Scripts && below.contains('/') {
            return Err(format!("`{path}` is a script in a subdirectory"));
        }
        // what is dropped or refused at the root must not come in through a scheme
        if below.split('/').next().is_some_and(|first| first.eq_ignore_ascii_case(dist_info)) {
            return Err(format!("`{path}` goes to its .dist-info by way of a scheme"));
        }
        (scheme, below)
    } else {
        (scheme_of(root), path.as_str())
    };
    let Some(source) = path.as_str().strip_suffix('c').filter(|source| source.ends_with(".py")) else {
        return Ok(Placed::Install(scheme, below.to_owned()));
    };
    // an unchecked pyc would be run instead of the source that was reviewed; one beside its source is never read
    if below.split('/').rev().nth(1) == Some("__pycache__") || archive.find(source).is_some() {
        return Ok(Placed::Drop);
    }
    let module = match scheme {
        Scheme::Purelib | Scheme::Platlib => Some(below),
        Scheme::Data => below.split_once("/site-packages/").map(|(_, module)| module),
        Scheme::Scripts | Scheme::Headers => None,
    };
    // elsewhere, and under a name that no import statement can have, it is data
    Ok(if module.is_some_and(is_importable) { Placed::Sourceless } else { Placed::Install(scheme, below.to_owned()) })
}

/// Whether Python can import the file `path` of site-packages under the name that its path gives it.
fn is_importable(path: &str) -> bool {
    let stem = path.strip_suffix(".pyc").unwrap_or(path);
    let starts = |c: char| c.is_alphabetic() || c == '_';
    stem.split('/').all(|part| part.starts_with(starts) && part.chars().all(|c| starts(c) || c.is_numeric()))
}
