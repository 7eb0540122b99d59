-- Sets checkpoints back that are ahead of the last position drawn: they belong to a log that was longer. Events that get those positions next would be skipped.
create function {schema}.reset_checkpoints() returns table (consumer text, generation integer, partition integer, was bigint, reset_to bigint)
language plpgsql volatile as $$
#variable_conflict use_column
declare
    drawn bigint := coalesce(pg_sequence_last_value('{schema}.event_positions'), 0);
begin
    perform from {schema}.consumer_partitions p where p.position > drawn order by p.consumer, p.generation, p.partition for update;
    if not found then
        return;
    end if;
    -- The rows that are locked do not move any more. A checkpoint that moved before is at or below what is drawn by now.
    drawn := coalesce(pg_sequence_last_value('{schema}.event_positions'), 0);
    return query
    with ahead as materialized (
        select p.consumer, p.generation, p.partition, p.position from {schema}.consumer_partitions p where p.position > drawn
    )
    update {schema}.consumer_partitions p
    set position = drawn, epoch = p.epoch + 1, worker = null, expires_at = null
    from ahead a
    where p.consumer = a.consumer and p.generation = a.generation and p.partition = a.partition
    returning p.consumer, p.generation, p.partition, a.position, p.position;
end
$$
