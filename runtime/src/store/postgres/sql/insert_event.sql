-- Does the same as append_event for an append without a command that expects a version, in half the time; no row: it was not so, append_event says what was.
--
-- The feed relies on the order, which is that of the data: the last position drawn is read and locked in `guard`, each row of which then draws.
insert into {schema}.events (position, version, recorded_at, event_id, correlation_id, causation_id, schema_version, stream, name, payload, headers)
select nextval('{schema}.event_positions'), $2 + 1, clock_timestamp(), $3, $7, $8, $5, $1, $4, $6, $9
from (
    select pg_advisory_xact_lock_shared({tag}::bigint << 48 | coalesce(pg_sequence_last_value('{schema}.event_positions'), 0)) offset 0
) guard
where $2 = coalesce((select e.version from {schema}.events e where e.stream = $1 order by e.version desc limit 1), 0)
on conflict (stream, version) do nothing
returning version, "position", recorded_at
