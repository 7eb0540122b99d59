select event_id, version, position, recorded_at from {schema}.events where stream = any ($1) and event_id = any ($2)
