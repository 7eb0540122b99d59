-- The next one of the stream is to be tried, whoever holds the lease by then. The statement still sees the row that it deletes, which is the oldest.
with gone as (
    delete from {schema}.parked_events where consumer = $1 and position = $2 and generation = $3 and partition = $4
    returning stream
)
update {schema}.parked_events set request = 'retry'
where consumer = $1 and generation = $3 and partition = $4 and request is null and position = (
    select min(p.position) from {schema}.parked_events p, gone
    where p.consumer = $1 and p.generation = $3 and p.partition = $4 and p.stream = gone.stream and p.position > $2
)
