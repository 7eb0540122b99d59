//! Names of tables, columns and indexes that declarations give: all of them are checked here, and quoted.

use crate::read_model::IndexInfo;
use crate::store::postgres::sql::Schema;
use crate::store::{StoreError, Table, TableDefinition};

/// The longest name of a table: with the number of a generation behind it, it is still an identifier.
const MAX_TABLE: usize = 48;

/// The longest identifier that PostgreSQL does not cut.
const MAX_IDENTIFIER: usize = 63;

/// The tables of the store itself; those of its migrations start with `_`.
const OWN: [&str; 12] = [
    "commands",
    "consumer_partitions",
    "consumer_workers",
    "consumers",
    "events",
    "parked_events",
    "saga_definitions",
    "saga_log",
    "saga_messages",
    "saga_workers",
    "sagas",
    "snapshots",
];

/// An identifier as it stands in SQL text.
pub(in crate::store::postgres) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The table as it stands in SQL text, with its schema. `building`: the one of a generation that is not live yet.
pub(in crate::store::postgres) fn table(schema: &Schema, table: &Table) -> String {
    qualified(schema, &plain(&table.definition.name, table.building))
}

/// The name of a table without its schema.
pub(super) fn plain(name: &str, building: Option<u32>) -> String {
    building.map_or_else(|| name.to_owned(), |generation| format!("{name}__{generation}"))
}

pub(super) fn qualified(schema: &Schema, name: &str) -> String {
    format!("{}.{}", schema.quoted(), quoted(name))
}

/// What the names of a generation's indexes start with. They keep their names when the table is renamed.
fn index_prefix(name: &str, generation: u32) -> String {
    format!("{}_{generation}_", &name[..name.len().min(MAX_TABLE - 24)])
}

/// A regular expression for the names that [`index`] and [`key`] give in any generation.
pub(super) fn index_pattern(name: &str) -> String {
    format!("^{}_[0-9]+_[0-9a-f]{{8}}_(index|unique|key)$", &name[..name.len().min(MAX_TABLE - 24)])
}

/// Whether a name is one that [`index`] gives. What others have made has other names.
pub(super) fn is_index(name: &str, generation: u32, index: &str) -> bool {
    let rest = index.strip_prefix(&index_prefix(name, generation)).and_then(|rest| rest.split_once('_'));
    rest.is_some_and(|(hash, kind)| {
        hash.len() == 8
            && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            && matches!(kind, "index" | "unique")
    })
}

/// The name of the primary key's index.
pub(super) fn key(name: &str, generation: u32) -> String {
    format!("{}{:08x}_key", index_prefix(name, generation), hash(name.bytes()))
}

/// The name of an index: two of them have one name when they are the same.
pub(super) fn index(definition: &TableDefinition, generation: u32, index: &IndexInfo) -> String {
    let columns = index.columns.iter().filter_map(|place| definition.columns.get(*place));
    let text = columns.flat_map(|column| column.name.bytes().chain([0]));
    let unique = if index.unique { "unique" } else { "index" };
    let hash = hash(definition.name.bytes().chain([0]).chain(text));
    format!("{}{hash:08x}_{unique}", index_prefix(&definition.name, generation))
}

/// 32 bits of FNV-1a.
fn hash(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Refuses what the server would refuse or cut, or what would be one of its own tables.
pub(super) fn check(definition: &TableDefinition) -> Result<(), StoreError> {
    let name = &*definition.name;
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
        || !name.bytes().all(legal)
        || name.len() > MAX_TABLE
        || name.contains("__")
    {
        return Err(StoreError::Unsuitable(format!(
            "`{name}` cannot name a table: write a-z, 0-9 and _, a letter first, at most {MAX_TABLE} bytes, no `__`"
        )));
    }
    if OWN.contains(&name) {
        return Err(StoreError::Unsuitable(format!("`{name}` is the name of a table of the store itself")));
    }
    for column in definition.columns {
        if column.name.is_empty() || column.name.len() > MAX_IDENTIFIER || column.name.contains('\0') {
            return Err(StoreError::Unsuitable(format!(
                "`{}` cannot name a column of `{name}`: it is of 1 to {MAX_IDENTIFIER} bytes without NUL",
                column.name
            )));
        }
    }
    let places = definition.indexes.iter().flat_map(|index| index.columns).chain([&definition.key]);
    match places.copied().find(|place| *place >= definition.columns.len()) {
        Some(place) => Err(StoreError::Unsuitable(format!("`{name}` has no column {place}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read_model::ColumnInfo;
    use crate::schema::ColumnType;

    const COLUMNS: &[ColumnInfo] = &[
        ColumnInfo { name: "from", column_type: ColumnType::Text, nullable: false },
        ColumnInfo { name: "a\"b", column_type: ColumnType::Text, nullable: true },
    ];

    fn definition(name: &str) -> TableDefinition {
        TableDefinition { name: name.into(), columns: COLUMNS, key: 0, indexes: &[] }
    }

    #[test]
    fn names_that_are_not_ours_to_use_are_refused() {
        for name in ["", "1a", "A", "a b", "a\"b", "a__1", "events", "_x", "ä", &"a".repeat(49)] {
            assert!(check(&definition(name)).is_err(), "{name}");
        }
        assert!(check(&definition(&"a".repeat(48))).is_ok());
    }

    #[test]
    fn every_name_fits() {
        let definition = definition(&"a".repeat(48));
        let (one, both): (&'static [usize], &'static [usize]) = (&[0], &[0, 1]);
        let mut names = vec![key(&definition.name, u32::MAX), plain(&definition.name, Some(u32::MAX))];
        for columns in [one, both] {
            for unique in [false, true] {
                let name = index(&definition, u32::MAX, &IndexInfo { columns, unique });
                assert!(is_index(&definition.name, u32::MAX, &name) && !is_index("other", u32::MAX, &name));
                names.push(name);
            }
        }
        assert!(names.iter().all(|name| name.len() <= MAX_IDENTIFIER), "{names:?}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 6);
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
