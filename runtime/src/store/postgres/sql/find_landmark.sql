select event_id from {schema}.events where position = $1
