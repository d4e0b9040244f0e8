//! Streams of this dialect, read into canonical events and written from them.

mod item;
mod pieces;
mod reader;
mod waiting;
mod writer;

pub use reader::StreamReader;
pub use writer::StreamWriter;
