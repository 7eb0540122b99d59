with saved as (
    insert into {schema}.snapshots as kept (stream, fingerprint, version, state) values ($1, $2, $3, $4)
    on conflict (stream, fingerprint) do update set version = excluded.version, state = excluded.state
    where kept.version < excluded.version
)
-- Beside the one that is saved, the three newest stay: see MAX_SNAPSHOTS.
delete from {schema}.snapshots where stream = $1 and fingerprint in (
    select fingerprint from {schema}.snapshots where stream = $1 and fingerprint <> $2
    order by version desc, fingerprint desc offset 3 for update skip locked
)
