//! Whatever happens to a journal, it never tells what was not noted, and never loses what was.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use weighhouse_storage::{LedgerRow, Outcome};
use weighhouse_types::{
    AccountId, AttemptId, CallId, KeyHash, KeyId, Nanos, Operation, Scope, ScopeKind, Usage, UsageClass,
    WindowId,
};

use super::record::{Record, intent, post, read};
use super::segment::path;
use super::{Journal, JournalOptions, Replayed};

/// A directory of a test's own.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("weighhouse-journal-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn open(&self) -> (Journal, Replayed) {
        self.open_with(JournalOptions::default())
    }

    fn open_with(&self, options: JournalOptions) -> (Journal, Replayed) {
        Journal::open(&self.0, options).unwrap()
    }

    fn files(&self) -> usize {
        super::segment::numbers(&self.0).unwrap().len()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn row(call: u64, nanos: i64) -> LedgerRow {
    LedgerRow {
        attempt: AttemptId { call: CallId::new(call, [7; 10]), number: 3 },
        started_ms: 1_795_000_000_000,
        key_id: Some(KeyId::new("k1")),
        key_hash: KeyHash::new("hash"),
        user_id: None,
        team_id: Some("crew".into()),
        end_user: Some("r\u{e9}ader\n".into()),
        operation: Operation::Chat,
        requested_model: "fast".into(),
        model_group: "gpt-4o".into(),
        deployment_id: "d1".into(),
        provider: "openai".into(),
        upstream_model: "gpt-4o".into(),
        api_base: "https://api.openai.com/v1".into(),
        outcome: Outcome::Aborted,
        http_status: 200,
        response_id: Some("chatcmpl-1".into()),
        stream: true,
        usage: Usage::default().with(UsageClass::InputText, 3).with(UsageClass::OutputReasoning, u64::MAX),
        raw_usage: Some("{}".into()),
        cost: Nanos::new(nanos),
        arithmetic: "[]".into(),
        price_version: "v1".into(),
        queue_us: 1,
        overhead_us: 2,
        first_token_us: 3,
        total_us: u32::MAX,
        tags: Arc::new(["blue".to_owned(), String::new()]),
        accounts: Arc::new([AccountId {
            scope: Scope::new(ScopeKind::Team, "crew"),
            window: WindowId::new("days:1", 86_400_000),
        }]),
    }
}

fn costs(replayed: &Replayed) -> (Vec<i64>, Vec<i64>) {
    let mut settled: Vec<i64> = replayed.settled.iter().map(|row| row.cost.get()).collect();
    let mut open: Vec<i64> = replayed.open.iter().map(|attempt| attempt.held.get()).collect();
    settled.sort_unstable();
    open.sort_unstable();
    (settled, open)
}

#[test]
fn records_read_as_they_were_written() {
    let mut odd = row(1, -5);
    odd.usage.estimated = true;
    (odd.key_id, odd.tags, odd.raw_usage) = (None, Arc::default(), None);
    for row in [row(1, 5), odd] {
        let Some(Record::Intent { row: read_row, held }) = read(&intent(&row, Nanos::new(9))) else {
            panic!()
        };
        assert_eq!((*read_row, held), (row.clone(), Nanos::new(9)));
        let Some(Record::Post { row: read_row }) = read(&post(&row)) else { panic!() };
        assert_eq!(*read_row, row);
    }
}

#[test]
fn what_was_begun_and_settled_is_told_after_a_crash_until_the_store_has_it() {
    let dir = Dir::new();
    {
        let (journal, replayed) = dir.open();
        assert_eq!(costs(&replayed), (vec![], vec![]));
        for call in 1..=3 {
            journal.intend(&row(call, 0), Nanos::new(100)).unwrap();
        }
        journal.post(&row(1, 10)).unwrap();
        journal.post(&row(2, 20)).unwrap();
        journal.flushed([row(1, 10).attempt].into_iter()).unwrap();
        journal.sync().unwrap();
        assert_eq!(journal.pending(), 2);
    }
    // What the store has may be told again: it takes each attempt once.
    for _ in 0..3 {
        assert_eq!(costs(&dir.open().1), (vec![10, 20], vec![100]));
    }
    let (journal, replayed) = dir.open();
    let all = replayed.settled.iter().map(|row| row.attempt);
    journal.flushed(all.chain(replayed.open.iter().map(|attempt| attempt.row.attempt))).unwrap();
    drop(journal);
    assert_eq!(costs(&dir.open().1), (vec![], vec![]));
    assert_eq!(dir.files(), 1);
}

#[test]
fn segments_go_when_all_of_them_is_in_the_store() {
    let dir = Dir::new();
    let (journal, _) = dir.open_with(JournalOptions { segment_bytes: 1_000, ..JournalOptions::default() });
    for call in 0..40 {
        journal.intend(&row(call, 0), Nanos::new(1)).unwrap();
        journal.post(&row(call, 1)).unwrap();
    }
    let many = dir.files();
    assert!(many > 20, "{many}");
    journal.flushed((1..40).map(|call| row(call, 1).attempt)).unwrap();
    // The first attempt is not there yet: the files it stands in stay, and the one that is written.
    assert!((2..=3).contains(&dir.files()), "{}", dir.files());
    journal.flushed([row(0, 1).attempt].into_iter()).unwrap();
    assert_eq!((dir.files(), journal.pending()), (1, 0));
}

#[test]
fn one_process_has_it_and_a_full_one_takes_no_more() {
    let dir = Dir::new();
    let (journal, _) = dir.open_with(JournalOptions { most_bytes: 600, ..JournalOptions::default() });
    let refused = Journal::open(&dir.0, JournalOptions::default()).unwrap_err();
    assert!(refused.to_string().contains("another process"), "{refused}");
    journal.intend(&row(1, 0), Nanos::new(1)).unwrap();
    journal.intend(&row(2, 0), Nanos::new(1)).unwrap();
    let full = journal.intend(&row(3, 0), Nanos::new(1)).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    journal.post(&row(1, 5)).unwrap();
}

#[test]
fn damage_in_an_earlier_file_is_named_and_not_passed_over() {
    let dir = Dir::new();
    let (journal, _) = dir.open_with(JournalOptions { segment_bytes: 100, ..JournalOptions::default() });
    for call in 1..=3 {
        journal.intend(&row(call, 0), Nanos::new(1)).unwrap();
    }
    drop(journal);
    let first = path(&dir.0, 1);
    let mut bytes = std::fs::read(&first).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    let error = Journal::open(&dir.0, JournalOptions::default()).unwrap_err();
    assert!(error.to_string().contains("0000000001.journal is damaged at byte 8"), "{error}");
}

/// Notes some attempts and gives the bytes of the file, and what was settled and open after each record.
fn noted(dir: &Path, steps: &[bool]) -> (Vec<u8>, Vec<(u64, usize, usize)>) {
    let (journal, _) = Journal::open(dir, JournalOptions::default()).unwrap();
    let (mut begun, mut ended, mut states) = (0, 0, vec![(8, 0, 0)]);
    for is_post in steps {
        if *is_post && ended < begun {
            ended += 1;
            journal.post(&row(ended, 1)).unwrap();
        } else {
            begun += 1;
            journal.intend(&row(begun, 0), Nanos::new(1)).unwrap();
        }
        states.push((
            journal.bytes(),
            usize::try_from(ended).unwrap(),
            usize::try_from(begun - ended).unwrap(),
        ));
    }
    (std::fs::read(path(dir, 1)).unwrap(), states)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A file that ends anywhere tells what was whole, and nothing else.
    #[test]
    fn a_torn_tail_costs_only_what_was_torn(steps in prop::collection::vec(any::<bool>(), 1..12), cut in 0.0_f64..1.0) {
        let (whole, torn) = (Dir::new(), Dir::new());
        let (bytes, states) = noted(&whole.0, &steps);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
        let at = (bytes.len() as f64 * cut) as usize;
        std::fs::write(path(&torn.0, 1), &bytes[..at]).unwrap();
        let (_journal, replayed) = torn.open();
        let (_, settled, open) = states.iter().rev().find(|(end, ..)| *end <= at as u64).copied().unwrap_or((0, 0, 0));
        prop_assert_eq!((replayed.settled.len(), replayed.open.len()), (settled, open));
    }

    /// A flipped bit is never taken for a record: what stands before it is told, or nothing is.
    #[test]
    fn a_flipped_bit_gives_no_wrong_record(steps in prop::collection::vec(any::<bool>(), 1..8), at in 0.0_f64..1.0, bit in 0_u8..8) {
        let (whole, touched) = (Dir::new(), Dir::new());
        let (mut bytes, states) = noted(&whole.0, &steps);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a small file")]
        let at = (bytes.len() as f64 * at) as usize;
        bytes[at] ^= 1 << bit;
        std::fs::write(path(&touched.0, 1), &bytes).unwrap();
        let Ok((_journal, replayed)) = Journal::open(&touched.0, JournalOptions::default()) else { return Ok(()) };
        let (_, settled, open) = states.iter().rev().find(|(end, ..)| *end <= at as u64).copied().unwrap_or((0, 0, 0));
        prop_assert_eq!((replayed.settled.len(), replayed.open.len()), (settled, open));
    }
}
