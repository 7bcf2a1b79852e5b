//! The hostile corpus: wheels and locks that somebody made to deceive whoever installs them, each named by its defect.
//!
//! Every wheel is made here from readable text by `support/wheel.rs`; nothing is copied from elsewhere. The rows are those on
//! which installers were measured to disagree, the published advisories about wheels and locks ([`ADVISORIES`]), and what
//! follows from the formats. `archive.rs` has the archives and RECORD, `content.rs` what a sound archive can hold, `sets.rs`
//! several files and their names, `locks.rs` requirements files.
//!
//! [`corpus`] gives all of it as [`Row`]s: files for a directory of wheels, the lock that names them, and the verdict.

// each test binary uses its part
#![allow(dead_code, unreachable_pub)]
// a builder that cannot build fails the test that uses it
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

pub mod archive;
pub mod content;
pub mod locks;
pub mod sets;

use crate::wheel::{Entry, Header, Wheel};
use rustvenv::code::Code;
use rustvenv::digest::Sha256;
use rustvenv::limits::Limits;
use std::collections::BTreeSet;

/// The file whose headers and content the cases change.
pub const X: &str = "evil/x.py";
/// The RECORD of most wheels here.
pub const RECORD: &str = "evil-1.0.dist-info/RECORD";
/// The name of most wheels here.
pub const NAME: &str = "evil-1.0-py3-none-any.whl";

/// What has to become of a row.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Refused with exactly these codes, and nothing written.
    Refused(BTreeSet<Code>),
    /// Installed: it is as it should be.
    Control,
    /// Installed on purpose, and why that does no harm.
    Harmless(&'static str),
    /// Installed, with a warning of the kind `runs-at-start`.
    Reported,
}

/// A row of the corpus.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is wrong, in kebab case.
    pub name: String,
    /// The heading it stands under.
    pub group: &'static str,
    /// What lies in the directory of wheels; all of it is on the signed list.
    pub files: Vec<(String, Vec<u8>)>,
    /// Projects and versions that the lock names, each with the hashes of all files.
    pub locked: Vec<(&'static str, &'static str)>,
    /// The lock, if it is another one. `@WHEELS@` stands for the directory of the wheels.
    pub lock: Option<String>,
    /// What we say.
    pub verdict: Verdict,
    /// Paths below the environment that have to be there when it is installed; `SITE` is site-packages.
    pub present: Vec<&'static str>,
    /// Paths that must not be there.
    pub absent: Vec<&'static str>,
}

impl Row {
    /// One wheel called [`NAME`], refused with `codes`.
    pub fn refused(name: &str, wheel: Wheel, codes: &[Code]) -> Self {
        Self::new(name, vec![(NAME.to_owned(), wheel.build())], Verdict::Refused(codes.iter().copied().collect()))
    }

    /// One wheel called [`NAME`], installed although it looks hostile.
    pub fn harmless(name: &str, wheel: Wheel, why: &'static str) -> Self {
        Self::new(name, vec![(NAME.to_owned(), wheel.build())], Verdict::Harmless(why))
    }

    /// Files of any name, with the lock of `evil==1.0`.
    pub fn new(name: &str, files: Vec<(String, Vec<u8>)>, verdict: Verdict) -> Self {
        Self {
            name: name.to_owned(),
            group: "",
            files,
            locked: vec![("evil", "1.0")],
            lock: None,
            verdict,
            present: Vec::new(),
            absent: Vec::new(),
        }
    }

    /// Adds what has to be there after the installation, and what must not.
    pub fn leaves(mut self, present: &[&'static str], absent: &[&'static str]) -> Self {
        self.present.extend(present);
        self.absent.extend(absent);
        self
    }

    /// The text of the lock.
    pub fn lock_text(&self, wheels: &str) -> String {
        if let Some(text) = &self.lock {
            return text.replace("@WHEELS@", wheels);
        }
        let hashes: String =
            self.files.iter().map(|(_, bytes)| format!(" --hash=sha256:{}", Sha256::of(bytes))).collect();
        self.locked.iter().map(|(name, version)| format!("{name}=={version}{hashes}\n")).collect()
    }
}

/// The whole corpus, in the order of the documentation.
pub fn corpus() -> Vec<Row> {
    let mut rows = Vec::new();
    let cases = [
        ("Controls", archive::controls()),
        ("Structure of the archive", archive::structure()),
        ("Members of the archive", archive::members()),
        ("RECORD", archive::records()),
    ];
    for (group, cases) in cases {
        // bounds that only a test has are none of the corpus
        for case in cases.0.into_iter().filter(|case| case.is_default) {
            let verdict = match case.codes {
                [] => Verdict::Control,
                codes => Verdict::Refused(codes.iter().copied().collect()),
            };
            rows.push(Row { group, ..Row::new(case.defect, vec![(NAME.to_owned(), case.bytes)], verdict) });
        }
    }
    for (group, more) in [
        ("METADATA, WHEEL and .dist-info", content::metadata()),
        ("Schemes", content::schemes()),
        ("Entry points", content::entry_points()),
        ("Code that runs by itself", content::startup()),
        ("Several wheels, and file names", sets::rows()),
        ("Locks", locks::rows()),
    ] {
        rows.extend(more.into_iter().map(|row| Row { group, ..row }));
    }
    rows
}

