//! The table of what became of dh-virtualenv's options and variables: each row, what the Perl program hands on, and what is said
//! when option, variable and configuration meet.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

#[path = "support/manual.rs"]
mod manual;

use manual::{holds, prose};
use rustvenv::config::{ByteCode, Config, Project, SystemSitePackages};
use rustvenv::debhelper::dh_virtualenv::settle::{Place, Settled, settle};
use rustvenv::debhelper::dh_virtualenv::table::{OPTIONS, Row, Takes, VARIABLES};
use rustvenv::debhelper::dh_virtualenv::{Fate, Given, find, judge};
use rustvenv::refusal::Refusal;
use std::collections::BTreeSet;
use std::path::Path;

/// Names with their values.
type Pairs = Vec<(String, String)>;

/// `NAME=VALUE`, or `NAME`, as the tables have them: options, and variables.
fn given(words: &[&str]) -> (Pairs, Pairs) {
    words
        .iter()
        .map(|word| word.split_once('=').unwrap_or((word, "")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .partition(|(name, _)| find(OPTIONS, name).is_some())
}

fn judged(words: &[&str]) -> Vec<Given> {
    let (options, variables) = given(words);
    let mut all = judge(OPTIONS, &options).unwrap();
    all.extend(judge(VARIABLES, &variables).unwrap());
    all
}

/// What becomes of each, in a few words.
fn fates(words: &[&str]) -> Vec<String> {
    let say = |given: Given| match given.fate {
        Fate::Honoured(setting) => setting.to_string(),
        Fate::NoEffect(_) => "nothing".to_owned(),
        Fate::Refused { instead, .. } => {
            assert!(!instead.is_empty());
            "refused".to_owned()
        }
    };
    judged(words).into_iter().map(say).collect()
}

/// A row each, and more where the value matters.
const ROWS: &[(&str, &[&str])] = &[
    ("requirements=requirements/prod.txt", &["requirements = [\"requirements/prod.txt\"]"]),
    ("requirements=./prod.txt", &["requirements = [\"prod.txt\"]"]),
    ("python=/usr/bin/python3", &["python = \"python3\""]),
    ("python=python3", &["python = \"python3\""]),
    ("python=/usr/bin/python3.11", &["python = \"3.11\""]),
    ("python=python3.12", &["python = \"3.12\""]),
    ("python=3.11", &["python = \"3.11\""]),
    ("python=pypy", &["refused"]),
    ("python=python2.7", &["refused"]),
    ("python=/opt/python/bin/python3.11", &["refused"]),
    ("python=", &["refused"]),
    ("install-suffix=app", &["name = \"app\""]),
    ("install-suffix=app/", &["name = \"app\""]),
    ("install-suffix=a/b", &["refused"]),
    ("install-suffix=", &["refused"]),
    ("extras=a, b", &["extras = [\"a\", \"b\"]"]),
    ("skip-install", &["project = \"none\""]),
    ("use-system-packages", &["system-site-packages = true"]),
    ("builtin-venv", &["nothing"]),
    ("upgrade-pip", &["nothing"]),
    ("upgrade-pip-to=20.1", &["nothing"]),
    ("no-test", &["nothing"]),
    ("preinstall=setuptools-scm==1", &["refused"]),
    ("preinstall=pip==21.3", &["nothing"]),
    ("preinstall=pip-tools", &["refused"]),
    ("setuptools", &["refused"]),
    ("pip-tool=pip-custom-platform", &["refused"]),
    ("index-url=https://index.example.org/", &["refused"]),
    ("extra-index-url=https://index.example.org/", &["refused"]),
    ("pypi-url=https://index.example.org/", &["refused"]),
    ("setuptools-test", &["refused"]),
    ("extra-pip-arg=--find-links=debian/wheels/", &["wheels = [\"debian/wheels\"]"]),
    ("extra-pip-arg=--find-links wheels", &["wheels = [\"wheels\"]"]),
    ("extra-pip-arg=-fwheels", &["wheels = [\"wheels\"]"]),
    ("extra-pip-arg=--find-links=file://.", &["wheels = [\".\"]"]),
    ("extra-pip-arg=--find-links=https://wheels.example.org/", &["refused"]),
    ("extra-pip-arg=--find-links", &["refused"]),
    ("extra-pip-arg=--compile", &["bytecode = \"ship\""]),
    ("extra-pip-arg=--no-compile", &["bytecode = \"none\""]),
    ("extra-pip-arg=--no-index", &["nothing"]),
    ("extra-pip-arg=--no-deps", &["nothing"]),
    ("extra-pip-arg=--require-hashes", &["nothing"]),
    ("extra-pip-arg=--no-cache-dir", &["nothing"]),
    ("extra-pip-arg=--ignore-installed", &["nothing"]),
    ("extra-pip-arg=--only-binary=:all:", &["nothing"]),
    ("extra-pip-arg=--progress-bar=off", &["nothing"]),
    ("extra-pip-arg=--verbose", &["nothing"]),
    ("extra-pip-arg=--no-use-pep517", &["nothing"]),
    ("extra-pip-arg=--no-binary=:all:", &["refused"]),
    ("extra-pip-arg=--no-binary=cffi", &["refused"]),
    ("extra-pip-arg=--trusted-host=index.example.org", &["refused"]),
    ("extra-pip-arg=--index-url=https://index.example.org", &["refused"]),
    ("extra-pip-arg=-ihttps://index.example.org", &["refused"]),
    ("extra-pip-arg=-r more.txt", &["refused"]),
    ("extra-pip-arg=-c constraints.txt", &["refused"]),
    ("extra-pip-arg=--editable=.", &["refused"]),
    ("extra-pip-arg=--no-such-option", &["refused"]),
    ("extra-pip-arg=requests", &["refused"]),
    ("extra-pip-arg=", &["refused"]),
    ("extra-virtualenv-arg=--system-site-packages", &["system-site-packages = true"]),
    ("extra-virtualenv-arg=-p python3.11", &["python = \"3.11\""]),
    ("extra-virtualenv-arg=-ppython3.11", &["python = \"3.11\""]),
    ("extra-virtualenv-arg=--python=/usr/bin/python3.11", &["python = \"3.11\""]),
    ("extra-virtualenv-arg=--no-download", &["nothing"]),
    ("extra-virtualenv-arg=--always-copy", &["nothing"]),
    ("extra-virtualenv-arg=--no-pip", &["nothing"]),
    ("extra-virtualenv-arg=--no-site-packages", &["nothing"]),
    ("extra-virtualenv-arg=--prompt=x", &["refused"]),
    ("DH_VIRTUALENV_INSTALL_ROOT=/opt/", &["install-root = \"/opt\""]),
    ("DH_VIRTUALENV_INSTALL_ROOT=opt", &["refused"]),
    ("DH_VIRTUALENV_INSTALL_ROOT=/", &["refused"]),
    ("DH_VIRTUALENV_INSTALL_SUFFIX=app", &["name = \"app\""]),
    ("DH_REQUIREMENTS_FILE=prod.txt", &["requirements = [\"prod.txt\"]"]),
    ("DH_PIP_EXTRA_ARGS=--no-cache-dir --find-links w --no-binary :all:", &["nothing", "wheels = [\"w\"]", "refused"]),
    ("DH_PIP_EXTRA_ARGS=", &[]),
    ("DH_VIRTUALENV_ARGUMENTS=--no-site-packages --python python3.11", &["nothing", "python = \"3.11\""]),
    ("DH_UPGRADE_PIP=", &["nothing"]),
    ("DH_UPGRADE_SETUPTOOLS=", &["nothing"]),
    ("DH_UPGRADE_WHEEL=0.30", &["nothing"]),
];

#[test]
fn each_row_of_the_table() {
    let mut seen = BTreeSet::new();
    for (word, expected) in ROWS {
        assert_eq!(fates(&[word]), *expected, "{word}");
        seen.insert(word.split('=').next().unwrap());
    }
    for row in OPTIONS.iter().chain(VARIABLES) {
        assert!(seen.contains(row.name) != row.is_debhelpers(), "{} has no test, or one too many", row.name);
        assert!(row.became.ends_with('.'), "{}", row.name);
    }
}

#[test]
fn arguments_that_belong_together() {
    let words = ["extra-pip-arg=--find-links", "python=python3", "extra-pip-arg=a", "extra-pip-arg=--no-deps"];
    assert_eq!(fates(&words), ["wheels = [\"a\"]", "nothing", "python = \"python3\""]);
    assert_eq!(judged(&words)[0].what, "--extra-pip-arg=--find-links a");
    assert_eq!(judged(&["DH_PIP_EXTRA_ARGS=-v --pre"])[1].what, "--pre of DH_PIP_EXTRA_ARGS");
    assert_eq!(judge(OPTIONS, &[("no-such".to_owned(), String::new())]), Err("no-such".to_owned()));
}

/// An option that Perl does not know is passed over by debhelper when dh gives it to every step.
#[test]
fn perl_hands_on_what_the_table_has() {
    let perl = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("debhelper/dh_rustvenv")).unwrap();
    let list = perl.split_once("my @known = qw(").unwrap().1.split_once(')').unwrap().0;
    let known: BTreeSet<String> = list.split_whitespace().map(str::to_owned).collect();
    let mut expected: BTreeSet<String> = BTreeSet::new();
    for row in OPTIONS.iter().filter(|row| !row.is_debhelpers()) {
        let value = matches!(row.takes, Takes::Value(_));
        expected.insert(format!("{}{}", row.name, if value { "=s" } else { "" }));
        // -SNAME, in one word, is the build system that dh was told to use
        expected.extend(row.short.map(|short| if short == 'S' { "S:s".to_owned() } else { short.to_string() }));
    }
    assert_eq!(known, expected);
}

fn settled(text: &str, words: &[&str]) -> Result<Settled, Vec<Refusal>> {
    let (options, variables) = given(words);
    let config = Config::parse("debian/app.rustvenv", text, "app")?;
    let place = Place { file: "debian/app.rustvenv", text, package: "app" };
    settle(config, place, &judge(OPTIONS, &options).unwrap(), &judge(VARIABLES, &variables).unwrap())
}

#[test]
fn options_say_what_the_configuration_leaves_open() {
    let words = [
        "requirements=prod.txt",
        "python=/usr/bin/python3.11",
        "install-suffix=other",
        "extras=a",
        "extras=b",
        "skip-install",
        "use-system-packages",
        "extra-pip-arg=--find-links=one",
        "extra-pip-arg=--find-links=two",
        "extra-pip-arg=--no-compile",
        "builtin-venv",
        "DH_VIRTUALENV_INSTALL_SUFFIX=other",
    ];
    let Settled { config, warnings } = settled("install-root = \"/usr/lib\"\n", &words).unwrap();
    let same = "install-root = \"/usr/lib\"\nrequirements = [\"prod.txt\"]\npython = \"3.11\"\nname = \"other\"\nextras = [\"a\", \"b\"]\n\
                project = \"none\"\nsystem-site-packages = true\nwheels = [\"one\", \"two\"]\nbytecode = \"none\"\n";
    assert_eq!(config, Config::parse("x", same, "app").unwrap());
    assert_eq!(config.project, Project::None);
    assert_eq!((config.byte_code, config.system_site_packages), (ByteCode::None, SystemSitePackages::Visible));
    assert_eq!(
        warnings,
        ["warning: `--builtin-venv` has no effect: the virtual environment is made without virtualenv and venv"]
    );
    // what the configuration says already may be said again, in another spelling too
    settled(same, &words).unwrap();
}

#[test]
fn what_does_not_agree_is_refused() {
    for (text, words, codes, parts) in [
        (
            "python = \"3.12\"\n",
            &["python=python3.11"][..],
            &["dh-virtualenv-conflict"][..],
            &["`--python=python3.11`", "`python = \"3.12\"`, by the configuration", "write `python = \"3.11\"`"][..],
        ),
        ("system-site-packages = false\n", &["use-system-packages"], &["dh-virtualenv-conflict"], &["= false`"]),
        ("extras = [\"a\"]\n", &["extras=b"], &["dh-virtualenv-conflict"], &["`extras = [\"a\"]`"]),
        ("", &["python=python3.11", "python=python3.12"], &["dh-virtualenv-conflict"], &["say it once"]),
        ("", &["index-url=x"], &["dh-virtualenv-option"], &["hint: fetch before: `rustvenv update`"]),
        (
            "",
            &["requirements=/srv/requirements.txt"],
            &["config-path-escapes"],
            &["--requirements=/srv/requirements.txt"],
        ),
        ("", &["extras=!"], &["config-malformed"], &["--extras=!"]),
        (
            "",
            &["DH_VIRTUALENV_INSTALL_ROOT=/opt"],
            &["dh-virtualenv-variable"],
            &["write `install-root = \"/opt\"` into debian/app.rustvenv", "the default of `install-root`"],
        ),
        ("name = \"a\"\n", &["DH_VIRTUALENV_INSTALL_SUFFIX=b"], &["dh-virtualenv-variable"], &["`name = \"a\"`"]),
        ("", &["DH_PIP_EXTRA_ARGS=--find-links=w"], &["dh-virtualenv-variable"], &["write `wheels = [\"w\"]`"]),
        ("", &["DH_PIP_EXTRA_ARGS=--no-binary=:all:"], &["dh-virtualenv-option"], &["rustvenv build"]),
        ("", &["DH_VIRTUALENV_INSTALL_ROOT=/opt/../etc"], &["config-malformed"], &["DH_VIRTUALENV_INSTALL_ROOT"]),
        (
            "",
            &["setuptools", "preinstall=x"],
            &["dh-virtualenv-option", "dh-virtualenv-option"],
            &["if setuptools is needed", "put `x`"],
        ),
    ] {
        let refusals = settled(text, words).unwrap_err();
        assert_eq!(refusals.iter().map(|refusal| refusal.code.name()).collect::<Vec<_>>(), codes, "{words:?}");
        let said: String = refusals.iter().map(ToString::to_string).collect();
        for part in parts {
            assert!(said.contains(part), "{words:?}: no {part:?} in\n{said}");
        }
    }
}

#[test]
fn variables_that_agree_do_no_harm() {
    let words = ["DH_VIRTUALENV_INSTALL_ROOT=/opt/", "DH_PIP_EXTRA_ARGS=--no-deps", "DH_UPGRADE_PIP="];
    let Settled { config, warnings } = settled("install-root = \"/opt\"\n", &words).unwrap();
    assert_eq!((config.install_root.as_str(), warnings.len()), ("/opt", 2));
    settled("", &["DH_VIRTUALENV_INSTALL_ROOT=/opt/venvs/"]).unwrap();
}

const OPTIONS_PART: (&str, &str) = (
    ".\\\" Begin of the options of dh_virtualenv. Written by tests/dh_virtualenv.rs; see CONTRIBUTING.md.\n",
    ".\\\" End of the options of dh_virtualenv.\n",
);

const VARIABLES_PART: (&str, &str) = (
    ".\\\" Begin of the variables of dh-virtualenv. Written by tests/dh_virtualenv.rs; see CONTRIBUTING.md.\n",
    ".\\\" End of the variables of dh-virtualenv.\n",
);

#[test]
fn the_manual_has_the_table() {
    let list = |rows: &[Row]| {
        let mut text = String::from(".Bl -tag -width Ds\n");
        for row in rows {
            let short = row.short.map_or(String::new(), |short| format!("Fl {short} , "));
            let head = match row.takes {
                Takes::Nothing => format!("{short}Fl -{}", row.name),
                Takes::Value(value) => format!("{short}Fl -{} Ns = Ns Ar {value}", row.name),
                Takes::Environment => format!("Ev {}", row.name),
            };
            text.push_str(&format!(".It {head}\n{}", prose(row.became)));
        }
        text + ".El\n"
    };
    holds("man/dh_rustvenv.1", OPTIONS_PART, &list(OPTIONS));
    holds("man/dh_rustvenv.1", VARIABLES_PART, &list(VARIABLES));
}

/// README.md has the short form; what it names has to be in the table.
#[test]
fn the_readme_names_nothing_else() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let part =
        readme.split_once("### What became of dh_virtualenv's options\n").unwrap().1.split_once("\n## ").unwrap().0;
    let firsts = part.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
    let mut seen = 0;
    for word in firsts.flat_map(|(first, _)| first.split(['`', ' ', ',', '='])) {
        let known = if let Some(name) = word.strip_prefix("--") {
            find(OPTIONS, name).is_some()
        } else if word.starts_with("DH_") && word != "DH_OPTIONS" {
            find(VARIABLES, word.trim_end_matches('*')).is_some() || word.ends_with('*')
        } else {
            continue;
        };
        seen += 1;
        assert!(known, "README.md: {word}");
    }
    assert!(seen > 15, "{seen}");
}
