//! The ONE table of routes: what is answered, who may ask, and how it is weighed.

use http::Method;

use crate::permission::Permission;

/// What a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// A chat turn, as OpenAI's chat completions.
    Chat,
    /// A chat turn, as OpenAI's responses.
    Responses,
    /// A chat turn, as Anthropic's messages.
    Messages,
    /// A chat turn or a count, as Google's models: the path ends with the method.
    Gemini,
    /// How many tokens a prompt has, as Anthropic counts.
    CountMessages,
    /// How many tokens a prompt has, as OpenAI's responses count.
    CountResponses,
    /// A shorter form of a conversation.
    CompactResponse,
    /// A response that the provider keeps.
    StoredResponse,
    /// What it was asked with.
    StoredResponseInput,
    /// It is to be forgotten.
    DeleteResponse,
    /// It is to stop.
    CancelResponse,
    /// A WebSocket, which is not served: clients that hear so go on with POST.
    ResponsesSocket,
    /// What clients report of themselves; taken and thrown away.
    EventSink,
    /// A client asks whether anyone is there.
    Hello,
    /// A legacy text completion.
    Completion,
    /// Vectors of texts.
    Embedding,
    /// The models that the caller may use.
    Models,
    /// One of them.
    Model,
    /// The models in Google's shape.
    GeminiModels,
    /// One of them.
    GeminiModel,
    /// What is known of the deployments.
    ModelInfo,
    /// The process lives.
    Liveness,
    /// The process can serve.
    Readiness,
    /// The deployments' health as calls have shown it.
    Health,
    /// Metrics for Prometheus.
    Metrics,
    /// Makes a key.
    KeyGenerate,
    /// Changes a key.
    KeyUpdate,
    /// Tells about a key.
    KeyInfo,
    /// Lists keys.
    KeyList,
    /// Deletes keys.
    KeyDelete,
    /// Blocks a key.
    KeyBlock,
    /// Unblocks a key.
    KeyUnblock,
    /// Gives a key a new secret.
    KeyRegenerate,
    /// Makes a key of a team that no user owns.
    KeyServiceAccount,
    /// Changes many keys, each in its own way.
    KeyBulkUpdate,
    /// Changes many keys of a team in the same way.
    TeamKeyBulkUpdate,
    /// Tells about many keys.
    KeyInfos,
    /// Lists the names of keys.
    KeyAliases,
    /// Tells whether the key that asks is in order.
    KeyHealth,
    /// Make a team.
    TeamNew,
    /// Change a team.
    TeamUpdate,
    /// Tell about a team, its keys and its members.
    TeamInfo,
    /// List teams.
    TeamList,
    /// Lists teams by page.
    TeamPages,
    /// Teams that a user may join by themselves.
    TeamAvailable,
    /// Tells about a user alone.
    UserAlone,
    /// Delete teams and their keys.
    TeamDelete,
    /// Block a team.
    TeamBlock,
    /// Unblock a team.
    TeamUnblock,
    /// Add members to a team.
    TeamMemberAdd,
    /// Change a member of a team.
    TeamMemberUpdate,
    /// Take a member out of a team.
    TeamMemberDelete,
    /// Let a team use models.
    TeamModelAdd,
    /// Let a team use models no more.
    TeamModelDelete,
    /// Make a user, and a key with them.
    UserNew,
    /// Change a user.
    UserUpdate,
    /// Tell about a user, their keys and teams.
    UserInfo,
    /// List users.
    UserList,
    /// What roles users may have.
    UserRoles,
    /// Delete users and their keys.
    UserDelete,
    /// Make a customer: whom clients name as their end user.
    CustomerNew,
    /// Change a customer.
    CustomerUpdate,
    /// Tell about a customer.
    CustomerInfo,
    /// List customers.
    CustomerList,
    /// Delete customers.
    CustomerDelete,
    /// Block customers.
    CustomerBlock,
    /// Unblock customers.
    CustomerUnblock,
    /// Make a named budget.
    BudgetNew,
    /// Change a named budget.
    BudgetUpdate,
    /// Tell about named budgets.
    BudgetInfo,
    /// List named budgets.
    BudgetList,
    /// Delete a named budget.
    BudgetDelete,
    /// Give a tag limits.
    TagNew,
    /// Change the limits of a tag.
    TagUpdate,
    /// Tell about tags.
    TagInfo,
    /// List tags with limits.
    TagList,
    /// Take the limits of a tag away.
    TagDelete,
    /// Holds the books against the ledger.
    LedgerVerify,
    /// Reckons the daily tables again.
    LedgerRebuildDaily,
    /// Tries the prices in force on the ledger.
    LedgerReprice,
    /// Reads the ledger, or sums of its days.
    SpendLogs,
    /// Reads the ledger by page.
    SpendPages,
    /// Keys, the dearest first.
    SpendKeys,
    /// Users, the dearest first.
    SpendUsers,
    /// What was spent by tag.
    SpendTags,
    /// What a prompt would cost, or an answer did.
    SpendCalculate,
    /// What the whole house spent in 30 days.
    GlobalSpend,
    /// What was spent by team, customer or key.
    GlobalSpendReport,
    /// What was spent by tag, the dearest first.
    GlobalSpendTags,
    /// Every tag.
    GlobalTagNames,
    /// The dearest keys of 30 days.
    GlobalSpendKeys,
    /// What teams spent in 30 days.
    GlobalSpendTeams,
    /// The dearest models of 30 days.
    GlobalSpendModels,
    /// What was spent by provider.
    GlobalSpendProvider,
    /// What each of 30 days cost.
    GlobalSpendLogs,
    /// The dearest end users.
    GlobalSpendEndUsers,
    /// Every end user.
    GlobalEndUsers,
    /// Calls and tokens by day.
    GlobalActivity,
    /// The same by model.
    GlobalActivityModel,
    /// What users spent by day.
    UserDaily,
    /// The same on one page.
    UserDailyWhole,
    /// What teams spent by day.
    TeamDaily,
    /// The same on one page.
    TeamDailyWhole,
    /// What was spent by tag and day.
    TagDaily,
    /// The same on one page.
    TagDailyWhole,
    /// What end users spent by day.
    CustomerDaily,
    /// The same on one page.
    CustomerDailyWhole,
    /// Where the budgets of providers stand.
    ProviderBudgets,
    /// The API's description.
    OpenApi,
}

