select p.stream
from {schema}.parked_events p
where p.consumer = $1 and p.generation = $2 and p.partition = $3 and p.request is not null and not exists (
    select from {schema}.parked_events older
    where older.consumer = p.consumer and older.generation = p.generation and older.partition = p.partition
        and older.stream = p.stream and older.position < p.position
)
order by p.position
