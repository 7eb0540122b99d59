select position from {schema}.events where position > $1 and recorded_at >= $2 order by position limit 1
