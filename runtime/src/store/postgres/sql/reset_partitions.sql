with parked as (
    delete from {schema}.parked_events k using {schema}.consumers c
    where c.name = $1 and c.live and k.consumer = c.name and k.generation = c.generation
)
update {schema}.consumer_partitions p
set position = $2, epoch = p.epoch + 1, worker = null, expires_at = null,
    needs_name = null, needs_version = null, needs_handler = null, needs_at = null
from {schema}.consumers c
where c.name = $1 and c.live and p.consumer = c.name and p.generation = c.generation
