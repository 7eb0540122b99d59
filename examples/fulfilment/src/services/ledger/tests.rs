use std::fs;

use tempfile::TempDir;

use super::*;

fn call(key: u128) -> Call<'static> {
    Call { action: Action::Ship, key: Uuid::from_u128(key), order_id: "order-1", amount: 500 }
}

fn keys(ledger: &Ledger) -> Vec<u128> {
    ledger.entries().iter().map(|entry| entry.key.as_u128()).collect()
}

#[test]
fn effects_and_closed_keys_are_read_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger");
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.record(&call(1)).unwrap();
    ledger.close(&call(2)).unwrap();
    ledger.record(&call(3)).unwrap();
    let entries = ledger.entries().to_vec();
    drop(ledger);
    let ledger = Ledger::open(&path).unwrap();
    assert_eq!(ledger.entries(), entries);
    for key in 1..=4 {
        let key = Uuid::from_u128(key);
        assert_eq!(ledger.effect(key).is_some(), [1, 3].contains(&key.as_u128()));
        assert_eq!(ledger.is_closed(key), key.as_u128() == 2);
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap().lines().next().unwrap(),
        r#"{"service":"shipping","action":"ship","key":"00000000-0000-0000-0000-000000000001","order_id":"order-1","amount":500}"#
    );
}

#[test]
fn a_torn_last_line_is_cut_off_wherever_it_was_torn() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger");
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.record(&call(1)).unwrap();
    ledger.record(&call(2)).unwrap();
    ledger.close(&call(3)).unwrap();
    drop(ledger);
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for torn in 0..whole.len() {
        fs::write(&path, &whole[..torn]).unwrap();
        let mut ledger = Ledger::open(&path).unwrap();
        let left = if torn < first { vec![] } else { vec![1] };
        assert_eq!(keys(&ledger), left);
        ledger.record(&call(4)).unwrap();
        drop(ledger);
        assert_eq!(keys(&Ledger::open(&path).unwrap()), [left, vec![4]].concat());
    }
    let closed = folder.path().join("ledger.closed");
    let line = fs::read(&closed).unwrap();
    fs::write(&closed, &line[..line.len() - 1]).unwrap();
    assert!(!Ledger::open(&path).unwrap().is_closed(Uuid::from_u128(3)));
}

#[test]
fn a_ledger_has_one_process() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger");
    let ledger = Ledger::open(&path).unwrap();
    let error = Ledger::open(&path).unwrap_err();
    assert!(matches!(error, LedgerError::InUse { .. }), "{error}");
    drop(ledger);
    Ledger::open(&path).unwrap();
}

#[test]
fn a_file_of_something_else_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger");
    Ledger::open(&path).unwrap().record(&call(1)).unwrap();
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"hello\":1}\n");
    fs::write(&path, &text).unwrap();
    let error = Ledger::open(&path).unwrap_err();
    assert_eq!(error.to_string(), format!("{}, line 2: this is no line of a ledger", path.display()));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

/// `/dev/full` takes no byte.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_has_not_happened_and_nothing_comes_after_it() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger");
    let mut ledger = Ledger::open(&path).unwrap();
    ledger.record(&call(1)).unwrap();
    let files = ledger.files.as_mut().unwrap();
    let sound =
        std::mem::replace(&mut files.effects, OpenOptions::new().write(true).open("/dev/full").unwrap());
    assert!(ledger.record(&call(2)).is_err());
    ledger.files.as_mut().unwrap().effects = sound;
    assert!(ledger.record(&call(3)).is_err() && ledger.close(&call(4)).is_err());
    assert_eq!((keys(&ledger), ledger.is_closed(Uuid::from_u128(4))), (vec![1], false));
    drop(ledger);
    assert_eq!(keys(&Ledger::open(&path).unwrap()), [1]);
}
