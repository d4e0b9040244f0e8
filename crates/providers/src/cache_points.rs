//! LiteLLM's `cache_control_injection_points`: marks for the provider's cache that the operator puts into prompts
//! whose clients set none (<https://docs.litellm.ai/docs/tutorials/prompt_caching>).

use weighhouse_types::chat::{CacheMark, ChatRequest, Message, Role, Tool};

/// A place of a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CachePoint {
    /// After the last tool.
    Tools,
    /// At the end of messages.
    Messages {
        /// Of this role; none for all.
        role: Option<String>,
        /// At this place; negative ones count from the end.
        index: Option<i64>,
    },
}

/// Puts the marks into a request.
pub fn mark(points: &[CachePoint], request: &mut ChatRequest) {
    for point in points {
        match point {
            CachePoint::Tools => mark_tools(request),
            CachePoint::Messages { role, index } => {
                for place in places(request, role.as_deref(), *index) {
                    mark_message(request.messages.get_mut(place));
                }
            }
        }
    }
}

fn mark_tools(request: &mut ChatRequest) {
    match request.tools.last_mut() {
        Some(Tool::Function(function)) => function.cache = Some(CacheMark::default()),
        Some(Tool::Native(native)) => native.cache = Some(CacheMark::default()),
        Some(Tool::Custom(_) | Tool::WebSearch(_)) | None => {}
    }
}

/// An index picks one message; without one every message of the role is meant.
fn places(request: &ChatRequest, role: Option<&str>, index: Option<i64>) -> Vec<usize> {
    let count = request.messages.len();
    if let Some(index) = index {
        let from_end = usize::try_from(index.unsigned_abs()).ok().and_then(|back| count.checked_sub(back));
        let place = if index < 0 { from_end } else { usize::try_from(index).ok() };
        return place.into_iter().collect();
    }
    let is_meant = |message: &Message| role.is_none_or(|role| role == name_of(message.role));
    (0..count).filter(|place| request.messages.get(*place).is_some_and(is_meant)).collect()
}

const fn name_of(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Developer => "developer",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn mark_message(message: Option<&mut Message>) {
    if let Some(block) = message.and_then(|message| message.blocks.last_mut()) {
        block.cache.get_or_insert_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weighhouse_types::chat::Block;

    fn marked(points: &[CachePoint]) -> Vec<bool> {
        let of = |role| Message::new(role, vec![Block::text("a"), Block::text("b")]);
        let messages = [Role::System, Role::User, Role::Assistant, Role::User].map(of).into();
        let mut request = ChatRequest { messages, ..ChatRequest::default() };
        mark(points, &mut request);
        request.messages.iter().map(|message| message.blocks[1].cache.is_some()).collect()
    }

    #[test]
    fn marks_stand_at_roles_and_places() {
        let at = |role: Option<&str>, index| CachePoint::Messages { role: role.map(Into::into), index };
        assert_eq!(marked(&[at(Some("system"), None)]), [true, false, false, false]);
        assert_eq!(marked(&[at(Some("user"), None)]), [false, true, false, true]);
        assert_eq!(marked(&[at(None, Some(-1))]), [false, false, false, true]);
        assert_eq!(
            marked(&[at(None, Some(2)), at(None, Some(9)), at(None, Some(-9))]),
            [false, false, true, false]
        );
    }
}
