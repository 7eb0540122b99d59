create table {schema}.snapshots (
    stream text collate "C" not null,
    fingerprint bigint not null,
    version bigint not null,
    state json not null,
    primary key (stream, fingerprint)
)
