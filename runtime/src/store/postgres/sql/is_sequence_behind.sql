-- The snapshot is taken before the sequence is read: every position that it shows was drawn before. A role that may not
-- draw positions is not shown the last one (an error up to PostgreSQL 16, null since 17), and appends nothing.
select case
    when has_sequence_privilege('{schema}.event_positions', 'usage')
    then coalesce((select e.position from {schema}.events e order by e.position desc limit 1), 0)
        > coalesce(pg_sequence_last_value('{schema}.event_positions'), 0)
    else false
end
