//! What more can go wrong in a run.

use std::sync::Arc;

use crate::saga::{Does, MissingInstance, SagaDefinition};
use crate::testing::saga::arrival::Arrival;
use crate::testing::saga::ask::{Ask, all};
use crate::testing::saga::definition::Release;
use crate::testing::saga::stage::{Coming, ENOUGH, Stage};
use crate::testing::saga::twist::{Effect, Misdeed, Moment, Rollout, Target, Times, Twist, Until};
use crate::testing::saga::world::{Played, Routes};

/// Everything that can go wrong in a run after what has gone wrong in it.
pub(super) fn variants<F: SagaDefinition>(
    stage: &Stage<F>,
    twists: &[Twist],
    played: &Played<F>,
) -> Vec<Twist> {
    let from = played.state.from;
    let mut variants = Vec::new();
    if twists.is_empty() {
        for (event, (coming, routes)) in stage.events.iter().zip(&played.routes).enumerate() {
            variants.extend(arrivals(coming, routes).map(|arrival| Twist::Event(event, arrival)));
        }
    }
    let asks = all(stage);
    let targets = targets(stage);
    if stage.operator.is_some() && !twists.iter().any(|twist| matches!(twist, Twist::AskedAtRest(..))) {
        for (ask, target) in asks.iter().flat_map(|ask| targets.iter().map(move |target| (ask, target))) {
            variants.push(Twist::AskedAtRest(target.clone(), ask.clone(), 2));
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
        variants.extend(wrong(stage, (&attempt.effect, attempt.release), nth));
    }
    let moments = played.state.moments.iter().zip(&played.state.releases);
    for (moment, release) in moments.skip(from).filter(|(moment, _)| is_new(moment)) {
        variants.extend(deploys(stage, twists, moment, *release));
        variants.push(Twist::Dies(moment.clone()));
        variants.push(Twist::Stops(moment.clone(), Until::TakenOver));
        variants.push(Twist::Stops(moment.clone(), Until::Over));
        for ask in asks.iter().filter(|ask| suits(ask, moment)) {
            let times = if moment.before { 1 } else { 2 };
            let asked = |target: &Target| Twist::Asked(moment.clone(), target.clone(), ask.clone(), times);
            variants.extend(targets.iter().map(asked));
        }
    }
    variants
}

/// Whether anything can be different at a moment: an instance whose timeout is held back, or that only this
/// process can run, is claimed and given back again and again.
fn is_new(moment: &Moment) -> bool {
    let rests = moment.what.ends_with("that nothing is to be done") || *moment.what == *"claiming it";
    !rests || moment.nth <= 4
}

/// The times at which an event may come.
fn arrivals(coming: &Coming, routes: &Routes) -> impl Iterator<Item = Arrival> {
    let both: Vec<_> = [&routes.new, &routes.old].into_iter().flatten().flatten().collect();
    let (starts, has_timeout) = (both.is_empty(), both.iter().any(|to| to.timeout.is_some()));
    // A wait that parks what comes before its instance says that this does not happen.
    let may_be_first = both.iter().any(|to| to.missing != MissingInstance::Park);
    let said = coming.arrivals.clone();
    Arrival::ALL.into_iter().filter(move |arrival| match &said {
        Some(said) if !said.contains(arrival) => false,
        _ if starts => arrival.suits_start(),
        _ if arrival.needs_timeout() => has_timeout,
        None if *arrival == Arrival::BeforeStart => may_be_first,
        _ => true,
    })
}

/// The instances that requests are about: each alone.
fn targets<F: SagaDefinition>(stage: &Stage<F>) -> Vec<Target> {
    match &*stage.instances {
        [] | [_] => vec![None],
        several => several.iter().map(|new| Some(Arc::clone(&new.id))).collect(),
    }
}

/// Whether a request can have another outcome at a moment than at the one before.
fn suits(ask: &Ask, moment: &Moment) -> bool {
    match ask {
        Ask::Cancel | Ask::Park | Ask::Terminate => true,
        Ask::Retry => !moment.before,
        Ask::GiveUp => moment.what.contains("fail"),
        Ask::Skip(step, _) => moment.what.contains(&format!("`{step}`")),
    }
}

/// The deployments at a moment.
fn deploys<F: SagaDefinition>(
    stage: &Stage<F>,
    twists: &[Twist],
    moment: &Moment,
    release: Release,
) -> Vec<Twist> {
    let is_upgraded = twists.iter().any(|twist| matches!(twist, Twist::Upgraded(..)));
    let is_rolled_back = twists.iter().any(|twist| matches!(twist, Twist::RolledBack(_)));
    match (&stage.old, is_upgraded, is_rolled_back, release) {
        (Some(_), false, _, Release::Old) => [Rollout::Replaced, Rollout::Rolling, Rollout::Stale]
            .map(|rollout| Twist::Upgraded(moment.clone(), rollout))
            .into(),
        (Some(_), true, false, Release::New) => vec![Twist::RolledBack(moment.clone())],
        _ => Vec::new(),
    }
}

/// Whether attempts at an effect go wrong already, each time.
fn is_wrong(twists: &[Twist], effect: &Effect) -> bool {
    twists.iter().any(|twist| matches!(twist, Twist::Attempt(one, Times::First(_), _) if one == effect))
}

/// The ways in which an attempt goes wrong.
fn wrong<F: SagaDefinition>(stage: &Stage<F>, (effect, release): (&Effect, Release), nth: u32) -> Vec<Twist> {
    let table = &stage.of(release).table;
    let step = table.find(&effect.step).and_then(|place| table.steps.get(place));
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

/// The same with less going wrong.
pub(super) fn simpler(twist: &Twist) -> Option<Twist> {
    match twist {
        Twist::Asked(moment, target, ask, 2..) => {
            Some(Twist::Asked(moment.clone(), target.clone(), ask.clone(), 1))
        }
        Twist::AskedAtRest(target, ask, 2..) => Some(Twist::AskedAtRest(target.clone(), ask.clone(), 1)),
        Twist::Upgraded(moment, Rollout::Rolling | Rollout::Stale) => {
            Some(Twist::Upgraded(moment.clone(), Rollout::Replaced))
        }
        Twist::Stops(moment, _) => Some(Twist::Dies(moment.clone())),
        _ => None,
    }
}
