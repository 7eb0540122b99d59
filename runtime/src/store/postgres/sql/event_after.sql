select position, recorded_at >= $2 from {schema}.events where position > $1 order by position limit 1
