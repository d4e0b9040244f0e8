//! Walks `translations/<dialect>/<case>/`. A case holds what a client of that dialect asks (`ask.json`), what a
//! provider of that dialect replies (`reply.json` or `reply.sse`), or both. Beside it stand what the ask becomes
//! for providers of every other dialect (`to.<dialect>.json`), and what the reply becomes for clients of every
//! other dialect (`for.<dialect>.json|sse`). `UPDATE=1` writes what is got in the place of what was expected:
//! read the difference before you keep it.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a case that cannot be read has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::Deserialize;
use weighhouse_catalog::Catalog;
use weighhouse_providers::dialects::{
    StreamReader, StreamRelay, StreamWriter, read_answer, read_request, weigh_answer, write_answer,
    write_request,
};
use weighhouse_providers::envelope::Envelope;
use weighhouse_providers::framing::sse::Frames;
use weighhouse_providers::registry::UsageRules;
use weighhouse_providers::translation::{ReplyNotes, Shown, Toward};
use weighhouse_types::chat::Event;
use weighhouse_types::{Dialect, Usage};

const SEED: &str = "0190b6a3-1c2d-7e4f-8a9b-0c1d2e3f4a5b";
const CREATED: i64 = 1_795_000_000;

/// A case's `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "title and source are for readers; that they stand there is checked by reading them"
)]
struct Case {
    /// What the case shows, as a sentence.
    title: String,
    /// The page, SDK type or observation that it is drawn from.
    source: String,
    /// Refuse what cannot be said instead of leaving it out.
    #[serde(default)]
    strict: bool,
    /// LiteLLM's `modify_params`.
    #[serde(default)]
    mends: bool,
    /// Another provider model than the usual one, by dialect: `provider/model`.
    #[serde(default)]
    toward: BTreeMap<String, String>,
    /// A piece of the refusal that is expected, by dialect, instead of a request.
    #[serde(default)]
    refused: BTreeMap<String, String>,
    /// The ask itself is refused, with these words.
    refused_ask: Option<String>,
    /// The client's own writer gives something else again, for a stated reason.
    no_round_trip: Option<String>,
}

#[test]
fn every_case_is_translated_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("translations");
    let (mut failures, mut count) = (Vec::new(), 0);
    for dialect in Dialect::ALL {
        for folder in folders(&root.join(dialect.name())) {
            count += 1;
            failures.extend(walk(dialect, &folder));
        }
    }
    println!("{count} cases");
    assert!(failures.is_empty(), "{} failures in {count} cases:\n{}", failures.len(), failures.join("\n"));
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn walk(dialect: Dialect, folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("case.toml")).unwrap_or_default();
    let case: Case = match toml::from_str(&text) {
        Ok(case) => case,
        Err(error) => return vec![format!("{}: case.toml: {error}", folder.display())],
    };
    let mut failures = Vec::new();
    if let Ok(ask) = fs::read(folder.join("ask.json")) {
        walk_ask(dialect, folder, &case, ask.trim_ascii(), &mut failures);
    }
    if let Ok(reply) = fs::read(folder.join("reply.json")) {
        walk_reply(dialect, folder, &case, reply.trim_ascii(), &mut failures);
    }
    if let Ok(reply) = fs::read(folder.join("reply.sse")) {
        walk_stream(dialect, folder, &reply, &mut failures);
    }
    failures
}

fn toward<'call>(of: &'call str, case: &Case) -> Toward<'call> {
    let (provider, model) = of.split_once('/').unwrap();
    let facts = Catalog::builtin().find(provider, model).map(|facts| &*Box::leak(Box::new(facts)));
    Toward { provider, model, facts, drops: !case.strict, mends: case.mends, seed: SEED }
}

const fn usual(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAiChat => "openai/gpt-4o",
        Dialect::OpenAiResponses => "openai/gpt-5.1",
        Dialect::AnthropicMessages => "anthropic/claude-sonnet-4-5",
        Dialect::Gemini => "gemini/gemini-2.5-pro",
    }
}

