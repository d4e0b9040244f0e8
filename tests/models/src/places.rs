//! What threads do with a bound on calls at once.

use loom::sync::Arc;
use loom::thread;

use crate::slots::Slots;

/// Three calls come to two places and leave again.
pub fn no_more_places_are_taken_than_there_are() {
    let slots = Arc::new(Slots::new(Some(2)));
    let call = |slots: &Slots| {
        let is_taken = slots.take();
        if is_taken {
            assert!((1..=2).contains(&slots.used()), "{} places are taken", slots.used());
            slots.give_back();
        }
        is_taken
    };
    let others = [(); 2].map(|()| {
        let slots = Arc::clone(&slots);
        thread::spawn(move || call(&slots))
    });
    let own = call(&slots);
    let others = others.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    // A call finds no place only while both are taken by others.
    assert!([own, others[0], others[1]].into_iter().filter(|taken| *taken).count() >= 2);
    assert_eq!(slots.used(), 0);
}

/// The bound is lowered while calls come and go.
pub fn a_bound_may_be_lowered_meanwhile() {
    let slots = Arc::new(Slots::new(Some(2)));
    let others = [(); 2].map(|()| {
        let slots = Arc::clone(&slots);
        thread::spawn(move || slots.take())
    });
    slots.set_limit(Some(1));
    let taken = others.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    let taken = taken.into_iter().filter(|taken| *taken).count();
    assert!((1..=2).contains(&taken), "{taken}");
    assert!(!slots.take(), "the lower bound is reached");
    (0..taken).for_each(|_| slots.give_back());
    assert_eq!(slots.used(), 0);
    assert!(slots.take());
}
