//! The netrc file, in which people keep who they are on which host.
//!
//! Enters: the text of a netrc file. Leaves: credentials by host, read as pip does, which reads it as Python's `netrc` module
//! does (<https://docs.python.org/3/library/netrc.html>): words separated by blanks, quotes, comments, `macdef`. The first entry
//! of a host counts, `default` is for all others. A file that cannot be read to its end gives nothing, as with pip.

use crate::address::Credentials;
use std::collections::BTreeMap;

/// Credentials by host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Netrc {
    hosts: BTreeMap<String, Credentials>,
    default: Option<Credentials>,
}

impl Netrc {
    /// Reads the text of a netrc file.
    ///
    /// # Errors
    /// The line where it is no longer one.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut words = Words { rest: text, line: 1 };
        let mut netrc = Self::default();
        let mut word = words.next()?;
        while let Some(keyword) = word {
            let host = match keyword.as_str() {
                "machine" => Some(words.next()?.ok_or(words.line)?),
                "default" => None,
                "macdef" => {
                    words.skip_macro();
                    word = words.next()?;
                    continue;
                }
                _ => return Err(words.line),
            };
            let mut credentials = Credentials { user: String::new(), password: String::new() };
            word = loop {
                let next = words.next()?;
                match next.as_deref() {
                    Some("login" | "user") => credentials.user = words.next()?.ok_or(words.line)?,
                    Some("password") => credentials.password = words.next()?.ok_or(words.line)?,
                    Some("account") => drop(words.next()?.ok_or(words.line)?),
                    _ => break next,
                }
            };
            match host {
                Some(host) => drop(netrc.hosts.entry(host).or_insert(credentials)),
                None => netrc.default = Some(credentials),
            }
        }
        Ok(netrc)
    }

    /// Who to be on `host`.
    pub fn login(&self, host: &str) -> Option<&Credentials> {
        self.hosts.get(host).or(self.default.as_ref())
    }
}

struct Words<'a> {
    rest: &'a str,
    line: usize,
}

impl Words<'_> {
    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        self.line += usize::from(c == '\n');
        Some(c)
    }

    /// The next word; a quoted one may hold blanks. `Err` at a quote without its end.
    fn next(&mut self) -> Result<Option<String>, usize> {
        loop {
            match self.rest.chars().next() {
                None => return Ok(None),
                Some(c) if c.is_whitespace() => drop(self.take()),
                Some('#') => while self.take().is_some_and(|c| c != '\n') {},
                Some(_) => break,
            }
        }
        let quoted = self.rest.starts_with('"');
        if quoted {
            self.take();
        }
        let mut word = String::new();
        loop {
            match self.take() {
                None if quoted => return Err(self.line),
                None => break,
                Some('"') if quoted => break,
                Some(c) if !quoted && c.is_whitespace() => break,
                Some('\\') => word.extend(self.take()),
                Some(c) => word.push(c),
            }
        }
        Ok(Some(word))
    }

    /// A macro goes up to an empty line.
    fn skip_macro(&mut self) {
        let mut last = '\0';
        while let Some(c) = self.take() {
            if c == '\n' && last == '\n' {
                return;
            }
            last = c;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(text: &str, host: &str) -> Option<(String, String)> {
        Netrc::parse(text).unwrap().login(host).map(|found| (found.user.clone(), found.password.clone()))
    }

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.to_owned(), password.to_owned()))
    }

    #[test]
    fn hosts_and_the_default() {
        let text = "# comment\nmachine a.invalid login me password s#cret # no comment inside a word\n\
                    macdef init\ncd /x\nmachine not.this password x\n\nmachine\tb.invalid\n  password \"two words\"\n  account x\n\
                    machine a.invalid login second password second\ndefault login any password \\\"q";
        assert_eq!(login(text, "a.invalid"), pair("me", "s#cret"));
        assert_eq!(login(text, "b.invalid"), pair("", "two words"));
        assert_eq!(login(text, "not.this"), pair("any", "\"q"));
        assert_eq!(login("machine a login b", "c"), None);
        assert_eq!(login("", "c"), None);
    }

    #[test]
    fn a_broken_file_gives_nothing() {
        for (text, line) in [
            ("machine", 1),
            ("machine a login", 1),
            ("\n\nmachine a password \"open", 3),
            ("login me password x", 1),
            ("machine a login b\nnonsense", 2),
        ] {
            assert_eq!(Netrc::parse(text), Err(line), "{text}");
        }
    }
}
