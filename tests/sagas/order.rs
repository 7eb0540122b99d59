//! In which order steps are done and undone.

use std::sync::Arc;

use kenning::store::SagaStatus;
use tokio::sync::Barrier;

use super::check::check;
use super::outside::Answer;
use super::rows::{DIAMOND, Diamond, ROW, Row};
use super::world::{World, log, until};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_trap_29_steps_in_a_row_are_done_and_undone_in_order
    p5_trap_29_a_diamond_is_done_and_undone_in_the_order_of_its_edges
    p5_trap_29_parallel_steps_and_their_undos_overlap
    p5_trap_31_an_unknown_outcome_is_undone_with_none
    p5_trap_34_two_parallel_steps_fail_together_and_an_undo_fails_too
}

async fn p5_trap_29_steps_in_a_row_are_done_and_undone_in_order<H: Home>(home: H) {
    let world = World::new(home);
    let running = world.run().await;
    running.app.start(Row { id: 1 }).await.unwrap();
    let whole = until(&running.app, "row", 1, SagaStatus::Completed).await;
    assert_eq!(world.outside.effects(1), ["one", "two", "three", "four", "judge"]);
    let expected = ["one", "two", "three", "four", "judge"]
        .map(|step| [format!("intent {step}"), format!("done {step}")]);
    assert_eq!(log(&whole), [expected.as_flattened(), &["completed".to_owned()]].concat());

    world.outside.plan_of(2, "judge", &[Answer::Fail]);
    running.app.start(Row { id: 2 }).await.unwrap();
    let whole = until(&running.app, "row", 2, SagaStatus::Compensated).await;
    let expected = ["one", "two", "three", "four", "undo four", "undo three", "undo two", "undo one"];
    assert_eq!(world.outside.effects(2), expected);
    assert_eq!(whole.record.reason.as_deref(), Some("`judge` has failed: no"));
    let undos =
        ["four", "three", "two", "one"].map(|step| [format!("undo_intent {step}"), format!("undone {step}")]);
    assert_eq!(
        log(&whole)[10..],
        [&["compensating".to_owned()], undos.as_flattened(), &["compensated".to_owned()]].concat()
    );
    assert_eq!(check(&whole, ROW, &world.outside.calls(2), &world.outside.effects(2)), Vec::<String>::new());
    running.stop().await;
}

/// Fails without `sagas.undo-order`: see tests/guards.
async fn p5_trap_29_a_diamond_is_done_and_undone_in_the_order_of_its_edges<H: Home>(home: H) {
    let world = World::new(home);
    let running = world.run().await;
    world.outside.plan_of(2, "judge", &[Answer::Fail]);
    world.outside.plan_of(3, "bottom", &[Answer::Fail]);
    let ends = [(1, SagaStatus::Completed), (2, SagaStatus::Compensated), (3, SagaStatus::Compensated)];
    for (id, _) in ends {
        running.app.start(Diamond { id }).await.unwrap();
    }
    for (id, end) in ends {
        let whole = until(&running.app, "diamond", id, end).await;
        let wrong = check(&whole, DIAMOND, &world.outside.calls(id), &world.outside.effects(id));
        assert_eq!(wrong, Vec::<String>::new());
    }
    let effects = world.outside.effects(2);
    assert_eq!(
        (&*effects[0], &*effects[3], &*effects[4], &*effects[7]),
        ("top", "bottom", "undo bottom", "undo top")
    );
    assert_eq!(effects.len(), 8);
    // What has failed is not undone: it never was done.
    let effects = world.outside.effects(3);
    assert_eq!((effects.len(), &*effects[5]), (6, "undo top"));
    running.stop().await;
}

/// Each waits for the other: one after the other, they would wait for ever.
async fn p5_trap_29_parallel_steps_and_their_undos_overlap<H: Home>(home: H) {
    let world = World::new(home);
    let running = world.run().await;
    for effects in [["left", "right"], ["undo left", "undo right"]] {
        let both = Arc::new(Barrier::new(2));
        effects.iter().for_each(|effect| world.outside.plan(effect, &[meet(&both, Answer::Done)]));
    }
    world.outside.plan("judge", &[Answer::Fail]);
    running.app.start(Diamond { id: 1 }).await.unwrap();
    until(&running.app, "diamond", 1, SagaStatus::Compensated).await;
    running.stop().await;
}

/// It was done, and nobody was told so, as often as it was tried.
async fn p5_trap_31_an_unknown_outcome_is_undone_with_none<H: Home>(home: H) {
    let world = World::new(home);
    let running = world.run().await;
    world.outside.plan("three", &[Answer::Lost, Answer::Retry, Answer::Panic]);
    running.app.start(Row { id: 1 }).await.unwrap();
    let whole = until(&running.app, "row", 1, SagaStatus::Compensated).await;
    let asked = ["one", "two", "three", "three", "three", "undo three?", "undo two", "undo one"];
    assert_eq!(world.outside.asked(1), asked);
    let reason = whole.record.reason.clone().unwrap();
    assert_eq!(reason, "it is not known whether `three` was done: it panicked: at the disco");
    let wrong = check(&whole, ROW, &world.outside.calls(1), &world.outside.effects(1));
    assert_eq!(wrong, Vec::<String>::new());
    running.stop().await;
}

/// Both steps fail at the same moment, then the undo of what came before, and the process dies in the middle of all that, again and again.
async fn p5_trap_34_two_parallel_steps_fail_together_and_an_undo_fails_too<H: Home>(home: H) {
    let world = World::mortal(home);
    let both = Arc::new(Barrier::new(2));
    world.outside.plan("left", &[Answer::Hang, meet(&both, Answer::Fail)]);
    world.outside.plan("right", &[Answer::Hang, meet(&both, Answer::Lost)]);
    world.outside.plan("undo right?", &[Answer::Hang, Answer::Retry]);
    world.outside.plan("undo top", &[Answer::DoneAndHang, Answer::Fail]);
    let mut running = world.run().await;
    running.app.start(Diamond { id: 1 }).await.unwrap();
    world.outside.until(1, "left", 1).await;
    for effect in ["right", "undo right?", "undo top"] {
        world.outside.until(1, effect, 1).await;
        running.crash().await;
        running = world.run().await;
    }
    let whole = until(&running.app, "diamond", 1, SagaStatus::Parked).await;
    assert_eq!(whole.record.reason.as_deref(), Some("`top` cannot be undone: no; left to undo: `top`"));
    running.app.sagas().instance("diamond", "1").retry().await.unwrap();
    let whole = until(&running.app, "diamond", 1, SagaStatus::Compensated).await;
    let effects = world.outside.effects(1);
    assert_eq!(effects, ["top", "right", "undo right?", "undo top"], "{whole:#?}");
    assert_eq!(whole.record.reason.as_deref(), Some("`left` has failed: no"));
    running.stop().await;
}

/// Once both are there.
fn meet(both: &Arc<Barrier>, then: Answer) -> Answer {
    Answer::Meet(Arc::clone(both), Box::new(then))
}
