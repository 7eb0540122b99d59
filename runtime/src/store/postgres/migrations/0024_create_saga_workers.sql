-- Processes that run sagas, with the names and the fingerprints of the definitions that they run.
create table {schema}.saga_workers (
    worker uuid primary key,
    expires_at timestamptz not null,
    sagas text[] collate "C" not null,
    definitions bigint[] not null
) with (fillfactor = 50)
