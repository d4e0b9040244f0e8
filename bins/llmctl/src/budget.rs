//! The verbs about named budgets.

mod view;

use weighhouse_api::{BudgetRequest, DeleteBudgetRequest};
use weighhouse_client::Client;

use crate::entity_arguments::BudgetVerb;
use crate::failure::Failure;
use crate::output::{Output, say};
use crate::request::page;

pub(crate) async fn run(client: &Client, verb: BudgetVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        BudgetVerb::New { id, limits } => {
            client.new_budget(&BudgetRequest { budget_id: id, limits: limits.patch()? }).await?
        }
        BudgetVerb::Update { id, limits } => {
            client.update_budget(&BudgetRequest { budget_id: Some(id), limits: limits.patch()? }).await?
        }
        BudgetVerb::List(paging) => {
            let budgets = client.list_budgets(&page(&paging)).await?;
            output.write(&budgets, || view::list(&budgets))?;
            return Ok(());
        }
        BudgetVerb::Delete { id } => {
            client.delete_budget(&DeleteBudgetRequest { id }).await?;
            say("Deleted.");
            return Ok(());
        }
    };
    output.write(&shown, || view::record(&shown))
}
