-- One row for each generation of a consumer: the live one, and at most one that is being built. `columns`: what its table looks like, if it has one.
-- `last_generation`, of the live one: the last number that was given. None is given twice, so that a lease of a generation that is gone fits no other.
create table {schema}.consumers (
    name text collate "C" not null,
    generation integer not null,
    version bigint not null,
    kind text collate "C" not null,
    live boolean not null,
    paused boolean not null,
    partitions integer not null,
    last_generation integer not null,
    columns text collate "C",
    created_at timestamptz not null,
    primary key (name, generation),
    unique (name, live)
)
