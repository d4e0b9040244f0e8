//! `model_list` (contract §2a).

use std::time::Duration;

use secrecy::SecretString;

use super::sections::Credential;
use crate::fields::{Fields, Unknown};
use crate::finding::{Finding, Severity};
use crate::known;
use crate::yaml::{Node, Place};

/// One deployment.
#[derive(Clone, Debug)]
pub struct ModelEntry {
    /// Public name; entries of one name are a group.
    pub model_name: String,
    /// How it is reached.
    pub params: LitellmParams,
    /// What is said about it.
    pub info: ModelInfo,
    /// What LiteLLM's deployment id is the SHA-256 of; it holds the key.
    pub id_preimage: SecretString,
    /// Where it stands.
    pub place: Place,
}

/// `litellm_params`.
#[derive(Clone, Debug, Default)]
pub struct LitellmParams {
    /// `provider/model`.
    pub model: String,
    /// The provider, where the model does not say.
    pub custom_llm_provider: Option<String>,
    /// The provider's key.
    pub api_key: Option<SecretString>,
    /// The provider's address.
    pub api_base: Option<String>,
    /// OpenAI's organisation.
    pub organization: Option<String>,
    /// Time for a whole answer.
    pub timeout: Option<Duration>,
    /// Time to a stream's first frame.
    pub stream_timeout: Option<Duration>,
    /// Retries of a call to it.
    pub num_retries: Option<u64>,
    /// How long it cools down.
    pub cooldown_time: Option<Duration>,
    /// Calls a minute that it bears: its share where no weight is set.
    pub rpm: Option<u64>,
    /// Tokens a minute that it bears: its share where nothing else is set.
    pub tpm: Option<u64>,
    /// Lower orders are used first.
    pub order: Option<u64>,
    /// Its share of the group's calls.
    pub weight: Option<f64>,
    /// Parameters that the provider cannot honour are dropped.
    pub drop_params: Option<bool>,
    /// Parameters never sent.
    pub additional_drop_params: Vec<String>,
    /// Parameters sent although the registry forbids them.
    pub allowed_openai_params: Vec<String>,
    /// Answered here, without a provider.
    pub mock_response: Option<String>,
    /// Headers sent with every call.
    pub extra_headers: Vec<(String, String)>,
    /// Prices: LiteLLM's name and the decimal text.
    pub prices: Vec<(String, String)>,
    /// Members of every request, where the client says nothing: names and JSON texts.
    pub extra: Vec<(String, String)>,
}

/// `model_info`.
#[derive(Clone, Debug, Default)]
pub struct ModelInfo {
    /// LiteLLM's deployment id, where it is set.
    pub id: Option<String>,
    /// The model whose facts and prices hold.
    pub base_model: Option<String>,
    /// What it is for.
    pub mode: Option<String>,
    /// Prices.
    pub prices: Vec<(String, String)>,
}

/// Reads the list; entries that cannot be used are left out and reported.
pub(super) fn read_list(
    list: Option<&Node>,
    credentials: &[Credential],
    findings: &mut Vec<Finding>,
) -> Vec<ModelEntry> {
    let items = list.map(Node::items).unwrap_or_default();
    let mut models = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = format!("model_list[{index}]");
        match read_entry(item, &path, credentials, findings) {
            Ok(entry) => models.push(entry),
            Err(message) => findings.push(Finding {
                severity: Severity::Error,
                place: Some(item.place.clone()),
                path,
                message,
                hint: Some("the deployment is left out".into()),
            }),
        }
    }
    models
}

fn read_entry(
    item: &Node,
    path: &str,
    credentials: &[Credential],
    findings: &mut Vec<Finding>,
) -> Result<ModelEntry, String> {
    let mut entry = Fields::of(Some(item), path, findings);
    let model_name = entry.text("model_name").filter(|name| !name.is_empty());
    let params = entry.take("litellm_params");
    let info = entry.take("model_info");
    entry.rest(&[], Unknown::Refused);
    let model_name = model_name.ok_or("`model_name` is missing")?;
    let params_node = params.ok_or("`litellm_params` is missing")?;
    let params = read_params(params_node, &format!("{path}.litellm_params"), credentials, findings)?;
    let info = read_info(info, &format!("{path}.model_info"), findings);
    let id_preimage = id_preimage(&model_name, params_node);
    Ok(ModelEntry { model_name, params, info, id_preimage, place: item.place.clone() })
}

/// The public name, then every parameter's name and value in the order of the file.
fn id_preimage(model_name: &str, params: &Node) -> SecretString {
    let mut text = model_name.to_owned();
    for (key, value) in params.entries() {
        text.push_str(&key.python_str());
        text.push_str(&value.python_str());
    }
    SecretString::from(text)
}

fn read_params(
    node: &Node,
    path: &str,
    credentials: &[Credential],
    findings: &mut Vec<Finding>,
) -> Result<LitellmParams, String> {
    let mut fields = Fields::of(Some(node), path, findings);
    let model =
        fields.text("model").filter(|model| !model.is_empty()).ok_or("`litellm_params.model` is missing")?;
    let mut params = LitellmParams {
        model,
        custom_llm_provider: fields.text("custom_llm_provider"),
        api_key: fields.secret("api_key"),
        api_base: fields.text("api_base").or_else(|| fields.text("base_url")),
        organization: fields.text("organization"),
        timeout: fields.seconds("timeout"),
        stream_timeout: fields.seconds("stream_timeout"),
        num_retries: fields.count("num_retries"),
        cooldown_time: fields.seconds("cooldown_time"),
        rpm: fields.count("rpm"),
        tpm: fields.count("tpm"),
        order: fields.count("order"),
        weight: fields.number("weight"),
        drop_params: fields.switch("drop_params"),
        additional_drop_params: fields.texts("additional_drop_params"),
        allowed_openai_params: fields.texts("allowed_openai_params"),
        mock_response: fields.text("mock_response"),
        extra_headers: fields.pairs("extra_headers"),
        prices: fields.prices(),
        extra: Vec::new(),
    };
    // Read above where api_base is absent; known in any case.
    fields.take("base_url");
    let credential = fields.text("litellm_credential_name");
    let extra_body = fields.take("extra_body");
    let extra = fields.rest(known::PARAMS, Unknown::Sent);
    let of_body =
        extra_body.into_iter().flat_map(Node::entries).map(|(key, value)| (key.python_str(), value));
    params.extra =
        extra.into_iter().chain(of_body).map(|(name, value)| (name, value.to_json().to_string())).collect();
    if let Some(name) = credential {
        let found = credentials.iter().find(|credential| credential.name == name);
        let credential = found.ok_or_else(|| format!("no credential has the name `{name}`"))?;
        params.api_key = params.api_key.or_else(|| credential.api_key.clone());
        params.api_base = params.api_base.or_else(|| credential.api_base.clone());
    }
    Ok(params)
}

fn read_info(node: Option<&Node>, path: &str, findings: &mut Vec<Finding>) -> ModelInfo {
    let mut fields = Fields::of(node, path, findings);
    let info = ModelInfo {
        id: fields.text("id"),
        base_model: fields.text("base_model"),
        mode: fields.text("mode"),
        prices: fields.prices(),
    };
    // LiteLLM takes any member here and shows it again.
    fields.rest(known::MODEL_INFO, Unknown::Kept);
    info
}
