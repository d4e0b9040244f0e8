//! The published packages that facts are made from: exact versions, from PyPI, unpacked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

/// Versions that were read and judged. Never 1.82.7, 1.82.8 (compromised, GHSA-5mg7-485q-xm76) or 1.107 of litellm.
pub(super) const LITELLM: &str = "1.109.1";
pub(super) const GENAI_PRICES: &str = "0.2.3";
/// The day of the younger of the two, which is "now" wherever dated prices are compared.
pub(super) const AS_OF: &str = "2026-11-23";

/// The unpacked packages.
pub(super) struct Wheels {
    /// Where intermediate files may go.
    pub(super) cache: PathBuf,
    /// LiteLLM's model map.
    pub(super) litellm: PathBuf,
    /// The folder of genai-prices' Python sources.
    pub(super) genai_prices: PathBuf,
}

impl Wheels {
    /// The packages where they lie already, unpacking wheels that do.
    pub(super) fn at_hand() -> Result<Option<Self>> {
        let cache = std::env::var_os("CODEGEN_FROM").map_or_else(cache, PathBuf::from);
        for name in ["litellm", "genai_prices"] {
            if !unpacked(&cache, name).exists() {
                let Some(wheel) = wheel(&cache, name)? else { return Ok(None) };
                unpack(&wheel, &unpacked(&cache, name))?;
            }
        }
        Ok(Some(Self {
            litellm: unpacked(&cache, "litellm").join("litellm/model_prices_and_context_window_backup.json"),
            genai_prices: unpacked(&cache, "genai_prices").join("genai_prices"),
            cache,
        }))
    }

    /// The packages, fetched by pip.
    pub(super) fn fetched() -> Result<Self> {
        let cache = cache();
        fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
        let packages = [format!("litellm=={LITELLM}"), format!("genai-prices=={GENAI_PRICES}")];
        process::run(
            Command::new("python3")
                .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest"])
                .arg(&cache)
                .args(packages),
        )?;
        Self::at_hand()?.with_context(|| format!("pip left no wheels in {}", cache.display()))
    }
}

fn cache() -> PathBuf {
    workspace::root().join("target/codegen")
}

fn version(name: &str) -> &'static str {
    if name == "litellm" { LITELLM } else { GENAI_PRICES }
}

/// The version is in the folder's name, so that another one is never taken for it.
fn unpacked(cache: &Path, name: &str) -> PathBuf {
    cache.join(format!("{name}-{}", version(name)))
}

fn wheel(cache: &Path, name: &str) -> Result<Option<PathBuf>> {
    if !cache.exists() {
        return Ok(None);
    }
    let start = format!("{name}-{}-", version(name));
    for entry in fs::read_dir(cache).with_context(|| format!("cannot list {}", cache.display()))? {
        let path = entry?.path();
        let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
        if file.starts_with(&start) && file.ends_with(".whl") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn unpack(wheel: &Path, target: &Path) -> Result<()> {
    // Into another name first: a half unpacked folder is not taken for a whole one.
    let partial = target.with_extension("partial");
    process::run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(&partial))?;
    fs::rename(&partial, target).with_context(|| format!("cannot rename {}", partial.display()))
}
