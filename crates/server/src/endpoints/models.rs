//! `/v1/models` and `/model/info`, in the shapes of OpenAI and LiteLLM.

use http::{Response, StatusCode};
use serde::Serialize;
use weighhouse_auth::{Caller, Standing};
use weighhouse_catalog::{Capability, Mode, PriceMoment, Tier};
use weighhouse_types::{Error, Kind, Picos, UsageClass};

use crate::deployment::Deployment;
use crate::egress::json;
use crate::reply::ReplyBody;
use crate::snapshot::Snapshot;
use crate::worker::Worker;

/// LiteLLM's constant date of creation.
const CREATED: u64 = 1_677_610_602;

#[derive(Serialize)]
struct List<T> {
    data: Vec<T>,
    object: &'static str,
}

#[derive(Serialize)]
struct Model<'name> {
    id: &'name str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

fn model(id: &str) -> Model<'_> {
    Model { id, object: "model", created: CREATED, owned_by: "openai" }
}

/// What of a configuration a caller may see: what key, team, user and tags let it use.
pub(crate) struct Sight<'call> {
    snapshot: &'call Snapshot,
    caller: &'call Caller,
    standing: Standing,
}

impl<'call> Sight<'call> {
    /// What a caller may see.
    ///
    /// # Errors
    /// `NoKey`; `TeamBlocked`; `Overloaded` where the store cannot be asked.
    pub(crate) async fn of(
        worker: &Worker,
        snapshot: &'call Snapshot,
        caller: Option<&'call Caller>,
    ) -> Result<Self, Error> {
        let caller = caller.ok_or_else(|| Error::new(Kind::NoKey, "a key is needed"))?;
        let standing = worker.house.directory.standing(caller, None, &[]).await?;
        Ok(Self { snapshot, caller, standing })
    }

    fn stands_for<'name>(&'name self, name: &'name str) -> &'name str {
        self.standing.model_for(self.caller.model_for(name))
    }

    fn has(&self, name: &str) -> bool {
        let (model, groups) = (self.stands_for(name), &self.snapshot.access_groups);
        self.caller.may_use(name, model, groups).is_ok()
            && self.standing.may_use(self.caller.model_for(name), model, groups).is_ok()
    }

    /// The models that the caller may use: groups and aliases, the key's own aliases, and for wildcards what
    /// the key's list names.
    fn names(&self) -> Vec<&str> {
        let table = &self.snapshot.table;
        let mut names: Vec<&str> = table.names().filter(|name| self.has(name)).collect();
        if let Some(key) = self.caller.key() {
            let own = key.record.aliases.iter().map(|(alias, _)| alias.as_str());
            let listed = key.record.models.iter().map(String::as_str).filter(|name| !name.contains('*'));
            let is_served = |name: &&str| table.find(self.stands_for(name)).is_some();
            names.extend(own.chain(listed).filter(|name| is_served(name) && self.has(name)));
            names.sort_unstable();
            names.dedup();
        }
        names
    }
}

/// In whose shape models are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    OpenAi,
    Anthropic,
    Google,
}

/// Anthropic's shape (<https://docs.claude.com/en/api/models-list>), which Claude Code reads to find models.
#[derive(Serialize)]
struct AnthropicList<'name> {
    data: Vec<AnthropicModel<'name>>,
    has_more: bool,
    first_id: Option<&'name str>,
    last_id: Option<&'name str>,
}

#[derive(Serialize)]
struct AnthropicModel<'name> {
    r#type: &'static str,
    id: &'name str,
    display_name: &'name str,
    created_at: &'static str,
}

