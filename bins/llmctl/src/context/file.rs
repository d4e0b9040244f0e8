//! The file of contexts: read, checked for who else can read it, and replaced as a whole.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Contexts;
use crate::failure::Failure;
use crate::output::warn;

/// Larger is no file of ours.
const MAX_BYTES: u64 = 1024 * 1024;

/// The contexts that are kept; none where there is no file.
///
/// # Errors
/// The file cannot be read, or is not one of contexts.
pub(crate) fn read(path: Option<&Path>) -> Result<Contexts, Failure> {
    let Some(path) = path else { return Ok(Contexts::default()) };
    let failed = |why: &dyn std::fmt::Display| Failure::other(format!("{}: {why}", path.display()));
    let about = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contexts::default()),
        about => about.map_err(|error| failed(&error))?,
    };
    if about.len() > MAX_BYTES {
        return Err(failed(&"it is too large to be a file of contexts"));
    }
    let text = fs::read_to_string(path).map_err(|error| failed(&error))?;
    // The parser's own text shows the line, which may hold a key.
    let contexts: Contexts = toml::from_str(&text).map_err(|error| {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map_or(1, |before| before.lines().count().max(1));
        failed(&format!("line {line}: {}; mend it, or remove the file", error.message()))
    })?;
    if is_open(&about) && contexts.contexts.values().any(|context| context.key.is_some()) {
        warn(&format!("others can read the keys in {0}: chmod 600 {0}", path.display()));
    }
    Ok(contexts)
}

/// Keeps contexts: whoever reads meanwhile sees the old file or the new one, and nobody else reads either.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write(path: &Path, contexts: &Contexts) -> Result<(), Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::other(format!("{}: {why}", path.display()));
    let text = toml::to_string(contexts).map_err(|error| failed(&error))?;
    // A link stays one: what it points to is replaced.
    let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    }
    let fresh = beside(&place);
    let written = create(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &place)
    });
    written.map_err(|error| {
        let _gone = fs::remove_file(&fresh).is_ok();
        failed(&error)
    })
}

fn beside(place: &Path) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    place.with_file_name(name)
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn is_open(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
const fn is_open(_about: &fs::Metadata) -> bool {
    false
}
