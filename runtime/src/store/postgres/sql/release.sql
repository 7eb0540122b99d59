with mine as (
    select consumer, generation, partition from {schema}.consumer_partitions where worker = $1 for update skip locked
),
given as (
    update {schema}.consumer_partitions p
    set epoch = p.epoch + 1, worker = null, expires_at = null
    from mine m
    where p.consumer = m.consumer and p.generation = m.generation and p.partition = m.partition
)
delete from {schema}.consumer_workers where worker = $1
