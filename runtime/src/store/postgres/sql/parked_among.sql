select s.stream
from unnest($4::text[]) s (stream)
where exists (
    select from {schema}.parked_events p
    where p.consumer = $1 and p.generation = $2 and p.partition = $3 and p.stream = s.stream
)
