//! Walks `fixtures/<provider>/<case>/`: what the client asks, what goes over the wire, what the provider
//! replies and what the client gets. `UPDATE=1` writes what is got in the place of what was expected.

#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::disallowed_methods,
    reason = "a case that cannot be read has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use weighhouse_providers::ask::{Ask, PathSays};
use weighhouse_providers::dialects::openai_chat::{StreamRelay, weigh_answer};
use weighhouse_providers::framing::sse::Frames;
use weighhouse_providers::{Sending, Target, TargetOptions};
use weighhouse_types::{CallId, Dialect, Operation, Usage};

/// A case's `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "title and source are for readers; that they stand there is checked by reading them"
)]
struct Case {
    title: String,
    source: String,
    operation: String,
    provider: String,
    /// The provider's name of the model.
    model: String,
    /// The client's name of it.
    asked: String,
    #[serde(default)]
    drop_params: bool,
    #[serde(default)]
    stream: bool,
    /// A piece of the refusal that is expected instead of a wire body.
    expect_error: Option<String>,
}

#[test]
fn every_case_comes_out_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut cases = Vec::new();
    for group in folders(&root) {
        cases.extend(folders(&group));
    }
    assert!(cases.len() >= 40, "only {} cases were found", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|case| walk(case).err()).collect();
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(parent)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn walk(folder: &Path) -> Result<(), String> {
    let text = fs::read_to_string(folder.join("case.toml"))
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    let case: Case = toml::from_str(&text).map_err(|error| format!("{}: {error}", folder.display()))?;
    let operation =
        Operation::from_name(&case.operation).ok_or_else(|| format!("{}: operation", folder.display()))?;
    let ask = trimmed(&fs::read(folder.join("ask.json")).unwrap());
    let ask = Ask::read(&ask, operation, Dialect::OpenAiChat, PathSays::default())
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    let target = target(&case);

    let sending = Sending {
        operation,
        output_cap: None,
        facts: None,
        shown: None,
        call: CallId::new(0, [0; 10]),
        seconds: 0,
    };
    let outgoing = match (target.write(&ask, &sending), &case.expect_error) {
        (Ok(outgoing), None) => outgoing,
        (Err(error), Some(expected)) if error.to_string().contains(expected.as_str()) => return Ok(()),
        (got, _) => return Err(format!("{}: {:?}", folder.display(), got.map(|outgoing| outgoing.body))),
    };
    same(folder, "wire.json", &outgoing.body)?;

    let asked = Some(case.asked.as_str());
    let rules = target.row().usage;
    let usage = if case.stream {
        let reply =
            fs::read(folder.join("reply.sse")).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut relay = StreamRelay::new(asked, outgoing.passage.hides_usage, rules);
        let answer = relayed(&mut relay, &reply);
        same(folder, "answer.sse", &answer)?;
        relay.end().usage
    } else if folder.join("reply.json").exists() {
        let reply = trimmed(&fs::read(folder.join("reply.json")).unwrap());
        let whole =
            weigh_answer(&reply, asked, rules).map_err(|error| format!("{}: {error}", folder.display()))?;
        same(folder, "answer.json", &whole.body)?;
        whole.usage
    } else {
        return Ok(());
    };
    same(folder, "usage.json", usage_json(usage.as_ref()).as_bytes())
}

fn target(case: &Case) -> Target {
    let mut options = TargetOptions {
        model: format!("{}/{}", case.provider, case.model),
        api_base: Some("http://127.0.0.1:1/v1".into()),
        api_key: Some("sk-fixture".into()),
        ..TargetOptions::default()
    };
    options.operator.drop_params = case.drop_params;
    Target::resolve(&options, &|_| None).unwrap()
}

/// The stream put through the relay in one piece and, to be sure, byte by byte.
fn relayed(relay: &mut StreamRelay, reply: &[u8]) -> Bytes {
    let through = |relay: &mut StreamRelay, size: usize| {
        let mut frames = Frames::default();
        let mut out = Vec::new();
        for piece in reply.chunks(size.max(1)) {
            frames.push(Bytes::copy_from_slice(piece)).unwrap();
            while let Some(frame) = frames.next_frame() {
                out.extend(relay.frame(frame).unwrap_or_default());
            }
        }
        out.extend(frames.finish().and_then(|rest| relay.frame(rest)).unwrap_or_default());
        Bytes::from(out)
    };
    let mut twin = relay.clone();
    let whole = through(relay, reply.len());
    assert_eq!(through(&mut twin, 1), whole, "a stream cut at every byte gives something else");
    whole
}

fn trimmed(text: &[u8]) -> Bytes {
    Bytes::copy_from_slice(text.trim_ascii())
}

/// Classes with units, in their order, on lines of their own.
fn usage_json(usage: Option<&Usage>) -> String {
    let classes: Vec<String> = usage
        .map(|usage| usage.classes().map(|(class, units)| format!("\"{}\": {units}", class.name())).collect())
        .unwrap_or_default();
    format!("{{{}}}", classes.join(", "))
}

fn same(folder: &Path, file: &str, got: &[u8]) -> Result<(), String> {
    let path = folder.join(file);
    if std::env::var_os("UPDATE").is_some() {
        let end: &[u8] = if file.ends_with(".json") { b"\n" } else { b"" };
        fs::write(&path, [got, end].concat()).unwrap();
        return Ok(());
    }
    let expected = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let is_same = if file.ends_with(".sse") {
        expected == got
    } else if file == "usage.json" {
        let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
        value(&expected) == value(got)
    } else {
        expected.trim_ascii() == got.trim_ascii()
    };
    if is_same {
        return Ok(());
    }
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(format!("{}:\n  expected {}\n  got      {}", path.display(), shown(&expected), shown(got)))
}
