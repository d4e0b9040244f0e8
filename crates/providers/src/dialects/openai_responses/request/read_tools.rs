//! Tools of a client's request, read.

use std::fmt::Arguments;

use serde_json::value::RawValue;
use weighhouse_types::chat::{
    CustomTool, Extra, FunctionTool, Json, NativeTool, Tool, ToolChoice, ToolKind, WebSearch,
};
use weighhouse_types::{Dialect, Error};

use super::super::wire_request::{Body, Choosing, Tool as WireTool};
use super::read::wrong;
use crate::wire::{Text, read_piece, unknown_to_extra};

const OWN: Dialect = Dialect::OpenAiResponses;
/// Under what a namespace's own description rides with each of its functions.
pub(super) const NAMESPACE_DESCRIPTION: &str = "namespace_description";

/// The tools and the choice among them.
pub(super) fn read(body: &mut Body<'_>) -> Result<(Vec<Tool>, Option<ToolChoice>), Error> {
    let mut tools = Vec::new();
    for (index, raw) in body.tools.take().unwrap_or_default().into_iter().enumerate() {
        read_tool(raw, format_args!("tools[{index}]"), None, &mut tools)?;
    }
    let choice = body.tool_choice.map(choice).transpose()?;
    Ok((tools, choice))
}

/// The namespace that is being read: its name and description.
type Namespace<'a> = Option<(&'a str, Option<&'a str>)>;

fn read_tool(
    raw: &RawValue,
    at: Arguments<'_>,
    space: Namespace<'_>,
    tools: &mut Vec<Tool>,
) -> Result<(), Error> {
    let tool: WireTool<'_> = read_piece(raw).map_err(|error| wrong(at, &error.message))?;
    let namespace = space.map(|(name, _)| name.to_owned());
    let named = |name: Option<Text<'_>>| {
        let name = name.map(Text::into_owned).filter(|name| !name.is_empty());
        name.ok_or_else(|| wrong(format_args!("{at}.name"), "a tool needs a name"))
    };
    match tool.kind.as_ref().map(Text::as_str) {
        Some("function") => {
            let mut extra = unknown_to_extra(&tool.unknown, OWN);
            if let Some((_, Some(description))) = space {
                extra.origin = Some(OWN);
                extra.put(NAMESPACE_DESCRIPTION, Json::string(description));
            }
            tools.push(Tool::Function(FunctionTool {
                name: named(tool.name)?,
                namespace,
                description: tool.description.map(Text::into_owned),
                parameters: tool.parameters.map(Json::from),
                strict: tool.strict,
                deferred: tool.deferred.unwrap_or(false),
                cache: None,
                extra,
            }));
        }
        Some("custom") => tools.push(Tool::Custom(CustomTool {
            name: named(tool.name)?,
            namespace,
            description: tool.description.map(Text::into_owned),
            format: tool.format.map(Json::from),
        })),
        Some("namespace") => {
            let name = named(tool.name)?;
            let description = tool.description.map(Text::into_owned);
            for (index, inner) in tool.tools.unwrap_or_default().into_iter().enumerate() {
                let space = Some((name.as_str(), description.as_deref()));
                read_tool(inner, format_args!("{at}.tools[{index}]"), space, tools)?;
            }
        }
        Some("web_search" | "web_search_preview" | "web_search_2025_08_26") => {
            let (allowed, blocked) = match tool.filters {
                Some(filters) => (filters.allowed, filters.blocked),
                None => (None, None),
            };
            let texts = |list: Option<Vec<Text<'_>>>| {
                list.unwrap_or_default().into_iter().map(Text::into_owned).collect()
            };
            tools.push(Tool::WebSearch(WebSearch {
                max_uses: None,
                allowed_domains: texts(allowed),
                blocked_domains: texts(blocked),
                context_size: tool.context_size.map(Text::into_owned),
                location: tool.location.map(Json::from),
                native: Some((OWN, raw.into())),
            }));
        }
        Some(kind) => tools.push(Tool::Native(NativeTool {
            origin: OWN,
            name: kind.to_owned(),
            payload: raw.into(),
            cache: None,
        })),
        None => return Err(wrong(format_args!("{at}.type"), "a tool needs its type, such as `function`")),
    }
    Ok(())
}

fn choice(raw: &RawValue) -> Result<ToolChoice, Error> {
    if let Ok(word) = serde_json::from_str::<String>(raw.get()) {
        return match word.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => Err(wrong("tool_choice", "it must be auto, none, required or an object that names a tool")),
        };
    }
    let choosing: Choosing<'_> = read_piece(raw).map_err(|error| wrong("tool_choice", &error.message))?;
    Ok(match (choosing.kind.as_ref().map(Text::as_str), choosing.name) {
        (Some("function"), Some(name)) => {
            ToolChoice::Named { name: name.into_owned(), kind: ToolKind::Function }
        }
        (Some("custom"), Some(name)) => ToolChoice::Named { name: name.into_owned(), kind: ToolKind::Custom },
        (Some("allowed_tools"), _) => ToolChoice::Allowed {
            names: choosing
                .tools
                .unwrap_or_default()
                .into_iter()
                .filter_map(|tool| tool.name)
                .map(Text::into_owned)
                .collect(),
            required: choosing.mode.is_some_and(|mode| mode.as_str() == "required"),
        },
        _ => ToolChoice::Native(OWN, raw.into()),
    })
}

/// What of a function's extra is its namespace's.
pub(super) fn namespace_description(extra: &Extra) -> Option<String> {
    extra.get(NAMESPACE_DESCRIPTION).and_then(Json::read)
}
