use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: u64,
}

pub struct Services;

impl Fulfilment {
    #[step(read_only)]
    async fn look(&self, _: &StepContext<Services>) -> Result<u64, StepError> {
        Ok(self.order_id)
    }

    #[step(read_only)]
    async fn double(&self, look: &u64) -> Result<u64, StepError> {
        Ok(2 * look)
    }
}

pub fn start(app: &kenning::Kenning) {
    drop(app.start(Fulfilment { order_id: 1 }));
}

fn main() {}
