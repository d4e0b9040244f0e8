//! Why an answer ended (<https://ai.google.dev/api/generate-content#FinishReason>).

use weighhouse_types::chat::StopReason;

/// Reasons that keep their name where no other dialect has a word for them.
const OTHERS: [&str; 13] = [
    "LANGUAGE",
    "OTHER",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_OTHER",
    "NO_IMAGE",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
    "ESCALATION",
    "PUP_LIMITED_DISABLED",
    "CONTINUATION",
    "FINISH_REASON_UNSPECIFIED",
];

/// A reason to finish as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Finish(pub(in super::super) Option<String>);

impl Finish {
    /// A filter kept the prompt from the model.
    pub(in super::super) fn blocked() -> Self {
        Self(Some("SAFETY".to_owned()))
    }

    /// What it means for an answer that calls tools or does not.
    pub(in super::super) fn reason(&self, has_calls: bool) -> StopReason {
        match self.0.as_deref() {
            None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") if has_calls => StopReason::ToolCalls,
            None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => StopReason::End,
            Some("MAX_TOKENS") => StopReason::Length,
            Some(name) if is_blocked(name) => StopReason::ContentFilter,
            Some(name) => StopReason::Other(name.to_owned()),
        }
    }
}

/// Whether a filter ended the answer.
fn is_blocked(name: &str) -> bool {
    matches!(
        name,
        "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "MODEL_ARMOR"
    )
}

/// The reason as a client of this dialect knows it.
pub(in super::super) fn name_of(reason: &StopReason) -> &str {
    match reason {
        StopReason::End | StopReason::StopSequence | StopReason::ToolCalls | StopReason::Pause => "STOP",
        StopReason::Length | StopReason::ContextFull => "MAX_TOKENS",
        StopReason::ContentFilter | StopReason::Refusal => "SAFETY",
        StopReason::Other(name) if OTHERS.contains(&name.as_str()) => name,
        StopReason::Other(_) => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_meaning() {
        for (name, has_calls, reason) in [
            ("STOP", false, StopReason::End),
            ("STOP", true, StopReason::ToolCalls),
            ("MAX_TOKENS", true, StopReason::Length),
            ("SAFETY", false, StopReason::ContentFilter),
            ("PROHIBITED_CONTENT", true, StopReason::ContentFilter),
            ("MALFORMED_FUNCTION_CALL", false, StopReason::Other("MALFORMED_FUNCTION_CALL".into())),
        ] {
            assert_eq!(Finish(Some(name.into())).reason(has_calls), reason);
        }
        for reason in OTHERS {
            assert_eq!(name_of(&StopReason::Other(reason.into())), reason);
        }
        assert_eq!(name_of(&StopReason::Other("eos".into())), "OTHER");
    }
}
