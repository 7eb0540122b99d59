-- A page of a stream's events, newest first, that were drawn after a position. Positions rise with the versions of a stream.
select version, event_id, position, recorded_at from (
    select version, event_id, position, recorded_at from {schema}.events
    where stream = $1 and version <= $2
    order by version desc
    limit 1000
) e
where position > $3
