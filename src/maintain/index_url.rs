//! Which index is asked: never one that this program knows by itself.
//!
//! Enters: what was typed, and doors to variables and files. Leaves: addresses in the order in which they are asked, with the
//! credentials that stood in them. The first place that names an index decides: `--index-url`, pip's variables, uv's variables, uv's
//! settings of the project, pip's files, uv's files of the user and the system, and at last the default of the installed pip,
//! asked for it. Further indexes of the same tool follow. That is safe because an index is not trusted: the lock's hashes are.

use crate::address::{Address, Credentials};
use crate::refusal::Failure;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::Value;

/// An index, and who to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Where project pages are: `ADDRESS/PROJECT/`.
    pub address: Address,
    /// What stood in the URL.
    pub credentials: Option<Credentials>,
    /// Who says so, for messages.
    pub origin: String,
}

/// Doors to where settings are kept.
pub struct Doors<'a> {
    /// A variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The text of a file; `None` when there is no such file.
    pub file: &'a dyn Fn(&Path) -> Result<Option<String>, Failure>,
    /// The default of the installed pip; `None` when there is no pip.
    pub default: &'a dyn Fn() -> Result<Option<String>, Failure>,
}

/// What one tool says: addresses as text, each with who says so.
#[derive(Default)]
struct Said {
    /// The index that replaces the default.
    main: Option<(String, String)>,
    /// Those that are asked too.
    extra: Vec<(String, String)>,
    /// Asking an index is forbidden, by this setting.
    none: Option<String>,
}

impl Said {
    fn is_silent(&self) -> bool {
        self.main.is_none() && self.extra.is_empty() && self.none.is_none()
    }
}

