//! Wrong transactions.

use super::bites;

// The rules of both topics are functions of `store_contract`.
bites! { store_contract, crate::bites::real_time;
    transactions {
        a_commit_makes_everything_visible => CommitRollsBack
        a_transaction_sees_its_own_appends => IsBlindToOwnAppends
        trap_15_a_rollback_leaves_nothing => RollbackCommits
        trap_14_the_feed_waits_for_the_earlier_position => AppendsOutside
        the_age_of_the_holder_is_known => HidesTheHolder
        an_idle_transaction_holds_nobody_up => IdleTransactionsHoldTheFeed
        a_conflict_leaves_the_transaction_usable => ConflictEndsTheTransaction
        writers_wait_for_an_open_transaction => FailsInsteadOfWaiting
        transactions_wait_for_each_other => FailsInsteadOfWaiting
        giving_up_waiting_harms_nobody => LeaksWhatWasDropped
        p3_a_command_id_in_an_open_transaction_is_waited_for => FailsInsteadOfWaiting
        trap_4_a_deadlock_is_retryable => DeadlocksAreFinal
        a_commit_wakes_readers => WakesBeforeItWrites
        p1_interleaved_transactions_lose_nothing => SkipsAnEvent
    }
    many {
        each_of_many_appends_has_its_own_answer => AnswersInTheOrderOfStreams
        many_appends_of_two_transactions_do_not_deadlock => TurnsOppositeOrdersBack
        a_store_takes_as_many_appends_as_there_are => HasRoomFor500Appends
    }
}
