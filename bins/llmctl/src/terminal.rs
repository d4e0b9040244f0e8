//! Questions to whoever sits at the terminal.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use clap::Args;
use secrecy::SecretString;

use crate::failure::Failure;

/// Longer is no key.
const MAX_KEY_BYTES: u64 = 4_096;

/// Consent to what cannot be undone.
#[derive(Debug, Default, Args)]
pub(crate) struct Consent {
    /// Do not ask. On a terminal what cannot be undone is asked for; elsewhere it is done with --yes only
    #[arg(short, long)]
    pub(crate) yes: bool,
}

impl Consent {
    /// Goes on with --yes, or where the answer is yes.
    ///
    /// # Errors
    /// Nobody can be asked, or the answer is no.
    pub(crate) fn ask(&self, what: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !is_attended() {
            let message = format!("{what}? There is no terminal to ask on");
            return Err(Failure::usage(message).hint("pass --yes where it is meant"));
        }
        show(&format!("{what}? [y/N] "))?;
        let answer = line()?.unwrap_or_default();
        if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        Err(Failure::other("nothing was done"))
    }
}

/// Whether somebody sits there who can be asked.
pub(crate) fn is_attended() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// The first line of standard input, as a key.
///
/// # Errors
/// Standard input cannot be read, or holds none.
pub(crate) fn key_from_stdin() -> Result<SecretString, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(MAX_KEY_BYTES).read_line(&mut text);
    read.map_err(|error| Failure::other(format!("standard input: {error}")))?;
    if text.trim().is_empty() {
        return Err(Failure::usage("--key-stdin: the first line of standard input is empty"));
    }
    Ok(SecretString::from(text.trim().to_owned()))
}

/// Asks for what is not to be seen; none where nobody can be asked.
///
/// # Errors
/// The terminal cannot be read.
pub(crate) fn secret(question: &str) -> Result<Option<SecretString>, Failure> {
    if !is_attended() {
        return Ok(None);
    }
    let unseen = Unseen::begin()?;
    show(question)?;
    let text = line();
    drop(unseen);
    show("\n")?;
    Ok(text?.map(|text| SecretString::from(text.trim().to_owned())))
}

/// A line from the terminal; none at its end.
///
/// # Errors
/// The terminal cannot be read.
pub(crate) fn line() -> Result<Option<String>, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().read_line(&mut text);
    let read = read.map_err(|error| Failure::other(format!("standard input: {error}")))?;
    Ok((read > 0).then_some(text))
}

/// Words without an end of line, to standard error.
///
/// # Errors
/// It cannot be written to.
pub(crate) fn show(text: &str) -> Result<(), Failure> {
    let mut out = io::stderr().lock();
    let shown = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    shown.map_err(|error| Failure::other(format!("standard error: {error}")))
}

/// While it lives the terminal shows nothing of what is typed.
#[cfg(unix)]
struct Unseen(rustix::termios::Termios);

#[cfg(unix)]
impl Unseen {
    fn begin() -> Result<Self, Failure> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let failed = |error| Failure::other(format!("the terminal: {error}"));
        let before = tcgetattr(io::stdin()).map_err(failed)?;
        let mut unseen = before.clone();
        unseen.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &unseen).map_err(failed)?;
        Ok(Self(before))
    }
}

#[cfg(unix)]
impl Drop for Unseen {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        let _as_before = tcsetattr(io::stdin(), OptionalActions::Now, &self.0).is_ok();
    }
}

#[cfg(not(unix))]
struct Unseen;

#[cfg(not(unix))]
impl Unseen {
    fn begin() -> Result<Self, Failure> {
        Err(Failure::usage("a key cannot be typed unseen here").hint("use --key-stdin"))
    }
}
