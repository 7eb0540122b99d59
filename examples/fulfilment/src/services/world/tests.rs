use super::*;

const RESERVE: Call<'_> =
    Call { action: Action::Reserve, key: Uuid::from_u128(1), order_id: "order-1", amount: 500 };
const RELEASE: Call<'_> = Call { action: Action::Release, key: Uuid::from_u128(2), ..RESERVE };
const CHARGE: Call<'_> = Call { action: Action::Charge, key: Uuid::from_u128(3), ..RESERVE };

fn world(fail: &str) -> World {
    World::new(Ledger::in_memory(), Faults { fail: fail.parse().unwrap(), ..Faults::default() })
}

fn done(world: &World) -> Vec<(Action, u128)> {
    world.entries().into_iter().map(|entry| (entry.action, entry.key.as_u128())).collect()
}

fn refusal<T>(answer: Result<T, ServiceError>) -> String {
    match answer {
        Err(ServiceError::Refused { reason }) => reason,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was not refused"),
    }
}

#[test]
fn an_effect_happens_once_a_key_and_is_answered_alike_each_time() {
    let world = world("");
    let first = world.act(&RESERVE).unwrap();
    assert_eq!(world.act(&RESERVE).unwrap(), first);
    assert_eq!(done(&world), [(Action::Reserve, 1)]);
    let again = world.act(&Call { key: Uuid::from_u128(9), ..RESERVE }).unwrap();
    assert_ne!(again, first);
    assert_eq!(done(&world), [(Action::Reserve, 1), (Action::Reserve, 9)], "another key is another effect");
}

#[test]
fn an_undo_of_what_happened_is_an_effect_and_happens_once() {
    let world = world("");
    world.act(&RESERVE).unwrap();
    for _ in 0..2 {
        assert_eq!(world.undo(&RELEASE, RESERVE.key).unwrap(), Undo::Undone);
        assert_eq!(done(&world), [(Action::Reserve, 1), (Action::Release, 2)]);
    }
    // A late repetition of the effect is answered as before: it has happened, and it is undone.
    world.act(&RESERVE).unwrap();
    assert_eq!(done(&world).len(), 2);
}

#[test]
fn an_undo_of_what_did_not_happen_closes_its_key() {
    let world = world("");
    for key in [2, 2, 7] {
        let undo = Call { key: Uuid::from_u128(key), ..RELEASE };
        assert_eq!(world.undo(&undo, RESERVE.key).unwrap(), Undo::NothingToUndo);
    }
    for _ in 0..2 {
        assert_eq!(refusal(world.act(&RESERVE)), "it was undone before it came");
    }
    assert_eq!(world.undo(&RELEASE, RESERVE.key).unwrap(), Undo::NothingToUndo);
    assert_eq!(done(&world), []);
    world.act(&CHARGE).unwrap();
    assert_eq!(done(&world), [(Action::Charge, 3)], "no other key is closed");
}

#[test]
fn a_key_belongs_to_one_call() {
    let world = world("");
    world.act(&RESERVE).unwrap();
    let text =
        "the key 00000000-0000-0000-0000-000000000001 belongs to another call: reserve order-1 for 500";
    for other in [
        Call { action: Action::Charge, ..RESERVE },
        Call { order_id: "order-2", ..RESERVE },
        Call { amount: 501, ..RESERVE },
    ] {
        assert_eq!(refusal(world.act(&other)), text);
    }
    assert_eq!(refusal(world.undo(&Call { key: RESERVE.key, ..RELEASE }, Uuid::from_u128(5))), text);
    for undo in [
        Call { action: Action::Refund, ..RELEASE },
        Call { order_id: "order-2", ..RELEASE },
        Call { amount: 501, ..RELEASE },
    ] {
        assert_eq!(refusal(world.undo(&undo, RESERVE.key)), text, "what it undoes is another call's");
    }
    assert_eq!(done(&world), [(Action::Reserve, 1)]);
}

#[test]
fn a_refused_order_is_refused_each_time_and_leaves_nothing() {
    let world = world("reserve=1,refund=1");
    for _ in 0..2 {
        assert_eq!(refusal(world.act(&RESERVE)), "inventory will not reserve order-1");
    }
    assert_eq!(done(&world), []);
    world.act(&CHARGE).unwrap();
    let refund = Call { action: Action::Refund, ..RELEASE };
    assert_eq!(refusal(world.undo(&refund, CHARGE.key)), "payment will not refund order-1");
    assert_eq!(done(&world), [(Action::Charge, 3)]);
    assert_eq!(
        world.undo(&RELEASE, RESERVE.key).unwrap(),
        Undo::NothingToUndo,
        "undoing a refused effect is no mistake"
    );
}

#[test]
fn a_flaky_call_has_no_effect_and_a_lost_answer_has_one() {
    let always = || "1".parse().unwrap();
    let flaky = World::new(Ledger::in_memory(), Faults { flaky: always(), ..Faults::default() });
    assert!(matches!(flaky.act(&RESERVE), Err(ServiceError::Unavailable { .. })));
    assert!(matches!(flaky.undo(&RELEASE, RESERVE.key), Err(ServiceError::Unavailable { .. })));
    assert_eq!(done(&flaky), []);
    let lossy = World::new(Ledger::in_memory(), Faults { lossy: always(), ..Faults::default() });
    assert!(matches!(lossy.act(&RESERVE), Err(ServiceError::Unanswered { .. })));
    assert!(matches!(lossy.undo(&RELEASE, RESERVE.key), Err(ServiceError::Unanswered { .. })));
    assert_eq!(done(&lossy), [(Action::Reserve, 1), (Action::Release, 2)]);
}
