//! In which order runs are made.

use super::Explore;
use super::counterexample::Counterexample;
use super::dimension::Dimension;
use super::explored::{Explored, Level};
use super::variants::{simpler, variants};
use crate::saga::SagaDefinition;
use crate::testing::saga::twist::Twist;
use crate::testing::saga::world::{Played, play};

type Found = Box<Counterexample>;

/// An exploration under way.
pub(super) struct Search<'a, F: SagaDefinition> {
    explore: &'a Explore<F>,
    explored: Explored,
    chance: fastrand::Rng,
}

impl<'a, F: SagaDefinition> Search<'a, F> {
    pub(super) fn new(explore: &'a Explore<F>) -> Self {
        assert!(
            !explore.stage.instances.is_empty() || !explore.stage.events.is_empty(),
            "there is no instance to explore\nhelp: `.start(…)`"
        );
        let missing = Dimension::ALL.into_iter();
        let missing = missing.filter_map(|one| Some((one, one.missing(&explore.stage)?))).collect();
        let explored = Explored::new(F::NAME, (explore.seed, explore.at_most), missing);
        Self { explore, explored, chance: fastrand::Rng::with_seed(explore.seed) }
    }

    pub(super) fn go(mut self) -> Result<Explored, Found> {
        // One thing goes wrong, each in its turn.
        let singles = self.try_all(vec![Vec::new()])?;
        if self.explore.at_most_faults == 0 {
            return Ok(self.explored);
        }
        let mut pairs = self.try_all(singles)?;
        if self.explore.at_most_faults == 1 {
            return Ok(self.explored);
        }
        // Cancelling and stopping are tried at many moments, so that they would come late in the
        // order in which they happen.
        self.chance.shuffle(&mut pairs);
        let deeper = self.try_all(pairs)?;
        self.wander(deeper)?;
        Ok(self.explored)
    }

    fn is_over(&self) -> bool {
        self.explored.runs() >= self.explore.at_most
    }

    /// Makes runs, as many as the bound allows; returns those in which one thing more goes wrong.
    fn try_all(&mut self, runs: Vec<Vec<Twist>>) -> Result<Vec<Vec<Twist>>, Found> {
        let mut more = Vec::new();
        let is_partial =
            self.explored.levels.last().is_some_and(|last| last.tried < last.known || last.is_partial);
        let mut level = Level { tried: 0, known: runs.len(), is_partial };
        for twists in runs {
            if self.is_over() {
                break;
            }
            let played = self.run(&twists)?;
            level.tried += 1;
            // Of three at once there are too many to be listed.
            if twists.len() < 2 {
                more.extend(variants(&self.explore.stage, &twists, &played).into_iter().map(|twist| {
                    let mut longer = twists.clone();
                    longer.push(twist);
                    longer
                }));
            } else {
                more.push(twists);
            }
        }
        self.explored.levels.push(level);
        Ok(more)
    }

    /// Has more and more go wrong, by chance.
    fn wander(&mut self, mut from: Vec<Vec<Twist>>) -> Result<(), Found> {
        while !self.is_over() && !from.is_empty() {
            let mut twists = from.swap_remove(self.chance.usize(..from.len()));
            while twists.len() <= self.explore.at_most_faults && !self.is_over() {
                let played = self.run(&twists)?;
                self.explored.by_chance += 1;
                let Some(twist) = self.chance.choice(variants(&self.explore.stage, &twists, &played)) else {
                    break;
                };
                twists.push(twist);
            }
        }
        Ok(())
    }

    /// Makes a run, and checks it.
    fn run(&mut self, twists: &[Twist]) -> Result<Played<F>, Found> {
        let played = self.play(twists);
        self.explored.add(&played.instances, &played.fired);
        let broken = self.broken(&played);
        if broken.is_empty() { Ok(played) } else { Err(self.counterexample(twists.to_vec(), played, broken)) }
    }

    fn play(&self, twists: &[Twist]) -> Played<F> {
        let services = (self.explore.services)();
        play(&self.explore.stage, services, twists.to_vec(), self.explore.seed)
    }

    fn broken(&self, played: &Played<F>) -> Vec<String> {
        self.explore.rules.broken(&self.explore.stage, played)
    }

    /// The run, with as little going wrong as possible.
    fn counterexample(
        &self,
        mut twists: Vec<Twist>,
        mut played: Played<F>,
        mut broken: Vec<String>,
    ) -> Found {
        let mut at = 0;
        while at < twists.len() {
            let mut fewer = twists.clone();
            fewer.remove(at);
            let again = self.play(&fewer);
            let still = self.broken(&again);
            if still.is_empty() {
                at += 1;
            } else {
                (twists, played, broken) = (fewer, again, still);
            }
        }
        for at in 0..twists.len() {
            let mut simple = twists.clone();
            let Some(simpler) = twists.get(at).and_then(simpler) else { continue };
            if let Some(twist) = simple.get_mut(at) {
                *twist = simpler;
            }
            let again = self.play(&simple);
            let still = self.broken(&again);
            if !still.is_empty() {
                (twists, played, broken) = (simple, again, still);
            }
        }
        Box::new(Counterexample {
            saga: F::NAME,
            broken,
            wrong: played.fired.iter().map(|twist| self.shown(twist)).collect(),
            tale: played.state.tale,
            instances: played.resumed.unwrap_or(played.instances),
            run: self.explored.runs(),
            seed: self.explore.seed,
        })
    }

    fn shown(&self, twist: &Twist) -> String {
        match twist {
            Twist::Event(event, arrival) => match self.explore.stage.events.get(*event) {
                Some(coming) => {
                    format!("`{}` of `{}` {}", coming.event.name, coming.stream, arrival.recorded())
                }
                None => twist.to_string(),
            },
            _ => twist.to_string(),
        }
    }
}
