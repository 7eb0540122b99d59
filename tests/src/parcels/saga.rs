//! The saga.

use kenning::prelude::*;

use super::post::Post;

/// Three steps that can be undone, then one that says of every third parcel that it was all for nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Saga)]
#[kenning(name = "parcel", version = 1, id = id)]
pub struct Parcel {
    /// Which.
    pub id: u64,
}

fn known(step: &str, output: Option<&i64>) -> String {
    if output.is_some() { format!("undo {step}") } else { format!("undo {step}?") }
}

#[saga(services = Post, retry(attempts = 50, backoff = "1ms..20ms"), undo_retry(attempts = 1000, backoff = "1ms..20ms"), timeout = "20s")]
impl Parcel {
    #[step(undo = put_back)]
    async fn take(&self, cx: &StepContext<Post>) -> Result<i64, StepError> {
        cx.services().call(cx, "take").await
    }
    #[undo]
    async fn put_back(&self, cx: &StepContext<Post>, taken: Option<&i64>) -> Result<(), StepError> {
        cx.services().call(cx, &known("take", taken)).await.map(drop)
    }

    #[step(undo = unload)]
    async fn load(&self, cx: &StepContext<Post>) -> Result<i64, StepError> {
        cx.services().call(cx, "load").await
    }
    #[undo]
    async fn unload(&self, cx: &StepContext<Post>, loaded: Option<&i64>) -> Result<(), StepError> {
        cx.services().call(cx, &known("load", loaded)).await.map(drop)
    }

    #[step(undo = drive_back)]
    async fn drive(&self, cx: &StepContext<Post>) -> Result<i64, StepError> {
        cx.services().call(cx, "drive").await
    }
    #[undo]
    async fn drive_back(&self, cx: &StepContext<Post>, driven: Option<&i64>) -> Result<(), StepError> {
        cx.services().call(cx, &known("drive", driven)).await.map(drop)
    }

    #[step(pivot)]
    async fn ring(&self, _cx: &StepContext<Post>) -> Result<(), StepError> {
        if self.id.is_multiple_of(3) { Err(StepError::fail("nobody is at home")) } else { Ok(()) }
    }
}