/// The indexes to ask, at least one.
///
/// # Errors
/// When nobody names one, what is named is no address, or a settings file cannot be read.
pub fn indexes(given: &[String], doors: &Doors<'_>) -> Result<Vec<Index>, Failure> {
    if !given.is_empty() {
        return given.iter().map(|text| index(text, "--index-url")).collect();
    }
    let default = || -> Result<Option<(String, String)>, Failure> {
        Ok((doors.default)()?.map(|text| (text, "the installed pip's default".to_owned())))
    };
    for said in [&from_pip_variables, &from_uv_variables, &from_uv_project, &from_pip_files, &from_uv_files]
        as [&dyn Fn(&Doors<'_>) -> Result<Said, Failure>; 5]
    {
        let said = said(doors)?;
        if said.is_silent() {
            continue;
        }
        if let Some(setting) = said.none {
            return Err(Failure::unable_hint(
                format!("no index is asked: {setting} forbids it"),
                "name the index to fetch from with --index-url",
            ));
        }
        // further indexes alone leave the default where it is, behind them as uv does and pip may
        let main = match said.main {
            Some(main) => Some(main),
            None => default()?,
        };
        return main.into_iter().chain(said.extra).map(|(text, origin)| index(&text, &origin)).collect();
    }
    let Some((text, origin)) = default()? else {
        return Err(Failure::unable_hint(
            "there is no index to fetch from: neither --index-url nor the settings of pip or uv name one, and no pip is \
             installed that could be asked for its default",
            "name one with --index-url, in PIP_INDEX_URL or in pip.conf (`pip config set global.index-url URL`), or install \
             python3-pip",
        ));
    };
    Ok(vec![index(&text, &origin)?])
}

/// The index at `text`: a URL, or the path of a directory.
fn index(text: &str, origin: &str) -> Result<Index, Failure> {
    let text = text.trim();
    let path = Path::new(text);
    if path.is_absolute() {
        if let Some(address) = Address::of_directory(path) {
            return Ok(Index { address, credentials: None, origin: origin.to_owned() });
        }
    }
    // the text itself is not repeated: a password may stand in it
    let (address, credentials) = Address::parse(text).map_err(|why| {
        let hint = "an index is https://HOST/PATH, http://HOST/PATH, file:///PATH or the absolute path of a directory";
        Failure::unable_hint(format!("the index that {origin} names is no address: {why}"), hint)
    })?;
    Ok(Index { address, credentials, origin: origin.to_owned() })
}

// ---- pip (https://pip.pypa.io/en/stable/topics/configuration/)

fn text_of(doors: &Doors<'_>, name: &str) -> Option<String> {
    (doors.variable)(name).map(|value| value.to_string_lossy().trim().to_owned()).filter(|value| !value.is_empty())
}

fn words<'a>(value: &'a str, origin: &'a str) -> impl Iterator<Item = (String, String)> + 'a {
    value.split_whitespace().map(move |word| (word.to_owned(), origin.to_owned()))
}

/// What pip's option parser takes for yes.
fn is_yes(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "y" | "yes" | "t" | "true" | "on")
}

fn from_pip_variables(doors: &Doors<'_>) -> Result<Said, Failure> {
    let extra = text_of(doors, "PIP_EXTRA_INDEX_URL").unwrap_or_default();
    Ok(Said {
        main: text_of(doors, "PIP_INDEX_URL").map(|text| (text, "PIP_INDEX_URL".to_owned())),
        extra: words(&extra, "PIP_EXTRA_INDEX_URL").collect(),
        none: text_of(doors, "PIP_NO_INDEX").filter(|text| is_yes(text)).map(|_| "PIP_NO_INDEX".to_owned()),
    })
}

fn home(doors: &Doors<'_>) -> Option<PathBuf> {
    (doors.variable)("HOME").map(PathBuf::from).filter(|path| path.is_absolute())
}

/// $XDG_CONFIG_HOME, else ~/.config.
fn user_settings(doors: &Doors<'_>) -> Option<PathBuf> {
    let named = (doors.variable)("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(home(doors)?.join(".config")))
}

/// $XDG_CONFIG_DIRS, else /etc/xdg.
fn system_settings(doors: &Doors<'_>) -> Vec<PathBuf> {
    let named = (doors.variable)("XDG_CONFIG_DIRS").filter(|value| !value.is_empty());
    let named = named.unwrap_or_else(|| "/etc/xdg".into()).to_string_lossy().into_owned();
    named.split(':').filter(|part| part.starts_with('/')).map(PathBuf::from).collect()
}

/// pip's files, the one that counts least first.
fn pip_files(doors: &Doors<'_>) -> Result<Vec<PathBuf>, Failure> {
    let named = (doors.variable)("PIP_CONFIG_FILE").map(PathBuf::from);
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Ok(Vec::new());
    }
    let mut files: Vec<PathBuf> = system_settings(doors).iter().map(|path| path.join("pip/pip.conf")).collect();
    files.push("/etc/pip.conf".into());
    let replaces_the_users = match &named {
        Some(path) => (doors.file)(path)?.is_some(),
        None => false,
    };
    if !replaces_the_users {
        files.extend(home(doors).map(|path| path.join(".pip/pip.conf")));
        files.extend(user_settings(doors).map(|path| path.join("pip/pip.conf")));
    }
    files.extend((doors.variable)("VIRTUAL_ENV").map(|path| PathBuf::from(path).join("pip.conf")));
    files.extend(named);
    Ok(files)
}

fn from_pip_files(doors: &Doors<'_>) -> Result<Said, Failure> {
    // by section first, then by file: what is said for `pip download` counts more than what is said for all commands
    let mut found: [Said; 2] = Default::default();
    for path in pip_files(doors)? {
        let Some(text) = (doors.file)(&path)? else { continue };
        let origin = path.display().to_string();
        for (section, key, value) in ini(&text) {
            let said = match section.as_str() {
                "global" => &mut found[0],
                "download" => &mut found[1],
                _ => continue,
            };
            match key.as_str() {
                "index-url" if !value.is_empty() => said.main = Some((value, origin.clone())),
                "extra-index-url" => said.extra = words(&value, &origin).collect(),
                "no-index" => said.none = is_yes(&value).then(|| format!("`no-index` in {origin}")),
                _ => {}
            }
        }
    }
    let [global, download] = found;
    Ok(Said {
        main: download.main.or(global.main),
        extra: if download.extra.is_empty() { global.extra } else { download.extra },
        none: download.none.or(global.none),
    })
}

/// Section, key and value of each option, as Python's `RawConfigParser` reads them: `=` or `:`, keys in any case and spelt with
/// `-` or `_`, lines that begin with `#` or `;` are comments, indented lines go on with the value.
fn ini(text: &str) -> Vec<(String, String, String)> {
    let mut options: Vec<(String, String, String)> = Vec::new();
    let mut section = String::new();
    let mut open = false;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        if trimmed.is_empty() {
            continue;
        }
        let indented = line.starts_with([' ', '\t']);
        match options.last_mut() {
            Some((_, _, value)) if indented && open => {
                value.push('\n');
                value.push_str(trimmed);
                continue;
            }
            _ => {}
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            section = name.0.to_owned();
            open = false;
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
            let key = key.trim().to_ascii_lowercase().replace('_', "-");
            let key = key.strip_prefix("--").unwrap_or(&key).to_owned();
            options.push((section.clone(), key, value.trim().to_owned()));
            open = true;
        }
    }
    options
}

