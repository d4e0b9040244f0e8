//! Wire formats, each a folder of pure functions with the same file names.

pub mod openai_chat;
