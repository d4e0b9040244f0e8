//! Generated files: made from published data, committed, and checked for being fresh.

mod catalog_file;
mod genai_prices;
mod litellm;
mod llmctl;
mod merge;
mod providers;
mod translations;
mod wheels;

use std::fs;

use anyhow::{Context, Result, bail};

use crate::workspace;
use wheels::Wheels;

/// The built-in catalogue of models, from the workspace's root.
const CATALOG: &str = "crates/catalog/data/models.txt";

/// Writes `docs/reference/providers.md` from the registry, `docs/reference/translations.md` from the fixtures,
/// `docs/reference/llmctl.md` from the program itself, and `crates/catalog/data/models.txt` from the wheels of litellm
/// and genai-prices, which are fetched with pip into `target/codegen` unless they are there. `CODEGEN_FROM=DIR` takes
/// them (wheels, or unpacked) from another folder.
///
/// With `check` nothing is written or fetched: where the wheels are at hand, the file must be what they
/// make; elsewhere it must be whole, which its own checksum says.
pub(crate) fn run(check: bool) -> Result<()> {
    providers::run(check)?;
    translations::run(check)?;
    llmctl::run(check)?;
    let path = workspace::root().join(CATALOG);
    let Some(wheels) = Wheels::at_hand()? else {
        if !check {
            return write(&path, &Wheels::fetched()?);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {CATALOG}"))?;
        catalog_file::verify(&text).with_context(|| stale(CATALOG))?;
        println!("{CATALOG} is whole; its sources are not at hand, so it was not made anew");
        return Ok(());
    };
    if !check {
        return write(&path, &wheels);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {CATALOG}"))?;
    if text != made_from(&wheels)?.text {
        bail!("{}", stale(CATALOG));
    }
    Ok(())
}

struct Made {
    text: String,
    report: merge::Report,
}

fn made_from(wheels: &Wheels) -> Result<Made> {
    let (mut models, doubles) = litellm::read(&wheels.litellm)?;
    let other = genai_prices::read(&wheels.genai_prices, &wheels.cache, &models)?;
    let mut report = merge::merge(&mut models, &other)?;
    report.doubles = doubles;
    Ok(Made { text: catalog_file::text(&models)?, report })
}

fn write(path: &std::path::Path, wheels: &Wheels) -> Result<()> {
    let made = made_from(wheels)?;
    fs::write(path, &made.text).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{}", made.report);
    println!("{CATALOG}: {} bytes", made.text.len());
    Ok(())
}

fn stale(file: &str) -> String {
    format!("{file} is stale or was edited by hand; run `cargo xtask codegen` and commit what it writes")
}
