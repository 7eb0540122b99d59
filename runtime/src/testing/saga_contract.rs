//! The contract of [`SagaStore`], rule by rule: with it a store proves that it can run sagas.
//!
//! ```
//! use kenning::{Clock, MemoryStore};
//! use time::OffsetDateTime;
//!
//! kenning::saga_contract!(async {
//!     tokio::time::pause();
//!     MemoryStore::with_clock(Clock::tokio(OffsetDateTime::now_utc()))
//! });
//! # fn main() {}
//! ```
//!
//! The expression is evaluated once a rule, as that of [`consumer_contract!`](crate::consumer_contract), whose rules the store keeps as well. The rules wait by tokio's time, for leases of 300 ms to end and for
//! instances to be due.

pub mod claims;
pub mod definitions;
pub mod deliveries;
pub mod ends;
pub mod forgetting;
pub mod lists;
pub mod logs;
pub mod races;
pub mod requests;
pub mod starts;
mod support;
pub mod times;
pub mod together;
pub mod upgrades;
pub mod workers;
pub mod writes;

use std::sync::Arc;

use super::consumer_contract;
use crate::store::SagaStore;

/// Makes one test of every rule of [`SagaStore`](crate::store::SagaStore), in modules named as the rules' topics.
#[macro_export]
macro_rules! saga_contract {
    ($store:expr) => {
        $crate::__saga_rules! { $store;
            starts {
                an_instance_is_started_once
                a_start_is_kept_as_it_was_given
                what_has_ended_is_not_started_again
                many_are_started_in_one_call
                a_start_undone_leaves_nothing
                a_batch_sees_its_own_starts
            }
            deliveries {
                an_event_is_left_kept_or_missed
                an_event_is_left_once_for_a_step
                early_events_count_when_their_instance_starts
                an_early_event_is_kept_once
                a_delivery_undone_leaves_nothing
                an_event_makes_its_instance_due
                many_events_are_left_in_one_call
                an_event_for_a_step_that_is_done_is_not_stored
            }
            together {
                p4_starts_and_events_move_with_the_checkpoint
                p4_a_lost_lease_starts_and_leaves_nothing
            }
            claims {
                an_instance_is_claimed_with_everything
                an_epoch_grows_with_every_claim
                other_definitions_and_sagas_are_not_claimed
                each_saga_has_its_own_room
                sagas_share_the_room
                the_longest_due_come_first
                a_worker_without_a_lease_claims_nothing
                claiming_waits_for_no_transaction
            }
            times {
                what_is_released_is_claimed_when_it_is_due
                what_rests_is_not_due
                the_next_one_is_told
            }
            workers {
                a_renewed_lease_goes_on
                a_lease_that_has_run_out_is_not_renewed
                a_renewal_tells_of_messages
                p4_a_dead_workers_instances_are_taken_over
                a_lease_that_nobody_ended_still_writes
                trap_28_what_a_retired_worker_had_is_due_at_once
            }
            writes {
                a_write_changes_the_instance
                p4_another_epoch_or_sequence_is_lost
                trap_30_an_outcome_is_recorded_once
                trap_36_a_lost_write_hinders_no_neighbour
                a_write_without_entries_moves_nothing_on
                messages_that_nobody_has_seen_keep_the_owner
                what_nobody_owns_is_written_by_nobody
                an_instance_may_follow_another_definition
                many_are_written_in_one_call
            }
            ends {
                an_end_gives_the_instance_up
                trap_35_nothing_happens_after_the_end
            }
            forgetting {
                what_ended_long_ago_is_forgotten
                a_forgotten_id_starts_a_new_instance
                kept_events_are_forgotten
                an_ended_instance_is_forgotten_on_request
                definitions_of_nothing_are_forgotten
            }
            logs {
                of_many_attempts_the_first_and_the_last_stay
                a_log_comes_back_as_it_was_written
                messages_come_back_as_they_were_left
                large_outputs_are_kept
            }
            requests {
                a_request_makes_a_parked_one_due
                a_request_reaches_the_owner
                an_event_makes_a_parked_one_due
                a_request_after_the_end_changes_nothing
                a_request_that_the_end_overtakes_is_refused
                nobody_is_asked_of_what_is_not_there
            }
            lists {
                instances_are_listed_by_name_and_id
                instances_are_listed_in_pages
                instances_are_listed_by_what_they_are
                instances_are_listed_by_their_age
                instances_are_counted
                who_has_something_to_do_is_busy
            }
            definitions {
                a_definition_is_kept_once
                trap_39_a_definition_lives_with_its_workers
            }
            races {
                of_many_starts_at_once_one_is_new
                transactions_at_once_start_an_instance_once
                p4_an_instance_never_has_two_owners
                an_early_event_and_its_start_lose_nothing
                an_event_and_a_rest_lose_nothing
                p4_workers_that_lie_still_record_each_step_once
            }
            upgrades {
                trap_39_a_raised_version_goes_on_in_its_place
                what_is_parked_stays_parked
                many_may_raise_a_version_at_once
                another_number_of_partitions_divides_it_anew
                an_older_process_runs_nothing
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __saga_rules {
    ($store:expr; $($topic:ident { $($rule:ident)* })*) => {
        $(mod $topic {
            #[allow(unused_imports, reason = "the expression may name what is in scope at the call, or nothing")]
            use super::*;

            $(#[test]
            fn $rule() {
                $crate::testing::saga_contract::check($store, async |store| {
                    $crate::testing::saga_contract::$topic::$rule(store).await
                });
            })*
        })*
    };
}

/// Runs one rule on a new store, in a runtime of one thread, since time can be paused in no other.
///
/// # Panics
/// When the store breaks the rule.
pub fn check<S: SagaStore>(store: impl Future<Output = S>, rule: impl AsyncFnOnce(Arc<S>)) {
    consumer_contract::check(store, rule);
}
