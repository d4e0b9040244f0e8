//! Tools for a model of this dialect, written.

use weighhouse_types::chat::{ChatRequest, FunctionTool, Json, Tool, ToolChoice, WebSearch};
use weighhouse_types::{Dialect, Error};

use super::super::model::Model;
use super::super::schema;
use crate::tool_names::Names;
use crate::translation::{CUSTOM_INPUT, Leaving};
use crate::wire::{Object, object};

/// Google's own tools, in both spellings.
const GOOGLE: [(&str, &str); 10] = [
    ("googleSearch", "google_search"),
    ("googleSearchRetrieval", "google_search_retrieval"),
    ("urlContext", "url_context"),
    ("codeExecution", "code_execution"),
    ("googleMaps", "google_maps"),
    ("computerUse", "computer_use"),
    ("fileSearch", "file_search"),
    ("enterpriseWebSearch", "enterprise_web_search"),
    ("retrieval", "retrieval"),
    ("mcpServers", "mcp_servers"),
];

/// Tools as they go over the wire.
#[derive(Debug, Default)]
pub(super) struct Tools {
    functions: Vec<Vec<u8>>,
    /// Functions stand before these; each is a tool object of its own.
    google: Vec<Json>,
    /// Both kinds, for a model that must be told so.
    mixes: bool,
}

impl Tools {
    pub(super) const fn has_functions(&self) -> bool {
        !self.functions.is_empty()
    }

    pub(super) fn write(&self, body: &mut Object<'_>) {
        if self.functions.is_empty() && self.google.is_empty() {
            return;
        }
        body.array("tools", |list| {
            if !self.functions.is_empty() {
                list.object(|tool| {
                    tool.array("functionDeclarations", |declarations| {
                        self.functions.iter().for_each(|function| declarations.raw(function));
                    });
                });
            }
            self.google.iter().for_each(|tool| list.json(tool));
        });
    }
}

/// The tools of a request.
///
/// # Errors
/// `Unsupported`: a tool of another provider.
pub(super) fn of(
    tools: &[Tool],
    model: Model,
    names: &Names,
    leaving: &mut Leaving<'_>,
) -> Result<Tools, Error> {
    let mut written = Tools::default();
    for tool in tools {
        match tool {
            Tool::Function(tool) => written.functions.push(function(tool, model, names)),
            Tool::Custom(tool) => {
                let wire = names.wire(&tool.name, tool.namespace.as_deref());
                written.functions.push(custom(&wire, tool.description.as_deref()));
            }
            Tool::WebSearch(search) => written.google.push(web_search(search, leaving)?),
            Tool::Native(tool) => match google_tool(&tool.name, &tool.payload) {
                Some(tool) => written.google.push(tool),
                None => leaving.out("tools", true)?,
            },
        }
    }
    if !written.functions.is_empty() && !written.google.is_empty() {
        // Models before 3 take either kind, and functions are what the client itself will run.
        if model.is_third() {
            written.mixes = true;
        } else {
            written.google.clear();
            leaving.quietly("tools", true);
        }
    }
    Ok(written)
}

fn function(tool: &FunctionTool, model: Model, names: &Names) -> Vec<u8> {
    object(|declaration| {
        declaration.text("name", &names.wire(&tool.name, tool.namespace.as_deref()));
        declaration.text_if("description", tool.description.as_deref());
        // A schema that says nothing is no object, which both members want.
        if let Some(parameters) = tool.parameters.as_ref().filter(|schema| !schema::says_nothing(schema)) {
            if model.takes_json_schema() {
                declaration.json("parametersJsonSchema", &schema::for_json_schema(parameters));
            } else {
                declaration.json_if("parameters", schema::for_openapi(parameters).as_ref());
            }
        }
        tool.extra.for_dialect(Dialect::Gemini).for_each(|(name, value)| declaration.json(name, value));
    })
}

/// A tool that takes free text, as a function of one text.
fn custom(wire: &str, description: Option<&str>) -> Vec<u8> {
    object(|declaration| {
        declaration.text("name", wire);
        declaration.text_if("description", description);
        declaration.object("parameters", |schema| {
            schema.text("type", "object");
            schema.object("properties", |properties| {
                properties.object(CUSTOM_INPUT, |input| input.text("type", "string"));
            });
            schema.array("required", |required| required.text(CUSTOM_INPUT));
        });
    })
}