// ---- uv (https://docs.astral.sh/uv/concepts/configuration-files/)

fn from_uv_variables(doors: &Doors<'_>) -> Result<Said, Failure> {
    let named =
        |names: [&str; 2]| names.into_iter().find_map(|name| text_of(doors, name).map(|text| (text, name.to_owned())));
    let main = named(["UV_DEFAULT_INDEX", "UV_INDEX_URL"]).map(|(text, origin)| (without_name(&text), origin));
    let mut extra = Vec::new();
    for name in ["UV_INDEX", "UV_EXTRA_INDEX_URL"] {
        if let Some(text) = text_of(doors, name) {
            extra.extend(words(&text, name).map(|(word, origin)| (without_name(&word), origin)));
        }
    }
    Ok(Said { main, extra, none: None })
}

/// `NAME=URL` gives an index a name, which has no meaning here.
fn without_name(text: &str) -> String {
    match text.split_once('=') {
        Some((name, url)) if name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) => url.to_owned(),
        _ => text.to_owned(),
    }
}

fn uv_files_are_read(doors: &Doors<'_>) -> bool {
    !text_of(doors, "UV_NO_CONFIG").is_some_and(|text| is_yes(&text))
}

/// uv.toml in the working directory, else `[tool.uv]` of its pyproject.toml; what UV_CONFIG_FILE names replaces all of uv's files.
fn from_uv_project(doors: &Doors<'_>) -> Result<Said, Failure> {
    if !uv_files_are_read(doors) {
        return Ok(Said::default());
    }
    if let Some(path) = (doors.variable)("UV_CONFIG_FILE") {
        return uv_file(doors, Path::new(&path), false);
    }
    if (doors.file)(Path::new("uv.toml"))?.is_some() {
        return uv_file(doors, Path::new("uv.toml"), false);
    }
    uv_file(doors, Path::new("pyproject.toml"), true)
}

fn from_uv_files(doors: &Doors<'_>) -> Result<Said, Failure> {
    if !uv_files_are_read(doors) || (doors.variable)("UV_CONFIG_FILE").is_some() {
        return Ok(Said::default());
    }
    let system = system_settings(doors).into_iter().map(|path| path.join("uv/uv.toml"));
    let files = user_settings(doors).map(|path| path.join("uv/uv.toml")).into_iter().chain(system);
    for path in files.chain(std::iter::once(PathBuf::from("/etc/uv/uv.toml"))) {
        let said = uv_file(doors, &path, false)?;
        if !said.is_silent() {
            return Ok(said);
        }
    }
    Ok(Said::default())
}

