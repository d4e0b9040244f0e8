//! Answers: `GenerateContentResponse` whole, in events and in an array, and the number of tokens.
//! Members are those of `google/genai/types.py`.

use serde_json::{Value, json};

use super::super::asked::{Asked, AskedKind};
use super::super::spoken::{Spoken, SpokenBlock, pieces};
use super::thought::{Bearer, sign};
use super::version::Version;

/// What Google has never sent: numbers that only bytes keep, behind a name that no SDK knows.
const UNKNOWN: &str =
    r#""unknownMember":{"large":12345678901234567890123,"exact":1.10,"nested":[null,{"text":"\u00e9"}]}"#;

/// The whole answer, over several lines as Google writes it.
pub(super) fn whole(asked: &Asked, said: &Spoken) -> Vec<u8> {
    if !matches!(asked.kind, AskedKind::Generate) {
        let tokens = said.usage.input;
        let details = json!([{"modality": "TEXT", "tokenCount": tokens}]);
        return pretty(&json!({"totalTokens": tokens, "promptTokensDetails": details}), false);
    }
    let parts: Vec<Value> = steps(asked, said, false).into_iter().flatten().collect();
    let answer = response(asked, said, parts, usage(said, 1, 1), Some(finish(said)));
    pretty(&answer, said.unknown_members)
}

/// The pieces of a stream: events, or an array cut behind each of its items.
pub(super) fn frames(asked: &Asked, said: &Spoken) -> Vec<Vec<u8>> {
    let steps = steps(asked, said, true);
    let all = steps.len();
    let mut items: Vec<String> = Vec::new();
    for (at, parts) in steps.into_iter().enumerate() {
        let finish = (at + 1 == all).then(|| finish(said));
        let item = response(asked, said, parts, usage(said, at + 1, all), finish);
        items.push(strew(item.to_string(), said.unknown_members));
    }
    if said.unknown_members {
        items.insert(items.len() - 1, format!("{{{UNKNOWN}}}"));
    }
    let last = items.len() - 1;
    let frame = |(at, item): (usize, String)| {
        let comment = if said.unknown_members && at == 0 { ": unknown\r\n\r\n" } else { "" };
        let text = match (asked.array, at == 0, at == last) {
            (false, _, _) => format!("{comment}data: {item}\r\n\r\n"),
            (true, true, true) => format!("[{item}\n]\n"),
            (true, true, false) => format!("[{item}\n"),
            (true, false, true) => format!(",\r\n{item}\n]\n"),
            (true, false, false) => format!(",\r\n{item}\n"),
        };
        text.into_bytes()
    };
    items.into_iter().enumerate().map(frame).collect()
}

/// An error in the middle of a stream of events.
pub(super) fn error_frame(error: &Value) -> Vec<u8> {
    format!("data: {error}\r\n\r\n").into_bytes()
}

/// A value over several lines.
pub(super) fn pretty(value: &Value, unknown: bool) -> Vec<u8> {
    format!("{}\n", strew(format!("{value:#}"), unknown)).into_bytes()
}

/// The parts of each event; for a whole answer a text stays in one piece.
fn steps(asked: &Asked, said: &Spoken, streams: bool) -> Vec<Vec<Value>> {
    let version = Version::of(&asked.model);
    let shows_thoughts = asked.wants_thinking;
    let mut steps: Vec<Vec<Value>> = Vec::new();
    let mut signed = false;
    for (at, block) in said.blocks.iter().enumerate() {
        match block {
            SpokenBlock::Thinking { text, .. } if shows_thoughts => {
                let piece = |text: &str| vec![json!({"text": text, "thought": true})];
                steps.extend(cut(text, streams).into_iter().map(piece));
            }
            // Google keeps to itself what it was not asked for.
            SpokenBlock::Thinking { .. } | SpokenBlock::Redacted(_) => {}
            SpokenBlock::Text(text) => {
                steps.extend(cut(text, streams).into_iter().map(|text| vec![json!({"text": text})]));
            }
            SpokenBlock::Call { name, arguments } => {
                let mut call = json!({"name": name, "args": arguments});
                if version.since(3, 0) {
                    call["id"] = json!(format!("call_{}{at:03}", said.number));
                }
                let mut part = json!({"functionCall": call});
                if !signed {
                    part["thoughtSignature"] = json!(sign(said, Bearer::Call(name)));
                }
                // Calls of one turn come in one event: SDKs send every event back as a turn of its own.
                match steps.last_mut().filter(|_| signed) {
                    Some(last) => last.push(part),
                    None => steps.push(vec![part]),
                }
                signed = true;
            }
        }
    }
    close(&version, said, streams, &mut steps);
    steps
}

