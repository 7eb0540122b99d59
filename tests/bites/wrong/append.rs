//! Appends, with their faults.

use std::sync::atomic::Ordering;

use futures_util::TryStreamExt;
use kenning::limits::MAX_PAYLOAD;
use kenning::store::{
    Append, AppendError, Appended, AppendedTo, Conflict, EventStore, Expect, InvalidAppend, StreamQuery,
};
use kenning::{Payload, StreamName, Version};
use time::OffsetDateTime;

use super::{Wrong, contention, unavailable};
use crate::bites::fault::Fault;

/// What is done when an append is dropped before it is answered.
struct Leak<'a>(&'a Wrong, bool);

impl Drop for Leak<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.set_broken(true);
        }
    }
}

impl Wrong {
    pub(super) async fn version(&self, stream: &StreamName) -> Version {
        let last: Vec<_> = self
            .store
            .read_stream(StreamQuery::backwards(stream.clone()).limit(1))
            .try_collect()
            .await
            .unwrap_or_default();
        last.first().map_or(Version::ZERO, |event| event.metadata.version)
    }

    /// An answer that claims success.
    async fn claimed(&self, append: &Append) -> Appended {
        let mut streams = Vec::new();
        for target in &append.streams {
            let version = self.version(&target.stream).await;
            streams.push(AppendedTo { stream: target.stream.clone(), version, positions: Vec::new() });
        }
        Appended { streams, recorded_at: OffsetDateTime::now_utc() }
    }

    /// The append as the wrong store understands it.
    pub(super) async fn understood(&self, mut append: Append) -> Append {
        for target in &mut append.streams {
            match self.fault {
                Fault::TrimsStreamIds | Fault::FoldsCase => {
                    target.stream = super::events::renamed(self.fault, &target.stream);
                }
                Fault::IgnoresVersions if matches!(target.expect, Expect::Exactly(_)) => {
                    target.expect = Expect::Any;
                }
                Fault::CutsVersionsTo32Bits => {
                    if let Expect::Exactly(version) = target.expect {
                        target.expect = Expect::Exactly(Version::new(version.get() & u64::from(u32::MAX)));
                    }
                }
                Fault::ComparesLastDigits => {
                    let actual = self.version(&target.stream).await;
                    if let Expect::Exactly(version) = target.expect
                        && version.get() >= 9
                        && version.get().to_string().len() == actual.get().to_string().len() - 1
                    {
                        target.expect = Expect::Any;
                    }
                }
                Fault::DropsCausation => {
                    target.events.iter_mut().for_each(|event| event.causation_id = None);
                }
                Fault::NormalizesPayloads => {
                    for event in &mut target.events {
                        let value: Result<serde_json::Value, _> =
                            serde_json::from_str(event.payload.as_str());
                        if let Ok(value) = value {
                            event.payload = Payload::from_stored(value.to_string());
                        }
                    }
                }
                _ => {}
            }
        }
        if self.is(Fault::ForgetsCommandsWithoutEvents) && append.events() == 0 {
            append.command = None;
        }
        append
    }

    pub(super) async fn append_wrongly(&self, append: Append) -> Result<Appended, AppendError> {
        let append = self.understood(append).await;
        match self.fault {
            Fault::RefusesEmptyAppends if append.events() == 0 => Err(InvalidAppend::NoStream.into()),
            Fault::RefusesAtTheLimit if append.bytes() == MAX_PAYLOAD => {
                Err(InvalidAppend::TooManyEvents { count: 1 }.into())
            }
            Fault::LosesEveryTenthAppend if self.next() % 10 == 9 => Ok(self.claimed(&append).await),
            Fault::TurnsOppositeOrdersBack
                if !append.streams.is_sorted_by(|one, other| one.stream.as_str() < other.stream.as_str()) =>
            {
                Err(contention().into())
            }
            Fault::HasRoomForOneCall => {
                if self.count.fetch_add(1, Ordering::SeqCst) > 0 {
                    return Err(unavailable().into());
                }
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                let answer = self.store.append(append).await;
                self.count.fetch_sub(1, Ordering::SeqCst);
                answer
            }
            Fault::LeaksWhatWasDropped => {
                if self.is_broken() {
                    return Err(unavailable().into());
                }
                let mut leak = Leak(self, false);
                tokio::time::sleep(std::time::Duration::from_micros(200)).await;
                let answer = self.store.append(append).await;
                leak.1 = true;
                answer
            }
            Fault::WritesStreamsOneByOne => {
                let mut all = Appended { streams: Vec::new(), recorded_at: OffsetDateTime::now_utc() };
                for target in append.streams {
                    let one = Append { streams: vec![target], command: None };
                    all.streams.extend(self.store.append(one).await?.streams);
                }
                Ok(all)
            }
            Fault::FailsInsteadOfWaiting => {
                let waits = std::time::Duration::from_millis(20);
                tokio::time::timeout(waits, self.store.append(append)).await.map_err(|_| contention())?
            }
            _ => self.judged(append).await,
        }
    }

    /// Faults in what is made of the store's answer.
    async fn judged(&self, append: Append) -> Result<Appended, AppendError> {
        if self.is(Fault::FailsTheNeighboursOfAConflict) && self.is_broken() {
            return Err(contention().into());
        }
        let ids: Vec<_> =
            append.streams.iter().flat_map(|target| &target.events).map(|event| event.id).collect();
        if self.is(Fault::ReportsTheSecondAttemptAsDone) && ids.iter().any(|id| self.ids().contains(id)) {
            return Ok(self.claimed(&append).await);
        }
        match self.store.append(append.clone()).await {
            Err(AppendError::Conflict(conflict)) => self.conflicted(append, conflict).await,
            Err(AppendError::DuplicateCommand(_)) if self.is(Fault::AcceptsDuplicates) => {
                self.store.append(Append { command: None, ..append }).await
            }
            Err(AppendError::DuplicateCommand(_)) if self.is(Fault::ReportsConflictsBeforeDuplicates) => {
                self.store.append(Append { command: None, ..append }).await
            }
            answer => answer,
        }
    }

    async fn conflicted(&self, append: Append, conflict: Conflict) -> Result<Appended, AppendError> {
        match self.fault {
            Fault::FailsTheNeighboursOfAConflict => self.set_broken(true),
            Fault::LosersDrawPositions => {
                self.next();
            }
            Fault::ReportsTheSecondAttemptAsDone => {
                let ids = append.streams.iter().flat_map(|target| &target.events).map(|event| event.id);
                self.ids().extend(ids);
            }
            Fault::RecordsRefusedCommands => {
                let empty = Append::to(conflict.stream.clone(), Expect::Any, Vec::new());
                self.store.append(Append { command: append.command, ..empty }).await?;
            }
            Fault::LetsTwoWritersWin => {
                if let Expect::Exactly(version) = conflict.expected
                    && conflict.actual.get() == version.get() + 1
                {
                    return Ok(self.claimed(&append).await);
                }
            }
            _ => {}
        }
        Err(conflict.into())
    }
}
