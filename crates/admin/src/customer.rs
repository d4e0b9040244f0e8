//! Customers, whom clients name as their end users: made, changed, shown, listed, blocked and deleted.

use serde_json::{Value, json};
use weighhouse_api::{
    CustomerObject, CustomerQuery, CustomerRequest, CustomersRequest, Dollars, Patch, read_body,
};
use weighhouse_storage::CustomerRecord;
use weighhouse_types::{Error, Scope, ScopeKind};

use crate::admin::Admin;
use crate::named_budget::check_given;
use crate::team::set;
use crate::{entity, limits};

const ID: &str = "user_id";

pub(crate) async fn new(admin: &Admin, body: &[u8]) -> Result<CustomerObject, Error> {
    let mut request: CustomerRequest = read_body(body)?;
    let now_ms = admin.now_ms();
    let user_id = entity::checked_id(ID, std::mem::take(&mut request.user_id))?;
    let mut customer = CustomerRecord { user_id, created_ms: now_ms, ..CustomerRecord::default() };
    apply(request, &mut customer, now_ms)?;
    check_given(admin, customer.budget_id.as_deref()).await?;
    entity::insert(admin, ID, &customer).await?;
    shown(admin, &customer).await
}

pub(crate) async fn update(admin: &Admin, body: &[u8]) -> Result<CustomerObject, Error> {
    let mut request: CustomerRequest = read_body(body)?;
    let id = entity::checked_id(ID, std::mem::take(&mut request.user_id))?;
    if let Patch::Set(budget) = request.budget_id.clone().or_clear(String::is_empty) {
        check_given(admin, Some(&budget)).await?;
    }
    let now_ms = admin.now_ms();
    let customer = entity::change(admin, ID, &id, move |customer| apply(request, customer, now_ms)).await?;
    shown(admin, &customer).await
}

fn apply(request: CustomerRequest, customer: &mut CustomerRecord, now_ms: i64) -> Result<(), Error> {
    request.alias.apply(&mut customer.alias);
    set(request.blocked, &mut customer.blocked);
    request.budget_id.or_clear(String::is_empty).apply(&mut customer.budget_id);
    limits::apply(request.limits, &mut customer.limits, now_ms)?;
    customer.updated_ms = now_ms;
    Ok(())
}

pub(crate) async fn info(admin: &Admin, query: Option<&str>) -> Result<CustomerObject, Error> {
    let CustomerQuery { end_user_id } = CustomerQuery::read(query)?;
    shown(admin, &entity::find(admin, "end_user_id", &end_user_id).await?).await
}

pub(crate) async fn list(admin: &Admin, query: Option<&str>) -> Result<Vec<CustomerObject>, Error> {
    let (customers, _, _) = entity::page::<CustomerRecord>(admin, query).await?;
    let mut all = Vec::with_capacity(customers.len());
    for customer in &customers {
        all.push(shown(admin, customer).await?);
    }
    Ok(all)
}

pub(crate) async fn delete(admin: &Admin, body: &[u8]) -> Result<Value, Error> {
    let request: CustomersRequest = read_body(body)?;
    let deleted = entity::delete::<CustomerRecord>(admin, "user_ids", &request.user_ids).await?;
    Ok(json!({ "deleted_customers": deleted.len(), "message": "Successfully deleted customers" }))
}

/// Blocks customers, those too that nobody knew yet: whoever blocks one wants no call of theirs.
pub(crate) async fn set_blocked(admin: &Admin, body: &[u8], is_blocked: bool) -> Result<Value, Error> {
    let request: CustomersRequest = read_body(body)?;
    let now_ms = admin.now_ms();
    let mut blocked = Vec::with_capacity(request.user_ids.len());
    for id in request.user_ids {
        let id = entity::checked_id("user_ids", id)?;
        if is_blocked && admin.store.find::<CustomerRecord>(&id).await?.is_none() {
            let fresh =
                CustomerRecord { user_id: id.clone(), created_ms: now_ms, ..CustomerRecord::default() };
            entity::insert(admin, "user_ids", &fresh).await?;
        }
        let block = move |customer: &mut CustomerRecord| {
            (customer.blocked, customer.updated_ms) = (is_blocked, now_ms);
            Ok(())
        };
        let customer = entity::change(admin, "user_ids", &id, block).await?;
        blocked.push(json!({ "user_id": customer.user_id, "blocked": customer.blocked }));
    }
    Ok(json!({ if is_blocked { "blocked_users" } else { "unblocked_users" }: blocked }))
}

async fn shown(admin: &Admin, customer: &CustomerRecord) -> Result<CustomerObject, Error> {
    let scope = Scope::new(ScopeKind::EndUser, &customer.user_id);
    Ok(CustomerObject {
        user_id: customer.user_id.clone(),
        alias: customer.alias.clone(),
        blocked: customer.blocked,
        budget_id: customer.budget_id.clone(),
        spend: Dollars(admin.spent(&scope, &customer.limits).await?),
        litellm_budget_table: limits::shown(&customer.limits, &admin.zone, admin.now_ms()),
    })
}
