-- The snapshot is taken before the sequence is read: every position that it shows was drawn before.
select coalesce((select e.position from {schema}.events e order by e.position desc limit 1), 0)
    > coalesce(pg_sequence_last_value('{schema}.event_positions'), 0)
