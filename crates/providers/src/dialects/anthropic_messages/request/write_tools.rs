//! Tools and their choice, written.

use weighhouse_types::Dialect;
use weighhouse_types::chat::{
    ChatRequest, CustomTool, FunctionTool, Json, NativeTool, Tool, ToolChoice, WebSearch,
};

use super::super::block::{Marks, OURS, flat_name};
use super::super::generation::Manner;
use super::schema::input_schema;
use super::{JSON_TOOL, Names};
use crate::translation::CUSTOM_INPUT;
use crate::wire::{Array, Object, Text, wire_object};

/// The server's search that every model with search knows.
const SEARCH: &str = "web_search_20250305";

wire_object! {
    /// Where a user is.
    struct PlaceObject<'a> {
        "city" => city: Text<'a>,
        "region" => region: Text<'a>,
        "country" => country: Text<'a>,
        "timezone" => timezone: Text<'a>,
    }
}

/// The tools of a request on their way.
#[derive(Debug)]
pub(super) struct Toolbox<'request> {
    pub(super) request: &'request ChatRequest,
    pub(super) names: &'request Names,
    pub(super) manner: Manner,
    /// The schema of the tool that stands for JSON output.
    pub(super) json_tool: Option<Json>,
    /// The history calls tools and none are given: LiteLLM's `modify_params` puts one in.
    pub(super) wants_dummy: bool,
    /// The model thinks, which the API refuses together with a forced tool.
    pub(super) thinks: bool,
}

impl Toolbox<'_> {
    fn is_allowed(&self, tool: &Tool) -> bool {
        let Some(ToolChoice::Allowed { names, .. }) = &self.request.tool_choice else { return true };
        let (name, namespace) = match tool {
            Tool::Function(tool) => (&tool.name, tool.namespace.as_deref()),
            Tool::Custom(tool) => (&tool.name, tool.namespace.as_deref()),
            Tool::WebSearch(_) => return names.iter().any(|name| name.starts_with("web_search")),
            Tool::Native(tool) => (&tool.name, None),
        };
        names.contains(name) || names.contains(&flat_name(name, namespace))
    }

    fn tools(&self) -> Vec<&Tool> {
        let is_ours = |tool: &&Tool| !matches!(tool, Tool::Native(native) if !is_known(native));
        self.request.tools.iter().filter(|tool| self.is_allowed(tool)).filter(is_ours).collect()
    }

    fn is_empty(&self) -> bool {
        self.json_tool.is_none() && !self.wants_dummy && self.tools().is_empty()
    }

    /// Writes `tools` and `tool_choice`.
    pub(super) fn write(&self, marks: &mut Marks, body: &mut Object<'_>) {
        if self.is_empty() {
            return;
        }
        body.array("tools", |list| {
            self.tools().into_iter().for_each(|tool| self.write_tool(tool, marks, list));
            if let Some(schema) = &self.json_tool {
                list.object(|tool| {
                    tool.text("name", JSON_TOOL);
                    tool.text(
                        "description",
                        "Gives the answer as a JSON object; call it once, with the whole answer.",
                    );
                    tool.json("input_schema", schema);
                });
            }
            if self.wants_dummy {
                list.object(|tool| {
                    tool.text("name", "dummy_tool");
                    tool.text("description", "Stands for tools of earlier turns; do not call it.");
                    tool.json("input_schema", &input_schema(None));
                });
            }
        });
        self.write_choice(body);
    }

    fn write_tool(&self, tool: &Tool, marks: &mut Marks, list: &mut Array<'_>) {
        match tool {
            Tool::Function(tool) => list.object(|object| self.write_function(tool, marks, object)),
            Tool::Custom(tool) => list.object(|object| self.write_custom(tool, object)),
            Tool::WebSearch(search) => match &search.native {
                Some((OURS, native)) => list.json(native),
                _ => list.object(|object| write_search(search, object)),
            },
            Tool::Native(native) => list.json(&native.payload),
        }
    }

    fn write_function(&self, tool: &FunctionTool, marks: &mut Marks, object: &mut Object<'_>) {
        object.text("name", &self.names.wire(&tool.name, tool.namespace.as_deref()));
        object.text_if("description", tool.description.as_deref());
        object.json("input_schema", &input_schema(tool.parameters.as_ref()));
        if self.manner.schemas != Some(false) {
            object.flag_if("strict", tool.strict);
        }
        if tool.deferred {
            object.flag("defer_loading", true);
        }
        tool.extra.for_dialect(OURS).for_each(|(name, value)| object.json(name, value));
        marks.put(tool.cache, object);
    }

    /// A tool that takes free text goes as a function with one argument.
    fn write_custom(&self, tool: &CustomTool, object: &mut Object<'_>) {
        object.text("name", &self.names.wire(&tool.name, tool.namespace.as_deref()));
        object.text_if("description", tool.description.as_deref());
        object.object("input_schema", |schema| {
            schema.text("type", "object");
            schema.object("properties", |properties| {
                properties.object(CUSTOM_INPUT, |input| {
                    input.text("type", "string");
                    if let Some(format) =
                        tool.format.as_ref().filter(|format| format.text().contains("grammar"))
                    {
                        input.text(
                            "description",
                            &format!("A text that keeps to this form: {}", format.text()),
                        );
                    }
                });
            });
            schema.array("required", |required| required.text(CUSTOM_INPUT));
            schema.flag("additionalProperties", false);
        });
    }

    /// Who wants JSON and says nothing of tools gets it by the tool that stands for it; beside other tools
    /// one of them must be called.
    fn write_choice(&self, body: &mut Object<'_>) {
        let has_others = !self.tools().is_empty();
        let parallel = self.request.parallel_tools;
        let choice = match (&self.json_tool, &self.request.tool_choice) {
            (Some(_), _) if self.thinks => Some(("auto", None)),
            (Some(_), Some(ToolChoice::None)) => Some(("tool", Some(JSON_TOOL.to_owned()))),
            (Some(_), None | Some(ToolChoice::Auto)) if has_others => Some(("any", None)),
            (Some(_), None | Some(ToolChoice::Auto)) => Some(("tool", Some(JSON_TOOL.to_owned()))),
            (None, None) => None,
            (None, Some(ToolChoice::Native(origin, native))) => {
                if *origin == OURS {
                    body.json("tool_choice", native);
                }
                return;
            }
            (_, Some(choice)) => Some(self.choice_of(choice)),
        };
        let (kind, name) = match (choice, parallel) {
            (Some(choice), _) => choice,
            (None, Some(false)) => ("auto", None),
            (None, None | Some(true)) => return,
        };
        body.object("tool_choice", |object| {
            object.text("type", kind);
            object.text_if("name", name.as_deref());
            if kind != "none" {
                object.flag_if("disable_parallel_tool_use", parallel.map(|parallel| !parallel));
            }
        });
    }

    fn choice_of(&self, choice: &ToolChoice) -> (&'static str, Option<String>) {
        match choice {
            ToolChoice::Auto | ToolChoice::Allowed { required: false, .. } | ToolChoice::Native(..) => {
                ("auto", None)
            }
            ToolChoice::None => ("none", None),
            ToolChoice::Required | ToolChoice::Allowed { required: true, .. } => ("any", None),
            ToolChoice::Named { name, .. } => {
                let tools = self.request.tools.iter();
                let namespace = tools.into_iter().find_map(|tool| match tool {
                    Tool::Function(tool) if tool.name == *name => Some(tool.namespace.as_deref()),
                    Tool::Custom(tool) if tool.name == *name => Some(tool.namespace.as_deref()),
                    Tool::Function(_) | Tool::Custom(_) | Tool::WebSearch(_) | Tool::Native(_) => None,
                });
                ("tool", Some(self.names.wire(name, namespace.flatten())))
            }
        }
    }
}

