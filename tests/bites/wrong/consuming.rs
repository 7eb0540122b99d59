//! What the wrong stores do with consumers and leases.

use std::sync::atomic::Ordering;
use std::time::Duration;

use kenning::Position;
use kenning::store::{
    ConsumerRecord, ConsumerSpec, ConsumerStore, Lease, LeaseRequest, MemoryTransaction, Opened, Start,
    StoreError, Timeline,
};

use super::rows::without_indexes;
use super::{Wrong, contention};
use crate::bites::fault::Fault;

pub(super) const SHORT: Duration = Duration::from_millis(300);

impl Wrong {
    pub(super) async fn record(&self, name: &str, live: Option<bool>) -> Option<ConsumerRecord> {
        let records = self.store.consumers().await.ok()?;
        records.into_iter().find(|one| *one.name == *name && live.is_none_or(|live| one.live == live))
    }

    pub(super) async fn open(&self, spec: &ConsumerSpec) -> Result<Opened, StoreError> {
        let mut spec = spec.clone();
        let known = self.record(&spec.name, Some(true)).await;
        match self.fault {
            Fault::FailsTheSecondOpener if self.next() > 0 => return Err(contention()),
            Fault::BeginsAtTheBeginning => spec.start = Start::Beginning,
            Fault::IgnoresVersionsOfConsumers => spec.version = 1,
            Fault::KnowsTwoVersions => spec.version = spec.version.min(2),
            Fault::NeverRepartitions
                if known.as_ref().is_some_and(|one| one.partitions.len() != usize::from(spec.partitions)) =>
            {
                return Err(StoreError::Unsuitable("other partitions".to_owned()));
            }
            Fault::IgnoresIndexes | Fault::AllowsDuplicates => {
                spec.table = spec.table.as_ref().map(without_indexes);
            }
            _ => {}
        }
        let answer = self.store.open_consumer(&spec).await;
        match (self.fault, known) {
            (Fault::OpeningResets, Some(_)) => {
                self.store.reset(&spec.name, Start::Beginning, None).await?;
            }
            (Fault::OpeningMovesToTheStart, Some(_)) => {
                self.store.reset(&spec.name, spec.start, None).await?;
            }
            (Fault::RaisedVersionsBeginAgain, Some(known)) if known.version < spec.version => {
                self.store.reset(&spec.name, Start::Beginning, None).await?;
            }
            (Fault::ForgetsWhatIsParked, Some(known)) if known.version < spec.version => {
                let at = known.partitions[0].position;
                self.store.reset(&spec.name, Start::After(at), None).await?;
            }
            (Fault::OpensWhateverIsNamed, Some(known)) if answer.is_err() => {
                return Ok(Opened { generation: Some(known.generation), live: true });
            }
            (Fault::RunsOlderVersions, Some(known))
                if matches!(answer, Ok(Opened { generation: None, .. })) =>
            {
                return Ok(Opened { generation: Some(known.generation), live: true });
            }
            _ => {}
        }
        answer
    }

    pub(super) async fn lease_wrongly(&self, request: &LeaseRequest) -> Result<Vec<Lease>, StoreError> {
        let mut request = request.clone();
        match self.fault {
            Fault::LeasesAreShort => request.duration = request.duration.min(SHORT),
            Fault::LeasesNeverEnd => request.duration = Duration::from_secs(1_000_000),
            Fault::RenewsUnderANewEpoch => {
                request.wanted.iter_mut().for_each(|wanted| wanted.held.clear());
            }
            Fault::GivesAllToTheFirst => {
                let mut ids = self.ids();
                if !ids.is_empty() && !ids.contains(&request.worker) {
                    return Ok(Vec::new());
                }
                ids.insert(request.worker);
            }
            Fault::ClaimsOnlyBetweenBatches if self.count.load(Ordering::SeqCst) > 0 => {
                return Err(contention());
            }
            _ => {}
        }
        let leases = self.store.lease(&request).await?;
        if self.is(Fault::GivesLeasesTwice) && leases.is_empty() {
            return self.copies(&request).await;
        }
        Ok(leases)
    }

    /// Leases of others, as if they were the worker's.
    async fn copies(&self, request: &LeaseRequest) -> Result<Vec<Lease>, StoreError> {
        let records = self.store.consumers().await?;
        let mut leases = Vec::new();
        for wanted in &request.wanted {
            let of =
                |one: &&ConsumerRecord| one.name == wanted.consumer && one.generation == wanted.generation;
            for record in records.iter().filter(of) {
                leases.extend(record.partitions.iter().filter(|one| one.worker.is_some()).map(|one| Lease {
                    worker: request.worker,
                    consumer: record.name.clone(),
                    generation: record.generation,
                    live: record.live,
                    partition: one.partition,
                    partitions: u16::try_from(record.partitions.len()).unwrap_or(u16::MAX),
                    epoch: one.epoch,
                    position: one.position,
                    timeline: Timeline::FIRST,
                }));
            }
        }
        Ok(leases)
    }

    pub(super) async fn advance_wrongly(
        &self,
        transaction: &mut MemoryTransaction,
        lease: &Lease,
        mut from: Position,
        to: Position,
    ) -> Result<bool, StoreError> {
        let mut lease = lease.clone();
        let known = self.record(&lease.consumer, Some(true)).await;
        let place = usize::from(lease.partition);
        let known = known.and_then(|record| Some((record.generation, record.partitions.get(place)?.clone())));
        match (self.fault, known) {
            (Fault::ForgetsTheEpoch | Fault::IsNotFenced, Some((generation, partition))) => {
                if self.is(Fault::IsNotFenced) {
                    from = partition.position;
                }
                lease.generation = generation;
                lease.epoch = partition.epoch;
                lease.worker = partition.worker.unwrap_or(lease.worker);
            }
            (Fault::IgnoresTheFloor, Some((_, partition))) => from = partition.position,
            (Fault::AdvancesOncePerBatch, _) if self.next() > 0 => return Ok(false),
            _ => {}
        }
        self.store.advance(transaction, &lease, from, to).await
    }

    pub(super) fn lease_of(&self, lease: &Lease) -> Lease {
        let partition = if self.is(Fault::MixesPartitions) { 0 } else { lease.partition };
        Lease { partition, ..lease.clone() }
    }

    /// Gives back the leases of whoever holds one of the consumer.
    pub(super) async fn drive_out(&self, consumer: &str) -> Result<(), StoreError> {
        let Some(record) = self.record(consumer, None).await else { return Ok(()) };
        for worker in record.partitions.iter().filter_map(|partition| partition.worker) {
            self.store.release(worker).await?;
        }
        Ok(())
    }
}