/// HTTP methods that routes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// GET, and HEAD with it.
    Get,
    /// POST.
    Post,
    /// DELETE.
    Delete,
}

/// How a route is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meter {
    /// Every attempt at a provider is held, settled and recorded.
    PerAttempt,
    /// A provider is asked something small that costs nothing; the key's limit of requests counts it.
    PerRequest,
    /// Nothing reaches a provider.
    NothingUpstream,
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method.
    pub verb: Verb,
    /// The path; `{name}` stands for one or more segments, once a path.
    pub path: &'static str,
    /// What it answers.
    pub endpoint: Endpoint,
    /// Who may ask.
    pub permission: Permission,
    /// How it is weighed.
    pub meter: Meter,
    /// For people.
    pub summary: &'static str,
}

macro_rules! routes {
    ($($verb:ident $endpoint:ident $permission:ident $meter:ident $summary:literal: $($path:literal)+;)+) => {
        /// Every route that the house answers.
        pub const ROUTES: &[Route] = &[$($(Route {
            verb: Verb::$verb,
            path: $path,
            endpoint: Endpoint::$endpoint,
            permission: Permission::$permission,
            meter: Meter::$meter,
            summary: $summary,
        },)+)+];
    };
}

routes! {
    Post Chat AnyKey PerAttempt "Chat completion, whole or streamed":
        "/v1/chat/completions" "/chat/completions" "/openai/v1/chat/completions"
        "/openai/deployments/{model}/chat/completions" "/engines/{model}/chat/completions";
    Post Responses AnyKey PerAttempt "OpenAI's responses, whole or streamed":
        "/v1/responses" "/responses" "/openai/v1/responses";
    Get ResponsesSocket AnyKey NothingUpstream "WebSocket of the responses: answered with 426, use POST":
        "/v1/responses" "/responses" "/openai/v1/responses";
    Post CountResponses AnyKey PerAttempt "Count the tokens of a response's input":
        "/v1/responses/input_tokens" "/responses/input_tokens" "/openai/v1/responses/input_tokens";
    Post CompactResponse AnyKey PerAttempt "Compact a conversation":
        "/v1/responses/compact" "/responses/compact" "/openai/v1/responses/compact";
    Get StoredResponseInput AnyKey PerRequest "The input of a response of the key's own":
        "/v1/responses/{id}/input_items" "/responses/{id}/input_items";
    Post CancelResponse AnyKey PerRequest "Stop a response of the key's own":
        "/v1/responses/{id}/cancel" "/responses/{id}/cancel";
    Get StoredResponse AnyKey PerRequest "A response of the key's own, from the provider that keeps it":
        "/v1/responses/{id}" "/responses/{id}";
    Delete DeleteResponse AnyKey PerRequest "Have a response of the key's own forgotten":
        "/v1/responses/{id}" "/responses/{id}";
    Post Messages AnyKey PerAttempt "Anthropic's messages, whole or streamed":
        "/v1/messages" "/anthropic/v1/messages";
    Post CountMessages AnyKey PerAttempt "Count the tokens of a message":
        "/v1/messages/count_tokens" "/anthropic/v1/messages/count_tokens";
    Post Gemini AnyKey PerAttempt "Google's generateContent, streamGenerateContent and countTokens":
        "/v1beta/models/{model}" "/v1/models/{model}" "/models/{model}";
    Post EventSink Public NothingUpstream "Takes what Claude Code reports of itself, and keeps nothing":
        "/api/event_logging/batch";
    Get Hello Public NothingUpstream "Answers a client that asks whether anyone is there": "/api/hello";
    Post Completion AnyKey PerAttempt "Legacy text completion, whole or streamed":
        "/v1/completions" "/completions" "/openai/v1/completions"
        "/openai/deployments/{model}/completions" "/engines/{model}/completions";
    Post Embedding AnyKey PerAttempt "Embeddings":
        "/v1/embeddings" "/embeddings" "/openai/v1/embeddings"
        "/openai/deployments/{model}/embeddings" "/engines/{model}/embeddings";
    Get Models AnyKey NothingUpstream "Models that the key may use":
        "/v1/models" "/models" "/openai/v1/models";
    Get Model AnyKey NothingUpstream "One model":
        "/v1/models/{model}" "/models/{model}";
    Get GeminiModels AnyKey NothingUpstream "Models that the key may use, in Google's shape": "/v1beta/models";
    Get GeminiModel AnyKey NothingUpstream "One model, in Google's shape": "/v1beta/models/{model}";
    Get ModelInfo AnyKey NothingUpstream "Deployments with their prices, limits and capabilities":
        "/model/info" "/v1/model/info";
    Get Liveness Public NothingUpstream "The process lives":
        "/health/liveliness" "/health/liveness" "/livez";
    Get Readiness Public NothingUpstream "The process can serve: store reachable, not draining":
        "/health/readiness" "/readyz";
    Get Health AnyKey NothingUpstream "Deployments that are well and that cool down":
        "/health";
    Get Metrics AnyKey NothingUpstream "Metrics for Prometheus":
        "/metrics";
    Post KeyGenerate KeyWrites NothingUpstream "Make a virtual key": "/key/generate";
    Post KeyUpdate KeyWrites NothingUpstream "Change a virtual key": "/key/update";
    Get KeyInfo KeyReads NothingUpstream "Tell about a virtual key": "/key/info";
    Get KeyList KeyLists NothingUpstream "List virtual keys": "/key/list";
    Post KeyDelete KeyRotates NothingUpstream "Delete virtual keys": "/key/delete";
    Post KeyBlock TeamWrites NothingUpstream "Block a virtual key": "/key/block";
    Post KeyUnblock TeamWrites NothingUpstream "Unblock a virtual key": "/key/unblock";
    Post KeyRegenerate KeyRotates NothingUpstream "Give a virtual key a new secret":
        "/key/regenerate" "/key/{key}/regenerate";
    Post KeyServiceAccount TeamWrites NothingUpstream "Make a key of a team that no user owns":
        "/key/service-account/generate";
    Post KeyBulkUpdate Admin NothingUpstream "Change many keys, each in its own way": "/key/bulk_update";
    Post TeamKeyBulkUpdate TeamWrites NothingUpstream "Change many keys of a team in the same way":
        "/team/key/bulk_update";
    Post KeyInfos KeyReads NothingUpstream "Tell about many keys": "/v2/key/info";
    Get KeyAliases KeyLists NothingUpstream "List the names of keys": "/key/aliases";
    Post KeyHealth AnyKey NothingUpstream "Tell whether the key that asks is in order": "/key/health";
    Post TeamNew Admin NothingUpstream "Make a team": "/team/new";
    Post TeamUpdate Admin NothingUpstream "Change a team": "/team/update";
    Get TeamInfo TeamReads NothingUpstream "Tell about a team, its keys and its members": "/team/info";
    Get TeamList TeamReads NothingUpstream "List teams": "/team/list";
    Get TeamPages TeamReads NothingUpstream "List teams by page": "/v2/team/list";
    Get TeamAvailable TeamReads NothingUpstream "Teams that a user may join by themselves: none": "/team/available";
    Get UserAlone UserReads NothingUpstream "Tell about a user alone": "/v2/user/info";
    Post TeamDelete Admin NothingUpstream "Delete teams and their keys": "/team/delete";
    Post TeamBlock Admin NothingUpstream "Block a team": "/team/block";
    Post TeamUnblock Admin NothingUpstream "Unblock a team": "/team/unblock";
    Post TeamMemberAdd TeamWrites NothingUpstream "Add members to a team": "/team/member_add";
    Post TeamMemberUpdate TeamWrites NothingUpstream "Change a member of a team": "/team/member_update";
    Post TeamMemberDelete TeamWrites NothingUpstream "Take a member out of a team": "/team/member_delete";
    Post TeamModelAdd Admin NothingUpstream "Let a team use models": "/team/model/add";
    Post TeamModelDelete Admin NothingUpstream "Let a team use models no more": "/team/model/delete";
    Post UserNew Admin NothingUpstream "Make a user, and a key with them": "/user/new";
    Post UserUpdate Admin NothingUpstream "Change a user": "/user/update";
    Get UserInfo UserReads NothingUpstream "Tell about a user, their keys and teams": "/user/info";
    Get UserList AdminReads NothingUpstream "List users": "/user/list";
    Get UserRoles AnyKey NothingUpstream "What roles users may have": "/user/available_roles";
    Post UserDelete Admin NothingUpstream "Delete users and their keys": "/user/delete";
    Post CustomerNew Admin NothingUpstream "Make a customer: whom clients name as their end user": "/customer/new" "/end_user/new";
    Post CustomerUpdate Admin NothingUpstream "Change a customer": "/customer/update" "/end_user/update";
    Get CustomerInfo AdminReads NothingUpstream "Tell about a customer": "/customer/info" "/end_user/info";
    Get CustomerList AdminReads NothingUpstream "List customers": "/customer/list" "/end_user/list";
    Post CustomerDelete Admin NothingUpstream "Delete customers": "/customer/delete" "/end_user/delete";
    Post CustomerBlock Admin NothingUpstream "Block customers": "/customer/block" "/end_user/block";
    Post CustomerUnblock Admin NothingUpstream "Unblock customers": "/customer/unblock" "/end_user/unblock";
    Post BudgetNew Admin NothingUpstream "Make a named budget": "/budget/new";
    Post BudgetUpdate Admin NothingUpstream "Change a named budget": "/budget/update";
    Post BudgetInfo AdminReads NothingUpstream "Tell about named budgets": "/budget/info";
    Get BudgetList AdminReads NothingUpstream "List named budgets": "/budget/list";
    Post BudgetDelete Admin NothingUpstream "Delete a named budget": "/budget/delete";
    Post TagNew Admin NothingUpstream "Give a tag limits": "/tag/new";
    Post TagUpdate Admin NothingUpstream "Change the limits of a tag": "/tag/update";
    Post TagInfo AdminReads NothingUpstream "Tell about tags": "/tag/info";
    Get TagList AdminReads NothingUpstream "List tags with limits": "/tag/list";
    Post TagDelete Admin NothingUpstream "Take the limits of a tag away": "/tag/delete";
    Get LedgerVerify AdminReads NothingUpstream "Hold what keys and accounts are said to have spent against the ledger":
        "/ledger/verify";
    Post LedgerRebuildDaily Admin NothingUpstream "Reckon the daily tables again from the ledger":
        "/ledger/rebuild-daily";
    Post LedgerReprice AdminReads NothingUpstream "What rows of the ledger would cost by the prices in force; nothing changes":
        "/ledger/reprice";
    Get SpendLogs SpendReads NothingUpstream "Read the ledger: one row per attempt, or with both days of a period sums by day":
        "/spend/logs";
    Get SpendPages SpendReads NothingUpstream "Read the ledger by page": "/spend/logs/v2";
    Get SpendKeys SpendReads NothingUpstream "Keys with what they spent, the dearest first": "/spend/keys";
    Get SpendUsers SpendReads NothingUpstream "Users with what they spent, the dearest first": "/spend/users";
    Get SpendTags SpendReads NothingUpstream "What was spent by tag": "/spend/tags";
    Post SpendCalculate AnyKey NothingUpstream "What a prompt would cost, or an answer did": "/spend/calculate";
    Get GlobalSpend AdminReads NothingUpstream "What the whole house spent in 30 days": "/global/spend";
    Get GlobalSpendReport AdminReads NothingUpstream "What was spent by day and team or customer, or by key":
        "/global/spend/report";
    Get GlobalSpendTags AdminReads NothingUpstream "What was spent by tag, the dearest first": "/global/spend/tags";
    Get GlobalTagNames AdminReads NothingUpstream "Every tag": "/global/spend/all_tag_names";
    Get GlobalSpendKeys SpendReads NothingUpstream "The dearest keys of 30 days": "/global/spend/keys";
    Get GlobalSpendTeams AdminReads NothingUpstream "What teams spent in 30 days": "/global/spend/teams";
    Get GlobalSpendModels SpendReads NothingUpstream "The dearest models of 30 days": "/global/spend/models";
    Get GlobalSpendProvider SpendReads NothingUpstream "What was spent by provider": "/global/spend/provider";
    Get GlobalSpendLogs SpendReads NothingUpstream "What each of 30 days cost": "/global/spend/logs";
    Post GlobalSpendEndUsers AdminReads NothingUpstream "The hundred dearest end users": "/global/spend/end_users";
    Get GlobalEndUsers AdminReads NothingUpstream "Every end user": "/global/all_end_users";
    Get GlobalActivity SpendReads NothingUpstream "Calls and tokens by day": "/global/activity";
    Get GlobalActivityModel SpendReads NothingUpstream "Calls and tokens by model and day": "/global/activity/model";
    Get UserDaily SpendReads NothingUpstream "What users spent by day, told apart": "/user/daily/activity";
    Get UserDailyWhole SpendReads NothingUpstream "What users spent by day, on one page":
        "/user/daily/activity/aggregated";
    Get TeamDaily SpendReads NothingUpstream "What teams spent by day, told apart": "/team/daily/activity";
    Get TeamDailyWhole SpendReads NothingUpstream "What teams spent by day, on one page":
        "/team/daily/activity/aggregated";
    Get TagDaily SpendReads NothingUpstream "What was spent by tag and day, told apart": "/tag/daily/activity";
    Get TagDailyWhole SpendReads NothingUpstream "What was spent by tag and day, on one page":
        "/tag/daily/activity/aggregated";
    Get CustomerDaily AdminReads NothingUpstream "What end users spent by day, told apart":
        "/customer/daily/activity" "/end_user/daily/activity";
    Get CustomerDailyWhole AdminReads NothingUpstream "What end users spent by day, on one page":
        "/customer/daily/activity/aggregated" "/end_user/daily/activity/aggregated";
    Get ProviderBudgets AdminReads NothingUpstream "Where the budgets of providers stand": "/provider/budgets";
    Get OpenApi Public NothingUpstream "This API, described": "/openapi.json";
}

