//! The crate `durare`.

use std::sync::Arc;

use durare::{DurableContext, DurableEngine, PostgresProvider, WorkflowOptions};
use sqlx::postgres::PgPoolOptions;

use crate::{CONNECTIONS, Delivery, Error, Rival};

pub(crate) struct ByDurare {
    engine: DurableEngine,
}

impl ByDurare {
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect(url)
            .await?;
        let provider = PostgresProvider::from_pool_with_schema(pool, "durare_rival")?;
        let engine = DurableEngine::builder(Arc::new(provider)).build().await?;
        engine.launch().await?;
        Ok(Self { engine })
    }
}

impl Rival for ByDurare {
    async fn run(&self, id: String, input: Delivery) -> Result<String, Error> {
        Ok(self.engine.start_with(Workflow, input, WorkflowOptions::with_id(id)).await?.await?)
    }
}

#[durare::step]
async fn reserve(ctx: &DurableContext, nothing: String) -> durare::Result<String> {
    Ok(nothing)
}

#[durare::step]
async fn charge(ctx: &DurableContext, reserve: String) -> durare::Result<String> {
    Ok(reserve)
}

#[durare::step]
async fn ship(ctx: &DurableContext, charge: String) -> durare::Result<String> {
    Ok(charge)
}

#[durare::workflow]
async fn workflow(ctx: DurableContext, _input: Delivery) -> durare::Result<String> {
    let reserved = reserve(&ctx, "none".to_owned()).await?;
    let charged = charge(&ctx, reserved).await?;
    ship(&ctx, charged).await
}
