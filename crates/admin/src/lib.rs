//! The control plane: virtual keys, teams, users, customers, named budgets, tags, the ledger and the API's own
//! description, for administrators.
//!
//! Who may ask a route at all was checked before, by the route table; what a virtual key may see of itself is
//! narrowed here. This room serves no connection, never calls a provider, and shows a key's secret only in the
//! reply of the request that made it.
//!
//! ```no_run
//! # async fn example(store: weighhouse_storage::Store, caller: weighhouse_auth::Caller) {
//! use bytes::Bytes;
//! use http::{Method, Request};
//! use weighhouse_admin::Admin;
//! use weighhouse_api::find;
//! use weighhouse_auth::{Directory, Keyring};
//!
//! let (keyring, directory) = (Keyring::new(store.clone()), Directory::new(store.clone()));
//! let admin = Admin::new(store, keyring, directory.clone(), jiff::tz::TimeZone::UTC, || 1_795_000_000_000);
//! let request = Request::post("/key/generate").body(Bytes::from_static(br#"{"max_budget": 5}"#));
//! let found = find(&Method::POST, "/key/generate").expect("a route");
//! let granted = directory.grant(found.route, Some(caller)).await.expect("an administrator");
//! let response = admin.answer(request.expect("a request"), granted).await;
//! assert_eq!(response.status(), 200);
//! # }
//! ```

mod activity;
mod admin;
mod answer;
mod block;
mod bounds;
mod calculate;
mod calendar;
mod customer;
mod daily_activity;
mod delete;
mod entity;
mod generate;
mod global_spend;
mod in_force;
mod info;
mod key_health;
mod ledger;
mod limits;
mod list;
mod many;
mod named;
mod named_budget;
mod provider_budgets;
mod regenerate;
mod reprice;
mod rules;
mod self_service;
mod shown;
mod spend;
mod spend_entities;
mod spend_logs;
mod spend_pages;
mod spend_report;
mod spent;
mod storable;
mod sums;
mod tag;
mod team;
mod team_member;
mod update;
mod user;

pub use admin::Admin;
pub use in_force::{Counting, InForce, Priced, ProviderLimit};
