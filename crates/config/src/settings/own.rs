//! `weighhouse_settings`: what LiteLLM has no name for.

use std::path::PathBuf;
use std::time::Duration;

use crate::fields::{Fields, Unknown};
use crate::finding::Finding;
use crate::keys;
use crate::yaml::Node;

const SECTION: &str = "weighhouse_settings";

/// `weighhouse_settings`.
#[derive(Clone, Debug, Default)]
pub struct OwnSettings {
    /// Where the database, the journal and the admin key are kept.
    pub data_dir: Option<PathBuf>,
    /// Threads that serve calls.
    pub workers: Option<u64>,
    /// Time that a call waits for a hold on its budget.
    pub hold_wait: Option<Duration>,
    /// How strictly budgets hold that do not say: `strict`, `bounded` or `after`.
    pub budget_mode: Option<String>,
    /// What becomes of a provider's work when the client goes away: `cancel` or `drain`.
    pub on_abort: Option<String>,
    /// What becomes of calls to models without a price: `refuse_under_budget`, `refuse`, `allow`, or an amount in
    /// dollars that each is held and booked at.
    pub unpriced_models: Option<String>,
    /// Time for calls in flight at the end.
    pub drain: Option<Duration>,
    /// `timeouts.connect_seconds`: until a provider is connected.
    pub connect: Option<Duration>,
    /// `timeouts.first_byte_seconds`: from sending a call to the first byte of its answer.
    pub first_byte: Option<Duration>,
    /// `timeouts.idle_seconds`: silence within an answer.
    pub silence: Option<Duration>,
    /// `timeouts.total_seconds`: a whole answer.
    pub total: Option<Duration>,
    /// LiteLLM's behaviour of other versions.
    pub compat: CompatSettings,
}

/// `weighhouse_settings.compat`.
#[derive(Clone, Debug, Default)]
pub struct CompatSettings {
    /// 422, 429 or 400.
    pub budget_exceeded_status: Option<u64>,
    /// 403 or 401.
    pub model_denied_status: Option<u64>,
}

pub(super) fn read(node: Option<&Node>, findings: &mut Vec<Finding>) -> OwnSettings {
    let mut fields = Fields::of(node, SECTION, &keys::OWN, findings);
    let mut settings = OwnSettings {
        data_dir: fields.text("data_dir").map(PathBuf::from),
        workers: fields.count("workers"),
        hold_wait: fields.seconds("hold_wait_seconds"),
        drain: fields.seconds("drain_seconds"),
        budget_mode: one_of_words(&mut fields, "budget_mode", &["strict", "bounded", "after"]),
        on_abort: one_of_words(&mut fields, "on_abort", &["cancel", "drain"]),
        unpriced_models: unpriced(&mut fields),
        ..OwnSettings::default()
    };
    let (timeouts, compat) = (fields.take("timeouts"), fields.take("compat"));
    fields.finish(Unknown::Refused);

    let mut timeouts = Fields::of(timeouts, &format!("{SECTION}.timeouts"), &keys::TIMEOUTS, findings);
    settings.connect = timeouts.seconds("connect_seconds");
    settings.first_byte = timeouts.seconds("first_byte_seconds");
    settings.silence = timeouts.seconds("idle_seconds");
    settings.total = timeouts.seconds("total_seconds");
    timeouts.finish(Unknown::Refused);

    let mut compat = Fields::of(compat, &format!("{SECTION}.compat"), &keys::COMPAT, findings);
    settings.compat = CompatSettings {
        budget_exceeded_status: one_of(&mut compat, "budget_exceeded_status", &[422, 429, 400]),
        model_denied_status: one_of(&mut compat, "model_denied_status", &[403, 401]),
    };
    compat.finish(Unknown::Refused);
    settings
}

fn one_of_words(fields: &mut Fields<'_, '_>, name: &'static str, allowed: &[&str]) -> Option<String> {
    let node = fields.take(name)?;
    let word = fields.text(name)?;
    if !allowed.contains(&word.as_str()) {
        fields.report(node, name, &format!("must be one of {}; it has no effect", allowed.join(", ")), None);
        return None;
    }
    Some(word)
}

/// A word, or an amount as decimal text.
fn unpriced(fields: &mut Fields<'_, '_>) -> Option<String> {
    const NAME: &str = "unpriced_models";
    let node = fields.take(NAME)?;
    match node.text() {
        Some(word) if ["refuse_under_budget", "refuse", "allow"].contains(&word) => Some(word.to_owned()),
        _ => match node.decimal_text() {
            Some(amount) => Some(amount),
            None => {
                let message =
                    "must be refuse_under_budget, refuse, allow, or an amount in dollars; it has no effect";
                fields.report(node, NAME, message, None);
                None
            }
        },
    }
}

fn one_of(fields: &mut Fields<'_, '_>, name: &'static str, allowed: &[u64]) -> Option<u64> {
    let node = fields.take(name)?;
    let status = fields.count(name)?;
    if !allowed.contains(&status) {
        let allowed: Vec<String> = allowed.iter().map(u64::to_string).collect();
        fields.report(node, name, &format!("must be one of {}; it has no effect", allowed.join(", ")), None);
        return None;
    }
    Some(status)
}
