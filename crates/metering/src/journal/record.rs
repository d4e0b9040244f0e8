//! Records as bytes. Compact rather than readable: two of them are written for every attempt.

use std::sync::Arc;

use weighhouse_storage::{LedgerRow, Outcome};
use weighhouse_types::{
    AccountId, AttemptId, CallId, KeyHash, KeyId, Nanos, Operation, Scope, Usage, UsageClass, WindowId,
};

use super::Progress;
use super::frame;

/// What is noted.
#[derive(Debug)]
pub(super) enum Record {
    /// An attempt is about to be sent.
    Intent { row: Box<LedgerRow>, held: Nanos },
    /// It has come so far.
    Progress { attempt: AttemptId, progress: Progress },
    /// It is settled.
    Post { attempt: AttemptId, end: Box<End> },
}

/// What of a row is known at the end only.
#[derive(Debug)]
pub(super) struct End {
    outcome: Outcome,
    http_status: u16,
    response_id: Option<Box<str>>,
    usage: Usage,
    raw_usage: Option<Box<str>>,
    cost: Nanos,
    arithmetic: Box<str>,
    times: [u32; 4],
}

impl End {
    /// Completes the row that the attempt began with.
    pub(super) fn fill(self, row: &mut LedgerRow) {
        (row.outcome, row.http_status, row.response_id) = (self.outcome, self.http_status, self.response_id);
        (row.usage, row.raw_usage) = (self.usage, self.raw_usage);
        (row.cost, row.arithmetic) = (self.cost, self.arithmetic);
        [row.queue_us, row.overhead_us, row.first_token_us, row.total_us] = self.times;
    }
}

const INTENT: u8 = 1;
const POST: u8 = 2;
const PROGRESS: u8 = 3;

/// The frame of a beginning.
pub(super) fn intent(row: &LedgerRow, held: Nanos) -> Vec<u8> {
    let mut out = Writer(frame::begin(512));
    out.0.push(INTENT);
    out.signed(held.get());
    out.row(row);
    frame::seal(out.0)
}

/// The frame of how far an attempt has come.
pub(super) fn progress(attempt: AttemptId, progress: Progress) -> Vec<u8> {
    let mut out = Writer(frame::begin(64));
    out.0.push(PROGRESS);
    out.attempt(attempt);
    out.0.extend_from_slice(&progress.output_tokens.to_le_bytes());
    out.signed(progress.cost.get());
    frame::seal(out.0)
}

/// The frame of an end.
pub(super) fn post(row: &LedgerRow) -> Vec<u8> {
    let mut out = Writer(frame::begin(512));
    out.0.push(POST);
    out.attempt(row.attempt);
    out.end(row);
    frame::seal(out.0)
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
        PROGRESS => {
            let attempt = from.attempt()?;
            let output_tokens = u64::from_le_bytes(from.take()?);
            let progress = Progress { output_tokens, cost: Nanos::new(from.signed()?) };
            Record::Progress { attempt, progress }
        }
        POST => Record::Post { attempt: from.attempt()?, end: Box::new(from.end()?) },
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
        self.attempt(row.attempt);
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
        self.0.push(u8::from(row.stream));
        self.signed(row.cost.get());
        self.text(&row.price_version);
        self.small(u32::try_from(row.tags.len()).unwrap_or(u32::MAX));
        row.tags.iter().for_each(|tag| self.text(tag));
        self.small(u32::try_from(row.accounts.len()).unwrap_or(u32::MAX));
        for account in row.accounts.iter() {
            self.text(account.scope.as_str());
            self.text(account.window.as_str());
        }
    }

    fn attempt(&mut self, attempt: AttemptId) {
        self.0.extend_from_slice(attempt.call.as_bytes());
        self.small(u32::from(attempt.number));
    }

    fn end(&mut self, row: &LedgerRow) {
        self.text(row.outcome.name());
        self.small(u32::from(row.http_status));
        self.maybe(row.response_id.as_deref());
        self.usage(&row.usage);
        self.maybe(row.raw_usage.as_deref());
        self.signed(row.cost.get());
        self.text(&row.arithmetic);
        let times = [row.queue_us, row.overhead_us, row.first_token_us, row.total_us];
        times.into_iter().for_each(|time| self.small(time));
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

    fn attempt(&mut self) -> Option<AttemptId> {
        let call = CallId::from_bytes(self.take()?);
        Some(AttemptId { call, number: u16::try_from(self.small()?).ok()? })
    }

    fn end(&mut self) -> Option<End> {
        Some(End {
            outcome: Outcome::from_name(self.text()?)?,
            http_status: u16::try_from(self.small()?).ok()?,
            response_id: self.maybe()?.map(Into::into),
            usage: self.usage()?,
            raw_usage: self.maybe()?.map(Into::into),
            cost: Nanos::new(self.signed()?),
            arithmetic: self.text()?.into(),
            times: [self.small()?, self.small()?, self.small()?, self.small()?],
        })
    }

    /// A row as far as it is known at the beginning.
    fn row(&mut self) -> Option<LedgerRow> {
        Some(LedgerRow {
            attempt: self.attempt()?,
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
            outcome: Outcome::Failure,
            http_status: 0,
            response_id: None,
            stream: self.byte()? == 1,
            usage: Usage::default(),
            raw_usage: None,
            cost: Nanos::new(self.signed()?),
            arithmetic: Box::default(),
            price_version: self.text()?.into(),
            queue_us: 0,
            overhead_us: 0,
            first_token_us: 0,
            total_us: 0,
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
