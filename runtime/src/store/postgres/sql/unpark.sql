delete from {schema}.parked_events where consumer = $1 and position = $2 and generation = $3 and partition = $4
