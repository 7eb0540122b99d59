delete from {schema}.commands
where command_id in (
    select command_id from {schema}.commands where recorded_at < $1 order by recorded_at limit $2 for update skip locked
)