/// Published advisories about installers of wheels and readers of locks, and the rows that try the same here.
pub const ADVISORIES: &[(&str, &str, &[&str])] = &[
    ("CVE-2025-54368, GHSA-8qf3-x8v5-2pj8", "uv: duplicate and hidden members", &["dup-diff", "local-only", "concat"]),
    (
        "GHSA-pqhf-p39g-3x64",
        "uv: more differences between readers",
        &["unicode-path-extra", "zip64-confusion", "dd-bad-crc"],
    ),
    ("GHSA-4gg8-gxpx-9rph", "uv: a script escapes from bin/", &["ep-dotdot", "ep-absolute"]),
    ("pip #14000", "pip: the same", &["ep-dotdot", "ep-dotdot-venv"]),
    ("GHSA-pjjw-68hj-v9mw", "uv: RECORD names foreign files", &["record-escape", "record-escape-absolute"]),
    ("uv #20748, #20749", "uv: a wheel replaces the interpreter", &["ep-python3-upper-case", "data-bin-python"]),
    (
        "CVE-2025-62518, GHSA-w476-p2h3-79g9, GHSA-3wgq-wrwc-vqmv, GHSA-3cv2-h65g-fgmm, CVE-2025-8869",
        "uv, pip: archives of sdists; sdists are never opened here",
        &["sdist-in-place-of-a-wheel", "sdist-named-as-a-wheel"],
    ),
    ("CVE-2026-1703, GHSA-6vgw-5pg2-w6jp", "pip: a directory with the same prefix", &["name-prefix-sibling"]),
    ("CVE-2026-3219", "pip: a file that is both tar and ZIP", &["tar-and-zip"]),
    ("CVE-2026-13346", "pip: a file name decoded twice", &["file-name-percent-encoded"]),
    ("pip #13079", "pip: a wheel brings modules of the installer", &["modules-of-the-installer"]),
    ("installer #317", "installer: path traversal", &["data-purelib-dotdot", "name-dotdot"]),
    ("CVE-2026-34591", "poetry: path traversal", &["data-purelib-dotdot", "name-dotdot", "name-absolute"]),
    ("CVE-2026-24049, GHSA-8rrh-rw8j-w5fx", "wheel: modes of foreign files", &["name-dotdot-world-writable"]),
    ("CVE-2018-20225", "pip: a second index", &["lock-extra-index-url"]),
    ("CVE-2023-5752", "pip: options for Mercurial in a URL", &["lock-mercurial-options"]),
    ("CVE-2022-36069", "poetry: options for git in a URL", &["lock-git-options"]),
];

/// The wheel that the cases change: one module of two lines.
pub fn evil() -> Wheel {
    Wheel::new("evil", "1.0").file(X, "def main():\n    print('first first first')\n")
}

/// `evil` with one more file called `path`.
pub fn named(path: &str) -> Wheel {
    evil().entry(Entry::file(path, "second = 2\n"))
}

/// `evil` with a second file whose name in both headers is `name`, whatever RECORD thinks.
pub fn renamed(name: impl AsRef<[u8]>) -> Wheel {
    let name = name.as_ref().to_vec();
    evil().file("evil/y.py", "second = 2\n").with("evil/y.py", move |entry| entry.rename(name))
}

/// `evil` with a directory whose name in both headers is `name`.
pub fn directory_named(name: &'static str) -> Wheel {
    evil().directory("evil/d/").with("evil/d/", move |entry| entry.rename(name))
}

/// `evil` with a second file of the Unix mode `mode`.
pub fn with_mode(mode: u32) -> Wheel {
    evil().entry(Entry::file("evil/s.py", "").mode(mode))
}

/// `evil` whose member X is changed in the local header only.
pub fn local(edit: impl FnOnce(&mut Header) + 'static) -> Wheel {
    evil().with(X, |entry| edit(&mut entry.local))
}

/// `evil` whose member X is changed in the central directory only.
pub fn central(edit: impl FnOnce(&mut Header) + 'static) -> Wheel {
    evil().with(X, |entry| edit(&mut entry.central))
}

/// `evil` whose member X is changed in both headers.
pub fn both(edit: impl Fn(&mut Header) + 'static) -> Wheel {
    evil().with(X, move |entry| entry.both(edit))
}

/// `evil` whose member X has the extra fields `bytes` in both headers.
pub fn with_extra(bytes: Vec<u8>) -> Wheel {
    both(move |header| header.extra.clone_from(&bytes))
}

/// `evil` with the RECORD line of X changed by `edit`.
pub fn row(edit: fn(&str) -> String) -> Wheel {
    evil().record(move |text| {
        text.lines().map(|line| if line.starts_with(X) { edit(line) } else { format!("{line}\n") }).collect()
    })
}

/// An archive and what the library has to say to it.
pub struct Case {
    pub defect: &'static str,
    pub bytes: Vec<u8>,
    pub limits: Limits,
    /// Whether these are the bounds of every command.
    pub is_default: bool,
    pub codes: &'static [Code],
}

/// Cases of one kind.
#[derive(Default)]
pub struct Cases(pub Vec<Case>);

impl Cases {
    pub fn bytes(&mut self, defect: &'static str, bytes: Vec<u8>, codes: &'static [Code]) {
        self.0.push(Case { defect, bytes, limits: Limits::DEFAULT, codes, is_default: true });
    }
    pub fn refuse(&mut self, defect: &'static str, wheel: Wheel, codes: &'static [Code]) {
        assert!(!codes.is_empty());
        self.bytes(defect, wheel.build(), codes);
    }
    pub fn accept(&mut self, control: &'static str, wheel: Wheel) {
        self.bytes(control, wheel.build(), &[]);
    }
    pub fn limit(&mut self, defect: &'static str, wheel: Wheel, codes: &'static [Code], edit: fn(&mut Limits)) {
        let mut limits = Limits::DEFAULT;
        edit(&mut limits);
        self.0.push(Case { defect, bytes: wheel.build(), limits, codes, is_default: false });
    }
}
