//! Every refusal that a package build can end in: its code, its exit status, and that nothing was written.

use crate::source_package::{SourcePackage, application, list, lock};
use crate::wheel::Wheel;
use rustvenv::digest::Sha256;
use std::fs;

/// `edit` makes one thing wrong in a good source package; the build has to end with `codes` and `status`.
#[track_caller]
fn refused(what: &str, status: i32, codes: &[&str], edit: impl FnOnce(&SourcePackage)) {
    let package = SourcePackage::new();
    edit(&package);
    let done = package.rustvenv(&["prepare", "--package", "demo"]);
    assert_eq!((done.status, done.codes()), (status, codes.to_vec()), "{what}: {}", done.stderr);
    let done = package.rustvenv(&["install", "--package", "demo"]);
    assert_eq!((done.status, done.codes()), (status, codes.to_vec()), "{what}: {}", done.stderr);
    assert!(!package.root.join("debian/demo").exists(), "{what}: something was written");
}

fn flip(package: &SourcePackage, path: &str, at: impl FnOnce(&[u8]) -> usize) {
    let path = package.root.join(path);
    let mut bytes = fs::read(&path).unwrap();
    let at = at(&bytes);
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn find(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap() + text.len()
}

const WHEEL: &str = "wheels/demo_app-1.0-py3-none-any.whl";

#[test]
fn one_flipped_bit_is_told_for_what_it_is() {
    refused("in the wheel", 3, &["wheel-digest-mismatch"], |package| flip(package, WHEEL, |bytes| bytes.len() / 2));
    refused("in the manifest", 3, &["signature-mismatch"], |package| flip(package, "wheels/sha256sums.txt", |_| 3));
    refused("in the signature", 3, &["signature-damaged"], |package| {
        flip(package, "wheels/sha256sums.txt.asc", |bytes| find(bytes, "\n\n") + 70);
    });
    refused("in the lock", 3, &["wheel-not-in-lock"], |package| {
        // from one digit to another: 0x30 to 0x39 and 0x61 to 0x66 stay hexadecimal in pairs
        let text = package.read("requirements.txt");
        let at = text.find("sha256:").unwrap() + 7;
        let digit = text[at..=at].chars().next().unwrap();
        let other = if digit == '0' { '1' } else { '0' };
        package.write("requirements.txt", format!("{}{other}{}", &text[..at], &text[at + 1..]));
    });
}

#[test]
fn any_bit_of_a_wheel_and_of_the_signature() {
    // every byte of the signature file, one bit each: never accepted with another meaning, never the manifest's fault
    let package = SourcePackage::new();
    let path = package.root.join("wheels/sha256sums.txt.asc");
    let good = fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(7) {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).unwrap();
        let done = package.rustvenv(&["install", "--package", "demo", "--no-act"]);
        assert!(!done.codes().contains(&"signature-mismatch"), "byte {at}: {}", done.stderr);
        assert!(done.status == 3 || done.codes().is_empty(), "byte {at}: {}", done.stderr);
    }
}

