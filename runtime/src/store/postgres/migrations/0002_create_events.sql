-- No checks: the server reads each of them from its text again for every statement, and rows are written by our functions alone.
-- Wide fixed columns first, so that no row has padding. json, not jsonb: the server prints jsonb to text for every row read.
create table {schema}.events (
    position bigint primary key,
    version bigint not null,
    recorded_at timestamptz not null,
    event_id uuid not null,
    correlation_id uuid,
    causation_id uuid,
    schema_version integer not null,
    stream text collate "C" not null,
    name text collate "C" not null,
    payload json not null,
    headers json,
    unique (stream, version)
)
