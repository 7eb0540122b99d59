use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "fulfilment", version = 1, id = order_id)]
pub struct Fulfilment {
    pub order_id: u64,
}

#[derive(Default)]
pub struct Services {
    pub log: std::rc::Rc<std::cell::RefCell<u8>>,
}

#[saga(services = Services)]
impl Fulfilment {
    #[step(read_only)]
    async fn look(&self, cx: &StepContext<Services>) -> Result<u64, StepError> {
        std::future::ready(()).await;
        *cx.services().log.borrow_mut() += 1;
        Ok(self.order_id)
    }
}

fn main() {}
