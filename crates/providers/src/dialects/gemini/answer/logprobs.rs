//! Log probabilities: Gemini's `logprobsResult` and OpenAI chat's `logprobs`.

use serde::Deserialize;
use serde_json::value::RawValue;
use weighhouse_types::chat::Json;

use crate::wire::{Object, object};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Result {
    chosen_candidates: Vec<Token>,
    top_candidates: Vec<Top>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Top {
    candidates: Vec<Token>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Token {
    token: String,
    #[serde(alias = "logProbability")]
    logprob: f64,
    top_logprobs: Vec<Token>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chat {
    content: Option<Vec<Token>>,
}

/// OpenAI chat's shape of a `logprobsResult`.
pub(in super::super) fn from_gemini(raw: &RawValue) -> Option<Json> {
    let result: Result = serde_json::from_str(raw.get()).ok()?;
    if result.chosen_candidates.is_empty() {
        return None;
    }
    let mut tops = result.top_candidates.into_iter();
    json(|chat| {
        chat.array("content", |tokens| {
            for chosen in &result.chosen_candidates {
                let top = tops.next().unwrap_or_default();
                tokens.object(|token| {
                    write_token(chosen, token);
                    token.array("top_logprobs", |list| {
                        for other in &top.candidates {
                            list.object(|token| write_token(other, token));
                        }
                    });
                });
            }
        });
    })
}

/// A `logprobsResult` of OpenAI chat's shape.
pub(in super::super) fn to_gemini(chat: &Json) -> Option<Json> {
    let tokens = chat.read::<Chat>()?.content?;
    let write = |token: &Token, object: &mut Object<'_>| {
        object.text("token", &token.token);
        object.float("logProbability", token.logprob);
    };
    json(|result| {
        result.array("chosenCandidates", |list| {
            tokens.iter().for_each(|token| list.object(|object| write(token, object)));
        });
        result.array("topCandidates", |list| {
            for token in &tokens {
                list.object(|top| {
                    top.array("candidates", |list| {
                        token
                            .top_logprobs
                            .iter()
                            .for_each(|other| list.object(|object| write(other, object)));
                    });
                });
            }
        });
    })
}

fn write_token(token: &Token, object: &mut Object<'_>) {
    object.text("token", &token.token);
    object.float("logprob", token.logprob);
    object.null("bytes");
}

fn json(fill: impl FnOnce(&mut Object<'_>)) -> Option<Json> {
    Json::parse(&String::from_utf8(object(fill)).ok()?)
}
