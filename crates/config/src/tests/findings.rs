use super::{check, read};
use crate::{Severity, load_text};

#[test]
fn unknown_keys_are_reported_with_their_neighbour() {
    check(
        "modle_list: []\n",
        &["c.yaml:1:1: warning: modle_list: unknown key; it has no effect; did you mean `model_list`?"],
    );
    check(
        "general_settings: {master_kee: a, wholly_new: 1}\n",
        &[
            "c.yaml:1:20: warning: general_settings.master_kee: unknown key; it has no effect; did you mean `master_key`?",
            "c.yaml:1:35: warning: general_settings.wholly_new: unknown key; it has no effect",
        ],
    );
    check(
        "router_settings:\n  num_retires: 1\nweighhouse_settings: {timeouts: {idel_seconds: 1}}\n",
        &[
            "c.yaml:2:3: warning: router_settings.num_retires: unknown key; it has no effect; did you mean `num_retries`?",
            "c.yaml:3:34: warning: weighhouse_settings.timeouts.idel_seconds: unknown key; it has no effect; did you mean `idle_seconds`?",
        ],
    );
}

#[test]
fn keys_without_effect_are_reported() {
    check(
        "guardrails: []\nlitellm_settings: {cache: true}\n",
        &[
            "c.yaml:1:1: warning: guardrails: not supported yet; it has no effect",
            "c.yaml:2:20: warning: litellm_settings.cache: not supported yet; it has no effect",
        ],
    );
    check(
        "router_settings: {routing_strategy: least-busy}\n",
        &[
            "c.yaml:1:37: warning: router_settings.routing_strategy: `least-busy` is not supported yet; simple-shuffle is used",
        ],
    );
    check("router_settings: {routing_strategy: simple-shuffle}\n", &[]);
}

#[test]
fn wrong_types_are_read_as_litellm_reads_them_or_not_at_all() {
    for (yaml, expected) in [
        (
            "litellm_settings: {drop_params: \"false\"}",
            "1:33: warning: litellm_settings.drop_params: is a text and is read as false; leave out the quotes",
        ),
        (
            "litellm_settings: {drop_params: maybe}",
            "1:33: warning: litellm_settings.drop_params: must be true or false, not a text; it has no effect",
        ),
        (
            "litellm_settings: {num_retries: '3'}",
            "1:33: warning: litellm_settings.num_retries: is a text and is read as a number; leave out the quotes",
        ),
        (
            "litellm_settings: {num_retries: -1}",
            "1:33: warning: litellm_settings.num_retries: must be a whole number that is not negative, not a whole number; it has no effect",
        ),
        (
            "litellm_settings: {request_timeout: [1]}",
            "1:37: warning: litellm_settings.request_timeout: must be a number, not a list; it has no effect",
        ),
        (
            "litellm_settings: {request_timeout: -1}",
            "1:37: warning: litellm_settings.request_timeout: must be from 0 to 31536000 seconds; it has no effect",
        ),
        (
            "litellm_settings: {default_fallbacks: [[a]]}",
            "1:40: warning: litellm_settings.default_fallbacks: must be a group's name, or a list of names; it has no effect",
        ),
        (
            "litellm_settings: [1]",
            "1:19: warning: litellm_settings: must be a mapping, not a list; it has no effect",
        ),
        (
            "general_settings: {max_request_size_mb: 0}",
            "1:41: warning: general_settings.max_request_size_mb: must be more than 0; it has no effect",
        ),
        ("model_list: {a: 1}", "1:13: error: model_list: must be a list, not a mapping; it has no effect"),
        (
            "router_settings: {fallbacks: {a: [b]}}",
            "1:30: warning: router_settings.fallbacks: must be a list such as [{group: [other, third]}]; it has no effect",
        ),
        (
            "weighhouse_settings: {compat: {model_denied_status: 404}}",
            "1:53: warning: weighhouse_settings.compat.model_denied_status: must be one of 403, 401; it has no effect",
        ),
    ] {
        check(yaml, &[&format!("c.yaml:{expected}")]);
    }
    let settings = read("litellm_settings: {drop_params: \"false\", num_retries: '3'}").settings;
    assert_eq!((settings.litellm.drop_params, settings.litellm.num_retries), (Some(false), Some(3)));
}

