//! Headers that tell how far limits of rate are used, in LiteLLM's words and in those of the client's dialect.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use weighhouse_metering::ScopeMeter;
use weighhouse_types::{Bound, Dialect, Limited, Pace, RateKind};

use crate::clock::Moment;

/// A limit, and LiteLLM's word for what has it.
type Told = (&'static str, Pace);

/// The scopes of a call whose calls or tokens are limited: most often none.
pub(crate) fn paced(scopes: &[Arc<ScopeMeter>]) -> Vec<Arc<ScopeMeter>> {
    scopes.iter().filter(|scope| scope.is_paced()).map(Arc::clone).collect()
}

/// Tells of all limits that a call came under.
pub(crate) fn put(headers: &mut HeaderMap, dialect: Dialect, paced: &[Arc<ScopeMeter>], now: Moment) {
    let mut told: Vec<Told> = Vec::with_capacity(paced.len() * 2);
    for scope in paced {
        for pace in scope.paces(now.seconds()) {
            let word = scope.descriptor();
            // Of two tags the one with less left binds.
            match told.iter_mut().find(|(known, other)| *known == word && other.kind == pace.kind) {
                Some((_, known)) if pace.remaining < known.remaining => *known = pace,
                Some(_) => {}
                None => told.push((word, pace)),
            }
        }
    }
    write(headers, dialect, &told, now.unix_ms);
}

/// Tells of the limit that refused a call.
pub(crate) fn put_refused(headers: &mut HeaderMap, dialect: Dialect, limited: &Limited, unix_ms: i64) {
    let Bound::Rate(pace) = limited.bound else { return };
    headers.insert("rate_limit_type", HeaderValue::from_static(pace.kind.name()));
    if let Some(reset) = &limited.reset {
        let moment = Timestamp::from_millisecond(reset.unix_ms).unwrap_or(Timestamp::MAX);
        put_text(headers, "reset_at".to_owned(), &moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    }
    write(headers, dialect, &[(limited.scope, pace)], unix_ms);
}

fn write(headers: &mut HeaderMap, dialect: Dialect, told: &[Told], unix_ms: i64) {
    for (word, pace) in told {
        let kind = pace.kind.name();
        put_number(headers, format!("x-ratelimit-{word}-limit-{kind}"), pace.limit);
        put_number(headers, format!("x-ratelimit-{word}-remaining-{kind}"), pace.remaining);
    }
    for group in Group::ALL {
        let is_anthropic = dialect == Dialect::AnthropicMessages;
        let of_group = told.iter().map(|(_, pace)| pace).filter(|pace| group.has(pace.kind, is_anthropic));
        let Some(binding) = of_group.min_by_key(|pace| pace.remaining) else { continue };
        if is_anthropic {
            put_anthropic(headers, group, binding, unix_ms);
        } else {
            put_openai(headers, group, binding);
        }
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

    const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::InputTokens => "input-tokens",
            Self::OutputTokens => "output-tokens",
        }
    }

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

/// <https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers>
fn put_openai(headers: &mut HeaderMap, group: Group, pace: &Pace) {
    let group = group.name();
    put_number(headers, format!("x-ratelimit-limit-{group}"), pace.limit);
    put_number(headers, format!("x-ratelimit-remaining-{group}"), pace.remaining);
    put_text(headers, format!("x-ratelimit-reset-{group}"), &duration(pace.refills_s));
}

/// <https://docs.claude.com/en/api/rate-limits#response-headers>
fn put_anthropic(headers: &mut HeaderMap, group: Group, pace: &Pace, unix_ms: i64) {
    let group = group.name();
    put_number(headers, format!("anthropic-ratelimit-{group}-limit"), pace.limit);
    put_number(headers, format!("anthropic-ratelimit-{group}-remaining"), pace.remaining);
    let seconds = unix_ms.div_euclid(1_000).saturating_add_unsigned(pace.refills_s);
    let reset = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    put_text(headers, format!("anthropic-ratelimit-{group}-reset"), &reset.to_string());
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

fn put_number(headers: &mut HeaderMap, name: String, number: u64) {
    if let Ok(name) = HeaderName::try_from(name) {
        headers.insert(name, HeaderValue::from(number));
    }
}

fn put_text(headers: &mut HeaderMap, name: String, text: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(text)) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests;
