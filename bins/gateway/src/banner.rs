//! What the process says to people: a few lines on standard error.

use std::net::SocketAddr;

/// A line for people.
#[expect(clippy::print_stderr, reason = "the one place that speaks to whoever started the process")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// Why the process ends.
pub(crate) fn complain(error: &anyhow::Error) {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    say(&format!("gateway: {}", causes.join(": ")));
}

/// Address, key and a first call. The key is shown only where it was made here.
pub(crate) fn greet(address: SocketAddr, shown_key: Option<&str>, model: &str) {
    say(&format!("Weighhouse {} listens on http://{address}", env!("CARGO_PKG_VERSION")));
    let key = shown_key.unwrap_or("$LITELLM_MASTER_KEY");
    if shown_key.is_some() {
        say(&format!("Admin key: {key}"));
    }
    say("A first call:");
    say(&format!(
        "  curl http://{address}/v1/chat/completions -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
         -d '{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello, weighhouse\"}}]}}'"
    ));
}
