//! Instances of other definitions: migrated, taken over as they are, or parked; never guessed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::committer::Unwritten;
use super::shared::RegisteredSaga;
use super::worker::Worker;
use crate::app::with_sources;
use crate::payload::Payload;
use crate::saga::SagaDescription;
use crate::saga::any::AnyInstance;
use crate::saga::decide::{compensating, of_saga, standing, status};
use crate::saga::error::StepError;
use crate::saga::failure::SagaFailure;
use crate::saga::migration::{InFlight, InFlightStep};
use crate::saga::progress::{Moves, Note, Progress, StepState};
use crate::saga::table::Table;
use crate::store::{
    ClaimedSaga, NewSagaEntry, SagaEntry, SagaEntryKind, SagaMessage, SagaMessageKind, SagaMigration,
    SagaRecord, SagaRequest, SagaStatus, SagaStore, SagaThen, SagaWrite, SagaWritten,
};

/// How the reasons begin of instances that were parked for the definition that they follow.
const FOLLOWS: &str = "it follows version ";
const NOT_MIGRATED: &str = "it cannot be migrated from version ";

/// How such a reason continues after the version, if no process ran the definition.
const NO_PROCESS: &str = " of the definition, which no process runs;";

/// Whether an instance was parked since a release did not run its definition: that release was rolled back, or replaced.
pub(super) fn is_left_over(reason: &str) -> bool {
    reason.starts_with(FOLLOWS) || reason.starts_with(NOT_MIGRATED)
}

/// Whether it was parked since no process ran its definition, and not since there was no way to another one.
pub(super) fn is_stranded(reason: &str) -> bool {
    reason.starts_with(FOLLOWS) && reason.contains(NO_PROCESS)
}

/// An instance that can go on.
pub(super) struct Adoptee {
    pub(super) saga: Arc<RegisteredSaga>,
    pub(super) instance: Arc<dyn AnyInstance>,
    pub(super) record: SagaRecord,
    pub(super) progress: Progress,
    pub(super) messages: Vec<SagaMessage>,
}

/// What became of an instance that was claimed.
pub(super) enum Adopted {
    Run(Box<Adoptee>),
    Released,
    Lost,
}

/// Reads an instance with the definition that it follows, or has it follow one that is known here.
pub(super) async fn adopt<S: SagaStore>(worker: &Worker<S>, claimed: ClaimedSaga) -> Result<Adopted, String> {
    let record = &claimed.record;
    if let Some(saga) = worker.shared.of_definition(&record.saga, record.definition).cloned() {
        return match read(&saga, &claimed, Progress::read(&saga.saga.about().table, &claimed.log)) {
            Ok(adoptee) => Ok(Adopted::Run(Box::new(adoptee))),
            Err(reason) => park(worker, claimed, reason).await,
        };
    }
    let Some(main) = worker.shared.of_name(&record.saga).cloned() else { return Ok(Adopted::Lost) };
    if record.version > main.saga.about().version {
        if is_run_elsewhere(worker, record).await? {
            return release(worker, &claimed).await;
        }
        let reason = format!(
            "{FOLLOWS}{}{NO_PROCESS} this release has version {}",
            record.version,
            main.saga.about().version
        );
        return park(worker, claimed, reason).await;
    }
    match moved(worker, &main, &claimed) {
        Ok((state, moves)) => migrate(worker, &main, claimed, state, &moves).await,
        // Whom this process knew to be gone may have come back.
        Err(_) if is_run_elsewhere(worker, record).await? => release(worker, &claimed).await,
        Err(reason) => park(worker, claimed, reason).await,
    }
}

/// Whether instances of this definition are left to other processes by now.
async fn is_run_elsewhere<S: SagaStore>(worker: &Worker<S>, record: &SagaRecord) -> Result<bool, String> {
    worker.plan().await.map_err(|error| with_sources(&error))?;
    Ok(!worker.plans().of(&record.saga).contains(&record.definition))
}

/// Gives an instance back as it is, for others.
async fn release<S: SagaStore>(worker: &Worker<S>, claimed: &ClaimedSaga) -> Result<Adopted, String> {
    let write = write_of(&claimed.record, Vec::new(), SagaThen::Release(Duration::ZERO));
    match worker.committer.write(write).await.map_err(text_of)? {
        SagaWritten::Done { released: true, .. } => Ok(Adopted::Released),
        SagaWritten::Done { .. } => {
            Err("messages were left for an instance while it was given back".to_owned())
        }
        SagaWritten::Lost => Ok(Adopted::Lost),
    }
}

