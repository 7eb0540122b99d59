select pg_advisory_xact_lock_shared($1::bigint << 32 | $2::bigint), pg_sequence_last_value('{schema}.event_positions')
