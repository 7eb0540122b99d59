//! P12: versions that are raised, and rolled back; consumers that are new or have another name.

use kenning::prelude::*;
use kenning::{
    BuildError, ConsumerOptions, Effects, Kenning, ReactorError, Restart, Start, StepContext, StepError,
};

use super::consumers::Both;
use super::old::{MakePick, Order, OrderEvent, Pick, Place, Placed, Ship, Shipped};
use super::run::{Running, Seen, builder, nothing_parked, until};
use crate::support::on_both_stores;

on_both_stores! {
    p12_build_alone_takes_nothing_from_running_processes
    p12_a_lower_version_goes_on_when_the_higher_one_was_rolled_back
    p12_a_new_reactor_or_saga_asks_where_it_starts
    p12_a_renamed_reactor_goes_on_where_it_stood
    p12_a_raised_projection_says_how_its_tables_are_prepared
    p12_a_raised_projection_starts_again_with_its_tables
    p12_a_reset_projection_starts_again_with_its_tables
}

/// The reactor of a later release: what it does is the same, its version is not.
pub struct Picker2;

#[reactor(name = "picker", version = 2)]
impl Picker2 {
    #[on]
    async fn placed(&self, event: &Recorded<Placed>, effects: &mut Effects) -> Result<(), ReactorError> {
        effects.send(MakePick { id: event.stream().id().parse()? });
        Ok(())
    }

    #[on]
    async fn shipped(&self, event: &Recorded<Shipped>, effects: &mut Effects) -> Result<(), ReactorError> {
        effects.send(MakePick { id: event.stream().id().parse()? });
        Ok(())
    }
}

/// Another name, nothing else.
pub struct Collector;

#[reactor(name = "collector", version = 1, renamed_from = "picker")]
impl Collector {
    #[on]
    async fn placed(&self, event: &Recorded<Placed>, effects: &mut Effects) -> Result<(), ReactorError> {
        effects.send(MakePick { id: event.stream().id().parse()? });
        Ok(())
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, Saga)]
#[kenning(name = "delivery", version = 2, id = id)]
pub struct Delivery2 {
    pub id: String,
}

#[saga(services = Seen)]
impl Delivery2 {
    #[start]
    fn placed(event: &Recorded<Placed>) -> Self {
        Self { id: event.stream().id().to_owned() }
    }

    #[step(irreversible = "a note")]
    async fn deliver(&self, cx: &StepContext<Seen>) -> Result<u64, StepError> {
        cx.services().add(format!("delivered {} by 2", self.id));
        Ok(1)
    }
}

async fn place(app: &Kenning, ids: std::ops::Range<u64>) {
    for id in ids {
        app.execute(Place { id, cents: 5 }).await.unwrap();
    }
}

async fn picks(app: &Kenning, ids: std::ops::Range<u64>) -> Vec<u64> {
    let mut picks = Vec::new();
    for id in ids {
        picks.push(app.load::<Pick>(id).await.unwrap().times);
    }
    picks
}

/// A7, S28. When `build` raises the version, the old processes lose the consumer to no one.
async fn p12_build_alone_takes_nothing_from_running_processes<H: Both>(home: H) {
    let seen = Seen::default();
    let aggregates = async || builder(&home).await.aggregate::<Order>().aggregate::<Pick>();
    let old = aggregates().await.reactor(super::old::Picker).saga::<super::old::Delivery>(seen.clone());
    let running = Running::new(old.build().await.unwrap());
    until("the old release runs", async || {
        let status = running.app.consumer("picker").status().await.unwrap();
        status.partitions[0].here.then_some(())
    })
    .await;
    let newer = aggregates().await.reactor(Picker2).saga::<Delivery2>(seen.clone()).build().await.unwrap();
    place(&newer, 1..4).await;
    until("the old release continues", async || {
        (picks(&newer, 1..4).await == [1; 3] && seen.all() == ["delivered 1", "delivered 2", "delivered 3"])
            .then_some(())
    })
    .await;
    assert_eq!(newer.consumer("picker").status().await.unwrap().version, 1);
    running.stop().await;
    newer.run_until_idle().await.unwrap();
    assert_eq!(newer.consumer("picker").status().await.unwrap().version, 2);
    assert_eq!(newer.consumer("delivery").status().await.unwrap().version, 2);
}

