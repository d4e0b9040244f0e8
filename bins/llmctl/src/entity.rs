//! The verbs about teams, users, customers and named budgets.

use weighhouse_api::{
    AddMemberRequest, BlockTeamRequest, BudgetObject, BudgetRequest, CustomerObject, CustomerQuery,
    CustomerRequest, CustomersRequest, DeleteBudgetRequest, DeleteMemberRequest, DeleteTeamsRequest,
    DeleteUsersRequest, Dollars, LimitObject, Member, Members, PageQuery, Patch, TeamObject, TeamQuery,
    TeamRequest, UserObject, UserQuery, UserRequest,
};
use weighhouse_client::Client;

use crate::entity_arguments::{
    BudgetVerb, CustomerFields, CustomerVerb, Paging, Role, TeamFields, TeamVerb, UserFields, UserVerb,
};
use crate::failure::Failure;
use crate::limit_arguments::dollars;
use crate::output::{Output, Table, say};

fn set<T>(value: Option<T>) -> Patch<T> {
    value.map_or(Patch::Keep, Patch::Set)
}

fn list<T>(values: Vec<T>) -> Patch<Vec<T>> {
    set(Some(values).filter(|values| !values.is_empty()))
}

const fn page(paging: &Paging) -> PageQuery {
    PageQuery { page: paging.page, page_size: paging.size }
}

pub(crate) async fn team(client: &Client, verb: TeamVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        TeamVerb::New { id, fields } => client.new_team(&team_request(id, *fields)?).await?,
        TeamVerb::Update { id, fields } => client.update_team(&team_request(Some(id), *fields)?).await?,
        TeamVerb::Info { id } => {
            let told = client.team_info(&TeamQuery { team_id: id }).await?;
            output.write(&told, || {
                let mut table = team_table(&told.team_info);
                for member in &told.team_memberships {
                    let budget = member.litellm_budget_table.max_budget.map(money).unwrap_or_else(dash);
                    let spent = format!("{} of {budget}", money(member.spend));
                    table.row([format!("member {}", member.user_id), spent]);
                }
                table.row(["keys".to_owned(), told.keys.len().to_string()]);
                table
            })?;
            return Ok(());
        }
        TeamVerb::List(paging) => {
            let teams = client.list_teams(&page(&paging)).await?;
            output.write(&teams, || {
                let mut table =
                    Table::new(&["ID", "ALIAS", "SPEND", "BUDGET", "RESETS", "MEMBERS", "BLOCKED"]);
                for team in &teams {
                    table.row([
                        team.team_id.clone(),
                        team.team_alias.clone().unwrap_or_else(dash),
                        money(team.spend),
                        team.limits.max_budget.map(money).unwrap_or_else(dash),
                        team.limits.budget_reset_at.clone().unwrap_or_else(dash),
                        team.members_with_roles.len().to_string(),
                        team.blocked.to_string(),
                    ]);
                }
                table
            })?;
            return Ok(());
        }
        TeamVerb::Delete { ids } => {
            let deleted = client.delete_teams(&DeleteTeamsRequest { team_ids: ids.clone() }).await?;
            return told_deleted(deleted.len(), ids.len(), "teams");
        }
        TeamVerb::Block { id } => client.block_team(&BlockTeamRequest { team_id: id }).await?,
        TeamVerb::Unblock { id } => client.unblock_team(&BlockTeamRequest { team_id: id }).await?,
        TeamVerb::AddMember { id, user, admin, max_budget, budget_duration } => {
            let role = Some(if admin { "admin" } else { "user" }.to_owned());
            let member = Members::One(Member { role, user_id: Some(user), user_email: None });
            let max_budget_in_team = max_budget.map(dollars).transpose()?;
            let request = AddMemberRequest { team_id: id, member, max_budget_in_team, budget_duration };
            client.add_member(&request).await?
        }
        TeamVerb::RemoveMember { id, user } => {
            let request = DeleteMemberRequest { team_id: id, user_id: Some(user), user_email: None };
            client.delete_member(&request).await?
        }
    };
    output.write(&shown, || team_table(&shown))
}

fn team_request(team_id: Option<String>, fields: TeamFields) -> Result<TeamRequest, Failure> {
    Ok(TeamRequest {
        team_id,
        team_alias: set(fields.alias),
        models: list(fields.models),
        limits: fields.limits.patch()?,
        team_member_budget: set(fields.member_budget.map(dollars).transpose()?),
        ..TeamRequest::default()
    })
}

