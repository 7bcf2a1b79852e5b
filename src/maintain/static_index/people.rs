//! The pages that people read: the front page with all projects and a search, and a page for each project.
//!
//! Enters: the items of the inventory and what is known of the signed list. Leaves: pages that are whole in one file: style and
//! script are inside, and the Content Security Policy names both by their digests, so that nothing else can run, whatever
//! a summary or a user ID contains. Without a script everything is there but the search. Equal input gives equal bytes: no
//! page says when it was made.

use super::html::{count, escape, size};
use super::inventory::{Item, State};
use super::simple::Links;
use crate::date::iso_utc;
use crate::digest::Sha256;
use crate::trust::verified::VerifiedManifest;
use pep440_rs::Version;
use std::fmt::Write as _;

const STYLE: &str = include_str!("front.css");
const SCRIPT: &str = include_str!("front.js");

/// What is said of the whole index.
#[derive(Debug)]
pub(super) struct Site<'a> {
    /// The title of the front page.
    pub title: &'a str,
    /// The signed list.
    pub manifest: Option<&'a VerifiedManifest>,
    /// Files that the list has and the directories do not.
    pub absent: usize,
}

/// What the front page says of a project.
#[derive(Debug)]
pub(super) struct Project<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its files, offered or not; at least one.
    pub items: &'a [Item],
}

impl Project<'_> {
    /// The item that stands for the project: the newest release that is neither a pre-release nor withdrawn nor refused to
    /// installers, as far as there is one.
    fn foremost(&self) -> Option<&Item> {
        let best = self.items.iter().max_by(|one, other| rank(one).cmp(&rank(other)))?;
        // a wheel has a summary, and an sdist of the same release may have sorted before it
        let same = |item: &&Item| item.name.version == best.name.version && item.described.is_some();
        self.items.iter().find(same).or(Some(best))
    }

    fn summary(&self) -> &str {
        let described = self.foremost().and_then(|item| item.described.as_ref());
        described.and_then(|described| described.summary.as_deref()).unwrap_or_default()
    }

    fn number_of(&self, what: impl Fn(&Item) -> bool) -> usize {
        self.items.iter().filter(|item| what(item)).count()
    }
}

/// What makes an item stand for its project, the most important first.
fn rank(item: &Item) -> (bool, bool, bool, &Version) {
    let version = &item.name.version;
    (item.is_offered(), item.yanked.is_none(), !version.any_prerelease(), version)
}

fn head(title: &str, script: &str) -> String {
    let allowed = |text: &str| format!("'sha256-{}'", Sha256::of(text.as_bytes()).base64());
    let scripts = if script.is_empty() { "'none'".to_owned() } else { allowed(script) };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; script-src {scripts}; \
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
        allowed(STYLE),
        escape(title)
    )
}