#[test]
fn habits_of_yaml_1_1_are_followed_and_reported() {
    let scalar = |text: &str| format!("litellm_settings: {{request_timeout: {text}}}");
    let at = "c.yaml:1:37: warning: litellm_settings.request_timeout: ";
    check(
        &scalar("12:30"),
        &[&format!(
            "{at}digits with colons are a number of base sixty (12:30 is 750); quote it to have a text"
        )],
    );
    assert_eq!(read(&scalar("12:30")).settings.litellm.request_timeout.unwrap().as_secs(), 750);
    check(
        &scalar("010"),
        &[&format!(
            "{at}a leading zero makes it an octal number (010 is 8); leave the zero out, or quote it to have a text"
        )],
    );
    check(
        &scalar("1e2"),
        &[
            &format!(
                "{at}is read as a text: YAML 1.1 wants a dot and a signed exponent in a number; write 1.0e-6 for a number, or quote it"
            ),
            &format!("{at}is a text and is read as a number; leave out the quotes"),
        ],
    );
    check(
        "litellm_settings: {num_retries: 1, num_retries: 2}",
        &[
            "c.yaml:1:36: warning: litellm_settings.num_retries: stands twice in the same mapping; the last one counts; remove one of them",
        ],
    );
    assert_eq!(
        read("litellm_settings: {num_retries: 1, num_retries: 2}").settings.litellm.num_retries,
        Some(2)
    );
}

#[test]
fn groups_that_nobody_serves_are_reported_where_they_are_named() {
    let yaml = "\
model_list:
- {model_name: a, litellm_params: {model: openai/a}}
- {model_name: 'x/*', litellm_params: {model: 'x/*'}}
router_settings:
  fallbacks: [{a: [x/1, gone, z]}, {lost: a}, {'*': [a]}]
  model_group_alias: {z: a, y: nobody}
";
    check(
        yaml,
        &[
            "c.yaml:5:25: warning: router_settings.fallbacks[0].a: no entry of model_list has the name `gone`; it is passed over until there is one",
            "c.yaml:5:37: warning: router_settings.fallbacks[1].lost: no entry of model_list has the name `lost`; it is passed over until there is one",
            "c.yaml:6:32: warning: router_settings.model_group_alias.y: no entry of model_list has the name `nobody`; it is passed over until there is one",
        ],
    );
    let router = read(yaml).settings.router;
    assert_eq!(router.fallbacks[1], ("lost".to_owned(), vec!["a".to_owned()]));
    assert_eq!(router.model_group_alias.len(), 2);
}

#[test]
fn variables_stand_for_values_and_are_missed_aloud() {
    let yaml = "\
environment_variables: {MINE: own, OPENAI_API_KEY: overridden, COPY: os.environ/LANGFUSE_URL}
litellm_settings: {num_retries: os.environ/NUMBER, drop_params: os.environ/TRUTH, callbacks: []}
general_settings: {litellm_key_header_name: os.environ/MINE, master_key: os.environ/NOWHERE}
model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: os.environ/OPENAI_API_KEY}}]
";
    check(
        yaml,
        &[
            "c.yaml:2:83: warning: litellm_settings.callbacks: not supported yet; it has no effect",
            "c.yaml:3:74: warning: general_settings.master_key: the variable NOWHERE is not set; the value is empty; set it, or name it under environment_variables",
        ],
    );
    let loaded = read(yaml);
    assert_eq!(loaded.settings.litellm.num_retries, Some(5));
    assert_eq!(loaded.settings.litellm.drop_params, Some(true));
    assert_eq!(loaded.settings.general.litellm_key_header_name.as_deref(), Some("own"));
    assert!(loaded.settings.general.master_key.is_none());
    let environment = super::environment();
    assert_eq!(loaded.variable(&environment, "OPENAI_API_KEY").as_deref(), Some("overridden"));
    assert_eq!(loaded.variable(&environment, "COPY").as_deref(), Some("https://langfuse.internal"));
    assert_eq!(loaded.variable(&environment, "NUMBER").as_deref(), Some("5"));
}