/// Puts the signature of a text to its end: behind a stream in a part of its own, else on the last text.
fn close(version: &Version, said: &Spoken, streams: bool, steps: &mut Vec<Vec<Value>>) {
    if version.since(3, 0) && !said.calls() && !steps.is_empty() {
        let signature = json!(sign(said, Bearer::Other));
        match steps.last_mut().and_then(|parts| parts.last_mut()) {
            Some(part) if !streams && part.get("thought").is_none() => part["thoughtSignature"] = signature,
            _ => steps.push(vec![json!({"text": "", "thoughtSignature": signature})]),
        }
    } else if streams && said.calls() {
        steps.push(vec![json!({"text": ""})]);
    } else if steps.is_empty() {
        steps.push(Vec::new());
    }
}

fn cut(text: &str, streams: bool) -> Vec<&str> {
    if streams { pieces(text) } else { vec![text] }
}

fn response(
    asked: &Asked,
    said: &Spoken,
    mut parts: Vec<Value>,
    usage: Value,
    finish: Option<String>,
) -> Value {
    if said.unknown_members {
        for part in &mut parts {
            part["unknownInPart"] = json!({"is": "kept"});
        }
    }
    let mut content = json!({"role": "model"});
    if !parts.is_empty() {
        content["parts"] = json!(parts);
    }
    let mut candidate = json!({"content": content, "index": 0});
    if let Some(finish) = finish {
        candidate["finishReason"] = json!(finish);
    }
    if said.unknown_members {
        candidate["unknownInCandidate"] = json!([true, null]);
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": asked.model,
        "responseId": format!("fake-response-{}", said.number),
    })
}

fn finish(said: &Spoken) -> String {
    let ended = if said.cut_short { "MAX_TOKENS" } else { "STOP" };
    said.stop.clone().unwrap_or_else(|| ended.into())
}

/// The tokens of the answer so far. Google counts those of the cache to the prompt, and thoughts beside the candidate.
fn usage(said: &Spoken, now: usize, all: usize) -> Value {
    let part = |tokens: u64| {
        let share = u64::try_from(now).unwrap_or(1);
        tokens * share / u64::try_from(all).unwrap_or(1).max(1)
    };
    let (output, thoughts) = (part(said.usage.output), part(said.usage.reasoning));
    let prompt = said.usage.input + said.usage.cache_read + said.usage.cache_write;
    let mut usage = json!({
        "promptTokenCount": prompt,
        "candidatesTokenCount": output,
        "totalTokenCount": prompt + output + thoughts,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    });
    if said.usage.cache_read > 0 {
        usage["cachedContentTokenCount"] = json!(said.usage.cache_read);
        usage["cacheTokensDetails"] = json!([{"modality": "TEXT", "tokenCount": said.usage.cache_read}]);
    }
    if said.usage.reasoning > 0 {
        usage["thoughtsTokenCount"] = json!(thoughts);
    }
    usage
}

/// Puts what no SDK knows in front of an object's members.
fn strew(text: String, unknown: bool) -> String {
    match text.strip_prefix('{').filter(|_| unknown) {
        Some(rest) => format!("{{{UNKNOWN},{rest}"),
        None => text,
    }
}
