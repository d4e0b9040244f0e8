//! The usage object of this dialect as a partition, and back.

use weighhouse_types::Usage;

use crate::registry::UsageRules;
use crate::wire::Object;

/// Reads a usage object; none where it says nothing.
#[must_use]
pub fn read_usage(_raw: &[u8], _rules: UsageRules) -> Option<Usage> {
    None
}

/// Writes the members of a usage object.
pub fn write_usage(_usage: &Usage, _object: &mut Object<'_>) {}
