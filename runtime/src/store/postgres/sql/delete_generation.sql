with partitions as (
    delete from {schema}.consumer_partitions where consumer = $1 and generation = $2
),
workers as (
    delete from {schema}.consumer_workers where consumer = $1 and generation = $2
),
parked as (
    delete from {schema}.parked_events where consumer = $1 and generation = $2
)
delete from {schema}.consumers where name = $1 and generation = $2
