//! A run that breaks a rule, for people.

use std::fmt;

use crate::store::SagaWhole;
use crate::testing::saga::director::shown;
use crate::testing::saga::tale::Line;

/// A run that breaks a rule.
#[derive(Clone, Debug)]
pub struct Counterexample {
    pub(super) saga: &'static str,
    pub(super) broken: Vec<String>,
    pub(super) wrong: Vec<String>,
    pub(super) tale: Vec<Line>,
    pub(super) instances: Vec<SagaWhole>,
    pub(super) run: usize,
    pub(super) seed: u64,
}

impl Counterexample {
    /// The rules that are broken.
    #[must_use]
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// What went wrong in the run; nothing, when the saga breaks the rules by itself.
    #[must_use]
    pub fn went_wrong(&self) -> &[String] {
        &self.wrong
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the exploration of `{}` has found a run that breaks a rule", self.saga)?;
        writeln!(f, "\nbroken:")?;
        for rule in &self.broken {
            writeln!(f, "  {rule}")?;
        }
        writeln!(f, "\nwhat went wrong:")?;
        for (nth, wrong) in self.wrong.iter().enumerate() {
            writeln!(f, "  {}. {wrong}", nth + 1)?;
        }
        if self.wrong.is_empty() {
            writeln!(f, "  nothing: it does so by itself")?;
        }
        writeln!(f, "\nwhat happened:")?;
        for line in &self.tale {
            writeln!(f, "{line}")?;
        }
        for SagaWhole { record, log, .. } in &self.instances {
            writeln!(f, "\nthe log of `{}`, which is {}:", record.id, record.status)?;
            for entry in log {
                let at = entry.at - time::OffsetDateTime::UNIX_EPOCH;
                let text = entry.entry.text.as_deref().map_or(String::new(), |text| format!(": {text}"));
                writeln!(f, "{:>12.3} s  {}{text}", at.as_seconds_f64(), shown(&entry.entry))?;
            }
        }
        write!(f, "\nfound in run {} with seed {}", self.run, self.seed)
    }
}

impl std::error::Error for Counterexample {}
