with paused as (
    update {schema}.consumers set paused = $2, pause_reason = null where name = $1 returning generation
),
revoked as (
    update {schema}.consumer_partitions set epoch = epoch + 1, worker = null, expires_at = null where consumer = $1 and $2
)
select count(*) > 0 from paused
