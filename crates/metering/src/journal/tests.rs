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

use super::disk::file_name;
use super::memory_disk::{Crash, MemoryDisk, Step};
use super::record::{Record, intent, post, progress, read};
use super::{Journal, JournalOptions, Noted, Progress, Replayed};

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
        let names = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().ends_with(".journal")).count()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn row(call: u64, nanos: i64) -> LedgerRow {
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
    let mut settled: Vec<i64> = replayed.settled.iter().map(|attempt| attempt.row.cost.get()).collect();
    let mut open: Vec<i64> = replayed.open.iter().map(|attempt| attempt.held.get()).collect();
    settled.sort_unstable();
    open.sort_unstable();
    (settled, open)
}

/// The frame's payload, which follows its length and checksum.
fn told(frame: &[u8]) -> Record {
    read(&frame[8..]).unwrap()
}

#[test]
fn records_read_as_they_were_written() {
    let mut odd = row(1, -5);
    odd.usage.estimated = true;
    (odd.key_id, odd.tags, odd.raw_usage) = (None, Arc::default(), None);
    for row in [row(1, 5), odd] {
        let Record::Intent { row: mut begun, held } = told(&intent(&row, Nanos::new(9))) else { panic!() };
        assert_eq!((begun.cost, held, &begun.usage), (row.cost, Nanos::new(9), &Usage::default()));
        let Record::Post { attempt, end } = told(&post(&row)) else { panic!() };
        end.fill(&mut begun);
        assert_eq!((*begun, attempt), (row.clone(), row.attempt));
        let so_far = Progress { output_tokens: 7, cost: Nanos::new(3) };
        let Record::Progress { attempt, progress } = told(&progress(row.attempt, so_far)) else { panic!() };
        assert_eq!((attempt, progress), (row.attempt, so_far));
    }
}

#[test]
fn what_was_begun_and_settled_is_told_after_a_crash_until_the_store_has_it() {
    let dir = Dir::new();
    {
        let (journal, replayed) = dir.open();
        assert_eq!(costs(&replayed), (vec![], vec![]));
        let mut noted: Vec<Noted> =
            (1..=3).map(|call| journal.intend(&row(call, 0), Nanos::new(100)).unwrap()).collect();
        journal.post(&row(1, 10), &mut noted[0]).unwrap();
        journal.post(&row(2, 20), &mut noted[1]).unwrap();
        let so_far = Progress { output_tokens: 4, cost: Nanos::new(8) };
        journal.progress(row(3, 0).attempt, Progress::default(), &mut noted[2]).unwrap();
        journal.progress(row(3, 0).attempt, so_far, &mut noted[2]).unwrap();
        journal.flushed([noted[0]].into_iter()).unwrap();
        journal.sync().unwrap();
        assert_eq!(journal.pending(), 2);
    }
    // What the store has may be told again: it takes each attempt once.
    for _ in 0..3 {
        let replayed = dir.open().1;
        assert_eq!(costs(&replayed), (vec![10, 20], vec![100]));
        assert_eq!(replayed.open[0].progress.unwrap().output_tokens, 4);
    }
    let (journal, replayed) = dir.open();
    let all = replayed.settled.iter().map(|attempt| attempt.noted);
    journal.flushed(all.chain(replayed.open.iter().map(|attempt| attempt.noted))).unwrap();
    assert_eq!(journal.pending(), 0);
    drop(journal);
    assert_eq!(costs(&dir.open().1), (vec![], vec![]));
    assert_eq!(dir.files(), 1);
}

#[test]
fn segments_go_when_all_of_them_is_in_the_store() {
    let dir = Dir::new();
    let (journal, _) = dir.open_with(JournalOptions { segment_bytes: 500, ..JournalOptions::default() });
    let all: Vec<Noted> = (0..40)
        .map(|call| {
            let mut noted = journal.intend(&row(call, 0), Nanos::new(1)).unwrap();
            journal.post(&row(call, 1), &mut noted).unwrap();
            noted
        })
        .collect();
    let many = dir.files();
    assert!(many > 20, "{many}");
    journal.flushed(all[1..].iter().copied()).unwrap();
    // The first attempt is not there yet: the files it stands in stay, and the one that is written.
    assert!((2..=3).contains(&dir.files()), "{}", dir.files());
    journal.flushed([all[0]].into_iter()).unwrap();
    assert_eq!((dir.files(), journal.pending()), (1, 0));
    let on_disk: u64 =
        std::fs::read_dir(&dir.0).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(journal.bytes(), on_disk);
}

#[test]
fn one_process_has_it_and_a_full_one_takes_no_more() {
    let dir = Dir::new();
    let (journal, _) = dir.open_with(JournalOptions { most_bytes: 400, ..JournalOptions::default() });
    let refused = Journal::open(&dir.0, JournalOptions::default()).unwrap_err();
    assert!(refused.to_string().contains("another process"), "{refused}");
    let mut noted = journal.intend(&row(1, 0), Nanos::new(1)).unwrap();
    journal.intend(&row(2, 0), Nanos::new(1)).unwrap();
    let full = journal.intend(&row(3, 0), Nanos::new(1)).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    journal.post(&row(1, 5), &mut noted).unwrap();
}

