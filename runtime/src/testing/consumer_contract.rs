//! The contract of [`ConsumerStore`], rule by rule: with it a store proves that it can run consumers.
//!
//! ```
//! use kenning::{Clock, MemoryStore};
//! use time::OffsetDateTime;
//!
//! kenning::consumer_contract!(async {
//!     tokio::time::pause();
//!     MemoryStore::with_clock(Clock::tokio(OffsetDateTime::now_utc()))
//! });
//! # fn main() {}
//! ```
//!
//! The expression is evaluated once a rule, in a runtime of one thread, and gives a future of a new, empty store. It may pause tokio's time if the store goes by that: the rules
//! wait by nothing else, for leases of 300 ms to end. Each rule is a test named as the function here that holds it; `p4_` and `trap_24_` name the promise or
//! the known defect of others that it answers.

pub mod aside;
pub mod fence;
pub mod generations;
pub mod leases;
pub mod opening;
pub mod parking;
pub mod releases;
pub mod rows;
pub mod status;
pub mod storms;
pub(in crate::testing) mod support;
pub mod uniqueness;
pub mod values;
pub mod versions;

use std::sync::Arc;

use crate::store::ConsumerStore;

/// Makes one test of every rule of [`ConsumerStore`](crate::store::ConsumerStore), in modules named as the rules' topics.
#[macro_export]
macro_rules! consumer_contract {
    ($store:expr) => {
        $crate::__consumer_rules! { $store;
            opening {
                opening_again_changes_nothing
                many_may_open_at_once
                a_consumer_begins_where_it_is_told
                the_start_counts_once
                a_name_is_of_one_kind
            }
            versions {
                a_higher_version_is_built_beside
                a_lower_version_runs_nothing
                a_version_in_between_runs_nothing
                a_build_that_is_overtaken_is_thrown_away
                other_columns_under_one_version_are_refused
                indexes_are_made_and_dropped_in_place
                partitions_change_until_the_first_event
            }
            releases {
                p12_declaring_a_higher_version_raises_nothing
                p12_a_lower_version_continues_when_no_worker_of_the_higher_one_runs
                p12_a_restart_is_done_with_its_transaction
                p12_a_renamed_consumer_keeps_its_work_and_its_names
                p12_a_release_that_handles_more_revokes_the_leases
                p12_what_a_release_cannot_do_is_left_to_one_that_can
                p12_a_consumer_that_is_reset_is_left_to_no_release
            }
            leases {
                a_partition_has_one_holder
                one_of_many_claimers_wins
                a_renewed_lease_lasts
                an_expired_lease_is_taken_over
                an_expired_lease_that_nobody_took_is_renewed
                workers_share_fairly
                a_worker_that_is_gone_has_no_share
                trap_28_what_is_released_is_free_at_once
                a_paused_consumer_has_no_leases
                trap_25_claiming_waits_for_nobody
            }
            fence {
                p4_a_lost_lease_writes_nothing
                p4_a_takeover_before_the_commit_lets_one_win
                trap_24_one_of_two_batches_wins
                trap_24_a_stopped_holder_holds_nobody_up
                another_floor_is_refused
                p4_a_checkpoint_alone_is_fenced
                a_batch_moves_in_steps
                a_batch_undone_leaves_nothing
                a_batch_is_seen_as_a_whole
                appends_and_checkpoints_move_together
            }
            rows {
                rows_are_inserted_replaced_and_deleted
                a_batch_sees_its_own_rows
                deletes_come_first
                tables_do_not_mix
                large_batches_are_written
            }
            uniqueness {
                duplicates_are_refused
                nothing_is_no_duplicate
                a_place_may_change_hands
                batches_at_once_keep_rows_unique
                a_column_may_not_be_left_out
                p10_a_text_too_long_for_an_index_is_refused
            }
            values {
                values_are_kept
                keys_may_be_of_many_types
            }
            parking {
                parked_events_keep_their_order
                parking_again_tells_the_new_reason
                requests_wait_for_the_oldest
                parked_events_are_listed_in_pages
                partitions_park_apart
                two_generations_park_on_one_page
            }
            aside {
                p7_an_event_set_aside_is_due_by_itself
                parked_events_are_taken_out_together
                p7_a_generation_may_pause_itself
                p7_a_rebuild_with_failed_events_replaces_nothing
            }
            storms {
                p4_workers_that_lie_still_count_each_event_once
            }
            status {
                trap_20_what_comes_next_is_known
                a_reset_begins_anew
                operators_name_what_is_there
            }
            generations {
                trap_26_a_rebuild_is_beside_what_is_live
                a_swap_waits_for_what_the_live_one_has_done
                a_stopped_one_goes_on_when_the_builder_is_gone
                partitions_of_other_numbers_are_compared
                a_swap_is_fenced
                p4_what_was_swapped_out_writes_nothing
                a_reader_sees_the_old_or_the_new
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __consumer_rules {
    ($store:expr; $($topic:ident { $($rule:ident)* })*) => {
        $(mod $topic {
            #[allow(unused_imports, reason = "the expression may name what is in scope at the call, or nothing")]
            use super::*;

            $(#[test]
            fn $rule() {
                $crate::testing::consumer_contract::check($store, async |store| {
                    $crate::testing::consumer_contract::$topic::$rule(store).await
                });
            })*
        })*
    };
}

/// Runs one rule on a new store, in a runtime of one thread, since time can be paused in no other.
///
/// # Panics
/// When the store breaks the rule.
pub fn check<S: ConsumerStore>(store: impl Future<Output = S>, rule: impl AsyncFnOnce(Arc<S>)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let store = Arc::new(store.await);
        store.prepare().await.expect("the store can be prepared");
        rule(Arc::clone(&store)).await;
        store.close().await;
    });
}