fn walk_ask(dialect: Dialect, folder: &Path, case: &Case, ask: &[u8], failures: &mut Vec<String>) {
    let request = match (read_request(dialect, ask), &case.refused_ask) {
        (Ok(request), None) => request,
        (Err(error), Some(expected)) if error.to_string().contains(expected.as_str()) => return,
        (got, _) => {
            failures.push(format!("{}: ask: {got:?}", folder.display()));
            return;
        }
    };
    for to in Dialect::ALL {
        let of = case.toward.get(to.name()).map_or(usual(to), String::as_str);
        let toward = toward(of, case);
        let written = write_request(to, &request, &toward);
        match (&written, case.refused.get(to.name())) {
            (Ok(written), None) if to == dialect => {
                if case.no_round_trip.is_none() {
                    let again = read_request(dialect, &written.body);
                    let is_same = again.as_ref().is_ok_and(|again| *again == request);
                    if !is_same {
                        let text = String::from_utf8_lossy(&written.body);
                        failures.push(format!(
                            "{}: round trip through {text}:\n  {request:?}\n  {again:?}",
                            folder.display()
                        ));
                    }
                }
            }
            (Ok(written), None) => {
                failures.extend(same(folder, &format!("to.{}.json", to.name()), &written.body));
                let extras = notes_of(written);
                if !extras.is_empty() || folder.join(format!("to.{}.txt", to.name())).exists() {
                    failures.extend(same(folder, &format!("to.{}.txt", to.name()), extras.as_bytes()));
                }
            }
            (Err(error), Some(expected)) if error.to_string().contains(expected.as_str()) => {}
            (got, _) => failures.push(format!(
                "{}: to {}: {:?}",
                folder.display(),
                to.name(),
                got.as_ref().map(|written| String::from_utf8_lossy(&written.body).into_owned())
            )),
        }
    }
}

