//! Words of Debian's files, as types that foreign text has to go through.
//!
//! Enters: names, versions, descriptions and people as a Python project, the environment or git spell them. Leaves: text that is one
//! word or one line in debian/control and debian/changelog, whatever it was before, so that no description can add a field.
//! Specifications: Debian Policy 5.6.7 (names), 5.6.12 (versions), 3.4.1 (synopsis), 5.6.2 (people) and 4.4 (changelog).

use crate::date::iso_utc;
use crate::python::name::ProjectName;
use crate::refusal::is_format_character;
use pep440_rs::Version;
use std::fmt;

/// Longest synopsis, in characters.
const SYNOPSIS: usize = 76;

/// Longest name of a package, in bytes: with version and architecture it is a file name.
const NAME: usize = 100;

/// The name of a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageName(String);

impl PackageName {
    /// Reads a name as it stands in debian/control; `None` when it is none: at least two lower-case letters, digits, `+`, `-` and
    /// `.`, the first a letter or digit (<https://www.debian.org/doc/debian-policy/ch-controlfields.html#source>).
    pub fn parse(text: &str) -> Option<Self> {
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let inside = |byte: u8| word(byte) || b"+-.".contains(&byte);
        let fits =
            (2..=NAME).contains(&text.len()) && text.bytes().next().is_some_and(word) && text.bytes().all(inside);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name for the package of a project; `None` when its own is too short for one.
    pub fn of(project: &ProjectName) -> Option<Self> {
        Self::parse(project.as_str())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The version of a native package that sorts as `version` does: what comes before a release in Python begins with `~` in Debian.
pub fn debian_version(version: &Version) -> String {
    let text = version.to_string();
    let (epoch, rest) = text.split_once('!').map_or((None, text.as_str()), |(epoch, rest)| (Some(epoch), rest));
    let (public, local) = rest.split_once('+').map_or((rest, None), |(public, local)| (public, Some(local)));
    let public = public.replacen(".dev", "~dev", 1);
    let release = public.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(public.len());
    let (release, suffix) = public.split_at_checked(release).unwrap_or((&public, ""));
    let tilde = if suffix.starts_with(['a', 'b', 'r']) { "~" } else { "" };
    let epoch = epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let local = local.map(|local| format!("+{local}")).unwrap_or_default();
    format!("{epoch}{release}{tilde}{suffix}{local}")
}

/// One line of text: blanks of any kind are one blank, and what cannot be seen is left out.
pub fn one_line(text: &str) -> String {
    let seen: String = text
        .chars()
        .map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c })
        .filter(|c| !is_format_character(*c))
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The synopsis of a package from the description of its project; of its `name` where that has none.
pub fn synopsis(description: Option<&str>, name: &str) -> String {
    let line = one_line(description.unwrap_or_default());
    let line =
        ["A ", "An ", "The ", "a ", "an ", "the "].iter().find_map(|word| line.strip_prefix(word)).unwrap_or(&line);
    let line = line.trim_end_matches(['.', ' ']);
    if line.is_empty() {
        return format!("Python application {name}");
    }
    let mut short = String::new();
    for word in line.split(' ') {
        if short.chars().count() + 1 + word.chars().count() > SYNOPSIS {
            break;
        }
        if !short.is_empty() {
            short.push(' ');
        }
        short.push_str(word);
    }
    // one word that is longer than a line
    if short.is_empty() { line.chars().take(SYNOPSIS).collect() } else { short }
}

/// Who maintains a package: a name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maintainer {
    name: String,
    mail: String,
}

impl Maintainer {
    /// From a name and an address, or from an address in the form `NAME <ADDRESS>`; `None` when either is missing or is none.
    pub fn of(name: Option<&str>, mail: &str) -> Option<Self> {
        let (inside, mail) = match mail.trim().strip_suffix('>').and_then(|rest| rest.split_once('<')) {
            Some((name, mail)) => (Some(name), mail),
            None => (None, mail.trim()),
        };
        let name = one_line(name.filter(|name| !name.trim().is_empty()).or(inside)?);
        let visible = |c: char| c.is_ascii_graphic() && !"<>,;:\"()[]\\".contains(c);
        let (user, host) = mail.split_once('@')?;
        let is_mail = !user.is_empty() && !host.is_empty() && !host.contains('@') && mail.chars().all(visible);
        let is_name = !name.is_empty() && !name.contains(['<', '>', ',', '"', '@']);
        (is_mail && is_name).then(|| Self { name, mail: mail.to_owned() })
    }
}

impl fmt::Display for Maintainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.mail)
    }
}

/// A date as debian/changelog has it (RFC 5322), in UTC.
pub fn changelog_date(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let iso = iso_utc(seconds);
    let part = |from: usize, to: usize| iso.get(from..to).unwrap_or_default();
    let day = DAYS.iter().cycle().nth(usize::try_from(seconds / 86_400 % 7).unwrap_or(0)).unwrap_or(&"Thu");
    let month = part(5, 7).parse().ok().and_then(|number: usize| MONTHS.get(number.checked_sub(1)?)).unwrap_or(&"Jan");
    format!("{day}, {} {month} {} {} +0000", part(8, 10), part(0, 4), part(11, 19))
}