/// A route that was asked for, and what its path captured.
#[derive(Clone, Copy, Debug)]
pub struct FoundRoute<'path> {
    /// The route.
    pub route: &'static Route,
    /// What `{name}` stands for, as it stood in the path.
    pub capture: Option<&'path str>,
}

/// Why no route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// No route has that path.
    Path,
    /// A route has it, with another method.
    Method,
}

/// The route that answers a method and path.
///
/// # Errors
/// No route has the path, or none with that method.
pub fn find<'path>(method: &Method, path: &'path str) -> Result<FoundRoute<'path>, Missing> {
    let mut missing = Missing::Path;
    for route in ROUTES {
        let Some(capture) = route.captures(path) else { continue };
        if route.verb.answers(method) {
            return Ok(FoundRoute { route, capture });
        }
        missing = Missing::Method;
    }
    Err(missing)
}

impl Verb {
    fn answers(self, method: &Method) -> bool {
        match self {
            Self::Get => method == Method::GET || method == Method::HEAD,
            Self::Post => method == Method::POST,
            Self::Delete => method == Method::DELETE,
        }
    }
}

impl Route {
    /// None: another path. Some(None): this path, which captures nothing.
    fn captures<'path>(&self, path: &'path str) -> Option<Option<&'path str>> {
        let Some((before, rest)) = self.path.split_once('{') else {
            return (self.path == path).then_some(None);
        };
        let (_, after) = rest.split_once('}')?;
        let captured = path.strip_prefix(before)?.strip_suffix(after)?;
        (!captured.is_empty()).then_some(Some(captured))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: &Method, path: &str) -> Result<(Endpoint, Option<String>), Missing> {
        find(method, path).map(|found| (found.route.endpoint, found.capture.map(str::to_owned)))
    }

    #[test]
    fn paths_and_methods_are_told_apart() {
        assert_eq!(found(&Method::POST, "/chat/completions"), Ok((Endpoint::Chat, None)));
        assert_eq!(found(&Method::GET, "/chat/completions"), Err(Missing::Method));
        assert_eq!(found(&Method::HEAD, "/health/liveness"), Ok((Endpoint::Liveness, None)));
        assert_eq!(found(&Method::POST, "/chat/completions/"), Err(Missing::Path));
        assert_eq!(
            found(&Method::GET, "/v1/models/openai/gpt-4o"),
            Ok((Endpoint::Model, Some("openai/gpt-4o".into())))
        );
        assert_eq!(
            found(&Method::POST, "/engines/a/b/embeddings"),
            Ok((Endpoint::Embedding, Some("a/b".into())))
        );
        assert_eq!(found(&Method::POST, "/engines//embeddings"), Err(Missing::Path));
        assert_eq!(
            found(&Method::POST, "/v1beta/models/gemini-2.5-pro:generateContent"),
            Ok((Endpoint::Gemini, Some("gemini-2.5-pro:generateContent".into())))
        );
        assert_eq!(found(&Method::POST, "/v1/messages"), Ok((Endpoint::Messages, None)));
        assert_eq!(found(&Method::GET, "/v1/responses"), Ok((Endpoint::ResponsesSocket, None)));
    }

    #[test]
    fn no_two_routes_answer_the_same() {
        for (index, route) in ROUTES.iter().enumerate() {
            let twin = ROUTES
                .iter()
                .skip(index + 1)
                .find(|other| other.path == route.path && other.verb == route.verb);
            assert!(twin.is_none(), "{} stands twice", route.path);
            assert!(route.path.starts_with('/') && !route.summary.is_empty());
        }
    }
}
