//! OpenAI's Responses API.

use super::SeenRequest;
use super::asked::{Asked, Refused};
use super::spoken::Spoken;
use super::wires::Memory;

pub(super) fn take(_request: &SeenRequest, _memory: &mut Memory) -> Result<Asked, Refused> {
    Err(Refused::new(404, "not_found", "not there yet"))
}

pub(super) fn whole(_asked: &Asked, _said: &Spoken) -> Vec<u8> {
    Vec::new()
}

pub(super) fn frames(_asked: &Asked, _said: &Spoken) -> Vec<Vec<u8>> {
    Vec::new()
}

pub(super) fn refuse(_refused: &Refused) -> Vec<u8> {
    Vec::new()
}

pub(super) fn error_frame(_refused: &Refused) -> Vec<u8> {
    Vec::new()
}

pub(super) fn keep(_asked: &Asked, _said: &Spoken, _memory: &mut Memory) {}
