//! Tables of limits and the headers that tell of them.

use http::HeaderMap;
use weighhouse_types::{Bound, Dialect, Limited, Nanos, Pace, RateKind, Reset, ScopeKind};

use super::{duration, put_refused, write};

/// 2026-11-28 03:40:00 UTC.
const NOW_MS: i64 = 1_795_837_200_000;

const fn pace(kind: RateKind, limit: u64, remaining: u64, refills_s: u64) -> Pace {
    Pace { kind, limit, remaining, refills_s }
}

#[track_caller]
fn check(headers: &HeaderMap, expected: &[(&str, &str)]) {
    let mut found: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    found.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// A key and its team, of which the one with less left binds.
const TOLD: [(ScopeKind, Pace); 5] = [
    (ScopeKind::Key, pace(RateKind::Requests, 60, 40, 61)),
    (ScopeKind::Team, pace(RateKind::RequestsPerDay, 1_000, 7, 7_205)),
    (ScopeKind::Team, pace(RateKind::Tokens, 9_000, 5_000, 30)),
    (ScopeKind::Key, pace(RateKind::InputTokens, 4_000, 3_000, 0)),
    (ScopeKind::Key, pace(RateKind::OutputTokens, 2_000, 1_500, 9)),
];

const LITELLM: [(&str, &str); 10] = [
    ("x-ratelimit-api_key-limit-requests", "60"),
    ("x-ratelimit-api_key-remaining-requests", "40"),
    ("x-ratelimit-team-limit-requests_per_day", "1000"),
    ("x-ratelimit-team-remaining-requests_per_day", "7"),
    ("x-ratelimit-team-limit-tokens", "9000"),
    ("x-ratelimit-team-remaining-tokens", "5000"),
    ("x-ratelimit-api_key-limit-input_tokens", "4000"),
    ("x-ratelimit-api_key-remaining-input_tokens", "3000"),
    ("x-ratelimit-api_key-limit-output_tokens", "2000"),
    ("x-ratelimit-api_key-remaining-output_tokens", "1500"),
];

#[test]
fn openais_clients_and_googles_read_openais_names() {
    for dialect in [Dialect::OpenAiChat, Dialect::OpenAiResponses, Dialect::Gemini] {
        let mut headers = HeaderMap::new();
        write(&mut headers, dialect, &TOLD, NOW_MS);
        let own = [
            ("x-ratelimit-limit-requests", "1000"),
            ("x-ratelimit-remaining-requests", "7"),
            ("x-ratelimit-reset-requests", "2h0m5s"),
            ("x-ratelimit-limit-tokens", "9000"),
            ("x-ratelimit-remaining-tokens", "5000"),
            ("x-ratelimit-reset-tokens", "30s"),
            ("x-ratelimit-limit-input-tokens", "4000"),
            ("x-ratelimit-remaining-input-tokens", "3000"),
            ("x-ratelimit-reset-input-tokens", "0s"),
            ("x-ratelimit-limit-output-tokens", "2000"),
            ("x-ratelimit-remaining-output-tokens", "1500"),
            ("x-ratelimit-reset-output-tokens", "9s"),
        ];
        check(&headers, &[LITELLM.as_slice(), &own].concat());
    }
}

#[test]
fn anthropics_clients_read_anthropics_names() {
    let mut headers = HeaderMap::new();
    write(&mut headers, Dialect::AnthropicMessages, &TOLD, NOW_MS);
    let own = [
        ("anthropic-ratelimit-requests-limit", "1000"),
        ("anthropic-ratelimit-requests-remaining", "7"),
        ("anthropic-ratelimit-requests-reset", "2026-11-28T05:40:05Z"),
        // The tightest of all that counts tokens.
        ("anthropic-ratelimit-tokens-limit", "2000"),
        ("anthropic-ratelimit-tokens-remaining", "1500"),
        ("anthropic-ratelimit-tokens-reset", "2026-11-28T03:40:09Z"),
        ("anthropic-ratelimit-input-tokens-limit", "4000"),
        ("anthropic-ratelimit-input-tokens-remaining", "3000"),
        ("anthropic-ratelimit-input-tokens-reset", "2026-11-28T03:40:00Z"),
        ("anthropic-ratelimit-output-tokens-limit", "2000"),
        ("anthropic-ratelimit-output-tokens-remaining", "1500"),
        ("anthropic-ratelimit-output-tokens-reset", "2026-11-28T03:40:09Z"),
    ];
    check(&headers, &[LITELLM.as_slice(), &own].concat());
}

#[test]
fn a_refusal_tells_of_the_limit_that_is_reached() {
    let reset = Reset { unix_ms: NOW_MS + 12_000, text: "2026-11-28T03:40:12Z".into() };
    let refused =
        |bound| Limited { scope: ScopeKind::Key, id: "sk-...abcd".into(), bound, reset: Some(reset.clone()) };
    let mut headers = HeaderMap::new();
    let limited = refused(Bound::Rate(pace(RateKind::Requests, 3, 0, 61)));
    put_refused(&mut headers, Dialect::OpenAiChat, &limited, NOW_MS);
    check(
        &headers,
        &[
            ("rate_limit_type", "requests"),
            ("reset_at", "2026-11-28 03:40:12 UTC"),
            ("x-ratelimit-api_key-limit-requests", "3"),
            ("x-ratelimit-api_key-remaining-requests", "0"),
            ("x-ratelimit-limit-requests", "3"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "1m1s"),
        ],
    );
    let mut headers = HeaderMap::new();
    let limited = refused(Bound::Rate(pace(RateKind::ParallelRequests, 2, 0, 1)));
    put_refused(&mut headers, Dialect::AnthropicMessages, &limited, NOW_MS);
    check(
        &headers,
        &[
            ("rate_limit_type", "max_parallel_requests"),
            ("reset_at", "2026-11-28 03:40:12 UTC"),
            ("x-ratelimit-api_key-limit-max_parallel_requests", "2"),
            ("x-ratelimit-api_key-remaining-max_parallel_requests", "0"),
        ],
    );
    let mut headers = HeaderMap::new();
    let money = Bound::Budget { limit: Nanos::ZERO, settled: Nanos::ZERO, held: Nanos::ZERO, needed: None };
    put_refused(&mut headers, Dialect::OpenAiChat, &refused(money), NOW_MS);
    check(&headers, &[]);
}

#[test]
fn durations_are_written_as_openai_writes_them() {
    for (seconds, text) in
        [(0, "0s"), (59, "59s"), (60, "1m0s"), (361, "6m1s"), (3_600, "1h0m0s"), (90_061, "25h1m1s")]
    {
        assert_eq!(duration(seconds), text);
    }
}
