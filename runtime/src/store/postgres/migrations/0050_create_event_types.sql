-- The events that releases can append, by category: a release that meets a name that it does not know leaves it to another one.
create table {schema}.event_types (
    category text collate "C" not null,
    name text collate "C" not null,
    version integer not null,
    primary key (category, name)
)
