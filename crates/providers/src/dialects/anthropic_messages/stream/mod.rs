//! Streams of this dialect, read into canonical events and written from them.

mod reader;
mod writer;

pub use reader::StreamReader;
pub use writer::StreamWriter;
