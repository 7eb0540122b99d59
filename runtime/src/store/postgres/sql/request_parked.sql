update {schema}.parked_events set request = $3, reason = $4 where consumer = $1 and position = $2
