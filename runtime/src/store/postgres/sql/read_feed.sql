select position, stream, version, recorded_at, event_id, correlation_id, causation_id, name, schema_version, payload, headers
from {schema}.events
where position > $1 and position <= $2
    and ($3::text[] is null or split_part(stream, '-', 1) = any ($3))
    and ($4::text[] is null or name = any ($4))
order by position
limit $5
