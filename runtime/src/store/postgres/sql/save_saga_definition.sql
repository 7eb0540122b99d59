insert into {schema}.saga_definitions (saga, version, definition, description) values ($1, $2, $3, $4) on conflict do nothing
