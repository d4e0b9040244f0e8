//! Media and tools' results as parts, written.

use weighhouse_types::Error;
use weighhouse_types::chat::{Block, BlockKind, Json, Media, MediaKind, MediaSource, ToolResult};

use super::super::model::Model;
use super::super::part::{FILES, is_youtube};
use crate::translation::Leaving;
use crate::wire::{Object, object};

/// Endings of addresses and the MIME types that Gemini takes for them
/// (<https://ai.google.dev/gemini-api/docs/file-input-methods>).
const ENDINGS: [(&str, &str); 24] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/md"),
    ("html", "text/html"),
    ("csv", "text/csv"),
    ("json", "application/json"),
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("webm", "video/webm"),
    ("mpeg", "video/mpeg"),
    ("avi", "video/x-msvideo"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mp3"),
    ("aac", "audio/aac"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/flac"),
    ("m4a", "audio/m4a"),
];

/// A medium as parts: one, or as many as a document has blocks.
///
/// # Errors
/// `Unsupported`: a file that another provider keeps.
pub(super) fn of(media: &Media, model: Model, leaving: &mut Leaving<'_>) -> Result<Vec<Vec<u8>>, Error> {
    let text_part = |text: &str| object(|part| part.text("text", text));
    let mut parts = Vec::new();
    match &media.source {
        MediaSource::Text(text) => parts.push(text_part(text)),
        MediaSource::Blocks(blocks) => {
            for block in blocks {
                match &block.kind {
                    BlockKind::Media(inner) => parts.extend(of(inner, model, leaving)?),
                    BlockKind::Text(text) => parts.push(text_part(&text.text)),
                    BlockKind::Refusal(_)
                    | BlockKind::Reasoning(_)
                    | BlockKind::ToolCall(_)
                    | BlockKind::ToolResult(_)
                    | BlockKind::ServerTool(_)
                    | BlockKind::Foreign(_) => {}
                }
            }
        }
        MediaSource::FileId(id) if uri_of(id).is_none() => leaving.out("file_id", true)?,
        MediaSource::Base64(_) | MediaSource::Url(_) | MediaSource::FileId(_) => {
            parts.push(object(|part| {
                data(media, part);
                if let Some(level) = media.detail.as_deref().and_then(level_of).filter(|_| model.is_third()) {
                    part.object("mediaResolution", |said| said.text("level", level));
                }
            }));
        }
    }
    Ok(parts)
}

/// `inlineData` or `fileData`.
fn data(media: &Media, part: &mut Object<'_>) {
    match &media.source {
        MediaSource::Base64(bytes) => part.object("inlineData", |inline| {
            inline.text("mimeType", &mime_type(media, None));
            inline.text("data", bytes);
            inline.text_if("displayName", media.name.as_deref().filter(|_| media.media_type.is_some()));
        }),
        MediaSource::Url(uri) => part.object("fileData", |file| {
            if media.media_type.is_some() || !is_youtube(uri) {
                file.text("mimeType", &mime_type(media, Some(uri)));
            }
            file.text("fileUri", uri);
        }),
        MediaSource::FileId(id) => part.object("fileData", |file| {
            file.text_if("mimeType", media.media_type.as_deref());
            file.text("fileUri", &uri_of(id).unwrap_or_default());
        }),
        MediaSource::Text(_) | MediaSource::Blocks(_) => {}
    }
}

/// The address of a file that Google keeps.
fn uri_of(id: &str) -> Option<String> {
    if id.contains("://") {
        Some(id.to_owned())
    } else if id.starts_with("files/") {
        Some(format!("{FILES}v1beta/{id}"))
    } else {
        None
    }
}

fn mime_type(media: &Media, uri: Option<&str>) -> String {
    if let Some(said) = &media.media_type {
        return said.clone();
    }
    let path = uri.or(media.name.as_deref()).unwrap_or_default();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let known = ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, mime_type)| *mime_type);
    let guessed = known.unwrap_or(match media.kind {
        MediaKind::Image => "image/jpeg",
        MediaKind::Audio => "audio/wav",
        MediaKind::Video => "video/mp4",
        MediaKind::Document => "application/pdf",
    });
    guessed.to_owned()
}

/// How closely to look (<https://ai.google.dev/gemini-api/docs/media-resolution>); only models from 3 on are told
/// part by part.
fn level_of(detail: &str) -> Option<&'static str> {
    Some(match detail {
        "low" => "MEDIA_RESOLUTION_LOW",
        "medium" => "MEDIA_RESOLUTION_MEDIUM",
        "high" => "MEDIA_RESOLUTION_HIGH",
        "original" | "ultra_high" => "MEDIA_RESOLUTION_ULTRA_HIGH",
        _ => return None,
    })
}

/// A tool's result as parts: the response itself, and media that the model takes only beside it.
///
/// # Errors
/// `Unsupported`: a file that another provider keeps.
pub(super) fn result(
    result: &ToolResult,
    wire: &str,
    id: Option<&str>,
    model: Model,
    leaving: &mut Leaving<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    let mut media = Vec::new();
    for block in &result.content {
        if let BlockKind::Media(medium) = &block.kind {
            media.extend(of(medium, model, leaving)?);
        }
    }
    let response = response(&result.content, result.is_error);
    let goes_inside = model.is_third() && !media.is_empty();
    let mut parts = vec![object(|part| {
        part.object("functionResponse", |written| {
            written.text_if("id", id);
            written.text("name", wire);
            written.json("response", &response);
            if goes_inside {
                written.array("parts", |list| media.iter().for_each(|part| list.raw(part)));
            }
        });
    })];
    if !goes_inside {
        parts.extend(media);
    }
    Ok(parts)
}

/// The response must be an object: a result that is one stays it, other text stands under `output` or `error`.
fn response(content: &[Block], is_error: bool) -> Json {
    let texts: Vec<&str> = content.iter().filter_map(Block::as_text).collect();
    let text = texts.join("\n");
    if !is_error {
        if text.is_empty() {
            return Json::empty_object();
        }
        // Words that Gemini reads itself, or that would be read as the envelope of the result, stay text.
        let is_plain =
            ["\"$ref\"", "\"output\"", "\"result\"", "\"error\""].iter().all(|word| !text.contains(word));
        if let Some(json) =
            Json::parse(&text).filter(|json| json.is_object() && is_plain && json.text() == text)
        {
            return json;
        }
    }
    let bytes = object(|response| response.text(if is_error { "error" } else { "output" }, &text));
    String::from_utf8(bytes).ok().and_then(|text| Json::parse(&text)).unwrap_or_else(Json::empty_object)
}
