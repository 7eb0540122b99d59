select position from {schema}.events where recorded_at >= $1 order by position limit 1
