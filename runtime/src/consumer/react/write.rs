//! What a batch causes, written in its transaction.

use std::sync::Arc;

use super::ReactSession;
use super::plan::{Item, Plan};
use super::whose::{done_before, of_store};
use crate::app::{NotFollowed, with_sources};
use crate::consumer::page::EventRef;
use crate::consumer::runner::{Failure, Poison};
use crate::consumer::trouble::{is_unfit, unfit};
use crate::reactor::Reactor;
use crate::store::{Append, AppendError, Appended, AppendedTo, ConsumerStore, StoreError};

impl<R: Reactor, S: ConsumerStore> ReactSession<R, S> {
    /// Appends everything that was decided.
    pub(super) async fn write(
        &mut self,
        store: &Arc<S>,
        transaction: &mut S::Transaction,
        events: &[EventRef],
        plan: &mut Plan,
    ) -> Result<(), Failure> {
        for nth in 0..plan.waves() {
            let wave = plan.wave(nth);
            let appends: Vec<&Append> = wave.iter().map(|item| &item.append).collect();
            let answers = store.append_all_in(transaction, &appends).await;
            let appended = self.answered(events, &wave, answers.map_err(|error| of_store(None, error))?)?;
            self.follow(transaction, &wave, &appended).await?;
            plan.appended(&appended);
        }
        Ok(())
    }

    /// Looks at what became of the appends of a wave.
    fn answered(
        &mut self,
        events: &[EventRef],
        wave: &[&Item],
        answers: Vec<Result<Appended, AppendError>>,
    ) -> Result<Vec<Appended>, Failure> {
        let mut appended = Vec::with_capacity(answers.len());
        let mut collision = None;
        for (item, answer) in wave.iter().zip(answers) {
            match answer {
                Ok(done) => appended.push(done),
                Err(AppendError::Conflict(conflict)) => {
                    collision = Some(conflict.to_string());
                    self.distrusted.push(conflict.stream);
                }
                Err(AppendError::DuplicateCommand(record)) => {
                    let effects =
                        self.ready.get_mut(&events[item.at].metadata.position).into_iter().flatten();
                    for effect in effects.filter(|effect| effect.id == record.command_id) {
                        done_before(item.at, effect, &record, &self.metrics)?;
                    }
                    self.repeated = true;
                    collision.get_or_insert_with(|| "some of it was done before".to_owned());
                }
                Err(AppendError::Invalid(invalid)) => {
                    return Err(Failure::for_good(item.at, invalid.to_string()));
                }
                Err(AppendError::Store(error)) => return Err(of_store(Some(item.at), error)),
            }
        }
        match collision {
            Some(reason) => Err(Failure::Collision(StoreError::Contention(reason.into()))),
            None => Ok(appended),
        }
    }

    /// Has the inline projections follow what was appended, in the order of the feed.
    async fn follow(
        &self,
        transaction: &mut S::Transaction,
        wave: &[&Item],
        appended: &[Appended],
    ) -> Result<(), Failure> {
        let Some(inlines) = &self.application.inlines else { return Ok(()) };
        let done = wave.iter().zip(appended);
        let mut done: Vec<_> = done.filter(|(item, _)| item.append.events() > 0).collect();
        done.sort_by_key(|(_, appended)| appended.streams.iter().flat_map(AppendedTo::position).min());
        for (item, appended) in done {
            match inlines.follow(transaction, &item.append, appended).await {
                Ok(()) => {}
                Err(NotFollowed::TurnedBack(error)) => return Err(Failure::Collision(error)),
                Err(NotFollowed::Lost(error)) => return Err(Failure::Store(error)),
                Err(NotFollowed::Failed { projection, source, .. }) if is_unfit(&*source) => {
                    let problem = unfit(&*source);
                    let problem = format!("the inline projection `{projection}` failed: {problem}");
                    return Err(Failure::Store(StoreError::Unsuitable(problem)));
                }
                Err(NotFollowed::Failed { projection, source, stuck }) => {
                    let source = with_sources(&*source);
                    let reason = format!("the inline projection `{projection}` failed: {source}");
                    let poison = Poison::this_time(reason);
                    return Err(Failure::Poison(Poison { at: Some(item.at), stuck, ..poison }));
                }
            }
        }
        Ok(())
    }
}
