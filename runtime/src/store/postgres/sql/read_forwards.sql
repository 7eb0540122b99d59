select position, stream, version, recorded_at, event_id, correlation_id, causation_id, name, schema_version, payload, headers
from {schema}.events
where stream = $1 and version >= $2
order by version
limit $3
