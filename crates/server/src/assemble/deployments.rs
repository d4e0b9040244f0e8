//! One entry of `model_list` as a deployment.

use weighhouse_auth::hash_of;
use weighhouse_catalog::PriceBook;
use weighhouse_config::{Finding, ModelEntry, Settings, Severity};
use weighhouse_providers::cache_points::CachePoint;
use weighhouse_providers::quirks::OperatorRules;
use weighhouse_providers::{Target, TargetOptions};
use weighhouse_types::{Error, Kind};

use super::{money, patience};
use crate::deployment::Deployment;

/// Makes a deployment.
///
/// # Errors
/// `InvalidRequest` with the remedy: an unknown provider, no key, no address, a price that is none.
pub(super) fn deployment(
    entry: &ModelEntry,
    settings: &Settings,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<Deployment, Error> {
    let params = &entry.params;
    let operator = OperatorRules {
        drop_params: params.drop_params.or(settings.litellm.drop_params).unwrap_or(false),
        additional_drop_params: params.additional_drop_params.clone(),
        allowed_openai_params: params.allowed_openai_params.clone(),
        cache_points: params.cache_points.iter().map(cache_point).collect(),
        modify_params: settings.litellm.modify_params.unwrap_or(false),
        defaults: params.extra.clone(),
    };
    let options = TargetOptions {
        model: params.model.clone(),
        provider: params.custom_llm_provider.clone(),
        api_base: params.api_base.clone(),
        api_key: params.api_key.clone(),
        organization: params.organization.clone(),
        extra_headers: params.extra_headers.clone(),
        operator,
        mock_response: params.mock_response.clone(),
    };
    let target = Target::resolve(&options, variables)?;
    let prices = own_prices(entry, &target.row().name)?;
    let id = entry.info.id.clone().unwrap_or_else(|| {
        use secrecy::ExposeSecret as _;
        hash_of(entry.id_preimage.expose_secret()).to_string()
    });
    let base_model = entry.info.base_model.clone();
    let subjects = money::of_deployment(entry, &id, &target.row().name, settings);
    let patience = patience(entry, settings);
    Ok(Deployment::new(&id, &entry.model_name, target, prices, base_model, patience).under(subjects))
}

fn cache_point(point: &weighhouse_config::CachePoint) -> CachePoint {
    if point.tools {
        return CachePoint::Tools;
    }
    CachePoint::Messages { role: point.role.clone(), index: point.index }
}

/// Prices of the config win over the catalogue's, whole.
fn own_prices(entry: &ModelEntry, provider: &str) -> Result<Option<PriceBook>, Error> {
    let said = if entry.params.prices.is_empty() { &entry.info.prices } else { &entry.params.prices };
    if said.is_empty() {
        return Ok(None);
    }
    let fields = said.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let with_provider = std::iter::once(("litellm_provider", provider)).chain(fields);
    let book = PriceBook::from_litellm_fields(with_provider);
    book.map(Some).map_err(|error| Error::new(Kind::InvalidRequest, error.to_string()).source(error))
}

/// A deployment that cannot be used, with its place.
pub(super) fn left_out(entry: &ModelEntry, error: &Error) -> Finding {
    let at = error.at.as_deref().map(|at| format!(".{at}")).unwrap_or_default();
    Finding {
        severity: Severity::Error,
        place: Some(entry.place.clone()),
        path: format!("model_list: {}{at}", entry.model_name),
        message: error.message.clone(),
        hint: Some("the deployment is left out".into()),
    }
}
