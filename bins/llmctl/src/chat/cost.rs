//! What a turn cost: from the answer's head, or from the ledger once it is booked.

use std::time::Duration;

use weighhouse_api::SpendLogsQuery;
use weighhouse_client::{Client, Spoken};
use weighhouse_types::Nanos;

/// A row is written within a second of its call's end.
const TRIES: u32 = 12;
const PAUSE: Duration = Duration::from_millis(150);

/// None where it is not booked yet, or the key may not see it.
pub(super) async fn of(client: &Client, spoken: &Spoken) -> Option<Nanos> {
    if spoken.cost.is_some() {
        return spoken.cost;
    }
    let query = SpendLogsQuery { request_id: spoken.call_id.clone(), ..SpendLogsQuery::default() };
    query.request_id.as_ref()?;
    for _ in 0..TRIES {
        let rows = client.spend_logs(&query).await.ok()?;
        if !rows.is_empty() {
            return Some(rows.iter().map(|row| row.spend.0).sum());
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}
