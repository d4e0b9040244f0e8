//! Facts about models: prices, windows, capabilities; the cost and the upper bound of a usage.
//!
//! Facts come from a file in the binary (`data/models.txt`, made by `cargo xtask codegen` from the sources
//! that `data/SOURCES.md` names) or from a config's own prices. This room never asks a network, reads no
//! clock and keeps nothing but what it was asked for: a look-up halves the text and parses one line.
//! Money is integers throughout; a class of usage without a price is said to be so and never free.
//!
//! ```
//! use weighhouse_catalog::{Bound, Catalog, PriceMoment};
//! use weighhouse_types::{Usage, UsageClass};
//!
//! let facts = Catalog::builtin().find("openai", "gpt-4o").expect("a model that everybody knows");
//! let usage = Usage::default().with(UsageClass::InputText, 1_000).with(UsageClass::OutputText, 20);
//! let moment = PriceMoment { unix_ms: 1_795_392_000_000, ..PriceMoment::default() };
//! let cost = facts.prices.cost(&usage, &moment);
//! assert!(!cost.unpriced);
//! assert_eq!(cost.nanos().to_string(), "0.0027");
//!
//! let most = facts.prices.upper_bound(&Bound { input_tokens: 1_000, output_tokens: 20, calls: 1 });
//! assert!(most >= Some(cost.total));
//! ```

mod book;
mod bound;
mod capability;
mod catalog;
mod cost;
mod date;
mod facts;
mod line;
mod litellm;
mod names;
mod off_peak;

pub use book::{ExtraPrice, PriceBook, PriceMoment};
pub use bound::{Bound, Dearest, Terms};
pub use capability::{Capabilities, Capability};
pub use catalog::Catalog;
pub use cost::Cost;
pub use date::{format_date, parse_date};
pub use facts::{Limits, Mode, ModelFacts, RecordError};
pub use line::{ParseLineError, PriceLine, Tier};
pub use litellm::PriceFieldError;
pub use names::{Match, canonical_provider, undated};
pub use off_peak::{OffPeak, ParseOffPeakError};
