//! Wrong stores of consumers.

use super::bites;

bites! { consumer_contract, tokio::time::pause;
    opening {
        opening_again_changes_nothing => OpeningResets
        many_may_open_at_once => FailsTheSecondOpener
        a_consumer_begins_where_it_is_told => BeginsAtTheBeginning
        the_start_counts_once => OpeningMovesToTheStart
        a_name_is_of_one_kind => OpensWhateverIsNamed
    }
    versions {
        a_higher_version_is_built_beside => IgnoresVersionsOfConsumers
        a_lower_version_runs_nothing => RunsOlderVersions
        a_version_in_between_runs_nothing => RunsOlderVersions
        a_build_that_is_overtaken_is_thrown_away => KnowsTwoVersions
        other_columns_under_one_version_are_refused => OpensWhateverIsNamed
        indexes_are_made_and_dropped_in_place => IgnoresIndexes
        partitions_change_until_the_first_event => NeverRepartitions
    }
    releases {
        p12_declaring_a_higher_version_raises_nothing => DeclaringRaises
        p12_a_lower_version_continues_when_no_worker_of_the_higher_one_runs => LowersUnderARunningWorker
        p12_a_restart_is_done_with_its_transaction => RestartsNothing
        p12_a_renamed_consumer_keeps_its_work_and_its_names => ForgetsFormerNames
        p12_a_release_that_handles_more_revokes_the_leases => RegistersNothing
        p12_what_a_release_cannot_do_is_left_to_one_that_can => LeavesToAnyone
        p12_a_consumer_that_is_reset_is_left_to_no_release => ResetsNothing
    }
    leases {
        a_partition_has_one_holder => GivesLeasesTwice
        one_of_many_claimers_wins => GivesLeasesTwice
        a_renewed_lease_lasts => LeasesAreShort
        an_expired_lease_is_taken_over => LeasesNeverEnd
        an_expired_lease_that_nobody_took_is_renewed => RenewsUnderANewEpoch
        workers_share_fairly => GivesAllToTheFirst
        a_worker_that_is_gone_has_no_share => GivesAllToTheFirst
        trap_28_what_is_released_is_free_at_once => ForgetsToRelease
        a_paused_consumer_has_no_leases => PausesNothing
        trap_25_claiming_waits_for_nobody => ClaimsOnlyBetweenBatches
    }
    fence {
        p4_a_lost_lease_writes_nothing => ForgetsTheEpoch
        p4_a_takeover_before_the_commit_lets_one_win => ReportsLostBatchesAsStored
        trap_24_one_of_two_batches_wins => ReportsLostBatchesAsStored
        trap_24_a_stopped_holder_holds_nobody_up => ReportsLostBatchesAsStored
        another_floor_is_refused => IgnoresTheFloor
        p4_a_checkpoint_alone_is_fenced => IgnoresTheFloor
        a_batch_moves_in_steps => AdvancesOncePerBatch
        a_batch_undone_leaves_nothing => RollbackCommits
        a_batch_is_seen_as_a_whole => WritesRowsAtOnce
        appends_and_checkpoints_move_together => AppendsOutside
    }
    rows {
        rows_are_inserted_replaced_and_deleted => IgnoresDeletes
        a_batch_sees_its_own_rows => LoadsCommittedRows
        deletes_come_first => DeletesLast
        tables_do_not_mix => MixesTables
        large_batches_are_written => WritesAtMost1000Rows
    }
    uniqueness {
        duplicates_are_refused => AllowsDuplicates
        nothing_is_no_duplicate => TakesNullsForEqual
        a_place_may_change_hands => DeletesLast
        batches_at_once_keep_rows_unique => AllowsDuplicates
        a_column_may_not_be_left_out => FillsMissingColumns
        p10_a_text_too_long_for_an_index_is_refused => IgnoresIndexes
    }
    values {
        values_are_kept => RoundsFloats
        keys_may_be_of_many_types => ReadsRowsBackwards
    }
    parking {
        parked_events_keep_their_order => ListsParkedBackwards
        parking_again_tells_the_new_reason => KeepsTheFirstReason
        requests_wait_for_the_oldest => RequestsEveryStream
        parked_events_are_listed_in_pages => IgnoresPages
        partitions_park_apart => MixesPartitions
        two_generations_park_on_one_page => SplitsAPage
    }
    aside {
        p7_an_event_set_aside_is_due_by_itself => ParksWhatIsSetAside
        parked_events_are_taken_out_together => TakesOutTheFirst
        p7_a_generation_may_pause_itself => HaltsNothing
        p7_a_rebuild_with_failed_events_replaces_nothing => ReplacesAnyway
    }
    storms {
        p4_workers_that_lie_still_count_each_event_once => IsNotFenced
    }
    status {
        trap_20_what_comes_next_is_known => HidesWhatComesNext
        a_reset_begins_anew => ResetsNothing
        operators_name_what_is_there => PausesNothing
    }
    generations {
        trap_26_a_rebuild_is_beside_what_is_live => RebuildsInPlace
        a_swap_waits_for_what_the_live_one_has_done => SwapsNothing
        a_stopped_one_goes_on_when_the_builder_is_gone => StopsTheLiveOneForEver
        partitions_of_other_numbers_are_compared => SwapsNothing
        a_swap_is_fenced => SwapsNothing
        p4_what_was_swapped_out_writes_nothing => ForgetsTheEpoch
        a_reader_sees_the_old_or_the_new => EmptyAfterASwap
    }
}
