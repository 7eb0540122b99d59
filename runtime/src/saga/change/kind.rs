//! What can differ between two definitions of a saga.

use super::SagaChange;
use crate::schema::ShapeChange;

/// How something has changed between two definitions of a saga.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SagaChangeKind {
    /// The structure of the data, or of what a step returns, has changed.
    Structure {
        /// Where in it: `items[].quantity`; empty for the whole.
        path: String,
        /// How.
        change: ShapeChange,
    },
    /// A step is new, and none that was there comes after it.
    StepAdded,
    /// A step is new, and one that was there comes after it: an instance in flight may be past it.
    StepInserted {
        /// The first that comes after it.
        before: String,
    },
    /// A step is gone, which an instance in flight may have done, and may have to undo.
    StepRemoved,
    /// A step is gone, and a new one is in its place.
    StepRenamed {
        /// The new one.
        to: String,
    },
    /// A step does something else: it sends another command, waits for another event, or has become a step of another kind.
    Replaced {
        /// What it did.
        from: String,
        /// What it does.
        to: String,
    },
    /// When the time of a wait is over, the saga fails where it went on, or goes on where it failed.
    Timeout {
        /// Whether it fails now.
        fails: bool,
    },
    /// A step comes after other steps than before.
    Reordered {
        /// The steps that it came after.
        from: Vec<String>,
        /// The steps that it comes after.
        to: Vec<String>,
    },
    /// A step can be undone now.
    UndoAdded,
    /// A step cannot be undone any more: what an instance in flight has done would stay when it is compensated.
    UndoRemoved,
    /// A step that has no undo has none for another reason.
    WayBackReworded,
    /// A step has become the pivot: an instance in flight that is compensated may have done it.
    PivotAdded,
    /// A step is the pivot no more: an instance in flight that is past it would have a way back again, without undos.
    PivotRemoved,
}

impl SagaChange {
    /// Whether instances in flight can go on as they are.
    #[must_use]
    pub const fn survives(&self) -> bool {
        use SagaChangeKind as Kind;
        match &self.kind {
            Kind::Structure { change, .. } => !change.is_breaking(),
            Kind::StepAdded | Kind::Timeout { .. } | Kind::UndoAdded | Kind::WayBackReworded => true,
            Kind::StepInserted { .. }
            | Kind::StepRemoved
            | Kind::StepRenamed { .. }
            | Kind::Replaced { .. }
            | Kind::Reordered { .. }
            | Kind::UndoRemoved
            | Kind::PivotAdded
            | Kind::PivotRemoved => false,
        }
    }
}
