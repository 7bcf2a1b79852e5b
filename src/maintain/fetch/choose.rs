//! Which of the files that a page names is fetched for a locked release.
//!
//! Enters: the release with the digests of its lock, the files of a page, and whether upstream's wheel is allowed. Leaves: candidates,
//! the best first, each with the digests that are accepted for it; or why there is none. A digest on the page only says which file
//! is worth fetching. Where the page has none, every file of the right name and kind is a candidate.

use crate::address::Address;
use crate::code::Code;
use crate::digest::Sha256;
use crate::maintain::simple_api::File;
use crate::python::name::ProjectName;
use crate::python::sdist_filename::SdistFilename;
use crate::python::tags::CompatibleTags;
use crate::python::wheel_filename::WheelFilename;
use crate::refusal::Refusal;
use pep440_rs::Version;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A release that is locked.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The project.
    pub name: ProjectName,
    /// The version.
    pub version: Version,
    /// The digests that the lock has for it: the only authority.
    pub hashes: BTreeSet<Sha256>,
    /// Files of the release with their addresses, where the lock has them; they are asked for before any index.
    pub files: Vec<File>,
    /// Where the lock says so, for messages.
    pub origin: String,
}

impl Wanted {
    /// `NAME VERSION`, for messages.
    pub fn shown(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// What is taken of a project.
#[derive(Clone, Copy, Debug)]
pub enum Take<'a> {
    /// The sdist.
    Sdist,
    /// Upstream's wheel for these tags; the sdist, when none fits.
    UpstreamWheel(&'a CompatibleTags),
}

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A source distribution.
    Sdist,
    /// A wheel that upstream built.
    Wheel,
}

/// A file that may be the locked one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What the page says of it.
    pub file: File,
    /// Its kind.
    pub kind: Kind,
    /// The digests with which it is the locked one.
    pub accepted: BTreeSet<Sha256>,
    /// The page that names it.
    pub page: Option<Address>,
}

