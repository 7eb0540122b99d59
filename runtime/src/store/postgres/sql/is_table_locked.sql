-- Whether a lock on the whole table keeps every append waiting, as that of `create index`, or will as soon as it is granted.
select exists (
    select from pg_locks l
    where l.locktype = 'relation' and l.relation in ('{schema}.events'::regclass, '{schema}.commands'::regclass)
        and l.database = (select d.oid from pg_database d where d.datname = current_database())
        and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
)
