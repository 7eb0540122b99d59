-- Pauses one generation, by the holder of a lease of it.
with held as (
    select from {schema}.consumer_partitions
    where consumer = $1 and generation = $2 and partition = $3 and epoch = $4 and worker = $5
),
paused as (
    update {schema}.consumers set paused = true, pause_reason = $6
    where name = $1 and generation = $2 and exists (select from held)
    returning generation
),
revoked as (
    update {schema}.consumer_partitions p set epoch = p.epoch + 1, worker = null, expires_at = null
    from paused where p.consumer = $1 and p.generation = paused.generation
)
select count(*) > 0 from paused