#[test]
fn damage_in_an_earlier_file_is_named_and_not_passed_over() {
    let dir = Dir::new();
    let (journal, _) = dir.open_with(JournalOptions { segment_bytes: 100, ..JournalOptions::default() });
    for call in 1..=3 {
        journal.intend(&row(call, 0), Nanos::new(1)).unwrap();
    }
    drop(journal);
    let first = dir.0.join(file_name(1));
    let mut bytes = std::fs::read(&first).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    let error = Journal::open(&dir.0, JournalOptions::default()).unwrap_err();
    assert!(error.to_string().contains("0000000001.journal is damaged at byte 8"), "{error}");
}

fn on(disk: &MemoryDisk) -> (Journal, Replayed) {
    let options = JournalOptions { segment_bytes: 600, most_bytes: 1 << 20 };
    Journal::open_on(Box::new(disk.clone()), options).unwrap()
}

#[test]
fn a_piece_that_cannot_be_cut_off_at_once_is_cut_off_later() {
    let disk = MemoryDisk::default();
    let (journal, _) = on(&disk);
    let mut noted = journal.intend(&row(1, 0), Nanos::new(1)).unwrap();
    disk.fail(Step::Append, 0, 100);
    disk.fail(Step::Truncate, 0, 0);
    disk.fail(Step::Truncate, 1, 0);
    journal.post(&row(1, 5), &mut noted).unwrap_err();
    assert_eq!(on(&disk.after(Crash::Kill)).1.torn_bytes, 100);
    journal.post(&row(1, 5), &mut noted).unwrap_err();
    journal.post(&row(1, 5), &mut noted).unwrap();
    assert_eq!(costs(&on(&disk.after(Crash::Kill)).1), (vec![5], vec![]));
}

#[test]
fn a_sync_that_failed_is_tried_again() {
    let disk = MemoryDisk::default();
    let (journal, _) = on(&disk);
    journal.intend(&row(1, 0), Nanos::new(1)).unwrap();
    disk.fail(Step::Sync, 0, 0);
    journal.sync().unwrap_err();
    assert!(journal.is_dirty());
    assert_eq!(costs(&on(&disk.after(Crash::PowerLoss { more: 0 })).1), (vec![], vec![]));
    journal.sync().unwrap();
    assert!(!journal.is_dirty());
    assert_eq!(costs(&on(&disk.after(Crash::PowerLoss { more: 0 })).1), (vec![], vec![1]));
}

/// Notes some attempts and gives the bytes of the file, and what was settled and open after each record.
fn noted(dir: &Path, steps: &[bool]) -> (Vec<u8>, Vec<(u64, usize, usize)>) {
    let (journal, _) = Journal::open(dir, JournalOptions::default()).unwrap();
    let (mut begun, mut ended, mut states) = (0, 0, vec![(8, 0, 0)]);
    let mut all = Vec::new();
    for is_post in steps {
        if *is_post && ended < begun {
            journal.post(&row(ended + 1, 1), &mut all[usize::try_from(ended).unwrap()]).unwrap();
            ended += 1;
        } else {
            begun += 1;
            all.push(journal.intend(&row(begun, 0), Nanos::new(1)).unwrap());
        }
        states.push((
            journal.bytes(),
            usize::try_from(ended).unwrap(),
            usize::try_from(begun - ended).unwrap(),
        ));
    }
    (std::fs::read(dir.join(file_name(1))).unwrap(), states)
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
        std::fs::write(torn.0.join(file_name(1)), &bytes[..at]).unwrap();
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
        std::fs::write(touched.0.join(file_name(1)), &bytes).unwrap();
        let Ok((_journal, replayed)) = Journal::open(&touched.0, JournalOptions::default()) else { return Ok(()) };
        let (_, settled, open) = states.iter().rev().find(|(end, ..)| *end <= at as u64).copied().unwrap_or((0, 0, 0));
        prop_assert_eq!((replayed.settled.len(), replayed.open.len()), (settled, open));
    }

    /// Whatever the disk refuses, what was taken is there after a kill, what was refused is not, and a power cut
    /// takes from the end only.
    #[test]
    fn a_faulty_disk_loses_nothing_that_was_taken(
        steps in prop::collection::vec(any::<bool>(), 1..40),
        faults in prop::collection::vec((0..5_usize, 0..12_usize, 0..600_usize), 0..12),
        more in 0..2_000_usize,
    ) {
        let disk = MemoryDisk::default();
        let (journal, _) = on(&disk);
        for (step, nth, written) in faults {
            disk.fail(Step::ALL[step], nth, written);
        }
        let (mut open, mut settled, mut next) = (Vec::new(), Vec::new(), 0);
        for is_post in steps {
            if is_post && let Some((call, mut noted)) = open.pop() {
                match journal.post(&row(call, 10), &mut noted) {
                    Ok(()) => settled.push(10),
                    Err(_) => open.push((call, noted)),
                }
            } else {
                next += 1;
                if let Ok(noted) = journal.intend(&row(next, 0), Nanos::new(1)) {
                    open.push((next, noted));
                }
            }
            let told = costs(&on(&disk.after(Crash::Kill)).1);
            prop_assert_eq!(&told, &(settled.clone(), vec![1; open.len()]));
            let after_power = costs(&on(&disk.after(Crash::PowerLoss { more })).1);
            prop_assert!(after_power.0.len() + after_power.1.len() <= told.0.len() + told.1.len());
        }
        prop_assert_eq!(journal.pending(), open.len() + settled.len());
    }
}
