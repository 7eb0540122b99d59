//! Releases of the older domain whose consumers have other names or versions.

use kenning::prelude::*;
use kenning::store::SagaStore;
use kenning::{
    Builder, Catalog, ConsumerOptions, Effects, Kenning, Lends, ReactorError, StepContext, StepError,
};

use super::old::{MakePick, Order, OrderEvent, Pick, Place, Placed, Shipped};
use super::run::Seen;
use super::table::{Kind, Release, answer};
use super::tour::Told;

/// One consumer of each kind, with a version, and with the name that is of its kind.
macro_rules! consumers {
    ($module:ident v $version:literal: $table:literal $tally:literal $inline:literal $picker:literal $delivery:literal) => {
        pub mod $module {
            use super::*;

            #[derive(Clone, Debug, PartialEq, ReadModel)]
            #[kenning(table = $table, version = $version, events = OrderEvent)]
            pub struct Orders {
                #[kenning(key)]
                pub id: u64,
                pub cents: i64,
            }

            #[read_model(ignore(Shipped))]
            impl Orders {
                #[on]
                fn placed(id: u64, row: Option<Self>, event: &Placed) -> Self {
                    Self { id, cents: row.map_or(0, |row| row.cents) + event.cents.cast_signed() }
                }
            }

            pub struct Tally(pub Seen);

            #[projection(name = $tally, version = $version, events = OrderEvent, ignore(Shipped))]
            impl Tally {
                #[on]
                fn placed(&self, event: &Recorded<Placed>) {
                    self.0.add(format!("{} {} {}", $tally, event.stream(), event.version()));
                }
            }

            pub struct Inline(pub Seen);

            #[projection(name = $inline, version = $version, events = OrderEvent, ignore(Shipped), inline)]
            impl Inline {
                #[on]
                fn placed(&self, event: &Recorded<Placed>) {
                    self.0.add(format!("{} {} {}", $inline, event.stream(), event.version()));
                }
            }

            pub struct Picker;

            #[reactor(name = $picker, version = $version)]
            impl Picker {
                #[on]
                async fn placed(
                    &self,
                    event: &Recorded<Placed>,
                    effects: &mut Effects,
                ) -> Result<(), ReactorError> {
                    effects.send(MakePick { id: event.stream().id().parse()? });
                    Ok(())
                }
            }

            #[derive(Clone, Debug, Serialize, Deserialize, Saga)]
            #[kenning(name = $delivery, version = $version, id = id)]
            pub struct Delivery {
                pub id: String,
            }

            #[saga(services = Seen)]
            impl Delivery {
                #[start]
                fn placed(event: &Recorded<Placed>) -> Self {
                    Self { id: format!("{} {}", event.stream(), event.version()) }
                }

                #[step(irreversible = "a note")]
                async fn deliver(&self, cx: &StepContext<Seen>) -> Result<u64, StepError> {
                    cx.services().add(format!("{} {} {}", $delivery, self.id, cx.key()));
                    Ok(1)
                }
            }

            /// Registers the consumer of a kind.
            pub fn consumer<S: SagaStore<Transaction: Lends<()>>>(
                builder: Builder<S>,
                kind: Kind,
                seen: &Seen,
                options: ConsumerOptions,
            ) -> Builder<S> {
                match kind {
                    Kind::Commands => builder,
                    Kind::ReadModel => builder.read_model_with::<Orders>(options),
                    Kind::Projection => builder.projection_with(Tally(seen.clone()), options),
                    Kind::Inline => builder.projection(Inline(seen.clone())),
                    Kind::Reactor => builder.reactor_with(Picker, options),
                    Kind::Saga => builder
                        .sagas(kenning::saga::SagaOptions::new().consumer(options))
                        .saga::<Delivery>(seen.clone()),
                }
            }

            /// With the consumer of a kind.
            pub struct All;

            impl Release for All {
                fn with<S: SagaStore<Transaction: Lends<()>>>(
                    builder: Builder<S>,
                    kind: Kind,
                    seen: &Seen,
                    options: ConsumerOptions,
                ) -> Builder<S> {
                    consumer(builder.aggregate::<Order>().aggregate::<Pick>(), kind, seen, options)
                }

                fn catalog() -> Catalog {
                    Catalog::new().aggregate::<Order>()
                }

                async fn write(app: &Kenning, id: u64) -> Result<bool, String> {
                    answer(app.execute(Place { id, cents: 5 }).await)
                }
            }

            impl Told for All {
                const NAMES: &'static [(Kind, &'static str)] = &[
                    (Kind::ReadModel, $table),
                    (Kind::Projection, $tally),
                    (Kind::Inline, $inline),
                    (Kind::Reactor, $picker),
                    (Kind::Saga, $delivery),
                ];

                async fn rows(app: &Kenning) -> Vec<(u64, u64)> {
                    let rows = app.query::<Orders>().order_by(Orders::ID.asc()).fetch().await;
                    let rows = rows.expect("the store answers");
                    rows.iter().map(|row| (row.id, row.cents.cast_unsigned() / 5)).collect()
                }
            }
        }
    };
}

consumers!(base v 1: "order_list" "tally" "inline" "picker" "delivery");
consumers!(next_version v 2: "order_list" "tally" "inline" "picker" "delivery");
consumers!(other_name v 1: "order_index" "counts" "beside" "collector" "transport");

/// A release without any consumer.
pub struct Nothing;

impl Release for Nothing {
    fn with<S: SagaStore<Transaction: Lends<()>>>(
        builder: Builder<S>,
        _: Kind,
        _: &Seen,
        options: ConsumerOptions,
    ) -> Builder<S> {
        builder.aggregate::<Order>().aggregate::<Pick>().consumers(options)
    }

    fn catalog() -> Catalog {
        Catalog::new().aggregate::<Order>()
    }

    async fn write(app: &Kenning, id: u64) -> Result<bool, String> {
        answer(app.execute(Place { id, cents: 5 }).await)
    }
}

impl Told for Nothing {
    const NAMES: &'static [(Kind, &'static str)] = &[];

    async fn rows(_: &Kenning) -> Vec<(u64, u64)> {
        Vec::new()
    }
}
