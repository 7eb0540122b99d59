//! P5 and P6 over what the store has recorded and what the post was asked for and has done.

use std::collections::BTreeMap;

use kenning::store::{SagaEntryKind, SagaStatus, SagaWhole};
use sqlx::PgPool;
use uuid::Uuid;

const STEPS: [&str; 3] = ["take", "load", "drive"];

/// What is wrong with a parcel that has come to its end.
pub(super) async fn check(pool: &PgPool, whole: &SagaWhole) -> Vec<String> {
    let id = &*whole.record.id;
    let mut wrong = Vec::new();
    let sequences: Vec<u32> = whole.log.iter().map(|entry| entry.sequence).collect();
    if !sequences.iter().copied().eq(1..=whole.record.sequence) {
        wrong.push(format!("its log has {sequences:?}"));
    }
    for step in STEPS {
        for kind in [SagaEntryKind::Done, SagaEntryKind::Unknown, SagaEntryKind::Undone] {
            let times = whole.log.iter().map(|entry| &entry.entry);
            let times =
                times.filter(|entry| entry.kind == kind && entry.step.as_deref() == Some(step)).count();
            if times > 1 {
                wrong.push(format!("`{step}` is {} {times} times", kind.as_str()));
            }
        }
    }
    let calls: Vec<(String, Uuid)> =
        sqlx::query_as("select effect, key from post_calls where parcel = $1 order by nth")
            .bind(id)
            .fetch_all(pool)
            .await
            .expect("the calls can be read");
    let mut keys: BTreeMap<&str, Uuid> = BTreeMap::new();
    for (effect, key) in &calls {
        let effect = effect.trim_end_matches('?');
        if *keys.entry(effect).or_insert(*key) != *key {
            wrong.push(format!("`{effect}` has several keys"));
        }
        let (step, kind) = match effect.strip_prefix("undo ") {
            Some(step) => (step, SagaEntryKind::UndoIntent),
            None => (effect, SagaEntryKind::Intent),
        };
        let entries = whole.log.iter().map(|entry| &entry.entry);
        let begun = entries.filter(|entry| entry.kind == kind && entry.step.as_deref() == Some(step)).count();
        let called = calls.iter().filter(|(called, _)| called.trim_end_matches('?') == effect).count();
        if called > begun {
            wrong.push(format!("`{effect}` was asked for {called} times, and begun {begun} times"));
        }
    }
    let effects: Vec<String> =
        sqlx::query_scalar("select effect from post_effects where parcel = $1 order by nth")
            .bind(id)
            .fetch_all(pool)
            .await
            .expect("the effects can be read");
    let effects: Vec<&str> = effects.iter().map(|effect| effect.trim_end_matches('?')).collect();
    let back = ["undo drive", "undo load", "undo take"];
    let fits = match whole.record.status {
        SagaStatus::Completed => effects == STEPS,
        SagaStatus::Compensated => effects == [STEPS, back].concat(),
        _ => false,
    };
    if !fits {
        wrong.push(format!("it is {}, and what was done is {effects:?}", whole.record.status));
    }
    wrong.into_iter().map(|wrong| format!("parcel {id}: {wrong}")).collect()
}
