//! Two sources become one: LiteLLM's current prices, and what genai-prices knows beyond them.
//!
//! Where both price a class of a model and agree, genai-prices' history of it is taken. Where they do not,
//! LiteLLM's price stands and the pair is reported. Where the two agree on the text of prompt and answer,
//! classes and tiers that only genai-prices has are added. Models that only it has are taken as they are.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result};
use weighhouse_catalog::{ExtraPrice, ModelFacts, PriceBook, PriceLine, Tier, parse_date, undated};
use weighhouse_types::{Picos, UsageClass};

use super::genai_prices::{Model, Period, Price, Providers, ours};
use super::litellm::Models;
use super::wheels::AS_OF;

/// Examples of each kind that the report shows.
const SHOWN: usize = 12;

/// What came of the merge.
#[derive(Default)]
pub(super) struct Report {
    pub(super) doubles: usize,
    models: usize,
    kin: usize,
    compared: usize,
    hourly: usize,
    disagreements: Vec<String>,
    disagreeing: BTreeMap<String, usize>,
    dated: usize,
    filled: usize,
    only_genai: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} models, {} of them only in genai-prices", self.models, self.only_genai)?;
        writeln!(out, "{} second names of one key in LiteLLM", self.doubles)?;
        writeln!(
            out,
            "{} models are in both; {} of these have other prices by the hour",
            self.compared, self.hourly
        )?;
        writeln!(out, "{} more match the pattern of a kin in genai-prices and are left alone", self.kin)?;
        writeln!(
            out,
            "{} got a history, {} got classes or tiers that LiteLLM has not",
            self.dated, self.filled
        )?;
        let models: usize = self.disagreeing.values().sum();
        writeln!(out, "{models} disagree ({} prices); LiteLLM's stands:", self.disagreements.len())?;
        let by_provider: Vec<String> =
            self.disagreeing.iter().map(|(provider, count)| format!("{provider} {count}")).collect();
        writeln!(out, "  {}", by_provider.join(", "))?;
        let step = (self.disagreements.len() / SHOWN).max(1);
        for line in self.disagreements.iter().step_by(step).take(SHOWN) {
            writeln!(out, "  e.g. {line}")?;
        }
        Ok(())
    }
}

pub(super) fn merge(models: &mut Models, other: &Providers) -> Result<Report> {
    let mut report = Report::default();
    for (provider, data) in other {
        for (key, id) in &data.matches {
            let (facts, model) = (models.get_mut(key), data.models.get(id));
            let (facts, model) =
                facts.zip(model).with_context(|| format!("`{key}` matches `{id}`, which is nowhere"))?;
            if !is_same(facts.model(), id) {
                report.kin += 1;
                continue;
            }
            join(facts, model, &mut report).with_context(|| format!("genai-prices on `{key}`"))?;
        }
        for (id, model) in &data.models {
            let Some(key) = key_of(provider, id) else { continue };
            if let Entry::Vacant(place) = models.entry(key) {
                let facts = alone(place.key(), model).with_context(|| format!("genai-prices on `{id}`"))?;
                place.insert(facts);
                report.only_genai += 1;
            }
        }
    }
    report.models = models.len();
    Ok(report)
}

/// Whether a model of ours is the one that an id means, and not a kin that its pattern matches too
/// (`gpt-5-codex` by `gpt-5`), whose history and tiers are its own. A date does not make another model.
fn is_same(model: &str, id: &str) -> bool {
    let name = model.strip_prefix("accounts/fireworks/models/").unwrap_or(model);
    let base = |name: &str| undated(name).unwrap_or(name).to_ascii_lowercase();
    base(name) == base(id)
}

/// Where a model of genai-prices stands in our catalogue.
fn key_of(provider: &str, id: &str) -> Option<String> {
    if let Some(host) = provider.strip_prefix("huggingface_") {
        return Some(format!("huggingface/{host}/{id}"));
    }
    let names = ours(provider);
    // Google sells others' models, and its own by two doors; here its own are Gemini's.
    let is_own = provider != "google" || id.starts_with("gem");
    let name = if is_own { names.first() } else { names.last() };
    name.map(|name| format!("{name}/{id}"))
}

/// A model that only genai-prices has.
fn alone(key: &str, model: &Model) -> Result<ModelFacts> {
    let mut facts = ModelFacts::new(key);
    facts.limits.context = model.context;
    let classes: BTreeSet<&String> = model.periods.iter().flat_map(|period| period.classes.keys()).collect();
    let mut lines = Vec::new();
    for class in classes {
        lines.extend(history(model, class)?);
    }
    for tier in [Tier::Batch, Tier::Flex, Tier::Priority] {
        lines.extend(variant(model, tier)?);
    }
    let mut extras = Vec::new();
    for (field, price) in &current(model)?.extras {
        extras.push(ExtraPrice { field: format!("genai.{field}"), price: Picos::parse_usd(price)? });
    }
    facts.prices = PriceBook::new(lines, None, extras);
    Ok(facts)
}

