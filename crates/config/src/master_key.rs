//! Which master keys are too weak to be used.

/// Keys of published examples.
const WELL_KNOWN: &[&str] = &[
    "sk-1234",
    "sk-12345",
    "sk-123456",
    "sk-master",
    "sk-litellm",
    "sk-test",
    "sk-admin",
    "password",
    "changeme",
];
/// Shorter keys can be guessed.
const SHORTEST: usize = 8;

/// Whether a master key is empty, well known, one letter over and over, or shorter than 8 characters. LiteLLM refuses
/// the empty and the well-known one at its start.
#[must_use]
pub fn is_weak_master_key(key: &str) -> bool {
    let bare = key.trim();
    let letters = bare.strip_prefix("sk-").unwrap_or(bare);
    let first = letters.chars().next();
    bare.len() < SHORTEST || WELL_KNOWN.contains(&bare) || letters.chars().all(|letter| Some(letter) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_can_be_guessed_are_weak() {
        for weak in ["", "sk-1234", "short", "sk-aaaaaaaaaaaaaaaaaaaa", "           "] {
            assert!(is_weak_master_key(weak), "{weak}");
        }
        assert!(!is_weak_master_key("sk-5f3a9c17e2b84d60"));
    }
}
