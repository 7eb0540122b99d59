with partitions as (
    update {schema}.consumer_partitions set consumer = $2, epoch = epoch + 1, worker = null, expires_at = null where consumer = $1
),
parked as (
    update {schema}.parked_events set consumer = $2 where consumer = $1
),
workers as (
    delete from {schema}.consumer_workers where consumer = $1
),
earlier as (
    update {schema}.consumer_names set name = $2 where name = $1 and former <> $1
),
former as (
    insert into {schema}.consumer_names (former, name, renamed_at) values ($1, $2, clock_timestamp())
    on conflict (former) do update set name = excluded.name
)
update {schema}.consumers set name = $2 where name = $1
