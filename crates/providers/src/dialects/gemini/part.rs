//! Parts as blocks, for requests and answers alike.

use serde_json::value::RawValue;
use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    Block, BlockKind, Foreign, Json, Media, MediaKind, MediaSource, Reasoning, ServerTool, ServerToolPhase,
    Signature, TextBlock,
};

use super::proof::standard_base64;
use super::wire::{Data, FunctionCall, FunctionResponse, Part, Resolution};
use crate::wire::Text;

/// Where Google keeps files that were uploaded; nobody else can read them there.
pub(super) const FILES: &str = "https://generativelanguage.googleapis.com/";

/// What a part is.
#[derive(Debug)]
pub(super) enum PartIs<'a> {
    /// A block.
    Block(Block),
    /// A call; its id may have to be made.
    Call(FunctionCall<'a>, Option<Signature>),
    /// What a function gave; its call may have to be found.
    Response(FunctionResponse<'a>),
}

impl<'a> PartIs<'a> {
    /// Tells what a part is; `proof` reads its signature.
    pub(super) fn of(part: Part<'a>, raw: &RawValue, proof: impl Fn(&str) -> Signature) -> Self {
        let signature = part.signature.as_ref().map(|text| proof(text.as_str()));
        let kind = if let Some(call) = part.call {
            return Self::Call(call, signature);
        } else if let Some(response) = part.response {
            return Self::Response(response);
        } else if part.video.is_some() {
            // Where a film is cut only Gemini understands.
            foreign(raw)
        } else if let Some(data) = part.inline.or(part.file) {
            media(data, part.resolution.as_ref(), raw)
        } else if part.code.is_some() || part.tool_call.is_some() {
            server_tool(raw, ServerToolPhase::Call)
        } else if part.code_result.is_some() || part.tool_response.is_some() {
            server_tool(raw, ServerToolPhase::Result)
        } else if part.thought == Some(true) {
            let text = part.text.map(Text::into_owned).unwrap_or_default();
            let parts = if text.is_empty() { Vec::new() } else { vec![text] };
            BlockKind::Reasoning(Reasoning { parts, signature, ..Reasoning::default() })
        } else if part.text.is_some() || signature.is_some() {
            let text = part.text.map(Text::into_owned).unwrap_or_default();
            BlockKind::Text(TextBlock { text, signature, ..TextBlock::default() })
        } else {
            foreign(raw)
        };
        Self::Block(kind.into())
    }
}

fn foreign(raw: &RawValue) -> BlockKind {
    BlockKind::Foreign(Foreign { origin: Dialect::Gemini, payload: raw.into() })
}

fn server_tool(raw: &RawValue, phase: ServerToolPhase) -> BlockKind {
    BlockKind::ServerTool(ServerTool { origin: Dialect::Gemini, phase, payload: raw.into() })
}

/// A picture, sound, film or document; what names no bytes stays foreign.
pub(super) fn media(data: Data<'_>, resolution: Option<&Resolution<'_>>, raw: &RawValue) -> BlockKind {
    let source = match (data.data, data.uri) {
        (Some(bytes), _) => MediaSource::Base64(standard_base64(bytes.as_str())),
        (None, Some(uri)) if uri.as_str().starts_with(FILES) || uri.as_str().starts_with("gs://") => {
            MediaSource::FileId(uri.into_owned())
        }
        (None, Some(uri)) => MediaSource::Url(uri.into_owned()),
        (None, None) => return foreign(raw),
    };
    let media_type = data.mime_type.map(Text::into_owned);
    let kind = match (&media_type, &source) {
        (Some(media_type), _) => kind_of(media_type),
        (None, MediaSource::Url(uri)) if is_youtube(uri) => MediaKind::Video,
        (None, _) => MediaKind::Document,
    };
    BlockKind::Media(Media {
        kind,
        source,
        media_type,
        name: data.name.map(Text::into_owned),
        detail: resolution.and_then(|said| detail_of(said.level.as_ref()?.as_str())),
        context: None,
        cites: false,
    })
}

fn kind_of(media_type: &str) -> MediaKind {
    match media_type.split('/').next() {
        Some("image") => MediaKind::Image,
        Some("audio") => MediaKind::Audio,
        Some("video") => MediaKind::Video,
        _ => MediaKind::Document,
    }
}

/// Whether a film is read where it is shown, without a MIME type.
pub(super) fn is_youtube(uri: &str) -> bool {
    let host = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let host = host.strip_prefix("www.").unwrap_or(host);
    host.starts_with("youtube.com/") || host.starts_with("youtu.be/")
}

fn detail_of(level: &str) -> Option<String> {
    let word = level.strip_prefix("MEDIA_RESOLUTION_").unwrap_or(level).to_ascii_lowercase();
    (word != "unspecified").then_some(word)
}

/// What a function gave as texts, and whether it failed.
pub(super) fn given(response: Option<&RawValue>) -> (Option<String>, bool) {
    use super::wire::Given;
    let Some(raw) = response else { return (None, false) };
    let text_of = |value: &RawValue| {
        serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned())
    };
    let only = match serde_json::from_str::<Given<'_>>(raw.get()) {
        Ok(Given { output: None, result: None, error: Some(error), unknown }) if unknown.is_empty() => {
            return (Some(text_of(error)), true);
        }
        Ok(Given { output: Some(only), result: None, error: None, unknown })
        | Ok(Given { output: None, result: Some(only), error: None, unknown })
            if unknown.is_empty() =>
        {
            only
        }
        Ok(_) | Err(_) => raw,
    };
    let text = text_of(only);
    (Some(text).filter(|text| !text.is_empty() && text != "{}"), false)
}

/// Arguments as the model wrote them.
pub(super) fn arguments(args: Option<&RawValue>) -> String {
    args.map_or_else(|| "{}".to_owned(), |args| args.get().to_owned())
}

/// A call's arguments as the object that the wire wants: what is no object stands under `input`.
pub(super) fn args_object(arguments: &str) -> Json {
    let text = arguments.trim();
    match Json::parse(text) {
        Some(json) if json.is_object() => json,
        _ if text.is_empty() => Json::empty_object(),
        _ => input_object(arguments),
    }
}

/// An object with a text under `input`.
pub(super) fn input_object(text: &str) -> Json {
    let bytes = crate::wire::object(|object| object.text(crate::translation::CUSTOM_INPUT, text));
    String::from_utf8(bytes).ok().and_then(|text| Json::parse(&text)).unwrap_or_else(Json::empty_object)
}