/// The files of `files` to try for `wanted`, at least one, the best first; `place` names where they stand.
///
/// # Errors
/// Why there is none.
pub fn choose(wanted: &Wanted, files: &[File], take: Take<'_>, place: &str) -> Result<Vec<Candidate>, Refusal> {
    let wheels: Vec<(&File, WheelFilename)> = files
        .iter()
        .filter_map(|file| Some((file, WheelFilename::parse(&file.name).ok()?)))
        .filter(|(_, name)| *name.name() == wanted.name && *name.version() == wanted.version)
        .collect();
    let mut sdists: Vec<(&File, SdistFilename)> = files
        .iter()
        .filter_map(|file| Some((file, SdistFilename::parse(&file.name).ok()?)))
        .filter(|(_, name)| name.is_of(&wanted.name, &wanted.version))
        .collect();
    sdists.sort_by(|(_, a), (_, b)| (a.format(), a.as_str()).cmp(&(b.format(), b.as_str())));
    if let Take::UpstreamWheel(tags) = take {
        let mut fitting: Vec<(usize, Reverse<&str>, &File)> = wheels
            .iter()
            .filter_map(|(file, name)| Some((tags.rank(name.tags())?, Reverse(name.as_str()), *file)))
            .collect();
        // of two that fit equally well the one with the higher build tag
        fitting.sort_by_key(|(rank, name, _)| (*rank, *name));
        let found = candidates(wanted, fitting.iter().map(|(_, _, file)| *file), files, Kind::Wheel);
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let found = candidates(wanted, sdists.iter().map(|(file, _)| *file), files, Kind::Sdist);
    if !found.is_empty() {
        return Ok(found);
    }
    let locked = |file: &File| file.sha256.is_some_and(|sha256| wanted.hashes.contains(&sha256));
    let locked_wheels: Vec<&str> =
        wheels.iter().filter(|(file, _)| locked(file)).map(|(_, name)| name.as_str()).collect();
    let shown = wanted.shown();
    if sdists.is_empty() && wheels.is_empty() {
        return Err(Refusal::new(Code::ReleaseNotOnIndex, format!("{place} has no file of {shown}"))
            .expected(format!("an sdist of {shown} ({})", wanted.origin)));
    }
    // a digest that belongs to nothing on the page, and an sdist that the lock does not know
    if !sdists.is_empty() && wanted.hashes.len() > locked_digests(wanted, files).len() {
        return Err(Refusal::new(
            Code::IndexFilesDiffer,
            format!("{place} has another sdist of {shown} than the lock"),
        )
        .expected(format!("one of the {} hashes of {}", wanted.hashes.len(), wanted.origin))
        .found(sdists.iter().map(|(file, _)| said(file)).collect::<Vec<_>>().join(", ")));
    }
    if let (Take::UpstreamWheel(tags), false) = (take, locked_wheels.is_empty()) {
        let message = format!("none of the locked wheels of {shown} on {place} fits {}", tags.target());
        return Err(Refusal::new(Code::WheelIncompatible, message).found(some_of(&locked_wheels)));
    }
    let message = format!("no hash that {} has for {shown} belongs to an sdist", wanted.origin);
    let hint = if sdists.is_empty() {
        format!("there is no sdist on {place}; `--upstream-wheels {}` takes upstream's wheel instead", wanted.name)
    } else {
        format!(
            "lock {} again with the hashes of all its files; `--upstream-wheels {}` takes upstream's wheel instead",
            wanted.name, wanted.name
        )
    };
    Err(Refusal::new(Code::SdistNotLocked, message)
        .expected(match sdists.first() {
            Some((file, _)) => format!("the hash of {}", said(file)),
            None => "the hash of an sdist".to_owned(),
        })
        .found(if locked_wheels.is_empty() { "hashes of other files".to_owned() } else { some_of(&locked_wheels) })
        .hint(hint))
}

fn said(file: &File) -> String {
    match file.sha256 {
        Some(sha256) => format!("{} (sha256:{sha256}, as the index says)", file.name),
        None => file.name.clone(),
    }
}

/// The first names of a list: a project has dozens of wheels.
fn some_of(names: &[&str]) -> String {
    let mut names = names.to_vec();
    names.sort_unstable();
    match names.as_slice() {
        [a, b, c, _, ..] => format!("{a}, {b}, {c} and {} more", names.len() - 3),
        few => few.join(", "),
    }
}

/// The digests of the lock that `files` account for.
fn locked_digests(wanted: &Wanted, files: &[File]) -> BTreeSet<Sha256> {
    files.iter().filter_map(|file| file.sha256).filter(|sha256| wanted.hashes.contains(sha256)).collect()
}

/// The first of `sorted` with a digest of the lock; else all that have no digest, for which those digests of the lock are accepted
/// that belong to no other file of the page.
fn candidates<'a>(
    wanted: &Wanted,
    sorted: impl Iterator<Item = &'a File> + Clone,
    page: &[File],
    kind: Kind,
) -> Vec<Candidate> {
    let candidate = |file: &File, accepted| Candidate { file: file.clone(), kind, accepted, page: None };
    for file in sorted.clone() {
        if let Some(sha256) = file.sha256.filter(|sha256| wanted.hashes.contains(sha256)) {
            return vec![candidate(file, BTreeSet::from([sha256]))];
        }
    }
    let taken = locked_digests(wanted, page);
    let free: BTreeSet<Sha256> = wanted.hashes.difference(&taken).copied().collect();
    if free.is_empty() {
        return Vec::new();
    }
    sorted.filter(|file| file.sha256.is_none()).map(|file| candidate(file, free.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::architecture::Architecture;
    use crate::python::interpreter::Interpreter;
    use crate::python::tags::Glibc;
    use std::str::FromStr;

    fn wanted(hashes: &[&str]) -> Wanted {
        Wanted {
            name: ProjectName::parse("foo-bar").unwrap(),
            version: Version::from_str("1.0").unwrap(),
            hashes: hashes.iter().map(|text| Sha256::of(text.as_bytes())).collect(),
            files: Vec::new(),
            origin: "requirements.txt line 1".to_owned(),
        }
    }

    /// `NAME` or `NAME=CONTENT`, of which the page has the digest.
    fn page(files: &[&str]) -> Vec<File> {
        let base = Address::parse("https://index.invalid/simple/foo-bar/").unwrap().0;
        let one = |text: &&str| {
            let (name, content) = text.split_once('=').map_or((*text, None), |(name, content)| (name, Some(content)));
            let sha256 = content.map(|content| Sha256::of(content.as_bytes()));
            File { name: name.to_owned(), address: base.join(name).unwrap(), sha256, size: None, yanked: None }
        };
        files.iter().map(one).collect()
    }

    fn tags() -> CompatibleTags {
        let architecture = Architecture::from_debian("amd64").unwrap();
        CompatibleTags::of(&Interpreter::parse("3.11").unwrap(), &architecture, Glibc::parse("2.36").unwrap())
    }

    fn names(hashes: &[&str], files: &[&str], take: Take<'_>) -> Result<Vec<String>, Code> {
        match choose(&wanted(hashes), &page(files), take, "the index") {
            Ok(found) => Ok(found.into_iter().map(|candidate| candidate.file.name).collect()),
            Err(refusal) => Err(refusal.code),
        }
    }

    #[test]
    fn the_locked_sdist_and_no_other() {
        for (hashes, files, expected) in [
            // the hint decides
            (
                &["s", "w"][..],
                &["foo_bar-1.0.tar.gz=s", "foo_bar-1.0-py3-none-any.whl=w"][..],
                &["foo_bar-1.0.tar.gz"][..],
            ),
            // old names and equal versions
            (&["s"], &["Foo.Bar-1.zip=s"], &["Foo.Bar-1.zip"]),
            (&["s"], &["foo-bar-1.0.0.tar.gz=s"], &["foo-bar-1.0.0.tar.gz"]),
            // the preferred archive of two that are locked
            (&["s", "z"], &["foo-bar-1.0.zip=z", "foo-bar-1.0.tar.gz=s"], &["foo-bar-1.0.tar.gz"]),
            (&["z"], &["foo-bar-1.0.zip=z", "foo-bar-1.0.tar.gz=s"], &["foo-bar-1.0.zip"]),
            // one name twice: the locked one
            (&["s"], &["foo-bar-1.0.tar.gz=x", "foo-bar-1.0.tar.gz=s"], &["foo-bar-1.0.tar.gz"]),
            // no hints: all of them
            (
                &["s"],
                &["foo-bar-1.0.zip", "foo-bar-1.0.tar.gz", "foo-bar-1.0.tar.xz=x"],
                &["foo-bar-1.0.tar.gz", "foo-bar-1.0.zip"],
            ),
            // a hint is better than none
            (&["s"], &["foo-bar-1.0.tar.gz", "foo-bar-1.0.zip=s"], &["foo-bar-1.0.zip"]),
        ] {
            assert_eq!(names(hashes, files, Take::Sdist).unwrap(), expected, "{files:?}");
        }
    }

    #[test]
    fn why_there_is_none() {
        for (hashes, files, code) in [
            (&["s"][..], &[][..], Code::ReleaseNotOnIndex),
            (
                &["s"],
                &["foo_bar-1.1.tar.gz=s", "foo-1.0.tar.gz=s", "foo_bar_baz-1.0.tar.gz=s"],
                Code::ReleaseNotOnIndex,
            ),
            (
                &["s"],
                &["foo_bar-1.0.tar.gz.asc=s", "foo_bar-1.0.exe=s", "x/foo_bar-1.0.tar.gz"],
                Code::ReleaseNotOnIndex,
            ),
            (&["w"], &["foo_bar-1.0-py3-none-any.whl=w"], Code::SdistNotLocked),
            (&["w"], &["foo_bar-1.0-py3-none-any.whl=w", "foo_bar-1.0.tar.gz=s"], Code::SdistNotLocked),
            // every digest is a wheel's, so that an sdist without a hint cannot be the locked one
            (&["w"], &["foo_bar-1.0-py3-none-any.whl=w", "foo_bar-1.0.tar.gz"], Code::SdistNotLocked),
            (&["s"], &["foo_bar-1.0.tar.gz=other"], Code::IndexFilesDiffer),
            (&["s", "w"], &["foo_bar-1.0.tar.gz=other", "foo_bar-1.0-py3-none-any.whl=w"], Code::IndexFilesDiffer),
            (&["w"], &["foo_bar-1.0-py3-none-any.whl=other"], Code::SdistNotLocked),
        ] {
            assert_eq!(names(hashes, files, Take::Sdist), Err(code), "{files:?}");
        }
    }

    #[test]
    fn upstreams_wheel_where_it_is_allowed() {
        let tags = tags();
        let files = [
            "foo_bar-1.0.tar.gz=s",
            "foo_bar-1.0-cp311-cp311-manylinux_2_17_x86_64.whl=m17",
            "foo_bar-1.0-cp311-cp311-manylinux_2_28_x86_64.whl=m28",
            "foo_bar-1.0-cp311-cp311-manylinux_2_39_x86_64.whl=m39",
            "foo_bar-1.0-cp312-cp312-manylinux_2_28_x86_64.whl=c12",
            "foo_bar-1.0-py3-none-any.whl=any",
        ];
        let take = Take::UpstreamWheel(&tags);
        let all = ["s", "m17", "m28", "m39", "c12", "any"];
        assert_eq!(names(&all, &files, take).unwrap(), ["foo_bar-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"]);
        assert_eq!(names(&["any"], &files, take).unwrap(), ["foo_bar-1.0-py3-none-any.whl"]);
        // what is built from source needs no permission
        assert_eq!(names(&["s", "c12"], &files, take).unwrap(), ["foo_bar-1.0.tar.gz"]);
        assert_eq!(names(&["c12", "m39"], &files, take), Err(Code::WheelIncompatible));
        let builds = ["foo_bar-1.0-1-py3-none-any.whl=a", "foo_bar-1.0-2-py3-none-any.whl=b"];
        assert_eq!(names(&["a", "b"], &builds, take).unwrap(), ["foo_bar-1.0-2-py3-none-any.whl"]);
    }

    #[test]
    fn an_accepted_digest_is_of_this_file() {
        let of =
            |files: &[&str]| choose(&wanted(&["s", "w"]), &page(files), Take::Sdist, "x").unwrap()[0].accepted.clone();
        let s = BTreeSet::from([Sha256::of(b"s")]);
        assert_eq!(of(&["foo_bar-1.0.tar.gz=s"]), s, "a wheel's bytes are not accepted under the name of the sdist");
        assert_eq!(of(&["foo_bar-1.0.tar.gz", "foo_bar-1.0-py3-none-any.whl=w"]), s);
        assert_eq!(of(&["foo_bar-1.0.tar.gz"]).len(), 2);
    }
}
