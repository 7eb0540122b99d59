//! Every model, complete within its bound; every broken variant, refuted.

#![allow(clippy::unwrap_used, reason = "a test panics when it fails")]

use kenning_models::{claim, commit, failover, feed, lease};
use stateright::{Checker, HasDiscoveries, Model};

/// Checks every state within the bound.
fn holds<M>(model: M)
where
    M: Model + Send + Sync + 'static,
    M::State: std::hash::Hash + Send + Sync + std::fmt::Debug + Clone + PartialEq,
    M::Action: std::fmt::Debug + Clone + PartialEq,
{
    let checked = model.checker().threads(2).spawn_bfs().join();
    println!("{} states", checked.unique_state_count());
    checked.assert_properties();
    assert!(checked.is_done(), "the bound cut the check short");
}

/// Finds a run that breaks this property.
fn is_refuted<M>(model: M, property: &'static str)
where
    M: Model + Send + Sync + 'static,
    M::State: std::hash::Hash + Send + Sync + std::fmt::Debug + Clone + PartialEq,
    M::Action: std::fmt::Debug + Clone + PartialEq,
{
    let found = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let path =
        found.discovery(property).unwrap_or_else(|| panic!("`{property}` holds in the broken variant"));
    println!("{property}, broken by {:?}", path.into_actions());
}

mod p1_feed {
    use super::feed::{Feed, Protocol};
    use super::{holds, is_refuted};

    const SKIPPED: &str = "no committed event before the checkpoint is skipped";

    fn with(protocol: Protocol) -> Feed {
        Feed { protocol, appenders: 2, draws: 2, crashes: 0 }
    }

    #[test]
    fn delivers_every_committed_event_once() {
        holds(Feed { appenders: 3, draws: 1, crashes: 1, ..with(Protocol::Correct) });
        holds(Feed { crashes: 1, ..with(Protocol::Correct) });
    }

    #[test]
    fn a_plain_sequence_skips_events() {
        is_refuted(with(Protocol::PlainSequence), SKIPPED);
    }

    #[test]
    fn a_last_value_that_runs_ahead_skips_events() {
        is_refuted(with(Protocol::LastValueAhead), SKIPPED);
    }

    #[test]
    fn a_lock_taken_after_the_draw_skips_events() {
        is_refuted(with(Protocol::LockAfterDraw), SKIPPED);
    }

    #[test]
    fn locks_read_before_the_last_value_skip_events() {
        is_refuted(with(Protocol::LocksBeforeDrawn), SKIPPED);
    }

    #[test]
    fn rows_of_a_snapshot_before_the_watermark_skip_events() {
        is_refuted(with(Protocol::OldSnapshot), SKIPPED);
    }

    #[test]
    fn a_checkpoint_past_the_last_committed_event_skips_events_after_a_crash() {
        is_refuted(Feed { crashes: 1, ..with(Protocol::PastTheHead) }, SKIPPED);
        // Without a crash the same variant holds: rolled-back positions are not drawn again.
        holds(with(Protocol::PastTheHead));
    }

    #[test]
    fn the_short_way_over_a_gap_skips_events() {
        is_refuted(with(Protocol::ShortWayOverGaps), SKIPPED);
    }
}

mod p2_commit {
    use super::commit::{Commit, Protocol};
    use super::{holds, is_refuted};

    const SURVIVES: &str = "an answer `Ok` survives a failover";
    const ONCE: &str = "the append is stored at most once";

    #[test]
    fn p13_an_answer_survives_a_failover() {
        holds(Commit { protocol: Protocol::Correct, cuts: 2 });
    }

    #[test]
    fn p13_an_answer_without_the_barrier_can_be_lost() {
        is_refuted(Commit { protocol: Protocol::NoBarrier, cuts: 1 }, SURVIVES);
    }

    #[test]
    fn p13_a_duplicate_answered_without_the_barrier_can_be_lost() {
        is_refuted(Commit { protocol: Protocol::DuplicateWithoutBarrier, cuts: 1 }, SURVIVES);
    }

    #[test]
    fn an_old_backend_that_lives_stores_the_append_twice() {
        is_refuted(Commit { protocol: Protocol::NoTermination, cuts: 1 }, ONCE);
    }

    #[test]
    fn a_lagging_standby_asked_by_recovery_stores_the_append_twice() {
        is_refuted(Commit { protocol: Protocol::AsksAnyServer, cuts: 1 }, ONCE);
    }
}

mod p13_failover {
    use super::failover::{Failover, Protocol};
    use super::{holds, is_refuted};

    const APPLIED: &str = "what is applied is what the survivor has";
    const DECIDED: &str = "a command is decided on the survivor's stream";

    fn with(protocol: Protocol) -> Failover {
        Failover { protocol, events: 7 }
    }

    #[test]
    fn nothing_of_the_lost_time_is_used() {
        holds(with(Protocol::Correct));
    }

    #[test]
    fn a_watermark_of_the_lost_time_skips_events() {
        is_refuted(with(Protocol::KeepsWatermark), APPLIED);
    }

    #[test]
    fn a_page_of_the_lost_time_applies_lost_events() {
        is_refuted(with(Protocol::KeepsPage), APPLIED);
    }

    #[test]
    fn a_position_of_the_lost_time_skips_events() {
        is_refuted(with(Protocol::KeepsPosition), APPLIED);
    }

    #[test]
    fn a_state_of_the_lost_time_decides_a_command() {
        is_refuted(with(Protocol::KeepsState), DECIDED);
    }
}

mod p4_lease {
    use super::lease::{Lease, Protocol};
    use super::{holds, is_refuted};

    const TWICE: &str = "no event is applied twice";
    const ORDER: &str = "events are applied in order";
    const COVERED: &str = "the checkpoint covers exactly what was applied";

    fn with(protocol: Protocol) -> Lease {
        Lease { protocol, events: 3, changes: 3 }
    }

    #[test]
    fn writes_and_checkpoint_move_once() {
        holds(with(Protocol::Correct));
    }

    #[test]
    fn without_a_fence_events_are_applied_twice() {
        is_refuted(with(Protocol::NoFence), TWICE);
        is_refuted(with(Protocol::NoFence), ORDER);
        is_refuted(with(Protocol::NoFence), COVERED);
    }

    #[test]
    fn a_fence_by_the_holders_name_applies_events_twice() {
        is_refuted(with(Protocol::FencedByName), TWICE);
    }

    #[test]
    fn a_fence_by_the_epoch_alone_applies_a_batch_twice() {
        is_refuted(with(Protocol::FencedByEpoch), TWICE);
    }
}

mod p5_claim {
    use super::claim::{Claim, Protocol};
    use super::{holds, is_refuted};

    fn with(protocol: Protocol) -> Claim {
        Claim { protocol, steps: 2, losses: 2, expiries: 2 }
    }

    #[test]
    fn no_instance_is_stranded_and_no_outcome_recorded_twice() {
        holds(with(Protocol::Correct));
    }

    #[test]
    fn a_claim_forgotten_by_time_strands_its_instance() {
        is_refuted(with(Protocol::ForgetsByTime), "an owned instance is run, or will be given back");
    }

    #[test]
    fn without_the_epoch_a_worker_writes_what_it_has_lost() {
        is_refuted(with(Protocol::NoEpoch), "only the owner writes");
    }

    #[test]
    fn an_effect_before_its_intent_is_found() {
        is_refuted(with(Protocol::EffectFirst), "an effect has its intent recorded");
    }

    #[test]
    fn a_hand_without_a_fence_records_an_intent_twice() {
        is_refuted(with(Protocol::HandsUnfenced), "a step has one intent and one outcome, in turn");
    }

    #[test]
    fn what_runs_before_the_commit_of_its_hand_has_no_intent() {
        is_refuted(with(Protocol::RunsUncommitted), "an effect has its intent recorded");
    }

    #[test]
    fn a_hand_that_is_not_remembered_strands_its_instance() {
        is_refuted(with(Protocol::ForgetsHands), "an owned instance is run, or will be given back");
    }
}
