select position from {schema}.consumer_partitions where consumer = $1 and generation = $2 order by partition for update
