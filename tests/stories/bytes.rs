//! Where client and provider speak the same dialect, bytes pass as they were sent: the corpus of fixtures goes
//! through the real gateway, and what the provider got and what the client got are compared with what was sent.

use std::fs;
use std::path::{Path, PathBuf};

use weighhouse_testkit::canned::Canned;
use weighhouse_testkit::http::{Request, send};

use crate::harness::{House, MASTER_KEY, deployment};

/// A dialect's fixtures, the path at which clients ask for it, and the provider that speaks it.
struct Face {
    dialect: &'static str,
    path: fn(bool) -> &'static str,
    provider: &'static str,
}

const FACES: &[Face] = &[
    Face { dialect: "openai_chat", path: |_| "/v1/chat/completions", provider: "openai/up" },
    Face { dialect: "openai_responses", path: |_| "/v1/responses", provider: "openai/gpt-up" },
    Face { dialect: "anthropic_messages", path: |_| "/v1/messages", provider: "anthropic/up" },
    Face {
        dialect: "gemini",
        path: |streams| match streams {
            true => "/v1beta/models/m:streamGenerateContent?alt=sse",
            false => "/v1beta/models/m:generateContent",
        },
        provider: "gemini/up",
    },
];

fn cases(dialect: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/providers/translations").join(dialect);
    let mut found: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// The JSON text of a body with its top-level model replaced, in the place where it stands.
fn with_model(body: &str, model: &str) -> String {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(body) else { return body.to_owned() };
    let Some(old) = value.get("model").and_then(|model| model.as_str()) else { return body.to_owned() };
    // The first member of that name at the top level is the model's in every fixture.
    let quoted = serde_json::to_string(old).unwrap();
    for spelling in [format!("\"model\": {quoted}"), format!("\"model\":{quoted}")] {
        if let Some((before, after)) = body.split_once(&spelling) {
            let start = spelling.trim_end_matches(&quoted);
            return format!("{before}{start}\"{model}\"{after}");
        }
    }
    body.to_owned()
}

#[test]
fn requests_and_replies_of_the_same_dialect_pass_as_they_were_sent() {
    let canned = Canned::start();
    let base = format!("http://{}", canned.address());
    let models: String =
        FACES.iter().map(|face| deployment(face.dialect, face.provider, &base, "")).collect();
    let alias = deployment("m", "gemini/up", &base, "");
    let house = House::with(&format!("model_list:\n{models}{alias}router_settings: {{num_retries: 0}}\n"));
    let mut count = 0;
    for face in FACES {
        for case in cases(face.dialect) {
            count += usize::from(asks_pass(&house, &canned, face, &case));
            count += usize::from(replies_pass(&house, &canned, face, &case));
        }
    }
    assert!(count >= 160, "only {count} bodies went through");
}

fn model_of(face: &Face) -> &'static str {
    if face.dialect == "gemini" { "m" } else { face.dialect }
}

/// What is asked arrives but for the model's name. Asks that are refused here are another story.
fn asks_pass(house: &House, canned: &Canned, face: &Face, case: &Path) -> bool {
    let Ok(ask) = fs::read_to_string(case.join("ask.json")) else { return false };
    let described = fs::read_to_string(case.join("case.toml")).unwrap();
    // What is meant for the house stays here.
    let is_for_the_house = ask.contains("litellm_metadata") || ask.contains("\"tags\"");
    // Whose the earlier answer is has a story of its own.
    let goes_on = ask.contains("previous_response_id");
    // A client that streams without asking for its usage has it asked for by the house.
    let is_chat_stream = face.dialect == "openai_chat" && ask.contains("\"stream\"");
    if described.contains("refused_ask")
        || described.contains("background")
        || is_chat_stream
        || is_for_the_house
        || goes_on
    {
        return false;
    }
    let ask = with_model(ask.trim(), model_of(face));
    let before = canned.requests().len();
    canned.enqueue(400, "application/json", b"{\"error\":{\"message\":\"enough\"}}");
    let request = Request::new("POST", (face.path)(false)).bearer(MASTER_KEY).body(ask.as_bytes());
    let request = request.header("content-type", "application/json");
    let reply = send(house.address(), &request).unwrap();
    let seen = canned.requests();
    let Some(seen) = seen.get(before) else {
        panic!("{}: {} {}", case.display(), reply.status(), reply.text());
    };
    let upstream = face.provider.split_once('/').unwrap().1;
    let expected = if face.dialect == "gemini" { ask } else { with_model(&ask, upstream) };
    assert_eq!(String::from_utf8_lossy(&seen.body), expected, "{}", case.display());
    true
}

/// What is replied arrives but for the model's name, frames and all.
fn replies_pass(house: &House, canned: &Canned, face: &Face, case: &Path) -> bool {
    let whole = fs::read_to_string(case.join("reply.json"));
    let streamed = fs::read_to_string(case.join("reply.sse"));
    let (reply, streams) = match (&whole, &streamed) {
        (Ok(reply), _) => (reply.trim(), false),
        (_, Ok(reply)) => (reply.as_str(), true),
        _ => return false,
    };
    // A stream of these sizes comes in one piece, and an error in the first piece is an error before the
    // beginning: another deployment may answer.
    if streams
        && (reply.contains("\"error\"")
            || reply.contains("event: error")
            || reply.contains("response.failed"))
    {
        return false;
    }
    let kind = if streams { "text/event-stream" } else { "application/json" };
    canned.enqueue(200, kind, reply.as_bytes());
    let ask = serde_json::json!({
        "model": model_of(face), "stream": streams, "max_tokens": 100, "input": "a",
        "stream_options": {"include_usage": true},
        "messages": [{"role": "user", "content": "a"}], "contents": [{"parts": [{"text": "a"}]}],
    });
    let request = Request::post((face.path)(streams), &ask).bearer(MASTER_KEY);
    let got = send(house.address(), &request).unwrap();
    let got = got.text();
    let (got, sent) = (shown(face, &got), shown(face, reply));
    // A stream that its provider cut is ended by an event of ours.
    let passes = if streams { got.starts_with(&sent) } else { got == sent };
    assert!(passes, "{}:\n{got}\n{sent}", case.display());
    true
}

/// The text with every model's name made the same.
fn shown(face: &Face, text: &str) -> String {
    if face.dialect == "gemini" {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\"model\":") {
        let trimmed = after.trim_start();
        let spaces = after.strip_suffix(trimmed).unwrap_or_default();
        out.push_str(before);
        out.push_str("\"model\":");
        out.push_str(spaces);
        let value = trimmed.strip_prefix('"').and_then(|inside| inside.split_once('"'));
        match value {
            Some((_, after)) => {
                out.push_str("\"*\"");
                rest = after;
            }
            None => rest = trimmed,
        }
    }
    out.push_str(rest);
    out
}
