use kenning::prelude::*;

pub struct Fulfilment;

#[saga]
impl Fulfilment {
    #[step(read_only)]
    async fn reserve(&self) -> Result<u64, StepError> {
        Ok(1)
    }
}

fn main() {}
