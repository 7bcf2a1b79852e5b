//! The table: every option and variable of dh-virtualenv 1.2.2, and what became of each.
//!
//! Enters: nothing. Leaves: [`OPTIONS`] and [`VARIABLES`], a row each with the words that dh_rustvenv(1) prints and the function
//! that judges its value. The Perl program knows the same options (a test holds that), as does the door to the environment the
//! variables. What pip and virtualenv were given through it is judged in `arguments`.

use super::arguments::{pip, python, virtualenv};
use super::{Fate, Key, Setting, Value};

/// An option or a variable.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name, without hyphens in front.
    pub name: &'static str,
    /// The short option.
    pub short: Option<char>,
    /// Whether it has a value.
    pub takes: Takes,
    /// What became of it, for the manual; backticks are literals.
    pub became: &'static str,
    pub(super) judge: Judge,
}

/// Whether an option has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// It is there or not.
    Nothing,
    /// It has one; called so in the manual.
    Value(&'static str),
    /// It is a variable of the environment.
    Environment,
}

/// Who says what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Judge {
    /// debhelper, since every program of its kind has the option.
    Debhelper,
    /// This function, by the value.
    By(fn(&str) -> Fate),
    /// This function, by all values together: they are arguments for another program.
    Arguments(fn(&[String]) -> Vec<(String, Fate)>),
}

impl Row {
    /// Whether it is an option of the command line.
    pub fn is_option(&self) -> bool {
        self.takes != Takes::Environment
    }

    /// Whether it is debhelper that reads it, and no part of this program.
    pub fn is_debhelpers(&self) -> bool {
        matches!(self.judge, Judge::Debhelper)
    }

    /// As a person would write it with `value`.
    pub fn with_value(&self, value: &str) -> String {
        match self.takes {
            Takes::Nothing => format!("--{}", self.name),
            Takes::Value(_) => format!("--{}={value}", self.name),
            Takes::Environment => format!("{}={value}", self.name),
        }
    }
}

const fn option(name: &'static str, takes: Takes, judge: Judge, became: &'static str) -> Row {
    Row { name, short: None, takes, became, judge }
}

const fn short(short: char, row: Row) -> Row {
    Row { short: Some(short), ..row }
}

const fn variable(name: &'static str, judge: Judge, became: &'static str) -> Row {
    Row { name, short: None, takes: Takes::Environment, became, judge }
}

const NO_PIP: &str = "no pip is used or shipped";

const NOTHING_IS_FETCHED: &str = "nothing is fetched while a package is built";

/// The options, in the order of the manual.
pub const OPTIONS: &[Row] = &[
    short('p', option("package", Takes::Value("package"), Judge::Debhelper, "debhelper's own, as are the next ones.")),
    short('N', option("no-package", Takes::Value("package"), Judge::Debhelper, "debhelper's.")),
    short('v', option("verbose", Takes::Nothing, Judge::Debhelper, "debhelper's.")),
    short('a', option("arch", Takes::Nothing, Judge::Debhelper, "debhelper's; it has no value.")),
    short('i', option("indep", Takes::Nothing, Judge::Debhelper, "debhelper's, and it has an effect.")),
    short('n', option("noscripts", Takes::Nothing, Judge::Debhelper, "debhelper's.")),
    short(
        'D',
        option(
            "sourcedirectory",
            Takes::Value("directory"),
            Judge::Debhelper,
            "The same, an option of each step here.",
        ),
    ),
    option(
        "requirements",
        Takes::Value("file"),
        Judge::By(requirements),
        "`requirements`; a file that is missing is an error.",
    ),
    option(
        "python",
        Takes::Value("executable"),
        Judge::By(python),
        "`python`; only an interpreter of the distribution. The default is `/usr/bin/python3`.",
    ),
    option("install-suffix", Takes::Value("directory"), Judge::By(suffix), "`name`."),
    option("extras", Takes::Value("names"), Judge::By(extras), "`extras`; what they require has to be in the lock."),
    option(
        "skip-install",
        Takes::Nothing,
        Judge::By(|_| Fate::Honoured(Setting::text(Key::Project, "none"))),
        "`project = \"none\"`.",
    ),
    short(
        'S',
        option(
            "use-system-packages",
            Takes::Nothing,
            Judge::By(|_| Fate::Honoured(Setting { key: Key::SystemSitePackages, value: Value::Boolean(true) })),
            "`system-site-packages = true`.",
        ),
    ),
    option(
        "extra-pip-arg",
        Takes::Value("argument"),
        Judge::Arguments(pip),
        "`--find-links` is `wheels`, `--compile` is `bytecode = \"ship\"`, `--no-compile` is `bytecode = \"none\"`. What pip is told \
         to leave alone, such as `--no-index`, `--no-deps`, `--require-hashes` or `--no-cache-dir`, has no effect: it is so. Others are refused.",
    ),
    option(
        "extra-virtualenv-arg",
        Takes::Value("argument"),
        Judge::Arguments(virtualenv),
        "`--system-site-packages` and `--python` are the settings of these names. What seeds or lays out the environment has \
         no effect. Others are refused.",
    ),
    option(
        "builtin-venv",
        Takes::Nothing,
        Judge::By(|_| Fate::no_effect("the virtual environment is made without virtualenv and venv")),
        "No effect: neither virtualenv nor venv makes the environment.",
    ),
    option(
        "upgrade-pip",
        Takes::Nothing,
        Judge::By(|_| Fate::no_effect(NO_PIP)),
        "No effect: no pip is used or shipped.",
    ),
    option(
        "upgrade-pip-to",
        Takes::Value("version"),
        Judge::By(|_| Fate::no_effect(NO_PIP)),
        "No effect: no pip is used or shipped.",
    ),
    option(
        "no-test",
        Takes::Nothing,
        Judge::By(|_| Fate::no_effect("no tests are run unless debian/rules does")),
        "No effect: no tests are run unless `debian/rules` does.",
    ),
    option(
        "preinstall",
        Takes::Value("requirement"),
        Judge::By(preinstall),
        "Refused: put it into the lock with its hash; what the project's build back end needs, into `build-requirements`. For pip \
         itself no effect.",
    ),
    short(
        's',
        option(
            "setuptools",
            Takes::Nothing,
            Judge::By(|_| {
                Fate::refused(
                    "nothing is put into the virtual environment beside what is locked",
                    "if setuptools is needed at run time put it into the lock; as a build back end, into `build-requirements`",
                )
            }),
            "Refused: put setuptools into the lock if it is needed at run time.",
        ),
    ),
    option(
        "pip-tool",
        Takes::Value("executable"),
        Judge::By(|_| Fate::refused("no installer is run", "remove the option; the lock says what is installed")),
        "Refused: no installer is run.",
    ),
    option(
        "index-url",
        Takes::Value("URL"),
        Judge::By(index),
        "Refused: nothing is fetched. `rustvenv fetch` and `rustvenv update` ask an index.",
    ),
    option("extra-index-url", Takes::Value("URL"), Judge::By(index), "Refused likewise."),
    option("pypi-url", Takes::Value("URL"), Judge::By(index), "Refused likewise."),
    option(
        "setuptools-test",
        Takes::Nothing,
        Judge::By(|_| {
            Fate::refused(
                "no setup.py is run",
                "write a target `override_dh_auto_test`, or `execute_after_dh_rustvenv` for tests that need the environment",
            )
        }),
        "Refused: write `override_dh_auto_test`, or `execute_after_dh_rustvenv` for tests that need the environment.",
    ),
];

