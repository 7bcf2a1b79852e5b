//! Addresses of files: `https`, `http` and `file` URLs, in a form that can be shown to anyone.
//!
//! Enters: text from the command line, a settings file, a lock or an index page. Leaves: an [`Address`], and the credentials that
//! stood in it apart. An address never holds a name or password, and its query and fragment are not shown, since tokens
//! stand there; so whatever is printed can be pasted into a bug report. Other schemes are deliberately absent.

use crate::refusal::printable;
use std::fmt;
use std::path::{Path, PathBuf};
use url::Url;

/// Longest address that is read, in bytes.
const LONGEST: usize = 8192;

/// A URL of one of three schemes, without credentials and without fragment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Url);

/// How an address is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// HTTP that anyone on the way can read and change.
    Http,
    /// A file of this machine.
    File,
}

/// A user name and a password, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name; may be empty.
    pub user: String,
    /// The password; may be empty.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}

impl Address {
    /// Reads an absolute URL; credentials in it are handed out apart.
    ///
    /// # Errors
    /// The reason why it is none, as a clause that does not repeat the text, which may hold a password.
    pub fn parse(text: &str) -> Result<(Self, Option<Credentials>), &'static str> {
        if text.len() > LONGEST {
            return Err("it is longer than any address");
        }
        Self::of(Url::parse(text).map_err(|_| "it is no absolute URL")?)
    }

    /// What `reference`, as it stands on a page or in a redirection, means there; `None` when it is no address of the three
    /// schemes. Credentials in it are dropped: they are the page's word, not the user's.
    pub fn join(&self, reference: &str) -> Option<Self> {
        if reference.len() > LONGEST {
            return None;
        }
        Some(Self::of(self.0.join(reference.trim()).ok()?).ok()?.0)
    }

    fn of(mut url: Url) -> Result<(Self, Option<Credentials>), &'static str> {
        match url.scheme() {
            "https" | "http" if url.has_host() => {}
            "file" if url.to_file_path().is_ok() => {}
            "https" | "http" => return Err("it names no host"),
            "file" => return Err("it names no absolute path of this machine"),
            _ => return Err("it begins with none of https:, http: and file:"),
        }
        let decoded = |text: &str| percent_decoded(text).unwrap_or_else(|| text.to_owned());
        let password = url.password().map(decoded);
        let credentials = match (url.username(), password) {
            ("", None) => None,
            (user, password) => Some(Credentials { user: decoded(user), password: password.unwrap_or_default() }),
        };
        // both fail for file URLs alone, which have neither
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_fragment(None);
        Ok((Self(url), credentials))
    }

    /// The address of a directory of this machine; `None` when `path` is not absolute.
    pub fn of_directory(path: &Path) -> Option<Self> {
        Some(Self(Url::from_directory_path(path).ok()?))
    }

    /// The address of a file of this machine; `None` when `path` is not absolute.
    pub fn of_file(path: &Path) -> Option<Self> {
        Some(Self(Url::from_file_path(path).ok()?))
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        match self.0.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => Scheme::File,
        }
    }

    /// The address as it is sent; never for a message.
    pub fn as_sent(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port: what credentials belong to.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The host without its port; empty for a file.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The port, that of the scheme if none is named; 0 for a file.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// The path of a `file` address.
    pub fn path(&self) -> Option<PathBuf> {
        if self.scheme() == Scheme::File { self.0.to_file_path().ok() } else { None }
    }

    /// The last component of the path, percent escapes decoded; `None` when it is empty or no text.
    pub fn file_name(&self) -> Option<String> {
        percent_decoded(self.0.path_segments()?.next_back()?).filter(|name| !name.is_empty())
    }

    /// The directory `name` below this one, in the form that ends with a slash.
    pub fn below(&self, name: &str) -> Self {
        let mut url = self.0.clone();
        // fails for URLs without a path alone, such as `mailto:`
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(name).push("");
        }
        Self(url)
    }

    /// Why something at this address does not lead to `target`: nothing leads from TLS to plain HTTP, or from the network to
    /// a file of this machine. `None` when it does.
    pub fn forbids(&self, target: &Self) -> Option<&'static str> {
        match (self.scheme(), target.scheme()) {
            (Scheme::Https, Scheme::Http) => Some("it leads from an encrypted connection to one that is not"),
            (Scheme::Https | Scheme::Http, Scheme::File) => Some("it leads from the network to a file of this machine"),
            _ => None,
        }
    }
}

