//! Lists that come in pages: one of them, or all.

use clap::Args;
use serde::de::DeserializeOwned;
use weighhouse_api::{
    BudgetObject, CustomerObject, KeyList, KeyObject, PageQuery, TagObject, TeamList, TeamObject, UserList,
    UserObject,
};
use weighhouse_client::{Answer, ClientError};

use crate::failure::Failure;
use crate::output::{Output, Progress, Table, say};

/// Pages after which a list is taken for one without end.
const MAX_PAGES: u64 = 100_000;

/// A page of a list.
#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// Counts from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) page: u64,
    /// Entries on a page
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) size: u32,
    /// All pages, one after the other, as one list
    #[arg(long, conflicts_with = "page")]
    pub(crate) all: bool,
}

impl Paging {
    pub(crate) const fn query(page: u64, size: u32) -> PageQuery {
        PageQuery { page, page_size: size }
    }
}

/// An answer that is a page of a list.
pub(crate) trait Listed {
    /// What is listed.
    type Entry: DeserializeOwned;
    /// The field that holds the entries; none: the answer is they.
    const FIELD: Option<&'static str>;

    /// Entries and pages in all, where the answer tells.
    fn whole(&self) -> Option<(u64, u64)> {
        None
    }
}

impl Listed for KeyList {
    type Entry = KeyObject;
    const FIELD: Option<&'static str> = Some("keys");

    fn whole(&self) -> Option<(u64, u64)> {
        Some((self.total_count, self.total_pages))
    }
}

impl Listed for TeamList {
    type Entry = TeamObject;
    const FIELD: Option<&'static str> = Some("teams");

    fn whole(&self) -> Option<(u64, u64)> {
        Some((self.total, self.total_pages))
    }
}

impl Listed for UserList {
    type Entry = UserObject;
    const FIELD: Option<&'static str> = Some("users");

    fn whole(&self) -> Option<(u64, u64)> {
        Some((self.total, self.total_pages))
    }
}

macro_rules! bare_lists {
    ($($entry:ty)+) => {
        $(impl Listed for Vec<$entry> {
            type Entry = $entry;
            const FIELD: Option<&'static str> = None;
        })+
    };
}

bare_lists! { CustomerObject BudgetObject TagObject }

/// Shows the page that is asked for, or all of them. `ask` is given a page's number and size.
pub(crate) async fn show<L: Listed>(
    output: &Output,
    paging: &Paging,
    what: &'static str,
    ask: impl AsyncFn(u64, u32) -> Result<Answer<L>, ClientError>,
    view: fn(&[Answer<L::Entry>]) -> Table,
) -> Result<(), Failure> {
    if paging.all {
        let entries = all(paging.size, what, ask).await?;
        return output.write(&entries, || view(&entries));
    }
    let answer = ask(paging.page, paging.size).await?;
    let entries: Vec<Answer<L::Entry>> = answer.part(L::FIELD)?;
    output.write(&answer, || view(&entries))?;
    match answer.whole() {
        Some((total, pages)) if pages > 1 => {
            say(&format!("Page {} of {pages}; {total} {what}. --all lists them all.", paging.page));
        }
        None if entries.len() as u64 >= u64::from(paging.size) => {
            say(&format!("There may be more {what}: --page {}, or --all.", paging.page + 1));
        }
        _ => {}
    }
    Ok(())
}

async fn all<L: Listed>(
    size: u32,
    what: &'static str,
    ask: impl AsyncFn(u64, u32) -> Result<Answer<L>, ClientError>,
) -> Result<Vec<Answer<L::Entry>>, Failure> {
    let mut entries = Vec::new();
    let mut progress = Progress::new(what, None);
    for page in 1..=MAX_PAGES {
        let answer = ask(page, size).await?;
        let more: Vec<Answer<L::Entry>> = answer.part(L::FIELD)?;
        let is_last = match answer.whole() {
            Some((total, pages)) => {
                progress.expect(total);
                page >= pages
            }
            None => (more.len() as u64) < u64::from(size),
        };
        progress.advance(more.len() as u64);
        entries.extend(more);
        if is_last {
            return Ok(entries);
        }
    }
    Err(Failure::other(format!("the list has more than {MAX_PAGES} pages"))
        .hint("narrow it, or raise --size"))
}
