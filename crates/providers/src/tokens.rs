//! How many tokens a prompt has, counted here: exact texts for OpenAI's models, a rounded-up estimate for others.
//!
//! Counting takes a microsecond for every few dozen bytes and the first count loads tables of some 60 MB, so it
//! never runs on a thread that serves connections.

use bpe_openai::{Tokenizer, cl100k_base, o200k_base};
use weighhouse_types::chat::{
    Block, BlockKind, ChatRequest, Json, Media, MediaKind, MediaSource, OutputFormat, Tool,
};

/// Tokens that OpenAI's models spend on each message and on the answer's beginning
/// (<https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken_for_chat_completions>).
const PER_MESSAGE: u64 = 3;
/// Tokens of an image of 1024 by 1024 at high detail, the usual one (<https://platform.openai.com/docs/guides/images-vision>).
const PER_IMAGE: u64 = 765;
/// Tokens of an image at low detail.
const PER_SMALL_IMAGE: u64 = 85;
/// Bytes of a PDF that stand for one token: a page of some 100 KB is read as some 2,500 tokens.
const DOCUMENT_BYTES_PER_TOKEN: u64 = 40;
/// Bytes of compressed sound that stand for one token: 16 KB a second at 32 tokens a second.
const MEDIA_BYTES_PER_TOKEN: u64 = 500;

/// Loads a table at its first use.
type Load = fn() -> &'static Tokenizer;

/// How a family of models counts, by how their names begin: the tokenizer, and percent of its count.
/// The percentages of the families whose tokenizer is not public are measured on English and code, rounded up.
const FAMILIES: &[(&str, Load, u64)] = &[
    ("gpt-3.5", cl100k_base, 100),
    ("gpt-4-", cl100k_base, 100),
    ("gpt-4o", o200k_base, 100),
    ("gpt-4.", o200k_base, 100),
    ("gpt-", o200k_base, 100),
    ("text-embedding", cl100k_base, 100),
    ("claude", o200k_base, 125),
    ("gemini", o200k_base, 110),
];

/// Counts the tokens of a request's prompt.
#[must_use]
pub fn count(request: &ChatRequest, model: &str) -> u64 {
    let bare = model.rsplit('/').next().unwrap_or(model);
    let family = FAMILIES.iter().find(|(start, ..)| bare.starts_with(start));
    let (tokenizer, percent) =
        family.map_or((o200k_base(), 100), |(_, tokenizer, percent)| (tokenizer(), *percent));
    let is_old = bare == "gpt-4";
    let counter = Counter { tokenizer: if is_old { cl100k_base() } else { tokenizer } };
    (counter.request(request) * percent).div_ceil(100)
}

struct Counter {
    tokenizer: &'static Tokenizer,
}

impl Counter {
    fn request(&self, request: &ChatRequest) -> u64 {
        let messages = request.messages.iter().map(|message| {
            let name = message.name.as_deref().map_or(0, |name| self.text(name) + 1);
            PER_MESSAGE + 1 + name + self.blocks(&message.blocks)
        });
        let tools = request.tools.iter().map(|tool| self.tool(tool));
        let format = match &request.output {
            OutputFormat::Schema { schema, .. } => self.json(schema),
            OutputFormat::Text | OutputFormat::Json => 0,
        };
        messages.sum::<u64>() + tools.sum::<u64>() + format + PER_MESSAGE
    }

    fn text(&self, text: &str) -> u64 {
        self.tokenizer.count(text) as u64
    }

    fn json(&self, json: &Json) -> u64 {
        self.text(json.text())
    }

    fn blocks(&self, blocks: &[Block]) -> u64 {
        blocks.iter().map(|block| self.block(&block.kind)).sum()
    }

    fn block(&self, block: &BlockKind) -> u64 {
        match block {
            BlockKind::Text(text) => self.text(&text.text),
            BlockKind::Refusal(text) => self.text(text),
            BlockKind::Media(media) => self.media(media),
            BlockKind::Reasoning(reasoning) => reasoning.parts.iter().map(|part| self.text(part)).sum(),
            BlockKind::ToolCall(call) => self.text(&call.name) + self.text(&call.arguments) + PER_MESSAGE,
            BlockKind::ToolResult(result) => self.blocks(&result.content) + PER_MESSAGE,
            BlockKind::ServerTool(tool) => self.json(&tool.payload),
            BlockKind::Foreign(foreign) => self.json(&foreign.payload),
        }
    }

    fn media(&self, media: &Media) -> u64 {
        let bytes = match &media.source {
            MediaSource::Text(text) => return self.text(text),
            MediaSource::Blocks(blocks) => return self.blocks(blocks),
            MediaSource::Base64(data) => data.len() as u64 / 4 * 3,
            // Its size is not known here: a document of ten pages.
            MediaSource::Url(_) | MediaSource::FileId(_) => 1_000_000,
        };
        match media.kind {
            MediaKind::Image if media.detail.as_deref() == Some("low") => PER_SMALL_IMAGE,
            MediaKind::Image => PER_IMAGE,
            MediaKind::Document => bytes.div_ceil(DOCUMENT_BYTES_PER_TOKEN),
            MediaKind::Audio | MediaKind::Video => bytes.div_ceil(MEDIA_BYTES_PER_TOKEN),
        }
    }

    fn tool(&self, tool: &Tool) -> u64 {
        let described = |name: &str, description: Option<&str>| {
            self.text(name) + description.map_or(0, |text| self.text(text)) + PER_MESSAGE * 2
        };
        match tool {
            Tool::Function(function) => {
                described(&function.name, function.description.as_deref())
                    + function.parameters.as_ref().map_or(0, |schema| self.json(schema))
            }
            Tool::Custom(custom) => {
                described(&custom.name, custom.description.as_deref())
                    + custom.format.as_ref().map_or(0, |format| self.json(format))
            }
            Tool::WebSearch(_) => PER_MESSAGE,
            Tool::Native(native) => self.json(&native.payload),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weighhouse_types::chat::{Message, Role};

    fn of(text: &str, model: &str) -> u64 {
        let messages = vec![Message::new(Role::User, vec![Block::text(text)])];
        count(&ChatRequest { messages, ..ChatRequest::default() }, model)
    }

    #[test]
    fn openais_own_example_counts_as_openai_counts() {
        // "hello world" is two tokens in both tables; a message costs four, the answer's beginning three.
        assert_eq!(of("hello world", "gpt-4o"), 9);
        assert_eq!(of("hello world", "openai/gpt-3.5-turbo"), 9);
        assert_eq!(of("hello world", "claude-sonnet-4-5"), 12);
    }

    #[test]
    fn a_hostile_text_is_counted_in_linear_time() {
        let (short, long) = (of(&"a".repeat(1_000), "gpt-4o"), of(&"a".repeat(100_000), "gpt-4o"));
        assert!(long > short * 50, "{short} {long}");
    }
}
