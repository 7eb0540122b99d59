//! The order of a saga's steps, and what follows from it: names, edges and flags, nothing of syn.

mod mistake;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(super) use self::mistake::{Mistake, Place};

/// A step.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    /// The steps that have to be done before it.
    pub(super) after: Vec<usize>,
    /// There is no way back after it.
    pub(super) pivot: bool,
    /// It can be undone.
    pub(super) undo: bool,
    /// It says that it gives up after some attempts, or after some time.
    pub(super) limited: bool,
    /// A wait that fails the saga when its time is over.
    pub(super) fails_on_timeout: bool,
    /// It changes something, and says neither how that is taken back nor why it need not be.
    pub(super) no_way_back: bool,
}

/// The steps of a saga, by their places.
#[derive(Debug)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    /// Of each step all that are done before it is begun.
    ancestors: Vec<BTreeSet<usize>>,
}

impl Graph {
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        let ancestors = (0..nodes.len()).map(|step| ancestors(&nodes, step)).collect();
        Self { nodes, ancestors }
    }

    pub(super) fn name(&self, step: usize) -> &str {
        self.nodes.get(step).map_or("", |node| &node.name)
    }

    /// Whether the one is done before the other is begun, whatever happens.
    pub(super) fn is_before(&self, earlier: usize, later: usize) -> bool {
        self.ancestors.get(later).is_some_and(|ancestors| ancestors.contains(&earlier))
    }

    /// Whether the step can be begun, or still be at work, when a pivot is done: if so, the pivot.
    pub(super) fn past(&self, step: usize) -> Option<(usize, Place)> {
        let pivots = self.pivots().filter(|pivot| *pivot != step && !self.is_before(step, *pivot));
        let place = |pivot| if self.is_before(pivot, step) { Place::After } else { Place::Beside };
        pivots.map(|pivot| (pivot, place(pivot))).min_by_key(|(_, place)| *place)
    }

    /// Whether it has to be tried until it succeeds: the pivot and what can come after it.
    pub(super) fn is_endless(&self, step: usize) -> bool {
        self.nodes.get(step).is_some_and(|node| node.pivot) || self.past(step).is_some()
    }

    fn pivots(&self) -> impl Iterator<Item = usize> {
        self.nodes.iter().enumerate().filter(|(_, node)| node.pivot).map(|(step, _)| step)
    }

    /// The steps that wait for each other, in the order in which each waits for the next; one cycle of each knot.
    pub(super) fn cycles(&self) -> Vec<Vec<usize>> {
        let mut told = BTreeSet::new();
        let mut cycles = Vec::new();
        for step in 0..self.nodes.len() {
            if self.is_before(step, step) && !told.contains(&step) {
                // All that wait for each other with it are the same knot.
                told.extend((0..self.nodes.len()).filter(|other| {
                    *other == step || (self.is_before(*other, step) && self.is_before(step, *other))
                }));
                cycles.push(self.shortest_cycle(step));
            }
        }
        cycles
    }

    /// The shortest way from the step back to itself, by breadth.
    fn shortest_cycle(&self, start: usize) -> Vec<usize> {
        let mut ways: Vec<Vec<usize>> = vec![vec![start]];
        let mut seen = BTreeSet::new();
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                for next in way.last().into_iter().flat_map(|last| self.after(*last)) {
                    if *next == start {
                        return way;
                    }
                    if seen.insert(*next) {
                        longer.push(way.iter().copied().chain([*next]).collect());
                    }
                }
            }
            ways = longer;
        }
        vec![start]
    }

    fn after(&self, step: usize) -> &[usize] {
        self.nodes.get(step).map_or(&[], |node| &node.after)
    }
}

fn ancestors(nodes: &[Node], step: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut left = vec![step];
    while let Some(step) = left.pop() {
        for before in nodes.get(step).map_or(&[][..], |node| &node.after) {
            if found.insert(*before) {
                left.push(*before);
            }
        }
    }
    found
}
