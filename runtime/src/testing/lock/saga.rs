//! Sagas in a lock file.

mod compare;
mod parse;

pub(super) use self::compare::sagas;
pub(super) use self::parse::saga;

use crate::catalog::SagaEntry;
use crate::saga::{SagaDescription, StepDescription, StepKind, WayBack};
use crate::schema::{head, name, write_within};

/// A version of a saga in a lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LockedSaga {
    /// Without what means nothing to an instance.
    pub(super) description: SagaDescription,
    /// The earliest version whose instances it goes on with.
    pub(super) migrates_from: u32,
}

impl LockedSaga {
    pub(super) fn of(entry: &SagaEntry) -> Self {
        Self { description: entry.description.clone().without_words(), migrates_from: entry.migrates_from }
    }

    pub(super) fn write(&self, text: &mut String) {
        let SagaDescription { name: saga, version, data, steps } = &self.description;
        text.push_str(&format!("\nsaga {} v{version} {:016x}", name(saga), self.description.fingerprint()));
        if self.migrates_from < *version {
            text.push_str(&format!(", migrates from v{}", self.migrates_from));
        }
        text.push_str(&format!("\n  data: {}\n", head(data)));
        write_within(text, data, 2);
        for step in steps {
            text.push_str(&format!("  {}\n", line(step)));
            write_within(text, &step.output, 2);
        }
    }
}

/// `send thank: null, command ThankCustomer of customer, after ship`
fn line(step: &StepDescription) -> String {
    let (word, target) = match &step.kind {
        StepKind::Step => ("step", String::new()),
        StepKind::Send { command, category } => {
            ("send", format!(", command {} of {}", name(command), name(category)))
        }
        StepKind::Wait { event, fails } => {
            ("wait", format!(", for {}{}", name(event), if *fails { ", fails" } else { "" }))
        }
    };
    let mut line = format!("{word} {}: {}{target}", name(&step.name), head(&step.output));
    if !step.after.is_empty() {
        line.push_str(", after");
        for before in &step.after {
            line.push(' ');
            line.push_str(&name(before));
        }
    }
    line.push_str(match step.way_back {
        WayBack::Undo(_) => ", undo",
        WayBack::ReadOnly => ", read only",
        WayBack::Irreversible(_) => ", irreversible",
        WayBack::NotNeeded => "",
    });
    line.push_str(if step.pivot { ", pivot" } else { "" });
    line
}
