//! The network, for the maintainers' commands alone: documents and files by HTTP.
//!
//! Enters: an [`Address`] with the scheme https or http. Leaves: the bytes of a bounded document, or a file that grows on the disk
//! and goes on where an earlier run stopped. What passes (no answer, 5xx, 429, a short body) is tried again after a while; what
//! lasts is a failure that names the address without its secrets. Redirections are followed here, hop by hop, so that none leads
//! to plain HTTP or to a file, and credentials go only to the host they belong to. Trust is deliberately absent: whatever comes
//! out of here is hearsay until its digest was compared. No command of a package build may come here.

use super::fs::Growing;
use crate::address::{Address, Credentials, Scheme};
use crate::code::Code;
use crate::refusal::{Failure, Refusal, printable};
use flate2::read::MultiGzDecoder;
use rustls::crypto::CryptoProvider;
use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

/// Redirections that are followed one after the other.
const MOST_REDIRECTIONS: u32 = 10;

/// Longest pause between two attempts, whatever the server asks for, in seconds.
const LONGEST_PAUSE: f64 = 60.0;

/// Longest time that one answer's body may take, in seconds; what is missing then is asked for anew.
const LONGEST_BODY: u64 = 600;

/// What an attempt has to add to a file for the earlier ones to be forgiven, in bytes.
const PROGRESS: u64 = 1 << 20;

/// Asked with each address; leaves what to send there.
pub type Login = dyn Fn(&Address) -> Option<Credentials> + Send + Sync;

/// Told what goes wrong and is tried again.
pub type Say<'a> = dyn Fn(&str) + Sync + 'a;

/// How the network is used.
pub struct Settings {
    /// Who logs in where.
    pub login: Box<Login>,
    /// Proxies.
    pub proxies: Proxies,
    /// Longest silence of a server, in seconds; not zero.
    pub timeout: u64,
    /// How often something is tried again.
    pub retries: u32,
    /// Connections to one host that are kept open.
    pub connections: usize,
}

/// Which proxy is used for what: values of the usual variables.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For http addresses.
    pub http: Option<String>,
    /// For https addresses.
    pub https: Option<String>,
    /// Hosts that are reached without one: names, `.domain`, `*`, separated by commas.
    pub none: String,
}

impl Proxies {
    fn of(&self, address: &Address) -> Option<&str> {
        let proxy = if address.scheme() == Scheme::Https { &self.https } else { &self.http };
        proxy.as_deref().filter(|_| !self.spares(address.host(), address.port()))
    }

    /// Whether `host` is reached directly: it, or a domain that it is in, is named.
    fn spares(&self, host: &str, port: u16) -> bool {
        self.none.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| {
            let (name, wanted_port) = match entry.rsplit_once(':') {
                // an IPv6 address has colons of its own
                Some((name, digits)) if !name.contains(':') => (name.to_owned(), digits.parse::<u16>().ok()),
                _ => (entry, None),
            };
            let name = name.trim_start_matches("*.").trim_start_matches('.');
            let matches =
                name == "*" || host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
            !name.is_empty() && matches && wanted_port.is_none_or(|wanted| wanted == port)
        })
    }
}

/// A document, read to its end.
pub struct Document {
    /// Where it was found, after redirections.
    pub address: Address,
    /// What the server says it is; empty when it does not.
    pub content_type: String,
    /// Its bytes, decompressed.
    pub bytes: Vec<u8>,
}

/// The network, as one command uses it; may be shared between threads.
pub struct Network {
    settings: Settings,
    tls: OnceLock<Result<TlsConfig, String>>,
    agents: Mutex<Vec<(Option<String>, Agent)>>,
    /// Origins that failed in the end, so that not every file waits for them as long as the first one.
    silent: Mutex<BTreeSet<String>>,
}

/// Why one attempt led to nothing.
enum Trouble {
    /// Another attempt may succeed, after this many seconds if the server says so.
    Passing { why: String, after: Option<u64> },
    /// It will not.
    Lasting(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Lasting(failure)
    }
}

fn passing(why: impl Into<String>) -> Trouble {
    Trouble::Passing { why: why.into(), after: None }
}

