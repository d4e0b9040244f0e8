//! The verbs about customers.

mod arguments;
mod view;

use weighhouse_api::{CustomerQuery, CustomerRequest, CustomersRequest};
use weighhouse_client::Client;

use arguments::CustomerFields;
pub(crate) use arguments::CustomerVerb;

use crate::batch::{self, in_batches};
use crate::failure::Failure;
use crate::output::Output;
use crate::paging::{self, Paging};
use crate::request::{complete, set, told_deleted};

const ID: &str = "user_id";

pub(crate) async fn run(client: &Client, verb: CustomerVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        CustomerVerb::New { id, fields, source } => {
            let said = request(id.unwrap_or_default(), *fields);
            client.new_customer(&complete(said, ID, &source, &[])?).await?
        }
        CustomerVerb::Update { id, fields, clear, source } => {
            client.update_customer(&complete(request(id, *fields), ID, &source, &clear)?).await?
        }
        CustomerVerb::Info { id } => client.customer_info(&CustomerQuery { end_user_id: id }).await?,
        CustomerVerb::List { paging } => {
            let ask = async |page, size| client.list_customers(&Paging::query(page, size)).await;
            return paging::show(output, &paging, "customers", ask, view::list).await;
        }
        CustomerVerb::Delete { ids, consent } => {
            consent.ask(&format!("Delete the customers {}", batch::named(&ids)))?;
            let delete = async |ids: &[String]| {
                let deleted = client.delete_customers(&CustomersRequest { user_ids: ids.to_vec() }).await?;
                let deleted = deleted.get("deleted_customers").and_then(serde_json::Value::as_u64);
                Ok(deleted.and_then(|deleted| usize::try_from(deleted).ok()).unwrap_or(ids.len()))
            };
            return told_deleted(in_batches(&ids, "customers", delete).await?, ids.len(), "customers");
        }
        CustomerVerb::Block { ids } => {
            let blocked = client.block_customers(&CustomersRequest { user_ids: ids }).await?;
            return output.write(&blocked, || view::blocked(&blocked));
        }
        CustomerVerb::Unblock { ids } => {
            let unblocked = client.unblock_customers(&CustomersRequest { user_ids: ids }).await?;
            return output.write(&unblocked, || view::blocked(&unblocked));
        }
    };
    output.write(&shown, || view::record(&shown))
}

fn request(id: String, fields: CustomerFields) -> CustomerRequest {
    CustomerRequest {
        user_id: id,
        alias: set(fields.alias),
        budget_id: set(fields.budget),
        limits: fields.limits.patch(),
        ..CustomerRequest::default()
    }
}
