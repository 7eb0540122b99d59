-- By the clock of this server, which recorded them too.
delete from {schema}.commands
where command_id in (
    select command_id from {schema}.commands
    where recorded_at < clock_timestamp() - make_interval(secs => $1) order by recorded_at limit $2
    for update skip locked
)
