//! Running other programs: shown before they start, judged by how they end.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::workspace;

/// The cargo that runs this xtask, at the workspace's root.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words).current_dir(workspace::root());
    command
}

/// Runs a program with our own output and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a program silently and gives what it printed on standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!("`{}` failed ({})", shown(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed no UTF-8", shown(command)))
}

/// Whether a program starts and ends well; its output is thrown away.
pub(crate) fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// How a watched program ended, and each line that it printed, without colours.
pub(crate) struct Watched {
    pub(crate) success: bool,
    pub(crate) lines: Vec<String>,
}

/// Runs a program, passing on what it prints (standard output and error both) while keeping the lines.
///
/// The lines of the two streams are kept apart in time only as far as each stream keeps its own order.
pub(crate) fn watch(command: &mut Command) -> Result<Watched> {
    println!("$ {}", shown(command));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let other = std::thread::spawn(move || stderr.map(|stream| pass_on(stream, |line| eprintln!("{line}"))));
    let mut lines = stdout.map(|stream| pass_on(stream, |line| println!("{line}"))).unwrap_or_default();
    match other.join() {
        Ok(more) => lines.extend(more.unwrap_or_default()),
        Err(_) => bail!("the reader of `{}` panicked", shown(command)),
    }
    let status = child.wait().with_context(|| format!("cannot wait for `{}`", shown(command)))?;
    Ok(Watched { success: status.success(), lines })
}

fn pass_on(stream: impl Read, mut show: impl FnMut(&str)) -> Vec<String> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        show(text);
        lines.push(without_colours(text));
        line.clear();
    }
    lines
}

/// Colour words for programs whose output we pipe, so that a person at a terminal still sees colours.
pub(crate) fn colour_word() -> &'static str {
    if std::io::stderr().is_terminal() { "always" } else { "never" }
}

/// Text without ANSI "select graphic rendition" sequences (`ESC [ … m`).
fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

/// The command as one would type it; words with a blank are quoted.
pub(crate) fn shown(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    let words = command.get_args().map(|word| {
        let word = word.to_string_lossy();
        if word.is_empty() || word.contains(char::is_whitespace) {
            format!("'{word}'")
        } else {
            word.into_owned()
        }
    });
    std::iter::once(program).chain(words).collect::<Vec<_>>().join(" ")
}

/// Does one named step and prints how long it took.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("== {name}");
    let start = Instant::now();
    let done = work().with_context(|| format!("step `{name}`"));
    let how = if done.is_ok() { "done" } else { "FAILED" };
    println!("   {how} in {:.1} s", start.elapsed().as_secs_f64());
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(without_colours("\u{1b}[32;1m  Summary\u{1b}[0m [ 1.0s]"), "  Summary [ 1.0s]");
        assert_eq!(without_colours("plain"), "plain");
    }

    #[test]
    fn a_command_is_shown_as_typed() {
        let mut command = Command::new("/usr/bin/sh");
        command.args(["-c", "echo hi"]);
        assert_eq!(shown(&command), "sh -c 'echo hi'");
    }

    #[test]
    fn both_streams_of_a_watched_program_are_kept() {
        let watched = watch(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"])).unwrap();
        assert!(!watched.success);
        assert_eq!(watched.lines, ["out", "err"]);
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(format!("{error:#}").contains("cannot start `no-such-program-here`"));
    }
}
