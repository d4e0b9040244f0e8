//! The text of the built-in catalogue: a first line with its sources and checksum, then a line a model.

use anyhow::{Context, Result, ensure};
use weighhouse_catalog::ModelFacts;

use super::litellm::Models;
use super::wheels::{AS_OF, GENAI_PRICES, LITELLM};

/// The whole file.
pub(super) fn text(models: &Models) -> Result<String> {
    let mut lines = String::new();
    for facts in models.values() {
        ensure!(!facts.key.contains(['\t', '\n', '\r']), "`{}` cannot be a key", facts.key.escape_debug());
        lines.push_str(&facts.key);
        lines.push('\t');
        lines.push_str(&facts.to_json()?);
        lines.push('\n');
    }
    let head = format!(
        "#weighhouse-catalog 1 version=litellm-{LITELLM}+genai-prices-{GENAI_PRICES} as-of={AS_OF} models={}",
        models.len()
    );
    Ok(format!("{head} fnv1a={:016x}\n{lines}", checksum(&lines)))
}

/// Whether a file is whole: its checksum, the order of its lines, and that each can be read.
pub(super) fn verify(text: &str) -> Result<()> {
    let (head, lines) = text.split_once('\n').context("it has no lines")?;
    let said = head.split(' ').find_map(|word| word.strip_prefix("fnv1a=")).context("it has no checksum")?;
    let found = format!("{:016x}", checksum(lines));
    ensure!(said == found, "its checksum is {found} and not {said}");
    let mut before = "";
    for line in lines.lines() {
        let (key, json) = line.split_once('\t').with_context(|| format!("`{line}` has no tab"))?;
        ensure!(before < key, "`{key}` stands after `{before}`");
        ModelFacts::from_json(key, json).with_context(|| format!("`{key}`"))?;
        before = key;
    }
    Ok(())
}

/// FNV-1a, 64 bits: it finds accidents and edits by hand, and is no defence against anybody.
fn checksum(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_until_it_is_touched() {
        let models = ["a/b", "a/c"].map(|key| (key.to_owned(), ModelFacts::new(key)));
        let text = text(&Models::from(models)).unwrap();
        verify(&text).unwrap();
        for broken in [text.replace("a/c", "a/d"), text.replace("a/c", "a/a"), String::new()] {
            assert!(verify(&broken).is_err(), "{broken}");
        }
    }
}
