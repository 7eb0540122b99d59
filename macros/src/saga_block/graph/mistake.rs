//! What makes a saga unsound.

use super::Graph;

/// Where a step stands to a pivot that it is not done before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::saga_block) enum Place {
    After,
    /// Neither is done before the other.
    Beside,
}

/// A rule that the saga breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::saga_block) enum Mistake {
    /// Each of the steps waits for the next, the last for the first.
    Cycle(Vec<usize>),
    /// The second of two pivots of which neither is done before the other.
    UnorderedPivot { first: usize, second: usize },
    /// It can be undone although there is no way back any more.
    UndoPastPivot { step: usize, pivot: usize, place: Place },
    /// It gives up although there is no way back any more.
    LimitPastPivot { step: usize, pivot: usize, place: Place },
    /// It fails when its time is over although there is no way back any more.
    TimeoutPastPivot { step: usize, pivot: usize, place: Place },
    /// A pivot that has an undo.
    UndoOfPivot(usize),
    /// A pivot that gives up.
    LimitOfPivot(usize),
    /// A step that changes something and is followed by a failure.
    NoWayBack { step: usize, beside: Option<usize> },
}

impl Graph {
    /// Every rule that is broken. Where steps wait for each other, nothing else is known of their order.
    pub(in crate::saga_block) fn mistakes(&self) -> Vec<Mistake> {
        let cycles = self.cycles();
        if !cycles.is_empty() {
            return cycles.into_iter().map(Mistake::Cycle).collect();
        }
        let mut mistakes: Vec<Mistake> = self.unordered_pivots().collect();
        for (step, node) in self.nodes.iter().enumerate() {
            let past = self.past(step);
            if node.pivot {
                mistakes.extend(node.undo.then_some(Mistake::UndoOfPivot(step)));
                mistakes.extend(node.limited.then_some(Mistake::LimitOfPivot(step)));
                continue;
            }
            if let Some((pivot, place)) = past {
                mistakes.extend(node.undo.then_some(Mistake::UndoPastPivot { step, pivot, place }));
                mistakes.extend(node.limited.then_some(Mistake::LimitPastPivot { step, pivot, place }));
                mistakes.extend(node.fails_on_timeout.then_some(Mistake::TimeoutPastPivot {
                    step,
                    pivot,
                    place,
                }));
            }
            let beside = past.filter(|(_, place)| *place == Place::Beside).map(|(pivot, _)| pivot);
            if node.no_way_back && (past.is_none() || beside.is_some()) {
                mistakes.push(Mistake::NoWayBack { step, beside });
            }
        }
        mistakes
    }

    fn unordered_pivots(&self) -> impl Iterator<Item = Mistake> {
        let pairs = self.pivots().flat_map(|second| {
            self.pivots().take_while(move |first| *first < second).map(move |first| (first, second))
        });
        pairs
            .filter(|(first, second)| !self.is_before(*first, *second) && !self.is_before(*second, *first))
            .map(|(first, second)| Mistake::UnorderedPivot { first, second })
    }
}
