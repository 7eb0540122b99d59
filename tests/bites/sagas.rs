//! Wrong stores of sagas.

use super::bites;

bites! { saga_contract, tokio::time::pause;
    starts {
        an_instance_is_started_once => StartsAgain
        a_start_is_kept_as_it_was_given => DropsTheCause
        what_has_ended_is_not_started_again => StartsAgain
        many_are_started_in_one_call => StartsAtMost500
        a_start_undone_leaves_nothing => RollbackCommits
        a_batch_sees_its_own_starts => StartsOutside
    }
    deliveries {
        an_event_is_left_kept_or_missed => ForgetsEarlyEvents
        an_event_is_left_once_for_a_step => DeliversTwice
        early_events_count_when_their_instance_starts => ForgetsEarlyEvents
        an_early_event_is_kept_once => KeepsEarlyEventsTwice
        a_delivery_undone_leaves_nothing => DeliversOutside
        an_event_makes_its_instance_due => WakesNoInstance
        many_events_are_left_in_one_call => DeliversAtMost500
        an_event_for_a_step_that_is_done_is_not_stored => HidesThatEventsAreLate
    }
    together {
        p4_starts_and_events_move_with_the_checkpoint => CommitRollsBack
        p4_a_lost_lease_starts_and_leaves_nothing => StartsOutside
    }
    claims {
        an_instance_is_claimed_with_everything => ClaimsWithoutMessages
        an_epoch_grows_with_every_claim => KeepsTheEpoch
        other_definitions_and_sagas_are_not_claimed => ClaimsEveryDefinition
        each_saga_has_its_own_room => IgnoresRoom
        sagas_share_the_room => IgnoresRoom
        the_longest_due_come_first => ClaimsTheYoungestFirst
        a_worker_without_a_lease_claims_nothing => ClaimsWithoutALease
        claiming_waits_for_no_transaction => ClaimsOnlyBetweenTransactions
    }
    times {
        what_is_released_is_claimed_when_it_is_due => IsDueAtOnce
        what_rests_is_not_due => IsAlwaysDue
        the_next_one_is_told => HidesWhatIsDueNext
    }
    workers {
        a_renewed_lease_goes_on => RenewsNothing
        a_lease_that_has_run_out_is_not_renewed => RenewsTheDead
        a_renewal_tells_of_messages => HidesMessagesFromOwners
        p4_a_dead_workers_instances_are_taken_over => TakesNothingOver
        a_lease_that_nobody_ended_still_writes => LosesWritesOfLateWorkers
        trap_28_what_a_retired_worker_had_is_due_at_once => RetiresNobody
    }
    writes {
        a_write_changes_the_instance => ForgetsTheStep
        p4_another_epoch_or_sequence_is_lost => WritesUnderAnyEpoch
        trap_30_an_outcome_is_recorded_once => WritesUnderAnyEpoch
        trap_36_a_lost_write_hinders_no_neighbour => FailsTheNeighboursOfALostWrite
        a_write_without_entries_moves_nothing_on => CountsEmptyWrites
        messages_that_nobody_has_seen_keep_the_owner => ReleasesUnseenMessages
        what_nobody_owns_is_written_by_nobody => WritesWhatIsFree
        an_instance_may_follow_another_definition => ForgetsMigrations
        many_are_written_in_one_call => WritesAtMost100
    }
    ends {
        an_end_gives_the_instance_up => KeepsWhatHasEnded
        trap_35_nothing_happens_after_the_end => RevivesWhatHasEnded
    }
    forgetting {
        what_ended_long_ago_is_forgotten => PrunesNothing
        a_forgotten_id_starts_a_new_instance => PrunesNothing
        kept_events_are_forgotten => PrunesNothing
        an_ended_instance_is_forgotten_on_request => ForgetsNothing
        definitions_of_nothing_are_forgotten => PrunesNothing
    }
    logs {
        of_many_attempts_the_first_and_the_last_stay => LosesTheLastEntry
        a_log_comes_back_as_it_was_written => ForgetsTexts
        messages_come_back_as_they_were_left => ForgetsTexts
        large_outputs_are_kept => CutsOutputs
    }
    requests {
        a_request_makes_a_parked_one_due => RequestsAreLost
        a_request_reaches_the_owner => RequestsAreLost
        an_event_makes_a_parked_one_due => EventsSkipParkedInstances
        a_request_after_the_end_changes_nothing => AsksAfterTheEnd
        a_request_that_the_end_overtakes_is_refused => RequestsAreLost
        nobody_is_asked_of_what_is_not_there => KeepsRequestsForLater
    }
    lists {
        instances_are_listed_by_name_and_id => ListsWithoutOrder
        instances_are_listed_in_pages => ListsFromTheBeginning
        instances_are_listed_by_what_they_are => IgnoresTheStatus
        instances_are_listed_by_their_age => IgnoresTheAge
        instances_are_counted => CountsWhatIsRunningOnly
        who_has_something_to_do_is_busy => IsNeverBusy
    }
    definitions {
        a_definition_is_kept_once => KeepsTheLastDefinition
        trap_39_a_definition_lives_with_its_workers => AllDefinitionsLive
    }
    races {
        of_many_starts_at_once_one_is_new => StartsAgain
        transactions_at_once_start_an_instance_once => StartsAgain
        p4_an_instance_never_has_two_owners => ClaimsTwice
        an_early_event_and_its_start_lose_nothing => ForgetsEarlyEvents
        an_event_and_a_rest_lose_nothing => ReleasesUnseenMessages
        p4_workers_that_lie_still_record_each_step_once => WritesUnderAnyEpoch
    }
    upgrades {
        trap_39_a_raised_version_goes_on_in_its_place => RaisedVersionsBeginAgain
        what_is_parked_stays_parked => ForgetsWhatIsParked
        many_may_raise_a_version_at_once => FailsTheSecondOpener
        another_number_of_partitions_divides_it_anew => NeverRepartitions
        an_older_process_runs_nothing => RunsOlderVersions
    }
}
