//! What an archive that is sound can hold: metadata that contradict one another, files for places that are not the wheel's, and
//! entry points that would become paths or code.

use super::*;
use rustvenv::code::Code::*;

/// `evil` whose `.dist-info` directory has another name, in the archive and in RECORD.
fn with_dist_info(other: &'static str) -> Wheel {
    const OWN: &str = "evil-1.0.dist-info";
    evil().record(move |text| text.replace(OWN, other)).zip(move |zip| {
        for entry in &mut zip.entries {
            let name = String::from_utf8(entry.central.name.clone()).unwrap();
            entry.rename(name.replace(OWN, other));
        }
    })
}

/// `evil` with this WHEEL, which is right but for one replacement.
fn with_wheel(from: &str, to: &str) -> Wheel {
    let good = "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    assert!(good.contains(from));
    evil().whole_wheel(&good.replace(from, to))
}

/// `evil` with this METADATA.
fn with_metadata(text: &str) -> Wheel {
    evil().whole_metadata(Some(text))
}

const GOOD: &str = "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n";

/// What the three places that name a release say.
pub fn metadata() -> Vec<Row> {
    let wrong = |name, wheel| Row::refused(name, wheel, &[WheelMetadata]);
    vec![
        wrong("wheel-version-2.0", with_wheel("1.0", "2.0")),
        wrong("wheel-version-1.9", with_wheel("1.0", "1.9")),
        wrong("wheel-version-missing", with_wheel("Wheel-Version: 1.0\n", "")),
        wrong("wheel-version-twice", with_wheel("Wheel-Version: 1.0\n", "Wheel-Version: 1.0\nWheel-Version: 2.0\n")),
        wrong("wheel-missing", evil().whole_wheel("")),
        wrong("wheel-not-utf8", evil().whole_wheel("").dist_info("WHEEL", b"Wheel-Version: 1.0\nTag: \xff\n")),
        wrong("wheel-tag-differs", with_wheel("py3-none-any", "py2-none-any")),
        wrong("wheel-tag-more", with_wheel("py3-none-any", "py3-none-any\nTag: cp311-cp311-linux_x86_64")),
        wrong("wheel-tag-missing", with_wheel("Tag: py3-none-any\n", "")),
        wrong("purelib-missing", with_wheel("Root-Is-Purelib: true\n", "")),
        wrong("purelib-yes", with_wheel("true", "yes")),
        wrong(
            "purelib-twice",
            with_wheel("Root-Is-Purelib: true\n", "Root-Is-Purelib: true\nRoot-Is-Purelib: false\n"),
        ),
        Row::harmless(
            "purelib-upper-case",
            with_wheel("true", "TRUE"),
            "both answers lead to the one site-packages that an environment has",
        )
        .leaves(&["SITE/evil/x.py"], &[]),
        wrong("metadata-missing", evil().whole_metadata(None)),
        wrong("metadata-name-differs", with_metadata(&GOOD.replace("evil", "other"))),
        wrong("metadata-version-differs", with_metadata(&GOOD.replace("1.0", "1.0.1"))),
        wrong("metadata-name-twice", with_metadata(&format!("{GOOD}Name: other\n"))),
        wrong("metadata-version-twice", with_metadata(&format!("{GOOD}Version: 2.0\n"))),
        wrong("metadata-name-in-the-body", with_metadata("Metadata-Version: 2.1\n\nName: evil\nVersion: 1.0\n")),
        wrong("metadata-name-is-a-path", with_metadata(&GOOD.replace("evil", "../evil"))),
        wrong("metadata-continuation-first", with_metadata(&format!(" x\n{GOOD}"))),
        wrong("metadata-nul", with_metadata(&format!("{GOOD}Summary: a\0b\n"))),
        wrong("metadata-carriage-return", with_metadata(&format!("{GOOD}Summary: a\rName: other\n"))),
        wrong(
            "metadata-not-utf8",
            evil().whole_metadata(None).dist_info("METADATA", b"Name: evil\nVersion: 1.0\nSummary: \xff\n"),
        ),
        wrong("metadata-requires-python-malformed", with_metadata(&format!("{GOOD}Requires-Python: about three\n"))),
        wrong("metadata-requires-dist-malformed", with_metadata(&format!("{GOOD}Requires-Dist: ;;\n"))),
        Row::refused(
            "metadata-requires-python-unmet",
            with_metadata(&format!("{GOOD}Requires-Python: <3\n")),
            &[PythonVersion],
        ),
        Row::refused(
            "metadata-requires-what-is-not-there",
            with_metadata(&format!("{GOOD}Requires-Dist: other\n")),
            &[DependencyMissing],
        ),
        Row::refused(
            "metadata-requires-a-url",
            with_metadata(&format!("{GOOD}Requires-Dist: other @ file:///other-1.0-py3-none-any.whl\n")),
            &[DependencyMissing],
        ),
        Row::refused(
            "metadata-requires-by-the-running-kernel",
            with_metadata(&format!("{GOOD}Requires-Dist: other ; platform_release != '6.1'\n")),
            &[MarkerMalformed],
        ),
        wrong("dist-info-of-another", with_dist_info("other-1.0.dist-info")),
        wrong("dist-info-of-a-longer-name", with_dist_info("evil_more-1.0.dist-info")),
        wrong("dist-info-of-a-longer-version", with_dist_info("evil-1.0.1.dist-info")),
        wrong("dist-info-without-version", with_dist_info("evil.dist-info")),
        wrong("dist-info-ending-upper-case", with_dist_info("evil-1.0.DIST-INFO")),
        wrong("dist-info-missing", with_dist_info("evil-1.0")),
        wrong("dist-info-nested", with_dist_info("evil/evil-1.0.dist-info")),
        wrong("dist-info-two", evil().file("other-1.0.dist-info/METADATA", GOOD.replace("evil", "other"))),
        wrong("dist-info-two-of-one-release", evil().file("evil-1.0.0.dist-info/METADATA", GOOD)),
        Row::harmless(
            "dist-info-upper-case",
            with_dist_info("EVIL-1.0.dist-info"),
            "names are compared in their normal form, as the specification wants; there is still only one",
        )
        .leaves(&["SITE/EVIL-1.0.dist-info/METADATA"], &[]),
        Row::harmless(
            "ships-installer-and-requested",
            evil().dist_info("INSTALLER", "pip\n").dist_info("REQUESTED", ""),
            "both are dropped, and INSTALLER is written anew",
        )
        .leaves(&["SITE/evil-1.0.dist-info/INSTALLER"], &["SITE/evil-1.0.dist-info/REQUESTED"]),
        wrong("ships-direct-url", evil().dist_info("direct_url.json", "{\"url\": \"https://elsewhere.invalid/\"}")),
        wrong(
            "ships-direct-url-through-a-scheme",
            evil().data("purelib/evil-1.0.dist-info/direct_url.json", "{\"url\": \"https://elsewhere.invalid/\"}"),
        ),
        wrong("ships-record-through-a-scheme", evil().data("purelib/evil-1.0.dist-info/RECORD", "evil/x.py,,\n")),
        wrong("ships-requested-through-a-scheme", evil().data("platlib/evil-1.0.dist-info/REQUESTED", "")),
    ]
}

