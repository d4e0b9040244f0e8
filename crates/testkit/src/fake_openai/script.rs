//! What the fake says to one call: the answer, what it reports of it, its pace, and its faults.

use std::time::Duration;

/// One scripted answer. [`Script::default`] is a healthy provider's: ten tokens, right away, true usage.
///
/// Every setter takes and gives the script, so that a test reads as a sentence:
///
/// ```
/// use weighhouse_testkit::fake_openai::Script;
/// let script = Script::default().tokens(50).stall_after(3);
/// # drop(script);
/// ```
#[derive(Clone, Debug)]
pub struct Script {
    pub(super) tokens: u64,
    pub(super) tool_calls: Vec<ToolCall>,
    pub(super) json: Option<String>,
    pub(super) echo_model: Option<String>,
    pub(super) usage: UsageReport,
    pub(super) headers: Vec<(String, String)>,
    pub(super) pace: Pace,
    pub(super) fault: Fault,
    pub(super) wording: Wording,
    pub(super) ignores_limit: bool,
    pub(super) bill_abandoned_whole: bool,
    pub(super) parrots: bool,
}

/// When the bytes of an answer leave.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    pub(super) latency: Duration,
    pub(super) first_byte_delay: Duration,
    pub(super) between_chunks: Duration,
    pub(super) pieces: Vec<usize>,
    pub(super) between_pieces: Duration,
}

/// How an event stream is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Wording {
    pub(super) crlf: bool,
    pub(super) comments: bool,
    pub(super) without_done: bool,
    pub(super) garbage_at: Option<u64>,
    pub(super) huge_at: Option<(u64, usize)>,
    pub(super) error_after: Option<u64>,
}

/// What goes wrong with an answer as a whole.
#[derive(Clone, Debug, Default)]
pub(super) enum Fault {
    #[default]
    None,
    Refusal(Refusal),
    Stall(u64),
    Cut(Cut),
    ContentLength(String),
    Raw(Vec<u8>),
}

/// An error answer.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Where the connection breaks off, and whether by reset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// Bytes of the body that still leave; `None` breaks off before the head of the answer.
    pub(super) body_bytes: Option<u64>,
    pub(super) reset: bool,
}

/// A tool call that the fake's model makes.
#[derive(Clone, Debug)]
pub struct ToolCall {
    /// The call's id, such as `call_1`.
    pub id: String,
    /// The function's name.
    pub name: String,
    /// The arguments: a JSON text as the model would write it, broken or not.
    pub arguments: String,
}

/// What an answer says of its own usage. The bill is always the truth.
#[derive(Clone, Debug, Default)]
pub enum UsageReport {
    /// As OpenAI does: in whole answers, and in streams whose `stream_options.include_usage` is set.
    #[default]
    Normal,
    /// Never, whatever was asked.
    Missing,
    /// This JSON text in place of the usage object, so that negative, huge and misshapen numbers can be said.
    Wrong(String),
    /// In streams, cumulative in every chunk, asked or not, as vLLM's `continuous_usage_stats`.
    EveryChunk,
    /// In streams, the last usage chunk is sent twice.
    Twice,
    /// True usage with details; the amounts are part of what is billed.
    Detailed {
        /// Prompt tokens read from a cache: a part of the prompt tokens, never more than they are.
        cached: u64,
        /// Thought tokens, on top of the visible ones.
        reasoning: u64,
        /// Audio tokens of the prompt, on top of its text.
        audio: u64,
    },
}

impl Default for Script {
    fn default() -> Self {
        Self {
            tokens: 10,
            tool_calls: Vec::new(),
            json: None,
            echo_model: None,
            usage: UsageReport::default(),
            headers: Vec::new(),
            pace: Pace::default(),
            fault: Fault::default(),
            wording: Wording::default(),
            ignores_limit: false,
            bill_abandoned_whole: false,
            parrots: false,
        }
    }
}

/// What the fake's model says.
impl Script {
    /// A healthy answer of so many words of four bytes, a token each; the request's limit may cut it short.
    #[must_use]
    pub fn tokens(mut self, tokens: u64) -> Self {
        self.tokens = tokens;
        self
    }

    /// A small model: it repeats what was said (`You said: ...`), calls tools where it is told to ("call a and b"),
    /// says what they said, and keeps to a schema.
    #[must_use]
    pub fn parrot(mut self) -> Self {
        self.parrots = true;
        self
    }

    /// What is said whatever was asked.
    pub(super) fn text(self, text: &str) -> Self {
        Self { parrots: true, ..self.json(text) }
    }

    /// Answers chats with this tool call; call it again for a second one.
    /// Its name is one token, and so is every four bytes of its arguments, which a stream sends one by one.
    #[must_use]
    pub fn tool_call(mut self, id: &str, name: &str, arguments: &str) -> Self {
        self.tool_calls.push(ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() });
        self
    }

    /// Answers chats that ask for `response_format` `json_schema` or `json_object` with this text, a token
    /// for every four bytes.
    #[must_use]
    pub fn json(mut self, text: &str) -> Self {
        self.json = Some(text.into());
        self
    }

    /// Answers under another name than the model that was asked for, as OpenAI's dated snapshots do.
    #[must_use]
    pub fn echo_model(mut self, model: &str) -> Self {
        self.echo_model = Some(model.into());
        self
    }

    /// Says (and bills) all its tokens, whatever limit the request sets.
    #[must_use]
    pub fn ignore_limit(mut self) -> Self {
        self.ignores_limit = true;
        self
    }

    /// What the answer says of its usage.
    #[must_use]
    pub fn usage(mut self, usage: UsageReport) -> Self {
        self.usage = usage;
        self
    }

    /// Adds a header to the answer, errors included.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Bills a call that its caller abandoned as if it had been answered to the end, as some providers do.
    #[must_use]
    pub fn bill_abandoned_whole(mut self) -> Self {
        self.bill_abandoned_whole = true;
        self
    }
}

