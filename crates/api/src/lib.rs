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
mod dollars;
mod key;
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
pub use dollars::Dollars;
pub use key::{
    BlockKeyRequest, BulkUpdateKeysRequest, BulkUpdateTeamKeysRequest, BulkUpdatedKeys, DeleteKeyRequest,
    DeletedKeys, FailedKey, GenerateKeyRequest, KeyAliases, KeyAliasesQuery, KeyEntry, KeyHealth, KeyInfo,
    KeyInfoQuery, KeyInfos, KeyInfosRequest, KeyList, KeyListQuery, KeyObject, LoggingHealth,
    RegenerateKeyRequest, UpdateKeyRequest, UpdatedKey,
};
pub use limits::{BudgetLimit, LimitObject, LimitPatch, ModelBudget};
pub use lookup::{CustomerQuery, PageQuery, TeamListQuery, TeamQuery, UserQuery};
pub use openapi::openapi;
pub use patch::Patch;
pub use permission::{Permission, Reach, Role, TeamReach, TeamRole};
pub use refusal::{Refusal, RefusalDetail};
pub use route::{Endpoint, FoundRoute, Meter, Missing, ROUTES, Route, Verb, find};
pub use route_group::{EMPTY_GROUPS, RouteGroup, routes_of_key_type};
pub use secret::KeyText;
pub use spend::{LedgerAudit, SpendLog, SpendLogsQuery, SpendMetadata, SpendTimings, WrongBook};
pub use team::{
    AddMemberRequest, BlockTeamRequest, DeleteMemberRequest, DeleteTeamsRequest, Member, Members, TeamInfo,
    TeamList, TeamMembership, TeamModelsRequest, TeamObject, TeamRequest, UpdateMemberRequest,
};
pub use user::{DeleteUsersRequest, UserInfo, UserList, UserObject, UserRequest};
