//! What operators are told of sagas.

use std::ops::Bound;

use time::OffsetDateTime;

use super::{Saga, Sagas};
use crate::store::{SagaDefinitionRecord, SagaQuery, SagaRecord, SagaStatus};

/// How many are listed if nothing is said.
const PAGE: usize = 100;

/// The most bytes of data on a page, unless one instance alone has more.
const PAGE_BYTES: usize = 16 * 1024 * 1024;

impl Sagas {
    /// Lists instances, by name and id.
    pub(in super::super) fn list(&self, query: &SagaQuery, now: OffsetDateTime) -> Vec<SagaRecord> {
        let limit = if query.limit == 0 { PAGE } else { query.limit as usize };
        let started_by =
            query.older_than.map(|age| now.saturating_sub(age.try_into().unwrap_or(time::Duration::MAX)));
        let wanted = |record: &&SagaRecord| {
            query.status.is_none_or(|status| record.status == status)
                && query.step.as_deref().is_none_or(|step| record.step.as_deref() == Some(step))
                && started_by.is_none_or(|started_by| record.started_at <= started_by)
        };
        let from = query.after.as_ref().map_or("", |(saga, _)| saga.as_str());
        let sagas = self.by_name.range::<str, _>((Bound::Included(from), Bound::Unbounded));
        let sagas = sagas.filter(|(name, _)| query.saga.as_deref().is_none_or(|only| &***name == only));
        let ids = sagas.flat_map(|(name, saga)| {
            let after = query.after.as_ref().filter(|(last, _)| **last == **name);
            let after = after.map_or(Bound::Unbounded, |(_, id)| Bound::Excluded(id.as_str()));
            saga.by_id.range::<str, _>((after, Bound::Unbounded)).map(|(_, instance)| instance)
        });
        let records = ids.filter_map(|instance| Some(self.instances.get(instance)?.record()));
        let mut bytes = 0_usize;
        let fits = |record: &&SagaRecord| {
            let is_first = bytes == 0;
            bytes = bytes.saturating_add(record.state.len());
            is_first || bytes <= PAGE_BYTES
        };
        records.filter(wanted).take(limit).take_while(fits).cloned().collect()
    }

    /// How many there are of each saga and status.
    pub(in super::super) fn counts(&self) -> Vec<(String, SagaStatus, u64)> {
        let counts = self.by_name.iter().flat_map(|(name, saga)| {
            saga.statuses.iter().map(move |(status, count)| (name.to_string(), *status, *count))
        });
        counts.filter(|(_, _, count)| *count > 0).collect()
    }

    /// Whether any instance of a saga has something to do by itself.
    pub(in super::super) fn is_busy(&self, saga: &str, now: OffsetDateTime) -> bool {
        self.by_name.get(saga).is_some_and(|saga| saga.is_busy(now))
    }

    /// Keeps the description of a definition, unless it is there.
    pub(in super::super) fn save(&mut self, definition: &SagaDefinitionRecord, now: OffsetDateTime) {
        let saga = self.saga(&definition.saga.as_str().into());
        let key = (definition.version, definition.definition);
        saga.definitions.entry(key).or_insert_with(|| (definition.description.clone(), now)).1 = now;
    }

    /// The descriptions of a saga's definitions, by version.
    pub(in super::super) fn definitions(&self, saga: &str, now: OffsetDateTime) -> Vec<SagaDefinitionRecord> {
        let definitions = self.by_name.get(saga).into_iter().flat_map(|saga| &saga.definitions);
        let definitions = definitions.map(|((version, definition), (description, _))| SagaDefinitionRecord {
            saga: saga.to_owned(),
            version: *version,
            definition: *definition,
            description: description.clone(),
            live: self.workers.run(saga, *definition, now),
        });
        definitions.collect()
    }
}

impl Saga {
    fn is_busy(&self, now: OffsetDateTime) -> bool {
        let has = |status| self.statuses.get(&status).is_some_and(|count| *count > 0);
        let is_due = || self.due.values().filter_map(|due| due.first()).any(|(due_at, _)| *due_at <= now);
        self.owned > 0 || has(SagaStatus::Running) || has(SagaStatus::Compensating) || is_due()
    }
}
