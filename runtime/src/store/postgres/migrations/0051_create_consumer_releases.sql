-- What the releases of a consumer read: event names with the newest version of the payload. `handles`: the consumer handles them; `knows`: it passes them over on purpose.
-- `number` rises with each release that comes for the first time.
create table {schema}.consumer_releases (
    consumer text collate "C" not null,
    release text collate "C" not null,
    version bigint not null,
    number bigint not null generated always as identity,
    handles jsonb not null,
    knows jsonb not null,
    registered_at timestamptz not null,
    primary key (consumer, release)
)
