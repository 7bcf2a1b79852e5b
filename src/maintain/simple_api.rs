//! The page of one project on an index: the simple repository API, as JSON (PEP 691, 700) and as HTML (PEP 503, 592, 629)
//! (<https://packaging.python.org/en/latest/specifications/simple-repository-api/>).
//!
//! Enters: the bytes that a server sent, its Content-Type and the address of the page. Leaves: the files that the page names, in
//! its order. All of it is hearsay: a digest on a page says which file is worth fetching, and never that a file is good. Entries
//! that cannot be fetched anyway (other schemes, no name) are passed over; a page of another version or kind is refused.

use crate::address::Address;
use crate::code::Code;
use crate::digest::Sha256;
use crate::limits::Limits;
use crate::refusal::Refusal;
use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What is asked for: JSON before HTML, since its parser has fewer ways to be misled.
pub const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// One file as a page describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The bare name: neither empty nor with a path separator.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// Its digest, as the page has it: a hint.
    pub sha256: Option<Sha256>,
    /// Its size in bytes, as the page has it: a hint.
    pub size: Option<u64>,
    /// Why it was withdrawn (PEP 592); the reason may be empty.
    pub yanked: Option<String>,
}

/// Reads a page.
///
/// # Errors
/// When it is of another kind or version, cannot be read, or names too many files.
pub fn read(content_type: &str, bytes: &[u8], base: &Address, limits: &Limits) -> Result<Vec<File>, Refusal> {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let most = limits.page_files;
    let files = match kind.as_str() {
        "application/vnd.pypi.simple.v1+json" | "application/json" => read_json(bytes, base)?,
        "application/vnd.pypi.simple.v1+html" | "text/html" => read_html(bytes, base, most)?,
        _ => {
            return Err(malformed(base, "is of a type that no project page has")
                .expected("application/vnd.pypi.simple.v1+json or text/html")
                .found(if kind.is_empty() { "no Content-Type".to_owned() } else { kind }));
        }
    };
    if files.len() > most {
        return Err(Refusal::new(Code::DownloadTooLarge, format!("{base} names more than {most} files")));
    }
    Ok(files)
}

fn malformed(base: &Address, why: &str) -> Refusal {
    Refusal::new(Code::IndexPageMalformed, format!("{base} {why}"))
}

/// Version 1 of the API, whatever stands behind the dot: its minor versions only add.
fn supported(version: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    version.split_once('.').is_some_and(|(major, minor)| major == "1" && number(minor))
}

fn check_version(version: &str, base: &Address) -> Result<(), Refusal> {
    if supported(version) {
        return Ok(());
    }
    Err(malformed(base, "is of a version of the simple repository API that is not known")
        .expected("1.0 or a later version that begins with `1.`")
        .found(format!("`{version}`")))
}

/// The file at `address`, when `name` is one that a file can have.
fn file(name: String, address: Address) -> Option<File> {
    let plain =
        !name.is_empty() && name.len() <= 255 && !name.contains(['/', '\\', '\0']) && name != "." && name != "..";
    plain.then_some(File { name, address, sha256: None, size: None, yanked: None })
}

/// A digest as servers write it, in either case.
fn digest(text: &str) -> Option<Sha256> {
    Sha256::from_hex(&text.to_ascii_lowercase())
}

// ---- JSON

#[derive(Deserialize)]
struct Page {
    meta: Meta,
    files: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    api_version: String,
}

