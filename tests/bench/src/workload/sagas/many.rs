//! A backlog of one saga in a process that runs others, too.

use std::sync::Arc;
use std::time::Duration;

use kenning::Kenning;
use kenning::prelude::*;
use kenning::saga::SagaOptions;

use super::delivery::Delivery;
use super::{application, to_their_end};
use crate::Result;
use crate::measure::{Comparison, Side, Target, Unit, Workload};
use crate::workload::Context;

macro_rules! others {
    ($($saga:ident $name:literal),+ $(,)?) => {
        $(
            /// A saga without instances.
            #[derive(Clone, Debug, Serialize, Deserialize, Saga)]
            #[kenning(name = $name, version = 1, id = id)]
            struct $saga {
                id: u64,
            }

            #[saga]
            impl $saga {
                #[step(irreversible = "it changes nothing")]
                async fn nothing(&self) -> Result<(), StepError> {
                    Ok(())
                }
            }
        )+

        /// Registers this many of them.
        fn registered(
            mut builder: kenning::Builder<kenning::PostgresStore>,
            mut many: usize,
        ) -> kenning::Builder<kenning::PostgresStore> {
            $(
                if many > 0 {
                    many -= 1;
                    builder = builder.saga::<$saga>(());
                }
            )+
            debug_assert_eq!(many, 0);
            builder
        }
    };
}

others!(
    S1 "other-1", S2 "other-2", S3 "other-3", S4 "other-4", S5 "other-5", S6 "other-6", S7 "other-7",
    S8 "other-8", S9 "other-9", S10 "other-10", S11 "other-11", S12 "other-12", S13 "other-13",
    S14 "other-14", S15 "other-15", S16 "other-16", S17 "other-17", S18 "other-18", S19 "other-19"
);

/// Steps a second of a backlog of one saga, in a process with as many sagas and slots, beside one
/// with this saga alone.
pub(crate) async fn many(context: Context, sagas: usize, slots: usize) -> Result<Workload> {
    let pool = context.pool().await?;
    let (store, alone) = application(&context, SagaOptions::new().concurrency(slots)).await?;
    let builder = Kenning::builder(store.clone()).sagas(SagaOptions::new().concurrency(slots));
    let all = registered(builder.saga::<Delivery>(()), sagas - 1).build().await?;
    let side = |name, app: Kenning| {
        let (store, pool, app) = (store.clone(), pool.clone(), Arc::new(app));
        Side::new(name, move |duration: Duration| {
            let (store, pool, app) = (store.clone(), pool.clone(), Arc::clone(&app));
            // Fewer slots take longer.
            let instances = super::instances(duration.mul_f64(slots as f64 / 64.0));
            async move { to_their_end(&store, &app, &pool, instances).await }
        })
    };
    Ok(Workload {
        unit: Unit::PerSecond,
        sides: vec![side("all", all), side("one saga", alone)],
        comparisons: vec![Comparison::new(0, 1, Target::AtLeast(0.8))],
    })
}