#[test]
fn what_is_locked_and_what_is_signed_have_to_agree() {
    let (name, bytes) = (application().file_name(), application().build());
    let other = application().file("demo_app/more.py", "").build();
    refused("no hash", 3, &["requirement-without-hash"], |package| {
        package.write("requirements.txt", "demo-app==1.0\n");
    });
    refused("locked and not signed", 3, &["wheel-not-in-manifest"], |package| {
        package.sign("# nothing\n");
    });
    refused(
        "locked and not signed, and another file is signed under its name",
        3,
        &["wheel-not-in-manifest"],
        |package| {
            package.sign(&list(&[(name.clone(), other.clone())]));
        },
    );
    refused("signed and not locked", 3, &["wheel-not-in-lock"], |package| {
        package.write("requirements.txt", lock(&[(name.clone(), other.clone())]));
    });
    refused("signed under another name", 3, &["wheel-not-in-manifest"], |package| {
        package.sign(&list(&[("other-1.0-py3-none-any.whl".to_owned(), bytes.clone())]));
    });
    refused("neither", 3, &["wheel-unknown"], |package| {
        package.sign("# nothing\n");
        package.write("requirements.txt", lock(&[(name.clone(), other.clone())]));
    });
    refused("the wheel is not there", 3, &["wheel-missing"], |package| {
        fs::remove_file(package.root.join(WHEEL)).unwrap();
    });
    refused("another version is there", 3, &["wheel-missing"], |package| {
        package.wheels([Wheel::new("demo-app", "1.0.1")]);
        package.write("requirements.txt", lock(&[(name.clone(), bytes.clone())]));
    });
    refused("a project whose name begins the same is there", 3, &["wheel-missing"], |package| {
        package.wheels([Wheel::new("demo-app-evil", "1.0")]);
        package.write("requirements.txt", lock(&[(name.clone(), bytes.clone())]));
    });
    refused("two wheels that fit equally well", 3, &["wheel-ambiguous"], |package| {
        let files: Vec<_> =
            [application(), application().tag("py2.py3-none-any")].map(|w| (w.file_name(), w.build())).into();
        for (name, bytes) in &files {
            package.write(&format!("wheels/{name}"), bytes);
        }
        let hashes: String = files.iter().map(|(_, bytes)| format!(" --hash=sha256:{}", Sha256::of(bytes))).collect();
        package.write("requirements.txt", format!("demo-app==1.0{hashes}\n"));
        package.sign(&list(&files));
    });
    refused("only wheels for another target", 3, &["wheel-incompatible"], |package| {
        package.wheels([application().tag("cp37-cp37m-win_amd64")]);
    });
    refused("a replaced wheel, although a generic one would do", 3, &["wheel-digest-mismatch"], |package| {
        let special = application().tag("py3-none-linux_x86_64.linux_aarch64");
        let files: Vec<_> = [application(), special].map(|wheel| (wheel.file_name(), wheel.build())).into();
        for (name, bytes) in &files {
            package.write(&format!("wheels/{name}"), bytes);
        }
        let hashes: String = files.iter().map(|(_, bytes)| format!(" --hash=sha256:{}", Sha256::of(bytes))).collect();
        package.write("requirements.txt", format!("demo-app==1.0{hashes}\n"));
        package.sign(&list(&files));
        flip(package, &format!("wheels/{}", files[1].0), |bytes| bytes.len() / 2);
    });
}

#[test]
fn all_refusals_of_a_stage_are_said_at_once() {
    refused(
        "lock and signature",
        3,
        &["requirement-not-pinned", "requirement-without-hash", "signature-mismatch"],
        |package| {
            package.write("requirements.txt", format!("a==1\nb>=2 --hash=sha256:{}\n", Sha256::of(b"")));
            flip(package, "wheels/sha256sums.txt", |_| 3);
        },
    );
    refused("two wheels", 3, &["wheel-missing", "wheel-missing"], |package| {
        let (a, b) = (Wheel::new("aa", "1"), Wheel::new("bb", "2"));
        package.write("requirements.txt", lock(&[(a.file_name(), a.build()), (b.file_name(), b.build())]));
    });
}

#[test]
fn the_configuration_is_strict() {
    for (text, code) in [
        ("requirement = []\n", "config-malformed"),
        ("wheels = [\"../wheels\"]\n", "config-path-escapes"),
        ("requirements = [\"missing.txt\"]\n", "config-file-missing"),
        ("python = \"3.10\"\nbytecode = \"ship\"\nproject = \"none\"\n", "byte-code-interpreter"),
        ("requirements = [\"poetry.lock\"]\n", "config-malformed"),
        ("project = \"none\"\ncommands = [\"nothing\"]\n", "command-unknown"),
        ("project = \"none\"\nextras = [\"x\"]\n", "config-malformed"),
    ] {
        refused(text, 2, &[code], |package| package.config(text));
    }
    refused("a link that leads out of the tree", 2, &["config-path-escapes"], |package| {
        fs::remove_dir_all(package.root.join("debian/signers")).unwrap();
        std::os::unix::fs::symlink("/etc", package.root.join("debian/signers")).unwrap();
    });
    refused("no place for the dependencies", 2, &["depends-not-used"], |package| {
        package.write("debian/control", package.read("debian/control").replace("${misc:Depends}", "python3"));
    });
    refused("an empty lock", 3, &["lock-empty"], |package| package.write("requirements.txt", "# nothing\n"));
    refused("a lock whose markers are all false", 3, &["lock-empty"], |package| {
        let text = package.read("requirements.txt").replace("==1.0 ", "==1.0 ; sys_platform == 'win32' ");
        package.write("requirements.txt", text);
    });
}

