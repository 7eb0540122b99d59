insert into {schema}.saga_definitions as known (saga, version, definition, description) values ($1, $2, $3, $4)
on conflict (saga, version, definition) do update set saved_at = clock_timestamp()
where known.saved_at < clock_timestamp() - interval '1 hour'
