//! Tools of a request, written.

use weighhouse_catalog::Capability;
use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    ChatRequest, CustomTool, FunctionTool, Json, Tool, ToolChoice, ToolKind, WebSearch,
};

use crate::tool_names::Names;
use crate::translation::{CUSTOM_INPUT, Leaving};
use crate::wire::{Array, Object};

const OWN: Dialect = Dialect::OpenAiChat;
/// The schema of a function that takes nothing.
const NO_ARGUMENTS: &[u8] = br#"{"type":"object","properties":{}}"#;

/// The search among a request's tools, where the model can search. Agents offer a search beside their own tools
/// to every model, and most models at this wire refuse the very word.
pub(super) fn search<'call>(
    request: &'call ChatRequest,
    leaving: &mut Leaving<'_>,
) -> Option<&'call WebSearch> {
    let search = request.tools.iter().find_map(|tool| match tool {
        Tool::WebSearch(search) => Some(search),
        Tool::Function(_) | Tool::Custom(_) | Tool::Native(_) => None,
    })?;
    let can_search = is_own(request) || leaving.toward().can(Capability::WebSearch) == Some(true);
    let is_offer = !can_search && has_tools(request);
    leaving.quietly("tools", is_offer);
    (!is_offer).then_some(search)
}

fn is_own(request: &ChatRequest) -> bool {
    request.extra.origin == Some(OWN)
}

fn has_tools(request: &ChatRequest) -> bool {
    request.tools.iter().any(|tool| match tool {
        Tool::Function(_) | Tool::Custom(_) => true,
        Tool::Native(native) => native.origin == OWN,
        Tool::WebSearch(_) => false,
    })
}

/// Writes the tools, the choice among them and the search.
pub(super) fn write(request: &ChatRequest, names: &Names, search: Option<&WebSearch>, body: &mut Object<'_>) {
    if has_tools(request) {
        body.array("tools", |list| {
            for tool in &request.tools {
                match tool {
                    Tool::Function(function) => write_function(function, names, is_own(request), list),
                    Tool::Custom(custom) => write_custom(custom, names, list),
                    Tool::Native(native) if native.origin == OWN => list.json(&native.payload),
                    Tool::Native(_) | Tool::WebSearch(_) => {}
                }
            }
        });
        if let Some(choice) = &request.tool_choice {
            write_choice(choice, names, body);
        }
    }
    if let Some(search) = search {
        write_search(search, body);
    }
}

fn write_function(function: &FunctionTool, names: &Names, is_own: bool, list: &mut Array<'_>) {
    list.object(|tool| {
        tool.text("type", "function");
        tool.object("function", |out| {
            out.text("name", &names.wire(&function.name, function.namespace.as_deref()));
            out.text_if("description", function.description.as_deref());
            match &function.parameters {
                Some(schema) => out.json("parameters", schema),
                None if is_own => {}
                // Not every provider of this wire takes a function without a schema.
                None => out.raw("parameters", NO_ARGUMENTS),
            }
            out.flag_if("strict", function.strict);
            function.extra.for_dialect(OWN).for_each(|(name, value)| out.json(name, value));
        });
    });
}

fn write_custom(custom: &CustomTool, names: &Names, list: &mut Array<'_>) {
    let name = names.wire(&custom.name, custom.namespace.as_deref());
    list.object(|tool| {
        if names.takes_custom() {
            tool.text("type", "custom");
            tool.object("custom", |out| {
                out.text("name", &name);
                out.text_if("description", custom.description.as_deref());
                if let Some(format) = &custom.format {
                    write_format(format, out);
                }
            });
            return;
        }
        tool.text("type", "function");
        tool.object("function", |out| {
            out.text("name", &name);
            out.text_if("description", custom.description.as_deref());
            out.object("parameters", |schema| {
                schema.text("type", "object");
                schema.object("properties", |properties| {
                    properties.object(CUSTOM_INPUT, |input| input.text("type", "string"));
                });
                schema.texts("required", &[CUSTOM_INPUT.to_owned()]);
            });
        });
    });
}

/// The canonical form of a grammar is flat; chat nests it.
fn write_format(format: &Json, out: &mut Object<'_>) {
    #[derive(serde::Deserialize)]
    struct Flat {
        r#type: String,
        syntax: Option<String>,
        definition: Option<String>,
    }
    let Some(flat) = format.read::<Flat>() else { return };
    out.object("format", |nested| {
        nested.text("type", &flat.r#type);
        if flat.r#type == "grammar" {
            nested.object("grammar", |grammar| {
                grammar.text_if("syntax", flat.syntax.as_deref());
                grammar.text_if("definition", flat.definition.as_deref());
            });
        }
    });
}

fn write_choice(choice: &ToolChoice, names: &Names, body: &mut Object<'_>) {
    match choice {
        ToolChoice::Auto => body.text("tool_choice", "auto"),
        ToolChoice::None => body.text("tool_choice", "none"),
        ToolChoice::Required => body.text("tool_choice", "required"),
        ToolChoice::Named { name, kind } => {
            body.object("tool_choice", |out| write_named(&names.wire(name, None), *kind, names, out));
        }
        ToolChoice::Allowed { names: allowed, required } => body.object("tool_choice", |out| {
            out.text("type", "allowed_tools");
            out.object("allowed_tools", |inside| {
                inside.text("mode", if *required { "required" } else { "auto" });
                inside.array("tools", |list| {
                    for name in allowed {
                        list.object(|tool| {
                            write_named(&names.wire(name, None), ToolKind::Function, names, tool);
                        });
                    }
                });
            });
        }),
        ToolChoice::Native(origin, choice) if *origin == OWN => body.json("tool_choice", choice),
        ToolChoice::Native(..) => {}
    }
}

fn write_named(name: &str, kind: ToolKind, names: &Names, out: &mut Object<'_>) {
    let word = if kind == ToolKind::Custom && names.takes_custom() { "custom" } else { "function" };
    out.text("type", word);
    out.object(word, |inside| inside.text("name", name));
}

fn write_search(search: &WebSearch, body: &mut Object<'_>) {
    body.object("web_search_options", |options| {
        options.text_if("search_context_size", search.context_size.as_deref());
        if let Some(location) = &search.location {
            options.object("user_location", |out| {
                out.text("type", "approximate");
                out.json("approximate", location);
            });
        }
    });
}