fn team_table(team: &TeamObject) -> Table {
    let mut table = Table::default();
    table.row(["id".to_owned(), team.team_id.clone()]);
    maybe(&mut table, "alias", team.team_alias.clone());
    table.row(["blocked".to_owned(), team.blocked.to_string()]);
    table.row(["spend".to_owned(), money(team.spend)]);
    limits(&mut table, &team.limits);
    maybe(&mut table, "models", Some(team.models.join(", ")));
    maybe(&mut table, "each member's budget", team.team_member_limits.max_budget.map(money));
    let names = team.members_with_roles.iter().filter_map(|member| member.user_id.clone());
    maybe(&mut table, "members", Some(names.collect::<Vec<_>>().join(", ")));
    table
}

pub(crate) async fn user(client: &Client, verb: UserVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        UserVerb::New { id, no_key, fields } => {
            let request = UserRequest { auto_create_key: Some(!no_key), ..user_request(id, *fields)? };
            client.new_user(&request).await?
        }
        UserVerb::Update { id, fields } => client.update_user(&user_request(Some(id), *fields)?).await?,
        UserVerb::Info { id } => {
            let told = client.user_info(&UserQuery { user_id: id }).await?;
            output.write(&told, || {
                let mut table = user_table(&told.user_info);
                table.row(["keys".to_owned(), told.keys.len().to_string()]);
                table
            })?;
            return Ok(());
        }
        UserVerb::List(paging) => {
            let users = client.list_users(&page(&paging)).await?;
            output.write(&users, || {
                let mut table = Table::new(&["ID", "EMAIL", "ROLE", "SPEND", "BUDGET", "TEAMS"]);
                for user in &users.users {
                    table.row([
                        user.user_id.clone(),
                        user.user_email.clone().unwrap_or_else(dash),
                        user.user_role.clone(),
                        money(user.spend),
                        user.limits.max_budget.map(money).unwrap_or_else(dash),
                        user.teams.join(","),
                    ]);
                }
                table
            })?;
            return Ok(());
        }
        UserVerb::Delete { ids } => {
            let deleted = client.delete_users(&DeleteUsersRequest { user_ids: ids.clone() }).await?;
            return told_deleted(usize::try_from(deleted).unwrap_or(usize::MAX), ids.len(), "users");
        }
    };
    output.write(&shown, || user_table(&shown))?;
    if shown.key.is_some() {
        say("The key is shown this once: keep it now.");
    }
    Ok(())
}

fn user_request(user_id: Option<String>, fields: UserFields) -> Result<UserRequest, Failure> {
    Ok(UserRequest {
        user_id,
        user_email: set(fields.email),
        user_alias: set(fields.alias),
        user_role: set(fields.role.map(Role::name).map(str::to_owned)),
        models: list(fields.models),
        limits: fields.limits.patch()?,
        ..UserRequest::default()
    })
}

fn user_table(user: &UserObject) -> Table {
    let mut table = Table::default();
    table.row(["id".to_owned(), user.user_id.clone()]);
    maybe(&mut table, "key", user.key.as_ref().map(|key| key.expose().to_owned()));
    maybe(&mut table, "email", user.user_email.clone());
    maybe(&mut table, "alias", user.user_alias.clone());
    table.row(["role".to_owned(), user.user_role.clone()]);
    table.row(["spend".to_owned(), money(user.spend)]);
    limits(&mut table, &user.limits);
    maybe(&mut table, "models", Some(user.models.join(", ")));
    maybe(&mut table, "teams", Some(user.teams.join(", ")));
    table
}

