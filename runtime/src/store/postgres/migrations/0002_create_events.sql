-- Wide fixed columns first, so that no row has padding. json, not jsonb: the server prints jsonb to text for every row read.
create table {schema}.events (
    position bigint primary key,
    version bigint not null check (version > 0),
    recorded_at timestamptz not null,
    event_id uuid not null,
    correlation_id uuid,
    causation_id uuid,
    schema_version integer not null check (schema_version > 0),
    stream text collate "C" not null,
    name text collate "C" not null,
    payload json not null,
    headers json,
    unique (stream, version)
)
