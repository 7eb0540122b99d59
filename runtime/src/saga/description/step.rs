//! A step, as data.

use serde::{Deserialize, Serialize};

use super::json::as_text;
use crate::saga::step::{StepInfo, StepKind, WayBack};
use crate::schema::Shape;

/// What a step is, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepDescription {
    /// The persisted name.
    pub name: String,
    /// What it is.
    pub kind: StepKind<String>,
    /// The names of the steps that have to be done before it.
    pub after: Vec<String>,
    /// How there is a way back.
    pub way_back: WayBack<String>,
    /// There is no way back after it.
    pub pivot: bool,
    /// The structure of what it returns.
    #[serde(with = "as_text")]
    pub output: Shape,
}

impl StepDescription {
    /// `names` are those of all steps. A place where no step is has the name `#place`: an application with such a table is not built, before anything is done with it.
    pub(super) fn of(info: &StepInfo, kind: StepKind, output: Shape, names: &[&str]) -> Self {
        let name =
            |place: &usize| names.get(*place).map_or_else(|| format!("#{place}"), |name| (*name).to_owned());
        Self {
            name: info.name.to_owned(),
            kind: kind.owned(),
            after: info.after.iter().map(name).collect(),
            way_back: info.way_back.owned(),
            pivot: info.pivot,
            output,
        }
    }
}

impl StepKind {
    fn owned(self) -> StepKind<String> {
        match self {
            Self::Step => StepKind::Step,
            Self::Send { command, category } => {
                StepKind::Send { command: command.to_owned(), category: category.to_owned() }
            }
            Self::Wait { event, fails } => StepKind::Wait { event: event.to_owned(), fails },
        }
    }
}

impl WayBack {
    fn owned(self) -> WayBack<String> {
        match self {
            Self::Undo(function) => WayBack::Undo(function.to_owned()),
            Self::ReadOnly => WayBack::ReadOnly,
            Self::Irreversible(reason) => WayBack::Irreversible(reason.to_owned()),
            Self::NotNeeded => WayBack::NotNeeded,
        }
    }
}