/// Google's shape (<https://ai.google.dev/api/models>).
#[derive(Serialize)]
struct GoogleList {
    models: Vec<GoogleModel>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GoogleModel {
    name: String,
    display_name: String,
    supported_generation_methods: [&'static str; 3],
}

/// `GET /v1/models` and `GET /v1beta/models`.
pub(crate) fn list(sight: &Sight<'_>, face: Face) -> Response<ReplyBody> {
    let names = sight.names();
    let body = match face {
        Face::OpenAi => {
            serde_json::to_vec(&List { data: names.into_iter().map(model).collect(), object: "list" })
        }
        Face::Anthropic => serde_json::to_vec(&AnthropicList {
            has_more: false,
            first_id: names.first().copied(),
            last_id: names.last().copied(),
            data: names.into_iter().map(anthropic_model).collect(),
        }),
        Face::Google => {
            serde_json::to_vec(&GoogleList { models: names.into_iter().map(google_model).collect() })
        }
    };
    json(StatusCode::OK, body.unwrap_or_default())
}

const fn anthropic_model(id: &str) -> AnthropicModel<'_> {
    // The same moment as `CREATED`.
    AnthropicModel { r#type: "model", id, display_name: id, created_at: "2023-02-28T18:56:42Z" }
}

fn google_model(id: &str) -> GoogleModel {
    GoogleModel {
        name: format!("models/{id}"),
        display_name: id.to_owned(),
        supported_generation_methods: ["generateContent", "streamGenerateContent", "countTokens"],
    }
}

/// `GET /v1/models/{id}`.
pub(crate) fn one(sight: &Sight<'_>, id: &str, face: Face) -> Result<Response<ReplyBody>, Error> {
    if sight.snapshot.table.find(sight.stands_for(id)).is_none() || !sight.has(id) {
        return Err(Error::new(Kind::NotFound, format!("The model `{id}` does not exist")).at("model"));
    }
    let body = match face {
        Face::OpenAi => serde_json::to_vec(&model(id)),
        Face::Anthropic => serde_json::to_vec(&anthropic_model(id)),
        Face::Google => serde_json::to_vec(&google_model(id)),
    };
    Ok(json(StatusCode::OK, body.unwrap_or_default()))
}

#[derive(Serialize)]
struct Info<'deployment> {
    model_name: &'deployment str,
    litellm_params: Params,
    model_info: Facts<'deployment>,
}

#[derive(Serialize)]
struct Params {
    model: String,
    api_base: String,
}

#[derive(Serialize)]
struct Facts<'deployment> {
    id: &'deployment str,
    db_model: bool,
    key: String,
    litellm_provider: &'deployment str,
    mode: Option<Mode>,
    max_tokens: Option<u64>,
    max_input_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
    input_cost_per_token: Option<f64>,
    output_cost_per_token: Option<f64>,
    cache_read_input_token_cost: Option<f64>,
    cache_creation_input_token_cost: Option<f64>,
    supports_function_calling: bool,
    supports_parallel_function_calling: bool,
    supports_tool_choice: bool,
    supports_vision: bool,
    supports_pdf_input: bool,
    supports_audio_input: bool,
    supports_audio_output: bool,
    supports_response_schema: bool,
    supports_reasoning: bool,
    supports_prompt_caching: bool,
    supports_system_messages: bool,
    supports_web_search: bool,
    supports_assistant_prefill: bool,
}

/// `GET /model/info`: deployments with their facts; `litellm_model_id` in the query picks one. Never a key.
pub(crate) fn info(sight: &Sight<'_>, query: Option<&str>, now_ms: i64) -> Response<ReplyBody> {
    let asked = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("litellm_model_id="));
    let seen = sight
        .snapshot
        .deployments
        .iter()
        .filter(|deployment| asked.is_none_or(|id| id == deployment.id.as_ref()))
        .filter(|deployment| deployment.name.contains('*') || sight.has(&deployment.name));
    let bodies: Vec<_> = seen.map(|deployment| info_of(deployment, now_ms)).collect();
    let text = format!("{{\"data\":[{}]}}", bodies.join(","));
    json(StatusCode::OK, text)
}

fn info_of(deployment: &Deployment, now_ms: i64) -> String {
    let served = deployment.served(None);
    let target = &served.target;
    let name = format!("{}/{}", target.row().name, target.model());
    let limits = served.facts.as_ref().map(|facts| &facts.limits);
    let max_output = limits.and_then(|limits| limits.max_output);
    let moment = PriceMoment { unix_ms: now_ms, tier: Tier::Standard };
    let price = |class| served.prices.price(class, 0, &moment).map(dollars);
    let can = |capability| served.facts.as_ref().is_some_and(|facts| facts.capabilities.has(capability));
    let facts = Facts {
        id: &deployment.id,
        db_model: false,
        key: name.clone(),
        litellm_provider: &target.row().name,
        mode: served.facts.as_ref().and_then(|facts| facts.mode),
        max_tokens: max_output,
        max_input_tokens: limits.and_then(|limits| limits.max_input),
        max_output_tokens: max_output,
        input_cost_per_token: price(UsageClass::InputText),
        output_cost_per_token: price(UsageClass::OutputText),
        cache_read_input_token_cost: price(UsageClass::InputCacheRead),
        cache_creation_input_token_cost: price(UsageClass::InputCacheWrite5m),
        supports_function_calling: can(Capability::Tools),
        supports_parallel_function_calling: can(Capability::ParallelTools),
        supports_tool_choice: can(Capability::ToolChoice),
        supports_vision: can(Capability::Vision),
        supports_pdf_input: can(Capability::Pdf),
        supports_audio_input: can(Capability::AudioInput),
        supports_audio_output: can(Capability::AudioOutput),
        supports_response_schema: can(Capability::JsonSchema),
        supports_reasoning: can(Capability::Reasoning),
        supports_prompt_caching: can(Capability::PromptCaching),
        supports_system_messages: can(Capability::SystemMessages),
        supports_web_search: can(Capability::WebSearch),
        supports_assistant_prefill: can(Capability::AssistantPrefill),
    };
    let params = Params { model: name, api_base: target.base().to_string() };
    let info = Info { model_name: &deployment.name, litellm_params: params, model_info: facts };
    serde_json::to_string(&info).unwrap_or_default()
}

/// A price as LiteLLM shows it: a float of dollars, for display only.
#[expect(clippy::cast_precision_loss, reason = "display only; the books stay integers")]
fn dollars(price: Picos) -> f64 {
    price.get() as f64 / 1e12
}
