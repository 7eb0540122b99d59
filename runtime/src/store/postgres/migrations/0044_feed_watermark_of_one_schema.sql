-- How far the feed may be read: every position up to `watermark` belongs to a transaction that has ended. `head` is the last of them that was committed.
--
-- An appender reads the last position drawn, takes a shared lock whose key holds it, and only then draws. So a position drawn by an open transaction
-- is above the key of a lock that is held. Strictly in this order: first what was drawn, then the locks. A position up to `drawn` was drawn
-- before the locks are looked at; its lock is either there, or its transaction is over, and was visible before the lock was released.
-- The rows have to be read by a later statement with a snapshot of its own.
--
-- pg_sequence_last_value reads under the page's lock. `select last_value` does not: it can see the number 32 ahead that nextval writes for the log.
--
-- A lock counts only if its transaction has locked the sequence too: reading the last position drawn takes that lock, until the end of the transaction, before the guard
-- is taken. A guard whose transaction is not seen with it belongs to another schema, or to a transaction that has drawn nothing when `drawn` was read.
--
-- A reader goes no further than `head`. Numbers of the sequence are durable with a later commit alone: those that were rolled back may be drawn once more after a
-- crash, and a reader that had gone beyond them would not see the events that get them then.
create or replace function {schema}.feed_watermark(out drawn bigint, out watermark bigint, out head bigint)
language plpgsql volatile as $$
begin
    if pg_is_in_recovery() then
        raise exception using errcode = 'object_not_in_prerequisite_state', message = 'the feed cannot be read on a replica';
    end if;
    drawn := coalesce(pg_sequence_last_value('{schema}.event_positions'), 0);
    with locks as materialized (
        select l.locktype, l.database, l.relation, l.classid::bigint as high, l.objid::bigint as low, l.objsubid, l.virtualtransaction
        from pg_locks l where l.granted and l.locktype in ('advisory', 'relation')
    )
    select least(drawn, min((l.high & 65535) << 32 | l.low)) into watermark
    from locks l
    where l.locktype = 'advisory' and l.objsubid = 1 and l.high >> 16 = {tag}
        and l.database = (select d.oid from pg_database d where d.datname = current_database())
        -- Another schema of this database may have the same tag. Who draws here has locked this sequence before, and keeps it locked.
        and exists (
            select from locks s
            where s.locktype = 'relation' and s.relation = '{schema}.event_positions'::regclass and s.database = l.database
                and s.virtualtransaction = l.virtualtransaction
        );
    head := coalesce((select e.position from {schema}.events e where e.position <= watermark order by e.position desc limit 1), 0);
end
$$
