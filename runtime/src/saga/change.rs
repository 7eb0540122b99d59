//! How two definitions of a saga differ.

mod compare;
mod kind;
mod text;

pub(super) use self::compare::compared;
pub use self::kind::SagaChangeKind;

/// How a definition of a saga differs from another one: what [`SagaDescription::compare`](super::SagaDescription::compare) finds.
///
/// Its text names the difference that decides: the first that instances in flight do not survive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SagaChanges {
    /// The name of the saga.
    pub saga: String,
    /// The version before.
    pub version: u32,
    /// The differences, first those of the data, then those of the steps in the order of their former declaration, then new steps.
    pub list: Vec<SagaChange>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SagaChange {
    /// The step, under its former name; `None`: the data.
    pub step: Option<String>,
    /// How it has changed.
    pub kind: SagaChangeKind,
}

impl SagaChanges {
    /// Whether instances in flight can go on by the new definition as they are.
    #[must_use]
    pub fn survives(&self) -> bool {
        self.list.iter().all(SagaChange::survives)
    }

    /// The first difference that instances in flight do not survive.
    #[must_use]
    pub fn first_fatal(&self) -> Option<&SagaChange> {
        self.list.iter().find(|change| !change.survives())
    }

    /// What to declare so that instances in flight go on in spite of a difference; nothing, if they survive it.
    #[must_use]
    pub fn remedy(&self, change: &SagaChange) -> Option<String> {
        change.remedy(&self.saga, self.version)
    }
}

impl SagaChange {
    pub(crate) fn remedy(&self, saga: &str, version: u32) -> Option<String> {
        let reversal = self.reversal()?;
        let next = version.saturating_add(1);
        let earlier = if version > 1 { "…, " } else { "" };
        Some(format!(
            "{reversal}; or raise the version of `{saga}` to {next} and write `migrate({earlier}from_v{version})`, or register the former definition as well, by `finish_saga`"
        ))
    }
}
