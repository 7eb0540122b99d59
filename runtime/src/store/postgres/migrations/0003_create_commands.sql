-- The ledger of accepted commands. The position of the outcome is that of the event (stream, version).
create table {schema}.commands (
    command_id uuid primary key,
    recorded_at timestamptz not null,
    version bigint not null,
    events integer not null,
    stream text collate "C" not null,
    body_hash bytea not null check (octet_length(body_hash) = 32)
)
