//! The members of a request's body, one by one.

use serde_json::Value;

use super::blocks::{self, CACHE_CONTROL};
use super::shape::{Member, Rule, Terms, dictionary, list, may, may_null, need, object, tagged};
use super::{bad, schema, tools};
use crate::fake_chat::asked::Refused;

const MODEL: Member = need("model", Rule::Text);
const MESSAGES: Member = need("messages", Rule::Check(messages));
/// What both endpoints take.
const COMMON: &[Member] = &[
    MODEL,
    MESSAGES,
    CACHE_CONTROL,
    may("output_config", Rule::Check(output_config)),
    may_null("speed", Rule::OneOf(&["standard", "fast"])),
    may("system", Rule::Check(blocks::system)),
    may("thinking", Rule::Check(thinking)),
    may("tool_choice", Rule::Check(tools::check_choice)),
    may("tools", Rule::Check(tools::check)),
    may("user_profile_id", Rule::Text),
];
/// What only an answer needs.
const ANSWERS: &[Member] = &[
    need("max_tokens", Rule::Whole(0)),
    may_null("container", Rule::Any),
    may_null("diagnostics", Rule::Of(&[may_null("previous_message_id", Rule::Text)])),
    may_null("inference_geo", Rule::Text),
    may("metadata", Rule::Of(&[may_null("user_id", Rule::Text)])),
    may("service_tier", Rule::OneOf(&["auto", "standard_only"])),
    may("stop_sequences", Rule::Texts),
    may("stream", Rule::Flag),
];
/// What version 2026-10-21 does not know any more.
const SAMPLING: &[Member] =
    &[may("temperature", Rule::Number), may("top_k", Rule::Whole(0)), may("top_p", Rule::Number)];
/// What a beta adds.
const BETA: &[(&str, Member)] = &[
    ("context-management-", may_null("context_management", Rule::Object)),
    ("compact-", may_null("context_management", Rule::Object)),
    ("mcp-client-", may("mcp_servers", Rule::Any)),
    ("structured-outputs-", may_null("output_format", Rule::Check(output_format))),
];

const KIND: Member = need("type", Rule::Text);
const DISPLAY: Member = may_null("display", Rule::OneOf(&["summarized", "omitted"]));
const THINKING: &[(&str, &[Member])] = &[
    ("adaptive", &[KIND, DISPLAY]),
    ("between_tools", &[KIND]),
    ("disabled", &[KIND]),
    ("enabled", &[KIND, need("budget_tokens", Rule::Whole(1024)), DISPLAY]),
];
const OUTPUT_CONFIG: &[Member] = &[
    may_null("effort", Rule::OneOf(&["low", "medium", "high", "xhigh", "max"])),
    may_null("format", Rule::Check(output_format)),
    may_null("task_budget", Rule::Object),
];
const OUTPUT_FORMAT: &[Member] = &[need("schema", Rule::Object), need("type", Rule::OneOf(&["json_schema"]))];

const TURN: &[Member] = &[need("role", Rule::Text), need("content", Rule::Check(blocks::content))];
const SYSTEM_TURN: &[Member] =
    &[need("role", Rule::Text), need("content", Rule::Check(blocks::system_message))];
/// A message of the system may, with betas, change what is asked of the answer from there on (Claude Code sends it so),
/// and say how long it holds.
const CONTROL_TURN: &[Member] = &[
    need("role", Rule::Text),
    need("content", Rule::Check(blocks::system_message)),
    may_null("output_config", Rule::Check(output_config)),
    may_null("clear_at", Rule::OneOf(&["next_user_message", "never"])),
];
const CONTROL_BETAS: &[&str] =
    &["mid-conversation-output-config-", "mid-conversation-system-clear-at-", "per-turn-control-"];

/// Checks every member by itself.
pub(super) fn check(terms: &Terms, body: &Value) -> Result<(), Refused> {
    let mut members = COMMON.to_vec();
    if !terms.counts {
        members.extend_from_slice(ANSWERS);
        if !terms.recent {
            members.extend_from_slice(SAMPLING);
        }
    }
    for (beta, member) in BETA {
        if terms.beta(beta) && members.iter().all(|known| known.name != member.name) {
            members.push(*member);
        }
    }
    object(terms, body, "", &members).map(drop)
}

fn messages(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let messages = list(value, path)?;
    if messages.is_empty() {
        return Err(bad(format!("{path}: at least one message is required")));
    }
    for (index, message) in messages.iter().enumerate() {
        let at = format!("{path}.{index}");
        let role = dictionary(message, &at)?.get("role");
        let role = role.ok_or_else(|| bad(format!("{at}.role: Field required")))?;
        let role = role.as_str().ok_or_else(|| bad(format!("{at}.role: Input should be a valid string")))?;
        let members = match role {
            "user" | "assistant" => TURN,
            "system" if CONTROL_BETAS.iter().any(|beta| terms.beta(beta)) => CONTROL_TURN,
            "system" if terms.recent || !terms.betas.is_empty() => SYSTEM_TURN,
            "system" => {
                return Err(bad(
                    "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role.",
                ));
            }
            _ => {
                return Err(bad(format!(
                    "messages: Unexpected role \"{role}\". Allowed roles are \"user\" or \"assistant\". For instructions on how to use tools, see https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview."
                )));
            }
        };
        object(terms, message, &at, members)?;
    }
    Ok(())
}

fn thinking(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let (_, members, at) = tagged(value, path, THINKING)?;
    object(terms, value, &at, members).map(drop)
}

fn output_config(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    object(terms, value, path, OUTPUT_CONFIG).map(drop)
}

fn output_format(terms: &Terms, value: &Value, path: &str) -> Result<(), Refused> {
    let format = object(terms, value, path, OUTPUT_FORMAT)?;
    format.get("schema").map_or(Ok(()), |given| schema::check(given, &format!("{path}.schema")))
}
