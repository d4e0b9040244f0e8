use std::fs;
use std::time::Duration;

use secrecy::ExposeSecret as _;

use super::{environment, fixture};
use crate::{Environment as _, ProcessEnvironment, load};

#[test]
fn a_config_as_people_have_it_is_understood() {
    let settings = load(&fixture("litellm.yaml"), &environment()).unwrap().settings;
    let names: Vec<&str> = settings.models.iter().map(|model| model.model_name.as_str()).collect();
    assert_eq!(names, ["gpt-4o", "gpt-4o", "claude", "house", "bedrock/*", "fake"]);

    let azure = &settings.models[0];
    assert_eq!(azure.params.api_key.as_ref().unwrap().expose_secret(), "azure-key");
    assert_eq!(azure.params.api_base.as_deref(), Some("https://eu.openai.azure.com/"));
    assert_eq!(azure.params.api_version.as_deref(), Some("2024-02-01"));
    assert_eq!(azure.params.timeout, Some(Duration::from_secs(300)));
    assert_eq!((azure.params.rpm, azure.params.tpm), (Some(600), Some(100_000)));
    assert_eq!((azure.params.weight, azure.params.order), (Some(3.0), Some(1)));
    assert_eq!(azure.deployment_id(|_| [0; 32]), "azure-eu");
    assert_eq!(azure.info.base_model.as_deref(), Some("azure/gpt-4o"));
    assert_eq!(azure.place.line, 12);

    let openai = &settings.models[1].params;
    let headers = [("x-team".to_owned(), "platform".to_owned()), ("x-zone".to_owned(), "3".to_owned())];
    assert_eq!(openai.extra_headers, headers);
    assert_eq!(openai.max_budget.as_deref(), Some("100.50"));
    assert_eq!(openai.tags, ["paid", "eu"]);

    let claude = &settings.models[2].params;
    assert_eq!(claude.api_key.as_ref().unwrap().expose_secret(), "anthropic-key");
    assert_eq!(claude.drop_params, Some(true));
    assert_eq!(claude.extra[0], ("thinking".into(), r#"{"type":"enabled","budget_tokens":2048}"#.into()));
    assert_eq!(claude.extra[1], ("temperature".into(), "0.20".into()));

    let house = &settings.models[3];
    assert_eq!(house.params.api_base.as_deref(), Some("http://models.internal:8000/v1"));
    assert_eq!(house.params.prices.len(), 4);
    assert_eq!(
        house.params.prices[3].1,
        r#"{"search_context_size_low":0.030,"search_context_size_high":0.05}"#
    );

    let (router, litellm) = (&settings.router, &settings.litellm);
    assert_eq!(router.cooldown_time, Some(Duration::from_secs(750)));
    assert_eq!(router.stream_timeout, Some(Duration::from_millis(30_500)));
    assert_eq!(router.fallbacks[0], ("gpt-4o".to_owned(), vec!["claude".to_owned(), "house".to_owned()]));
    assert_eq!(router.retry_policy[0], ("RateLimitErrorRetries".to_owned(), "4".to_owned()));
    assert!(router.model_group_alias[1].hidden);
    assert_eq!(litellm.max_budget.as_deref(), Some("5000"));
    assert_eq!(litellm.budget_exceeded_status_code, Some(429));
    assert_eq!(settings.general.master_key.as_ref().unwrap().expose_secret(), "sk-0123456789abcdef");
    assert_eq!(settings.general.store_model_in_db, Some(true));
    assert_eq!(settings.general.health_check_interval, None);
    let sections: Vec<&str> = settings.sections.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(sections, ["guardrails", "mcp_servers"]);
    assert_eq!(settings.own.connect, Some(Duration::from_secs(5)));
    assert_eq!(settings.own.compat.model_denied_status, Some(401));
}

/// UPDATE=1 writes them anew.
#[test]
fn its_findings_are_those_of_the_fixture() {
    let path = fixture("litellm.findings");
    let loaded = load(&fixture("litellm.yaml"), &environment()).unwrap();
    let folder = format!("{}/", fixture("").display().to_string().trim_end_matches('/'));
    let lines = loaded.findings.iter().map(|finding| format!("{finding}\n"));
    let found: String = lines.map(|line| line.replacen(&folder, "", 1)).collect();
    if ProcessEnvironment.var("UPDATE").is_some() {
        fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(&path).unwrap());
}
