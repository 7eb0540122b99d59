//! All SQL with a name in it that is not known at compile time: the schema's.

#![allow(clippy::zero_prefixed_literal, reason = "migrations are numbered as their files are named")]

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::store::StoreError;

/// The longest identifier that PostgreSQL does not cut.
const MAX_IDENTIFIER: usize = 63;

/// A schema's name that is safe in SQL text: within double quotes as well as within a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schema {
    name: String,
}

impl Schema {
    pub(super) fn new(name: &str) -> Result<Self, StoreError> {
        let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !first || !name.bytes().all(legal) || name.len() > MAX_IDENTIFIER || name.starts_with("pg_") {
            return Err(StoreError::Unsuitable(format!(
                "`{name}` cannot name its schema: write a-z, 0-9 and _, at most {MAX_IDENTIFIER}, no digit first, not pg_"
            )));
        }
        Ok(Self { name: name.to_owned() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.name)
    }

    /// The channel of its notifications.
    pub(super) fn channel(&self) -> String {
        let mut channel = format!("kenning_{}", self.name);
        channel.truncate(MAX_IDENTIFIER);
        channel
    }

    /// The high bits of the advisory locks of its appenders, which keep other people's locks and other schemas' apart: 15 bits of FNV-1a, so that
    /// the key stays positive.
    fn tag(&self) -> u16 {
        let hash =
            "kenning/".bytes().chain(self.name.bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        (((hash >> 48) ^ (hash >> 32) ^ (hash >> 16) ^ hash) & 0x7fff) as u16
    }

    fn fill(&self, template: &str) -> SqlStr {
        let text = template
            .replace("{schema}", &self.quoted())
            .replace("{tag}", &self.tag().to_string())
            .replace("{guard}", &format!("kenning.{}", self.name));
        AssertSqlSafe(text).into_sql_str().clone()
    }
}

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The statements, each from the file of its name.
        #[derive(Debug)]
        pub(super) struct Sql { $($(#[$doc])* pub(super) $name: SqlStr,)* }

        impl Sql {
            pub(super) fn new(schema: &Schema) -> Self {
                Self { $($name: schema.fill(include_str!(concat!("sql/", stringify!($name), ".sql"))),)* }
            }
        }
    };
}

statements! {
    advance, append_event, append_events, are_sagas_busy, claim_sagas_by_share, commit_barrier,
    compatible_from, count_sagas, delete_generation, describe_server, divide,
    enlist_saga_worker, event_after, feed_page, feed_watermark, find_command, find_generations,
    find_indexes, find_landmark, find_latest, find_partitions, find_saga, find_start,
    find_tried_locks, find_watermark_holder, find_written, fold_saga_counts, forget_commands,
    forget_consumer_name, forget_ended_sagas, forget_kept_events, forget_saga,
    forget_saga_definitions, forget_saga_worker, forget_saga_workers, free_sagas, halt_consumer,
    hold_sagas, identify_backend, identify_server, identify_server_plainly, insert_event,
    insert_generation, insert_partitions, is_generation_running, is_replacement_blocked, is_run,
    is_sequence_behind, is_table_locked, known_events, known_releases, lease, leave,
    leave_and_advance_sagas, leave_for_sagas, list_consumers, list_parked, list_sagas,
    load_snapshot, lock_consumer, lock_partitions, lock_positions, make_live, notify, park,
    parked_among, parked_of, parked_streams, parked_streams_of_all, pause_consumer,
    raise_positions, raise_version, read_backwards, read_feed, read_forwards, register_events,
    register_reads, rehydrate_many, rehydrate_one, release, rename_consumer, renew_saga_worker,
    repartition, replace_anyway, replace_table, request_parked, request_saga, requested_streams,
    reset_checkpoints, reset_partitions, saga_definitions, saga_histories,
    saga_histories_within, save_saga_definition, save_snapshot, start_sagas, start_sagas_for,
    stop_live, stream_versions, table_dependents, terminate_backend, try_locks, unpark,
    unpark_all, write_sagas,
}

macro_rules! migrations {
    ($($number:literal $name:literal),* $(,)?) => {
        /// The migrations, in their order. A released one never changes: a change is a new one.
        /// The number of its file is its version; numbers rise and may have gaps.
        pub(super) fn migrations(schema: &Schema) -> Vec<Migration> {
            [$(($number, $name, include_str!(concat!("migrations/", stringify!($number), "_", $name, ".sql")))),*]
                .into_iter()
                .map(|(version, name, text)| {
                    Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, schema.fill(text), false)
                })
                .collect()
        }
    };
}

migrations! {
    0001 "create_event_positions",
    0002 "create_events",
    0003 "create_commands",
    0004 "create_commands_by_age",
    0005 "create_snapshots",
    0006 "append_event",
    0007 "append_batch",
    0008 "feed_watermark",
    0009 "create_consumers",
    0010 "create_consumer_partitions",
    0011 "create_consumer_workers",
    0012 "create_parked_events",
    0013 "create_parked_events_by_stream",
    0014 "create_parked_events_by_request",
    0015 "append_events",
    0016 "feed_page",
    0017 "create_sagas",
    0018 "create_sagas_by_due",
    0019 "create_sagas_by_owner",
    0020 "create_sagas_at_work",
    0021 "create_saga_log",
    0022 "create_saga_messages",
    0023 "create_saga_messages_by_event",
    0024 "create_saga_workers",
    0025 "create_saga_definitions",
    0026 "start_sagas",
    0027 "deliver_to_sagas",
    0028 "claim_sagas",
    0029 "saga_histories",
    0030 "write_sagas",
    0031 "renew_saga_worker",
    0032 "free_sagas",
    0033 "are_sagas_busy",
    0040 "raise_positions",
    0041 "reset_checkpoints",
    0042 "append_event_once_guarded",
    0043 "append_events_once_guarded",
    0044 "feed_watermark_of_one_schema",
    0050 "create_event_types",
    0051 "create_consumer_releases",
    0052 "partitions_need_releases",
    0053 "consumer_can_do",
    0054 "create_schema_release",
    0060 "set_parked_events_aside",
    0061 "create_parked_events_by_retry",
    0062 "consumers_say_why_they_stand",
    0063 "table_dependents",
    0064 "replace_table",
    0070 "deliver_to_sagas_with_origin",
    0080 "claim_sagas_by_share",
    0081 "shelve_sagas",
    0082 "count_sagas",
    0083 "are_sagas_busy",
    0084 "list_sagas",
    0085 "forget_sagas",
    0086 "saga_histories_within",
    0087 "leave_for_sagas",
    0095 "start_sagas_for",
    0096 "hold_sagas",
    0097 "leave_and_advance_sagas",
    0098 "list_sagas",
    0100 "consumer_names",
    0120 "claim_sagas_by_share",
    0121 "write_sagas",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_names_that_would_need_quoting() {
        for name in ["", "1a", "A", "a-b", "a\"b", "a'b", "pg_x", "ä", &"a".repeat(64)] {
            assert!(Schema::new(name).is_err(), "{name}");
        }
        assert!(Schema::new(&"a".repeat(63)).is_ok());
    }

    #[test]
    fn numbers_of_migrations_rise() {
        let versions: Vec<_> =
            migrations(&Schema::new("some_schema").unwrap()).iter().map(|one| one.version).collect();
        assert!(versions.is_sorted_by(|before, after| before < after), "{versions:?}");
    }

    #[test]
    fn leaves_no_placeholder() {
        let schema = Schema::new("some_schema").unwrap();
        for migration in migrations(&schema) {
            assert!(!migration.sql.as_str().contains("{schema}"), "{}", migration.description);
            assert!(!migration.sql.as_str().contains("{tag}"), "{}", migration.description);
            assert!(!migration.sql.as_str().contains("{guard}"), "{}", migration.description);
        }
        assert!(!format!("{:?}", Sql::new(&schema)).contains("{schema}"));
    }

    #[test]
    fn keeps_schemas_apart() {
        let tags = ["kenning", "kenning2", "a", "b", "tenant_1", "tenant_2"]
            .map(|name| Schema::new(name).unwrap().tag());
        for (nth, tag) in tags.iter().enumerate() {
            assert!(*tag < 0x8000 && !tags[..nth].contains(tag));
        }
    }
}
