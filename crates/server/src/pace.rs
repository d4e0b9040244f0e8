//! Headers that tell how far limits of rate are used, in LiteLLM's words and in those of the client's dialect.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use weighhouse_metering::ScopeMeter;
use weighhouse_types::{Bound, Dialect, Limited, Pace, RateKind, ScopeKind};

use crate::clock::Moment;

mod names;

/// A limit, and what has it.
type Told = (ScopeKind, Pace);

/// The scopes of a call whose calls or tokens are limited: most often none.
pub(crate) fn paced(scopes: &[Arc<ScopeMeter>]) -> Vec<Arc<ScopeMeter>> {
    scopes.iter().filter(|scope| scope.is_paced()).map(Arc::clone).collect()
}

/// Tells of all limits that a call came under.
pub(crate) fn put(headers: &mut HeaderMap, dialect: Dialect, paced: &[Arc<ScopeMeter>], now: Moment) {
    let mut told: Vec<Told> = Vec::with_capacity(paced.len() * 2);
    for scope in paced {
        let kind = scope.scope.kind();
        scope.paces(now.seconds(), |pace| {
            // Of two tags the one with less left binds.
            match told.iter_mut().find(|(known, other)| *known == kind && other.kind == pace.kind) {
                Some((_, known)) if pace.remaining < known.remaining => *known = pace,
                Some(_) => {}
                None => told.push((kind, pace)),
            }
        });
    }
    write(headers, dialect, &told, now.unix_ms);
}

/// Tells of the limit that refused a call.
pub(crate) fn put_refused(headers: &mut HeaderMap, dialect: Dialect, limited: &Limited, unix_ms: i64) {
    let Bound::Rate(pace) = limited.bound else { return };
    headers.insert("rate_limit_type", HeaderValue::from_static(pace.kind.name()));
    if let Some(reset) = &limited.reset {
        let moment = Timestamp::from_millisecond(reset.unix_ms).unwrap_or(Timestamp::MAX);
        let text = moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        put_text(headers, &HeaderName::from_static("reset_at"), text);
    }
    write(headers, dialect, &[(limited.scope, pace)], unix_ms);
}

fn write(headers: &mut HeaderMap, dialect: Dialect, told: &[Told], unix_ms: i64) {
    for (scope, pace) in told {
        let Some((limit, remaining)) = names::litellm(*scope, pace.kind) else { continue };
        headers.insert(limit.clone(), HeaderValue::from(pace.limit));
        headers.insert(remaining.clone(), HeaderValue::from(pace.remaining));
    }
    let is_anthropic = dialect == Dialect::AnthropicMessages;
    for group in Group::ALL {
        let of_group = told.iter().map(|(_, pace)| pace).filter(|pace| group.has(pace.kind, is_anthropic));
        let Some(binding) = of_group.min_by_key(|pace| pace.remaining) else { continue };
        let [limit, remaining, reset] =
            if is_anthropic { names::anthropic(group) } else { names::openai(group) };
        headers.insert(limit.clone(), HeaderValue::from(binding.limit));
        headers.insert(remaining.clone(), HeaderValue::from(binding.remaining));
        let resets =
            if is_anthropic { moment(unix_ms, binding.refills_s) } else { duration(binding.refills_s) };
        put_text(headers, reset, resets);
    }
}

/// What the headers of dialects tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Requests,
    Tokens,
    InputTokens,
    OutputTokens,
}

impl Group {
    const ALL: [Self; 4] = [Self::Requests, Self::Tokens, Self::InputTokens, Self::OutputTokens];

    /// Anthropic's `tokens` are those of the tightest limit, whichever it counts.
    const fn has(self, kind: RateKind, is_anthropic: bool) -> bool {
        match kind {
            RateKind::Requests | RateKind::RequestsPerDay => matches!(self, Self::Requests),
            RateKind::Tokens | RateKind::TokensPerDay => matches!(self, Self::Tokens),
            RateKind::InputTokens => {
                matches!(self, Self::InputTokens) || (is_anthropic && matches!(self, Self::Tokens))
            }
            RateKind::OutputTokens => {
                matches!(self, Self::OutputTokens) || (is_anthropic && matches!(self, Self::Tokens))
            }
            RateKind::ParallelRequests => false,
        }
    }
}

/// A moment as Anthropic writes it, by RFC 3339.
fn moment(unix_ms: i64, seconds_later: u64) -> String {
    let seconds = unix_ms.div_euclid(1_000).saturating_add_unsigned(seconds_later);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).to_string()
}

/// Seconds as OpenAI writes them: `45s`, `6m0s`, `2h0m5s`.
fn duration(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

fn put_text(headers: &mut HeaderMap, name: &HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name.clone(), value);
    }
}

#[cfg(test)]
mod tests;