impl Network {
    /// A network that nothing was asked of yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, tls: OnceLock::new(), agents: Mutex::new(Vec::new()), silent: Mutex::new(BTreeSet::new()) }
    }

    /// The document at `address`; `None` when the server says that there is none.
    ///
    /// # Errors
    /// When it cannot be had, is larger than `limit` bytes, or a redirection is not followed.
    pub fn document(
        &self,
        address: &Address,
        accept: &str,
        limit: u64,
        say: &Say<'_>,
    ) -> Result<Option<Document>, Failure> {
        self.persistently(address, say, &mut |_| {
            let headers = [("accept", accept), ("accept-encoding", "gzip")];
            let (address, response) = self.follow(address, &headers)?;
            match response.status().as_u16() {
                200 => {}
                404 | 410 => return Ok(None),
                _ => return Err(self.unexpected(&address, &response)),
            }
            let content_type = header(response.headers(), "content-type").unwrap_or_default().to_owned();
            let zipped = header(response.headers(), "content-encoding")
                .is_some_and(|coding| matches!(coding.trim(), "gzip" | "x-gzip"));
            let body = response.into_body().into_reader();
            let mut bytes = Vec::new();
            let reader: &mut dyn Read = if zipped { &mut MultiGzDecoder::new(body) } else { &mut { body } };
            reader
                .take(limit.saturating_add(1))
                .read_to_end(&mut bytes)
                .map_err(|error| self.of_io(&address, error))?;
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
                return Err(Trouble::Lasting(too_large(&address, limit)));
            }
            Ok(Some(Document { address, content_type, bytes }))
        })
    }

    /// Adds to `file` what it lacks of the file at `address`, or begins it anew where the server cannot go on; whether the server
    /// has such a file. `watch` is told the size that was reached, and the whole one where it is known.
    ///
    /// # Errors
    /// When it cannot be had, is larger than `limit` bytes, or a redirection is not followed.
    pub fn append(
        &self,
        address: &Address,
        file: &mut Growing,
        limit: u64,
        watch: &mut dyn FnMut(u64, Option<u64>),
        say: &Say<'_>,
    ) -> Result<bool, Failure> {
        let mut forgiven = file.length();
        self.persistently(address, say, &mut |failures| {
            let result = self.append_once(address, file, limit, watch);
            if file.length() >= forgiven.saturating_add(PROGRESS) {
                forgiven = file.length();
                *failures = 0;
            }
            result
        })
    }

    fn append_once(
        &self,
        address: &Address,
        file: &mut Growing,
        limit: u64,
        watch: &mut dyn FnMut(u64, Option<u64>),
    ) -> Result<bool, Trouble> {
        let range = format!("bytes={}-", file.length());
        // the bytes as they are: whoever compresses them on the way changes their digest
        let mut headers = vec![("accept", "*/*"), ("accept-encoding", "identity")];
        if file.length() > 0 {
            headers.push(("range", &range));
        }
        let (address, response) = self.follow(address, &headers)?;
        let content_range = header(response.headers(), "content-range").unwrap_or_default();
        match response.status().as_u16() {
            200 => file.restart()?,
            206 if content_range.starts_with(&format!("bytes {}-", file.length())) => {}
            // complete already, as far as the server is concerned
            416 if content_range == format!("bytes */{}", file.length()) => return Ok(true),
            206 | 416 if file.length() > 0 => {
                file.restart()?;
                return Err(passing("the server sends another part of the file than was asked for"));
            }
            404 | 410 => return Ok(false),
            _ => return Err(self.unexpected(&address, &response)),
        }
        let length = header(response.headers(), "content-length").and_then(|text| text.parse::<u64>().ok());
        let total = length.map(|length| length.saturating_add(file.length()));
        if total.is_some_and(|total| total > limit) {
            return Err(Trouble::Lasting(too_large(&address, limit)));
        }
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        watch(file.length(), total);
        loop {
            let count = body.read(&mut buffer).map_err(|error| self.of_io(&address, error))?;
            let bytes = buffer.get(..count).unwrap_or_default();
            if bytes.is_empty() {
                break;
            }
            file.append(bytes)?;
            if file.length() > limit {
                return Err(Trouble::Lasting(too_large(&address, limit)));
            }
            watch(file.length(), total);
        }
        match total {
            Some(total) if file.length() < total => Err(passing("the server sent less than it announced")),
            _ => Ok(true),
        }
    }

    /// Calls `attempt` until it succeeds, fails for good, or has failed too often; it is handed the number of failures.
    fn persistently<T>(
        &self,
        address: &Address,
        say: &Say<'_>,
        attempt: &mut dyn FnMut(&mut u32) -> Result<T, Trouble>,
    ) -> Result<T, Failure> {
        let mut failures = 0;
        loop {
            let (why, after) = match attempt(&mut failures) {
                Ok(value) => return Ok(value),
                Err(Trouble::Lasting(failure)) => return Err(failure),
                Err(Trouble::Passing { why, after }) => (why, after),
            };
            failures += 1;
            if failures > self.settings.retries || self.is_silent(address) {
                if let Ok(mut silent) = self.silent.lock() {
                    silent.insert(address.origin());
                }
                return Err(Failure::unable_hint(
                    format!("cannot fetch {address}: {why}"),
                    "run the command again; what was fetched is kept",
                ));
            }
            let pause = pause(failures, after);
            say(&format!("{address}: {why}; trying again in {pause:.1} seconds"));
            std::thread::sleep(Duration::from_secs_f64(pause));
        }
    }

    fn is_silent(&self, address: &Address) -> bool {
        self.silent.lock().is_ok_and(|silent| silent.contains(&address.origin()))
    }

    /// The first answer that is no redirection, and where it came from.
    fn follow(&self, address: &Address, headers: &[(&str, &str)]) -> Result<(Address, Response<Body>), Trouble> {
        let mut at = address.clone();
        for _ in 0..=MOST_REDIRECTIONS {
            let response = self.once(&at, headers)?;
            let location = header(response.headers(), "location");
            let (301 | 302 | 303 | 307 | 308, Some(location)) = (response.status().as_u16(), location) else {
                return Ok((at, response));
            };
            let refused =
                |why: &str| Refusal::new(Code::AddressRefused, format!("a redirection of {at} is not followed: {why}"));
            let Some(target) = at.join(location) else {
                let found = format!("`{}`", printable(location.split('?').next().unwrap_or_default()));
                let why = "it leads to no https, http or file address";
                return Err(Trouble::Lasting(refused(why).found(found).into()));
            };
            if let Some(why) = at.forbids(&target) {
                return Err(Trouble::Lasting(refused(why).found(target.to_string()).into()));
            }
            at = target;
        }
        let message = format!("{address} leads to more than {MOST_REDIRECTIONS} redirections");
        Err(Trouble::Lasting(Refusal::new(Code::AddressRefused, message).found(at.to_string()).into()))
    }

    fn once(&self, address: &Address, headers: &[(&str, &str)]) -> Result<Response<Body>, Trouble> {
        let mut request = self.agent(address)?.get(address.as_sent());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(Credentials { user, password }) = (self.settings.login)(address) {
            let word = data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes());
            request = request.header("authorization", format!("Basic {word}"));
        }
        request.call().map_err(|error| self.of_error(address, error))
    }

    /// The agent for `address`, one for each proxy.
    fn agent(&self, address: &Address) -> Result<Agent, Failure> {
        let proxy = self.settings.proxies.of(address);
        let mut agents = self.agents.lock().map_err(|_| Failure::unable("a thread of this program failed"))?;
        if let Some((_, agent)) = agents.iter().find(|(of, _)| of.as_deref() == proxy) {
            return Ok(agent.clone());
        }
        let parsed = match proxy.map(Proxy::new) {
            None => None,
            Some(Ok(proxy)) => Some(proxy),
            Some(Err(_)) => {
                return Err(Failure::unable_hint(
                    format!("cannot reach {address}: the proxy that the environment names is no address"),
                    "correct the variable https_proxy, http_proxy or all_proxy",
                ));
            }
        };
        let tls = self.tls.get_or_init(system_certificates).clone().map_err(|why| {
            let hint = "install the package ca-certificates, or name a file of certificates in SSL_CERT_FILE";
            Failure::unable_hint(format!("there are no certificates to know servers by: {why}"), hint)
        })?;
        let silence = Some(Duration::from_secs(self.settings.timeout.max(1)));
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(parsed)
            .tls_config(tls)
            .user_agent(concat!("dh-rustvenv/", env!("CARGO_PKG_VERSION")))
            .max_idle_connections_per_host(self.settings.connections)
            .max_idle_connections(self.settings.connections.saturating_mul(4))
            .timeout_resolve(silence)
            .timeout_connect(silence)
            .timeout_send_request(silence)
            .timeout_recv_response(silence)
            .timeout_per_read(silence)
            .timeout_per_write(silence)
            .timeout_recv_body(Some(Duration::from_secs(LONGEST_BODY)))
            .build()
            .into();
        agents.push((proxy.map(str::to_owned), agent.clone()));
        Ok(agent)
    }

    fn unexpected(&self, address: &Address, response: &Response<Body>) -> Trouble {
        let status = response.status();
        match status.as_u16() {
            408 | 425 | 429 | 500.. => {
                let after = header(response.headers(), "retry-after").and_then(|text| text.trim().parse().ok());
                Trouble::Passing { why: format!("the server answers {status}"), after }
            }
            401 | 403 | 407 => Trouble::Lasting(Failure::unable_hint(
                format!("cannot fetch {address}: the server answers {status}"),
                "put the credentials of the host into ~/.netrc, or into the URL in your own settings",
            )),
            _ => Trouble::Lasting(Failure::unable(format!("cannot fetch {address}: the server answers {status}"))),
        }
    }

    fn of_io(&self, address: &Address, error: io::Error) -> Trouble {
        // an error of the client travels through `Read` in a box
        match error.downcast::<ureq::Error>() {
            Ok(inner) => self.of_error(address, inner),
            Err(error) => self.of_error(address, ureq::Error::Io(error)),
        }
    }

    /// Texts of the client that may repeat an address, with what stands in it, are not repeated.
    fn of_error(&self, address: &Address, error: ureq::Error) -> Trouble {
        let lasting = |why: &str| Trouble::Lasting(Failure::unable(format!("cannot fetch {address}: {why}")));
        match error {
            ureq::Error::Timeout(_) => passing(format!("no answer within {} seconds", self.settings.timeout)),
            ureq::Error::HostNotFound => passing("the name of the host is not known"),
            ureq::Error::Rustls(error) => untrusted(address, &error),
            ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(error) => untrusted(address, error),
                None => passing(error.to_string()),
            },
            ureq::Error::Protocol(error) => passing(format!("the server does not speak HTTP/1.1: {error}")),
            ureq::Error::ConnectionFailed | ureq::Error::BodyStalled => passing("the connection broke"),
            ureq::Error::ConnectProxyFailed(why) => lasting(&format!("the proxy does not connect: {why}")),
            ureq::Error::Tls(why) => lasting(why),
            ureq::Error::LargeResponseHeader(..) => lasting("the server's answer has too large a head"),
            _ => lasting("the address cannot be asked for"),
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn too_large(address: &Address, limit: u64) -> Failure {
    Refusal::new(Code::DownloadTooLarge, format!("what {address} sends is larger than {limit} bytes")).into()
}

fn untrusted(address: &Address, error: &rustls::Error) -> Trouble {
    let message = format!("cannot fetch {address}: no trustworthy connection: {error}");
    let hint = match error {
        rustls::Error::InvalidCertificate(_) => {
            "if this server's authority is your own, add its certificate to the system's (update-ca-certificates) or name \
             it in SSL_CERT_FILE"
        }
        _ => "look at what the server offers with `openssl s_client`",
    };
    Trouble::Lasting(Failure::unable_hint(message, hint))
}

/// The system's certificates: SSL_CERT_FILE and SSL_CERT_DIR where they are set, else where the distribution keeps them.
fn system_certificates() -> Result<TlsConfig, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        return Err(if why.is_empty() { "none was found".to_owned() } else { why.join("; ") });
    }
    let certificates: Vec<Certificate<'static>> =
        found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(provider)
        .build())
}