/// A model that both have.
fn join(facts: &mut ModelFacts, model: &Model, report: &mut Report) -> Result<()> {
    report.compared += 1;
    facts.limits.context = facts.limits.context.or(model.context);
    if model.hours || facts.prices.off_peak().is_some() {
        report.hourly += 1;
        return Ok(());
    }
    let now = current(model)?;
    let mut lines = facts.prices.lines().to_vec();
    let (mut agreed, mut disagreed, mut is_dated) = (BTreeSet::new(), 0, false);
    for (name, price) in &now.classes {
        let class = class_of(name)?;
        let standard = |line: &&PriceLine| line.class == class && line.tier == Tier::Standard;
        let mine: Vec<PriceLine> = lines.iter().filter(standard).copied().collect();
        let theirs = lines_of(class, price)?;
        if mine.is_empty() {
            continue;
        }
        if !agree(&mine, &theirs) {
            disagreed += 1;
            report.disagreements.push(format!("{} {name}: {} | {}", facts.key, shown(&mine), shown(&theirs)));
            continue;
        }
        agreed.insert(class);
        let dated = history(model, name)?;
        if dated != theirs {
            lines.retain(|line| !standard(&line));
            lines.extend(dated.into_iter().map(|line| with_threshold_of(line, &mine)));
            is_dated = true;
        }
    }
    if disagreed > 0 {
        *report.disagreeing.entry(facts.provider().to_owned()).or_default() += 1;
    }
    report.dated += usize::from(is_dated);
    if agreed.contains(&UsageClass::InputText) && agreed.contains(&UsageClass::OutputText) {
        let more = missing(&lines, model, now)?;
        report.filled += usize::from(!more.is_empty());
        lines.extend(more);
    }
    let prices = &facts.prices;
    facts.prices = PriceBook::new(lines, prices.off_peak().cloned(), prices.extras().to_vec());
    Ok(())
}

/// Classes and tiers that the lines do not have and genai-prices does.
fn missing(lines: &[PriceLine], model: &Model, now: &Period) -> Result<Vec<PriceLine>> {
    let mut more = Vec::new();
    for name in now.classes.keys() {
        let class = class_of(name)?;
        if !lines.iter().any(|line| line.class == class) {
            more.extend(history(model, name)?);
        }
    }
    for tier in [Tier::Batch, Tier::Flex, Tier::Priority] {
        if !lines.iter().any(|line| line.tier == tier) {
            more.extend(variant(model, tier)?);
        }
    }
    Ok(more)
}

/// The same prices at the same thresholds, for which one may say "above" and the other "from".
fn agree(mine: &[PriceLine], theirs: &[PriceLine]) -> bool {
    mine.len() == theirs.len()
        && mine.iter().zip(theirs).all(|(one, other)| {
            one.price == other.price && one.above_input_tokens.abs_diff(other.above_input_tokens) <= 1
        })
}

fn with_threshold_of(line: PriceLine, mine: &[PriceLine]) -> PriceLine {
    let same = mine.iter().find(|known| known.above_input_tokens.abs_diff(line.above_input_tokens) <= 1);
    PriceLine {
        above_input_tokens: same.map_or(line.above_input_tokens, |known| known.above_input_tokens),
        ..line
    }
}

fn shown(lines: &[PriceLine]) -> String {
    let words: Vec<String> = lines
        .iter()
        .map(|line| match line.above_input_tokens {
            0 => line.price.get().to_string(),
            above => format!("{} >{above}", line.price.get()),
        })
        .collect();
    words.join(", ")
}

/// The prices on the day of the sources.
fn current(model: &Model) -> Result<&Period> {
    let today = parse_date(AS_OF).context("AS_OF is no date")?;
    let mut found = model.periods.first().context("it has no prices")?;
    for period in &model.periods {
        if start(period.from.as_deref())? <= today {
            found = period;
        }
    }
    Ok(found)
}

/// All lines of a class over time: at each threshold, one for every stretch in which its price was the same.
fn history(model: &Model, class: &str) -> Result<Vec<PriceLine>> {
    let mut by_threshold: BTreeMap<u64, Vec<(Option<PriceLine>, i64)>> = BTreeMap::new();
    let mut periods = Vec::new();
    for period in &model.periods {
        let lines = period.classes.get(class).map(|price| lines_of(class_of(class)?, price)).transpose()?;
        periods.push((lines.unwrap_or_default(), start(period.from.as_deref())?));
    }
    for threshold in periods.iter().flat_map(|(lines, _)| lines).map(|line| line.above_input_tokens) {
        by_threshold.entry(threshold).or_default();
    }
    for (threshold, stretches) in &mut by_threshold {
        for (lines, from_ms) in &periods {
            let line = lines.iter().find(|line| line.above_input_tokens == *threshold).copied();
            if stretches.last().is_none_or(|(before, _)| *before != line) {
                stretches.push((line, *from_ms));
            }
        }
    }
    let dated = by_threshold.into_values().flat_map(|stretches| {
        let ends =
            stretches.iter().skip(1).map(|(_, from_ms)| *from_ms).chain([i64::MAX]).collect::<Vec<_>>();
        let dated = stretches.into_iter().zip(ends);
        dated.filter_map(|((line, from_ms), to_ms)| line.map(|line| PriceLine { from_ms, to_ms, ..line }))
    });
    Ok(dated.collect())
}

