select distinct stream from {schema}.parked_events where consumer = $1 and generation = $2 and partition = $3 order by stream
limit $4
