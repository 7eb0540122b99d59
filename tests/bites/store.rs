//! Wrong stores of events.

use super::bites;

bites! { store_contract, crate::bites::real_time;
    append {
        what_was_appended_is_read_back => DropsCausation
        payloads_keep_their_text => NormalizesPayloads
        odd_ids_name_streams_of_their_own => TrimsStreamIds
        expectations_are_checked => IgnoresVersions
        trap_3_a_conflict_at_version_10_and_above_is_a_conflict => ComparesLastDigits
        trap_5_after_a_failed_append_the_next_one_writes => ReportsTheSecondAttemptAsDone
        trap_7_versions_do_not_wrap => CutsVersionsTo32Bits
        trap_8_an_empty_list_of_events_is_a_no_op => RefusesEmptyAppends
        several_streams_are_all_or_nothing => WritesStreamsOneByOne
        limits_are_kept => RefusesAtTheLimit
    }
    concurrency {
        trap_2_concurrent_appends_to_one_stream_lose_nothing => LosesEveryTenthAppend
        one_writer_wins_each_version => LetsTwoWritersWin
        a_conflict_does_not_fail_its_neighbours => FailsTheNeighboursOfAConflict
        opposite_orders_do_not_deadlock => TurnsOppositeOrdersBack
        trap_9_callers_never_wait_for_each_other_for_ever => HasRoomForOneCall
        a_dropped_append_harms_nobody => LeaksWhatWasDropped
    }
    ledger {
        a_command_is_recorded_with_its_outcome => ForgetsPositionsOfCommands
        a_command_without_events_is_recorded => ForgetsCommandsWithoutEvents
        p3_a_command_id_is_accepted_once => ReportsConflictsBeforeDuplicates
        a_refused_append_records_no_command => RecordsRefusedCommands
        trap_12_one_id_at_the_same_instant_has_one_effect => AcceptsDuplicates
        commands_are_forgotten_oldest_first => ForgetsYoungerCommands
    }
    streams {
        streams_are_read_in_both_directions => IgnoresLimitsBackwards
        streams_do_not_mix => FoldsCase
        long_streams_are_read_whole => ReadsOneChunk
        a_reader_may_stop_in_the_middle => LosesAConnectionPerReader
        a_replay_shows_what_is_after_a_version => ReplaysTheVersionItself
        replays_at_once_see_their_own_stream => MixesReplays
        trap_22_an_undecodable_event_is_an_error => SkipsUndecodableEvents
    }
    feed {
        the_feed_delivers_everything_in_order => ReversesPages
        the_feed_filters => FiltersByPrefix
        trap_20_unwanted_events_still_advance => EndsAtTheLastDelivered
        trap_19_skewed_clocks_change_nothing => OrdersByEventId
        trap_10_a_loser_does_not_stall_the_feed => LosersDrawPositions
        p1_a_reader_beside_writers_misses_nothing => SkipsAnEvent
        an_append_wakes_readers => WakesBeforeItWrites
        pages_are_bounded => PagesWithoutBound
    }
    snapshots {
        the_newest_snapshot_stays => KeepsTheLastSnapshotSaved
        trap_13_two_views_never_share_a_snapshot => SharesSnapshots
        snapshots_saved_at_once_leave_the_newest => KeepsTheFirstSnapshotSaved
        old_shapes_of_a_state_are_pruned => KeepsEverySnapshot
    }
    lifecycle {
        a_store_may_be_prepared_again => PreparesOnce
        a_store_at_rest_has_no_lag => CountsOnePositionTooMany
        a_closed_store_says_so => AnswersAfterTheClose
    }
}
