//! Named budgets: limits that are given to many keys or customers at once.

use serde_json::{Value, json};
use weighhouse_api::{BudgetObject, BudgetRequest, BudgetsRequest, DeleteBudgetRequest, read_body};
use weighhouse_storage::BudgetRecord;
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::calendar::moment;
use crate::{entity, limits};

const ID: &str = "budget_id";

pub(crate) async fn new(admin: &Admin, body: &[u8]) -> Result<BudgetObject, Error> {
    let mut request: BudgetRequest = read_body(body)?;
    let now_ms = admin.now_ms();
    let budget_id = entity::id_or_new(ID, request.budget_id.take())?;
    let mut budget =
        BudgetRecord { budget_id, created_ms: now_ms, updated_ms: now_ms, ..BudgetRecord::default() };
    limits::apply(request.limits, &mut budget.limits, now_ms)?;
    entity::insert(admin, ID, &budget).await?;
    Ok(shown(admin, &budget))
}

pub(crate) async fn update(admin: &Admin, body: &[u8]) -> Result<BudgetObject, Error> {
    let mut request: BudgetRequest = read_body(body)?;
    let id = entity::checked_id(ID, request.budget_id.take().unwrap_or_default())?;
    let now_ms = admin.now_ms();
    let change = move |budget: &mut BudgetRecord| {
        budget.updated_ms = now_ms;
        limits::apply(request.limits, &mut budget.limits, now_ms)
    };
    Ok(shown(admin, &entity::change(admin, ID, &id, change).await?))
}

pub(crate) async fn info(admin: &Admin, body: &[u8]) -> Result<Vec<BudgetObject>, Error> {
    let request: BudgetsRequest = read_body(body)?;
    let mut all = Vec::with_capacity(request.budgets.len());
    for id in &request.budgets {
        all.push(shown(admin, &entity::find(admin, "budgets", id).await?));
    }
    Ok(all)
}

pub(crate) async fn list(admin: &Admin, query: Option<&str>) -> Result<Vec<BudgetObject>, Error> {
    let (budgets, _, _) = entity::page::<BudgetRecord>(admin, query).await?;
    Ok(budgets.iter().map(|budget| shown(admin, budget)).collect())
}

pub(crate) async fn delete(admin: &Admin, body: &[u8]) -> Result<Value, Error> {
    let request: DeleteBudgetRequest = read_body(body)?;
    entity::delete::<BudgetRecord>(admin, "id", std::slice::from_ref(&request.id)).await?;
    Ok(json!({ "budget_id": request.id }))
}

/// Checks a budget that a key or customer is given: one that does not exist would bound nothing.
///
/// # Errors
/// `NotFound`, naming it.
pub(crate) async fn check_given(admin: &Admin, budget_id: Option<&str>) -> Result<(), Error> {
    if let Some(id) = budget_id {
        entity::find::<BudgetRecord>(admin, ID, id).await?;
    }
    Ok(())
}

fn shown(admin: &Admin, budget: &BudgetRecord) -> BudgetObject {
    BudgetObject {
        budget_id: budget.budget_id.clone(),
        limits: limits::shown(&budget.limits, &admin.zone, admin.now_ms()),
        created_at: moment(budget.created_ms),
        updated_at: moment(budget.updated_ms),
    }
}
