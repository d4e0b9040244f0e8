//! Records as bytes. Compact rather than readable: two of them are written for every attempt.

use std::sync::Arc;

use weighhouse_storage::{LedgerRow, Outcome};
use weighhouse_types::{
    AccountId, AttemptId, CallId, KeyHash, KeyId, Nanos, Operation, Scope, Usage, UsageClass, WindowId,
};

/// What is noted.
#[derive(Debug)]
pub(super) enum Record {
    /// An attempt is about to be sent.
    Intent { row: Box<LedgerRow>, held: Nanos },
    /// An attempt is settled.
    Post { row: Box<LedgerRow> },
}

const INTENT: u8 = 1;
const POST: u8 = 2;

pub(super) fn intent(row: &LedgerRow, held: Nanos) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(512));
    out.0.push(INTENT);
    out.signed(held.get());
    out.row(row);
    out.0
}

pub(super) fn post(row: &LedgerRow) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(768));
    out.0.push(POST);
    out.row(row);
    out.0
}

/// None: no record of this version.
pub(super) fn read(payload: &[u8]) -> Option<Record> {
    let (kind, rest) = payload.split_first()?;
    let mut from = Reader(rest);
    let record = match *kind {
        INTENT => {
            let held = Nanos::new(from.signed()?);
            Record::Intent { row: Box::new(from.row()?), held }
        }
        POST => Record::Post { row: Box::new(from.row()?) },
        _ => return None,
    };
    from.0.is_empty().then_some(record)
}

struct Writer(Vec<u8>);

impl Writer {
    fn signed(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn small(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.small(u32::try_from(text.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(text.as_bytes());
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.0.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn row(&mut self, row: &LedgerRow) {
        self.0.extend_from_slice(row.attempt.call.as_bytes());
        self.small(u32::from(row.attempt.number));
        self.signed(row.started_ms);
        self.maybe(row.key_id.as_ref().map(KeyId::as_str));
        self.text(row.key_hash.as_str());
        self.maybe(row.user_id.as_deref());
        self.maybe(row.team_id.as_deref());
        self.maybe(row.end_user.as_deref());
        self.text(row.operation.name());
        self.text(&row.requested_model);
        self.text(&row.model_group);
        self.text(&row.deployment_id);
        self.text(&row.provider);
        self.text(&row.upstream_model);
        self.text(&row.api_base);
        self.text(row.outcome.name());
        self.small(u32::from(row.http_status));
        self.maybe(row.response_id.as_deref());
        self.0.push(u8::from(row.stream));
        self.usage(&row.usage);
        self.maybe(row.raw_usage.as_deref());
        self.signed(row.cost.get());
        self.text(&row.arithmetic);
        self.text(&row.price_version);
        let times = [row.queue_us, row.overhead_us, row.first_token_us, row.total_us];
        times.into_iter().for_each(|time| self.small(time));
        self.small(u32::try_from(row.tags.len()).unwrap_or(u32::MAX));
        row.tags.iter().for_each(|tag| self.text(tag));
        self.small(u32::try_from(row.accounts.len()).unwrap_or(u32::MAX));
        for account in row.accounts.iter() {
            self.text(account.scope.as_str());
            self.text(account.window.as_str());
        }
    }

    fn usage(&mut self, usage: &Usage) {
        self.0.push(u8::from(usage.estimated) | (u8::from(usage.mismatch) << 1));
        self.small(u32::try_from(usage.classes().count()).unwrap_or(u32::MAX));
        for (class, units) in usage.classes() {
            self.text(class.name());
            self.0.extend_from_slice(&units.to_le_bytes());
        }
    }
}

struct Reader<'bytes>(&'bytes [u8]);

impl<'bytes> Reader<'bytes> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn signed(&mut self) -> Option<i64> {
        self.take().map(i64::from_le_bytes)
    }

    fn small(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn text(&mut self) -> Option<&'bytes str> {
        let length = usize::try_from(self.small()?).ok()?;
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(taken).ok()
    }

    fn maybe(&mut self) -> Option<Option<&'bytes str>> {
        match self.byte()? {
            0 => Some(None),
            1 => self.text().map(Some),
            _ => None,
        }
    }

    fn row(&mut self) -> Option<LedgerRow> {
        Some(LedgerRow {
            attempt: AttemptId {
                call: CallId::from_bytes(self.take()?),
                number: u16::try_from(self.small()?).ok()?,
            },
            started_ms: self.signed()?,
            key_id: self.maybe()?.map(KeyId::new),
            key_hash: KeyHash::new(self.text()?),
            user_id: self.maybe()?.map(Into::into),
            team_id: self.maybe()?.map(Into::into),
            end_user: self.maybe()?.map(Into::into),
            operation: Operation::from_name(self.text()?)?,
            requested_model: self.text()?.into(),
            model_group: self.text()?.into(),
            deployment_id: self.text()?.into(),
            provider: self.text()?.into(),
            upstream_model: self.text()?.into(),
            api_base: self.text()?.into(),
            outcome: Outcome::from_name(self.text()?)?,
            http_status: u16::try_from(self.small()?).ok()?,
            response_id: self.maybe()?.map(Into::into),
            stream: self.byte()? == 1,
            usage: self.usage()?,
            raw_usage: self.maybe()?.map(Into::into),
            cost: Nanos::new(self.signed()?),
            arithmetic: self.text()?.into(),
            price_version: self.text()?.into(),
            queue_us: self.small()?,
            overhead_us: self.small()?,
            first_token_us: self.small()?,
            total_us: self.small()?,
            tags: self.tags()?,
            accounts: self.accounts()?,
        })
    }

    fn usage(&mut self) -> Option<Usage> {
        let (flags, count) = (self.byte()?, self.small()?);
        let mut usage = Usage::default();
        for _ in 0..count {
            let class = UsageClass::from_name(self.text()?)?;
            usage.set(class, u64::from_le_bytes(self.take()?));
        }
        (usage.estimated, usage.mismatch) = (flags & 1 != 0, flags & 2 != 0);
        Some(usage)
    }

    fn tags(&mut self) -> Option<Arc<[String]>> {
        let count = self.small()?;
        (0..count).map(|_| self.text().map(str::to_owned)).collect()
    }

    fn accounts(&mut self) -> Option<Arc<[AccountId]>> {
        let count = self.small()?;
        let mut account =
            || Some(AccountId { scope: Scope::parse(self.text()?)?, window: WindowId::parse(self.text()?) });
        (0..count).map(|_| account()).collect()
    }
}
