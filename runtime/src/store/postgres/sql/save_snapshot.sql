insert into {schema}.snapshots as kept (stream, fingerprint, version, state) values ($1, $2, $3, $4)
on conflict (stream, fingerprint) do update set version = excluded.version, state = excluded.state
where kept.version < excluded.version