#[derive(Deserialize)]
struct Entry {
    filename: String,
    url: String,
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    yanked: Option<Yanked>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Yanked {
    Said(bool),
    Because(String),
}

fn read_json(bytes: &[u8], base: &Address) -> Result<Vec<File>, Refusal> {
    // the version first: the rest of a page of another one may look different
    #[derive(Deserialize)]
    struct Versioned {
        meta: Meta,
    }
    let unreadable =
        |error: serde_json::Error| malformed(base, "is no JSON of a project page").found(error.to_string());
    let versioned: Versioned = serde_json::from_slice(bytes).map_err(unreadable)?;
    check_version(&versioned.meta.api_version, base)?;
    let page: Page = serde_json::from_slice(bytes).map_err(unreadable)?;
    check_version(&page.meta.api_version, base)?;
    Ok(page.files.into_iter().filter_map(|entry| of_entry(entry, base)).collect())
}

fn of_entry(entry: Entry, base: &Address) -> Option<File> {
    let address = base.join(&entry.url)?;
    let sha256 = entry.hashes.iter().find_map(
        |(name, value)| {
            if name.eq_ignore_ascii_case("sha256") { digest(value) } else { None }
        },
    );
    let yanked = match entry.yanked {
        None | Some(Yanked::Said(false)) => None,
        Some(Yanked::Said(true)) => Some(String::new()),
        Some(Yanked::Because(reason)) => Some(reason),
    };
    Some(File { sha256, size: entry.size, yanked, ..file(entry.filename, address)? })
}

// ---- HTML

/// At most one file more than `most`, which is enough to see that there are too many.
fn read_html(bytes: &[u8], base: &Address, most: usize) -> Result<Vec<File>, Refusal> {
    let mut emitter = DefaultEmitter::default();
    // what stands in a script or comment is no link
    emitter.naively_switch_states(true);
    let mut files = Vec::new();
    let mut directory: Option<Address> = None;
    for token in Tokenizer::new_with_emitter(bytes, emitter) {
        let Ok(Token::StartTag(tag)) = token else { continue };
        if files.len() > most {
            break;
        }
        match tag.name.as_slice() {
            b"meta" if attribute(&tag, b"name").is_some_and(|name| name == "pypi:repository-version") => {
                check_version(&attribute(&tag, b"content").unwrap_or_default(), base)?;
            }
            // the first one counts, as in a browser
            b"base" if directory.is_none() => {
                directory = attribute(&tag, b"href").and_then(|href| base.join(&href));
            }
            b"a" => files.extend(of_anchor(&tag, directory.as_ref().unwrap_or(base))),
            _ => {}
        }
    }
    // a <base> may come from a page that TLS protects and lead elsewhere: whether that is followed is decided when a file is
    Ok(files)
}

fn of_anchor(tag: &StartTag<()>, base: &Address) -> Option<File> {
    let href = attribute(tag, b"href")?;
    let address = base.join(&href)?;
    // the name is the end of the path; the text of the link says the same or is wrong
    let name = address.file_name()?;
    let fragment = href.trim().split_once('#').map_or("", |(_, fragment)| fragment);
    let sha256 = fragment.split('&').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        if name.eq_ignore_ascii_case("sha256") { digest(value) } else { None }
    });
    let yanked = attribute(tag, b"data-yanked");
    Some(File { sha256, yanked, ..file(name, address)? })
}

