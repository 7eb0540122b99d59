-- The events at the versions that appends expected to write.
select e.stream, e.version, e.event_id, e.position, e.recorded_at
from unnest($1::text[], $2::bigint[], $3::bigint[]) t (stream, first, last)
cross join lateral (
    select stream, version, event_id, position, recorded_at from {schema}.events
    where stream = t.stream and version between t.first and t.last
) e
