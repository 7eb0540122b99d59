//! What more can go wrong in a run.

use crate::saga::{Does, SagaDefinition};
use crate::testing::saga::stage::{ENOUGH, Stage};
use crate::testing::saga::twist::{Arrival, Effect, Misdeed, Times, Twist, Until};
use crate::testing::saga::world::Played;

const ARRIVALS: [Arrival; 7] = [
    Arrival::AtStart,
    Arrival::AtOnce,
    Arrival::JustBefore,
    Arrival::AtTimeout,
    Arrival::JustAfter,
    Arrival::Never,
    Arrival::Twice,
];

/// Everything that can go wrong in a run after what has gone wrong in it.
pub(super) fn variants<F: SagaDefinition>(
    stage: &Stage<F>,
    twists: &[Twist],
    played: &Played<F>,
) -> Vec<Twist> {
    let from = played.state.from;
    let mut variants = Vec::new();
    for event in 0..stage.events.len() {
        let has = twists.iter().any(|twist| matches!(twist, Twist::Event(one, _) if *one == event));
        if !has && twists.is_empty() {
            variants.extend(ARRIVALS.map(|arrival| Twist::Event(event, arrival)));
        }
    }
    let mut seen: Vec<&Effect> = Vec::new();
    let attempts = &played.state.attempts;
    for attempt in attempts.iter().take(played.state.calm.unwrap_or(attempts.len())) {
        let earlier = seen.iter().filter(|effect| ***effect == attempt.effect).count();
        seen.push(&attempt.effect);
        if attempt.moment < from || is_wrong(twists, &attempt.effect) {
            continue;
        }
        let nth = u32::try_from(earlier).unwrap_or(u32::MAX).saturating_add(1);
        variants.extend(wrong(stage, &attempt.effect, nth));
    }
    for moment in played.state.moments.iter().skip(from) {
        variants.push(Twist::Dies(moment.clone()));
        variants.push(Twist::Stops(moment.clone(), Until::TakenOver));
        variants.push(Twist::Stops(moment.clone(), Until::Over));
        variants.push(Twist::Cancelled(moment.clone()));
    }
    variants
}

/// Whether attempts at an effect go wrong already, each time.
fn is_wrong(twists: &[Twist], effect: &Effect) -> bool {
    twists.iter().any(|twist| matches!(twist, Twist::Attempt(one, Times::First(_), _) if one == effect))
}

/// The ways in which an attempt goes wrong.
fn wrong<F: SagaDefinition>(stage: &Stage<F>, effect: &Effect, nth: u32) -> Vec<Twist> {
    let step = stage.table.find(&effect.step).and_then(|place| stage.table.steps.get(place));
    let has_timeout = step.is_some_and(|step| step.info.timeout.is_some() && step.does == Does::Act);
    let mut once = vec![Misdeed::Fails("the test says no".to_owned())];
    let mut always = Vec::new();
    for done in [false, true] {
        always.push(Misdeed::Retries { done });
        if has_timeout {
            always.push(Misdeed::Hangs { done });
        }
        once.push(Misdeed::Panics { done });
    }
    let one = |misdeed: &Misdeed| Twist::Attempt(effect.clone(), Times::Nth(nth), misdeed.clone());
    let mut twists: Vec<_> = once.iter().chain(&always).map(one).collect();
    if nth == 1 {
        let bound = step.map(|step| match effect.direction {
            crate::saga::Direction::Do => step.info.retry.attempts,
            crate::saga::Direction::Undo => step.info.undo_retry.attempts,
        });
        let times = bound.flatten().unwrap_or(ENOUGH).min(ENOUGH);
        let each = |misdeed| Twist::Attempt(effect.clone(), Times::First(times), misdeed);
        twists.extend(always.into_iter().map(each));
    }
    twists
}