/// A7. Without it, nothing is started and nothing is picked any more, and no one says so.
async fn p12_a_lower_version_goes_on_when_the_higher_one_was_rolled_back<H: Both>(home: H) {
    let seen = Seen::default();
    let aggregates = async || builder(&home).await.aggregate::<Order>().aggregate::<Pick>();
    let old = aggregates().await.reactor(super::old::Picker).saga::<super::old::Delivery>(seen.clone());
    let running = Running::new(old.build().await.unwrap());
    let newer = aggregates().await.reactor(Picker2).saga::<Delivery2>(seen.clone()).build().await.unwrap();
    let canary = Running::new(newer);
    place(&canary.app, 1..2).await;
    until("the canary has taken over", async || {
        let version = canary.app.consumer("picker").status().await.unwrap().version;
        let sagas = canary.app.sagas().list().await.unwrap();
        let ended = sagas.len() == 1 && sagas[0].status == kenning::store::SagaStatus::Completed;
        (version == 2 && ended && picks(&canary.app, 1..2).await == [1]).then_some(())
    })
    .await;
    canary.kill().await;
    place(&running.app, 2..5).await;
    until("the old release continues", async || {
        let version = running.app.consumer("delivery").status().await.unwrap().version;
        (version == 1 && picks(&running.app, 1..5).await == [1; 4] && seen.all().len() == 4).then_some(())
    })
    .await;
    // What version 2 handles besides is left to it.
    running.app.execute(Ship { id: 1 }).await.unwrap();
    assert_eq!(super::run::until_waits(&running.app, "picker").await, ("order.shipped".to_owned(), 1));
    nothing_parked(&running.app).await;
    running.stop().await;
    let newer = aggregates().await.reactor(Picker2).saga::<Delivery2>(seen.clone()).build().await.unwrap();
    newer.run_until_idle().await.unwrap();
    assert_eq!(picks(&newer, 1..5).await, [2, 1, 1, 1]);
}

/// Trial 2, A18: without the question, a new saga charges every order of the past.
async fn p12_a_new_reactor_or_saga_asks_where_it_starts<H: Both>(home: H) {
    let seen = Seen::default();
    let aggregates = async || builder(&home).await.aggregate::<Order>().aggregate::<Pick>();
    // An empty store has no past.
    let first = aggregates().await.reactor(super::old::Picker).build().await.unwrap();
    place(&first, 1..4).await;
    first.run_until_idle().await.unwrap();
    let asks = |error: BuildError, name: &str| {
        let text = error.to_string();
        assert!(
            text.contains(name) && text.contains("Start::End") && text.contains("renamed_from"),
            "{text}"
        );
    };
    asks(
        aggregates().await.saga::<super::old::Delivery>(seen.clone()).build().await.unwrap_err(),
        "`delivery`",
    );
    struct Other;
    #[reactor(name = "other", version = 1)]
    impl Other {
        #[on]
        async fn placed(&self, event: &Recorded<Placed>, effects: &mut Effects) -> Result<(), ReactorError> {
            effects.send(MakePick { id: event.stream().id().parse()? });
            Ok(())
        }
    }
    asks(aggregates().await.reactor(Other).build().await.unwrap_err(), "`other`");
    let app = aggregates().await.saga_from::<super::old::Delivery>(seen.clone(), Start::End);
    let app = app.reactor_with(Other, ConsumerOptions::new().start(Start::Beginning)).build().await.unwrap();
    place(&app, 4..5).await;
    app.run_until_idle().await.unwrap();
    assert_eq!(seen.all(), ["delivered 4"]);
    assert_eq!(picks(&app, 1..5).await, [2, 2, 2, 1]);
    // Known by now, it asks no more.
    aggregates().await.saga::<super::old::Delivery>(seen).reactor(Other).build().await.unwrap();
}

/// Trial 2: without `renamed_from`, every order is picked a second time.
/// Fails without `releases.first-name` and without `releases.former-name`: see tests/guards.
async fn p12_a_renamed_reactor_goes_on_where_it_stood<H: Both>(home: H) {
    let aggregates = async || builder(&home).await.aggregate::<Order>().aggregate::<Pick>();
    let old = Running::new(aggregates().await.reactor(super::old::Picker).build().await.unwrap());
    place(&old.app, 1..4).await;
    until("the old name has done its orders", async || (picks(&old.app, 1..4).await == [1; 3]).then_some(()))
        .await;
    let new = Running::new(aggregates().await.reactor(Collector).build().await.unwrap());
    place(&new.app, 4..6).await;
    until("the new name continues", async || (picks(&new.app, 1..6).await == [1; 5]).then_some(())).await;
    let names: Vec<_> = new.app.consumers().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["collector".into()]);
    old.stop().await;
    new.stop().await;
    let again = aggregates().await.reactor(Collector).build().await.unwrap();
    again.run_until_idle().await.unwrap();
    assert_eq!(picks(&again, 1..6).await, [1; 5]);
    // A2: what is handled again has the ids that the first name gave it.
    again.consumer("collector").reset_with_effects(Start::Beginning).await.unwrap();
    again.run_until_idle().await.unwrap();
    assert_eq!(picks(&again, 1..6).await, [1; 5]);
    // The canary is rolled back: the release before leaves the consumer to those that know its name.
    let back = aggregates().await.reactor(super::old::Picker).build().await.unwrap();
    place(&back, 6..7).await;
    back.run_until_idle().await.unwrap();
    assert_eq!(picks(&back, 1..7).await, [1, 1, 1, 1, 1, 0]);
    again.run_until_idle().await.unwrap();
    assert_eq!(picks(&again, 1..7).await, [1; 6]);
    // Another reactor would draw the same ids.
    let both = aggregates().await.reactor(Collector).reactor(super::old::Picker).build().await.unwrap_err();
    assert!(both.to_string().contains("the name `picker` was that of the consumer `collector`"), "{both}");
    // Until it is forgotten.
    back.consumer("collector").forget().await.unwrap();
    let fresh = aggregates().await.reactor_with(super::old::Picker, ConsumerOptions::new().start(Start::End));
    fresh.build().await.unwrap().run_until_idle().await.unwrap();
    assert_eq!(picks(&again, 1..7).await, [1; 6]);
}

