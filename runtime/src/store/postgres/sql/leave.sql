update {schema}.consumer_partitions
set epoch = epoch + 1, worker = null, expires_at = null, needs_name = $6, needs_version = $7, needs_handler = $8, needs_at = $9
where consumer = $1 and generation = $2 and partition = $3 and epoch = $4 and worker = $5
