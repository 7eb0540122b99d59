insert into {schema}.parked_events as kept (consumer, generation, partition, position, version, attempts, parked_at, stream, name, error)
select $1, $2, $3, e.position, e.version, e.attempts, clock_timestamp(), e.stream, e.name, e.error
from unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[]) e (position, version, attempts, stream, name, error)
on conflict (consumer, position, generation) do update
set partition = excluded.partition, attempts = excluded.attempts, error = excluded.error, request = null, reason = null
