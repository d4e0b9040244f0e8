//! What the routes of teams, users, customers, budgets and tags take and answer, for the API's description.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use super::{Shape, parameters, schema};
use crate::customer::{
    BudgetObject, BudgetRequest, BudgetsRequest, CustomerObject, CustomerRequest, CustomersRequest,
    DeleteBudgetRequest, DeleteTagRequest, TagObject, TagRequest, TagsRequest,
};
use crate::lookup::{CustomerQuery, PageQuery, TeamListQuery, TeamQuery, UserQuery};
use crate::route::Endpoint;
use crate::team::{
    AddMemberRequest, BlockTeamRequest, DeleteMemberRequest, DeleteTeamsRequest, TeamInfo, TeamList,
    TeamModelsRequest, TeamObject, TeamRequest, UpdateMemberRequest,
};
use crate::user::{DeleteUsersRequest, UserInfo, UserList, UserObject, UserRequest};

pub(super) fn shape_of(endpoint: Endpoint, generator: &mut SchemaGenerator) -> Shape {
    let object = || json!({ "type": "object" });
    let body = |request: Value, answer: Value| Shape {
        request: Some(request),
        query: Vec::new(),
        answer: ("application/json", answer),
    };
    let read = |query: Vec<Value>, answer: Value| Shape {
        request: None,
        query,
        answer: ("application/json", answer),
    };
    match endpoint {
        Endpoint::TeamNew | Endpoint::TeamUpdate => {
            body(schema::<TeamRequest>(generator), schema::<TeamObject>(generator))
        }
        Endpoint::TeamInfo => read(parameters::<TeamQuery>(), schema::<TeamInfo>(generator)),
        Endpoint::TeamList => read(parameters::<TeamListQuery>(), schema::<Vec<TeamObject>>(generator)),
        Endpoint::TeamPages => read(parameters::<TeamListQuery>(), schema::<TeamList>(generator)),
        Endpoint::UserAlone => read(parameters::<UserQuery>(), schema::<UserObject>(generator)),
        Endpoint::TeamDelete => {
            body(schema::<DeleteTeamsRequest>(generator), schema::<Vec<String>>(generator))
        }
        Endpoint::TeamBlock | Endpoint::TeamUnblock => {
            body(schema::<BlockTeamRequest>(generator), schema::<TeamObject>(generator))
        }
        Endpoint::TeamMemberAdd => {
            body(schema::<AddMemberRequest>(generator), schema::<TeamObject>(generator))
        }
        Endpoint::TeamMemberUpdate => {
            body(schema::<UpdateMemberRequest>(generator), schema::<TeamObject>(generator))
        }
        Endpoint::TeamMemberDelete => {
            body(schema::<DeleteMemberRequest>(generator), schema::<TeamObject>(generator))
        }
        Endpoint::TeamModelAdd | Endpoint::TeamModelDelete => {
            body(schema::<TeamModelsRequest>(generator), schema::<TeamObject>(generator))
        }
        Endpoint::UserNew | Endpoint::UserUpdate => {
            body(schema::<UserRequest>(generator), schema::<UserObject>(generator))
        }
        Endpoint::UserInfo => read(parameters::<UserQuery>(), schema::<UserInfo>(generator)),
        Endpoint::UserList => read(parameters::<PageQuery>(), schema::<UserList>(generator)),
        Endpoint::UserDelete => body(schema::<DeleteUsersRequest>(generator), json!({ "type": "integer" })),
        Endpoint::CustomerNew | Endpoint::CustomerUpdate => {
            body(schema::<CustomerRequest>(generator), schema::<CustomerObject>(generator))
        }
        Endpoint::CustomerInfo => read(parameters::<CustomerQuery>(), schema::<CustomerObject>(generator)),
        Endpoint::CustomerList => read(parameters::<PageQuery>(), schema::<Vec<CustomerObject>>(generator)),
        Endpoint::CustomerDelete | Endpoint::CustomerBlock | Endpoint::CustomerUnblock => {
            body(schema::<CustomersRequest>(generator), object())
        }
        Endpoint::BudgetNew | Endpoint::BudgetUpdate => {
            body(schema::<BudgetRequest>(generator), schema::<BudgetObject>(generator))
        }
        Endpoint::BudgetInfo => {
            body(schema::<BudgetsRequest>(generator), schema::<Vec<BudgetObject>>(generator))
        }
        Endpoint::BudgetList => read(parameters::<PageQuery>(), schema::<Vec<BudgetObject>>(generator)),
        Endpoint::BudgetDelete => body(schema::<DeleteBudgetRequest>(generator), object()),
        Endpoint::TagNew | Endpoint::TagUpdate => {
            body(schema::<TagRequest>(generator), schema::<TagObject>(generator))
        }
        Endpoint::TagInfo => body(schema::<TagsRequest>(generator), object()),
        Endpoint::TagList => read(parameters::<PageQuery>(), schema::<Vec<TagObject>>(generator)),
        Endpoint::TagDelete => body(schema::<DeleteTagRequest>(generator), object()),
        _ => read(Vec::new(), object()),
    }
}
