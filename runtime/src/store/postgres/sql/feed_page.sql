select position, stream, version, recorded_at, event_id, correlation_id, causation_id, name, schema_version, payload, headers
from {schema}.feed_page($1, $2, $3, $4, $5)
