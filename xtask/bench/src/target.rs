//! What is measured: direct calls, the bare proxy, and the gateway in its variants.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use weighhouse_testkit::http::{self, Request};
use weighhouse_testkit::process::{ServerProcess, free_port};
use weighhouse_testkit::temp_dir::TempDir;

use crate::processor::TARGET_CORE;

const MASTER_KEY: &str = "sk-bench-master-0123456789abcdef";
const CHAT: &str = "/v1/chat/completions";
/// How long a program may take to its first answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the gateway is told to do beyond passing calls on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// The master key, which nothing bounds; no ledger.
    Bare,
    /// A virtual key with budget and limits, the ledger, metrics.
    Full,
    /// The same with `disable_spend_logs`.
    FullWithoutLedger,
}

impl Variant {
    pub(crate) const ALL: [Self; 3] = [Self::Bare, Self::Full, Self::FullWithoutLedger];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Full => "full",
            Self::FullWithoutLedger => "full-without-ledger",
        }
    }

    fn has_keys(self) -> bool {
        self != Self::Bare
    }

    /// A LiteLLM `config.yaml`; JSON is YAML.
    fn config(self, upstream: SocketAddr) -> String {
        let mut config = json!({
            "model_list": [{"model_name": "bench", "litellm_params": {
                "model": "openai/bench", "api_base": format!("http://{upstream}/v1"), "api_key": "sk-fake",
                "input_cost_per_token": 0.000_001, "output_cost_per_token": 0.000_002,
            }}],
            "general_settings": {"master_key": MASTER_KEY},
        });
        if self != Self::Full {
            config["general_settings"]["disable_spend_logs"] = json!(true);
        }
        format!("{config:#}\n")
    }
}

/// How a target is started.
#[derive(Clone, Debug)]
enum Recipe {
    BareProxy,
    Gateway { program: PathBuf, variant: Variant },
}

impl Recipe {
    /// Whether calls are made under a virtual key.
    fn has_keys(&self) -> bool {
        matches!(self, Self::Gateway { variant, .. } if variant.has_keys())
    }
}

/// A target that answers.
pub(crate) struct Target {
    name: String,
    address: SocketAddr,
    upstream: SocketAddr,
    pinned: bool,
    recipe: Option<Recipe>,
    process: Option<ServerProcess>,
    bearer: Option<String>,
    _dir: Option<TempDir>,
}

impl Target {
    /// No proxy at all.
    pub(crate) fn direct(upstream: SocketAddr) -> Self {
        Self {
            name: "direct".into(),
            address: upstream,
            upstream,
            pinned: false,
            recipe: None,
            process: None,
            bearer: None,
            _dir: None,
        }
    }

    pub(crate) fn bare_proxy(upstream: SocketAddr, pinned: bool) -> Result<Self> {
        Self::start(Recipe::BareProxy, upstream, pinned)
    }

    pub(crate) fn gateway(
        program: &Path,
        variant: Variant,
        upstream: SocketAddr,
        pinned: bool,
    ) -> Result<Self> {
        let program =
            program.canonicalize().with_context(|| format!("no gateway at {}", program.display()))?;
        Self::start(Recipe::Gateway { program, variant }, upstream, pinned)
    }

    fn start(recipe: Recipe, upstream: SocketAddr, pinned: bool) -> Result<Self> {
        let dir = TempDir::new("bench");
        let name = match &recipe {
            Recipe::BareProxy => "bare proxy".to_owned(),
            Recipe::Gateway { variant, .. } => format!("gateway {}", variant.name()),
        };
        let (process, address) = launch(&recipe, upstream, pinned, &dir)?;
        let mut target = Self {
            name,
            address,
            upstream,
            pinned,
            bearer: master_key(&recipe).map(str::to_owned),
            recipe: Some(recipe),
            process: Some(process),
            _dir: Some(dir),
        };
        target.await_answer()?;
        if target.recipe.as_ref().is_some_and(Recipe::has_keys) {
            target.bearer = Some(target.make_key()?);
        }
        Ok(target)
    }

    /// Another process of the same kind, fresh; none for direct calls.
    pub(crate) fn twin(&self) -> Option<Result<Self>> {
        let recipe = self.recipe.clone()?;
        Some(Self::start(recipe, self.upstream, self.pinned))
    }

    /// Time from the start of another process of the same kind to its first answer.
    pub(crate) fn start_time(&self) -> Option<Result<Duration>> {
        let recipe = self.recipe.as_ref()?;
        Some(self.time_start(recipe))
    }