/// Whether the API knows a provider's tool: its own, and those that LiteLLM's clients send through OpenAI's
/// dialect under Anthropic's dated types (`bash_20250124`).
pub(super) fn is_known(tool: &NativeTool) -> bool {
    let is_dated = || {
        tool.name.rsplit_once('_').is_some_and(|(_, date)| {
            date.len() == 8 && date.starts_with("20") && date.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    tool.origin == OURS || (tool.origin == Dialect::OpenAiChat && is_dated())
}

fn write_search(search: &WebSearch, object: &mut Object<'_>) {
    object.text("type", SEARCH);
    object.text("name", "web_search");
    // LiteLLM's reading of OpenAI's sizes.
    let of_size = search.context_size.as_deref().and_then(|size| match size {
        "low" => Some(1),
        "medium" => Some(5),
        "high" => Some(10),
        _ => None,
    });
    object.number_if("max_uses", search.max_uses.or(of_size));
    // The API takes one list or the other.
    if !search.allowed_domains.is_empty() {
        object.texts("allowed_domains", &search.allowed_domains);
    } else if !search.blocked_domains.is_empty() {
        object.texts("blocked_domains", &search.blocked_domains);
    }
    let place = search.location.as_ref().and_then(Json::read::<PlaceObject<'_>>);
    if let Some(place) = place {
        object.object("user_location", |location| {
            location.text("type", "approximate");
            for (name, text) in [
                ("city", &place.city),
                ("region", &place.region),
                ("country", &place.country),
                ("timezone", &place.timezone),
            ] {
                location.text_if(name, text.as_ref().map(Text::as_str));
            }
        });
    }
}
