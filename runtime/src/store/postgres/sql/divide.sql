with least as (
    select min(position) as position, max(epoch) as epoch from {schema}.consumer_partitions where consumer = $1 and generation = $2
),
more as (
    insert into {schema}.consumer_partitions (consumer, generation, partition, position, epoch)
    select $1, $2, p.number, l.position, l.epoch + 1 from least l cross join generate_series(0, $3 - 1) p (number)
    on conflict (consumer, generation, partition) do update set position = excluded.position, epoch = excluded.epoch
),
fewer as (
    delete from {schema}.consumer_partitions where consumer = $1 and generation = $2 and partition >= $3
),
parked as (
    update {schema}.parked_events k
    set partition = s.partition
    from unnest($4::text[], $5::integer[]) s (stream, partition)
    where k.consumer = $1 and k.generation = $2 and k.stream = s.stream
)
update {schema}.consumers set partitions = $3 where name = $1 and generation = $2