/// The variables, in the order of the manual.
pub const VARIABLES: &[Row] = &[
    variable("DH_VIRTUALENV_INSTALL_ROOT", Judge::By(root), "`install-root`."),
    variable("DH_VIRTUALENV_INSTALL_SUFFIX", Judge::By(suffix), "`name`."),
    variable("DH_REQUIREMENTS_FILE", Judge::By(requirements), "`requirements`."),
    variable("DH_PIP_EXTRA_ARGS", Judge::Arguments(pip), "As `--extra-pip-arg`."),
    variable("DH_VIRTUALENV_ARGUMENTS", Judge::Arguments(virtualenv), "As `--extra-virtualenv-arg`."),
    variable("DH_UPGRADE_PIP", Judge::By(|_| Fate::no_effect(NO_PIP)), "No effect."),
    variable(
        "DH_UPGRADE_SETUPTOOLS",
        Judge::By(|_| Fate::no_effect("no setuptools is used or shipped unless it is locked")),
        "No effect.",
    ),
    variable(
        "DH_UPGRADE_WHEEL",
        Judge::By(|_| Fate::no_effect("no wheel is used or shipped unless it is locked")),
        "No effect.",
    ),
];

fn root(value: &str) -> Fate {
    let trimmed = value.trim_end_matches('/');
    if !trimmed.starts_with('/') {
        return Fate::refused(
            "the place of the virtual environment is an absolute path",
            "write `install-root = \"/opt/venvs\"`",
        );
    }
    Fate::Honoured(Setting::text(Key::InstallRoot, trimmed))
}

fn suffix(value: &str) -> Fate {
    match value.trim_end_matches('/') {
        "" => Fate::refused(
            "the virtual environment has a directory of its own",
            "split the path: the last directory is `name`, the others are `install-root`",
        ),
        value if value.contains('/') => Fate::refused(
            "`name` is one directory",
            "split the path: the last directory is `name`, the others belong to `install-root`",
        ),
        value => Fate::Honoured(Setting::text(Key::Name, value)),
    }
}

fn requirements(value: &str) -> Fate {
    Fate::Honoured(Setting::list(Key::Requirements, [plain(value).to_owned()]))
}

fn extras(value: &str) -> Fate {
    let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
    Fate::Honoured(Setting::list(Key::Extras, names.map(str::to_owned)))
}

fn preinstall(value: &str) -> Fate {
    let name = value.split(['=', '<', '>', '!', '~', '[', ' ', ';']).next().unwrap_or_default();
    if name.eq_ignore_ascii_case("pip") {
        return Fate::no_effect(NO_PIP);
    }
    Fate::refused(
        "nothing is installed without its hash in the lock",
        format!(
            "put `{value}` with its hash into the lock; if only the project's build back end needs it, into `build-requirements`, or \
             its python3-* package into Build-Depends"
        ),
    )
}

fn index(_: &str) -> Fate {
    Fate::refused(
        NOTHING_IS_FETCHED,
        "fetch before: `rustvenv update`, or `rustvenv fetch --index-url URL`; `wheels` says where the wheels are",
    )
}

/// A relative path without `./` in front.
pub(super) fn plain(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    path
}
