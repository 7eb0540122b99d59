//! What an application refuses to be built with.

use std::any::type_name;

use crate::aggregate::Aggregate;
use crate::catalog::{Catalog, Contradiction};
use crate::event::EventInfo;
use crate::event_set::EventSet;
use crate::limits::MAX_EVENT_NAME;
use crate::schema::Schema;
use crate::store::StoreError;
use crate::stream::is_category;

/// Why an application was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// What was registered does not fit together: everything that is wrong, one a line. Nothing was asked of the store.
    #[error("the application does not fit together{}", lines(.0))]
    Mistakes(Vec<Mistake>),
    /// The store cannot be made ready.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn lines(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(|mistake| format!("\n- {mistake}")).collect()
}

/// One thing that is wrong with what was registered. The derives refuse all but the contradictions at compile time; impls written by hand meet them here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistake {
    /// Two declarations cannot both hold.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
    /// A category that cannot begin a stream's name.
    #[error(
        "`{category}` cannot be the category of `{aggregate}`: it is of a-z, 0-9, _ and ., and starts with a letter"
    )]
    Category {
        /// The aggregate.
        aggregate: &'static str,
        /// Its category.
        category: &'static str,
    },
    /// An id that is not always written as one string or number.
    #[error("`{id}` cannot be the id of `{aggregate}`: it is not written as one string or integer")]
    Id {
        /// The aggregate.
        aggregate: &'static str,
        /// The type of its id.
        id: &'static str,
    },
    /// An event whose name or version no store takes.
    #[error(
        "`{event}` cannot be stored as `{name}` version {version}: a name has 1 to {MAX_EVENT_NAME} bytes and no control character, versions begin at 1"
    )]
    Event {
        /// The type of the event.
        event: &'static str,
        /// Its persisted name.
        name: &'static str,
        /// The version written today.
        version: u32,
    },
}

/// What is wrong with one aggregate.
pub(super) fn mistakes_of<A: Aggregate>() -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    if !is_category(A::CATEGORY.as_bytes()) {
        mistakes.push(Mistake::Category { aggregate: type_name::<A>(), category: A::CATEGORY });
    }
    if !<A::Id as Schema>::SCALAR {
        mistakes.push(Mistake::Id { aggregate: type_name::<A>(), id: type_name::<A::Id>() });
    }
    mistakes.extend(A::Events::EVENTS.iter().filter(|info| !is_storable(info)).map(|info| Mistake::Event {
        event: (info.type_name)(),
        name: info.name,
        version: info.version,
    }));
    mistakes
}

fn is_storable(info: &EventInfo) -> bool {
    let named =
        !info.name.is_empty() && info.name.len() <= MAX_EVENT_NAME && !info.name.contains(char::is_control);
    named && info.version > 0 && i32::try_from(info.version).is_ok()
}

/// Everything that is wrong, in one error.
pub(super) fn check(catalog: &Catalog, mut mistakes: Vec<Mistake>) -> Result<(), BuildError> {
    mistakes.extend(catalog.contradictions().iter().cloned().map(Mistake::from));
    if mistakes.is_empty() { Ok(()) } else { Err(BuildError::Mistakes(mistakes)) }
}
