//! What passes between the dialects when a call is translated: where a request goes, what its reply's reader
//! must remember, and what the client's writer must know.

use weighhouse_catalog::{Capability, ModelFacts};
use weighhouse_types::chat::{ChatRequest, Json, Tool, ToolKind};
use weighhouse_types::{Dialect, Error, Kind};

use crate::envelope::Envelope;

/// The one argument of a function that stands for a custom tool.
pub const CUSTOM_INPUT: &str = "input";

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Toward<'call> {
    /// The provider's name in the registry, for errors.
    pub provider: &'call str,
    /// The model as the provider knows it.
    pub model: &'call str,
    /// What is known of the model.
    pub facts: Option<&'call ModelFacts>,
    /// What cannot be said there is left out instead of refused (`drop_params`, and clients other than OpenAI's,
    /// whose hints must never be a reason to refuse).
    pub drops: bool,
    /// LiteLLM's `modify_params`: the conversation may be mended where the provider would refuse it.
    pub mends: bool,
    /// What ids are made from where the provider gives none: the call's own id.
    pub seed: &'call str,
}

impl Toward<'_> {
    /// Whether the model has a capability; none where nothing is known of the model.
    #[must_use]
    pub fn can(&self, capability: Capability) -> Option<bool> {
        self.facts.map(|facts| facts.capabilities.has(capability))
    }

    /// The most that the model generates.
    #[must_use]
    pub fn max_output(&self) -> Option<u64> {
        self.facts.and_then(|facts| facts.limits.max_output)
    }
}

/// A request as its provider expects it.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// The JSON body, the model in it where the dialect has it there.
    pub body: Vec<u8>,
    /// Headers that the body needs, such as `anthropic-beta`; the same name may stand more than once.
    pub headers: Vec<(&'static str, String)>,
    /// Parameters that were left out because the provider cannot take them.
    pub dropped: Vec<&'static str>,
    /// For the reader of the reply.
    pub notes: ReplyNotes,
}

/// What the reader of a reply must remember of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplyNotes {
    /// Tools that go under another name or in another shape on the wire.
    pub tools: Vec<WireTool>,
    /// The tool that stands for the JSON output (its arguments are the answer's text).
    pub json_tool: Option<String>,
    /// What ids are made from where the provider gives none.
    pub seed: String,
}

/// A tool as it goes over the wire, and as the client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireTool {
    /// Its name on the wire.
    pub wire: String,
    /// Its name for the client.
    pub name: String,
    /// Its namespace for the client.
    pub namespace: Option<String>,
    /// Its kind for the client. A custom tool that goes as a function has one argument, [`CUSTOM_INPUT`].
    pub kind: ToolKind,
}

impl ReplyNotes {
    /// The tool of a name on the wire; none where it goes as the client knows it.
    #[must_use]
    pub fn tool(&self, wire: &str) -> Option<&WireTool> {
        self.tools.iter().find(|tool| tool.wire == wire)
    }

    /// An id for the call of a tool that the provider gave none.
    #[must_use]
    pub fn call_id(&self, index: usize) -> String {
        format!("call_{}_{index}", self.seed.replace('-', ""))
    }
}

/// What the writer for a client must know.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The model's name as the client is shown it.
    pub model: String,
    /// What ids are made from where the provider gives none: the call's own id.
    pub seed: String,
    /// Now, in seconds since 1970, where the provider does not say when.
    pub created: i64,
    /// Whether the client wants the usage in a stream.
    pub wants_usage: bool,
    /// The client's request; some dialects repeat parts of it in the answer.
    pub request: Envelope,
}

impl Shown {
    /// A member of the client's request as it came.
    #[must_use]
    pub fn asked(&self, name: &str) -> Option<Json> {
        let member = self.request.member(name).ok().flatten()?;
        Json::parse(std::str::from_utf8(self.request.raw(member)).ok()?)
    }
}

/// What a provider cannot be told: refused by name, or left out and listed.
#[derive(Debug)]
pub struct Leaving<'call> {
    toward: Toward<'call>,
    dropped: Vec<&'static str>,
}

impl<'call> Leaving<'call> {
    /// Nothing left out yet.
    #[must_use]
    pub const fn new(toward: Toward<'call>) -> Self {
        Self { toward, dropped: Vec::new() }
    }

    /// Leaves a parameter out if the client said it.
    ///
    /// # Errors
    /// `Unsupported`, naming the parameter and the remedy, where leaving out is not allowed.
    pub fn out(&mut self, parameter: &'static str, is_said: bool) -> Result<(), Error> {
        if !is_said {
            return Ok(());
        }
        if self.toward.drops {
            self.dropped.push(parameter);
            return Ok(());
        }
        Err(unsupported(parameter, self.toward.provider))
    }

    /// Leaves out other providers' own tools.
    ///
    /// # Errors
    /// As [`Leaving::out`].
    pub fn foreign_tools(&mut self, request: &ChatRequest, own: Dialect) -> Result<(), Error> {
        let is_foreign = |tool: &Tool| matches!(tool, Tool::Native(native) if native.origin != own);
        self.out("tools", request.tools.iter().any(is_foreign))
    }

    /// Toward whom.
    #[must_use]
    pub const fn toward(&self) -> &Toward<'call> {
        &self.toward
    }

    /// Leaves out what a client offers rather than asks for, such as a search beside its own tools: the answer
    /// is whole without it, so no client is refused for it. It is listed all the same.
    pub fn quietly(&mut self, offer: &'static str, is_said: bool) {
        if is_said {
            self.dropped.push(offer);
        }
    }

    /// What was left out.
    #[must_use]
    pub fn dropped(self) -> Vec<&'static str> {
        self.dropped
    }
}

/// LiteLLM's words for a parameter that a provider cannot honour.
#[must_use]
pub fn unsupported(parameter: &str, provider: &str) -> Error {
    let message = format!(
        "litellm.UnsupportedParamsError: {provider} does not support the parameter `{parameter}` for this model. \
         Leave it out, or set `drop_params: true` under litellm_settings to have it dropped"
    );
    Error::new(Kind::Unsupported, message).at(parameter)
}
