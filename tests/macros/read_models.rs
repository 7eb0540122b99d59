//! Several `#[read_model]` blocks for one type, in several modules, functions under `cfg`, and every type that is a column.

use kenning::FoldInto;
use kenning::prelude::*;
use kenning::read_model::Reach;
use kenning::schema::ColumnType;

#[derive(Clone, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.sent")]
struct Sent {
    to: Town,
}

#[derive(Clone, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.seen")]
struct Seen {
    r#in: Vec<Town>,
}

#[derive(Clone, Serialize, Deserialize, Event)]
#[kenning(name = "parcel.lost")]
struct Lost {}

#[derive(EventSet)]
enum ParcelEvent {
    Sent(Sent),
    Seen(r#Seen),
    Lost(Lost),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(rename_all = "kebab-case")]
enum Town {
    BadEms,
    Ulm,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct Number(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(try_from = "String", into = "String")]
struct Code(char);

impl TryFrom<String> for Code {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.chars().next().map(Self).ok_or("no letter")
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0.into()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
#[serde(transparent)]
struct Note {
    text: Option<String>,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "parcels", version = 1, events = ParcelEvent, index(r#type, to), unique(number, code))]
struct r#Parcel {
    #[kenning(key)]
    id: Uuid,
    to: Town,
    number: Number,
    code: Code,
    note: Note,
    r#type: Option<Box<str>>,
    #[kenning(index, column = "big")]
    huge: u64,
    small: i8,
    ratio: f32,
    sent: bool,
    at: Option<OffsetDateTime>,
    #[kenning(json)]
    seen: Vec<Town>,
    #[kenning(json)]
    lost: Option<(u8, String)>,
}

/// How many parcels go to a town, or were seen there.
#[derive(Clone, Debug, PartialEq, ReadModel)]
#[kenning(table = "towns", version = 1, events = ParcelEvent)]
struct TownRow {
    #[kenning(key)]
    town: Town,
    parcels: i64,
}

#[read_model]
impl r#Parcel {
    const SMALL_ONE: i8 = -1;

    /// The key is handed in: the event does not carry it.
    #[on(present = replace)]
    fn sent(r#id: Uuid, event: &Recorded<Sent>) -> Self {
        Self {
            id,
            to: event.to,
            number: Number(u64::MAX - id.as_u64_pair().1),
            code: Code('x'),
            note: Note { text: None },
            r#type: None,
            huge: u64::MAX,
            small: Self::SMALL_ONE,
            ratio: 0.5,
            sent: true,
            at: Some(event.recorded_at()),
            seen: Vec::new(),
            lost: None,
        }
    }
}

mod handlers {
    use kenning::prelude::{Recorded, read_model};

    use super::{Lost, Parcel, Seen, Town, TownRow};

    #[read_model]
    impl Parcel {
        #[on]
        #[cfg(test)]
        fn r#in(&mut self, Seen { r#in }: &Seen) {
            self.seen.extend(r#in);
        }

        #[on]
        #[cfg(not(test))]
        fn r#in(&mut self, _: &Seen) {}
    }

    #[cfg(test)]
    #[read_model]
    #[cfg(test)]
    impl Parcel {
        #[kenning::on(missing = ignore)]
        fn lost(self, _: &Recorded<Lost>) -> Option<Self> {
            (!self.seen.is_empty()).then_some(self)
        }
    }

    #[cfg(not(test))]
    #[read_model(ignore(Lost))]
    impl Parcel {}

    #[read_model(ignore(super::Lost,))]
    impl TownRow {
        #[on(key = sent.to)]
        fn sent(row: Option<Self>, town: Town, sent: &super::Sent) -> Self {
            Self { town, parcels: row.map_or(0, |row| row.parcels) + 1 }
        }

