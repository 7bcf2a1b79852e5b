//! What the members of an archive come to together: one tree below one directory.
//!
//! Enters: members in the order of the archive, files with their digests. Leaves: [`Listing`], of which is known that every
//! path stands for one thing, that none differs from another only in case or Unicode normalisation, that nothing lies below a
//! file or link, that all lies in the one directory which the file name promises, and that every link leads to a regular
//! file of the same tree. The real source distributions that were measured have few links, all of that kind.
//!
//! A symbolic link is followed here as the kernel would follow it, one component after the other, but each component on
//! the way has to be a directory of the tree: so no link leads through another, and `..` means what it seems to mean.

use super::{Content, Listing, SdistFile};
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::python::sdist_filename::{SdistFilename, readings};
use crate::refusal::{Refusal, is_format_character};
use crate::wheel::member_path::{MemberPath, fold};
use std::collections::{BTreeMap, BTreeSet};

/// One path of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Directory,
    File {
        size: u64,
        sha256: Sha256,
        executable: bool,
    },
    /// What a symbolic link says.
    Link(String),
}

/// The tree as far as it is known.
#[derive(Default)]
pub(super) struct Tree {
    nodes: BTreeMap<MemberPath, Node>,
    total: u64,
}

impl Tree {
    /// Adds a member.
    ///
    /// # Errors
    /// Its path is taken, or all members together are too large.
    pub(super) fn add(&mut self, path: MemberPath, node: Node, limits: &Limits) -> Result<(), Refusal> {
        if let Some(first) = self.nodes.get(&path) {
            // a few build tools add a file twice; of two that are the same it does not matter which is unpacked
            if *first == node {
                return Ok(());
            }
            return Err(Refusal::new(
                Code::SdistDuplicateMember,
                format!("member `{path}` is there twice and differs"),
            )
            .hint("of two such members some tools unpack the first and some the last"));
        }
        if let Node::File { size, .. } = node {
            self.total = self.total.saturating_add(size);
            // hard links become copies, so that the archive's own size is no bound on that of the tree
            if self.total > limits.sdist_total_size {
                return Err(Refusal::new(Code::SdistLimit, "the files together are larger than any that are known")
                    .expected(format!("at most {} bytes", limits.sdist_total_size)));
            }
        }
        self.nodes.insert(path, node);
        Ok(())
    }

    /// What a hard link at `path` to `target` is a copy of.
    ///
    /// # Errors
    /// No regular file of that name came before it.
    pub(super) fn original(&self, path: &MemberPath, target: &str) -> Result<Node, Refusal> {
        match self.nodes.get(target) {
            Some(node @ Node::File { .. }) => Ok(node.clone()),
            _ => Err(Refusal::new(Code::SdistLink, format!("member `{path}` is a hard link to no file before it"))
                .found(format!("`{target}`"))),
        }
    }

    /// The listing, if nothing is wrong.
    pub(super) fn finish(
        self,
        filename: &SdistFilename,
        limits: &Limits,
        refusals: &mut Vec<Refusal>,
    ) -> Option<Listing> {
        let inner = inner(&self.nodes);
        let top = self.top(filename, refusals)?;
        self.check_kinds(&inner, refusals);
        self.check_spelling(&inner, refusals);
        let mut listing = Listing { top, files: Vec::new(), directories: Vec::new(), total_size: self.total };
        for (path, node) in &self.nodes {
            if let Node::Link(text) = node {
                if let Err(why) = self.check_link(path, text, &inner, limits) {
                    let message = format!("member `{path}` is a symbolic link that {why}");
                    refusals.push(Refusal::new(Code::SdistLink, message).found(format!("it says `{text}`")));
                }
            }
        }
        if !refusals.is_empty() {
            return None;
        }
        let below = |path: &str| path.split_once('/').and_then(|(_, below)| MemberPath::parse(below, limits).ok());
        for (path, node) in &self.nodes {
            let Some(path) = below(path.as_str()) else { continue };
            match node {
                Node::Directory => listing.directories.push(path),
                Node::File { size, sha256, executable } => {
                    let content = Content::File { size: *size, sha256: *sha256, executable: *executable };
                    listing.files.push(SdistFile { path, content });
                }
                Node::Link(text) => listing.files.push(SdistFile { path, content: Content::Link(text.clone()) }),
            }
        }
        listing.directories.extend(inner.into_iter().filter_map(below));
        listing.directories.sort();
        listing.directories.dedup();
        Some(listing)
    }

