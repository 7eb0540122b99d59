//! Opening consumers, and the generations that follow each other.

use std::sync::Arc;

use time::OffsetDateTime;

use super::consumers::{Consumer, Consumers, Generation, Partition};
use super::leases::later;
use crate::number::Position;
use crate::store::{ConsumerSpec, Lease, Opened, SWAP_PAUSE, StoreError, Table};

impl Consumers {
    /// Makes sure that a consumer is there. `start` is where a new one begins. `raise`: one of a
    /// lower version gets this one.
    pub(super) fn open(
        &mut self,
        spec: &ConsumerSpec,
        start: Position,
        now: OffsetDateTime,
        raise: bool,
    ) -> Result<Opened, StoreError> {
        let Some(consumer) = self.by_name.get_mut(&spec.name) else {
            self.by_name.insert(Arc::clone(&spec.name), Consumer::new(spec, start, now));
            return Ok(Opened { generation: Some(1), live: true });
        };
        if consumer.kind != spec.kind {
            let (is, opened) = (consumer.kind.as_str(), spec.kind.as_str());
            return Err(unsuitable(
                spec,
                &format!("is a {is} in the store, and this process has a {opened}"),
            ));
        }
        let older = Opened { generation: None, live: false };
        let live = consumer.live;
        let building = consumer.building();
        for number in [Some(live), building].into_iter().flatten() {
            let Some(generation) = consumer.generations.get_mut(&number) else { continue };
            if generation.version == spec.version {
                generation.agree(spec)?;
            }
        }
        let version =
            |number| consumer.generations.get(&number).map_or(0, |found: &Generation| found.version);
        if version(live) == spec.version {
            return Ok(Opened { generation: Some(live), live: true });
        }
        if version(live) > spec.version {
            return Ok(older);
        }
        if spec.kind.goes_on() {
            if !raise {
                return Ok(older);
            }
            return Ok(Opened { generation: Some(consumer.raise(spec)), live: true });
        }
        if !raise {
            return Ok(older);
        }
        match building.map(|number| (number, version(number))) {
            Some((_, version)) if version > spec.version => return Ok(older),
            Some((number, version)) if version == spec.version => {
                return Ok(Opened { generation: Some(number), live: false });
            }
            Some((number, _)) => drop(consumer.generations.remove(&number)),
            None => {}
        }
        Ok(Opened { generation: Some(consumer.add(spec, Position::ZERO, now)), live: false })
    }

    /// Gives a consumer of a kind that continues a lower version in its place, when no worker of
    /// the higher one asks for leases.
    pub(super) fn lower(&mut self, spec: &ConsumerSpec, now: OffsetDateTime) -> bool {
        let Some(consumer) = self.by_name.get_mut(&spec.name) else { return false };
        let idle = consumer.live().is_some_and(|live| {
            live.version > spec.version && live.workers.values().all(|worker| worker.until <= now)
        });
        let lowers = idle && spec.kind.goes_on() && consumer.kind == spec.kind;
        if lowers {
            consumer.raise(spec);
        }
        lowers
    }

    /// Has a consumer without a table start again.
    pub(super) fn restart(&mut self, spec: &ConsumerSpec, at: Position, now: OffsetDateTime) {
        match self.by_name.get_mut(&spec.name) {
            Some(consumer) => {
                consumer.generations.clear();
                consumer.live = consumer.add(spec, at, now);
            }
            None => drop(self.by_name.insert(Arc::clone(&spec.name), Consumer::new(spec, at, now))),
        }
    }

    /// Gives a consumer another name.
    pub(super) fn rename(&mut self, from: &str, spec: &ConsumerSpec) -> Result<bool, StoreError> {
        if self.by_name.contains_key(&spec.name) {
            return Ok(false);
        }
        let Some((name, mut consumer)) = self.by_name.remove_entry(from) else { return Ok(false) };
        if consumer.kind != spec.kind {
            let is = consumer.kind.as_str();
            self.by_name.insert(name, consumer);
            return Err(unsuitable(
                spec,
                &format!("cannot be `{from}` under another name: that one is a {is} in the store"),
            ));
        }
        for generation in consumer.generations.values_mut() {
            generation.workers.clear();
            generation.partitions.iter_mut().for_each(Partition::revoke);
            generation.parked.values_mut().for_each(|parked| parked.consumer = Arc::clone(&spec.name));
        }
        if !consumer.former_names.contains(&name) {
            consumer.former_names.push(name);
        }
        self.by_name.insert(Arc::clone(&spec.name), consumer);
        Ok(true)
    }

    /// Builds a consumer anew, beside its live generation.
    pub(super) fn rebuild(&mut self, spec: &ConsumerSpec, now: OffsetDateTime) -> Result<u32, StoreError> {
        let Some(consumer) = self.by_name.get_mut(&spec.name) else {
            return Err(unsuitable(spec, "was never opened"));
        };
        if consumer.live().is_some_and(|live| live.version > spec.version) {
            return Err(unsuitable(spec, "is of a newer version in the store"));
        }
        Ok(consumer.building().unwrap_or_else(|| consumer.add(spec, Position::ZERO, now)))
    }