/// `text` with its percent escapes decoded; `None` when that is not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        rest = match (first, tail) {
            (b'%', [high, low, after @ ..]) if digit(high).is_some() && digit(low).is_some() => {
                bytes.push((digit(high)? << 4) | digit(low)?);
                after
            }
            _ => {
                bytes.push(*first);
                tail
            }
        };
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for Address {
    /// Without query: tokens stand there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        let query = url.query().is_some();
        url.set_query(None);
        write!(f, "{}{}", printable(url.as_str()), if query { "?…" } else { "" })
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap().0
    }

    #[test]
    fn secrets_stand_apart() {
        let (address, credentials) =
            Address::parse("https://us%40er:pa%3Ass@index.invalid:8443/simple/?token=T#sha256=1").unwrap();
        assert_eq!(address.to_string(), "https://index.invalid:8443/simple/?…");
        assert_eq!(address.as_sent(), "https://index.invalid:8443/simple/?token=T");
        assert_eq!((address.host(), address.port()), ("index.invalid", 8443));
        let credentials = credentials.unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("us@er", "pa:ss"));
        assert_eq!(
            format!("{address:?} {credentials:?}"),
            "Address(https://index.invalid:8443/simple/?…) Credentials(hidden)"
        );
        assert_eq!(Address::parse("https://token@index.invalid/").unwrap().1.unwrap().user, "token");
    }

    #[test]
    fn three_schemes_and_no_more() {
        for bad in [
            "ftp://index.invalid/",
            "javascript:alert(1)",
            "index.invalid/simple",
            "/simple",
            "https://",
            "",
            "file:relative",
            "file://host/path",
            "data:text/html,x",
            "git+https://index.invalid/",
        ] {
            // a URL parser repairs some of these; whatever it makes of them is one of the three
            if let Ok((address, _)) = Address::parse(bad) {
                assert!(matches!(address.as_sent().split(':').next(), Some("https" | "http" | "file")), "{bad}");
                assert!(bad.starts_with("file:"), "{bad}");
            }
        }
        assert!(Address::parse(&format!("https://index.invalid/{}", "a".repeat(LONGEST))).is_err());
    }

    #[test]
    fn references_are_resolved() {
        let base = address("https://index.invalid/simple/six/");
        for (reference, expected) in [
            ("six-1.0.tar.gz", "https://index.invalid/simple/six/six-1.0.tar.gz"),
            ("../../packages/six-1.0.tar.gz#sha256=00", "https://index.invalid/packages/six-1.0.tar.gz"),
            ("//files.invalid/six-1.0.tar.gz", "https://files.invalid/six-1.0.tar.gz"),
            ("https://me:secret@files.invalid/x", "https://files.invalid/x"),
            ("  x\n", "https://index.invalid/simple/six/x"),
        ] {
            assert_eq!(base.join(reference).unwrap().as_sent(), expected, "{reference}");
        }
        for reference in ["javascript:alert(1)", "ftp://files.invalid/x", "mailto:a@b", "data:,x"] {
            assert_eq!(base.join(reference), None, "{reference}");
        }
    }

    #[test]
    fn names_and_directories() {
        assert_eq!(address("https://h.invalid/a/x%2B1.tar.gz?y").file_name().as_deref(), Some("x+1.tar.gz"));
        assert_eq!(address("https://h.invalid/a/").file_name(), None);
        assert_eq!(address("https://h.invalid/a/%FF").file_name(), None);
        assert_eq!(address("https://h.invalid/100%").file_name().as_deref(), Some("100%"));
        for simple in ["https://h.invalid/simple", "https://h.invalid/simple/"] {
            assert_eq!(address(simple).below("six").as_sent(), "https://h.invalid/simple/six/");
        }
        assert_eq!(address("file:///srv/index").below("six").path().unwrap(), Path::new("/srv/index/six"));
    }

    #[test]
    fn nothing_leads_down() {
        let (tls, plain, file) =
            (address("https://h.invalid/"), address("http://h.invalid/"), address("file:///etc/passwd"));
        assert!(tls.forbids(&plain).is_some() && tls.forbids(&file).is_some() && plain.forbids(&file).is_some());
        assert!(plain.forbids(&tls).is_none() && file.forbids(&tls).is_none() && tls.forbids(&tls).is_none());
    }
}
