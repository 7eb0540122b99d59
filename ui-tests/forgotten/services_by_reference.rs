use kenning::prelude::*;

use std::sync::Arc;

#[derive(Default)]
pub struct Bank {
    log: std::sync::Mutex<Vec<String>>,
}

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "payment", version = 1, id = id)]
pub struct Payment {
    pub id: u64,
}

#[saga(services = &Bank)]
impl Payment {
    #[step(pivot)]
    async fn charge(&self, cx: &StepContext<Bank>) -> Result<u64, StepError> {
        cx.services().log.lock().unwrap().push(cx.key().to_string());
        Ok(1)
    }
}

pub async fn run(app: &Kenning) -> Result<(), Box<dyn std::error::Error>> {
    app.start(Payment { id: 1 }).await?;
    Ok(())
}

pub fn shared() -> Arc<Bank> {
    Arc::default()
}

fn main() {}
