-- Who asks for leases of a generation, for equal shares. `since` says who came first: the later ones have the smaller shares.
create table {schema}.consumer_workers (
    consumer text collate "C" not null,
    generation integer not null,
    worker uuid not null,
    since timestamptz not null,
    expires_at timestamptz not null,
    primary key (consumer, generation, worker)
) with (fillfactor = 50)
