//! Which instances of other definitions a process takes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::gone::{GoneWait, gone_waits};
use super::shared::{RegisteredSaga, Shared};
use crate::saga::SagaDescription;
use crate::store::{SagaStore, StoreError};

/// Which definitions' instances this process takes on.
#[derive(Default)]
pub(super) struct Plans {
    by_saga: BTreeMap<Arc<str>, Vec<u64>>,
    pub(super) described: BTreeMap<u64, SagaDescription>,
    /// The waits of definitions that are taken on, for events that this release waits for no more.
    pub(super) gone: BTreeSet<GoneWait>,
}

impl Plans {
    /// What is to be taken on beside the own definitions: those of lower versions that have a migration or survive the
    /// change, and the others once no worker runs them. These are parked, so that an operator sees them. Those of higher
    /// versions are left to the processes that know them.
    pub(super) async fn make<S: SagaStore>(shared: &Shared<S>) -> Result<Self, StoreError> {
        let mut plans = Self::default();
        for main in shared.mains() {
            let about = main.saga.about();
            let own = shared.sagas.iter().map(|one| one.saga.about()).filter(|own| own.name == about.name);
            let mut taken: Vec<u64> = own.map(|own| own.fingerprint).collect();
            for record in shared.store.saga_definitions(&about.name).await? {
                if taken.contains(&record.definition) {
                    continue;
                }
                if record.version > about.version {
                    if shared.is_stranded(&record) {
                        taken.push(record.definition);
                    }
                    continue;
                }
                let described = SagaDescription::from_json(&record.description).ok();
                let survives =
                    described.as_ref().is_some_and(|old| old.compare(&about.definition).survives());
                if survives || main.migrates(record.version) || !record.live {
                    taken.push(record.definition);
                    let old = described.iter();
                    let gone = old.flat_map(|old| gone_waits(&record, old, &about.definition, &about.name));
                    plans.gone.extend(gone);
                }
                if let Some(described) = described {
                    plans.described.insert(record.definition, described);
                }
            }
            plans.by_saga.insert(Arc::clone(&about.name), taken);
        }
        Ok(plans)
    }

    /// Whether instances are taken on of a definition that the other plans leave to others.
    pub(super) fn takes_more_than(&self, other: &Self) -> bool {
        self.by_saga.iter().any(|(saga, taken)| {
            let before = other.by_saga.get(saga);
            taken.iter().any(|one| before.is_none_or(|before| !before.contains(one)))
        })
    }

    pub(super) fn of(&self, saga: &str) -> Vec<u64> {
        self.by_saga.get(saga).cloned().unwrap_or_default()
    }
}

impl RegisteredSaga {
    /// Whether a migration is declared for instances of a version.
    pub(super) fn migrates(&self, version: u32) -> bool {
        let about = self.saga.about();
        let back = about.version.saturating_sub(version);
        back > 0 && usize::try_from(back).is_ok_and(|back| back <= self.saga.migrations())
    }
}
