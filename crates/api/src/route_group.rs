//! LiteLLM's names for groups of routes, as keys carry them in `allowed_routes` (contract §1e).

use crate::route::Endpoint;

macro_rules! groups {
    ($($name:ident $text:literal,)+) => {
        /// A group of routes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RouteGroup {
            $(#[doc = concat!("`", $text, "`")] $name,)+
        }

        impl RouteGroup {
            /// All groups.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// LiteLLM's name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

groups! {
    OpenAi "openai_routes",
    Anthropic "anthropic_routes",
    Google "google_routes",
    ModelInfo "model_info_routes",
    LlmApi "llm_api_routes",
    LlmApiWithoutMcp "llm_api_routes_without_mcp",
    Info "info_routes",
    KeyManagement "key_management_routes",
    Management "management_routes",
    SpendTracking "spend_tracking_routes",
    GlobalSpendTracking "global_spend_tracking_routes",
    InternalUser "internal_user_routes",
    InternalUserViewOnly "internal_user_view_only_routes",
    SelfManaged "self_managed_routes",
    AdminViewer "admin_viewer_routes",
    OrgAdminOnly "org_admin_only_routes",
    OrgAdminAllowed "org_admin_allowed_routes",
    MasterKeyOnly "master_key_only_routes",
    Public "public_routes",
    Ui "ui_routes",
    LitellmNative "litellm_native_routes",
    MappedPassThrough "mapped_pass_through_routes",
    ApplyGuardrail "apply_guardrail_routes",
    Mcp "mcp_routes",
    McpInference "mcp_inference_routes",
    McpManagement "mcp_management_routes",
    Agent "agent_routes",
    AgentInference "agent_inference_routes",
    AgentManagement "agent_management_routes",
    TraceTelemetry "trace_telemetry_routes",
}

/// Groups whose routes this house does not answer: a key that carries nothing else reaches nothing.
pub const EMPTY_GROUPS: &[RouteGroup] = &[
    RouteGroup::OrgAdminOnly,
    RouteGroup::MasterKeyOnly,
    RouteGroup::LitellmNative,
    RouteGroup::MappedPassThrough,
    RouteGroup::ApplyGuardrail,
    RouteGroup::Mcp,
    RouteGroup::McpInference,
    RouteGroup::McpManagement,
    RouteGroup::Agent,
    RouteGroup::AgentInference,
    RouteGroup::AgentManagement,
    RouteGroup::TraceTelemetry,
];

impl RouteGroup {
    /// The group of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|group| group.name() == name)
    }

    /// Whether a route belongs to the group.
    #[must_use]
    pub fn covers(self, endpoint: Endpoint) -> bool {
        named(endpoint).contains(&self) || self.parts().iter().any(|part| part.covers(endpoint))
    }

    /// Groups of which this one is made.
    const fn parts(self) -> &'static [Self] {
        match self {
            Self::LlmApi | Self::LlmApiWithoutMcp => {
                &[Self::OpenAi, Self::Anthropic, Self::Google, Self::ModelInfo]
            }
            Self::Management => &[Self::KeyManagement],
            Self::InternalUser => &[Self::SpendTracking, Self::KeyManagement],
            Self::InternalUserViewOnly => &[Self::SpendTracking],
            Self::AdminViewer => &[Self::SpendTracking, Self::Info],
            Self::OrgAdminAllowed => &[Self::Management, Self::SelfManaged, Self::AdminViewer],
            Self::Ui => &[Self::Info],
            _ => &[],
        }
    }
}

/// The groups that name a route themselves, as in LiteLLM's lists. Every route must say.
const fn named(endpoint: Endpoint) -> &'static [RouteGroup] {
    use RouteGroup as Group;
    match endpoint {
        Endpoint::Chat
        | Endpoint::Completion
        | Endpoint::Embedding
        | Endpoint::Responses
        | Endpoint::ResponsesSocket
        | Endpoint::CountResponses
        | Endpoint::CompactResponse
        | Endpoint::StoredResponse
        | Endpoint::StoredResponseInput
        | Endpoint::DeleteResponse
        | Endpoint::CancelResponse => &[Group::OpenAi],
        Endpoint::Models | Endpoint::Model => &[Group::OpenAi, Group::Info],
        Endpoint::Messages | Endpoint::CountMessages => &[Group::Anthropic],
        Endpoint::Gemini | Endpoint::GeminiModels | Endpoint::GeminiModel => &[Group::Google],
        Endpoint::ModelInfo => &[Group::ModelInfo, Group::Info, Group::Management],
        Endpoint::Health => &[Group::Info],
        Endpoint::Liveness
        | Endpoint::Readiness
        | Endpoint::Hello
        | Endpoint::EventSink
        | Endpoint::OpenApi => &[Group::Public],
        Endpoint::KeyInfo | Endpoint::KeyList => &[Group::KeyManagement, Group::Info],
        Endpoint::KeyInfos | Endpoint::KeyHealth => &[Group::Info],
        Endpoint::KeyGenerate
        | Endpoint::KeyServiceAccount
        | Endpoint::KeyUpdate
        | Endpoint::KeyBulkUpdate
        | Endpoint::TeamKeyBulkUpdate
        | Endpoint::KeyDelete
        | Endpoint::KeyBlock
        | Endpoint::KeyUnblock
        | Endpoint::KeyAliases
        | Endpoint::KeyRegenerate => &[Group::KeyManagement],
        Endpoint::TeamInfo | Endpoint::TeamList | Endpoint::TeamPages | Endpoint::TeamAvailable => {
            &[Group::Management, Group::Info]
        }
        Endpoint::TeamNew | Endpoint::TeamDelete | Endpoint::TeamBlock | Endpoint::TeamUnblock => {
            &[Group::Management]
        }
        Endpoint::TeamUpdate => &[Group::Management, Group::SelfManaged],
        Endpoint::TeamMemberAdd | Endpoint::TeamMemberUpdate | Endpoint::TeamMemberDelete => {
            &[Group::SelfManaged]
        }
        Endpoint::UserInfo => &[Group::Management, Group::Info],
        Endpoint::UserAlone => &[Group::Info],
        Endpoint::UserNew | Endpoint::UserUpdate | Endpoint::UserDelete => &[Group::Management],
        Endpoint::UserList => &[Group::Management, Group::SelfManaged, Group::AdminViewer],
        Endpoint::UserRoles => &[Group::SelfManaged, Group::AdminViewer],
        Endpoint::CustomerInfo | Endpoint::CustomerList | Endpoint::BudgetList => &[Group::AdminViewer],
        Endpoint::TagList => &[Group::InternalUser, Group::InternalUserViewOnly, Group::AdminViewer],
        Endpoint::SpendLogs => &[Group::SpendTracking, Group::KeyManagement],
        Endpoint::SpendPages
        | Endpoint::SpendKeys
        | Endpoint::SpendUsers
        | Endpoint::SpendTags
        | Endpoint::SpendCalculate => &[Group::SpendTracking],
        Endpoint::GlobalSpend
        | Endpoint::GlobalSpendReport
        | Endpoint::GlobalSpendTags
        | Endpoint::GlobalTagNames
        | Endpoint::GlobalSpendKeys
        | Endpoint::GlobalSpendTeams
        | Endpoint::GlobalSpendModels
        | Endpoint::GlobalSpendProvider
        | Endpoint::GlobalSpendLogs
        | Endpoint::GlobalSpendEndUsers => &[Group::GlobalSpendTracking, Group::AdminViewer],
        Endpoint::GlobalActivity | Endpoint::GlobalActivityModel => {
            &[Group::InternalUser, Group::AdminViewer]
        }
        Endpoint::UserDaily | Endpoint::UserDailyWhole | Endpoint::TeamDaily | Endpoint::TeamDailyWhole => {
            &[Group::SelfManaged, Group::AdminViewer]
        }
        Endpoint::TagDaily | Endpoint::TagDailyWhole => {
            &[Group::InternalUser, Group::InternalUserViewOnly, Group::AdminViewer]
        }
        Endpoint::CustomerDaily | Endpoint::CustomerDailyWhole | Endpoint::GlobalEndUsers => {
            &[Group::AdminViewer]
        }
        Endpoint::Metrics
        | Endpoint::TeamModelAdd
        | Endpoint::TeamModelDelete
        | Endpoint::CustomerNew
        | Endpoint::CustomerUpdate
        | Endpoint::CustomerDelete
        | Endpoint::CustomerBlock
        | Endpoint::CustomerUnblock
        | Endpoint::BudgetNew
        | Endpoint::BudgetUpdate
        | Endpoint::BudgetInfo
        | Endpoint::BudgetDelete
        | Endpoint::TagNew
        | Endpoint::TagUpdate
        | Endpoint::TagInfo
        | Endpoint::TagDelete
        | Endpoint::ProviderBudgets
        | Endpoint::LedgerVerify
        | Endpoint::LedgerRebuildDaily
        | Endpoint::LedgerReprice => &[],
    }
}

