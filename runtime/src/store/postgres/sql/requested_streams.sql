-- Streams whose oldest event has a request, or is due for its next attempt.
select p.stream
from (
    select r.position, r.stream
    from {schema}.parked_events r
    where r.consumer = $1 and r.generation = $2 and r.partition = $3 and r.request is not null
    union
    select d.position, d.stream
    from {schema}.parked_events d
    where d.consumer = $1 and d.generation = $2 and d.partition = $3 and d.retry_at is not null and d.retry_at <= clock_timestamp()
) p
where not exists (
    select from {schema}.parked_events older
    where older.consumer = $1 and older.generation = $2 and older.partition = $3
        and older.stream = p.stream and older.position < p.position
)
order by p.position
limit 1000