pub(crate) async fn customer(client: &Client, verb: CustomerVerb, output: &Output) -> Result<(), Failure> {
    let request = |id: String, fields: CustomerFields| {
        Ok::<_, Failure>(CustomerRequest {
            user_id: id,
            alias: set(fields.alias),
            budget_id: set(fields.budget),
            limits: fields.limits.patch()?,
            ..CustomerRequest::default()
        })
    };
    let shown = match verb {
        CustomerVerb::New { id, fields } => client.new_customer(&request(id, *fields)?).await?,
        CustomerVerb::Update { id, fields } => client.update_customer(&request(id, *fields)?).await?,
        CustomerVerb::Info { id } => client.customer_info(&CustomerQuery { end_user_id: id }).await?,
        CustomerVerb::List(paging) => {
            let customers = client.list_customers(&page(&paging)).await?;
            output.write(&customers, || {
                let mut table = Table::new(&["ID", "ALIAS", "SPEND", "BUDGET", "NAMED BUDGET", "BLOCKED"]);
                for customer in &customers {
                    table.row([
                        customer.user_id.clone(),
                        customer.alias.clone().unwrap_or_else(dash),
                        money(customer.spend),
                        customer.litellm_budget_table.max_budget.map(money).unwrap_or_else(dash),
                        customer.budget_id.clone().unwrap_or_else(dash),
                        customer.blocked.to_string(),
                    ]);
                }
                table
            })?;
            return Ok(());
        }
        CustomerVerb::Delete { ids } => {
            client.delete_customers(&CustomersRequest { user_ids: ids }).await?;
            say("Deleted.");
            return Ok(());
        }
        CustomerVerb::Block { ids } => {
            client.block_customers(&CustomersRequest { user_ids: ids }).await?;
            say("Blocked.");
            return Ok(());
        }
        CustomerVerb::Unblock { ids } => {
            client.unblock_customers(&CustomersRequest { user_ids: ids }).await?;
            say("Unblocked.");
            return Ok(());
        }
    };
    output.write(&shown, || customer_table(&shown))
}

fn customer_table(customer: &CustomerObject) -> Table {
    let mut table = Table::default();
    table.row(["id".to_owned(), customer.user_id.clone()]);
    maybe(&mut table, "alias", customer.alias.clone());
    table.row(["blocked".to_owned(), customer.blocked.to_string()]);
    table.row(["spend".to_owned(), money(customer.spend)]);
    maybe(&mut table, "named budget", customer.budget_id.clone());
    limits(&mut table, &customer.litellm_budget_table);
    table
}

pub(crate) async fn budget(client: &Client, verb: BudgetVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        BudgetVerb::New { id, limits } => {
            client.new_budget(&BudgetRequest { budget_id: id, limits: limits.patch()? }).await?
        }
        BudgetVerb::Update { id, limits } => {
            client.update_budget(&BudgetRequest { budget_id: Some(id), limits: limits.patch()? }).await?
        }
        BudgetVerb::List(paging) => {
            let budgets = client.list_budgets(&page(&paging)).await?;
            output.write(&budgets, || {
                let mut table = Table::new(&["ID", "BUDGET", "DURATION", "RPM", "TPM"]);
                for budget in &budgets {
                    let count = |limit: Option<u64>| limit.map_or_else(dash, |limit| limit.to_string());
                    table.row([
                        budget.budget_id.clone(),
                        budget.limits.max_budget.map(money).unwrap_or_else(dash),
                        budget.limits.budget_duration.clone().unwrap_or_else(dash),
                        count(budget.limits.rpm_limit),
                        count(budget.limits.tpm_limit),
                    ]);
                }
                table
            })?;
            return Ok(());
        }
        BudgetVerb::Delete { id } => {
            client.delete_budget(&DeleteBudgetRequest { id }).await?;
            say("Deleted.");
            return Ok(());
        }
    };
    output.write(&shown, || budget_table(&shown))
}

fn budget_table(budget: &BudgetObject) -> Table {
    let mut table = Table::default();
    table.row(["id".to_owned(), budget.budget_id.clone()]);
    limits(&mut table, &budget.limits);
    table
}

fn limits(table: &mut Table, limits: &LimitObject) {
    let count = |limit: Option<u64>| limit.map(|limit| limit.to_string());
    maybe(table, "max budget", limits.max_budget.map(money));
    maybe(table, "soft budget", limits.soft_budget.map(money));
    maybe(table, "budget duration", limits.budget_duration.clone());
    maybe(table, "budget resets", limits.budget_reset_at.clone());
    maybe(table, "rpm limit", count(limits.rpm_limit));
    maybe(table, "tpm limit", count(limits.tpm_limit));
    maybe(table, "rpd limit", count(limits.rpd_limit));
    maybe(table, "tpd limit", count(limits.tpd_limit));
    maybe(table, "max parallel", count(limits.max_parallel_requests));
}

fn maybe(table: &mut Table, name: &str, value: Option<String>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        table.row([name.to_owned(), value]);
    }
}

fn money(dollars: Dollars) -> String {
    format!("${}", dollars.0)
}

fn dash() -> String {
    "-".to_owned()
}

fn told_deleted(deleted: usize, asked: usize, what: &str) -> Result<(), Failure> {
    say(&format!("Deleted {deleted} of {asked} {what}."));
    if deleted < asked {
        return Err(Failure::not_found(format!("some of the {what} were not there")));
    }
    Ok(())
}
