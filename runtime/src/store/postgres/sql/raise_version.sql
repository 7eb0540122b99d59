-- Under another number: whoever asks for leases of the old one gets none.
with partitions as (
    update {schema}.consumer_partitions set generation = $3, epoch = epoch + 1, worker = null, expires_at = null where consumer = $1 and generation = $2
),
parked as (
    update {schema}.parked_events set generation = $3 where consumer = $1 and generation = $2
),
workers as (
    delete from {schema}.consumer_workers where consumer = $1 and generation = $2
)
update {schema}.consumers set generation = $3, last_generation = $3, version = $4 where name = $1 and generation = $2
