-- Checkpoints and leases. Nobody but `worker` gets the partition before `expires_at`; a partition that is kept from everybody for a while has no worker.
-- Each batch updates a row: half of a page is left free, so that the new version fits beside the old one and no index is touched.
create table {schema}.consumer_partitions (
    consumer text collate "C" not null,
    generation integer not null,
    partition integer not null,
    position bigint not null,
    epoch bigint not null,
    worker uuid,
    expires_at timestamptz,
    duration interval,
    primary key (consumer, generation, partition)
) with (fillfactor = 50)
