//! The limit that refused a call, as programs read it beside the words of an error.

use serde_json::value::RawValue;
use weighhouse_types::{Bound, Limited, Nanos};

use crate::wire::{Object, object};

/// The name that it has in errors of dialects with room for it.
pub(crate) const NAME: &str = "weighhouse";

/// Writes the members of a limit. Amounts are dollars, exact.
pub(crate) fn write(into: &mut Object<'_>, limited: &Limited) {
    into.text("scope", limited.scope.descriptor());
    into.text("id", &limited.id);
    into.text("limit_type", limited.bound.name());
    match limited.bound {
        Bound::Budget { limit, settled, held, needed } => {
            let mut amount = |name, nanos: Nanos| into.raw(name, nanos.to_string().as_bytes());
            amount("limit", limit);
            amount("settled", settled);
            amount("held", held);
            if let Some(needed) = needed {
                amount("needed", needed);
            }
        }
        Bound::Rate(pace) => {
            into.number("limit", pace.limit);
            into.number("remaining", pace.remaining);
        }
    }
    into.text_if("reset_at", limited.reset.as_ref().map(|reset| reset.text.as_str()));
}

/// The same as an object of its own.
pub(crate) fn raw(limited: &Limited) -> Option<Box<RawValue>> {
    let text = String::from_utf8(object(|into| write(into, limited))).ok()?;
    RawValue::from_string(text).ok()
}

/// The same as Google's `metadata`, whose values are texts.
pub(crate) fn write_texts(into: &mut Object<'_>, limited: &Limited) {
    into.text("scope", limited.scope.descriptor());
    into.text("id", &limited.id);
    into.text("limit_type", limited.bound.name());
    let mut text = |name, value: &dyn ToString| into.text(name, &value.to_string());
    match limited.bound {
        Bound::Budget { limit, settled, held, needed } => {
            text("limit", &limit);
            text("settled", &settled);
            text("held", &held);
            if let Some(needed) = needed {
                text("needed", &needed);
            }
        }
        Bound::Rate(pace) => {
            text("limit", &pace.limit);
            text("remaining", &pace.remaining);
        }
    }
    into.text_if("reset_at", limited.reset.as_ref().map(|reset| reset.text.as_str()));
}
