with revoked as (
    update {schema}.consumer_partitions set epoch = epoch + 1, worker = null, expires_at = null where consumer = $1 and generation = $2
)
update {schema}.consumers set live = true, last_generation = $3 where name = $1 and generation = $2
