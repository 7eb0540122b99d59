-- An event is left once for a step.
create unique index saga_messages_by_event on {schema}.saga_messages (saga, id, step, event_id) where event_id is not null
