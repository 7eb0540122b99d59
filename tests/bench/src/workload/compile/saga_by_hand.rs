use kenning::saga::{Outputs, Produces, Retry, Step, StepDefinition, StepInfo, Undo, WayBack};
use kenning::schema::Member;
use kenning::store::BoxFuture;
use kenning::{Saga, SagaDefinition, Schema, Shape, Shapes, StepContext, StepError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipt {
    pub number: u64,
    pub place: String,
}

impl Schema for Receipt {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[Member::of::<u64>("number"), Member::of::<String>("place")])
    }
}

pub struct Services {}

impl Services {
    async fn call(&self, _effect: &str, _key: Uuid) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    pub number: u64,
    pub address: String,
    pub cents: i64,
}

impl Schema for Delivery {
    fn shape(shapes: &mut Shapes) -> Shape {
        shapes.object::<Self>(&[
            Member::of::<u64>("number"),
            Member::of::<String>("address"),
            Member::of::<i64>("cents"),
        ])
    }
}

impl Saga for Delivery {
    const NAME: &'static str = "saga_0";
    const VERSION: u32 = 1;
    type Id = u64;

    fn id(&self) -> &u64 {
        &self.number
    }
}

impl SagaDefinition for Delivery {
    type Services = Services;
    const STEPS: &'static [StepDefinition<Self>] = &[
        StepDefinition::undoable::<0>(StepInfo::new("reserve", &[]).way_back(WayBack::Undo("release"))),
        StepDefinition::undoable::<1>(StepInfo::new("charge", &[0]).way_back(WayBack::Undo("refund"))),
        StepDefinition::undoable::<2>(
            StepInfo::new("insure", &[1]).way_back(WayBack::Undo("cancel_insurance")),
        ),
        StepDefinition::undoable::<3>(StepInfo::new("pack", &[2]).way_back(WayBack::Undo("unpack"))),
        StepDefinition::undoable::<4>(StepInfo::new("label", &[3]).way_back(WayBack::Undo("void_label"))),
        StepDefinition::step::<5>(StepInfo::new("hand_over", &[4]).pivot().retry(Retry::FOREVER)),
        StepDefinition::step::<6>(StepInfo::new("notify", &[5]).retry(Retry::FOREVER)),
        StepDefinition::step::<7>(StepInfo::new("archive", &[6]).retry(Retry::FOREVER)),
    ];
}

impl Produces<0> for Delivery {
    type Output = Receipt;
}

impl Step<0> for Delivery {
    fn run<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        _: &'a Outputs,
    ) -> BoxFuture<'a, Result<Receipt, StepError>> {
        Box::pin(async move {
            context.services().call("reserve", context.key()).await?;
            Ok(Receipt { number: self.number, place: "reserve".to_owned() })
        })
    }
}

impl Undo<0> for Delivery {
    fn undo<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        _: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(async move {
            context.services().call("release", context.key()).await?;
            Ok(())
        })
    }
}

impl Produces<1> for Delivery {
    type Output = Receipt;
}

impl Step<1> for Delivery {
    fn run<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        outputs: &'a Outputs,
    ) -> BoxFuture<'a, Result<Receipt, StepError>> {
        Box::pin(async move {
            let reserve: Receipt = outputs.get(0)?;
            context.services().call("charge", context.key()).await?;
            Ok(Receipt { number: reserve.number + 1, place: "charge".to_owned() })
        })
    }
}

impl Undo<1> for Delivery {
    fn undo<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        _: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(async move {
            context.services().call("refund", context.key()).await?;
            Ok(())
        })
    }
}

impl Produces<2> for Delivery {
    type Output = Receipt;
}

impl Step<2> for Delivery {
    fn run<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        outputs: &'a Outputs,
    ) -> BoxFuture<'a, Result<Receipt, StepError>> {
        Box::pin(async move {
            let charge: Receipt = outputs.get(1)?;
            context.services().call("insure", context.key()).await?;
            Ok(Receipt { number: charge.number + 1, place: "insure".to_owned() })
        })
    }
}

impl Undo<2> for Delivery {
    fn undo<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        _: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(async move {
            context.services().call("cancel_insurance", context.key()).await?;
            Ok(())
        })
    }
}

impl Produces<3> for Delivery {
    type Output = Receipt;
}

impl Step<3> for Delivery {
    fn run<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        outputs: &'a Outputs,
    ) -> BoxFuture<'a, Result<Receipt, StepError>> {
        Box::pin(async move {
            let insure: Receipt = outputs.get(2)?;
            context.services().call("pack", context.key()).await?;
            Ok(Receipt { number: insure.number + 1, place: "pack".to_owned() })
        })
    }
}

impl Undo<3> for Delivery {
    fn undo<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        _: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(async move {
            context.services().call("unpack", context.key()).await?;
            Ok(())
        })
    }
}

impl Produces<4> for Delivery {
    type Output = Receipt;
}

impl Step<4> for Delivery {
    fn run<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        outputs: &'a Outputs,
    ) -> BoxFuture<'a, Result<Receipt, StepError>> {
        Box::pin(async move {
            let pack: Receipt = outputs.get(3)?;
            context.services().call("label", context.key()).await?;
            Ok(Receipt { number: pack.number + 1, place: "label".to_owned() })
        })
    }
}

impl Undo<4> for Delivery {
    fn undo<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        _: Option<&'a Receipt>,
    ) -> BoxFuture<'a, Result<(), StepError>> {
        Box::pin(async move {
            context.services().call("void_label", context.key()).await?;
            Ok(())
        })
    }
}

impl Produces<5> for Delivery {
    type Output = Receipt;
}

impl Step<5> for Delivery {
    fn run<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        outputs: &'a Outputs,
    ) -> BoxFuture<'a, Result<Receipt, StepError>> {
        Box::pin(async move {
            let label: Receipt = outputs.get(4)?;
            context.services().call("hand_over", context.key()).await?;
            Ok(Receipt { number: label.number + 1, place: "hand_over".to_owned() })
        })
    }
}

impl Produces<6> for Delivery {
    type Output = Receipt;
}

impl Step<6> for Delivery {
    fn run<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        outputs: &'a Outputs,
    ) -> BoxFuture<'a, Result<Receipt, StepError>> {
        Box::pin(async move {
            let hand_over: Receipt = outputs.get(5)?;
            context.services().call("notify", context.key()).await?;
            Ok(Receipt { number: hand_over.number + 1, place: "notify".to_owned() })
        })
    }
}

impl Produces<7> for Delivery {
    type Output = Receipt;
}

impl Step<7> for Delivery {
    fn run<'a>(
        &'a self,
        context: &'a StepContext<Services>,
        outputs: &'a Outputs,
    ) -> BoxFuture<'a, Result<Receipt, StepError>> {
        Box::pin(async move {
            let notify: Receipt = outputs.get(6)?;
            context.services().call("archive", context.key()).await?;
            Ok(Receipt { number: notify.number + 1, place: "archive".to_owned() })
        })
    }
}
