//! What the server writes for a saga of five steps and three waits, started by an event.

use std::sync::Arc;
use std::time::Duration;

use kenning::prelude::*;
use kenning::saga::SagaOptions;
use kenning::store::SagaStatus;
use kenning::{Kenning, PostgresStore, Start};
use sqlx::PgPool;

use super::Running;
use crate::Result;
use crate::measure::{Comparison, Sample, Side, Target, Unit, Workload};
use crate::workload::{CONNECTIONS, Context};

const INSTANCES: u64 = 300;

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.sent")]
struct Sent {
    weight: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.weighed")]
struct Weighed {
    weight: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.loaded")]
struct Loaded {
    weight: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.arrived")]
struct Arrived {
    weight: u32,
}

#[derive(Clone, Debug, EventSet)]
enum ParcelEvent {
    Sent(Sent),
    Weighed(Weighed),
    Loaded(Loaded),
    Arrived(Arrived),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "parcel", id = u64, events = ParcelEvent)]
struct Parcel;

macro_rules! commands {
    ($($command:ident $event:ident $function:ident $apply:ident),+ $(,)?) => {
        $(
            #[derive(Clone, Debug, Serialize, Command)]
            #[kenning(aggregate = Parcel)]
            struct $command {
                #[kenning(id)]
                id: u64,
            }
        )+

        #[aggregate]
        impl Parcel {
            $(
                #[command]
                fn $function(&self, command: $command) -> $event {
                    $event { weight: u32::try_from(command.id % 100).unwrap_or_default() }
                }
                #[apply]
                fn $apply(&mut self, _: &$event) {}
            )+
        }
    };
}

commands!(
    Send Sent send sent, Weigh Weighed weigh weighed, Load Loaded load loaded, Arrive Arrived arrive arrived
);

/// Its steps send the commands whose events it waits for.
#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "transport", version = 1, id = parcel)]
struct Transport {
    parcel: u64,
    weight: u32,
}

fn parcel<E: kenning::Event>(event: &Recorded<E>) -> u64 {
    event.stream().id().parse().unwrap_or_default()
}

#[saga]
impl Transport {
    #[start]
    fn sent(event: &Recorded<Sent>) -> Option<Self> {
        Some(Self { parcel: parcel(event), weight: event.weight })
    }
    #[send(irreversible = "a measurement")]
    fn weigh(&self) -> Weigh {
        Weigh { id: self.parcel }
    }
    #[wait(timeout = "1h", on_timeout = fail)]
    fn weighed(event: &Recorded<Weighed>) -> Correlated<u64, u32> {
        Correlated::to(parcel(event), event.weight)
    }
    #[send(irreversible = "a measurement")]
    fn load(&self) -> Load {
        Load { id: self.parcel }
    }
    #[wait(timeout = "1h", on_timeout = fail)]
    fn loaded(event: &Recorded<Loaded>) -> Correlated<u64, u32> {
        Correlated::to(parcel(event), event.weight)
    }
    #[send(irreversible = "a measurement")]
    fn arrive(&self) -> Arrive {
        Arrive { id: self.parcel }
    }
    #[wait(timeout = "1h", on_timeout = fail)]
    fn arrived(event: &Recorded<Arrived>) -> Correlated<u64, u32> {
        Correlated::to(parcel(event), event.weight)
    }
    #[step(irreversible = "a measurement")]
    async fn note(&self) -> Result<(), StepError> {
        Ok(())
    }
    #[step(irreversible = "a measurement")]
    async fn close(&self) -> Result<(), StepError> {
        Ok(())
    }
}

/// Updates of the table of instances, for each instance. Half of the 15.65 that releases before
/// this one made.
pub(crate) async fn writes(context: Context) -> Result<Workload> {
    let pool = context.pool().await?;
    let ours = Side::new("updates", {
        let context = context.clone();
        move |_: Duration| {
            let (context, pool) = (context.clone(), pool.clone());
            async move {
                sqlx::query("DROP SCHEMA IF EXISTS ours CASCADE").execute(&pool).await?;
                let store = PostgresStore::options()
                    .schema("ours")
                    .max_connections(CONNECTIONS)
                    .connect(&context.url)
                    .await?;
                let app = Kenning::builder(store)
                    .aggregate::<Parcel>()
                    .sagas(SagaOptions::new())
                    .saga_from::<Transport>((), Start::Beginning)
                    .build()
                    .await?;
                let app = Arc::new(app);
                let running = Running::start(&app);
                for id in 0..INSTANCES {
                    app.execute(Send { id }).await?;
                }
                for id in 0..INSTANCES {
                    let handle = app.sagas().instance(<Transport as kenning::Saga>::NAME, id.to_string());
                    // The event may not have come to the saga yet.
                    let status = loop {
                        match handle.ended().await? {
                            Some(status) => break status,
                            None => tokio::time::sleep(Duration::from_millis(5)).await,
                        }
                    };
                    if status != SagaStatus::Completed {
                        return Err(format!("instance {id} has ended {status}").into());
                    }
                }
                running.stop().await?;
                app.close().await;
                updates(&pool).await
            }
        }
    });
    let before = Side::new("release before", |_| async { Ok(Sample::time(15.65, 1)) });
    Ok(Workload {
        unit: Unit::Count,
        sides: vec![ours, before],
        comparisons: vec![Comparison::new(0, 1, Target::AtMost(0.52))],
    })
}

/// Updates an instance, as the server counts them. Backends report what they did when they are idle or end.
async fn updates(pool: &PgPool) -> Result<Sample> {
    let sql = "SELECT n_tup_upd::float8, n_tup_hot_upd::float8 FROM pg_stat_all_tables \
               WHERE schemaname = 'ours' AND relname = 'sagas'";
    let mut before = -1.0;
    loop {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let (updates, hot): (f64, f64) = sqlx::query_as(sql).fetch_one(pool).await?;
        if updates == before {
            eprintln!("  updates in place: {:.0} %", 100.0 * hot / updates);
            return Ok(Sample::time(updates / INSTANCES as f64, INSTANCES));
        }
        before = updates;
    }
}
