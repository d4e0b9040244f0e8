//! Google's Gemini API: `generateContent`, `streamGenerateContent` and `countTokens` of v1, v1beta and v1alpha.
//! All versions take the same: v1 is what the official SDK calls from its third version on, whatever it asks for.
//!
//! A request is refused by the same stages as at Google: path and key, the form of the JSON, the validators (all faults
//! at once), then what does not go together for the model at hand. What a model takes is told by the version in its
//! name; names without one are taken for the oldest models.

mod answer;
mod base64;
mod contents;
mod generation;
mod messages;
mod refusal;
mod route;
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod thought;
mod tools;
mod version;

use serde_json::Value;

use super::SeenRequest;
use super::asked::{Asked, AskedKind, Refused};
use super::spoken::Spoken;
use refusal::{invalid, invalid_fields};
use route::{Method, Route};
use version::Version;

/// Checks a request to the last member.
pub(super) fn take(request: &SeenRequest) -> Result<Asked, Refused> {
    let route = route::read(request)?;
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|error| invalid(format!("Invalid JSON payload received. {error}")))?;
    let form = match route.method {
        Method::CountTokens => &messages::COUNT_TOKENS,
        Method::Generate | Method::Stream { .. } => &messages::GENERATE,
    };
    let body = shape::read(form, &body).map_err(invalid)?;
    let (root, request) = subject(&route, &body)?;
    ask(&route, root, request)
}

/// The JSON of a whole answer.
pub(super) fn whole(asked: &Asked, said: &Spoken) -> Vec<u8> {
    answer::whole(asked, said)
}

/// The events of a stream, or the pieces of its array.
pub(super) fn frames(asked: &Asked, said: &Spoken) -> Vec<Vec<u8>> {
    answer::frames(asked, said)
}

/// The error envelope.
pub(super) fn refuse(refused: &Refused) -> Vec<u8> {
    answer::pretty(&refusal::envelope(refused), false)
}

/// An error in the middle of a stream.
pub(super) fn error_frame(refused: &Refused) -> Vec<u8> {
    answer::error_frame(&refusal::envelope(refused))
}

/// What is to be judged, and Google's name for it: tokens are counted of contents or of a whole request.
fn subject<'a>(route: &Route, body: &'a Value) -> Result<(&'static str, &'a Value), Refused> {
    if route.method != Method::CountTokens {
        return Ok(("GenerateContentRequest", body));
    }
    match (body.get("generateContentRequest"), body.get("contents")) {
        (Some(_), Some(_)) => Err(invalid_fields(&[
            "CountTokensRequest.generate_content_request: must not be set when contents is set.".into(),
        ])),
        (Some(inner), None) => Ok(("CountTokensRequest.generate_content_request", inner)),
        (None, _) => Ok(("CountTokensRequest", body)),
    }
}

fn ask(route: &Route, root: &str, request: &Value) -> Result<Asked, Refused> {
    let version = Version::of(&route.model);
    let none = Value::Object(serde_json::Map::new());
    let config = request.get("generationConfig").unwrap_or(&none);
    let mut faults = Vec::new();
    contents::check(request, root, &mut faults);
    tools::check(request, root, &mut faults);
    generation::check(config, root, &mut faults);
    if !faults.is_empty() {
        return Err(invalid_fields(&faults));
    }
    check_model(route, request)?;
    check_cache(request)?;
    let tools = tools::read(request, &version)?;
    let generation = generation::read(config, &version)?;
    let talk = contents::read(request, &version)?;
    let (kind, stream, array) = match route.method {
        Method::Generate => (AskedKind::Generate, false, false),
        Method::Stream { events } => (AskedKind::Generate, true, !events),
        Method::CountTokens => (AskedKind::CountTokens, false, false),
    };
    Ok(Asked {
        kind,
        model: route.model.clone(),
        stream,
        array,
        input_bytes: u64::try_from(talk.bytes).unwrap_or(u64::MAX),
        wants_thinking: generation.shows_thoughts,
        tools: tools.functions,
        tool_demand: tools.demand,
        last_text: talk.last_text,
        tool_results: talk.tool_results,
        output_schema: generation.output_schema,
        max_output: generation.max_output,
        stops: generation.stops,
        ..Asked::default()
    })
}

/// A model in the body has to be that of the path.
fn check_model(route: &Route, request: &Value) -> Result<(), Refused> {
    let given = request.get("model").and_then(Value::as_str).unwrap_or_default();
    if given.is_empty() || given == format!("models/{}", route.model) {
        return Ok(());
    }
    Err(invalid_fields(&[format!(
        "GenerateContentRequest.model: unexpected model name format or a model other than that of the path: {given}"
    )]))
}

/// What a cache holds may not be in the request as well.
fn check_cache(request: &Value) -> Result<(), Refused> {
    let Some(name) = request.get("cachedContent").and_then(Value::as_str) else { return Ok(()) };
    if !name.starts_with("cachedContents/") {
        return Err(invalid_fields(&[
            "GenerateContentRequest.cached_content: invalid name, expected `cachedContents/{id}`.".into(),
        ]));
    }
    if ["systemInstruction", "tools", "toolConfig"].iter().any(|name| request.get(name).is_some()) {
        return Err(invalid(
            "CachedContent can not be used with GenerateContent request setting system_instruction, tools or \
             tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request.",
        ));
    }
    Ok(())
}
