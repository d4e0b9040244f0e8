//! The virtual environment with the real clients that stories drive.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, workspace};

const REQUIREMENTS: &str = "tests/requirements.txt";
/// Installed without their dependencies.
const ALONE: &str = "tests/requirements-alone.txt";

/// Makes `target/test-python` hold what `tests/requirements.txt` and `tests/requirements-alone.txt` say and gives
/// its interpreter.
///
/// The stamp is written last, so an environment that was cut off half-way is made anew.
///
/// # Errors
/// When Python cannot make the environment or PyPI does not give the packages.
pub(crate) fn ensure() -> Result<PathBuf> {
    let wanted = [read(REQUIREMENTS)?, read(ALONE)?].concat();
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
    install(&python, REQUIREMENTS, &[])?;
    // Of a large wheel few modules are imported, so the others need not be compiled.
    install(&python, ALONE, &["--no-deps", "--no-compile"])?;
    fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))?;
    Ok(python)
}

fn read(name: &str) -> Result<String> {
    fs::read_to_string(workspace::root().join(name)).with_context(|| format!("cannot read {name}"))
}

fn install(python: &Path, name: &str, flags: &[&str]) -> Result<()> {
    let quiet = ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"];
    let from = workspace::root().join(name);
    process::run(Command::new(python).args(quiet).args(flags).arg("--requirement").arg(from)).with_context(
        || format!("PyPI could not be asked or has not what {name} names; `--no-clients` does without"),
    )
}
