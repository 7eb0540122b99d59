-- As identify_server.sql, without the functions that some hosted servers refuse.
select a.pid, a.backend_start,
    -- Whatever the default of server, database or role: an answer of success is durable, also on a synchronous standby. A stronger setting stays.
    case when current_setting('synchronous_commit') in ('off', 'local') then set_config('synchronous_commit', 'on', false) end as raised,
    pg_is_in_recovery() as recovering,
    current_setting('transaction_read_only') = 'on' as read_only,
    current_setting('synchronous_standby_names') <> '' as replicated,
    pg_postmaster_start_time() as started,
    d.oid::bigint as database,
    (
        select c.oid::bigint from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = trim('"' from '{schema}') and c.relname = 'event_positions'
    ) as positions,
    null::bigint as system,
    null::text as timeline,
    coalesce((
        select pg_sequence_last_value(c.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = trim('"' from '{schema}') and c.relname = 'event_positions' and has_sequence_privilege(c.oid, 'usage, select')
            and has_schema_privilege(n.oid, 'usage')
    ), 0) as drawn
from pg_stat_activity a, pg_database d
where a.pid = pg_backend_pid() and d.datname = current_database()
