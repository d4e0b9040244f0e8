//! The engine under a clock, a disk, a book and clients that are all simulated: a seed is one course of events, with
//! crashes, power cuts, torn writes, a book that comes and goes, and clients that leave.
//!
//! `SEEDS=20000 cargo test --release -p weighhouse-metering simulation` runs more of them, `SEED=17` that one alone;
//! `cargo xtask simulate` does both, and runs them over mutants of the engine.

mod book;
mod client;
mod dice;
mod plot;
mod tests;
mod truth;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::{Instant, sleep, timeout};

use self::book::SimulatedBook;
use self::client::{Life, client};
use self::dice::Dice;
use self::plot::Plot;
use self::truth::{Figures, Truth};
use crate::journal::memory_disk::{Crash, MemoryDisk, Step};
use crate::journal::{Journal, JournalOptions};
use crate::ledger::{LedgerOptions, LedgerWriter};
use crate::meter::{HouseRules, InFlight, Meter};
use crate::recover::recover;

/// Something wrong around the engine that the simulation must notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// The book charges an attempt again that it has.
    StoreCountsTwice,
    /// The book says that it took what it did not take.
    StoreForgets,
    /// The disk loses the end of what was written when the process dies.
    DiskForgets,
    /// A provider generates more than it was told.
    ProviderIgnoresTheCap,
}

/// Longest time that a book may be away when a process comes up, in tries.
const MOST_TRIES: usize = 200;

/// Runs the course of a seed.
pub(crate) fn run(seed: u64, plant: Option<Plant>) -> Result<Figures, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let ran =
        runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(course(seed, plant)));
    ran.map_err(|wrong| format!("seed {seed}: {wrong}"))
}

