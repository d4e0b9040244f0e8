//! Tools and their choice, read.

use serde_json::value::RawValue;
use weighhouse_types::Error;
use weighhouse_types::chat::{FunctionTool, Json, NativeTool, Tool, ToolChoice, ToolKind, WebSearch};

use super::super::block::{OURS, need, part, read_mark, under};
use super::super::wire::{ChoiceObject, SearchObject, ToolObject};
use crate::wire::{Text, unknown_to_extra, wire_object};

wire_object! {
    /// A tool of the server, of which only its type and mark matter here.
    struct NativeObject<'a> {
        "type" => kind: Text<'a>,
        "cache_control" => cache_control: &'a RawValue,
    }
}

/// Reads the tools.
///
/// # Errors
/// `InvalidRequest` with the path of what does not fit.
pub(super) fn read_tools(tools: Vec<&RawValue>) -> Result<Vec<Tool>, Error> {
    let read = |(index, raw)| read_tool(raw).map_err(|error| under(error, &format!("tools[{index}]")));
    tools.into_iter().enumerate().map(read).collect()
}

fn read_tool(raw: &RawValue) -> Result<Tool, Error> {
    let native: NativeObject<'_> = part(raw)?;
    match native.kind.as_ref().map(Text::as_str) {
        None | Some("custom") => read_function(raw),
        Some(kind) if kind.starts_with("web_search_") => read_search(raw),
        Some(kind) => Ok(Tool::Native(NativeTool {
            origin: OURS,
            name: kind.to_owned(),
            payload: raw.into(),
            cache: native.cache_control.and_then(read_mark),
        })),
    }
}

fn read_function(raw: &RawValue) -> Result<Tool, Error> {
    let object: ToolObject<'_> = part(raw)?;
    Ok(Tool::Function(FunctionTool {
        name: need(object.name, "name")?.into_owned(),
        namespace: None,
        description: object.description.map(Text::into_owned),
        parameters: object.input_schema.map(Json::from),
        strict: object.strict,
        cache: object.cache_control.and_then(read_mark),
        deferred: object.defer_loading.unwrap_or_default(),
        extra: unknown_to_extra(&object.unknown, OURS),
    }))
}

fn read_search(raw: &RawValue) -> Result<Tool, Error> {
    let object: SearchObject<'_> = part(raw)?;
    let owned = |texts: Option<Vec<Text<'_>>>| {
        texts.unwrap_or_default().into_iter().map(Text::into_owned).collect::<Vec<String>>()
    };
    Ok(Tool::WebSearch(WebSearch {
        max_uses: object.max_uses,
        allowed_domains: owned(object.allowed_domains),
        blocked_domains: owned(object.blocked_domains),
        context_size: None,
        location: object.user_location.map(Json::from),
        native: Some((OURS, raw.into())),
    }))
}

/// Reads the choice, and whether several tools may be called at once.
///
/// # Errors
/// `InvalidRequest` with the path of what does not fit.
pub(super) fn read_choice(raw: Option<&RawValue>) -> Result<(Option<ToolChoice>, Option<bool>), Error> {
    let Some(raw) = raw else { return Ok((None, None)) };
    let object: ChoiceObject<'_> = part(raw).map_err(|error| under(error, "tool_choice"))?;
    let choice = match need(object.kind, "tool_choice.type")?.as_str() {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Named {
            name: need(object.name, "tool_choice.name")?.into_owned(),
            kind: ToolKind::Function,
        },
        _ => ToolChoice::Native(OURS, raw.into()),
    };
    Ok((Some(choice), object.disable_parallel.map(|is_disabled| !is_disabled)))
}
