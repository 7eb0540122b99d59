select distinct stream from {schema}.parked_events where consumer = $1 and generation = $2
