//! Three books of the same money: the providers' bills, the house's ledger, the key's spend.

use std::time::{Duration, Instant};

use weighhouse_testkit::fake_openai::FakeProvider;
use weighhouse_types::Nanos;

use super::house::{House, SOON};
use super::key::Key;

/// Waits until the ledger, the key and the providers' bills say the same, and gives it.
#[track_caller]
pub(crate) fn agreed(house: &House, key: &Key<'_>, fakes: &[&FakeProvider]) -> Nanos {
    let deadline = Instant::now() + SOON;
    loop {
        let billed = fakes.iter().map(|fake| fake.bill().total).fold(Nanos::ZERO, |sum, next| sum + next);
        let (ledger, spent) = (house.ledger_sum(), house.spent(key));
        if billed == ledger && ledger == spent {
            return billed;
        }
        if Instant::now() > deadline {
            for row in house.rows() {
                println!(
                    "{} {} in {} out {}",
                    row["status"], row["spend"], row["prompt_tokens"], row["completion_tokens"]
                );
            }
            panic!("bill {billed}, ledger {ledger}, key {spent}; billed {:?}", fakes[0].bill().calls);
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
