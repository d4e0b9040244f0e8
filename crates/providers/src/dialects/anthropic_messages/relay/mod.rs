//! Answers of a provider that speaks the client's own dialect: passed on as they came but for the model's name,
//! and weighed in passing.

mod answer;
mod stream;

pub use answer::weigh_answer;
pub use stream::StreamRelay;
