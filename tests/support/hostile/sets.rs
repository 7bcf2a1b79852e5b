//! Several files: wheels that claim the same path or one another's, wheels for other targets, and names of files.

use super::*;
use rustvenv::code::Code::*;

fn other() -> Wheel {
    Wheel::new("other", "1.0").file("other/__init__.py", "")
}

/// Two wheels, both locked.
fn pair(name: &str, first: Wheel, second: Wheel, verdict: Verdict) -> Row {
    let files = [first, second].map(|wheel| (wheel.file_name(), wheel.build())).into();
    Row { locked: vec![("evil", "1.0"), ("other", "1.0")], ..Row::new(name, files, verdict) }
}

fn refused(code: Code) -> Verdict {
    Verdict::Refused(BTreeSet::from([code]))
}

/// The wheel `evil` under another file name.
fn called(name: &str, file_name: &str, code: Code) -> Row {
    Row::new(name, vec![(file_name.to_owned(), evil().build())], refused(code))
}

/// The rows.
pub fn rows() -> Vec<Row> {
    vec![
        Row {
            verdict: Verdict::Harmless(
                "namespace packages bring the same `__init__.py`, and many wheels the same licence",
            ),
            ..pair(
                "two-wheels-one-path-same-bytes",
                evil().file("shared/x.py", "x = 1\n"),
                other().file("shared/x.py", "x = 1\n"),
                Verdict::Control,
            )
            .leaves(&["SITE/shared/x.py"], &[])
        },
        pair(
            "two-wheels-one-path",
            evil().file("shared/x.py", "x = 1\n"),
            other().file("shared/x.py", "x = 2\n"),
            refused(PathCollision),
        ),
        pair(
            "two-wheels-one-path-another-mode",
            evil().executable("shared/x.py", "x = 1\n"),
            other().file("shared/x.py", "x = 1\n"),
            refused(PathCollision),
        ),
        pair(
            "two-wheels-one-path-through-a-scheme",
            evil().data("purelib/other/__init__.py", "evil = 1\n"),
            other(),
            refused(PathCollision),
        ),
        pair("two-wheels-paths-differ-in-case", evil().file("OTHER/__init__.py", ""), other(), refused(PathCase)),
        pair(
            "two-wheels-file-and-directory",
            evil().data("data/share/x", ""),
            other().data("data/share/x/y", ""),
            refused(PathCollision),
        ),
        pair(
            "two-wheels-one-script",
            evil().entry_points("[console_scripts]\nx = evil.x:main\n"),
            other().entry_points("[console_scripts]\nx = other:main\n"),
            refused(PathCollision),
        ),
        pair(
            "two-wheels-one-script-two-ways",
            evil().data("scripts/x", "#!python\nprint('evil')\n"),
            other().entry_points("[console_scripts]\nx = other:main\n"),
            refused(PathCollision),
        ),
        pair(
            "two-wheels-scripts-differ-in-case",
            evil().entry_points("[console_scripts]\nX = evil.x:main\n"),
            other().entry_points("[console_scripts]\nx = other:main\n"),
            refused(PathCase),
        ),
        pair(
            "two-wheels-into-the-dist-info-of-the-other",
            evil().file("other-1.0.dist-info/entry_points.txt", "[console_scripts]\nx = evil.x:main\n"),
            other(),
            refused(WheelMetadata),
        ),
        pair(
            "two-wheels-into-the-dist-info-through-a-scheme",
            evil().data("purelib/other-1.0.dist-info/entry_points.txt", "[console_scripts]\nx = evil.x:main\n"),
            other(),
            refused(PathReserved),
        ),
        pair(
            "two-wheels-into-the-dist-info-case",
            evil().data("purelib/Other-1.0.Dist-Info/top_level.txt", "evil\n"),
            other(),
            refused(PathReserved),
        ),
        Row {
            verdict: Verdict::Harmless(
                "a new file in another project's package is what plug-ins and namespace packages are; RECORD of the wheel \
                 that was signed for names it",
            ),
            ..pair(
                "two-wheels-a-module-in-the-package-of-the-other",
                evil().file("other/plugin.py", ""),
                other(),
                Verdict::Control,
            )
            .leaves(&["SITE/other/plugin.py", "SITE/other/__init__.py"], &[])
        },
        Row {
            locked: vec![("evil", "1.0")],
            ..pair(
                "two-wheels-only-one-locked",
                evil().metadata("Requires-Dist: other\n"),
                other(),
                refused(DependencyMissing),
            )
        },
        {
            let wheel = evil().tag("cp37-cp37m-win_amd64");
            called("tag-of-another-system", &wheel.file_name(), WheelIncompatible)
        },
        called("tag-of-another-architecture", "evil-1.0-py3-none-manylinux_2_17_riscv64.whl", WheelIncompatible),
        called("tag-of-a-newer-libc", "evil-1.0-py3-none-manylinux_2_99_x86_64.whl", WheelIncompatible),
        called("tag-of-another-python", "evil-1.0-cp27-cp27mu-any.whl", WheelIncompatible),
        called("tag-of-the-target-in-the-name-alone", "evil-1.0-cp311-cp311-linux_x86_64.whl", WheelMetadata),
        called("file-name-of-another-project", "evil_more-1.0-py3-none-any.whl", WheelMissing),
        called("file-name-of-another-version", "evil-1.0.1-py3-none-any.whl", WheelMissing),
        called("file-name-with-a-local-version", "evil-1.0+local-py3-none-any.whl", WheelMissing),
        called("file-name-percent-encoded", "evil-1.0-py3-none-any%2e%2e%2fx.whl", WheelMissing),
        called("file-name-with-a-blank", "evil-1.0-py3-none-any .whl", WheelMissing),
        called("file-name-ending-upper-case", "evil-1.0-py3-none-any.WHL", WheelMissing),
        called("file-name-with-six-hyphens", "evil-1.0-1-2-py3-none-any.whl", WheelMissing),
        called("file-name-with-an-empty-tag", "evil-1.0-py3-none-.whl", WheelMissing),
        called("sdist-in-place-of-a-wheel", "evil-1.0.tar.gz", WheelMissing),
        called("zip-in-place-of-a-wheel", "evil-1.0.zip", WheelMissing),
        Row::new(
            "sdist-named-as-a-wheel",
            vec![(NAME.to_owned(), tar(&[("evil-1.0/setup.py", b"raise SystemExit('executed')\n")]))],
            refused(ArchiveNotZip),
        ),
        Row {
            verdict: Verdict::Harmless("versions are compared as values, and 1.00 is 1.0"),
            ..Row::new(
                "file-name-version-spelt-otherwise",
                vec![("evil-1.00-py3-none-any.whl".to_owned(), evil().build())],
                Verdict::Control,
            )
            .leaves(&["SITE/evil/x.py"], &[])
        },
    ]
}

/// A tar archive of regular files.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in files {
        let mut header = [0u8; 512];
        let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, name);
        put(100, "0000644\0");
        put(108, "0000000\0");
        put(116, "0000000\0");
        put(124, &format!("{:011o}\0", content.len()));
        put(136, "00000000000\0");
        put(148, "        ");
        put(156, "0");
        put(257, "ustar\x0000");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}
