//! Running instances: claimed in batches, each by a task of its own, recorded together.

mod adopt;
mod advance;
mod attempt;
mod begin;
mod claimer;
mod committer;
mod cut;
mod feed;
mod gone;
mod look_around;
mod metrics;
mod own_events;
mod plans;
mod record;
mod retention;
mod run;
mod seat;
mod shared;
mod shares;
mod side;
mod starter;
mod supervise;
mod timeout;
mod worker;

pub(crate) use self::shared::{RegisteredSaga, Setup};
pub(crate) use self::side::{SagaEngine, SagaSide, registered};
pub(crate) use self::starter::given;
