-- One row a stream: what the version check locks and compares. Half-filled pages keep its updates within the page.
create table {schema}.streams (
    stream text collate "C" primary key,
    version bigint not null check (version >= 0)
) with (fillfactor = 70)