#[test]
fn budgets_that_would_bound_nothing_are_errors() {
    for (yaml, expected) in [
        (
            "router_settings: {provider_budget_config: {openai: {budget_limit: 1, time_period: 1y}}}",
            "83: error: router_settings.provider_budget_config.openai: `1y` is no duration of a budget; write 30s, 5m, 24h, 7d, 2w, 30d or 1mo",
        ),
        (
            "router_settings: {provider_budget_config: {openai: {budget_limit: 1, time_period: 30}}}",
            "83: error: router_settings.provider_budget_config.openai: `30` is no duration of a budget; write 30s, 5m, 24h, 7d, 2w, 30d or 1mo",
        ),
        (
            "router_settings: {provider_budget_config: {openai: {budget_limit: 1, time_perod: 1d}}}",
            "70: error: router_settings.provider_budget_config.openai: `time_perod` is nothing that a budget has; write budget_limit and time_period",
        ),
        (
            "router_settings: {provider_budget_config: {openai: {time_period: 1d}}}",
            "52: error: router_settings.provider_budget_config.openai: has no `budget_limit` in dollars; write one, such as budget_limit: 100",
        ),
        (
            "router_settings: {provider_budget_config: [openai]}",
            "43: error: router_settings.provider_budget_config: must be a mapping of providers, such as {openai: {budget_limit: 100, time_period: 1d}}",
        ),
        (
            "litellm_settings: {max_budget: a lot}",
            "32: error: litellm_settings.max_budget: must be a number of dollars from 0 to 9000000000, not a lot",
        ),
        (
            "model_list: [{model_name: a, litellm_params: {model: openai/a, max_budget: -1}}]",
            "76: error: model_list[0].litellm_params.max_budget: must be a number of dollars from 0 to 9000000000, not -1",
        ),
        (
            "litellm_settings: {max_budget: 5, budget_duration: 0d}",
            "52: error: litellm_settings.budget_duration: `0d` is no duration of a budget; write 30s, 5m, 24h, 7d, 2w, 30d or 1mo",
        ),
        (
            "model_list: [{model_name: a, litellm_params: {model: openai/a, budget_duration: soon}}]",
            "81: error: model_list[0].litellm_params.budget_duration: `soon` is no duration of a budget; write 30s, 5m, 24h, 7d, 2w, 30d or 1mo",
        ),
    ] {
        check(yaml, &[&format!("c.yaml:1:{expected}")]);
        assert!(!read(yaml).is_acceptable(false), "{yaml}");
    }
    for period in ["30s", "5m", "24h", "7d", "2w", "1mo", "null"] {
        check(
            &format!(
                "router_settings: {{provider_budget_config: {{openai: {{budget_limit: 1, time_period: {period}}}}}}}"
            ),
            &[],
        );
    }
}

#[test]
fn a_strict_start_takes_no_warnings() {
    let warned = read("litellm_settings: {drop_parms: true}");
    assert!(warned.is_acceptable(false) && !warned.is_acceptable(true));
    let noted = read("model_list: [{model_name: a, litellm_params: {model: openai/a, temperature: 0.5}}]");
    assert_eq!(noted.findings[0].severity, Severity::Info);
    assert!(noted.is_acceptable(true));
    let broken = read("model_list: [{model_name: a, litellm_params: {}}]");
    assert!(!broken.is_acceptable(false));
}

#[test]
fn broken_texts_say_where() {
    for (yaml, expected) in [
        ("a: [1", "c.yaml:"),
        ("a:\n\tb: 1", "c.yaml:2:2: "),
        ("a: b: c", "c.yaml:1:5: "),
        ("a: *x", "c.yaml:1:4: "),
        ("a: 1\n---\nb: 2", "c.yaml:2:1: only one document is read"),
        ("a: !!binary aGk=", "c.yaml:1:4: the tag `!!binary` cannot be read; leave it out"),
        ("a: !!set {b}", "c.yaml:1:4: the tag `tag:yaml.org,2002:set` cannot be read; leave it out"),
        ("- 1", "c.yaml:1:1: the top level must be a mapping with sections such as model_list, not a list"),
    ] {
        let error = load_text("c.yaml", yaml, &super::environment()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{yaml}: {error}");
    }
    check("", &[]);
}
