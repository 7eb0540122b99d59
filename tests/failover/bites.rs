//! The checker of histories finds what it is there to find: each test spoils a right history in one
//! way.

use kenning_tests::failover::{Answer, Line};
use kenning_tests::storm::Stored;
use uuid::Uuid;

use super::history::{Lost, check_answers};

fn tag(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn stored(position: u64, version: u64, number: u128) -> Stored {
    let id = Uuid::from_u128(1_000 + u128::from(position));
    Stored { position, id, stream: "tally-1".to_owned(), version, tag: tag(number), number: version }
}

fn asked(number: u128, events: u64) -> Line {
    Line::Asked { tag: tag(number), stream: "tally-1".to_owned(), events, at: 5 }
}

fn answered(number: u128, answer: Answer, at: u64) -> Line {
    Line::Answered { tag: tag(number), answer, at }
}

/// 1 is accepted twice, 2 has an unknown outcome, 3 stored nothing, 4 was never answered.
fn history() -> (Vec<Line>, Vec<Stored>) {
    let lines = vec![
        asked(1, 2),
        answered(1, Answer::Accepted(2), 10),
        answered(1, Answer::Accepted(2), 20),
        asked(2, 1),
        answered(2, Answer::Unknown("lost".to_owned()), 30),
        asked(3, 1),
        answered(3, Answer::Nothing("rejected".to_owned()), 40),
        asked(4, 1),
    ];
    (lines, vec![stored(1, 1, 1), stored(2, 2, 1), stored(3, 3, 2)])
}

fn wrong(lines: &[Line], stored: &[Stored]) -> usize {
    check_answers(lines, stored, Lost::NOTHING).len()
}

#[test]
fn a_right_history_of_a_failover_has_no_violation() {
    let (lines, events) = history();
    assert_eq!(wrong(&lines, &events), 0);
    assert_eq!(wrong(&lines, &events[..2]), 0, "an unknown outcome may be nothing");
    let lost = Lost { until: 25, slack: 0 };
    assert_eq!(check_answers(&lines, &[], lost).len(), 0, "what was accepted in the lost time may be lost");
}

#[test]
fn an_accepted_command_that_the_survivor_does_not_have_is_found() {
    let (lines, events) = history();
    assert_eq!(wrong(&lines, &events[2..]), 1);
    let late = Lost { until: 15, slack: 0 };
    assert_eq!(check_answers(&lines, &events[2..], late).len(), 1, "accepted once more after the failover");
    let slow = Lost { until: 15, slack: 10 };
    assert_eq!(check_answers(&lines, &events[2..], slow).len(), 0, "asked before it, and told late");
    let asked_after = Lost { until: 4, slack: 10 };
    assert_eq!(check_answers(&lines, &events[2..], asked_after).len(), 1, "asked after it");
}

#[test]
fn a_half_a_second_and_a_refused_effect_are_found() {
    let (lines, events) = history();
    assert_eq!(wrong(&lines, &[events[0].clone(), events[2].clone()]), 1, "half of it");
    let twice = [events.clone(), vec![stored(4, 4, 2)]].concat();
    assert_eq!(wrong(&lines, &twice), 1, "twice");
    let refused = [events, vec![stored(4, 4, 3)]].concat();
    assert_eq!(wrong(&lines, &refused), 1, "answered that nothing is stored");
}

#[test]
fn answers_that_differ_from_each_other_or_from_the_store_are_found() {
    let (mut lines, events) = history();
    lines[2] = answered(1, Answer::Accepted(3), 20);
    assert_eq!(wrong(&lines, &events), 1);
    lines.push(Line::Wrong { what: "a stale row".to_owned(), at: 50 });
    assert_eq!(wrong(&lines, &events), 2);
    assert_eq!(wrong(&[], &events), 2, "no one asked for 1 and 2");
}
