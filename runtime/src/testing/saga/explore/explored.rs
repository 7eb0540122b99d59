//! What an exploration has seen.

use std::collections::BTreeMap;
use std::fmt;

use super::dimension::Dimension;
use crate::store::{SagaStatus, SagaWhole};
use crate::testing::saga::arrival::Arrival;
use crate::testing::saga::twist::Twist;

/// What an exploration has seen that has found nothing. [`Display`](fmt::Display) shows how much of what
/// can go wrong was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    saga: &'static str,
    seed: u64,
    at_most: usize,
    runs: usize,
    instances: usize,
    completed: usize,
    compensated: usize,
    parked: usize,
    pub(super) levels: Vec<Level>,
    /// How many runs with more at once than are listed.
    pub(super) by_chance: usize,
    dimensions: BTreeMap<Dimension, usize>,
    arrivals: BTreeMap<String, usize>,
    upgrades: BTreeMap<&'static str, usize>,
    /// What is not explored, and what to say for it.
    missing: Vec<(Dimension, &'static str)>,
}

/// The runs in which this many things go wrong at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) tried: usize,
    pub(super) known: usize,
    /// Runs before it were left out, which would have shown more.
    pub(super) is_partial: bool,
}

/// How a bound has cut an exploration short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutShort {
    /// The bound: how many runs there may be at most.
    pub at_most: usize,
    /// How many things go wrong at once in the runs that were left out.
    pub faults: usize,
    /// How many of these runs were made.
    pub tried: usize,
    /// How many of them there are; at least, where runs were left out that would have shown more.
    pub known: usize,
}

impl Explored {
    pub(super) fn new(
        saga: &'static str,
        (seed, at_most): (u64, usize),
        missing: Vec<(Dimension, &'static str)>,
    ) -> Self {
        Self { saga, seed, at_most, missing, ..Self::default() }
    }

    /// The number of runs.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// The number of instances that were completed, over all runs. A test that must see every end
    /// asserts on all three.
    #[must_use]
    pub fn completed(&self) -> usize {
        self.completed
    }

    /// The number of instances that were compensated.
    #[must_use]
    pub fn compensated(&self) -> usize {
        self.compensated
    }

    /// The number of instances that were parked, before they were retried at the end of the run.
    #[must_use]
    pub fn parked(&self) -> usize {
        self.parked
    }

    /// The number of runs in which something of this kind went wrong.
    #[must_use]
    pub fn runs_with(&self, dimension: Dimension) -> usize {
        self.dimensions.get(&dimension).copied().unwrap_or_default()
    }

    /// The number of runs in which an event came at this time.
    #[must_use]
    pub fn runs_with_event(&self, arrival: Arrival) -> usize {
        self.arrivals.get(&arrival.to_string()).copied().unwrap_or_default()
    }

    /// Whether every single thing that can go wrong, and every two of them, was tried.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.cut_short().is_none()
    }

    /// How the bound has cut the exploration short; `None`: it is [exhausted](Self::is_exhausted).
    #[must_use]
    pub fn cut_short(&self) -> Option<CutShort> {
        let mut levels = self.levels.iter().enumerate();
        levels.find(|(_, level)| level.tried < level.known || level.is_partial).map(|(faults, level)| {
            CutShort { at_most: self.at_most, faults, tried: level.tried, known: level.known }
        })
    }

    /// Expects that no bound has cut the exploration short.
    ///
    /// # Panics
    /// If one has, with how much was tried.
    #[track_caller]
    pub fn assert_exhausted(&self) {
        assert!(self.is_exhausted(), "the exploration was cut short\n{self}");
    }

    pub(super) fn add(&mut self, instances: &[SagaWhole], fired: &[Twist]) {
        self.runs += 1;
        self.instances = self.instances.max(instances.len());
        for whole in instances {
            match whole.record.status {
                SagaStatus::Completed => self.completed += 1,
                SagaStatus::Compensated => self.compensated += 1,
                SagaStatus::Parked => self.parked += 1,
                SagaStatus::Running | SagaStatus::Waiting | SagaStatus::Compensating => {}
            }
        }
        for dimension in Dimension::ALL {
            if fired.iter().any(|twist| Dimension::of(twist) == dimension) {
                *self.dimensions.entry(dimension).or_default() += 1;
            }
        }
        for twist in fired {
            match twist {
                Twist::Event(_, arrival) => {
                    *self.arrivals.entry(arrival.to_string()).or_default() += 1;
                }
                Twist::Upgraded(_, rollout) => {
                    *self.upgrades.entry(rollout.as_str()).or_default() += 1;
                }
                Twist::RolledBack(_) => *self.upgrades.entry("rolled back").or_default() += 1,
                _ => {}
            }
        }
    }
}

const LEVELS: [&str; 3] = ["nothing goes wrong", "one thing goes wrong", "two things go wrong"];

impl fmt::Display for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { saga, seed, runs, completed, compensated, parked, .. } = self;
        writeln!(f, "the exploration of `{saga}` found nothing in {runs} runs with seed {seed}")?;
        let several = if self.instances > 1 {
            format!("{} instances at once: ", self.instances)
        } else {
            String::new()
        };
        writeln!(f, "  ends: {several}{completed} completed, {compensated} compensated, {parked} parked")?;
        for (level, name) in self.levels.iter().zip(LEVELS) {
            let Level { tried, known, is_partial } = *level;
            let known = if is_partial { format!("at least {known}") } else { known.to_string() };
            writeln!(f, "  {name}: {tried} of {known} runs")?;
        }
        if self.by_chance > 0 {
            writeln!(f, "  more goes wrong: {} runs, by chance", self.by_chance)?;
        }
        match self.cut_short() {
            Some(cut) => writeln!(
                f,
                "  cut short by the bound of {} runs: raise it with `.at_most(…)`, or bound what goes wrong \
                 at once with `.at_most_faults(1)`",
                cut.at_most
            )?,
            None => writeln!(f, "  not cut short")?,
        }
        f.write_str("  runs with")?;
        for dimension in Dimension::ALL {
            write!(f, "\n    {dimension}: {}", self.runs_with(dimension))?;
            let parts: Vec<_> = match dimension {
                Dimension::Event => {
                    self.arrivals.iter().map(|(name, runs)| format!("\n      {name}: {runs}")).collect()
                }
                Dimension::Upgrade => {
                    self.upgrades.iter().map(|(name, runs)| format!("\n      {name}: {runs}")).collect()
                }
                _ => Vec::new(),
            };
            for part in parts {
                f.write_str(&part)?;
            }
            if let Some((_, missing)) = self.missing.iter().find(|(missing, _)| *missing == dimension) {
                write!(f, " ({missing})")?;
            }
        }
        Ok(())
    }
}