/// LiteLLM's presets of `allowed_routes`. None: no preset has that name; in it none: whatever the key's role lets it.
#[must_use]
pub fn routes_of_key_type(key_type: &str) -> Option<Option<RouteGroup>> {
    match key_type {
        "default" => Some(None),
        "llm_api" => Some(Some(RouteGroup::LlmApi)),
        "management" => Some(Some(RouteGroup::Management)),
        "read_only" => Some(Some(RouteGroup::Info)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::ROUTES;

    #[test]
    fn every_group_names_a_route_or_is_knowingly_empty() {
        for group in RouteGroup::ALL {
            let is_empty = !ROUTES.iter().any(|route| group.covers(route.endpoint));
            assert_eq!(is_empty, EMPTY_GROUPS.contains(group), "{}", group.name());
            assert_eq!(RouteGroup::from_name(group.name()), Some(*group));
        }
    }

    #[test]
    fn groups_hold_what_litellm_puts_into_them() {
        let holds = |group: &str, endpoint| RouteGroup::from_name(group).unwrap().covers(endpoint);
        assert!(holds("llm_api_routes", Endpoint::Messages) && holds("llm_api_routes", Endpoint::ModelInfo));
        assert!(!holds("llm_api_routes", Endpoint::KeyList));
        assert!(
            holds("management_routes", Endpoint::KeyGenerate) && !holds("management_routes", Endpoint::Chat)
        );
        assert!(holds("info_routes", Endpoint::KeyInfo) && !holds("info_routes", Endpoint::KeyUpdate));
        assert!(holds("org_admin_allowed_routes", Endpoint::Models), "groups of groups are followed");
    }
}
