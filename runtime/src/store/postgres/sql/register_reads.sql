-- A release that handles what another one does not: the leases of all are lost, also one that is
-- being claimed, so that who claims them again learns of it.
with fresh as (
    insert into {schema}.consumer_releases (consumer, release, version, handles, knows, registered_at)
    values ($1, $2, $3, $4::jsonb, $5::jsonb, clock_timestamp())
    on conflict do nothing
    returning consumer, handles
)
update {schema}.consumer_partitions p
set epoch = p.epoch + 1, worker = null, expires_at = null
from fresh f
where p.consumer = f.consumer and exists (
    select from {schema}.consumer_releases r
    where r.consumer = f.consumer and exists (
        select from jsonb_object_keys(f.handles) event where not r.handles ? event
    )
)
