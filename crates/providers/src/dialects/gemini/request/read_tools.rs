//! A client's tools and which of them it wants, read.

use std::fmt::Arguments;

use serde_json::value::RawValue;
use weighhouse_types::chat::{FunctionTool, Json, NativeTool, Tool, ToolChoice, ToolKind, WebSearch};
use weighhouse_types::{Dialect, Error};

use super::super::schema;
use super::super::wire::{Calling, Declaration, Raws, ToolConfig, ToolObject};
use super::read::{under, wrong};
use crate::wire::{OneOrMany, Text, object, read_piece, unknown_to_extra};

/// Reads `tools`: each object holds functions, tools of Google's, or both.
pub(super) fn tools(list: Option<Raws<'_>>) -> Result<Vec<Tool>, Error> {
    let mut tools = Vec::new();
    for (place, raw) in list.unwrap_or_default().0.into_iter().enumerate() {
        let at = format_args!("tools[{place}]");
        let read: ToolObject<'_> = read_piece(raw).map_err(|error| under(at, &error))?;
        for (nth, function) in
            read.functions.map(|OneOrMany(list)| list).unwrap_or_default().into_iter().enumerate()
        {
            tools.push(Tool::Function(declaration(
                function,
                format_args!("{at}.functionDeclarations[{nth}]"),
            )?));
        }
        tools.extend(read.unknown.iter().map(|(name, value)| google_tool(name.as_str(), value)));
    }
    Ok(tools)
}

fn declaration(function: Declaration<'_>, at: Arguments<'_>) -> Result<FunctionTool, Error> {
    let name = function.name.ok_or_else(|| wrong(format_args!("{at}.name"), "it is required"))?;
    let openapi = function.parameters.map(|parameters| schema::from_openapi(&parameters.into()));
    Ok(FunctionTool {
        name: name.into_owned(),
        description: function.description.map(Text::into_owned),
        parameters: function.json_schema.map(Json::from).or(openapi),
        extra: unknown_to_extra(&function.unknown, Dialect::Gemini),
        ..FunctionTool::default()
    })
}

/// A tool that Google runs, or one that it knows by name (`computerUse`).
fn google_tool(name: &str, value: &RawValue) -> Tool {
    let bytes = object(|tool| tool.raw(name, value.get().as_bytes()));
    let payload = String::from_utf8(bytes).ok().and_then(|text| Json::parse(&text));
    let payload = payload.unwrap_or_else(Json::empty_object);
    if matches!(name, "googleSearch" | "google_search" | "googleSearchRetrieval" | "google_search_retrieval")
    {
        let native = Some((Dialect::Gemini, payload));
        return Tool::WebSearch(WebSearch { native, ..WebSearch::default() });
    }
    Tool::Native(NativeTool { origin: Dialect::Gemini, name: name.to_owned(), payload, cache: None })
}

/// Reads `toolConfig`: the choice, and the whole where it says more than a choice can.
pub(super) fn choice(config: &RawValue) -> Result<(Option<ToolChoice>, Option<Json>), Error> {
    let read: ToolConfig<'_> =
        read_piece(config).map_err(|error| under(format_args!("toolConfig"), &error))?;
    let mut says_more = !read.unknown.is_empty();
    let Some(calling) = read.calling else { return Ok((None, says_more.then(|| config.into()))) };
    says_more |= !calling.unknown.is_empty();
    let (choice, is_strict) = choice_of(calling)?;
    Ok((Some(choice), (says_more || is_strict).then(|| config.into())))
}

/// The choice, and whether it holds the model to its schemas, which no choice says.
fn choice_of(calling: Calling<'_>) -> Result<(ToolChoice, bool), Error> {
    let names: Vec<String> = calling.allowed.unwrap_or_default().into_iter().map(Text::into_owned).collect();
    let mode = calling.mode.map_or_else(|| "AUTO".to_owned(), |mode| mode.as_str().to_ascii_uppercase());
    let choice = match (mode.as_str(), names.as_slice()) {
        ("NONE", _) => ToolChoice::None,
        ("ANY", []) => ToolChoice::Required,
        ("ANY", [name]) => ToolChoice::Named { name: name.clone(), kind: ToolKind::Function },
        ("ANY", _) => ToolChoice::Allowed { names, required: true },
        ("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", []) => ToolChoice::Auto,
        ("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", _) => ToolChoice::Allowed { names, required: false },
        _ => {
            let what = format!("`{mode}` is not a mode; use one of AUTO, ANY, NONE, VALIDATED");
            return Err(wrong("toolConfig.functionCallingConfig.mode", &what));
        }
    };
    let is_strict = mode == "VALIDATED" && choice == ToolChoice::Auto;
    Ok((choice, is_strict))
}