/// Where files go.
pub fn schemes() -> Vec<Row> {
    let wrong = |name, wheel| Row::refused(name, wheel, &[WheelMetadata]);
    let reserved = |name, wheel| Row::refused(name, wheel, &[PathReserved]);
    let script = |path: &str, text: &str| evil().data(&format!("scripts/{path}"), text);
    let data = |path: &str| evil().data(&format!("data/{path}"), "evil\n");
    vec![
        Row {
            verdict: Verdict::Control,
            ..Row::refused(
                "ok-all-schemes",
                evil()
                    .data("purelib/evil_p.py", "")
                    .data("platlib/evil_q.py", "")
                    .data("scripts/s1", "#!python\n")
                    .data("headers/e.h", "")
                    .data("data/share/e.txt", ""),
                &[],
            )
            .leaves(&["SITE/evil_p.py", "SITE/evil_q.py", "bin/s1", "share/e.txt"], &[])
        },
        wrong("data-unknown-scheme", evil().data("nothing/x", "")),
        wrong("data-scheme-upper-case", evil().data("Scripts/x", "")),
        wrong("data-file-instead-of-a-scheme", evil().data("scripts", "")),
        wrong("data-script-in-a-subdirectory", script("sub/x", "#!python\n")),
        wrong("data-of-another-release", evil().file("other-1.0.data/scripts/ox", "#!python\n")),
        wrong("data-of-no-release", evil().file("tools.data/scripts/ox", "#!python\n")),
        reserved("data-script-python", script("python", "#!/bin/sh\n")),
        reserved("data-script-python-version", script("python3.11", "#!/bin/sh\n")),
        reserved("data-script-activate", script("activate", "evil\n")),
        reserved("data-script-activate-this", script("activate_this.py", "evil\n")),
        reserved("data-script-pyvenv-cfg", script("pyvenv.cfg", "home = /evil\ninclude-system-site-packages = true\n")),
        reserved("data-script-pth-of-the-interpreter", script("python._pth", "/evil\nimport site\n")),
        reserved("data-bin-python", data("bin/python3")),
        reserved("data-bin-python-upper-case", data("bin/Python")),
        reserved("data-bin-upper-case-python", data("BIN/python")),
        reserved("data-bin-pyvenv-cfg", data("bin/pyvenv.cfg")),
        reserved("data-bin-pth-of-the-interpreter", data("bin/python3._pth")),
        reserved("data-bin-pybuilddir", data("bin/pybuilddir.txt")),
        reserved("data-bin-activate-fish", data("bin/activate.fish")),
        reserved("data-pyvenv-cfg", evil().data("data/pyvenv.cfg", "home = /evil\n")),
        reserved("data-lib64", data("lib64/evil.py")),
        reserved("data-provenance", data("share/rustvenv/provenance.json")),
        reserved("data-signed-list", data("share/rustvenv/sha256sums.txt")),
        reserved("data-into-site-packages", data("lib/python3.11/site-packages/other/x.py")),
        reserved("data-pth-into-site-packages", data("lib/python3.11/site-packages/evil.pth")),
        reserved("data-into-dist-packages", data("lib/python3/dist-packages/evil.pth")),
        reserved("data-into-local-dist-packages", data("local/lib/python3.11/dist-packages/evil.pth")),
        reserved("data-into-the-standard-library", data("lib/python3.11/encodings/__init__.py")),
        reserved("data-dist-info-of-another", data("lib/python3.11/site-packages/other-1.0.dist-info/METADATA")),
        reserved("purelib-dist-info-of-another", evil().data("purelib/other-1.0.dist-info/METADATA", "Name: other\n")),
        reserved("egg-info-of-another", evil().file("other-1.0.egg-info/PKG-INFO", "Name: other\nVersion: 1.0\n")),
        Row::refused("data-file-instead-of-bin", data("bin"), &[PathCollision]),
        Row::refused("data-file-instead-of-lib", data("lib"), &[PathCollision]),
        Row::refused("data-file-over-a-module", evil().data("purelib/evil/x.py", "other\n"), &[PathCollision]),
        Row::refused("data-file-over-a-module-case", evil().data("purelib/evil/X.py", "other\n"), &[PathCase]),
        Row::refused("data-file-instead-of-a-package", evil().data("purelib/evil", "other\n"), &[PathCollision]),
        Row::refused("script-relative-interpreter", script("x", "#!bin/python\n"), &[ScriptInterpreter]),
        Row::refused("script-interpreter-with-shell-code", script("x", "#!python $(id)\n"), &[ScriptInterpreter]),
        Row::refused(
            "data-bin-relative-interpreter",
            evil().entry(Entry::file("evil-1.0.data/data/bin/x", "#!bin/python\n").mode(crate::wheel::EXECUTABLE)),
            &[ScriptInterpreter],
        ),
        Row::harmless(
            "data-etc",
            data("etc/cron.d/x"),
            "`data` is relative to the environment; nothing looks for etc there",
        )
        .leaves(&["etc/cron.d/x"], &[]),
        Row::harmless(
            "script-with-a-leading-hyphen",
            script("-rf", "#!python\n"),
            "a file name like another; no program of this package hands bin/ to a shell",
        )
        .leaves(&["bin/-rf"], &[]),
        Row::harmless(
            "script-that-shadows-a-tool",
            script("readlink", "#!/bin/sh\n").data("scripts/sh", "#!/bin/sh\n"),
            "launchers start /bin/sh by its path and readlink by `command -p`",
        )
        .leaves(&["bin/readlink", "bin/sh"], &[]),
        Row::harmless(
            "byte-code-beside-its-source",
            evil().file("evil/__pycache__/x.cpython-311.pyc", b"\xa7\r\r\n\x01\0\0\0evil"),
            "byte code in __pycache__ is left out, since it would be run instead of the source that was reviewed",
        )
        .leaves(&["SITE/evil/x.py"], &["SITE/evil/__pycache__"]),
        Row::harmless(
            "byte-code-at-the-top",
            evil().file("__pycache__/evil_x.cpython-311.pyc", b"\xa7\r\r\n\x01\0\0\0evil"),
            "the same",
        )
        .leaves(&["SITE/evil/x.py"], &["SITE/__pycache__"]),
    ]
}

