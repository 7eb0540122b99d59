//! Releases whose event `order.placed` has other fields.

use kenning::prelude::*;
use kenning::store::SagaStore;
use kenning::{
    Builder, Catalog, ConsumerOptions, Effects, Kenning, Lends, ReactorError, StepContext, StepError,
};

use super::run::Seen;
use super::table::{Kind, Release, answer};

/// A release with everything that follows an event with these fields.
macro_rules! release {
    ($module:ident $release:ident $event:literal { $($(#[$attribute:meta])* $field:ident: $ty:ty = $value:expr),* }) => {
        pub use $module::$release;

        mod $module {
            use super::*;

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
            #[kenning(name = $event)]
            pub struct Placed {
                $($(#[$attribute])* pub $field: $ty,)*
            }

            #[derive(Clone, Debug, PartialEq, EventSet)]
            pub enum OrderEvent {
                Placed(Placed),
            }

            #[derive(Debug, Default, Aggregate)]
            #[kenning(category = "order", id = u64, events = OrderEvent)]
            pub struct Order {}

            #[derive(Clone, Debug, Serialize, Deserialize, Command)]
            #[kenning(aggregate = Order)]
            pub struct Place {
                #[kenning(id)]
                pub id: u64,
            }

            #[aggregate]
            impl Order {
                #[command]
                fn place(&self, _: Place) -> Placed {
                    Placed { $($field: $value),* }
                }

                #[apply]
                fn placed(&mut self, _: &Placed) {}
            }

            #[derive(Clone, Debug, PartialEq, ReadModel)]
            #[kenning(table = "orders", version = 1, events = OrderEvent)]
            pub struct Orders {
                #[kenning(key)]
                pub id: u64,
                pub times: i64,
            }

            #[read_model]
            impl Orders {
                #[on]
                fn placed(id: u64, row: Option<Self>, _: &Placed) -> Self {
                    Self { id, times: row.map_or(0, |row| row.times) + 1 }
                }
            }

            pub struct Tally(pub Seen);

            #[projection(name = "tally", version = 1, events = OrderEvent)]
            impl Tally {
                #[on]
                fn placed(&self, event: &Recorded<Placed>) {
                    self.0.add(format!("placed {}", event.stream()));
                }
            }

            pub struct Inline(pub Seen);

            #[projection(name = "inline", version = 1, events = OrderEvent, inline)]
            impl Inline {
                #[on]
                fn placed(&self, event: &Recorded<Placed>) {
                    self.0.add(format!("placed {}", event.stream()));
                }
            }

            pub struct Picker(pub Seen);

            #[reactor(name = "picker", version = 1)]
            impl Picker {
                #[on]
                async fn placed(&self, event: &Recorded<Placed>, _: &mut Effects) -> Result<(), ReactorError> {
                    self.0.add(format!("placed {}", event.stream()));
                    Ok(())
                }
            }

            #[derive(Clone, Debug, Serialize, Deserialize, Saga)]
            #[kenning(name = "delivery", version = 1, id = id)]
            pub struct Delivery {
                pub id: String,
            }

            #[saga(services = Seen)]
            impl Delivery {
                #[start]
                fn placed(event: &Recorded<Placed>) -> Self {
                    Self { id: event.stream().id().to_owned() }
                }

                #[step(irreversible = "a note")]
                async fn deliver(&self, cx: &StepContext<Seen>) -> Result<u64, StepError> {
                    cx.services().add(format!("delivered {}", self.id));
                    Ok(1)
                }
            }

            pub struct $release;

            impl Release for $release {
                fn with<S: SagaStore<Transaction: Lends<()>>>(
                    builder: Builder<S>,
                    kind: Kind,
                    seen: &Seen,
                    options: ConsumerOptions,
                ) -> Builder<S> {
                    let builder = builder.aggregate::<Order>();
                    match kind {
                        Kind::Commands => builder,
                        // A row alone says nothing.
                        Kind::ReadModel => {
                            seen.add("a read model");
                            builder.read_model_with::<Orders>(options)
                        }
                        Kind::Projection => builder.projection_with(Tally(seen.clone()), options),
                        Kind::Inline => builder.projection(Inline(seen.clone())),
                        Kind::Reactor => builder.reactor_with(Picker(seen.clone()), options),
                        Kind::Saga => builder.saga::<Delivery>(seen.clone()),
                    }
                }

                fn catalog() -> Catalog {
                    Catalog::new().aggregate::<Order>().saga::<Delivery>()
                }

                async fn write(app: &Kenning, id: u64) -> Result<bool, String> {
                    answer(app.execute(Place { id }).await)
                }
            }
        }
    };
}

release!(base Base "order.placed" { cents: u64 = 5 });
release!(added Added "order.placed" { cents: u64 = 5, note: Option<String> = Some("quick".to_owned()) });
release!(removed Removed "order.placed" { });
release!(renamed Renamed "order.placed" { amount: u64 = 5 });
release!(event_renamed EventRenamed "order.ordered" { cents: u64 = 5 });
