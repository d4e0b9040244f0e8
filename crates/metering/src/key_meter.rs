//! What a virtual key may spend and how fast, counted on this node.

use weighhouse_storage::KeyRecord;
use weighhouse_types::{KeyId, Nanos};

use crate::account::Account;
use crate::slots::Slots;
use crate::window::Rate;

/// The limits of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyLimits {
    /// The most it may spend.
    pub max_budget: Option<Nanos>,
    /// Calls in a minute.
    pub rpm: Option<u64>,
    /// Tokens in a minute.
    pub tpm: Option<u64>,
    /// Calls at once.
    pub parallel: Option<u64>,
}

impl From<&KeyRecord> for KeyLimits {
    fn from(record: &KeyRecord) -> Self {
        Self {
            max_budget: record.max_budget,
            rpm: record.rpm_limit,
            tpm: record.tpm_limit,
            parallel: record.max_parallel_requests,
        }
    }
}

/// A key's books and counters.
#[derive(Debug)]
pub struct KeyMeter {
    /// The key's lasting id.
    pub id: KeyId,
    /// Its budget.
    pub account: Account,
    /// Its calls in a minute.
    pub requests: Rate,
    /// Its tokens in a minute.
    pub tokens: Rate,
    /// Its calls at once.
    pub slots: Slots,
}

impl KeyMeter {
    /// A key with what the store says it spent.
    #[must_use]
    pub fn new(id: KeyId, limits: KeyLimits, spent: Nanos) -> Self {
        Self {
            id,
            account: Account::new(limits.max_budget, spent),
            requests: Rate::new(limits.rpm),
            tokens: Rate::new(limits.tpm),
            slots: Slots::new(limits.parallel),
        }
    }

    /// Takes over limits that an administrator changed.
    pub fn set_limits(&self, limits: KeyLimits) {
        self.account.set_limit(limits.max_budget);
        self.requests.set_limit(limits.rpm);
        self.tokens.set_limit(limits.tpm);
        self.slots.set_limit(limits.parallel);
    }
}
