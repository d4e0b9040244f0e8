//! The admin key of a start without one: made once, kept in the data directory, readable by its owner alone.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};

const FILE: &str = "admin.key";

/// The data directory: what was asked for, else the user's place for data.
pub(crate) fn data_dir(asked: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> PathBuf {
    let of_user = || match (variable("XDG_DATA_HOME"), variable("HOME")) {
        (Some(data), _) => PathBuf::from(data),
        (None, Some(home)) => PathBuf::from(home).join(".local/share"),
        (None, None) => PathBuf::from("."),
    };
    asked.map_or_else(|| of_user().join("weighhouse"), Path::to_path_buf)
}

/// Makes the data directory for its owner alone.
pub(crate) fn make_dir(dir: &Path) -> anyhow::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).with_context(|| {
        format!("the data directory {} cannot be made; choose another with --data-dir", dir.display())
    })
}

/// The admin key that stands in the directory, made now if none does.
pub(crate) fn kept_or_new(dir: &Path) -> anyhow::Result<SecretString> {
    let path = dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) if text.trim().starts_with("sk-") => return Ok(SecretString::from(text.trim())),
        Ok(_) => anyhow::bail!("{} holds no key; delete it and a new one is made", path.display()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
    let key = weighhouse_auth::new_secret()?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    writeln!(file, "{}", key.expose_secret())
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(key)
}
