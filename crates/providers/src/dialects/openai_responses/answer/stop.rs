//! Why an answer ended: its `status` and `incomplete_details`
//! (<https://platform.openai.com/docs/api-reference/responses/object#responses/object-status>).

use weighhouse_types::chat::StopReason;

/// What the blocks of an answer say of its end.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Seen {
    /// Tools of the client are called.
    pub(in super::super) calls: bool,
    /// The model refused.
    pub(in super::super) refusal: bool,
}

/// The reason that a status and the reason beside it stand for. Other providers of this dialect leave the status out.
pub(in super::super) fn reason_of(status: Option<&str>, incomplete: Option<&str>, seen: Seen) -> StopReason {
    match (status, incomplete) {
        (Some("incomplete"), Some("max_output_tokens")) => StopReason::Length,
        (Some("incomplete"), Some("content_filter")) => StopReason::ContentFilter,
        (Some("incomplete"), Some(reason)) => StopReason::Other(reason.to_owned()),
        (None | Some("completed"), _) if seen.calls => StopReason::ToolCalls,
        (None | Some("completed"), _) if seen.refusal => StopReason::Refusal,
        (None | Some("completed"), _) => StopReason::End,
        (Some(status), _) => StopReason::Other(status.to_owned()),
    }
}

/// The status and the reason beside it that a client is shown.
pub(in super::super) fn words_of(reason: &StopReason) -> (&str, Option<&str>) {
    match reason {
        StopReason::End
        | StopReason::StopSequence
        | StopReason::ToolCalls
        | StopReason::Refusal
        | StopReason::Pause => ("completed", None),
        StopReason::Length | StopReason::ContextFull => ("incomplete", Some("max_output_tokens")),
        StopReason::ContentFilter => ("incomplete", Some("content_filter")),
        StopReason::Other(word) => match word.as_str() {
            "max_messages" | "steered" => ("incomplete", Some(word)),
            // An answer that is made in the background, or was cancelled there.
            "queued" | "in_progress" | "cancelled" | "incomplete" => (word, None),
            _ => ("completed", None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_meaning_and_comes_back() {
        let plain = Seen::default();
        let calls = Seen { calls: true, refusal: false };
        for (status, incomplete, seen, reason) in [
            (Some("completed"), None, plain, StopReason::End),
            (None, None, plain, StopReason::End),
            (Some("completed"), None, calls, StopReason::ToolCalls),
            (Some("completed"), None, Seen { calls: false, refusal: true }, StopReason::Refusal),
            (Some("incomplete"), Some("max_output_tokens"), calls, StopReason::Length),
            (Some("incomplete"), Some("content_filter"), plain, StopReason::ContentFilter),
            (Some("incomplete"), Some("steered"), plain, StopReason::Other("steered".into())),
            (Some("incomplete"), None, plain, StopReason::Other("incomplete".into())),
            (Some("queued"), None, plain, StopReason::Other("queued".into())),
        ] {
            let read = reason_of(status, incomplete, seen);
            assert_eq!(read, reason);
            let (status, incomplete) = words_of(&reason);
            assert_eq!(reason_of(Some(status), incomplete, seen), reason);
        }
        assert_eq!(words_of(&StopReason::Other("eos".into())), ("completed", None));
    }
}
