//! Parts of a message's content, read.

use std::fmt::Arguments;

use serde_json::value::RawValue;
use weighhouse_types::chat::{
    Block, BlockKind, CacheMark, Citation, Foreign, Json, Media, MediaKind, MediaSource, Reasoning, Signature,
};
use weighhouse_types::{Dialect, Error};

use super::super::wire::{Address, Annotation, CacheControl, File, Part, Sound};
use super::read::wrong;
use crate::wire::{Text, TextOr, read_piece};

/// Reads the parts of a content at a place.
pub(super) fn blocks(content: &TextOr<'_, Vec<&RawValue>>, at: Arguments<'_>) -> Result<Vec<Block>, Error> {
    match content {
        TextOr::Text(text) => Ok(vec![Block::text(text.as_str())]),
        TextOr::Other(parts) => {
            parts.iter().enumerate().map(|(index, raw)| block(raw, format_args!("{at}[{index}]"))).collect()
        }
    }
}

fn block(raw: &RawValue, at: Arguments<'_>) -> Result<Block, Error> {
    let part: Part<'_> = read_piece(raw).map_err(|error| {
        let inside = error.at.as_deref().filter(|place| *place != "body").map(|place| format!(".{place}"));
        let what = error.message.split_once("`: ").map_or(error.message.as_str(), |(_, what)| what);
        wrong(format_args!("{at}{}", inside.unwrap_or_default()), what)
    })?;
    let cache = part.cache.as_ref().map(mark);
    let Some(kind) = &part.kind else {
        return Err(wrong(format_args!("{at}.type"), "a content part needs its type, such as `text`"));
    };
    let missing =
        |name: &str| wrong(format_args!("{at}.{name}"), "the part says this type, so it must hold this");
    let kind = match kind.as_str() {
        "text" | "input_text" | "output_text" => {
            return Ok(Block {
                cache,
                ..Block::text(part.text.ok_or_else(|| missing("text"))?.into_owned())
            });
        }
        "image_url" => {
            BlockKind::Media(addressed(part.image_url.ok_or_else(|| missing("image_url"))?, MediaKind::Image))
        }
        "video_url" => {
            BlockKind::Media(addressed(part.video_url.ok_or_else(|| missing("video_url"))?, MediaKind::Video))
        }
        "input_audio" => BlockKind::Media(sound(part.input_audio.ok_or_else(|| missing("input_audio"))?)),
        "file" => BlockKind::Media(file(part.file.ok_or_else(|| missing("file"))?)),
        "refusal" => BlockKind::Refusal(part.refusal.ok_or_else(|| missing("refusal"))?.into_owned()),
        "thinking" | "redacted_thinking" => BlockKind::Reasoning(thinking_block(part)),
        _ => BlockKind::Foreign(Foreign { origin: Dialect::OpenAiChat, payload: Json::from(raw) }),
    };
    Ok(Block { kind, cache })
}

/// A cache mark.
pub(super) fn mark(control: &CacheControl<'_>) -> CacheMark {
    CacheMark { one_hour: control.ttl.as_ref().is_some_and(|ttl| ttl.as_str() == "1h") }
}

/// LiteLLM's `thinking_blocks`, which are Anthropic's.
pub(in super::super) fn thinking_block(part: Part<'_>) -> Reasoning {
    let redacted = part.kind.as_ref().is_some_and(|kind| kind.as_str() == "redacted_thinking");
    let proof = if redacted { part.data } else { part.signature };
    let proof = proof.filter(|text| !text.as_str().is_empty());
    Reasoning {
        id: None,
        parts: part.thinking.into_iter().map(Text::into_owned).filter(|text| !text.is_empty()).collect(),
        // They come from Anthropic unless they say otherwise.
        signature: proof.map(|text| Signature::from_client(text.as_str(), Dialect::AnthropicMessages)),
        redacted,
    }
}

fn addressed(address: TextOr<'_, Address<'_>>, kind: MediaKind) -> Media {
    let address = match address {
        TextOr::Text(url) => Address { url: Some(url), ..Address::default() },
        TextOr::Other(address) => address,
    };
    let url = address.url.map(Text::into_owned).unwrap_or_default();
    let (source, media_type) = source_of(&url);
    Media {
        detail: address.detail.map(Text::into_owned),
        media_type: media_type.or_else(|| address.format.map(Text::into_owned)),
        ..medium(kind, source)
    }
}

fn sound(sound: Sound<'_>) -> Media {
    let format = sound.format.map_or_else(|| "wav".to_owned(), Text::into_owned);
    let media_type = if format == "mp3" { "audio/mpeg".to_owned() } else { format!("audio/{format}") };
    let source = MediaSource::Base64(sound.data.map(Text::into_owned).unwrap_or_default());
    Media { media_type: Some(media_type), ..medium(MediaKind::Audio, source) }
}

fn file(file: File<'_>) -> Media {
    let said = file.format.map(Text::into_owned);
    let name = file.name.map(Text::into_owned);
    if let Some(data) = file.data {
        let (source, media_type) = source_of(data.as_str());
        let source = match source {
            // Without a data URL in front it is plain base64.
            MediaSource::Url(text) if !text.contains("://") => MediaSource::Base64(text),
            other => other,
        };
        let media_type = media_type.or(said).or_else(|| Some("application/pdf".to_owned()));
        return Media { media_type, name, ..medium(MediaKind::Document, source) };
    }
    let id = file.id.map(Text::into_owned).unwrap_or_default();
    // LiteLLM takes addresses as file ids.
    let source = if id.contains("://") { MediaSource::Url(id) } else { MediaSource::FileId(id) };
    Media { media_type: said, name, ..medium(MediaKind::Document, source) }
}

const fn medium(kind: MediaKind, source: MediaSource) -> Media {
    Media { kind, source, media_type: None, name: None, detail: None, context: None, cites: false }
}

/// A `data:` address as its bytes and type, anything else as an address.
fn source_of(url: &str) -> (MediaSource, Option<String>) {
    let inside = url.strip_prefix("data:").and_then(|rest| rest.split_once(','));
    match inside {
        Some((head, data)) if head.ends_with(";base64") => {
            let media_type = head.trim_end_matches(";base64").split(';').next().unwrap_or_default();
            let media_type = (!media_type.is_empty()).then(|| media_type.to_owned());
            (MediaSource::Base64(data.to_owned()), media_type)
        }
        _ => (MediaSource::Url(url.to_owned()), None),
    }
}

/// A picture of an answer (`images`).
pub(in super::super) fn media_part(part: Part<'_>) -> Option<Block> {
    let address = part.image_url?;
    Some(BlockKind::Media(addressed(address, MediaKind::Image)).into())
}

/// A medium's bytes as a `data:` address.
pub(in super::super) fn data_url(media_type: Option<&str>, usual: &str, data: &str) -> String {
    format!("data:{};base64,{data}", media_type.unwrap_or(usual))
}

/// A page that is cited.
pub(in super::super) fn annotation_to_citation(annotation: Annotation<'_>) -> Option<Citation> {
    let cited = annotation.url?;
    Some(Citation {
        url: cited.url.map(Text::into_owned),
        title: cited.title.map(Text::into_owned),
        cited_text: None,
        start: cited.start.and_then(crate::wire::Number::whole),
        end: cited.end.and_then(crate::wire::Number::whole),
        native: None,
    })
}
