//! The faults, each the name of a wrong store: "a store that …".

/// What a [`Wrong`](super::wrong::Wrong) store does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The memory store as it is.
    None,

    // Appending.
    DropsCausation,
    NormalizesPayloads,
    TrimsStreamIds,
    IgnoresVersions,
    ComparesLastDigits,
    ReportsTheSecondAttemptAsDone,
    CutsVersionsTo32Bits,
    RefusesEmptyAppends,
    WritesStreamsOneByOne,
    RefusesAtTheLimit,
    LosesEveryTenthAppend,
    LetsTwoWritersWin,
    FailsTheNeighboursOfAConflict,
    TurnsOppositeOrdersBack,
    HasRoomForOneCall,
    LeaksWhatWasDropped,

    // The ledger.
    ForgetsPositionsOfCommands,
    ForgetsCommandsWithoutEvents,
    ReportsConflictsBeforeDuplicates,
    RecordsRefusedCommands,
    AcceptsDuplicates,
    ForgetsYoungerCommands,

    // Reading streams.
    IgnoresLimitsBackwards,
    FoldsCase,
    ReadsOneChunk,
    LosesAConnectionPerReader,
    ReplaysTheVersionItself,
    MixesReplays,
    SkipsUndecodableEvents,

    // The feed.
    ReversesPages,
    FiltersByPrefix,
    EndsAtTheLastDelivered,
    OrdersByEventId,
    LosersDrawPositions,
    SkipsAnEvent,
    WakesBeforeItWrites,
    PagesWithoutBound,

    // Snapshots and life.
    KeepsTheLastSnapshotSaved,
    SharesSnapshots,
    KeepsTheFirstSnapshotSaved,
    PreparesOnce,
    CountsOnePositionTooMany,
    AnswersAfterTheClose,

    // Transactions.
    CommitRollsBack,
    IsBlindToOwnAppends,
    RollbackCommits,
    AppendsOutside,
    HidesTheHolder,
    IdleTransactionsHoldTheFeed,
    ConflictEndsTheTransaction,
    FailsInsteadOfWaiting,
    DeadlocksAreFinal,
    AnswersInTheOrderOfStreams,
    HasRoomFor500Appends,
}
