-- As unpark, for the oldest events of several streams: the next one of each stream is to be tried.
with gone as (
    delete from {schema}.parked_events where consumer = $1 and position = any ($2) and generation = $3 and partition = $4
    returning stream, position
),
streams as (
    select stream, max(position) as last from gone group by stream
),
next as (
    select n.position
    from streams s
    cross join lateral (
        select p.position from {schema}.parked_events p
        where p.consumer = $1 and p.generation = $3 and p.partition = $4 and p.stream = s.stream and p.position > s.last
        order by p.position limit 1
    ) n
)
update {schema}.parked_events k set request = 'retry'
from next n
where k.consumer = $1 and k.generation = $3 and k.partition = $4 and k.position = n.position and k.request is null