/// The front page.
pub(super) fn front(site: &Site<'_>, projects: &[Project<'_>]) -> String {
    let files: usize = projects.iter().map(|project| project.items.len()).sum();
    let bytes =
        projects.iter().flat_map(|project| project.items).fold(0_u64, |sum, i| sum.saturating_add(i.stamp.size));
    let refused: usize = projects.iter().map(|project| project.number_of(|item| !item.is_offered())).sum();
    let mut page = head(site.title, SCRIPT);
    let _ = write!(
        page,
        "<header>\n<h1>{}</h1>\n<p class=\"soft\">{} of {}, {}</p>\n</header>\n",
        escape(site.title),
        count(files, "file", "files"),
        count(projects.len(), "project", "projects"),
        size(bytes)
    );
    trust(&mut page, site, refused);
    page.push_str(
        "<section>\n<h2>Install from here</h2>\n\
         <pre><code>pip install --require-hashes --index-url <span id=\"url\">simple/</span> --requirement requirements.txt</code></pre>\n\
         </section>\n\
         <div class=\"search\" id=\"search\" hidden>\n<label for=\"q\">Search</label>\n\
         <input id=\"q\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"name, summary or state\">\n\
         <span id=\"found\" class=\"soft\" role=\"status\"></span>\n</div>\n\
         <table>\n<thead><tr><th scope=\"col\">Project</th><th scope=\"col\">Newest</th><th scope=\"col\">Summary</th>\
         <th scope=\"col\" class=\"n\">Files</th><th scope=\"col\" class=\"n\">Size</th><th scope=\"col\">State</th></tr></thead>\n<tbody>\n",
    );
    for project in projects {
        let bytes = project.items.iter().fold(0_u64, |sum, item| sum.saturating_add(item.stamp.size));
        let newest = project.foremost().map(|item| item.name.version.to_string()).unwrap_or_default();
        let name = escape(project.name);
        let _ = writeln!(
            page,
            "<tr><td class=\"name\"><a href=\"projects/{name}/index.html\">{name}</a></td><td>{}</td>\
             <td class=\"text\">{}</td><td class=\"n\" data-is=\"Files:\">{}</td><td class=\"n\" data-is=\"Size:\">{}</td>\
             <td>{}</td></tr>",
            escape(&newest),
            escape(project.summary()),
            project.items.len(),
            size(bytes),
            state_of_project(project)
        );
    }
    let _ = write!(
        page,
        "</tbody>\n</table>\n<footer><p>Installers read <a href=\"simple/index.html\">simple/</a>. Made by \
         <code>rustvenv index</code>.</p></footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    );
    page
}

/// Who vouches for the files.
fn trust(page: &mut String, site: &Site<'_>, refused: usize) {
    let Some(manifest) = site.manifest else {
        page.push_str(
            "<section class=\"trust warn\">\n<p><strong>No signed list.</strong> Nothing here says who approved these files; \
             installers have to compare them with hashes of their own.</p>\n</section>\n",
        );
        return;
    };
    let name = &manifest.manifest().name;
    let link = |name: &str| format!("<a href=\"files/{}\">{}</a>", escape(&in_url(name)), escape(name));
    let signatures: Vec<String> = manifest.signatures().iter().map(|file| link(&file.name)).collect();
    let good = if refused == 0 && site.absent == 0 { "good" } else { "warn" };
    let lines = manifest.entries().len();
    let _ = write!(
        page,
        "<section class=\"trust {good}\">\n<p><strong>Signed list:</strong> {} with {}, {}",
        link(name),
        signatures.join(", "),
        count(lines, "file", "files")
    );
    if let Some(header) = manifest.header() {
        if let Some(project) = &header.project {
            let _ = write!(page, ", of {}", escape(project));
        }
        if let Some(serial) = header.serial {
            let _ = write!(page, ", number {serial}");
        }
    }
    page.push_str("</p>\n<p>Signed by</p>\n<ul>\n");
    for signer in manifest.signers() {
        let _ = writeln!(
            page,
            "<li>{} on {} <span class=\"hash soft\">{}</span></li>",
            escape(signer.user_id.as_deref().unwrap_or("somebody without a name")),
            escape(&iso_utc(signer.time).replace('T', " ").replace('Z', " UTC")),
            signer.fingerprint
        );
    }
    page.push_str("</ul>\n");
    if refused > 0 {
        let verb = if refused == 1 { "is" } else { "are" };
        let _ = writeln!(
            page,
            "<p><span class=\"state bad\">attention</span> {} {verb} not on this list. Installers do not see {}.</p>",
            count(refused, "file", "files"),
            if refused == 1 { "it" } else { "them" }
        );
    }
    if site.absent > 0 {
        let verb = if site.absent == 1 { "is" } else { "are" };
        let _ = writeln!(
            page,
            "<p><span class=\"state warn\">note</span> {} of this list {verb} not here.</p>",
            count(site.absent, "file", "files")
        );
    }
    page.push_str("</section>\n");
}

fn state_of_project(project: &Project<'_>) -> String {
    let all = project.items.len();
    let refused = project.number_of(|item| !item.is_offered());
    let withdrawn = project.number_of(|item| item.is_offered() && item.yanked.is_some());
    let unsigned = project.number_of(|item| item.state == State::NoList);
    let mut states = Vec::new();
    if refused > 0 {
        let how_many = if refused == all { "not signed for".to_owned() } else { format!("{refused} not signed for") };
        states.push(badge("bad", &how_many));
    }
    if withdrawn > 0 {
        let how_many = if withdrawn == all { "withdrawn".to_owned() } else { format!("{withdrawn} withdrawn") };
        states.push(badge("warn", &how_many));
    }
    if unsigned == all {
        states.push(badge("", "no list"));
    } else if refused == 0 {
        states.push(badge("good", "signed"));
    }
    states.join(" ")
}

fn badge(kind: &str, text: &str) -> String {
    format!("<span class=\"state {kind}\">{}</span>", escape(text))
}

/// The page of a project. Its links are those of a page two directories below the top.
pub(super) fn project(site: &Site<'_>, project: &Project<'_>, links: &Links) -> String {
    let name = escape(project.name);
    let mut page = head(&format!("{} – {}", project.name, site.title), "");
    let _ = write!(
        page,
        "<header>\n<p><a href=\"../../index.html\">{}</a></p>\n<h1>{name}</h1>\n<p>{}</p>\n</header>\n",
        escape(site.title),
        escape(project.summary())
    );
    if let Some(manifest) = site.manifest {
        let _ = write!(
            page,
            "<section class=\"trust\">\n<p>Files marked as signed are on {}, signed by</p>\n<ul>\n",
            escape(&manifest.manifest().name)
        );
        for signer in manifest.signers() {
            let user_id = escape(signer.user_id.as_deref().unwrap_or("somebody without a name"));
            let _ = writeln!(page, "<li>{user_id} <span class=\"hash soft\">{}</span></li>", signer.fingerprint);
        }
        page.push_str("</ul>\n</section>\n");
    }
    page.push_str(
        "<table>\n<thead><tr><th scope=\"col\">File</th><th scope=\"col\" class=\"n\">Size</th><th scope=\"col\">Python</th>\
         <th scope=\"col\">State</th></tr></thead>\n<tbody>\n",
    );
    // the newest first
    for item in project.items.iter().rev() {
        let file = escape(&item.name.text);
        let file = if item.is_offered() { format!("<a href=\"{}\">{file}</a>", escape(&links.to(item))) } else { file };
        let python = item.described.as_ref().and_then(|described| described.requires_python.as_deref());
        let _ = writeln!(
            page,
            "<tr><td class=\"name file\">{file}<br><span class=\"hash soft\">sha256 {}</span></td>\
             <td class=\"n\" data-is=\"Size:\">{}</td><td data-is=\"Python:\">{}</td><td>{}</td></tr>",
            item.sha256,
            size(item.stamp.size),
            escape(python.unwrap_or_default()),
            state_of_file(item)
        );
    }
    let _ = write!(
        page,
        "</tbody>\n</table>\n<footer><p>Installers read <a href=\"../../simple/{name}/index.html\">simple/{name}/</a>.</p></footer>\n\
         </body>\n</html>\n"
    );
    page
}

fn state_of_file(item: &Item) -> String {
    let mut text = match item.state {
        State::Listed(line) => format!("{} <span class=\"soft\">line {line}</span>", badge("good", "signed")),
        State::NotListed => badge("bad", "not signed for"),
        State::NoList => badge("", "no list"),
    };
    if let Some(reason) = &item.yanked {
        let _ = write!(text, "<br>{}", badge("warn", "withdrawn"));
        if !reason.is_empty() {
            let _ = write!(text, " {}", escape(reason));
        }
    }
    text
}

/// A file name as part of a URL: a list can have any name.
pub(in crate::maintain) fn in_url(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
