create table {schema}.saga_definitions (
    saga text collate "C" not null,
    version bigint not null,
    definition bigint not null,
    description json not null,
    primary key (saga, version, definition)
)