/// The value of an attribute, character references decoded.
fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    tag.attributes.get(&HtmlString(name.to_vec())).map(|value| String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/vnd.pypi.simple.v1+json";
    const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn base() -> Address {
        Address::parse("https://index.invalid/simple/foo/").unwrap().0
    }

    fn page(content_type: &str, text: &str) -> Result<Vec<File>, Refusal> {
        read(content_type, text.replace("HASH", HASH).as_bytes(), &base(), &Limits::DEFAULT)
    }

    fn json(files: &str) -> Result<Vec<File>, Refusal> {
        page(
            JSON,
            &format!(r#"{{"meta":{{"api-version":"1.3","_x":1}},"name":"foo","files":[{files}],"versions":[]}}"#),
        )
    }

    /// Name, address, whether the digest is known, and whether it was withdrawn.
    fn shown(files: &[File]) -> Vec<String> {
        let one = |file: &File| {
            let hash = if file.sha256 == digest(HASH) { " sha256" } else { "" };
            let yanked = file.yanked.as_ref().map(|why| format!(" yanked({why})")).unwrap_or_default();
            format!("{} {}{hash}{yanked}", file.name, file.address.as_sent())
        };
        files.iter().map(one).collect()
    }

    #[test]
    fn json_says_what_there_is() {
        let files = json(
            r#"{"filename":"foo-1.tar.gz","url":"../../files/foo-1.tar.gz","hashes":{"sha256":"HASH"},"size":12,"yanked":false},
               {"filename":"foo-2.zip","url":"https://files.invalid/x?token=T","hashes":{"md5":"00"},"yanked":"broken","core-metadata":true},
               {"filename":"foo-3.zip","url":"foo-3.zip","hashes":{},"yanked":true,"size":null,"requires-python":null},
               {"filename":"foo-1.tar.gz","url":"twice","hashes":{"SHA256":"HASH"}}"#,
        )
        .unwrap();
        assert_eq!(
            shown(&files),
            [
                "foo-1.tar.gz https://index.invalid/files/foo-1.tar.gz sha256",
                "foo-2.zip https://files.invalid/x?token=T yanked(broken)",
                "foo-3.zip https://index.invalid/simple/foo/foo-3.zip yanked()",
                "foo-1.tar.gz https://index.invalid/simple/foo/twice sha256",
            ]
        );
        assert_eq!(files[0].size, Some(12));
        assert!(json("").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_fetched_is_passed_over() {
        for (name, url) in [
            ("../../etc/passwd", "x"),
            ("a/b", "x"),
            ("a\\\\b", "x"),
            ("..", "x"),
            ("", "x"),
            ("foo-1.tar.gz", "javascript:alert(1)"),
            ("foo-1.tar.gz", "ftp://files.invalid/foo-1.tar.gz"),
            ("foo-1.tar.gz", "https://"),
        ] {
            let files = json(&format!(r#"{{"filename":"{name}","url":"{url}","hashes":{{}}}}"#)).unwrap();
            assert_eq!(files, [], "{name} {url}");
        }
    }

    #[test]
    fn what_is_no_page_of_json() {
        for text in [
            "",
            "[]",
            "{}",
            "<html>",
            r#"{"files":[]}"#,
            r#"{"meta":{},"files":[]}"#,
            r#"{"meta":{"api-version":1.0},"files":[]}"#,
            r#"{"meta":{"api-version":"2.0"},"files":[]}"#,
            r#"{"meta":{"api-version":"1"},"files":[]}"#,
            r#"{"meta":{"api-version":"1."},"files":[]}"#,
            r#"{"meta":{"api-version":"11.0"},"files":[]}"#,
            r#"{"meta":{"api-version":"1.0"}}"#,
            r#"{"meta":{"api-version":"1.0"},"files":{}}"#,
            r#"{"meta":{"api-version":"1.0"},"files":[{"filename":"a","url":"b"}]}"#,
            r#"{"meta":{"api-version":"1.0"},"files":[{"filename":"a","hashes":{}}]}"#,
            r#"{"meta":{"api-version":"1.0"},"files":[{"url":"b","hashes":{}}]}"#,
            r#"{"meta":{"api-version":"1.0"},"files":[{"filename":"a","url":"b","hashes":{},"size":-1}]}"#,
            r#"{"meta":{"api-version":"1.0"},"files":[]} {}"#,
            r#"{"meta":{"api-version":"1.0"},"files":["#,
            &"[".repeat(100_000),
        ] {
            let refusal = page(JSON, text).unwrap_err();
            assert_eq!(refusal.code, Code::IndexPageMalformed, "{text}");
        }
        assert!(page(JSON, r#"{"meta":{"api-version":"2.0"}}"#).unwrap_err().found.unwrap().contains("2.0"));
    }

    #[test]
    fn html_says_what_there_is() {
        let files = page(
            "Text/HTML; charset=utf-8",
            "<!DOCTYPE html><html><head><meta name='pypi:repository-version' content='1.1'><title>x</title></head><body>
             <a href='../../f/foo-1.tar.gz#sha256=HASH' data-requires-python='&gt;=3.8'>foo-1.tar.gz</a>
             <A HREF=foo%2D2.zip data-yanked>other text</A>
             <a href=\"foo-3.zip?a=1&amp;b=2#md5=00&amp;sha256=HASH\" data-yanked='because &lt;x&gt;'>foo-3.zip</a>
             <!-- <a href='foo-4.zip'>no</a> -->
             <script>'<a href=\"foo-5.zip\">'</script>
             <a name='x'>no link</a> <a href=''>here</a> <a href='../'>up</a>
             <a href='javascript:alert(1)//foo-6.zip'>foo-6.zip</a>
             <a href='foo-7.zip#SHA256=UPPER'>foo-7.zip</a>
             <a href='..%2Ffoo-8.zip'>foo-8.zip</a>"
                .replace("UPPER", &HASH.to_uppercase())
                .as_str(),
        )
        .unwrap();
        assert_eq!(
            shown(&files),
            [
                "foo-1.tar.gz https://index.invalid/f/foo-1.tar.gz sha256",
                "foo-2.zip https://index.invalid/simple/foo/foo%2D2.zip yanked()",
                "foo-3.zip https://index.invalid/simple/foo/foo-3.zip?a=1&b=2 sha256 yanked(because <x>)",
                "foo-7.zip https://index.invalid/simple/foo/foo-7.zip sha256",
            ]
        );
    }

    #[test]
    fn the_base_of_a_page_counts_once() {
        let text = "<base href='/files/'><base href='https://evil.invalid/'><a href='foo-1.zip'>";
        assert_eq!(shown(&page("text/html", text).unwrap()), ["foo-1.zip https://index.invalid/files/foo-1.zip"]);
        // where it leads is known, so that it can be refused
        let text = "<base href='http://plain.invalid/'><a href='foo-1.zip'>";
        assert!(base().forbids(&page("text/html", text).unwrap()[0].address).is_some());
    }

    #[test]
    fn what_is_no_page_of_html() {
        for version in ["2.0", "", "1", "x"] {
            let text = format!("<meta name='pypi:repository-version' content='{version}'><a href='foo-1.zip'>");
            assert_eq!(page("text/html", &text).unwrap_err().code, Code::IndexPageMalformed, "{version}");
        }
        for content_type in ["", "text/plain", "application/vnd.pypi.simple.v2+json", "application/octet-stream"] {
            assert_eq!(page(content_type, "").unwrap_err().code, Code::IndexPageMalformed, "{content_type}");
        }
        // broken bytes and tags are a page without files
        assert!(read("text/html", b"\xFF\x00<a href<a<<<!--", &base(), &Limits::DEFAULT).unwrap().is_empty());
    }

    #[test]
    fn the_number_of_files_is_bounded() {
        let limits = Limits { page_files: 2, ..Limits::DEFAULT };
        let text = "<a href='a'><a href='b'><a href='c'>";
        assert_eq!(read("text/html", text.as_bytes(), &base(), &limits).unwrap_err().code, Code::DownloadTooLarge);
    }
}
