//! What is wrong with a saga.

use std::any::type_name;

use super::consumer::version;
use super::{Mistake, unstorable};
use crate::limits::MAX_CONSUMER_NAME;
use crate::saga::{Saga, SagaDefinition, mistakes_of_table};
use crate::schema::Schema;

/// What is wrong with one saga.
pub(in crate::app) fn mistakes_of_saga<S: SagaDefinition>() -> Vec<Mistake> {
    let saga = type_name::<S>();
    let mut mistakes = Vec::new();
    if S::NAME.is_empty() || S::NAME.len() > MAX_CONSUMER_NAME || S::NAME.contains(char::is_control) {
        mistakes.push(Mistake::SagaName { saga, name: S::NAME });
    }
    mistakes.extend(version(saga, S::VERSION));
    if !<<S as Saga>::Id as Schema>::SCALAR {
        mistakes.push(Mistake::SagaId { saga, id: type_name::<S::Id>() });
    }
    let migrations = S::MIGRATIONS.len();
    if u32::try_from(migrations).map_or(true, |migrations| migrations >= S::VERSION.max(1)) {
        mistakes.push(Mistake::SagaMigrations { saga, version: S::VERSION, migrations });
    }
    mistakes.extend(unstorable(S::EVENTS.iter().map(|event| &event.info)));
    mistakes.extend(mistakes_of_table::<S>().into_iter().map(|reason| Mistake::SagaSteps { saga, reason }));
    mistakes
}
