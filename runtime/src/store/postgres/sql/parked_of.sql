select consumer, generation, partition, position, version, attempts, parked_at, stream, name, error, request, reason, retry_at
from {schema}.parked_events
where consumer = $1 and generation = $2 and partition = $3 and stream = $4
order by position
limit $5
