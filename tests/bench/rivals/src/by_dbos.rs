//! The crate `dbos`.

use dbos::{Config, DBOS, RunOptions, WorkflowRef, step};

use crate::{CONNECTIONS, Delivery, Error, Rival};

pub(crate) struct ByDbos {
    _dbos: DBOS,
    delivery: WorkflowRef<Delivery, String>,
}

impl ByDbos {
    pub(crate) async fn connect(url: &str) -> Result<Self, Error> {
        let dbos = DBOS::new(Config {
            app_version: Some("1".to_owned()),
            max_connections: CONNECTIONS,
            schema: "dbos_rival".to_owned(),
            ..Config::new("rival", url)
        });
        let delivery = dbos.register_workflow("delivery", delivery)?;
        dbos.launch().await?;
        Ok(Self { _dbos: dbos, delivery })
    }
}

impl Rival for ByDbos {
    async fn run(&self, id: String, input: Delivery) -> Result<String, Error> {
        Ok(self.delivery.run_with(input, RunOptions { workflow_id: Some(&id), ..RunOptions::default() }).await?)
    }
}

async fn delivery(_: Delivery) -> dbos::Result<String> {
    let reserve = step("reserve", || async { Ok("none".to_owned()) }).await?;
    let charge = step("charge", || { let reserve = reserve.clone(); async move { Ok(reserve) } }).await?;
    step("ship", || { let charge = charge.clone(); async move { Ok(charge) } }).await
}
