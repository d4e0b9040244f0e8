//! The master key: kept as a digest, refused where it is weak.

use secrecy::{ExposeSecret, SecretString};
use weighhouse_auth::master_digest;
use weighhouse_config::{Settings, is_weak_master_key};
use weighhouse_types::{Error, Kind};

/// LiteLLM's switch, under general_settings and in the environment.
const PERMIT_WEAK: &str = "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY";

/// What is kept of the master key.
#[must_use]
pub fn master(key: Option<&SecretString>) -> Option<[u8; 32]> {
    key.map(|key| master_digest(key.expose_secret()))
}

/// Refuses a master key that everybody knows or that can be guessed.
///
/// # Errors
/// `InvalidRequest` with the remedy. The key is not shown.
pub fn check_master_key(
    key: Option<&SecretString>,
    settings: &Settings,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<(), Error> {
    let is_weak = key.is_some_and(|key| is_weak_master_key(key.expose_secret()));
    let is_permitted = settings.general.permits_weak_master_key
        || variables(PERMIT_WEAK).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !is_weak || is_permitted {
        return Ok(());
    }
    let message = format!(
        "the master key is empty, well known or too short. Set LITELLM_MASTER_KEY to a long random text that begins \
         with `sk-` (such as `sk-$(openssl rand -hex 24)`), or for tests on a closed machine {PERMIT_WEAK}=true"
    );
    Err(Error::new(Kind::InvalidRequest, message).at("general_settings.master_key"))
}