    /// The one directory in which everything lies.
    fn top(&self, filename: &SdistFilename, refusals: &mut Vec<Refusal>) -> Option<String> {
        let mut tops: BTreeSet<&str> = BTreeSet::new();
        let mut has_files = false;
        for (path, node) in &self.nodes {
            let mut components = path.components();
            tops.extend(components.next());
            if !matches!(node, Node::Directory) {
                has_files = true;
                if components.next().is_none() {
                    let message = format!("member `{path}` lies beside the directory of the sources");
                    refusals.push(Refusal::new(Code::SdistTopDirectory, message));
                }
            }
        }
        let expected = format!("one directory, `{}`, and all members in it", filename.stem());
        let refuse = |found: String| {
            let message = "the archive does not hold the one directory that its name promises";
            Refusal::new(Code::SdistTopDirectory, message).expected(expected.clone()).found(found)
        };
        if !has_files {
            refusals.push(refuse("no files".to_owned()));
            return None;
        }
        let &top = tops.first()?;
        if tops.len() > 1 {
            let shown: Vec<String> = tops.iter().take(5).map(|top| format!("`{top}`")).collect();
            let more = if tops.len() > shown.len() { ", …" } else { "" };
            refusals.push(refuse(format!("{}{more}", shown.join(", "))));
        } else if !readings(top).iter().any(|(name, version)| filename.is_of(name, version)) {
            refusals.push(refuse(format!("`{top}`")));
        }
        Some(top.to_owned())
    }

    /// Nothing lies below what is no directory.
    fn check_kinds(&self, inner: &BTreeSet<&str>, refusals: &mut Vec<Refusal>) {
        for (path, node) in &self.nodes {
            let what = match node {
                Node::Directory => continue,
                Node::File { .. } => "file",
                Node::Link(_) => "link",
            };
            if inner.contains(path.as_str()) {
                let message = format!("member `{path}` is a {what}, and other members lie below it");
                refusals.push(Refusal::new(Code::SdistFileAsDirectory, message));
            }
        }
    }

    /// No path differs from another only in case or normalisation; directories on the way count as well.
    fn check_spelling(&self, inner: &BTreeSet<&str>, refusals: &mut Vec<Refusal>) {
        let parent = |path: &'_ str| path.rfind('/').map(|at| path.get(..at).unwrap_or_default().to_owned());
        let names: BTreeSet<&str> = self.nodes.keys().map(MemberPath::as_str).chain(inner.iter().copied()).collect();
        let mut spellings: BTreeMap<String, &str> = BTreeMap::new();
        for name in names {
            match spellings.insert(fold(name), name) {
                // what lies in two such directories repeats the fact; only what differs in the last component is said
                Some(other) if parent(other) == parent(name) => {
                    let message =
                        format!("members `{other}` and `{name}` differ only in case or Unicode normalisation");
                    refusals.push(Refusal::new(Code::PathCase, message));
                }
                _ => {}
            }
        }
    }

    /// That the symbolic link at `path` leads to a regular file of the tree.
    fn check_link(&self, path: &MemberPath, text: &str, inner: &BTreeSet<&str>, limits: &Limits) -> Result<(), String> {
        if text.is_empty() || text.starts_with('/') {
            return Err("is not relative".to_owned());
        }
        if text.len() > limits.path_length {
            return Err(format!("has {} bytes, more than {}", text.len(), limits.path_length));
        }
        if let Some(c) = text.chars().find(|&c| c == '\\' || c.is_control() || is_format_character(c)) {
            return Err(format!("contains U+{:04X}", u32::from(c)));
        }
        let mut reached: Vec<&str> = path.components().collect();
        reached.pop();
        let mut components = text.split('/').peekable();
        while let Some(component) = components.next() {
            match component {
                "" => return Err("has an empty component".to_owned()),
                "." => {}
                // the first component is the directory of the sources itself
                ".." if reached.len() < 2 => return Err("leads out of the tree".to_owned()),
                ".." => drop(reached.pop()),
                name => reached.push(name),
            }
            let here = reached.join("/");
            let node = self.nodes.get(here.as_str());
            let is_directory = inner.contains(here.as_str()) || matches!(node, Some(Node::Directory));
            match (components.peek(), node) {
                (Some(_), _) if is_directory => {}
                (Some(_), _) => return Err(format!("leads through `{here}`, which is no directory of the archive")),
                (None, Some(Node::File { .. })) => return Ok(()),
                (None, Some(Node::Link(_))) => return Err("leads to another link".to_owned()),
                (None, _) if is_directory => return Err("leads to a directory".to_owned()),
                (None, _) => return Err("leads to nothing".to_owned()),
            }
        }
        Err("leads to nothing".to_owned())
    }
}

/// Every directory that has to exist because something lies in it.
fn inner(nodes: &BTreeMap<MemberPath, Node>) -> BTreeSet<&str> {
    let mut inner = BTreeSet::new();
    for path in nodes.keys() {
        for ancestor in path.ancestors() {
            // where one was seen its own ancestors were
            if !inner.insert(ancestor) {
                break;
            }
        }
    }
    inner
}