pub(super) fn read(
    saga: &Arc<RegisteredSaga>,
    claimed: &ClaimedSaga,
    progress: Progress,
) -> Result<Adoptee, String> {
    if !progress.strangers.is_empty() {
        let names: Vec<_> = progress.strangers.iter().map(|name| format!("`{name}`")).collect();
        return Err(format!(
            "its log has the steps {}, which this definition does not have",
            names.join(", ")
        ));
    }
    let state = &claimed.record.state;
    let read = catch_unwind(AssertUnwindSafe(|| saga.saga.instance(state)));
    let instance = read.unwrap_or_else(|_| Err("reading them panics".to_owned()));
    Ok(Adoptee {
        saga: Arc::clone(saga),
        instance: instance.map_err(|error| format!("its data cannot be read: {error}"))?,
        record: claimed.record.clone(),
        progress,
        messages: claimed.messages.clone(),
    })
}

/// The data and the steps of an instance for the definition of this process, or why it has no way there.
fn moved<S: SagaStore>(
    worker: &Worker<S>,
    main: &RegisteredSaga,
    claimed: &ClaimedSaga,
) -> Result<(Payload, Moves), String> {
    let record = &claimed.record;
    let about = main.saga.about();
    let plans = worker.plans();
    let old = plans.described.get(&record.definition);
    let changes = old.map(|old| old.compare(&about.definition));
    if main.migrates(record.version) {
        let in_flight = in_flight(record, &claimed.log, old)?;
        let migrated = catch_unwind(AssertUnwindSafe(|| main.saga.migrate(&in_flight)));
        let migrated = migrated.unwrap_or_else(|_| Some(Err(StepError::fail("the migration panics"))));
        return match migrated {
            Some(Ok(moved)) => Ok(moved),
            Some(Err(error)) => {
                let error = with_sources(error.error());
                Err(format!("{NOT_MIGRATED}{}: {error}", record.version))
            }
            None => Err(format!("no migration from version {} is declared", record.version)),
        };
    }
    match changes {
        Some(changes) if changes.survives() => Ok((record.state.clone(), Moves::default())),
        Some(changes) => {
            let fatal = changes.list.iter().filter(|change| !change.survives());
            let fatal: Vec<_> = fatal.map(ToString::to_string).collect();
            Err(format!(
                "{FOLLOWS}{} of the definition, from which there is no way to version {}: {}",
                record.version,
                about.version,
                fatal.join("; ")
            ))
        }
        None => Err(format!(
            "it follows a definition of version {} that was never described in this store",
            record.version
        )),
    }
}

fn in_flight(
    record: &SagaRecord,
    log: &[SagaEntry],
    old: Option<&SagaDescription>,
) -> Result<InFlight, String> {
    let mut names: Vec<Arc<str>> = Vec::new();
    for name in log.iter().filter_map(|entry| entry.entry.step.as_ref()) {
        if !names.contains(name) {
            names.push(Arc::clone(name));
        }
    }
    let table = Table::of_names(&names);
    let progress = Progress::read(&table, log);
    let mut steps = Vec::new();
    for (name, step) in names.iter().zip(&progress.steps) {
        let done = step.state == StepState::Done;
        let output = step.output.as_ref().filter(|_| done);
        if step.state != StepState::Pending && step.state != StepState::Waiting {
            let known = InFlightStep::new(name, output);
            steps.push(known.map_err(|error| format!("what `{name}` has returned cannot be read: {error}"))?);
        }
    }
    // The name of a definition tells nothing that the log does not; it is here so that a saga of another name is never migrated.
    if old.is_some_and(|old| *old.name != *record.saga) {
        return Err("its definition is that of another saga".to_owned());
    }
    InFlight::new(record.version, &record.id, &record.state, steps)
        .map_err(|error| format!("its data cannot be read: {error}"))
}

async fn migrate<S: SagaStore>(
    worker: &Worker<S>,
    main: &Arc<RegisteredSaga>,
    claimed: ClaimedSaga,
    state: Payload,
    moves: &Moves,
) -> Result<Adopted, String> {
    let about = main.saga.about();
    let text = format!("from version {} to version {}", claimed.record.version, about.version);
    let entry = of_saga(SagaEntryKind::Migrated, Payload::of("moves", moves).ok(), Some(text));
    let mut log = claimed.log.clone();
    let at = claimed.record.updated_at;
    log.push(SagaEntry { sequence: claimed.record.sequence + 1, at, entry: entry.clone() });
    let progress = Progress::read(&about.table, &log);
    let mut after = ClaimedSaga { log, ..claimed.clone() };
    after.record.state = state.clone();
    let adoptee = match read(main, &after, progress).and_then(|adoptee| outputs_are_read(main, adoptee)) {
        Ok(adoptee) => adoptee,
        Err(reason) => return park(worker, claimed, reason).await,
    };
    let migration = SagaMigration { version: about.version, definition: about.fingerprint, state };
    let write = SagaWrite {
        migration: Some(migration),
        status: status(&about.table, &adoptee.progress),
        step: standing(&about.table, &adoptee.progress),
        ..write_of(&claimed.record, vec![entry], SagaThen::Keep)
    };
    match worker.committer.write(write).await.map_err(text_of)? {
        SagaWritten::Done { .. } => {
            tracing::info!(
                saga = &*about.name,
                id = &*claimed.record.id,
                "an instance has gone over to another definition"
            );
            let mut adoptee = adoptee;
            if worker.shared.faults.upgrade_forgets_outcomes {
                let key_names = std::mem::take(&mut adoptee.progress.key_names);
                adoptee.progress = Progress { key_names, ..Progress::new(about.table.steps.len()) };
            }
            adoptee.record.sequence += 1;
            adoptee.record.definition = about.fingerprint;
            adoptee.record.version = about.version;
            Ok(Adopted::Run(Box::new(adoptee)))
        }
        SagaWritten::Lost => Ok(Adopted::Lost),
    }
}

