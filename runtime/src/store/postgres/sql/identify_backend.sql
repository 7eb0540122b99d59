select pid, backend_start,
    -- Whatever the default of server, database or role: what is answered with success is durable.
    case when current_setting('synchronous_commit') in ('off', 'local') then set_config('synchronous_commit', 'on', false) end
from pg_stat_activity
where pid = pg_backend_pid()
