-- By the holder of a lease alone. What nobody gets for a while has no worker and a time.
with partitions as (
    select p.consumer, p.generation, p.partition
    from {schema}.consumer_partitions p
    join {schema}.consumers c on c.name = p.consumer and c.generation = p.generation and c.live
    where p.consumer = $1 and exists (
        select from {schema}.consumer_partitions own
        where own.consumer = $1 and own.generation = $2 and own.partition = $3 and own.epoch = $4 and own.worker = $5
    )
    order by p.partition
    for update of p
)
update {schema}.consumer_partitions p
set epoch = p.epoch + (p.worker is not null)::integer, worker = null, expires_at = clock_timestamp() + make_interval(secs => $6)
from partitions s
where p.consumer = s.consumer and p.generation = s.generation and p.partition = s.partition
