use std::fs;

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::ExposeSecret as _;

use super::{check, fixture, read};

#[test]
fn entries_that_cannot_be_used_are_left_out() {
    check(
        "\
model_list:
- litellm_params: {model: openai/a}
- {model_name: b}
- {model_name: c, litellm_params: {api_key: x}}
- {model_name: d, litellm_params: {model: openai/d, litellm_credential_name: nobody}}
- 5
- {model_name: e, litellm_params: {model: openai/e}}
",
        &[
            "c.yaml:2:3: error: model_list[0]: `model_name` is missing; the deployment is left out",
            "c.yaml:3:3: error: model_list[1]: `litellm_params` is missing; the deployment is left out",
            "c.yaml:4:3: error: model_list[2]: `litellm_params.model` is missing; the deployment is left out",
            "c.yaml:5:3: error: model_list[3]: credential_list has no credential named `nobody`; the deployment is left out",
            "c.yaml:6:3: warning: model_list[4]: must be a mapping, not a whole number; it has no effect",
            "c.yaml:6:3: error: model_list[4]: `model_name` is missing; the deployment is left out",
        ],
    );
}

#[test]
fn unknown_parameters_go_to_the_provider() {
    let yaml = "\
model_list:
- model_name: a
  litellm_params:
    model: openai/a
    temperature: 0.20
    house_rule: {deep: [1, 12345678901234567890.50]}
    api_bsae: http://x
    aws_region_name: eu
    extra_body: {seed: 7}
  model_info: {owner: team, base_modle: openai/b}
";
    check(
        yaml,
        &[
            "c.yaml:5:5: note: model_list[0].litellm_params.temperature: no setting of the gateway's; it is sent to the provider",
            "c.yaml:6:5: note: model_list[0].litellm_params.house_rule: no setting of the gateway's; it is sent to the provider",
            "c.yaml:7:5: warning: model_list[0].litellm_params.api_bsae: unknown key; it is sent to the provider; did you mean `api_base`?",
            "c.yaml:8:5: warning: model_list[0].litellm_params.aws_region_name: not supported yet; it has no effect",
            "c.yaml:10:29: warning: model_list[0].model_info.base_modle: unknown key; it is kept for people to read; did you mean `base_model`?",
        ],
    );
    let loaded = read(yaml);
    let params = &loaded.settings.models[0].params;
    let extra: Vec<_> = params.extra.iter().map(|(name, json)| (name.as_str(), json.as_str())).collect();
    let expected = [
        ("temperature", "0.20"),
        ("house_rule", r#"{"deep":[1,12345678901234567890.50]}"#),
        ("api_bsae", r#""http://x""#),
        ("seed", "7"),
    ];
    assert_eq!(extra, expected);
    assert_eq!(params.known_unused[0].0, "aws_region_name");
    assert_eq!(loaded.settings.models[0].info.extra.len(), 2);
}

#[test]
fn prices_keep_the_digits_that_were_written() {
    let yaml = "\
model_list:
- model_name: a
  litellm_params:
    model: openai/a
    input_cost_per_token: 0.00000015000
    output_cost_per_token: 6e-07
    cost_per_second: '0.1'
    tiered_pricing: [{input_cost_per_token: 1.0e-6, range: [0, 128_000]}]
    cache_read_input_token_cost: cheap
";
    let loaded = read(yaml);
    let prices: Vec<_> = loaded.settings.models[0]
        .params
        .prices
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let expected = [
        ("input_cost_per_token", "0.00000015000"),
        ("output_cost_per_token", "6e-07"),
        ("cost_per_second", "0.1"),
        ("tiered_pricing", r#"[{"input_cost_per_token":1.0e-6,"range":[0,128000]}]"#),
    ];
    assert_eq!(prices, expected);
    let findings: Vec<String> = loaded.findings.iter().map(ToString::to_string).collect();
    assert!(findings[0].starts_with(
        "c.yaml:6:28: note: model_list[0].litellm_params.output_cost_per_token: is read as a text"
    ));
    assert!(
        findings[1]
            .ends_with("cache_read_input_token_cost: must be dollars per unit, not a text; it has no effect")
    );
}

#[test]
fn credentials_fill_what_a_deployment_leaves_open() {
    let loaded = read(
        "\
credential_list:
- credential_name: shared
  credential_values: {api_key: os.environ/OPENAI_API_KEY, api_base: http://shared}
- credential_values: {api_key: x}
model_list:
- {model_name: a, litellm_params: {model: openai/a, litellm_credential_name: shared, api_base: http://own}}
",
    );
    let params = &loaded.settings.models[0].params;
    assert_eq!(params.api_key.as_ref().unwrap().expose_secret(), "openai-key");
    assert_eq!(params.api_base.as_deref(), Some("http://own"));
    let finding =
        "c.yaml:4:3: warning: credential_list[1].credential_name: is missing; the credential has no effect";
    assert_eq!(loaded.findings[0].to_string(), finding);
    // The id is made of the entry alone.
    assert!(!loaded.settings.models[0].id_preimage.expose_secret().contains("openai-key"));
}

#[test]
fn a_list_of_organizations_makes_a_deployment_of_each() {
    let loaded =
        read("model_list: [{model_name: a, litellm_params: {model: openai/a, organization: [x, y]}}]");
    let organizations: Vec<_> =
        loaded.settings.models.iter().map(|model| model.params.organization.clone().unwrap()).collect();
    assert_eq!(organizations, ["x", "y"]);
}

#[test]
fn ids_are_made_as_litellm_makes_them() {
    let loaded = read(&fs::read_to_string(fixture("ids.yaml")).unwrap());
    let expected: Vec<serde_json::Value> =
        serde_json::from_str(&fs::read_to_string(fixture("ids.json")).unwrap()).unwrap();
    assert_eq!(loaded.settings.models.len(), expected.len());
    let sha256 = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().try_into().unwrap();
    for (model, expected) in loaded.settings.models.iter().zip(&expected) {
        assert_eq!(model.id_preimage.expose_secret(), expected["preimage"].as_str().unwrap());
        assert_eq!(model.deployment_id(sha256), expected["sha256"].as_str().unwrap());
    }
    let named = read("model_list: [{model_name: a, litellm_params: {model: b}, model_info: {id: 7}}]");
    assert_eq!(named.settings.models[0].deployment_id(|_| [0; 32]), "7");
}

#[test]
fn secrets_are_never_shown() {
    let loaded = read(
        "\
environment_variables: {TOKEN: hidden-1}
general_settings: {master_key: hidden-2, database_url: 'postgres://u:hidden-3@h/d', custom_auth: hidden-4}
model_list:
- model_name: a
  litellm_params:
    model: openai/a
    api_key: hidden-5
    aws_secret_access_key: hidden-6
    extra_headers: {authorization: hidden-7}
    own_token: hidden-8
  model_info: {note: hidden-9}
guardrails: [{api_key: hidden-10}]
credential_list: [{credential_name: c, credential_values: {api_key: hidden-11}}]
",
    );
    let shown = format!("{loaded:?} {}", loaded.findings.iter().map(ToString::to_string).collect::<String>());
    assert!(!shown.contains("hidden"), "{shown}");
}
