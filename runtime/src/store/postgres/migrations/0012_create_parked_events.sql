-- Events that could not be handled, and those of the same stream that wait behind them (without an error).
create table {schema}.parked_events (
    consumer text collate "C" not null,
    generation integer not null,
    partition integer not null,
    position bigint not null,
    version bigint not null,
    attempts bigint not null,
    parked_at timestamptz not null,
    stream text collate "C" not null,
    name text collate "C" not null,
    error text,
    request text collate "C",
    reason text,
    primary key (consumer, position, generation)
)
