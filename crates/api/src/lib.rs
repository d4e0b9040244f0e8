//! The route table, and the shapes of the admin API: shared by the planes that answer, the client and the tests.
//!
//! A route without a permission and a meter does not compile. This room never answers a request.
//!
//! ```
//! use weighhouse_api::{Endpoint, find};
//!
//! let found = find(&http::Method::POST, "/openai/deployments/gpt-4o/chat/completions").expect("a route");
//! assert_eq!((found.route.endpoint, found.capture), (Endpoint::Chat, Some("gpt-4o")));
//! ```

mod body;
mod customer;
mod daily;
mod dollars;
mod global_spend;
mod key;
mod ledger;
mod limits;
mod lookup;
mod openapi;
mod patch;
mod permission;
mod query;
mod refusal;
mod route;
mod route_group;
mod secret;
mod spend;
mod team;
mod user;

pub use body::{RequestBody, read_body};
pub use customer::{
    BudgetObject, BudgetRequest, BudgetsRequest, CustomerObject, CustomerRequest, CustomersRequest,
    DeleteBudgetRequest, DeleteTagRequest, TagObject, TagRequest, TagsRequest,
};
pub use daily::{
    DailyActivity, DailyActivityDay, DailyActivityMetadata, DailyActivityQuery, DailyBreakdown, DailyIds,
    DailyKeyMetadata, GroupMetrics, KeyMetrics, SpendMetrics,
};
pub use dollars::Dollars;
pub use global_spend::{
    Activity, ActivityDay, DaySpend, EndUserNames, EndUserSpend, EndUsersRequest, GlobalSpend,
    GlobalTagSpend, KeySpend, ModelActivity, ModelSpend, NamedTagSpend, PeriodQuery, ProviderBudget,
    ProviderBudgets, ProviderSpend, ReportDetail, ReportGroup, ReportLine, ReportModel, ReportQuery,
    ReportSum, SpendQuery, TagNames, TagSpend, TeamSpend, TeamsSpend,
};
pub use key::{
    BlockKeyRequest, BulkUpdateKeysRequest, BulkUpdateTeamKeysRequest, BulkUpdatedKeys, DeleteKeyRequest,
    DeletedKeys, FailedKey, GenerateKeyRequest, KeyAliases, KeyAliasesQuery, KeyEntry, KeyHealth, KeyInfo,
    KeyInfoQuery, KeyInfos, KeyInfosRequest, KeyList, KeyListQuery, KeyObject, LoggingHealth,
    RegenerateKeyRequest, UpdateKeyRequest, UpdatedKey,
};
pub use ledger::{
    CalculateRequest, Calculated, LedgerAudit, RebuiltDaily, RefusedAttempt, RepriceRequest, Repriced,
    RepricedRow, WrongBook, WrongDay,
};
pub use limits::{BudgetLimit, LimitObject, LimitPatch, ModelBudget};
pub use lookup::{CustomerQuery, PageQuery, SortOrder, TeamColumn, TeamListQuery, TeamQuery, UserQuery};
pub use openapi::openapi;
pub use patch::Patch;
pub use permission::{Permission, Reach, Role, TeamReach, TeamRole};
pub use refusal::{Refusal, RefusalDetail};
pub use route::{Endpoint, FoundRoute, Meter, Missing, ROUTES, Route, Verb, find};
pub use route_group::{EMPTY_GROUPS, RouteGroup, routes_of_key_type};
pub use secret::KeyText;
pub use spend::{
    ChargedAccount, SpendLog, SpendLogsQuery, SpendMetadata, SpendPage, SpendPageQuery, SpendSummary,
    SpendTimings,
};
pub use team::{
    AddMemberRequest, BlockTeamRequest, DeleteMemberRequest, DeleteTeamsRequest, Member, Members, TeamInfo,
    TeamList, TeamMembership, TeamModelsRequest, TeamObject, TeamRequest, UpdateMemberRequest,
};
pub use user::{DeleteUsersRequest, UserInfo, UserList, UserObject, UserRequest};
