//! The conversation as the API takes it: instructions apart, turns of user and assistant in alternation.

use weighhouse_types::chat::{Block, BlockKind, ChatRequest, Extra, Message, Role};

use super::super::block::is_blank;

/// What stands where the API wants a user's words and there are none; LiteLLM's word for it.
const PLACEHOLDER: &str = ".";

/// A turn.
#[derive(Debug)]
pub(super) struct Turn<'request> {
    /// `user`, `assistant`, or `system` as clients of this dialect may say in mid conversation.
    pub(super) role: &'static str,
    pub(super) parts: Vec<Part<'request>>,
    /// What else a message of this dialect says.
    pub(super) extra: Option<&'request Extra>,
}

/// A piece of a turn.
#[derive(Debug)]
pub(super) enum Part<'request> {
    /// A block of the client's.
    Block(&'request Block),
    /// Words that are put in or trimmed on the way.
    Said(String),
}

/// A conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation<'request> {
    pub(super) system: Vec<&'request Block>,
    pub(super) turns: Vec<Turn<'request>>,
}

impl<'request> Conversation<'request> {
    /// The conversation of a client of this dialect, as it said it.
    pub(super) fn faithful(request: &'request ChatRequest, takes: impl Fn(&Block) -> bool) -> Self {
        let (system, rest) = split_instructions(&request.messages, &takes);
        let turn = |message: &'request Message| Turn {
            role: role_of(message.role),
            parts: message.blocks.iter().filter(|block| takes(block)).map(Part::Block).collect(),
            extra: Some(&message.extra),
        };
        Self { system, turns: rest.iter().map(turn).filter(|turn| !turn.parts.is_empty()).collect() }
    }

    /// The conversation of another client, ordered as the API wants it.
    pub(super) fn mended(request: &'request ChatRequest, takes: impl Fn(&Block) -> bool) -> Self {
        let (system, rest) = split_instructions(&request.messages, &takes);
        let mut turns: Vec<Turn<'request>> = Vec::new();
        for message in rest {
            let parts: Vec<Part<'request>> = if message.role.instructs() {
                reminder(message).into_iter().collect()
            } else {
                // The API takes no pictures in the model's own turns.
                let is_own_media = |block: &Block| {
                    message.role == Role::Assistant && matches!(block.kind, BlockKind::Media(_))
                };
                let kept = message.blocks.iter().filter(|block| takes(block) && !is_own_media(block));
                kept.map(Part::Block).collect()
            };
            let role = if message.role == Role::Assistant { "assistant" } else { "user" };
            match turns.last_mut() {
                _ if parts.is_empty() => {}
                Some(last) if last.role == role => last.parts.extend(parts),
                _ => turns.push(Turn { role, parts, extra: None }),
            }
        }
        if turns.first().is_none_or(|first| first.role == "assistant") {
            let parts = vec![Part::Said(PLACEHOLDER.to_owned())];
            turns.insert(0, Turn { role: "user", parts, extra: None });
        }
        bring_results_home(&mut turns);
        turns.iter_mut().for_each(|turn| turn.parts.sort_by_key(|part| result_of(part).is_none()));
        trim_end(&mut turns);
        Self { system, turns }
    }

    /// Whether the last turn in which tools were called holds no thinking of this provider's.
    pub(super) fn lacks_proof(&self) -> bool {
        let is_kind = |turn: &Turn<'_>, is_it: fn(&BlockKind) -> bool| {
            turn.parts.iter().any(|part| matches!(part, Part::Block(block) if is_it(&block.kind)))
        };
        let last = self.turns.iter().rev().find(|turn| turn.role == "assistant");
        last.is_some_and(|turn| {
            is_kind(turn, |kind| matches!(kind, BlockKind::ToolCall(_)))
                && !is_kind(turn, |kind| matches!(kind, BlockKind::Reasoning(_)))
        })
    }

    /// Whether tools were called or answered.
    pub(super) fn has_tools(&self) -> bool {
        let parts = self.turns.iter().flat_map(|turn| &turn.parts);
        parts.into_iter().any(|part| call_of(part).is_some() || result_of(part).is_some())
    }
}

const fn role_of(role: Role) -> &'static str {
    match role {
        Role::System | Role::Developer => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// Leading instructions, which stand apart, and the rest. Instructions are texts.
fn split_instructions<'request>(
    messages: &'request [Message],
    takes: &impl Fn(&Block) -> bool,
) -> (Vec<&'request Block>, &'request [Message]) {
    let count = messages.iter().take_while(|message| message.role.instructs()).count();
    let (leading, rest) = messages.split_at(count);
    let blocks = leading.iter().flat_map(|message| &message.blocks);
    (blocks.filter(|block| block.as_text().is_some() && takes(block)).collect(), rest)
}

/// Later instructions, as the words that Claude's own clients put around them.
fn reminder<'request>(message: &Message) -> Option<Part<'request>> {
    let texts: Vec<&str> = message.blocks.iter().filter_map(Block::as_text).collect();
    let text = texts.join("\n\n");
    (!is_blank(&text)).then(|| Part::Said(format!("<system-reminder>\n{text}\n</system-reminder>")))
}

fn call_of<'part>(part: &'part Part<'_>) -> Option<&'part str> {
    match part {
        Part::Block(Block { kind: BlockKind::ToolCall(call), .. }) => Some(&call.id),
        Part::Block(_) | Part::Said(_) => None,
    }
}

fn result_of<'part>(part: &'part Part<'_>) -> Option<&'part str> {
    match part {
        Part::Block(Block { kind: BlockKind::ToolResult(result), .. }) => Some(&result.call_id),
        Part::Block(_) | Part::Said(_) => None,
    }
}

/// Results stand in the turn after their call: those that came later are moved there.
fn bring_results_home(turns: &mut [Turn<'_>]) {
    let mut homes: Vec<(String, usize)> = Vec::new();
    for index in 0..turns.len() {
        let Some(turn) = turns.get_mut(index) else { return };
        let ids: Vec<String> = turn.parts.iter().filter_map(call_of).map(str::to_owned).collect();
        homes.extend(ids.into_iter().map(|id| (id, index + 1)));
        let home_of = |part: &Part<'_>| {
            let id = result_of(part)?;
            homes.iter().rev().find(|(known, home)| known == id && *home < index).map(|(_, home)| *home)
        };
        let mut moved = Vec::new();
        let mut kept = Vec::new();
        for part in std::mem::take(&mut turn.parts) {
            match home_of(&part) {
                Some(home) => moved.push((home, part)),
                None => kept.push(part),
            }
        }
        turn.parts = kept;
        for (home, part) in moved {
            if let Some(turn) = turns.get_mut(home) {
                turn.parts.push(part);
            }
        }
    }
}

/// The API refuses blanks at the end of a begun answer.
fn trim_end(turns: &mut [Turn<'_>]) {
    let Some(last) = turns.last_mut().filter(|turn| turn.role == "assistant") else { return };
    let Some(Part::Block(block)) = last.parts.last() else { return };
    let Some(text) = block.as_text() else { return };
    if text.trim_end() != text {
        let trimmed = text.trim_end().to_owned();
        last.parts.pop();
        last.parts.push(Part::Said(trimmed));
    }
}
