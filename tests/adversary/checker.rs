//! The history checker finds what it is there to find: each test spoils a right history in one way.

use kenning_tests::storm::{
    Delivered, Entry, Intent, Outcome, Stored, check_delivery, check_effects, check_streams,
};
use uuid::Uuid;

fn tag(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn stored(position: u64, stream: &str, version: u64, tag: Uuid) -> Stored {
    let id = Uuid::from_u128(1_000 + u128::from(position));
    Stored { position, id, stream: stream.to_owned(), version, tag, number: version }
}

/// Intent 1 has two events in stream a, intent 2 one in each of a and b, intent 3 was refused, intent 4 was never answered.
fn history() -> (Vec<Entry>, Vec<Stored>) {
    let intent = |number, streams: &[&str], events| {
        let streams = streams.iter().map(|stream| (*stream).to_owned()).collect();
        Entry::Intent(Intent { tag: tag(number), streams, events, command: None })
    };
    let entries = vec![
        intent(1, &["tally-a"], 2),
        Entry::Outcome(tag(1), Outcome::Accepted(2)),
        intent(2, &["tally-a", "tally-b"], 1),
        Entry::Outcome(tag(2), Outcome::Accepted(3)),
        intent(3, &["tally-a"], 1),
        Entry::Outcome(tag(3), Outcome::Refused("a conflict".to_owned())),
        intent(4, &["tally-b"], 2),
    ];
    let events = vec![
        stored(1, "tally-a", 1, tag(1)),
        stored(2, "tally-a", 2, tag(1)),
        stored(5, "tally-a", 3, tag(2)),
        stored(6, "tally-b", 1, tag(2)),
    ];
    (entries, events)
}

fn deliveries(stored: &[Stored]) -> Vec<Delivered> {
    stored.iter().map(|event| Delivered { position: event.position, id: event.id }).collect()
}

fn violations(entries: &[Entry], stored: &[Stored]) -> Vec<String> {
    [check_streams(stored), check_effects(entries, stored)].concat()
}

#[test]
fn a_right_history_has_no_violation() {
    let (entries, mut events) = history();
    assert_eq!(violations(&entries, &events), Vec::<String>::new());
    assert_eq!(check_delivery("reader", &events, &deliveries(&events)), Vec::<String>::new());
    events.extend([stored(8, "tally-b", 2, tag(4)), stored(9, "tally-b", 3, tag(4))]);
    assert_eq!(violations(&entries, &events), Vec::<String>::new(), "an unanswered intent may be stored");
}

#[test]
fn an_accepted_intent_that_is_lost_is_found() {
    let (entries, mut events) = history();
    events.truncate(2);
    assert_eq!(violations(&entries, &events).len(), 1);
}

#[test]
fn half_an_intent_is_found() {
    let (entries, mut events) = history();
    events.pop();
    assert_eq!(violations(&entries, &events).len(), 1, "the other stream has nothing");
    let (entries, mut events) = history();
    events.push(stored(8, "tally-b", 2, tag(4)));
    assert_eq!(violations(&entries, &events).len(), 1, "one event of two");
}

#[test]
fn a_second_effect_is_found() {
    let (entries, mut events) = history();
    events.push(stored(8, "tally-b", 2, tag(2)));
    assert_eq!(violations(&entries, &events).len(), 1);
}

#[test]
fn a_refused_intent_that_is_stored_is_found() {
    let (entries, mut events) = history();
    events.push(stored(8, "tally-a", 4, tag(3)));
    assert_eq!(violations(&entries, &events).len(), 1);
}

#[test]
fn an_event_of_nobody_is_found() {
    let (entries, mut events) = history();
    events.push(stored(8, "tally-b", 2, tag(9)));
    assert_eq!(violations(&entries, &events).len(), 1);
}

#[test]
fn a_gap_and_a_stale_decision_are_found() {
    let (entries, mut events) = history();
    events[3] = Stored { version: 2, number: 2, ..events[3].clone() };
    assert_eq!(violations(&entries, &events).len(), 1, "stream b has no version 1");
    let (entries, mut events) = history();
    events[3].number = 7;
    assert_eq!(violations(&entries, &events).len(), 1, "decided on another state");
}

#[test]
fn a_wrong_version_in_an_answer_is_found() {
    let (mut entries, events) = history();
    entries[3] = Entry::Outcome(tag(2), Outcome::Accepted(4));
    assert_eq!(violations(&entries, &events).len(), 1);
}

#[test]
fn a_missed_a_repeated_and_a_late_delivery_are_found() {
    let (_, events) = history();
    let right = deliveries(&events);
    let without = [&right[..1], &right[2..]].concat();
    assert_eq!(check_delivery("reader", &events, &without).len(), 1);
    let late = [&right[..1], &right[2..], &right[1..2]].concat();
    assert_eq!(check_delivery("reader", &events, &late).len(), 1);
    let twice = [&right[..], &right[3..]].concat();
    assert!(!check_delivery("reader", &events, &twice).is_empty());
    let ghost = [&right[..], &[Delivered { position: 9, id: tag(77) }]].concat();
    assert_eq!(check_delivery("reader", &events, &ghost).len(), 1);
}
