//! What is going to happen to a keyring: the maintainers' look, which a package build never takes.
//!
//! Enters: the keyring, the pinned fingerprints, today's time. Leaves: [`Remark`]s on what has expired, what soon will, what the
//! cryptographic policy will refuse within a year, and who may sign without being named. A build deliberately knows none of this:
//! its verdict is that of the package's own date.

use super::keyring::{Certificate, Keyring};
use super::openpgp::{Fingerprint, Rules, seconds_of, time_of};
use super::standing::{Look, Standing, standing};
use crate::date::iso_utc;
use sequoia_openpgp::policy::StandardPolicy;

/// How long before it happens an expiry is worth attention, in seconds: 90 days.
const NOTICE: u64 = 90 * 86_400;

/// One year, in seconds.
const YEAR: u64 = 366 * 86_400;

/// Whether something has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody should act before the next list is signed.
    Attention,
    /// Good to know.
    Note,
}

/// One thing to say about a keyring.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// Whether something has to be done.
    pub urgency: Urgency,
    /// One sentence without a final period.
    pub message: String,
}

/// What there is to say about `keyring` at the time `now` (seconds since 1970), given the pinned `signers`; sorted.
pub fn outlook(keyring: &Keyring, signers: &[Fingerprint], now: u64) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut say = |urgency, message: String| remarks.push(Remark { urgency, message });
    for fingerprint in signers.iter().filter(|fingerprint| keyring.get(fingerprint).is_none()) {
        say(Urgency::Attention, format!("the pinned signer {fingerprint} has no certificate in the keyring"));
    }
    if signers.is_empty() && keyring.len() > 1 {
        say(Urgency::Note, format!("no signer is pinned: each of {} certificates may sign", keyring.len()));
    }
    let rules = Rules::new();
    for certificate in keyring.certificates() {
        let name = certificate.describe();
        if !signers.is_empty() && !signers.contains(&certificate.fingerprint()) {
            say(Urgency::Note, format!("{name} is in the keyring and not pinned: its signatures do not count"));
            continue;
        }
        let look = Look { keyring, rules: &rules };
        match state(look, certificate, now) {
            State::Fit(None) => say(Urgency::Note, format!("{name} never expires")),
            State::Fit(Some(end)) if end.saturating_sub(now) <= NOTICE => {
                let days = end.saturating_sub(now) / 86_400;
                say(
                    Urgency::Attention,
                    format!(
                        "{name} expires on {}, in {days} days: extend it and add the new export to its file",
                        iso_utc(end)
                    ),
                );
            }
            State::Fit(Some(end)) => say(Urgency::Note, format!("{name} expires on {}", iso_utc(end))),
            State::Unfit(why) => say(Urgency::Attention, format!("{name} cannot sign the next list: {why}")),
        }
        let in_a_year = StandardPolicy::at(time_of(now.saturating_add(YEAR)));
        if let Err(error) = certificate.cert().with_policy(&in_a_year, time_of(now)) {
            let why = error.to_string().replace('\n', " ");
            say(Urgency::Attention, format!("{name} uses what the cryptographic policy refuses within a year: {why}"));
        }
    }
    remarks.sort();
    remarks
}

enum State {
    /// A key can sign; until when.
    Fit(Option<u64>),
    /// None can; why.
    Unfit(String),
}

fn state(look: Look<'_>, certificate: &Certificate, now: u64) -> State {
    let mut best: Option<Option<u64>> = None;
    let mut why = "it has no key for signing".to_owned();
    for key in certificate.cert().keys() {
        match standing(look, certificate, &key, now) {
            Standing::Fit => {
                let end = ends(look, certificate, &key, now);
                // the latest end counts, and none is the latest
                best = Some(match (best, end) {
                    (Some(None), _) | (_, None) => None,
                    (Some(Some(a)), Some(b)) => Some(a.max(b)),
                    (None, end) => end,
                });
            }
            Standing::NotForSigning => {}
            Standing::Expired(Some(time)) => why = format!("it expired on {}", iso_utc(time)),
            Standing::Expired(None) => "it has expired".clone_into(&mut why),
            Standing::Revoked(revocation) => {
                why = format!("it was revoked on {} ({})", iso_utc(revocation.time), revocation.reason);
            }
            Standing::Unbound(Some(reason)) => why = format!("nothing valid binds its keys ({reason})"),
            Standing::Unbound(None) => "nothing valid binds its keys".clone_into(&mut why),
        }
    }
    best.map_or(State::Unfit(why), State::Fit)
}

/// When the key, or the certificate as a whole, expires.
fn ends(look: Look<'_>, certificate: &Certificate, key: &super::standing::KeyOfCert<'_>, now: u64) -> Option<u64> {
    use sequoia_openpgp::cert::amalgamation::ValidateAmalgamation as _;
    let own = key.clone().with_policy(look.rules, time_of(now)).ok().and_then(|key| key.key_expiration_time());
    let primary = certificate.cert().with_policy(look.rules, time_of(now)).ok();
    let primary = primary.and_then(|cert| cert.primary_key().key_expiration_time());
    own.into_iter().chain(primary).map(seconds_of).min()
}