fn uv_file(doors: &Doors<'_>, path: &Path, is_project: bool) -> Result<Said, Failure> {
    let Some(text) = (doors.file)(path)? else { return Ok(Said::default()) };
    let origin = path.display().to_string();
    let whole: Value = toml::from_str::<toml::Table>(&text).map(Value::Table).map_err(|error| {
        // the parser's text repeats a line of the file, in which a password may stand
        Failure::unable(format!("cannot read {origin}: {}", error.message()))
    })?;
    let table = if is_project { whole.get("tool").and_then(|tool| tool.get("uv")) } else { Some(&whole) };
    let Some(table) = table else { return Ok(Said::default()) };
    let mut said = Said::default();
    let pip = table.get("pip");
    let setting = |key: &str| table.get(key).or_else(|| pip?.get(key));
    let text = |value: &Value| value.as_str().map(|text| (text.to_owned(), origin.clone()));
    said.main = setting("index-url").and_then(text);
    said.extra = setting("extra-index-url").and_then(Value::as_array).into_iter().flatten().filter_map(text).collect();
    for index in setting("index").and_then(Value::as_array).into_iter().flatten() {
        let is = |key: &str| index.get(key).and_then(Value::as_bool) == Some(true);
        // an explicit index is for the projects alone that name it; a flat one has no project pages
        if is("explicit") || index.get("format").and_then(Value::as_str) == Some("flat") {
            continue;
        }
        match index.get("url").and_then(text) {
            Some(url) if is("default") => said.main = Some(url),
            Some(url) => said.extra.push(url),
            None => {}
        }
    }
    said.none = (setting("no-index").and_then(Value::as_bool) == Some(true)).then(|| format!("`no-index` in {origin}"));
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The addresses in order with who says so, or the message of the failure; `world` holds variables (`NAME`) and files.
    fn ask(given: &[&str], world: &[(&str, &str)], pip: Option<&str>) -> Result<Vec<String>, String> {
        let world: BTreeMap<&str, &str> = world.iter().copied().collect();
        let doors = Doors {
            variable: &|name| world.get(name).map(Into::into),
            file: &|path| Ok(world.get(path.to_str().unwrap()).map(|text| (*text).to_owned())),
            default: &|| Ok(pip.map(str::to_owned)),
        };
        let given: Vec<String> = given.iter().map(|text| (*text).to_owned()).collect();
        match indexes(&given, &doors) {
            Ok(found) => Ok(found.iter().map(|index| format!("{} {}", index.address, index.origin)).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    const PIP: Option<&str> = Some("https://default.invalid/simple");
    const HOME: (&str, &str) = ("HOME", "/users/me");

    #[test]
    fn the_first_that_names_one_decides() {
        let pip_conf = ("/etc/pip.conf", "[global]\nindex-url = https://pip.invalid/");
        let uv_toml = ("/etc/xdg/uv/uv.toml", "index-url = 'https://uv.invalid/'");
        let project = ("pyproject.toml", "[tool.uv]\nindex-url = 'https://project.invalid/'");
        let mut world = vec![
            ("PIP_INDEX_URL", "https://pip-variable.invalid/"),
            ("UV_DEFAULT_INDEX", "name=https://uv-variable.invalid/"),
            project,
            pip_conf,
            uv_toml,
        ];
        assert_eq!(
            ask(&["https://me:x@a.invalid/", "/srv/index"], &world, PIP).unwrap(),
            ["https://a.invalid/ --index-url", "file:///srv/index/ --index-url"]
        );
        for expected in [
            "https://pip-variable.invalid/ PIP_INDEX_URL",
            "https://uv-variable.invalid/ UV_DEFAULT_INDEX",
            "https://project.invalid/ pyproject.toml",
            "https://pip.invalid/ /etc/pip.conf",
            "https://uv.invalid/ /etc/xdg/uv/uv.toml",
        ] {
            assert_eq!(ask(&[], &world, PIP).unwrap(), [expected]);
            world.remove(0);
        }
        assert_eq!(ask(&[], &[], PIP).unwrap(), ["https://default.invalid/simple the installed pip's default"]);
        let nothing = ask(&[], &[], None).unwrap_err();
        assert!(
            nothing.contains("there is no index") && nothing.contains("hint: name one with --index-url"),
            "{nothing}"
        );
    }

    #[test]
    fn pips_files_in_pips_order() {
        let one = |host: &str| format!("[global]\nindex-url = https://{host}.invalid/\n");
        let files = [
            ("/etc/xdg/pip/pip.conf", "xdg"),
            ("/etc/pip.conf", "etc"),
            ("/users/me/.pip/pip.conf", "legacy"),
            ("/users/me/.config/pip/pip.conf", "user"),
            ("/venv/pip.conf", "venv"),
            ("/named/pip.conf", "named"),
        ]
        .map(|(path, host)| (path, one(host)));
        for count in 1..=files.len() {
            let mut world: Vec<(&str, &str)> =
                files[..count].iter().map(|(path, text)| (*path, text.as_str())).collect();
            world.extend([HOME, ("VIRTUAL_ENV", "/venv"), ("PIP_CONFIG_FILE", "/named/pip.conf")]);
            let found = ask(&[], &world, PIP).unwrap();
            assert!(found[0].ends_with(files[count - 1].0), "{count}: {found:?}");
        }
        // a named file that exists stands in for the user's own
        let world = [
            HOME,
            ("PIP_CONFIG_FILE", "/named"),
            ("/named", "[global]\ntimeout=3"),
            ("/users/me/.pip/pip.conf", "[global]\nindex-url=https://user.invalid"),
        ];
        assert_eq!(ask(&[], &world, PIP).unwrap(), ["https://default.invalid/simple the installed pip's default"]);
        let world = [("PIP_CONFIG_FILE", "/dev/null"), ("/etc/pip.conf", "[global]\nindex-url=https://etc.invalid")];
        assert_eq!(ask(&[], &world, PIP).unwrap(), ["https://default.invalid/simple the installed pip's default"]);
    }

    #[test]
    fn pips_files_as_pip_reads_them() {
        let of = |text: &str| ask(&[], &[("/etc/pip.conf", text)], PIP);
        let etc = |host: &str| format!("https://{host}.invalid/ /etc/pip.conf");
        assert_eq!(of("[global]\n; x\nINDEX_URL: https://a.invalid/\n").unwrap(), [etc("a")]);
        assert_eq!(
            of("[global]\nindex-url=https://a.invalid/\nextra-index-url =\n    https://b.invalid/\n    # no\n    https://c.invalid/\n")
                .unwrap(),
            [etc("a"), etc("b"), etc("c")]
        );
        assert_eq!(
            of("[download]\nindex-url=https://d.invalid/\n[global]\nindex-url=https://a.invalid/").unwrap(),
            [etc("d")]
        );
        assert_eq!(of("[install]\nindex-url=https://i.invalid/").unwrap().len(), 1);
        assert_eq!(
            of("[global]\nextra-index-url = https://b.invalid/").unwrap(),
            ["https://default.invalid/simple the installed pip's default".to_owned(), etc("b")]
        );
        assert!(
            of("[global]\nno-index = true\nindex-url = https://a.invalid/")
                .unwrap_err()
                .contains("`no-index` in /etc/pip.conf")
        );
        assert!(ask(&[], &[("PIP_NO_INDEX", "1")], PIP).unwrap_err().contains("PIP_NO_INDEX"));
        assert!(ask(&[], &[("PIP_NO_INDEX", "0")], PIP).is_ok());
    }

    #[test]
    fn uvs_settings() {
        let text = "[[index]]\nname='x'\nurl='https://x.invalid/'\n[[index]]\nurl='https://d.invalid/'\ndefault=true\n\
                    [[index]]\nurl='https://e.invalid/'\nexplicit=true\n[[index]]\nurl='https://f.invalid/'\nformat='flat'";
        assert_eq!(
            ask(&[], &[("uv.toml", text)], PIP).unwrap(),
            ["https://d.invalid/ uv.toml", "https://x.invalid/ uv.toml"]
        );
        assert_eq!(ask(&[], &[("uv.toml", text), ("UV_NO_CONFIG", "1")], PIP).unwrap().len(), 1);
        let world = [HOME, ("/users/me/.config/uv/uv.toml", "[pip]\nindex-url='https://p.invalid/'")];
        assert_eq!(ask(&[], &world, PIP).unwrap(), ["https://p.invalid/ /users/me/.config/uv/uv.toml"]);
        let world = [("UV_CONFIG_FILE", "/u.toml"), ("/u.toml", "index-url='https://u.invalid/'"), ("uv.toml", text)];
        assert_eq!(ask(&[], &world, PIP).unwrap(), ["https://u.invalid/ /u.toml"]);
        assert!(ask(&[], &[("uv.toml", "no-index = true")], PIP).is_err());
    }

    #[test]
    fn no_message_repeats_a_password() {
        for world in [
            &[("PIP_INDEX_URL", "htps://me:secret@a.invalid/")][..],
            &[("uv.toml", "index-url = 'https://me:secret@a.invalid/")],
            &[("/etc/pip.conf", "[global]\nindex-url = me:secret@a.invalid")],
        ] {
            let message = ask(&[], world, PIP).unwrap_err();
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
