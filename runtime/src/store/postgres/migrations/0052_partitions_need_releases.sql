-- `needs_…`: what a worker has to read to do the event at `needs_at`, at which another one has left the partition. It stays when that is done, as later events may need the same.
alter table {schema}.consumer_partitions
    add column needs_name text collate "C",
    add column needs_version integer,
    add column needs_handler boolean,
    add column needs_at bigint;
alter table {schema}.consumer_workers add column release text collate "C"
