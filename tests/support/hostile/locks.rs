//! Requirements files that two tools read in two ways, or that ask for something else than a wheel by its hash. The directory
//! of wheels holds a sound wheel, which is signed for.

use super::*;
use rustvenv::code::Code::*;

/// A lock of the sound wheel. `HASH` in `text` stands for the option with its hash, `DIGEST` for the digest alone, `WRONG` for
/// the option with the hash of another file.
fn lock(name: &str, text: &str, verdict: Verdict) -> Row {
    let bytes = evil().build();
    let digest = Sha256::of(&bytes).hex();
    let wrong = format!("--hash=sha256:{}", Sha256::of(b"other").hex());
    let text =
        text.replace("HASH", &format!("--hash=sha256:{digest}")).replace("DIGEST", &digest).replace("WRONG", &wrong);
    Row { lock: Some(text), ..Row::new(name, vec![(NAME.to_owned(), bytes)], verdict) }
}

/// The rows.
pub fn rows() -> Vec<Row> {
    let mut rows = vec![Row {
        verdict: Verdict::Control,
        ..lock("ok-lock", "evil==1.0 HASH\n", Verdict::Control).leaves(&["SITE/evil/x.py"], &[])
    }];
    for (name, text, codes) in [
        ("lock-md5", "evil==1.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e", &[RequirementHash][..]),
        ("lock-sha1", "evil==1.0 --hash=sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709", &[RequirementHash]),
        ("lock-sha384", &format!("evil==1.0 --hash=sha384:{}", "0".repeat(96)), &[RequirementHash]),
        ("lock-sha512", &format!("evil==1.0 --hash=sha512:{}", "0".repeat(128)), &[RequirementHash]),
        ("lock-blake2b", &format!("evil==1.0 --hash=blake2b:{}", "0".repeat(128)), &[RequirementHash]),
        ("lock-right-hash-and-md5", "evil==1.0 HASH --hash=md5:d41d8cd98f00b204e9800998ecf8427e", &[RequirementHash]),
        ("lock-hash-cut-off", "evil==1.0 --hash=sha256:e3b0c442", &[RequirementHash]),
        ("lock-hash-empty", "evil==1.0 --hash=sha256:", &[RequirementHash]),
        ("lock-hash-upper-case", &format!("evil==1.0 --hash=sha256:{}", "A".repeat(64)), &[RequirementHash]),
        ("lock-without-hash", "evil==1.0", &[RequirementWithoutHash]),
        ("lock-hash-in-a-comment", "evil==1.0 # HASH", &[RequirementWithoutHash]),
        ("lock-hash-on-the-next-line", "evil==1.0\nHASH", &[RequirementOption, RequirementWithoutHash]),
        ("lock-hash-continued-in-a-comment", "evil==1.0 WRONG # \\\n    HASH", &[WheelNotInLock]),
        ("lock-wrong-hash", "evil==1.0 WRONG", &[WheelNotInLock]),
        ("lock-name-twice", "evil==1.0 WRONG\nevil==1.0 HASH", &[RequirementDuplicate]),
        ("lock-name-twice-spelt-otherwise", "evil==1.0 HASH\nEvil==1.0 WRONG", &[RequirementDuplicate]),
        ("lock-two-versions", "evil==1.0 HASH\nevil==2.0 WRONG", &[RequirementDuplicate]),
        ("lock-range", "evil>=1.0 HASH", &[RequirementNotPinned]),
        ("lock-compatible-release", "evil~=1.0 HASH", &[RequirementNotPinned]),
        ("lock-wildcard", "evil==1.* HASH", &[RequirementNotPinned]),
        ("lock-no-version", "evil HASH", &[RequirementNotPinned]),
        ("lock-two-clauses", "evil==1.0,>=0 HASH", &[RequirementNotPinned]),
        ("lock-marker-false", "evil==1.0 ; python_version < '3' HASH", &[LockEmpty]),
        ("lock-marker-by-the-running-kernel", "evil==1.0 ; platform_release != '6.1' HASH", &[MarkerMalformed]),
        ("lock-marker-malformed", "evil==1.0 ; nonsense HASH", &[RequirementMalformed]),
        ("lock-find-links", "--find-links @WHEELS@\nevil==1.0 HASH", &[RequirementOption]),
        ("lock-index-url", "--index-url https://index.invalid/simple\nevil==1.0 HASH", &[RequirementOption]),
        (
            "lock-extra-index-url",
            "--extra-index-url https://index.invalid/simple\nevil==1.0 HASH",
            &[RequirementOption],
        ),
        ("lock-trusted-host", "--trusted-host index.invalid\nevil==1.0 HASH", &[RequirementOption]),
        ("lock-pre-releases", "--pre\nevil==1.0 HASH", &[RequirementOption]),
        ("lock-no-binary", "--no-binary :all:\nevil==1.0 HASH", &[RequirementOption]),
        ("lock-build-options", "evil==1.0 --config-settings=x=y HASH", &[RequirementOption]),
        ("lock-file-url", "evil @ file://@WHEELS@/evil-1.0-py3-none-any.whl HASH", &[RequirementMalformed]),
        (
            "lock-file-url-with-a-fragment",
            "evil @ file://@WHEELS@/evil-1.0-py3-none-any.whl#sha256=DIGEST",
            &[RequirementMalformed],
        ),
        ("lock-path", "@WHEELS@/evil-1.0-py3-none-any.whl HASH", &[RequirementMalformed]),
        ("lock-relative-path", "./wheels/evil-1.0-py3-none-any.whl HASH", &[RequirementMalformed]),
        ("lock-editable", "-e ./wheels", &[RequirementOption]),
        ("lock-editable-and-locked", "-e ./wheels\nevil==1.0 HASH", &[RequirementOption]),
        ("lock-git", "evil @ git+https://index.invalid/evil@main HASH", &[RequirementMalformed]),
        ("lock-git-options", "evil @ git+ssh://-oProxyCommand=id/evil HASH", &[RequirementMalformed]),
        ("lock-mercurial-options", "evil @ hg+https://index.invalid/evil@--config=x HASH", &[RequirementMalformed]),
        ("lock-includes-a-file-outside", "-r ../../outside.txt\nevil==1.0 HASH", &[ConfigPathEscapes]),
        ("lock-includes-an-absolute-file", "-r /etc/hostname\nevil==1.0 HASH", &[ConfigPathEscapes]),
        ("lock-includes-a-url", "-r https://index.invalid/x.txt\nevil==1.0 HASH", &[ConfigFileMissing]),
        ("lock-includes-itself", "-r requirements.txt\nevil==1.0 HASH", &[RequirementMalformed]),
        ("lock-environment-variable", "evil==${HOME} HASH", &[RequirementMalformed]),
        ("lock-two-requirements-on-a-line", "evil==1.0 other==1.0 HASH", &[RequirementMalformed]),
        ("lock-carriage-return", "# a comment\revil==1.0 HASH\nevil==1.0 HASH", &[RequirementMalformed]),
        (
            "lock-line-separator-in-a-comment",
            "# a comment\u{2028}other==1.0 WRONG\nevil==1.0 HASH",
            &[RequirementMalformed],
        ),
        ("lock-form-feed-in-a-comment", "# a comment\x0cother==1.0 WRONG\nevil==1.0 HASH", &[RequirementMalformed]),
        ("lock-bidi-in-a-comment", "# a \u{202e}comment\nevil==1.0 HASH", &[RequirementMalformed]),
        ("lock-nul", "evil==1.0\0 HASH", &[RequirementMalformed]),
        ("lock-byte-order-mark", "\u{feff}evil==1.0 HASH", &[RequirementMalformed]),
        ("lock-name-with-a-confusable-letter", "\u{435}vil==1.0 HASH", &[RequirementMalformed]),
        ("lock-empty", "# nothing", &[LockEmpty]),
    ] {
        let verdict = Verdict::Refused(codes.iter().copied().collect());
        rows.push(lock(name, &format!("{text}\n"), verdict));
    }
    rows.push(lock(
        "lock-wrong-hash-and-right-hash",
        "evil==1.0 WRONG HASH\n",
        Verdict::Harmless(
            "a lock lists the hashes of all files of a release; the one that is installed has to be on the signed list, too",
        ),
    ));
    rows.push(lock(
        "lock-marker-true",
        "evil==1.0 ; python_version >= '3' HASH\nother==1.0 ; sys_platform == 'win32' WRONG\n",
        Verdict::Harmless("markers are evaluated for the target; what is left out is said with --verbose"),
    ));
    rows
}
