//! P5 and P6 under a storm: many instances, several processes that die and stop, and an outside that fails, forgets and panics.

use std::time::Duration;

use kenning::store::SagaStatus;

use super::check::check;
use super::outside::{Answer, Chance};
use super::rows::{DIAMOND, Diamond, ROW, Row};
use super::world::{World, until_seen};
use crate::support::{Home, on_both_stores};

on_both_stores! {
    p5_p6_storm_of_faults_over_several_processes
}

/// How long it rages: `KENNING_STORM_SECONDS`, 3 if nothing is said.
fn duration() -> Duration {
    let seconds = std::env::var("KENNING_STORM_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3).min(20))
}

async fn p5_p6_storm_of_faults_over_several_processes<H: Home>(home: H) {
    let world = World::mortal(home);
    world.outside.chance(Some(Chance { fail: 4, retry: 12, lost: 8, panic: 3 }));
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(world.run().await);
    }
    let until = tokio::time::Instant::now() + duration();
    let (mut instances, mut blows) = (0, 0);
    while tokio::time::Instant::now() < until {
        for _ in 0..10 {
            let app = &processes[fastrand::usize(..processes.len())].app;
            world.outside.plan_of(
                instances,
                "judge",
                if fastrand::u8(..3) == 0 { &[Answer::Fail] } else { &[] },
            );
            if instances % 2 == 0 {
                app.start(Row { id: instances }).await.unwrap();
            } else {
                app.start(Diamond { id: instances }).await.unwrap();
            }
            if fastrand::u8(..10) == 0 {
                let saga = if instances % 2 == 0 { "row" } else { "diamond" };
                app.sagas().instance(saga, instances.to_string()).cancel("the weather").await.unwrap();
            }
            instances += 1;
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(20..150))).await;
        let victim = processes.remove(fastrand::usize(..processes.len()));
        if fastrand::u8(..3) == 0 {
            victim.stop().await;
        } else {
            victim.crash().await;
        }
        processes.push(world.run().await);
        blows += 1;
    }
    world.outside.chance(None);
    let app = processes[0].app.clone();
    let mut ends = std::collections::BTreeMap::new();
    for id in 0..instances {
        let (saga, graph) = if id % 2 == 0 { ("row", ROW) } else { ("diamond", DIAMOND) };
        let over = |whole: &kenning::store::SagaWhole| {
            whole.record.status.is_end() || whole.record.status == SagaStatus::Parked
        };
        let mut whole = until_seen(&app, saga, id, "at its end", over).await;
        *ends.entry(whole.record.status.as_str()).or_insert(0) += 1;
        while whole.record.status == SagaStatus::Parked {
            // An undo that was tried as often as it may be. On a busy machine leases are lost, which
            // costs attempts: an operator asks again.
            assert!(
                whole.record.reason.as_deref().is_some_and(|reason| reason.contains("cannot be undone")),
                "{whole:#?}"
            );
            app.sagas().instance(saga, id.to_string()).retry().await.unwrap();
            let sequence = whole.record.sequence;
            let went_on = |whole: &kenning::store::SagaWhole| whole.record.sequence > sequence && over(whole);
            whole = until_seen(&app, saga, id, "at its end", went_on).await;
        }
        let wrong = check(&whole, graph, &world.outside.calls(id), &world.outside.effects(id));
        assert_eq!(wrong, Vec::<String>::new(), "{whole:#?}");
    }
    println!("{blows} blows, {ends:?}");
    assert!(blows > 2 && ends.len() > 1, "{blows} blows are no storm: {ends:?}");
    for process in processes {
        process.stop().await;
    }
}