    /// Puts the generation of a lease in the place of the live one, if it is as far.
    pub(super) fn swap(&mut self, lease: &Lease, now: OffsetDateTime) -> bool {
        if self.held(lease).is_none() {
            return false;
        }
        let Some(consumer) = self.by_name.get_mut(&lease.consumer) else { return false };
        if consumer.live == lease.generation {
            return false;
        }
        let built = consumer.generations.get(&lease.generation);
        if built.is_some_and(|built| !built.parked.is_empty() && built.replace_anyway.is_none()) {
            return false;
        }
        let as_far = match (built, consumer.live()) {
            (Some(built), Some(live)) => built.is_as_far_as(live),
            _ => false,
        };
        if as_far {
            let old = std::mem::replace(&mut consumer.live, lease.generation);
            consumer.generations.remove(&old);
        }
        let Some(live) = consumer.live_mut() else { return false };
        live.partitions.iter_mut().for_each(Partition::revoke);
        if !as_far {
            let until = later(now, SWAP_PAUSE);
            live.partitions.iter_mut().for_each(|partition| partition.until = Some(until));
        }
        as_far
    }

    /// Pauses a consumer, or lets it go on.
    pub(super) fn pause(&mut self, consumer: &str, paused: bool) -> bool {
        let Some(consumer) = self.by_name.get_mut(consumer) else { return false };
        consumer.paused = paused;
        for generation in consumer.generations.values_mut() {
            generation.halted = None;
        }
        if paused {
            for generation in consumer.generations.values_mut() {
                generation.partitions.iter_mut().for_each(Partition::revoke);
            }
        }
        true
    }

    /// Pauses the generation of a lease.
    pub(super) fn halt(&mut self, lease: &Lease, reason: &str) -> bool {
        if self.held(lease).is_none() {
            return false;
        }
        let Some(generation) = self.generation_mut(&lease.consumer, lease.generation) else { return false };
        generation.halted = Some(reason.into());
        generation.partitions.iter_mut().for_each(Partition::revoke);
        true
    }

    /// Forgets a consumer that nobody runs.
    pub(super) fn forget(&mut self, consumer: &str, now: OffsetDateTime) -> Result<bool, StoreError> {
        let Some(found) = self.by_name.get(consumer) else { return Ok(false) };
        let mut partitions = found.generations.values().flat_map(|generation| &generation.partitions);
        if partitions.any(|partition| partition.worker.is_some() && !partition.is_free(now)) {
            return Err(StoreError::Unsuitable(format!(
                "`{consumer}` is run by a process: stop it before it is forgotten"
            )));
        }
        self.by_name.remove(consumer);
        Ok(true)
    }

    /// Lets the generation that is being built replace the live one whatever has failed.
    pub(super) fn replace_anyway(&mut self, consumer: &str, reason: &str) -> bool {
        let Some(consumer) = self.by_name.get_mut(consumer) else { return false };
        let building = consumer.building().and_then(|number| consumer.generations.get_mut(&number));
        let Some(building) = building else { return false };
        building.replace_anyway = Some(reason.into());
        true
    }

    /// Puts the live generation of a consumer elsewhere.
    pub(super) fn reset(
        &mut self,
        consumer: &str,
        to: Position,
        table: Option<&Table>,
    ) -> Result<bool, StoreError> {
        if let Some(table) = table {
            self.table(table)?;
        }
        let Some(live) = self.by_name.get_mut(consumer).and_then(Consumer::live_mut) else {
            return Ok(false);
        };
        for partition in &mut live.partitions {
            partition.revoke();
            (partition.position, partition.needs) = (to, None);
        }
        live.parked.clear();
        if let Some(table) = &mut live.table {
            table.clear();
        }
        Ok(true)
    }
}

impl Generation {
    /// Makes what is there as the declaration of the same version says, where that can be.
    fn agree(&mut self, spec: &ConsumerSpec) -> Result<(), StoreError> {
        match (&mut self.table, &spec.table) {
            (None, None) => {}
            (Some(table), Some(definition)) => {
                let is = table.definition();
                if is.columns != definition.columns || is.key != definition.key {
                    return Err(unsuitable(spec, "has other columns in the store: raise `version`"));
                }
                if is.indexes != definition.indexes {
                    table.index_as(Arc::clone(definition))?;
                }
            }
            _ => {
                return Err(unsuitable(
                    spec,
                    "has a table where this process has none, or none where it has one: raise `version`",
                ));
            }
        }
        let partitions = usize::from(spec.partitions.max(1));
        if self.partitions.len() != partitions {
            if self.partitions.iter().any(|partition| partition.position != Position::ZERO) {
                let is = self.partitions.len();
                return Err(unsuitable(
                    spec,
                    &format!("has {is} partitions in the store and has begun: raise `version`"),
                ));
            }
            let epoch = self.partitions.iter().map(|partition| partition.epoch).max().unwrap_or(0) + 1;
            self.partitions = vec![Partition { epoch, ..Partition::default() }; partitions];
        }
        Ok(())
    }

    /// Whether nothing that the other one has done is missing here.
    fn is_as_far_as(&self, other: &Self) -> bool {
        let positions = |generation: &Self| -> Vec<Position> {
            generation.partitions.iter().map(|partition| partition.position).collect()
        };
        let (own, theirs) = (positions(self), positions(other));
        if own.len() == theirs.len() {
            own.iter().zip(&theirs).all(|(own, theirs)| own >= theirs)
        } else {
            own.iter().min() >= theirs.iter().max()
        }
    }
}

fn unsuitable(spec: &ConsumerSpec, what: &str) -> StoreError {
    StoreError::Unsuitable(format!("the consumer `{}` {what}", spec.name))
}
