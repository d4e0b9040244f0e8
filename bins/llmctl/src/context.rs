//! Contexts: gateways by name, with their keys, in a file that only its owner reads.

mod arguments;
mod file;

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use weighhouse_api::KeyText;
use weighhouse_client::Client;

pub(crate) use arguments::ContextVerb;
pub(crate) use file::read;

use crate::arguments::{Format, Global};
use crate::failure::Failure;
use crate::output::{Cell, Column, Output, Table, say, write};
use crate::settings::DEFAULT_URL;
use crate::terminal;

/// The contexts that are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contexts {
    /// The one in use.
    #[serde(default)]
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

/// A gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) key: Option<KeyText>,
    #[serde(default)]
    pub(crate) output: Option<Format>,
}

/// A context as it is shown: never its key.
#[derive(Serialize)]
struct Shown<'context> {
    name: &'context str,
    url: &'context str,
    has_key: bool,
    output: Option<Format>,
    is_current: bool,
}

const COLUMNS: &[Column] = &[
    Column::id("name", "NAME"),
    Column::id("url", "URL"),
    Column::id("has_key", "KEY"),
    Column::id("output", "OUTPUT"),
    Column::id("is_current", "IN USE"),
];

impl Contexts {
    /// The context of that name.
    ///
    /// # Errors
    /// None has it.
    pub(crate) fn find(&self, name: &str) -> Result<&Context, Failure> {
        self.contexts.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
            let others = if names.is_empty() { "none is kept".to_owned() } else { names.join(", ") };
            Failure::not_found(format!("no context is called {name:?} (there are: {others})"))
                .hint("`llmctl context add NAME --url URL` keeps one")
        })
    }

    fn shown<'kept>(&'kept self, name: &'kept str) -> Result<Shown<'kept>, Failure> {
        let context = self.find(name)?;
        Ok(Shown {
            name,
            url: &context.url,
            has_key: context.key.is_some(),
            output: context.output,
            is_current: self.current.as_deref() == Some(name),
        })
    }

    fn in_use(&self) -> Result<&str, Failure> {
        self.current.as_deref().ok_or_else(|| {
            Failure::not_found("no context is in use").hint("`llmctl context use NAME` chooses one")
        })
    }
}

/// Shows or changes the contexts that are kept in the file.
pub(crate) fn run(
    verb: ContextVerb,
    said: &Global,
    path: Option<&Path>,
    mut kept: Contexts,
    output: &Output,
) -> Result<(), Failure> {
    match verb {
        ContextVerb::List => {
            let all: Result<Vec<Shown<'_>>, Failure> =
                kept.contexts.keys().map(|name| kept.shown(name)).collect();
            let all = all?;
            return output.write(&all, || list(&all));
        }
        ContextVerb::Show { name } => {
            let name = name.map_or_else(|| kept.in_use().map(str::to_owned), Ok)?;
            let shown = kept.shown(&name)?;
            return output.write(&shown, || record(&shown));
        }
        ContextVerb::Current => return write(&format!("{}\n", kept.in_use()?)),
        ContextVerb::Add { name, is_used, replace } => add(&mut kept, name, is_used, replace, said)?,
        ContextVerb::Use { name } => {
            kept.find(&name)?;
            kept.current = Some(name);
        }
        ContextVerb::Remove { name } => {
            kept.find(&name)?;
            kept.contexts.remove(&name);
            kept.current = kept.current.filter(|current| *current != name);
        }
    }
    let path = path.ok_or_else(|| {
        Failure::usage("there is no home to keep contexts in").hint("name a file with LLMCTL_CONFIG")
    })?;
    file::write(path, &kept)
}

fn add(
    kept: &mut Contexts,
    name: String,
    is_used: bool,
    may_replace: bool,
    said: &Global,
) -> Result<(), Failure> {
    if kept.contexts.contains_key(&name) && !may_replace {
        return Err(Failure::usage(format!("a context is called {name:?} already"))
            .hint("`--replace` puts this one in its place"));
    }
    let url = said.url.clone().unwrap_or_else(|| DEFAULT_URL.to_owned());
    let key = match &said.api_key {
        Some(key) => Some(key.clone()),
        None => terminal::secret(&format!("Key for {url} (none: Enter): "))?,
    };
    let key = key.filter(|key| !key.expose_secret().is_empty());
    // What the client would refuse is not kept.
    Client::new(&url, key.clone().unwrap_or_default(), std::time::Duration::from_secs(1))?;
    if key.is_none() {
        say(&format!(
            "No key is kept with {name:?}: give it with --key-stdin, or set LLMCTL_KEY when asking."
        ));
    }
    kept.contexts.insert(name.clone(), Context { url, key: key.map(KeyText::from), output: said.output });
    if is_used || kept.current.is_none() {
        kept.current = Some(name);
    }
    Ok(())
}

fn list(all: &[Shown<'_>]) -> Table {
    let mut table = Table::list(COLUMNS);
    for one in all {
        table.row([
            one.name.into(),
            one.url.into(),
            one.has_key.into(),
            one.output.map(Format::name).into(),
            one.is_current.into(),
        ]);
    }
    table
}

fn record(one: &Shown<'_>) -> Table {
    let mut table = Table::record();
    table.field("name", "name", one.name);
    table.field("url", "url", one.url);
    table.field("has_key", "key", if one.has_key { "kept" } else { "none" });
    table.field("output", "output", Cell::from(one.output.map(Format::name)));
    table.field("is_current", "in use", one.is_current);
    table
}
