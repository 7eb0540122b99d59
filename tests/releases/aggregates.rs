//! Releases whose aggregates and commands differ. Their consumers are those of `consumer_kinds::base`.

use kenning::prelude::*;
use kenning::store::SagaStore;
use kenning::{Builder, Catalog, ConsumerOptions, ExecuteError, Kenning, Lends};
use uuid::Uuid;

use super::consumer_kinds::base;
use super::consumers::Both;
use super::old::{Order, Pick, Place, Placed, Shipped};
use super::run::{Seen, builder};
use super::table::{Change, Kind, Must, Release, answer};
use super::tour::Told;

/// A release with the consumers of the base.
macro_rules! release {
    ($release:ident, $builder:ident => $registered:expr, $catalog:expr, |$app:ident, $id:ident| $written:expr) => {
        pub struct $release;

        impl Release for $release {
            fn with<S: SagaStore<Transaction: Lends<()>>>(
                $builder: Builder<S>,
                kind: Kind,
                seen: &Seen,
                options: ConsumerOptions,
            ) -> Builder<S> {
                base::consumer($registered, kind, seen, options)
            }

            fn catalog() -> Catalog {
                $catalog
            }

            async fn write($app: &Kenning, $id: u64) -> Result<bool, String> {
                $written
            }
        }

        impl Told for $release {
            const NAMES: &'static [(Kind, &'static str)] = base::All::NAMES;

            async fn rows(app: &Kenning) -> Vec<(u64, u64)> {
                base::All::rows(app).await
            }
        }
    };
}

// An aggregate more: it is written to as well.
release!(
    MoreAggregates,
    builder => builder.aggregate::<Order>().aggregate::<Pick>().aggregate::<folds::one::Purse>(),
    Catalog::new().aggregate::<Order>().aggregate::<folds::one::Purse>(),
    |app, id| {
        app.execute(folds::one::Fill { id }).await.map_err(|error| error.to_string())?;
        answer(app.execute(Place { id, cents: 5 }).await)
    }
);

/// The name of the category is another one.
#[derive(Debug, Default, Aggregate)]
#[kenning(category = "sale", id = u64, events = super::old::OrderEvent)]
pub struct Sale {}

#[aggregate]
impl Sale {
    #[apply]
    fn placed(&mut self, _: &Placed) {}

    #[apply]
    fn shipped(&mut self, _: &Shipped) {}
}

release!(
    Renamed,
    builder => builder.aggregate::<Sale>().aggregate::<Pick>(),
    Catalog::new().aggregate::<Sale>(),
    |_app, _id| Ok(true)
);

release!(
    Removed,
    builder => builder.aggregate::<Pick>(),
    Catalog::new(),
    |_app, _id| Ok(true)
);

/// Releases that differ in what `#[apply]` adds, and in the version of the fold.
mod folds {
    use std::fmt;

    /// Decided by the fold of another release.
    #[derive(Debug)]
    pub struct WrongFold;

    impl fmt::Display for WrongFold {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("decided by the fold of another release")
        }
    }

    impl std::error::Error for WrongFold {}

    macro_rules! fold {
        ($module:ident: $times:literal $(, $fold:ident = $version:literal)?) => {
            pub mod $module {
                use kenning::prelude::*;

                use super::WrongFold;

                #[derive(Clone, Debug, Serialize, Deserialize, Event)]
                #[kenning(name = "purse.filled")]
                pub struct Filled {}

                #[derive(Clone, Debug, EventSet)]
                pub enum PurseEvent {
                    Filled(Filled),
                }

                #[derive(Debug, Default, Serialize, Deserialize, Aggregate)]
                #[kenning(category = "purse", id = u64, events = PurseEvent, snapshot_every = 1 $(, $fold = $version)?)]
                pub struct Purse {
                    pub cents: u64,
                    pub fills: u64,
                }

                #[derive(Clone, Debug, Serialize, Deserialize, Command)]
                #[kenning(aggregate = Purse)]
                pub struct Fill {
                    #[kenning(id)]
                    pub id: u64,
                }

                #[aggregate]
                impl Purse {
                    /// A decision of the fold of its release alone.
                    #[command]
                    fn fill(&self, _: &Fill) -> Result<Filled, WrongFold> {
                        if self.cents == $times * self.fills { Ok(Filled {}) } else { Err(WrongFold) }
                    }

                    #[apply]
                    fn filled(&mut self, _: &Filled) {
                        self.cents += $times;
                        self.fills += 1;
                    }
                }
            }
        };
    }

    fold!(one: 200);
    fold!(corrected: 100, fold = 2);
}

