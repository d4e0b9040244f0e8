//! Members that a reader does not know.

use serde_json::value::RawValue;
use weighhouse_types::Dialect;
use weighhouse_types::chat::Extra;

use super::Text;

/// Name and value of members in their order.
pub(crate) type Members<'a> = Vec<(Text<'a>, &'a RawValue)>;

/// The unknown members of a wire object as what only its own dialect writes again.
pub(crate) fn unknown_to_extra(unknown: &Members<'_>, origin: Dialect) -> Extra {
    if unknown.is_empty() {
        return Extra::default();
    }
    let mut extra = Extra::of(origin);
    for (name, value) in unknown {
        extra.put(name.as_str(), (*value).into());
    }
    extra
}
