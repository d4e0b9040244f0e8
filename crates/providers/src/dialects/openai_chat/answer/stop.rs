//! Why an answer ended.

use weighhouse_types::chat::StopReason;

/// The reason of a `finish_reason`.
pub(in super::super) fn stop_of(finish: &str) -> StopReason {
    match finish {
        "stop" | "eos" | "end_turn" | "" => StopReason::End,
        "length" | "max_tokens" => StopReason::Length,
        "tool_calls" | "function_call" | "tool_use" => StopReason::ToolCalls,
        "content_filter" => StopReason::ContentFilter,
        other => StopReason::Other(other.to_owned()),
    }
}

/// The `finish_reason` of a reason; OpenAI's SDK knows these words alone.
pub(in super::super) const fn finish_name(stop: &StopReason) -> &'static str {
    match stop {
        StopReason::End | StopReason::StopSequence | StopReason::Pause | StopReason::Other(_) => "stop",
        StopReason::Length | StopReason::ContextFull => "length",
        StopReason::ToolCalls => "tool_calls",
        StopReason::ContentFilter | StopReason::Refusal => "content_filter",
    }
}