#[test]
fn the_keyring_holds_certificates_and_nothing_else() {
    refused("a link to a certificate", 3, &["key-file-not-regular"], |package| {
        std::os::unix::fs::symlink("signer.asc", package.root.join("debian/signers/other.asc")).unwrap();
    });
    refused("a file that is no certificate by its name", 3, &["key-file-unexpected"], |package| {
        package.write("debian/signers/notes.txt", "notes\n");
    });
    refused("a file that is none by its content", 3, &["key-file-malformed"], |package| {
        package.write("debian/signers/other.asc", "notes\n");
    });
    refused("an empty keyring", 3, &["keyring-empty"], |package| {
        fs::remove_file(package.root.join("debian/signers/signer.asc")).unwrap();
    });
    refused("no signature", 3, &["signature-missing"], |package| {
        fs::remove_file(package.root.join("wheels/sha256sums.txt.asc")).unwrap();
    });
}

#[test]
fn the_projects_own_wheel_has_a_name_of_one() {
    let package = SourcePackage::new();
    package.config("requirements = []\n");
    package.write(
        "pyproject.toml",
        "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
    );
    package.write("backend.py", IN_TREE_BACKEND.replace("demo_app-1.0-py3-none-any.whl", "no wheel.whl"));
    package.write("payload.whl", application().build());
    let done = package.rustvenv(&["prepare", "--package", "demo"]);
    assert!(done.status != 0 && done.stderr.contains("no wheel.whl"), "{}", done.stderr);
}

