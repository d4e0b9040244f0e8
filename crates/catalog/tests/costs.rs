//! The costs that `fixtures/costs.py` reckoned from LiteLLM's own data, by decimals and without our code.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use weighhouse_catalog::{Bound, Catalog, PriceMoment, Terms, Tier};
use weighhouse_types::{Picos, Usage, UsageClass};

#[derive(Deserialize)]
struct Case {
    shape: String,
    provider: String,
    model: String,
    tier: String,
    unix_ms: i64,
    usage: BTreeMap<String, u64>,
    picos: String,
}

#[test]
fn costs_are_those_that_decimals_give() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../fixtures/costs.json")).unwrap();
    let models: BTreeSet<_> = cases.iter().map(|case| (&case.provider, &case.model)).collect();
    assert!(models.len() >= 200 && cases.len() >= 700, "{} models, {} cases", models.len(), cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let name = format!("{} {}: {}", case.provider, case.model, case.shape);
        let Some(facts) = Catalog::builtin().find(&case.provider, &case.model) else {
            wrong.push(format!("{name}: not in the catalogue"));
            continue;
        };
        let usage = case.usage.iter().fold(Usage::default(), |usage, (class, units)| {
            usage.with(UsageClass::from_name(class).unwrap(), *units)
        });
        let tier = Tier::from_name(&case.tier).unwrap();
        let cost = facts.prices.cost(&usage, &PriceMoment { unix_ms: case.unix_ms, tier });
        let expected = Picos::new(case.picos.parse().unwrap());
        if cost.total != expected || cost.unpriced {
            wrong.push(format!(
                "{name}: {} and not {}, {}",
                cost.total.get(),
                expected.get(),
                cost.arithmetic_json(&usage)
            ));
        }
        let bound = Bound {
            input_tokens: usage.input(),
            output_tokens: usage.output(),
            calls: usage.get(UsageClass::Request),
        };
        let terms = Terms { tier: Some(tier), searches: usage.get(UsageClass::Search), ..Terms::default() };
        let most = facts.prices.upper_bound_under(&bound, &terms);
        if most.is_some_and(|most| most < cost.total) {
            wrong.push(format!("{name}: the bound {most:?} is below the cost"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
