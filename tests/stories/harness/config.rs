//! Pieces of a `config.yaml`.

use weighhouse_testkit::fake_openai::FakeProvider;

/// The key that the house shows to its providers. No caller may ever see it.
pub(crate) const PROVIDER_KEY: &str = "sk-provider-secret-of-the-house";

/// The prices that a fake bills with unless it is told otherwise: one and two micro-dollars a token.
pub(crate) const PRICES: &str = "input_cost_per_token: 0.000001, output_cost_per_token: 0.000002";

/// An entry of `model_list` at an address; `more` is YAML within braces, with its commas between.
pub(crate) fn deployment(name: &str, model: &str, base: &str, more: &str) -> String {
    let more = if more.is_empty() { String::new() } else { format!(", {more}") };
    format!(
        "  - {{model_name: \"{name}\", litellm_params: {{model: \"{model}\", api_base: \"{base}\", api_key: \"{PROVIDER_KEY}\"{more}}}}}\n"
    )
}

/// A model of a fake without a price.
pub(crate) fn model(name: &str, fake: &FakeProvider, more: &str) -> String {
    deployment(name, &format!("openai/{name}-upstream"), &fake.base_url(), more)
}

/// A model of a fake at the fake's own prices.
pub(crate) fn priced(name: &str, fake: &FakeProvider, more: &str) -> String {
    let more = if more.is_empty() { PRICES.to_owned() } else { format!("{PRICES}, {more}") };
    model(name, fake, &more)
}
