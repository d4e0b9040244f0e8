//! The verbs about customers.

mod view;

use weighhouse_api::{CustomerQuery, CustomerRequest, CustomersRequest};
use weighhouse_client::Client;

use crate::entity_arguments::{CustomerFields, CustomerVerb};
use crate::failure::Failure;
use crate::output::{Output, say};
use crate::request::{page, set};

pub(crate) async fn run(client: &Client, verb: CustomerVerb, output: &Output) -> Result<(), Failure> {
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
            output.write(&customers, || view::list(&customers))?;
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
    output.write(&shown, || view::record(&shown))
}