#[test]
fn what_is_signed_can_still_not_be_installed() {
    let with = |edit: fn(Wheel) -> Wheel| move |package: &SourcePackage| package.wheels([edit(application())]);
    for (what, codes, edit) in [
        ("a missing RECORD", &["record-missing"][..], Wheel::without_record as fn(Wheel) -> Wheel),
        ("a file that RECORD does not list", &["record-file-unlisted"], |wheel| {
            wheel.record(|text| {
                text.lines().filter(|line| !line.contains("data.txt")).map(|line| format!("{line}\n")).collect()
            })
        }),
        ("METADATA of another project", &["wheel-metadata"], |wheel| {
            wheel.whole_metadata(Some("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"))
        }),
        ("no METADATA", &["wheel-metadata"], |wheel| wheel.whole_metadata(None)),
        ("WHEEL with another tag", &["wheel-metadata"], |wheel| {
            wheel.whole_wheel("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2-none-any\n")
        }),
        ("direct_url.json", &["wheel-metadata"], |wheel| wheel.dist_info("direct_url.json", "{}")),
        ("the data directory of another release", &["wheel-metadata"], |wheel| {
            wheel.file("other-1.0.data/scripts/x", "#!python\n")
        }),
        ("an unknown scheme", &["wheel-metadata"], |wheel| wheel.data("nothing/x", "")),
        ("two .dist-info directories", &["wheel-metadata"], |wheel| wheel.file("other-1.0.dist-info/METADATA", "")),
        ("an entry point that leaves bin/", &["entry-point-malformed"], |_| {
            Wheel::new("demo-app", "1.0").entry_points("[console_scripts]\n../x = a:b\n")
        }),
        ("a module without its source", &["wheel-byte-code"], |wheel| {
            wheel.file("demo_app/hidden.pyc", b"\xa7\r\r\n").data("purelib/other.pyc", "")
        }),
        ("a module without its source, as data", &["wheel-byte-code"], |wheel| {
            wheel.data("data/lib/python3.11/site-packages/hidden.pyc", "")
        }),
        ("a script with a relative interpreter", &["script-interpreter"], |wheel| {
            wheel.data("scripts/x", "#!bin/python\nprint(1)\n")
        }),
        ("a script that replaces the interpreter", &["path-reserved"], |wheel| {
            wheel.data("scripts/python3", "#!/bin/sh\n")
        }),
        ("data that replaces the interpreter", &["path-reserved"], |wheel| {
            wheel.data("data/bin/Python", "#!/bin/sh\n")
        }),
        ("an entry point of the interpreter's name", &["path-reserved"], |wheel| {
            wheel.data("scripts/python3.11", "x").data("scripts/activate", "x")
        }),
        ("pyvenv.cfg", &["path-reserved"], |wheel| wheel.data("data/pyvenv.cfg", "home = /tmp\n")),
        ("provenance", &["path-reserved"], |wheel| wheel.data("data/share/rustvenv/provenance.json", "{}")),
        ("another project's .dist-info", &["path-reserved"], |wheel| {
            wheel.data("purelib/other-1.0.dist-info/METADATA", "Name: other\n")
        }),
        ("a dependency that is not in the set", &["dependency-missing"], |wheel| {
            wheel.metadata("Requires-Dist: other\n")
        }),
        ("a dependency of another version", &["dependency-version"], |wheel| {
            wheel.metadata("Requires-Dist: demo-app>2\n")
        }),
        ("another Python", &["python-version"], |wheel| wheel.metadata("Requires-Python: <3\n")),
    ] {
        let expected: Vec<&str> = codes.to_vec();
        let package = SourcePackage::new();
        with(edit)(&package);
        let done = package.rustvenv(&["prepare", "--package", "demo"]);
        let mut found = done.codes();
        found.dedup();
        assert_eq!((done.status, found), (3, expected), "{what}: {}", done.stderr);
    }
    refused("two wheels with one path", 3, &["path-collision"], |package| {
        package.wheels([application(), Wheel::new("other", "1").file("demo_app/data.txt", "other\n")]);
    });
    refused("a file of one wheel is a directory of another", 3, &["path-collision"], |package| {
        package.wheels([application().data("data/share/x", ""), Wheel::new("other", "1").data("data/share/x/y", "")]);
    });
    refused("paths that differ in case", 3, &["path-case"], |package| {
        package.wheels([application(), Wheel::new("other", "1").file("demo_app/DATA.txt", "data\n")]);
    });
    refused("a wheel with a platform in a package for all", 3, &["wheel-architecture-all"], |package| {
        package
            .write("debian/control", package.read("debian/control").replace("Architecture: any", "Architecture: all"));
        package.wheels([application().tag("py3-none-linux_x86_64.linux_aarch64")]);
    });
    refused("a library that nobody knows", 3, &["library-unknown"], |package| {
        package.wheels([application().file("demo_app/x.so", elf_that_needs("libunknown.so.7"))]);
    });
    refused("a script for another machine", 3, &["elf-architecture"], |package| {
        package.wheels([application().data("scripts/tool", for_another_machine())]);
    });
    refused("an ELF object that is none", 3, &["elf-malformed"], |package| {
        package.wheels([application().file("demo_app/x.so", b"\x7fELF\x02\x01")]);
    });
    refused("the project is also locked", 3, &["requirement-duplicate"], |package| {
        package.config("");
        package.write(
            "pyproject.toml",
            "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n",
        );
        package.write("backend.py", IN_TREE_BACKEND);
        package.write("payload.whl", application().build());
    });
}

/// A build back end in the tree that hands out a finished wheel.
pub(crate) const IN_TREE_BACKEND: &str = "import shutil\n\n\ndef build_wheel(wheel_directory, config_settings=None, metadata_directory=None):\n    \
    name = 'demo_app-1.0-py3-none-any.whl'\n    shutil.copy('payload.whl', f'{wheel_directory}/{name}')\n    return name\n";

