-- With ties: of two generations at one position neither is cut off, since the next page begins after the position.
select consumer, generation, partition, position, version, attempts, parked_at, stream, name, error, request, reason, retry_at
from {schema}.parked_events
where ($1::text is null or consumer = $1)
    and ($2::text is null or stream = $2)
    and (not $3 or error is not null and retry_at is null)
    and ($4::text is null or (consumer, position) > ($4, $5))
order by consumer, position
fetch first $6 rows with ties
