//! Work on many things, a batch after the other, with how far it has come.

use weighhouse_client::ClientError;

use crate::failure::Failure;
use crate::output::Progress;

/// Things in one request.
const BATCH: usize = 100;
/// Names in a question.
const FEW: usize = 8;

/// Names as a question shows them: a few of them, and of a key that is named by itself only its end.
pub(crate) fn named(names: &[String]) -> String {
    let shown = |name: &String| match name.strip_prefix("sk-") {
        Some(secret) => {
            let letters: Vec<char> = secret.chars().collect();
            format!("sk-...{}", letters.iter().skip(letters.len().saturating_sub(4)).collect::<String>())
        }
        None => name.clone(),
    };
    let few: Vec<String> = names.iter().take(FEW).map(shown).collect();
    let more = names.len().saturating_sub(FEW);
    if more > 0 { format!("{} and {more} more", few.join(", ")) } else { few.join(", ") }
}

/// Does the work on all things; how many were done. A batch of which none was there counts nothing.
///
/// # Errors
/// The first that is no "not found"; what came before it is done.
pub(crate) async fn in_batches<T>(
    things: &[T],
    what: &'static str,
    work: impl AsyncFn(&[T]) -> Result<usize, ClientError>,
) -> Result<usize, Failure> {
    let mut progress = Progress::new(what, Some(things.len() as u64));
    let is_one = things.len() <= BATCH;
    let mut done = 0;
    for batch in things.chunks(BATCH) {
        match work(batch).await {
            Ok(count) => done += count,
            // Of many, others may still be there.
            Err(error) if error.status() == Some(404) && !is_one => {}
            Err(error) => return Err(error.into()),
        }
        progress.advance(batch.len() as u64);
    }
    Ok(done)
}

/// Does the work on each thing; how many were done.
///
/// # Errors
/// As [`in_batches`].
pub(crate) async fn one_by_one<T>(
    things: &[T],
    what: &'static str,
    work: impl AsyncFn(&T) -> Result<(), ClientError>,
) -> Result<usize, Failure> {
    let mut progress = Progress::new(what, Some(things.len() as u64));
    let mut done = 0;
    for thing in things {
        match work(thing).await {
            Ok(()) => done += 1,
            Err(error) if error.status() == Some(404) && things.len() > 1 => {}
            Err(error) => return Err(error.into()),
        }
        progress.advance(1);
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_a_few_and_no_secret() {
        let names: Vec<String> = (1..=9).map(|number| format!("sk-secret-{number}234")).collect();
        let one = names.get(..1).unwrap();
        assert_eq!(named(one), "sk-...1234");
        assert!(named(&names).ends_with("sk-...8234 and 1 more"), "{}", named(&names));
        assert_eq!(named(&["app".to_owned(), "b".to_owned()]), "app, b");
    }
}