/// The lines of a tier; the first variant that speaks of a class counts.
fn variant(model: &Model, tier: Tier) -> Result<Vec<PriceLine>> {
    let mut found: Vec<PriceLine> = Vec::new();
    for variant in &model.variants {
        let [(key, value)] = Vec::from_iter(&variant.when)[..] else { continue };
        let said = match (key.as_str(), value.as_str()) {
            ("processing", "batch") => Some(Tier::Batch),
            ("service_tier", name) => Tier::from_name(name),
            _ => None,
        };
        if said != Some(tier) {
            continue;
        }
        let from_ms = start(variant.from.as_deref())?;
        for (name, price) in &variant.classes {
            let class = class_of(name)?;
            if found.iter().all(|line| line.class != class) {
                found.extend(lines_of(class, price)?.into_iter().map(|line| PriceLine {
                    tier,
                    from_ms,
                    ..line
                }));
            }
        }
    }
    Ok(found)
}

fn lines_of(class: UsageClass, price: &Price) -> Result<Vec<PriceLine>> {
    let mut lines = vec![PriceLine::new(class, Picos::parse_usd(&price.base)?)];
    for (above_input_tokens, price) in &price.tiers {
        let line = PriceLine::new(class, Picos::parse_usd(price)?);
        lines.push(PriceLine { above_input_tokens: *above_input_tokens, ..line });
    }
    Ok(lines)
}

fn class_of(name: &str) -> Result<UsageClass> {
    UsageClass::from_name(name).with_context(|| format!("`{name}` is no class of usage"))
}

fn start(day: Option<&str>) -> Result<i64> {
    day.map_or(Ok(i64::MIN), |day| parse_date(day).with_context(|| format!("`{day}` is no date")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: Option<&str>, class: &str, base: &str, tiers: &[(u64, &str)]) -> Period {
        let tiers = tiers.iter().map(|(above, price)| (*above, (*price).to_owned())).collect();
        let price = Price { base: base.to_owned(), tiers };
        let classes = BTreeMap::from([(class.to_owned(), price)]);
        Period { from: from.map(str::to_owned), classes, extras: BTreeMap::new() }
    }

    fn model(periods: Vec<Period>) -> Model {
        Model { context: Some(1_000), periods, hours: false, variants: Vec::new() }
    }

    fn litellm(price: &str) -> ModelFacts {
        let mut facts = ModelFacts::new("a/b");
        facts.prices = PriceBook::from_litellm_fields([("input_cost_per_token", price)].into_iter()).unwrap();
        facts
    }

    fn check(price: &str, model: &Model, expected: &[&str], disagreements: usize) {
        let (mut facts, mut report) = (litellm(price), Report::default());
        join(&mut facts, model, &mut report).unwrap();
        let lines: Vec<String> = facts.prices.lines().iter().map(ToString::to_string).collect();
        assert_eq!(lines, expected);
        assert_eq!(report.disagreements.len(), disagreements);
        assert_eq!(facts.limits.context, Some(1_000));
    }

    #[test]
    fn what_both_say_gets_a_history() {
        let dated = model(vec![
            period(None, "input_text", "9e-12", &[(100, "20e-12")]),
            period(Some("2026-01-01"), "input_text", "9e-12", &[]),
            period(Some("2026-02-01"), "input_text", "3e-12", &[]),
        ]);
        let expected = [
            "input_text 9 to=2026-02-01",
            "input_text 3 from=2026-02-01",
            "input_text 20 >100 to=2026-01-01",
        ];
        check("3e-12", &dated, &expected, 0);
        check("4e-12", &dated, &["input_text 4"], 1);
    }

    #[test]
    fn a_kin_is_not_the_model() {
        assert!(is_same("gpt-4o-2024-08-06", "gpt-4o") && is_same("accounts/fireworks/models/x", "X"));
        assert!(!is_same("gpt-5-codex", "gpt-5") && !is_same("us.a.b", "a.b"));
    }

    #[test]
    fn a_price_to_come_ends_the_one_of_today() {
        let dated = model(vec![
            period(None, "input_text", "3e-12", &[]),
            period(Some("2027-01-01"), "input_text", "6e-12", &[]),
        ]);
        check("3e-12", &dated, &["input_text 3 to=2027-01-01", "input_text 6 from=2027-01-01"], 0);
    }
}
