select
    exists (
        select from pg_locks l
        where l.locktype = 'advisory' and l.granted and l.pid = pg_backend_pid() and l.classid::bigint = $1 and l.objid::bigint = $2 and l.objsubid = 1
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
            and exists (select from pg_locks s where s.locktype = 'relation' and s.virtualtransaction = l.virtualtransaction)
    ) as advisory,
    exists (
        select from pg_locks l
        where l.locktype = 'relation' and l.granted and l.pid = pg_backend_pid() and l.relation = '{schema}.event_positions'::regclass
    ) as sequence,
    current_setting('transaction_isolation') = 'read committed' as isolation,
    has_database_privilege(current_database(), 'temporary') as temporary
