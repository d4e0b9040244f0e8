//! The servers, the Python and the false clock that tests start themselves: found, or installed from Debian's packages.
//!
//! Installing Debian's PostgreSQL makes and starts a cluster called "main", and Redis starts too. We want the
//! programs only, so [`INSTALL`] forbids both for the time of the installation and leaves no trace of that.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;

/// Run as root by `sh -c`, with the packages as its words. A word `a|b` is `a` where apt knows it, else `b`.
const INSTALL: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/weighhouse-setup.conf
made_policy=
clean() { rm -f "$cluster"; if [ -n "$made_policy" ]; then rm -f "$policy"; fi; }
trap clean EXIT
trap 'exit 1' INT TERM
# invoke-rc.d and deb-systemd-invoke ask this program: 101 means "start nothing".
if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
# postgresql-common reads this folder before it makes the cluster "main".
mkdir -p "${cluster%/*}"
echo 'create_main_cluster = false' >"$cluster"
apt-get update
packages=
for word in "$@"; do
    name=${word%%|*}
    apt-cache show "$name" >/dev/null 2>&1 || name=${word##*|}
    packages="$packages $name"
done
apt-get install --yes --no-install-recommends $packages
# Installed is not wanted at the next boot either.
case "$packages" in *redis-server*)
    if command -v systemctl >/dev/null 2>&1; then systemctl disable redis-server >/dev/null 2>&1 || true; fi ;;
esac
"#;

/// What a test may need from the system, the package that has it, and how to tell that it is there.
struct Need {
    what: &'static str,
    package: &'static str,
    is_there: fn() -> bool,
}

const SERVERS: &[Need] = &[
    Need { what: "PostgreSQL", package: "postgresql-15|postgresql", is_there: postgres_is_there },
    Need { what: "libfaketime", package: "faketime", is_there: faketime_is_there },
    Need { what: "Redis", package: "redis-server", is_there: || on_path("redis-server").is_some() },
];
const PYTHON: Need = Need { what: "Python with venv", package: "python3-venv", is_there: python_is_there };

/// Makes sure that the servers (and, `with_python`, a Python that can make virtual environments) are installed.
///
/// # Errors
/// When something is missing and cannot be installed here; the text says what to type.
pub(crate) fn ensure(with_python: bool) -> Result<()> {
    let needs = SERVERS.iter().chain(with_python.then_some(&PYTHON));
    let missing: Vec<&Need> = needs.filter(|need| !(need.is_there)()).collect();
    if missing.is_empty() {
        println!("   all there");
        return Ok(());
    }
    let names = missing.iter().map(|need| need.what).collect::<Vec<_>>().join(", ");
    println!("   missing: {names}");
    if on_path("apt-get").is_none() {
        bail!("{names} not found, and this is no Debian: {}", remedy(&missing));
    }
    install(&missing).with_context(|| remedy(&missing))?;
    match missing.iter().find(|need| !(need.is_there)()) {
        Some(need) => bail!("{} is still not found after its package was installed", need.what),
        None => Ok(()),
    }
}

fn remedy(missing: &[&Need]) -> String {
    let packages: Vec<&str> =
        missing.iter().map(|need| need.package.rsplit('|').next().unwrap_or(need.package)).collect();
    format!(
        "install {} with your system's package manager (on Debian: sudo apt-get install {}) and run this again",
        missing.iter().map(|need| need.what).collect::<Vec<_>>().join(" and "),
        packages.join(" ")
    )
}

fn install(missing: &[&Need]) -> Result<()> {
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    println!("   installing with apt-get: {} (no server is started)", packages.join(" "));
    let mut command = as_root()?;
    command.args(["sh", "-c", INSTALL, "install"]).args(packages);
    let status = command.status().context("cannot start the installation")?;
    if !status.success() {
        bail!("apt-get failed ({status})");
    }
    Ok(())
}

/// `env` for root, `sudo` for others; sudo asks for a password only where a person can answer.
fn as_root() -> Result<Command> {
    let id = process::output(Command::new("id").arg("-u"))?;
    if id.trim() == "0" {
        let mut plain = Command::new("env");
        plain.stdin(Stdio::null());
        return Ok(plain);
    }
    if on_path("sudo").is_none() {
        bail!("not root, and there is no sudo");
    }
    let mut sudo = Command::new("sudo");
    if !std::io::stdin().is_terminal() {
        sudo.arg("--non-interactive");
    }
    Ok(sudo)
}

fn postgres_is_there() -> bool {
    let both = |folder: &Path| folder.join("postgres").is_file() && folder.join("initdb").is_file();
    if on_path("postgres").is_some() && on_path("initdb").is_some() {
        return true;
    }
    let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") else { return false };
    versions.flatten().any(|version| both(&version.path().join("bin")))
}

/// Debian has it in a folder below that of the machine's kind.
fn faketime_is_there() -> bool {
    let Ok(folders) = std::fs::read_dir("/usr/lib") else { return false };
    folders.flatten().any(|folder| folder.path().join("faketime/libfaketimeMT.so.1").is_file())
}

/// Debian's `python3` alone cannot make a virtual environment with pip in it: `ensurepip` is a package apart.
fn python_is_there() -> bool {
    process::works(Command::new("python3").args(["-c", "import venv, ensurepip"]))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(on_path("sh").is_some());
        assert!(on_path("no-such-program-here").is_none());
    }

    #[test]
    fn the_remedy_can_be_typed() {
        let text = remedy(&[&SERVERS[0], &SERVERS[2]]);
        assert!(text.contains("sudo apt-get install postgresql redis-server"), "{text}");
    }

    #[test]
    fn the_install_script_is_a_valid_shell_program() {
        assert!(process::works(Command::new("sh").args(["-n", "-c", INSTALL])));
    }
}
