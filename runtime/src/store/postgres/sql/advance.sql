update {schema}.consumer_partitions
set position = $7, expires_at = clock_timestamp() + duration
where consumer = $1 and generation = $2 and partition = $3 and epoch = $4 and worker = $5 and position = $6
