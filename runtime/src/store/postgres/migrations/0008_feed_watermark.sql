-- How far the feed may be read: every position up to `watermark` belongs to a transaction that has ended. `head` is the last of them that was committed.
--
-- An appender reads the last position drawn, takes a shared lock whose key holds it, and only then draws. So a position drawn by an open transaction
-- is above the key of a lock that is held. Strictly in this order: first what was drawn, then the locks. A position up to `drawn` was drawn
-- before the locks are looked at; its lock is either there, or its transaction is over, and was visible before the lock was released.
-- The rows have to be read by a later statement with a snapshot of its own.
--
-- pg_sequence_last_value reads under the page's lock. `select last_value` does not: it can see the number 32 ahead that nextval writes for the log.
--
-- A reader goes no further than `head`. Numbers of the sequence are durable with a later commit alone: those that were rolled back may be drawn once more after a
-- crash, and a reader that had gone beyond them would not see the events that get them then.
create function {schema}.feed_watermark(out drawn bigint, out watermark bigint, out head bigint)
language plpgsql volatile as $$
begin
    if pg_is_in_recovery() then
        raise exception using errcode = 'object_not_in_prerequisite_state', message = 'the feed cannot be read on a replica';
    end if;
    drawn := coalesce(pg_sequence_last_value('{schema}.event_positions'), 0);
    select least(drawn, min((l.classid::bigint & 65535) << 32 | l.objid::bigint)) into watermark
    from pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 1 and l.granted and l.classid::bigint >> 16 = {tag}
        and l.database = (select d.oid from pg_database d where d.datname = current_database());
    head := coalesce((select e.position from {schema}.events e where e.position <= watermark order by e.position desc limit 1), 0);
end
$$
