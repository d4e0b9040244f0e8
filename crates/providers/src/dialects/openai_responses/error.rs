//! Errors as clients of this dialect know them: OpenAI's envelope, the same as chat's.

pub use super::super::openai_chat::write_error;
