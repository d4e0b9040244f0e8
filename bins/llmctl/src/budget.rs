//! The verbs about named budgets.

mod arguments;
mod view;

use weighhouse_api::{BudgetRequest, BudgetsRequest, DeleteBudgetRequest};
use weighhouse_client::Client;

pub(crate) use arguments::BudgetVerb;

use crate::batch::{self, one_by_one};
use crate::failure::Failure;
use crate::limit_arguments::LimitFields;
use crate::output::Output;
use crate::paging::{self, Paging};
use crate::request::{complete, told_deleted};

const ID: &str = "budget_id";

pub(crate) async fn run(client: &Client, verb: BudgetVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        BudgetVerb::New { id, limits, source } => {
            client.new_budget(&complete(request(id, *limits), ID, &source, &[])?).await?
        }
        BudgetVerb::Update { id, limits, clear, source } => {
            client.update_budget(&complete(request(Some(id), *limits), ID, &source, &clear)?).await?
        }
        BudgetVerb::Info { ids } => {
            let told = client.budget_info(&BudgetsRequest { budgets: ids }).await?;
            return output.write(&told, || match told.iter().collect::<Vec<_>>().as_slice() {
                [one] => view::record(one),
                many => view::list(many),
            });
        }
        BudgetVerb::List { paging } => {
            let ask = async |page, size| client.list_budgets(&Paging::query(page, size)).await;
            return paging::show(output, &paging, "budgets", ask, view::list).await;
        }
        BudgetVerb::Delete { ids, consent } => {
            consent.ask(&format!("Delete the named budgets {}", batch::named(&ids)))?;
            let delete = async |id: &String| {
                client.delete_budget(&DeleteBudgetRequest { id: id.clone() }).await.map(|_| ())
            };
            return told_deleted(one_by_one(&ids, "budgets", delete).await?, ids.len(), "budgets");
        }
    };
    output.write(&shown, || view::record(&shown))
}

fn request(budget_id: Option<String>, limits: LimitFields) -> BudgetRequest {
    BudgetRequest { budget_id, limits: limits.patch() }
}
