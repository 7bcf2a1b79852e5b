//! `rustvenv verify` and `rustvenv check`, and packages whose list nobody signs.

use crate::source_package::{Done, SourcePackage, application, command, list, lock, run};
use crate::wheel::Wheel;
use std::fs;

fn verify(package: &SourcePackage, more: &[&str]) -> Done {
    let mut arguments = vec!["verify", "--manifest", "wheels/sha256sums.txt", "--keyring", "debian/signers"];
    arguments.extend(more);
    package.rustvenv(&arguments)
}

const BOTH: &[&str] = &["--wheels", "wheels", "--requirements", "requirements.txt"];

#[test]
fn a_good_list_names_its_signers() {
    let package = SourcePackage::new();
    let done = verify(&package, BOTH).ok();
    let words: Vec<&str> = done.stdout.trim().split(' ').collect();
    assert_eq!((words[0].len(), words[1]), (40, "2024-01-15T00:00:00Z"), "{}", done.stdout);
    assert!(done.stdout.ends_with(" A Signer <signer@example.org>\n"), "{}", done.stdout);
    let pinned = ["--signer", words[0], "--threshold", "1"];
    verify(&package, &pinned).ok();
    let json = verify(&package, &["--format", "json"]).ok().stdout;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((value["fingerprint"].as_str(), value["entries"].as_u64()), (Some(words[0]), Some(1)));
}

#[test]
fn every_setting_can_refuse() {
    let package = SourcePackage::new();
    for (arguments, status, codes) in [
        (&["--threshold", "2"][..], 3, &["threshold-not-met"][..]),
        (&["--signer", "0000000000000000000000000000000000000000"], 3, &["signer-not-pinned", "threshold-not-met"]),
        (&["--signer", "DEADBEEF"], 2, &["signer-malformed"]),
        (&["--not-before", "2024-02-01"], 3, &["manifest-rollback"]),
        (&["--reference-time", "2024-03-01", "--max-age", "10"], 3, &["manifest-too-old"]),
        (&["--reference-time", "2020-01-01"], 3, &["signature-future"]),
        (&["--reference-time", "soon"], 2, &[]),
        (&["--signature", "requirements.txt"], 3, &["signature-format"]),
        (&["--keyring", "requirements.txt"], 3, &["key-file-malformed"]),
        (&["--keyring", "nowhere"], 2, &[]),
        (&["--wheels", "nowhere"], 2, &[]),
        (&["--wheels", "/dev"], 2, &[]),
    ] {
        let done = verify(&package, arguments);
        let found = done.codes();
        assert_eq!(done.status, status, "{arguments:?}: {}", done.stderr);
        assert!(done.stdout.is_empty(), "{arguments:?}: {}", done.stdout);
        for code in &found {
            assert!(codes.contains(code), "{arguments:?}: {}", done.stderr);
        }
        assert_eq!(found.is_empty(), codes.is_empty(), "{arguments:?}: {}", done.stderr);
    }
}

#[test]
fn files_and_requirements_are_bound_by_their_names() {
    let refused = |what: &str, codes: &[&str], edit: &dyn Fn(&SourcePackage)| {
        let package = SourcePackage::new();
        edit(&package);
        let done = verify(&package, BOTH);
        assert_eq!((done.status, done.codes()), (3, codes.to_vec()), "{what}: {}", done.stderr);
        assert!(done.stdout.is_empty(), "{what}");
    };
    let (name, bytes) = (application().file_name(), application().build());
    let wheel = format!("wheels/{name}");
    refused("a file that nobody signed for", &["file-not-in-manifest"], &|package| {
        package.write("wheels/more.tar.gz", "x");
    });
    refused("a changed file", &["wheel-missing", "wheel-digest-mismatch"], &|package| package.write(&wheel, "x"));
    refused("no file", &["wheel-missing"], &|package| fs::remove_file(package.root.join(&wheel)).unwrap());
    // SecureDrop's check passed all of these: any hash of the list was good for any project, and names matched by prefix
    refused(
        "the hash of another project",
        &["wheel-missing", "wheel-not-in-manifest", "requirement-hash-of-another"],
        &|package| {
            let text = package.read("requirements.txt").replace("demo_app==1.0", "other==1.0");
            package.write("requirements.txt", text);
        },
    );
    refused(
        "the hash of another version",
        &["wheel-missing", "wheel-not-in-manifest", "requirement-hash-of-another"],
        &|package| {
            let text = package.read("requirements.txt").replace("demo_app==1.0", "demo_app==1.0.1");
            package.write("requirements.txt", text);
        },
    );
    refused(
        "the hash of a project with a longer name",
        &["wheel-missing", "wheel-not-in-manifest", "requirement-hash-of-another"],
        &|package| {
            let longer = Wheel::new("demo-app-evil", "1.0");
            package.wheels([longer]);
            let text = package.read("requirements.txt").replace("demo_app_evil", "demo_app");
            package.write("requirements.txt", text);
        },
    );
    refused("a requirement that is not on the list", &["wheel-missing", "wheel-not-in-manifest"], &|package| {
        let other = application().file("demo_app/more.py", "").build();
        package.write("requirements.txt", lock(&[(name.clone(), other)]));
    });
    // a hash of a file that the list does not have is none of its business, as long as one is bound
    let package = SourcePackage::new();
    let text = package.read("requirements.txt").trim_end().to_owned();
    package.write("requirements.txt", format!("{text} --hash=sha256:{}\n", "0".repeat(64)));
    verify(&package, BOTH).ok();
    package.sign(&format!("# rustvenv-manifest: project=demo serial=3\n{}", list(&[(name, bytes)])));
    verify(&package, BOTH).ok();
}

