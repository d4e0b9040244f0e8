//! Requests of this dialect, read into the canonical form and written from it.

mod read;
mod read_items;
mod read_tools;
mod write;
mod write_items;
mod write_tools;

pub use read::read_request;
pub use write::write_request;

#[cfg(test)]
mod tests;
