//! Diagrams in Mermaid's language, which code hosts and editors draw.

mod chart;
mod flow;
mod saga;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::catalog::{Catalog, SagaEntry};
use crate::saga::{SagaDescription, StepStatus};

/// The diagrams of a catalog, as [`Catalog::mermaid`] makes them: one of the whole flow, and one of each saga. Its text is a page of Markdown with all of them.
///
/// The text is the same for the same declarations, so that a test can compare it with a committed file:
///
/// ```
/// # fn of<Order: kenning::Aggregate>() {
/// let catalog = kenning::Catalog::new().aggregate::<Order>();
/// assert!(catalog.mermaid().flow().starts_with("flowchart LR\n"));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Mermaid<'a> {
    catalog: &'a Catalog,
}

impl<'a> Mermaid<'a> {
    pub(crate) fn of(catalog: &'a Catalog) -> Self {
        Self { catalog }
    }

    /// The flow as one picture: commands, the aggregates that decide on them, the events that these may cause, and who follows those: read models, projections, reactors and sagas, with the commands that
    /// sagas send.
    #[must_use]
    pub fn flow(&self) -> String {
        flow::drawn(self.catalog)
    }

    /// The newest version of a saga: what starts it, its steps in their order, its waits and its pivot, what undoes it, in the order of compensation, and what it sends when it has failed. `None`: no saga has that name.
    #[must_use]
    pub fn saga(&self, name: &str) -> Option<String> {
        self.catalog.find_saga(name).map(|entry| saga::drawn(&entry.description, Some(entry), None))
    }
}

impl Catalog {
    /// The diagrams of everything declared.
    #[must_use]
    pub fn mermaid(&self) -> Mermaid<'_> {
        Mermaid::of(self)
    }
}

impl SagaDescription {
    /// The steps in their order, with waits, pivot and undos, as a Mermaid diagram.
    #[must_use]
    pub fn mermaid(&self) -> String {
        saga::drawn(self, None, None)
    }

    /// An instance: the [diagram](Self::mermaid) with how far each step is, as its [log](Self::statuses) says. Steps that are not named are pending; names that no step has are passed over.
    ///
    /// ```
    /// # fn of(description: kenning::saga::SagaDescription) {
    /// use kenning::saga::StepStatus;
    ///
    /// let drawn = description.mermaid_of_instance([("reserve", StepStatus::Done), ("charge", StepStatus::Running)]);
    /// # }
    /// ```
    #[must_use]
    pub fn mermaid_of_instance<'a>(&self, steps: impl IntoIterator<Item = (&'a str, StepStatus)>) -> String {
        saga::drawn(self, None, Some(&steps.into_iter().collect()))
    }
}

impl fmt::Display for Mermaid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "## The flow\n\n```mermaid\n{}```\n", self.flow())?;
        let newest = |entry: &&SagaEntry| self.catalog.find_saga(entry.name) == Some(*entry);
        for entry in self.catalog.sagas().filter(newest) {
            let diagram = saga::drawn(&entry.description, Some(entry), None);
            // The name is free text, and a back-tick would end it.
            let name = entry.name.replace('`', "'");
            write!(f, "\n## The saga `{name}`, version {}\n\n```mermaid\n{diagram}```\n", entry.version)?;
        }
        Ok(())
    }
}
