//! P10: both stores refuse the same texts in an index.

use kenning::prelude::*;
use kenning::{Kenning, limits};

use crate::support::{Home, on_both_stores};

on_both_stores! {
    p10_a_text_too_long_for_an_index_or_a_key_is_parked_with_the_limit
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Event)]
#[kenning(name = "page.linked")]
pub struct Linked {
    pub url: String,
    pub title: String,
}

#[derive(Clone, Debug, EventSet)]
pub enum PageEvent {
    Linked(Linked),
}

#[derive(Debug, Default, Aggregate)]
#[kenning(category = "page", id = u64, events = PageEvent)]
pub struct Page;

#[derive(Clone, Debug, Serialize, Deserialize, Command)]
#[kenning(aggregate = Page)]
pub struct Link {
    #[kenning(id)]
    pub id: u64,
    pub url: String,
    pub title: String,
}

#[aggregate]
impl Page {
    #[command]
    fn link(&self, command: Link) -> Linked {
        Linked { url: command.url, title: command.title }
    }

    #[apply]
    fn linked(&mut self, _: &Linked) {}
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "pages_by_url", version = 1, events = PageEvent)]
pub struct ByUrl {
    #[kenning(key)]
    pub id: u64,
    #[kenning(index)]
    pub url: String,
    pub title: String,
}

#[read_model]
impl ByUrl {
    #[on]
    fn linked(id: u64, event: &Linked) -> Self {
        Self { id, url: event.url.clone(), title: event.title.clone() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ReadModel)]
#[kenning(table = "page_titles", version = 1, events = PageEvent)]
pub struct Titles {
    #[kenning(key)]
    pub title: String,
}

#[read_model]
impl Titles {
    #[on(key = event.title.clone())]
    fn linked(event: &Linked) -> Self {
        Self { title: event.title.clone() }
    }
}

/// Fails without `indexed.limit`: see tests/guards.
async fn p10_a_text_too_long_for_an_index_or_a_key_is_parked_with_the_limit(home: impl Home) {
    let builder = Kenning::builder(home.store().await).aggregate::<Page>();
    let app = builder.read_model::<ByUrl>().read_model::<Titles>().build().await.unwrap();
    let long = "x".repeat(limits::MAX_INDEXED + 1);
    app.execute(Link { id: 1, url: long.clone(), title: "one".into() }).await.unwrap();
    app.execute(Link { id: 2, url: "two".into(), title: long.clone() }).await.unwrap();
    app.execute(Link { id: 3, url: "three".into(), title: "three".into() }).await.unwrap();
    app.run_until_idle().await.unwrap();
    let parked = app.parked().list().await.unwrap();
    let reasons: Vec<_> =
        parked.iter().map(|parked| (parked.attempts, parked.error.clone().unwrap_or_default())).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    for (attempts, reason) in &reasons {
        assert!(reason.contains("the limit is 2600"), "{reason}");
        assert_eq!(*attempts, 1, "{reason}");
    }
    // A text outside of indexes may be longer; what is asked for may be as well.
    assert_eq!(app.query::<ByUrl>().filter(ByUrl::TITLE.eq(long.clone())).count().await.unwrap(), 1);
    assert_eq!(app.query::<ByUrl>().filter(ByUrl::URL.eq(long.clone())).count().await.unwrap(), 0);
    assert_eq!(app.query::<Titles>().filter(Titles::TITLE.eq(long)).count().await.unwrap(), 0);
    assert_eq!(app.query::<Titles>().count().await.unwrap(), 2);
}
