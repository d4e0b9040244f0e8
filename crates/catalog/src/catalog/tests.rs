use super::*;

#[test]
fn lines_are_sorted_and_each_can_be_read() {
    let mut before = "";
    let mut models = 0;
    for (key, json) in Catalog::builtin().records() {
        assert!(before < key, "{before} {key}");
        let facts = ModelFacts::from_json(key, json).unwrap();
        assert_eq!(facts.to_json().as_deref(), Ok(json), "{key}");
        (before, models) = (key, models + 1);
    }
    assert!(models > 5_000, "{models}");
    assert_eq!(Catalog::builtin().records().count(), Catalog::builtin().lines.lines().count());
}

#[test]
fn every_line_is_found_by_its_key() {
    let catalog = Catalog::builtin();
    for (key, json) in catalog.records() {
        let facts = catalog.at(key, Match::Exact).unwrap();
        assert_eq!((facts.key.as_str(), facts.to_json().as_deref()), (key, Ok(json)));
        for nothing in [format!("{key}\u{1}"), format!("\u{1}{key}")] {
            assert_eq!(catalog.at(&nothing, Match::Exact), None, "{nothing:?}");
        }
    }
    for nothing in ["", "a", "~", "#weighhouse-catalog"] {
        assert_eq!(catalog.at(nothing, Match::Exact), None);
    }
}

/// The key that a look-up ends at, and the rule that led there; an empty key where there is none.
fn check(provider: &str, model: &str, key: &str, rule: Option<Match>) {
    let facts = Catalog::builtin().find(provider, model);
    let found = facts.as_ref().map_or("", |facts| facts.key.as_str());
    assert_eq!((found, facts.as_ref().map(|facts| facts.matched)), (key, rule), "{provider} {model}");
}

#[test]
fn models_are_found_by_the_names_that_people_write() {
    use Match::{Bare, Exact, Prefix, Sibling, Undated};
    check("openai", "gpt-4o", "openai/gpt-4o", Some(Exact));
    check("", "gpt-4o", "openai/gpt-4o", Some(Bare));
    check("openai", "openai/gpt-4o", "openai/gpt-4o", Some(Bare));
    check("", "anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", Some(Bare));
    check("openai", "gpt-4o-2031-01-01", "openai/gpt-4o", Some(Undated));
    check("anthropic", "claude-sonnet-4-5-20310101", "anthropic/claude-sonnet-4-5", Some(Undated));
    check("anthropic", "claude-sonnet-4-5-latest", "anthropic/claude-sonnet-4-5", Some(Undated));
    check("vertex_ai", "claude-sonnet-4-5@20310101", "vertex_ai/claude-sonnet-4-5", Some(Undated));
    check("openai", "ft:gpt-4o-2024-08-06:me::id", "openai/ft:gpt-4o-2024-08-06", Some(Prefix));
    check(
        "bedrock_converse",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        Some(Exact),
    );
    check("bedrock", "converse/sa.amazon.nova-lite-v1:0", "bedrock/amazon.nova-lite-v1:0", Some(Prefix));
    check("azure_ai", "gpt-4o", "azure/gpt-4o", Some(Sibling));
    check("openrouter", "openai/gpt-4o", "openrouter/openai/gpt-4o", Some(Exact));
    check("openrouter", "openai/gpt-4o:nitro", "", None);
    check("hosted_vllm", "gpt-4o", "", None);
    check("openai", "", "", None);
    check("", "", "", None);
}

#[test]
fn a_providers_models_are_listed_in_order() {
    let catalog = Catalog::builtin();
    let models: Vec<&str> = catalog.models("anthropic").collect();
    assert!(models.len() > 20 && models.is_sorted() && models.contains(&"claude-sonnet-4-5"), "{models:?}");
    assert!(models.iter().all(|model| catalog.find("anthropic", model).is_some()));
    assert_eq!(catalog.models("nobody").count(), 0);
    let last = catalog.records().last().and_then(|(key, _)| key.split_once('/'));
    assert_eq!(
        last.and_then(|(provider, model)| catalog.models(provider).find(|name| *name == model)),
        last.map(|(_, model)| model)
    );
}

#[test]
fn the_version_names_the_sources() {
    assert_eq!(Catalog::builtin().version(), "litellm-1.109.1+genai-prices-0.2.3");
}

#[test]
fn facts_are_those_of_the_sources() {
    let facts = Catalog::builtin().find("openai", "gpt-4o").unwrap();
    assert_eq!((facts.provider(), facts.mode), ("openai", Some(crate::Mode::Chat)));
    assert_eq!((facts.limits.max_input, facts.limits.max_output), (Some(128_000), Some(16_384)));
    assert!(facts.capabilities.has(crate::Capability::Tools));
    assert!(!facts.capabilities.has(crate::Capability::Reasoning));
}
