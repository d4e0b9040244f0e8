//! Who calls, and what may they do?
//!
//! Virtual keys with LiteLLM's hash, the master key, teams, users, customers and tags, and the models that they
//! may use. All come from caches fed by the store, absent ones too, so that a flood of wrong keys does not reach the
//! database.
//! This room never counts money and never keeps a secret longer than it takes to hash it.
//!
//! ```
//! use weighhouse_auth::hash_of;
//!
//! let hash = hash_of("sk-1234");
//! assert_eq!(hash.as_str(), "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b");
//! ```

mod access;
mod allowed_routes;
mod directory;
mod granted;
mod hash;
mod identity;
mod keyring;
mod presented;
mod subject;

pub use access::{AccessGroups, Models, NO_MODELS};
pub use allowed_routes::{AllowedRoutes, check_allowed_routes};
pub use directory::{Directory, Standing};
pub use granted::{Everything, Granted};
pub use hash::{hash_of, new_secret};
pub use identity::{Caller, Identity, MASTER_KEY_ALIAS};
pub use keyring::{Keyring, master_digest};
pub use presented::presented_key;
pub use subject::{Customer, ModelSubjects, Subject, Tag, Team, User, filled};
