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
    KeepsEverySnapshot,
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

    // Opening consumers.
    OpeningResets,
    FailsTheSecondOpener,
    BeginsAtTheBeginning,
    OpeningMovesToTheStart,
    OpensWhateverIsNamed,
    IgnoresVersionsOfConsumers,
    RunsOlderVersions,
    KnowsTwoVersions,
    IgnoresIndexes,
    NeverRepartitions,

    // Consumers of two releases.
    DeclaringRaises,
    LowersUnderARunningWorker,
    RestartsNothing,
    ForgetsFormerNames,
    RegistersNothing,
    LeavesToAnyone,

    // Leases.
    GivesLeasesTwice,
    LeasesAreShort,
    LeasesNeverEnd,
    RenewsUnderANewEpoch,
    GivesAllToTheFirst,
    ForgetsToRelease,
    PausesNothing,
    /// What is set aside is parked, and never due.
    ParksWhatIsSetAside,
    /// Of several parked events the first is taken out.
    TakesOutTheFirst,
    /// A generation that pauses itself has its leases as before.
    HaltsNothing,
    /// Whatever has failed, a table replaces the live one.
    ReplacesAnyway,
    ClaimsOnlyBetweenBatches,

    // Batches.
    ForgetsTheEpoch,
    IsNotFenced,
    ReportsLostBatchesAsStored,
    IgnoresTheFloor,
    AdvancesOncePerBatch,
    WritesRowsAtOnce,

    // Rows.
    IgnoresDeletes,
    LoadsCommittedRows,
    DeletesLast,
    MixesTables,
    WritesAtMost1000Rows,
    AllowsDuplicates,
    TakesNullsForEqual,
    FillsMissingColumns,
    RoundsFloats,
    ReadsRowsBackwards,

    // Parked events.
    ListsParkedBackwards,
    KeepsTheFirstReason,
    RequestsEveryStream,
    IgnoresPages,
    MixesPartitions,
    SplitsAPage,

    // Operators and generations.
    HidesWhatComesNext,
    ResetsNothing,
    RebuildsInPlace,
    SwapsNothing,
    StopsTheLiveOneForEver,
    EmptyAfterASwap,

    // Starts and deliveries of sagas.
    StartsAgain,
    DropsTheCause,
    StartsAtMost500,
    StartsOutside,
    ForgetsEarlyEvents,
    DeliversTwice,
    KeepsEarlyEventsTwice,
    DeliversOutside,
    WakesNoInstance,
    DeliversAtMost500,
    HidesThatEventsAreLate,

    // Claims of sagas.
    ClaimsWithoutMessages,
    KeepsTheEpoch,
    ClaimsEveryDefinition,
    IgnoresRoom,
    ClaimsTheYoungestFirst,
    ClaimsWithoutALease,
    ClaimsOnlyBetweenTransactions,
    IsDueAtOnce,
    IsAlwaysDue,
    HidesWhatIsDueNext,
    ClaimsTwice,

    // Workers of sagas.
    RenewsNothing,
    RenewsTheDead,
    HidesMessagesFromOwners,
    TakesNothingOver,
    LosesWritesOfLateWorkers,
    RetiresNobody,

    // Writes to sagas.
    ForgetsTheStep,
    WritesUnderAnyEpoch,
    FailsTheNeighboursOfALostWrite,
    CountsEmptyWrites,
    ReleasesUnseenMessages,
    WritesWhatIsFree,
    ForgetsMigrations,
    WritesAtMost100,
    KeepsWhatHasEnded,
    RevivesWhatHasEnded,
    ForgetsTexts,
    CutsOutputs,
    LosesTheLastEntry,

    // Forgetting sagas.
    PrunesNothing,
    ForgetsNothing,

    // Requests and lists of sagas.
    RequestsAreLost,
    EventsSkipParkedInstances,
    AsksAfterTheEnd,
    KeepsRequestsForLater,
    ListsWithoutOrder,
    ListsFromTheBeginning,
    IgnoresTheStatus,
    IgnoresTheAge,
    CountsWhatIsRunningOnly,
    IsNeverBusy,

    // Definitions and upgrades of sagas.
    KeepsTheLastDefinition,
    AllDefinitionsLive,
    RaisedVersionsBeginAgain,
    ForgetsWhatIsParked,
}