        // Keys may be borrowed, and come twice.
        #[on(keys = &event.r#in)]
        fn seen(event: &Recorded<Seen>, town: Town, row: Option<TownRow>) -> Option<TownRow> {
            row.filter(|row| row.parcels > 1).map(|row| Self { town, ..row })
        }
    }
}

#[derive(Default, Aggregate)]
#[kenning(category = "parcel", id = Uuid, events = ParcelEvent)]
struct Sending;

#[aggregate]
impl Sending {
    #[command]
    fn send(&self, command: &Send) -> (Sent, Option<Seen>, Option<Lost>) {
        let seen = (!command.seen.is_empty()).then(|| Seen { r#in: command.seen.clone() });
        (Sent { to: command.to }, seen, command.lost.then_some(Lost {}))
    }

    #[apply]
    fn sent(&mut self, _: &Sent) {}

    #[apply]
    fn seen(&mut self, _: &Seen) {}

    #[apply]
    fn lost(&mut self, _: &Lost) {}
}

#[derive(Serialize, Command)]
#[kenning(aggregate = Sending)]
struct Send {
    #[kenning(id)]
    id: Uuid,
    to: Town,
    seen: Vec<Town>,
    lost: bool,
}

#[test]
fn columns_are_as_the_fields_say() {
    use ColumnType::{BigInt, Boolean, Json, Numeric, Real, SmallInt, Text, Timestamp, Uuid};
    let columns = Parcel::COLUMNS.iter().map(|column| (column.name, column.column_type, column.nullable));
    assert_eq!(
        columns.collect::<Vec<_>>(),
        [
            ("id", Uuid, false),
            ("to", Text, false),
            ("number", Numeric, false),
            ("code", Text, false),
            ("note", Text, true),
            ("type", Text, true),
            ("big", Numeric, false),
            ("small", SmallInt, false),
            ("ratio", Real, false),
            ("sent", Boolean, false),
            ("at", Timestamp, true),
            ("seen", Json, false),
            ("lost", Json, true),
        ]
    );
    assert_eq!(TownRow::COLUMNS.iter().map(|column| column.column_type).collect::<Vec<_>>(), [Text, BigInt]);
    let indexes = Parcel::INDEXES.iter().map(|index| (index.columns, index.unique));
    let expected: [(&[usize], bool); 3] = [(&[6], false), (&[5, 1], false), (&[2, 3], true)];
    assert!(indexes.eq(expected));
    use Reach::{Computed, Nothing, Stream};
    assert_eq!(<ParcelEvent as FoldInto<Parcel>>::REACH, [Stream, Stream, Stream]);
    assert_eq!(<ParcelEvent as FoldInto<TownRow>>::REACH, [Computed, Computed, Nothing]);
}

#[tokio::test]
async fn handlers_of_all_blocks_are_called() {
    let app = Kenning::builder(MemoryStore::new())
        .aggregate::<Sending>()
        .read_model::<Parcel>()
        .read_model::<TownRow>()
        .build()
        .await
        .unwrap();
    let send =
        |id: u128, to, seen: &[Town], lost| Send { id: Uuid::from_u128(id), to, seen: seen.to_vec(), lost };
    app.execute(send(1, Town::Ulm, &[Town::BadEms, Town::Ulm], true)).await.unwrap();
    app.execute(send(2, Town::BadEms, &[], true)).await.unwrap();
    app.execute(send(3, Town::Ulm, &[], false)).await.unwrap();
    app.execute(send(4, Town::Ulm, &[], false)).await.unwrap();
    app.execute(send(5, Town::BadEms, &[Town::Ulm, Town::Ulm], false)).await.unwrap();
    app.run_until_idle().await.unwrap();
    assert_eq!(app.parked().list().await.unwrap(), []);

    // The second one was lost and never seen.
    let parcels = app.query::<Parcel>().order_by(Parcel::ID.asc()).fetch().await.unwrap();
    let ids: Vec<u128> = parcels.iter().map(|parcel| parcel.id.as_u128()).collect();
    assert_eq!(ids, [1, 3, 4, 5]);
    let to_ulm = Parcel::TO.eq(Town::Ulm).and(Parcel::HUGE.gt(7_u64)).and(Parcel::TYPE.is_null());
    let first = app.query().filter(to_ulm).order_by(Parcel::ID.asc()).limit(1).fetch_one().await.unwrap();
    assert_eq!((&first, &first.seen), (&parcels[0], &vec![Town::BadEms, Town::Ulm]));
    assert_eq!(app.query().filter(Parcel::CODE.starts_with("x")).count().await.unwrap(), 4);

    let towns = app.query::<TownRow>().order_by(TownRow::TOWN.asc()).fetch().await.unwrap();
    let row = |town, parcels| TownRow { town, parcels };
    assert_eq!(towns, [row(Town::BadEms, 2), row(Town::Ulm, 2)]);
    app.close().await;
}
