//! The plan: every path of the virtual environment as data, decided before anything is written.
//!
//! Enters: opened wheels and the settings. Leaves: a [`Plan`], a sorted table of path, kind, mode and content; the time is one
//! value for all. Plans are equal when the packages are, so that reproducibility is a comparison of two values. The build path,
//! the user, the umask, the clock and the order of directories are deliberately no inputs.
//!
//! Paths are relative to the root of the binary package:
//!
//! ```text
//! opt/venvs/NAME/pyvenv.cfg
//! opt/venvs/NAME/bin/{python,python3,python3.X}   links to /usr/bin/python3.X
//! opt/venvs/NAME/bin/{activate,SCRIPT,...}
//! opt/venvs/NAME/lib/python3.X/site-packages/...  (byte code, if it is shipped, in `__pycache__`)
//! opt/venvs/NAME/share/rustvenv/                  signed manifest and provenance
//! usr/bin/COMMAND                                 links to bin/COMMAND
//! ```

pub mod layout;

pub mod byte_code;

pub mod launcher;

mod activate;

pub mod dependencies;

pub mod changes;

pub mod provenance;

use crate::blob::Sink;
use crate::digest::Sha256;
use crate::refusal::Failure;
use crate::wheel::record::Head;
use crate::wheel::{Wheel, WheelMember};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Permission bits of a planned file: there are only these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// 0644
    Data,
    /// 0755
    Program,
}

impl Mode {
    /// The bits, in octal 0644 or 0755.
    pub fn bits(self) -> u32 {
        match self {
            Self::Data => 0o644,
            Self::Program => 0o755,
        }
    }
}

/// What a planned file holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// Bytes that were made by this program.
    Generated(Arc<[u8]>),
    /// A member of a wheel, decompressed when it is needed.
    Member(Arc<Wheel>, Box<WheelMember>),
}

impl Content {
    /// Bytes that were made by this program.
    pub fn generated(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Generated(Arc::from(bytes.into()))
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Generated(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Member(_, member) => member.size,
        }
    }

    /// SHA-256 of the bytes.
    pub fn sha256(&self) -> Sha256 {
        match self {
            Self::Generated(bytes) => Sha256::of(bytes),
            Self::Member(_, member) => member.sha256,
        }
    }

    /// Hands the bytes to `sink`, in pieces.
    ///
    /// # Errors
    /// As [`Wheel::copy`].
    pub fn copy(&self, sink: &mut Sink<'_>) -> Result<(), Failure> {
        match self {
            Self::Generated(bytes) => sink(bytes),
            Self::Member(wheel, member) => wheel.copy(member, sink),
        }
    }

    /// The bytes.
    ///
    /// # Errors
    /// As [`Wheel::read`].
    pub fn read(&self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::Generated(bytes) => Ok(bytes.to_vec()),
            Self::Member(wheel, member) => wheel.read(member),
        }
    }
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        self.size() == other.size() && self.sha256() == other.sha256()
    }
}

impl Eq for Content {}

/// What stands at a planned path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A directory, mode 0755.
    Directory,
    /// A symbolic link.
    Link {
        /// What it says.
        target: String,
    },
    /// A regular file.
    File {
        /// Its permission bits.
        mode: Mode,
        /// What it holds.
        content: Content,
    },
}

/// Every path that is installed, below the root of the binary package, without a slash at the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Path of the environment.
    pub location: String,
    /// Every path; parents are there before what is in them.
    pub nodes: BTreeMap<String, Node>,
    /// Modification time of everything, in seconds since 1970.
    pub mtime: u64,
}

impl Plan {
    /// The paths inside the environment, relative to it, and the environment itself as the empty path.
    pub fn inside(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().filter_map(|(path, node)| Some((below(path, &self.location)?, node)))
    }

    /// The paths elsewhere in the package that are no directories, such as links in usr/bin.
    pub fn outside(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes
            .iter()
            .filter(|(path, node)| below(path, &self.location).is_none() && **node != Node::Directory)
            .map(|(path, node)| (path.as_str(), node))
    }

    /// The directories above the environment and above the paths elsewhere in the package.
    pub fn directories_outside(&self) -> impl Iterator<Item = &str> {
        let outside = self.nodes.iter().filter(|(path, _)| below(path, &self.location).is_none_or(str::is_empty));
        outside.filter(|(_, node)| **node == Node::Directory).map(|(path, _)| path.as_str())
    }

    /// The files of wheels that Python reads and runs whenever it starts: `.pth` files, sitecustomize and usercustomize.
    pub fn startup_code(&self) -> impl Iterator<Item = (&str, &Wheel)> {
        self.nodes.iter().filter_map(|(path, node)| {
            let Node::File { content: Content::Member(wheel, _), .. } = node else { return None };
            Some((read_at_start(below(path, &self.location)?)?, wheel.as_ref()))
        })
    }

    /// The ELF objects that wheels bring.
    pub fn elf_files(&self) -> impl Iterator<Item = (&str, &Content)> {
        self.members().filter(|(_, _, _, head)| *head == Head::Elf).map(|(path, _, content, _)| (path, content))
    }

    /// The files that are installed as wheels bring them: path, mode, content and what it begins like.
    pub fn members(&self) -> impl Iterator<Item = (&str, Mode, &Content, Head)> {
        self.nodes.iter().filter_map(|(path, node)| match node {
            Node::File { mode, content: content @ Content::Member(_, member) } => {
                Some((path.as_str(), *mode, content, member.head))
            }
            _ => None,
        })
    }
}

/// `path`, relative to an environment, as a module of its site-packages, if Python reads it whenever it starts: `.pth` files,
/// sitecustomize and usercustomize.
pub fn read_at_start(path: &str) -> Option<&str> {
    let (_, module) = path.split_once("/site-packages/")?;
    let first = module.split('/').next()?;
    let is_custom = matches!(first.split('.').next(), Some("sitecustomize" | "usercustomize"));
    (is_custom || (first == module && module.ends_with(".pth"))).then_some(module)
}

/// `path` relative to `directory`, if it is that directory or below it.
pub fn below<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    match path.strip_prefix(directory)? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}
