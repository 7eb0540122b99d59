insert into {schema}.saga_workers as known (worker, expires_at, sagas, definitions)
values ($1, clock_timestamp() + make_interval(secs => $2), $3, $4)
on conflict (worker) do update set expires_at = excluded.expires_at, sagas = excluded.sagas, definitions = excluded.definitions
