//! The pages that installers read: the simple repository API, as HTML and as JSON.
//!
//! Enters: the offered files of a project, or the names of the projects. Leaves: the bytes of a page
//! (<https://packaging.python.org/en/latest/specifications/simple-repository-api/>, version 1.1: PEP 503, 592, 629, 658, 691,
//! 700 and 714). METADATA is announced under its present name alone: by the older one, pip 22.3 to 23.0 find it and break off in the
//! JSON form, and in HTML refuse a project whose name is spelt in another way. Equal input gives equal bytes. `upload-time` is left out: no time that the files have is the same on two
//! machines.

use super::html::escape;
use super::inventory::Item;
use super::memory::Described;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The version of the interface.
const API_VERSION: &str = "1.1";

/// Where links to files lead from a page two directories below the top of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Links {
    /// What comes before a file's name.
    pub prefix: String,
    /// Whether `NAME.metadata` is to be found beside a wheel.
    pub metadata: bool,
}

impl Links {
    /// Where the file of `item` is found.
    pub(super) fn to(&self, item: &Item) -> String {
        format!("{}{}", self.prefix, item.name.in_url())
    }

    fn described<'a>(&self, item: &'a Item) -> Option<&'a Described> {
        item.described.as_ref().filter(|_| self.metadata)
    }
}

fn head(title: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">\n\
         <meta name=\"pypi:repository-version\" content=\"{API_VERSION}\">\n<title>{title}</title>\n</head>\n<body>\n\
         <h1>{title}</h1>\n"
    )
}

const END: &str = "</body>\n</html>\n";

/// The list of all projects, as HTML.
pub(super) fn projects_html<'a>(projects: impl Iterator<Item = &'a str>) -> String {
    let mut page = head("Projects");
    for project in projects {
        let project = escape(project);
        let _ = writeln!(page, "<a href=\"{project}/\">{project}</a><br>");
    }
    page + END
}

/// The list of all projects, as JSON.
pub(super) fn projects_json<'a>(projects: impl Iterator<Item = &'a str>) -> String {
    #[derive(Serialize)]
    struct Project<'a> {
        name: &'a str,
    }
    #[derive(Serialize)]
    struct Projects<'a> {
        meta: Meta,
        projects: Vec<Project<'a>>,
    }
    json(&Projects { meta: META, projects: projects.map(|name| Project { name }).collect() })
}

/// The files of a project, as HTML.
pub(super) fn files_html<'a>(project: &str, items: impl Iterator<Item = &'a Item>, links: &Links) -> String {
    let mut page = head(&format!("Files of {project}"));
    for item in items {
        let _ = write!(page, "<a href=\"{}#sha256={}\"", escape(&links.to(item)), item.sha256);
        if let Some(requires) = item.described.as_ref().and_then(|described| described.requires_python.as_ref()) {
            let _ = write!(page, " data-requires-python=\"{}\"", escape(requires));
        }
        if let Some(described) = links.described(item) {
            let _ = write!(page, " data-core-metadata=\"sha256={}\"", described.metadata);
        }
        if let Some(reason) = &item.yanked {
            let _ = write!(page, " data-yanked=\"{}\"", escape(reason));
        }
        let _ = writeln!(page, ">{}</a><br>", escape(&item.name.text));
    }
    page + END
}

#[derive(Serialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: &'static str,
}

const META: Meta = Meta { api_version: API_VERSION };

#[derive(Serialize)]
struct Hashes {
    sha256: String,
}

/// PEP 592 has a reason or none, which JSON has as a text or `true`.
#[derive(Serialize)]
#[serde(untagged)]
enum Yanked<'a> {
    Reason(&'a str),
    Silently(bool),
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct File<'a> {
    filename: &'a str,
    url: String,
    hashes: Hashes,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    requires_python: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    core_metadata: Option<Hashes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    yanked: Option<Yanked<'a>>,
}

/// The files of a project, as JSON.
pub(super) fn files_json<'a>(project: &str, items: impl Iterator<Item = &'a Item>, links: &Links) -> String {
    #[derive(Serialize)]
    struct Files<'a> {
        meta: Meta,
        name: &'a str,
        versions: Vec<String>,
        files: Vec<File<'a>>,
    }
    let items: Vec<&Item> = items.collect();
    let versions: BTreeSet<_> = items.iter().map(|item| &item.name.version).collect();
    let file = |item: &&'a Item| File {
        filename: &item.name.text,
        url: links.to(item),
        hashes: Hashes { sha256: item.sha256.hex() },
        size: item.stamp.size,
        requires_python: item.described.as_ref().and_then(|described| described.requires_python.as_deref()),
        core_metadata: links.described(item).map(|described| Hashes { sha256: described.metadata.hex() }),
        yanked: item.yanked.as_deref().map(|reason| match reason {
            "" => Yanked::Silently(true),
            reason => Yanked::Reason(reason),
        }),
    };
    json(&Files {
        meta: META,
        name: project,
        versions: versions.iter().map(ToString::to_string).collect(),
        files: items.iter().map(file).collect(),
    })
}

/// `value` as JSON in one line; ASCII, since a server may say another character set than UTF-8.
fn json(value: &impl Serialize) -> String {
    // texts, numbers and lists of them can always be written
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut ascii = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    ascii.push('\n');
    ascii
}
