-- What has happened to instances.
create table {schema}.saga_log (
    instance uuid not null,
    at timestamptz not null,
    sequence integer not null,
    attempt integer not null,
    kind text collate "C" not null,
    step text collate "C",
    output json,
    text text,
    primary key (instance, sequence)
)
