select nth, message, number, at, kind, step, attempt, event_id, output, text from {schema}.saga_histories($1, $2, $3)