#[test]
fn a_pylock_is_bound_as_requirements_are() {
    let package = SourcePackage::new();
    let (name, bytes) = (application().file_name(), application().build());
    let entry = |file: &str, hash: &str, marker: &str| {
        format!(
            "[[packages]]\nname = \"demo-app\"\nmarker = \"{marker}\"\n\
             wheels = [{{url = \"https://index.example/{file}\", hashes = {{sha256 = \"{hash}\"}}}}]\n"
        )
    };
    let good = rustvenv::digest::Sha256::of(&bytes).hex();
    let head = "lock-version = \"1.0\"\ncreated-by = \"test\"\nextras = [\"x\"]\n[[packages]]\nname = \"demo\"\ndirectory = {path = \".\"}\n";
    let lock =
        head.to_owned() + &entry(&name, &good, "'x' in extras") + &entry(&name, &"0".repeat(64), "'x' not in extras");
    package.write("pylock.toml", &lock);
    package.write("poetry.lock", "");
    let requirements = ["--wheels", "wheels", "--requirements", "pylock.toml"];
    for (more, status, codes) in [
        (&["--extra", "X"][..], 0, &[][..]),
        (&[], 3, &["wheel-missing", "wheel-not-in-manifest"]),
        (&["--extra", "y"], 3, &["extra-unknown"]),
        (&["--group", "y"], 3, &["group-unknown"]),
        (&["--extra", "-"], 2, &[]),
        (&["--requirements", "poetry.lock"], 2, &[]),
    ] {
        let done = verify(&package, &[&requirements[..], more].concat());
        assert_eq!((done.status, done.codes()), (status, codes.to_vec()), "{more:?}: {}", done.stderr);
    }
}

#[test]
fn the_reference_time_is_never_the_clock() {
    let package = SourcePackage::new();
    // outside of a source tree there is none
    let elsewhere = tempfile::tempdir().unwrap();
    let mut bare = command(env!("CARGO_BIN_EXE_rustvenv"));
    bare.args(["verify", "--manifest"]).arg(package.root.join("wheels/sha256sums.txt"));
    bare.arg("--keyring").arg(package.root.join("debian/signers")).current_dir(elsewhere.path());
    let done = run(&mut bare);
    assert_eq!(done.status, 2, "{}", done.stderr);
    assert!(done.stderr.contains("--reference-time"), "{}", done.stderr);
    run(bare.args(["--reference-time", "2024-03-01"])).ok();
    for clock in ["2019-01-01", "2040-01-01"] {
        let mut faked = command("faketime");
        faked.args([clock, env!("CARGO_BIN_EXE_rustvenv"), "verify", "--manifest", "wheels/sha256sums.txt"]);
        run(faked.args(["--keyring", "debian/signers"]).current_dir(&package.root)).ok();
    }
}

