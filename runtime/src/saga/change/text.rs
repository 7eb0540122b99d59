//! Differences between definitions, in words.

use std::fmt;

use super::{SagaChange, SagaChangeKind, SagaChanges};
use crate::saga::step::StepKind;

impl SagaChange {
    /// What takes a difference back that instances in flight do not survive.
    pub(crate) fn reversal(&self) -> Option<String> {
        use SagaChangeKind as Kind;
        if self.survives() {
            return None;
        }
        let step = self.step.as_deref().unwrap_or_default();
        Some(match &self.kind {
            Kind::Structure { path, change } => change.remedy(path)?,
            Kind::StepInserted { .. } => format!("put `{step}` after the steps that were there"),
            Kind::StepRemoved => format!("put `{step}` back"),
            Kind::StepRenamed { to } => format!("write `name = \"{step}\"` on the step `{to}`"),
            Kind::Replaced { .. } => format!("give the new step another name, and put `{step}` back"),
            Kind::Reordered { from, .. } => format!("write `after({})` on `{step}`", from.join(", ")),
            Kind::UndoRemoved => format!("give `{step}` its undo back"),
            Kind::PivotAdded => format!("remove `pivot` from `{step}`"),
            Kind::PivotRemoved => format!("write `pivot` on `{step}` again"),
            Kind::StepAdded | Kind::Timeout { .. } | Kind::UndoAdded | Kind::WayBackReworded => return None,
        })
    }
}

/// One line that says what differs.
impl fmt::Display for SagaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SagaChangeKind as Kind;
        let step = self.step.as_deref().unwrap_or("the data");
        match &self.kind {
            Kind::Structure { path, change } => match &self.step {
                Some(step) => write!(f, "what `{step}` returns: {}", change.text(path)),
                None => write!(f, "the data: {}", change.text(path)),
            },
            Kind::StepAdded => write!(f, "`{step}` is new, and nothing that was there comes after it"),
            Kind::StepInserted { before } => write!(f, "`{step}` is new, and `{before}` comes after it"),
            Kind::StepRemoved => write!(f, "`{step}` was removed"),
            Kind::StepRenamed { to } => write!(f, "`{step}` was removed, and `{to}` is in its place"),
            Kind::Replaced { from, to } => write!(f, "`{step}` {from}, and now it {to}"),
            Kind::Timeout { fails: true } => write!(f, "`{step}` fails when its time is over"),
            Kind::Timeout { fails: false } => write!(f, "`{step}` goes on when its time is over"),
            Kind::Reordered { from, to } => {
                write!(f, "`{step}` came after {}, and comes after {}", names(from), names(to))
            }
            Kind::UndoAdded => write!(f, "`{step}` is undone now"),
            Kind::UndoRemoved => write!(f, "`{step}` is not undone any more"),
            Kind::WayBackReworded => write!(f, "`{step}` has no undo for another reason"),
            Kind::PivotAdded => write!(f, "`{step}` has become the pivot"),
            Kind::PivotRemoved => write!(f, "`{step}` is the pivot no more"),
        }
    }
}

impl fmt::Display for SagaChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.first_fatal().or_else(|| self.list.first()) else {
            return f.write_str("nothing differs");
        };
        write!(f, "{first}")?;
        match self.list.len() - 1 {
            0 => Ok(()),
            1 => f.write_str(" (and one more difference)"),
            more => write!(f, " (and {more} more differences)"),
        }
    }
}

/// `a` and `b`, or nothing.
fn names(steps: &[String]) -> String {
    match steps {
        [] => "nothing".to_owned(),
        steps => steps.iter().map(|step| format!("`{step}`")).collect::<Vec<_>>().join(" and "),
    }
}

/// What a step does, as the end of a sentence that begins with its name.
pub(super) fn does(kind: &StepKind<String>) -> String {
    match kind {
        StepKind::Step => "does something outside".to_owned(),
        StepKind::Send { command, category } => format!("sends `{command}` to `{category}`"),
        StepKind::Wait { event, .. } => format!("waits for `{event}`"),
    }
}