/// A program for a machine that Debian never ran on (EM_SPARC in 64 bits).
pub(crate) fn for_another_machine() -> Vec<u8> {
    let mut program = fs::read("/bin/echo").unwrap();
    program[18..20].copy_from_slice(&2u16.to_ne_bytes());
    program
}

/// A shared library for the machine that runs the tests, made by its compiler, that needs `soname`.
pub(crate) fn elf_that_needs(soname: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("empty.c"), "int used(void) { return 1; }\n").unwrap();
    fs::write(path("user.c"), "int used(void); int user(void) { return used(); }\n").unwrap();
    let cc = |arguments: &[&str]| {
        let done = crate::source_package::run(
            crate::source_package::command("cc").args(arguments).current_dir(directory.path()),
        );
        done.ok();
    };
    let wanted = format!("-Wl,-soname,{soname}");
    cc(&["-shared", "-fPIC", "-nostdlib", &wanted, "-o", "libused.so", "empty.c"]);
    cc(&["-shared", "-fPIC", "-nostdlib", "-Wl,--no-as-needed", "-o", "user.so", "user.c", "-L.", "-lused"]);
    fs::read(path("user.so")).unwrap()
}

#[test]
fn a_pylock_is_as_strict_as_requirements_are() {
    let (name, bytes) = (application().file_name(), application().build());
    let good = format!(
        "lock-version = \"1.0\"\ncreated-by = \"test\"\nextras = [\"fast\"]\n[[packages]]\nname = \"demo-app\"\nversion = \"1.0\"\n\
         wheels = [{{name = \"{name}\", url = \"https://index.example/{name}\", hashes = {{sha256 = \"{}\"}}}}]\n",
        Sha256::of(&bytes)
    );
    let config = "project = \"none\"\nrequirements = [\"pylock.toml\"]\n";
    for (what, settings, from, to, status, code) in [
        ("no wheel", "", "wheels = [", "other = [", 3, "lock-malformed"),
        (
            "a directory that is not the project's",
            "",
            "\"1.0\"\nwheels = [",
            "\"1.0\"\ndirectory = {path = \".\"}\nx = [",
            3,
            "lock-without-wheel",
        ),
        ("another hash", "", "sha256 = \"", "sha256 = \"0", 3, "requirement-hash"),
        ("another version of the format", "", "\"1.0\"\ncreated", "\"2.0\"\ncreated", 3, "lock-version"),
        ("another file", "", "demo_app-1.0", "demo_other-1.0", 3, "lock-file-name"),
        (
            "another Python",
            "python = \"3.11\"\n",
            "created-by",
            "requires-python = \"<3\"\ncreated-by",
            3,
            "lock-not-for-target",
        ),
        ("a false marker", "", "\nwheels", "\nmarker = \"os_name == 'nt'\"\nwheels", 3, "lock-empty"),
        ("an unknown extra", "extras = [\"slow\"]\n", "fast", "quick", 3, "extra-unknown"),
        ("an unknown group", "dependency-groups = [\"server\"]\n", "fast", "quick", 3, "group-unknown"),
    ] {
        refused(what, status, &[code], |package| {
            package.config(&format!("{config}{settings}"));
            package.write("pylock.toml", good.replace(from, to));
        });
    }
    refused("source alone", 3, &["lock-without-wheel"], |package| {
        package.config(config);
        let sdist = good.replace(&name, "demo-app-1.0.tar.gz").replace("wheels = [{", "sdist = {").replace("}]", "}");
        package.write("pylock.toml", sdist);
    });
    refused("one project in two locks", 3, &["requirement-duplicate"], |package| {
        package.config("project = \"none\"\nrequirements = [\"requirements.txt\", \"pylock.toml\"]\n");
        package.write("pylock.toml", &good);
    });
    refused("a constraint that the lock does not meet", 3, &["constraint-conflict"], |package| {
        package.config("project = \"none\"\nrequirements = [\"requirements.txt\", \"pylock.toml\"]\n");
        package.write("pylock.toml", &good);
        package.write("requirements.txt", "-c limits.txt\n");
        package.write("limits.txt", "demo-app<1\n");
    });
}
