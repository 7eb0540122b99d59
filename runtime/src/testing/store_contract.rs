//! The contract of [`EventStore`], rule by rule: with it a store proves itself.
//!
//! ```
//! use kenning::MemoryStore;
//!
//! kenning::store_contract!(async { MemoryStore::new() });
//! # fn main() {}
//! ```
//!
//! The expression is evaluated once a rule and gives a future of a new, empty store. Each rule is a test named as the function here that holds it; `p3_`
//! and `trap_14_` name the promise or the known defect of others that it answers. [`transaction_contract!`](crate::transaction_contract) adds the rules of
//! [`TransactionalStore`](crate::store::TransactionalStore).

pub mod append;
pub mod concurrency;
pub mod feed;
pub mod ledger;
pub mod lifecycle;
pub mod many;
pub mod snapshots;
pub mod streams;
pub(super) mod support;
pub mod transactions;

use std::sync::Arc;

pub use self::support::Store;
use crate::store::EventStore;

/// Makes one test of every rule of [`EventStore`], in modules named as the rules' topics.
#[macro_export]
macro_rules! store_contract {
    ($store:expr) => {
        $crate::__store_rules! { $store;
            append {
                what_was_appended_is_read_back
                payloads_keep_their_text
                odd_ids_name_streams_of_their_own
                expectations_are_checked
                trap_3_a_conflict_at_version_10_and_above_is_a_conflict
                trap_5_after_a_failed_append_the_next_one_writes
                trap_7_versions_do_not_wrap
                trap_8_an_empty_list_of_events_is_a_no_op
                several_streams_are_all_or_nothing
                limits_are_kept
            }
            concurrency {
                trap_2_concurrent_appends_to_one_stream_lose_nothing
                one_writer_wins_each_version
                a_conflict_does_not_fail_its_neighbours
                opposite_orders_do_not_deadlock
                trap_9_callers_never_wait_for_each_other_for_ever
                a_dropped_append_harms_nobody
            }
            ledger {
                a_command_is_recorded_with_its_outcome
                a_command_without_events_is_recorded
                p3_a_command_id_is_accepted_once
                a_refused_append_records_no_command
                trap_12_one_id_at_the_same_instant_has_one_effect
                commands_are_forgotten_oldest_first
            }
            streams {
                streams_are_read_in_both_directions
                streams_do_not_mix
                long_streams_are_read_whole
                a_reader_may_stop_in_the_middle
                a_replay_shows_what_is_after_a_version
                replays_at_once_see_their_own_stream
                trap_22_an_undecodable_event_is_an_error
            }
            feed {
                the_feed_delivers_everything_in_order
                the_feed_filters
                trap_20_unwanted_events_still_advance
                trap_19_skewed_clocks_change_nothing
                trap_10_a_loser_does_not_stall_the_feed
                p1_a_reader_beside_writers_misses_nothing
                an_append_wakes_readers
                pages_are_bounded
            }
            snapshots {
                the_newest_snapshot_stays
                trap_13_two_views_never_share_a_snapshot
                snapshots_saved_at_once_leave_the_newest
                old_shapes_of_a_state_are_pruned
            }
            lifecycle {
                a_store_may_be_prepared_again
                a_store_at_rest_has_no_lag
                a_closed_store_says_so
            }
        }
    };
}

/// Makes one test of every rule of [`TransactionalStore`](crate::store::TransactionalStore).
#[macro_export]
macro_rules! transaction_contract {
    ($store:expr) => {
        $crate::__store_rules! { $store;
            transactions {
                a_commit_makes_everything_visible
                a_transaction_sees_its_own_appends
                trap_15_a_rollback_leaves_nothing
                trap_14_the_feed_waits_for_the_earlier_position
                the_age_of_the_holder_is_known
                an_idle_transaction_holds_nobody_up
                a_conflict_leaves_the_transaction_usable
                writers_wait_for_an_open_transaction
                transactions_wait_for_each_other
                giving_up_waiting_harms_nobody
                p3_a_command_id_in_an_open_transaction_is_waited_for
                trap_4_a_deadlock_is_retryable
                a_commit_wakes_readers
                p1_interleaved_transactions_lose_nothing
            }
            many {
                each_of_many_appends_has_its_own_answer
                many_appends_of_two_transactions_do_not_deadlock
                a_store_takes_as_many_appends_as_there_are
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __store_rules {
    ($store:expr; $($topic:ident { $($rule:ident)* })*) => {
        $(mod $topic {
            #[allow(unused_imports, reason = "the expression may name what is in scope at the call, or nothing")]
            use super::*;

            $(#[test]
            fn $rule() {
                $crate::testing::store_contract::check($store, async |store| {
                    $crate::testing::store_contract::$topic::$rule(store).await
                });
            })*
        })*
    };
}

/// Runs one rule on a new store, with threads enough for what has to happen at the same time.
///
/// # Panics
/// When the store breaks the rule.
pub fn check<S: EventStore>(store: impl Future<Output = S>, rule: impl AsyncFnOnce(Arc<S>)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let store = Arc::new(store.await);
        store.prepare().await.expect("the store can be prepared");
        rule(Arc::clone(&store)).await;
        store.close().await;
    });
}