/// Its pace.
impl Script {
    /// Time before the head of the answer leaves.
    #[must_use]
    pub fn latency(mut self, time: Duration) -> Self {
        self.pace.latency = time;
        self
    }

    /// Time between the head and the first byte of the body.
    #[must_use]
    pub fn first_byte_delay(mut self, time: Duration) -> Self {
        self.pace.first_byte_delay = time;
        self
    }

    /// Time between two events of a stream.
    #[must_use]
    pub fn chunk_pace(mut self, time: Duration) -> Self {
        self.pace.between_chunks = time;
        self
    }

    /// Cuts the body into pieces of these sizes, over and over, each written by itself: events are cut
    /// wherever a piece ends. With a chunk pace, an event's end also ends its last piece.
    #[must_use]
    pub fn pieces(mut self, sizes: &[usize]) -> Self {
        assert!(sizes.iter().all(|size| *size > 0), "a piece has at least one byte");
        self.pace.pieces = sizes.to_vec();
        self
    }

    /// Time between two pieces.
    #[must_use]
    pub fn piece_pace(mut self, time: Duration) -> Self {
        self.pace.between_pieces = time;
        self
    }

    /// One byte of the body per second.
    #[must_use]
    pub fn drip(self) -> Self {
        self.pieces(&[1]).piece_pace(Duration::from_secs(1))
    }
}

/// How its event stream is written.
impl Script {
    /// Ends lines with CR LF.
    #[must_use]
    pub fn crlf(mut self) -> Self {
        self.wording.crlf = true;
        self
    }

    /// Puts a comment line before every event.
    #[must_use]
    pub fn comments(mut self) -> Self {
        self.wording.comments = true;
        self
    }

    /// Leaves out `data: [DONE]`.
    #[must_use]
    pub fn without_done(mut self) -> Self {
        self.wording.without_done = true;
        self
    }

    /// Breaks the JSON of event `n`, counted from zero.
    #[must_use]
    pub fn garbage_at(mut self, n: u64) -> Self {
        self.wording.garbage_at = Some(n);
        self
    }

    /// Blows event `n`, counted from zero, up by a member of so many bytes that nobody asked for.
    #[must_use]
    pub fn huge_at(mut self, n: u64, bytes: usize) -> Self {
        self.wording.huge_at = Some((n, bytes));
        self
    }

    /// Ends the stream with an error object after `n` chunks that bear tokens.
    #[must_use]
    pub fn error_after(mut self, n: u64) -> Self {
        self.wording.error_after = Some(n);
        self
    }
}

/// Its faults; the last one named counts.
impl Script {
    /// An error answer with OpenAI's body for that status. It is not billed.
    #[must_use]
    pub fn failing(status: u16) -> Self {
        let (kind, code) = match status {
            401 => ("invalid_request_error", "\"invalid_api_key\""),
            429 => ("requests", "\"rate_limit_exceeded\""),
            400..=499 => ("invalid_request_error", "null"),
            529 => ("overloaded_error", "null"),
            _ => ("server_error", "null"),
        };
        let body = format!(
            r#"{{"error":{{"message":"scripted failure with status {status}","type":"{kind}","param":null,"code":{code}}}}}"#
        );
        Self::refusing(status, &body)
    }

    /// An error answer with this body. It is not billed.
    #[must_use]
    pub fn refusing(status: u16, body: &str) -> Self {
        Self { fault: Fault::Refusal(Refusal { status, body: body.into() }), ..Self::default() }
    }

    /// 429 with `retry-after`, whatever stands in it.
    #[must_use]
    pub fn rate_limited(retry_after: &str) -> Self {
        Self::failing(429).header("retry-after", retry_after)
    }

    /// 400 as OpenAI says it when the prompt is longer than the model's window.
    #[must_use]
    pub fn context_length_exceeded() -> Self {
        Self::refusing(
            400,
            r#"{"error":{"message":"This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}"#,
        )
    }

    /// Falls silent after `n` chunks that bear tokens, until the peer goes away.
    /// A whole answer falls silent before its head.
    #[must_use]
    pub fn stall_after(mut self, n: u64) -> Self {
        self.fault = Fault::Stall(n);
        self
    }

    /// Closes the connection after `n` bytes of the body.
    #[must_use]
    pub fn cut_at(mut self, n: u64) -> Self {
        self.fault = Fault::Cut(Cut { body_bytes: Some(n), reset: false });
        self
    }

    /// Resets the connection (RST) after `n` bytes of the body.
    #[must_use]
    pub fn reset_at(mut self, n: u64) -> Self {
        self.fault = Fault::Cut(Cut { body_bytes: Some(n), reset: true });
        self
    }

    /// Closes the connection in place of an answer.
    #[must_use]
    pub fn cut_before_headers(mut self) -> Self {
        self.fault = Fault::Cut(Cut { body_bytes: None, reset: false });
        self
    }

    /// Says this in `content-length` of a whole answer, and closes the connection after the body.
    #[must_use]
    pub fn content_length(mut self, text: &str) -> Self {
        self.fault = Fault::ContentLength(text.into());
        self
    }

    /// Writes exactly these bytes in place of an answer, then closes the connection. The call is billed as
    /// if the scripted answer had been given.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.fault = Fault::Raw(bytes.to_vec());
        self
    }
}
