select nth, message, number, at, kind, step, attempt, event_id, output, text from {schema}.saga_histories_within($1, $2, $3, $4)
