//! The virtual environment with the real clients that stories drive.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

const REQUIREMENTS: &str = "tests/requirements.txt";

/// Makes `target/test-python` hold what `tests/requirements.txt` says and gives its interpreter.
///
/// The stamp is written last, so an environment that was cut off half-way is made anew.
///
/// # Errors
/// When Python cannot make the environment or PyPI does not give the packages.
pub(crate) fn ensure() -> Result<PathBuf> {
    let requirements = workspace::root().join(REQUIREMENTS);
    let wanted = fs::read_to_string(&requirements).with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    let version =
        process::output(Command::new("python3").args(["-c", "import sys; print(sys.prefix, sys.version)"]))?;
    let folder = workspace::target_dir().join("test-python");
    let stamp_file = folder.join("weighhouse-stamp");
    let stamp = format!("{version}{wanted}");
    let python = folder.join("bin/python");
    if python.exists() && fs::read_to_string(&stamp_file).is_ok_and(|found| found == stamp) {
        println!("   unchanged since it was made: {}", folder.display());
        return Ok(python);
    }
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))
        .context("cannot make a virtual environment")?;
    let install =
        ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet", "--requirement"];
    process::run(Command::new(&python).args(install).arg(&requirements)).context(
        "PyPI could not be asked or has not what tests/requirements.txt names; `--no-clients` does without",
    )?;
    fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))?;
    Ok(python)
}
