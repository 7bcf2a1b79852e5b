//! The one table of refusals: what `rustvenv explain` and rustvenv(7) print.
//!
//! A code is a promise to whoever matches on it in a script or a search: it is never renamed and never used for something
//! else. Each row has the variant, the stable name, a title and an explanation (what was seen, why that is refused, what
//! to do). The order is that of the pipeline, which is also the order in which refusals are printed.

/// Whom a refusal blames, which decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The package's own configuration: exit status 2.
    Configuration,
    /// An input that is untrusted, malformed or does not fit: exit status 3.
    Input,
}

macro_rules! codes {
    ($($variant:ident, $name:literal, $blame:ident, $title:literal, $explanation:literal;)*) => {
        /// The stable name of a reason to refuse.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the pipeline.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that is printed and never changes, in kebab case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One line: what was refused.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What was seen, why it is refused and what to do.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation,)* }
            }

            /// Whom the refusal blames.
            pub const fn blame(self) -> Blame {
                match self { $(Self::$variant => Blame::$blame,)* }
            }
        }
    };
}

codes! {
    // ---- configuration (debian/PKG.rustvenv)
    ConfigMalformed, "config-malformed", Configuration,
        "the configuration is not what rustvenv(5) describes",
        "The file is TOML and strict: a key that does not exist, a value of another type or a value out of its range is an \
         error, because an option that is silently ignored is a check that silently does not happen. Correct the named line.";
    ConfigPathEscapes, "config-path-escapes", Configuration,
        "a path of the configuration leaves the source tree",
        "What a package is made of must be in its source package, or nobody else can build it. Relative paths below the \
         source tree are accepted; absolute paths, `..` and symbolic links that lead outside are not.";
    ConfigFileMissing, "config-file-missing", Configuration,
        "a file that the configuration names does not exist",
        "dh-virtualenv skipped a missing requirements file and built an empty environment. Here every file that is named, or \
         that a default names, has to exist.";
    TargetLeftOver, "target-left-over", Configuration,
        "debian/rules has a target that dh does not call",
        "dh calls overrides and hooks of the commands in its sequence and passes over all others without a word. What a target for \
         dh_virtualenv did would be left undone. Rename it to the target that is named, and leave out of it what dh_rustvenv does by \
         itself: byte code, build paths, RECORD and interpreter lines need no repair. Options of dh_virtualenv become keys of \
         debian/PKG.rustvenv.";
    PackageIsUdeb, "package-is-udeb", Configuration,
        "a package of the Debian installer is to have a virtual environment",
        "A udeb (Package-Type: udeb) is unpacked into the installer, where there is no Python. Remove its configuration, or the one \
         called debian/rustvenv if it is meant for another package than the first.";
    LocationShared, "location-shared", Configuration,
        "two binary packages claim the same place",
        "Two packages of this source have an environment in one place, one inside of the other's, or a link of one name in /usr/bin; dpkg \
         would refuse to install both. Give one of them another `name`, `install-root` or `commands`, or, where they are alternatives, \
         have one name the other in its Conflicts field.";
    DependsNotUsed, "depends-not-used", Configuration,
        "debian/control gives the computed dependencies no place",
        "The interpreter and the C libraries that the wheels need are handed to debhelper as a substitution variable. The \
         Depends or the Pre-Depends field of the binary package has to contain ${misc:Depends} or ${rustvenv:Depends}; in Recommends they \
         would be lost for whoever installs without them. What `libraries-recommended` moves to Recommends is handed over in the same way, and needs ${misc:Recommends} or ${rustvenv:Recommends} there.";
    LibraryPolicyUnused, "library-policy-unused", Configuration,
        "a rule about libraries names a project or library that is not there",
        "`libraries-recommended` and `libraries-ignored` name projects of the environment, or libraries that their files need. This one \
         names something else, so it would change nothing; most likely it is misspelt, or a new release of the project no longer \
         needs the library. Projects that the lock has for other targets alone may be named.";
    CommandUnknown, "command-unknown", Configuration,
        "`commands` names something that is not in the environment's bin/",
        "Each name in `commands` becomes a link in /usr/bin to the launcher of that name. No wheel provides this one.";
    ChangeUnknown, "change-unknown", Configuration,
        "`changes` names something that is not in the environment",
        "`changes` lists what a hook of debian/rules changes, replaces or removes after it was installed. An entry that matches \
         nothing is a misspelt path, or the wheel has changed since. Files that a hook adds are not listed.";
    ChangeForbidden, "change-forbidden", Configuration,
        "`changes` names something that no hook may change",
        "The links to the interpreter, pyvenv.cfg, the activate scripts, everything in share/rustvenv and the RECORD of each \
         project say what the environment is, and an auditor goes by them. Settings of the environment are keys of the \
         configuration. Where a directory was listed, list the files in it instead.";

    // ---- left over from dh-virtualenv
    DhVirtualenvOption, "dh-virtualenv-option", Configuration,
        "an option or variable of dh-virtualenv asks for something that is not done here",
        "dh_rustvenv knows every option of dh_virtualenv: those that say where something is or what it is called are honoured, those \
         about pip and virtualenv alone have no effect and say so, and those that would fetch, run or install something that is \
         not locked and signed for are refused. The hint says what to write instead; dh_rustvenv(1) has the whole table.";
    DhVirtualenvConflict, "dh-virtualenv-conflict", Configuration,
        "an option of dh-virtualenv contradicts the configuration, or another option",
        "An option may say what the configuration leaves open. Where both speak they have to say the same, or a reader of one of \
         them would be misled.";
    DhVirtualenvVariable, "dh-virtualenv-variable", Configuration,
        "a variable of dh-virtualenv would change the package",
        "The environment is not part of the source package and is not recorded in .buildinfo, so another builder would get \
         another package and nobody could say why. Write the line of the hint into the configuration. A variable that says \
         what the configuration says does no harm.";

    // ---- lock (requirements files, pylock.toml)
    RequirementMalformed, "requirement-malformed", Input,
        "a line of a requirements file cannot be read",
        "A requirements file holds one requirement a line: a project name, `==`, a version, an optional environment marker and \
         `--hash=sha256:` options. A line that can be read in two ways is refused.";
    RequirementNotPinned, "requirement-not-pinned", Input,
        "a requirement does not name one version",
        "Only `==VERSION` without a wildcard names one release. Lock the requirements first, for instance with `pip-compile \
         --generate-hashes` or `uv export`.";
    RequirementWithoutHash, "requirement-without-hash", Input,
        "a requirement has no sha256 hash",
        "Every requirement needs at least one `--hash=sha256:` option, and every file of a lock a `sha256`, so that the lock says which files it \
         means. `pip-compile --generate-hashes` and `uv export` write them.";
    RequirementHash, "requirement-hash", Input,
        "a hash of a requirement is not a sha256 digest",
        "Hashes are written `--hash=sha256:`, in a lock `sha256`, with exactly 64 lower-case hexadecimal digits. A weaker algorithm beside a good hash \
         would be the one to attack, and a truncated digest protects nothing.";
    RequirementOption, "requirement-option", Input,
        "a requirements file uses an option that has no meaning here",
        "No index is contacted, nothing is built from a URL and nothing is installed in editable mode, so options for these \
         are refused rather than ignored. `-r` and `-c` with files below the source tree and `--hash` are read.";
    RequirementDuplicate, "requirement-duplicate", Input,
        "one project is required twice",
        "pip installs the first of two such lines and uv the last. A lock says each thing once; remove one of the lines, or \
         give them environment markers that exclude each other.";
    ConstraintConflict, "constraint-conflict", Input,
        "a constraints file pins another version than the requirements",
        "A constraint that the lock does not meet means that one of the two files is out of date.";
    MarkerMalformed, "marker-malformed", Input,
        "an environment marker cannot be evaluated",
        "Markers follow the dependency specifiers specification (PEP 508). They are evaluated for the target interpreter and \
         architecture of the package, never for the machine that builds it.";
    LockMalformed, "lock-malformed", Input,
        "a lock file is not what its format prescribes",
        "pylock.toml, poetry.lock and uv.lock are TOML with a structure of their own. A key that is missing or of another type, sources \
         that exclude each other, an address with credentials or an entry that can be read in two ways is refused where \
         it decides what is installed. Lock again with a current tool.";
    LockVersion, "lock-version", Input,
        "a lock file is of a version that is not known",
        "Another major version may mean something else by the same words. Known are pylock.toml 1.0 and later minor versions, \
         poetry.lock 2.0 and 2.1, and uv.lock 1.";
    LockNotForTarget, "lock-not-for-target", Input,
        "a lock file was not made for the package's Python or platform",
        "Its `requires-python` or `environments`, or those of an entry that is selected, exclude the target, so nothing in it was resolved for \
         the package. Lock again with this target among the environments.";
    LockWithoutWheel, "lock-without-wheel", Input,
        "a lock file selects something of which it has no wheel",
        "Only wheels are installed, and each has to have its SHA-256 in the lock. A source distribution, a directory, a repository or \
         another archive has to become a wheel first: build it, have the wheel signed, and put its name and hash into \
         the lock. The project of the source tree itself is the exception, it is built during the package build.";
    LockFileName, "lock-file-name", Input,
        "a lock file lists a file that belongs to another project or version",
        "Name and version are read from the whole file name and compared as parsed values. A hash under the name of another release would \
         let one project's file pass for another's.";
    GroupUnknown, "group-unknown", Input,
        "no lock has a requested dependency group",
        "`dependency-groups` names groups that pylock.toml lists under `dependency-groups`; none of the locks has this one.";
    LockEmpty, "lock-empty", Input,
        "the locks name nothing to install",
        "An empty environment is hardly what was meant: a requirements file was emptied, or every marker is false for the \
         target.";

    // ---- fetching sources (the maintainers' side)
    IndexPageMalformed, "index-page-malformed", Input,
        "an index answers with something that is no project page",
        "A project page is JSON (PEP 691) or HTML (PEP 503) of version 1 of the simple repository API. What the server sent is \
         something else: the page of a login or a proxy, a page that was cut off, or a version that is not known. Open the \
         address in a browser, and check which index is used.";
    ReleaseNotOnIndex, "release-not-on-index", Input,
        "no index has a file of a locked release",
        "The project or the version is unknown to every index that was asked. It was removed, it comes from another index, or \
         the index is a mirror that has not caught up. `rustvenv fetch --index-url` names another index; it does not have to be \
         trusted, since the lock's hashes decide.";
    SdistNotLocked, "sdist-not-locked", Input,
        "none of the hashes that a lock has for a release belongs to an sdist",
        "Wheels are built from the source distribution, and it has to be the one that the lock names. Where upstream publishes an \
         sdist, lock the release again with the hashes of all its files. Where there is none, `--upstream-wheels` takes \
         upstream's own wheel for a project that is named, which then has to be reviewed as a binary.";
    IndexFilesDiffer, "index-files-differ", Input,
        "an index has other files of a locked release than the lock says",
        "The file of that name has another digest on this index, and a digest of the lock belongs to nothing there. Released files \
         never change, so one of the two is wrong: the index is not the one the lock was made with, or somebody replaced a file. \
         Find out which before you lock the release again.";
    AddressRefused, "address-refused", Input,
        "a server or page leads to an address that is not followed",
        "Nothing leads from an encrypted connection to one that is not, from the network to a file of this machine, to a scheme \
         other than https, http and file, or through more redirections than any real server has. Name the address that is meant with \
         `--index-url`.";
    DownloadTooLarge, "download-too-large", Input,
        "what a server sends is larger than any real file of its kind",
        "The size of a project page and of a file is bounded, so that a server cannot fill the disk or the memory. Every bound \
         stands far above what exists. If this file is real, please report it.";
    FetchedFileDiffers, "fetched-file-differs", Input,
        "a file that was fetched is not the one that is locked",
        "Its SHA-256 is none of those that the lock has for the release. Nothing of it was kept. A server that sends another file \
         than the one that was reviewed is broken or hostile: fetch from another index, compare, and report it.";
    FileInTheWay, "file-in-the-way", Input,
        "a file that is there already is not the one that is locked",
        "The directory has a file of the locked release whose SHA-256 is none of those that the lock has for it. It may be somebody's \
         own work or a trap, so it is neither used nor replaced. Move it away and run the command again.";

    // ---- trust (keyring, signature, manifest)
    SignerMalformed, "signer-malformed", Configuration,
        "a pinned signer is not a full fingerprint",
        "A signer is pinned by the 40 hexadecimal digits of a version 4 fingerprint or the 64 of a version 6 one. A shorter key \
         ID can be had by somebody else at will. `gpg --show-keys FILE` prints the fingerprint of a certificate.";
    ThresholdImpossible, "threshold-impossible", Configuration,
        "the threshold is zero, or higher than the number of pinned signers",
        "The threshold is the number of different certificates that must have signed. It is at least 1 and cannot be more than \
         the number of different fingerprints in `signers`.";
    KeyringEmpty, "keyring-empty", Input,
        "the keyring holds no certificate",
        "Without the signers' certificates no signature can be checked. Put what `gpg --armor --export FINGERPRINT` prints into \
         a file of the keyring whose name ends in .asc, .gpg, .pgp or .pub.";
    KeyFileNotRegular, "key-file-not-regular", Input,
        "something in the keyring directory is not a regular file",
        "A symbolic link can be pointed at another certificate without a change in the directory, and a subdirectory would be \
         overlooked. The keyring is a flat directory of regular files; put the certificate itself there.";
    KeyFileUnexpected, "key-file-unexpected", Input,
        "a file in the keyring directory has a name that no certificate has",
        "Certificates have names that end in .asc, .gpg, .pgp or .pub; files named README and hidden files are left alone. A \
         revocation in a file that is passed over would leave a revoked certificate good, so anything else is refused. Rename \
         the file or take it out of the directory.";
    KeyFileMalformed, "key-file-malformed", Input,
        "a file of the keyring is not a readable OpenPGP certificate",
        "A file that cannot be read to its end may hold a revocation, so it is never passed over. Export the certificate again \
         with `gpg --armor --export FINGERPRINT`; keyboxes (pubring.kbx), truncated files and files of other kinds are not read.";
    KeyFileSecret, "key-file-secret", Input,
        "a file of the keyring holds a secret key",
        "Whoever has the source package can sign with this key. Treat it as compromised: revoke it, sign with a new one, and put \
         only the output of `gpg --armor --export FINGERPRINT` into the keyring.";
    TrustInputTooLarge, "trust-input-too-large", Input,
        "a manifest, signature file or key file is larger than any real one",
        "The size of what is read before it is believed is bounded, so that nobody can exhaust the builder with it. A \
         certificate that has grown by other people's certifications shrinks with `gpg --export-options export-minimal`.";
    SignatureMissing, "signature-missing", Input,
        "the manifest has no signature file",
        "No signature, no build. Sign the manifest with `gpg --armor --detach-sign FILE`.";
    SignatureFormat, "signature-format", Input,
        "a signature file is not a detached OpenPGP signature",
        "Expected are binary signature packets, or armored blocks that begin with -----BEGIN PGP SIGNATURE----- and nothing but \
         blank lines around them. Cleartext-signed and inline-signed files carry a text of their own, which is not \
         the manifest that would be used. Sign with `gpg --armor --detach-sign FILE`.";
    SignatureDamaged, "signature-damaged", Input,
        "a signature file was changed after it was made",
        "The checksum of the armor is wrong, or the signature's own fields contradict each other or say something that the \
         signer did not protect, so the signature file itself is not what the signer wrote; nothing is known about the manifest. Get the signature file again, or sign again.";
    SignatureVersion, "signature-version", Input,
        "a signature has a version that is not accepted",
        "Version 4 (RFC 4880) and version 6 (RFC 9580) are read. Version 3 protects neither its time nor its meaning, and other \
         versions are unknown. Sign again with a current program.";
    SignatureType, "signature-type", Input,
        "a signature is not over a binary document",
        "A text-mode signature also fits the manifest with other line ends, and the remaining types are statements about keys, \
         not about files. Sign with `gpg --armor --detach-sign FILE`, without --textmode.";
    SignatureUnsupported, "signature-unsupported", Input,
        "a signature uses an algorithm that this build does not have",
        "Which algorithms can be checked depends on the cryptographic backend that the program was built with; \
         `rustvenv --version` names it and rustvenv(7) has a table. Sign with RSA, Ed25519 or a NIST curve.";
    SignatureWeak, "signature-weak", Input,
        "a signature rests on an algorithm that can be forged or soon will be",
        "Refused are MD5, SHA-1, RIPEMD-160 and SHA-224, RSA below 2048 bits, ElGamal and DSA, both in the signature and in the \
         certificate that it is checked with. A self-signature made with SHA-1 is renewed by setting the expiry of the \
         key again; a weak key has to be replaced.";
    SignatureCritical, "signature-critical", Input,
        "a signature demands that something is understood which is not",
        "The signer marked a notation or subpacket as critical: whoever does not know it must not accept the signature. Sign again \
         without it.";
    SignatureMismatch, "signature-mismatch", Input,
        "the manifest is not what was signed",
        "The signature file is whole, but it belongs to other bytes: the manifest was edited after it was signed, or manifest \
         and signature are of different versions. Compare the manifest with the one that was reviewed; sign it again \
         only when the difference is understood.";
    SignerUnknown, "signer-unknown", Input,
        "a signature was made by a key that is not in the keyring",
        "The certificate that made the signature is in no file of the keyring, so nothing can be said about the signature. If its \
         owner may sign, add the certificate; otherwise have the manifest signed by somebody who may.";
    SignerNotPinned, "signer-not-pinned", Input,
        "a signature is good, but its signer is not one of those who may sign",
        "`signers` names the fingerprints whose signatures count. A certificate in the keyring grants nothing by itself. Have the \
         manifest signed by one of the named signers.";
    SignerUnbound, "signer-unbound", Input,
        "the key that signed was not part of a certificate at that time",
        "A certificate vouches for its keys by signatures of its own: for the primary key, for each subkey, and back again from a \
         subkey that signs. None that is valid covers the time of the signature. Export the certificate again from \
         its owner's keyring.";
    SignerNotForSigning, "signer-not-for-signing", Input,
        "the key that signed is not meant for signing data",
        "The certificate says what each of its keys is for, and this one may only certify, authenticate or encrypt. Sign with a \
         key that has the signing flag.";
    SignerExpired, "signer-expired", Input,
        "the signer's key had expired when it signed",
        "The key expired before the date of the signature, as far as the certificate in the keyring says. Usually the owner has \
         extended the expiry and the keyring has the old copy: add the renewed certificate to the keyring and keep the old one.";
    SignerRevoked, "signer-revoked", Input,
        "the signer's key is revoked",
        "A key that was compromised, or revoked without a reason, is void for ever, with all its signatures. A key that was retired or \
         superseded is void from the date of the revocation. Have the manifest reviewed and signed with another key.";
    SignatureFuture, "signature-future", Input,
        "a signature is dated far in the future",
        "It is dated more than 366 days after the reference time, which is the date of the package. The signer's clock was wrong, \
         or the signature was meant to outlive every later limit. Correct the clock and sign again.";
    SignatureExpired, "signature-expired", Input,
        "a signature has expired",
        "The signer set a date after which the signature does not count, and the reference time, which is the date of the \
         package, is later. Review the manifest and sign it again.";
    ManifestRollback, "manifest-rollback", Input,
        "the manifest or its signature is older than the configuration allows",
        "An older list that was once validly signed is being put in the place of a newer one, or `not-before` or the serial in the \
         configuration was raised too far. Use the current manifest and its signature.";
    ManifestEntryChanged, "manifest-entry-changed", Input,
        "a wheel is listed with another digest than it has",
        "Somebody has signed for a file of this name, and the file is another one. A list never takes a name back: who has \
         the old list would install something else than who has the new one. Use the wheel that was signed for, or build the new \
         one with a build number in its name or as another version.";
    ManifestProject, "manifest-project", Input,
        "the manifest is validly signed, but for another project",
        "The configuration names the project that the list has to be for, and the signed header line of the list names another one \
         or none. A list that was signed for something else says nothing about this package.";
    ManifestTooOld, "manifest-too-old", Input,
        "a signature is older than `max-age` allows",
        "The time from the signature to the reference time, which is the date of the package, exceeds `max-age`. Review the \
         manifest and sign it again.";
    ThresholdNotMet, "threshold-not-met", Input,
        "too few of the signers have signed",
        "Counted are different certificates with a good signature each. Two signatures by one certificate, by its subkeys or under \
         different user IDs are one. Have the manifest signed by more of the signers.";
    ManifestMalformed, "manifest-malformed", Input,
        "a line of the manifest cannot be read",
        "A line is what `sha256sum` writes: 64 lower-case hexadecimal digits, a blank, a blank or `*`, and a file name. Empty lines \
         and lines that begin with `#` are comments. Lines end with LF, and the text is UTF-8 without control characters.";
    ManifestName, "manifest-name", Input,
        "the manifest lists a name that is not a plain file name",
        "Names have no directory, no escapes and no characters that are invisible or reorder text, so that what a reviewer reads is \
         what is used. Run `sha256sum *.whl` in the directory of the wheels.";
    ManifestDuplicate, "manifest-duplicate", Input,
        "the manifest lists one file twice",
        "A list says each thing once. Write the manifest again from the files it is about.";
    ManifestConflict, "manifest-conflict", Input,
        "the manifest has two digests for one file name",
        "Only one of the two can be the file that was reviewed, and nothing says which. Write the manifest again from the files it \
         is about.";

    // ---- matching wheels
    WheelNameMalformed, "wheel-name-malformed", Input,
        "a wheel's file name does not follow the specification",
        "The binary distribution format (PEP 427) names a wheel NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl. Name and version \
         are compared as parsed values, never by prefix.";
    WheelMissing, "wheel-missing", Input,
        "no wheel of a locked release is in the wheel directories",
        "The lock requires a release and no file of that project and version is there. Nothing is fetched while a package is \
         built: put the wheel into the directory that `wheels` names.";
    WheelIncompatible, "wheel-incompatible", Input,
        "there are wheels of a locked release, but none fits the target",
        "Python tag, ABI tag or platform tag exclude the package's interpreter, architecture or C library. The tags are \
         compared with those of the target, not of the machine that builds.";
    WheelAmbiguous, "wheel-ambiguous", Input,
        "two wheels fit a locked release equally well",
        "Both are locked and signed, and no rule of the specification prefers one. Remove one, or take its hash out of the lock.";
    WheelNotInLock, "wheel-not-in-lock", Input,
        "a wheel is on the signed list, but the lock has other hashes for its release",
        "The signers approved this file; the lock does not ask for it. Either the lock is out of date or somebody changed it.";
    WheelNotInManifest, "wheel-not-in-manifest", Input,
        "a wheel is locked, but it is not on the signed list",
        "The lock asks for this file and nobody who may sign has approved it. Review it, add it to the manifest and sign that.";
    WheelDigestMismatch, "wheel-digest-mismatch", Input,
        "a wheel is not the file that was signed and locked",
        "Neither the signed list nor the lock has the digest of this file, although its name is known. It was damaged, \
         rebuilt or replaced. Do not use it; fetch it again and compare.";
    WheelUnknown, "wheel-unknown", Input,
        "a wheel is neither on the signed list nor in the lock",
        "Its file name is that of a locked release, and neither the signers nor the lock know this file. It was rebuilt, \
         renamed or planted.";
    FileNotInManifest, "file-not-in-manifest", Input,
        "a file in a directory of wheels is not on the signed list",
        "`rustvenv verify --wheels` holds the whole directory against the list: a file that nobody signed for has no business \
         there, even if no requirement asks for it.";
    RequirementHashOfAnother, "requirement-hash-of-another", Input,
        "a hash of a requirement belongs to another file on the signed list",
        "The list has this hash under the name of another project or version. A check that only asks whether a hash is somewhere \
         in the list would let one project's wheel pass for another's.";
    WheelArchitectureAll, "wheel-architecture-all", Input,
        "a package for all architectures would contain machine code",
        "Architecture: all promises that the package works everywhere; a wheel with a platform tag does not. Use Architecture: \
         any.";
    DependencyMissing, "dependency-missing", Input,
        "a wheel requires a project that is not in the set",
        "Requires-Dist of an installed wheel, under the chosen extras and for the target, is not met by the locked set. The \
         application would fail when it imports it. Add it to the lock; `missing-ok` names what comes from \
         somewhere else.";
    DependencyVersion, "dependency-version", Input,
        "a wheel requires another version of a project than the locked one",
        "Requires-Dist of an installed wheel excludes the version that the lock pins.";
    PythonVersion, "python-version", Input,
        "a wheel does not support the target's Python",
        "Requires-Python in the wheel's METADATA excludes the interpreter of the package.";
    ExtraUnknown, "extra-unknown", Input,
        "the project does not provide a requested extra",
        "`extras` names what Provides-Extra of the project's own wheel must list, and what a pylock.toml that lists extras must have.";

    // ---- the project's own wheel
    ProjectMalformed, "project-malformed", Configuration,
        "the source tree is no Python project that can be built",
        "pyproject.toml has to follow the specification of the [build-system] table (PEP 518): `requires` is a list of \
         dependency specifiers, `build-backend` names an object and `backend-path` stays inside of the tree. Without such a \
         table there has to be a setup.py, a setup.cfg or a [project] table. A source tree without a project of its own \
         says `project = \"none\"`.";
    ProjectNotCrossBuilt, "project-not-cross-built", Input,
        "the project's own wheel is for the machine that builds, and the package for another",
        "In a cross build the back end of the project runs on the machine that builds, and by itself it compiles for that. Where the \
         target's libpython3-dev and crossbuild-essential-ARCH are installed, it is told of the other Python and its compiler, by which \
         setuptools and most others make machine code for the target. Or have a wheel built for the target, sign for it, lock \
         it, and set `project = \"none\"`. A project without machine code needs none of this.";
    BuildRequirementMissing, "build-requirement-missing", Configuration,
        "what the project's build back end needs is not there",
        "Nothing is fetched while a package is built. What [build-system] and the back end itself require must be in the \
         build environment in a version that fits: from packages in Build-Depends, or from the verified wheels that \
         `build-requirements` names. What sdists require has to be locked too; `rustvenv update` prints what is not, as \
         requirements that a tool can lock.";

    // ---- sdists that are built
    SdistAmbiguous, "sdist-ambiguous", Input,
        "two sdists are of one project and version",
        "Which of two archives of one release was reviewed nobody can tell from their names. Keep the one whose hash is in the \
         lock.";
    SdistNotInLock, "sdist-not-in-lock", Input,
        "an sdist is not the file that the lock asks for",
        "Its name is that of a locked release, and its SHA-256 is none of those that the lock has for it. What was reviewed and locked \
         was another file.";
    SandboxMissing, "sandbox-missing", Configuration,
        "there is no sandbox to build in",
        "Building an sdist runs its code. That happens in a sandbox made by bubblewrap, which needs the package of that name \
         and a kernel that allows user namespaces, and not at all without one.";
    CrateLock, "crate-lock", Input,
        "a Cargo.lock of an sdist cannot be used",
        "The build failed, and this may be why. Parts in Rust are built without a network, from crates that have the checksums of the sdist's own Cargo.lock. A crate from \
         version control has none, and neither has a damaged lock.";
    CrateMissing, "crate-missing", Input,
        "a Rust crate that an sdist needs is not there",
        "The build failed, and this may be why. Each crate that a Cargo.lock of the sdist names has to lie in the directory that `--crates` names, as the file of which the lock \
         has the checksum. `rustvenv crates` fetches them.";
    BuildCycle, "build-cycle", Input,
        "sdists need one another to be built",
        "Each of the named sdists needs the next one as a wheel before it can be built, and the last needs the first. One of \
         them has to be there as a verified wheel, locked in a file that `--build-requirements` names.";
    BuildFailed, "build-failed", Input,
        "the build back end of an sdist failed",
        "The back end ran in its sandbox and ended with an error; the end of what it said is shown, and all of it is kept. A \
         compiler, header or library that is missing is installed with the system's packages; a Python distribution that is missing \
         has to be declared by the sdist; what the back end wants to fetch is not to be had, because there is no network.";
    BuildTooLong, "build-too-long", Input,
        "the build of an sdist did not end in time",
        "Every process in its sandbox was killed when the time of `--timeout` was over. What it said until then is kept.";
    BuildWrongWheel, "build-wrong-wheel", Input,
        "the build of an sdist left something else than its wheel",
        "A back end leaves exactly one file, the wheel that it names, of the project and version of the sdist's own name. More \
         files, links, or a wheel of another release are refused.";
    BuildNotReproducible, "build-not-reproducible", Input,
        "two builds of one sdist differ",
        "Every sdist is built twice, later, at another path, as another user, with other processes and another order of \
         directories, and both have to make the same file. A wheel that differs depends on what no reviewer can see, and nobody could \
         build it again to check it. Each member that differs is named with the likely cause; the sdist has to be corrected \
         there.";
    WheelNameTaken, "wheel-name-taken", Input,
        "another wheel of the same name is there already",
        "Two files of one name cannot both be what a signed list names. The wheel that is there was made from something else, \
         or by another compiler or back end; it is not replaced. Compare the two, and remove the one that is wrong.";

    // ---- the archive (ZIP)
    ArchiveNotZip, "archive-not-zip", Input,
        "a wheel is not a ZIP archive",
        "A wheel ends with an end of central directory record of 22 bytes; this file does not. It was cut off while it \
         was fetched, or it is something else. Fetch it again and compare its digest.";
    ArchiveTrailingData, "archive-trailing-data", Input,
        "something follows the end of a wheel's archive",
        "Some readers search backwards for the end of an archive and others do not, so a file with something behind that \
         end can be two archives. Rebuild the wheel, or ask who added the bytes.";
    ArchiveComment, "archive-comment", Input,
        "a wheel's archive or one of its members has a comment",
        "A comment of an archive can contain another archive, which is the one that pip installs. Wheels have no use for \
         comments; rebuild the wheel without.";
    ArchiveGap, "archive-gap", Input,
        "bytes of a wheel's archive belong to no record",
        "Members, central directory and end record fill an archive from its first to its last byte. Anything between \
         them, in front of them or left out of the central directory is seen by some readers and not by others, which is \
         how a file is hidden from review.";
    ArchiveOverlap, "archive-overlap", Input,
        "two records of a wheel's archive share bytes",
        "Members that overlap let a small file expand without end, or mean one thing read from the front and another read \
         from the directory. No tool that builds wheels writes them.";
    ArchiveMalformed, "archive-malformed", Input,
        "a record of a wheel's archive is cut off or not where another one says",
        "The records of a ZIP archive refer to one another by position and length. Where a reference leads to something \
         else, readers guess, and guess differently. Fetch the wheel again; if it is the same, rebuild it.";
    ArchiveMultiDisk, "archive-multi-disk", Input,
        "a wheel's archive says that it is one part of several",
        "A wheel is one file. The numbers of disks in a ZIP archive are all zero, and the numbers of members on this disk \
         and in total are equal.";
    ArchiveZip64, "archive-zip64", Input,
        "a wheel's archive uses ZIP64 records where it should not, or contradicts them",
        "ZIP64 records give sizes and positions a second time, in 64 bits, and readers differ in which one they believe. \
         They are accepted where sizes demand them or a common writer puts them, and only if both say the same.";
    ArchiveHeaderMismatch, "archive-header-mismatch", Input,
        "two records of a wheel's archive say different things of one member",
        "Name, method, checksum, sizes, time and flags stand in front of a member and again in the central directory, and \
         sometimes a third time behind the member. Tools differ in which they believe, so a member for which they differ \
         is a different file for each of them.";
    ArchiveExtraField, "archive-extra-field", Input,
        "a member has an extra field that is malformed or not known to be harmless",
        "Extra fields can rename a member for some readers (0x7075) or hide data. Accepted are timestamps (0x5455, \
         0x000a), Unix owners (0x7875), ZIP64 sizes and the empty mark of Java archives (0xcafe). Rebuild the wheel with \
         a current tool.";
    ArchiveEncrypted, "archive-encrypted", Input,
        "a member is encrypted",
        "Nobody can review what nobody can read, and no installer can install it.";
    ArchiveFlags, "archive-flags", Input,
        "a member has general purpose flags that wheels do not use",
        "Known are the flags for the effort of deflate, for a data descriptor and for names in UTF-8. Any other changes \
         how the member is to be read.";
    ArchiveMethod, "archive-method", Input,
        "a member is compressed in a way that wheels are not",
        "Members of wheels are stored or deflated. Other methods are read by some installers only, and each one is more \
         code that sees untrusted input. Rebuild the wheel.";
    ArchiveMemberPath, "archive-member-path", Input,
        "a member has a path that leaves the wheel, hides or cannot be read in one way",
        "Paths are relative and consist of components between slashes, none of them empty, `.` or `..`. Backslashes, \
         control characters, characters that reorder text and names beyond ASCII that are not marked as UTF-8 are \
         refused, because tools read, repair or skip them differently.";
    ArchiveMemberType, "archive-member-type", Input,
        "a member is not a plain file, or not what its name says",
        "Symbolic links, devices and pipes have no place in a wheel, and installers make different things of them. Names \
         of directories, and only these, end in a slash.";
    ArchiveMemberMode, "archive-member-mode", Input,
        "a member has the set-user-ID, set-group-ID or sticky bit",
        "No file of a wheel runs with somebody else's rights. Remove the bit from the file and rebuild the wheel.";
    ArchiveDirectoryContent, "archive-directory-content", Input,
        "a directory in a wheel's archive has content",
        "A name that ends in a slash is a directory, of which every installer drops the content. A reviewer who unpacks \
         the wheel does not see it.";
    ArchiveDuplicateMember, "archive-duplicate-member", Input,
        "a path is twice in a wheel's archive",
        "Some tools take the first of two members with one path and some the last, and a parallel installer a mixture. \
         Rebuild the wheel.";
    ArchiveFileAsDirectory, "archive-file-as-directory", Input,
        "a path is a file and a directory in a wheel's archive",
        "Which of the two exists after the installation depends on the order in which a tool writes them. Rebuild the \
         wheel.";
    ArchiveLimit, "archive-limit", Input,
        "a wheel exceeds a bound on number or size",
        "Every bound stands far above what the wheels of PyPI have, so that an input cannot exhaust the machine that \
         builds the package. If this wheel is real, please report it; until then, `limits` in the package's configuration sets \
         the bounds on wheels (rustvenv(5)).";
    ArchiveBomb, "archive-bomb", Input,
        "a member, or all together, expand further than real content does",
        "A member whose content is many hundred times larger than its compressed form is made to fill memory or disk, and so \
         are thousands of smaller ones.";
    ArchiveDeflate, "archive-deflate", Input,
        "the compressed content of a member is malformed",
        "The deflate stream is invalid, ends early, or is followed by bytes that no reader sees. The wheel was damaged or \
         made to hide something. Fetch it again and compare its digest.";
    ArchiveSize, "archive-size", Input,
        "the content of a member has another size than its headers say",
        "An installer that believes the headers and one that believes the content install different files. Fetch the \
         wheel again and compare its digest.";
    ArchiveCrc, "archive-crc", Input,
        "the content of a member has another checksum than its headers say",
        "The wheel was damaged on its way, or changed without care. Fetch it again and compare its digest.";

    // ---- the wheel (RECORD, METADATA, WHEEL, entry points)
    RecordMissing, "record-missing", Input,
        "a wheel has no RECORD",
        "RECORD lists every file of a wheel with its hash (the binary distribution format, PEP 427). Without it, what was \
         added or changed after the wheel was built cannot be told. Rebuild the wheel.";
    RecordMalformed, "record-malformed", Input,
        "RECORD of a wheel cannot be read",
        "RECORD consists of rows of three columns in UTF-8: path, hash and size, separated by commas, quoted as RFC 4180 \
         says. RECORD has no hash for itself. Rebuild the wheel with a current tool.";
    RecordPath, "record-path", Input,
        "RECORD of a wheel names a path that no member of a wheel can have",
        "Rows of RECORD decide what is removed when a project is uninstalled, so a row that leads outside removes files \
         of others. Rows of a wheel's RECORD are relative paths below its root.";
    RecordDuplicate, "record-duplicate", Input,
        "RECORD of a wheel has two rows for one file",
        "Two rows that say the same say it once too often, and two that differ leave a choice of which to check. Rebuild \
         the wheel.";
    RecordWeakHash, "record-weak-hash", Input,
        "a row of RECORD has no hash, or one that is too weak",
        "The recording specification demands sha256 or better; files that differ can be made for md5 and sha1. Only \
         RECORD itself and its signatures have no hash. Rebuild the wheel with a current tool.";
    RecordFileUnlisted, "record-file-unlisted", Input,
        "a file of a wheel is not in its RECORD",
        "Somebody added the file after the wheel was built, or it was built wrongly. The binary distribution format says \
         that such a wheel is not installed, although installers do. Ask who made the wheel.";
    RecordFileMissing, "record-file-missing", Input,
        "RECORD of a wheel lists a file that is not there",
        "Somebody removed the file after the wheel was built, or it was built wrongly. Ask who made the wheel, or rebuild \
         it.";
    RecordDigest, "record-digest", Input,
        "a file of a wheel is not the one that RECORD lists",
        "Size or hash of the content differ from the row in RECORD, so somebody changed one of the two after the wheel \
         was built. Do not use the wheel before you know who did and why.";
    WheelMetadata, "wheel-metadata", Input,
        "METADATA or WHEEL of a wheel is missing, malformed or says something else than the file name",
        "Name, version and tags stand in three places of a wheel. When they disagree, a reviewer who read one of them reviewed \
         another wheel than the one that would be installed. Only the platform may be more in the file name than it is in WHEEL, \
         where many build tools write `any` or `linux_x86_64`.";
    EntryPointMalformed, "entry-point-malformed", Input,
        "an entry point of a wheel is not one",
        "Names of console and GUI scripts become file names in bin/, their values become code. Names consist of letters, digits, \
         `.`, `_`, `-` and `+`; values are MODULE:FUNCTION with Python identifiers.";

    ScriptInterpreter, "script-interpreter", Input,
        "a script of a wheel does not name an interpreter that can be relied on",
        "The first line of a script is `#!python`, which becomes the environment's Python, or names a program by its absolute path. \
         Linux looks for any other in the working directory of whoever runs the script. Rebuild the wheel.";

    WheelByteCode, "wheel-byte-code", Input,
        "a wheel ships a module as byte code without its source",
        "Python imports such a file, and nobody can review it: it runs on one version of Python only and can be changed without \
         a trace in any source. pip installs it. Byte code beside its source and in __pycache__ is left out, because Python \
         makes it anew. Rebuild the wheel with its sources.";

    // ---- the plan
    PathReserved, "path-reserved", Input,
        "a wheel claims a path that belongs to the environment itself",
        "bin/python*, bin/activate*, pyvenv.cfg and share/rustvenv are made by this program. A wheel that ships one of them \
         would replace the interpreter or the record of where the environment came from. Files that the interpreter reads \
         beside itself (bin/pyvenv.cfg, bin/*._pth), and modules that come as data, would change what it imports; the \
         .dist-info and .egg-info of other projects, what is known of those.";
    PathCollision, "path-collision", Input,
        "two sources claim one path",
        "Two wheels, or a wheel and a file that the package put there before, have different content for one path. pip lets the \
         last one win, uv leaves it to chance.";
    PathCase, "path-case", Input,
        "two paths differ only in case or in Unicode normalisation",
        "On a file system that does not tell them apart one of the two files replaces the other, and a reviewer takes one for \
         the other.";

    // ---- debhelper
    ElfMalformed, "elf-malformed", Input,
        "a file that begins like an ELF object cannot be read as one",
        "The shared libraries that the package needs are read from the ELF files of the wheels; one that cannot be read would \
         leave its needs out of Depends.";
    ElfArchitecture, "elf-architecture", Input,
        "an ELF file is for another architecture than the package",
        "The file would not load on the machines that the package is for, whatever the wheel's tag says. Refused are extension \
         modules and scripts, and all such files of a wheel that is called after a platform and has no machine code for it. \
         Other programs for another machine, which wheels for all platforms ship, are only mentioned.";
    LibraryUnknown, "library-unknown", Input,
        "an ELF file needs a shared library whose package is not known",
        "The library is neither in the environment nor one of the distribution's whose package is known, so that the package \
         that ships it cannot be put into Depends. Only files that no module and no program needs, such as plugins, may \
         lack one. Wheels with a `linux_ARCH` tag were linked with the distribution's libraries: for them dpkg-shlibdeps is \
         asked, which knows those of installed packages, so that the package with the library belongs into Build-Depends.";
    LibraryVersionUnknown, "library-version-unknown", Input,
        "an ELF file needs a version of a system library that is not known",
        "The symbol version is in no table, so no lower bound for Depends can be computed: the library is newer than this \
         program, or private.";

    // ---- byte code
    ByteCodeInterpreter, "byte-code-interpreter", Configuration,
        "byte code of this Python cannot be shipped",
        "What Python 3.10 and older compile depends on the order in which files are compiled and on what else the process has \
         loaded, so that two builders would make two packages. Have the byte code compiled where the package is installed: that \
         is the default of `bytecode`.";
    ByteCodeDiffers, "byte-code-differs", Input,
        "a source file was compiled twice, to two different byte codes",
        "With `bytecode = \"ship\"` every file is compiled in two processes, in opposite orders and with other hash seeds. What \
         differs between them would differ between two builders, and nobody could tell it from a manipulation. Have the byte \
         code compiled where the package is installed: that is the default of `bytecode`.";

    // ---- the finished tree
    ByteCodeLeft, "byte-code-left", Input,
        "compiled byte code is in the environment",
        "A hook of debian/rules ran the environment's Python, which compiled what it imported. Byte code depends on the order of \
         imports and is not covered by any signature. Run that Python with `-B`; `dh` already sets PYTHONDONTWRITEBYTECODE.";
    InstalledFileChanged, "installed-file-changed", Input,
        "a file of the environment is not what was installed",
        "Between the installation and the end of the build something changed, replaced or removed a file that came from a \
         verified wheel. Look for an override or a hook in debian/rules that works on the whole package. What a hook \
         changes on purpose is named in `changes` of the configuration (rustvenv(5)); the provenance record in the package then \
         says so to everyone who audits it.";
    ChangeNotMade, "change-not-made", Input,
        "a file that `changes` lists is still what was installed",
        "An exception that nobody needs is one that somebody else can use, and the provenance record would call a file changed \
         that is not. Take the path out of `changes`, or look why the hook did nothing: its patch may be part of the wheel by now.";
    AddedFileUnsafe, "added-file-unsafe", Input,
        "a hook put something into the environment that a package should not have",
        "Refused are devices, sockets and FIFOs, files with a set-user-ID or set-group-ID bit, and links that lead into the build \
         tree, above the root of the package, or to where users may write or live, such as /tmp and /home: none of them works, or \
         is safe, on the machine where the package is installed. Refused is also what would be taken for a part of the environment itself: files \
         that the interpreter reads beside itself (bin/pyvenv.cfg, bin/*._pth), modules outside of site-packages, and \
         anything in share/rustvenv or in the .dist-info of a wheel.";

    // ---- the private index
    YankedMalformed, "yanked-malformed", Configuration,
        "a line of the list of withdrawn files cannot be read",
        "Each line names a file or a release, as `NAME==VERSION`, and may give a reason after a blank. A line that is passed over \
         would leave on offer what somebody meant to withdraw.";
    IndexFileChanged, "index-file-changed", Input,
        "a file changed while the index was being made",
        "The digest on a page has to be that of the file beside it. The file was read, and when it was to be linked or copied into \
         the index it was another one. Find out who writes to the directory, and make the index again.";

    // ---- synchronising
    SyncLocalList, "sync-local-list", Input,
        "the list in the directory cannot be believed",
        "A new list is taken only if it is not older than the one that is there, which therefore has to be verified as well. It \
         was damaged, nobody signed it, or those who did are no longer in the keyring. Keep their certificates there until the first \
         synchronisation after such a change, or synchronise into a new directory.";
    SyncSerialReused, "sync-serial-reused", Input,
        "two different lists have the same serial or time",
        "Nothing says which of them is the newer one. Somebody forgot to count, or shows different lists to different people. \
         Compare the two lists, and have a new one signed with a greater serial.";
    SyncListedFileChanged, "sync-listed-file-changed", Input,
        "the new list gives another digest to a file that the earlier one had",
        "A file that was approved keeps its bytes: locks and packages refer to them. A file that was built anew gets another \
         version or build tag. Ask those who signed both lists.";
    SyncName, "sync-name", Input,
        "a list names a file that would stand in the place of something else",
        "Hidden names are where a synchronisation keeps what is not complete, and the list and its signatures have names of \
         their own. No wheel is called like that.";
    SyncFileInTheWay, "sync-file-in-the-way", Input,
        "a file that no earlier list had stands where a listed one belongs",
        "It is of the listed file's name and has other bytes, so that somebody put or built it there. What this program did not \
         bring it does not replace. Look at it, and move it away.";
    SyncFileDiffers, "sync-file-differs", Input,
        "what was fetched is not the file that the signed list has",
        "Its SHA-256 is another one, and nothing of it was kept. The place that serves it is damaged, is lagging behind its list, or \
         serves something else on purpose.";
    SyncFileMissing, "sync-file-missing", Input,
        "a file of the signed list is not where the list is",
        "The list was published before its files, or without them. What could be fetched is kept for the next run, and the directory \
         is as it was.";

    // ---- source distributions
    SdistNameMalformed, "sdist-name-malformed", Input,
        "a file is not named like a source distribution",
        "The name is NAME-VERSION and `.tar.gz`; for older releases also `.zip`, `.tar.bz2` and `.tar.xz`. Which project and \
         version a file is of is read from its whole name, so a name that cannot be read says nothing.";
    SdistNameMismatch, "sdist-name-mismatch", Input,
        "a source distribution is of another release than was asked for",
        "Its file name stands for another project or another version. Names are parsed and compared whole, in their normalised \
         form; that one begins like the other means nothing.";
    SdistCompression, "sdist-compression", Input,
        "the compressed data of a source distribution is malformed",
        "The stream is invalid, ends early, has a wrong checksum, or something follows it that some readers take for more \
         content and others do not see. Fetch the file again and compare its digest.";
    SdistTruncated, "sdist-truncated", Input,
        "the archive of a source distribution ends too early",
        "A tar archive ends with two blocks of zeros. Without them nobody can tell whether members are missing. Fetch the file \
         again and compare its digest.";
    SdistTrailingData, "sdist-trailing-data", Input,
        "something follows the end of the archive of a source distribution",
        "After the two blocks of zeros that end a tar archive there may only be more zeros. Some readers look on and find \
         further members there, others stop, so what lies there is installed by some and seen by nobody.";
    SdistHeader, "sdist-header", Input,
        "a header in the archive of a source distribution is malformed",
        "Checksum, numbers, magic, names or extended records are not what POSIX, or GNU tar's manual, says. Readers of tar \
         archives repair such headers in different ways and come to different files. Rebuild the archive with a current tool.";
    SdistHeaderConflict, "sdist-header-conflict", Input,
        "two headers of one member of a source distribution say different things",
        "Long names and sizes stand in the member's own header and in an extended one before it. Where both have room for \
         the fact it has to be the same, or one reader unpacks another file than the next.";
    SdistMemberPath, "sdist-member-path", Input,
        "a member of a source distribution has a path that is not accepted",
        "Paths are relative, in UTF-8, and have neither `.` nor `..` nor empty components, no backslash, no control characters and \
         no invisible ones. Anything else leads outside of the tree, or looks like something else.";
    SdistMemberType, "sdist-member-type", Input,
        "a member of a source distribution is neither file, directory nor link",
        "Devices, named pipes, sparse files, volume labels and types that only one program knows have no place among sources.";
    SdistMemberMode, "sdist-member-mode", Input,
        "a file of a source distribution has the set-user-ID, set-group-ID or sticky bit",
        "No source file needs one. Permissions are not taken over beyond whether a file may be executed, but what asks for \
         more was hardly made by a build tool.";
    SdistTopDirectory, "sdist-top-directory", Input,
        "the members of a source distribution are not in the one directory that its name says",
        "Everything lies in one directory that is named NAME-VERSION like the file. What lies beside it would be unpacked \
         beside the sources, and another name there means another release.";
    SdistDuplicateMember, "sdist-duplicate-member", Input,
        "a source distribution has two different members with one path",
        "Which of the two a reviewer sees and which one is built depends on the program that unpacks them.";
    SdistFileAsDirectory, "sdist-file-as-directory", Input,
        "a file or link of a source distribution has other members below it",
        "Below a file nothing can be unpacked, and what is unpacked below a link lands where the link leads.";
    SdistLink, "sdist-link", Input,
        "a link of a source distribution does not lead to one of its files",
        "A symbolic link is relative and leads to a regular file of the same archive by way of directories; a hard link names a \
         file that came before it. Other links can be used to read or write outside of the tree.";
    SdistLimit, "sdist-limit", Input,
        "a source distribution exceeds a bound on number or size",
        "Every bound stands far above what real source distributions have, so that an input cannot exhaust the machine. If this \
         one is real, please report it.";
    SdistBomb, "sdist-bomb", Input,
        "a source distribution expands further than real sources do",
        "Sources shrink to a tenth when they are compressed. What shrinks to less than a two-hundredth is made to fill memory or disk.";

    // ---- a new package (rustvenv init)
    PackageNameMissing, "package-name-missing", Configuration,
        "there is no name for the package",
        "The name of a Debian package is two or more lower-case letters, digits, `+`, `-` and `.`. It is taken from debian/control, else \
         from the project's name in pyproject.toml or setup.cfg; where neither says one, or debian/control has several packages, \
         `--package` does.";
    PackageVersionMissing, "package-version-missing", Configuration,
        "there is no version for debian/changelog",
        "The project says that its version comes from its code or from a version control system, and init runs neither. \
         `--package-version` says it once; from then on it is in debian/changelog, and back ends that would ask a version control \
         system are told that one.";
    MaintainerMissing, "maintainer-missing", Configuration,
        "nobody is named who maintains the package",
        "debian/control and debian/changelog name a person with an address. They are taken from DEBFULLNAME and DEBEMAIL, else from \
         git's user.name and user.email.";
    SignerMissing, "signer-missing", Configuration,
        "nobody is named who signs for the wheels",
        "A package accepts wheels because people have signed for them whom it names. Whose key that is nobody should guess: name the \
         full fingerprint of yours with `--signer`. Its certificate is put into debian/signers, and its fingerprint into the configuration.";
    LockMissing, "lock-missing", Configuration,
        "the project has no lock, and no tool is there that makes one",
        "Which versions are installed is decided once, by a tool that writes a lock with hashes: uv, pip-compile, or pip from version \
         25.1 on for the Python that the package is for. Install one of them, or add a lock that another tool made.";
    PythonUnsupported, "python-unsupported", Configuration,
        "the project is not for the distribution's Python",
        "A package uses the Python of the release that it is built for. Run init on a release whose Python the project supports, or \
         correct what the project requires.";
}

impl Code {
    /// The code whose name is `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_kebab_case() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
            assert!(Code::from_name(name).is_some());
        }
    }

    #[test]
    fn every_row_explains_itself() {
        for code in Code::ALL {
            assert!(!code.title().ends_with('.'), "{}: a title is no sentence", code.name());
            assert!(code.explanation().ends_with('.'), "{}: an explanation is sentences", code.name());
            assert!(!code.explanation().contains("  "), "{}: double blank", code.name());
        }
    }
}
