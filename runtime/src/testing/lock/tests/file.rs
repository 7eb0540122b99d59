//! The format is a promise: it stands here letter by letter.

use crate::saga::Purchase;
use crate::schema::{Shape, Shapes};
use crate::testing::lock::{Lock, LockedAggregate};

const FILE: &str = "\
# What is stored for ever: a test compares it with the code. Commit it; do not edit it.
# After a change that is meant: KENNING_LOCK=accept cargo test
kenning lock format 1

aggregate order
  id: string(uuid)
  event order.placed

event order.placed v1 228b37e9d2a50d5f: object
  a: map
    key: string
    value: list of nullable array[2] of u8
  b: tuple
    0: f32
    1: set of nonzero i128

saga purchase v1 f354f16187935384
  data: object
    cents: i64
    id: string
  step check: bool, read only
  step reserve: u64, undo
  wait settled: i64, for account.moved, fails, after check reserve
  step ship: string, after settled, pivot
  send thank: null, command Move of account, after ship
";

fn lock() -> Lock {
    type Map = std::collections::BTreeMap<String, Vec<Option<[u8; 2]>>>;
    type Pair = (f32, std::collections::BTreeSet<std::num::NonZeroI128>);
    let shape = Shape::object([("b", Shapes::shape_of::<Pair>()), ("a", Shapes::shape_of::<Map>())]);
    let mut lock = super::laws::lock_of(shape);
    let versions = lock.events.remove("thing.happened").unwrap();
    lock.events.insert("order.placed".to_owned(), versions);
    let events = std::iter::once("order.placed".to_owned()).collect();
    lock.aggregates.insert(
        "order".to_owned(),
        LockedAggregate { id: Shapes::shape_of::<uuid::Uuid>(), fold: 1, events },
    );
    let sagas = Lock::of(&crate::Catalog::new().saga::<Purchase>()).sagas;
    Lock { sagas, ..lock }
}

#[test]
fn the_format_is_as_promised() {
    assert_eq!(lock().render(), FILE);
    assert_eq!(Lock::parse(FILE), Ok(lock()));
}

#[test]
fn what_is_no_lock_file_is_refused_with_its_line() {
    let deep = format!("\nevent e v1 0: {}u8\n\nevent order.placed", "nullable ".repeat(100_000));
    let cases: &[(&str, &str, &str)] = &[
        ("format 1", "format 2", "line 3: the format is 2; this release of kenning reads format 1"),
        (
            "kenning lock format 1\n",
            "",
            "line 4: `kenning lock format ` should stand before `aggregate order`",
        ),
        ("  id: string(uuid)\n", "", "line 6: `id: ` should stand before `event order.placed`"),
        ("string(uuid)", "string(uuid", "line 6: `)` is missing at the end of the line"),
        ("string(uuid)", "text", "line 6: `text` is no structure"),
        (" v1 ", " vI ", "line 9: a number should stand before `I 228b37e9d2a50d5f: object`"),
        (
            "    key: string\n",
            "",
            "line 11: `key: ` should stand before `value: list of nullable array[2] of u8`",
        ),
        ("    value: list", "   value: list", "line 12: the line is indented by an odd number of spaces"),
        ("    value: list", "      value: list", "line 10: the map has no line `value: …`"),
        ("of u8", "of u9", "line 12: `u9` is no structure"),
        ("of u8", "of again 6", "line 12: nothing stands 6 steps further out"),
        (
            "of u8",
            "of u16",
            "line 9: the fingerprint of `order.placed` v1 does not fit what stands below it: the file was changed by hand",
        ),
        ("0: f32", "0: f32, optional", "line 14: the end of the line should stand before `, optional`"),
        (
            "event order.placed v1",
            "happening order.placed v1",
            "line 9: this release of kenning does not know what `happening order.placed v1 228b37e9d2a50d5f: object` begins: a newer release has written the file, or it was changed by hand",
        ),
        (
            "  data: object\n    cents: i64\n    id: string\n",
            "",
            "line 18: `data: ` should stand before `step check: bool, read only`",
        ),
        ("step check", "stop check", "line 21: `stop` is no step, or one without what it needs"),
        ("send thank", "step thank", "line 25: `step` is no step, or one without what it needs"),
        (
            ", for account.moved",
            "",
            "line 23: the end of the line should stand before `, fails, after check reserve`",
        ),
        (" of account", "", "line 25: ` of ` should stand before `, after ship`"),
        (
            ", pivot",
            "",
            "line 17: the fingerprint of `purchase` v1 does not fit what stands below it: the file was changed by hand",
        ),
        ("\nevent order.placed", &deep, "line 9: the structure is nested too deeply"),
    ];
    for (from, to, expected) in cases {
        let text = FILE.replacen(from, to, 1);
        assert_ne!(text, FILE, "{from}");
        assert_eq!(
            Lock::parse(&text).map_err(|error| error.to_string()),
            Err((*expected).to_owned()),
            "{text}"
        );
    }
    assert_eq!(
        Lock::parse("").map_err(|error| error.to_string()),
        Err("line 1: the line `kenning lock format 1` is missing".to_owned())
    );
    let twice = format!("{FILE}{}", FILE.split_once("\n\n").map_or("", |(_, rest)| rest));
    assert_eq!(Lock::parse(&twice).unwrap_err().line, 26);
}
