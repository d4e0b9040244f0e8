//! Tools of a request, written.

use weighhouse_types::Dialect;
use weighhouse_types::chat::{ChatRequest, CustomTool, FunctionTool, Tool, ToolChoice, ToolKind, WebSearch};

use super::read_tools::{NAMESPACE_DESCRIPTION, namespace_description};
use crate::tool_names::Names;
use crate::wire::{Array, Object};

const OWN: Dialect = Dialect::OpenAiResponses;
/// A function without a schema takes nothing.
const NO_ARGUMENTS: &[u8] = br#"{"type":"object","properties":{}}"#;

/// Writes the tools and the choice among them.
pub(super) fn write(request: &ChatRequest, names: &Names, body: &mut Object<'_>) {
    let is_written = |tool: &&Tool| !matches!(tool, Tool::Native(native) if native.origin != OWN);
    let tools: Vec<&Tool> = request.tools.iter().filter(is_written).collect();
    if tools.is_empty() {
        return;
    }
    let is_own = request.extra.origin == Some(OWN);
    body.array("tools", |list| {
        let mut spaces: Vec<&str> = Vec::new();
        for tool in &tools {
            match namespace_of(tool) {
                // A namespace stands where its first tool stood.
                Some(space) if spaces.contains(&space) => {}
                Some(space) => {
                    spaces.push(space);
                    write_namespace(space, &tools, names, is_own, list);
                }
                None => write_tool(tool, names, is_own, list),
            }
        }
    });
    if let Some(choice) = &request.tool_choice {
        write_choice(choice, names, body);
    }
}

fn namespace_of(tool: &Tool) -> Option<&str> {
    match tool {
        Tool::Function(function) => function.namespace.as_deref(),
        Tool::Custom(custom) => custom.namespace.as_deref(),
        Tool::WebSearch(_) | Tool::Native(_) => None,
    }
}

fn write_namespace(space: &str, tools: &[&Tool], names: &Names, is_own: bool, list: &mut Array<'_>) {
    let inside: Vec<&&Tool> = tools.iter().filter(|tool| namespace_of(tool) == Some(space)).collect();
    let description = inside.iter().find_map(|tool| match tool {
        Tool::Function(function) => namespace_description(&function.extra),
        Tool::Custom(_) | Tool::WebSearch(_) | Tool::Native(_) => None,
    });
    list.object(|out| {
        out.text("type", "namespace");
        out.text("name", space);
        out.text_if("description", description.as_deref());
        out.array("tools", |list| inside.iter().for_each(|tool| write_tool(tool, names, is_own, list)));
    });
}

fn write_tool(tool: &Tool, names: &Names, is_own: bool, list: &mut Array<'_>) {
    match tool {
        Tool::Function(function) => write_function(function, names, is_own, list),
        Tool::Custom(custom) => write_custom(custom, names, list),
        Tool::WebSearch(search) => match search.native.as_ref().filter(|(origin, _)| *origin == OWN) {
            Some((_, native)) => list.json(native),
            None => write_search(search, list),
        },
        Tool::Native(native) => list.json(&native.payload),
    }
}

fn write_function(function: &FunctionTool, names: &Names, is_own: bool, list: &mut Array<'_>) {
    list.object(|out| {
        out.text("type", "function");
        match &function.namespace {
            Some(_) => out.text("name", &function.name),
            None => out.text("name", &names.wire(&function.name, None)),
        }
        out.text_if("description", function.description.as_deref());
        match &function.parameters {
            Some(schema) => out.json("parameters", schema),
            None if is_own => {}
            None => out.raw("parameters", NO_ARGUMENTS),
        }
        match function.strict {
            Some(strict) => out.flag("strict", strict),
            None if is_own => {}
            // Silence means strict here, and other dialects mean the opposite by it.
            None => out.flag("strict", false),
        }
        // Deferral needs this provider's own tool search, which only its own clients bring along.
        if is_own && function.deferred {
            out.flag("defer_loading", true);
        }
        for (name, value) in
            function.extra.for_dialect(OWN).filter(|(name, _)| *name != NAMESPACE_DESCRIPTION)
        {
            out.json(name, value);
        }
    });
}

fn write_custom(custom: &CustomTool, names: &Names, list: &mut Array<'_>) {
    list.object(|out| {
        out.text("type", "custom");
        match &custom.namespace {
            Some(_) => out.text("name", &custom.name),
            None => out.text("name", &names.wire(&custom.name, None)),
        }
        out.text_if("description", custom.description.as_deref());
        out.json_if("format", custom.format.as_ref());
    });
}

fn write_search(search: &WebSearch, list: &mut Array<'_>) {
    list.object(|out| {
        out.text("type", "web_search");
        if !search.allowed_domains.is_empty() {
            out.object("filters", |filters| filters.texts("allowed_domains", &search.allowed_domains));
        }
        out.text_if("search_context_size", search.context_size.as_deref());
        if let Some(location) = &search.location {
            out.object("user_location", |place| {
                if !location.text().contains("\"type\"") {
                    place.text("type", "approximate");
                }
                place.members_of(location);
            });
        }
    });
}

fn write_choice(choice: &ToolChoice, names: &Names, body: &mut Object<'_>) {
    let word = |kind: ToolKind| match kind {
        ToolKind::Function => "function",
        ToolKind::Custom => "custom",
    };
    match choice {
        ToolChoice::Auto => body.text("tool_choice", "auto"),
        ToolChoice::None => body.text("tool_choice", "none"),
        ToolChoice::Required => body.text("tool_choice", "required"),
        ToolChoice::Named { name, kind } => body.object("tool_choice", |out| {
            out.text("type", word(*kind));
            out.text("name", &names.wire(name, None));
        }),
        ToolChoice::Allowed { names: allowed, required } => body.object("tool_choice", |out| {
            out.text("type", "allowed_tools");
            out.text("mode", if *required { "required" } else { "auto" });
            out.array("tools", |list| {
                for name in allowed {
                    list.object(|tool| {
                        tool.text("type", "function");
                        tool.text("name", &names.wire(name, None));
                    });
                }
            });
        }),
        ToolChoice::Native(origin, choice) if *origin == OWN => body.json("tool_choice", choice),
        ToolChoice::Native(..) => {}
    }
}