fn with_scripts(line: &str) -> Wheel {
    evil().entry_points(&format!("[console_scripts]\n{line}\n"))
}

/// Names that become paths, and values that become code.
pub fn entry_points() -> Vec<Row> {
    let mut rows: Vec<Row> = [
        ("ep-dotdot", "../x = evil.x:main"),
        ("ep-dotdot-venv", "../pyvenv.cfg = evil.x:main"),
        ("ep-dotdot-alone", ".. = evil.x:main"),
        ("ep-absolute", "/evil/x = evil.x:main"),
        ("ep-subdirectory", "sub/x = evil.x:main"),
        ("ep-backslash", "..\\x = evil.x:main"),
        ("ep-dot", ". = evil.x:main"),
        ("ep-empty-name", " = evil.x:main"),
        ("ep-space", "a b = evil.x:main"),
        ("ep-leading-hyphen", "-rf = evil.x:main"),
        ("ep-not-ascii", "\u{e9} = evil.x:main"),
        ("ep-control-character", "a\x1b[2Jb = evil.x:main"),
        ("ep-bidi", "a\u{202e}b = evil.x:main"),
        ("ep-shell-code", "a;id = evil.x:main"),
        ("ep-shell-code-with-a-path", "a;touch$IFS/evil = evil.x:main"),
        ("ep-long-name", &format!("{} = evil.x:main", "a".repeat(300))),
        ("ep-no-value", "x ="),
        ("ep-no-colon", "x = evil.x"),
        ("ep-no-function", "x = evil.x:"),
        ("ep-no-module", "x = :main"),
        ("ep-two-colons", "x = evil:x:main"),
        ("ep-code-after-semicolon", "x = evil.x:main;import os"),
        ("ep-code-call", "x = evil.x:main(),print"),
        ("ep-code-in-module", "x = evil.x;import os:main"),
        ("ep-code-in-continuation", "x = evil.x:main\n    import os"),
        ("ep-code-after-vertical-tab", "x = evil.x:main\x0bimport os"),
        ("ep-code-after-line-separator", "x = evil.x:main\u{2028}import os"),
        ("ep-keyword", "x = class:lambda"),
        ("ep-keyword-in-path", "x = evil.x:main.import"),
        ("ep-hyphen-in-module", "x = evil-mod:main"),
        ("ep-digit-first", "x = 1evil:main"),
        ("ep-confusable-letter", "x = \u{435}vil.x:main"),
        ("ep-colon-as-delimiter", "x: evil.x:main"),
        ("ep-extras-open", "x = evil.x:main [a"),
        ("ep-twice", "x = evil.x:main\nx = evil.x:other"),
        ("ep-case-pair", "x = evil.x:main\nX = evil.x:main"),
        ("ep-in-two-groups", "x = evil.x:main\n[gui_scripts]\nx = evil.x:other"),
        ("ep-group-twice", "x = evil.x:main\n[console_scripts]\ny = evil.x:main"),
        ("ep-group-in-two-brackets", "[[console_scripts]]\ny = evil.x:main"),
    ]
    .map(|(name, line)| Row::refused(name, with_scripts(line), &[EntryPointMalformed]))
    .into();
    rows.extend([
        Row::refused(
            "ep-byte-order-mark",
            evil().entry_points("\u{feff}[console_scripts]\nx = evil.x:main\n"),
            &[EntryPointMalformed],
        ),
        Row::refused("ep-before-a-group", evil().entry_points("x = evil.x:main\n"), &[EntryPointMalformed]),
        Row::refused(
            "ep-not-utf8",
            evil().dist_info("entry_points.txt", b"[console_scripts]\nx = evil.x:main\n# \xff\n"),
            &[EntryPointMalformed],
        ),
    ]);
    for (name, script) in [
        ("ep-python", "python"),
        ("ep-python3-upper-case", "Python3.11"),
        ("ep-activate", "activate"),
        ("ep-activate-ps1", "Activate.ps1"),
        ("ep-pyvenv-cfg", "pyvenv.cfg"),
        ("ep-pth-of-the-interpreter", "python._pth"),
    ] {
        rows.push(Row::refused(name, with_scripts(&format!("{script} = evil.x:main")), &[PathReserved]));
    }
    rows.push(
        Row::harmless(
            "ep-and-script",
            with_scripts("x = evil.x:main").data("scripts/x", "#!python\nprint('hidden')\n"),
            "the launcher is installed and the script is not; setuptools writes both for one script",
        )
        .leaves(&["bin/x"], &[]),
    );
    rows.push(Row {
        verdict: Verdict::Control,
        ..Row::refused("ok-ep", with_scripts("evil = evil.x:main\nevil.two = evil.x:main.x [extra]"), &[])
            .leaves(&["bin/evil", "bin/evil.two"], &[])
    });
    rows
}

