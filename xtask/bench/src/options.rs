//! The words on the command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::cases::Case;
use crate::target::Variant;

pub(crate) const HELP: &str = "\
bench [--gateway PATH] [options]
bench translate
bench permit
bench bare-proxy --port PORT --upstream HOST:PORT

Calls a fake provider directly, through a bare hyper proxy and, where given, through the gateway in each of
its variants; prints a table and writes a JSON file. The second form measures
translations between dialects, the third what it costs to let a call in, both
without a network; the last is the bare proxy itself.

  --gateway PATH     the gateway's binary; without it only direct calls and the bare proxy are measured
  --variants LIST    of bare, full, full-without-ledger (default: all)
  --only LIST        of cpu, latency, stream, rss, start (default: all)
  --quick            a fifth of the requests
  --rounds N         turns that the targets take (default 3)
  --soak N           at the end N more requests through each, watching the memory (try 1000000)
  --json PATH        where the figures go (default target/bench/latest.json)
  --no-pin           leave the placing of processes to the kernel
";

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Word {
    Help,
    Translate,
    /// What it costs to let a call in is measured.
    Permit,
    BareProxy {
        port: u16,
        upstream: String,
    },
    Measure(Options),
}

/// What is to be measured, and how.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) gateway: Option<PathBuf>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) cases: Vec<Case>,
    pub(crate) quick: bool,
    pub(crate) rounds: u32,
    pub(crate) soak: u64,
    pub(crate) json: PathBuf,
    pub(crate) pin: bool,
}

impl Options {
    pub(crate) fn wants(&self, case: Case) -> bool {
        self.cases.contains(&case)
    }

    /// A number of requests, or a fifth of it.
    pub(crate) fn scaled(&self, full: u64) -> u64 {
        if self.quick { full / 5 } else { full }
    }
}

pub(crate) fn read(words: &[String]) -> Result<Word> {
    let mut words = words.iter().map(String::as_str).peekable();
    if words.next_if_eq(&"bare-proxy").is_some() {
        return read_bare_proxy(words);
    }
    if words.next_if_eq(&"permit").is_some() {
        return Ok(Word::Permit);
    }
    if words.next_if_eq(&"translate").is_some() {
        return Ok(Word::Translate);
    }
    let mut options = Options {
        gateway: None,
        variants: Variant::ALL.to_vec(),
        cases: Case::ALL.to_vec(),
        quick: false,
        rounds: 3,
        soak: 0,
        json: PathBuf::from("target/bench/latest.json"),
        pin: true,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("`{word}` needs a value; see --help"));
        match word {
            "--help" | "-h" => return Ok(Word::Help),
            "--gateway" => options.gateway = Some(value()?.into()),
            "--variants" => options.variants = list(value()?, Variant::ALL.as_slice(), Variant::name)?,
            "--only" => options.cases = list(value()?, Case::ALL.as_slice(), Case::name)?,
            "--quick" => options.quick = true,
            "--rounds" => options.rounds = value()?.parse().context("--rounds takes a number")?,
            "--soak" => options.soak = value()?.parse().context("--soak takes a number")?,
            "--json" => options.json = value()?.into(),
            "--no-pin" => options.pin = false,
            other => bail!("there is no option `{other}`; see --help"),
        }
    }
    if options.rounds == 0 {
        bail!("--rounds must be at least 1");
    }
    Ok(Word::Measure(options))
}

fn read_bare_proxy<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Word> {
    let (mut port, mut upstream) = (None, None);
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("`{word}` needs a value"))?;
        match word {
            "--port" => port = Some(value.parse().context("--port takes a number")?),
            "--upstream" => upstream = Some(value.to_owned()),
            other => bail!("`bare-proxy` has no option `{other}`"),
        }
    }
    Ok(Word::BareProxy {
        port: port.context("`bare-proxy` needs --port")?,
        upstream: upstream.context("`bare-proxy` needs --upstream")?,
    })
}

/// The named members of a closed list, in the list's own order.
fn list<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<Vec<T>> {
    let asked: Vec<&str> = text.split(',').collect();
    if let Some(unknown) = asked.iter().find(|asked| !all.iter().any(|one| name(*one) == **asked)) {
        let known: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        bail!("`{unknown}` is none of {}", known.join(", "));
    }
    Ok(all.iter().copied().filter(|one| asked.contains(&name(*one))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn words_are_read() {
        let Word::Measure(options) =
            read(&words("--quick --only latency,cpu --soak 10 --variants full")).unwrap()
        else {
            panic!("it measures");
        };
        assert_eq!((options.cases, options.soak), (vec![Case::Cpu, Case::Latency], 10));
        assert_eq!((options.variants, options.quick), (vec![Variant::Full], true));
        assert!(matches!(
            read(&words("bare-proxy --port 1 --upstream a:2")),
            Ok(Word::BareProxy { port: 1, .. })
        ));
    }

    #[test]
    fn wrong_words_are_named() {
        for (line, named) in [("--speed", "--speed"), ("--only cpu,gpu", "gpu"), ("--soak", "--soak")] {
            assert!(read(&words(line)).unwrap_err().to_string().contains(named), "{line}");
        }
    }
}