/// Headers, what was dropped and what the reply's reader is told, a line each.
fn notes_of(written: &weighhouse_providers::translation::Written) -> String {
    let mut lines: Vec<String> =
        written.headers.iter().map(|(name, value)| format!("header {name}: {value}")).collect();
    lines.extend(written.dropped.iter().map(|name| format!("dropped {name}")));
    lines.extend(written.notes.json_tool.iter().map(|name| format!("json tool {name}")));
    lines.extend(
        written.notes.tools.iter().map(|tool| {
            format!("tool {} is {:?} {} of {:?}", tool.wire, tool.kind, tool.name, tool.namespace)
        }),
    );
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn notes() -> ReplyNotes {
    ReplyNotes { seed: SEED.into(), ..ReplyNotes::default() }
}

fn shown(folder: &Path, client: Dialect) -> Shown {
    let asked =
        fs::read(folder.join(format!("asked.{}.json", client.name()))).unwrap_or_else(|_| b"{}".into());
    Shown {
        model: "asked-model".into(),
        seed: SEED.into(),
        created: CREATED,
        wants_usage: true,
        request: Envelope::read(&Bytes::from(asked)).unwrap(),
    }
}

fn walk_reply(dialect: Dialect, folder: &Path, case: &Case, reply: &[u8], failures: &mut Vec<String>) {
    let rules = UsageRules::default();
    let answer = match read_answer(dialect, reply, &notes(), rules) {
        Ok(answer) => answer,
        Err(error) => {
            failures.push(format!("{}: reply: {error}", folder.display()));
            return;
        }
    };
    for client in Dialect::ALL {
        let written = write_answer(client, &answer, &shown(folder, client));
        if client != dialect {
            failures.extend(same(folder, &format!("for.{}.json", client.name()), &written));
        } else if case.no_round_trip.is_none() {
            let again = read_answer(dialect, &written, &notes(), rules);
            let is_same = again
                .as_ref()
                .is_ok_and(|again| again.choices == answer.choices && again.usage == answer.usage);
            if !is_same {
                let text = String::from_utf8_lossy(&written);
                failures.push(format!(
                    "{}: round trip through {text}:\n  {answer:?}\n  {again:?}",
                    folder.display()
                ));
            }
        }
    }
    let whole = weigh_answer(dialect, &Bytes::copy_from_slice(reply), None, rules);
    match whole {
        Ok(whole) => {
            if whole.body != reply {
                failures.push(format!("{}: a relayed reply was changed", folder.display()));
            }
            failures.extend(same(folder, "usage.json", usage_json(whole.usage.as_ref()).as_bytes()));
            if whole.usage != answer.usage {
                failures.push(format!(
                    "{}: the books say {:?}, the answer {:?}",
                    folder.display(),
                    whole.usage,
                    answer.usage
                ));
            }
        }
        Err(error) => failures.push(format!("{}: weighing: {error}", folder.display())),
    }
}

fn walk_stream(dialect: Dialect, folder: &Path, reply: &[u8], failures: &mut Vec<String>) {
    for client in Dialect::ALL.into_iter().filter(|client| *client != dialect) {
        let whole = translated(dialect, client, folder, reply, reply.len());
        if translated(dialect, client, folder, reply, 1) != whole {
            failures.push(format!("{}: cut at every byte it gives something else", folder.display()));
        }
        failures.extend(same(folder, &format!("for.{}.sse", client.name()), &whole));
    }
    let mut relay = StreamRelay::new(dialect, None, false, UsageRules::default());
    let (mut frames, mut out) = (Frames::default(), Vec::new());
    frames.push(Bytes::copy_from_slice(reply)).unwrap();
    while let Some(frame) = frames.next_frame() {
        out.extend(relay.frame(frame).unwrap_or_default());
    }
    out.extend(frames.finish().and_then(|rest| relay.frame(rest)).unwrap_or_default());
    if out != reply {
        failures.push(format!("{}: a relayed stream was changed", folder.display()));
    }
    failures.extend(same(folder, "usage.json", usage_json(relay.end().usage.as_ref()).as_bytes()));
}

fn translated(dialect: Dialect, client: Dialect, folder: &Path, reply: &[u8], size: usize) -> Vec<u8> {
    let mut reader = StreamReader::new(dialect, notes(), UsageRules::default());
    let mut writer = StreamWriter::new(client, shown(folder, client));
    let (mut frames, mut out, mut events) = (Frames::default(), Vec::new(), Vec::new());
    let mut put = |events: &mut Vec<Event>, out: &mut Vec<u8>| {
        for event in events.drain(..) {
            match event {
                Event::Failed(error) => writer.fail(&error, out),
                event => writer.event(&event, out),
            }
        }
    };
    for piece in reply.chunks(size.max(1)) {
        frames.push(Bytes::copy_from_slice(piece)).unwrap();
        while let Some(frame) = frames.next_frame() {
            reader.frame(&frame, &mut events).unwrap();
            put(&mut events, &mut out);
        }
    }
    if let Some(rest) = frames.finish() {
        reader.frame(&rest, &mut events).unwrap();
    }
    reader.finish(&mut events);
    put(&mut events, &mut out);
    out
}

/// Classes with units, in their order.
fn usage_json(usage: Option<&Usage>) -> String {
    let classes: Vec<String> = usage
        .map(|usage| usage.classes().map(|(class, units)| format!("\"{}\": {units}", class.name())).collect())
        .unwrap_or_default();
    format!("{{{}}}", classes.join(", "))
}

fn same(folder: &Path, file: &str, got: &[u8]) -> Option<String> {
    let path = folder.join(file);
    if file.ends_with(".json") && serde_json::from_slice::<serde_json::Value>(got).is_err() {
        return Some(format!("{}: no JSON: {}", path.display(), String::from_utf8_lossy(got)));
    }
    if std::env::var_os("UPDATE").is_some() {
        let end: &[u8] = if file.ends_with(".json") { b"\n" } else { b"" };
        fs::write(&path, [got, end].concat()).unwrap();
        return None;
    }
    let Ok(expected) = fs::read(&path) else { return Some(format!("{}: missing", path.display())) };
    let is_same =
        if file.ends_with(".json") { expected.trim_ascii() == got.trim_ascii() } else { expected == got };
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (!is_same)
        .then(|| format!("{}:\n  expected {}\n  got      {}", path.display(), shown(&expected), shown(got)))
}
