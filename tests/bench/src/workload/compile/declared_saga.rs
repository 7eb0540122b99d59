use kenning::prelude::*;

#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
pub struct Receipt {
    pub number: u64,
    pub place: String,
}

pub struct Services {}

impl Services {
    async fn call(&self, _effect: &str, _key: Uuid) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "saga_0", version = 1, id = number)]
pub struct Delivery {
    pub number: u64,
    pub address: String,
    pub cents: i64,
}

#[saga(services = Services)]
impl Delivery {
    #[step(undo = release)]
    async fn reserve(&self, cx: &StepContext<Services>) -> Result<Receipt, StepError> {
        cx.services().call("reserve", cx.key()).await?;
        Ok(Receipt { number: self.number, place: "reserve".to_owned() })
    }
    #[undo]
    async fn release(&self, cx: &StepContext<Services>, done: Option<&Receipt>) -> Result<(), StepError> {
        cx.services().call("release", cx.key()).await?;
        let _: Option<&Receipt> = done;
        Ok(())
    }

    #[step(undo = refund)]
    async fn charge(&self, cx: &StepContext<Services>, reserve: &Receipt) -> Result<Receipt, StepError> {
        cx.services().call("charge", cx.key()).await?;
        Ok(Receipt { number: reserve.number + 1, place: "charge".to_owned() })
    }
    #[undo]
    async fn refund(&self, cx: &StepContext<Services>, done: Option<&Receipt>) -> Result<(), StepError> {
        cx.services().call("refund", cx.key()).await?;
        let _: Option<&Receipt> = done;
        Ok(())
    }

    #[step(undo = cancel_insurance)]
    async fn insure(&self, cx: &StepContext<Services>, charge: &Receipt) -> Result<Receipt, StepError> {
        cx.services().call("insure", cx.key()).await?;
        Ok(Receipt { number: charge.number + 1, place: "insure".to_owned() })
    }
    #[undo]
    async fn cancel_insurance(
        &self,
        cx: &StepContext<Services>,
        done: Option<&Receipt>,
    ) -> Result<(), StepError> {
        cx.services().call("cancel_insurance", cx.key()).await?;
        let _: Option<&Receipt> = done;
        Ok(())
    }

    #[step(undo = unpack)]
    async fn pack(&self, cx: &StepContext<Services>, insure: &Receipt) -> Result<Receipt, StepError> {
        cx.services().call("pack", cx.key()).await?;
        Ok(Receipt { number: insure.number + 1, place: "pack".to_owned() })
    }
    #[undo]
    async fn unpack(&self, cx: &StepContext<Services>, done: Option<&Receipt>) -> Result<(), StepError> {
        cx.services().call("unpack", cx.key()).await?;
        let _: Option<&Receipt> = done;
        Ok(())
    }

    #[step(undo = void_label)]
    async fn label(&self, cx: &StepContext<Services>, pack: &Receipt) -> Result<Receipt, StepError> {
        cx.services().call("label", cx.key()).await?;
        Ok(Receipt { number: pack.number + 1, place: "label".to_owned() })
    }
    #[undo]
    async fn void_label(&self, cx: &StepContext<Services>, done: Option<&Receipt>) -> Result<(), StepError> {
        cx.services().call("void_label", cx.key()).await?;
        let _: Option<&Receipt> = done;
        Ok(())
    }

    #[step(pivot)]
    async fn hand_over(&self, cx: &StepContext<Services>, label: &Receipt) -> Result<Receipt, StepError> {
        cx.services().call("hand_over", cx.key()).await?;
        Ok(Receipt { number: label.number + 1, place: "hand_over".to_owned() })
    }

    #[step]
    async fn notify(&self, cx: &StepContext<Services>, hand_over: &Receipt) -> Result<Receipt, StepError> {
        cx.services().call("notify", cx.key()).await?;
        Ok(Receipt { number: hand_over.number + 1, place: "notify".to_owned() })
    }

    #[step]
    async fn archive(&self, cx: &StepContext<Services>, notify: &Receipt) -> Result<Receipt, StepError> {
        cx.services().call("archive", cx.key()).await?;
        Ok(Receipt { number: notify.number + 1, place: "archive".to_owned() })
    }
}
