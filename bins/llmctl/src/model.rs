//! The verbs about models.

use weighhouse_client::Client;

use crate::arguments::ModelVerb;
use crate::failure::Failure;
use crate::output::{Column, Output, Table};

const COLUMNS: &[Column] = &[Column::id("id", "MODEL")];

pub(crate) async fn run(client: &Client, verb: ModelVerb, output: &Output) -> Result<(), Failure> {
    let ModelVerb::List = verb;
    let models = client.models().await?;
    output.write(&models, || {
        let mut table = Table::list(COLUMNS);
        models.data.iter().for_each(|model| table.row([(&model.id).into()]));
        table
    })
}
