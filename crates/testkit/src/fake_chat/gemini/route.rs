//! What a path asks for: `/{version}/models/{model}:{method}`.

use super::super::SeenRequest;
use super::super::asked::Refused;
use super::refusal::invalid;

/// What a path asks for.
pub(super) struct Route {
    pub(super) model: String,
    pub(super) method: Method,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Generate,
    /// As events of a stream, or else as one JSON array.
    Stream {
        events: bool,
    },
    CountTokens,
}

/// Reads the path and sees to it that the call has a key, in `x-goog-api-key` or `?key=`.
pub(super) fn read(request: &SeenRequest) -> Result<Route, Refused> {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let missing = || Refused::new(404, "NOT_FOUND", "Requested entity was not found.");
    let rest = path.strip_prefix('/').ok_or_else(missing)?;
    let (version, rest) = rest.split_once('/').ok_or_else(missing)?;
    if !matches!(version, "v1" | "v1beta" | "v1alpha") {
        return Err(missing());
    }
    let (model, method) =
        rest.strip_prefix("models/").and_then(|rest| rest.split_once(':')).ok_or_else(missing)?;
    if request.method != "POST" {
        return Err(missing());
    }
    check_credentials(request, query)?;
    let method = match method {
        "generateContent" => Method::Generate,
        "streamGenerateContent" => Method::Stream { events: wants_events(query)? },
        "countTokens" => Method::CountTokens,
        _ => return Err(missing()),
    };
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    if model.is_empty() || !model.chars().all(fits) {
        let text = format!(
            "models/{model} is not found for API version {version}, or is not supported for generateContent. \
             Call ListModels to see the list of available models and their supported methods."
        );
        return Err(Refused::new(404, "NOT_FOUND", text));
    }
    Ok(Route { model: model.into(), method })
}

fn wants_events(query: &str) -> Result<bool, Refused> {
    match query.split('&').find_map(|pair| pair.strip_prefix("alt=")) {
        Some("sse") => Ok(true),
        None | Some("json") => Ok(false),
        Some(other) => Err(invalid(format!("Invalid value for query parameter 'alt': {other}"))),
    }
}

fn check_credentials(request: &SeenRequest, query: &str) -> Result<(), Refused> {
    let has_key = request.header("x-goog-api-key").is_some_and(|key| !key.is_empty())
        || query.split('&').any(|pair| pair.strip_prefix("key=").is_some_and(|key| !key.is_empty()));
    let bears = request.header("authorization").is_some();
    match (has_key, bears) {
        (true, false) => Ok(()),
        (true, true) => Err(invalid("Multiple authentication credentials received. Please pass only one.")),
        (false, true) => Err(Refused::new(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other \
             valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project.",
        )),
        (false, false) => Err(Refused::new(
            403,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers (callers without established identity). Please use API Key \
             or other form of API consumer identity to call this API.",
        )),
    }
}
