//! Blocks put one behind the other: an item is complete before the next one begins.

use std::collections::VecDeque;

use weighhouse_types::chat::{Delta, Opening};

/// What happens to a block.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Open(Opening),
    Delta(Delta),
    Close,
}

/// The block that is being written, and what came of later ones meanwhile.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    current: Option<u32>,
    later: VecDeque<(u32, Vec<Step>)>,
}

impl Waiting {
    pub(super) const fn new() -> Self {
        Self { current: None, later: VecDeque::new() }
    }

    /// Takes a step of a block and gives those that may be written now, in their order.
    pub(super) fn take(&mut self, block: u32, step: Step) -> Vec<Step> {
        if self.current.is_some_and(|current| current != block) {
            match self.later.iter_mut().find(|(known, _)| *known == block) {
                Some((_, steps)) => steps.push(step),
                None => self.later.push_back((block, vec![step])),
            }
            return Vec::new();
        }
        self.current = Some(block);
        let mut ready = vec![step];
        while matches!(ready.last(), Some(Step::Close)) {
            self.current = None;
            let Some((next, steps)) = self.later.pop_front() else { break };
            self.current = Some(next);
            ready.extend(steps);
        }
        ready
    }

    /// All that is left: what its reader did not close is closed.
    pub(super) fn rest(&mut self) -> Vec<Step> {
        let mut ready = Vec::new();
        ready.extend(self.current.take().map(|_| Step::Close));
        for (_, steps) in self.later.drain(..) {
            let is_closed = matches!(steps.last(), Some(Step::Close));
            ready.extend(steps);
            ready.extend((!is_closed).then_some(Step::Close));
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(steps: &[Step]) -> String {
        let name = |step: &Step| match step {
            Step::Open(_) => '(',
            Step::Delta(_) => '.',
            Step::Close => ')',
        };
        steps.iter().map(name).collect()
    }

    #[test]
    fn a_later_block_waits_until_the_first_closes() {
        let mut waiting = Waiting::new();
        let delta = || Step::Delta(Delta::ReasoningPart);
        assert_eq!(names(&waiting.take(0, Step::Open(Opening::Text))), "(");
        assert_eq!(names(&waiting.take(1, Step::Open(Opening::Text))), "");
        assert_eq!(names(&waiting.take(2, Step::Open(Opening::Text))), "");
        assert_eq!(names(&waiting.take(1, delta())), "");
        assert_eq!(names(&waiting.take(0, delta())), ".");
        assert_eq!(names(&waiting.take(1, Step::Close)), "");
        assert_eq!(names(&waiting.take(0, Step::Close)), ")(.)(");
        assert_eq!(names(&waiting.take(2, delta())), ".");
        assert_eq!(names(&waiting.take(3, Step::Open(Opening::Text))), "");
        assert_eq!(names(&waiting.rest()), ")()");
        assert_eq!(names(&waiting.rest()), "");
    }
}
