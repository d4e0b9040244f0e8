//! The command line, as somebody at it runs it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use weighhouse_testkit::temp_dir::TempDir;

use super::house::House;

/// `llmctl` with a home of its own and nothing else in its environment.
pub(crate) struct Llmctl {
    home: TempDir,
    env: Vec<(&'static str, String)>,
}

/// What it said, and how it ended.
pub(crate) struct Ended {
    said: String,
    code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Llmctl {
    /// Before a house, with its master key.
    pub(crate) fn of(house: &House) -> Self {
        let master = house.master().secret().to_owned();
        let url = format!("http://{}", house.address());
        Self { env: vec![("LLMCTL_URL", url), ("LLMCTL_KEY", master)], ..Self::alone() }
    }

    /// Without a word of where a gateway is.
    pub(crate) fn alone() -> Self {
        Self { home: TempDir::new("llmctl"), env: Vec::new() }
    }

    /// With another key.
    pub(crate) fn with_key(mut self, secret: &str) -> Self {
        self.env.retain(|(name, _)| *name != "LLMCTL_KEY");
        self.env.push(("LLMCTL_KEY", secret.to_owned()));
        self
    }

    /// Starts it; its output is kept for whoever waits.
    pub(crate) fn start(&self, said: &str) -> Child {
        let mut command = Command::new(program());
        command
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        command.args(words(said)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("llmctl starts")
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, said: &str) -> Ended {
        self.run_reading(said, "")
    }

    /// Runs it to its end with that on standard input.
    pub(crate) fn run_reading(&self, said: &str, stdin: &str) -> Ended {
        let mut child = self.start(said);
        // Whoever does not read it may close it.
        let _is_taken = child.stdin.take().unwrap().write_all(stdin.as_bytes()).is_ok();
        let ended = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ended {
            said: said.to_owned(),
            code: ended.status.code(),
            out: text(ended.stdout),
            err: text(ended.stderr),
        }
    }

    /// A file in its home.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        self.home.file(name, text)
    }
}

impl Ended {
    /// It did what it was told; what it wrote.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        self.ended(0);
        self.out
    }

    /// The same, as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let text = self.done();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The value of a record's field.
    #[track_caller]
    pub(crate) fn field(self, name: &str) -> String {
        let text = self.done();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("  "));
        value.unwrap_or_else(|| panic!("no {name:?}: {text}")).trim().to_owned()
    }

    /// It ended so, and said that; what it said.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, words: &str) -> String {
        self.ended(code);
        assert!(self.err.contains(words), "`llmctl {}` does not say {words:?}: {}", self.said, self.err);
        self.err
    }

    #[track_caller]
    fn ended(&self, code: i32) {
        assert_eq!(self.code, Some(code), "`llmctl {}`\n{}\n{}", self.said, self.out, self.err);
    }
}

/// As a shell splits them, with single quotes.
fn words(said: &str) -> Vec<String> {
    let parts = said.split('\'').enumerate();
    parts.fold(Vec::new(), |mut words, (index, part)| {
        match index % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
        words
    })
}

/// The program under test: `WEIGHHOUSE_LLMCTL`, else the one that cargo built.
fn program() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the edge of the stories: which program is told")]
    let named = std::env::var_os("WEIGHHOUSE_LLMCTL");
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/llmctl");
    let program = named.map_or_else(built, PathBuf::from);
    assert!(program.exists(), "{} is not there: cargo build -p llmctl", program.display());
    program
}