macro_rules! filled {
    ($release:ident $module:ident) => {
        release!(
            $release,
            builder => builder.aggregate::<Order>().aggregate::<Pick>().aggregate::<folds::$module::Purse>(),
            Catalog::new().aggregate::<Order>().aggregate::<folds::$module::Purse>(),
            |app, id| {
                app.execute(folds::$module::Fill { id }).await.map_err(|error| error.to_string())?;
                answer(app.execute(Place { id, cents: 5 }).await)
            }
        );
    };
}

filled!(Folded one);
filled!(FoldCorrected corrected);

/// Commands of one name, whose fields differ.
macro_rules! picks {
    ($($command:ident { $($field:ident: $ty:ty)? })*) => {
        $(#[derive(Clone, Debug, Serialize, Deserialize, Command)]
        #[kenning(aggregate = Pick, name = "pick")]
        pub struct $command {
            #[kenning(id)]
            pub id: u64,
            $(pub $field: $ty,)?
        })*

        #[aggregate]
        impl Pick {
            $(#[command]
            #[allow(non_snake_case)]
            fn $command(&self, _: $command) -> super::old::Picked {
                super::old::Picked {}
            })*
        }
    };
}

picks! {
    Plain {}
    Noted { note: Option<String> }
    Sized { cents: u64 }
    Widened { amount: u64 }
}

/// A command that one release has accepted is sent again, under its id, with what the other one makes of it; both ways.
macro_rules! sent_again {
    ($home:ident, $older:expr, $newer:expr) => {{
        let app =
            builder(&$home).await.aggregate::<Pick>().build().await.map_err(|error| error.to_string())?;
        let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
        app.execute(($older)(1)).id(first).await.map_err(|error| error.to_string())?;
        app.execute(($newer)(2)).id(second).await.map_err(|error| error.to_string())?;
        let forward = again(app.execute(($newer)(1)).id(first).await.map(|executed| executed.replayed()))?;
        let back = again(app.execute(($older)(2)).id(second).await.map(|executed| executed.replayed()))?;
        for id in [1, 2] {
            let times = app.load::<Pick>(id).await.map_err(|error| error.to_string())?.times;
            if times != 1 {
                return Err(format!("{id} was picked {times} times"));
            }
        }
        if forward == back { Ok(forward) } else { Err(format!("forward {forward:?}, back {back:?}")) }
    }};
}

fn again<R: std::error::Error>(answer: Result<bool, ExecuteError<R>>) -> Result<Must, String> {
    match answer {
        Ok(true) => Ok(Must::Continues),
        Ok(false) => Err("it was done again".to_owned()),
        Err(ExecuteError::DuplicateCommand { .. }) => Ok(Must::Differs),
        Err(error) => Err(error.to_string()),
    }
}

/// What becomes of a command of one release in the other one.
pub async fn command<H: Both>(change: Change) -> Result<Must, String> {
    let home = H::new().await;
    let plain = |id| Plain { id };
    let sized = |id| Sized { id, cents: 5 };
    match change {
        Change::CommandFieldAdded => sent_again!(home, plain, |id| Noted { id, note: None }),
        Change::CommandFieldRemoved => sent_again!(home, sized, plain),
        _ => sent_again!(home, sized, |id| Widened { id, amount: 5 }),
    }
}
