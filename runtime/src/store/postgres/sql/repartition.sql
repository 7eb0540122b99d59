with gone as (
    delete from {schema}.consumer_partitions where consumer = $1 and generation = $2 returning epoch
),
changed as (
    update {schema}.consumers set partitions = $3 where name = $1 and generation = $2
)
select coalesce(max(epoch), 0) + 1 from gone
