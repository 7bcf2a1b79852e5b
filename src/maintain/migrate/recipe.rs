//! What single commands of a recipe were there for.
//!
//! Enters: a target such as `override_dh_strip`, and the commands of its recipe. Leaves: a [`Verdict`]. The reasons are those that the
//! rules files of users of dh-virtualenv have for their overrides.

use super::shell::Command;

/// What becomes of an override or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes, for this reason.
    NotNeeded(&'static str),
    /// It goes, and the person has to do something instead.
    Decide(&'static str),
    /// It stays.
    Keep,
}

const BEFORE_IT_IS_THERE: &str = "the virtual environment is put into the package later, so this program never sees it; if the package \
                                  has other files that need the override, keep it";

const NO_BUILD_SYSTEM: &str = "the add-on tells dh_auto_* that there is no build system";

const NEVER_WRITTEN: &str = "none of this is ever written: no byte code of the build, no direct_url.json or pip-selfcheck.json, and a \
                             RECORD that is true";

const RECOMMENDED: &str = "dependencies are computed for each wheel; name those that may be missing in `libraries-recommended` or \
                           `libraries-ignored` of rustvenv(5), and the control field has to have `${rustvenv:Recommends}`";

/// A target of dh: the part before the command, the command, and `-arch` or `-indep`.
pub(super) fn hook(target: &str) -> Option<(&'static str, &str, &'static str)> {
    let (prefix, rest) = ["override_", "execute_before_", "execute_after_"]
        .into_iter()
        .find_map(|prefix| Some((prefix, target.strip_prefix(prefix)?)))?;
    let (command, suffix) = ["-arch", "-indep"]
        .into_iter()
        .find_map(|suffix| Some((rest.strip_suffix(suffix)?, suffix)))
        .unwrap_or((rest, ""));
    Some((prefix, command, suffix))
}

/// What becomes of a target for `command`, which is not dh_virtualenv.
pub(super) fn target(prefix: &str, command: &str, recipe: &[Command]) -> Verdict {
    let rest: Vec<&Command> = recipe.iter().filter(|one| !is_nothing(one)).collect();
    let is_call = |one: &&Command| one.program() == command;
    match command {
        "dh_strip" | "dh_dwz" | "dh_shlibdeps" | "dh_makeshlibs" | "dh_strip_nondeterminism" => {
            let about = |one: &Command| {
                let text = one.text();
                one.program() == command
                    || deletes_leftovers(one)
                    || (one.program() == "find" && names_leftovers(&text))
                    || text.contains("dpkg-shlibdeps")
                    || (one.program() == "find" && command == "dh_shlibdeps")
            };
            if !rest.iter().all(|one| about(one)) {
                return Verdict::Keep;
            }
            if rest.iter().any(|one| one.text().contains("Recommends")) {
                return Verdict::Decide(RECOMMENDED);
            }
            if rest.iter().any(|one| deletes_leftovers(one)) && command == "dh_strip_nondeterminism" {
                return Verdict::NotNeeded(NEVER_WRITTEN);
            }
            Verdict::NotNeeded(BEFORE_IT_IS_THERE)
        }
        "dh_auto_configure" | "dh_auto_build" | "dh_auto_test" | "dh_auto_install" | "dh_auto_clean"
            if rest.is_empty() && prefix == "override_" =>
        {
            Verdict::NotNeeded(NO_BUILD_SYSTEM)
        }
        "dh_python2" | "dh_python3" | "dh_pycentral" | "dh_pysupport" if rest.is_empty() => {
            Verdict::NotNeeded("the virtual environment is put into the package later, and this program never sees it")
        }
        "dh_gencontrol" if !rest.is_empty() && rest.iter().all(|one| is_call(one) && sets_python(one)) => {
            Verdict::NotNeeded(
                "the dependency on python3.X comes with ${misc:Depends}; remove the variable from debian/control as well",
            )
        }
        _ => Verdict::Keep,
    }
}

/// What becomes of a command, wherever it stands.
pub(super) fn command(command: &Command) -> Verdict {
    let text = command.text();
    let program = command.program().rsplit('/').next().unwrap_or_default();
    let is_pip = |word: &str| matches!(word, "pip" | "pip2" | "pip3" | "easy_install" | "pip-custom-platform");
    let by_module = command.words.windows(2).any(|pair| {
        matches!(pair, [m, name] if m == "-m" && (is_pip(name) || name == "venv" || name == "virtualenv" || name == "ensurepip"))
    });
    let installs = |word: &str| text.contains(&format!("{word} install")) || text.contains(&format!("{word} add"));
    if deletes_leftovers(command) {
        Verdict::NotNeeded(NEVER_WRITTEN)
    } else if is_pip(program) || by_module || matches!(program, "virtualenv" | "virtualenv-tools" | "venv-update") {
        Verdict::Decide(
            "nothing is installed by pip: put what this installs into the lock, and have its wheel signed for; a project of this tree \
             is named by `project`",
        )
    } else if matches!(program, "poetry" | "pipenv" | "pip-compile" | "uv" | "pdm") {
        Verdict::Decide(
            "the lock is in the source package: write it before the build, by hand or with `rustvenv update`",
        )
    } else if matches!(program, "nodeenv" | "npm" | "yarn") || installs("npm") {
        Verdict::Decide(
            "this fetches from the network, which a package build should not have; nobody signed for what comes",
        )
    } else if command.files.iter().any(|file| file.ends_with("triggers"))
        || (program == "tee" && text.contains("triggers"))
    {
        Verdict::NotNeeded("no trigger is needed: bin/python is a link to /usr/bin/python3.X")
    } else if matches!(program, "test" | "[") && text.contains("requirements") {
        Verdict::NotNeeded("a lock that is missing is an error here")
    } else if program == "dh_virtualenv" {
        Verdict::Decide("dh_virtualenv is not there any more")
    } else {
        Verdict::Keep
    }
}

/// Whether a command changes what wheels brought.
pub(super) fn changes_wheels(command: &Command) -> bool {
    let text = command.text();
    text.contains("site-packages") || (text.contains("/bin/") && text.contains("sed -i"))
}

/// Whether a command does nothing.
fn is_nothing(command: &Command) -> bool {
    matches!(command.program(), "true" | ":" | "/bin/true" | "echo" | "") && command.files.is_empty()
}

/// Whether a command removes what pip or the interpreter left.
fn deletes_leftovers(command: &Command) -> bool {
    let text = command.text();
    let deletes =
        text.contains("-delete") || command.words.iter().any(|word| word == "rm" || word == "xargs" || word == "{}");
    let of_find = matches!(command.program(), "find" | "rm");
    (of_find && deletes && names_leftovers(&text))
        || (command.program() == "xargs" && command.arguments().iter().any(|word| word == "rm"))
}

fn names_leftovers(text: &str) -> bool {
    let left = ["*.pyc", "*.pyo", "__pycache__", "pip-selfcheck", "direct_url.json", "RECORD"];
    left.iter().any(|name| text.contains(name))
}

/// Whether a call of dh_gencontrol sets variables for the interpreter, and only these.
fn sets_python(command: &Command) -> bool {
    let mut rest = command.arguments().iter();
    let mut seen = false;
    while let Some(word) = rest.next() {
        let value = match word.as_str() {
            "--" => continue,
            "-V" => rest.next().map_or("", String::as_str),
            word => word.strip_prefix("-V").unwrap_or_default(),
        };
        if !value.contains("python") {
            return false;
        }
        seen = true;
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::super::shell::commands;
    use super::*;

    #[test]
    fn why_overrides_are_there() {
        for (name, recipe, kept) in [
            ("override_dh_strip", "", false),
            ("override_dh_strip", "dh_strip -X_cffi -X_imaging", false),
            ("override_dh_strip", "dh_strip --no-automatic-dbgsym || dh_strip", false),
            ("override_dh_strip", "dh_strip; cp a b", true),
            ("override_dh_dwz-arch", "true", false),
            ("override_dh_shlibdeps", "dh_shlibdeps -Xsite-packages/PIL -- --ignore-missing-info", false),
            ("execute_before_dh_strip_nondeterminism", "find debian/ -name RECORD -delete", false),
            (
                "override_dh_strip_nondeterminism",
                "find debian -type f -name '*.pyc' | xargs rm -f\ndh_strip_nondeterminism",
                false,
            ),
            ("override_dh_auto_test", "", false),
            ("override_dh_auto_install", "make install", true),
            ("override_dh_gencontrol", "dh_gencontrol -- -Vpython:Depends='python3.8'", false),
            ("override_dh_gencontrol", "dh_gencontrol -- -Vother=1", true),
            ("override_dh_gencontrol", "", true),
            ("override_dh_installinit", "dh_installinit --name=x", true),
            ("override_dh_builddeb", "dh_builddeb -- -Zxz", true),
        ] {
            let (prefix, command, _) = hook(name).unwrap();
            let verdict = target(prefix, command, &commands(recipe));
            assert_eq!(verdict == Verdict::Keep, kept, "{name}: {recipe}: {verdict:?}");
        }
        let recipe =
            "find debian -path '*/psycopg2/*.so' | xargs dpkg-shlibdeps -dRecommends\ndh_shlibdeps -X psycopg2";
        assert_eq!(target("override_", "dh_shlibdeps", &commands(recipe)), Verdict::Decide(RECOMMENDED));
    }

    #[test]
    fn single_commands() {
        for (text, is) in [
            ("debian/x/opt/venvs/x/bin/pip install y", "decide"),
            ("python3 -m pip install y", "decide"),
            ("nodeenv -p", "decide"),
            ("poetry export -o requirements.txt", "decide"),
            ("test -e requirements.txt", "no"),
            ("find debian/x -name __pycache__ -exec rm -r {} +", "no"),
            ("find debian/x -name README", "keep"),
            ("rm -rf build", "keep"),
            ("cp a b", "keep"),
        ] {
            let found = match command(&commands(text)[0]) {
                Verdict::NotNeeded(_) => "no",
                Verdict::Decide(_) => "decide",
                Verdict::Keep => "keep",
            };
            assert_eq!(found, is, "{text}");
        }
    }
}
