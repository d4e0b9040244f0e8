//! Tools of a client's request, read.

use std::fmt::Arguments;

use serde_json::value::RawValue;
use weighhouse_types::chat::{
    ChatRequest, CustomTool, FunctionTool, Json, NativeTool, Tool, ToolCall, ToolChoice, ToolKind, WebSearch,
};
use weighhouse_types::{Dialect, Error};

use super::super::wire::{Body, Choosing, Custom, CustomFormat, Function, Tool as WireTool, text_of};
use super::parts::mark;
use super::read::wrong;
use crate::thought::id_and_signature;
use crate::wire::{Text, TextOr, object, read_piece, unknown_to_extra};

/// Reads the tools and the choice among them.
pub(super) fn read(body: &mut Body<'_>, request: &mut ChatRequest) -> Result<(), Error> {
    for (index, raw) in body.tools.take().unwrap_or_default().into_iter().enumerate() {
        request.tools.push(tool(raw, format_args!("tools[{index}]"))?);
    }
    for (index, legacy) in body.functions.take().unwrap_or_default().into_iter().enumerate() {
        request.tools.push(Tool::Function(function(legacy, format_args!("functions[{index}]"))?));
    }
    if let Some(options) = body.web_search.take() {
        request.tools.push(Tool::WebSearch(WebSearch {
            context_size: options.context_size.map(Text::into_owned),
            location: options.location.and_then(|location| location.approximate).map(Json::from),
            ..WebSearch::default()
        }));
    }
    request.tool_choice = match (body.tool_choice.take(), body.function_call.take()) {
        (Some(raw), _) => Some(match text_of(raw) {
            Some(word) => worded(&word, format_args!("tool_choice"))?,
            None => chosen(raw)?,
        }),
        (None, Some(TextOr::Text(word))) => Some(worded(word.as_str(), format_args!("function_call"))?),
        (None, Some(TextOr::Other(function))) => {
            let name = function.name.map(Text::into_owned).unwrap_or_default();
            Some(ToolChoice::Named { name, kind: ToolKind::Function })
        }
        (None, None) => None,
    };
    Ok(())
}

fn tool(raw: &RawValue, at: Arguments<'_>) -> Result<Tool, Error> {
    let tool: WireTool<'_> = read_piece(raw).map_err(|error| wrong(at, &error.message))?;
    let cache = tool.cache.as_ref().map(mark);
    match (tool.kind.as_ref().map(Text::as_str), tool.function, tool.custom) {
        (Some("function") | None, Some(declared), _) => {
            let declared = function(declared, format_args!("{at}.function"))?;
            Ok(Tool::Function(FunctionTool { cache, ..declared }))
        }
        (Some("custom"), _, Some(declared)) => Ok(Tool::Custom(CustomTool {
            name: named(declared.name, format_args!("{at}.custom.name"))?,
            namespace: None,
            description: declared.description.map(Text::into_owned),
            format: declared.format.map(flat_format),
        })),
        (Some(kind @ ("function" | "custom")), ..) => {
            Err(wrong(format_args!("{at}.{kind}"), "the tool says this type, so it must hold this"))
        }
        (Some(kind), ..) => Ok(Tool::Native(NativeTool {
            origin: Dialect::OpenAiChat,
            name: kind.to_owned(),
            payload: raw.into(),
            cache,
        })),
        (None, None, _) => Err(wrong(format_args!("{at}.type"), "a tool needs its type, such as `function`")),
    }
}

fn named(name: Option<Text<'_>>, at: Arguments<'_>) -> Result<String, Error> {
    let name = name.map(Text::into_owned).filter(|name| !name.is_empty());
    name.ok_or_else(|| wrong(at, "a tool needs a name"))
}

fn function(function: Function<'_>, at: Arguments<'_>) -> Result<FunctionTool, Error> {
    Ok(FunctionTool {
        name: named(function.name, format_args!("{at}.name"))?,
        description: function.description.map(Text::into_owned),
        parameters: function.parameters.map(Json::from),
        strict: function.strict,
        extra: unknown_to_extra(&function.unknown, Dialect::OpenAiChat),
        ..FunctionTool::default()
    })
}

/// Chat nests a grammar; the canonical form is the flat one of responses.
fn flat_format(format: CustomFormat<'_>) -> Json {
    let text = object(|flat| {
        flat.text("type", format.kind.as_ref().map_or("text", Text::as_str));
        if let Some(grammar) = &format.grammar {
            flat.text_if("syntax", grammar.syntax.as_ref().map(Text::as_str));
            flat.text_if("definition", grammar.definition.as_ref().map(Text::as_str));
        }
    });
    std::str::from_utf8(&text).ok().and_then(Json::parse).unwrap_or_else(Json::empty_object)
}

fn worded(word: &str, at: Arguments<'_>) -> Result<ToolChoice, Error> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        // Mistral's word, which LiteLLM takes too.
        "required" | "any" => Ok(ToolChoice::Required),
        _ => Err(wrong(at, "it must be auto, none, required or an object that names a tool")),
    }
}

fn chosen(raw: &RawValue) -> Result<ToolChoice, Error> {
    let choosing: Choosing<'_> = read_piece(raw).map_err(|error| wrong("tool_choice", &error.message))?;
    if let Some(allowed) = choosing.allowed {
        let names = allowed.tools.unwrap_or_default().into_iter().filter_map(name_of).collect();
        let required = allowed.mode.is_some_and(|mode| mode.as_str() == "required");
        return Ok(ToolChoice::Allowed { names, required });
    }
    let kind = if choosing.custom.is_some() { ToolKind::Custom } else { ToolKind::Function };
    match name_of(choosing) {
        Some(name) => Ok(ToolChoice::Named { name, kind }),
        None => Ok(ToolChoice::Native(Dialect::OpenAiChat, raw.into())),
    }
}

fn name_of(choosing: Choosing<'_>) -> Option<String> {
    let function = choosing.function.and_then(|function| function.name);
    function.or_else(|| choosing.custom.and_then(|custom| custom.name)).map(Text::into_owned)
}

/// A call of the history.
pub(super) fn call(
    shown: &str,
    function: Option<Function<'_>>,
    custom: Option<Custom<'_>>,
    at: Arguments<'_>,
) -> Result<ToolCall, Error> {
    let (id, signature) = id_and_signature(shown, Dialect::OpenAiChat);
    if let Some(custom) = custom {
        return Ok(ToolCall {
            id,
            name: named(custom.name, format_args!("{at}.custom.name"))?,
            namespace: None,
            kind: ToolKind::Custom,
            arguments: custom.input.map(Text::into_owned).unwrap_or_default(),
            signature,
        });
    }
    let function =
        function.ok_or_else(|| wrong(format_args!("{at}.function"), "a call needs its function"))?;
    // Some servers and clients write the object itself instead of its text.
    let arguments = function.arguments.map(|raw| text_of(raw).unwrap_or_else(|| raw.get().to_owned()));
    Ok(ToolCall {
        id,
        name: named(function.name, format_args!("{at}.function.name"))?,
        namespace: None,
        kind: ToolKind::Function,
        arguments: arguments.unwrap_or_default(),
        signature,
    })
}
