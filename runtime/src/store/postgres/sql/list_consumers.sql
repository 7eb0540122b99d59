select c.name, c.kind, c.version, c.generation, c.live, c.paused, c.created_at, coalesce(k.failed, 0), coalesce(k.waiting, 0),
    p.partition, p.position, p.epoch, case when p.expires_at > clock_timestamp() then p.worker end, n.recorded_at
from {schema}.consumers c
join {schema}.consumer_partitions p on p.consumer = c.name and p.generation = c.generation
left join lateral (
    select e.recorded_at from {schema}.events e where e.position > p.position order by e.position limit 1
) n on true
left join lateral (
    select count(k.error) as failed, count(*) - count(k.error) as waiting
    from {schema}.parked_events k where k.consumer = c.name and k.generation = c.generation
) k on true
order by c.name, c.generation, p.partition