    fn time_start(&self, recipe: &Recipe) -> Result<Duration> {
        let dir = TempDir::new("bench-start");
        let start = Instant::now();
        let (process, address) = launch(recipe, self.upstream, self.pinned, &dir)?;
        let fresh = Self {
            name: self.name.clone(),
            address,
            upstream: self.upstream,
            pinned: self.pinned,
            recipe: None,
            process: Some(process),
            bearer: master_key(recipe).map(str::to_owned),
            _dir: Some(dir),
        };
        fresh.await_answer()?;
        Ok(start.elapsed())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The process id of the target; none for direct calls.
    pub(crate) fn process(&self) -> Option<u32> {
        self.process.as_ref().map(ServerProcess::id)
    }

    /// The bytes of a chat request whose body has so many bytes.
    pub(crate) fn request(&self, body_bytes: usize, stream: bool) -> Vec<u8> {
        let body = body(body_bytes, stream);
        let bearer =
            self.bearer.as_ref().map_or(String::new(), |key| format!("authorization: Bearer {key}\r\n"));
        let mut bytes = format!(
            "POST {CHAT} HTTP/1.1\r\nhost: {}\r\n{bearer}content-type: application/json\r\naccept: application/json\r\nuser-agent: bench\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body.as_bytes());
        bytes
    }

    /// Makes sure that whole answers and streams come through as they should.
    pub(crate) fn check(&self, chunks: u64) -> Result<()> {
        let words = u64::try_from(self.ask(false)?.matches("tok ").count())?;
        ensure!(words > 0, "a whole answer lost its text");
        let stream = self.ask(true)?;
        let words = u64::try_from(stream.matches("tok ").count())?;
        ensure!(words == chunks, "a stream has {words} chunks instead of {chunks}");
        ensure!(stream.contains("data: [DONE]"), "a stream has no end");
        Ok(())
    }

    fn ask(&self, stream: bool) -> Result<String> {
        let mut request = Request::new("POST", CHAT).header("content-type", "application/json");
        if let Some(key) = &self.bearer {
            request = request.bearer(key);
        }
        let reply = http::send(self.address, &request.body(body(200, stream).as_bytes()))?;
        ensure!(reply.status() == 200, "status {}: {}", reply.status(), reply.text());
        Ok(reply.text())
    }

    fn await_answer(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Err(error) = self.ask(false) else { return Ok(()) };
            let process = self.process.as_ref();
            let printed = || process.map(|process| process.lines().join("\n")).unwrap_or_default();
            if process.is_some_and(|process| process.exit_status().is_some()) {
                bail!("{} ended; it printed:\n{}", self.name, printed());
            }
            if Instant::now() > deadline {
                bail!(
                    "{} gave no answer within {PATIENCE:?}: {error:#}; it printed:\n{}",
                    self.name,
                    printed()
                );
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// A virtual key whose budget and limits are checked on every call, and never reached.
    fn make_key(&self) -> Result<String> {
        let limits =
            json!({"max_budget": 1_000_000, "rpm_limit": 100_000_000, "tpm_limit": 100_000_000_000_u64});
        let reply = http::send(self.address, &Request::post("/key/generate", &limits).bearer(MASTER_KEY))?;
        ensure!(reply.status() == 200, "/key/generate: status {}: {}", reply.status(), reply.text());
        let reply = reply.json();
        Ok(reply["key"].as_str().context("/key/generate gave no key")?.to_owned())
    }
}

fn master_key(recipe: &Recipe) -> Option<&'static str> {
    matches!(recipe, Recipe::Gateway { .. }).then_some(MASTER_KEY)
}

fn launch(
    recipe: &Recipe,
    upstream: SocketAddr,
    pinned: bool,
    dir: &TempDir,
) -> Result<(ServerProcess, SocketAddr)> {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let port = address.port().to_string();
    let shown = |path: PathBuf| path.to_string_lossy().into_owned();
    let (program, mut words) = match recipe {
        Recipe::BareProxy => {
            let words =
                ["bare-proxy", "--port", &port, "--upstream", &upstream.to_string()].map(String::from);
            (std::env::current_exe()?, words.to_vec())
        }
        Recipe::Gateway { program, variant } => {
            let config = shown(dir.file("config.yaml", &variant.config(upstream)));
            let data = shown(dir.path().join("data"));
            let words = ["--config", &config, "--port", &port, "--host", "127.0.0.1", "--data-dir", &data];
            (program.clone(), words.map(String::from).to_vec())
        }
    };
    if !pinned {
        return Ok((ServerProcess::start(&program, &words, &[]), address));
    }
    words.splice(0..0, ["-c".into(), TARGET_CORE.into(), shown(program)]);
    Ok((ServerProcess::start(Path::new("taskset"), &words, &[]), address))
}

/// A chat body of so many bytes, or the shortest one there is.
fn body(bytes: usize, stream: bool) -> String {
    let with = |content: &str| {
        format!(
            r#"{{"model":"bench","messages":[{{"role":"user","content":"{content}"}}],"stream":{stream}}}"#
        )
    };
    let missing = bytes.saturating_sub(with("").len());
    with(&"word ".repeat(missing.div_ceil(5)).chars().take(missing).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_size_that_was_asked_for() {
        for bytes in [100, 1_024, 10_240] {
            let body = body(bytes, true);
            assert_eq!(body.len(), bytes);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["stream"], true);
        }
    }
}
