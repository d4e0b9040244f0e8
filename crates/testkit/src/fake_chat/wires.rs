//! The one place that knows which wire's functions are meant.

use std::collections::BTreeMap;

use serde_json::Value;

use super::asked::{Asked, Refused};
use super::spoken::Spoken;
use super::{SeenRequest, Wire, anthropic, gemini, responses};

/// What a fake remembers between calls: stored answers by id, of whatever form the wire likes.
pub(super) type Memory = BTreeMap<String, Value>;

/// Checks a request to the last member.
pub(super) fn take(wire: Wire, request: &SeenRequest, memory: &mut Memory) -> Result<Asked, Refused> {
    match wire {
        Wire::Anthropic => anthropic::take(request),
        Wire::Gemini => gemini::take(request),
        Wire::Responses => responses::take(request, memory),
    }
}

/// Remembers an answer before it is sent.
pub(super) fn keep(wire: Wire, asked: &Asked, spoken: &Spoken, memory: &mut Memory) {
    match wire {
        Wire::Anthropic | Wire::Gemini => {}
        Wire::Responses => responses::keep(asked, spoken, memory),
    }
}

/// The JSON of a whole answer.
pub(super) fn whole(wire: Wire, asked: &Asked, spoken: &Spoken) -> Vec<u8> {
    match wire {
        Wire::Anthropic => anthropic::whole(asked, spoken),
        Wire::Gemini => gemini::whole(asked, spoken),
        Wire::Responses => responses::whole(asked, spoken),
    }
}

/// The events of a stream, each with its blank line.
pub(super) fn frames(wire: Wire, asked: &Asked, spoken: &Spoken) -> Vec<Vec<u8>> {
    match wire {
        Wire::Anthropic => anthropic::frames(asked, spoken),
        Wire::Gemini => gemini::frames(asked, spoken),
        Wire::Responses => responses::frames(asked, spoken),
    }
}

/// The error envelope.
pub(super) fn refuse(wire: Wire, refused: &Refused) -> Vec<u8> {
    match wire {
        Wire::Anthropic => anthropic::refuse(refused),
        Wire::Gemini => gemini::refuse(refused),
        Wire::Responses => responses::refuse(refused),
    }
}

/// An error in the middle of a stream.
pub(super) fn error_frame(wire: Wire, refused: &Refused) -> Vec<u8> {
    match wire {
        Wire::Anthropic => anthropic::error_frame(refused),
        Wire::Gemini => gemini::error_frame(refused),
        Wire::Responses => responses::error_frame(refused),
    }
}

/// What a provider says when it has too much to do.
pub(super) fn overloaded(wire: Wire) -> Refused {
    match wire {
        Wire::Anthropic => Refused::new(529, "overloaded_error", "Overloaded"),
        Wire::Gemini => Refused::new(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        Wire::Responses => Refused::new(
            500,
            "server_error",
            "The server had an error while processing your request. Sorry about that!",
        ),
    }
}