/// An address that can stand in a field of debian/control; `None` for anything else.
pub fn homepage(text: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_graphic() && !"<>\"\\`".contains(c);
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    (is_web && text.len() < 500 && text.chars().all(plain)).then_some(text)
}

/// A licence by its SPDX name, as debian/copyright can repeat it; `None` for prose.
pub fn licence(text: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.+ ()".contains(c);
    let is_operator = |word: &str| matches!(word, "AND" | "OR" | "WITH");
    // words that nothing joins are prose
    let joined = text.split(' ').enumerate().all(|(place, word)| is_operator(word) == (place % 2 == 1));
    let whole = text.split(' ').count() % 2 == 1;
    (!text.is_empty() && text.len() < 100 && text.chars().all(plain) && joined && whole).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::maintain::build_system::upstream_version;
    use std::str::FromStr as _;

    #[test]
    fn names_of_packages() {
        for good in ["greet", "g2", "0ad", "lib-x.y+z"] {
            assert!(PackageName::parse(good).is_some(), "{good}");
        }
        for bad in ["", "g", "Greet", "-greet", "gr eet", "gr\neet", "grüße", "a/b", "a_b", &"a".repeat(101)] {
            assert!(PackageName::parse(bad).is_none(), "{bad:?}");
        }
        let name = ProjectName::parse("Hello_World").unwrap();
        assert_eq!(PackageName::of(&name).unwrap().as_str(), "hello-world");
        assert!(PackageName::of(&ProjectName::parse("X").unwrap()).is_none());
    }

    #[test]
    fn versions_come_back_as_they_were() {
        for (python, debian) in [
            ("1.0", "1.0"),
            ("1.0rc1", "1.0~rc1"),
            ("1.0.dev3", "1.0~dev3"),
            ("1.0a1.dev2", "1.0~a1~dev2"),
            ("1.0.post1", "1.0.post1"),
            ("1.0+local.2", "1.0+local.2"),
        ] {
            let version = Version::from_str(python).unwrap();
            assert_eq!(debian_version(&version), debian);
            // what a back end is told during the package build
            if python != "1.0+local.2" {
                let back = upstream_version(debian).and_then(|text| Version::from_str(&text).ok());
                assert_eq!(back, Some(version), "{debian}");
            }
        }
        assert_eq!(debian_version(&Version::from_str("2!1.0b2").unwrap()), "2:1.0~b2");
    }

    #[test]
    fn text_stays_on_its_line() {
        assert_eq!(synopsis(Some("A tool\nPackage: evil\r\n\u{202e}x\u{0}y."), "greet"), "tool Package: evil x y");
        assert_eq!(synopsis(Some(" \n"), "greet"), "Python application greet");
        assert_eq!(synopsis(None, "greet"), "Python application greet");
        assert!(synopsis(Some(&"ä".repeat(500)), "greet").chars().count() == SYNOPSIS);
        assert!(synopsis(Some(&"word ".repeat(50)), "greet").chars().count() <= SYNOPSIS);
    }

    #[test]
    fn people() {
        let shown = |name: Option<&str>, mail: &str| Maintainer::of(name, mail).map(|one| one.to_string());
        assert_eq!(shown(Some("Ann Ö"), "ann@example.org").as_deref(), Some("Ann Ö <ann@example.org>"));
        assert_eq!(shown(None, "Ann <ann@example.org>").as_deref(), Some("Ann <ann@example.org>"));
        assert_eq!(shown(Some("Bo\nPackage: x"), "b@x").as_deref(), Some("Bo Package: x <b@x>"));
        for (name, mail) in [
            (None, "ann@example.org"),
            (Some("Ann"), "ann"),
            (Some("Ann"), "a b@x"),
            (Some("Ann"), "a@x>\nX: <y"),
            (Some("A <b@c>"), "a@x"),
            (Some(" "), "a@x"),
        ] {
            assert_eq!(shown(name, mail), None, "{name:?} {mail:?}");
        }
    }

    #[test]
    fn dates_licences_and_pages() {
        assert_eq!(changelog_date(0), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(changelog_date(1_709_294_400), "Fri, 01 Mar 2024 12:00:00 +0000");
        assert_eq!(changelog_date(1_795_376_890), "Sun, 22 Nov 2026 19:48:10 +0000");
        for good in ["MIT", "GPL-2.0-or-later", "MIT OR Apache-2.0", "GPL-2.0-only WITH x"] {
            assert_eq!(licence(good), Some(good));
        }
        for prose in ["", "MIT License", "Licensed under the terms", "MIT\nFiles: *"] {
            assert_eq!(licence(prose), None, "{prose:?}");
        }
        assert!(homepage("https://example.org/a?b#c").is_some());
        assert!(homepage("https://example.org/\nX: y").is_none() && homepage("javascript:x").is_none());
    }
}
