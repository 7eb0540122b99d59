//! Rounds: every side of a workload by turns, so that whatever else the machine does meets each of them.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::cpu::Cpu;

/// What one side did in one round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// In the unit of the workload.
    pub(crate) value: f64,
    /// How many operations the CPU time is shared by.
    pub(crate) operations: u64,
    pub(crate) client: Option<Duration>,
    pub(crate) server: Option<Duration>,
}

impl Sample {
    pub(crate) fn rate(operations: u64, elapsed: Duration) -> Self {
        Self { value: operations as f64 / elapsed.as_secs_f64(), operations, client: None, server: None }
    }

    pub(crate) fn time(value: f64, operations: u64) -> Self {
        Self { value, operations, client: None, server: None }
    }

    pub(crate) fn cpu(mut self, before: &Cpu, after: &Cpu) -> Self {
        let Cpu { client, server } = after.since(before);
        (self.client, self.server) = (client, server);
        self
    }

    /// Microseconds of CPU an operation took in the client and in the server.
    fn micros(&self) -> Option<(f64, f64)> {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / self.operations.max(1) as f64;
        Some((each(self.client?), each(self.server.unwrap_or_default())))
    }
}

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// One way to do the work of a workload.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    run: Box<dyn FnMut(Duration) -> BoxFuture<Sample>>,
}

impl Side {
    pub(crate) fn new<F>(name: &'static str, mut run: impl FnMut(Duration) -> F + 'static) -> Self
    where
        F: Future<Output = Result<Sample>> + 'static,
    {
        Self { name, run: Box::new(move |duration| Box::pin(run(duration))) }
    }
}

/// What the values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    /// Operations a second: more is better.
    PerSecond,
    /// Milliseconds: fewer are better.
    Milliseconds,
    /// MiB of memory: fewer are better.
    Mebibytes,
    /// A number of things: fewer are better.
    Count,
}

/// What a comparison has to reach.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) enum Target {
    /// Ours divided by the floor.
    AtLeast(f64),
    /// Ours divided by the floor.
    AtMost(f64),
    /// Ours less the floor, in milliseconds.
    Within(f64),
    /// Nothing: shown so that a cost is known.
    Shown,
}

/// Two sides of a workload put beside each other: a line of the table.
pub(crate) struct Comparison {
    ours: usize,
    floor: usize,
    target: Target,
}

impl Comparison {
    /// Compares two sides, by their places in [`Workload::sides`].
    pub(crate) fn new(ours: usize, floor: usize, target: Target) -> Self {
        Self { ours, floor, target }
    }
}

/// Sides that do the same work, and which of them are compared.
pub(crate) struct Workload {
    pub(crate) unit: Unit,
    pub(crate) sides: Vec<Side>,
    pub(crate) comparisons: Vec<Comparison>,
}

/// A line of the table.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) workload: &'static str,
    pub(crate) ours_name: &'static str,
    pub(crate) floor_name: &'static str,
    pub(crate) unit: Unit,
    pub(crate) ours: f64,
    pub(crate) floor: f64,
    /// The median of the rounds' ratios (differences, for [`Target::Within`]), and the smallest and largest.
    pub(crate) ratio: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) ours_micros: Option<(f64, f64)>,
    pub(crate) floor_micros: Option<(f64, f64)>,
    pub(crate) target: Target,
    pub(crate) met: Option<bool>,
    /// Every round's values: ours, the floor.
    pub(crate) rounds: Vec<(f64, f64)>,
}

impl Workload {
    /// Drops every other side, and so every comparison.
    pub(crate) fn keep(&mut self, name: &str) {
        self.sides.retain(|side| side.name.contains(name));
        self.comparisons.clear();
    }

    /// Runs every side once a round; each round begins with another side.
    pub(crate) async fn run(
        mut self,
        name: &'static str,
        rounds: usize,
        duration: Duration,
    ) -> Result<Vec<Line>> {
        let count = self.sides.len();
        let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); count];
        for round in 0..rounds {
            for turn in 0..count {
                let at = (round + turn) % count;
                let side = &mut self.sides[at];
                let (machine, began) = (crate::cpu::of_machine(), Instant::now());
                let own = Cpu::now();
                let sample = (side.run)(duration).await?;
                let others = other_cores(machine, &own, began.elapsed());
                eprintln!(
                    "  {:<40} {:>12.1} {:?} other_cores {others:.1}",
                    side.name,
                    sample.value,
                    sample.micros()
                );
                samples[at].push(sample);
            }
        }
        Ok(self.comparisons.iter().map(|comparison| self.line(name, comparison, &samples)).collect())
    }

    fn line(&self, workload: &'static str, comparison: &Comparison, samples: &[Vec<Sample>]) -> Line {
        let (ours, floor) = (&samples[comparison.ours], &samples[comparison.floor]);
        let rounds: Vec<_> = ours.iter().zip(floor).map(|(ours, floor)| (ours.value, floor.value)).collect();
        let compare = |&(ours, floor): &(f64, f64)| match comparison.target {
            Target::Within(_) => ours - floor,
            Target::AtLeast(_) | Target::AtMost(_) | Target::Shown => ours / floor,
        };
        let ratios: Vec<f64> = rounds.iter().map(compare).collect();
        let ratio = median(ratios.iter().copied());
        let micros = |samples: &[Sample]| {
            let all: Option<Vec<_>> = samples.iter().map(Sample::micros).collect();
            all.map(|all| (median(all.iter().map(|one| one.0)), median(all.iter().map(|one| one.1))))
        };
        Line {
            workload,
            ours_name: self.sides[comparison.ours].name,
            floor_name: self.sides[comparison.floor].name,
            unit: self.unit,
            ours: median(ours.iter().map(|sample| sample.value)),
            floor: median(floor.iter().map(|sample| sample.value)),
            ratio,
            least: ratios.iter().copied().fold(f64::INFINITY, f64::min),
            most: ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ours_micros: micros(ours),
            floor_micros: micros(floor),
            target: comparison.target,
            met: match comparison.target {
                Target::AtLeast(least) => Some(ratio >= least),
                Target::AtMost(most) | Target::Within(most) => Some(ratio <= most),
                Target::Shown => None,
            },
            rounds,
        }
    }
}

/// How many cores others have used. What a child process of the benchmark uses counts as others'.
fn other_cores(machine: Option<Duration>, own: &Cpu, elapsed: Duration) -> f64 {
    let used = crate::cpu::of_machine().zip(machine).map(|(now, then)| now.saturating_sub(then));
    let Cpu { client, server } = Cpu::now().since(own);
    let own = client.unwrap_or_default() + server.unwrap_or_default();
    used.map_or(f64::NAN, |used| used.saturating_sub(own).as_secs_f64() / elapsed.as_secs_f64())
}

/// The value in the middle.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[odd / 2],
        even => f64::midpoint(values[even / 2 - 1], values[even / 2]),
    }
}
