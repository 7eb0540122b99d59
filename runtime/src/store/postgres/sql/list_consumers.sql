-- The parked events are counted once for each generation, and only when that is asked for: leases do not wait for it.
with counted as materialized (
    select k.consumer, k.generation, count(k.error) filter (where k.retry_at is null) as failed,
        count(k.retry_at) as retrying, count(*) filter (where k.error is null) as waiting
    from {schema}.parked_events k
    where $1
    group by k.consumer, k.generation
)
select c.name, c.kind, c.version, c.generation, c.live, c.paused, c.created_at,
    coalesce(k.failed, 0), coalesce(k.waiting, 0),
    p.partition, p.position, p.epoch, case when p.expires_at > clock_timestamp() then p.worker end, n.recorded_at,
    coalesce(k.retrying, 0), c.pause_reason, c.replace_anyway,
    p.needs_name, p.needs_version, p.needs_handler, p.needs_at,
    array(select f.former from {schema}.consumer_names f where f.name = c.name order by f.renamed_at, f.former)
from {schema}.consumers c
join {schema}.consumer_partitions p on p.consumer = c.name and p.generation = c.generation
left join counted k on k.consumer = c.name and k.generation = c.generation
left join lateral (
    select e.recorded_at from {schema}.events e where e.position > p.position order by e.position limit 1
) n on true
order by c.name, c.generation, p.partition