/// A definition that reads other outputs than those in the log is not gone on with.
fn outputs_are_read(main: &RegisteredSaga, adoptee: Adoptee) -> Result<Adoptee, String> {
    for (about, step) in main.saga.about().table.steps.iter().zip(&adoptee.progress.steps) {
        if let (StepState::Done, Some(output)) = (step.state, &step.output) {
            let place = main.saga.about().table.find(&about.name).unwrap_or_default();
            main.saga
                .read_output(place, output)
                .map_err(|error| format!("what `{}` has returned cannot be read: {error}", about.name))?;
        }
    }
    Ok(adoptee)
}

/// Parks an instance that cannot be read here. One that is parked stays so; what was asked of it is refused, since nobody here can do it.
async fn park<S: SagaStore>(
    worker: &Worker<S>,
    claimed: ClaimedSaga,
    reason: String,
) -> Result<Adopted, String> {
    let record = &claimed.record;
    let table = Table::of_names(&[]);
    let dealt_with = Progress::read(&table, &claimed.log).dealt_with;
    let mut open = claimed.messages.iter().filter(|message| !dealt_with.contains(&message.number));
    if let Some((number, why)) = open.find_map(|message| match message.request() {
        Some(SagaRequest::Terminate { reason }) => Some((message.number, reason)),
        _ => None,
    }) {
        return terminate(worker, &claimed, number, &why, &reason).await;
    }
    let requests = claimed
        .messages
        .iter()
        .filter(|message| message.kind != SagaMessageKind::Event && !dealt_with.contains(&message.number));
    let mut entries: Vec<NewSagaEntry> = requests
        .map(|message| {
            let note = Note::message(message.number).payload();
            of_saga(SagaEntryKind::Refused, note, Some(reason.clone()))
        })
        .collect();
    if record.status != SagaStatus::Parked {
        tracing::error!(saga = &*record.saga, id = &*record.id, reason, "an instance is parked");
        entries.push(of_saga(SagaEntryKind::Parked, None, Some(reason.clone())));
    }
    let write = SagaWrite {
        status: SagaStatus::Parked,
        step: record.step.clone(),
        reason: Some(reason),
        ..write_of(record, entries, SagaThen::Rest)
    };
    if let Some(main) = worker.shared.of_name(&record.saga) {
        main.metrics.wrote(SagaEntryKind::Parked, None);
    }
    match worker.committer.write(write).await.map_err(text_of)? {
        SagaWritten::Done { released: true, .. } => Ok(Adopted::Released),
        // Messages have come meanwhile: it is read again.
        SagaWritten::Done { .. } => Err("messages were left for an instance while it was parked".to_owned()),
        SagaWritten::Lost => Ok(Adopted::Lost),
    }
}

/// Ends an instance that cannot be read here: what it has done stays.
async fn terminate<S: SagaStore>(
    worker: &Worker<S>,
    claimed: &ClaimedSaga,
    number: u64,
    reason: &str,
    unread: &str,
) -> Result<Adopted, String> {
    let why = format!("it was terminated by an operator: {reason}");
    let text = format!("{why}; nothing was undone, since {unread}");
    let entries = vec![
        of_saga(SagaEntryKind::Cancelled, Note::message(number).payload(), Some(reason.to_owned())),
        compensating(&SagaFailure::of_saga(&why), &why),
        of_saga(SagaEntryKind::Compensated, None, Some(text)),
    ];
    tracing::warn!(
        saga = &*claimed.record.saga,
        id = &*claimed.record.id,
        reason,
        "saga instance terminated"
    );
    let write = SagaWrite {
        status: SagaStatus::Compensated,
        step: None,
        reason: Some(why),
        ..write_of(&claimed.record, entries, SagaThen::Rest)
    };
    match worker.committer.write(write).await.map_err(text_of)? {
        SagaWritten::Done { .. } => Ok(Adopted::Released),
        SagaWritten::Lost => Ok(Adopted::Lost),
    }
}

fn write_of(record: &SagaRecord, entries: Vec<NewSagaEntry>, then: SagaThen) -> SagaWrite {
    SagaWrite {
        instance: record.instance,
        epoch: record.epoch,
        sequence: record.sequence,
        entries,
        status: record.status,
        step: record.step.clone(),
        reason: record.reason.clone(),
        messages_seen: record.messages,
        migration: None,
        then,
    }
}

fn text_of(error: Unwritten) -> String {
    with_sources(&error)
}
