-- What waits behind another event and comes once more, after the partitions were divided again,
-- keeps the reason that it has.
insert into {schema}.parked_events as kept (consumer, generation, partition, position, version, attempts, parked_at, stream, name, error, retry_at)
select $1, $2, $3, e.position, e.version, e.attempts, clock_timestamp(), e.stream, e.name, e.error,
    clock_timestamp() + make_interval(secs => e.retry_after)
from unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::double precision[])
    e (position, version, attempts, stream, name, error, retry_after)
on conflict (consumer, position, generation) do update
set partition = excluded.partition, attempts = case when excluded.error is null then kept.attempts else excluded.attempts end,
    error = coalesce(excluded.error, kept.error), retry_at = case when excluded.error is null then kept.retry_at else excluded.retry_at end,
    request = null, reason = null
