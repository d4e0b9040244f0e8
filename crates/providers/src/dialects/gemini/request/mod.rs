//! Requests of this dialect, read into the canonical form and written from it.

mod config;
mod contents;
mod ids;
mod media_parts;
mod read;
mod read_tools;
mod turns;
mod write;
mod write_tools;

pub use read::read_request;
pub use write::write_request;

#[cfg(test)]
mod tests;
