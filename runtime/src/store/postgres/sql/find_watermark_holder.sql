select l.pid, coalesce(a.application_name, p.gid, '') as application,
    extract(epoch from greatest(clock_timestamp() - coalesce(a.xact_start, p.prepared), interval '0'))::float8 as held_for
from pg_locks l
left join pg_stat_activity a on a.pid = l.pid
-- A prepared transaction keeps the virtual number of the session that prepared it; only its lock on itself says which one it is.
left join pg_locks x on l.pid is null and x.pid is null and x.locktype = 'transactionid' and x.mode = 'ExclusiveLock'
    and x.virtualtransaction = l.virtualtransaction
left join pg_prepared_xacts p on p.transaction = x.transactionid
where l.locktype = 'advisory' and l.objsubid = 1 and l.granted and l.classid::bigint >> 16 = {tag}
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    -- See feed_watermark.
    and exists (
        select from pg_locks s
        where s.locktype = 'relation' and s.relation = '{schema}.event_positions'::regclass and s.database = l.database
            and s.granted and s.virtualtransaction = l.virtualtransaction
    )
    and ((l.classid::bigint & 65535) << 32 | l.objid::bigint) = $1
order by held_for desc nulls last
limit 1
