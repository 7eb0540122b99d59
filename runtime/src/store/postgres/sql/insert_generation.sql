with number as (
    update {schema}.consumers set last_generation = $2 where name = $1 and live and not $5
),
partitions as (
    insert into {schema}.consumer_partitions (consumer, generation, partition, position, epoch)
    select $1, $2, p.number, $9, 0 from generate_series(0, $7 - 1) p (number)
)
insert into {schema}.consumers (name, generation, version, kind, live, paused, partitions, last_generation, columns, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $2, $8, clock_timestamp())
