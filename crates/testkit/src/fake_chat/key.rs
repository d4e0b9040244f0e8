//! Whether a call has the key that the test requires, and what each provider says if not.
//! That a key has to be there at all is the wire's own check.

use super::asked::Refused;
use super::{SeenRequest, Wire};

/// Refuses a key other than the required one.
pub(super) fn check(wire: Wire, request: &SeenRequest, required: Option<&str>) -> Result<(), Refused> {
    let Some(required) = required else { return Ok(()) };
    match presented(wire, request) {
        Some(given) if given != required => Err(wrong(wire, &given)),
        Some(_) | None => Ok(()),
    }
}

/// The key of a request, if there is one that is not empty.
pub(super) fn presented(wire: Wire, request: &SeenRequest) -> Option<String> {
    let header = |name| request.header(name).map(str::to_owned);
    let bearer = || request.header("authorization")?.strip_prefix("Bearer ").map(str::to_owned);
    let given = match wire {
        Wire::Anthropic => header("x-api-key").or_else(bearer),
        Wire::Gemini => header("x-goog-api-key").or_else(|| in_query(&request.path)).or_else(bearer),
        Wire::Responses => bearer(),
    };
    given.filter(|key| !key.is_empty())
}

fn in_query(path: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("key=")).map(str::to_owned)
}

fn wrong(wire: Wire, given: &str) -> Refused {
    match wire {
        Wire::Anthropic => Refused::new(401, "authentication_error", "invalid x-api-key"),
        Wire::Gemini => {
            Refused::new(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")
        }
        Wire::Responses => {
            let shown: String = given.chars().take(4).collect();
            let text = format!(
                "Incorrect API key provided: {shown}***. You can find your API key at https://platform.openai.com/account/api-keys."
            );
            Refused::new(401, "invalid_request_error", text).code("invalid_api_key")
        }
    }
}
