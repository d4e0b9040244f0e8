//! Keys of the top level and of our own section, by what becomes of them.

use super::Keys;

/// The top level.
pub(crate) const SECTIONS: Keys = Keys {
    acted: "\
        credential_list environment_variables general_settings include litellm_settings model_list \
        router_settings weighhouse_settings",
    idle: "\
        agent_list agents assistant_settings callback_settings default_vertex_config files_settings \
        finetune_settings guardrails mcp_servers mcp_tools policies policy_attachments prompts \
        sandbox_tools search_tools vector_store_registry worker_registry",
};

/// An entry of `credential_list` (§2e).
pub(crate) const CREDENTIAL: Keys =
    Keys { acted: "credential_info credential_name credential_values", idle: "" };

/// `weighhouse_settings`: what LiteLLM has no name for.
pub(crate) const OWN: Keys = Keys {
    acted: "budget_mode compat drain_seconds hold_wait_seconds on_abort timeouts unpriced_models",
    idle: "data_dir workers",
};

/// `weighhouse_settings.timeouts`.
pub(crate) const TIMEOUTS: Keys =
    Keys { acted: "first_byte_seconds idle_seconds total_seconds", idle: "connect_seconds" };

/// `weighhouse_settings.compat`.
pub(crate) const COMPAT: Keys = Keys { acted: "budget_exceeded_status model_denied_status", idle: "" };