/// Adds what it sees to the table, which is the [`Seen`].
macro_rules! ledger {
    ($name:ident, $version:literal $(, $key:ident = $value:literal)?) => {
        pub struct $name(pub Seen);

        #[projection(name = "ledger", version = $version, events = OrderEvent, ignore(Shipped) $(, $key = $value)?)]
        impl $name {
            #[on]
            fn placed(&self, event: &Recorded<Placed>) {
                self.0.add(format!("{} in {}", event.stream().id(), $version));
            }
        }
    };
}

ledger!(Silent1, 1);
ledger!(Silent2, 2);
ledger!(Upsert2, 2, idempotent = "each order has one row, which is replaced");

pub struct Begins1(pub Seen);

#[projection(name = "ledger", version = 1, events = OrderEvent, ignore(Shipped))]
impl Begins1 {
    #[begin]
    fn begin(&self) {
        self.0.clear();
    }

    #[on]
    fn placed(&self, event: &Recorded<Placed>) {
        self.0.add(format!("{} in 1", event.stream().id()));
    }
}

pub struct Begins2(pub Seen);

#[projection(name = "ledger", version = 2, events = OrderEvent, ignore(Shipped))]
impl Begins2 {
    #[begin]
    async fn begin(&self) -> Result<(), std::io::Error> {
        self.0.clear();
        Ok(())
    }

    #[on]
    fn placed(&self, event: &Recorded<Placed>) {
        self.0.add(format!("{} in 2", event.stream().id()));
    }
}

/// Trial 7, S5.
async fn p12_a_raised_projection_says_how_its_tables_are_prepared<H: Both>(home: H) {
    let seen = Seen::default();
    let order = async || builder(&home).await.aggregate::<Order>();
    let old = order().await.projection(Silent1(seen.clone())).build().await.unwrap();
    place(&old, 1..3).await;
    old.run_until_idle().await.unwrap();
    let error = order().await.projection(Silent2(seen.clone())).build().await.unwrap_err().to_string();
    assert!(
        error.contains("`ledger`") && error.contains("#[begin]") && error.contains("idempotent"),
        "{error}"
    );
    let error = old.consumer("ledger").reset(Start::Beginning).await.unwrap_err().to_string();
    assert!(
        error.contains("`ledger`") && error.contains("#[begin]") && error.contains("idempotent"),
        "{error}"
    );
    assert_eq!(seen.all(), ["1 in 1", "2 in 1"]);
    let new = order().await.projection(Upsert2(seen.clone())).build().await.unwrap();
    new.run_until_idle().await.unwrap();
    assert_eq!(seen.all(), ["1 in 1", "1 in 2", "2 in 1", "2 in 2"]);
}

/// Trial 7: with a generation beside the live one, the table has both, and each later order twice.
async fn p12_a_raised_projection_starts_again_with_its_tables<H: Both>(home: H) {
    let seen = Seen::default();
    let order = async || builder(&home).await.aggregate::<Order>();
    let old = Running::new(order().await.projection(Begins1(seen.clone())).build().await.unwrap());
    place(&old.app, 1..4).await;
    until("the old version has its orders", async || (seen.all().len() == 3).then_some(())).await;
    let new = order().await.projection(Begins2(seen.clone())).build().await.unwrap();
    place(&new, 4..5).await;
    until("the old version continues", async || (seen.all().len() == 4).then_some(())).await;
    let new = Running::new(new);
    until("the new version has begun", async || {
        (new.app.consumer("ledger").status().await.unwrap().version == 2).then_some(())
    })
    .await;
    place(&old.app, 5..7).await;
    until("the new version has all, once", async || {
        let all = seen.all().into_iter().filter(|one| one.ends_with("in 2"));
        (all.collect::<Vec<_>>() == (1..7).map(|id| format!("{id} in 2")).collect::<Vec<_>>()).then_some(())
    })
    .await;
    // A note of the old one that was made in the middle of a batch stays: that batch wrote nothing.
    assert!(seen.all().iter().all(|one| !one.ends_with("in 1") || one.starts_with(['5', '6'])));
    old.stop().await;
    new.stop().await;
}

async fn p12_a_reset_projection_starts_again_with_its_tables<H: Both>(home: H) {
    let seen = Seen::default();
    let app =
        builder(&home).await.aggregate::<Order>().projection(Begins1(seen.clone())).build().await.unwrap();
    place(&app, 1..4).await;
    app.run_until_idle().await.unwrap();
    app.consumer("ledger").reset(Start::Beginning).await.unwrap();
    assert_eq!(seen.all(), Vec::<String>::new());
    app.run_until_idle().await.unwrap();
    assert_eq!(seen.all(), ["1 in 1", "2 in 1", "3 in 1"]);
    assert_eq!(<Begins1 as kenning::Projection>::RESTART, Restart::Begin);
}