/// Files that Python runs without being asked for them by name.
pub fn startup() -> Vec<Row> {
    let reported = |name: &str, path: &'static str, text: &str| {
        Row::new(name, vec![(NAME.to_owned(), evil().file(path, text).build())], Verdict::Reported)
    };
    // a peer's interpreter that runs this says so in a file
    let code = "import os; open(os.environ.get('HOSTILE_RAN', os.devnull), 'a').close()\n";
    vec![
        reported("pth-with-code", "evil.pth", code),
        reported("pth-with-a-path", "evil.pth", "/evil\n"),
        reported("pth-hidden", ".evil.pth", code),
        reported("sitecustomize", "sitecustomize.py", code),
        reported("sitecustomize-package", "sitecustomize/__init__.py", code),
        reported("usercustomize", "usercustomize.py", code),
        Row::new(
            "pth-through-a-scheme",
            vec![(NAME.to_owned(), evil().data("purelib/evil.pth", code).build())],
            Verdict::Reported,
        ),
        Row::harmless(
            "module-of-the-standard-library",
            evil().file("encodings/__init__.py", code).file("os.py", code),
            "the standard library stands before site-packages in sys.path",
        )
        .leaves(&["SITE/os.py"], &[]),
        Row::harmless(
            "modules-of-the-installer",
            evil().file("pip/_internal/self_outdated_check.py", code).file("pip/__init__.py", code),
            "nothing of a wheel is imported while it is installed, and no pip is in the environment",
        )
        .leaves(&["SITE/pip/__init__.py"], &[]),
    ]
}
