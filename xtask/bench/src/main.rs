//! `bench`: measures what a gateway costs, beside a bare proxy and no proxy at all.
//!
//! Every target stands between the same load generator and the same fake provider. What is measured is pinned
//! to core 0, generator and fake to core 1, and the targets take turns in rounds, so that the machine's noise
//! hits all alike. The numbers to trust on a small machine are ratios within one run.

mod bare_proxy;
mod cases;
mod client;
mod load;
mod options;
mod permit;
mod processor;
mod report;
mod target;
mod translate;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use weighhouse_testkit::fake_openai::{FakeProvider, FastFake, FastScript};

use cases::{Case, Scene};
use options::{Options, Word};
use report::Report;
use target::Target;

/// Content bytes of a whole answer, and content chunks of a stream.
const REPLY_BYTES: usize = 400;
const CHUNKS: u64 = 200;
/// What the fake waits after the first event of a stream, so that generator and target are free to pass it on.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match options::read(&words) {
        Ok(Word::Help) => {
            print!("{}", options::HELP);
            Ok(())
        }
        Ok(Word::Translate) => translate::run(),
        Ok(Word::Permit) => permit::run(),
        Ok(Word::BareProxy { port, upstream }) => bare_proxy::run(port, &upstream),
        Ok(Word::Measure(options)) => measure(&options),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<()> {
    let pinned = options.pin && processor::pin_self()?;
    let fake = FakeProvider::start_fast(FastScript {
        reply_bytes: REPLY_BYTES,
        chunks: CHUNKS,
        pace: Duration::ZERO,
        first_pause: FIRST_PAUSE,
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let targets = start_targets(options, &fake, pinned)?;
    let scene = Scene { options, chunks: CHUNKS };
    let mut report = Report::new(&targets, pinned);
    for case in Case::ALL.into_iter().filter(|case| options.wants(*case)) {
        for round in 1..=options.rounds {
            eprintln!("{}: round {round} of {}", case.name(), options.rounds);
            for target in &targets {
                case.measure(&scene, target, &runtime, &mut report)
                    .with_context(|| format!("{} of target `{}`", case.name(), target.name()))?;
            }
        }
    }
    if options.soak > 0 {
        for target in targets.iter().filter(|target| target.process().is_some()) {
            eprintln!("soak: {} requests through {}", options.soak, target.name());
            cases::soak(&scene, target, &runtime, &mut report)?;
        }
    }
    println!("{}", report.markdown());
    report.write_json(&options.json)?;
    println!("written to {}", options.json.display());
    Ok(())
}

/// Direct calls first: the others are compared with them within each round.
fn start_targets(options: &Options, fake: &FastFake, pinned: bool) -> Result<Vec<Target>> {
    let mut targets = vec![Target::direct(fake.address())];
    targets.push(Target::bare_proxy(fake.address(), pinned)?);
    if let Some(gateway) = &options.gateway {
        for variant in &options.variants {
            targets.push(Target::gateway(gateway, *variant, fake.address(), pinned)?);
        }
    }
    for target in &targets {
        target
            .check(CHUNKS)
            .with_context(|| format!("target `{}` does not answer as it should", target.name()))?;
    }
    Ok(targets)
}
