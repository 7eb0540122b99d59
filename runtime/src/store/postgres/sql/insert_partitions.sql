insert into {schema}.consumer_partitions (consumer, generation, partition, position, epoch)
select $1, $2, p.number, 0, $4 from generate_series(0, $3 - 1) p (number)
