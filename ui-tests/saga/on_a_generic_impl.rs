use kenning::prelude::*;

pub struct Fulfilment<T>(T);

#[saga]
impl<T> Fulfilment<T> {
    #[step(read_only)]
    async fn reserve(&self) -> Result<u64, StepError> {
        Ok(1)
    }
}

fn main() {}
