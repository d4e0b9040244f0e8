//! Streams of this dialect, read into canonical events and written from them.
//!
//! Every chunk is an answer of its own with a piece of the text; calls come whole; the usage so far stands in each
//! (<https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent>).

mod reader;
mod writer;

pub use reader::StreamReader;
pub use writer::StreamWriter;

#[cfg(test)]
mod tests;