fn web_search(search: &WebSearch, leaving: &mut Leaving<'_>) -> Result<Json, Error> {
    if let Some((Dialect::Gemini, native)) = &search.native {
        return Ok(native.clone());
    }
    leaving.out("web_search.allowed_domains", !search.allowed_domains.is_empty())?;
    leaving.out("web_search.blocked_domains", !search.blocked_domains.is_empty())?;
    Ok(empty_tool("googleSearch"))
}

/// One of Google's tools: written as such by a client of any dialect, or another provider's that does the same.
fn google_tool(name: &str, payload: &Json) -> Option<Json> {
    let members: std::collections::BTreeMap<String, &serde_json::value::RawValue> = payload.read()?;
    let known = GOOGLE.iter().find_map(|(camel, snake)| {
        let value = members.get(*camel).or_else(|| members.get(*snake))?;
        let bytes = object(|tool| tool.raw(camel, value.get().as_bytes()));
        Json::parse(&String::from_utf8(bytes).ok()?)
    });
    known.or_else(|| match name {
        "code_interpreter" => Some(empty_tool("codeExecution")),
        _ if name.starts_with("code_execution") => Some(empty_tool("codeExecution")),
        _ if name.starts_with("web_fetch") => Some(empty_tool("urlContext")),
        _ => None,
    })
}

fn empty_tool(name: &str) -> Json {
    let bytes = object(|tool| tool.object(name, |_| {}));
    String::from_utf8(bytes).ok().and_then(|text| Json::parse(&text)).unwrap_or_else(Json::empty_object)
}

/// Refuses a choice that cannot be said.
pub(super) fn check_choice(request: &ChatRequest, leaving: &mut Leaving<'_>) -> Result<(), Error> {
    leaving.out("tool_choice", matches!(request.tool_choice, Some(ToolChoice::Native(..))))
}

/// Writes `toolConfig`: the client's own, or what the choice becomes.
pub(super) fn write_config(request: &ChatRequest, names: &Names, tools: &Tools, body: &mut Object<'_>) {
    let own = ["toolConfig", "tool_config"].iter().find_map(|name| match request.extra.origin {
        Some(Dialect::Gemini | Dialect::OpenAiChat) => request.extra.get(name),
        Some(Dialect::OpenAiResponses | Dialect::AnthropicMessages) | None => None,
    });
    if let Some(own) = own {
        body.json("toolConfig", own);
        return;
    }
    let wire = |name: &String| names.wire(name, None);
    let (mode, allowed): (&str, Vec<String>) = match &request.tool_choice {
        // Without functions there is nothing to choose from, and the choice would be refused.
        _ if tools.functions.is_empty() => return,
        None | Some(ToolChoice::Native(..)) => ("", Vec::new()),
        Some(ToolChoice::Auto) => ("AUTO", Vec::new()),
        Some(ToolChoice::None) => ("NONE", Vec::new()),
        Some(ToolChoice::Required) => ("ANY", Vec::new()),
        Some(ToolChoice::Named { name, kind: _ }) => ("ANY", vec![wire(name)]),
        Some(ToolChoice::Allowed { names, required: true }) => ("ANY", names.iter().map(wire).collect()),
        // A list is heeded in these two modes only.
        Some(ToolChoice::Allowed { names, required: false }) => {
            ("VALIDATED", names.iter().map(wire).collect())
        }
    };
    if mode.is_empty() && !tools.mixes {
        return;
    }
    body.object("toolConfig", |config| {
        if !mode.is_empty() {
            config.object("functionCallingConfig", |calling| {
                calling.text("mode", mode);
                if !allowed.is_empty() {
                    calling.texts("allowedFunctionNames", &allowed);
                }
            });
        }
        // <https://ai.google.dev/gemini-api/docs/tool-combination>
        if tools.mixes {
            config.flag("includeServerSideToolInvocations", true);
        }
    });
}
