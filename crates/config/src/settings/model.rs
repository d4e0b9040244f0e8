//! `model_list` and `credential_list` (contract §2a, §2e).

use secrecy::{ExposeSecret as _, SecretString};

use super::info::{self, ModelInfo};
use super::params::{self, LitellmParams, organizations};
use crate::fields::{Fields, Unknown};
use crate::finding::{Finding, Severity};
use crate::keys;
use crate::yaml::{Node, Place, Value};

/// One deployment: an entry of `model_list`.
#[derive(Clone, Debug)]
pub struct ModelEntry {
    /// The public name; entries of one name are a group. `*` stands for anything.
    pub model_name: String,
    /// How it is called.
    pub params: LitellmParams,
    /// What is known about it.
    pub info: ModelInfo,
    /// What LiteLLM hashes for the deployment's id where `model_info.id` is not set. It holds the provider's key.
    pub id_preimage: SecretString,
    /// Where it stands.
    pub place: Place,
}

impl ModelEntry {
    /// The deployment's id, as LiteLLM has it in headers, logs and metrics: `model_info.id`, else the hash of
    /// its name and parameters, in hex.
    #[must_use]
    pub fn deployment_id(&self, sha256: impl Fn(&[u8]) -> [u8; 32]) -> String {
        self.info.id.clone().unwrap_or_else(|| {
            let digest = sha256(self.id_preimage.expose_secret().as_bytes());
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }
}

/// One of `credential_list`.
#[derive(Clone, Debug)]
pub struct Credential {
    /// `credential_name`.
    pub name: String,
    /// `credential_values`: parameters of the deployments that name it.
    pub values: Vec<(String, Node)>,
}

/// Reads the credentials; those without a name are reported.
pub(super) fn credentials(list: Option<&Node>, findings: &mut Vec<Finding>) -> Vec<Credential> {
    let mut credentials = Vec::new();
    for (index, item) in items(list, "credential_list", findings).iter().enumerate() {
        let path = format!("credential_list[{index}]");
        let mut fields = Fields::of(Some(item), &path, &keys::CREDENTIAL, findings);
        let name = fields.text("credential_name");
        let values = fields.take("credential_values").into_iter().flat_map(Node::entries);
        let values = values.map(|(key, value)| (key.python_str(), value.clone())).collect();
        match name {
            Some(name) => credentials.push(Credential { name, values }),
            None => fields.report(item, "credential_name", "is missing; the credential has no effect", None),
        }
        fields.finish(Unknown::Refused);
    }
    credentials
}

/// Reads the deployments; those that cannot be used are left out and reported.
pub(super) fn models(
    list: Option<&Node>,
    credentials: &[Credential],
    findings: &mut Vec<Finding>,
) -> Vec<ModelEntry> {
    let mut models = Vec::new();
    for (index, item) in items(list, "model_list", findings).iter().enumerate() {
        let path = format!("model_list[{index}]");
        match entries(item, &path, credentials, findings) {
            Ok(entries) => models.extend(entries),
            Err(message) => {
                let hint = Some("the deployment is left out".into());
                findings.push(Finding::at(Severity::Error, item, path, &message, hint));
            }
        }
    }
    models
}

fn items<'node>(list: Option<&'node Node>, name: &str, findings: &mut Vec<Finding>) -> &'node [Node] {
    let Some(node) = list else { return &[] };
    if !matches!(node.value, Value::List(_)) {
        let message = format!("must be a list, not {}; it has no effect", node.kind());
        findings.push(Finding::at(Severity::Error, node, name.into(), &message, None));
    }
    node.items()
}

/// A deployment, or one for each of its organizations.
fn entries(
    item: &Node,
    path: &str,
    credentials: &[Credential],
    findings: &mut Vec<Finding>,
) -> Result<Vec<ModelEntry>, String> {
    let mut fields = Fields::of(Some(item), path, &keys::MODEL, findings);
    let model_name = fields.text("model_name").filter(|name| !name.is_empty());
    let (own, info) = (fields.take("litellm_params"), fields.take("model_info"));
    fields.finish(Unknown::Refused);
    let model_name = model_name.ok_or("`model_name` is missing")?;
    let own = own.ok_or("`litellm_params` is missing")?;
    let path_of_params = format!("{path}.litellm_params");
    let whole = with_credential(own, credentials)?;
    let params =
        params::read(&whole, &path_of_params, findings).ok_or("`litellm_params.model` is missing")?;
    let info = info::read(info, &format!("{path}.model_info"), findings);
    let entry = ModelEntry {
        id_preimage: id_preimage(&model_name, own),
        model_name,
        params,
        info,
        place: item.place.clone(),
    };
    // What is wrong with the list was reported when the parameters were read.
    let unheard = &mut Vec::new();
    let organizations = organizations(&mut Fields::of(Some(&whole), &path_of_params, &keys::PARAMS, unheard));
    if organizations.len() < 2 {
        return Ok(vec![entry]);
    }
    let of = |organization: String| {
        let params = LitellmParams { organization: Some(organization), ..entry.params.clone() };
        ModelEntry { params, ..entry.clone() }
    };
    Ok(organizations.into_iter().map(of).collect())
}

/// The parameters, and those of the credential that they name where they say nothing themselves.
fn with_credential(own: &Node, credentials: &[Credential]) -> Result<Node, String> {
    let Some(name) = own.get("litellm_credential_name").and_then(Node::text) else { return Ok(own.clone()) };
    let credential = credentials.iter().find(|credential| credential.name == name);
    let credential = credential.ok_or_else(|| format!("credential_list has no credential named `{name}`"))?;
    let mut entries: Vec<(Node, Node)> =
        own.entries().map(|(key, value)| (key.clone(), value.clone())).collect();
    for (key, value) in &credential.values {
        if own.get(key).is_none_or(|said| said.value == Value::Null) {
            entries.retain(|(said, _)| said.text() != Some(key));
            entries.push((Node::new(Value::Text(key.clone()), value.place.clone()), value.clone()));
        }
    }
    Ok(Node::new(Value::Map(entries), own.place.clone()))
}

/// The public name, then every parameter's name and value in the order of the file.
fn id_preimage(model_name: &str, params: &Node) -> SecretString {
    let mut text = model_name.to_owned();
    for (key, value) in params.entries() {
        text.push_str(&key.python_str());
        match value.value {
            Value::Map(_) => text.push_str(&value.python_json()),
            _ => text.push_str(&value.python_str()),
        }
    }
    SecretString::from(text)
}