async fn course(seed: u64, plant: Option<Plant>) -> Result<Figures, String> {
    let mut dice = Dice::new(seed);
    let plot = Rc::new(Plot::roll(&mut dice));
    let truth = Rc::new(RefCell::new(Truth::new()));
    let options = JournalOptions {
        segment_bytes: *dice.pick(&[600, 4_000, 1 << 20]),
        most_bytes: *dice.pick(&[12_000, 1 << 20, 1 << 20]),
    };
    let begun = Instant::now();
    let mut book = SimulatedBook::new(dice.fork(), plant);
    let mut disk = MemoryDisk::default();
    let crashes = dice.between(0, 3);
    for number in 0..=crashes {
        let (journal, on) = open(&book, disk, options, &truth).await?;
        disk = on;
        truth.borrow().check(&book.kept())?;
        truth.borrow_mut().begin_life();
        break_disk(&disk, &mut dice, &truth);
        let journal = Arc::new(journal);
        let (meter, writer) = Meter::new(
            Arc::new(book.clone()),
            LedgerOptions::default(),
            HouseRules::default(),
            Some(Arc::clone(&journal)),
        );
        let (plot, truth) = (Rc::clone(&plot), Rc::clone(&truth));
        let life = Life { plot, truth: Rc::clone(&truth), book: book.clone(), meter, begun, plant };
        let dies = (number < crashes).then(|| Duration::from_millis(dice.between(1, 20_000)));
        let local = LocalSet::new();
        let lived = local.run_until(live(life, writer, journal, dies, dice.fork())).await?;
        if lived == Lived::ToItsEnd {
            break;
        }
        // What the dead process still does on its way out reaches neither the disk nor the book.
        (disk, book) = crash(&disk, &book, plant, &mut dice, &truth);
        drop(local);
    }
    let (_, _) = open(&book, disk.after(Crash::Kill), options, &truth).await?;
    truth.borrow().check(&book.kept())?;
    Ok(truth.borrow().figures)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lived {
    ToItsEnd,
    UntilItsCrash,
}

/// A process lives: clients call, the book is written to, the disk is synced.
async fn live(
    life: Life,
    writer: LedgerWriter,
    journal: Arc<Journal>,
    dies: Option<Duration>,
    mut dice: Dice,
) -> Result<Lived, String> {
    let life = Rc::new(life);
    let (_give_up, asked) = watch::channel(false);
    let writing = tokio::task::spawn_local(writer.run(asked));
    let syncing = tokio::task::spawn_local(keep_synced(journal, Rc::clone(&life.truth)));
    let count = dice.between(2, 10);
    let clients: Vec<_> =
        (0..count).map(|_| tokio::task::spawn_local(client(Rc::clone(&life), dice.fork()))).collect();
    let all = joined(clients);
    match dies {
        Some(moment) => match timeout(moment, all).await {
            Ok(ended) => ended?,
            Err(_) => return Ok(Lived::UntilItsCrash),
        },
        None => all.await?,
    }
    let (now_ms, truth) = (life.now().0, Rc::clone(&life.truth));
    if life.meter.in_flight(now_ms) != InFlight::default() {
        return Err(format!("nobody calls, and yet {:?} is taken", life.meter.in_flight(now_ms)));
    }
    let (settled, book) = (life.meter.settled_at(now_ms), life.book.clone());
    drop(life);
    let left = writing.await.map_err(|error| error.to_string())?;
    syncing.abort();
    if left > 0 || truth.borrow().asking > 0 {
        return Err(format!("{left} rows were left behind"));
    }
    let kept = book.kept();
    // The engine's own books, which every refusal looks at, say what the rows say.
    match settled.iter().find(|(account, settled)| kept.settled(account) != *settled) {
        Some((account, settled)) => {
            Err(format!("{account:?} has settled {settled}, and its rows say {}", kept.settled(account)))
        }
        None => Ok(Lived::ToItsEnd),
    }
}

async fn joined(clients: Vec<JoinHandle<Result<(), String>>>) -> Result<(), String> {
    for client in clients {
        client.await.map_err(|error| error.to_string())??;
    }
    Ok(())
}

async fn keep_synced(journal: Arc<Journal>, truth: Rc<RefCell<Truth>>) {
    loop {
        sleep(Duration::from_millis(50)).await;
        if journal.sync().is_ok() {
            truth.borrow_mut().synced = Instant::now();
        }
    }
}

/// Opens the journal and brings what it holds into the book, as often as it takes.
async fn open(
    book: &SimulatedBook,
    mut disk: MemoryDisk,
    options: JournalOptions,
    truth: &RefCell<Truth>,
) -> Result<(Journal, MemoryDisk), String> {
    for _ in 0..MOST_TRIES {
        let (journal, replayed) =
            Journal::open_on(Box::new(disk.clone()), options).map_err(|error| error.to_string())?;
        match recover(book, &journal, replayed).await {
            Ok(recovered) => {
                truth.borrow_mut().figures.recovered += recovered.settled + recovered.unfinished;
                return Ok((journal, disk));
            }
            Err(_) => disk = disk.after(Crash::Kill),
        }
    }
    Err("the book never came back".into())
}

/// Lets some of the disk's next steps fail.
fn break_disk(disk: &MemoryDisk, dice: &mut Dice, truth: &RefCell<Truth>) {
    if !dice.one_in(4) {
        return;
    }
    for _ in 0..dice.between(1, 4) {
        let (nth, written) = (dice.between(0, 40), dice.between(0, 300));
        let small = |number| usize::try_from(number).unwrap();
        disk.fail(*dice.pick(&Step::ALL), small(nth), small(written));
    }
    truth.borrow_mut().had_faults = true;
}

/// What a crash leaves of disk and book.
fn crash(
    disk: &MemoryDisk,
    book: &SimulatedBook,
    plant: Option<Plant>,
    dice: &mut Dice,
    truth: &RefCell<Truth>,
) -> (MemoryDisk, SimulatedBook) {
    let mut truth = truth.borrow_mut();
    truth.figures.crashes += 1;
    let left = book.left_behind();
    if dice.one_in(3) {
        truth.power_lost(&left.kept());
        let more = usize::try_from(dice.between(0, 400)).unwrap();
        return (disk.after(Crash::PowerLoss { more }), left);
    }
    if plant == Some(Plant::DiskForgets) {
        return (disk.after(Crash::PowerLoss { more: 0 }), left);
    }
    (disk.after(Crash::Kill), left)
}
