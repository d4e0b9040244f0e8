//! What the routes of spend take and answer, for the API's description.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::{Shape, parameters, schema};
use crate::daily::{DailyActivity, DailyActivityQuery, DailyIds};
use crate::global_spend::{
    Activity, DaySpend, EndUserNames, EndUserSpend, EndUsersRequest, GlobalSpend, GlobalTagSpend, KeySpend,
    ModelActivity, ModelSpend, PeriodQuery, ProviderBudgets, ProviderSpend, ReportLine, ReportQuery,
    SpendQuery, TagNames, TagSpend, TeamsSpend,
};
use crate::key::KeyObject;
use crate::ledger::{CalculateRequest, Calculated, LedgerAudit, RebuiltDaily, RepriceRequest, Repriced};
use crate::route::Endpoint;
use crate::spend::{SpendLog, SpendLogsQuery, SpendPage, SpendPageQuery};
use crate::user::UserObject;

/// None: no route of spend.
pub(super) fn shape_of(endpoint: Endpoint, made: &mut SchemaGenerator) -> Option<Shape> {
    Some(match endpoint {
        Endpoint::LedgerVerify => read(Vec::new(), schema::<LedgerAudit>(made)),
        Endpoint::LedgerRebuildDaily => read(Vec::new(), schema::<RebuiltDaily>(made)),
        Endpoint::LedgerReprice => body::<RepriceRequest, Repriced>(made),
        Endpoint::SpendLogs => read(parameters::<SpendLogsQuery>(), schema::<Vec<SpendLog>>(made)),
        Endpoint::SpendPages => ask::<SpendPageQuery, SpendPage>(made),
        Endpoint::SpendKeys => read(Vec::new(), schema::<Vec<KeyObject>>(made)),
        Endpoint::SpendUsers => ask::<SpendQuery, Vec<UserObject>>(made),
        Endpoint::SpendTags => ask::<SpendQuery, Vec<TagSpend>>(made),
        Endpoint::SpendCalculate => body::<CalculateRequest, Calculated>(made),
        Endpoint::GlobalSpend => read(Vec::new(), schema::<GlobalSpend>(made)),
        Endpoint::GlobalSpendReport => ask::<ReportQuery, Vec<ReportLine>>(made),
        Endpoint::GlobalSpendTags => ask::<PeriodQuery, GlobalTagSpend>(made),
        Endpoint::GlobalTagNames => read(Vec::new(), schema::<TagNames>(made)),
        Endpoint::GlobalSpendKeys => ask::<SpendQuery, Vec<KeySpend>>(made),
        Endpoint::GlobalSpendTeams => read(Vec::new(), schema::<TeamsSpend>(made)),
        Endpoint::GlobalSpendModels => ask::<SpendQuery, Vec<ModelSpend>>(made),
        Endpoint::GlobalSpendProvider => ask::<PeriodQuery, Vec<ProviderSpend>>(made),
        Endpoint::GlobalSpendLogs => ask::<SpendQuery, Vec<DaySpend>>(made),
        Endpoint::GlobalSpendEndUsers => body::<EndUsersRequest, Vec<EndUserSpend>>(made),
        Endpoint::GlobalEndUsers => read(Vec::new(), schema::<EndUserNames>(made)),
        Endpoint::GlobalActivity => ask::<PeriodQuery, Activity>(made),
        Endpoint::GlobalActivityModel => ask::<PeriodQuery, Vec<ModelActivity>>(made),
        Endpoint::UserDaily | Endpoint::UserDailyWhole => daily(DailyIds::USER, made),
        Endpoint::TeamDaily | Endpoint::TeamDailyWhole => daily(DailyIds::TEAM, made),
        Endpoint::TagDaily | Endpoint::TagDailyWhole => daily(DailyIds::TAG, made),
        Endpoint::CustomerDaily | Endpoint::CustomerDailyWhole => daily(DailyIds::CUSTOMER, made),
        Endpoint::ProviderBudgets => read(Vec::new(), schema::<ProviderBudgets>(made)),
        _ => return None,
    })
}

fn body<R: JsonSchema, A: JsonSchema>(made: &mut SchemaGenerator) -> Shape {
    let request = Some(schema::<R>(made));
    Shape { request, query: Vec::new(), answer: ("application/json", schema::<A>(made)) }
}

fn read(query: Vec<Value>, answer: Value) -> Shape {
    Shape { request: None, query, answer: ("application/json", answer) }
}

fn ask<Q: JsonSchema, A: JsonSchema>(made: &mut SchemaGenerator) -> Shape {
    read(parameters::<Q>(), schema::<A>(made))
}

/// The ids have names of their own in the query of each route, with commas between them.
fn daily(names: DailyIds, made: &mut SchemaGenerator) -> Shape {
    let mut query = Vec::new();
    for mut parameter in parameters::<DailyActivityQuery>() {
        let name = match parameter.get("name").and_then(Value::as_str) {
            Some("ids") => Some(names.only),
            Some("exclude") => match names.exclude {
                Some(name) => Some(name),
                None => continue,
            },
            _ => None,
        };
        if let (Some(name), Some(fields)) = (name, parameter.as_object_mut()) {
            fields.insert("name".into(), json!(name));
            fields.insert("schema".into(), json!({ "type": "string" }));
        }
        query.push(parameter);
    }
    read(query, schema::<DailyActivity>(made))
}
