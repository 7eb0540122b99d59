//! What is said of the order, held against every order in which the steps can run.

use proptest::prelude::*;

use super::{Graph, Mistake, Node, Place};

/// So few that all orders can be looked at.
const STEPS: usize = 6;

fn node(name: usize) -> impl Strategy<Value = Node> {
    let after = prop::collection::vec(0..STEPS, 0..3);
    // Pivots are rare, so that most graphs have none or one.
    let flags = (prop::bool::weighted(0.2), any::<[bool; 4]>());
    (after, flags).prop_map(move |(after, (pivot, [undo, limited, fails_on_timeout, no_way_back]))| Node {
        name: format!("s{name}"),
        after,
        pivot,
        undo,
        limited,
        fails_on_timeout,
        no_way_back: no_way_back && !undo && !pivot,
    })
}

fn nodes() -> impl Strategy<Value = Vec<Node>> {
    (1..=STEPS).prop_flat_map(|steps| {
        let nodes: Vec<_> = (0..steps).map(node).collect();
        nodes.prop_map(move |mut nodes| {
            for node in &mut nodes {
                node.after.retain(|before| *before < steps);
            }
            nodes
        })
    })
}

/// The same without cycles: edges lead to steps that are declared before.
fn ordered() -> impl Strategy<Value = Vec<Node>> {
    nodes().prop_map(|mut nodes| {
        for (step, node) in nodes.iter_mut().enumerate() {
            node.after.retain(|before| *before < step);
        }
        nodes
    })
}

/// Every order in which the steps can be done, one after the other.
fn orders(nodes: &[Node]) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for _ in 0..nodes.len() {
        let longer = orders.into_iter().flat_map(|done: Vec<usize>| {
            let next = nodes.iter().enumerate().filter({
                let done = done.clone();
                move |(step, node)| {
                    !done.contains(step) && node.after.iter().all(|before| done.contains(before))
                }
            });
            next.map(|(step, _)| done.iter().copied().chain([step]).collect()).collect::<Vec<_>>()
        });
        orders = longer.collect();
    }
    orders
}

fn position(order: &[usize], step: usize) -> usize {
    order.iter().position(|other| *other == step).unwrap()
}

proptest! {
    #[test]
    fn steps_can_run_in_some_order_unless_they_wait_for_each_other(nodes in nodes()) {
        let graph = Graph::new(nodes.clone());
        prop_assert_eq!(orders(&nodes).is_empty(), !graph.cycles().is_empty());
    }

    #[test]
    fn a_cycle_is_a_way_back_to_its_beginning(nodes in nodes()) {
        let cycles = Graph::new(nodes.clone()).cycles();
        for cycle in &cycles {
            for (at, step) in cycle.iter().enumerate() {
                let next = cycle[(at + 1) % cycle.len()];
                prop_assert!(nodes[*step].after.contains(&next), "{cycle:?}");
                prop_assert!(!cycle[..at].contains(step), "{cycle:?}");
            }
        }
        // Each is told once.
        for (at, cycle) in cycles.iter().enumerate() {
            prop_assert!(cycles[..at].iter().all(|other| other.iter().all(|step| !cycle.contains(step))));
        }
    }

    #[test]
    fn a_knot_is_told_by_its_steps_alone(nodes in nodes()) {
        let graph = Graph::new(nodes.clone());
        // Without one edge of each cycle that is told, again and again, there is none in the end.
        let mut left = nodes;
        let edges: usize = left.iter().map(|node| node.after.len()).sum();
        for _ in 0..=edges {
            for cycle in Graph::new(left.clone()).cycles() {
                let next = cycle[1 % cycle.len()];
                left[cycle[0]].after.retain(|before| *before != next);
            }
        }
        prop_assert!(Graph::new(left).cycles().is_empty(), "{graph:?}");
    }

    #[test]
    fn before_is_before_in_every_order(nodes in ordered()) {
        let (graph, orders) = (Graph::new(nodes.clone()), orders(&nodes));
        for earlier in 0..nodes.len() {
            for later in (0..nodes.len()).filter(|later| *later != earlier) {
                let always = orders.iter().all(|order| position(order, earlier) < position(order, later));
                prop_assert_eq!(graph.is_before(earlier, later), always);
            }
        }
    }

    /// The rule of the pivot in other words: no order has, behind a pivot, a step that makes the saga fail or is undone, nor a pivot behind a step that cannot be
    /// taken back.
    #[test]
    fn a_saga_without_a_mistake_is_sound_in_every_order(nodes in ordered()) {
        let graph = Graph::new(nodes.clone());
        let mistakes = graph.mistakes();
        let orders = orders(&nodes);
        let broken = orders.iter().any(|order| {
            order.iter().enumerate().any(|(at, step)| {
                let node = &nodes[*step];
                let behind = order[..at].iter().any(|before| nodes[*before].pivot);
                // A pivot that is not done before others of its kind in every order stands beside them.
                let alone = order[..at].iter().all(|before| {
                    !nodes[*before].pivot || orders.iter().all(|o| position(o, *before) < position(o, *step))
                });
                let ahead = order[at..].iter().any(|after| nodes[*after].pivot);
                let none = !nodes.iter().any(|node| node.pivot);
                (node.pivot && (node.undo || node.limited || !alone))
                    || (!node.pivot && behind && (node.undo || node.limited || node.fails_on_timeout))
                    || (node.no_way_back && (ahead || none))
            })
        });
        prop_assert_eq!(broken, !mistakes.is_empty(), "{:?}", mistakes);
    }

    #[test]
    fn what_comes_after_the_pivot_is_tried_for_ever(nodes in ordered()) {
        let (graph, orders) = (Graph::new(nodes.clone()), orders(&nodes));
        for step in 0..nodes.len() {
            let behind = orders.iter().any(|order| {
                order[..position(order, step)].iter().any(|before| nodes[*before].pivot)
            });
            prop_assert_eq!(graph.is_endless(step), nodes[step].pivot || behind);
        }
    }
}

fn step(name: &str, after: &[usize]) -> Node {
    Node { name: name.to_owned(), after: after.to_vec(), ..Node::default() }
}

#[test]
fn a_cycle_is_told_in_full() {
    let graph = Graph::new(vec![step("a", &[2]), step("b", &[0]), step("c", &[1, 2])]);
    assert_eq!(graph.cycles(), [vec![0, 2, 1]]);
    assert_eq!(graph.mistakes(), [Mistake::Cycle(vec![0, 2, 1])]);
    assert_eq!(graph.name(2), "c");
}

#[test]
fn two_knots_are_told_apart() {
    let graph = Graph::new(vec![step("a", &[0]), step("b", &[2]), step("c", &[1])]);
    assert_eq!(graph.cycles(), [vec![0], vec![1, 2]]);
}

#[test]
fn after_a_pivot_is_told_before_beside_it() {
    let pivot = |name: &str, after: &[usize]| Node { pivot: true, ..step(name, after) };
    let late = Node { undo: true, ..step("late", &[1]) };
    let graph = Graph::new(vec![pivot("one", &[]), pivot("other", &[]), late]);
    let expected = [
        Mistake::UnorderedPivot { first: 0, second: 1 },
        Mistake::UndoPastPivot { step: 2, pivot: 1, place: Place::After },
    ];
    assert_eq!(graph.mistakes(), expected);
}