/// Seconds to wait after so many failures: doubled each time, with a random part, so that many clients of one server do not
/// come back together.
fn pause(failures: u32, after: Option<u64>) -> f64 {
    let doubled = 0.5 * f64::from(2_u32.saturating_pow(failures.saturating_sub(1).min(16)));
    // each RandomState has a seed of its own: randomness enough for this, without another dependency
    let random = f64::from(u16::try_from(RandomState::new().hash_one(failures) & 0xFFFF).unwrap_or_default()) / 65536.0;
    let asked = after.map_or(0.0, |seconds| f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)));
    (doubled * (0.5 + random)).max(asked).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end() {
        for _ in 0..100 {
            assert!((0.25..0.75).contains(&pause(1, None)));
            assert!((1.0..3.0).contains(&pause(3, None)));
            assert!(pause(40, None) <= LONGEST_PAUSE);
            assert!((7.0..8.0).contains(&pause(1, Some(7))));
            assert!(pause(1, Some(u64::MAX)) <= LONGEST_PAUSE);
        }
    }

    #[test]
    fn proxies_are_chosen_by_address() {
        let proxies = |none: &str| Proxies {
            http: Some("http://plain.invalid".to_owned()),
            https: Some("http://tls.invalid".to_owned()),
            none: none.to_owned(),
        };
        let of = |none: &str, address: &str| {
            proxies(none).of(&Address::parse(address).unwrap().0).map(|proxy| proxy[7..8].to_owned())
        };
        assert_eq!(of("", "https://a.invalid/").as_deref(), Some("t"));
        assert_eq!(of("", "http://a.invalid/").as_deref(), Some("p"));
        for (none, spared) in [
            ("*", true),
            ("index.invalid", true),
            (" other , INDEX.invalid ", true),
            (".invalid", true),
            ("invalid", true),
            ("*.invalid", true),
            ("index.invalid:443", true),
            ("index.invalid:8443", false),
            ("dex.invalid", false),
            ("index.invalid.example", false),
            (",", false),
            (".", false),
        ] {
            assert_eq!(of(none, "https://index.invalid/").is_none(), spared, "{none}");
        }
        assert!(of("::1", "http://[::1]/").is_some(), "brackets belong to the host");
        assert!(of("[::1]", "http://[::1]/").is_none());
    }
}