#[test]
fn an_old_or_foreign_list_that_was_validly_signed_is_refused() {
    let package = SourcePackage::new();
    let text = package.read("wheels/sha256sums.txt");
    package.sign(&format!("# rustvenv-manifest: project=demo serial=7\n{text}"));
    let base = "project = \"none\"\n";
    for (settings, codes) in [
        ("manifest-project = \"demo\"\nmanifest-serial = 7\n", &[][..]),
        ("manifest-project = \"other\"\n", &["manifest-project"]),
        ("manifest-serial = 8\n", &["manifest-rollback"]),
        ("not-before = \"2024-01-15\"\n", &[]),
        ("not-before = \"2024-01-16\"\n", &["manifest-rollback"]),
        ("max-age = 47\n", &[]),
        ("max-age = 40\n", &["manifest-too-old"]),
    ] {
        package.config(&format!("{base}{settings}"));
        let done = package.rustvenv(&["install", "--package", "demo", "--no-act"]);
        assert_eq!(done.status, if codes.is_empty() { 0 } else { 3 }, "{settings}: {}", done.stderr);
        for code in done.codes() {
            assert!(codes.contains(&code), "{settings}: {}", done.stderr);
        }
    }
}

#[test]
fn a_package_without_signatures_says_so() {
    let package = SourcePackage::new();
    package.config("project = \"none\"\ntrust = \"dangerously-unsigned\"\n");
    fs::remove_file(package.root.join("wheels/sha256sums.txt")).unwrap();
    fs::remove_file(package.root.join("wheels/sha256sums.txt.asc")).unwrap();
    fs::remove_dir_all(package.root.join("debian/signers")).unwrap();
    let done = package.install().ok();
    assert!(done.stderr.contains("warning[dangerously-unsigned]"), "{}", done.stderr);
    // also where silence was asked for
    let mut quiet = command(env!("CARGO_BIN_EXE_rustvenv"));
    quiet.env("DH_QUIET", "1").args(["install", "--package", "demo"]).current_dir(&package.root);
    assert!(run(&mut quiet).ok().stderr.contains("warning[dangerously-unsigned]"));
    let provenance = package.read("debian/demo/opt/venvs/demo/share/rustvenv/provenance.json");
    let value: serde_json::Value = serde_json::from_str(&provenance).unwrap();
    assert_eq!(
        (value["trust"].as_str(), value["wheels"][0]["origin"].as_str()),
        (Some("dangerously-unsigned"), Some("lock"))
    );
    // the lock still decides
    package.write("wheels/demo_app-1.0-py3-none-any.whl", application().file("demo_app/evil.py", "").build());
    let done = package.install();
    assert_eq!((done.status, done.codes()), (3, vec!["wheel-not-in-lock"]), "{}", done.stderr);
}

#[test]
fn check_tells_maintainers_what_a_build_does_not_care_about() {
    let package = SourcePackage::new();
    let check = |clock: &str| {
        let mut faked = command("faketime");
        faked.args([clock, env!("CARGO_BIN_EXE_rustvenv"), "check", "--package", "demo"]);
        run(faked.current_dir(&package.root))
    };
    // sequoia's own default: the signing key of the tests expires three years after it was made
    let fresh = check("2024-06-01");
    assert_eq!(fresh.status, 0, "{}{}", fresh.stdout, fresh.stderr);
    assert!(fresh.stdout.starts_with("note: "), "{}", fresh.stdout);
    let expiry = fresh.stdout.split("expires on ").nth(1).unwrap().get(..10).unwrap().to_owned();
    assert_eq!(expiry, "2026-12-31", "{}", fresh.stdout);
    // at noon: the faked clock goes on while the program starts
    let soon = check("2026-11-30 12:00:00");
    assert!(
        soon.status == 1 && soon.stdout.contains("attention: ") && soon.stdout.contains("in 30 days"),
        "{}",
        soon.stdout
    );
    let late = check("2028-01-01");
    assert!(late.status == 1 && late.stdout.contains("cannot sign the next list: it expired on"), "{}", late.stdout);
    // the package is built all the same
    package.rustvenv(&["install", "--package", "demo", "--no-act"]).ok();
    package.config("project = \"none\"\ntrust = \"dangerously-unsigned\"\n");
    let unsigned = package.rustvenv(&["check", "--package", "demo", "--format", "json"]);
    assert!(unsigned.status == 1 && unsigned.stdout.contains("\"urgency\":\"attention\""), "{}", unsigned.stdout);
}
